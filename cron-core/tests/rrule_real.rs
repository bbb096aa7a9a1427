//! Recurrence rules out of other libraries, as they were found: what is accepted has the times that were meant, and
//! what is refused says what to write, which then has them.

#![cfg(feature = "rrule")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod obey;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::schedule::{RruleMistake as Mistake, Schedule, ScheduleError, ScheduleErrorKind as Kind};
use obey::outcomes;
use serde_json::Value;

const CORPUS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/schedules-real.jsonl"));

/// The first times on the clock of the zone.
fn first(schedule: &Schedule, zone: Tz, count: usize) -> Vec<String> {
    let ticks = schedule.iter_after(DateTime::<Utc>::MIN_UTC).take(count);
    ticks.map(|tick| tick.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()).collect()
}

/// The zone in which the times were meant: that of the rule. Options that stand for a rule have none.
fn zone_of(schedule: &Schedule) -> Tz {
    match schedule {
        Schedule::Rrule(rule) => rule.zone(),
        _ => Tz::UTC,
    }
}

/// Whether an error says what to write, or what its part takes.
fn says_why(error: &ScheduleError) -> bool {
    error.help().is_some_and(|help| !help.is_empty()) || error.to_string().contains(" takes ")
}

#[test]
fn rules_of_others_have_the_times_that_were_meant() {
    let (mut accepted, mut led, mut over, mut refused) = (0, 0, 0, Vec::new());
    for line in CORPUS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if case["dialect"] != "rrule" {
            continue;
        }
        let (text, meant) = (case["expr"].as_str().unwrap(), case["meant"].as_str().unwrap());
        let times: Vec<&str> = match meant.split_once("DTSTART: ") {
            Some((_, "none")) => Vec::new(),
            Some((_, times)) => times.split(", ").collect(),
            None => {
                // Not a rule anywhere: refused, with a reason.
                let error = Schedule::rrule(text, "UTC").expect_err(text);
                assert!(says_why(&error), "{text}: {error}");
                refused.push(text.to_owned());
                continue;
            }
        };
        let result = Schedule::rrule(text, "UTC");
        if times.is_empty() {
            // Over before it begins.
            match &result {
                Ok(schedule) => assert_eq!(schedule.next_after(DateTime::<Utc>::MIN_UTC), None, "{text}"),
                Err(error) => assert!(says_why(error), "{text}: {error}"),
            }
            for outcome in outcomes(text, "UTC", Schedule::rrule) {
                assert!(outcome.iter().all(|schedule| !schedule.has_any_tick()), "{text}");
            }
            over += 1;
            continue;
        }
        if let Ok(schedule) = &result {
            assert_eq!(first(schedule, zone_of(schedule), times.len()), times, "{text}");
            accepted += 1;
            continue;
        }
        let error = result.unwrap_err();
        assert!(says_why(&error), "{text}: {error}");
        let found = outcomes(text, "UTC", Schedule::rrule);
        for outcome in &found {
            for schedule in outcome {
                assert_eq!(first(schedule, zone_of(schedule), times.len()), times, "{text}: {error}");
            }
        }
        if found.is_empty() { refused.push(text.to_owned()) } else { led += 1 }
    }
    assert!(accepted >= 55 && led >= 12 && over >= 10, "{accepted} {led} {over} {refused:#?}");
    // Two rules in one text, and rules that nobody can read.
    assert!(refused.len() <= 8, "{refused:#?}");
}

