//! The judge: which verdict each due tick gets. Pure, and the only place where a verdict is chosen.
//!
//! A store calls [`judge`] inside the transaction that writes the verdicts, the new high-water mark and the new
//! runs; a tick therefore has either no verdict and lies after the mark, or exactly one and lies at or before it.
//!
//! Ticks that wait (in a queue, or for a run that was asked to stop) have no verdict yet: they lie behind the mark, and
//! [`Place::queued`] says up to where they wait. So no verdict ever changes.

mod admit;
mod choose;
mod close;
mod delay;
#[cfg(test)]
mod delay_tests;
mod ending;
mod hold;
mod line;
#[cfg(test)]
mod lives;
mod patience;
mod single;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::policy::{CatchUp, Jitter, Overlap, Slots};
use crate::run::{Origin, RunId, SkipReason};
use crate::schedule::Schedule;

pub use admit::{Admission, admit, backfill_room, room};
pub use close::{Waits, close, first_mark, is_astray, wake_set_back};
pub use delay::mark_after_end;
pub use ending::{Ending, may_give_way};
pub use hold::{Hold, Next, hold_after};
pub use patience::has_waited_long;
pub use single::{Namesake, Single, single};

/// Where a job stands in its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The high-water mark: every tick up to it has a verdict.
    pub mark: DateTime<Utc>,
    /// Ticks after the mark and up to here wait for the slot of the job.
    pub queued: Option<DateTime<Utc>>,
    /// A run has said when the job runs next, whatever the schedule says.
    pub hold: Option<Hold>,
}

impl Place {
    /// A place with nothing that waits.
    #[must_use]
    pub const fn at(mark: DateTime<Utc>) -> Self {
        Self { mark, queued: None, hold: None }
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
    /// Whether a run that a person asked for waits for the slot.
    pub is_wanted: bool,
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
    if docket.paused {
        return line::without_ticks(docket, now, None);
    }
    if let Some(hold) = docket.place.hold {
        return hold::judge(docket, hold, now);
    }
    let Some(schedule) = docket.schedule else { return line::without_ticks(docket, now, None) };
    if schedule.is_delay() {
        return delay::judge(docket, schedule, now);
    }
    let first = schedule.next_after(docket.place.mark);
    let start = first.map(|tick| docket.jitter.start_of(schedule, tick));
    match first {
        Some(first) if start.is_some_and(|start| start <= now) => line::judge(docket, schedule, first, now),
        Some(_) | None => line::without_ticks(docket, now, start),
    }
}

/// The next tick after the mark of a job, if it is known: that of a delay is not while a run is active.
#[must_use]
pub fn next_tick(schedule: &Schedule, mark: DateTime<Utc>, is_active: bool) -> Option<DateTime<Utc>> {
    if schedule.is_delay() && is_active { None } else { schedule.next_after(mark) }
}

/// When to judge a job, as far as its place and its schedule tell. The job is not paused.
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
    let schedule = schedule?;
    let tick = next_tick(schedule, place.mark, is_active)?;
    Some(jitter.start_of(schedule, tick))
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

/// The newest tick at or before `now`. Found backwards, so an outage of two weeks costs the same as one of a minute.
///
/// Ticks lie on whole milliseconds; `now` may lie between two of them.
fn newest_tick(schedule: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let whole = DateTime::from_timestamp_millis(now.timestamp_millis())?;
    // No tick lies at the very end of the calendar, which a damaged record may name.
    schedule.prev_before(whole.checked_add_signed(TimeDelta::milliseconds(1)).unwrap_or(whole))
}

fn age(now: DateTime<Utc>, tick: DateTime<Utc>) -> Duration {
    (now - tick).to_std().unwrap_or_default()
}

/// A single skipped tick.
fn one(tick: DateTime<Utc>, reason: SkipReason, holder: Option<RunId>) -> Skip {
    Skip { first: tick, last: tick, count: 1, reason, holder }
}

/// All ticks after `mark` and up to `last` as one range; `None` where there is none.
fn range(
    schedule: &Schedule,
    mark: DateTime<Utc>,
    last: DateTime<Utc>,
    reason: SkipReason,
    holder: Option<RunId>,
) -> Option<Skip> {
    let first = schedule.next_after(mark).filter(|first| *first <= last)?;
    let last = newest_tick(schedule, last)?;
    Some(Skip { first, last, count: schedule.count_between(mark, last), reason, holder })
}
