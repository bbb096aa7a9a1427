//! The ends of a record: where it begins, and what ticks become when it is cut off by an edit, a resumption or a wrong clock.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Place, Skip, next_tick, one, range};
use crate::run::SkipReason;
use crate::schedule::Schedule;

/// A high-water mark further ahead of the clock than this was written under a wrong clock.
const ASTRAY: TimeDelta = TimeDelta::hours(3);

/// What the ticks from the mark to `now` are recorded as when a job is edited or resumed, oldest first: those that waited as
/// superseded, those of the pause, if there is one, as paused, the others as missed. `paused` is since when it is paused,
/// `is_active` whether it has an active run.
#[must_use]
pub fn close(
    schedule: &Schedule,
    place: Place,
    paused: Option<DateTime<Utc>>,
    is_active: bool,
    now: DateTime<Utc>,
) -> Vec<Skip> {
    let pause = paused.unwrap_or(now).min(now);
    if schedule.is_delay() {
        let tick = next_tick(schedule, place.mark, is_active).filter(|tick| *tick <= now);
        let reason = |tick| if tick <= pause { SkipReason::Missed } else { SkipReason::Paused };
        return tick.map(|tick| one(tick, reason(tick), None)).into_iter().collect();
    }
    let mut skips = Vec::new();
    let mut from = place.mark;
    let mut skip_until = |until: DateTime<Utc>, reason, holder| {
        skips.extend(range(schedule, from, until, reason, holder));
        from = from.max(until);
    };
    if let Some(queued) = place.queued {
        skip_until(queued.min(now), SkipReason::Superseded, None);
    }
    if let Some(hold) = place.hold {
        // The instant that the run asked for is not taken by it, but lost with the rest.
        let before = |until: DateTime<Utc>| {
            if schedule.matches(until) { until - TimeDelta::milliseconds(1) } else { until }
        };
        let until = hold.until.map_or(now, |until| before(until).min(now));
        skip_until(until, SkipReason::Superseded, Some(hold.by));
    }
    skip_until(pause, SkipReason::Missed, None);
    skip_until(now, SkipReason::Paused, None);
    skips
}

/// Where the record of a job begins: the high-water mark at its first registration.
///
/// The first tick is the first one after the registration, so a first deploy is never a miss. Only a single instant that
/// was past already (`at = ...`) lies after the mark, so that the catch-up rule decides about it instead of silence.
#[must_use]
pub fn first_mark(schedule: Option<&Schedule>, registered: DateTime<Utc>) -> DateTime<Utc> {
    let single = schedule.filter(|schedule| schedule.is_single());
    let only = single.and_then(|schedule| schedule.prev_before(registered + TimeDelta::milliseconds(1)));
    only.map_or(registered, |tick| tick - TimeDelta::milliseconds(1))
}

/// Whether a high-water mark was written under a clock that was wrong by more than 3 hours: it lies that far in the future.
/// Then it is set back to `now`; up to 3 hours the scheduler waits, and nothing runs twice.
#[must_use]
pub fn is_astray(mark: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    mark.signed_duration_since(now) > ASTRAY
}