/// Each refused text with all that its hints lead to, obeyed to the end.
#[test]
fn hints_of_rules_lead_to_what_is_meant() {
    for (text, zone, wanted) in [
        ("FREQ=MINUTELY;INTERVAL=5", "UTC", vec!["every(5m)", "cron(*/5 * * * *) UTC"]),
        ("FREQ=MINUTELY;INTERVAL=7", "UTC", vec!["every(7m)"]),
        ("FREQ=SECONDLY;INTERVAL=15", "UTC", vec!["every(15s)", "cron(*/15 * * * * *) UTC"]),
        // With BY parts, and with a count from an unknown start, something would be lost.
        ("FREQ=MINUTELY;INTERVAL=15;BYHOUR=9,10", "UTC", vec![]),
        ("FREQ=MINUTELY;COUNT=3", "UTC", vec![]),
        ("DTSTART:20260105T090000 RRULE:FREQ=MINUTELY EXDATE:20260105T090100", "UTC", vec![]),
        (
            "DTSTART:20260105T090200 RRULE:FREQ=MINUTELY;INTERVAL=5;COUNT=3",
            "America/New_York",
            vec!["within(2026-01-05T14:02:00Z..2026-01-05T14:12:00Z) every(5m, phase 2m)"],
        ),
        (
            "DTSTART:2026-01-05T09:00:00 RRULE:FREQ=DAILY",
            "Europe/London",
            vec!["rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) Europe/London"],
        ),
        (
            "DTSTART:2026-01-05 RRULE:FREQ=DAILY;UNTIL=2026-02-01",
            "UTC",
            vec!["rrule(DTSTART:20260105T000000 RRULE:FREQ=DAILY;UNTIL=20260201T235959) UTC"],
        ),
        (
            "DTSTART;VALUE=DATE:20260105 RRULE:FREQ=DAILY",
            "UTC",
            vec!["rrule(DTSTART:20260105T000000 RRULE:FREQ=DAILY) UTC"],
        ),
        // A whole day of `EXDATE` is the time of the rule on that day; of `RDATE` nobody knows.
        (
            "DTSTART:20260105T090000 RRULE:FREQ=DAILY EXDATE;VALUE=DATE:20260106,20260107",
            "UTC",
            vec![
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY EXDATE:20260106T090000,20260107T090000) UTC",
            ],
        ),
        ("DTSTART:20260105T090000 RRULE:FREQ=DAILY;BYHOUR=9,17 EXDATE:20260106", "UTC", vec![]),
        (
            "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY RDATE:20260106",
            "UTC",
            vec![
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=WEEKLY RDATE:20260106T000000) UTC",
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=WEEKLY RDATE:20260106T090000) UTC",
            ],
        ),
        (
            "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY RDATE;VALUE=PERIOD:20260106T090000/PT1H",
            "UTC",
            vec!["rrule(DTSTART:20260105T090000 RRULE:FREQ=WEEKLY RDATE:20260106T090000) UTC"],
        ),
        (
            "DTSTART;TZID=Pacific Standard Time:20260105T090000\nRRULE:FREQ=DAILY\nEXDATE;TZID=\"Pacific Standard Time\":20260106T090000",
            "UTC",
            vec![
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY EXDATE:20260106T090000) America/Los_Angeles",
            ],
        ),
        ("DTSTART;TZID=Middle Earth Time:20260105T090000\nRRULE:FREQ=DAILY", "UTC", vec![]),
        ("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "UTC", vec![]),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "UTC", vec![]),
        (
            "DTSTRAT:20260105T090000\nRRULE:FREQ=DAILY",
            "UTC",
            vec!["rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) UTC"],
        ),
        ("FREQ=MINUTLY;INTERVAL=7", "UTC", vec!["every(7m)"]),
        ("FREQ=FORTNIGHTLY", "UTC", vec![]),
        ("FREQ=WEEKLY;BYWEEKDAY=MO", "UTC", vec!["rrule(RRULE:FREQ=WEEKLY;BYDAY=MO) UTC"]),
        (
            "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/London\nBEGIN:DAYLIGHT\nDTSTART:19810329T010000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:Stand up\nDTSTART;TZID=Europe/London:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,\n TU\nBEGIN:VALARM\nDTSTART:20200101T000000\nEND:VALARM\nEXDATE;TZID=Europe/London:20260106T090000\nEND:VEVENT\nEND:VCALENDAR",
            "UTC",
            vec![
                "rrule(DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;BYDAY=MO,TU EXDATE:20260106T090000) Europe/London",
            ],
        ),
        ("BEGIN:VEVENT\nDTSTART:20260105T090000\nEND:VEVENT", "UTC", vec![]),
    ] {
        let error = Schedule::rrule(text, zone).expect_err(text);
        let found: Vec<String> =
            outcomes(text, zone, Schedule::rrule).iter().map(|outcome| outcome[0].to_string()).collect();
        assert_eq!(found, wanted, "{text}\n{error}");
        assert!(says_why(&error), "{text}: {error}");
    }
    let kind = |text: &str| Schedule::rrule(text, "UTC").unwrap_err().kind().clone();
    assert_eq!(kind("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY"), Kind::Rrule(Mistake::ExceptionRule));
    assert!(matches!(kind("BEGIN:VEVENT"), Kind::Rrule(Mistake::CalendarFile { lines: None })));
}
