//! Fixed delays: the ticks of `every = "..", after = "finish"` depend on when runs end.

use chrono::{DateTime, Utc};

use super::{Docket, Judgement, Place, Ticks, Verdict, age, is_late, line, next_due, one};
use crate::policy::{CatchUpRule, Overlap};
use crate::run::SkipReason;
use crate::schedule::Schedule;

/// Where a job stands whose last active run ended at `ended`.
///
/// A delay counts from there: no tick lies between the old mark and the new one. All other schedules have no part in it.
#[must_use]
pub fn after_end(schedule: &Schedule, place: Place, ended: DateTime<Utc>) -> Place {
    if !schedule.is_delay() {
        return place;
    }
    let beside = place.beside.map(|beside| beside.max(ended));
    Place { mark: place.mark.max(ended), beside, ..place }
}

/// The one tick of a delay, if it is due. How late it is matters to `grace` and `window` only: no other tick came after it.
pub(super) fn judge(docket: &Docket<'_>, ticks: Ticks<'_>, now: DateTime<Utc>) -> Judgement {
    let schedule = ticks.schedule;
    let is_active = !docket.active.is_empty();
    // Its tick counts from the mark also while a run is active that a person asked for.
    let tick = ticks.next_after(docket.place.mark);
    let start = tick.map(|tick| docket.jitter.start_of(schedule, tick));
    let Some(tick) = tick.filter(|_| start.is_some_and(|start| start <= now)) else {
        return line::without_ticks(docket, now, start);
    };
    let window = docket.catch_up.window;
    let too_late = docket.catch_up.rule == CatchUpRule::None
        && is_late(docket.catch_up, schedule, docket.jitter, tick, now);
    if too_late || window.is_some_and(|window| age(now, tick) > window) {
        let verdicts = vec![Verdict::Skip(one(tick, SkipReason::Missed, None))];
        let due = next_due(Some(schedule), docket.jitter, Place::at(now), is_active);
        return Judgement::of(verdicts, now, due);
    }
    let holder = docket.active.first().map(|active| active.run);
    let room = super::room(docket.overlap, docket.slots, docket.active.len());
    match docket.overlap {
        Overlap::Skip | Overlap::Allow if room == 0 => {
            let skip = one(tick, SkipReason::Overlap, holder);
            Judgement::of(vec![Verdict::Skip(skip)], tick, None)
        }
        // The end of the active run moves the tick: there is nothing to wait for, or to cancel.
        Overlap::Queue | Overlap::Cancel if is_active => line::without_ticks(docket, now, None),
        // The end of the run, this one or the holder, makes the next tick.
        Overlap::Skip | Overlap::Queue | Overlap::Cancel | Overlap::Allow => {
            Judgement::of(vec![Verdict::Run { tick }], tick, None)
        }
    }
}
