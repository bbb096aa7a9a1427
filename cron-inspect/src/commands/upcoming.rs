//! The ticks of a job to come.

use chrono::{DateTime, Utc};
use cron_core::judge::next_tick;
use cron_core::run::RunId;
use cron_runtime::store::JobInfo;

/// An instant at which a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Upcoming {
    /// The nominal instant.
    pub(crate) tick: DateTime<Utc>,
    /// When it starts: later, where the job has a jitter.
    pub(crate) start: DateTime<Utc>,
    /// The run that asked for it, in place of the schedule.
    pub(crate) by: Option<RunId>,
}

/// The next ticks of a job after an instant.
///
/// What a run has said about the next one comes first; the ticks before it do not run. Of a job that counts from the end of its
/// runs only the next tick is known, and nobody knows the ones after it.
pub(crate) fn upcoming(job: &JobInfo, after: DateTime<Utc>, count: usize) -> Vec<Upcoming> {
    let plan = &job.plan;
    let (held, after) = match job.hold {
        None => (None, after),
        Some(hold) => match hold.until {
            None => return Vec::new(),
            Some(until) => (
                (until > after).then_some(Upcoming { tick: until, start: until, by: Some(hold.by) }),
                after.max(until),
            ),
        },
    };
    let Some(schedule) = &plan.schedule else { return held.into_iter().take(count).collect() };
    let schedule = schedule.anchored(job.since);
    let jitter = plan.jitter();
    let planned = |tick| Upcoming { tick, start: jitter.start_of(&schedule, tick), by: None };
    if schedule.is_delay() {
        let is_known = held.is_none() && job.paused.is_none();
        let from = job.beside.unwrap_or(job.mark);
        let next = if is_known { next_tick(&schedule, from, job.active > 0) } else { None };
        let next = next.filter(|tick| *tick > after).map(planned);
        return held.into_iter().chain(next).take(count).collect();
    }
    // Up to the mark ticks have their verdicts; of a clock that stands before it only what runs at intervals has runs.
    let after = if schedule.goes_on() { after } else { after.max(job.mark) };
    held.into_iter().chain(schedule.iter_after(after).map(planned)).take(count).collect()
}
