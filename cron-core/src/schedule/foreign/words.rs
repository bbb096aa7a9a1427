//! One word or a call: nicknames, durations, times of day, rates, phrases, recurrence rules.

use chrono_tz::Tz;

use super::{Found, is_cron, translated};
use crate::duration::{format_duration, parse_duration};
use crate::schedule::dialect::Dialect;
use crate::schedule::{Schedule, ScheduleErrorKind};

/// Nicknames of others, and what they mean.
const NICKNAMES: [(&str, &str); 12] = [
    ("@secondly", "* * * * * *"),
    ("@every_second", "* * * * * *"),
    ("@minutely", "* * * * *"),
    ("@every_minute", "* * * * *"),
    ("@weekdays", "0 0 * * MON-FRI"),
    ("@weekday", "0 0 * * MON-FRI"),
    ("@weekends", "0 0 * * SAT,SUN"),
    ("@weekend", "0 0 * * SAT,SUN"),
    ("@noon", "0 12 * * *"),
    ("@quarterly", "0 0 1 */3 *"),
    ("@semiannually", "0 0 1 1,7 *"),
    ("@bimonthly", "0 0 1 */2 *"),
];

const DURATION: &str = "is a duration, which goes into `every`";
const RATE: &str = "is a rate of AWS";
const PHRASE: &str = "is a phrase, which goes into `schedule`";
const RULE: &str = "is a recurrence rule, which goes into `rrule`";
const TIME: &str = "is a time of day, which goes into `daily`";
const OF_HOUR: &str = "is a time of the hour, which goes into `hourly`";
const DATE: &str = "is a date and time, which goes into `at`";

pub(super) fn of(text: &str, zone: Tz) -> Option<Found> {
    nickname(text)
        .or_else(|| every(text))
        .or_else(|| aws(text, zone))
        .or_else(|| rule(text))
        .or_else(|| duration(text))
        .or_else(|| time(text, zone))
        .or_else(|| phrase(text, zone))
        .or_else(|| systemd(text, zone))
}

fn nickname(text: &str) -> Option<Found> {
    let lower = text.to_ascii_lowercase();
    let found = NICKNAMES.iter().find(|(name, _)| *name == lower)?;
    Some(Found::cron("is a nickname of other programs", found.1))
}

/// `@every 5m`, of Go.
fn every(text: &str) -> Option<Found> {
    let period = text.strip_prefix("@every")?.trim();
    Some(match spelled(period) {
        Some(period) => Found::options("is a period, which goes into `every`", &[("every", &period)]),
        None => Found::told(
            "has no duration behind `@every`",
            "a period is a number and a unit, for example `every = \"5m\"`; the units are d, h, m, s and ms",
        ),
    })
}

/// A duration in our words: `5m`, `5 minutes`, `90 sec`, `PT5M`, `1h30m10s`.
fn spelled(text: &str) -> Option<String> {
    let parsed = match parse_duration(text) {
        Ok(_) => return Some(text.to_owned()),
        Err(error) => error.with_known_units().or_else(|| iso(text)),
    };
    parsed.and_then(|text| parse_duration(&text).ok()).map(format_duration)
}

/// A duration of ISO 8601, without years, months and fractions: `PT1H30M`, `P1D`, `P2W`.
fn iso(text: &str) -> Option<String> {
    let (days, times) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, times)) => (days, times),
        None => (text.strip_prefix('P')?, ""),
    };
    let mut written = String::new();
    for (part, units) in [(days, "WD"), (times, "HMS")] {
        let mut digits = String::new();
        for character in part.chars() {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            let number: u64 = digits.parse().ok().filter(|_| units.contains(character))?;
            match character {
                'W' => written += &format!("{}d ", number.checked_mul(7)?),
                unit => written += &format!("{number}{} ", unit.to_ascii_lowercase()),
            }
            digits.clear();
        }
        if !digits.is_empty() {
            return None;
        }
    }
    // Parts of zero, as in `P0DT5M`.
    let parts: Vec<&str> = written.split_whitespace().filter(|part| !part.starts_with('0')).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn duration(text: &str) -> Option<Found> {
    let has_unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == 'P');
    // `9am` is no duration, and `5 * * * MON` neither.
    let period = (has_unit && begins).then(|| spelled(text))??;
    Some(Found::options(DURATION, &[("every", &period)]))
}

