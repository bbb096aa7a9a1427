//! Every change of the clock in every zone, 1970 to 2037: daily jobs run once a day, quarter-hourly jobs keep
//! their pace.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use common::{changes, instant, model, near, utc, wall};
use cron_core::schedule::{DstGap, Schedule};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

const DAY: i64 = 86_400;
/// 2038-01-01.
const END: i64 = 2_145_916_800;

/// The instant at which a daily job at this local second of this local day runs: once, by §2.2.
fn expected(local: i64, at: i64, before: i64, after: i64) -> Option<i64> {
    let (end_before, start_after) = (at + before, at + after);
    if local < end_before {
        // Before the change, or the first time of a repeated hour.
        Some(local - before)
    } else if local >= start_after {
        Some(local - after)
    } else if after - before <= 3 * 3_600 {
        // In the gap: at the first moment after it.
        Some(at)
    } else {
        None
    }
}

#[test]
fn a_daily_job_runs_once_on_the_day_of_a_change() {
    let (mut seen, mut inside) = (0, 0);
    for zone in TZ_VARIANTS {
        for (at, before, after) in changes(zone, 0, END) {
            let (low, high) = ((at + before).min(at + after), (at + before).max(at + after));
            // Each minute of the local clock that the change skips or repeats, and a few around them.
            for minute in low.div_euclid(60) - 5..=high.div_euclid(60) + 5 {
                let local = minute * 60;
                let time = local.rem_euclid(DAY);
                let schedule =
                    Schedule::daily(&format!("{:02}:{:02}", time / 3_600, time / 60 % 60), zone.name())
                        .unwrap();
                let wanted: Vec<DateTime<Utc>> = (-1..=1)
                    .filter_map(|day| expected(local + day * DAY, at, before, after))
                    .map(utc)
                    .collect();
                let from = wanted[0] - TimeDelta::seconds(1);
                let through = *wanted.last().unwrap();
                let found: Vec<_> = schedule.between(from, through).collect();
                assert_eq!(found, wanted, "{schedule} around {} of {zone}", utc(at));
                assert_eq!(schedule.count_between(from, through), wanted.len() as u64);
                if wanted.len() == 3 && (low..high).contains(&local) {
                    inside += 1;
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 30_000 && inside > 1_500_000, "only {seen} changes and {inside} times inside them");
}

/// The last change of each kind in a zone: from which offset, to which, and at what time of the clock.
fn kinds(zone: Tz) -> impl Iterator<Item = (i64, i64, i64)> {
    let kind = |(at, before, after): &(i64, i64, i64)| (*before, *after, (at + before).rem_euclid(DAY));
    let kinds: BTreeMap<_, _> =
        changes(zone, 0, END).into_iter().map(|change| (kind(&change), change)).collect();
    kinds.into_values()
}

/// The property of `properties.rs` takes zones and times as they come; this one leaves out no kind of change.
#[test]
fn no_match_is_missed_around_any_kind_of_change_in_any_zone() {
    let mut runner = TestRunner::deterministic();
    let (mut cases, mut ticks) = (0, 0);
    for zone in TZ_VARIANTS {
        for (at, before, _) in kinds(zone) {
            for shift in 0..8 {
                let model = model().new_tree(&mut runner).unwrap().current();
                let model = near(model, at + before, shift);
                let (first, last) = (at - 2 * 3_600, at + 3 * 3_600);
                let schedule = Schedule::cron(&model.text(), zone.name()).unwrap();
                let wanted = model.ticks(zone, first, last);
                let found = schedule.between(utc(first - 1), utc(last)).map(|tick| tick.timestamp());
                assert_eq!(found.collect::<Vec<_>>(), wanted, "{schedule} around {}", utc(at));
                assert_eq!(
                    schedule.count_between(utc(first - 1), utc(last)),
                    wanted.len() as u64,
                    "{schedule}"
                );
                let mut end = utc(last + 1);
                for tick in wanted.iter().rev() {
                    assert_eq!(schedule.prev_before(end), Some(utc(*tick)), "{schedule} before {end}");
                    end = utc(*tick);
                }
                assert!(schedule.prev_before(end).is_none_or(|tick| tick < utc(first)), "{schedule} {end}");
                cases += 1;
                ticks += wanted.len();
            }
        }
    }
    assert!(cases >= 10_000 && ticks > cases, "only {cases} cases with {ticks} ticks");
}

#[test]
fn a_job_every_15_minutes_keeps_its_pace() {
    for zone in TZ_VARIANTS {
        let schedule = Schedule::cron("*/15 * * * *", zone.name()).unwrap();
        for (at, before, after) in changes(zone, DAY, END) {
            let ticks: Vec<_> = schedule.between(utc(at - 7_200), utc(at + 7_200)).collect();
            // Offsets are whole quarters of an hour nearly everywhere; then the pace of instants never changes.
            if before % 900 == 0 && after % 900 == 0 {
                assert_eq!(ticks.len(), 16, "{zone} around {}", utc(at));
                assert!(
                    ticks.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(15)),
                    "{zone} {}",
                    utc(at)
                );
            }
            for tick in ticks {
                assert_eq!(common::second_of_day(zone, tick) % 900, 0, "{zone} {tick}");
            }
        }
    }
}

#[test]
fn counting_a_century_is_the_same_as_walking_it() {
    let (from, through) = (instant("1970-01-01T00:00:00Z"), instant("2070-01-01T00:00:00Z"));
    for zone in TZ_VARIANTS.into_iter().step_by(7) {
        for text in ["30 2 * * *", "*/30 1 * * SUN", "0 0 1 * *", "59 23 L * *"] {
            let schedule = Schedule::cron(text, zone.name()).unwrap();
            assert_eq!(
                schedule.count_between(from, through),
                schedule.between(from, through).count() as u64,
                "{schedule}"
            );
        }
    }
}

fn first(schedule: &Schedule, after: &str, zone: Tz) -> Vec<String> {
    schedule.iter_after(instant(after)).take(3).map(|tick| wall(zone, tick)).collect()
}

#[test]
fn a_run_in_a_gap_happens_once_right_after_it() {
    let zone = Tz::America__New_York;
    let schedule = Schedule::cron("30 2 * * *", zone.name()).unwrap();
    assert_eq!(
        first(&schedule, "2025-03-08T12:00:00Z", zone),
        ["2025-03-09 03:00:00", "2025-03-10 02:30:00", "2025-03-11 02:30:00"]
    );
    let several = Schedule::cron("0,10,20 2-3 * * *", zone.name()).unwrap();
    assert_eq!(
        first(&several, "2025-03-09T06:00:00Z", zone),
        ["2025-03-09 03:00:00", "2025-03-09 03:10:00", "2025-03-09 03:20:00"]
    );
    let strict = schedule.with_dst_gap(DstGap::Skip);
    assert_eq!(first(&strict, "2025-03-08T12:00:00Z", zone)[0], "2025-03-10 02:30:00");
}

#[test]
fn a_repeated_hour_repeats_only_what_is_interval_like() {
    let zone = Tz::Europe__Berlin;
    let within = |text: &str| {
        let schedule = Schedule::cron(text, zone.name()).unwrap();
        schedule.count_between(instant("2025-10-26T00:00:00Z"), instant("2025-10-26T01:59:59Z"))
    };
    assert_eq!(within("30 2 * * *"), 1);
    assert_eq!(within("30 * * * *"), 2);
    assert_eq!(within("*/30 2 * * *"), 3, "02:30, 02:00 again, 02:30 again; the first 02:00 is at the start");
    assert_eq!(within("0,30 2 * * *"), 1);
    // A step that leaves one value leaves a fixed time.
    assert_eq!(within("*/60 2 * * *"), 0, "02:00 is at the start, and it is not repeated");
    for (one_value, plain) in
        [("0 */24 * * *", "0 0 * * *"), ("*/60 1 * * *", "0 1 * * *"), ("*/60 */90 3 * * *", "0 0 3 * * *")]
    {
        let schedule = |text| Schedule::cron(text, zone.name()).unwrap();
        assert!(!schedule(one_value).is_interval_like(), "{one_value}");
        assert_eq!(schedule(one_value), schedule(plain));
        assert_eq!(schedule(one_value).fingerprint(), schedule(plain).fingerprint());
    }
    assert!(Schedule::cron("*/60 * * * *", zone.name()).unwrap().is_interval_like(), "each hour");
}

/// The calendar of this schedule has nothing before and nothing after the repeated hour of one day, so the search
/// on one clock ends before the other clock has shown its times.
#[test]
fn a_calendar_that_begins_and_ends_in_a_repeated_hour_has_both_passes() {
    let schedule = Schedule::cron("1 * 2 1 11 * 2026", "America/New_York").unwrap();
    assert_eq!(
        schedule.next_after(utc(0)).map(|tick| tick.to_rfc3339()).as_deref(),
        Some("2026-11-01T07:00:01+00:00")
    );
    let schedule = Schedule::cron("1 */30 1 1 11 * 2026", "America/New_York").unwrap();
    let ticks: Vec<_> = schedule.iter_after(utc(0)).collect();
    let shown: Vec<_> = ticks.iter().map(|tick| tick.format("%H:%M:%S").to_string()).collect();
    assert_eq!(shown, ["05:00:01", "05:30:01", "06:00:01", "06:30:01"]);
    for pair in ticks.windows(2) {
        assert_eq!(schedule.prev_before(pair[1]), Some(pair[0]));
        for second in pair[0].timestamp()..pair[1].timestamp() {
            assert_eq!(schedule.next_after(utc(second)), Some(pair[1]));
            assert_eq!(schedule.prev_before(utc(second + 1)), Some(pair[0]));
        }
    }
    assert_eq!(schedule.prev_before(ticks[0]), None);
    assert_eq!(schedule.next_after(ticks[3]), None);
    assert_eq!(schedule.count_between(utc(0), utc(END)), 4);
}

#[test]
fn a_day_that_did_not_exist_has_no_run() {
    let zone = Tz::Pacific__Apia;
    let schedule = Schedule::daily("09:00", zone.name()).unwrap();
    assert_eq!(
        first(&schedule, "2011-12-28T20:00:00Z", zone),
        ["2011-12-29 09:00:00", "2011-12-31 09:00:00", "2012-01-01 09:00:00"]
    );
    assert!(!Schedule::cron("0 0 9 30 12 * 2011", zone.name()).unwrap().has_any_tick());
    assert!(Schedule::at("2011-12-30T09:00:00", zone.name()).is_err());
}

#[test]
fn half_hours_two_hours_and_midnight_follow_the_rule() {
    let run = |text: &str, zone: Tz, after: &str| {
        let tick = Schedule::daily(text, zone.name()).unwrap().next_after(instant(after)).unwrap();
        wall(zone, tick)
    };
    // Lord Howe goes forward by half an hour at 02:00, Troll by two hours at 01:00, Beirut by one at midnight.
    assert_eq!(run("02:15", Tz::Australia__Lord_Howe, "2025-10-04T12:00:00Z"), "2025-10-05 02:30:00");
    assert_eq!(run("01:16", Tz::Antarctica__Troll, "2025-03-29T12:00:00Z"), "2025-03-30 03:00:00");
    assert_eq!(run("00:30", Tz::Asia__Beirut, "2025-03-29T12:00:00Z"), "2025-03-30 01:00:00");
    assert_eq!(run("00:00", Tz::Asia__Beirut, "2025-03-29T12:00:00Z"), "2025-03-30 01:00:00");
}

#[test]
fn the_calendar_ends_with_2199() {
    let schedule = Schedule::cron("59 23 31 12 *", "America/New_York").unwrap();
    let last = schedule.prev_before(instant("2300-01-01T00:00:00Z")).unwrap();
    assert_eq!(wall(Tz::America__New_York, last), "2199-12-31 23:59:00");
    assert_eq!(schedule.next_after(last), None);
    let first = schedule.next_after(DateTime::<Utc>::MIN_UTC).unwrap();
    assert_eq!(wall(Tz::America__New_York, first), "1970-12-31 23:59:00");
    assert_eq!(schedule.prev_before(first), None);
    assert_eq!(schedule.count_between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), 230);
    assert_eq!(NaiveDate::from_ymd_opt(2200, 1, 1).map(|date| date.to_epoch_days()), Some(84_006));
}
