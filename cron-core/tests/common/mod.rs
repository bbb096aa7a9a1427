//! An independent model of §2: a schedule as plain lists of values, matched second by second with chrono.
//!
//! Nothing here uses the parser, the masks or the search of the crate. Only the text is handed to it.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod obey;

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

/// One part of a comma list.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Star(Option<u32>),
    Value(u32),
    Range(u32, u32, Option<u32>),
}

impl Item {
    fn text(&self) -> String {
        let step = |step: &Option<u32>| step.map_or(String::new(), |step| format!("/{step}"));
        match self {
            Self::Star(by) => format!("*{}", step(by)),
            Self::Value(value) => value.to_string(),
            Self::Range(first, last, by) => format!("{first}-{last}{}", step(by)),
        }
    }

    fn has(&self, value: u32, least: u32) -> bool {
        match self {
            Self::Star(by) => (value - least).is_multiple_of(by.unwrap_or(1)),
            Self::Value(own) => *own == value,
            Self::Range(first, last, by) => {
                (*first..=*last).contains(&value) && (value - first).is_multiple_of(by.unwrap_or(1))
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct List(pub(crate) Vec<Item>);

impl List {
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(Item::text).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn has(&self, value: u32, least: u32) -> bool {
        self.0.iter().any(|item| item.has(value, least))
    }

    /// Whether it begins with `*`, and not with one that leaves a single value of `0..end`.
    fn is_star(&self, end: u32) -> bool {
        let values = (0..end).filter(|value| self.has(*value, 0)).count();
        matches!(self.0.first(), Some(Item::Star(_))) && values > 1
    }
}

/// The day of the month.
#[derive(Clone, Debug)]
pub(crate) enum Days {
    Any(&'static str),
    List(List, Vec<u32>),
    Nearest(u32),
    LastWorkday,
}

/// The day of the week: plain days, `D#n`, `DL`.
#[derive(Clone, Debug)]
pub(crate) enum Weekdays {
    Any(&'static str),
    List(List, Vec<(u32, u32)>, Vec<u32>),
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) second: Option<List>,
    pub(crate) minute: List,
    pub(crate) hour: List,
    pub(crate) days: Days,
    pub(crate) month: List,
    pub(crate) weekdays: Weekdays,
    pub(crate) both: bool,
    pub(crate) year: Option<List>,
}

impl Model {
    pub(crate) fn text(&self) -> String {
        let days = match &self.days {
            Days::Any(text) => (*text).to_owned(),
            Days::List(list, last) => {
                let back = |n: &u32| if *n == 0 { "L".to_owned() } else { format!("L-{n}") };
                let plain = (!list.0.is_empty()).then(|| list.text());
                plain.into_iter().chain(last.iter().map(back)).collect::<Vec<_>>().join(",")
            }
            Days::Nearest(day) => format!("{day}W"),
            Days::LastWorkday => "LW".to_owned(),
        };
        let weekdays = match &self.weekdays {
            Weekdays::Any(text) => (*text).to_owned(),
            Weekdays::List(list, nth, last) => {
                let plain = (!list.0.is_empty()).then(|| list.text());
                let nth = nth.iter().map(|(day, n)| format!("{day}#{n}"));
                plain
                    .into_iter()
                    .chain(nth)
                    .chain(last.iter().map(|day| format!("{day}L")))
                    .collect::<Vec<_>>()
                    .join(",")
            }
        };
        let plus = if self.both { "+" } else { "" };
        let mut text = format!(
            "{} {} {days} {} {plus}{weekdays}",
            self.minute.text(),
            self.hour.text(),
            self.month.text()
        );
        if self.second.is_some() || self.year.is_some() {
            text = format!("{} {text}", self.second.as_ref().map_or("0".to_owned(), List::text));
        }
        if let Some(year) = &self.year {
            text = format!("{text} {}", year.text());
        }
        text
    }

    pub(crate) fn interval_like(&self) -> bool {
        let second = self.second.as_ref().is_some_and(|second| second.is_star(60));
        second || self.minute.is_star(60) || self.hour.is_star(24)
    }

    fn day_of_month(&self, date: NaiveDate) -> bool {
        let length = u32::from(date.num_days_in_month());
        let workday = |target: u32| {
            // The nearest Monday-to-Friday day within the month: the day itself, one or two to either side.
            let distance = |day: &u32| (day.abs_diff(target), *day > target);
            let open =
                |day: &u32| date.with_day(*day).is_some_and(|date| date.weekday().num_days_from_monday() < 5);
            target <= length && (1..=length).filter(open).min_by_key(distance) == Some(date.day())
        };
        match &self.days {
            Days::Any(_) => true,
            Days::List(list, last) => {
                list.has(date.day(), 1) || last.iter().any(|n| date.day() + n == length)
            }
            Days::Nearest(day) => workday(*day),
            Days::LastWorkday => workday(length),
        }
    }

    fn day_of_week(&self, date: NaiveDate) -> bool {
        let own = date.weekday().num_days_from_sunday();
        let in_last_week = date.day() + 7 > u32::from(date.num_days_in_month());
        match &self.weekdays {
            Weekdays::Any(_) => true,
            Weekdays::List(list, nth, last) => {
                // Sunday may be written 0 or 7; `*/n` counts from 0 to 6.
                list.has(own, 0)
                    || own == 0 && list.0.iter().any(|item| !matches!(item, Item::Star(_)) && item.has(7, 0))
                    || nth.iter().any(|(day, n)| day % 7 == own && date.day0() / 7 + 1 == *n)
                    || last.iter().any(|day| day % 7 == own && in_last_week)
            }
        }
    }

    pub(crate) fn has_date(&self, date: NaiveDate) -> bool {
        let year = date.year() as u32;
        let years =
            (1970..=2199).contains(&year) && self.year.as_ref().is_none_or(|list| list.has(year, 1970));
        let restricted = !matches!(self.days, Days::Any(_)) && !matches!(self.weekdays, Weekdays::Any(_));
        let day = if restricted && !self.both {
            self.day_of_month(date) || self.day_of_week(date)
        } else {
            self.day_of_month(date) && self.day_of_week(date)
        };
        years && self.month.has(date.month(), 1) && day
    }

    pub(crate) fn has_time(&self, second_of_day: u32) -> bool {
        let second = self
            .second
            .as_ref()
            .map_or(second_of_day.is_multiple_of(60), |list| list.has(second_of_day % 60, 0));
        second && self.minute.has(second_of_day / 60 % 60, 0) && self.hour.has(second_of_day / 3_600, 0)
    }

    /// Whether a local second matches, with the last date remembered.
    fn has_local(
        &self,
        local: i64,
        date: &mut Option<(i64, bool)>,
        has_date: &impl Fn(NaiveDate) -> bool,
    ) -> bool {
        let day = local.div_euclid(86_400);
        if date.is_none_or(|(known, _)| known != day) {
            *date = Some((day, has_date(NaiveDate::from_epoch_days(day as i32).unwrap())));
        }
        date.is_some_and(|(_, has)| has) && self.has_time(local.rem_euclid(86_400) as u32)
    }

    /// All ticks in `first..=last`, found by looking at each second.
    pub(crate) fn ticks(&self, zone: Tz, first: i64, last: i64) -> Vec<i64> {
        self.ticks_on(zone, first, last, |date| self.has_date(date))
    }

    /// As [`ticks`](Self::ticks), at the same times on other dates.
    pub(crate) fn ticks_on(
        &self,
        zone: Tz,
        first: i64,
        last: i64,
        has_date: impl Fn(NaiveDate) -> bool,
    ) -> Vec<i64> {
        let (mut found, mut date) = (Vec::new(), None);
        let (mut before, mut same_until) = (offset(zone, first - 1), first - 1);
        for second in first..=last {
            // No zone has two changes within a minute, so equal ends mean that nothing happens in between.
            if second > same_until && offset(zone, second + 60) == before {
                same_until = second + 60;
            }
            let now = if second <= same_until { before } else { offset(zone, second) };
            let mut tick = self.has_local(second + now, &mut date, &has_date);
            if !self.interval_like() {
                if tick {
                    // Only the first time that the clock shows this.
                    let local = DateTime::from_timestamp(second + now, 0).unwrap().naive_utc();
                    let earliest = zone.from_local_datetime(&local).earliest().unwrap();
                    tick = earliest.timestamp() == second;
                }
                let jump = now - before;
                if jump > 0 && jump <= 3 * 3_600 {
                    let skipped = second + before..second + now;
                    tick |= skipped.clone().any(|local| self.has_local(local, &mut date, &has_date));
                }
            }
            if tick {
                found.push(second);
            }
            before = now;
        }
        found
    }
}

/// Local time minus UTC, in seconds.
pub(crate) fn offset(zone: Tz, second: i64) -> i64 {
    let time = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&time).fix().local_minus_utc())
}

/// Every change of a zone's offset between two instants, as (instant, offset before, offset after).
pub(crate) fn changes(zone: Tz, from: i64, to: i64) -> Vec<(i64, i64, i64)> {
    let (mut found, mut at, mut before) = (Vec::new(), from, offset(zone, from));
    while at < to {
        let next = at + 43_200;
        if offset(zone, next) != before {
            let (mut low, mut high) = (at, next);
            while high - low > 1 {
                let middle = (low + high) / 2;
                if offset(zone, middle) == before { low = middle } else { high = middle }
            }
            let after = offset(zone, high);
            found.push((high, before, after));
            before = after;
        }
        at = next;
    }
    found
}

pub(crate) fn utc(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The local wall clock at an instant, as `2025-03-09 03:00:00`.
pub(crate) fn wall(zone: Tz, t: DateTime<Utc>) -> String {
    t.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The second of the day on the local clock.
pub(crate) fn second_of_day(zone: Tz, t: DateTime<Utc>) -> u32 {
    t.with_timezone(&zone).num_seconds_from_midnight()
}

pub(crate) fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

fn items(least: u32, most: u32, longest: usize) -> impl Strategy<Value = List> {
    let item = prop_oneof![
        4 => (least..=most).prop_map(Item::Value),
        2 => (least..=most, least..=most).prop_map(|(a, b)| Item::Range(a.min(b), a.max(b), None)),
        2 => (least..=most, least..=most, 1..most + 5).prop_map(|(a, b, n)| Item::Range(a.min(b), a.max(b), Some(n))),
        1 => (1..most + 5).prop_map(|n| Item::Star(Some(n))),
    ];
    prop::collection::vec(item, 1..=longest).prop_map(List)
}

/// A field of the time or the month, quite often `*`.
fn field(least: u32, most: u32) -> impl Strategy<Value = List> {
    prop_oneof![
        2 => Just(List(vec![Item::Star(None)])),
        1 => (1..most + 5).prop_map(|n| List(vec![Item::Star(Some(n))])),
        5 => items(least, most, 3),
    ]
}

fn days() -> impl Strategy<Value = Days> {
    prop_oneof![
        5 => prop_oneof![Just(Days::Any("*")), Just(Days::Any("?"))],
        3 => items(1, 31, 3).prop_map(|list| Days::List(list, vec![])),
        1 => (items(1, 31, 2), prop::collection::vec(0_u32..=30, 0..3)).prop_map(|(list, last)| Days::List(list, last)),
        1 => prop::collection::vec(0_u32..=30, 1..3).prop_map(|last| Days::List(List(vec![]), last)),
        1 => (1_u32..=31).prop_map(Days::Nearest),
        1 => Just(Days::LastWorkday),
    ]
}

fn weekdays() -> impl Strategy<Value = Weekdays> {
    let day = 0_u32..=7;
    prop_oneof![
        5 => prop_oneof![Just(Weekdays::Any("*")), Just(Weekdays::Any("?"))],
        3 => items(0, 7, 3).prop_map(|list| Weekdays::List(list, vec![], vec![])),
        1 => (prop::collection::vec((day.clone(), 1_u32..=5), 1..4), prop::collection::vec(day.clone(), 0..3))
            .prop_map(|(nth, last)| Weekdays::List(List(vec![]), nth, last)),
        1 => (items(0, 7, 1), prop::collection::vec((day.clone(), 1_u32..=5), 0..3), prop::collection::vec(day, 0..3))
            .prop_map(|(list, nth, last)| Weekdays::List(list, nth, last)),
    ]
}

prop_compose! {
    /// Any schedule of the language.
    pub(crate) fn model()(
        second in prop::option::weighted(0.3, field(0, 59)),
        minute in field(0, 59),
        hour in field(0, 23),
        days in days(),
        month in prop_oneof![2 => Just(List(vec![Item::Star(None)])), 1 => field(1, 12)],
        weekdays in weekdays(),
        both in prop::bool::weighted(0.3),
        year in prop::option::weighted(0.1, items(1970, 2199, 3)),
    ) -> Model {
        let restricted = !matches!(weekdays, Weekdays::Any(_));
        Model { second, minute, hour, days, month, both: both && restricted, weekdays, year }
    }
}

/// Puts the hours around a local time, so that windows of a few hours see something, and for every other number lets
/// every day match.
pub(crate) fn near(mut model: Model, local: i64, shift: u32) -> Model {
    let hour = (local.rem_euclid(86_400) / 3_600) as u32;
    if shift < 3 {
        model.hour = List(vec![Item::Value((hour + 23 + shift) % 24), Item::Value((hour + shift) % 24)]);
    }
    if shift.is_multiple_of(2) {
        model.weekdays = Weekdays::Any("*");
        model.days = Days::Any("*");
        model.month = List(vec![Item::Star(None)]);
        (model.year, model.both) = (None, false);
    }
    model
}

/// Any zone of the database.
pub(crate) fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(&chrono_tz::TZ_VARIANTS[..])
}
