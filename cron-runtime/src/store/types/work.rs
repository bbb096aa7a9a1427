//! What goes into the verbs of the engine and what comes out of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Label, Plan};
use cron_core::judge::{Next, Skip};
use cron_core::run::{AttemptEnd, Epoch, Origin, OwnerId, RunEvent, RunId, RunState};
use serde::Serialize;

/// What a program contains: the input of [`Store::sync`](crate::store::Store::sync).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Its declared jobs.
    pub plans: Vec<Plan>,
    /// The limits of groups that it sets.
    pub groups: Vec<GroupLimit>,
    /// Which of its jobs this process executes.
    pub executes: Executes,
    /// How its attempts name it: what it is called, and which build of it this is. Without a name they name none.
    pub name: String,
}

/// Which jobs of its program a process judges and claims. The others it declares: another process that contains them executes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Executes {
    /// All.
    #[default]
    All,
    /// These declared jobs, and the dynamic jobs that call their functions.
    Only(BTreeSet<JobName>),
}

impl Executes {
    /// Whether the function of a declared job is called here, and with it its dynamic jobs.
    #[must_use]
    pub fn contains(&self, handler: &JobName) -> bool {
        match self {
            Self::All => true,
            Self::Only(jobs) => jobs.contains(handler),
        }
    }
}

/// A bound on the runs of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLimit {
    /// The group.
    pub group: Label,
    /// How many attempts of its jobs may be in progress at once, in all processes together.
    pub max_running: u32,
}

/// What [`Store::sync`](crate::store::Store::sync) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Jobs that the store did not know.
    pub new: Vec<JobName>,
    /// Jobs whose schedule differs from the stored one.
    pub edited: Vec<JobName>,
    /// Jobs that took over the history of another name: the old and the new one.
    pub renamed: Vec<(JobName, JobName)>,
    /// Jobs that the store knows and this program does not contain.
    pub not_linked: Vec<JobName>,
}

/// The input of [`Store::judge`](crate::store::Store::judge).
#[derive(Clone, Copy, Debug)]
pub struct JudgeRequest {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// At most this many jobs and waiting runs are looked at in one transaction.
    pub limit: usize,
    /// At most this many attempts are claimed: the free workers of this process. What is beyond them is recorded as
    /// `scheduled` and claimed later, by this process or another one.
    pub room: usize,
    /// Until when the claimed attempts are this incarnation's.
    pub lease_until: DateTime<Utc>,
    /// This incarnation.
    pub owner: OwnerId,
}

/// The answer of [`Store::judge`](crate::store::Store::judge).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Attempts to start, committed as running.
    pub claimed: Vec<Claimed>,
    /// Ticks that got another verdict.
    pub skipped: Vec<(JobName, Skip)>,
    /// Attempts of this process that are to be asked to stop, with who asks and why; also those that were named before.
    pub asked: Vec<(Claim, String)>,
    /// Runs that were ended under `overlap = "cancel"`, with the attempt that was in progress, which counts for nothing from now on,
    /// and how they ended: `succeeded` where the attempt was completed by then, else `cancelled`.
    pub evicted: Vec<(JobName, Claim, RunState)>,
    /// Whether more was due than `limit`.
    pub more: bool,
    /// Whether runs wait for a free worker of this process, or for room in their group. They are no part of `next`: the end of an
    /// attempt is when to look again.
    pub crowded: bool,
    /// The next instant at which something is due, if any.
    pub next: Option<DateTime<Utc>>,
    /// Jobs of this program that it cannot judge: a newer program has declared them in words that this one does not know. They
    /// are left to that program until this one starts again.
    pub left_out: Vec<(JobName, String)>,
    /// Jobs of this program that nobody can judge, for their declaration on record is damaged, with what is wrong with it.
    pub damaged: Vec<(JobName, String)>,
    /// Of each dynamic job in `skipped` and `evicted` the job whose function it calls.
    pub handlers: Vec<(JobName, JobName)>,
}

/// Notes whose function a job calls, where it is not its own.
pub(crate) fn note_handler(handlers: &mut Vec<(JobName, JobName)>, plan: &Plan) {
    let is_there = || handlers.last().is_some_and(|(job, _)| *job == plan.name);
    if let Some(handler) = &plan.handler
        && !is_there()
    {
        handlers.push((plan.name.clone(), handler.clone()));
    }
}

/// An attempt that this incarnation may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The run and the fencing token.
    pub claim: Claim,
    /// The job as it is declared now: what the attempt is run by.
    pub plan: Arc<Plan>,
    /// The nominal instant.
    pub nominal: DateTime<Utc>,
    /// Why the run exists.
    pub origin: Origin,
    /// The number of this attempt, counted from 1.
    pub attempt: u32,
    /// What the function is to be given: JSON, as its run has it.
    pub args: Option<Arc<str>>,
    /// Whether the tick starts later than its grace allows.
    pub is_late: bool,
}

impl Claimed {
    /// The name of the job.
    #[must_use]
    pub fn job(&self) -> &JobName {
        &self.plan.name
    }
}

