//! Schedules as people say them: a strict small grammar of English, described in `docs/schedules.md`.
//!
//! A phrase is only a way to write. It becomes masks, an interval or a stride, which know nothing of it. A word that
//! the grammar does not have at its place is an error; nothing is guessed.

mod days;
mod error;
mod places;
mod time;
mod words;

use chrono_tz::Tz;

pub use error::PhraseProblem;

use super::cron::{CronSchedule, time_fields};
use super::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind as Kind};
use super::interval::Interval;
use super::stride::{MOST, Step, Stride, WHOLE_WEEK, nearest_dates, read_date};
use super::{Schedule, month};
use crate::duration::parse_duration;
use days::{MonthDays, day_list, month_days};
use places::DAYS;
use time::times;
use words::Words;

/// Monday to Friday, and Saturday and Sunday, with Sunday as bit 0.
const WEEKDAYS: u8 = 0b011_1110;
const WEEKEND: u8 = WHOLE_WEEK & !WEEKDAYS;

/// Reads a phrase.
pub(super) fn parse(text: &str, zone: Tz) -> Result<Schedule, ScheduleError> {
    if text.len() > MAX_LENGTH {
        return Err(ScheduleError::new(Kind::TooLong { bytes: text.len() }, text, 0..text.len()));
    }
    let mut words = Words::new(text);
    if words.take("every") {
        return every(&mut words, zone);
    }
    if words.take("on") {
        words.expect(&["the"], &places::ON_THE)?;
        let days = month_days(&mut words, "of", &places::NOUN_OR_OF)?;
        words.expect(&["of", "every", "month"], &places::OF_EVERY_MONTH)?;
        words.expect(&["at"], &places::AFTER_NOUN)?;
        return monthly(&mut words, days, zone);
    }
    Err(match other_language(text) {
        Some(help) => words.refuse("does not begin a phrase", help),
        None => words.not_understood(&places::START),
    })
}

/// What to write where the text is no phrase at all, but one of the other ways to write a schedule.
fn other_language(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let fields = text.split([' ', '\t']).filter(|field| !field.is_empty()).count();
    let is_cron = text.starts_with('@')
        || (5..=7).contains(&fields) && text.starts_with(|c: char| c == '*' || c.is_ascii_digit());
    if is_cron {
        return Some("a cron expression goes into `cron`, as in `cron = \"0 9 * * MON-FRI\"`".to_owned());
    }
    parse_duration(text).is_ok().then(|| format!("a duration goes into `every`, as in `every = \"{text}\"`"))
}

/// What follows `every`.
fn every(words: &mut Words<'_>, zone: Tz) -> Result<Schedule, ScheduleError> {
    if let Some(number) = number(words)? {
        return counted(words, number, zone);
    }
    if let Some(unit) = words.one_of(&["second", "minute", "hour"]) {
        return rate(words, [1, 60, 3_600][unit], zone);
    }
    if words.take("month") {
        words.expect(&["on"], &places::MONTH)?;
        words.expect(&["the"], &places::THE)?;
        let days = month_days(words, "at", &places::NOUN_OR_AT)?;
        words.expect(&["at"], &places::AFTER_NOUN)?;
        return monthly(words, days, zone);
    }
    if words.take("week") {
        return weeks(words, 1, zone);
    }
    let (step, after) = if words.take("day") {
        (Step::Days(1), &places::AFTER_DAYS)
    } else if words.take("weekday") {
        (Step::Weeks(1, WEEKDAYS), &places::AFTER_DAYS)
    } else if words.take("weekend") {
        words.expect(&["day"], &places::WEEKEND)?;
        (Step::Weeks(1, WEEKEND), &places::AFTER_DAYS)
    } else if DAYS.iter().any(|day| words.is(day)) {
        (Step::Weeks(1, day_list(words)?), &places::AFTER_DAY_NAME)
    } else {
        return Err(words.not_understood(&places::EVERY));
    };
    let from = if words.is("from") { Some(date(words)?) } else { None };
    words.expect(&["at"], if from.is_some() { &places::AT } else { after })?;
    Ok(Stride::schedule(step, from, times(words)?, zone))
}

/// What follows `every` and a number.
fn counted(words: &mut Words<'_>, number: u32, zone: Tz) -> Result<Schedule, ScheduleError> {
    const UNITS: [&str; 10] =
        ["second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks"];
    match words.one_of(&UNITS).map(|unit| unit / 2) {
        Some(unit @ 0..=2) => rate(words, number * [1, 60, 3_600][unit], zone),
        Some(3) => {
            let from = begin(words, number)?;
            words.expect(&["at"], if from.is_some() { &places::AT } else { &places::AFTER_DAYS })?;
            Ok(Stride::schedule(Step::Days(number), from, times(words)?, zone))
        }
        Some(_) => weeks(words, number, zone),
        None => Err(words.not_understood(&places::UNIT)),
    }
}

