//! Every n-th day or week: against a model that writes down every day, in zones with every kind of clock change.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use allocation_counter::measure;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use common::{changes, instant, utc};
use cron_core::schedule::{DstGap, Lint, Schedule};
use proptest::prelude::*;

/// Hour and half-hour shifts, two-hour ones, shifts at midnight, the date line, and none.
const ZONES: [Tz; 9] = [
    Tz::UTC,
    Tz::America__New_York,
    Tz::Europe__London,
    Tz::Australia__Lord_Howe,
    Tz::Antarctica__Troll,
    Tz::Pacific__Apia,
    Tz::America__Sao_Paulo,
    Tz::Asia__Beirut,
    Tz::Asia__Kolkata,
];

/// A stride as it is said, day by day.
#[derive(Clone, Debug)]
struct Model {
    every: u64,
    /// Monday as 0; empty for a stride of days.
    weekdays: Vec<u32>,
    from: NaiveDate,
    times: Vec<u32>,
}

fn date(day: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(day).unwrap()
}

impl Model {
    fn text(&self, zone: Tz) -> String {
        let times: Vec<String> =
            self.times.iter().map(|t| format!("{:02}:{:02}:{:02}", t / 3_600, t / 60 % 60, t % 60)).collect();
        let names = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
        let days = if self.weekdays.is_empty() {
            format!("{}d", self.every)
        } else {
            let days: Vec<&str> = self.weekdays.iter().map(|day| names[*day as usize]).collect();
            format!("{}w on {}", self.every, days.join(","))
        };
        format!("stride({days} from {} at {}) {zone}", self.from, times.join(","))
    }

    fn has(&self, day: NaiveDate) -> bool {
        let Ok(since) = u64::try_from((day - self.from).num_days()) else { return false };
        if self.weekdays.is_empty() {
            return since.is_multiple_of(self.every);
        }
        self.weekdays.contains(&day.weekday().num_days_from_monday())
            && (since / 7).is_multiple_of(self.every)
    }

    /// All ticks of some days: each local time at its first instant, after a gap of up to three hours, or never.
    fn ticks(&self, zone: Tz, first: NaiveDate, last: NaiveDate) -> Vec<DateTime<Utc>> {
        let days = first.iter_days().take_while(|day| *day <= last).filter(|day| self.has(*day));
        let times = |day: NaiveDate| {
            self.times
                .iter()
                .map(move |time| day.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::seconds((*time).into()))
        };
        let mut ticks: Vec<_> = days.flat_map(times).filter_map(|local| at(zone, local)).collect();
        ticks.sort();
        ticks.dedup();
        ticks
    }
}

fn at(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return Some(found.to_utc());
    }
    let near = local.and_utc().timestamp();
    let skips = |(at, before, after): &(i64, i64, i64)| (at + before..at + after).contains(&near);
    let (at, before, after) =
        changes(zone, near - 2 * 86_400, near + 2 * 86_400).into_iter().find(skips).unwrap();
    (after - before <= 3 * 3_600).then(|| utc(at))
}

