//! Words that people use, put into words of the grammar where the meaning is known.
//!
//! Each function belongs to a place of the grammar and gets the word that has no business there. It answers with the
//! whole phrase, in which more may be wrong. Where a word may mean several things, or other than the schedule that
//! would come out, it has no answer, and `say` has one.

mod months;

use chrono_tz::Tz;

pub(super) use months::{
    after_noun, at_of_year, date_of_year, day_of_month, every_of, month, noun, noun_of_month, noun_or_at,
    noun_or_of, of_a_month, of_the_month, ordinal, the, the_month, year,
};

use super::cursor::{Cursor, day_of};
use super::days::place_of;
use super::read;
use super::time::times;
use super::vocabulary::{full_day, large_ordinal, month as month_of, number, suffix, unit as unit_of};
use super::words::Words;
use crate::duration::parse_duration;
use crate::schedule::Schedule;

/// A day of the week that the grammar spells in another way.
fn respelled(word: &str) -> Option<&'static str> {
    full_day(word).filter(|_| place_of(word).is_none())
}

/// Days of the week with a dash between them: `mon-fri`.
fn dashed(word: &str) -> Option<String> {
    let (first, last) = word.split_once(['-', '\u{2013}'])?;
    Some(format!("{} to {}", day_of(first)?, day_of(last)?))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word begins a time: digits with a colon, with `am` or `pm`, or a name.
fn is_time(word: &str, next: &str) -> bool {
    let half = |word: &str| ["am", "pm"].contains(&word);
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let begins = digits.len() < word.len();
    word == "noon"
        || word == "midnight"
        || begins && (digits.contains(':') || half(digits) || digits.is_empty() && half(next))
}

pub(super) fn nothing(_: &Cursor<'_>) -> Option<String> {
    None
}

pub(super) fn start(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let instead = match word.as_str() {
        "each" | "all" => "every",
        "daily" | "nightly" => "every day",
        "weekly" => "every week",
        "monthly" => "every month",
        "quarterly" => "every quarter",
        "yearly" | "annually" => "every year",
        "weekday" | "weekdays" => "every weekday",
        "weekend" | "weekends" => "every weekend day",
        "the" => "",
        "at" => return moved_times(c),
        _ if is_time(&word, &c.ahead(1)) => return moved_times(c).map(|phrase| with_at(&phrase)),
        _ if day_of(&word).is_some() => return Some(c.put(0, "every")),
        _ if is_number(&word) && unit_of(&c.ahead(1)).is_some() => return Some(c.put(0, "every")),
        _ if large_ordinal(&word).is_some() => return ordinal(c),
        _ => return None,
    };
    Some(c.put(1, instead))
}

/// Times that stand in front of the days.
fn moved_times(c: &Cursor<'_>) -> Option<String> {
    let days = c.find(1, &["every", "each", "on", "daily", "weekdays", "weekends"])?;
    Some(format!("{} {}", c.part(days, c.words.len()), c.part(0, days)))
}

/// Times that were moved behind the days, without the `at` that they had not.
fn with_at(phrase: &str) -> String {
    let words = Words::new(phrase);
    let all = words.all();
    let at = all.iter().position(|word| is_time(&word.to_ascii_lowercase(), "")).unwrap_or(all.len());
    Cursor { words: all, at }.put(0, "at")
}

pub(super) fn hourly(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "" | "between" | "on" => Some(c.put_from(0, 1, "every hour")),
        _ if word.starts_with(':') => Some(c.put(0, "at")),
        _ => None,
    }
}

pub(super) fn hourly_time(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let minute = |word: &str| word.parse::<u32>().ok().filter(|minute| is_number(word) && *minute < 60);
    if word == "minute" || word == "minutes" {
        return minute(&c.ahead(1)).map(|minute| c.put(2, &format!(":{minute:02}")));
    }
    minute(&word).filter(|_| word.len() == 2).map(|minute| c.put(1, &format!(":{minute:02}")))
}

