//! Properties of every schedule, in every zone, against a model that looks at each second.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::{Item, List, Model, changes, model, near, utc, zone};
use cron_core::duration::{format_duration, parse_duration};
use cron_core::schedule::{CalendarRule, Dates, DstGap, Schedule};
use proptest::prelude::*;

const CASES: u32 = 10_000;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

/// Instants from 1970 to 2100, with fractions of a second.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800, prop_oneof![Just(0_u32), 0..1_000_000_000_u32])
        .prop_map(|(second, nano)| DateTime::from_timestamp(second, nano).unwrap())
}

fn schedule(model: &Model, zone: chrono_tz::Tz) -> Schedule {
    let text = model.text();
    Schedule::cron(&text, zone.name()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ticks_increase_strictly_and_prev_is_the_inverse(model in model(), zone in zone(), t in time()) {
        let schedule = schedule(&model, zone);
        let mut last = t;
        for (number, tick) in schedule.iter_after(t).take(5).enumerate() {
            prop_assert!(tick > last, "{schedule}: {tick} after {last}");
            prop_assert!(schedule.matches(tick));
            let before = schedule.prev_before(tick);
            if number > 0 {
                prop_assert_eq!(before, Some(last), "{}", schedule);
            } else {
                prop_assert!(before.is_none_or(|before| before <= t), "{schedule}: {before:?} of {tick}, after {t}");
            }
            last = tick;
        }
        if let Some(before) = schedule.prev_before(t) {
            prop_assert!(before < t);
            prop_assert!(schedule.next_after(before).is_none_or(|next| next >= t));
        }
    }

    #[test]
    fn no_match_is_missed_around_changes_of_the_clock(
        model in model(), zone in zone(), t in 0_i64..4_102_444_800, before in 600_i64..9_000, shift in 0_u32..6,
    ) {
        // The change after t, if there is one within a year; else any time will do.
        let (at, offset, _) = changes(zone, t, t + 366 * 86_400).first().copied().unwrap_or((t, 0, 0));
        let model = near(model, at + offset, shift);
        let (first, last) = (at - before, at + 2 * 3_600);
        let wanted = model.ticks(zone, first, last);
        let schedule = schedule(&model, zone);
        let found: Vec<i64> = schedule.between(utc(first - 1), utc(last)).map(|tick| tick.timestamp()).collect();
        prop_assert_eq!(&found, &wanted, "{}", schedule);
        prop_assert_eq!(schedule.count_between(utc(first - 1), utc(last)), wanted.len() as u64, "{}", schedule);
        let mut back = Vec::new();
        let mut end = utc(last + 1);
        while let Some(tick) = schedule.prev_before(end).filter(|tick| tick.timestamp() >= first) {
            back.push(tick.timestamp());
            end = tick;
        }
        back.reverse();
        prop_assert_eq!(&back, &wanted, "{}", schedule);
        // Dropping the runs of gaps takes away the first moments after gaps only, unless they match themselves.
        let dropped = schedule.clone().with_dst_gap(DstGap::Skip);
        for tick in schedule.between(utc(first - 1), utc(last)) {
            prop_assert!(dropped.matches(tick) || tick.timestamp() == at);
        }
    }

    #[test]
    fn dates_match_over_a_whole_year(model in model(), day in 0_i32..83_000) {
        let mut model = model;
        model.second = None;
        model.minute = List(vec![Item::Value(0)]);
        model.hour = List(vec![Item::Value(12)]);
        let schedule = schedule(&model, chrono_tz::Tz::UTC);
        let noon = |day: i32| utc(i64::from(day) * 86_400 + 43_200);
        let found: Vec<_> = schedule.between(noon(day), noon(day + 366)).collect();
        let date = |day: i32| chrono::NaiveDate::from_epoch_days(day).unwrap();
        let wanted: Vec<_> = (day + 1..=day + 366).filter(|day| model.has_date(date(*day))).map(noon).collect();
        prop_assert_eq!(found, wanted, "{}", schedule);
    }

    #[test]
    fn text_and_schedule_are_the_same(model in model(), zone in zone(), t in time(), skip in any::<bool>()) {
        let gap = if skip { DstGap::Skip } else { DstGap::RunAfter };
        let schedule = schedule(&model, zone).with_dst_gap(gap);
        let text = schedule.to_string();
        let again: Schedule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        prop_assert_eq!(&again, &schedule, "{} -> {}", model.text(), text);
        prop_assert_eq!(again.fingerprint(), schedule.fingerprint());
        prop_assert_eq!(again.describe(), schedule.describe());
        prop_assert_eq!(again.next_after(t), schedule.next_after(t));
        let json = serde_json::to_string(&schedule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }

    #[test]
    fn counting_is_walking(model in model(), zone in zone(), t in time(), take in 1_usize..40, more in 0_i64..100_000) {
        let schedule = schedule(&model, zone);
        let through = schedule.iter_after(t).take(take).last().unwrap_or(t) + TimeDelta::milliseconds(more);
        let walked = schedule.between(t, through).take(5_000).count() as u64;
        if walked < 5_000 {
            prop_assert_eq!(schedule.count_between(t, through), walked, "{}", schedule);
        }
    }

    #[test]
    fn counts_add_up_over_any_split(model in model(), zone in zone(), a in time(), b in time(), c in time()) {
        let mut times = [a, b, c];
        times.sort();
        let [a, b, c] = times;
        let schedule = schedule(&model, zone);
        let parts = schedule.count_between(a, b) + schedule.count_between(b, c);
        prop_assert_eq!(schedule.count_between(a, c), parts, "{}", schedule);
        prop_assert_eq!(schedule.count_between(a, b) > 0, schedule.next_after(a).is_some_and(|tick| tick <= b));
    }

    #[test]
    fn intervals_keep_their_grid(period in 1_u64..40_000_000_000, phase in 1_u64..40_000_000_000, t in time()) {
        let text = |ms: u64| format_duration(std::time::Duration::from_millis(ms));
        let schedule = Schedule::every(&text(period), Some(&text(phase))).unwrap();
        prop_assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule.clone());
        let ticks: Vec<_> = schedule.iter_after(t).take(4).collect();
        for tick in &ticks {
            let ms = tick.timestamp_millis() as u64;
            prop_assert_eq!((ms + period - phase % period) % period, 0);
            prop_assert!(schedule.matches(*tick));
        }
        prop_assert!(ticks.first().is_none_or(|tick| *tick > t));
        prop_assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::milliseconds(period as i64)));
        prop_assert!(ticks.windows(2).all(|pair| schedule.prev_before(pair[1]) == Some(pair[0])));
        if let Some(last) = ticks.last() {
            prop_assert_eq!(schedule.count_between(t, *last), ticks.len() as u64);
        }
    }

    #[test]
    fn durations_come_back(ms in 1_u64..3_153_600_000_000) {
        let duration = std::time::Duration::from_millis(ms);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![
            any::<String>(),
            "[ \t0-9*,/?LW#+A-Za-z@:-]{0,40}",
            "([0-9*]{1,2}[-/,][0-9LWa-z#]{1,4} ){0,7}",
            "(cron|every|at|once)\\([ 0-9*a-zA-Z:,TZ-]{0,30}\\)[ a-zA-Z/_=]{0,20}",
            "calendar\\((skip|only|next_workday|x) [a-z0-9,=_-]{0,20}( (runs|bits)=[A-Za-z0-9_-]{0,30})?( in [A-Za-z/]{0,8})?\\) (every\\([1-9]h\\)|cron\\(0 9 \\* \\* \\*\\) UTC|at\\(2026-12-2[0-9]T00:00:00Z\\))",
            "within\\(((19[67]|22[01])[0-9]-(01|12)-(01|31)T00:00:00(.[0-9]{1,4})?Z)?\\.\\.(2026-12-31T23:59:(59|60)[Zz])?\\) (within\\(\\.\\.\\) )?(calendar\\(only 2026-12-2[0-9]\\) )?(every\\([1-9]h(, after finish)?\\)|cron\\(0 9 \\* \\* \\*\\) UTC|once\\(1h\\))",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+][0-9]{2}:[0-9]{2})?",
            any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        ],
        zone in prop_oneof![Just("UTC".to_owned()), any::<String>(), Just("Pacific/Apia".to_owned())],
        t in any::<i64>(),
    ) {
        let t = DateTime::from_timestamp_millis(t % 8_000_000_000_000_000).unwrap();
        let results = [
            Schedule::cron(&text, &zone),
            Schedule::every(&text, Some(&text)),
            Schedule::daily(&text, &zone),
            Schedule::hourly(&text, &zone),
            Schedule::weekly(&text, &zone),
            Schedule::at(&text, &zone),
            Schedule::once(&text),
            Dates::parse(&text).and_then(|dates| Schedule::every("1h", None)?.with_calendar(CalendarRule::Skip, dates)),
            Schedule::rrule(&text, &zone),
            Schedule::every("1h", None).and_then(|every| every.within(Some(&text), None, &zone)),
            text.parse(),
        ];
        for result in results {
            match result {
                Err(error) => {
                    prop_assert!(!error.to_string().contains('\n'));
                    prop_assert!(error.expression().get(error.span()).is_some());
                    prop_assert_eq!(error.diagram().lines().count(), 2);
                }
                Ok(schedule) => {
                    let _ = (schedule.next_after(t), schedule.prev_before(t), schedule.describe(), schedule.lints());
                    let _ = (schedule.count_between(DateTime::<Utc>::MIN_UTC, t), schedule.anchored(t));
                    prop_assert_eq!(schedule.to_string().parse::<Schedule>(), Ok(schedule));
                }
            }
        }
    }
}