/// Strides whose times are often those at which clocks change.
fn model() -> impl Strategy<Value = Model> {
    let time = prop_oneof![
        3 => (0_u32..4 * 4).prop_map(|quarter| quarter * 900),
        1 => Just(86_399_u32),
        2 => 0_u32..86_400,
    ];
    let times = prop::collection::vec(time, 1..4);
    let weekdays = prop_oneof![Just(vec![]), prop::collection::vec(0_u32..7, 1..8)];
    (1_u64..40, weekdays, 0_i32..60_000, times).prop_map(|(every, weekdays, from, times)| {
        let mut from = date(from);
        if !weekdays.is_empty() {
            // Weeks are counted from a date that is one of the days.
            from = from
                .iter_days()
                .find(|day| weekdays.contains(&day.weekday().num_days_from_monday()))
                .unwrap();
        }
        Model { every, weekdays, from, times }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_day_is_as_the_model_says(
        model in model(), zone in prop::sample::select(&ZONES[..]), t in 172_800_i64..4_102_444_800, near in any::<bool>(),
    ) {
        let schedule: Schedule = model.text(zone).parse().unwrap();
        // Around a change of the clock, on every day, or anywhere.
        let change = changes(zone, t, t + 366 * 86_400).first().map(|(at, ..)| *at);
        let t = change.filter(|_| near).unwrap_or(t);
        let middle = utc(t).date_naive();
        let model = if near { Model { from: middle.checked_sub_days(Days::new(1)).unwrap(), every: 1, weekdays: vec![], ..model } } else { model };
        let schedule = if near { model.text(zone).parse().unwrap() } else { schedule };
        let (first, last) = (middle - Days::new(3), middle + Days::new(40));
        let wanted: Vec<_> = model.ticks(zone, first - Days::new(2), last + Days::new(2));
        let (after, through) = (first.and_hms_opt(0, 0, 0).unwrap().and_utc(), last.and_hms_opt(0, 0, 0).unwrap().and_utc());
        let wanted: Vec<_> = wanted.into_iter().filter(|tick| after < *tick && *tick <= through).collect();
        let found: Vec<_> = schedule.between(after, through).collect();
        prop_assert_eq!(&found, &wanted, "{}", schedule);
        prop_assert_eq!(schedule.count_between(after, through), wanted.len() as u64, "{}", schedule);
        let mut back: Vec<_> = std::iter::successors(schedule.prev_before(through + TimeDelta::nanoseconds(1)), |tick| schedule.prev_before(*tick))
            .take_while(|tick| *tick > after).collect();
        back.reverse();
        prop_assert_eq!(&back, &wanted, "{}", schedule);
        prop_assert!(wanted.iter().all(|tick| schedule.matches(*tick)));
    }

    #[test]
    fn ticks_increase_and_prev_is_the_inverse(model in model(), zone in common::zone(), t in 0_i64..4_102_444_800, nano in 0_u32..2) {
        let schedule: Schedule = model.text(zone).parse().unwrap();
        let t = DateTime::from_timestamp(t, nano * 500_000_000).unwrap();
        let mut last = t;
        for (number, tick) in schedule.iter_after(t).take(5).enumerate() {
            prop_assert!(tick > last, "{schedule}: {tick} after {last}");
            let before = schedule.prev_before(tick);
            prop_assert!(if number > 0 { before == Some(last) } else { before.is_none_or(|before| before <= t) }, "{}", schedule);
            last = tick;
        }
        let count = schedule.count_between(t, last);
        prop_assert_eq!(count, schedule.iter_after(t).take(5).count() as u64, "{}", schedule);
        let far = t + TimeDelta::days(20_000);
        let halves = schedule.count_between(t, last) + schedule.count_between(last, far);
        prop_assert_eq!(schedule.count_between(t, far), if far > last { halves } else { schedule.count_between(t, far) });
    }

    #[test]
    fn text_and_schedule_are_the_same(model in model(), zone in common::zone(), skip in any::<bool>()) {
        let gap = if skip { DstGap::Skip } else { DstGap::RunAfter };
        let schedule = model.text(zone).parse::<Schedule>().unwrap().with_dst_gap(gap);
        let again: Schedule = schedule.to_string().parse().unwrap();
        prop_assert_eq!(&again, &schedule, "{}", model.text(zone));
        prop_assert_eq!((again.fingerprint(), again.describe()), (schedule.fingerprint(), schedule.describe()));
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }

    #[test]
    fn no_stored_text_makes_it_panic(
        text in "stride\\([0-9]{0,6}[dw]( on [A-Z,-]{0,12}| on MON,FRI)?( from [0-9]{4}-[0-9]{2}-[0-9]{2}| from .{0,10})? at [0-9:,]{0,12}\\) UTC( dst_gap=skip)?",
    ) {
        if let Ok(schedule) = text.parse::<Schedule>() {
            prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
        }
    }
}

fn phrase(text: &str, zone: &str) -> Schedule {
    Schedule::phrase(text, zone).unwrap()
}

#[test]
fn clocks_that_change_follow_the_rule_of_fixed_times() {
    let zone = "America/New_York";
    let gap = phrase("every 2 weeks on sunday from 2025-03-09 at 2:30 and 3:00", zone);
    let ticks: Vec<_> = gap.iter_after(instant("2025-03-09T00:00:00Z")).take(2).collect();
    assert_eq!(
        ticks,
        [instant("2025-03-09T07:00:00Z"), instant("2025-03-23T06:30:00Z")],
        "02:30 and 03:00 are one"
    );
    let alone = phrase("every 2 weeks on sunday from 2025-03-09 at 2:30", zone);
    assert_eq!(gap.lints(), [], "03:00 is a regular run");
    assert_eq!(alone.lints(), [Lint::InGap { zone: Tz::America__New_York, gap: DstGap::RunAfter }]);
    let skipping = gap.clone().with_dst_gap(DstGap::Skip);
    assert_eq!(skipping.to_string(), format!("{gap} dst_gap=skip"));
    assert!(skipping.describe().ends_with(", not after a gap of the clock"));
    assert_ne!(skipping.fingerprint(), gap.fingerprint());
    let fold = phrase("every 2 weeks on sunday from 2025-11-02 at 1:30", zone);
    let day = (instant("2025-11-02T04:00:00Z"), instant("2025-11-03T05:00:00Z"));
    assert_eq!(fold.between(day.0, day.1).collect::<Vec<_>>(), [instant("2025-11-02T05:30:00Z")]);
    let dropped = phrase("every 2 days from 2011-12-28 at 9:00", "Pacific/Apia");
    let ticks: Vec<_> = dropped.iter_after(instant("2011-12-27T00:00:00Z")).take(2).collect();
    assert_eq!(
        ticks,
        [instant("2011-12-28T19:00:00Z"), instant("2011-12-31T19:00:00Z")],
        "the 30th did not exist"
    );
    let only = phrase("every 99999 days from 2011-12-30 at 9:00", "Pacific/Apia");
    assert!(!only.has_any_tick());
}

#[test]
fn the_calendar_ends() {
    let schedule = phrase("every 2 days from 2199-12-29 at 9:00 and 23:59:59", "UTC");
    let last = instant("2199-12-31T23:59:59Z");
    assert_eq!(schedule.iter_after(instant("2026-01-01T00:00:00Z")).last(), Some(last));
    assert_eq!(schedule.prev_before(DateTime::<Utc>::MAX_UTC), Some(last));
    assert_eq!(schedule.next_after(last), None);
    assert_eq!(schedule.count_between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), 4);
    assert_eq!(schedule.prev_before(instant("2199-12-29T09:00:00Z")), None);
    assert!(!phrase("every monday from 2199-12-31 at 9:00", "UTC").has_any_tick());
    assert!(Schedule::phrase("every day from 2200-01-01 at 9:00", "UTC").is_err());
}

#[test]
fn searching_allocates_nothing() {
    let schedules = [
        phrase("every 3 days from 2026-01-05 at 2:30 and 17:00", "America/New_York"),
        phrase("every 2 weeks on monday, tuesday and sunday from 2026-01-05 at 9:00", "Europe/London"),
        phrase("every weekday at 8:30 and 17:00", "Pacific/Apia"),
    ];
    let start = instant("2026-01-01T00:00:00Z");
    let found = measure(|| {
        for schedule in &schedules {
            let mut at = start;
            for _ in 0..50 {
                let next = schedule.next_after(at).unwrap();
                assert!(schedule.prev_before(next) < Some(next));
                at = next;
            }
            assert_eq!(schedule.count_between(start, at), 50);
        }
    });
    assert_eq!(found.count_total, 0);
    assert!(size_of::<Schedule>() <= 64);
}

#[test]
fn stored_texts_that_mean_nothing_are_refused() {
    for text in [
        "stride(2d at 09:00) UTC",
        "stride(2w on MON at 09:00) UTC",
        "stride(2w on MON from 2026-01-06 at 09:00) UTC",
        "stride(0d at 09:00) UTC",
        "stride(2w from 2026-01-05 at 09:00) UTC",
        "stride(2d on MON from 2026-01-05 at 09:00) UTC",
        "stride(1w on FRI-MON at 09:00) UTC",
        "stride(1d at) UTC",
        "stride(1d at 25:00) UTC",
        "stride() UTC",
    ] {
        let error = text.parse::<Schedule>().expect_err(text);
        assert!(error.to_string().contains("2w on MON,FRI from 2026-01-05 at 09:00"), "{error}");
    }
    assert!("stride(1d at 09:00,17:30)".parse::<Schedule>().is_err(), "without a zone");
    assert_eq!("stride(1d at 09:00) UTC".parse(), Schedule::daily("09:00", "UTC"), "masks can say it");
}

#[test]
fn fingerprints_do_not_change_between_builds() {
    let schedule = phrase("every 2 weeks on monday from 2026-01-05 at 9:00", "Europe/London");
    assert_eq!(schedule.fingerprint(), FINGERPRINT);
}

const FINGERPRINT: u64 = 15_757_031_958_786_561_806;
