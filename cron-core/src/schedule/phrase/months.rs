//! Phrases of months, quarters and years, all of which are masks.

use chrono_tz::Tz;

use super::days::{MonthDays, month_days};
use super::places;
use super::time::{times, written};
use super::vocabulary::{DAYS_OF_MONTHS, MONTHS, month, suffix};
use super::words::{Words, Wrong};
use crate::schedule::Schedule;
use crate::schedule::cron::{CronSchedule, time_fields};

/// The first and the last months of the quarters.
const FIRST_MONTHS: &str = "1,4,7,10";
const LAST_MONTHS: &str = "3,6,9,12";

/// `WHICH of the month at TIMES`, behind `on the`, behind `every`, or alone.
pub(super) fn ordinal_first(words: &mut Words<'_>, zone: Tz, is_every: bool) -> Result<Schedule, Wrong> {
    let mark = words.mark();
    let days = month_days(words, "of", if is_every { &places::EVERY_NOUN } else { &places::NOUN_OR_OF })?;
    if is_every && words.is("of") && days.may_be_a_step() {
        let help = format!(
            "without `every` the `{} of the month` is one day of each month; days in steps are written as cron, for example `*/2` in the field of the day",
            words.since(mark)
        );
        return Err(words.refuse_from(mark, "may be one day or every so many days", help));
    }
    if !words.take("of") {
        return Err(words.not_understood(if is_every { &places::EVERY_OF } else { &places::OF_THE_MONTH }));
    }
    if words.one_of(&["the", "every"]).is_none() {
        return Err(words.not_understood(&places::THE_MONTH));
    }
    if words.take("quarter") {
        return at_quarter(words, mark, days, zone);
    }
    words.expect(&["month"], &places::THE_MONTH)?;
    words.expect(&["at"], &places::AFTER_NOUN)?;
    at(words, &days, "*", zone)
}

/// What follows `every month` and `every N months`.
pub(super) fn every(words: &mut Words<'_>, number: u32, zone: Tz) -> Result<Schedule, Wrong> {
    let months = match number {
        1 => "*",
        2 => "1,3,5,7,9,11",
        3 => FIRST_MONTHS,
        4 => "1,5,9",
        6 => "1,7",
        _ => {
            let help = match number {
                12 => "a month of each year has its name, for example `every year on january 1 at 9:00`",
                _ => "months are counted from January of each year, so their number is 1, 2, 3, 4 or 6",
            };
            return Err(words.refuse_from(1, "are no step within a year", help.to_owned()));
        }
    };
    let mark = words.mark();
    words.expect(&["on"], &places::MONTH)?;
    words.expect(&["the"], &places::THE)?;
    let days = month_days(words, "at", &places::NOUN_OR_AT)?;
    if number == 3 && days.has_last() {
        let said = words.since(mark);
        let rest = words.peek().map_or(String::new(), |_| rest_of(words));
        let (of_month, of_week) = days.fields();
        let cron = time_of(words)
            .and_then(|times| time_fields(&times))
            .map_or(String::new(), |time| format!(", or `cron = \"{time} {of_month} {FIRST_MONTHS} {of_week}\"` for January, April, July and October"));
        let help =
            format!("write `every quarter {said}{rest}` for March, June, September and December{cron}");
        return Err(words.refuse_from(mark, "may be of the quarter or of its first month", help));
    }
    words.expect(&["at"], &places::AFTER_NOUN)?;
    at(words, &days, months, zone)
}

/// The words that are left, with a blank before them.
fn rest_of(words: &Words<'_>) -> String {
    let end = words.span_of(words.mark()).start;
    format!(" {}", words.text[end..].trim_end())
}

/// The times that the words that are left say, if they are good.
fn time_of(words: &Words<'_>) -> Option<Vec<u32>> {
    let rest = rest_of(words);
    let mut words = Words::new(&rest);
    if words.take("at") { times(&mut words).ok() } else { None }
}

