//! A clock that was set back by hours. Nobody can know from the record whether it was ahead before or is behind now, so one rule serves
//! both.
//!
//! The mark goes back to the clock. A tick that has a run keeps it and never runs again. Skips after the clock are suspended: if the clock
//! *jumps* to the old mark or beyond, they count again; where it *passes* through them they are judged anew, and the old verdict is on
//! record as taken back.
//!
//! A jump is a step of the clock that a scheduler sees, or a start of one, after which the clock stands at the old mark or beyond it.
//! Everything else is passing: a judgement that comes to the old mark without such a step, and a command that closes what is open.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};

use super::ticks::{Kept, Ticks, just_before};
use super::{Place, Skip, is_astray};
use crate::audit::Segment;
use crate::policy::ended_at;
use crate::run::SkipReason;
use crate::schedule::Schedule;

/// Skipped ticks with what is noted about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The ticks.
    pub skip: Skip,
    /// By whom and why, for a pause.
    pub note: String,
}

/// The note of ticks whose verdict was pruned before the clock was set back.
const PRUNED: &str = "its verdict was pruned before the clock was set back: it may have run";

/// The note of ticks that the clock jumped over and that never had a verdict.
const JUMPED: &str = "the clock jumped over it";

/// What is on record of a job when its mark is set back, or its schedule is edited while skips are suspended.
#[derive(Clone, Debug)]
pub struct Rewind<'a> {
    /// Which schedule was in force when, in the order of time.
    pub segments: &'a [Segment],
    /// The schedule that is in force from `now` on.
    pub schedule: Option<&'a Schedule>,
    /// The job's first registration, or the earliest instant to which its mark was set back: nothing ran before.
    pub begins: DateTime<Utc>,
    /// Verdicts up to here were pruned.
    pub pruned: Option<DateTime<Utc>>,
    /// The newest stretch of more than 3 hours whose ticks are known to have been skipped.
    pub gap: Option<Kept>,
    /// Verdicts up to here were taken under other schedules than the one in force.
    pub edited: Option<DateTime<Utc>>,
    /// The mark.
    pub mark: DateTime<Utc>,
    /// Where it goes.
    pub now: DateTime<Utc>,
    /// The ticks after `now` that have a run, in the order of time.
    pub ran: &'a [DateTime<Utc>],
    /// The blocks of skipped ticks that reach beyond `now`, in the order of time.
    pub skips: Vec<Block>,
    /// What is suspended already, from a step before.
    pub suspended: Vec<Block>,
}

/// What takes the place of the blocks of a [`Rewind`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewound {
    /// The ticks after `now` that keep their run; all others that ran are no ticks any more.
    pub ran: Vec<DateTime<Utc>>,
    /// Blocks that are verdicts.
    pub skips: Vec<Block>,
    /// Blocks that are suspended.
    pub suspended: Vec<Block>,
    /// Blocks that are taken back, beside those that were before.
    pub taken_back: Vec<Block>,
}

/// Whether a schedule that was edited at `since` counts from `now` on: nothing has come of it before the clock was set back.
#[must_use]
pub fn begins_anew(since: DateTime<Utc>, newest_verdict: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    since > now && newest_verdict.is_none_or(|newest| newest <= since)
}

/// Whether skipped ticks are a stretch to be remembered when they are pruned: see [`Rewind::gap`].
#[must_use]
pub fn is_gap(skip: &Skip, note: &str) -> bool {
    is_astray(skip.last, skip.first) && (skip.reason != SkipReason::Clock || note == JUMPED)
}

/// What is left of such a stretch when the mark is set back to `now`: the ticks after that are judged anew, and may run.
#[must_use]
pub fn gap_before(gap: Kept, now: DateTime<Utc>) -> Option<Kept> {
    (gap.first <= now).then(|| Kept { last: gap.last.min(now), ..gap })
}

