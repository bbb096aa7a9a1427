//! Jobs and groups.

use cron_core::job::Label;
use cron_core::job::options::Key;
use cron_core::policy::{Backoff, CatchUpRule, Overlap};
use cron_runtime::store::{GroupInfo, JobInfo, PauseInfo};
use serde::Serialize;

use super::{Arguments, Instant, Run, millis, said};

#[derive(Debug, Serialize)]
pub(crate) struct Job<'a> {
    name: &'a str,
    description: Option<&'a str>,
    schedule: Option<String>,
    schedule_description: Option<String>,
    time_zone: Option<&'static str>,
    group: Option<&'a str>,
    tags: Vec<&'a str>,
    /// For a dynamic job the declared one whose function it runs.
    handler: Option<&'a str>,
    /// The policies that a dynamic job has from its handler.
    inherited: Vec<&'static str>,
    args: Option<Arguments<'a>>,
    /// Goes away with its record once it has no tick left.
    temporary: bool,
    linked: bool,
    paused: Option<Pause<'a>>,
    /// How many processes in a row died while it was in progress.
    deaths: u32,
    /// Nothing of it starts until a person resumes it.
    quarantined: bool,
    /// The run that has asked for its removal, which comes once its runs have ended.
    removal: Option<u64>,
    next_tick: Option<Instant>,
    /// What a run said about the next one.
    hold: Option<Hold>,
    /// Up to here ticks after the high-water mark wait for the slot.
    queued: Option<Instant>,
    high_water_mark: Instant,
    registered: Instant,
    /// Since when the schedule is in force.
    since: Instant,
    active_runs: u64,
    /// Runs that wait for the slot of the job.
    parked_runs: u64,
    overlap: Overlap,
    queue_depth: u32,
    cancel_grace_ms: u64,
    max_running: Option<u32>,
    catch_up: CatchUp,
    retry: Retry,
    timeout_ms: Option<u64>,
    jitter_ms: Option<u64>,
    run_on_start: bool,
    priority: u8,
    retention: Retention,
    was: Option<&'a str>,
    source: Option<&'a str>,
    last_run: Option<Run<'a>>,
}

#[derive(Debug, Serialize)]
struct CatchUp {
    rule: CatchUpRule,
    limit: u32,
    window_ms: Option<u64>,
    grace_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Retry {
    retries: u32,
    backoff: Backoff,
    delay_ms: u64,
    max_delay_ms: u64,
    past_next: bool,
}

#[derive(Debug, Serialize)]
struct Retention {
    runs: u32,
    age_ms: u64,
    dead_letters: u32,
    dead_letter_age_ms: u64,
}

impl<'a> From<&'a JobInfo> for Job<'a> {
    fn from(job: &'a JobInfo) -> Self {
        let plan = &job.plan;
        let schedule = plan.schedule.as_ref();
        Self {
            name: plan.name.as_str(),
            description: said(&plan.description),
            schedule: schedule.map(ToString::to_string),
            schedule_description: schedule.map(|schedule| schedule.describe()),
            time_zone: schedule.and_then(|schedule| schedule.zone()).map(|zone| zone.name()),
            group: plan.group.as_ref().map(Label::as_str),
            tags: plan.tags.iter().map(Label::as_str).collect(),
            handler: plan.handler.as_ref().map(|handler| handler.as_str()),
            inherited: plan.inherited().map(Key::name).collect(),
            args: plan.args.as_deref().map(Arguments),
            temporary: plan.temporary,
            linked: job.linked,
            paused: job.paused.as_ref().map(Pause::from),
            deaths: job.suspect.map_or(0, |suspect| suspect.deaths),
            quarantined: job.suspect.is_some_and(|suspect| suspect.is_quarantined),
            removal: job.removal.map(|run| run.0),
            next_tick: job.due.map(Instant),
            hold: job.hold.map(Hold::from),
            queued: job.queued.map(Instant),
            high_water_mark: Instant(job.mark),
            registered: Instant(job.registered),
            since: Instant(job.since),
            active_runs: job.active,
            parked_runs: job.parked,
            overlap: plan.overlap,
            queue_depth: plan.slots.queue_depth,
            cancel_grace_ms: millis(plan.slots.cancel_grace),
            max_running: plan.slots.max_running,
            catch_up: CatchUp {
                rule: plan.catch_up.rule,
                limit: plan.catch_up.limit,
                window_ms: plan.catch_up.window.map(millis),
                grace_ms: plan.catch_up.grace.map(millis),
            },
            retry: Retry {
                retries: plan.retry.retries,
                backoff: plan.retry.backoff,
                delay_ms: millis(plan.retry.delay),
                max_delay_ms: millis(plan.retry.max_delay),
                past_next: plan.retry.past_next,
            },
            timeout_ms: plan.timeout.map(millis),
            jitter_ms: plan.jitter.map(millis),
            run_on_start: plan.run_on_start,
            priority: plan.priority.0,
            retention: Retention {
                runs: plan.retention.runs,
                age_ms: millis(plan.retention.age),
                dead_letters: plan.retention.dead,
                dead_letter_age_ms: millis(plan.retention.dead_age),
            },
            was: plan.was.as_ref().map(|was| was.as_str()),
            source: said(&plan.source),
            last_run: job.last_run.as_ref().map(Run::from),
        }
    }
}

/// What a run said about the next one, in force.
#[derive(Debug, Serialize)]
pub(crate) struct Hold {
    /// When the job runs next; `null` for never.
    until: Option<Instant>,
    by_run: u64,
}

impl From<cron_core::judge::Hold> for Hold {
    fn from(hold: cron_core::judge::Hold) -> Self {
        Self { until: hold.until.map(Instant), by_run: hold.by.0 }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Pause<'a> {
    at: Instant,
    by: &'a str,
    note: Option<&'a str>,
}

impl<'a> From<&'a PauseInfo> for Pause<'a> {
    fn from(pause: &'a PauseInfo) -> Self {
        Self { at: Instant(pause.at), by: &pause.by, note: said(&pause.note) }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Group<'a> {
    name: &'a str,
    jobs: u64,
    active_runs: u64,
    max_running: Option<u32>,
    paused: Option<Pause<'a>>,
}

impl<'a> From<&'a GroupInfo> for Group<'a> {
    fn from(group: &'a GroupInfo) -> Self {
        Self {
            name: group.name.as_str(),
            jobs: group.jobs,
            active_runs: group.active,
            max_running: group.max_running,
            paused: group.paused.as_ref().map(Pause::from),
        }
    }
}