pub(super) fn on_the(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "weekday" | "weekdays" => Some(c.put_from(0, 2, "every weekday")),
        "weekends" => Some(c.put_from(0, 2, "every weekend day")),
        "every" | "each" => Some(c.put_from(0, 1, "")),
        "business" | "working" if c.ahead(1).starts_with("day") => Some(c.put_from(0, 3, "every weekday")),
        _ if day_of(&word).is_some() || dashed(&word).is_some() => Some(c.put_from(0, 1, "every")),
        _ => the(c),
    }
}

pub(super) fn every(c: &Cursor<'_>) -> Option<String> {
    let (word, next) = (c.word(), c.ahead(1));
    let days = ["day", "days"].contains(&next.as_str());
    let instead = match word.as_str() {
        "one" | "single" if unit_of(&next).is_some() => "1".to_owned(),
        "half" if next == "hour" => return Some(c.put(2, "30 minutes")),
        "half" if next == "an" && c.ahead(2) == "hour" => return Some(c.put(3, "30 minutes")),
        "weekdays" | "workday" | "workdays" => "weekday".to_owned(),
        "business" | "working" | "work" if days => return Some(c.put(2, "weekday")),
        "weekends" => return Some(c.put(1 + usize::from(days), "weekend day")),
        "noon" | "midnight" if next.is_empty() => format!("day at {word}"),
        "morning" | "afternoon" | "evening" | "night" if fits(c, &word) => "day".to_owned(),
        _ => {
            if month_of(&word).is_some() && next.starts_with(|c: char| c.is_ascii_digit()) {
                return Some(c.put(0, "year on"));
            } else if let Some(day) = respelled(&word) {
                day.to_owned()
            } else if let Some(days) = dashed(&word) {
                days
            } else if let Some(number) = number(&word).filter(|n| *n > 0 && unit_of(&next).is_some()) {
                number.to_string()
            } else if let Some(number) = large_ordinal(&word) {
                format!("{number}{}", suffix(number))
            } else if let Some(fraction) = fraction(&word, '.', &next) {
                return Some(c.put(2, &fraction));
            } else {
                return compound(&word).map(|rate| c.put(1, &rate));
            }
        }
    };
    Some(c.put(1, &instead))
}

/// Whether the time behind a part of the day is in it, so that the time alone says the same.
fn fits(c: &Cursor<'_>, part: &str) -> bool {
    if c.ahead(1) != "at" {
        return false;
    }
    let rest = c.part(c.at + 2, c.words.len());
    let hours = match part {
        "morning" => 0..12,
        "afternoon" => 12..18,
        "evening" => 16..24,
        _ => return false,
    };
    times(&mut Words::new(&rest)).is_ok_and(|times| times.iter().all(|time| hours.contains(&(time / 3_600))))
}

/// A fraction of a unit in whole numbers of a smaller one.
fn fraction(number: &str, point: char, unit: &str) -> Option<String> {
    let (whole, part) = number.split_once(point)?;
    let is_short = |text: &str, most: usize| (1..=most).contains(&text.len()) && is_number(text);
    if !is_short(whole, 4) || !is_short(part, 2) {
        return None;
    }
    let size = match unit_of(unit)? {
        "hours" => 3_600,
        "minutes" => 60,
        _ => return None,
    };
    let hundredths = format!("{part:0<2}").parse::<u32>().ok()? + 100 * whole.parse::<u32>().ok()?;
    let seconds = hundredths * size;
    seconds.is_multiple_of(100).then(|| in_units(seconds / 100)).flatten()
}

/// Seconds as a whole number of the largest unit that a rate counts.
fn in_units(seconds: u32) -> Option<String> {
    let (size, unit) = [(3_600, "hours"), (60, "minutes"), (1, "seconds")]
        .into_iter()
        .find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size))?;
    Some(format!("{} {unit}", seconds / size))
}

/// A number and a unit in one word: `30s`, `5min`, `1h30m`.
fn compound(word: &str) -> Option<String> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if is_number(digits) && digits.len() < word.len() {
        return unit_of(&word[digits.len()..]).map(|unit| format!("{digits} {unit}"));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let duration = parse_duration(word).ok()?;
    let seconds = u32::try_from(duration.as_secs()).ok().filter(|_| duration.subsec_nanos() == 0)?;
    in_units(seconds)
}

