//! Schedules under calendars, against models that look at each second or at each tick.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use common::{Item, List, changes, instant, model, utc, zone};
use cron_core::schedule::{
    Calendar, CalendarError, CalendarRule, Calendars, Dates, DstGap, Schedule, ScheduleErrorKind,
};
use proptest::prelude::*;

const CASES: u32 = 10_000;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800, prop_oneof![Just(0_u32), 0..1_000_000_000_u32])
        .prop_map(|(second, nano)| DateTime::from_timestamp(second, nano).unwrap())
}

/// Any rule, the ones that move quite often.
fn rule() -> impl Strategy<Value = CalendarRule> {
    prop::sample::select(CalendarRule::ALL)
}

/// Dates around an instant: none, all, some, in runs of random lengths.
fn dates_near(t: i64, seed: u64, share: u64) -> Dates {
    let middle = t.div_euclid(86_400);
    let mixed = |day: i64| (day.div_euclid(3) as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let days = (middle - 40..middle + 40).filter(|day| mixed(*day) % 10 < share);
    days.filter_map(|day| NaiveDate::from_epoch_days(day as i32)).collect()
}

fn is_workday(date: NaiveDate, dates: &Dates, zone: Tz) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    // A date that the zone left out has no noon.
    let exists = zone.from_local_datetime(&date.and_hms_opt(12, 0, 0).unwrap()).earliest().is_some();
    !weekend && !dates.contains(date) && exists
}

/// Whether a schedule that has the dates `own` runs on this date under a calendar: word for word the documentation.
fn runs_on(
    date: NaiveDate,
    own: impl Fn(NaiveDate) -> bool,
    rule: CalendarRule,
    dates: &Dates,
    zone: Tz,
) -> bool {
    let moved_from = |step: fn(NaiveDate) -> NaiveDate| {
        let mut other = date;
        loop {
            if own(other) {
                return true;
            }
            other = step(other);
            if is_workday(other, dates, zone) || !(1970..2200).contains(&other.year()) {
                return false;
            }
        }
    };
    match rule {
        CalendarRule::Skip => own(date) && !dates.contains(date),
        CalendarRule::Only => own(date) && dates.contains(date),
        CalendarRule::NextWorkday => {
            is_workday(date, dates, zone) && moved_from(|date| date.pred_opt().unwrap())
        }
        CalendarRule::PreviousWorkday => {
            is_workday(date, dates, zone) && moved_from(|date| date.succ_opt().unwrap())
        }
    }
}

