//! Intervals, times, dates and delays; text, fingerprints, descriptions and lints.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use common::{instant, wall};
use cron_core::schedule::{DstGap, Lint, Schedule};

fn cron(expression: &str) -> Schedule {
    Schedule::cron(expression, "Europe/London").unwrap()
}

#[test]
fn intervals_lie_on_the_grid_of_1970() {
    let schedule = Schedule::every("30s", Some("5s")).unwrap();
    let start = instant("2026-03-01T12:00:00Z");
    let ticks: Vec<_> = schedule.iter_after(start).take(2).collect();
    assert_eq!(ticks, [instant("2026-03-01T12:00:05Z"), instant("2026-03-01T12:00:35Z")]);
    assert_eq!(schedule.prev_before(start), Some(instant("2026-03-01T11:59:35Z")));
    assert_eq!(schedule.next_after(DateTime::<Utc>::MIN_UTC), Some(instant("1970-01-01T00:00:05Z")));
    assert_eq!(schedule.prev_before(instant("1970-01-01T00:00:05Z")), None);
    assert_eq!(schedule.next_after(instant("2199-12-31T23:59:35Z")), None);
    assert_eq!(schedule.count_between(start, start + TimeDelta::weeks(2)), 2 * 7 * 86_400 / 30);
    assert_eq!(Schedule::every("30s", Some("65s")), Schedule::every("30s", Some("5s")));
    assert_eq!(schedule.zone(), None);
    let fast = Schedule::every("250ms", None).unwrap();
    assert_eq!(fast.next_after(instant("2026-03-01T12:00:00.3Z")), Some(instant("2026-03-01T12:00:00.5Z")));
    assert_eq!(
        fast.prev_before(instant("2026-03-01T12:00:00.5001Z")),
        Some(instant("2026-03-01T12:00:00.5Z"))
    );
}

#[test]
fn times_are_cron_schedules() {
    let zone = "Europe/London";
    for (times, expression) in [
        (Schedule::daily("14:30", zone), "30 14 * * *"),
        (Schedule::daily(" 9:00, 17:00", zone), "0 9,17 * * *"),
        (Schedule::daily("09:00,09:30,17:00,17:30", zone), "0,30 9,17 * * *"),
        (Schedule::daily("14:30:15", zone), "15 30 14 * * *"),
        (Schedule::hourly(":30", zone), "30 0-23 * * *"),
        (Schedule::hourly(":00,:30", zone), "0,30 0-23 * * *"),
        (Schedule::hourly(":30:15", zone), "15 30 0-23 * * *"),
        (Schedule::weekly("MON,FRI 10:00", zone), "0 10 * * 1,5"),
        (Schedule::weekly("mon-thu  10:00", zone), "0 10 * * MON-THU"),
        (Schedule::weekly("weekdays 10:00", zone), "0 10 * * MON-FRI"),
        (Schedule::weekly("weekends 10:00,12:00", zone), "0 10,12 * * SAT,SUN"),
    ] {
        let times = times.unwrap();
        assert_eq!(times, cron(expression));
        assert_eq!(times.to_string(), cron(expression).to_string());
        assert!(times.next_after(instant("2026-01-01T00:00:00Z")).is_some());
    }
}

#[test]
fn hourly_is_fixed_time() {
    let hourly = Schedule::hourly(":30", "America/New_York").unwrap();
    let fold = |schedule: &Schedule| {
        schedule.count_between(instant("2025-11-02T05:00:00Z"), instant("2025-11-02T07:00:00Z"))
    };
    assert_eq!(fold(&hourly), 1, "01:30 EDT, not 01:30 EST");
    assert_eq!(fold(&Schedule::cron("30 * * * *", "America/New_York").unwrap()), 2);
}

