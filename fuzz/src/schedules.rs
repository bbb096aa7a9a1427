//! Texts of schedules: as users write them, and as the database keeps them.

use std::ops::Range;

use chrono::{DateTime, Utc};
use cron_core::schedule::{Dialect, Schedule, ScheduleError};

use crate::number;

/// Zones with changes of every kind: none, an hour, half an hour, two hours, at midnight, over the date line, in Ramadan.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
];

fn zone(text: &str) -> &'static str {
    ZONES[(number(text.as_bytes()) % ZONES.len() as u64) as usize]
}

/// A cron expression.
pub fn cron(text: &str) {
    read(Schedule::cron(text, zone(text)), text);
}

/// A recurrence rule.
pub fn rrule(text: &str) {
    read(Schedule::rrule(text, zone(text)), text);
}

/// A phrase, or a time of day, hour or week; and a text that is one of these alone is read by one of them alone.
pub fn phrase(text: &str) {
    let zone = zone(text);
    read(Schedule::phrase(text, zone), text);
    read(Schedule::daily(text, zone), text);
    read(Schedule::hourly(text, zone), text);
    read(Schedule::weekly(text, zone), text);
    read(Schedule::at(text, zone), text);
}

/// A schedule in the words of each other system. What it becomes is said by options, which the usual doors read as the same.
pub fn dialect(text: &str) {
    for dialect in Dialect::ALL {
        let translated = match Schedule::from_dialect(text, *dialect, zone(text)) {
            Ok(translated) => translated,
            Err(error) => {
                says(&error);
                continue;
            }
        };
        let again = match translated.option() {
            ("cron", value) => Schedule::cron(value, translated.zone()),
            ("every", value) => Schedule::every(value, translated.phase()),
            ("at", value) => Schedule::at(value, translated.zone()),
            (option, _) => panic!("no option `{option}`"),
        };
        assert_eq!(again.as_ref(), Ok(translated.schedule()), "{dialect}: {text:?}");
        holds(translated.schedule(), number(text.as_bytes()));
    }
}

/// The text in which a store keeps a schedule.
pub fn stored(text: &str) {
    read(text.parse(), text);
}

fn read(schedule: Result<Schedule, ScheduleError>, text: &str) {
    match schedule {
        Ok(schedule) => holds(&schedule, number(text.as_bytes())),
        Err(error) => says(&error),
    }
}

/// A refusal points at a part of the text, and can be shown.
fn says(error: &ScheduleError) {
    pointed(error.expression(), error.span());
    let diagram = error.diagram();
    assert!(diagram.lines().count() == 2 && diagram.contains('^'), "{diagram:?}");
    assert!(!error.to_string().is_empty());
    assert_ne!(error.help().as_deref(), Some(""));
}

/// Whether a part of a text can be shown: it lies in the text and cuts no character in two.
pub(crate) fn pointed(text: &str, span: Range<usize>) {
    assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
}

/// What every schedule promises.
pub(crate) fn holds(schedule: &Schedule, number: u64) {
    let text = schedule.to_string();
    let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(&again, schedule, "{text}");
    assert_eq!(again.to_string(), text);
    assert_eq!(again.fingerprint(), schedule.fingerprint(), "{text}");
    assert_eq!(again.describe(), schedule.describe(), "{text}");
    let _ = schedule.lints();
    if let Err(error) = schedule.clone().refuse_never() {
        says(&error);
    }
    let instants = instants(number);
    for t in instants {
        ticks(schedule, t);
    }
    if schedule.needs_registration() {
        let anchored = schedule.anchored(instants[0]);
        assert!(!anchored.needs_registration(), "{anchored}");
        holds(&anchored, number.rotate_left(17));
    }
}

/// Two anywhere from 1970 to 2200, and the ends of the calendar.
fn instants(number: u64) -> [DateTime<Utc>; 4] {
    let any = |number: u64| {
        let nano = if number & 1 == 0 { 0 } else { (number >> 3) as u32 % 1_000_000_000 };
        DateTime::from_timestamp((number >> 7) as i64 % 7_258_118_400, nano).unwrap_or_default()
    };
    [any(number), any(number.rotate_left(29)), DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]
}

fn ticks(schedule: &Schedule, t: DateTime<Utc>) {
    let mut last = t;
    let mut count = 0;
    for tick in schedule.iter_after(t).take(5) {
        assert!(tick > last, "{schedule}: {tick} after {last}");
        assert!(schedule.matches(tick), "{schedule}: {tick} is no tick");
        let before = schedule.prev_before(tick);
        if schedule.is_delay() {
            assert_eq!(before, None, "{schedule}");
        } else if count > 0 {
            assert_eq!(before, Some(last), "{schedule}: before {tick}");
        } else {
            assert!(before.is_none_or(|before| before <= t), "{schedule}: {before:?} of {tick}, after {t}");
        }
        count += 1;
        last = tick;
    }
    assert_eq!(schedule.count_between(t, last), count, "{schedule}: from {t} to {last}");
    if let Some(before) = schedule.prev_before(t) {
        assert!(before < t, "{schedule}: {before} before {t}");
        assert!(
            schedule.next_after(before).is_none_or(|next| next >= t),
            "{schedule}: between {before} and {t}"
        );
    }
}
