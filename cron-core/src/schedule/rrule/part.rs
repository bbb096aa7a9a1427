//! The parts of `RRULE`, one by one and then together.

use std::ops::{Range, RangeInclusive};

use chrono::DateTime;
use chrono_tz::Tz;

use super::foreign::nearest;
use super::mistake::RruleMistake as Mistake;
use super::parse::{MAX_INTERVAL, Moment, Piece, Wrong, date};
use super::rule::{By, Day, End, Frequency, Rule, WEEKDAYS, settle};
use crate::duration::format_duration;
use crate::schedule::zone;

/// The parts that are no list of numbers.
const OTHERS: [&str; 6] = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"];

/// A part: its name in upper case, the whole of it, and its value.
struct Part<'a> {
    name: &'static str,
    whole: Piece<'a>,
    value: Piece<'a>,
}

/// What stands beside the rule, for what to write instead of one that is too frequent.
pub(super) struct Beside {
    /// `DTSTART` as a local second.
    pub(super) start: Option<i64>,
    /// Whether there is an `EXDATE` or `RDATE`.
    pub(super) has_dates: bool,
}

/// The rule, and where its end stands.
pub(super) fn read_rule(value: Piece<'_>, zone: Tz, beside: &Beside) -> Result<(Rule, Range<usize>), Wrong> {
    let parts = parts(value)?;
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let Some(frequency) = part("FREQ") else { return Err((Mistake::NoFrequency, value.span())) };
    for (name, unit) in [("MINUTELY", Unit::Minute), ("SECONDLY", Unit::Second)] {
        if frequency.value.is(name) {
            return Err(too_frequent(&parts, frequency.value, unit, zone, beside));
        }
    }
    let mut rule = Rule {
        frequency: read_frequency(frequency.value)?,
        interval: part("INTERVAL").map_or(Ok(1), |part| interval(part.value))?,
        end: End::Never,
        week_start: part("WKST").map_or(Ok(0), |part| weekday(part.value))?,
        lists: Default::default(),
        days: Vec::new(),
    };
    let mut end = value.span();
    if let Some(part) = part("COUNT") {
        let mistake = || Mistake::OutOfRange { part: "COUNT", allowed: format!("1 to {}", u32::MAX) };
        rule.end = End::Count(number_of(part.value).ok_or_else(|| (mistake(), part.value.span()))?);
    }
    if let Some(part) = part("UNTIL") {
        if rule.end != End::Never {
            return Err((Mistake::TwoEnds, part.whole.span()));
        }
        let Moment { second, is_utc } = date(part.value, &["235959".to_owned()])?;
        let is_local = !is_utc || zone == Tz::UTC;
        rule.end = if is_local { End::UntilLocal(second) } else { End::UntilInstant(second) };
        end = part.whole.span();
    }
    for by in By::ALL {
        if let Some(part) = part(by.name()) {
            rule.lists[by as usize] = numbers(by, part.value)?;
        }
    }
    if let Some(part) = part("BYDAY") {
        rule.days = part.value.split(',').map(read_day).collect::<Result<_, _>>()?;
        settle(&mut rule.days, |day| (day.number < 0, day.number, day.weekday));
    }
    fits(&rule, &parts)?;
    Ok((rule, end))
}

fn parts(value: Piece<'_>) -> Result<Vec<Part<'_>>, Wrong> {
    let names = || By::ALL.into_iter().map(By::name).chain(OTHERS);
    let mut parts: Vec<Part<'_>> = Vec::new();
    // A `;` at the end is common and harmless.
    let trimmed = Piece { text: value.text.strip_suffix(';').unwrap_or(value.text), ..value };
    for whole in trimmed.split(';') {
        let Some((name, value)) = whole.split_once('=') else {
            return Err((Mistake::PartSyntax, whole.span()));
        };
        let Some(known) = names().find(|known| name.is(known)) else {
            let names: Vec<&'static str> = names().collect();
            let nearest = if name.is("BYWEEKDAY") { Some("BYDAY") } else { nearest(name.text, &names) };
            return Err((Mistake::UnknownPart { nearest }, name.span()));
        };
        if parts.iter().any(|part| part.name == known) {
            return Err((Mistake::PartTwice, name.span()));
        }
        parts.push(Part { name: known, whole, value });
    }
    Ok(parts)
}

fn read_frequency(value: Piece<'_>) -> Result<Frequency, Wrong> {
    if let Some(frequency) = Frequency::ALL.into_iter().find(|frequency| value.is(frequency.name())) {
        return Ok(frequency);
    }
    let mut names: Vec<&'static str> = Frequency::ALL.into_iter().map(Frequency::name).collect();
    names.extend(["MINUTELY", "SECONDLY"]);
    Err((Mistake::UnknownFrequency { nearest: nearest(value.text, &names) }, value.span()))
}

/// A unit of time that is for other schedules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minute,
    Second,
}