#[test]
fn dates_are_local_or_instants() {
    let local = Schedule::at("2026-12-25T00:00:00", "America/New_York").unwrap();
    assert_eq!(local.next_after(instant("2026-01-01T00:00:00Z")), Some(instant("2026-12-25T05:00:00Z")));
    assert_eq!(local.zone(), Some(Tz::America__New_York));
    let exact = Schedule::at("2026-12-25T00:00:00+01:00", "America/New_York").unwrap();
    assert_eq!(exact.next_after(instant("2026-01-01T00:00:00Z")), Some(instant("2026-12-24T23:00:00Z")));
    assert_eq!((exact.zone(), exact.to_string().as_str()), (None, "at(2026-12-24T23:00:00Z)"));
    assert_eq!(exact.next_after(instant("2026-12-24T23:00:00Z")), None);
    assert_eq!(exact.prev_before(instant("2027-01-01T00:00:00Z")), Some(instant("2026-12-24T23:00:00Z")));
    assert_eq!(exact.count_between(instant("2026-12-24T22:59:59Z"), instant("2026-12-24T23:00:00Z")), 1);
    // In a gap the first moment after it, in a repeated hour the first of the two.
    let gap = Schedule::at("2025-03-09T02:30:00.5", "America/New_York").unwrap();
    assert_eq!(gap.next_after(instant("2025-01-01T00:00:00Z")), Some(instant("2025-03-09T07:00:00Z")));
    let fold = Schedule::at("2025-11-02 01:30:00.25", "America/New_York").unwrap();
    assert_eq!(fold.next_after(instant("2025-01-01T00:00:00Z")), Some(instant("2025-11-02T05:30:00.250Z")));
}

#[test]
fn a_delay_counts_from_the_first_registration() {
    let schedule = Schedule::once("60s").unwrap();
    let registered = instant("2026-01-01T00:00:00.125Z");
    assert_eq!(schedule.next_after(registered), None);
    assert!(schedule.has_any_tick());
    let anchored = schedule.anchored(registered);
    assert_eq!(anchored.next_after(registered), Some(instant("2026-01-01T00:01:00.125Z")));
    assert_eq!(anchored, Schedule::at_instant(instant("2026-01-01T00:01:00.125Z")));
    assert_eq!(cron("0 9 * * *").anchored(registered), cron("0 9 * * *"));
}

#[test]
fn a_delay_knows_one_tick_at_a_time() {
    let schedule = Schedule::every_after_finish("30s").unwrap();
    let ended: DateTime<Utc> = "2026-03-01T12:00:07.500Z".parse().unwrap();
    let tick = ended + TimeDelta::seconds(30);
    assert_eq!(schedule.next_after(ended), Some(tick));
    // Ticks are whole milliseconds, as the stores keep them.
    assert_eq!(schedule.next_after(ended + TimeDelta::nanoseconds(999_999)), Some(tick));
    assert_eq!(schedule.iter_after(ended).collect::<Vec<_>>(), [tick]);
    assert_eq!(schedule.count_between(ended, tick), 1);
    assert_eq!(schedule.count_between(ended, tick - TimeDelta::milliseconds(1)), 0);
    assert_eq!(schedule.count_between(ended, tick + TimeDelta::days(9)), 1);
    assert_eq!(schedule.prev_before(tick), None);
    assert!(schedule.matches(tick) && schedule.has_any_tick());
    assert_eq!((schedule.zone(), schedule.lints().len()), (None, 0));
    assert_eq!(schedule.anchored(ended), schedule);
    assert_eq!(schedule.describe(), "30s after the last run ended");
    let end: DateTime<Utc> = "2199-12-31T23:59:30Z".parse().unwrap();
    assert_eq!(schedule.next_after(end), None);
    assert_ne!(schedule, Schedule::every("30s", None).unwrap());
    assert_ne!(schedule.fingerprint(), Schedule::every("30s", None).unwrap().fingerprint());
    assert!(Schedule::every_after_finish("0s").is_err());
    assert!("every(30s, phase 5s, after finish)".parse::<Schedule>().is_err());
    assert!("every(30s, after finish) UTC".parse::<Schedule>().is_err());
}