/// Where a job stands whose mark is set back.
#[must_use]
pub fn rewound_place(place: Place, now: DateTime<Utc>) -> Place {
    let hold = place.hold.filter(|hold| hold.until.is_none_or(|until| !is_astray(until, now)));
    let until = place.suspended.map_or(place.mark, |until| until.max(place.mark));
    Place { hold, suspended: Some(until), ..Place::at(now) }
}

/// Whether the clock, which was set or has just been looked at for the first time, has jumped to the end of what is suspended or beyond.
#[must_use]
pub fn has_jumped(place: Place, now: DateTime<Utc>) -> bool {
    place.suspended.is_some_and(|until| until <= now)
}

/// The end of a run to be written down, from which its age counts. `at` is when it is told; `started` and `took` are the beginning of its last
/// attempt and how long that was, where they are known. `None`: what these two say is right.
///
/// Where the record knows an instant hours after that end, some clock was wrong, and nobody can say which. A run that has ended under a clock
/// that is years behind is not old as soon as the clock is right: its age counts from the latest instant that is known.
#[must_use]
pub fn written_end(
    place: Place,
    started: Option<DateTime<Utc>>,
    took: Option<Duration>,
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let known = place.suspended.map_or(place.mark, |until| until.max(place.mark)).max(at);
    match (started, took) {
        (Some(started), Some(took)) => {
            let end = || ended_at(None, Some(started), Some(took), started);
            // Its end is behind its beginning, which nearly always says enough.
            (is_astray(known, started) && is_astray(known, end())).then_some(known)
        }
        // Its process is gone, and how long it took nobody knows. It began under some clock too.
        (started, _) => {
            let known = started.map_or(known, |started| known.max(started));
            Some(if is_astray(known, at) { known } else { at })
        }
    }
}

/// The release of the program's own zone rules, where it is newer than the year that a clock shows: then that one is behind.
#[must_use]
pub fn zone_rules_after(now: DateTime<Utc>) -> Option<&'static str> {
    let rules = chrono_tz::IANA_TZDB_VERSION;
    let year: i32 = rules.get(..4)?.parse().ok()?;
    (now.year() < year).then_some(rules)
}

/// Sets the record of a job back.
#[must_use]
pub fn rewind(record: Rewind<'_>) -> Rewound {
    let Rewind { segments, schedule, now, mark, edited, .. } = record;
    let is_tick = |tick: &DateTime<Utc>| schedule.is_some_and(|one| one.is_delay() || one.matches(*tick));
    let ran: Vec<_> = record.ran.iter().copied().filter(is_tick).collect();
    let is_of_another = |skip: &Skip| edited.is_some_and(|edited| skip.first <= edited);
    let mut rewound = Rewound::default();
    let mut blocks = pruned(&record);
    for Block { skip, note } in record.suspended {
        if is_of_another(&skip) {
            rewound.taken_back.push(Block { skip, note });
            continue;
        }
        let (passed, rest) = cut(schedule, skip, mark);
        rewound.taken_back.extend(passed.map(|skip| Block { skip, note: note.clone() }));
        rewound.suspended.extend(rest.map(|skip| Block { skip, note }));
    }
    for Block { skip, note } in record.skips {
        let is_kept = skip.reason == SkipReason::Clock;
        if is_kept && !is_of_another(&skip) {
            rewound.skips.push(Block { skip, note });
            continue;
        }
        let in_force = segments.iter().rev().find(|segment| segment.since < skip.first);
        let (head, tail) = cut(in_force.and_then(|segment| segment.schedule.as_ref()), skip, now);
        rewound.skips.extend(head.map(|skip| Block { skip, note: note.clone() }));
        let Some(tail) = tail else { continue };
        match (is_kept, is_of_another(&skip)) {
            (true, _) => blocks.push((just_before(tail.first), tail.last, note)),
            (false, true) => rewound.taken_back.push(Block { skip: tail, note }),
            (false, false) => rewound.suspended.push(Block { skip: tail, note }),
        }
    }
    let kept: Vec<_> = ran.iter().map(|tick| Kept { first: *tick, last: *tick }).collect();
    if let Some(schedule) = schedule.filter(|schedule| !schedule.is_delay()) {
        let ticks = Ticks { schedule, kept: &kept };
        for (after, last, note) in blocks {
            let block = ticks.range(after, last, SkipReason::Clock, None);
            let parts = block.into_iter().flat_map(|skip| ticks.split(skip));
            rewound.skips.extend(parts.map(|skip| Block { skip, note: note.clone() }));
        }
    }
    rewound.skips.sort_by_key(|block| block.skip.first);
    rewound.suspended.sort_by_key(|block| block.skip.first);
    Rewound { ran, ..rewound }
}

