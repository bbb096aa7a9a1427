//! Recurrence rules: python-dateutil's answers in UTC, and our rule when the clock changes.

#![cfg(feature = "rrule")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use common::instant;
use cron_core::judge::first_mark;
use cron_core::schedule::{
    Lint, RruleMistake as Mistake, Schedule, ScheduleError, ScheduleErrorKind as Kind,
};
use serde_json::Value;

const BEGIN: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

fn rrule(text: &str, zone: &str) -> Schedule {
    Schedule::rrule(text, zone).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn ticks(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let ticks = schedule.iter_after(instant(after)).take(count);
    ticks.map(|tick| tick.format("%Y-%m-%dT%H:%M:%SZ").to_string()).collect()
}

#[test]
fn every_line_of_dateutil_is_equal() {
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for line in include_str!("data/rrule.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let after = instant(case["after"].as_str().unwrap());
        let schedule = match Schedule::rrule(text, "UTC") {
            Ok(schedule) => schedule,
            Err(error) => {
                wrong.push(format!("{text}: {error}"));
                continue;
            }
        };
        let form = |tick: DateTime<Utc>| Value::from(tick.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        let wanted = case["next"].as_array().unwrap();
        let more = usize::from(case["end"] == true);
        let next: Vec<Value> = schedule.iter_after(after).take(wanted.len() + more).map(form).collect();
        let prev = schedule.prev_before(after).map_or(Value::Null, form);
        let count = Value::from(schedule.count_between(after, after + TimeDelta::days(731)));
        if (&next, &prev, &count) != (wanted, &case["prev"], &case["count"]) {
            wrong.push(format!("{line}\n   next {next:?}\n   prev {prev} count {count}"));
        }
        cases += 1;
    }
    assert!(cases >= 300, "{cases}");
    assert!(wrong.is_empty(), "{} of {cases} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each with the text that is wrong and the message.
const REFUSED: [(&str, &str, &str); 35] = [
    ("", "", "there is no RRULE; write one, for example `RRULE:FREQ=WEEKLY;BYDAY=MO`"),
    (
        "DTSTART:20260105T090000",
        "DTSTART:20260105T090000",
        "there is no RRULE; write one, for example `RRULE:FREQ=WEEKLY;BYDAY=MO`",
    ),
    (
        "FREQ=MINUTELY",
        "MINUTELY",
        "`MINUTELY` is too frequent, FREQ is HOURLY or slower; use `every = \"1m\"` or `cron = \"* * * * *\"`",
    ),
    (
        "FREQ=secondly",
        "secondly",
        "`secondly` is too frequent, FREQ is HOURLY or slower; use `every = \"1s\"` or `cron = \"* * * * * *\"`",
    ),
    ("FREQ=WEEKY", "WEEKY", "`WEEKY` is not a frequency; write `WEEKLY`"),
    (
        "RRULE:BYDAY=MO",
        "BYDAY=MO",
        "the rule has no FREQ; FREQ is the first part, with one of YEARLY, MONTHLY, WEEKLY, DAILY and HOURLY",
    ),
    ("FREQ=DAILY;BYHUOR=9", "BYHUOR", "`BYHUOR` is not a part of a rule; write `BYHOUR`"),
    (
        "FREQ=DAILY;BYEASTER=0",
        "BYEASTER",
        "`BYEASTER` is not a part of a rule; the parts are FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY and BY with MONTH, WEEKNO, YEARDAY, MONTHDAY, HOUR, MINUTE, SECOND or SETPOS",
    ),
    (
        "FREQ=DAILY;COUNT",
        "COUNT",
        "`COUNT` is not a part of a rule; parts have the form `NAME=value`, with `;` between them",
    ),
    ("FREQ=DAILY;COUNT=0", "0", "`0` is out of range, COUNT takes 1 to 4294967295"),
    (
        "FREQ=DAILY;COUNT=3;COUNT=4",
        "COUNT",
        "`COUNT` is there twice; a part stands once; lists have commas, for example `BYDAY=MO,FR`",
    ),
    (
        "FREQ=DAILY;COUNT=3;UNTIL=20270101T000000",
        "UNTIL=20270101T000000",
        "COUNT and UNTIL exclude each other; keep the one that ends the rule first",
    ),
    ("FREQ=DAILY;UNTIL=20270101", "20270101", "`20270101` has no time; write `20270101T235959`"),
    (
        "DTSTART:20260105T090000 RRULE:FREQ=DAILY;UNTIL=20260104T000000",
        "UNTIL=20260104T000000",
        "UNTIL is before DTSTART; the rule has no time; UNTIL has to be at or after DTSTART",
    ),
    ("FREQ=DAILY;INTERVAL=10001", "10001", "`10001` is out of range, INTERVAL takes 1 to 10000"),
    ("FREQ=DAILY;INTERVAL=0", "0", "`0` is out of range, INTERVAL takes 1 to 10000"),
    (
        "FREQ=DAILY;BYHOUR=24",
        "24",
        "`24` is out of range, BYHOUR takes 0 to 23; hour 24 of a day is hour 0 of the next one",
    ),
    (
        "FREQ=DAILY;BYSECOND=60",
        "60",
        "`60` is out of range, BYSECOND takes 0 to 59; there are no leap seconds on this calendar",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=1,-32", "-32", "`-32` is out of range, BYMONTHDAY takes 1 to 31 and -31 to -1"),
    (
        "FREQ=WEEKLY;BYDAY=MO,MN",
        "MN",
        "`MN` is not a weekday; the weekdays are MO, TU, WE, TH, FR, SA and SU, with a number for example `2MO` for the second and `-1MO` for the last",
    ),
    (
        "FREQ=WEEKLY;BYDAY=2MO",
        "BYDAY=2MO",
        "`BYDAY=2MO` is numbered, and there is no month or year to count in; weekdays have numbers in FREQ=MONTHLY and in FREQ=YEARLY without BYWEEKNO",
    ),
    (
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
        "BYDAY=1MO",
        "`BYDAY=1MO` is numbered, and there is no month or year to count in; weekdays have numbers in FREQ=MONTHLY and in FREQ=YEARLY without BYWEEKNO",
    ),
    (
        "FREQ=MONTHLY;BYDAY=-5MO",
        "BYDAY=-5MO",
        "`BYDAY=-5MO` is out of range, BYDAY takes -4 to 5 with FREQ=MONTHLY",
    ),
    (
        "FREQ=YEARLY;BYDAY=-53MO",
        "BYDAY=-53MO",
        "`BYDAY=-53MO` is out of range, BYDAY takes -52 to 53 with FREQ=YEARLY",
    ),
    (
        "FREQ=WEEKLY;BYMONTHDAY=13",
        "BYMONTHDAY=13",
        "BYMONTHDAY has no meaning with FREQ=WEEKLY; it goes with FREQ=YEARLY, MONTHLY, DAILY and HOURLY",
    ),
    (
        "FREQ=DAILY;BYYEARDAY=1",
        "BYYEARDAY=1",
        "BYYEARDAY has no meaning with FREQ=DAILY; it goes with FREQ=YEARLY and HOURLY",
    ),
    (
        "FREQ=MONTHLY;BYWEEKNO=1",
        "BYWEEKNO=1",
        "BYWEEKNO has no meaning with FREQ=MONTHLY; it goes with FREQ=YEARLY",
    ),
    (
        "FREQ=DAILY;BYSETPOS=1",
        "BYSETPOS=1",
        "BYSETPOS has no other BY part to choose from; it chooses from what another part gives, for example `BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1`",
    ),
    (
        "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY",
        "RRULE",
        "`RRULE` is there twice; use one job for each rule, with the DTSTART that it has",
    ),
    (
        "RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY",
        "EXRULE",
        "`EXRULE` is no longer in RFC 5545; list the dates that it takes away as `EXDATE`, or give them as `calendar` to a schedule that takes one",
    ),
    (
        "RRULE:FREQ=DAILY\nRDATE;VALUE=PERIOD:20260105T090000/PT1H",
        "RDATE;VALUE=PERIOD:20260105T090000/PT1H",
        "`RDATE;VALUE=PERIOD:20260105T090000/PT1H` has periods; a tick is a point in time, without an end; write `RDATE:20260105T090000`",
    ),
    ("DTSTART:20260105\nRRULE:FREQ=DAILY", "20260105", "`20260105` has no time; write `20260105T000000`"),
    (
        "DTSTART:19691231T235959\nRRULE:FREQ=DAILY",
        "19691231T235959",
        "`19691231T235959` is not a date and time from 1970 to 2199; a date and time is year, month and day, T and the time, for example `20260105T090000`",
    ),
    (
        "DTSTART:20260230T000000\nRRULE:FREQ=DAILY",
        "20260230T000000",
        "`20260230T000000` is not a date and time from 1970 to 2199; a date and time is year, month and day, T and the time, for example `20260105T090000`",
    ),
    (
        "DTSTART;TZID=Europe/London:20260105T090000 RRULE:FREQ=DAILY EXDATE;TZID=Asia/Tokyo:20260106T090000",
        "Asia/Tokyo",
        "`Asia/Tokyo` is another zone than Europe/London; write the zone once, as `timezone` or as `TZID`",
    ),
];

#[test]
fn what_is_refused_says_why() {
    for (text, part, message) in REFUSED {
        let error = Schedule::rrule(text, "UTC").expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(&text[error.span()], part, "{text}");
        assert_eq!(error.diagram().lines().count(), 2);
    }
    let long = format!("FREQ=DAILY {}", " ".repeat(8_192));
    let error = Schedule::rrule(&long, "UTC").unwrap_err();
    assert!(matches!(error.kind(), Kind::Rrule(Mistake::TooLong { bytes: 8_203 })), "{error}");
}

#[test]
fn zones_agree() {
    let utc = "DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY";
    assert_eq!(rrule(utc, "UTC").to_string(), "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) UTC");
    let kind = |text: &str, zone: &str| Schedule::rrule(text, zone).unwrap_err().kind().clone();
    let london = || Mistake::UtcInZone { zone: "Europe/London", local: "20260705T100000".to_owned() };
    let summer = "DTSTART:20260705T090000Z\nRRULE:FREQ=DAILY";
    assert_eq!(kind(summer, "Europe/London"), Kind::Rrule(london()));
    let tokyo = "DTSTART;TZID=Asia/Tokyo:20260105T090000\nRRULE:FREQ=DAILY";
    for zone in ["UTC", "Asia/Tokyo"] {
        assert_eq!(
            rrule(tokyo, zone).to_string(),
            "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY) Asia/Tokyo"
        );
    }
    assert_eq!(kind(tokyo, "Europe/London"), Kind::Rrule(Mistake::OtherZone { zone: "Europe/London" }));
    assert!(matches!(
        kind("DTSTART;TZID=Asia/Tokio:20260105T090000\nRRULE:FREQ=DAILY", "UTC"),
        Kind::UnknownZone { .. }
    ));
    let removed = "RRULE:FREQ=DAILY\nEXDATE:20260705T090000Z";
    assert_eq!(kind(removed, "Europe/London"), Kind::Rrule(london()));
    // UNTIL in UTC is what RFC 5545 wants of a rule with a zone; it is an instant.
    let until = rrule("DTSTART:20260105T090000\nRRULE:FREQ=DAILY;UNTIL=20260106T140000Z", "America/New_York");
    assert_eq!(ticks(&until, "2026-01-01T00:00:00Z", 3), ["2026-01-05T14:00:00Z", "2026-01-06T14:00:00Z"]);
    assert_eq!(until.to_string().parse(), Ok(until));
}

#[test]
fn fixed_times_pass_changes_of_the_clock() {
    for (text, zone, after, wanted) in [
        // A gap: at its end; a fold: the first time.
        (
            "DTSTART:20250301T023000 RRULE:FREQ=DAILY",
            "America/New_York",
            "2025-03-08T12:00:00Z",
            ["2025-03-09T07:00:00Z", "2025-03-10T06:30:00Z"],
        ),
        (
            "DTSTART:20250301T013000 RRULE:FREQ=DAILY",
            "America/New_York",
            "2025-11-01T12:00:00Z",
            ["2025-11-02T05:30:00Z", "2025-11-03T06:30:00Z"],
        ),
        (
            "DTSTART:20250302T013000 RRULE:FREQ=WEEKLY",
            "Europe/London",
            "2025-03-24T00:00:00Z",
            ["2025-03-30T01:00:00Z", "2025-04-06T00:30:00Z"],
        ),
        // Several skipped times and a regular one at the end of the gap are one tick.
        (
            "DTSTART:20250301T020000 RRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30",
            "America/New_York",
            "2025-03-09T06:00:00Z",
            ["2025-03-09T07:00:00Z", "2025-03-09T07:30:00Z"],
        ),
        // Hours that are named are fixed times.
        (
            "DTSTART:20251101T003000 RRULE:FREQ=HOURLY;BYHOUR=0,1,2,3",
            "America/New_York",
            "2025-11-02T05:00:00Z",
            ["2025-11-02T05:30:00Z", "2025-11-02T07:30:00Z"],
        ),
        // Half an hour.
        (
            "DTSTART:20251001T020000 RRULE:FREQ=DAILY",
            "Australia/Lord_Howe",
            "2025-10-04T12:00:00Z",
            ["2025-10-04T15:30:00Z", "2025-10-05T15:00:00Z"],
        ),
        // Back for Ramadan, and forward after it.
        (
            "DTSTART:20250101T023000 RRULE:FREQ=MONTHLY;BYDAY=SU",
            "Africa/Casablanca",
            "2025-02-22T00:00:00Z",
            ["2025-02-23T01:30:00Z", "2025-03-02T02:30:00Z"],
        ),
        (
            "DTSTART:20250406T023000 RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU,2SU",
            "Africa/Casablanca",
            "2025-04-01T00:00:00Z",
            ["2025-04-06T02:00:00Z", "2025-04-13T01:30:00Z"],
        ),
        // The day that Samoa left out is dropped, and still counts.
        (
            "DTSTART:20111229T090000 RRULE:FREQ=DAILY;COUNT=3",
            "Pacific/Apia",
            "2011-12-28T20:00:00Z",
            ["2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z"],
        ),
        // A date of RDATE in a gap.
        (
            "DTSTART:20250309T093000 RRULE:FREQ=DAILY;COUNT=1 RDATE:20250309T021500",
            "America/New_York",
            "2025-03-09T06:00:00Z",
            ["2025-03-09T07:00:00Z", "2025-03-09T13:30:00Z"],
        ),
    ] {
        let schedule = rrule(text, zone);
        assert!(!schedule.is_interval_like());
        assert_eq!(ticks(&schedule, after, 2), wanted, "{text} {zone}");
        let (first, last) = (instant(wanted[0]), instant(wanted[1]));
        assert_eq!(schedule.prev_before(last), Some(first), "{text}");
        assert_eq!(schedule.count_between(first - TimeDelta::seconds(1), last), 2, "{text}");
    }
    let ended = rrule("DTSTART:20111229T090000 RRULE:FREQ=DAILY;COUNT=3", "Pacific/Apia");
    assert_eq!(
        ended.next_after(instant("2011-12-30T19:00:00Z")),
        None,
        "the 29th, the lost 30th and the 31st"
    );
}

#[test]
fn counted_hours_follow_the_clock() {
    let hourly = rrule("DTSTART:20250301T003000 RRULE:FREQ=HOURLY", "America/New_York");
    assert!(hourly.is_interval_like());
    let gap = ["2025-03-09T06:30:00Z", "2025-03-09T07:30:00Z"];
    assert_eq!(ticks(&hourly, "2025-03-09T06:00:00Z", 2), gap, "01:30 EST, then 03:30 EDT");
    let fold = ["2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z", "2025-11-02T07:30:00Z"];
    assert_eq!(ticks(&hourly, "2025-11-02T05:00:00Z", 3), fold, "both passes");
    assert_eq!(hourly.count_between(instant("2025-11-02T04:00:00Z"), instant("2025-11-02T08:00:00Z")), 4);
}

#[test]
fn without_a_start_the_registration_is_the_start() {
    let daily = rrule("FREQ=DAILY;COUNT=3", "America/New_York");
    let registered = instant("2026-03-01T17:00:00.7Z");
    assert!(daily.needs_registration() && daily.has_any_tick());
    assert_eq!(daily.next_after(BEGIN), None);
    let anchored = daily.anchored(registered);
    assert!(!anchored.needs_registration());
    let wanted = ["2026-03-02T17:00:00Z", "2026-03-03T17:00:00Z", "2026-03-04T17:00:00Z"];
    assert_eq!(ticks(&anchored, "2026-03-01T17:00:00.7Z", 9), wanted, "three after the registration");
    assert_eq!(first_mark(Some(&anchored), registered), registered);
    assert_eq!(anchored.anchored(instant("2030-01-01T00:00:00Z")), anchored);
    // A registration that is no time of the rule does not count either.
    let mondays =
        rrule("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0;COUNT=2", "UTC").anchored(registered);
    assert_eq!(ticks(&mondays, "2026-03-01T17:00:00Z", 9), ["2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"]);
    // The phase of INTERVAL counts from the registration, and is the same whenever it is asked for.
    let second = rrule("FREQ=DAILY;INTERVAL=2;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "UTC").anchored(registered);
    assert_eq!(ticks(&second, "2027-01-01T00:00:00Z", 1), ["2027-01-01T09:00:00Z"], "306 days later");
}

#[test]
fn what_was_over_before_its_registration_has_no_tick_and_a_text() {
    let registered = instant("2026-03-01T17:00:00Z");
    for (text, zone) in [
        ("FREQ=DAILY;UNTIL=20260105T090000", "UTC"),
        ("FREQ=DAILY;UNTIL=20260301T165959", "UTC"),
        ("FREQ=DAILY;UNTIL=20260301T165959Z", "America/New_York"),
        ("FREQ=HOURLY;UNTIL=20251026T010000Z", "Europe/London"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0;UNTIL=19700101T000000Z", "America/New_York"),
        ("RRULE:FREQ=DAILY;UNTIL=20260105T090000 EXDATE:20260105T090000", "Asia/Tokyo"),
    ] {
        let anchored = rrule(text, zone).anchored(registered);
        assert!(!anchored.needs_registration(), "{text}");
        assert_eq!((anchored.next_after(BEGIN), anchored.prev_before(registered)), (None, None), "{text}");
        assert_eq!(anchored.to_string().parse(), Ok(anchored.clone()), "{text}");
    }
    // Dates that are added stay.
    let added =
        rrule("RRULE:FREQ=DAILY;UNTIL=20260105T090000 RDATE:20260401T120000", "UTC").anchored(registered);
    assert_eq!(ticks(&added, "2026-03-01T17:00:00Z", 9), ["2026-04-01T12:00:00Z"]);
}

#[test]
fn numbered_and_plain_weekdays_are_one_list() {
    let text = "DTSTART:20260101T090000 RRULE:FREQ=MONTHLY;BYDAY=MO,2TU";
    let found = ticks(&rrule(text, "UTC"), "2026-01-01T00:00:00Z", 5);
    let days: Vec<&str> = found.iter().map(|tick| &tick[5..10]).collect();
    assert_eq!(days, ["01-05", "01-12", "01-13", "01-19", "01-26"]);
}

#[test]
fn text_comes_back() {
    for (text, zone, canonical) in [
        ("FREQ=DAILY", "UTC", "rrule(RRULE:FREQ=DAILY) UTC"),
        (
            "rrule:freq=monthly;bysetpos=-1;byday=fr,mo,-1su,2tu;wkst=su;interval=2;bymonthday=-1,15,1;",
            "Europe/London",
            "rrule(RRULE:FREQ=MONTHLY;INTERVAL=2;WKST=SU;BYMONTHDAY=1,15,-1;BYDAY=MO,FR,2TU,-1SU;BYSETPOS=-1) Europe/London",
        ),
        (
            "DTSTART:20260105T090000\r\nEXDATE:20260112T090000\\nRRULE:FREQ=DAILY;COUNT=3\n  RDATE:20260202T000000,20260201T000000\nEXDATE:20260111T090000",
            "UTC",
            "rrule(DTSTART:20260105T090000 RRULE:FREQ=DAILY;COUNT=3 RDATE:20260201T000000,20260202T000000 EXDATE:20260111T090000,20260112T090000) UTC",
        ),
    ] {
        let schedule = rrule(text, zone);
        assert_eq!(schedule.to_string(), canonical);
        assert_eq!(canonical.parse::<Schedule>().as_ref(), Ok(&schedule));
        let json = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
        assert_eq!(schedule.fingerprint(), canonical.parse::<Schedule>().unwrap().fingerprint());
    }
    // Stores keep it: a new value would make every schedule look edited.
    assert_eq!(rrule("FREQ=DAILY", "UTC").fingerprint(), 240_216_878_493_697_426);
    let error = "rule(FREQ=DAILY)".parse::<Schedule>().unwrap_err();
    assert_eq!(error.help().as_deref(), Some("write `rrule`"));
}

#[test]
fn descriptions_read_like_english() {
    for (rule, text) in [
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10",
            "Every 2 weeks on Monday and Friday at 09:00, Europe/London, 10 times",
        ),
        ("FREQ=WEEKLY", "Every week on Monday at 09:00, Europe/London"),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17",
            "Every week on Monday to Friday at 09:00 and 17:00, Europe/London",
        ),
        ("FREQ=DAILY", "Every day at 09:00, Europe/London"),
        ("FREQ=YEARLY", "Every year on 5 January at 09:00, Europe/London"),
        (
            "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
            "Every year in March on the last Sunday at 09:00, Europe/London",
        ),
        ("FREQ=YEARLY;BYDAY=20MO", "Every year on the 20th Monday of the year at 09:00, Europe/London"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "Every year in week 20 on Monday at 09:00, Europe/London"),
        (
            "FREQ=YEARLY;BYYEARDAY=1,100,-1",
            "Every year on days 1 and 100 and the last day of the year at 09:00, Europe/London",
        ),
        ("FREQ=MONTHLY", "Every month on day 5 at 09:00, Europe/London"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,-1;UNTIL=20261231T170000",
            "Every month on day 15 and the last day at 09:00, Europe/London, until 2026-12-31 17:00:00",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "Every month on day 13 if it is Friday at 09:00, Europe/London",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "Every month on the last of Monday to Friday at 09:00, Europe/London",
        ),
        (
            "FREQ=DAILY;BYHOUR=9,12,17;BYSETPOS=1,-1",
            "Every day at the first and last of 09:00, 12:00 and 17:00, Europe/London",
        ),
        ("FREQ=HOURLY", "Every hour, Europe/London"),
        ("FREQ=HOURLY;INTERVAL=6;BYMINUTE=30", "Every 6 hours at minute 30, Europe/London"),
        (
            "FREQ=HOURLY;BYHOUR=9,10,11;BYMINUTE=0,30",
            "Every hour at minutes 0 and 30 in hours 9 to 11, Europe/London",
        ),
        (
            "FREQ=DAILY;COUNT=1 EXDATE:20260105T090000 RDATE:20260106T090000,20260107T090000",
            "Every day at 09:00, Europe/London, once, and on 2 dates more, except 1 date",
        ),
    ] {
        let schedule = rrule(&format!("DTSTART:20260105T090000 RRULE:{rule}"), "Europe/London");
        assert_eq!(schedule.describe(), text, "{rule}");
    }
    assert_eq!(
        rrule("FREQ=WEEKLY;BYDAY=MO", "UTC").describe(),
        "Every week on Monday, UTC, from the first registration on"
    );
}

#[test]
fn lints_warn_of_what_is_probably_not_meant() {
    let kinds = |text: &str, zone: &str| {
        let name = |lint: &Lint| match lint {
            Lint::RareMonthDay { .. } => "day",
            Lint::InGap { .. } => "gap",
            Lint::StartOutside => "start",
            _ => "other",
        };
        rrule(text, zone).lints().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(kinds("DTSTART:20260131T090000 RRULE:FREQ=MONTHLY", "UTC"), ["day"]);
    assert_eq!(kinds("DTSTART:20260131T090000 RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", "UTC"), Vec::<&str>::new());
    assert_eq!(kinds("DTSTART:20260105T023000 RRULE:FREQ=DAILY", "America/New_York"), ["gap"]);
    assert_eq!(
        kinds("DTSTART:20260105T023000 RRULE:FREQ=WEEKLY;BYDAY=MO", "America/New_York"),
        Vec::<&str>::new()
    );
    assert_eq!(kinds("DTSTART:20260105T023000 RRULE:FREQ=HOURLY", "America/New_York"), Vec::<&str>::new());
    assert_eq!(kinds("DTSTART:20260106T090000 RRULE:FREQ=WEEKLY;BYDAY=MO", "UTC"), ["start"]);
}

fn error_of(result: Result<Schedule, ScheduleError>) -> Option<Kind> {
    result.err().map(|error| error.kind().clone())
}

#[test]
fn rules_without_a_date_are_refused() {
    for text in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "DTSTART:20260105T090000 RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "DTSTART:20250101T000000 RRULE:FREQ=YEARLY;INTERVAL=2;BYYEARDAY=366",
        "DTSTART:20260105T090000 RRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=10",
        "DTSTART:20260105T090000 RRULE:FREQ=DAILY;COUNT=1 EXDATE:20260105T090000",
        "FREQ=HOURLY;BYMONTH=4;BYYEARDAY=1",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=HOURLY;BYSETPOS=2;BYMINUTE=0",
    ] {
        let schedule = rrule(text, "UTC");
        assert!(!schedule.has_any_tick(), "{text}");
        assert_eq!(schedule.prev_before(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(schedule.count_between(BEGIN, DateTime::<Utc>::MAX_UTC), 0);
        assert_eq!(error_of(schedule.refuse_never()), Some(Kind::Never), "{text}");
    }
}

/// The slowest of the calls that a store or a surface makes.
#[allow(clippy::disallowed_methods, reason = "the test measures")]
fn slowest(schedule: &Schedule) -> Duration {
    let time = |call: &dyn Fn()| {
        let begin = Instant::now();
        call();
        begin.elapsed()
    };
    let late = instant("2199-12-30T00:00:00Z");
    let calls: [&dyn Fn(); 6] = [
        &|| _ = std::hint::black_box(schedule.to_string().parse::<Schedule>().unwrap().has_any_tick()),
        &|| _ = std::hint::black_box(schedule.next_after(BEGIN)),
        &|| _ = std::hint::black_box(schedule.next_after(late)),
        &|| _ = std::hint::black_box(schedule.prev_before(late)),
        &|| _ = std::hint::black_box(schedule.prev_before(instant("2100-01-01T00:00:00Z"))),
        &|| _ = std::hint::black_box(schedule.count_between(BEGIN, DateTime::<Utc>::MAX_UTC)),
    ];
    calls.iter().map(|call| time(*call)).max().unwrap_or_default()
}

#[test]
fn no_rule_is_slow() {
    let dates = (0..500).map(|day| {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + TimeDelta::days(day);
        format!("{}T090000", date.format("%Y%m%d"))
    });
    let dates = dates.collect::<Vec<_>>().join(",");
    let all = |last: u32| (0..=last).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let each_second = format!("BYHOUR={};BYMINUTE={};BYSECOND={}", all(23), all(59), all(59));
    let mut report = Vec::new();
    for rule in [
        "FREQ=DAILY".to_owned(),
        "FREQ=HOURLY".to_owned(),
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30".to_owned(),
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6".to_owned(),
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30".to_owned(),
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30".to_owned(),
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=10".to_owned(),
        "FREQ=HOURLY;INTERVAL=10000".to_owned(),
        "FREQ=WEEKLY;INTERVAL=10000".to_owned(),
        "FREQ=DAILY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=29".to_owned(),
        "FREQ=MONTHLY;INTERVAL=9999;BYDAY=5SU".to_owned(),
        "FREQ=DAILY;COUNT=4294967295".to_owned(),
        "FREQ=HOURLY;COUNT=4294967295".to_owned(),
        format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;{each_second}"),
        format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-366,366;{each_second}"),
        format!("FREQ=YEARLY;BYWEEKNO=-53,53,1;BYMONTH=6;BYSETPOS=366;{each_second}"),
        format!("FREQ=DAILY EXDATE:{dates}"),
        format!("FREQ=YEARLY RDATE:{dates}"),
    ] {
        let schedule = rrule(&format!("DTSTART:20260105T090000 RRULE:{rule}"), "America/New_York");
        let took = slowest(&schedule);
        report.push(format!("{took:>12?}  {}", &rule[..rule.len().min(70)]));
        // Measured: see docs/schedules.md. The machine of the test may be busy.
        assert!(took < Duration::from_secs(5), "{took:?} {rule}");
    }
    println!("{}", report.join("\n"));
}
