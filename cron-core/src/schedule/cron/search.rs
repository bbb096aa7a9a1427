//! Searching the local calendar: months and days by mask, times of day by counting zeros.
//!
//! No zone is known here; `super::super::zone` turns local seconds into instants. A search looks at each month
//! at most once, so the longest one (the 29th of February on a Monday, 40 years apart at most) is about 500 steps.

use super::fields::{ALL_DAYS, ALL_WEEKDAYS, EACH_WEEK, FIRST_YEAR, LAST_WEEK, LAST_YEAR};
use super::{CronSchedule, EITHER_DAY, NEVER};
use crate::schedule::zone::{Calendar, HORIZON};

const DAY: u64 = 86_400;
const YEARS: u32 = LAST_YEAR - FIRST_YEAR + 1;

/// Days before each month, for ordinary and for leap years.
const DAYS_BEFORE: [[u16; 13]; 2] = [
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];

/// Days from 1970-01-01 to the first of January of each year, and to that of 2200.
const YEAR_STARTS: [u32; YEARS as usize + 1] = {
    let mut starts = [0; YEARS as usize + 1];
    let mut year = 0;
    while year < YEARS {
        starts[year as usize + 1] = starts[year as usize] + 365 + is_leap(year) as u32;
        year += 1;
    }
    starts
};

