//! A rule of RFC 5545 as a value: what was written, in one order, and nothing derived from it.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Timelike};

/// The names of weekdays, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// How long one period of a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
}

impl Frequency {
    pub(super) const ALL: [Self; 5] = [Self::Yearly, Self::Monthly, Self::Weekly, Self::Daily, Self::Hourly];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Yearly => "YEARLY",
            Self::Monthly => "MONTHLY",
            Self::Weekly => "WEEKLY",
            Self::Daily => "DAILY",
            Self::Hourly => "HOURLY",
        }
    }
}

/// A part that is a list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Month,
    WeekNo,
    YearDay,
    MonthDay,
    Hour,
    Minute,
    Second,
    SetPos,
}

impl By {
    /// In the order in which they are written.
    pub(super) const ALL: [Self; 8] = [
        Self::Month,
        Self::WeekNo,
        Self::YearDay,
        Self::MonthDay,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::SetPos,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Month => "BYMONTH",
            Self::WeekNo => "BYWEEKNO",
            Self::YearDay => "BYYEARDAY",
            Self::MonthDay => "BYMONTHDAY",
            Self::Hour => "BYHOUR",
            Self::Minute => "BYMINUTE",
            Self::Second => "BYSECOND",
            Self::SetPos => "BYSETPOS",
        }
    }

    /// The numbers it takes, from zero or one up.
    pub(super) const fn range(self) -> RangeInclusive<i16> {
        match self {
            Self::Month => 1..=12,
            Self::WeekNo => 1..=53,
            Self::YearDay | Self::SetPos => 1..=366,
            Self::MonthDay => 1..=31,
            Self::Hour => 0..=23,
            Self::Minute | Self::Second => 0..=59,
        }
    }

    /// Whether the numbers may also count from the end, with a minus.
    pub(super) const fn is_signed(self) -> bool {
        matches!(self, Self::WeekNo | Self::YearDay | Self::MonthDay | Self::SetPos)
    }
}

/// A value of `BYDAY`: a weekday, or one that is numbered within its month or year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Day {
    /// 0 for each, 2 for the second, -1 for the last.
    pub(super) number: i16,
    /// 0 is Monday.
    pub(super) weekday: u8,
}

/// Where a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Never,
    /// After this many of its times, whether or not `EXDATE` takes some away.
    Count(u32),
    /// At a local second, inclusive.
    UntilLocal(i64),
    /// At an instant (seconds), inclusive.
    UntilInstant(i64),
}

/// `RRULE`, with every list in ascending order and without repetitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u16,
    pub(super) end: End,
    /// 0 is Monday.
    pub(super) week_start: u8,
    /// Indexed by [`By`]; an empty list says nothing.
    pub(super) lists: [Vec<i16>; 8],
    pub(super) days: Vec<Day>,
}

impl Rule {
    pub(super) fn by(&self, by: By) -> &[i16] {
        &self.lists[by as usize]
    }

    /// The rule with everything spelt out that it takes from its start (a local second).
    pub(super) fn completed(&self, start: i64) -> Self {
        let mut rule = self.clone();
        let Some(start) = DateTime::from_timestamp(start, 0) else { return rule };
        let mut fill = |by: By, value: u32| {
            // Months, days and parts of a day: all below 60.
            let list = &mut rule.lists[by as usize];
            if list.is_empty() {
                list.push(value as i16);
            }
        };
        let has_days = !self.days.is_empty()
            || [By::WeekNo, By::YearDay, By::MonthDay].iter().any(|by| !self.by(*by).is_empty());
        if !has_days && self.frequency == Frequency::Yearly {
            fill(By::Month, start.month());
        }
        if !has_days && self.frequency <= Frequency::Monthly {
            fill(By::MonthDay, start.day());
        }
        if self.frequency != Frequency::Hourly {
            fill(By::Hour, start.hour());
        }
        fill(By::Minute, start.minute());
        fill(By::Second, start.second());
        if !has_days && self.frequency == Frequency::Weekly {
            // 0 to 6.
            rule.days.push(Day { number: 0, weekday: start.weekday().num_days_from_monday() as u8 });
        }
        rule
    }

    /// Whether the rule runs at an interval through clock changes: hours that are counted, not named.
    pub(super) fn is_interval_like(&self) -> bool {
        self.frequency == Frequency::Hourly && self.by(By::Hour).is_empty()
    }
}

/// Brings numbers into the one order they are kept in: 1, 2, 3, -3, -2, -1.
pub(super) fn settle<T: Copy + PartialEq, K: Ord>(list: &mut Vec<T>, key: impl Fn(&T) -> K) {
    list.sort_by_key(key);
    list.dedup();
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RRULE:FREQ={}", self.frequency.name())?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        match self.end {
            End::Never => {}
            End::Count(count) => write!(f, ";COUNT={count}")?,
            End::UntilLocal(second) => write!(f, ";UNTIL={}", Stamp(second))?,
            End::UntilInstant(second) => write!(f, ";UNTIL={}Z", Stamp(second))?,
        }
        if self.week_start != 0 {
            write!(f, ";WKST={}", WEEKDAYS[usize::from(self.week_start)])?;
        }
        for by in By::ALL {
            if by == By::Hour && !self.days.is_empty() {
                let days: Vec<String> = self.days.iter().map(ToString::to_string).collect();
                write!(f, ";BYDAY={}", days.join(","))?;
            }
            let list = self.by(by);
            if !list.is_empty() {
                let numbers: Vec<String> = list.iter().map(ToString::to_string).collect();
                write!(f, ";{}={}", by.name(), numbers.join(","))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.number != 0 {
            write!(f, "{}", self.number)?;
        }
        f.write_str(WEEKDAYS[usize::from(self.weekday)])
    }
}

/// A second since 1970 as RFC 5545 writes it: `20260105T090000`.
pub(super) struct Stamp(pub(super) i64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp(self.0, 0) {
            Some(time) => write!(f, "{}", time.format("%Y%m%dT%H%M%S")),
            None => write!(f, "{}", self.0),
        }
    }
}
