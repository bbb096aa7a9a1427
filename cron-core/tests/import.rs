//! Schedules of the crate `cron`, turned into ours by meaning.

#![cfg(feature = "cron")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use common::{instant, utc};
use cron_core::schedule::Schedule;
use proptest::prelude::*;

/// The last instant that the crate knows.
const END: &str = "2100-12-31T23:59:59Z";

/// A field in the language of that crate: `*`, values, ranges, steps, lists, with blanks where it takes them.
fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        4 => (least..=most).prop_map(|value| value.to_string()),
        2 => (least..=most, least..=most).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (least..=most, least..=most, 1..=most).prop_map(|(a, b, n)| format!("{} - {}/{n}", a.min(b), a.max(b))),
        1 => (least..=most, 1..=most).prop_map(|(a, n)| format!("{a}/{n}")),
        1 => (1..=most).prop_map(|n| format!("*/{n}")),
    ];
    prop_oneof![2 => Just("*".to_owned()), 3 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(","))]
}

fn weekdays() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        Just("?".to_owned()),
        field(1, 7),
        prop::sample::select(vec!["MON-FRI", "Sat,Sun", "sunday", "Tues-Thurs", "sun-sat/2"])
            .prop_map(str::to_owned),
    ]
}

prop_compose! {
    fn expression()(
        second in field(0, 59), minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12),
        weekday in weekdays(), year in prop::option::weighted(0.3, field(1970, 2100)),
    ) -> String {
        format!("{second} {minute} {hour} {day} {month} {weekday} {}", year.unwrap_or_default())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_fifty_instants_are_equal(text in expression(), t in 0_i64..4_070_908_800) {
        let Ok(theirs) = text.parse::<cron::Schedule>() else { return Ok(()) };
        let ours = Schedule::from(&theirs);
        let wanted: Vec<_> = theirs.after(&utc(t)).take(50).collect();
        let found: Vec<_> = ours.iter_after(utc(t)).take(50).take_while(|tick| *tick <= instant(END)).collect();
        prop_assert_eq!(found, wanted, "{} as {}", text, ours);
        prop_assert_eq!(ours.to_string().parse::<Schedule>(), Ok(ours));
    }
}

#[test]
fn schedules_keep_their_meaning() {
    for (theirs, ours) in [
        ("0 0 9 * * 1", "cron(0 9 * * SUN) UTC"),
        ("0 0 9 * * MON-FRI", "cron(0 9 * * MON-FRI) UTC"),
        ("0 0 9 * * 2-6", "cron(0 9 * * MON-FRI) UTC"),
        ("0 0 12 13 * FRI", "cron(0 12 13 * +FRI) UTC"),
        ("0 0 12 13 * ?", "cron(0 12 13 * *) UTC"),
        ("0 */15 * * * *", "cron(*/15 * * * *) UTC"),
        ("0 0,15,30,45 8 * * *", "cron(0-45/15 8 * * *) UTC"),
        ("*/10 * * * * *", "cron(*/10 * * * * *) UTC"),
        ("0 5/15 * * * *", "cron(5-50/15 * * * *) UTC"),
        ("0 0 0 1 1 * 2027-2029", "cron(0 0 0 1 JAN * 2027-2029) UTC"),
        ("0 0 0 1 1 * *", "cron(0 0 1 JAN *) UTC"),
        ("@hourly", "cron(0 * * * *) UTC"),
        ("@daily", "cron(0 0 * * *) UTC"),
        ("@weekly", "cron(0 0 * * SUN) UTC"),
        ("@monthly", "cron(0 0 1 * *) UTC"),
        ("@yearly", "cron(0 0 1 JAN *) UTC"),
    ] {
        let found = Schedule::from(&theirs.parse::<cron::Schedule>().unwrap());
        assert_eq!(found.to_string(), ours, "{theirs}");
    }
}

#[test]
fn in_a_zone_our_rule_counts() {
    let theirs: cron::Schedule = "0 30 2 * * *".parse().unwrap();
    let ours = Schedule::from_cron(&theirs, "America/New_York").unwrap();
    assert_eq!(ours, Schedule::cron("30 2 * * *", "America/New_York").unwrap());
    assert!(Schedule::from_cron(&theirs, "America/New_Yrok").is_err());
    let hourly: cron::Schedule = "0 30 * * * *".parse().unwrap();
    let ours = Schedule::from_cron(&hourly, "America/New_York").unwrap();
    assert_eq!(ours, Schedule::cron("30 * * * *", "America/New_York").unwrap(), "interval-like");
}