/// The options that say the same as a rule of minutes or seconds, or what of it they cannot say.
fn too_frequent(parts: &[Part<'_>], frequency: Piece<'_>, unit: Unit, zone: Tz, beside: &Beside) -> Wrong {
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let read = || -> Result<Mistake, Wrong> {
        let number = part("INTERVAL").map_or(Ok(1), |part| interval(part.value))?;
        let count = part("COUNT").and_then(|part| number_of(part.value));
        let until = part("UNTIL").map(|part| until(part, zone)).transpose()?;
        let mut lost: Vec<&'static str> =
            parts.iter().map(|part| part.name).filter(|name| name.starts_with("BY")).collect();
        if beside.has_dates {
            lost.push("EXDATE or RDATE");
        }
        if part("COUNT").is_some() && (beside.start.is_none() || count.is_none() || until.is_some()) {
            lost.push("COUNT");
        }
        if !lost.is_empty() {
            return Ok(Mistake::TooFrequent { instead: None, lost });
        }
        let (size, letter) = if unit == Unit::Minute { (60, "m") } else { (1, "s") };
        let period = i64::from(number) * size;
        let mut instead = format!("`every = \"{number}{letter}\"");
        let text = |second: i64| {
            DateTime::from_timestamp(second, 0)
                .map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
                .unwrap_or_default()
        };
        let start =
            beside.start.and_then(|start| zone::table(zone).instant_of(start)).map(|(start, _)| start);
        if let Some(start) = start {
            let phase = start.rem_euclid(period);
            if phase != 0 {
                let phase = format_duration(std::time::Duration::from_secs(phase.unsigned_abs()));
                instead += &format!(", phase = \"{phase}\"");
            }
            instead += &format!(", start = \"{}\"", text(start));
        }
        let last = count.zip(start).map(|(count, start)| start + (i64::from(count) - 1) * period);
        let end = until.map(|(until, _)| until).or(last.filter(|last| *last < zone::HORIZON));
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Ok(Mistake::EndsBeforeStart);
        }
        if let Some(end) = end {
            instead += &format!(", end = \"{}\"", text(end));
        }
        instead.push('`');
        // By the clock, where nothing else is said.
        if start.is_none() && end.is_none() && 60 % number == 0 && number < 60 {
            let seconds = if unit == Unit::Second { "* " } else { "" };
            let step = if number == 1 { "*".to_owned() } else { format!("*/{number}") };
            instead += &format!(" or `cron = \"{step} {seconds}* * * *\"`");
        }
        Ok(Mistake::TooFrequent { instead: Some(instead), lost: Vec::new() })
    };
    match read() {
        Ok(Mistake::EndsBeforeStart) => {
            let span = part("UNTIL").map_or(frequency.span(), |part| part.whole.span());
            (Mistake::EndsBeforeStart, span)
        }
        Ok(mistake) => (mistake, frequency.span()),
        Err(wrong) => wrong,
    }
}

/// `UNTIL` as an instant in seconds, with its place.
fn until(part: &Part<'_>, zone: Tz) -> Result<(i64, Range<usize>), Wrong> {
    let Moment { second, is_utc } = date(part.value, &["235959".to_owned()])?;
    let instant = if is_utc {
        second
    } else {
        zone::table(zone).instant_of(second).map_or(second, |(instant, _)| instant)
    };
    Ok((instant, part.whole.span()))
}

/// A number from 1 up.
fn number_of(value: Piece<'_>) -> Option<u32> {
    number::<u32>(value).filter(|number| *number > 0)
}

fn interval(value: Piece<'_>) -> Result<u16, Wrong> {
    let interval = number::<u16>(value).filter(|interval| (1..=MAX_INTERVAL).contains(interval));
    interval.ok_or_else(|| (Mistake::interval(), value.span()))
}

