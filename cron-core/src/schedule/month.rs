//! The Gregorian calendar from 1970 to 2199, from one table of the days on which months begin.

use chrono::{DateTime, Days, NaiveTime, Timelike, Utc};

/// The first year of the calendar.
pub(super) const FIRST_YEAR: u32 = 1970;
/// The last year of the calendar.
pub(super) const LAST_YEAR: u32 = 2199;
/// The number of years of the calendar.
pub(super) const YEARS: u32 = LAST_YEAR - FIRST_YEAR + 1;

const DAY: u64 = 86_400;

/// The number of months of the calendar.
const MONTHS: u32 = YEARS * 12;

/// Days from 1970-01-01 to the first of each month, and to 2200-01-01. One table for dates, lengths of months and
/// leap years: a search touches two or three neighbours in it.
const MONTH_STARTS: [u32; MONTHS as usize + 1] = {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut starts = [0; MONTHS as usize + 1];
    let mut month = 0;
    while month < MONTHS as usize {
        let year = month as u32 / 12 + FIRST_YEAR;
        // The Gregorian calendar, as in ISO 8601.
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        starts[month + 1] = starts[month] + lengths[month % 12] + (leap && month % 12 == 1) as u32;
        month += 1;
    }
    starts
};

/// A month, counted from January 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Month(u32);

impl Month {
    /// A month by its year, counted from 1970, and its place in it, counted from 0.
    #[inline(always)]
    pub(super) fn new(year: u32, of_year: u32) -> Self {
        Self(year * 12 + of_year)
    }

    /// The month of a day, and the day within it, counted from 0. Days count from 1970-01-01.
    #[inline(always)]
    pub(super) fn of_day(day: u32) -> (Self, u32) {
        // 4,800 months have 146,097 days. Less three days, the guess is the month or the one before it.
        let guess = day.saturating_sub(3) * 4_800 / 146_097;
        let month = guess + u32::from(day >= MONTH_STARTS[guess as usize + 1]);
        (Self(month), day - Self(month).start())
    }

    /// The year, counted from 1970.
    #[inline(always)]
    pub(super) fn year(self) -> u32 {
        self.0 / 12
    }

    /// The month of the year, January as 0.
    #[inline(always)]
    pub(super) fn of_year(self) -> u32 {
        self.0 % 12
    }

    /// Days from 1970-01-01 to the first of the month.
    #[inline(always)]
    pub(super) fn start(self) -> u32 {
        MONTH_STARTS[self.0 as usize]
    }

    /// The number of days of the month.
    #[inline(always)]
    pub(super) fn len(self) -> u32 {
        MONTH_STARTS[self.0 as usize + 1] - self.start()
    }
}

/// The instant at `seconds` since 1970, which is after `t`, which is at `t_seconds`.
///
/// The same as `DateTime::from_timestamp`. Counting the days on from a date that is known already, mostly within
/// the same year, is shorter than computing the date anew, which would be a third of the time of a whole search.
#[inline(always)]
pub(super) fn later_instant(t: DateTime<Utc>, t_seconds: i64, seconds: i64) -> Option<DateTime<Utc>> {
    let t = t.naive_utc();
    // Counted from the midnight before t, so that this works before 1970 as well.
    let midnight = t_seconds - i64::from(t.time().num_seconds_from_midnight());
    let (days, second) = split(seconds - midnight);
    let date = t.date().checked_add_days(Days::new(days.into()))?;
    Some(date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(second, 0)?).and_utc())
}

/// The day and the second of the day of a local second from 1970 on.
#[inline(always)]
pub(super) fn split(local: i64) -> (u32, u32) {
    let local = local.unsigned_abs();
    ((local / DAY) as u32, (local % DAY) as u32)
}

/// The local second of a day and a second of the day.
#[inline(always)]
pub(super) fn join(day: u32, second: u32) -> i64 {
    (u64::from(day) * DAY + u64::from(second)).cast_signed()
}

/// The weekday of a day counted from 1970-01-01, which was a Thursday; Sunday is 0.
#[inline]
pub(super) const fn weekday(day: u32) -> u32 {
    (day + 4) % 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn later_instants_are_those_of_chrono() {
        for from in (-200_000..7_258_300_000).step_by(86_399 * 31) {
            let t = DateTime::from_timestamp(from, 999).unwrap();
            for later in [1, 86_399, 86_400, 400 * 86_400, 50 * 365 * 86_400] {
                assert_eq!(
                    later_instant(t, from, from + later),
                    DateTime::from_timestamp(from + later, 0),
                    "{t}"
                );
            }
        }
    }

    #[test]
    fn every_day_has_the_date_that_chrono_says() {
        for day in 0..MONTH_STARTS[MONTHS as usize] {
            let date = NaiveDate::from_epoch_days(day as i32).unwrap();
            let (month, of_month) = Month::of_day(day);
            assert_eq!(
                (date.year() as u32, date.month0(), date.day0(), date.weekday().num_days_from_sunday()),
                (month.year() + FIRST_YEAR, month.of_year(), of_month, weekday(day)),
            );
            assert_eq!(month.start() + of_month, day);
            assert_eq!(u32::from(date.num_days_in_month()), month.len());
        }
    }
}
