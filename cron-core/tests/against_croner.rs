//! The crate `croner` 4 beside ours: equal where the rules are the same, and the evidence of
//! `docs/decisions/0001-own-schedule-evaluator.md` where they are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use common::{Days, Model, changes, instant, model, utc, wall, zone};
use cron_core::schedule::Schedule;
use proptest::prelude::*;

fn theirs(expression: &str, zone: Tz, after: DateTime<Utc>, take: usize) -> Vec<DateTime<Utc>> {
    let cron = croner::Cron::from_str(expression).unwrap();
    let next = |at: &DateTime<Utc>| {
        cron.find_next_occurrence(&at.with_timezone(&zone), false).ok().map(|t| t.to_utc())
    };
    std::iter::successors(next(&after), next).take(take).collect()
}

fn ours(expression: &str, zone: Tz, after: DateTime<Utc>, take: usize) -> Vec<DateTime<Utc>> {
    Schedule::cron(expression, zone.name()).unwrap().iter_after(after).take(take).collect()
}

fn walls(zone: Tz, ticks: &[DateTime<Utc>]) -> Vec<String> {
    ticks.iter().map(|tick| wall(zone, *tick)).collect()
}

/// Inside what both read the same way: no `L-n`, no years.
fn common_language(mut model: Model) -> Model {
    model.year = None;
    if let Days::List(list, last) = &mut model.days {
        last.retain(|back| *back == 0);
        if list.0.is_empty() && last.is_empty() {
            model.days = Days::Any("*");
        }
    }
    model
}

/// Whether second, minute and hour have one value each, as written: what croner takes for a fixed time.
fn single(model: &Model) -> bool {
    let one = |list: &common::List| matches!(list.0[..], [common::Item::Value(_)]);
    model.second.as_ref().is_none_or(one) && one(&model.minute) && one(&model.hour)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_in_utc(model in model().prop_map(common_language), t in 0_i64..4_070_908_800) {
        let text = model.text();
        let wanted = ours(&text, Tz::UTC, utc(t), 3);
        let near = wanted.last().is_some_and(|last| (*last - utc(t)).num_days() < 3_650);
        if near {
            prop_assert_eq!(theirs(&text, Tz::UTC, utc(t), 3), wanted, "{}", text);
        }
    }

    /// Interval-like schedules and those with one value in each field of the time, over changes of at most 3 h.
    #[test]
    fn equal_at_changes_of_the_clock_where_the_rule_is_the_same(
        model in model().prop_map(common_language), zone in zone(), t in 0_i64..4_070_908_800, before in 0_i64..20_000,
    ) {
        let Some((at, old, new)) = changes(zone, t, t + 366 * 86_400).first().copied() else { return Ok(()) };
        if !(model.interval_like() || single(&model)) || (new - old).abs() > 3 * 3_600 {
            return Ok(());
        }
        let (text, start) = (model.text(), utc(at - before));
        let wanted: Vec<_> = ours(&text, zone, start, 6).into_iter().filter(|tick| *tick <= utc(at + 86_400)).collect();
        prop_assert_eq!(theirs(&text, zone, start, wanted.len()), wanted, "{} {}", text, zone);
    }
}

#[test]
fn croner_loses_runs_in_a_gap_if_a_field_has_two_values() {
    let (zone, after) = (Tz::America__New_York, instant("2025-03-08T12:00:00Z"));
    // One value: after the gap, as ours. Two values: the whole day is lost.
    assert_eq!(walls(zone, &theirs("30 2 * * *", zone, after, 1)), ["2025-03-09 03:00:00"]);
    assert_eq!(walls(zone, &theirs("0,30 2 * * *", zone, after, 1)), ["2025-03-10 02:00:00"]);
    assert_eq!(walls(zone, &ours("0,30 2 * * *", zone, after, 1)), ["2025-03-09 03:00:00"]);
}

#[test]
fn croner_runs_twice_in_a_repeated_hour_if_a_field_has_two_values() {
    let (zone, after) = (Tz::America__New_York, instant("2025-11-01T18:00:00Z"));
    assert_eq!(
        walls(zone, &theirs("0 1,9 * * *", zone, after, 3)),
        ["2025-11-02 01:00:00", "2025-11-02 01:00:00", "2025-11-02 09:00:00"]
    );
    assert_eq!(
        walls(zone, &ours("0 1,9 * * *", zone, after, 2)),
        ["2025-11-02 01:00:00", "2025-11-02 09:00:00"]
    );
}

#[test]
fn croner_ends_a_daily_job_for_good_where_a_day_is_left_out() {
    let (zone, after) = (Tz::Pacific__Apia, instant("2011-12-28T20:00:00Z"));
    assert_eq!(
        walls(zone, &theirs("0 9 * * *", zone, after, 9)),
        ["2011-12-29 09:00:00"],
        "then never again"
    );
    assert_eq!(
        walls(zone, &ours("0 9 * * *", zone, after, 2)),
        ["2011-12-29 09:00:00", "2011-12-31 09:00:00"]
    );
}

#[test]
fn croner_counts_steps_of_years_from_the_year_1() {
    let after = instant("2025-11-01T12:00:00Z");
    assert_eq!(theirs("0 0 9 1 1 * */100", Tz::UTC, after, 1), [instant("2101-01-01T09:00:00Z")]);
    assert_eq!(ours("0 0 9 1 1 * */100", Tz::UTC, after, 1), [instant("2070-01-01T09:00:00Z")]);
}

#[test]
fn croner_accepts_what_cannot_be_meant() {
    let after = instant("2025-11-01T12:00:00Z");
    // Legal there, and without any run; here they are errors that say what to write.
    for expression in ["0 9 * * L", "0 0 9 * * * 1950"] {
        assert!(theirs(expression, Tz::UTC, after, 1).is_empty());
        assert!(Schedule::cron(expression, "UTC").is_err(), "{expression}");
    }
    // Sunday to Sunday is every day there; §2.1 reads the first `SUN` as 0 and means Sundays.
    assert_eq!(theirs("0 9 * * SUN-SUN", Tz::UTC, after, 1), [instant("2025-11-02T09:00:00Z")]);
    assert_eq!(theirs("0 9 * * SUN-SUN", Tz::UTC, after, 2)[1], instant("2025-11-03T09:00:00Z"));
    assert_eq!(ours("0 9 * * SUN-SUN", Tz::UTC, after, 2)[1], instant("2025-11-09T09:00:00Z"));
    assert!(croner::Cron::from_str("0 9 L-3 * *").is_err(), "days before the last are missing");
}
