//! Searching allocates nothing, and a schedule stays small.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use allocation_counter::measure;
use common::instant;
use cron_core::schedule::{CronSchedule, Schedule};

#[test]
fn searching_allocates_nothing() {
    let expressions =
        ["*/5 * * * *", "0 9 * * MON-FRI", "30 2 L * *", "0 0 29 2 +MON", "*/7 1 2 15W 3 * 2027-2060/3"];
    for zone in ["UTC", "America/New_York", "Pacific/Apia", "Antarctica/Troll"] {
        for expression in expressions {
            let schedule = Schedule::cron(expression, zone).unwrap();
            for start in [
                "1970-01-01T00:00:00Z",
                "2011-12-29T00:00:00Z",
                "2026-03-08T06:59:59.5Z",
                "2199-12-31T00:00:00Z",
            ] {
                let start = instant(start);
                let found = measure(|| {
                    let mut at = start;
                    for _ in 0..50 {
                        let Some(next) = schedule.next_after(at) else { break };
                        assert!(schedule.prev_before(next) < Some(next));
                        at = next;
                    }
                    assert!(schedule.count_between(start, at) <= 50);
                });
                assert_eq!(found.count_total, 0, "{schedule} after {start}");
            }
        }
    }
    let (every, at) =
        (Schedule::every("10s", None).unwrap(), Schedule::at("2026-12-25T00:00:00", "UTC").unwrap());
    let start = instant("2026-01-01T00:00:00Z");
    let found = measure(|| {
        assert!(every.next_after(start).is_some() && every.prev_before(start).is_some());
        assert!(at.next_after(start).is_some() && at.prev_before(start).is_none());
    });
    assert_eq!(found.count_total, 0);
}

/// All shared cases, from the instant of the case on, and over the clock changes of the days around it.
#[test]
fn no_shared_case_allocates() {
    let cases = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/cron.jsonl"));
    let mut searched = 0;
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| case[name].as_str().unwrap();
        let Ok(schedule) = Schedule::cron(field("expr"), field("tz")) else { continue };
        let start = instant(field("after"));
        let found = measure(|| {
            let last = schedule.iter_after(start).take(20).last();
            let end = last.unwrap_or(start);
            searched += schedule.count_between(start, end);
            assert!(schedule.prev_before(end).is_none_or(|tick| tick < end));
            assert!(last.is_none_or(|last| schedule.matches(last)));
        });
        assert_eq!(found.count_total, 0, "{line}");
    }
    assert!(searched > 5_000, "only {searched} ticks");
}

#[test]
fn a_plain_expression_is_parsed_without_allocating() {
    // The first schedule of a zone reads the zone.
    assert!(Schedule::cron("0 9 * * MON-FRI", "Europe/London").is_ok());
    let found = measure(|| assert!(Schedule::cron("0 9 * * MON-FRI", "Europe/London").is_ok()));
    assert_eq!(found.count_total, 0);
}

#[test]
fn a_schedule_is_small() {
    assert!(size_of::<CronSchedule>() <= 64);
    assert!(size_of::<Schedule>() <= 64);
}
