//! The shared cases: every line of `tests/data/cron.jsonl` through the public functions that users call.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::schedule::Schedule;
use serde_json::Value;

struct Case {
    expression: String,
    zone: String,
    after: DateTime<Utc>,
    expect: Value,
    why: String,
}

fn cases() -> Vec<Case> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/cron.jsonl"));
    let case = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| value[name].as_str().unwrap().to_owned();
        Case {
            expression: field("expr"),
            zone: field("tz"),
            after: field("after").parse().unwrap(),
            expect: value["expect"].clone(),
            why: field("why"),
        }
    };
    text.lines().map(case).collect()
}

#[test]
fn next_after_gives_the_expected_instants() {
    let mut wrong = Vec::new();
    for case in cases() {
        let parsed = Schedule::cron(&case.expression, &case.zone);
        let found = match &parsed {
            Err(_) => "error".into(),
            Ok(schedule) => {
                let ticks: Vec<_> = schedule.iter_after(case.after).take(5).collect();
                if ticks.is_empty() {
                    "never".into()
                } else {
                    let text = |tick: &DateTime<Utc>| tick.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                    Value::from(ticks.iter().map(text).collect::<Vec<_>>())
                }
            }
        };
        if found != case.expect {
            let Case { expression, zone, after, expect, why } = case;
            wrong
                .push(format!("{expression} {zone} after {after}\n  want {expect}\n  got  {found}\n  {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn prev_before_walks_the_same_instants_backwards() {
    for case in cases() {
        let Ok(schedule) = Schedule::cron(&case.expression, &case.zone) else { continue };
        let ticks: Vec<_> = schedule.iter_after(case.after).take(8).collect();
        for pair in ticks.windows(2) {
            assert_eq!(schedule.prev_before(pair[1]), Some(pair[0]), "{} {}", case.expression, case.zone);
            let within = pair[0] + TimeDelta::nanoseconds(1);
            assert_eq!(schedule.prev_before(within), Some(pair[0]), "{} {}", case.expression, case.zone);
        }
        if let Some(first) = ticks.first() {
            let before = schedule.prev_before(*first);
            assert!(before.is_none_or(|tick| tick <= case.after), "{} {}", case.expression, case.zone);
            assert_eq!(before.and_then(|tick| schedule.next_after(tick)), before.map(|_| *first));
        }
    }
}

#[test]
fn the_text_in_the_store_keeps_the_meaning() {
    for case in cases() {
        let Ok(schedule) = Schedule::cron(&case.expression, &case.zone) else { continue };
        let text = schedule.to_string();
        let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(again, schedule, "{} -> {text}", case.expression);
        assert_eq!(again.to_string(), text);
        assert_eq!(again.fingerprint(), schedule.fingerprint());
        assert_eq!(again.describe(), schedule.describe());
    }
}

#[test]
fn counting_is_walking() {
    for case in cases() {
        let Ok(schedule) = Schedule::cron(&case.expression, &case.zone) else { continue };
        for last in schedule.iter_after(case.after).take(5) {
            for through in [last, last + TimeDelta::milliseconds(999), last - TimeDelta::milliseconds(1)] {
                let walked = schedule.between(case.after, through).count() as u64;
                assert_eq!(schedule.count_between(case.after, through), walked, "{}", case.expression);
            }
        }
    }
}

#[test]
fn errors_are_one_line_and_point_into_the_text() {
    for case in cases() {
        let Err(error) = Schedule::cron(&case.expression, &case.zone) else { continue };
        assert_eq!(error.expression(), case.expression);
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(case.expression.get(error.span()).is_some(), "{error:?}");
        assert_eq!(error.diagram().lines().count(), 2);
    }
}

#[test]
fn schedules_without_a_date_are_refused() {
    for case in cases().into_iter().filter(|case| case.expect == "never") {
        let schedule = Schedule::cron(&case.expression, &case.zone).unwrap();
        // Some of these only have no tick left after the given instant.
        let ended = schedule.prev_before(case.after).is_some();
        assert_eq!(schedule.has_any_tick(), ended, "{}", case.expression);
        assert_eq!(schedule.refuse_never().is_ok(), ended, "{}", case.expression);
    }
}