/// The stretches after `now` of which nobody can say any more whether their ticks ran: after which instant, and up to which.
fn pruned(record: &Rewind<'_>) -> Vec<(DateTime<Utc>, DateTime<Utc>, String)> {
    let from = record.now.max(just_before(record.begins));
    let Some(until) = record.pruned.filter(|until| *until > from) else { return Vec::new() };
    let stretches = match record.gap {
        None => vec![(from, until)],
        Some(gap) => vec![(from, until.min(just_before(gap.first))), (from.max(gap.last), until)],
    };
    let stretches = stretches.into_iter().filter(|(from, until)| from < until);
    stretches.map(|(from, until)| (from, until, PRUNED.to_owned())).collect()
}

/// The clock has jumped over what is suspended: gives what counts again after `mark` and up to `until`, and what was judged anew before and
/// is taken back. `kept` is what keeps its verdict in between.
#[must_use]
pub fn take_up(
    schedule: Option<&Schedule>,
    mark: DateTime<Utc>,
    until: DateTime<Utc>,
    kept: &[Kept],
    suspended: Vec<Block>,
) -> Rewound {
    let mut resumed = Rewound::default();
    let kept_ticks = schedule.map(|schedule| Ticks { schedule, kept });
    for Block { skip, note } in suspended {
        let (passed, rest) = cut(schedule, skip, mark);
        resumed.taken_back.extend(passed.map(|skip| Block { skip, note: note.clone() }));
        let parts = match (rest, kept_ticks) {
            (Some(rest), Some(ticks)) => ticks.split(rest),
            (rest, _) => rest.into_iter().collect(),
        };
        resumed.skips.extend(parts.into_iter().map(|skip| Block { skip, note: note.clone() }));
    }
    let Some(schedule) = schedule.filter(|schedule| !schedule.is_delay()) else { return resumed };
    let blocks = resumed.skips.iter().map(|block| Kept { first: block.skip.first, last: block.skip.last });
    let mut standing: Vec<_> = kept.iter().copied().chain(blocks).collect();
    standing.sort_by_key(|kept| kept.first);
    let ticks = Ticks { schedule, kept: &standing };
    let holes = ticks.range(mark, until, SkipReason::Clock, None);
    let holes = holes.into_iter().flat_map(|skip| ticks.split(skip));
    resumed.skips.extend(holes.map(|skip| Block { skip, note: JUMPED.to_owned() }));
    resumed.skips.sort_by_key(|block| block.skip.first);
    resumed
}

/// The clock has passed through what was suspended: all of it is taken back.
#[must_use]
pub fn take_back(suspended: Vec<Block>) -> Rewound {
    Rewound { taken_back: suspended, ..Rewound::default() }
}

