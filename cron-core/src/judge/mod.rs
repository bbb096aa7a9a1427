//! The judge: which verdict each due tick gets. Pure, and the only place where a verdict is chosen.
//!
//! A store calls [`judge`] inside the transaction that writes the verdicts, the new high-water mark and the new
//! runs; a tick therefore has either no verdict and lies after the mark, or exactly one and lies at or before it.
//!
//! Ticks that wait (in a queue, or for a run that was asked to stop) have no verdict yet: they lie behind the mark, and
//! [`Place::queued`] says up to where they wait. So no verdict ever changes.

mod admit;
mod beside;
mod choose;
mod close;
mod delay;
#[cfg(test)]
mod delay_tests;
mod ending;
mod exhausted;
mod hold;
mod line;
#[cfg(test)]
mod lives;
mod patience;
mod rewind;
mod single;
#[cfg(test)]
mod tests;
mod ticks;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::policy::{CatchUp, Jitter, Overlap, Slots};
use crate::run::{Origin, RunId, SkipReason};
use crate::schedule::Schedule;

pub use admit::{Admission, admit, backfill_room, room};
pub use beside::{Ahead, ahead, begin_beside, is_ahead};
pub use close::{Waits, close, first_mark, is_astray, wake_set_back};
pub use delay::after_end;
pub use ending::{Ending, may_give_way};
pub use exhausted::{Before, Exhausted, refuse_exhausted};
pub use hold::{Hold, Next, closed_by, hold_after};
pub use patience::has_waited_long;
pub use rewind::{
    Block, Rewind, Rewound, begins_anew, gap_before, has_jumped, is_gap, rewind, rewound_place, take_back,
    take_up, written_end, zone_rules_after,
};
pub use single::{Namesake, Single, single};
pub use ticks::Kept;
use ticks::Ticks;

/// Where a job stands in its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The high-water mark: every tick up to it has a verdict.
    pub mark: DateTime<Utc>,
    /// Ticks after the mark and up to here wait for the slot of the job.
    pub queued: Option<DateTime<Utc>>,
    /// A run has said when the job runs next, whatever the schedule says.
    pub hold: Option<Hold>,
    /// The mark before the clock was set back: up to here ticks after the mark may have a verdict that stands, and skips that are suspended.
    pub suspended: Option<DateTime<Utc>>,
    /// The clock stands before the mark, and the job goes on with runs beside the ticks: the instants up to here are decided.
    pub beside: Option<DateTime<Utc>>,
}

impl Place {
    /// A place with nothing that waits.
    #[must_use]
    pub const fn at(mark: DateTime<Utc>) -> Self {
        Self { mark, queued: None, hold: None, suspended: None, beside: None }
    }
}

/// A run that holds a slot of its job (see [`RunState::holds_slot`](crate::run::RunState::holds_slot)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// The run.
    pub run: RunId,
    /// Why it exists.
    pub origin: Origin,
    /// Whether a process has it in progress, so that it can only be asked to stop.
    pub is_running: bool,
    /// When it was asked to stop.
    pub asked: Option<DateTime<Utc>>,
}

/// What the judge must know of a job.
#[derive(Clone, Copy, Debug)]
pub struct Docket<'a> {
    /// The schedule, anchored at the job's registration (see [`Schedule::anchored`]); `None` for a handler only.
    pub schedule: Option<&'a Schedule>,
    /// The catch-up policy.
    pub catch_up: CatchUp,
    /// The overlap policy.
    pub overlap: Overlap,
    /// Its bounds.
    pub slots: Slots,
    /// The delay of each tick beyond its nominal instant.
    pub jitter: Jitter,
    /// Where the job stands.
    pub place: Place,
    /// Whether the job is paused. Its ticks get their verdict when it is resumed.
    pub paused: bool,
    /// The runs that hold a slot, oldest first.
    pub active: &'a [Active],
    /// How many runs that are no ticks and of no backfill wait for the slot.
    pub waiting: usize,
    /// What keeps its verdict after the mark and begins at `now` or before, in the order of time. Empty unless skips are suspended.
    pub kept: &'a [Kept],
}

