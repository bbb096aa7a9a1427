//! The times of a rule from its start, in local seconds, with no zone in them.
//!
//! The crate `rrule` is asked for days only, from the start of a period near the wanted time: it is never given a
//! zone, a `COUNT`, an `UNTIL` or a time of day. Times of day, `BYSETPOS`, `COUNT` and the step of hours are worked
//! out here, so that no list is longer than the days of a period, whatever the rule says.

use std::sync::OnceLock;

use chrono::{DateTime, Datelike, Month, NaiveDate, Weekday};
use rrule::{NWeekday, RRule, RRuleSet};

use super::rule::{By, Day, End, Frequency, Rule};
use super::times::{Batch, Times};
use crate::schedule::zone::HORIZON;

pub(super) const DAY: i64 = 86_400;

/// The crate's rule for days, and what is done with them.
#[derive(Debug)]
pub(super) struct Plan {
    /// The start as a local second.
    start: i64,
    end: End,
    frequency: Frequency,
    interval: i64,
    week_start: i64,
    /// The hours of a day; for `HOURLY` those that `BYHOUR` allows.
    hours: u32,
    /// Seconds within an hour, ascending.
    within: Box<[u16]>,
    /// Positions in a period; empty for `HOURLY`, where they are in `within` already.
    positions: Box<[i16]>,
    days: RRule,
    /// The first time of the rule. That there is none takes the longest walk, so it is found out once.
    first: OnceLock<Option<i64>>,
    /// The last local second of the rule. With `COUNT` it takes a walk, so it is looked for once and when needed.
    last: OnceLock<i64>,
}

impl Plan {
    /// `None` if the crate refuses the rule, which [`fits`](super::part) has made sure it does not.
    pub(super) fn new(rule: &Rule, start: i64) -> Option<Self> {
        let full = rule.completed(start);
        let allowed = |by: By| {
            let bits = full.by(by).iter().fold(0, |mask, bit| mask | 1_u64 << bit);
            if bits == 0 { u64::MAX } else { bits }
        };
        // Both lists are ascending and below 60.
        let seconds =
            |minute: i16| full.by(By::Second).iter().map(move |second| (minute * 60 + second) as u16);
        let mut within: Vec<u16> = full.by(By::Minute).iter().flat_map(|minute| seconds(*minute)).collect();
        let mut positions = full.by(By::SetPos);
        if full.frequency == Frequency::Hourly && !positions.is_empty() {
            within = chosen(positions, within.len()).map(|index| within[index]).collect();
            positions = &[];
        }
        Some(Self {
            start,
            end: full.end,
            frequency: full.frequency,
            interval: i64::from(full.interval),
            week_start: i64::from(full.week_start),
            // Bits 0 to 23.
            hours: (allowed(By::Hour) & 0xff_ffff) as u32,
            within: within.into(),
            positions: positions.into(),
            days: days_rule(&full, start)?,
            first: OnceLock::new(),
            last: OnceLock::new(),
        })
    }

    /// The first time at or after a local second.
    pub(super) fn at_or_after(&self, local: i64) -> Option<i64> {
        let first = self.first()?;
        let found = if local <= first { first } else { self.first_from(local.min(HORIZON))? };
        (found <= self.last()).then_some(found)
    }

    /// Whether the start is a time of the rule itself.
    pub(super) fn has_start(&self) -> bool {
        self.first() == Some(self.start)
    }

    fn first(&self) -> Option<i64> {
        *self.first.get_or_init(|| self.first_from(self.start))
    }

    /// The first time at or after a local second that is not before the start, whatever the end of the rule.
    fn first_from(&self, from: i64) -> Option<i64> {
        self.batches(from.div_euclid(DAY)).find_map(|batch| batch.at_or_after(from))
    }

    /// The last time at or before a local second.
    pub(super) fn at_or_before(&self, local: i64) -> Option<i64> {
        let to = local.min(self.last());
        if to < self.first()? {
            return None;
        }
        // Looked for in ever longer stretches before it, as the crate goes forward only.
        let first_day = self.start.div_euclid(DAY);
        let mut stretch = 4 * self.days_of_period();
        loop {
            let day = (to.div_euclid(DAY) - stretch).max(first_day);
            let before = self.batches(day).take_while(|batch| batch.start() <= to);
            let found = before.filter_map(|batch| batch.at_or_before(to)).last();
            if let Some(found) = found.filter(|found| *found >= self.start) {
                return Some(found);
            }
            if day == first_day {
                return None;
            }
            stretch = stretch.saturating_mul(8);
        }
    }

