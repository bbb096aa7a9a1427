//! The audit: does a recorded ledger keep the contract? Pure; stores hand it what they have recorded.
//!
//! The contract (semantics §1): every tick up to the high-water mark has exactly one verdict, so that over any closed
//! interval `ticks = ran + skipped(*)`.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::run::SkipReason;
use crate::schedule::Schedule;

/// A verdict as recorded: one tick that ran, or a block of skipped ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The first tick.
    pub first: DateTime<Utc>,
    /// The last tick; the first one for a tick that ran.
    pub last: DateTime<Utc>,
    /// How many ticks.
    pub count: u64,
    /// Why they were skipped; `None` for a tick that ran.
    pub skipped: Option<SkipReason>,
}

/// A stretch of time in which one schedule was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The instant after which the schedule was in force.
    pub since: DateTime<Utc>,
    /// The schedule, anchored; `None` while the job was a handler only.
    pub schedule: Option<Schedule>,
}

/// What a clock that was set back has left after the high-water mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspended {
    /// Up to here verdicts after the mark stand; `None`: there are none.
    pub until: Option<DateTime<Utc>>,
    /// Skips that are suspended, as they were recorded, oldest first: those after the mark count again if the clock jumps beyond them.
    pub blocks: Vec<Recorded>,
    /// Ticks whose skip was taken back because they were judged anew.
    pub taken_back: u64,
}

/// The sums of an audit, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Ticks that the schedules have up to the high-water mark. Those of a delay are the ones that have a verdict: nothing else
    /// knows when its runs ended.
    pub ticks: u64,
    /// Ticks that ran.
    pub ran: u64,
    /// Ticks skipped because an older run held the slot.
    pub skipped_overlap: u64,
    /// Ticks that nobody was there for.
    pub skipped_missed: u64,
    /// Ticks of the time of a pause.
    pub skipped_paused: u64,
    /// Ticks that waited and were replaced.
    pub skipped_superseded: u64,
    /// Ticks of a time in which the clock was wrong.
    pub skipped_clock: u64,
    /// Ticks after the mark that keep their verdict, because the clock was set back after it was taken. No part of `ticks` yet.
    pub ahead: u64,
    /// Skipped ticks after the mark that are suspended. No part of `ticks`.
    pub suspended: u64,
    /// Skipped ticks that were judged anew; their old verdict is on record as taken back. Counted by what they became.
    pub taken_back: u64,
    /// Every breach of the contract; empty for a sound ledger.
    pub breaches: Vec<Breach>,
}

/// A breach of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Breach {
    /// The schedule has a tick here and no verdict is recorded.
    NoVerdict {
        /// The tick.
        tick: DateTime<Utc>,
    },
    /// A verdict begins at an instant that is no tick, or that already has a verdict.
    Unexpected {
        /// The instant.
        at: DateTime<Utc>,
    },
    /// A range says another number of ticks than the schedule has in it.
    WrongCount {
        /// The first tick of the range.
        first: DateTime<Utc>,
        /// The last tick of the range.
        last: DateTime<Utc>,
        /// What is recorded.
        recorded: u64,
        /// What the schedule has.
        expected: u64,
    },
    /// A verdict lies after the high-water mark.
    AfterMark {
        /// The instant.
        at: DateTime<Utc>,
    },
    /// A suspended skip begins at a tick that has another verdict, or beyond the end of what is suspended.
    Suspended {
        /// The instant.
        at: DateTime<Utc>,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVerdict { tick } => write!(f, "the tick {tick} has no verdict"),
            Self::Unexpected { at } => {
                write!(f, "a verdict at {at}, which is no tick or already has a verdict")
            }
            Self::WrongCount { first, last, recorded, expected } => write!(
                f,
                "the range {first} to {last} is recorded with {recorded} ticks, the schedule has {expected}"
            ),
            Self::AfterMark { at } => write!(f, "a verdict at {at}, after the high-water mark"),
            Self::Suspended { at } => {
                write!(f, "a suspended skip at {at}, which has another verdict or is not suspended")
            }
        }
    }
}

