//! The canonical text of a stride, its way back, and its description.

use std::fmt;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{Step, Stride, date, day_of};
use crate::schedule::cron::{Field, WEEKDAYS, joined, list, time_of_day, weekday_mask, write_values};
use crate::schedule::month::weekday;
use crate::schedule::{DstGap, Schedule};

impl Stride {
    /// Reads `2w on MON,FRI from 2026-01-05 at 09:00,17:30`, the inside of the canonical text.
    pub(in crate::schedule) fn parse(text: &str, zone: Tz) -> Option<Schedule> {
        let (days, times) = text.split_once(" at ")?;
        let times = times.split(',').map(read_time).collect::<Option<Vec<u32>>>()?;
        let (days, from) = match days.split_once(" from ") {
            Some((days, from)) => (days, Some(read_date(from)?)),
            None => (days, None),
        };
        let (every, weekdays) = match days.split_once(" on ") {
            Some((every, weekdays)) => (every, Some(weekdays)),
            None => (days, None),
        };
        let number = |unit| every.strip_suffix(unit)?.parse::<u32>().ok().filter(|n| (1..=MOST).contains(n));
        let step = match weekdays {
            None => Step::Days(number('d')?),
            Some(weekdays) => Step::Weeks(number('w')?, weekday_mask(weekdays)?),
        };
        match (step, from) {
            (Step::Days(1) | Step::Weeks(1, _), _) => {}
            // Without a date, and on a date that is none of the days, nobody could tell when it begins.
            (Step::Days(_) | Step::Weeks(..), None) => return None,
            (Step::Weeks(_, weekdays), Some(from)) if weekdays >> weekday(from) & 1 == 0 => return None,
            (Step::Days(_) | Step::Weeks(..), Some(_)) => {}
        }
        Some(Self::schedule(step, from, times, zone))
    }

    /// The schedule in one sentence: `At 09:00, every 2 weeks on Monday from 2026-01-05, Europe/London`.
    pub(in crate::schedule) fn describe(&self) -> String {
        let times: Vec<String> = self.times.iter().map(|time| Time(*time).to_string()).collect();
        let weekdays = list(&self.days_in_order(), |day| WEEKDAYS[day as usize % 7].to_owned());
        let days = match (self.every, self.weekdays) {
            (1, 0) => "every day".to_owned(),
            (days, 0) => format!("every {days} days"),
            (1, _) if !self.has_start() => weekdays,
            (1, _) => format!("every {weekdays}"),
            (weeks, _) => format!("every {weeks} weeks on {weekdays}"),
        };
        let from = self.start().map_or(String::new(), |date| format!(" from {date}"));
        let gap = if self.skip_gaps { ", not after a gap of the clock" } else { "" };
        format!("At {}, {days}{from}, {}{gap}", joined(&times), self.zone)
    }

    /// The weekdays, Monday as 1 and Sunday as 7.
    fn days_in_order(&self) -> Vec<u32> {
        (1..=7).filter(|day| self.weekdays >> (day % 7) & 1 != 0).collect()
    }
}

/// The largest number of days or weeks.
pub(in crate::schedule) const MOST: u32 = 99_999;

impl fmt::Display for Stride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.weekdays == 0 {
            write!(f, "stride({}d", self.every)?;
        } else {
            write!(f, "stride({}w on ", self.every)?;
            write_values(f, Field::DayOfWeek, None, &self.days_in_order())?;
        }
        if let Some(date) = self.start() {
            write!(f, " from {date}")?;
        }
        for (place, time) in self.times.iter().enumerate() {
            write!(f, "{}{}", if place == 0 { " at " } else { "," }, Time(*time))?;
        }
        write!(f, ") {}", self.zone)?;
        if self.dst_gap() == DstGap::Skip { f.write_str(" dst_gap=skip") } else { Ok(()) }
    }
}

/// A second of the day as `09:00`, or `09:00:15`.
struct Time(u32);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0 / 3_600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hour:02}:{minute:02}")?;
        if second != 0 { write!(f, ":{second:02}") } else { Ok(()) }
    }
}

fn read_time(text: &str) -> Option<u32> {
    let (hour, minute, second) = time_of_day(text)?;
    Some(hour * 3_600 + minute * 60 + second)
}

/// Year, month and day in four, two and two digits.
pub(in crate::schedule) fn read_date(text: &str) -> Option<u32> {
    let digits = |(at, c): (usize, char)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() };
    let has_form = text.len() == 10 && text.char_indices().all(digits);
    let date: NaiveDate = has_form.then(|| text.parse().ok()).flatten()?;
    day_of(date)
}

/// The days before and after a day that are this weekday, for what to write instead.
pub(in crate::schedule) fn nearest_dates(day: u32, wanted: u32) -> Vec<NaiveDate> {
    let ahead = (wanted + 7 - weekday(day)) % 7;
    let after = day + ahead;
    after.checked_sub(7).into_iter().chain([after]).filter_map(date).collect()
}
