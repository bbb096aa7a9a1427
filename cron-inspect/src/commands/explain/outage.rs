//! What would happen to a job if no process were there for a while: told by the judge itself.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::judge::{Active, Docket, Ending, Place, Skip, Verdict, after_end, judge, next_due};
use cron_core::run::{Origin, Progress, RunId, RunState, Transition};
use cron_core::schedule::Schedule;
use cron_core::suspect::is_next_the_last;
use cron_runtime::store::{JobInfo, RunInfo};

use crate::failure::Failure;

/// More verdicts than this are not asked for; no rule gives more.
const MOST: usize = 20_000;

/// What would happen.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    /// Runs in progress whose process would be gone, with what would become of them.
    pub(super) lost: Vec<(RunId, Transition)>,
    /// The runs that would hold a slot when somebody is there again.
    pub(super) holders: Vec<RunId>,
    /// In their order. Every run is taken to end at once.
    pub(super) verdicts: Vec<Verdict>,
    /// Runs that would be asked to stop, or ended.
    pub(super) stopped: Vec<RunId>,
    /// Up to here ticks would wait for the slot.
    pub(super) queued: Option<DateTime<Utc>>,
    /// When the job would be judged next; `None` until something else happens to it.
    pub(super) due: Option<DateTime<Utc>>,
    pub(super) is_paused: bool,
}

/// Judges a job after an outage that begins at `from`. `runs` are its active ones.
pub(super) fn outage(
    job: &JobInfo,
    runs: &[RunInfo],
    from: DateTime<Utc>,
    length: Duration,
) -> Result<Outage, Failure> {
    let length = TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
    let until = from.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let schedule = job.plan.schedule.as_ref().map(|schedule| schedule.anchored(job.since));
    let schedule = schedule.as_ref();
    let mut place = Place { queued: job.queued, hold: job.hold, beside: job.beside, ..Place::at(job.mark) };
    let (mut active, lost) = after_the_crash(job, runs, schedule, until)?;
    if active.is_empty()
        && !lost.is_empty()
        && let Some(schedule) = schedule
    {
        place = after_end(schedule, place, until);
    }
    let waiting = runs
        .iter()
        .filter(|run| run.state == (RunState::Scheduled { wake: None }) && run.origin != Origin::Backfill)
        .count();
    let mut outage = Outage {
        from,
        until,
        lost,
        holders: active.iter().map(|active| active.run).collect(),
        verdicts: Vec::new(),
        stopped: Vec::new(),
        queued: None,
        due: None,
        is_paused: job.paused.is_some(),
    };
    loop {
        let docket = docket(job, schedule, place, &active, waiting);
        let judged = judge(&docket, until);
        place = judged.place;
        outage.stopped.extend(judged.ask.iter().chain(&judged.evict));
        outage.due = judged.due;
        let has_run = judged.verdicts.iter().any(starts);
        outage.verdicts.extend(judged.verdicts);
        // A delay counts from the end of the run, which nobody knows; and what holds the slot now is not what ran here.
        let goes_on = has_run && active.is_empty() && !schedule.is_some_and(Schedule::is_delay);
        if !goes_on || outage.verdicts.len() > MOST {
            break;
        }
        active.clear();
        outage.due = next_due(schedule, job.plan.jitter(), place, false);
        if outage.due.is_none_or(|due| due > until) {
            break;
        }
    }
    outage.queued = place.queued;
    Ok(outage)
}

fn docket<'a>(
    job: &JobInfo,
    schedule: Option<&'a Schedule>,
    place: Place,
    active: &'a [Active],
    waiting: usize,
) -> Docket<'a> {
    let plan = &job.plan;
    Docket {
        schedule,
        catch_up: plan.catch_up,
        overlap: plan.overlap,
        slots: plan.slots,
        jitter: plan.jitter(),
        place,
        paused: job.paused.is_some(),
        active,
        waiting,
        kept: &[],
    }
}

fn starts(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Run { .. } | Verdict::Extra { .. } | Verdict::Clock { waits: false, .. } => true,
        Verdict::Skip(Skip { .. }) | Verdict::Clock { waits: true, .. } => false,
    }
}

type Crash = (Vec<Active>, Vec<(RunId, Transition)>);

/// The runs that hold a slot after the outage, oldest first, and what became of those that were in progress. Whoever comes
/// back ends the lost attempts first, and then claims what waits for an instant that is past.
fn after_the_crash(
    job: &JobInfo,
    runs: &[RunInfo],
    schedule: Option<&Schedule>,
    at: DateTime<Utc>,
) -> Result<Crash, Failure> {
    let (mut active, mut lost) = (Vec::new(), Vec::new());
    for run in runs.iter().filter(|run| run.state.holds_slot()) {
        let mut state = run.state;
        if let RunState::Running { .. } = state {
            let ending = Ending {
                run: run.id,
                origin: run.origin,
                progress: Progress { state, attempts_used: run.attempts_used, crashes: run.crashes },
                retry: job.plan.retry,
                overlap: job.plan.overlap,
                schedule,
                hold: job.hold,
                is_paused: job.paused.is_some(),
                is_quarantined: is_next_the_last(job.suspect.map_or(0, |suspect| suspect.deaths)),
            };
            let moved = ending.lost(run.asked.as_deref(), at)?;
            state = moved.progress.state;
            lost.push((run.id, moved));
        }
        if state.holds_slot() {
            let is_running = state.wake().is_some_and(|wake| wake <= at);
            active.push(Active { run: run.id, origin: run.origin, is_running, asked: None });
        }
    }
    active.sort_by_key(|active| active.run);
    Ok((active, lost))
}
