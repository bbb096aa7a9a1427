//! What a run says about the next one: `Next`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Docket, Judgement, Place, Ticks, Verdict, line, next_due};
use crate::run::{RunId, SkipReason};

/// When a job runs next, as its function says. It overrides the schedule's next tick; the ticks until then are recorded as
/// `skipped(superseded)` and name the run that said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At the schedule's next tick.
    Scheduled,
    /// This long after the run ended. Rounded up to whole milliseconds.
    After(Duration),
    /// At this instant; one that is past means at once.
    At(DateTime<Utc>),
    /// Not by itself, until a run that somebody asks for says otherwise, or the schedule is edited.
    Never,
}

/// A [`Next`] that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When the job runs next; `None` is never.
    pub until: Option<DateTime<Utc>>,
    /// The run that said so.
    pub by: RunId,
}

/// What is in force once a run has asked for the removal of its job.
#[must_use]
pub fn closed_by(run: RunId) -> Hold {
    Hold { until: None, by: run }
}

/// What is in force after a run that ended at `ended` has said `next`.
#[must_use]
pub fn hold_after(next: Next, by: RunId, ended: DateTime<Utc>) -> Option<Hold> {
    let until = match next {
        Next::Scheduled => return None,
        Next::Never => None,
        Next::At(at) => Some(at.max(ended)),
        Next::After(delay) => {
            let whole = delay.as_nanos().div_ceil(1_000_000);
            let delay = i64::try_from(whole).ok().and_then(TimeDelta::try_milliseconds);
            delay.and_then(|delay| ended.checked_add_signed(delay))
        }
    };
    // Stores keep milliseconds. What lies beyond the calendar is never.
    let until = until.and_then(|until| DateTime::from_timestamp_millis(until.timestamp_millis()));
    Some(Hold { until, by })
}

pub(super) fn judge(docket: &Docket<'_>, hold: Hold, now: DateTime<Utc>) -> Judgement {
    let Some(until) = hold.until.filter(|until| *until <= now) else {
        return line::without_ticks(docket, now, hold.until);
    };
    let slot = line::slot(docket, now);
    if slot.room == 0 {
        // The end of an active run makes it due.
        return Judgement { evict: slot.evict, ask: slot.ask, ..Judgement::nothing(docket, slot.deadline) };
    }
    let mark = docket.place.mark;
    let mut verdicts = Vec::new();
    let schedule = docket.schedule.filter(|schedule| !schedule.is_delay());
    let ticks = schedule.map(|schedule| Ticks { schedule, kept: docket.kept });
    // A tick that has a run does not run again; the instant that was asked for gets one beside it.
    let is_open = |ticks: Ticks<'_>| ticks.schedule.matches(until) && ticks.kept_at(until).is_none();
    let is_tick = until > mark && ticks.is_some_and(is_open);
    if let Some(ticks) = ticks {
        let last = if is_tick { until - TimeDelta::milliseconds(1) } else { until };
        let skip = ticks.range(mark, last, SkipReason::Superseded, Some(hold.by));
        verdicts.extend(skip.map(Verdict::Skip));
    }
    verdicts.push(if is_tick { Verdict::Run { tick: until } } else { Verdict::Extra { nominal: until } });
    // What lies before the instant that was asked for is decided.
    let beside = docket.place.beside.filter(|_| until < mark).map(|beside| beside.max(until));
    let place = Place { beside, ..Place::at(mark.max(until)) };
    let due = next_due(docket.schedule, docket.jitter, place, true);
    Judgement { evict: slot.evict, place, ..Judgement::of(verdicts, place.mark, due) }
}
