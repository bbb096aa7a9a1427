//! The seven fields of a cron expression: their ranges, their names, and the sets of values they select.

use std::fmt;

use crate::schedule::month::{FIRST_YEAR, LAST_YEAR};

/// Every day of the month, 1 to 31, as bits 0 to 30.
pub(super) const ALL_DAYS: u32 = (1 << 31) - 1;
/// Bit 0 of each group of seven bits: Sunday of each of the five weeks of a month.
pub(super) const EACH_WEEK: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;
/// Every weekday in each of the five weeks.
pub(super) const ALL_WEEKDAYS: u64 = (1 << 35) - 1;
/// Where the bits for the last Sunday, Monday, ... of the month begin.
pub(super) const LAST_WEEK: u32 = 35;
/// Every second of a minute, and every minute of an hour.
pub(super) const ALL_SIXTY: u64 = (1 << 60) - 1;
/// Every hour of a day.
pub(super) const ALL_HOURS: u32 = (1 << 24) - 1;
/// Every month of a year, January as bit 0.
pub(super) const ALL_MONTHS: u16 = (1 << 12) - 1;

pub(super) const MONTH_NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Sunday is 0 (and 7), as in crontab(5) since Version 7 Unix.
pub(in crate::schedule) const DAY_NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field of a cron expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// 0-59; 0 if the expression has five fields.
    Second,
    /// 0-59.
    Minute,
    /// 0-23.
    Hour,
    /// 1-31.
    DayOfMonth,
    /// 1-12 or JAN-DEC.
    Month,
    /// 0-7 or SUN-SAT; 0 and 7 are Sunday.
    DayOfWeek,
    /// 1970-2199; every year if the expression has five or six fields.
    Year,
}

impl Field {
    /// The smallest and the largest value that may be written.
    #[must_use]
    pub const fn range(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
            Self::Year => (FIRST_YEAR, LAST_YEAR),
        }
    }

    /// The values that may be written, in words: `1-12 or JAN-DEC`.
    #[must_use]
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "0-59",
            Self::Hour => "0-23",
            Self::DayOfMonth => "1-31",
            Self::Month => "1-12 or JAN-DEC",
            Self::DayOfWeek => "0-7 or SUN-SAT",
            Self::Year => "1970-2199",
        }
    }

    /// Whether this is one of the two day fields.
    #[must_use]
    pub const fn is_day(self) -> bool {
        matches!(self, Self::DayOfMonth | Self::DayOfWeek)
    }

    /// The names of the values, the first one for the value `range().0`; empty for most fields.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTH_NAMES,
            Self::DayOfWeek => &DAY_NAMES,
            _ => &[],
        }
    }

    /// The last value of `*`; the day of week has a second name for Sunday after it.
    pub(super) const fn last(self) -> u32 {
        match self {
            Self::DayOfWeek => 6,
            _ => self.range().1,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        })
    }
}

/// A set of years from 1970 to 2199, year 1970 as bit 0 of the first word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Years(pub(super) [u64; 4]);

impl Years {
    pub(super) const NONE: Self = Self([0; 4]);

    pub(super) fn insert(&mut self, year: u32) {
        let bit = year - FIRST_YEAR;
        self.0[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    /// Whether the year, counted from 1970, is in the set.
    #[inline]
    pub(super) fn contains(&self, year: u32) -> bool {
        self.0.get((year / 64) as usize).is_some_and(|word| word >> (year % 64) & 1 != 0)
    }

    /// All years of the set.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (FIRST_YEAR..=LAST_YEAR).filter(|year| self.contains(year - FIRST_YEAR))
    }

    pub(super) fn is_full(&self) -> bool {
        self.iter().count() as u32 == LAST_YEAR - FIRST_YEAR + 1
    }
}