/// What follows `every week` or `every N weeks`: days, or else a date that says which day, or both.
fn weeks(words: &mut Words<'_>, number: u32, zone: Tz) -> Result<Schedule, ScheduleError> {
    if words.take("on") {
        let days = day_list(words)?;
        let mark = words.mark();
        let from = begin(words, number)?;
        if let Some(from) = from.filter(|from| number > 1 && month::weekday(*from) != first_of_week(days)) {
            let (why, help) = wrong_weekday(from, first_of_week(days), days.count_ones() > 1);
            return Err(words.refuse_from(mark + 1, why, help));
        }
        words.expect(&["at"], if from.is_some() { &places::AT } else { &places::AFTER_DAY_NAME })?;
        return Ok(Stride::schedule(Step::Weeks(number, days), from, times(words)?, zone));
    }
    if !words.is("from") {
        return Err(words.not_understood(&places::WEEKS));
    }
    let from = date(words)?;
    words.expect(&["at"], &places::AT)?;
    Ok(Stride::schedule(Step::Days(number * 7), Some(from), times(words)?, zone))
}

/// The first of some weekdays in a week that begins on Monday; Sunday is 0.
fn first_of_week(days: u8) -> u32 {
    (1..=7).map(|day| day % 7).find(|day| days >> day & 1 != 0).unwrap_or(0)
}

/// Why weeks cannot be counted from this date, and from which they can.
fn wrong_weekday(from: u32, wanted: u32, several: bool) -> (&'static str, String) {
    let dates: Vec<String> =
        nearest_dates(from, wanted).iter().map(|date| format!("`from {date}`")).collect();
    let why = if several {
        "is not on the first of these days of the week, so weeks cannot be counted from it"
    } else {
        "is on another day of the week"
    };
    let day = DAYS[(wanted as usize + 6) % 7];
    (why, format!("write the date of a {day}, {}", dates.join(" or ")))
}

/// `from DATE`, which must be there if the number says that some days or weeks are left out.
fn begin(words: &mut Words<'_>, number: u32) -> Result<Option<u32>, ScheduleError> {
    if words.is("from") {
        return date(words).map(Some);
    }
    if number > 1 { Err(words.not_understood(&places::FROM)) } else { Ok(None) }
}

/// `from DATE`, as a day counted from 1970-01-01.
fn date(words: &mut Words<'_>) -> Result<u32, ScheduleError> {
    words.expect(&["from"], &places::FROM)?;
    let day = words.peek().and_then(read_date).ok_or_else(|| words.not_understood(&places::DATE))?;
    words.skip(1);
    Ok(day)
}

/// A whole number, if the next word begins like one and is not a word of its own such as `1st`.
fn number(words: &mut Words<'_>) -> Result<Option<u32>, ScheduleError> {
    let Some(word) = words.peek().filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) else {
        return Ok(None);
    };
    if word.contains('.') {
        let help = "write `every 90 minutes` for an hour and a half".to_owned();
        return Err(words.refuse("is not a whole number", help));
    }
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let Some(number) = word.parse::<u32>().ok().filter(|number| (1..=MOST).contains(number)) else {
        return Err(words.refuse("is out of range", format!("write a number from 1 to {MOST}")));
    };
    words.skip(1);
    Ok(Some(number))
}

/// A rate: by the clock where the clock can show it, else on the grid of intervals.
fn rate(words: &Words<'_>, seconds: u32, zone: Tz) -> Result<Schedule, ScheduleError> {
    if words.peek().is_some() {
        return Err(words.not_understood(&places::RATE_END));
    }
    let divides = |unit: u32, size: u32| {
        let number = seconds / unit;
        (seconds.is_multiple_of(unit) && number < size && size.is_multiple_of(number)).then_some(number)
    };
    let expression = if let Some(step) = divides(1, 60) {
        format!("*/{step} * * * * *")
    } else if let Some(step) = divides(60, 60) {
        format!("*/{step} * * * *")
    } else if let Some(step) = divides(3_600, 24) {
        format!("0 */{step} * * *")
    } else {
        return Ok(Schedule::Interval(Interval::of_seconds(seconds)));
    };
    CronSchedule::parse(&expression, zone).map(Schedule::Cron)
}

/// Days of the month and the times that follow.
fn monthly(words: &mut Words<'_>, days: MonthDays, zone: Tz) -> Result<Schedule, ScheduleError> {
    let mark = words.mark();
    let times = times(words)?;
    let Some(fields) = time_fields(&times) else {
        let why = "are times that one schedule cannot have on days of the month";
        let help = "write one schedule for each time, or times that share their minutes, as `9:00 and 17:00`";
        return Err(words.refuse_from(mark, why, help.to_owned()));
    };
    let MonthDays { of_month, of_week } = days;
    CronSchedule::parse_any_length(&format!("{fields} {of_month} * {of_week}"), zone).map(Schedule::Cron)
}