/// `rate(5 minutes)`, `cron(0 10 * * ? *)`, `at(2026-12-25T00:00:00)`.
fn aws(text: &str, zone: Tz) -> Option<Found> {
    if text.starts_with("at(") {
        let inside = text.strip_prefix("at(")?.strip_suffix(')')?.trim();
        return Schedule::at(inside, zone.name()).ok().map(|_| Found::options(DATE, &[("at", inside)]));
    }
    if text.starts_with("rate(") {
        let inside = text.strip_prefix("rate(")?.strip_suffix(')')?.trim();
        return Some(match spelled(inside) {
            Some(period) => Found::options(RATE, &[("every", &period)]),
            None => Found::told(RATE, "a rate is a number and a unit, for example `every = \"5m\"`"),
        });
    }
    let inside = text.strip_prefix("cron(")?.strip_suffix(')')?.trim();
    if is_cron(inside, zone) {
        return Some(Found::cron("has the word and the parentheses around it", inside));
    }
    translated("is written for AWS, whose last field is a year", text, Dialect::Aws, zone)
        .or_else(|| Some(Found::cron("has the word and the parentheses around it", inside)))
}

/// Whether the text begins as recurrence rules do.
pub(super) fn is_rule(text: &str) -> bool {
    let text = text.trim_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    ["FREQ=", "RRULE", "DTSTART", "RDATE", "EXDATE", "BEGIN:V"].into_iter().any(begins)
}

fn rule(text: &str) -> Option<Found> {
    let written: Vec<&str> =
        text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    is_rule(text).then(|| Found::options(RULE, &[("rrule", &written.join(" "))]))
}

fn time(text: &str, zone: Tz) -> Option<Found> {
    if text.starts_with(':') && Schedule::hourly(text, zone.name()).is_ok() {
        return Some(Found::options(OF_HOUR, &[("hourly", text)]));
    }
    if Schedule::at(text, zone.name()).is_ok() {
        return Some(Found::options(DATE, &[("at", text)]));
    }
    let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
    if Schedule::daily(&padded, zone.name()).is_ok() {
        return Some(Found::options(TIME, &[("daily", &padded)]));
    }
    // `9am` and `noon` are times of a phrase.
    let is_time =
        !text.contains(' ') && Schedule::phrase(&format!("every day at {text}"), zone.name()).is_ok();
    is_time.then(|| {
        Found::options(
            "is a time of day, which is a phrase with a day",
            &[("schedule", &format!("every day at {text}"))],
        )
    })
}

fn phrase(text: &str, zone: Tz) -> Option<Found> {
    match Schedule::phrase(text, zone.name()) {
        Ok(_) => Some(Found::options(PHRASE, &[("schedule", text)])),
        Err(error) => {
            let begins =
                |word: &&str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            let is_phrase = ["every ", "on the ", "before ", "after ", "at "].iter().any(begins);
            let is_phrase = is_phrase && matches!(error.kind(), ScheduleErrorKind::Phrase { .. });
            is_phrase.then(|| Found::options(PHRASE, &[("schedule", text)]))
        }
    }
}

/// Calendars of systemd: `Mon..Fri 09:00`, `*-*-1 00:00:00`, `hourly`.
fn systemd(text: &str, zone: Tz) -> Option<Found> {
    let begins_with_day = text
        .get(..3)
        .is_some_and(|start| super::super::cron::DAY_NAMES.iter().any(|day| day.eq_ignore_ascii_case(start)));
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    let has_mark = text.contains("..") || text.contains(':') || text.contains("*-");
    if !(begins_with_day || is_word || has_mark) {
        return None;
    }
    translated("is a calendar of systemd", text, Dialect::Systemd, zone)
}