/// A number without blanks or a plus.
fn number<N: std::str::FromStr>(value: Piece<'_>) -> Option<N> {
    value.text.starts_with(|c: char| c.is_ascii_digit()).then(|| value.text.parse().ok())?
}

/// A number that may have a sign.
fn signed(text: &str) -> Option<i16> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn numbers(by: By, list: Piece<'_>) -> Result<Vec<i16>, Wrong> {
    let range = by.range();
    let read = |value: Piece<'_>| {
        let fits = |n: &i16| range.contains(n) || by.is_signed() && range.contains(&-n);
        signed(value.text).filter(fits).ok_or_else(|| {
            let (first, last) = (range.start(), range.end());
            let allowed = match by.is_signed() {
                true => format!("{first} to {last} and -{last} to -{first}"),
                false => format!("{first} to {last}"),
            };
            (Mistake::OutOfRange { part: by.name(), allowed }, value.span())
        })
    };
    let mut numbers = list.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    settle(&mut numbers, |n| (*n < 0, *n));
    Ok(numbers)
}

fn weekday(value: Piece<'_>) -> Result<u8, Wrong> {
    let found = WEEKDAYS.iter().position(|name| value.is(name));
    // 0 to 6.
    found.map(|weekday| weekday as u8).ok_or_else(|| (Mistake::Weekday, value.span()))
}

fn read_day(value: Piece<'_>) -> Result<Day, Wrong> {
    let refuse = || (Mistake::Weekday, value.span());
    let middle = value.text.len().checked_sub(2).ok_or_else(refuse)?;
    let (before, name) = value.text.split_at_checked(middle).ok_or_else(refuse)?;
    let weekday = weekday(Piece { at: value.at, text: name }).map_err(|_| refuse())?;
    let number = if before.is_empty() { Some(0) } else { signed(before).filter(|n| *n != 0) };
    Ok(Day { number: number.ok_or_else(refuse)?, weekday })
}

/// What RFC 5545 says about parts that exclude each other, and what the evaluator cannot do.
fn fits(rule: &Rule, parts: &[Part<'_>]) -> Result<(), Wrong> {
    let frequency = rule.frequency;
    let whole =
        |name: &str| parts.iter().find(|part| part.name == name).map_or(0..0, |part| part.whole.span());
    let is_given = |by: By| !rule.by(by).is_empty();
    let misplaced = [
        (By::MonthDay, frequency == Frequency::Weekly, "FREQ=YEARLY, MONTHLY, DAILY and HOURLY"),
        (
            By::YearDay,
            matches!(frequency, Frequency::Monthly | Frequency::Weekly | Frequency::Daily),
            "FREQ=YEARLY and HOURLY",
        ),
        (By::WeekNo, frequency != Frequency::Yearly, "FREQ=YEARLY"),
    ];
    for (by, is_wrong, allowed) in misplaced {
        if is_given(by) && is_wrong {
            let mistake = Mistake::NotWithFrequency { part: by.name(), frequency: frequency.name(), allowed };
            return Err((mistake, whole(by.name())));
        }
    }
    let chooses = By::ALL.into_iter().any(|by| by != By::SetPos && is_given(by)) || !rule.days.is_empty();
    if is_given(By::SetPos) && !chooses {
        return Err((Mistake::NothingToChooseFrom, whole(By::SetPos.name())));
    }
    numbered_days(rule, is_given(By::WeekNo)).map_err(|mistake| (mistake, whole("BYDAY")))
}

fn numbered_days(rule: &Rule, in_weeks: bool) -> Result<(), Mistake> {
    // The numbers that the crate counts to: it refuses the fifth from the end of a month and the 53rd of a year.
    let range: RangeInclusive<i16> = match rule.frequency {
        Frequency::Yearly if !in_weeks => -52..=53,
        Frequency::Monthly => -4..=5,
        _ => 0..=0,
    };
    let Some(wrong) = rule.days.iter().find(|day| !range.contains(&day.number)) else { return Ok(()) };
    if range == (0..=0) {
        return Err(Mistake::NumberedDay);
    }
    debug_assert!(wrong.number != 0, "an unnumbered day is in every range");
    let allowed = format!("{} to {} with FREQ={}", range.start(), range.end(), rule.frequency.name());
    Err(Mistake::OutOfRange { part: "BYDAY", allowed })
}
