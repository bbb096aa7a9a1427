//! Cron expressions: the Open Cron Pattern Specification as `docs/semantics.md` §2.1 reads it.
//!
//! An expression is parsed into bit masks once; searching, printing and describing work on the masks only, so
//! two spellings of one schedule cannot behave differently.

mod describe;
mod fields;
#[cfg(feature = "cron")]
mod import;
mod lint;
mod on_days;
mod parse;
mod part;
mod print;
mod search;
mod times;

use chrono_tz::Tz;

#[cfg(feature = "rrule")]
pub(super) use describe::MONTHS;
pub use fields::Field;
pub use lint::Lint;

pub(super) use describe::{WEEKDAYS, joined, list};
pub(super) use fields::DAY_NAMES;
pub(super) use lint::in_usual_gap;
pub(super) use part::is_like_a_day;
pub(super) use print::write_values;
pub(super) use times::{time_fields, time_of_day, weekday_mask};

use super::zone::{self, Walk};
use fields::{ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, Years};

/// Begins with `*` in the second, minute or hour field: follows the clock through changes, invents nothing.
const INTERVAL_LIKE: u8 = 1;
/// Both day fields are restricted and either is enough.
const EITHER_DAY: u8 = 2;
/// Runs that fall into a gap are dropped.
const SKIP_GAPS: u8 = 4;
/// No date of the calendar matches.
const NEVER: u8 = 8;

crate::words::word_enum! {
    /// What happens to a fixed-time run whose local time is skipped by a change of the clock.
    "dst_gap",
    pub enum DstGap {
        /// It runs once, at the first moment after the gap (as cronie does).
        RunAfter = "run_after",
        /// It does not run (as the Open Cron Pattern Specification wants it).
        Skip = "skip",
    }
}

impl DstGap {
    /// The rule where none is named.
    pub const DEFAULT: Self = Self::RunAfter;
}

impl Default for DstGap {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The times a cron expression selects, in a zone.
///
/// Masks only: every spelling of the same schedule gives an equal value. The size is at most 64 bytes; a
/// restricted year field keeps its 32 bytes on the heap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CronSchedule {
    /// Bits 0-59.
    seconds: u64,
    /// Bits 0-59.
    minutes: u64,
    /// Five groups of seven bits, Sunday first: the weekday in its first to fifth occurrence of the month; then a
    /// group for the last occurrence. A plain weekday is all five occurrences.
    weekdays: u64,
    /// `None` is every year.
    years: Option<Box<Years>>,
    /// Bits 0-23.
    hours: u32,
    /// Day 1 as bit 0.
    days: u32,
    /// `L` as bit 0, `L-1` as bit 1, and so on.
    days_from_last: u32,
    /// January as bit 0.
    months: u16,
    zone: Tz,
    /// `nW` as n, `LW` as 32, no W form as 0.
    workday: u8,
    flags: u8,
    /// The weekdays, if they alone choose the days, Sunday as bit 0; else 0. Derived from the other masks.
    week: u8,
    /// The first second of a day that matches. Derived from the other masks.
    first_time: u32,
}

impl CronSchedule {
    /// The zone in whose local time the fields are read.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether the schedule runs at an interval through clock changes, because its second, minute or hour field
    /// begins with `*` and matches more than one value, and not at fixed times.
    #[must_use]
    pub fn is_interval_like(&self) -> bool {
        self.flags & INTERVAL_LIKE != 0
    }

    /// What happens to runs in a gap.
    #[must_use]
    pub fn dst_gap(&self) -> DstGap {
        if self.flags & SKIP_GAPS != 0 { DstGap::Skip } else { DstGap::RunAfter }
    }

    pub(super) fn set_dst_gap(&mut self, gap: DstGap) {
        self.flags &= !SKIP_GAPS;
        // An interval-like schedule has nothing to skip, so the option does not make it another schedule.
        if gap == DstGap::Skip && !self.is_interval_like() {
            self.flags |= SKIP_GAPS;
        }
    }

    #[inline(always)]
    fn walk(&self) -> Walk {
        if self.flags & INTERVAL_LIKE != 0 {
            Walk::IntervalLike
        } else if self.flags & SKIP_GAPS != 0 {
            Walk::FixedTimeSkippingGaps
        } else {
            Walk::FixedTime
        }
    }

    /// Brings days of month and week into the one form that each meaning has.
    ///
    /// An unrestricted field is a full mask, and both masks must match; only if both are restricted without `+`
    /// is one enough, and if one of those is full then every day matches.
    fn settle_days(&mut self, either: bool) {
        // All five occurrences include the last, and the last is the fourth or the fifth.
        for weekday in 0..7 {
            let occurrences =
                |numbers: std::ops::Range<u32>| numbers.fold(0, |all, n| all | 1_u64 << (n * 7 + weekday));
            let last = 1 << (fields::LAST_WEEK + weekday);
            if self.weekdays & occurrences(0..4) == occurrences(0..4) && self.weekdays & last != 0 {
                self.weekdays |= occurrences(0..5);
            }
            if self.weekdays & occurrences(0..5) == occurrences(0..5) {
                self.weekdays &= !last;
            }
        }
        if self.days == ALL_DAYS {
            self.days_from_last = 0;
        }
        if either && (self.days == ALL_DAYS || self.weekdays == ALL_WEEKDAYS) {
            (self.days, self.days_from_last, self.workday) = (ALL_DAYS, 0, 0);
            self.weekdays = ALL_WEEKDAYS;
        } else if either {
            self.flags |= EITHER_DAY;
        }
    }

    /// Derives what makes searches short: whether weekdays alone choose the days, the first time of a day, and
    /// whether any date matches at all.
    fn settle_search(&mut self) {
        let every_month = self.months == ALL_MONTHS && self.years.is_none();
        let plain = self.plain_weekdays();
        let by_week = every_month && self.days == ALL_DAYS && plain * fields::EACH_WEEK == self.weekdays;
        self.week = if by_week { plain as u8 } else { 0 };
        self.first_time = self.hours.trailing_zeros() * 3_600
            + self.minutes.trailing_zeros() * 60
            + self.seconds.trailing_zeros();
        if self.first_local().is_none() {
            self.flags |= NEVER;
        }
    }

    /// The first tick at or after an instant in seconds.
    #[inline(always)]
    pub(super) fn at_or_after(&self, instant: i64) -> Option<i64> {
        zone::next(zone::table(self.zone), self.walk(), self, instant)
    }

    /// The last tick at or before an instant in seconds.
    pub(super) fn at_or_before(&self, instant: i64) -> Option<i64> {
        zone::prev(zone::table(self.zone), self.walk(), self, instant)
    }

    /// The number of ticks in `first..=last`, instants in seconds.
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        zone::count(zone::table(self.zone), self.walk(), self, first, last)
    }

    /// Feeds the meaning of the schedule to a hash: each mask, the flags that change ticks, the name of the zone.
    pub(super) fn feed(&self, mut add: impl FnMut(&[u8])) {
        for mask in [self.seconds, self.minutes, self.weekdays] {
            add(&mask.to_le_bytes());
        }
        for mask in [self.hours, self.days, self.days_from_last, u32::from(self.months)] {
            add(&mask.to_le_bytes());
        }
        add(&[self.workday, self.flags & (INTERVAL_LIKE | EITHER_DAY | SKIP_GAPS)]);
        for word in self.years.as_deref().map_or([u64::MAX; 4], |years| years.0) {
            add(&word.to_le_bytes());
        }
        add(self.zone.name().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_small() {
        assert!(size_of::<CronSchedule>() <= 64, "{}", size_of::<CronSchedule>());
    }
}