impl Audit {
    /// Whether the ledger keeps the contract.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.breaches.is_empty() && self.ticks == self.ran + self.skipped()
    }

    /// All skipped ticks.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped_overlap
            + self.skipped_missed
            + self.skipped_paused
            + self.skipped_superseded
            + self.skipped_clock
    }

    /// Holds a verdict of a delay against the one before it. Only the record knows when the runs ended, so the verdicts
    /// themselves say what the ticks are: each is one tick, and they go forward.
    fn check_delayed(&mut self, cursor: DateTime<Utc>, verdict: &Recorded) -> DateTime<Utc> {
        let Recorded { first, last, count: recorded, .. } = *verdict;
        if first <= cursor {
            self.breaches.push(Breach::Unexpected { at: first });
            return cursor;
        }
        self.ticks += 1;
        if recorded != 1 || last != first {
            self.breaches.push(Breach::WrongCount { first, last, recorded, expected: 1 });
        }
        first
    }

    /// A block that stands although the clock was set back into it is counted as far as the mark has come.
    fn count_up_to(&mut self, verdict: &Recorded, schedule: Option<&Schedule>, mark: DateTime<Utc>) {
        let beyond = schedule.filter(|_| verdict.last > mark && verdict.skipped == Some(SkipReason::Clock));
        let beyond =
            beyond.map_or(0, |schedule| schedule.count_between(mark, verdict.last)).min(verdict.count);
        self.ahead += beyond;
        self.count(&Recorded { count: verdict.count - beyond, ..*verdict });
    }

    /// Each suspended tick has no other verdict.
    fn check_suspended(
        &mut self,
        suspended: &Suspended,
        schedule: Option<&Schedule>,
        mark: DateTime<Utc>,
        standing: &[Recorded],
    ) {
        let mut standing = standing.iter().peekable();
        let mut before = mark;
        for block in suspended.blocks.iter().filter(|block| block.last > mark) {
            let passed = if block.first > mark {
                0
            } else {
                schedule.map_or(0, |one| one.count_between(block.first, mark) + 1)
            };
            self.suspended += block.count.saturating_sub(passed);
            while standing.next_if(|verdict| verdict.last < block.first.max(mark)).is_some() {}
            let is_taken = standing.peek().is_some_and(|verdict| verdict.first <= block.last);
            let is_beyond = suspended.until.is_none_or(|until| block.last > until);
            if is_taken || is_beyond || (block.first > mark && block.first <= before) {
                self.breaches.push(Breach::Suspended { at: block.first });
            }
            before = block.last;
        }
    }

    fn count(&mut self, verdict: &Recorded) {
        match verdict.skipped {
            None => self.ran += verdict.count,
            Some(SkipReason::Overlap) => self.skipped_overlap += verdict.count,
            Some(SkipReason::Missed) => self.skipped_missed += verdict.count,
            Some(SkipReason::Paused) => self.skipped_paused += verdict.count,
            Some(SkipReason::Superseded) => self.skipped_superseded += verdict.count,
            Some(SkipReason::Clock) => self.skipped_clock += verdict.count,
        }
    }
}