#[test]
fn every_kind_comes_back_from_its_text() {
    for (schedule, text) in [
        (cron("0  9 * * 1-5"), "cron(0 9 * * MON-FRI) Europe/London"),
        (cron("30 2 * * *").with_dst_gap(DstGap::Skip), "cron(30 2 * * *) Europe/London dst_gap=skip"),
        (Schedule::every("90s", Some("5s")).unwrap(), "every(1m 30s, phase 5s)"),
        (Schedule::every("1d", None).unwrap(), "every(1d)"),
        (Schedule::every_after_finish("90s").unwrap(), "every(1m 30s, after finish)"),
        (Schedule::at("2026-12-25T00:00", "Europe/London").unwrap(), "at(2026-12-25T00:00:00) Europe/London"),
        (Schedule::at("2026-12-25T00:00:00.250Z", "UTC").unwrap(), "at(2026-12-25T00:00:00.250Z)"),
        (Schedule::once("60s").unwrap(), "once(1m)"),
        (
            cron("0 9 * * *").within(Some("2026-06-01T00:00:00"), None, "Europe/London").unwrap(),
            "within(2026-05-31T23:00:00Z..) cron(0 9 * * *) Europe/London",
        ),
    ] {
        assert_eq!(schedule.to_string(), text);
        assert_eq!(text.parse::<Schedule>(), Ok(schedule));
    }
}

#[test]
fn spellings_of_one_schedule_are_one_schedule() {
    for (one, other) in [
        ("0 9 * * MON-FRI", "0\t09 * * 1,2,3,4,5"),
        ("*/15 * * * *", "0,15,30,45 * * * *"),
        ("0 0 * * 7", "0 0 ? * SUN"),
        ("0 0 1 1 *", "@yearly"),
        ("0 9 * * MON", "0 9 * JAN-DEC MON#1,MON#2,MON#3,MON#4,MON#L"),
        ("0 9 13 * *", "0 0 9 13 * * 1970-2199"),
        ("0 9 * * *", "0 9 1-31 * FRI"),
        ("0 9 * * FRI", "0 9 1-31 * +FRI"),
        ("0 9 13 * *", "0 9 13 * +0-6"),
        // A step that leaves one value.
        ("*/60 9 * * *", "0 9 * * *"),
        ("0 */24 * * *", "0 0 * * *"),
    ] {
        assert_eq!(cron(one), cron(other), "{one} and {other}");
        assert_eq!(cron(one).fingerprint(), cron(other).fingerprint());
        assert_eq!(cron(one).describe(), cron(other).describe());
    }
    for (one, other) in [
        // Interval-like or fixed-time.
        ("30 * * * *", "30 0-23 * * *"),
        ("*/30 1 * * *", "0,30 1 * * *"),
        // Either day or both.
        ("0 9 13 * FRI", "0 9 13 * +FRI"),
        ("0 9 */2 * FRI", "0 9 * * FRI"),
    ] {
        assert_ne!(cron(one), cron(other), "{one} and {other}");
        assert_ne!(cron(one).fingerprint(), cron(other).fingerprint());
        assert_ne!(cron(one).to_string(), cron(other).to_string());
    }
    assert_ne!(cron("0 9 * * *"), Schedule::cron("0 9 * * *", "UTC").unwrap());
}

#[test]
fn fingerprints_do_not_change_between_builds() {
    // Stores keep them: a new value here would make every schedule look edited.
    let found = [
        cron("0 9 * * MON-FRI").fingerprint(),
        Schedule::every("30s", Some("5s")).unwrap().fingerprint(),
        Schedule::at("2026-12-25T00:00:00", "Europe/London").unwrap().fingerprint(),
        Schedule::once("60s").unwrap().fingerprint(),
        Schedule::every_after_finish("30s").unwrap().fingerprint(),
    ];
    assert_eq!(found, FINGERPRINTS);
}

const FINGERPRINTS: [u64; 5] = [
    13_048_915_909_228_448_720,
    10_345_452_717_291_441_286,
    10_162_122_908_307_713_461,
    10_450_515_392_143_871_778,
    6_878_940_510_270_574_239,
];