pub(super) fn unit(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if word == "," && is_number(&c.ahead(1)) {
        let written = format!("{},{}", c.behind(1), c.ahead(1));
        return fraction(&written, ',', &c.ahead(2)).map(|rate| c.put_from(c.at - 1, 4, &rate));
    }
    unit_of(&word).filter(|unit| *unit != word).map(|unit| c.put(1, unit))
}

pub(super) fn rate_end(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        // App Engine's word for a rate that the clock shows, as ours are where it does.
        "synchronized" => {
            let rate = c.put(1, "");
            matches!(read(&rate, Tz::UTC), Ok(Schedule::Cron(_))).then_some(rate)
        }
        "at" | "past" if c.at == 2 && c.behind(1) == "hour" => {
            let is_minute = c.ahead(1).starts_with(':') || c.ahead(1) == "minute";
            is_minute.then(|| c.put_from(0, 2, "hourly"))
        }
        "and" | "," => sum(c, 1),
        _ if is_number(&word) => sum(c, 0),
        _ => after_window(c),
    }
}

/// A rate in two units: `every hour and 30 minutes`.
fn sum(c: &Cursor<'_>, skipped: usize) -> Option<String> {
    let seconds = |number: &str, unit: &str| {
        let size = match unit_of(unit)? {
            "hours" => 3_600,
            "minutes" => 60,
            "seconds" => 1,
            _ => return None,
        };
        number.parse::<u32>().ok()?.checked_mul(size)
    };
    let first = match c.at {
        2 => seconds("1", &c.behind(1)),
        3 => seconds(&c.behind(2), &c.behind(1)),
        _ => None,
    }?;
    let second = seconds(&c.ahead(skipped), &c.ahead(skipped + 1))?;
    let rate = in_units(first.checked_add(second).filter(|_| second < first)?)?;
    Some(c.put_from(1, c.at + skipped + 1, &rate))
}

pub(super) fn window_and(c: &Cursor<'_>) -> Option<String> {
    ["to", "-", "until", "till", "\u{2013}"].contains(&c.word().as_str()).then(|| c.put(1, "and"))
}

pub(super) fn after_window(c: &Cursor<'_>) -> Option<String> {
    let (word, next) = (c.word(), c.ahead(1));
    match word.as_str() {
        "every" | "each" if next == "day" => Some(c.put(2, "")),
        "every" | "each" if next == "weekday" => Some(c.put(2, "on weekdays")),
        "every" | "each" if day_of(&next).is_some() => Some(c.put(1, "on")),
        "daily" => Some(c.put(1, "")),
        "," | "only" if next == "on" || next == "between" => Some(c.put(1, "")),
        "weekdays" | "weekends" => Some(c.put(0, "on")),
        _ => day_of(&word).or(dashed(&word).map(|_| "")).map(|_| c.put(0, "on")),
    }
}

pub(super) fn after_window_days(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    // Days in front of the window.
    let on = c.find(0, &["on"])?;
    if word == "between" && on < c.at {
        let days = c.part(on, c.at);
        return Some(format!("{} {} {days}", c.part(0, on), c.part(c.at, c.words.len())));
    }
    between_days(c)
}

/// What people write between days of the week.
fn between_days(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "through" | "thru" | "-" | "\u{2013}" => Some(c.put(1, "to")),
        "plus" | "&" | "+" => Some(c.put(1, "and")),
        _ if day_of(&c.behind(1)).is_some() && day_of(&word).is_some() => Some(c.put(0, "and")),
        _ => None,
    }
}

pub(super) fn after_on(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "the" | "every" | "each" => Some(c.put(1, "")),
        "workdays" | "workday" => Some(c.put(1, "weekdays")),
        _ => spelled(c),
    }
}

/// A day of the week in another spelling, or days with a dash.
fn spelled(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    respelled(&word).map(str::to_owned).or_else(|| dashed(&word)).map(|days| c.put(1, &days))
}

/// A time without `at` before it.
fn time_without_at(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if word == "@" {
        return Some(c.put(1, "at"));
    }
    is_time(&word, &c.ahead(1)).then(|| c.put(0, "at"))
}

