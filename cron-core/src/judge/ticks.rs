//! The ticks of a schedule that still want a verdict, where a clock that was set back has left verdicts after the mark.

use chrono::{DateTime, TimeDelta, Utc};

use super::Skip;
use crate::run::{RunId, SkipReason};
use crate::schedule::Schedule;

/// Ticks after the mark whose verdict stands, because the clock was set back after it was taken: one tick that has a run, or a block of
/// which nobody can say whether its ticks ran. They are never judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The first tick.
    pub first: DateTime<Utc>,
    /// The last tick.
    pub last: DateTime<Utc>,
}

/// A schedule without the ticks that keep their verdict.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks<'a> {
    pub(super) schedule: &'a Schedule,
    /// In the order of time; empty but after a clock was set back.
    pub(super) kept: &'a [Kept],
}

impl<'a> Ticks<'a> {
    /// What keeps its verdict at this instant.
    pub(super) fn kept_at(&self, at: DateTime<Utc>) -> Option<&'a Kept> {
        let place = self.kept.partition_point(|kept| kept.last < at);
        self.kept.get(place).filter(|kept| kept.first <= at)
    }

    #[inline]
    pub(super) fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.schedule.next_after(at);
        if self.kept.is_empty() { next } else { self.after_kept(next?) }
    }

    #[inline]
    pub(super) fn prev_before(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let before = self.schedule.prev_before(at);
        if self.kept.is_empty() { before } else { self.before_kept(before?) }
    }

    /// A tick, or the first one after it that wants a verdict. Nearly all jobs keep nothing, and do not come here.
    #[cold]
    fn after_kept(&self, mut tick: DateTime<Utc>) -> Option<DateTime<Utc>> {
        while let Some(kept) = self.kept_at(tick) {
            tick = self.schedule.next_after(kept.last.max(tick))?;
        }
        Some(tick)
    }

    /// A tick, or the last one before it that wants a verdict.
    #[cold]
    fn before_kept(&self, mut tick: DateTime<Utc>) -> Option<DateTime<Utc>> {
        while let Some(kept) = self.kept_at(tick) {
            tick = self.schedule.prev_before(kept.first.min(tick))?;
        }
        Some(tick)
    }

    /// The ticks after `after` and up to `last`.
    pub(super) fn between(
        self,
        after: DateTime<Utc>,
        last: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> {
        let next = move |tick: &DateTime<Utc>| self.next_after(*tick);
        std::iter::successors(self.next_after(after), next).take_while(move |tick| *tick <= last)
    }

    fn count_between(&self, after: DateTime<Utc>, last: DateTime<Utc>) -> u64 {
        let kept = self.kept.iter().filter(|kept| kept.last > after && kept.first <= last);
        let kept = kept
            .map(|kept| self.schedule.count_between(after.max(just_before(kept.first)), last.min(kept.last)));
        self.schedule.count_between(after, last).saturating_sub(kept.sum())
    }

    /// The newest tick at or before `now`. Found backwards, so an outage of two weeks costs the same as one of a minute.
    ///
    /// Ticks lie on whole milliseconds; `now` may lie between two of them.
    pub(super) fn newest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let whole = DateTime::from_timestamp_millis(now.timestamp_millis())?;
        // No tick lies at the very end of the calendar, which a damaged record may name.
        self.prev_before(whole.checked_add_signed(TimeDelta::milliseconds(1)).unwrap_or(whole))
    }

    /// All ticks after `mark` and up to `last` as one range; `None` where there is none. [`split`](Self::split) makes contiguous ones of it.
    pub(super) fn range(
        &self,
        mark: DateTime<Utc>,
        last: DateTime<Utc>,
        reason: SkipReason,
        holder: Option<RunId>,
    ) -> Option<Skip> {
        let first = self.next_after(mark).filter(|first| *first <= last)?;
        let last = self.newest(last)?;
        Some(Skip { first, last, count: self.count_between(mark, last), reason, holder })
    }

    /// The parts of a range that lie between what keeps its verdict.
    pub(super) fn split(&self, skip: Skip) -> Vec<Skip> {
        let inside = self.kept.iter().filter(|kept| kept.last >= skip.first && kept.first <= skip.last);
        let (mut parts, mut from) = (Vec::new(), just_before(skip.first));
        let plain = Ticks { schedule: self.schedule, kept: &[] };
        for kept in inside {
            parts.extend(plain.range(from, just_before(kept.first), skip.reason, skip.holder));
            from = from.max(kept.last);
        }
        if parts.is_empty() && from < skip.first {
            return vec![skip];
        }
        parts.extend(plain.range(from, skip.last, skip.reason, skip.holder));
        parts
    }
}

/// The last instant before another one that a record can name.
pub(super) fn just_before(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(at)
}
