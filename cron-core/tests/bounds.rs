//! The start and the end of schedules: the ticks are those of the schedule without them, filtered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use allocation_counter::measure;
use chrono::{DateTime, TimeDelta, Utc};
use common::{instant, model, zone};
use cron_core::schedule::{
    BoundsError, CalendarRule, Calendars, Dates, DstGap, Schedule, ScheduleErrorKind as Kind,
};
use proptest::prelude::*;

fn daily() -> Schedule {
    Schedule::daily("09:00", "Europe/London").unwrap()
}

fn delay() -> Schedule {
    Schedule::every_after_finish("30s").unwrap()
}

/// The error of a text or of bounds, if it is one of bounds.
fn mistake(result: Result<Schedule, cron_core::schedule::ScheduleError>) -> BoundsError {
    let error = result.unwrap_err();
    let Kind::Bounds(mistake) = error.kind() else { panic!("{error}") };
    mistake.clone()
}

/// Any schedule that may have bounds, without them. Sparse ones of the model are walked to the horizon.
fn plain() -> impl Strategy<Value = Schedule> {
    (model(), zone(), 0_u32..8, 1_u64..5_000_000).prop_map(|(model, zone, kind, period)| match kind {
        0 => Schedule::every(&format!("{period}ms"), Some("7ms")).unwrap(),
        1 => Schedule::phrase("every 3 days from 1971-01-01 at 02:30 and 17:45", zone.name()).unwrap(),
        2 => {
            let dates = Dates::parse("2026-12-25,2026-12-28").unwrap();
            Schedule::daily("02:30", zone.name())
                .unwrap()
                .with_calendar(CalendarRule::NextWorkday, dates)
                .unwrap()
        }
        3 => Schedule::hourly(":30", zone.name()).unwrap(),
        4 => Schedule::daily("02:30", zone.name()).unwrap(),
        _ => Schedule::cron(&model.text(), zone.name()).unwrap(),
    })
}

/// An instant near the ticks of a schedule: one of them, a moment beside it, or any.
fn near(schedule: &Schedule, t: DateTime<Utc>, take: usize, shift: i64) -> DateTime<Utc> {
    let tick = schedule.iter_after(t).take(take).last().unwrap_or(t);
    tick + TimeDelta::milliseconds(match shift {
        -3..=3 => shift / 2,
        other => other,
    })
}

