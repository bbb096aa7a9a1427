//! Schedules as people say them: a strict small grammar of English, described in `docs/schedules.md`.
//!
//! A phrase is only a way to write. It becomes masks, an interval or a stride, which know nothing of it. A word that
//! the grammar does not have at its place is an error; nothing is guessed. What is said about an error is found
//! afterwards, in `hint`, out of the words that were written.

mod cursor;
mod days;
mod error;
mod hint;
mod months;
mod places;
mod rate;
mod repair;
mod say;
mod time;
mod vocabulary;
mod words;

use chrono_tz::Tz;

pub use error::PhraseProblem;

use super::cron::CronSchedule;
use super::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind as Kind};
use super::stride::{MOST, Step, Stride, WHOLE_WEEK, nearest_dates, read_date};
use super::{Schedule, month};
use days::{day_list, is_day, is_ordinal};
use rate::rate;
use time::{minutes, times};
use vocabulary::DAYS;
use words::{Words, Wrong};

/// Monday to Friday, and Saturday and Sunday, with Sunday as bit 0.
const WEEKDAYS: u8 = 0b011_1110;
const WEEKEND: u8 = WHOLE_WEEK & !WEEKDAYS;

/// The words of a unit that a rate counts, four for each: second, minute, hour.
const RATES: [&str; 12] =
    ["second", "seconds", "sec", "secs", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs"];

/// Reads a phrase.
pub(super) fn parse(text: &str, zone: Tz) -> Result<Schedule, ScheduleError> {
    if text.len() > MAX_LENGTH {
        return Err(ScheduleError::new(Kind::TooLong { bytes: text.len() }, text, 0..text.len()));
    }
    read(text, zone).map_err(|wrong| hint::explain(text, zone, wrong))
}

/// Reads a phrase, and says nothing about one that is wrong.
fn read(text: &str, zone: Tz) -> Result<Schedule, Wrong> {
    let mut words = Words::new(text);
    if words.take("every") {
        return every(&mut words, zone);
    }
    if words.take("hourly") {
        words.expect(&["at"], &places::HOURLY)?;
        return Ok(CronSchedule::hourly(&minutes(&mut words)?, zone).map(Schedule::Cron)?);
    }
    if words.take("on") {
        words.expect(&["the"], &places::ON_THE)?;
        return months::ordinal_first(&mut words, zone, false);
    }
    if is_ordinal(&words) {
        return months::ordinal_first(&mut words, zone, false);
    }
    Err(words.not_understood(&places::START))
}

/// What follows `every`.
fn every(words: &mut Words<'_>, zone: Tz) -> Result<Schedule, Wrong> {
    if let Some(number) = number(words)? {
        return counted(words, number, zone);
    }
    if is_ordinal(words) {
        return months::ordinal_first(words, zone, true);
    }
    if let Some(unit) = words.one_of(&["second", "sec", "minute", "min", "hour", "hr"]) {
        return rate(words, [1, 60, 3_600][unit / 2], zone);
    }
    if words.take("month") {
        return months::every(words, 1, zone);
    }
    if words.take("quarter") {
        return months::quarter(words, zone);
    }
    if words.take("year") {
        return months::year(words, zone);
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
    } else if is_day(words) {
        (Step::Weeks(1, day_list(words)?), &places::AFTER_DAY_NAME)
    } else {
        return Err(words.not_understood(&places::EVERY));
    };
    let from = if words.is("from") { Some(date(words)?) } else { None };
    words.expect(&["at"], if from.is_some() { &places::AT } else { after })?;
    Ok(Stride::schedule(step, from, times(words)?, zone))
}

/// What follows `every` and a number.
fn counted(words: &mut Words<'_>, number: u32, zone: Tz) -> Result<Schedule, Wrong> {
    if let Some(unit) = words.one_of(&RATES) {
        return rate(words, number * [1, 60, 3_600][unit / 4], zone);
    }
    match words.one_of(&["day", "days", "week", "weeks", "month", "months"]).map(|unit| unit / 2) {
        Some(0) => {
            let from = begin(words, number)?;
            words.expect(&["at"], if from.is_some() { &places::AT } else { &places::AFTER_DAYS })?;
            Ok(Stride::schedule(Step::Days(number), from, times(words)?, zone))
        }
        Some(1) => weeks(words, number, zone),
        Some(_) => months::every(words, number, zone),
        None => Err(words.not_understood(&places::UNIT)),
    }
}

/// What follows `every week` or `every N weeks`: days, or else a date that says which day, or both.
fn weeks(words: &mut Words<'_>, number: u32, zone: Tz) -> Result<Schedule, Wrong> {
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
    let dates: Vec<String> = nearest_dates(from, wanted).iter().map(|date| format!("`{date}`")).collect();
    let why = if several {
        "is not on the first of these days of the week, so weeks cannot be counted from it"
    } else {
        "is on another day of the week"
    };
    let day = DAYS[(wanted as usize + 6) % 7];
    (why, format!("write the date of a {day}, {}", dates.join(" or ")))
}

/// `from DATE`, which must be there if the number says that some days or weeks are left out.
fn begin(words: &mut Words<'_>, number: u32) -> Result<Option<u32>, Wrong> {
    if words.is("from") {
        return date(words).map(Some);
    }
    if number > 1 { Err(words.not_understood(&places::FROM)) } else { Ok(None) }
}

/// `from DATE`, as a day counted from 1970-01-01.
fn date(words: &mut Words<'_>) -> Result<u32, Wrong> {
    words.expect(&["from"], &places::FROM)?;
    let day = words.peek().and_then(read_date).ok_or_else(|| words.not_understood(&places::DATE))?;
    words.skip(1);
    Ok(day)
}

/// A whole number, if the next word begins like one and is not a word of its own such as `1st`.
fn number(words: &mut Words<'_>) -> Result<Option<u32>, Wrong> {
    let Some(word) = words.peek() else { return Ok(None) };
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let Some(number) = word.parse::<u32>().ok().filter(|number| (1..=MOST).contains(number)) else {
        return Err(words.refuse("is out of range", format!("numbers go from 1 to {MOST}")));
    };
    words.skip(1);
    Ok(Some(number))
}
