//! What goes into a store's verbs and what comes out of them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::Skip;
use cron_core::run::{AttemptResult, Epoch, JobId, Origin, OwnerId, RunEvent, RunId, RunState, SkipReason};
use serde::Serialize;

use super::StoreError;

/// What [`Store::sync`](super::Store::sync) found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Jobs that the store did not know.
    pub new: Vec<JobName>,
    /// Jobs whose schedule differs from the stored one.
    pub edited: Vec<JobName>,
    /// Jobs that the store knows and this program does not contain.
    pub not_linked: Vec<JobName>,
}

/// The input of [`Store::judge`](super::Store::judge).
#[derive(Clone, Copy, Debug)]
pub struct JudgeRequest {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// At most this many jobs and waiting runs are looked at in one transaction.
    pub limit: usize,
    /// Until when the claimed attempts are this incarnation's.
    pub lease_until: DateTime<Utc>,
    /// This incarnation.
    pub owner: OwnerId,
}

/// The answer of [`Store::judge`](super::Store::judge).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Attempts to start, committed as running.
    pub claimed: Vec<Claimed>,
    /// Ticks that got another verdict.
    pub skipped: Vec<(JobName, Skip)>,
    /// Whether more was due than `limit`.
    pub more: bool,
    /// The next instant at which something is due, if any.
    pub next: Option<DateTime<Utc>>,
    /// Jobs of this program that it cannot judge: a newer program has declared them in words that this one does not know. They
    /// are left to that program until this one starts again.
    pub left_out: Vec<(JobName, String)>,
}

/// An attempt that this incarnation may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The run and the fencing token.
    pub claim: Claim,
    /// The job.
    pub job: JobName,
    /// The nominal instant.
    pub nominal: DateTime<Utc>,
    /// Why the run exists.
    pub origin: Origin,
    /// The number of this attempt, counted from 1.
    pub attempt: u32,
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
    /// When this is written.
    pub at: DateTime<Utc>,
}

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

/// The answer of [`Store::reap`](super::Store::reap).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Runs whose attempt was lost, with where they stand now.
    pub lost: Vec<(JobName, RunId, RunState)>,
    /// When to look again: a lease of another incarnation expires, or another one is alive and may die.
    pub next: Option<DateTime<Utc>>,
}

/// What a person or a program may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run a job now, under its overlap policy.
    Trigger {
        /// The job.
        job: JobName,
    },
    /// Stop judging a job; its ticks are recorded as `skipped(paused)`.
    Pause {
        /// The job.
        job: JobName,
        /// Who asks.
        by: String,
        /// Why.
        note: String,
    },
    /// Judge a paused job again, from now on.
    Resume {
        /// The job.
        job: JobName,
    },
}

impl Command {
    /// The job that the command is about.
    #[must_use]
    pub fn job(&self) -> &JobName {
        match self {
            Self::Trigger { job } | Self::Pause { job, .. } | Self::Resume { job } => job,
        }
    }
}

/// A command that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A run waits to be started.
    Triggered {
        /// The run.
        run: RunId,
    },
    /// The job is paused.
    Paused,
    /// The job is judged again.
    Resumed {
        /// How many ticks of the time of the pause were recorded as `skipped(paused)`.
        skipped: u64,
        /// The next tick.
        next: Option<DateTime<Utc>>,
    },
}

/// A command that was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No such job.
    #[error("no job is named `{job}`{}", did_you_mean(.near.as_deref()))]
    UnknownJob {
        /// The name that was given.
        job: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// An active run holds the slot.
    #[error(
        "job `{job}`: run {holder} is active and the overlap policy is `skip`; wait for it, or use `overlap = \"allow\"`"
    )]
    Held {
        /// The job.
        job: JobName,
        /// The run that holds the slot.
        holder: RunId,
    },
    /// It is paused already.
    #[error("job `{job}` is paused already, since {} by {}", .since.at, .since.by)]
    PausedAlready {
        /// The job.
        job: JobName,
        /// Since when and by whom.
        since: PauseInfo,
    },
    /// It is not paused.
    #[error("job `{job}` is not paused")]
    NotPaused {
        /// The job.
        job: JobName,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

/// A job as surfaces show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobInfo {
    /// Its number in this store.
    pub id: JobId,
    /// Its schedule and policies.
    pub plan: Plan,
    /// When this store first saw it.
    pub registered: DateTime<Utc>,
    /// The high-water mark: every tick up to it has a verdict.
    pub mark: DateTime<Utc>,
    /// The next tick that waits for its verdict. `None` while paused, where the schedule ends, and where there is none.
    pub due: Option<DateTime<Utc>>,
    /// Since when and by whom it is paused.
    pub paused: Option<PauseInfo>,
    /// How many of its runs are active.
    pub active: u64,
    /// Whether the newest program that joined this store contains its function.
    pub linked: bool,
    /// Its newest run.
    pub last_run: Option<RunInfo>,
}

/// Since when, by whom and why a job is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseInfo {
    /// Since when.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why; empty where nobody said.
    pub note: String,
}

impl PauseInfo {
    /// Who and why in one line, as it is kept with the ticks that were skipped.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.note.as_str() {
            "" => format!("by {}", self.by),
            note => format!("by {}: {note}", self.by),
        }
    }
}

/// A run as surfaces show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// Its number in this store.
    pub id: RunId,
    /// The job.
    pub job: JobName,
    /// The nominal instant: the tick, or the instant a manual run was asked for.
    pub nominal: DateTime<Utc>,
    /// Why it exists.
    pub origin: Origin,
    /// Where it stands.
    pub state: RunState,
    /// Attempts used so far.
    pub attempts_used: u32,
    /// How often its process vanished beneath it.
    pub crashes: u32,
    /// The fencing token of its newest attempt; 0 before the first.
    pub epoch: Epoch,
    /// When its newest attempt was started.
    pub started: Option<DateTime<Utc>>,
    /// How long its newest attempt took.
    pub duration: Option<Duration>,
    /// What went wrong in its newest failed attempt; empty where nothing did.
    pub error: String,
}

/// An attempt that ended without a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptInfo {
    /// Its number, counted from 1. An interrupted attempt has the number of the one that follows it.
    pub attempt: u32,
    /// Its fencing token.
    pub epoch: Epoch,
    /// How it ended.
    pub result: AttemptResult,
    /// When it was started, where that is known.
    pub started: Option<DateTime<Utc>>,
    /// How long it took, where that is known.
    pub duration: Option<Duration>,
    /// What went wrong.
    pub message: String,
}

/// A block of skipped ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkipInfo {
    /// The first tick.
    pub first: DateTime<Utc>,
    /// The last tick.
    pub last: DateTime<Utc>,
    /// How many.
    pub count: u64,
    /// Why.
    pub reason: SkipReason,
    /// The run that held the slot, for `overlap`.
    pub holder: Option<RunId>,
    /// Who paused it and why, for `paused`.
    pub note: String,
}

/// A part of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most.
    pub limit: usize,
}

/// Which runs to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunQuery {
    /// Of this job only.
    pub job: Option<String>,
    /// Older than this run only: the last one of the page before.
    pub before: Option<RunId>,
    /// Only runs that are active.
    pub active_only: bool,
    /// How many at most.
    pub page: Page,
}

impl Default for RunQuery {
    fn default() -> Self {
        Self { job: None, before: None, active_only: false, page: Page { limit: 50 } }
    }
}
