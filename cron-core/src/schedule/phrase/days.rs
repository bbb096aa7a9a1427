//! Days of the week and of the month.

use super::places::{AFTER_ON, DAY_NAME, NOUN, ORDINAL, Place};
use super::vocabulary::{DAYS, ORDINALS, SHORT_DAYS, suffix};
use super::words::{Words, Wrong};
use super::{WEEKDAYS, WEEKEND, time};
use crate::schedule::cron::DAY_NAMES;

/// Days of a month, as they were said.
pub(super) struct MonthDays {
    ordinals: Vec<Ordinal>,
    noun: Noun,
}

/// Which of the days of a month.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ordinal {
    /// Counted from 1.
    Nth(u32),
    Last,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noun {
    /// Nothing is said, so days are.
    None,
    Day,
    /// Monday to Friday; first or last.
    Weekday,
    /// Monday is 0.
    Named(usize),
}

/// The next word as a day of the week, Monday as 0.
fn day(words: &mut Words<'_>) -> Option<usize> {
    words.one_of(&DAYS).or_else(|| words.one_of(&SHORT_DAYS))
}

/// Whether the next word is a day of the week.
pub(super) fn is_day(words: &Words<'_>) -> bool {
    words.peek().is_some_and(|word| place_of(word).is_some())
}

/// A day of the week, in full or in three letters, Monday as 0.
pub(super) fn place_of(word: &str) -> Option<usize> {
    let is = |name: &str| name.eq_ignore_ascii_case(word);
    DAYS.iter().position(|day| is(day)).or_else(|| SHORT_DAYS.iter().position(|day| is(day)))
}

/// `monday`, `monday and friday`, `monday to thursday, and saturday`, as bits with Sunday as bit 0.
pub(super) fn day_list(words: &mut Words<'_>) -> Result<u8, Wrong> {
    let bit = |day: usize| 1 << ((day + 1) % 7);
    let mut days = 0;
    loop {
        let mark = words.mark();
        let first = day(words).ok_or_else(|| words.not_understood(&DAY_NAME))?;
        days |= bit(first);
        if words.take("to") {
            let last = day(words).ok_or_else(|| words.not_understood(&DAY_NAME))?;
            if first == last {
                let name = DAYS[first];
                let help = format!("write `{name}` for one day or `monday to sunday` for all");
                return Err(words.refuse_from(mark, "may be one day or the whole week", help));
            }
            (0..7)
                .map(|more| (first + more) % 7)
                .take_while(|day| *day != last)
                .for_each(|day| days |= bit(day));
            days |= bit(last);
        }
        if !words.another() {
            return Ok(days);
        }
    }
}

/// What follows `on` behind a rate: `weekdays`, `weekends`, or days of the week.
pub(super) fn on_days(words: &mut Words<'_>) -> Result<u8, Wrong> {
    if words.one_of(&["weekdays", "weekday"]).is_some() {
        return Ok(WEEKDAYS);
    }
    if words.take("weekends") {
        return Ok(WEEKEND);
    }
    if words.take("weekend") {
        return match words.one_of(&["days", "day"]) {
            Some(_) => Ok(WEEKEND),
            None => Err(words.not_understood(&super::places::WEEKEND)),
        };
    }
    if is_day(words) { day_list(words) } else { Err(words.not_understood(&AFTER_ON)) }
}

/// Days as they stand behind `every`: `day`, `weekday`, `weekend day`, `monday and friday`.
pub(super) fn every_days(days: u8) -> String {
    match days {
        super::WHOLE_WEEK => "day".to_owned(),
        WEEKDAYS => "weekday".to_owned(),
        WEEKEND => "weekend day".to_owned(),
        _ => day_names(days),
    }
}

/// Days as they stand behind a rate; nothing for all of them.
pub(super) fn on_text(days: u8) -> String {
    match days {
        super::WHOLE_WEEK => String::new(),
        WEEKDAYS => " on weekdays".to_owned(),
        WEEKEND => " on weekends".to_owned(),
        _ => format!(" on {}", day_names(days)),
    }
}

fn day_names(days: u8) -> String {
    let is_in = |day: &usize| days >> ((day + 1) % 7) & 1 != 0;
    let mut names = Vec::new();
    let mut first = 0;
    while first < 7 {
        let length = (first..7).take_while(is_in).count();
        match length {
            0 => {}
            1 | 2 => names.extend(DAYS[first..first + length].iter().map(|day| (*day).to_owned())),
            _ => names.push(format!("{} to {}", DAYS[first], DAYS[first + length - 1])),
        }
        first += length.max(1);
    }
    time::join(&names)
}

