//! Properties of recurrence rules, in every zone.

#![cfg(feature = "rrule")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::{utc, zone};
use cron_core::schedule::Schedule;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const CASES: u32 = 10_000;
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

fn stamp(second: i64) -> String {
    utc(second).format("%Y%m%dT%H%M%S").to_string()
}

/// A list for a part, now and then or never.
fn list(name: &'static str, first: i32, last: i32, chance: f64) -> BoxedStrategy<Option<String>> {
    if chance == 0.0 {
        return Just(None).boxed();
    }
    let number = (first..=last).prop_filter("zero is no position", move |n| first >= 0 || *n != 0);
    let numbers = prop::collection::vec(number, 1..4);
    prop::option::weighted(chance, numbers)
        .prop_map(move |numbers| {
            numbers.map(|all| {
                format!("{name}={}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            })
        })
        .boxed()
}

/// Weekdays, of which some are numbered where that is allowed.
fn days(numbered: bool) -> impl Strategy<Value = Option<String>> {
    let day = (select(&DAYS[..]), -4..=5).prop_map(move |(day, number)| match number {
        0 => day.to_owned(),
        number if numbered => format!("{number}{day}"),
        _ => day.to_owned(),
    });
    let days = prop::collection::vec(day, 1..4);
    prop::option::weighted(0.4, days).prop_map(|days| days.map(|days| format!("BYDAY={}", days.join(","))))
}

prop_compose! {
    fn rule()(frequency in select(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"][..]))(
        interval in prop_oneof![3 => Just(1), 3 => 2_u32..10, 1 => 10_u32..10_001],
        end in prop_oneof![
            3 => Just(String::new()),
            1 => (1_u32..500).prop_map(|count| format!(";COUNT={count}")),
            1 => (4_000_000_000_i64..5_000_000_000, select(&["", "Z"][..]))
                .prop_map(|(second, utc)| format!(";UNTIL={}{utc}", stamp(second))),
        ],
        week_start in select(&DAYS[..]),
        month in list("BYMONTH", 1, 12, 0.2),
        week in list("BYWEEKNO", -53, 53, if frequency == "YEARLY" { 0.2 } else { 0.0 }),
        year_day in list("BYYEARDAY", -366, 366, if frequency == "YEARLY" || frequency == "HOURLY" { 0.15 } else { 0.0 }),
        month_day in list("BYMONTHDAY", -31, 31, if frequency == "WEEKLY" { 0.0 } else { 0.25 }),
        day in days(frequency == "MONTHLY"),
        hour in list("BYHOUR", 0, 23, 0.4),
        minute in list("BYMINUTE", 0, 59, 0.3),
        second in list("BYSECOND", 0, 59, 0.1),
        position in list("BYSETPOS", -5, 5, 0.2),
        frequency in Just(frequency),
    ) -> String {
        let chooses = [&month, &week, &year_day, &month_day, &day, &hour, &minute, &second].iter().any(|by| by.is_some());
        let parts = [month, week, year_day, month_day, day, hour, minute, second, position.filter(|_| chooses)];
        let parts: String = parts.into_iter().flatten().map(|part| format!(";{part}")).collect();
        format!("RRULE:FREQ={frequency};INTERVAL={interval};WKST={week_start}{end}{parts}")
    }
}

prop_compose! {
    /// Any rule with a start, with dates added and some of its own taken away.
    fn schedule()(
        rule in rule(), zone in zone(), start in 0_i64..4_000_000_000,
        added in prop::collection::vec(0_i64..200_000_000, 0..3),
        removed in subsequence((0..5_usize).collect::<Vec<_>>(), 0..3),
    ) -> Schedule {
        let mut text = format!("DTSTART:{}\n{rule}", stamp(start));
        let naive = Schedule::rrule(&text.replace('Z', ""), "UTC").unwrap_or_else(|error| panic!("{text}: {error}"));
        let first: Vec<_> = naive.iter_after(utc(start - 1)).take(5).collect();
        for index in removed {
            if let Some(tick) = first.get(index) {
                text += &format!("\nEXDATE:{}", stamp(tick.timestamp()));
            }
        }
        for date in added {
            text += &format!("\nRDATE:{}", stamp(start + date));
        }
        Schedule::rrule(&text, zone.name()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ticks_increase_strictly_and_prev_is_the_inverse(schedule in schedule(), t in 0_i64..5_000_000_000) {
        let t = utc(t);
        let mut last = t;
        let ticks: Vec<_> = schedule.iter_after(t).take(5).collect();
        for (number, tick) in ticks.iter().enumerate() {
            prop_assert!(*tick > last, "{schedule}: {tick} after {last}");
            prop_assert!(schedule.matches(*tick));
            let before = schedule.prev_before(*tick);
            if number > 0 {
                prop_assert_eq!(before, Some(last), "{}", schedule);
            } else {
                prop_assert!(before.is_none_or(|before| before <= t), "{schedule}: {before:?} of {tick}, after {t}");
            }
            last = *tick;
        }
        prop_assert_eq!(schedule.count_between(t, last), ticks.len() as u64, "{}", schedule);
        if let Some(before) = schedule.prev_before(t) {
            prop_assert!(before < t);
            prop_assert!(schedule.next_after(before).is_none_or(|next| next >= t));
        }
    }

    #[test]
    fn text_and_schedule_are_the_same(schedule in schedule(), t in 0_i64..5_000_000_000) {
        let text = schedule.to_string();
        let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        prop_assert_eq!(&again, &schedule);
        prop_assert_eq!(again.to_string(), text);
        prop_assert_eq!(again.fingerprint(), schedule.fingerprint());
        prop_assert_eq!(again.describe(), schedule.describe());
        prop_assert_eq!(again.next_after(utc(t)), schedule.next_after(utc(t)));
    }

    #[test]
    fn nothing_panics(
        pieces in prop::collection::vec(
            prop_oneof![
                4 => select(&[
                    "DTSTART", "RRULE", "EXDATE", "RDATE", "FREQ=", "DAILY", "HOURLY", "YEARLY", "BYDAY=", "BYSETPOS=",
                    "BYWEEKNO=", "BYHOUR=", "COUNT=", "UNTIL=", "INTERVAL=", "MO", "-1", "53", "366", "2", ",", ";", ":",
                    "\n", "\\n", "\\", "Z", "20260105T090000", "TZID=", "Europe/London", "VALUE=DATE", "(", ")", " ",
                ][..]).prop_map(str::to_owned),
                1 => any::<String>(),
            ],
            0..14,
        ),
        prefix in select(&["", "FREQ=DAILY;", "DTSTART:20260105T090000\nRRULE:FREQ=MONTHLY;"][..]),
        t in any::<i32>(),
    ) {
        let text = format!("{prefix}{}", pieces.concat());
        let t = utc(i64::from(t) * 4);
        for result in [Schedule::rrule(&text, "America/New_York"), format!("rrule({text}) UTC").parse()] {
            match result {
                Err(error) => {
                    prop_assert!(!error.to_string().contains('\n'));
                    prop_assert!(error.expression().get(error.span()).is_some());
                    prop_assert_eq!(error.diagram().lines().count(), 2);
                }
                Ok(schedule) => {
                    let schedule = schedule.anchored(t);
                    let _ = (schedule.next_after(t), schedule.prev_before(t), schedule.describe(), schedule.lints());
                    let _ = (schedule.count_between(t, t + TimeDelta::days(9)), schedule.next_after(DateTime::<Utc>::MAX_UTC));
                    prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
                }
            }
        }
    }
}
