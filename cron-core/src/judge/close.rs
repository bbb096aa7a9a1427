//! The ends of a record: where it begins, and what ticks become when it is cut off by an edit, a resumption or a wrong clock.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Kept, Place, Skip, Ticks, next_tick, one};
use crate::run::SkipReason;
use crate::schedule::Schedule;

/// A high-water mark further ahead of the clock than this was written under a wrong clock.
const ASTRAY: TimeDelta = TimeDelta::hours(3);

/// What the ticks from the mark to `now` are recorded as when a job is edited or resumed, oldest first: those that waited as
/// superseded, those of the pause, if there is one, as paused, the others as missed. `paused` is since when it is paused,
/// `is_active` whether it has an active run, `kept` what keeps its verdict after the mark and begins at `now` or before.
#[must_use]
pub fn close(
    schedule: &Schedule,
    place: Place,
    kept: &[Kept],
    paused: Option<DateTime<Utc>>,
    is_active: bool,
    now: DateTime<Utc>,
) -> Vec<Skip> {
    let pause = paused.unwrap_or(now).min(now);
    let ticks = Ticks { schedule, kept };
    if schedule.is_delay() {
        let tick = next_tick(schedule, place.mark, is_active).filter(|tick| *tick <= now);
        let tick = tick.filter(|tick| ticks.kept_at(*tick).is_none());
        let reason = |tick| if tick <= pause { SkipReason::Missed } else { SkipReason::Paused };
        return tick.map(|tick| one(tick, reason(tick), None)).into_iter().collect();
    }
    let mut skips = Vec::new();
    let mut from = place.mark;
    let mut skip_until = |until: DateTime<Utc>, reason, holder| {
        skips.extend(ticks.range(from, until, reason, holder).into_iter().flat_map(|skip| ticks.split(skip)));
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
    // It is asked at the end of each run, and the whole seconds nearly always tell.
    let seconds = mark.timestamp() - now.timestamp();
    seconds >= ASTRAY.num_seconds() && mark.signed_duration_since(now) > ASTRAY
}

/// What is known of a run that waits when a clock that was wrong is set right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// When it is to start.
    pub wake: DateTime<Utc>,
    /// Whether it is `scheduled`, and so to start as soon as there is room; else it waits for a retry.
    pub is_scheduled: bool,
    /// When its last attempt began, or its nominal instant.
    pub since: DateTime<Utc>,
    /// Whether its last attempt came to an end that its process saw: a retry was counted from its beginning.
    pub is_measured: bool,
}

/// When a run is to start that was told to wait while the clock was wrong by more than 3 hours: it waits as long from `now` on as it was to
/// wait then. `None` where nothing shows that the clock was wrong; a function may have asked for a long wait.
///
/// Three things show it: the run was to start at once; its last attempt began in a time that has not come, and the wait after that; or nobody
/// has seen its end and it was to wait until after `wrong`, the furthest high-water mark that was found astray and so at most what the
/// clock showed.
#[must_use]
pub fn wake_set_back(
    waits: Waits,
    wrong: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let Waits { wake, is_scheduled, since, is_measured } = waits;
    if !is_astray(wake, now) {
        return None;
    }
    if is_scheduled {
        return Some(now);
    }
    let is_counted_from_there = since > now && wake >= since;
    if !is_counted_from_there && (is_measured || wrong.is_none_or(|wrong| wake <= wrong)) {
        return None;
    }
    // Marks are ticks, and where those are rare the clock was further.
    let clock = wrong.map_or(since, |wrong| wrong.max(since));
    let left = wake.signed_duration_since(clock).max(TimeDelta::zero());
    Some(now.checked_add_signed(left).unwrap_or(wake))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn a_wait_that_was_told_under_a_wrong_clock_is_as_long_under_the_right_one() {
        const DAY: i64 = 86_400;
        let wakes = |wake, since, is_measured, wrong: Option<i64>| {
            let (wake, since) = (at(wake), at(since));
            let waits = Waits { wake, is_scheduled: false, since, is_measured };
            let asked = wake_set_back(Waits { is_scheduled: true, ..waits }, wrong.map(at), at(0));
            assert_eq!(
                asked,
                is_astray(wake, at(0)).then_some(at(0)),
                "what is to start at once starts at once"
            );
            wake_set_back(waits, wrong.map(at), at(0))
        };
        // It began a day ahead: it waits from its beginning on, or from what the clock is known to have shown later.
        assert_eq!(wakes(DAY + 10, DAY, true, None), Some(at(10)));
        assert_eq!(wakes(DAY + 10, DAY, true, Some(DAY / 2)), Some(at(10)));
        assert_eq!(wakes(DAY + 10, DAY, true, Some(DAY + 5)), Some(at(5)));
        assert_eq!(wakes(DAY + 10, DAY, true, Some(2 * DAY)), Some(at(0)), "its time had come by then");
        // It began at the right time and was found lost under the wrong clock.
        assert_eq!(wakes(DAY + 10, -5, false, Some(DAY)), Some(at(10)));
        // It began under the wrong clock and ended under the right one, and its function asked for a long wait.
        assert_eq!(wakes(DAY / 2, DAY, true, None), None);
        // A function asked for a long wait, in the right time; and an hour is waited for in any case.
        assert_eq!(wakes(DAY + 10, -5, true, Some(DAY)), None);
        assert_eq!(wakes(DAY + 10, -5, false, None), None);
        assert_eq!(wakes(DAY + 10, -5, false, Some(2 * DAY)), None);
        assert_eq!(wakes(3_600, 1_800, true, Some(3_500)), None);
    }
}