/// The arguments of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Given {
    /// What its job has: that was not edited since the run was made.
    #[default]
    OfJob,
    /// These or none, whatever its job has.
    Own(Option<Arc<str>>),
}

impl Given {
    /// What a run of this job is given.
    pub(crate) fn of(&self, plan: &Plan) -> Option<Arc<str>> {
        match self {
            Self::OfJob => plan.args.clone(),
            Self::Own(args) => args.clone(),
        }
    }
}

/// A run and the epoch under which it was claimed: what every later write names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// The fencing token of the attempt.
    pub epoch: Epoch,
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The attempt.
    pub claim: Claim,
    /// When its function was called.
    pub started: DateTime<Utc>,
    /// How long it has taken, on the monotonic clock.
    pub duration: Duration,
    /// [`RunEvent::Ended`] or [`RunEvent::Overrun`].
    pub event: RunEvent,
    /// What the function said about the next run. Counts after a success only.
    pub next: Option<Next>,
    /// What it said of itself since the last [`Store::note`](crate::store::Store::note).
    pub note: Note,
    /// When this is written.
    pub at: DateTime<Utc>,
}

/// What an attempt says of itself while it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// How far it has come.
    pub progress: Option<Progress>,
    /// Lines for the log of the run, in order.
    pub lines: Vec<LogLine>,
    /// Its job, a dynamic one, is to be removed once its runs have ended.
    pub removes_job: bool,
}

impl Note {
    /// The same without what a store can refuse for its content.
    pub(crate) fn without_content(&self) -> Self {
        Self { removes_job: self.removes_job, ..Self::default() }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.progress.is_none() && self.lines.is_empty() && !self.removes_job
    }
}

/// A run that has waited for a worker, or for room in its group, for longer than the period of its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRun {
    /// The job.
    pub job: JobName,
    /// The run.
    pub run: RunId,
    /// When it could have started.
    pub since: DateTime<Utc>,
}

/// So many runs that wait are looked at, the longest waiting first.
pub(crate) const MAX_WAITING: usize = 200;

/// How far a run has come, as its function says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// From 0 to 1.
    pub fraction: f64,
    /// With what it is busy; empty where it did not say.
    pub message: String,
}

/// A line in the log of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The number of the attempt that wrote it.
    pub attempt: u32,
    /// The text.
    pub text: String,
}

/// The log of a run keeps this many lines, the newest ones.
pub const MAX_LOG_LINES: usize = 1_000;

/// The answer to one [`Settlement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was written.
    Moved {
        /// Where the run stands now.
        state: RunState,
        /// A retry gave way to the next tick.
        gave_way: bool,
        /// The job waited for this and is due again at this instant: a backlog that runs one at a time, or a delay.
        due: Option<DateTime<Utc>>,
    },
    /// The attempt is no longer the one of its run; the result is refused and kept for the audit only.
    Fenced,
}

/// The answer of [`Store::reap`](crate::store::Store::reap).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Runs whose attempt was lost, with where they stand now.
    pub lost: Vec<(JobName, RunId, RunState)>,
    /// Of each dynamic job among them the job whose function it calls.
    pub handlers: Vec<(JobName, JobName)>,
    /// Jobs that are in quarantine from now on, with how often their process died in a row.
    pub quarantined: Vec<(JobName, u32)>,
    /// When to look again: a lease of another incarnation expires, or another one is alive and may die.
    pub next: Option<DateTime<Utc>>,
}

/// One call to prune looks at this many jobs at most: it shares its thread with the judging.
pub(crate) const MAX_PRUNED_JOBS: usize = 500;

/// So many runs of each of its jobs are removed by [`Store::prune_jobs`](crate::store::Store::prune_jobs) at most.
pub const MAX_PRUNED_RUNS: usize = 512;

/// Once so much is removed, the jobs that are left of those that had their turn together have to wait for the next one: no transaction
/// becomes long where much less is kept than before. As much as the most jobs of a turn leave behind from one to the next.
pub(crate) const MAX_PRUNED_TOGETHER: u64 = 256 * 64;

/// The answer of [`Store::prune`](crate::store::Store::prune) and [`Store::prune_jobs`](crate::store::Store::prune_jobs).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many runs were removed.
    pub runs: u64,
    /// How many blocks of skipped ticks were removed, or folded into the one before them.
    pub skips: u64,
    /// How many temporary jobs were removed.
    pub jobs: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// A run that was to stop and did not succeed has stopped, also where its process had not heard of it yet: it is not tried again,
/// nor started again after a shutdown.
pub(crate) fn stopped(event: RunEvent, asked: Option<&str>) -> RunEvent {
    match (event, asked) {
        (
            RunEvent::Ended {
                at,
                end: AttemptEnd::Failed(_) | AttemptEnd::Interrupted { .. } | AttemptEnd::Lost,
            },
            Some(why),
        ) => RunEvent::Ended { at, end: AttemptEnd::Cancelled { why: why.to_owned() } },
        (event, _) => event,
    }
}