/// `first monday`, `15th`, `last day`, `first and third friday`, up to the word that closes the days; `open` says
/// what else may stand behind a number.
pub(super) fn month_days(
    words: &mut Words<'_>,
    closing: &str,
    open: &'static Place,
) -> Result<MonthDays, Wrong> {
    let mark = words.mark();
    let mut ordinals = vec![ordinal(words)?];
    while words.another() {
        words.take("the");
        ordinals.push(ordinal(words)?);
    }
    let has_last = ordinals.contains(&Ordinal::Last);
    let noun = if words.is(closing) && !has_last {
        Noun::None
    } else if words.take("day") {
        Noun::Day
    } else if words.take("weekday") {
        Noun::Weekday
    } else if let Some(day) = day(words) {
        Noun::Named(day)
    } else {
        return Err(words.not_understood(if has_last { &NOUN } else { open }));
    };
    let days = MonthDays { ordinals, noun };
    let beyond =
        |most: u32| days.ordinals.iter().any(|ordinal| matches!(ordinal, Ordinal::Nth(n) if *n > most));
    match noun {
        Noun::Named(day) if beyond(5) => {
            let help = format!("a month has a `first {0}` to a `fifth {0}`, and a `last {0}`", DAYS[day]);
            let why = "is in no month: none has more than five of a day of the week";
            Err(words.refuse_from(mark, why, help))
        }
        Noun::Weekday if !matches!(days.ordinals.as_slice(), [Ordinal::Nth(1) | Ordinal::Last]) => {
            let help = "a schedule knows the `first weekday` and the `last weekday`, each alone, and days by name or number";
            Err(words.refuse_from(mark, "is a day that no schedule can have", help.to_owned()))
        }
        _ => Ok(days),
    }
}

impl MonthDays {
    /// The fields of day of month and day of week.
    pub(super) fn fields(&self) -> (String, String) {
        let list = |write: &dyn Fn(&Ordinal) -> String| {
            self.ordinals.iter().map(write).collect::<Vec<_>>().join(",")
        };
        match self.noun {
            Noun::None | Noun::Day => {
                let of_month = list(&|ordinal| match ordinal {
                    Ordinal::Nth(n) => n.to_string(),
                    Ordinal::Last => "L".to_owned(),
                });
                (of_month, "*".to_owned())
            }
            // Masks know the first and the last of the days from Monday to Friday, and no others.
            Noun::Weekday => (if self.has_last() { "LW" } else { "1W" }.to_owned(), "*".to_owned()),
            Noun::Named(day) => {
                let name = DAY_NAMES[(day + 1) % 7];
                let of_week = list(&|ordinal| match ordinal {
                    Ordinal::Nth(n) => format!("{name}#{n}"),
                    Ordinal::Last => format!("{name}L"),
                });
                ("*".to_owned(), of_week)
            }
        }
    }

    /// Whether a last day is among them.
    pub(super) fn has_last(&self) -> bool {
        self.ordinals.contains(&Ordinal::Last)
    }

    /// Whether all are last days.
    pub(super) fn only_last(&self) -> bool {
        self.ordinals.iter().all(|ordinal| *ordinal == Ordinal::Last)
    }

    /// Whether the first month of each quarter has all of these days of the quarter.
    pub(super) fn in_first_month(&self) -> bool {
        let most = match self.noun {
            Noun::Named(_) => 4,
            Noun::None | Noun::Day | Noun::Weekday => 30,
        };
        self.ordinals.iter().all(|ordinal| matches!(ordinal, Ordinal::Nth(n) if *n <= most))
    }

    /// Whether `every` before these days may also mean every so many days.
    pub(super) fn may_be_a_step(&self) -> bool {
        let counts = |ordinal: &Ordinal| matches!(ordinal, Ordinal::Nth(2..));
        self.noun == Noun::Day && self.ordinals.iter().any(counts)
    }
}

/// Whether the next words are an ordinal, and not the unit in `every second`.
pub(super) fn is_ordinal(words: &Words<'_>) -> bool {
    let Some(word) = words.peek() else { return false };
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let end = word[digits.len()..].to_ascii_lowercase();
        return ["st", "nd", "rd", "th"].contains(&end.as_str());
    }
    if !words.is("second") {
        return ORDINALS.iter().any(|ordinal| words.is(ordinal));
    }
    words.peek_at(1).is_some_and(|next| {
        let nouns = ["day", "weekday", "of", "and", ","];
        place_of(next).is_some() || nouns.iter().any(|noun| noun.eq_ignore_ascii_case(next))
    })
}

/// `first` to `fifth`, `last`, `1st` to `31st`.
fn ordinal(words: &mut Words<'_>) -> Result<Ordinal, Wrong> {
    if let Some(place) = words.one_of(&ORDINALS) {
        return Ok(if place == 5 { Ordinal::Last } else { Ordinal::Nth(place as u32 + 1) });
    }
    let word = words.peek().unwrap_or_default();
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (digits, end) = word.split_at(end);
    if digits.is_empty() {
        return Err(words.not_understood(&ORDINAL));
    }
    let Some(day) = digits.parse::<u32>().ok().filter(|day| (1..=31).contains(day)) else {
        let help = "days of the month go from `1st` to `31st`; the last one is `last day`";
        return Err(words.refuse("is not a day of a month", help.to_owned()));
    };
    let wanted = suffix(day);
    if !end.eq_ignore_ascii_case(wanted) {
        let why = "is not a day of a month";
        // `15` and `2th` say a day; `9am` and `15:00` say something else.
        let means_a_day = end.is_empty() || ["st", "nd", "rd", "th", "."].contains(&end);
        if means_a_day {
            return Err(words.replace(why, format!("{day}{wanted}")));
        }
        let help = format!("a day has a number and an ending, for example `{day}{wanted}`");
        return Err(words.refuse(why, help));
    }
    words.skip(1);
    Ok(Ordinal::Nth(day))
}