/// A block up to an instant, and what is left of it after that. Where nobody can say which ticks there were, its first tick is what is left.
fn cut(schedule: Option<&Schedule>, skip: Skip, at: DateTime<Utc>) -> (Option<Skip>, Option<Skip>) {
    if skip.last <= at {
        return (Some(skip), None);
    }
    if skip.first > at {
        return (None, Some(skip));
    }
    let Some(schedule) = schedule else {
        return (Some(Skip { last: skip.first, count: 1, ..skip }), None);
    };
    let plain = Ticks { schedule, kept: &[] };
    let part = |after, last| {
        let part = plain.range(after, last, skip.reason, skip.holder);
        part.filter(|part| part.count > 0)
    };
    (part(just_before(skip.first), at), part(at, skip.last))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::next_due;
    use super::*;
    use crate::policy::Jitter;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn every_ten() -> Schedule {
        Schedule::every("10s", None).expect("a period")
    }

    fn block(reason: SkipReason, first: i64, last: i64) -> Block {
        let count = ((last - first) / 10 + 1) as u64;
        let skip = Skip { first: at(first), last: at(last), count, reason, holder: None };
        Block { skip, note: String::new() }
    }

    fn spans(blocks: &[Block]) -> Vec<(SkipReason, i64, i64, u64)> {
        let span = |Block { skip, .. }: &Block| {
            (skip.reason, skip.first.timestamp(), skip.last.timestamp(), skip.count)
        };
        blocks.iter().map(span).collect()
    }

    fn record<'a>(schedule: &'a Schedule, ran: &'a [DateTime<Utc>], segments: &'a [Segment]) -> Rewind<'a> {
        Rewind {
            segments,
            schedule: Some(schedule),
            begins: at(0),
            pruned: None,
            gap: None,
            edited: None,
            mark: at(200),
            now: at(35),
            ran,
            skips: vec![block(SkipReason::Missed, 20, 60), block(SkipReason::Paused, 80, 100)],
            suspended: Vec::new(),
        }
    }

    #[test]
    fn skips_after_the_clock_are_suspended_and_count_again_after_a_jump() {
        let schedule = every_ten();
        let segments = [Segment { since: at(0), schedule: Some(schedule.clone()) }];
        let ran = [at(70), at(110)];
        let rewound = rewind(record(&schedule, &ran, &segments));
        assert_eq!(rewound.ran, ran);
        assert_eq!(spans(&rewound.skips), [(SkipReason::Missed, 20, 30, 2)]);
        let suspended = [(SkipReason::Missed, 40, 60, 3), (SkipReason::Paused, 80, 100, 3)];
        assert_eq!(spans(&rewound.suspended), suspended);
        // The clock passes through the first of them and jumps at 45; 120 to 130 never had a verdict.
        let kept = [70, 110].map(|tick| Kept { first: at(tick), last: at(tick) });
        let resumed = take_up(Some(&schedule), at(45), at(130), &kept, rewound.suspended);
        assert_eq!(spans(&resumed.taken_back), [(SkipReason::Missed, 40, 40, 1)]);
        let counts = [
            (SkipReason::Missed, 50, 60, 2),
            (SkipReason::Paused, 80, 100, 3),
            (SkipReason::Clock, 120, 130, 2),
        ];
        assert_eq!(spans(&resumed.skips), counts);
    }

    #[test]
    fn what_ended_hours_before_what_is_known_ages_from_there() {
        let place = Place::at(at(1_000_000));
        let hour = 3_600;
        let ended =
            |place, end, told| written_end(place, Some(at(end - 5)), Some(Duration::from_secs(5)), at(told));
        let told = |place, told| written_end(place, None, None, at(told));
        // The ordinary way: the measured end is right, and another one is when it was told.
        assert_eq!(ended(place, 1_000_005, 1_000_005), None);
        assert_eq!(told(place, 1_000_005), Some(at(1_000_005)));
        assert_eq!(ended(place, 1_000_000 - 2 * hour, 1_000_000 - 2 * hour), None);
        // The clock is behind; it was set right during the run; the mark was set back before.
        assert_eq!(ended(place, 50, 50), Some(at(1_000_000)));
        assert_eq!(told(place, 50), Some(at(1_000_000)));
        assert_eq!(ended(Place::at(at(40)), 50, 2_000_000), Some(at(2_000_000)));
        // It began hours before what is known, and ended in time.
        let (began, took) = (at(1_000_000 - 5 * hour), Duration::from_secs(5 * 3_600));
        assert_eq!(written_end(place, Some(began), Some(took), at(1_000_000)), None);
        // Its process is gone. It began under another clock than the one that tells of it.
        assert_eq!(written_end(place, Some(at(2_000_000)), None, at(1_000_000)), Some(at(2_000_000)));
        assert_eq!(written_end(place, Some(at(1_000_000 + hour)), None, at(1_000_000)), Some(at(1_000_000)));
        assert_eq!(written_end(place, Some(at(1_000_000 - hour)), None, at(1_000_000)), Some(at(1_000_000)));
        let place = rewound_place(place, at(40));
        assert_eq!(ended(place, 50, 50), Some(at(1_000_000)));
    }

    #[test]
    fn what_was_pruned_may_have_run_but_for_what_is_known_to_have_been_skipped() {
        let schedule = every_ten();
        let gap = Kept { first: at(60), last: at(90) };
        let ran = [at(120)];
        let pruned = Rewind { pruned: Some(at(130)), skips: Vec::new(), ..record(&schedule, &ran, &[]) };
        let blocks = |record| spans(&rewind(record).skips);
        let clock = |first, last, count| (SkipReason::Clock, first, last, count);
        // A dead letter keeps its row.
        assert_eq!(blocks(pruned.clone()), [clock(40, 110, 8), clock(130, 130, 1)]);
        let known = Rewind { gap: Some(gap), ..pruned.clone() };
        assert_eq!(blocks(known), [clock(40, 50, 2), clock(100, 110, 2), clock(130, 130, 1)]);
        // Nothing ran before the job was known.
        assert_eq!(blocks(Rewind { begins: at(105), ..pruned }), [clock(110, 110, 1), clock(130, 130, 1)]);
    }

    #[test]
    fn a_job_without_a_tick_to_come_is_judged_when_the_clock_has_passed_what_is_suspended() {
        let (mark, until) = (at(100), at(50_000));
        let place = Place { suspended: Some(until), ..Place::at(mark) };
        let single: Schedule = "at(1970-01-01T00:00:40Z)".parse().expect("a schedule");
        for schedule in [None, Some(&single)] {
            assert_eq!(schedule.and_then(|schedule| schedule.next_after(mark)), None);
            assert_eq!(next_due(schedule, Jitter::NONE, place, false), Some(until));
            assert_eq!(next_due(schedule, Jitter::NONE, Place::at(mark), false), None);
        }
        // A tick before is not put off, and one behind does not put off the end.
        let often: Schedule = "every(1h)".parse().expect("a schedule");
        let next = often.next_after(mark);
        assert_eq!(next_due(Some(&often), Jitter::NONE, place, false), next);
        let soon = Place { suspended: Some(at(200)), ..place };
        assert_eq!(next_due(Some(&often), Jitter::NONE, soon, false), Some(at(200)));
        let passed = Place { suspended: Some(at(50)), ..place };
        assert_eq!(
            next_due(None, Jitter::NONE, passed, false),
            Some(mark + TimeDelta::milliseconds(1)),
            "behind the mark"
        );
    }

    #[test]
    fn what_was_decided_under_another_schedule_is_taken_back() {
        let (schedule, old) = (Schedule::every("30s", None).expect("a period"), every_ten());
        let segments = [Segment { since: at(0), schedule: Some(old) }];
        let ran = [at(70), at(120)];
        let edited = Rewind { edited: Some(at(90)), ..record(&schedule, &ran, &segments) };
        let rewound = rewind(edited);
        assert_eq!(rewound.ran, [at(120)]);
        assert_eq!(spans(&rewound.skips), [(SkipReason::Missed, 20, 30, 2)]);
        assert_eq!((rewound.suspended.len(), rewound.taken_back.len()), (0, 2));
    }
}