/// Whether a year, counted from 1970, has a 29th of February (Gregorian calendar, ISO 8601).
const fn is_leap(year: u32) -> bool {
    let year = year + FIRST_YEAR;
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// A month, with years counted from 1970 and months from 0.
#[derive(Clone, Copy)]
struct Month {
    year: u32,
    month: u32,
}

impl Month {
    /// The month of a day, and the day within it, counted from 0. Days count from 1970-01-01.
    #[inline]
    fn of_day(day: u32) -> (Self, u32) {
        // 365.25 is a little more than the mean year, so the guess is right or one too high only near its end.
        let mut year = day * 4 / 1_461;
        if day >= YEAR_STARTS[year as usize + 1] {
            year += 1;
        }
        if day < YEAR_STARTS[year as usize] {
            year -= 1;
        }
        let of_year = day - YEAR_STARTS[year as usize];
        let before = &DAYS_BEFORE[is_leap(year) as usize];
        // A month has 28 to 31 days, so a 32nd part of the year is the month or the one before it.
        let mut month = of_year >> 5;
        if of_year >= u32::from(before[month as usize + 1]) {
            month += 1;
        }
        (Self { year, month }, of_year - u32::from(before[month as usize]))
    }

    /// Days from 1970-01-01 to the first of the month.
    #[inline]
    fn start(self) -> u32 {
        YEAR_STARTS[self.year as usize]
            + u32::from(DAYS_BEFORE[is_leap(self.year) as usize][self.month as usize])
    }

    /// The number of days of the month.
    #[inline]
    fn len(self) -> u32 {
        let before = &DAYS_BEFORE[is_leap(self.year) as usize];
        u32::from(before[self.month as usize + 1] - before[self.month as usize])
    }
}

impl CronSchedule {
    /// The first matching local second of the whole calendar.
    pub(super) fn first_local(&self) -> Option<i64> {
        Calendar::at_or_after(self, 0)
    }

    #[inline]
    fn has_year(&self, year: u32) -> bool {
        self.years.as_deref().is_none_or(|years| years.contains(year))
    }

    #[inline]
    fn has_month(&self, month: Month) -> bool {
        self.months >> month.month & 1 != 0 && self.has_year(month.year)
    }

    /// The matching days of a month, day 1 as bit 0, whatever the month and year fields say.
    #[inline]
    fn days_of(&self, month: Month) -> u32 {
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
    #[inline]
    fn weekdays_of(&self, month: Month, len: u32) -> u32 {
        let first = weekday(month.start());
        // Turn each week of the mask so that it begins with the weekday of the first of the month.
        let week = |mask: u64, weeks: u64| {
            let low = weeks * (0x7f >> first);
            (mask >> first & low) | (mask << (7 - first) & (weeks * 0x7f ^ low))
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
    #[inline]
    fn month_after(&self, month: Month) -> Option<Month> {
        let later = u32::from(self.months) & (u32::MAX << month.month << 1);
        if later != 0 && self.has_year(month.year) {
            return Some(Month { month: later.trailing_zeros(), ..month });
        }
        let year = (month.year + 1..YEARS).find(|year| self.has_year(*year))?;
        Some(Month { year, month: u32::from(self.months).trailing_zeros() })
    }

    /// The last month before this one that the month and year fields select.
    fn month_before(&self, month: Month) -> Option<Month> {
        let earlier = u32::from(self.months) & !(u32::MAX << month.month);
        if earlier != 0 && self.has_year(month.year) {
            return Some(Month { month: earlier.ilog2(), ..month });
        }
        let year = (0..month.year).rev().find(|year| self.has_year(*year))?;
        Some(Month { year, month: u32::from(self.months).ilog2() })
    }

    /// The first matching second of the day at or after `second`.
    #[inline]
    fn time_at_or_after(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0 {
                let seconds = self.seconds >> second;
                if seconds != 0 {
                    return Some(hour * 3_600 + minute * 60 + second + seconds.trailing_zeros());
                }
            }
            let minutes = self.minutes & (u64::MAX << minute << 1);
            if minutes != 0 {
                return Some(hour * 3_600 + minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros());
            }
        }
        let hours = self.hours & (u32::MAX << hour << 1);
        (hours != 0).then(|| {
            hours.trailing_zeros() * 3_600
                + self.minutes.trailing_zeros() * 60
                + self.seconds.trailing_zeros()
        })
    }

    /// The last matching second of the day at or before `second`.
    fn time_at_or_before(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
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
    fn times_before(&self, second: u32) -> u64 {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
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
    #[inline]
    fn at_or_after(&self, local: i64) -> Option<i64> {
        if local >= HORIZON || self.flags & NEVER != 0 {
            return None;
        }
        let local = local.max(0).unsigned_abs();
        let (day, second) = ((local / DAY) as u32, (local % DAY) as u32);
        let at = |day: u32, second: u32| Some((u64::from(day) * DAY + u64::from(second)).cast_signed());
        let first = || {
            self.hours.trailing_zeros() * 3_600
                + self.minutes.trailing_zeros() * 60
                + self.seconds.trailing_zeros()
        };
        let (mut month, of_month) = Month::of_day(day);
        if self.has_month(month) {
            let days = self.days_of(month);
            if days >> of_month & 1 != 0
                && let Some(time) = self.time_at_or_after(second)
            {
                return at(day, time);
            }
            let later = days & (u32::MAX << of_month << 1);
            if later != 0 {
                return at(day - of_month + later.trailing_zeros(), first());
            }
        }
        loop {
            month = self.month_after(month)?;
            let days = self.days_of(month);
            if days != 0 {
                return at(month.start() + days.trailing_zeros(), first());
            }
        }
    }

    fn at_or_before(&self, local: i64) -> Option<i64> {
        if local < 0 || self.flags & NEVER != 0 {
            return None;
        }
        let local = local.min(HORIZON - 1).unsigned_abs();
        let (day, second) = ((local / DAY) as u32, (local % DAY) as u32);
        let at = |day: u32, second: u32| Some((u64::from(day) * DAY + u64::from(second)).cast_signed());
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
        let split = |local: i64| ((local.unsigned_abs() / DAY) as u32, (local.unsigned_abs() % DAY) as u32);
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

/// The weekday of a day counted from 1970-01-01, which was a Thursday; Sunday is 0.
#[inline]
const fn weekday(day: u32) -> u32 {
    (day + 4) % 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn every_day_has_the_date_that_chrono_says() {
        for day in 0..(HORIZON / 86_400) as u32 {
            let date = NaiveDate::from_epoch_days(day as i32).unwrap();
            let (month, of_month) = Month::of_day(day);
            assert_eq!(
                (date.year() as u32, date.month0(), date.day0(), date.weekday().num_days_from_sunday()),
                (month.year + FIRST_YEAR, month.month, of_month, weekday(day)),
            );
            assert_eq!(month.start() + of_month, day);
            assert_eq!(u32::from(date.num_days_in_month()), month.len());
        }
    }
}
