//! Requests after which a job would never run by itself, and nobody would be told.

use chrono::{DateTime, TimeDelta, Utc};

use super::first_mark;
use crate::schedule::Schedule;

/// What a request for a dynamic job finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// No job of its name.
    Nothing,
    /// A job of its name that has another schedule, or none. Every tick up to its mark has a verdict.
    OtherSchedule {
        /// The high-water mark.
        mark: DateTime<Utc>,
    },
}

/// Why a job would never run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Its one instant lies behind what has been decided.
    #[error(
        "{at} is past, and everything up to {decided} has its verdict; give an instant after that, ask for one more run with `run_once`, or trigger the job"
    )]
    Single {
        /// The instant.
        at: DateTime<Utc>,
        /// The mark that the job has with this schedule.
        decided: DateTime<Utc>,
    },
    /// Its schedule has ended.
    #[error(
        "its schedule ended at {end}, and has no instant after {decided}; give it a later `end`, or leave that out"
    )]
    Ended {
        /// The `end` of the schedule.
        end: DateTime<Utc>,
        /// The mark that the job has with this schedule.
        decided: DateTime<Utc>,
    },
    /// Its schedule has no further instant.
    #[error("its schedule has no instant after {decided}{}; give it one that goes on", the_last(*.last))]
    NoMore {
        /// Its last one.
        last: Option<DateTime<Utc>>,
        /// The mark that the job has with this schedule.
        decided: DateTime<Utc>,
    },
    /// It runs at its first registration only, and was registered before.
    #[error(
        "`run_on_start` is a run at the first registration, and this job is registered; give it a schedule, or leave `run_on_start` out and say that it runs by hand"
    )]
    Registered,
}

impl Exhausted {
    /// The instant for which a run may stand, so that the request is in order.
    #[must_use]
    pub fn single(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Single { at, .. } => Some(*at),
            Self::Ended { .. } | Self::NoMore { .. } | Self::Registered => None,
        }
    }
}

/// Refuses a schedule without an instant that is still to be judged. The same schedule again is no edit, and is not asked about.
///
/// The one instant of a new job may be past: the catch-up rule decides about it. An edit is never retroactive, so that of an edit may not.
///
/// # Errors
/// Why nothing would ever run.
pub fn refuse_exhausted(
    schedule: Option<&Schedule>,
    run_on_start: bool,
    before: Before,
    now: DateTime<Utc>,
) -> Result<(), Exhausted> {
    let Some(schedule) = schedule else {
        return match before {
            Before::OtherSchedule { .. } if run_on_start => Err(Exhausted::Registered),
            // Without a schedule it runs by hand, and somebody has said so.
            Before::OtherSchedule { .. } | Before::Nothing => Ok(()),
        };
    };
    let (decided, has_run) = match before {
        Before::Nothing => (first_mark(Some(schedule), now), run_on_start),
        Before::OtherSchedule { mark } => (mark.max(now), false),
    };
    let schedule = schedule.anchored(decided);
    if has_run || schedule.next_after(decided).is_some() {
        return Ok(());
    }
    let last = schedule.prev_before(decided + TimeDelta::milliseconds(1));
    let end = match &schedule {
        Schedule::Bounded(bounded) => bounded.end(),
        _ => None,
    };
    Err(match (last, end) {
        (Some(at), _) if schedule.is_single() => Exhausted::Single { at, decided },
        (_, Some(end)) if end <= decided => Exhausted::Ended { end, decided },
        (last, _) => Exhausted::NoMore { last, decided },
    })
}

fn the_last(last: Option<DateTime<Utc>>) -> String {
    last.map(|last| format!(" (the last one is {last})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn bounded(end: i64) -> Schedule {
        let every = Schedule::every("10s", None).expect("a period");
        every.within(None, Some(&at(end).to_rfc3339()), "UTC").expect("a schedule")
    }

    const NEW: Before = Before::Nothing;
    fn edit(mark: i64) -> Before {
        Before::OtherSchedule { mark: at(mark) }
    }

    fn decide(schedule: &Schedule, before: Before, now: i64) -> Result<(), Exhausted> {
        refuse_exhausted(Some(schedule), false, before, at(now))
    }

    #[test]
    fn a_past_instant_is_a_late_tick_of_a_new_job_and_nothing_to_an_old_one() {
        let single = Schedule::at_instant(at(50));
        assert_eq!(decide(&single, NEW, 100), Ok(()));
        assert_eq!(decide(&single, edit(20), 40), Ok(()));
        let refused = |decided| Err(Exhausted::Single { at: at(50), decided: at(decided) });
        assert_eq!(decide(&single, edit(20), 50), refused(50));
        assert_eq!(decide(&single, edit(20), 100), refused(100));
        // The clock is behind the mark: what is to come for the clock has been decided.
        assert_eq!(decide(&single, edit(60), 40), refused(60));
        // Counted from the edit.
        assert_eq!(decide(&Schedule::once("10s").expect("a delay"), edit(60), 40), Ok(()));
    }

    #[test]
    fn a_schedule_that_is_over_names_its_end() {
        for before in [NEW, edit(20)] {
            assert_eq!(decide(&bounded(200), before, 100), Ok(()));
            let ended = Exhausted::Ended { end: at(80), decided: at(100) };
            assert_eq!(decide(&bounded(80), before, 100), Err(ended));
            // It ends between two ticks, and the one before was the last.
            let no_more = Exhausted::NoMore { last: Some(at(100)), decided: at(105) };
            assert_eq!(decide(&bounded(109), before, 105), Err(no_more));
            let year = Schedule::cron("0 0 0 1 1 * 1970", "UTC").expect("a year");
            let no_more = Exhausted::NoMore { last: Some(at(0)), decided: at(100) };
            assert_eq!(decide(&year, before, 100), Err(no_more));
        }
    }

    #[test]
    fn a_run_at_the_registration_is_one_of_a_new_job_alone() {
        let over = bounded(80);
        let decide = |schedule, before| refuse_exhausted(schedule, true, before, at(100));
        assert_eq!(decide(None, NEW), Ok(()));
        assert_eq!(decide(Some(&over), NEW), Ok(()));
        assert_eq!(decide(None, edit(20)), Err(Exhausted::Registered));
        assert!(decide(Some(&over), edit(20)).is_err());
    }
}