/// Walks the verdicts of one job, oldest first, beside its schedules up to `mark`.
///
/// `segments` are in the order of time and not empty; the first one begins where the record begins.
#[must_use]
pub fn audit(
    segments: &[Segment],
    mark: DateTime<Utc>,
    suspended: &Suspended,
    verdicts: impl IntoIterator<Item = Recorded>,
) -> Audit {
    let mut audit = Audit { taken_back: suspended.taken_back, ..Audit::default() };
    let mut verdicts = verdicts.into_iter().peekable();
    for (index, segment) in segments.iter().enumerate() {
        let end = segments.get(index + 1).map_or(mark, |next| next.since.min(mark));
        let mut cursor = segment.since;
        if segment.schedule.as_ref().is_some_and(Schedule::is_delay) {
            while let Some(verdict) = verdicts.next_if(|verdict| verdict.first <= end) {
                audit.count(&verdict);
                cursor = audit.check_delayed(cursor, &verdict);
            }
            continue;
        }
        if let Some(schedule) = &segment.schedule {
            audit.ticks += schedule.count_between(segment.since, end);
        }
        while let Some(verdict) = verdicts.next_if(|verdict| verdict.first <= end) {
            audit.count_up_to(&verdict, segment.schedule.as_ref(), mark);
            cursor = check(&mut audit.breaches, segment.schedule.as_ref(), cursor, &verdict);
        }
        let open = segment.schedule.as_ref().and_then(|schedule| schedule.next_after(cursor));
        if let Some(tick) = open.filter(|tick| *tick <= end) {
            audit.breaches.push(Breach::NoVerdict { tick });
        }
    }
    let mut standing = Vec::new();
    for verdict in verdicts {
        let stands = matches!(verdict.skipped, None | Some(SkipReason::Clock));
        if stands && suspended.until.is_some_and(|until| verdict.last <= until) {
            audit.ahead += verdict.count;
            standing.push(verdict);
            continue;
        }
        audit.count(&verdict);
        audit.breaches.push(Breach::AfterMark { at: verdict.first });
    }
    let schedule = segments.last().and_then(|segment| segment.schedule.as_ref());
    audit.check_suspended(suspended, schedule, mark, &standing);
    audit
}