fn text(t: DateTime<Utc>) -> String {
    t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (86_400_000_i64..4_102_444_800_000).prop_map(|ms| DateTime::from_timestamp_millis(ms).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ticks_are_those_within_the_bounds(
        plain in plain(), t in time(), start in prop::option::weighted(0.8, (1_usize..6, -9_000_i64..9_000)),
        end in prop::option::weighted(0.8, (1_usize..9, -3_i64..4)), nanos in 0_i64..3,
    ) {
        let start = start.map(|(take, shift)| near(&plain, t, take, shift % if take % 2 == 0 { 4 } else { 9_000 }));
        let end = end.map(|(take, shift)| near(&plain, start.unwrap_or(t), take, shift));
        prop_assume!(start.is_some() || end.is_some());
        prop_assume!(start.zip(end).is_none_or(|(start, end)| start <= end));
        let within = |start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>| {
            plain.clone().within(start.map(text).as_deref(), end.map(text).as_deref(), "UTC").unwrap()
        };
        let schedule = within(start, end);
        let is_inside = |tick: &DateTime<Utc>| start.is_none_or(|start| *tick >= start) && end.is_none_or(|end| *tick <= end);

        // Windows that begin and end anywhere around the bounds, also between two milliseconds.
        let edge = TimeDelta::nanoseconds(nanos - 1);
        let ticks: Vec<_> = plain.iter_after(t).take(16).collect();
        let moments = ticks.iter().copied().chain([t, t + edge]).chain(start.map(|at| at + edge)).chain(end.map(|at| at + edge));
        let moments: Vec<_> = moments.collect();
        // Some bounds are further away than the ticks that were looked at.
        let known = ticks.last().copied().unwrap_or(t);
        for from in &moments {
            let next = plain.iter_after(start.map_or(*from, |start| (*from).max(start - TimeDelta::milliseconds(1)))).next();
            prop_assert_eq!(schedule.next_after(*from), next.filter(is_inside), "{} after {}", schedule, from);
            let prev = std::iter::successors(plain.prev_before(*from), |tick| plain.prev_before(*tick));
            let prev = prev.take(40).take_while(|tick| start.is_none_or(|start| *tick >= start)).find(is_inside);
            if *from <= known {
                prop_assert_eq!(schedule.prev_before(*from), prev, "{} before {}", schedule, from);
            }
            prop_assert_eq!(schedule.matches(*from), plain.matches(*from) && is_inside(from));
            for to in &moments {
                if *to <= known {
                    let wanted: Vec<_> = plain.between(*from, *to).filter(is_inside).collect();
                    prop_assert_eq!(schedule.count_between(*from, *to), wanted.len() as u64, "{} {} {}", schedule, from, to);
                    prop_assert_eq!(schedule.between(*from, *to).collect::<Vec<_>>(), wanted);
                }
            }
        }
        let any = schedule.next_after(DateTime::<Utc>::MIN_UTC);
        prop_assert_eq!(schedule.has_any_tick(), any.is_some());
        prop_assert_eq!(schedule.clone().refuse_never().is_ok(), any.is_some());
        prop_assert_eq!(schedule.prev_before(DateTime::<Utc>::MAX_UTC).is_some(), any.is_some());
        prop_assert!(any.is_none_or(|tick| is_inside(&tick) && schedule.matches(tick)));
    }

    #[test]
    fn text_and_schedule_are_the_same(plain in plain(), t in time(), length in prop::option::of(0_i64..100_000_000_000), local in zone(), open in any::<bool>()) {
        let end = length.and_then(|length| t.checked_add_signed(TimeDelta::milliseconds(length)));
        let start = (!open || end.is_none()).then(|| text(t));
        let schedule = plain.clone().within(start.as_deref(), end.map(text).as_deref(), local.name()).unwrap();
        let text = schedule.to_string();
        let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        prop_assert_eq!(&again, &schedule, "{}", text);
        prop_assert_eq!((again.fingerprint(), again.describe()), (schedule.fingerprint(), schedule.describe()));
        prop_assert_eq!(again.next_after(t), schedule.next_after(t));
        prop_assert_ne!(schedule.fingerprint(), plain.fingerprint());
        prop_assert_eq!(schedule.without_bounds(), &plain);
        prop_assert_eq!((schedule.zone(), schedule.lints()), (plain.zone(), plain.lints()));
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }

    #[test]
    fn local_bounds_are_the_instants_of_at(zone in zone(), second in 0_i64..4_102_444_800) {
        // The change of the clock after it, if there is one within a year: bounds in gaps and folds.
        let change = common::changes(zone, second, second + 366 * 86_400).first().copied();
        let local = change.map_or(second, |(at, offset, _)| at + offset + second % 7_200 - 3_600).max(0);
        let local = DateTime::from_timestamp(local, 0).unwrap().format("%Y-%m-%dT%H:%M:%S").to_string();
        let Ok(at) = Schedule::at(&local, zone.name()) else {
            let refused = Schedule::every("1s", None).unwrap().within(Some(&local), None, zone.name());
            let is_right = matches!(refused.unwrap_err().kind(), Kind::SkippedDate);
            prop_assert!(is_right);
            return Ok(());
        };
        let at = at.next_after(DateTime::<Utc>::MIN_UTC).unwrap();
        let schedule = Schedule::every("1s", None).unwrap().within(Some(&local), Some(&local), zone.name()).unwrap();
        let Schedule::Bounded(bounded) = &schedule else { panic!("{schedule}") };
        prop_assert_eq!((bounded.start(), bounded.end()), (Some(at), Some(at)));
        prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
    }

    #[test]
    fn a_delay_waits_for_the_start_and_stops_with_the_end(
        ended in time(), start in prop::option::of(-100_000_i64..100_000), length in prop::option::of(0_i64..200_000),
    ) {
        let start = start.map(|start| ended + TimeDelta::milliseconds(start));
        let end = length.map(|length| start.unwrap_or(ended) + TimeDelta::milliseconds(length));
        let schedule = delay().within(start.map(text).as_deref(), end.map(text).as_deref(), "UTC").unwrap();
        let due = ended + TimeDelta::seconds(30);
        let wanted = Some(start.map_or(due, |start| due.max(start))).filter(|tick| end.is_none_or(|end| *tick <= end));
        prop_assert_eq!(schedule.next_after(ended), wanted);
        prop_assert_eq!(schedule.iter_after(ended).collect::<Vec<_>>(), wanted.into_iter().collect::<Vec<_>>());
        if let Some(tick) = wanted {
            prop_assert!(schedule.matches(tick));
            prop_assert_eq!(schedule.count_between(ended, tick), 1);
            prop_assert_eq!(schedule.count_between(ended, tick - TimeDelta::milliseconds(1)), 0);
        }
        prop_assert_eq!(schedule.count_between(ended, DateTime::<Utc>::MAX_UTC), u64::from(wanted.is_some()));
        prop_assert_eq!(schedule.prev_before(DateTime::<Utc>::MAX_UTC), None);
        prop_assert!(schedule.is_delay());
        prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
    }
}

#[test]
fn both_ends_are_inclusive() {
    let at = instant("2026-06-01T08:00:00Z");
    let within = |start, end| {
        daily().within(start, end, "Europe/London").unwrap().next_after(DateTime::<Utc>::MIN_UTC)
    };
    assert_eq!(within(Some("2026-06-01T09:00:00"), Some("2026-06-01T09:00:00")), Some(at));
    assert_eq!(within(Some("2026-06-01T09:00:00.001"), None), Some(at + TimeDelta::days(1)));
    let until =
        |end| daily().within(None, Some(end), "Europe/London").unwrap().prev_before(DateTime::<Utc>::MAX_UTC);
    assert_eq!(until("2026-06-01T09:00"), Some(at));
    assert_eq!(until("2026-06-01T08:59:59.999"), Some(at - TimeDelta::days(1)));
}

#[test]
fn bounds_stay_outside_of_a_calendar() {
    // Friday the 25th is a holiday, so its tick moves to Monday, which is after the end.
    let dates = || Dates::parse("2026-12-25").unwrap();
    let (start, end) = ("2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z");
    let after = daily().with_calendar(CalendarRule::NextWorkday, dates()).unwrap();
    let after = after.within(Some(start), Some(end), "UTC").unwrap();
    let before = daily().within(Some(start), Some(end), "UTC").unwrap();
    let before = before.with_calendar(CalendarRule::NextWorkday, dates()).unwrap();
    assert_eq!(after, before);
    assert_eq!(after.iter_after(instant(start)).collect::<Vec<_>>(), [instant("2026-12-24T09:00:00Z")]);
    let text = "within(2026-12-24T00:00:00Z..2026-12-27T00:00:00Z) calendar(next_workday 2026-12-25) cron(0 9 * * *) Europe/London";
    assert_eq!(after.to_string(), text);
    assert_eq!(text.parse::<Schedule>(), Ok(after.clone()));
    assert_eq!(after.without_calendar(), &daily());
    // Before the dates are known the text has the same order.
    let bounded = daily().within(Some(start), None, "UTC").unwrap();
    let named = bounded.calendar_reference(CalendarRule::Skip, "uk", None).unwrap();
    assert_eq!(named, "within(2026-12-24T00:00:00Z..) calendar(skip uk) cron(0 9 * * *) Europe/London");
    let mut calendars = Calendars::default();
    calendars.add("uk", &dates()).unwrap();
    let read = Schedule::read(&named, &calendars).unwrap();
    assert_eq!(read, bounded.with_calendar(CalendarRule::Skip, dates().named("uk").unwrap()).unwrap());
    // What a calendar cannot have it cannot have under bounds.
    let bounded = delay().within(Some(start), None, "UTC").unwrap();
    assert!(matches!(
        bounded.with_calendar(CalendarRule::Skip, dates()).unwrap_err().kind(),
        Kind::Calendar(_)
    ));
}

#[test]
fn what_the_schedule_is_shows_through() {
    let start = Some("2026-06-01T00:00:00Z");
    let within = |schedule: Schedule| schedule.within(start, None, "UTC").unwrap();
    assert!(within(delay()).is_delay() && delay().is_delay());
    assert!(!within(daily()).is_delay() && !daily().is_delay());
    assert!(!within(daily()).is_single() && !within(daily()).needs_registration());
    let every_hour = Schedule::cron("30 * * * *", "Europe/London").unwrap();
    assert!(within(every_hour).is_interval_like() && !within(daily()).is_interval_like());
    let in_gap = Schedule::daily("02:30", "America/New_York").unwrap();
    assert_eq!(within(in_gap.clone()).lints(), in_gap.lints());
    assert_eq!(in_gap.lints().len(), 1);
    let skipping = within(in_gap.clone()).with_dst_gap(DstGap::Skip);
    assert_eq!(skipping, within(in_gap.with_dst_gap(DstGap::Skip)));
    assert_eq!(within(daily()).anchored(instant("2026-07-01T00:00:00Z")), within(daily()));
    assert_eq!(daily().within(None, None, "UTC"), Ok(daily()));
}

#[cfg(feature = "rrule")]
#[test]
fn a_rule_that_waits_for_its_registration_keeps_its_bounds() {
    let rule = Schedule::rrule("FREQ=DAILY;COUNT=4", "UTC").unwrap();
    let schedule = rule.within(Some("2026-06-02T00:00:00Z"), Some("2026-06-03T23:00:00Z"), "UTC").unwrap();
    assert!(schedule.needs_registration() && schedule.has_any_tick());
    let registered = instant("2026-05-31T10:00:00Z");
    let anchored = schedule.anchored(registered);
    assert!(!anchored.needs_registration());
    // COUNT began to count on the first of June.
    let ticks = ["2026-06-02T10:00:00Z", "2026-06-03T10:00:00Z"].map(instant);
    assert_eq!(anchored.iter_after(registered).collect::<Vec<_>>(), ticks);
    assert_eq!(anchored.to_string().parse::<Schedule>(), Ok(anchored));
    assert!(!schedule.anchored(instant("2026-07-01T00:00:00Z")).has_any_tick());
}

#[test]
fn spellings_of_one_instant_are_one_schedule() {
    let local = daily().within(Some("2026-06-01T01:00:00"), None, "Europe/London").unwrap();
    let exact = daily().within(Some("2026-06-01T02:00:00+02:00"), None, "Asia/Tokyo").unwrap();
    assert_eq!(local, exact);
    assert_eq!(local.fingerprint(), exact.fingerprint());
    let end = daily().within(None, Some("2026-06-01T00:00:00Z"), "UTC").unwrap();
    assert_ne!(end.fingerprint(), exact.fingerprint());
    let later = daily().within(Some("2026-06-01T00:00:01Z"), None, "UTC").unwrap();
    assert_ne!(later.fingerprint(), exact.fingerprint());
    // Stores keep it: another value here would make every schedule with bounds look edited.
    assert_eq!(exact.fingerprint(), FINGERPRINT);
}

const FINGERPRINT: u64 = 8_047_783_739_866_694_966;

#[test]
fn the_first_and_the_last_day_of_the_calendar_can_be_bounds() {
    // In UTC the first is in 1969 and the last is in 2200.
    for (bound, zone, text) in [
        ("1970-01-01T00:00:00", "Asia/Tokyo", "within(1969-12-31T15:00:00Z..) cron(0 9 * * *) Asia/Tokyo"),
        (
            "2199-12-31T09:00:00",
            "Pacific/Pago_Pago",
            "within(2199-12-31T20:00:00Z..) cron(0 9 * * *) Pacific/Pago_Pago",
        ),
        (
            "2199-12-31T23:00:00",
            "Pacific/Pago_Pago",
            "within(2200-01-01T10:00:00Z..) cron(0 9 * * *) Pacific/Pago_Pago",
        ),
    ] {
        let schedule = Schedule::daily("09:00", zone).unwrap().within(Some(bound), None, zone).unwrap();
        assert_eq!(schedule.to_string(), text);
        assert_eq!(text.parse::<Schedule>(), Ok(schedule));
    }
    let far = "within(1969-01-01T00:00:00Z..) every(1h)".parse::<Schedule>();
    assert_eq!(mistake(far), BoundsError::Damaged);
}

#[test]
fn mistakes_say_what_to_write() {
    let (early, late) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T01:00:00"));
    // It looks right, but in Tokyo it is not.
    assert_eq!(
        daily().within(early, late, "Asia/Tokyo").unwrap_err().to_string(),
        "`start`, `2026-01-01T00:00:00Z`, is after `end`, `2026-01-01T01:00:00` (in UTC 2026-01-01 00:00:00 and \
         2025-12-31 16:00:00); write the earlier of the two as `start`"
    );
    assert!(daily().within(early, late, "UTC").is_ok());
    assert_eq!(
        daily().within(Some("2026-01-01T00:00:00Z"), None, "Europe/Londn").unwrap_err().to_string(),
        "`Europe/Londn` is not a time zone of the IANA database; write `Europe/London`"
    );
    assert!(matches!(
        daily().within(None, None, "Europe/Londn").unwrap_err().kind(),
        Kind::UnknownZone { .. }
    ));
    assert_eq!(daily().within(None, Some("tomorrow"), "UTC").unwrap_err().kind(), &Kind::DateTime);
    for single in [
        Schedule::at("2026-12-25T00:00:00", "UTC").unwrap(),
        Schedule::once("60s").unwrap(),
        Schedule::at("2026-12-25T00:00:00", "UTC")
            .unwrap()
            .with_calendar(CalendarRule::NextWorkday, Dates::parse("2026-12-25").unwrap())
            .unwrap(),
    ] {
        assert_eq!(mistake(single.within(early, None, "UTC")), BoundsError::Single);
    }
    let bounded = daily().within(early, None, "UTC").unwrap();
    assert_eq!(
        bounded.within(None, late, "UTC").unwrap_err().to_string(),
        "`within(2026-01-01T00:00:00Z..) cron(0 9 * * *) Europe/London` has `start` or `end` already; \
         give `start` and `end` together, once"
    );
    assert_eq!(
        mistake(
            Schedule::every("1d", None)
                .unwrap()
                .within(Some("2026-01-01T00:00:01Z"), Some("2026-01-01T23:59:59Z"), "UTC")
                .unwrap()
                .refuse_never()
        ),
        BoundsError::NothingLeft { bounds: "from 2026-01-01 00:00:01 to 2026-01-01 23:59:59 (UTC)".into() }
    );
    assert_eq!(
        mistake(delay().within(None, Some("1970-01-01T00:00:29Z"), "UTC").unwrap().refuse_never()),
        BoundsError::NothingLeft { bounds: "until 1970-01-01 00:00:29 (UTC)".into() }
    );
    // A schedule that is empty without bounds is told so.
    let never = Schedule::cron("0 0 30 2 *", "UTC").unwrap().within(early, None, "UTC").unwrap();
    assert_eq!(never.refuse_never().unwrap_err().kind(), &Kind::Never);
}

#[test]
fn wrong_texts_are_refused() {
    let read = |text: &str| text.parse::<Schedule>();
    let bounds = "within(2026-01-01T00:00:00Z..)";
    assert_eq!(mistake(read(&format!("{bounds} {bounds} every(1h)"))), BoundsError::Second);
    // However deep: nothing is read that is not used.
    assert_eq!(mistake(read(&format!("{bounds} ").repeat(100_000))), BoundsError::Second);
    assert_eq!(mistake(read(&format!("{bounds} once(1h)"))), BoundsError::Single);
    let inside = format!("calendar(skip 2026-12-25) {bounds} every(1h)");
    let error = read(&inside).unwrap_err();
    assert_eq!(error.kind(), &Kind::Bounds(BoundsError::UnderCalendar));
    assert_eq!(&error.expression()[error.span()], "within(2026-01-01T00:00:00Z..) every(1h)");
    for edges in ["", "..", "2026-01-01T00:00:00Z", "x..", "..2026-01-01", "2026-01-01T00:00:00..", "a..b..c"]
    {
        let text = format!("within({edges}) every(1h)");
        let error = read(&text).unwrap_err();
        assert_eq!(error.kind(), &Kind::Bounds(BoundsError::Damaged), "{text}");
        assert_eq!(&text[error.span()], edges);
    }
    let backward = "within(2026-12-31T00:00:00Z..2026-01-01T00:00:00Z) every(1h)";
    assert!(matches!(mistake(read(backward)), BoundsError::Backward { .. }));
    assert_eq!(read("within(").unwrap_err().kind(), &Kind::UnknownForm { nearest: None });
    assert_eq!(
        read("withn(..) every(1h)").unwrap_err().kind(),
        &Kind::UnknownForm { nearest: Some("within") }
    );
    assert!(read(&format!("{bounds} cron(0 9 * * MON-FIR) UTC")).is_err());
    assert!(read(&format!("{bounds}every(1h)")).is_err());
}

#[test]
fn searching_within_bounds_allocates_nothing() {
    let start = instant("2026-01-01T00:00:00Z");
    for schedule in [daily(), Schedule::every("10s", None).unwrap(), delay()] {
        let bounds = (Some("2025-06-01T00:00:00Z"), Some("2027-06-01T00:00:00Z"));
        let schedule = schedule.within(bounds.0, bounds.1, "UTC").unwrap();
        // The first search in a zone reads the zone.
        assert!(schedule.next_after(start).is_some());
        let found = measure(|| {
            let next = schedule.next_after(start).unwrap();
            assert!(schedule.prev_before(next) < Some(next));
            assert!(schedule.count_between(start, next) == 1 && schedule.matches(next));
        });
        assert_eq!(found.count_total, 0, "{schedule}");
    }
}