    /// The number of times in `first..=last`.
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        let Some(begin) = self.first() else { return 0 };
        let (first, last) = (first.max(begin), last.min(self.last()));
        if first > last {
            return 0;
        }
        let batches = self.batches(first.div_euclid(DAY));
        let wanted = batches.take_while(|batch| batch.start() <= last);
        wanted.map(|batch| batch.count(first, last)).sum()
    }

    /// The last second that the rule may have.
    fn last(&self) -> i64 {
        match self.end {
            End::Never | End::UntilInstant(_) => HORIZON - 1,
            End::UntilLocal(second) => second,
            End::Count(count) => *self.last.get_or_init(|| self.last_of(u64::from(count))),
        }
    }

    /// The time with this number, counted from 1, or the end of the calendar.
    fn last_of(&self, count: u64) -> i64 {
        let mut left = count;
        for batch in self.batches(self.start.div_euclid(DAY)) {
            let here = batch.count(self.start, HORIZON);
            if here >= left {
                return batch.after(self.start, left - 1).unwrap_or(HORIZON - 1);
            }
            left -= here;
        }
        HORIZON - 1
    }

    /// The times from the period of a day on: a batch for each day, or for each period that `BYSETPOS` chooses from.
    fn batches(&self, day: i64) -> impl Iterator<Item = Batch<'_>> {
        let mut days = self.days_from(day).peekable();
        std::iter::from_fn(move || {
            let day = days.next()?;
            let times = Times { hours: self.hours_of(day), within: &self.within };
            if self.positions.is_empty() {
                return Some(Batch::Day { day, times });
            }
            let period = self.period(day);
            let mut all = vec![day];
            while let Some(day) = days.next_if(|day| self.period(*day) == period) {
                all.push(day);
            }
            let each = times.count();
            let picked = chosen(&self.positions, all.len() * each);
            let second = |index: usize| all[index / each] * DAY + times.nth(index % each);
            Some(Batch::Picked { day, all: picked.map(second).collect() })
        })
    }

    /// The days of the rule from the period of a day on, up to the horizon.
    fn days_from(&self, day: i64) -> impl Iterator<Item = i64> + use<> {
        let start = DateTime::from_timestamp(self.aligned(day) * DAY, 0).unwrap_or_default();
        let set = RRuleSet::new(start.with_timezone(&rrule::Tz::UTC)).rrule(self.days.clone()).limit();
        let days = set.into_iter().map(|time| time.timestamp().div_euclid(DAY));
        days.take_while(|day| *day < HORIZON / DAY)
    }

    /// The first day of the last period at or before a day that the step of the rule reaches.
    fn aligned(&self, day: i64) -> i64 {
        let start = self.start.div_euclid(DAY);
        let first = self.period(start);
        let interval = if self.frequency == Frequency::Hourly { 1 } else { self.interval };
        let steps = (self.period(day) - first).max(0) / interval;
        if steps == 0 && self.frequency > Frequency::Monthly {
            // The first week has no days before the start that BYSETPOS could choose from.
            return start;
        }
        self.first_day(first + steps * interval)
    }

    /// The number of the period that a day is in.
    fn period(&self, day: i64) -> i64 {
        let date = || NaiveDate::from_epoch_days(i32::try_from(day).unwrap_or(0)).unwrap_or_default();
        match self.frequency {
            Frequency::Yearly => i64::from(date().year()),
            Frequency::Monthly => i64::from(date().year()) * 12 + i64::from(date().month0()),
            // 1970-01-01 was a Thursday, 3 days after a Monday.
            Frequency::Weekly => (day + 3 - self.week_start).div_euclid(7),
            Frequency::Daily | Frequency::Hourly => day,
        }
    }

    fn first_day(&self, period: i64) -> i64 {
        let (year, month) = match self.frequency {
            Frequency::Yearly => (period, 1),
            Frequency::Monthly => (period.div_euclid(12), period.rem_euclid(12) + 1),
            Frequency::Weekly => return period * 7 - 3 + self.week_start,
            Frequency::Daily | Frequency::Hourly => return period,
        };
        // Years of the calendar, months 1 to 12.
        let date = NaiveDate::from_ymd_opt(year as i32, month as u32, 1).unwrap_or_default();
        i64::from(date.to_epoch_days())
    }

    /// About how many days there are from one period to the next.
    fn days_of_period(&self) -> i64 {
        match self.frequency {
            Frequency::Yearly => 366 * self.interval,
            Frequency::Monthly => 31 * self.interval,
            Frequency::Weekly => 7 * self.interval,
            Frequency::Daily => self.interval,
            Frequency::Hourly => self.interval / 24 + 1,
        }
    }

    /// The hours of a day, which for `HOURLY` depend on the step from the start.
    fn hours_of(&self, day: i64) -> u32 {
        if self.frequency != Frequency::Hourly || self.interval == 1 {
            return self.hours;
        }
        let start = self.start.div_euclid(3_600);
        let on_step = |hour: &i64| (day * 24 + hour - start).rem_euclid(self.interval) == 0;
        (0..24).filter(on_step).fold(0, |mask, hour| mask | 1 << hour) & self.hours
    }
}

