//! Every n-th day or week from a date on, at times of the day; also times of the day that no cron mask can hold.

mod text;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::Schedule;
use super::calendar::{Builder, DAYS, DaySet, Times};
use super::cron::{self, CronSchedule, DstGap, Lint};
use super::month::{join, split, weekday};
use super::zone::{self, Calendar, HORIZON, Walk, ZoneTable};

pub(super) use text::{MOST, nearest_dates, read_date};

/// All days of the week as bits.
pub(super) const WHOLE_WEEK: u8 = 0x7f;

/// Times of every n-th day, or of days of every n-th week, counted from a date in a zone.
///
/// Days are days of the local calendar, however long they are, and times are fixed-time: see the rule for clock
/// changes in `docs/schedules.md`. Weeks are seven days each, the first of which is the date. A schedule of every day
/// or every week may be without a date; it then has times that are not all combinations of their hours and minutes,
/// or it would be a [`CronSchedule`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stride {
    /// Local seconds of the day, in order, each once; never empty.
    times: Box<[u32]>,
    /// The first day, counted from 1970-01-01.
    from: u32,
    /// Every so many weeks if there are weekdays, else days; at least 1.
    every: u32,
    zone: Tz,
    /// Sunday as bit 0; 0 for a stride of days.
    weekdays: u8,
    skip_gaps: bool,
}

/// On which days, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Every so many days.
    Days(u32),
    /// These weekdays, Sunday as bit 0, of every so many weeks.
    Weeks(u32, u8),
}

impl Stride {
    /// The schedule with these times, in whichever kind is the one for its meaning.
    ///
    /// `from` counts from 1970-01-01. With more than one week between, it has to be one of the weekdays; the caller
    /// has checked that numbers are at least 1 and that there are times and weekdays.
    pub(super) fn schedule(step: Step, from: Option<u32>, mut times: Vec<u32>, zone: Tz) -> Schedule {
        times.sort_unstable();
        times.dedup();
        let from = from.unwrap_or(0);
        let (every, weekdays) = match step {
            Step::Days(days) if days > 1 && days.is_multiple_of(7) => (days / 7, 1 << weekday(from)),
            Step::Days(days) => (days, 0),
            Step::Weeks(1, WHOLE_WEEK) => (1, 0),
            Step::Weeks(weeks, weekdays) => (weeks, weekdays),
        };
        let mut stride = Self { times: times.into(), from, every, zone, weekdays, skip_gaps: false };
        // A later date that leaves out no tick is the same date.
        stride.from = stride.day_at_or_after(from).unwrap_or(from);
        stride.simplest()
    }

    /// Masks, where they can say the same.
    fn simplest(self) -> Schedule {
        if self.has_start() {
            return Schedule::Stride(self);
        }
        let days = match self.weekdays {
            0 => "*".to_owned(),
            days => (0..7)
                .filter(|day| days >> day & 1 != 0)
                .map(|day| day.to_string())
                .collect::<Vec<_>>()
                .join(","),
        };
        let cron = cron::time_fields(&self.times)
            .and_then(|times| CronSchedule::parse_any_length(&format!("{times} * * {days}"), self.zone).ok());
        cron.map_or(Schedule::Stride(self), Schedule::Cron)
    }

    /// Whether the date says anything.
    fn has_start(&self) -> bool {
        let unbound = Self { from: 0, times: [].into(), ..*self };
        self.every > 1 || unbound.day_at_or_after(0) != Some(self.from)
    }

    /// The zone in whose local time days and times are read.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The local date of the first tick; `None` if there is no limit.
    #[must_use]
    pub fn start(&self) -> Option<NaiveDate> {
        self.has_start().then(|| date(self.from)).flatten()
    }

    /// What happens to runs in a gap.
    #[must_use]
    pub fn dst_gap(&self) -> DstGap {
        if self.skip_gaps { DstGap::Skip } else { DstGap::RunAfter }
    }

    pub(super) fn set_dst_gap(&mut self, gap: DstGap) {
        self.skip_gaps = gap == DstGap::Skip;
    }

    fn walk(&self) -> Walk {
        if self.skip_gaps { Walk::FixedTimeSkippingGaps } else { Walk::FixedTime }
    }

    /// The first tick at or after an instant in seconds.
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

    /// Feeds the meaning of the schedule to a hash.
    pub(super) fn feed(&self, mut add: impl FnMut(&[u8])) {
        add(&self.from.to_le_bytes());
        add(&self.every.to_le_bytes());
        add(&[self.weekdays, u8::from(self.skip_gaps)]);
        for time in &self.times {
            add(&time.to_le_bytes());
        }
        add(self.zone.name().as_bytes());
    }

    pub(super) fn lints(&self) -> Vec<Lint> {
        let gap = self.dst_gap();
        if cron::in_usual_gap(self, self.zone, gap) {
            vec![Lint::InGap { zone: self.zone, gap }]
        } else {
            Vec::new()
        }
    }

