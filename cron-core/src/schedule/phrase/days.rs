//! Days of the week and of the month.

use super::places::{DAY_NAME, DAYS, NOUN, ORDINAL, ORDINALS};
use super::words::{Place, Words};
use crate::schedule::cron::DAY_NAMES;
use crate::schedule::error::ScheduleError;

/// Days of each month, as the two day fields of a cron expression.
pub(super) struct MonthDays {
    pub(super) of_month: String,
    pub(super) of_week: String,
}

/// Which of the days of a month.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ordinal {
    /// Counted from 1.
    Nth(u32),
    Last,
}

/// `monday`, `monday and friday`, `monday, wednesday and friday`, as bits with Sunday as bit 0.
pub(super) fn day_list(words: &mut Words<'_>) -> Result<u8, ScheduleError> {
    let mut days = 0;
    loop {
        let day = words.one_of(&DAYS).ok_or_else(|| words.not_understood(&DAY_NAME))?;
        days |= 1 << ((day + 1) % 7);
        if !words.another() {
            return Ok(days);
        }
    }
}

/// `first monday`, `15th`, `last day`, `first and third friday`, up to the word that closes the days; `open` says
/// what else may stand behind a number.
pub(super) fn month_days(
    words: &mut Words<'_>,
    closing: &str,
    open: &Place,
) -> Result<MonthDays, ScheduleError> {
    let mark = words.mark();
    let mut ordinals = vec![ordinal(words)?];
    while words.another() {
        words.take("the");
        ordinals.push(ordinal(words)?);
    }
    let has_last = ordinals.contains(&Ordinal::Last);
    if words.is(closing) && !has_last {
        return Ok(plain_days(&ordinals));
    }
    if words.take("day") {
        return Ok(plain_days(&ordinals));
    }
    if words.take("weekday") {
        return workday(words, mark, &ordinals);
    }
    let Some(day) = words.one_of(&DAYS) else {
        return Err(words.not_understood(if has_last { &NOUN } else { open }));
    };
    if ordinals.iter().any(|ordinal| matches!(ordinal, Ordinal::Nth(6..))) {
        let help = format!(
            "write `first` to `fifth` or `last`, as in `on the last {} of every month at 9:00`",
            DAYS[day]
        );
        return Err(words.refuse_from(
            mark,
            "is in no month: none has more than five of a day of the week",
            help,
        ));
    }
    let name = DAY_NAMES[(day + 1) % 7];
    let of_week = list(&ordinals, |ordinal| match ordinal {
        Ordinal::Nth(n) => format!("{name}#{n}"),
        Ordinal::Last => format!("{name}L"),
    });
    Ok(MonthDays { of_month: "*".to_owned(), of_week })
}

fn plain_days(ordinals: &[Ordinal]) -> MonthDays {
    let of_month = list(ordinals, |ordinal| match ordinal {
        Ordinal::Nth(n) => n.to_string(),
        Ordinal::Last => "L".to_owned(),
    });
    MonthDays { of_month, of_week: "*".to_owned() }
}

/// Masks know the first and the last of the days from Monday to Friday, and no others.
fn workday(words: &Words<'_>, mark: usize, ordinals: &[Ordinal]) -> Result<MonthDays, ScheduleError> {
    let of_month = match ordinals {
        [Ordinal::Nth(1)] => "1W",
        [Ordinal::Last] => "LW",
        _ => {
            let why = "is a day that no schedule can have";
            let help = "write either `first weekday` or `last weekday`, or a day by its name or number";
            return Err(words.refuse_from(mark, why, help.to_owned()));
        }
    };
    Ok(MonthDays { of_month: of_month.to_owned(), of_week: "*".to_owned() })
}

fn list(ordinals: &[Ordinal], write: impl Fn(&Ordinal) -> String) -> String {
    ordinals.iter().map(write).collect::<Vec<_>>().join(",")
}

/// `first` to `fifth`, `last`, `1st` to `31st`.
fn ordinal(words: &mut Words<'_>) -> Result<Ordinal, ScheduleError> {
    if let Some(place) = words.one_of(&ORDINALS) {
        return Ok(if place == 5 { Ordinal::Last } else { Ordinal::Nth(place as u32 + 1) });
    }
    let word = words.peek().unwrap_or_default();
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (digits, suffix) = word.split_at(end);
    if digits.is_empty() {
        return Err(words.not_understood(&ORDINAL));
    }
    let Some(day) = digits.parse::<u32>().ok().filter(|day| (1..=31).contains(day)) else {
        let help = "days of the month go from `1st` to `31st`; the last one is `last day`";
        return Err(words.refuse("is not a day of a month", help.to_owned()));
    };
    let wanted = match day {
        11..=13 => "th",
        _ => ["th", "st", "nd", "rd"].get(day as usize % 10).copied().unwrap_or("th"),
    };
    if !suffix.eq_ignore_ascii_case(wanted) {
        return Err(words.refuse("is not a day of a month", format!("write `{day}{wanted}`")));
    }
    words.skip(1);
    Ok(Ordinal::Nth(day))
}
