//! Times of one day, and batches of them.

use super::plan::DAY;

/// Times of a day: every combination of an hour and a second within the hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times<'a> {
    /// Bits 0 to 23.
    pub(super) hours: u32,
    /// Ascending, each below 3,600.
    pub(super) within: &'a [u16],
}

impl Times<'_> {
    pub(super) fn count(&self) -> usize {
        self.hours.count_ones() as usize * self.within.len()
    }

    /// How many are before a second of the day.
    fn before(&self, second: i64) -> usize {
        let hour = second.div_euclid(3_600).clamp(0, 24);
        let whole = (self.hours & ((1 << hour) - 1)).count_ones() as usize * self.within.len();
        let is_hour = hour < 24 && self.hours >> hour & 1 != 0;
        let within = |at: &u16| i64::from(*at) < second - hour * 3_600;
        whole + if is_hour { self.within.partition_point(within) } else { 0 }
    }

    /// The second of the day with this index, which is below [`count`](Self::count).
    pub(super) fn nth(&self, index: usize) -> i64 {
        let mut hours = self.hours;
        for _ in 0..index / self.within.len() {
            hours &= hours - 1;
        }
        i64::from(hours.trailing_zeros()) * 3_600 + i64::from(self.within[index % self.within.len()])
    }
}

/// Times that are looked at together, ascending, all later than those of the batches before.
#[derive(Debug)]
pub(super) enum Batch<'a> {
    /// Those of a day, counted from 1970-01-01.
    Day { day: i64, times: Times<'a> },
    /// Those that `BYSETPOS` chooses from the period that begins with this day, as local seconds.
    Picked { day: i64, all: Vec<i64> },
}

impl Batch<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Day { times, .. } => times.count(),
            Self::Picked { all, .. } => all.len(),
        }
    }

    fn get(&self, index: usize) -> Option<i64> {
        match self {
            Self::Day { day, times } => (index < times.count()).then(|| day * DAY + times.nth(index)),
            Self::Picked { all, .. } => all.get(index).copied(),
        }
    }

    /// How many are before a local second.
    fn before(&self, local: i64) -> usize {
        match self {
            Self::Day { day, times } => times.before(local.saturating_sub(day * DAY).clamp(0, DAY)),
            Self::Picked { all, .. } => all.partition_point(|second| *second < local),
        }
    }

    /// A local second that none of them is before.
    pub(super) fn start(&self) -> i64 {
        match self {
            Self::Day { day, .. } | Self::Picked { day, .. } => day * DAY,
        }
    }

    pub(super) fn at_or_after(&self, local: i64) -> Option<i64> {
        self.get(self.before(local))
    }

    pub(super) fn at_or_before(&self, local: i64) -> Option<i64> {
        self.get(self.before(local + 1).checked_sub(1)?)
    }

    /// The time with this index among those from a local second on.
    pub(super) fn after(&self, local: i64, index: u64) -> Option<i64> {
        self.get(self.before(local) + usize::try_from(index).ok()?)
    }

    /// The number in `first..=last`.
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        debug_assert!(self.before(last) <= self.len());
        (self.before(last + 1).saturating_sub(self.before(first))) as u64
    }
}