/// A decision about one tick, or about a contiguous block of skipped ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tick runs.
    Run {
        /// Its nominal instant.
        tick: DateTime<Utc>,
    },
    /// The ticks are skipped.
    Skip(Skip),
    /// No tick, but an instant that the run before asked for with [`Next`]: a run beside the ticks.
    Extra {
        /// Its nominal instant.
        nominal: DateTime<Utc>,
    },
    /// An instant of a clock that stands before the mark: a run beside the ticks.
    Clock {
        /// The instant.
        nominal: DateTime<Utc>,
        /// Whether it waits for the slot of the job.
        waits: bool,
    },
}

/// A contiguous block of skipped ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many, at least 1.
    pub count: u64,
    /// Why.
    pub reason: SkipReason,
    /// For [`SkipReason::Overlap`]: the run that held the slot, or `None` for the run of this same judgement. For
    /// [`SkipReason::Superseded`]: the run that asked for another instant, if that is why.
    pub holder: Option<RunId>,
}

/// The decisions of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Active runs to end before anything starts: under `overlap = "cancel"`, those that are in no process or have had their
    /// time to stop.
    pub evict: Vec<RunId>,
    /// Active runs to ask to stop.
    pub ask: Vec<RunId>,
    /// Verdicts for ticks after the old mark and up to the new one, oldest first.
    pub verdicts: Vec<Verdict>,
    /// Where the job stands now. The mark is never before the old one.
    pub place: Place,
    /// When to judge this job again: an instant (perhaps already past), or `None` until something else happens to
    /// the job: it is resumed, an active run ends, its schedule is edited.
    pub due: Option<DateTime<Utc>>,
}

impl Judgement {
    /// Nothing changes.
    fn nothing(docket: &Docket<'_>, due: Option<DateTime<Utc>>) -> Self {
        Self { evict: Vec::new(), ask: Vec::new(), verdicts: Vec::new(), place: docket.place, due }
    }

    /// These verdicts move the mark to `mark`.
    fn of(verdicts: Vec<Verdict>, mark: DateTime<Utc>, due: Option<DateTime<Utc>>) -> Self {
        Self { evict: Vec::new(), ask: Vec::new(), verdicts, place: Place::at(mark), due }
    }
}

/// Judges all ticks of a job that are due at `now`.
#[must_use]
pub fn judge(docket: &Docket<'_>, now: DateTime<Utc>) -> Judgement {
    match docket.place.suspended {
        None => judge_ticks(docket, now),
        Some(until) => pass(docket, judge_ticks(docket, now), until, now),
    }
}

// There are two calls, and a judgement that is handed on by one more function is copied.
#[inline(always)]
fn judge_ticks(docket: &Docket<'_>, now: DateTime<Utc>) -> Judgement {
    if docket.paused {
        return line::without_ticks(docket, now, None);
    }
    if let Some(hold) = docket.place.hold {
        return hold::judge(docket, hold, now);
    }
    let Some(schedule) = docket.schedule else { return line::without_ticks(docket, now, None) };
    let ticks = Ticks { schedule, kept: docket.kept };
    match docket.place.beside {
        None => judge_schedule(docket, ticks, now),
        Some(beside) => beside::judge(docket, ticks, beside, now),
    }
}

#[inline(always)]
fn judge_schedule(docket: &Docket<'_>, ticks: Ticks<'_>, now: DateTime<Utc>) -> Judgement {
    let schedule = ticks.schedule;
    if schedule.is_delay() {
        return delay::judge(docket, ticks, now);
    }
    let first = ticks.next_after(docket.place.mark);
    let start = first.map(|tick| docket.jitter.start_of(schedule, tick));
    match first {
        Some(first) if start.is_some_and(|start| start <= now) => line::judge(docket, ticks, first, now),
        Some(_) | None => line::without_ticks(docket, now, start),
    }
}