/// What follows `every quarter`.
pub(super) fn quarter(words: &mut Words<'_>, zone: Tz) -> Result<Schedule, Wrong> {
    words.expect(&["on"], &places::QUARTER)?;
    words.expect(&["the"], &places::THE)?;
    let mark = words.mark();
    let days = month_days(words, "at", &places::NOUN_OR_AT)?;
    at_quarter(words, mark, days, zone)
}

/// Days of each quarter: those counted from its start are in its first month, the last ones in its last.
fn at_quarter(words: &mut Words<'_>, mark: usize, days: MonthDays, zone: Tz) -> Result<Schedule, Wrong> {
    let months = if days.only_last() {
        LAST_MONTHS
    } else if days.in_first_month() {
        FIRST_MONTHS
    } else {
        let help = "days counted from its start are in its first month and last days in its last; one schedule has either";
        return Err(words.refuse_from(
            mark,
            "are days of a quarter that one schedule cannot have",
            help.to_owned(),
        ));
    };
    words.expect(&["at"], &places::AFTER_NOUN)?;
    at(words, &days, months, zone)
}

/// What follows `every year`: a date, or days of a month.
pub(super) fn year(words: &mut Words<'_>, zone: Tz) -> Result<Schedule, Wrong> {
    words.expect(&["on"], &places::YEAR)?;
    if words.take("the") {
        let days = month_days(words, "of", &places::NOUN_OF_MONTH)?;
        words.expect(&["of"], &places::OF_A_MONTH)?;
        let month = a_month(words, &places::OF_A_MONTH)?;
        words.expect(&["at"], &places::AFTER_NOUN)?;
        return at(words, &days, &(month + 1).to_string(), zone);
    }
    let mark = words.mark();
    let month = a_month(words, &places::DATE_OF_YEAR)?;
    let word = words.peek().unwrap_or_default();
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (digits, ending) = word.split_at(end);
    let day = digits.parse::<u32>().ok();
    let Some(day) = day.filter(|day| ending.is_empty() || ending.eq_ignore_ascii_case(suffix(*day))) else {
        return Err(words.not_understood(&places::DAY_OF_MONTH));
    };
    words.skip(1);
    let most = DAYS_OF_MONTHS[month];
    if !(1..=most).contains(&day) {
        let help = format!("{} has {most} days", MONTHS[month]);
        return Err(words.refuse_from(mark, "is no date of any year", help));
    }
    words.expect(&["at"], &places::AFTER_DATE)?;
    masks(words, &day.to_string(), &(month + 1).to_string(), "*", zone)
}

/// A month by its name or three letters of it, January as 0.
fn a_month(words: &mut Words<'_>, place: &'static places::Place) -> Result<usize, Wrong> {
    // The dot behind an abbreviation is no part of the grammar.
    let found = words.peek().filter(|word| !word.ends_with('.')).and_then(month);
    let month = found.ok_or_else(|| words.not_understood(place))?;
    words.skip(1);
    Ok(month)
}

/// The times that follow, on days of these months.
fn at(words: &mut Words<'_>, days: &MonthDays, months: &str, zone: Tz) -> Result<Schedule, Wrong> {
    let (of_month, of_week) = days.fields();
    masks(words, &of_month, months, &of_week, zone)
}

fn masks(
    words: &mut Words<'_>,
    of_month: &str,
    months: &str,
    of_week: &str,
    zone: Tz,
) -> Result<Schedule, Wrong> {
    let mark = words.mark();
    let mut times = times(words)?;
    let Some(fields) = time_fields(&times) else {
        let why = "are times that one schedule cannot have on days of the month";
        let before = words.before(mark);
        times.sort_unstable();
        times.dedup();
        let each: Vec<String> = times.iter().map(|time| format!("`{before} {}`", written(*time))).collect();
        let help = match each.split_last() {
            Some((last, others)) if others.len() < 4 => {
                format!("use one schedule for each time: {} and {last}", others.join(", "))
            }
            _ => "use one schedule for each time, or times that share their minutes".to_owned(),
        };
        return Err(words.refuse_from(mark, why, help));
    };
    let expression = format!("{fields} {of_month} {months} {of_week}");
    Ok(CronSchedule::parse_any_length(&expression, zone).map(Schedule::Cron)?)
}