/// Holds one verdict against the schedule and gives the instant up to which the record is read.
fn check(
    breaches: &mut Vec<Breach>,
    schedule: Option<&Schedule>,
    cursor: DateTime<Utc>,
    verdict: &Recorded,
) -> DateTime<Utc> {
    let Some(schedule) = schedule else {
        breaches.push(Breach::Unexpected { at: verdict.first });
        return cursor;
    };
    match schedule.next_after(cursor) {
        Some(expected) if expected == verdict.first => {}
        Some(expected) if expected < verdict.first => {
            breaches.push(Breach::NoVerdict { tick: expected });
            if !schedule.matches(verdict.first) {
                breaches.push(Breach::Unexpected { at: verdict.first });
            }
        }
        _ => breaches.push(Breach::Unexpected { at: verdict.first }),
    }
    let expected = u64::from(schedule.matches(verdict.first))
        + schedule.count_between(verdict.first, verdict.last.max(verdict.first));
    if expected != verdict.count {
        let (first, last, recorded) = (verdict.first, verdict.last, verdict.count);
        breaches.push(Breach::WrongCount { first, last, recorded, expected });
    }
    cursor.max(verdict.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(
        segments: &[Segment],
        mark: DateTime<Utc>,
        verdicts: impl IntoIterator<Item = Recorded>,
    ) -> Audit {
        super::audit(segments, mark, &Suspended::default(), verdicts)
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn ran(second: i64) -> Recorded {
        Recorded { first: at(second), last: at(second), count: 1, skipped: None }
    }

    fn missed(first: i64, last: i64, count: u64) -> Recorded {
        Recorded { first: at(first), last: at(last), count, skipped: Some(SkipReason::Missed) }
    }

    fn every(period: &str, since: i64) -> Segment {
        Segment { since: at(since), schedule: Some(Schedule::every(period, None).expect("a period")) }
    }

    #[test]
    fn a_sound_ledger_adds_up() {
        let audit = audit(&[every("10s", 0)], at(55), [ran(10), missed(20, 40, 3), ran(50)]);
        assert!(audit.is_sound(), "{audit:?}");
        assert_eq!((audit.ticks, audit.ran, audit.skipped_missed), (5, 2, 3));
    }

    #[test]
    fn an_edit_changes_what_is_expected_from_then_on() {
        let segments = [every("10s", 0), every("30s", 25)];
        assert!(audit(&segments, at(60), [ran(10), ran(20), ran(30), ran(60)]).is_sound());
    }

    #[test]
    fn the_ticks_of_a_delay_are_those_on_record() {
        let delay = |since: i64| {
            let schedule = Schedule::every_after_finish("10s").expect("a period");
            Segment { since: at(since), schedule: Some(schedule) }
        };
        let sound =
            audit(&[delay(0), every("10s", 80)], at(90), [ran(10), ran(37), missed(60, 60, 1), ran(90)]);
        assert!(sound.is_sound(), "{sound:?}");
        assert_eq!((sound.ticks, sound.ran, sound.skipped_missed), (4, 3, 1));
        let breaches = |verdicts: &[Recorded]| audit(&[delay(5)], at(30), verdicts.iter().copied()).breaches;
        assert_eq!(breaches(&[]), []);
        assert_eq!(breaches(&[ran(5), ran(20)]), [Breach::Unexpected { at: at(5) }]);
        assert_eq!(breaches(&[ran(20), ran(20)]), [Breach::Unexpected { at: at(20) }]);
        assert_eq!(breaches(&[ran(20), ran(40)]), [Breach::AfterMark { at: at(40) }]);
        let wrong = Breach::WrongCount { first: at(15), last: at(25), recorded: 2, expected: 1 };
        assert_eq!(breaches(&[missed(15, 25, 2)]), [wrong]);
    }

    #[test]
    fn each_breach_is_found() {
        let breaches =
            |verdicts: &[Recorded]| audit(&[every("10s", 0)], at(30), verdicts.iter().copied()).breaches;
        assert_eq!(breaches(&[ran(10), ran(30)]), [Breach::NoVerdict { tick: at(20) }]);
        assert_eq!(breaches(&[ran(10), ran(20)]), [Breach::NoVerdict { tick: at(30) }]);
        assert_eq!(breaches(&[ran(10), ran(20), ran(20), ran(30)]), [Breach::Unexpected { at: at(20) }]);
        let wrong = Breach::WrongCount { first: at(20), last: at(30), recorded: 5, expected: 2 };
        assert_eq!(breaches(&[ran(10), missed(20, 30, 5)]), [wrong]);
        assert_eq!(breaches(&[ran(10), ran(20), ran(30), ran(40)]), [Breach::AfterMark { at: at(40) }]);
        assert!(breaches(&[ran(10), ran(13), ran(20), ran(30)]).contains(&Breach::Unexpected { at: at(13) }));
    }

    #[test]
    fn what_a_clock_that_was_set_back_has_left_is_known() {
        let segments = [every("10s", 0)];
        let left = |verdicts: &[Recorded], blocks: &[Recorded]| {
            let suspended = Suspended { until: Some(at(60)), blocks: blocks.to_vec(), taken_back: 1 };
            super::audit(&segments, at(25), &suspended, verdicts.iter().copied())
        };
        let sound = left(&[ran(10), ran(20), ran(40), ran(60)], &[missed(20, 30, 2), missed(50, 50, 1)]);
        assert!(sound.is_sound(), "{sound:?}");
        assert_eq!((sound.ticks, sound.ran, sound.ahead), (2, 2, 2));
        assert_eq!((sound.suspended, sound.taken_back), (2, 1));
        // A block that nobody knows more about, and the clock was set back into it.
        let clock = Recorded { skipped: Some(SkipReason::Clock), ..missed(20, 40, 3) };
        let sound = left(&[ran(10), clock, ran(60)], &[missed(50, 50, 1)]);
        assert!(sound.is_sound(), "{sound:?}");
        assert_eq!((sound.ticks, sound.skipped_clock, sound.ahead), (2, 1, 3));
        let breaches = |verdicts: &[Recorded], blocks: &[Recorded]| left(verdicts, blocks).breaches;
        let before = [ran(10), ran(20)];
        assert_eq!(breaches(&[&before[..], &[ran(70)]].concat(), &[]), [Breach::AfterMark { at: at(70) }]);
        let lost = [&before[..], &[missed(30, 30, 1)]].concat();
        assert_eq!(breaches(&lost, &[]), [Breach::AfterMark { at: at(30) }]);
        let twice = [&before[..], &[ran(40)]].concat();
        assert_eq!(breaches(&twice, &[missed(30, 50, 3)]), [Breach::Suspended { at: at(30) }]);
        assert_eq!(breaches(&before, &[missed(50, 70, 3)]), [Breach::Suspended { at: at(50) }]);
    }
}