    /// The days from the first of one round to the first of the next.
    fn round(&self) -> u32 {
        if self.weekdays == 0 { self.every } else { self.every * 7 }
    }

    /// The days of a round that match, its first day as bit 0.
    fn days_of_round(&self) -> u32 {
        let days = u32::from(self.weekdays);
        if days == 0 { 1 } else { (days << 7 | days) >> weekday(self.from) & u32::from(WHOLE_WEEK) }
    }

    /// The first day that matches, at or after a day.
    fn day_at_or_after(&self, day: u32) -> Option<u32> {
        let since = day.saturating_sub(self.from);
        let (round, days) = (self.round(), self.days_of_round());
        let (start, within) = (since - since % round, since % round);
        // Only the first week of a round has days that match.
        let left = if within < 7 { days >> within << within } else { 0 };
        let found =
            if left != 0 { start + left.trailing_zeros() } else { start + round + days.trailing_zeros() };
        Some(self.from + found).filter(|day| *day < DAYS)
    }

    /// The last day that matches, at or before a day.
    fn day_at_or_before(&self, day: u32) -> Option<u32> {
        let since = day.checked_sub(self.from)?;
        let (round, days) = (self.round(), self.days_of_round());
        let (start, within) = (since - since % round, since % round);
        let earlier = days & (u32::MAX >> (31 - within.min(7)));
        let found =
            if earlier != 0 { start + earlier.ilog2() } else { start.checked_sub(round)? + days.ilog2() };
        Some(self.from + found)
    }

    /// The number of local seconds that match before this one.
    fn count_before(&self, local: i64) -> u64 {
        let (day, second) = split(local);
        let Some(since) = day.checked_sub(self.from) else { return 0 };
        let (round, days) = (self.round(), self.days_of_round());
        let (rounds, within) = (since / round, since % round);
        let of_this_round = (days & !(u32::MAX << within.min(7))).count_ones();
        let before = u64::from(rounds * days.count_ones() + of_this_round) * self.times.len() as u64;
        let today = within < 7 && days >> within & 1 != 0;
        before + if today { self.times.partition_point(|time| *time < second) as u64 } else { 0 }
    }
}

/// Days and times apart, for calendars, which change the days.
impl Times for Stride {
    fn days(&self) -> DaySet {
        let mut builder = Builder::new();
        let next = |day: u32| self.day_at_or_after(day);
        std::iter::successors(next(self.from), |day| next(day + 1)).for_each(|day| builder.add(day));
        builder.build()
    }

    fn at_or_after(&self, second: u32) -> Option<u32> {
        self.times.get(self.times.partition_point(|time| *time < second)).copied()
    }

    fn at_or_before(&self, second: u32) -> Option<u32> {
        self.times.get(self.times.partition_point(|time| *time <= second).checked_sub(1)?).copied()
    }

    fn before(&self, second: u32) -> u64 {
        self.times.partition_point(|time| *time < second) as u64
    }

    fn walk(&self) -> Walk {
        self.walk()
    }

    fn table(&self) -> &'static ZoneTable {
        zone::table(self.zone)
    }
}

impl Calendar for Stride {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        if local >= HORIZON {
            return None;
        }
        let (day, second) = split(local.max(0));
        let found = self.day_at_or_after(day)?;
        if found > day {
            return Some(join(found, self.times[0]));
        }
        match self.times.get(self.times.partition_point(|time| *time < second)) {
            Some(time) => Some(join(day, *time)),
            None => self.day_at_or_after(day + 1).map(|day| join(day, self.times[0])),
        }
    }

    fn at_or_before(&self, local: i64) -> Option<i64> {
        if local < 0 {
            return None;
        }
        let (day, second) = split(local.min(HORIZON - 1));
        let found = self.day_at_or_before(day)?;
        let last = self.times.len() - 1;
        if found < day {
            return Some(join(found, self.times[last]));
        }
        match self.times.partition_point(|time| *time <= second).checked_sub(1) {
            Some(at) => Some(join(day, self.times[at])),
            None => self.day_at_or_before(day.checked_sub(1)?).map(|day| join(day, self.times[last])),
        }
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let (first, last) = (first.max(0), last.min(HORIZON - 1));
        if first > last { 0 } else { self.count_before(last + 1) - self.count_before(first) }
    }
}

/// A day counted from 1970-01-01 as a date.
pub(super) fn date(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(day).ok()?)
}

/// A date as a day of the calendar, counted from 1970-01-01.
pub(super) fn day_of(date: NaiveDate) -> Option<u32> {
    u32::try_from(date.to_epoch_days()).ok().filter(|day| *day < DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stride_is_small() {
        assert!(size_of::<Stride>() <= 32, "{}", size_of::<Stride>());
    }
}