fn backwards(schedule: &Schedule, first: i64, last: i64) -> Vec<i64> {
    let mut found = Vec::new();
    let mut end = utc(last + 1);
    while let Some(tick) = schedule.prev_before(end).filter(|tick| tick.timestamp() >= first) {
        found.push(tick.timestamp());
        end = tick;
    }
    found.reverse();
    found
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_tick_is_missed_or_invented_around_changes_of_the_clock(
        model in model(), zone in zone(), rule in rule(), t in 0_i64..4_102_444_800,
        seed in any::<u64>(), share in 0_u64..=10, before in 600_i64..9_000, shift in 0_u32..8,
    ) {
        let (at, offset, _) = changes(zone, t, t + 366 * 86_400).first().copied().unwrap_or((t, 0, 0));
        let mut model = model;
        let hour = ((at + offset).rem_euclid(86_400) / 3_600) as u32;
        if shift < 5 {
            model.hour = List(vec![Item::Value((hour + 23 + shift) % 24), Item::Value((hour + shift) % 24)]);
        }
        if shift % 2 == 0 {
            model.weekdays = common::Weekdays::Any("*");
            model.days = common::Days::Any("*");
            model.month = List(vec![Item::Star(None)]);
            (model.year, model.both) = (None, false);
        }
        let dates = dates_near(at, seed, share);
        let plain = Schedule::cron(&model.text(), zone.name()).unwrap();
        let schedule = plain.with_calendar(rule, dates.clone()).unwrap();
        // The clock changes on Sundays mostly; the days before and after are where ticks are moved to.
        let at = at + (i64::from(shift) - 2).clamp(-1, 3) * 86_400;
        let (first, last) = (at - before, at + 2 * 3_600);
        let on = |date| runs_on(date, |date| model.has_date(date), rule, &dates, zone);
        let wanted = model.ticks_on(zone, first, last, on);
        let found: Vec<i64> = schedule.between(utc(first - 1), utc(last)).map(|tick| tick.timestamp()).collect();
        prop_assert_eq!(&found, &wanted, "{}", schedule);
        prop_assert_eq!(schedule.count_between(utc(first - 1), utc(last)), wanted.len() as u64, "{}", schedule);
        prop_assert_eq!(&backwards(&schedule, first, last), &wanted, "{}", schedule);
    }

    #[test]
    fn an_interval_has_its_ticks_on_the_dates_that_are_left(
        period in prop_oneof![1_i64..90_000, 900_000_i64..200_000_000], phase in 1_i64..100_000, zone in zone(),
        // The window reaches 30 days back: west of Greenwich 1970 begins with a date of 1969, which is in no calendar.
        only in any::<bool>(), t in 40 * 86_400_i64..4_102_444_800, seed in any::<u64>(), share in 0_u64..=10,
    ) {
        let t = changes(zone, t, t + 366 * 86_400).first().map_or(t, |change| change.0);
        let rule = if only { CalendarRule::Only } else { CalendarRule::Skip };
        let dates = dates_near(t, seed, share);
        let (period, phase) = (format!("{period}ms"), format!("{phase}ms"));
        let plain = Schedule::every(&period, Some(&phase)).unwrap();
        let schedule = plain.clone().with_calendar_in(rule, dates.clone(), zone.name()).unwrap();
        // A window over a midnight, or over many.
        let midnight = t + 86_400 - (t + common::offset(zone, t)).rem_euclid(86_400);
        let few = plain.next_after(utc(0)).zip(plain.iter_after(utc(0)).nth(1)).unwrap();
        let window = ((few.1 - few.0) * 150).min(TimeDelta::days(60));
        let (first, last) = (utc(midnight) - window / 2, utc(midnight) + window / 2);
        let wanted: Vec<_> =
            plain.between(first, last).filter(|tick| dates.contains(tick.with_timezone(&zone).date_naive()) == only).collect();
        let found: Vec<_> = schedule.between(first, last).collect();
        prop_assert_eq!(&found, &wanted, "{}", schedule);
        prop_assert_eq!(schedule.count_between(first, last), wanted.len() as u64);
        let mut back: Vec<_> = std::iter::successors(schedule.prev_before(last + TimeDelta::milliseconds(1)), |tick| schedule.prev_before(*tick))
            .take_while(|tick| *tick > first).collect();
        back.reverse();
        prop_assert_eq!(back, wanted);
    }

    #[test]
    fn ticks_increase_and_prev_is_the_inverse_and_counting_is_walking(
        model in model(), zone in zone(), rule in rule(), t in time(), seed in any::<u64>(), share in 0_u64..=10,
        kind in 0_u32..5, take in 1_usize..40,
    ) {
        let dates = dates_near(t.timestamp(), seed, share);
        let (plain, rule) = match kind {
            0 => (Schedule::daily("02:30", zone.name()).unwrap(), rule),
            1 if rule.moves() => (Schedule::hourly(":30", zone.name()).unwrap(), rule),
            1 => (Schedule::every("7h", Some("5s")).unwrap(), rule),
            2 => (Schedule::phrase("every 3 days from 1971-01-01 at 02:30 and 17:45", zone.name()).unwrap(), rule),
            _ => (Schedule::cron(&model.text(), zone.name()).unwrap(), rule),
        };
        let schedule = plain.with_calendar(rule, dates).unwrap();
        let ticks: Vec<_> = schedule.iter_after(t).take(take).collect();
        prop_assert!(ticks.first().is_none_or(|tick| *tick > t));
        prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(ticks.windows(2).all(|pair| schedule.prev_before(pair[1]) == Some(pair[0])), "{schedule}");
        prop_assert!(ticks.iter().all(|tick| schedule.matches(*tick)));
        let through = ticks.last().copied().unwrap_or(t);
        prop_assert_eq!(schedule.count_between(t, through), ticks.len() as u64, "{}", schedule);
        if let Some(before) = schedule.prev_before(t) {
            prop_assert!(before < t);
            prop_assert!(schedule.next_after(before).is_none_or(|next| next >= t));
        }
    }

    #[test]
    fn a_single_date_is_kept_dropped_or_moved(
        zone in zone(), rule in rule(), t in 864_000_i64..4_102_444_800, seed in any::<u64>(), share in 0_u64..=9, local in any::<bool>(),
    ) {
        let dates = dates_near(t, seed, share);
        let clock = utc(t).with_timezone(&zone).naive_local();
        let (plain, schedule) = if local {
            let plain = Schedule::at(&clock.format("%Y-%m-%dT%H:%M:%S").to_string(), zone.name()).unwrap();
            (plain.clone(), plain.with_calendar(rule, dates.clone()).unwrap())
        } else {
            let plain = Schedule::at_instant(utc(t));
            (plain.clone(), plain.with_calendar_in(rule, dates.clone(), zone.name()).unwrap())
        };
        let free = |date: &NaiveDate| is_workday(*date, &dates, zone);
        let target = match rule {
            CalendarRule::Skip => (!dates.contains(clock.date())).then_some(clock.date()),
            CalendarRule::Only => dates.contains(clock.date()).then_some(clock.date()),
            CalendarRule::NextWorkday => (0..).map(|n| clock.date() + Days::new(n)).find(free),
            CalendarRule::PreviousWorkday => (0..).map(|n| clock.date() - Days::new(n)).find(free),
        };
        let found: Vec<_> = schedule.iter_after(DateTime::<Utc>::MIN_UTC).collect();
        match target {
            None => prop_assert!(found.is_empty()),
            // Where schedules have no instants.
            Some(date) if date.year() < 1970 => prop_assert!(found.is_empty()),
            Some(date) if date == clock.date() => {
                prop_assert_eq!(found, vec![plain.next_after(DateTime::<Utc>::MIN_UTC).unwrap()]);
            }
            Some(date) => {
                prop_assert_eq!(found.len(), 1);
                let moved = found[0].with_timezone(&zone).naive_local();
                prop_assert!(moved.date() == date && (moved.time() == clock.time() || changes(zone, found[0].timestamp() - 10_800, found[0].timestamp()).len() == 1));
            }
        }
        prop_assert!(schedule.is_single());
    }

    #[test]
    fn text_and_schedule_are_the_same(
        model in model(), zone in zone(), rule in rule(), t in time(), seed in any::<u64>(), share in 0_u64..=10, named in any::<bool>(), kind in 0_u32..3,
    ) {
        let mut dates = dates_near(t.timestamp(), seed, share);
        if named {
            dates = dates.named("team:holidays/2026").unwrap();
        }
        let schedule = match kind {
            0 if !rule.moves() => Schedule::every("90s", None).unwrap().with_calendar_in(rule, dates, zone.name()),
            1 => Schedule::at_instant(t).with_calendar_in(rule, dates, zone.name()),
            _ => Schedule::cron(&model.text(), zone.name()).unwrap().with_calendar(rule, dates),
        }.unwrap();
        let text = schedule.to_string();
        let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        prop_assert_eq!(&again, &schedule, "{}", text);
        prop_assert_eq!((again.fingerprint(), again.describe()), (schedule.fingerprint(), schedule.describe()));
        prop_assert_eq!(again.next_after(t), schedule.next_after(t));
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }
}

