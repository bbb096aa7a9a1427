//! The times of day of a schedule on days that a calendar has chosen.

use super::days::DaySet;
use crate::schedule::month::{join, split};
use crate::schedule::zone::{self, Calendar, HORIZON, Walk, ZoneTable};

/// A schedule that has the same local times on each of its days.
pub(in crate::schedule) trait Times {
    /// The days on which it runs, from 1970 to 2199.
    fn days(&self) -> DaySet;
    /// The first time at or after a second of the day.
    fn at_or_after(&self, second: u32) -> Option<u32>;
    /// The last time at or before a second of the day.
    fn at_or_before(&self, second: u32) -> Option<u32>;
    /// The number of times before a second of the day, or before its end.
    fn before(&self, second: u32) -> u64;
    /// How it passes a change of the clock.
    fn walk(&self) -> Walk;
    /// The clock that changes.
    fn table(&self) -> &'static ZoneTable;
}

/// The times of a schedule, with its rule for clock changes, on other days than its own.
#[derive(Clone, Copy)]
pub(super) struct OnDays<'a> {
    pub(super) times: &'a dyn Times,
    pub(super) days: &'a DaySet,
}

impl OnDays<'_> {
    /// The first tick at or after an instant in seconds.
    pub(super) fn next(&self, instant: i64) -> Option<i64> {
        zone::next(self.times.table(), self.times.walk(), self, instant)
    }

    /// The last tick at or before an instant in seconds.
    pub(super) fn prev(&self, instant: i64) -> Option<i64> {
        zone::prev(self.times.table(), self.times.walk(), self, instant)
    }

    /// The number of ticks in `first..=last`, instants in seconds.
    pub(super) fn number(&self, first: i64, last: i64) -> u64 {
        zone::count(self.times.table(), self.times.walk(), self, first, last)
    }
}

/// Local seconds.
impl Calendar for OnDays<'_> {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        if local >= HORIZON {
            return None;
        }
        let (day, second) = split(local.max(0));
        if self.days.has(day)
            && let Some(time) = self.times.at_or_after(second)
        {
            return Some(join(day, time));
        }
        let day = self.days.at_or_after(day + 1)?;
        Some(join(day, self.times.at_or_after(0)?))
    }

    fn at_or_before(&self, local: i64) -> Option<i64> {
        if local < 0 {
            return None;
        }
        let (day, second) = split(local.min(HORIZON - 1));
        if self.days.has(day)
            && let Some(time) = self.times.at_or_before(second)
        {
            return Some(join(day, time));
        }
        let day = self.days.at_or_before(day.checked_sub(1)?)?;
        Some(join(day, self.times.at_or_before(86_399)?))
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let (first, last) = (first.max(0), last.min(HORIZON - 1));
        if first > last {
            return 0;
        }
        let ((first_day, first_second), (last_day, last_second)) = (split(first), split(last));
        // All times of all days up to the last one, less what lies before the first and after the last second.
        let mut times = self.days.count(first_day, last_day) * self.times.before(86_400);
        if self.days.has(last_day) {
            times += self.times.before(last_second + 1);
        }
        if self.days.has(first_day) {
            times -= self.times.before(first_second);
        }
        times
    }
}
