//! Searching the local calendar: months and days by mask, times of day by counting zeros.
//!
//! No zone is known here; `super::super::zone` turns local seconds into instants. A search looks at each month
//! at most once, so the longest one (the 29th of February on a Monday, 40 years apart at most) is about 500 steps.

use super::fields::{ALL_DAYS, ALL_WEEKDAYS, EACH_WEEK, LAST_WEEK};
use super::{CronSchedule, EITHER_DAY, NEVER};
use crate::schedule::month::{Month, YEARS, join, split, weekday};
use crate::schedule::zone::{Calendar, HORIZON};

impl CronSchedule {
    /// The first matching local second of the whole calendar.
    pub(super) fn first_local(&self) -> Option<i64> {
        Calendar::at_or_after(self, 0)
    }

    #[inline(always)]
    fn has_year(&self, year: u32) -> bool {
        self.years.as_deref().is_none_or(|years| years.contains(year))
    }

    #[inline(always)]
    pub(super) fn has_month(&self, month: Month) -> bool {
        self.months >> month.of_year() & 1 != 0 && self.has_year(month.year())
    }

    /// The matching days of a month, day 1 as bit 0, whatever the month and year fields say.
    #[inline(always)]
    pub(super) fn days_of(&self, month: Month) -> u32 {
        let len = month.len();
        let mut days = self.days;
        if self.days_from_last != 0 {
            // `L` is the last day, `L-1` the one before: the same bits counted down from the end.
            days |= self.days_from_last.reverse_bits() >> (32 - len);
        }
        if self.workday != 0 {
            days |= self.workday_of(month, len);
        }
        let days = if self.weekdays == ALL_WEEKDAYS {
            days
        } else if self.flags & EITHER_DAY != 0 {
            days | self.weekdays_of(month, len)
        } else {
            days & self.weekdays_of(month, len)
        };
        days & (ALL_DAYS >> (31 - len))
    }

    /// The days of a month that the day-of-week field selects.
    #[inline(always)]
    fn weekdays_of(&self, month: Month, len: u32) -> u32 {
        let first = weekday(month.start());
        // Turn each week of the mask so that it begins with the weekday of the first of the month.
        let week = |mask: u64, weeks: u64| {
            let low = weeks * (0x7f >> first);
            (mask >> first & low) | (mask << (7 - first) & ((weeks * 0x7f) ^ low))
        };
        let mut days = week(self.weekdays & ALL_WEEKDAYS, EACH_WEEK) as u32;
        let last = self.weekdays >> LAST_WEEK;
        if last != 0 {
            let (skipped, start) = (len - 7, weekday(month.start() + len - 7));
            let turned = (last >> start | last << (7 - start)) & 0x7f;
            days |= (turned as u32) << skipped;
        }
        days
    }

    /// The day that `nW` or `LW` means in a month, as a mask: the Monday-to-Friday day nearest to the n-th, within
    /// the month; nothing in a month without an n-th day.
    fn workday_of(&self, month: Month, len: u32) -> u32 {
        let day = if self.workday == 32 { len } else { u32::from(self.workday) };
        if day > len {
            return 0;
        }
        let day = match weekday(month.start() + day - 1) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == len => day - 2,
            0 => day + 1,
            _ => day,
        };
        1 << (day - 1)
    }

    /// The next month after this one that the month and year fields select.
    fn month_after(&self, month: Month) -> Option<Month> {
        let (year, of_year) = (month.year(), month.of_year());
        let later = u32::from(self.months) & (u32::MAX << of_year << 1);
        if later != 0 && self.has_year(year) {
            return Some(Month::new(year, later.trailing_zeros()));
        }
        let year = (year + 1..YEARS).find(|year| self.has_year(*year))?;
        Some(Month::new(year, u32::from(self.months).trailing_zeros()))
    }

    /// The last month before this one that the month and year fields select.
    fn month_before(&self, month: Month) -> Option<Month> {
        let (year, of_year) = (month.year(), month.of_year());
        let earlier = u32::from(self.months) & !(u32::MAX << of_year);
        if earlier != 0 && self.has_year(year) {
            return Some(Month::new(year, earlier.ilog2()));
        }
        let year = (0..year).rev().find(|year| self.has_year(*year))?;
        Some(Month::new(year, u32::from(self.months).ilog2()))
    }

    /// The first matching second of the months after this one.
    #[cold]
    fn in_later_month(&self, mut month: Month) -> Option<i64> {
        loop {
            month = self.month_after(month)?;
            let days = self.days_of(month);
            if days != 0 {
                return Some(join(month.start() + days.trailing_zeros(), self.first_time));
            }
        }
    }

    /// The first matching second of the day at or after `second`, without a branch: the times of real calls are
    /// as good as random, and a mispredicted branch costs more than all of this.
    ///
    /// Returns whether there is one, and the time (any time if there is none).
    #[inline(always)]
    pub(super) fn time_at_or_after(&self, second: u32) -> (bool, u32) {
        let (hour, minute, second) = hour_minute_second(second);
        // Each unit may stay only if the smaller units have something left; else it has to move on.
        let seconds = self.seconds >> second;
        let minute_stays = seconds != 0 && self.minutes >> minute & 1 != 0;
        let minutes = self.minutes & (u64::MAX << minute << u32::from(!minute_stays));
        let hour_stays = minutes != 0 && self.hours >> hour & 1 != 0;
        let hours = self.hours & (u32::MAX << hour << u32::from(!hour_stays));
        let at_hour = hours.trailing_zeros();
        let at_minute = if hour_stays { minutes } else { self.minutes }.trailing_zeros();
        let at_second = if hour_stays && minute_stays {
            second + seconds.trailing_zeros()
        } else {
            self.seconds.trailing_zeros()
        };
        (hours != 0, at_hour * 3_600 + at_minute * 60 + at_second)
    }

    /// The last matching second of the day at or before `second`.
    pub(super) fn time_at_or_before(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = hour_minute_second(second);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0 {
                let seconds = self.seconds & !(u64::MAX << second << 1);
                if seconds != 0 {
                    return Some(hour * 3_600 + minute * 60 + seconds.ilog2());
                }
            }
            let minutes = self.minutes & !(u64::MAX << minute);
            if minutes != 0 {
                return Some(hour * 3_600 + minutes.ilog2() * 60 + self.seconds.ilog2());
            }
        }
        let hours = self.hours & !(u32::MAX << hour);
        (hours != 0).then(|| hours.ilog2() * 3_600 + self.minutes.ilog2() * 60 + self.seconds.ilog2())
    }

    /// The number of matching seconds of a day before `second`, which may be the end of the day.
    pub(super) fn times_before(&self, second: u32) -> u64 {
        let (hour, minute, second) = hour_minute_second(second);
        let each_minute = u64::from(self.seconds.count_ones());
        let each_hour = u64::from(self.minutes.count_ones()) * each_minute;
        let hours = self.hours & !(u32::MAX << hour);
        let mut times = u64::from(hours.count_ones()) * each_hour;
        if self.hours >> hour & 1 != 0 {
            times += u64::from((self.minutes & !(u64::MAX << minute)).count_ones()) * each_minute;
            if self.minutes >> minute & 1 != 0 {
                times += u64::from((self.seconds & !(u64::MAX << second)).count_ones());
            }
        }
        times
    }

    /// The number of matching days before a day (both counted from 1970-01-01) and not before `from`.
    fn days_between(&self, from: u32, before: u32) -> u64 {
        let mut count = 0;
        let mut day = from;
        while day < before {
            let (month, of_month) = Month::of_day(day);
            let next = month.start() + month.len();
            if self.has_month(month) {
                let unwanted = next.saturating_sub(before);
                let wanted = (u32::MAX << of_month) & (ALL_DAYS >> (31 - month.len() + unwanted));
                count += u64::from((self.days_of(month) & wanted).count_ones());
            }
            day = next;
        }
        count
    }

    /// Whether a day, counted from 1970-01-01, matches.
    fn has_day(&self, day: u32) -> bool {
        let (month, of_month) = Month::of_day(day);
        self.has_month(month) && self.days_of(month) >> of_month & 1 != 0
    }
}