/// The holidays of England as the law makes them now: enough of them to be a real calendar.
fn england(date: NaiveDate) -> bool {
    let fixed = |month, day, later: &[(Weekday, u64)]| {
        let holiday = NaiveDate::from_ymd_opt(date.year(), month, day).unwrap();
        let days =
            later.iter().find(|(weekday, _)| *weekday == holiday.weekday()).map_or(0, |(_, days)| *days);
        holiday + Days::new(days) == date
    };
    let (mon, month, day) = (date.weekday() == Weekday::Mon, date.month(), date.day());
    let easter = easter(date.year());
    fixed(1, 1, &[(Weekday::Sat, 2), (Weekday::Sun, 1)])
        || date == easter - Days::new(2)
        || date == easter + Days::new(1)
        || mon && month == 5 && (day <= 7 || day > 24)
        || mon && month == 8 && day > 24
        || fixed(12, 25, &[(Weekday::Sat, 2), (Weekday::Sun, 2)])
        || fixed(12, 26, &[(Weekday::Sat, 2), (Weekday::Sun, 2)])
}

/// Easter Sunday, by the anonymous Gregorian computus.
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let n = h + l - 7 * m;
    NaiveDate::from_ymd_opt(year, ((n + 90) / 25) as u32, ((n + 33 * ((n + 90) / 25) + 19) % 32) as u32)
        .unwrap()
}