pub(super) fn after_days(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "," if c.ahead(1) == "at" || c.ahead(1) == "from" => Some(c.put(1, "")),
        "," | "and" if c.behind(1) == "weekday" && (day_of(&c.ahead(1)).is_some() || c.ahead(1) == "and") => {
            Some(c.put_from(c.at - 1, 1, "monday to friday"))
        }
        "morning" | "afternoon" | "evening" if fits(c, &word) => Some(c.put(1, "")),
        _ => time_without_at(c),
    }
}

pub(super) fn after_day_name(c: &Cursor<'_>) -> Option<String> {
    between_days(c).or_else(|| after_days(c))
}

pub(super) fn day_name(c: &Cursor<'_>) -> Option<String> {
    let next_is_day = usize::from(c.ahead(1).starts_with("day"));
    match c.word().as_str() {
        "weekday" | "weekdays" | "workday" | "workdays" => Some(c.put(1, "monday to friday")),
        "weekend" | "weekends" => Some(c.put(1 + next_is_day, "saturday and sunday")),
        "the" | "on" | "every" => Some(c.put(1, "")),
        _ => spelled(c),
    }
}

pub(super) fn weeks(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if day_of(&word).is_some() || word.starts_with("weekday") { Some(c.put(0, "on")) } else { from(c) }
}

/// The date of a stride, which people put behind the times, or give another word.
pub(super) fn from(c: &Cursor<'_>) -> Option<String> {
    let (word, next) = (c.word(), c.ahead(1));
    match word.as_str() {
        "starting" | "beginning" | "since" => {
            Some(c.put(1 + usize::from(["from", "on"].contains(&next.as_str())), "from"))
        }
        "at" => {
            let from = c.find(c.at, &["from", "starting", "beginning", "since"])?;
            let (before, times) = (c.part(0, c.at), c.part(c.at, from));
            Some(format!("{before} {} {times}", c.part(from, c.words.len())))
        }
        _ => time_without_at(c),
    }
}

pub(super) fn date(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let parts: Vec<&str> = word.split(['-', '/', '.']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if year.len() != 4 || !parts.iter().all(|part| is_number(part) && part.len() <= 4) {
        return None;
    }
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    super::read_date(&date).filter(|_| date != word).map(|_| c.put(1, &date))
}

/// Behind the date of a stride: its days, which belong before it, or a time without `at`.
pub(super) fn at(c: &Cursor<'_>) -> Option<String> {
    if c.word() != "on" {
        return time_without_at(c);
    }
    let from = c.find(0, &["from"]).filter(|from| *from < c.at)?;
    let end = c.find(c.at, &["at"])?;
    let (days, date) = (c.part(c.at, end), c.part(from, c.at));
    Some(format!("{} {days} {date} {}", c.part(0, from), c.part(end, c.words.len())))
}

pub(super) fn time(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "midday" => Some(c.put(1, "noon")),
        "the" | "at" => Some(c.put(1, "")),
        _ => None,
    }
}

pub(super) fn after_time(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let at = c.words.iter().rposition(|word| word.eq_ignore_ascii_case("at"))?;
    match word.as_str() {
        "a.m." | "a.m" => Some(c.put(1, "am")),
        "p.m." | "p.m" => Some(c.put(1, "pm")),
        "o'clock" | "sharp" | "hours" | "hrs" => Some(c.put(1, "")),
        "&" | "plus" => Some(c.put(1, "and")),
        "from" | "starting" | "beginning" | "since" => {
            let (before, times) = (c.part(0, at), c.part(at, c.at));
            Some(format!("{before} {} {times}", c.part(c.at, c.words.len())))
        }
        // All days and then some of them: those, at the times.
        "on" | "every" | "each" if c.part(0, at).eq_ignore_ascii_case("every day") => {
            let days = c.part(c.at + 1, c.words.len());
            Some(format!("every {days} {}", c.part(at, c.at)))
        }
        "daily" if c.part(0, at).eq_ignore_ascii_case("every day") => Some(c.put(1, "")),
        _ => is_time(&word, &c.ahead(1)).then(|| c.put(0, "and")),
    }
}