/// The indices that positions choose out of `count`, ascending and each once.
fn chosen(positions: &[i16], count: usize) -> impl Iterator<Item = usize> + use<> {
    // A year has at most 366 * 86,400 seconds.
    let count = count as i64;
    let index = |position: &i16| match i64::from(*position) {
        position @ 1.. => position - 1,
        position => count + position,
    };
    let mut chosen: Vec<i64> = positions.iter().map(index).filter(|i| (0..count).contains(i)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(|index| index as usize)
}

/// What the crate is asked for: the days, each at midnight.
fn days_rule(full: &Rule, start: i64) -> Option<RRule> {
    let is_hourly = full.frequency == Frequency::Hourly;
    let frequency = match full.frequency {
        Frequency::Yearly => rrule::Frequency::Yearly,
        Frequency::Monthly => rrule::Frequency::Monthly,
        Frequency::Weekly => rrule::Frequency::Weekly,
        // The days of an hourly rule are those its other parts allow; the crate takes BYYEARDAY with YEARLY only.
        Frequency::Hourly if !full.by(By::YearDay).is_empty() => rrule::Frequency::Yearly,
        Frequency::Daily | Frequency::Hourly => rrule::Frequency::Daily,
    };
    // All of these are within the range of their parts, below 60.
    let bytes = |by: By| full.by(by).iter().map(|n| *n as i8).collect::<Vec<_>>();
    let months: Vec<Month> =
        full.by(By::Month).iter().filter_map(|month| Month::try_from(*month as u8).ok()).collect();
    let week_start = weekday(full.week_start);
    let rule = RRule::new(frequency)
        .interval(if is_hourly { 1 } else { full.interval })
        .week_start(week_start)
        .by_month(&months)
        .by_week_no(bytes(By::WeekNo))
        .by_year_day(full.by(By::YearDay).to_vec())
        .by_month_day(bytes(By::MonthDay))
        .by_weekday(weekdays(full))
        .by_hour(vec![0])
        .by_minute(vec![0])
        .by_second(vec![0]);
    let start = DateTime::from_timestamp(start.div_euclid(DAY) * DAY, 0)?;
    rule.validate(start.with_timezone(&rrule::Tz::UTC)).ok()
}

fn weekday(number: u8) -> Weekday {
    Weekday::try_from(number).unwrap_or(Weekday::Mon)
}

/// `BYDAY` for the crate, which finds nothing where numbered and unnumbered days are in one list: there, the
/// unnumbered ones get every number.
fn weekdays(full: &Rule) -> Vec<NWeekday> {
    let is_mixed = full.days.iter().any(|day| day.number != 0);
    let in_months = full.frequency == Frequency::Monthly || !full.by(By::Month).is_empty();
    let most = if in_months { 5 } else { 53 };
    let each = |day: &Day| -> Vec<NWeekday> {
        let weekday = weekday(day.weekday);
        match day.number {
            0 if is_mixed => (1..=most).map(|number| NWeekday::Nth(number, weekday)).collect(),
            0 => vec![NWeekday::Every(weekday)],
            number => vec![NWeekday::Nth(number, weekday)],
        }
    };
    full.days.iter().flat_map(each).collect()
}