#[test]
fn a_real_calendar() {
    let mut calendars = Calendars::default();
    calendars.add("uk_holidays", &england).unwrap();
    let dates = calendars.get("uk_holidays").unwrap();
    let of_2026: Vec<String> =
        dates.iter().filter(|date| date.year() == 2026).map(|date| date.to_string()).collect();
    let law = ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"];
    assert_eq!(of_2026, law.map(|day| format!("2026-{day}")));

    let read = |rule: &str| {
        Schedule::read(
            &format!("calendar({rule} uk_holidays) cron(0 9 * * MON-FRI) Europe/London"),
            &calendars,
        )
    };
    let skip = read("skip").unwrap();
    let christmas = instant("2026-12-24T12:00:00Z");
    assert_eq!(skip.next_after(christmas), Some(instant("2026-12-29T09:00:00Z")));
    // 52 weeks and a day, less eight holidays.
    assert_eq!(skip.count_between(instant("2026-01-01T00:00:00Z"), instant("2027-01-01T00:00:00Z")), 261 - 8);
    assert!(skip.to_string().len() < 4_500, "{}", skip.to_string().len());
    let error = read("skip_all").unwrap_err();
    assert_eq!(error.kind(), &ScheduleErrorKind::Calendar(CalendarError::Damaged));
}

#[test]
fn every_rule_in_one_week() {
    // Friday the 25th and Monday the 28th are holidays, between them is a weekend.
    let dates = || Dates::parse("2026-12-25,2026-12-28").unwrap();
    let ticks = |rule| {
        let daily = Schedule::daily("09:00", "Europe/London").unwrap().with_calendar(rule, dates()).unwrap();
        let (from, to) = (instant("2026-12-23T00:00:00Z"), instant("2026-12-31T00:00:00Z"));
        let days: Vec<u32> = daily.between(from, to).map(|tick| tick.day()).collect();
        assert_eq!(daily.count_between(from, to), days.len() as u64);
        assert!(daily.between(from, to).all(|tick| tick.hour() == 9));
        days
    };
    assert_eq!(ticks(CalendarRule::Skip), [23, 24, 26, 27, 29, 30]);
    assert_eq!(ticks(CalendarRule::Only), [25, 28]);
    // A weekend is no workday either; all that is moved to one instant is one tick.
    assert_eq!(ticks(CalendarRule::NextWorkday), [23, 24, 29, 30]);
    assert_eq!(ticks(CalendarRule::PreviousWorkday), [23, 24, 29, 30]);
}

#[test]
fn strides_are_moved_like_cron() {
    // The same times, once as masks and once as a stride of a day, from a date on.
    let dates = || Dates::parse("2026-10-23, 2026-12-25, 2026-12-28").unwrap();
    let (from, to) = (instant("2026-10-01T00:00:00Z"), instant("2027-04-01T00:00:00Z"));
    for zone in ["UTC", "Europe/London", "America/New_York"] {
        for rule in CalendarRule::ALL {
            let with = |schedule: Schedule| schedule.with_calendar(*rule, dates()).unwrap();
            let cron = with(Schedule::daily("01:30,02:30", zone).unwrap());
            let stride = with(Schedule::phrase("every day from 2026-01-01 at 1:30 and 2:30", zone).unwrap());
            assert!(matches!(stride.without_calendar(), Schedule::Stride(_)));
            assert!(stride.between(from, to).eq(cron.between(from, to)), "{stride}");
            assert_eq!(stride.count_between(from, to), cron.count_between(from, to));
            assert_eq!(stride.prev_before(to), cron.prev_before(to));
            assert_eq!(stride.to_string().parse::<Schedule>(), Ok(stride));
        }
    }
}

#[test]
fn a_moved_run_keeps_its_local_time_whatever_the_clock_did() {
    let none: Dates = [].into_iter().collect();
    // New York left out 02:30 on Sunday the 9th; on Monday it is there.
    let daily = Schedule::daily("02:30", "America/New_York").unwrap();
    let moved = daily.with_calendar(CalendarRule::NextWorkday, none.clone()).unwrap();
    let saturday = instant("2025-03-08T05:00:00Z");
    assert_eq!(moved.next_after(saturday), Some(instant("2025-03-10T06:30:00Z")));
    assert_eq!(moved.clone().with_dst_gap(DstGap::Skip).next_after(saturday), moved.next_after(saturday));
    // Samoa left out Friday, 30 December 2011: what is moved passes over it.
    let thursday = Dates::parse("2011-12-29").unwrap();
    let daily = Schedule::daily("09:00", "Pacific/Apia").unwrap();
    let moved = daily.with_calendar(CalendarRule::NextWorkday, thursday).unwrap();
    assert_eq!(moved.next_after(instant("2011-12-29T12:00:00Z")), Some(instant("2012-01-01T19:00:00Z")));
}