/// A judgement while skips are suspended, up to `until`: the clock passes through a time that it has shown before. The mark goes over what
/// keeps its verdict; and when the clock has come to the end, what was suspended is taken back.
fn pass(
    docket: &Docket<'_>,
    mut judgement: Judgement,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Judgement {
    let ticks = docket.schedule.map(|schedule| Ticks { schedule, kept: docket.kept });
    if let Some(ticks) = ticks {
        let split = |verdict| match verdict {
            Verdict::Skip(skip) => ticks.split(skip).into_iter().map(Verdict::Skip).collect(),
            Verdict::Run { .. } | Verdict::Extra { .. } | Verdict::Clock { .. } => vec![verdict],
        };
        judgement.verdicts = judgement.verdicts.into_iter().flat_map(split).collect();
    }
    let place = &mut judgement.place;
    place.suspended = Some(until);
    if docket.paused {
        return judgement;
    }
    if place.hold.is_none() {
        let open = ticks.and_then(|ticks| ticks.next_after(place.mark));
        let is_passed = |last: &DateTime<Utc>| *last <= now && open.is_none_or(|open| *last < open);
        let passed = docket.kept.iter().map(|kept| kept.last).filter(is_passed).max();
        place.mark = passed.map_or(place.mark, |passed| passed.max(place.mark));
        place.queued = place.queued.filter(|queued| *queued > place.mark);
        if until <= now && open.is_none_or(|open| open > until) {
            place.mark = place.mark.max(until);
            place.suspended = None;
            return judgement;
        }
    }
    if now < until {
        judgement.due = Some(judgement.due.map_or(until, |due| due.min(until)));
    }
    judgement
}

/// The next tick after the mark of a job, if it is known: that of a delay is not while a run is active.
#[must_use]
pub fn next_tick(schedule: &Schedule, mark: DateTime<Utc>, is_active: bool) -> Option<DateTime<Utc>> {
    if schedule.is_delay() && is_active { None } else { schedule.next_after(mark) }
}

/// When to judge a job, as far as its place and its schedule tell: while skips are suspended, at their end at the latest, also where no
/// tick is to come. The job is not paused.
#[must_use]
pub fn next_due(
    schedule: Option<&Schedule>,
    jitter: Jitter,
    place: Place,
    is_active: bool,
) -> Option<DateTime<Utc>> {
    if let Some(hold) = place.hold {
        return hold.until;
    }
    let start = schedule.and_then(|schedule| {
        let instant = beside::next_instant(schedule, place, is_active);
        let tick = instant.or_else(|| next_tick(schedule, place.mark, is_active))?;
        Some(jitter.start_of(schedule, tick))
    });
    // Nothing is due before the mark, which may have come further, as that of a delay does with the end of its run.
    let after = || place.mark.checked_add_signed(TimeDelta::milliseconds(1)).unwrap_or(place.mark);
    let end = place.suspended.map(|until| until.max(after()));
    match end {
        None => start,
        Some(end) => Some(start.map_or(end, |start| start.min(end))),
    }
}

/// How late a tick may start and still count as on time.
#[must_use]
pub fn grace(catch_up: CatchUp, schedule: &Schedule, tick: DateTime<Utc>) -> Duration {
    const CAP: Duration = Duration::from_secs(60);
    catch_up.grace.unwrap_or_else(|| match schedule.next_after(tick) {
        Some(next) => CAP.min((next - tick).to_std().unwrap_or_default() / 2),
        None => CAP,
    })
}

/// Whether a tick starts later than its grace allows.
#[must_use]
pub fn is_late(
    catch_up: CatchUp,
    schedule: &Schedule,
    jitter: Jitter,
    tick: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    let age = age(now, jitter.start_of(schedule, tick));
    // The grace of most is a part of the span to the next tick, which need not be looked for.
    age > Duration::ZERO && age > grace(catch_up, schedule, tick)
}

fn age(now: DateTime<Utc>, tick: DateTime<Utc>) -> Duration {
    (now - tick).to_std().unwrap_or_default()
}

/// A single skipped tick.
fn one(tick: DateTime<Utc>, reason: SkipReason, holder: Option<RunId>) -> Skip {
    Skip { first: tick, last: tick, count: 1, reason, holder }
}
