//! The crate `cron` 0.17 beside ours: equal where the rules are the same, and the evidence of
//! `docs/decisions/0001-own-schedule-evaluator.md` where they are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use common::{Days, Item, List, Weekdays, instant, model, utc, wall};
use cron_core::schedule::Schedule;
use proptest::prelude::*;

fn theirs(expression: &str, zone: Tz, after: &str, take: usize) -> Vec<DateTime<Utc>> {
    let schedule = cron::Schedule::from_str(expression).unwrap();
    schedule.after(&instant(after).with_timezone(&zone)).take(take).map(|tick| tick.to_utc()).collect()
}

fn ours(expression: &str, zone: Tz, after: &str, take: usize) -> Vec<DateTime<Utc>> {
    Schedule::cron(expression, zone.name()).unwrap().iter_after(instant(after)).take(take).collect()
}

fn walls(zone: Tz, ticks: &[DateTime<Utc>]) -> Vec<String> {
    ticks.iter().map(|tick| wall(zone, *tick)).collect()
}

/// Weekdays by name, as both crates read them.
const NAMES: [&str; 6] = ["*", "MON-FRI", "SAT", "SUN,WED", "TUE-THU,SAT", "FRI"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// UTC, days of the week by name, one day field unrestricted, years to 2100.
    #[test]
    fn equal_in_utc_within_the_common_language(model in model(), names in prop::sample::select(&NAMES[..]), t in 0_i64..4_070_908_800) {
        let mut model = model;
        let plain = matches!(&model.days, Days::List(_, last) if last.is_empty());
        if names != "*" || !plain {
            model.days = Days::Any("*");
        }
        model.weekdays = Weekdays::Any(names);
        model.both = false;
        model.second = model.second.or(Some(List(vec![Item::Value(0)])));
        model.year = None;
        let text = model.text();
        // `cron` refuses steps that are larger than their range.
        let Ok(theirs) = cron::Schedule::from_str(&text) else { return Ok(()) };
        let schedule = Schedule::cron(&text, "UTC").unwrap();
        let end = instant("2100-12-31T23:59:59Z");
        let wanted: Vec<_> = theirs.after(&utc(t)).take(5).collect();
        let found: Vec<_> = schedule.iter_after(utc(t)).take(5).take_while(|tick| *tick <= end).collect();
        prop_assert_eq!(&found, &wanted, "{}", text);
        if let Some(last) = found.last() {
            let back: Vec<_> = theirs.after(last).rev().take(3).collect();
            let ours: Vec<_> = std::iter::successors(schedule.prev_before(*last), |tick| schedule.prev_before(*tick)).take(3).collect();
            prop_assert_eq!(ours, back, "{}", text);
        }
    }
}

#[test]
fn cron_takes_weekday_1_for_sunday() {
    let found = theirs("0 0 9 * * 1", Tz::UTC, "2025-01-01T00:00:00Z", 1);
    assert_eq!(found, [instant("2025-01-05T09:00:00Z")], "a Sunday; 1 is Monday in every crontab");
    assert_eq!(ours("0 9 * * 1", Tz::UTC, "2025-01-01T00:00:00Z", 1), [instant("2025-01-06T09:00:00Z")]);
    assert!(cron::Schedule::from_str("0 0 9 * * 0").is_err(), "0 for Sunday is refused");
}

#[test]
fn cron_wants_both_day_fields_where_crontab_wants_either() {
    let found = theirs("0 0 9 13 * FRI", Tz::UTC, "2025-01-01T00:00:00Z", 2);
    assert_eq!(found, [instant("2025-06-13T09:00:00Z"), instant("2026-02-13T09:00:00Z")]);
    assert_eq!(
        ours("0 9 13 * FRI", Tz::UTC, "2025-01-01T00:00:00Z", 3),
        [instant("2025-01-03T09:00:00Z"), instant("2025-01-10T09:00:00Z"), instant("2025-01-13T09:00:00Z")]
    );
}

#[test]
fn cron_loses_a_daily_run_in_a_gap() {
    let zone = Tz::America__New_York;
    let found = theirs("0 30 2 * * *", zone, "2025-03-08T00:00:00Z", 2);
    assert_eq!(walls(zone, &found), ["2025-03-08 02:30:00", "2025-03-10 02:30:00"], "nothing on 9 March");
    let found = ours("30 2 * * *", zone, "2025-03-08T00:00:00Z", 2);
    assert_eq!(walls(zone, &found), ["2025-03-08 02:30:00", "2025-03-09 03:00:00"]);
}

#[test]
fn cron_runs_a_daily_job_twice_in_a_repeated_hour() {
    let zone = Tz::America__New_York;
    let found = theirs("0 30 1 * * *", zone, "2025-11-01T12:00:00Z", 3);
    assert_eq!(walls(zone, &found), ["2025-11-02 01:30:00", "2025-11-02 01:30:00", "2025-11-03 01:30:00"]);
    let found = ours("30 1 * * *", zone, "2025-11-01T12:00:00Z", 2);
    assert_eq!(walls(zone, &found), ["2025-11-02 01:30:00", "2025-11-03 01:30:00"]);
}

#[test]
fn cron_gives_instants_out_of_order_in_a_repeated_hour() {
    let found = theirs("0 0,30 1 * * *", Tz::America__New_York, "2025-11-02T04:00:00Z", 4);
    let wanted = ["05:00", "06:00", "05:30", "06:30"].map(|time| instant(&format!("2025-11-02T{time}:00Z")));
    assert_eq!(found, wanted, "01:00 EDT, 01:00 EST, 01:30 EDT, 01:30 EST");
    // Asked once for each tick, as schedulers do, it leaves out the second pass or a part of the first.
    let pace = theirs("0 */15 * * * *", Tz::America__New_York, "2025-11-02T05:00:00Z", 8);
    assert!(pace.windows(2).any(|pair| pair[1] < pair[0]));
    let pace = ours("*/15 * * * *", Tz::America__New_York, "2025-11-02T05:00:00Z", 8);
    assert!(pace.windows(2).all(|pair| (pair[1] - pair[0]).num_minutes() == 15));
}

#[test]
fn cron_knows_neither_five_fields_nor_last_days_nor_years_after_2100() {
    for expression in ["0 9 * * MON-FRI", "0 0 0 L * *", "0 0 0 * * 5#2", "0 0 0 15W * *", "0 0 0 1 1 * 2150"]
    {
        assert!(cron::Schedule::from_str(expression).is_err(), "{expression}");
    }
}