#[test]
fn a_calendar_that_leaves_nothing_is_found_at_once() {
    let all = || Dates::of(&|_| true);
    for (schedule, rule, dates) in [
        (Schedule::every("1ms", None), CalendarRule::Skip, all()),
        (Schedule::every("1000d", None), CalendarRule::Skip, all()),
        (
            Schedule::every("7d", None),
            CalendarRule::Only,
            Dates::of(&|date: NaiveDate| date.weekday() == Weekday::Mon),
        ),
        (Schedule::cron("* * * * * *", "Europe/London"), CalendarRule::Skip, all()),
        (Schedule::cron("* * * * *", "Europe/London"), CalendarRule::NextWorkday, all()),
        (Schedule::daily("09:00", "Asia/Tokyo"), CalendarRule::PreviousWorkday, all()),
        (Schedule::weekly("weekdays 09:00", "UTC"), CalendarRule::Only, Dates::parse("2026-12-26").unwrap()),
        (Schedule::at("2026-12-25T00:00:00", "UTC"), CalendarRule::Skip, Dates::parse("2026-12-25").unwrap()),
    ] {
        let schedule = schedule.unwrap().with_calendar(rule, dates).unwrap();
        assert_eq!(schedule.next_after(DateTime::<Utc>::MIN_UTC), None, "{rule}");
        assert_eq!(schedule.prev_before(DateTime::<Utc>::MAX_UTC), None, "{rule}");
        assert_eq!(schedule.count_between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), 0);
        let error = schedule.refuse_never().unwrap_err();
        assert!(
            matches!(error.kind(), ScheduleErrorKind::Calendar(CalendarError::NothingLeft { .. })),
            "{error}"
        );
    }
}

#[test]
fn names_and_spellings_are_no_edit_and_other_dates_are() {
    let daily = || Schedule::daily("09:00", "Europe/London").unwrap();
    let with = |dates: Dates| daily().with_calendar(CalendarRule::Skip, dates).unwrap();
    let list = |text: &str| Dates::parse(text).unwrap();
    let one = with(list("2026-12-25, 2026-12-26"));
    assert_eq!(one, with(list("2026-12-26,2026-12-25,2026-12-26")));
    let named = with(list("2026-12-25, 2026-12-26").named("christmas").unwrap());
    assert_eq!(named.fingerprint(), one.fingerprint());
    assert_ne!(named.to_string(), one.to_string());
    assert_ne!(with(list("2026-12-25")).fingerprint(), one.fingerprint());
    assert_ne!(daily().fingerprint(), one.fingerprint());
    let only = daily().with_calendar(CalendarRule::Only, list("2026-12-25, 2026-12-26")).unwrap();
    assert_ne!(only.fingerprint(), one.fingerprint());
    // Stores keep it: another value here would make every schedule with a calendar look edited.
    assert_eq!(one.fingerprint(), FINGERPRINT);
}

const FINGERPRINT: u64 = 6_983_424_129_744_089_778;