#[test]
fn descriptions_read_like_english() {
    for (expression, text) in [
        ("0 9 * * MON-FRI", "At 09:00, Monday to Friday"),
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("30 * * * *", "At minute 30, every hour"),
        ("0 * * * *", "Every hour"),
        ("0 0-23 * * *", "Every hour, by the clock"),
        ("0 */6 * * *", "Every 6 hours"),
        ("*/10 * * * * *", "Every 10 seconds"),
        ("*/10 9-17 * * MON-FRI", "Every 10 minutes, from 09:00 to 17:59, Monday to Friday"),
        ("*/45 * * * *", "At minutes 0 and 45, every hour"),
        ("*/7 * * * *", "Every 7 minutes from minute 0"),
        ("0 */5 * * *", "At 00:00, 05:00, 10:00, 15:00 and 20:00"),
        ("0 9,17 * * *", "At 09:00 and 17:00, every day"),
        ("0 0 1,15 * *", "At 00:00, on days 1 and 15 of the month"),
        ("0 0 L 2 *", "At 00:00, on the last day of the month, in February"),
        ("0 9 13 * FRI", "At 09:00, on day 13 of the month or Friday"),
        ("0 9 13 * +FRI", "At 09:00, on day 13 of the month if it is Friday"),
        ("0 9 * * FRI#2,MONL", "At 09:00, the last Monday of the month and the second Friday of the month"),
        ("0 0 9 * * * 2027-2029", "At 09:00, every day, in 2027 to 2029"),
    ] {
        assert_eq!(cron(expression).describe(), format!("{text}, Europe/London"), "{expression}");
    }
    assert_eq!(
        Schedule::every("1h 30m", Some("5s")).unwrap().describe(),
        "Every 1h 30m, 5s past the grid of 1970-01-01 00:00 UTC"
    );
    assert_eq!(
        Schedule::at("2026-12-25T08:00:00", "Europe/London").unwrap().describe(),
        "Once, at 2026-12-25 08:00:00, Europe/London"
    );
}

#[test]
fn lints_warn_of_what_is_probably_not_meant() {
    let kinds = |expression: &str, zone: &str| {
        let name = |lint: &Lint| match lint {
            Lint::UnevenStep { .. } => "step",
            Lint::RareDay { .. } => "day",
            Lint::InGap { .. } => "gap",
            Lint::EitherDay => "either",
            _ => "other",
        };
        Schedule::cron(expression, zone).unwrap().lints().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(kinds("*/7 * * * *", "UTC"), ["step"]);
    assert_eq!(kinds("*/45 * * * *", "UTC"), ["step"]);
    assert_eq!(kinds("0 */5 * * *", "UTC"), ["step"]);
    assert_eq!(kinds("0 0 */2 * *", "UTC"), ["step"]);
    assert_eq!(kinds("0 0,18 * * *", "UTC"), Vec::<&str>::new());
    assert_eq!(kinds("0 0 31 * *", "UTC"), ["day"]);
    assert_eq!(kinds("0 0 29 2 *", "UTC"), ["day"]);
    assert_eq!(kinds("0 0 31 1,12 *", "UTC"), Vec::<&str>::new());
    assert_eq!(kinds("0 0 25-31 * *", "UTC"), Vec::<&str>::new());
    assert_eq!(kinds("30 2 * * *", "America/New_York"), ["gap"]);
    assert_eq!(
        kinds("30 2 * * MON-FRI", "America/New_York"),
        Vec::<&str>::new(),
        "the clock changes on Sundays"
    );
    assert_eq!(kinds("30 2 * * *", "America/Phoenix"), Vec::<&str>::new());
    assert_eq!(kinds("30 2 * * *", "America/Sao_Paulo"), Vec::<&str>::new(), "no summer time since 2019");
    assert_eq!(kinds("*/30 2 * * *", "America/New_York"), Vec::<&str>::new());
    assert_eq!(kinds("0 0 13 * FRI", "UTC"), ["either"]);
    assert_eq!(kinds("0 9 * * MON-FRI", "Europe/London"), Vec::<&str>::new());
}

#[test]
fn matches_is_exact() {
    let schedule = cron("0 9 * * *");
    let nine = instant("2026-07-01T08:00:00Z");
    assert_eq!(wall(Tz::Europe__London, nine), "2026-07-01 09:00:00");
    assert!(schedule.matches(nine));
    assert!(!schedule.matches(nine + TimeDelta::milliseconds(1)));
    assert!(!schedule.matches(nine + TimeDelta::seconds(1)));
}