impl Calendar for CronSchedule {
    #[inline(always)]
    fn at_or_after(&self, start: i64) -> Option<i64> {
        if start >= HORIZON {
            return None;
        }
        let (day, second) = split(start.max(0));
        let (left, time) = self.time_at_or_after(second);
        if self.week != 0 {
            // Two weeks in a row as bits: the next day is found without a month.
            let (weekday, weeks) = (weekday(day), u32::from(self.week) << 7 | u32::from(self.week));
            let today = left & (weeks >> weekday & 1 != 0);
            let ahead = u32::from(!today);
            let found = day + ahead + (weeks >> (weekday + ahead)).trailing_zeros();
            let found = join(found, if today { time } else { self.first_time });
            return (found < HORIZON).then_some(found);
        }
        if self.flags & NEVER != 0 {
            return None;
        }
        let (month, of_month) = Month::of_day(day);
        if self.has_month(month) {
            let days = self.days_of(month);
            let today = left & (days >> of_month & 1 != 0);
            let days = days & (u32::MAX << of_month << u32::from(!today));
            if days != 0 {
                let time = if today { time } else { self.first_time };
                return Some(join(day - of_month + days.trailing_zeros(), time));
            }
        }
        self.in_later_month(month)
    }

    fn at_or_before(&self, end: i64) -> Option<i64> {
        if end < 0 || self.flags & NEVER != 0 {
            return None;
        }
        let (day, second) = split(end.min(HORIZON - 1));
        let at = |day: u32, second: u32| Some(join(day, second));
        let last = || self.hours.ilog2() * 3_600 + self.minutes.ilog2() * 60 + self.seconds.ilog2();
        let (mut month, of_month) = Month::of_day(day);
        if self.has_month(month) {
            let days = self.days_of(month);
            if days >> of_month & 1 != 0
                && let Some(time) = self.time_at_or_before(second)
            {
                return at(day, time);
            }
            let earlier = days & !(u32::MAX << of_month);
            if earlier != 0 {
                return at(day - of_month + earlier.ilog2(), last());
            }
        }
        loop {
            month = self.month_before(month)?;
            let days = self.days_of(month);
            if days != 0 {
                return at(month.start() + days.ilog2(), last());
            }
        }
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let (first, last) = (first.max(0), last.min(HORIZON - 1));
        if first > last || self.flags & NEVER != 0 {
            return 0;
        }
        let ((first_day, first_second), (last_day, last_second)) = (split(first), split(last));
        let each_day =
            u64::from(self.hours.count_ones() * self.minutes.count_ones() * self.seconds.count_ones());
        // All times of all days up to the last one, less what lies before the first and after the last second.
        let mut times = self.days_between(first_day, last_day) * each_day;
        if self.has_day(last_day) {
            times += self.times_before(last_second + 1);
        }
        if self.has_day(first_day) {
            times -= self.times_before(first_second);
        }
        times
    }
}

/// A second of the day, split; also the end of the day, as hour 24.
#[inline(always)]
fn hour_minute_second(second: u32) -> (u32, u32, u32) {
    let minutes = second / 60;
    let hour = minutes / 60;
    (hour, minutes - hour * 60, second - minutes * 60)
}