#[test]
fn texts_and_words() {
    let dates = || Dates::parse("2026-12-26, 2026-12-25").unwrap();
    let daily = || Schedule::daily("09:00", "Europe/London").unwrap();
    let every = || Schedule::every("30s", None).unwrap();
    for (schedule, text, words) in [
        (
            daily().with_calendar(CalendarRule::Skip, dates()),
            "calendar(skip 2026-12-25,2026-12-26) cron(0 9 * * *) Europe/London",
            "At 09:00, every day, Europe/London, not on 2026-12-25 and 2026-12-26",
        ),
        (
            daily().with_calendar(CalendarRule::NextWorkday, dates().named("christmas").unwrap()),
            "calendar(next_workday christmas 2026-12-25,2026-12-26) cron(0 9 * * *) Europe/London",
            "At 09:00, every day, Europe/London, moved from weekends and christmas to the next workday",
        ),
        (
            daily().with_calendar(CalendarRule::PreviousWorkday, [].into_iter().collect()),
            "calendar(previous_workday runs=) cron(0 9 * * *) Europe/London",
            "At 09:00, every day, Europe/London, moved from weekends and no date to the workday before",
        ),
        (
            every().with_calendar(CalendarRule::Only, dates()),
            "calendar(only 2026-12-25,2026-12-26) every(30s)",
            "Every 30s, only on 2026-12-25 and 2026-12-26 by the date in UTC",
        ),
        (
            every().with_calendar_in(CalendarRule::Skip, dates().named("christmas").unwrap(), "Asia/Tokyo"),
            "calendar(skip christmas 2026-12-25,2026-12-26 in Asia/Tokyo) every(30s)",
            "Every 30s, not on christmas by the date in Asia/Tokyo",
        ),
    ] {
        let schedule = schedule.unwrap();
        assert_eq!(schedule.to_string(), text);
        assert_eq!(schedule.describe(), words);
        assert_eq!(text.parse::<Schedule>(), Ok(schedule));
    }
}

#[test]
fn mistakes_say_what_to_write() {
    let list = |text: &str| Dates::parse(text).unwrap_err();
    for (text, wrong, message) in [
        ("2026-12-25, 2026-02-30", "2026-02-30", "there is no `2026-02-30`"),
        (
            "25.12.2026",
            "25.12.2026",
            "`25.12.2026` is not a date; write dates as `2026-12-25, 2026-12-26`, or the name of a calendar",
        ),
        (
            "2026-12-25,,2026-12-26",
            "",
            "a date is missing; write dates as `2026-12-25, 2026-12-26`, or the name of a calendar",
        ),
        (
            "2026-12-25,",
            "",
            "a date is missing; write dates as `2026-12-25, 2026-12-26`, or the name of a calendar",
        ),
        ("1969-12-25", "1969-12-25", "`1969-12-25` is not a date from 1970 to 2199"),
        (
            "2026-1-1",
            "2026-1-1",
            "`2026-1-1` is not a date; write dates as `2026-12-25, 2026-12-26`, or the name of a calendar",
        ),
    ] {
        let error = list(text);
        assert_eq!(error.to_string(), message);
        assert_eq!(&error.expression()[error.span()], wrong);
    }
    let once =
        Schedule::once("60s").unwrap().with_calendar(CalendarRule::Skip, Dates::parse("2026-12-25").unwrap());
    assert_eq!(
        once.unwrap_err().to_string(),
        "`once(1m)` has no date that could be in a calendar before it is registered; write the time of the run with `at`"
    );
    let every = Schedule::every("1h", None).unwrap();
    assert_eq!(
        every.calendar_reference(CalendarRule::NextWorkday, "uk", None).unwrap_err().to_string(),
        "`next_workday` cannot move `every(1h)`: an interval has no local time to keep on another day; \
         use `daily` or `cron`, or the rule `skip`"
    );
    assert_eq!(
        every.calendar_reference(CalendarRule::Skip, "uk holidays", None).unwrap_err().diagram(),
        "uk holidays\n  ^"
    );
    let unknown = "calendar(skip uk) every(1h)".parse::<Schedule>().unwrap_err();
    assert_eq!(unknown.kind(), &ScheduleErrorKind::Calendar(CalendarError::Unknown { nearest: None }));
    for text in [
        "calendar(skip) every(1h)",
        "calendar(skip uk runs=x!) every(1h)",
        "calendar(skip uk nonsense) every(1h)",
        "calendar(skip 2026-12-25) calendar(skip 2026-12-25) every(1h)",
        "calendar(skip 2026-12-25 in Nowhere) every(1h)",
        "calendar(skip 2026-12-25 in Asia/Tokyo) cron(0 9 * * *) UTC",
        "calendar(skip 2026-12-25)",
        "calendar(",
    ] {
        assert!(text.parse::<Schedule>().is_err(), "{text}");
    }
    let mut calendars = Calendars::default();
    calendars.add("uk", &|_| true).unwrap();
    assert!(calendars.add("uk", &|_| true).unwrap_err().to_string().contains("two calendars are named `uk`"));
    for name in ["", "2026", "a b", "a,b", "a)", &"x".repeat(65)] {
        assert!(calendars.add(name, &|_| true).is_err(), "{name}");
    }
}
