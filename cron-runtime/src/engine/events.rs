//! What happens, as it happens.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::Skip;
use cron_core::problem::ProblemKind;
use cron_core::run::{Origin, RunId, RunState, StateWord};
use tokio::sync::broadcast;

use super::problems::{Board, Problem};
use crate::clock::Clock;
use crate::store::{LogLine, Progress, Target};

/// Something that happened in this scheduler. Everything but [`Event::Progress`], [`Event::Log`] and [`Event::Problem`] is
/// committed before it is told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// An attempt is recorded as running and its function is about to be called.
    Started {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// The nominal instant.
        nominal: DateTime<Utc>,
        /// Why the run exists.
        origin: Origin,
        /// The number of the attempt, counted from 1.
        attempt: u32,
        /// Whether it is a tick that starts later than the grace of its job allows.
        is_late: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// Ticks were skipped.
    Skipped {
        /// The job.
        job: JobName,
        /// Which ticks, and why.
        skip: Skip,
    },
    /// A function says how far it has come.
    Progress {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// The number of the attempt, counted from 1.
        attempt: u32,
        /// How far.
        progress: Progress,
    },
    /// A function adds a line to the log of its run.
    Log {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// The line.
        line: LogLine,
    },
    /// An attempt is asked to stop: it has the `cancel_grace` of its job to do so.
    Asked {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// Who asks, and why.
        why: String,
    },
    /// An attempt ended, or was reported as stuck; the run stands where `state` says.
    Ended {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// The nominal instant.
        nominal: DateTime<Utc>,
        /// The number of the attempt, counted from 1.
        attempt: u32,
        /// Where the run stands now.
        state: RunState,
        /// What went wrong; empty where nothing did.
        error: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A run was ended without waiting for its function: it had not started, it was not in time to stop, or a person forced it.
    Cancelled {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// How it ended: `cancelled`, or `succeeded` where its attempt was completed by then.
        state: RunState,
    },
    /// An attempt is stopped because it is no longer this process's, or cannot be trusted to be: its lease was not renewed in time,
    /// or its run was ended elsewhere. What it still writes is refused.
    LeaseLost {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
    },
    /// A late result was refused.
    Fenced {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
    },
    /// An attempt of a process that is gone was ended.
    Lost {
        /// The job.
        job: JobName,
        /// The run.
        run: RunId,
        /// Where the run stands now.
        state: RunState,
    },
    /// A command of this process was done.
    JobChanged {
        /// What was changed; `None` is all jobs, or too many to name each.
        target: Option<Target>,
        /// How.
        change: Change,
    },
    /// Something a person should know about the scheduler itself. What lasts is told when it begins, at growing intervals, and when it
    /// is over; what comes again and again at growing intervals. [`Scheduler::problems`](crate::Scheduler::problems) has them all.
    Problem(Problem),
    /// The scheduler has stopped; nothing follows.
    Stopped,
}

/// What a command changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// Runs were asked for.
    Triggered,
    /// It is not judged any more.
    Paused,
    /// It is judged again.
    Resumed,
    /// Active runs were ended, or asked to stop.
    Cancelled,
    /// Dead letters are tried again.
    Retried,
    /// Dead letters were taken off the list.
    Dismissed,
    /// Ticks of the past run again.
    Backfilled,
    /// It was added.
    Added,
    /// It was written again, with another schedule or with other policies.
    Edited,
    /// It was removed with its record.
    Removed,
}

impl Change {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Cancelled => "cancelled",
            Self::Retried => "retried",
            Self::Dismissed => "dismissed",
            Self::Backfilled => "backfilled",
            Self::Added => "added",
            Self::Edited => "edited",
            Self::Removed => "removed",
        }
    }
}

impl Event {
    /// The job that it is about, if it is about one.
    #[must_use]
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Started { job, .. }
            | Self::Skipped { job, .. }
            | Self::Progress { job, .. }
            | Self::Log { job, .. }
            | Self::Asked { job, .. }
            | Self::Ended { job, .. }
            | Self::Cancelled { job, .. }
            | Self::LeaseLost { job, .. }
            | Self::Fenced { job, .. }
            | Self::Lost { job, .. }
            | Self::JobChanged { target: Some(Target::Job(job)), .. } => Some(job),
            Self::Problem(problem) => problem.job.as_ref(),
            Self::JobChanged { target: Some(Target::Group(_)) | None, .. } | Self::Stopped => None,
        }
    }

    /// The run that has come to its end with this, and how: no attempt follows unless a person asks for one.
    ///
    /// ```
    /// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut events = scheduler.events();
    /// let run = scheduler.trigger("report").await?;
    /// while events.recv().await?.finished().is_none_or(|(finished, _)| finished != run) {}
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn finished(&self) -> Option<(RunId, StateWord)> {
        match self {
            Self::Ended { run, state, .. }
            | Self::Lost { run, state, .. }
            | Self::Cancelled { run, state, .. } => {
                Some((*run, state.word())).filter(|(_, word)| !word.is_active())
            }
            Self::Started { .. }
            | Self::Skipped { .. }
            | Self::Progress { .. }
            | Self::Log { .. }
            | Self::Asked { .. }
            | Self::LeaseLost { .. }
            | Self::Fenced { .. }
            | Self::JobChanged { .. }
            | Self::Problem(_)
            | Self::Stopped => None,
        }
    }
}

/// How many events a slow receiver may lag behind before it loses the oldest.
const BACKLOG: usize = 4_096;

/// The sending end.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
}

impl Events {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, board: Arc::default(), clock }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// Tells whoever listens; `make` is not called where nobody does.
    pub(crate) fn tell(&self, make: impl FnOnce() -> Event) {
        if self.sender.receiver_count() > 0 {
            // The last receiver may have gone in this moment: then nobody listens.
            let _ = self.sender.send(make());
        }
    }

    /// The problems at hand.
    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Something is wrong. It is told, unless it was told a short time ago.
    pub(crate) fn problem(&self, kind: ProblemKind, job: Option<&JobName>, what: String) {
        let Some(problem) = self.board.see(kind, job, what, self.clock.moment()) else { return };
        // What listens to `tracing` is the user's and may be what is wrong.
        self.tell(|| Event::Problem(problem.clone()));
        tracing::error!(%kind, %problem, "the scheduler has a problem");
    }

    /// A problem that lasts is over, if there was one.
    pub(crate) fn over(&self, kind: ProblemKind, job: Option<&JobName>) {
        let Some(problem) = self.board.end(kind, job, || self.clock.moment()) else { return };
        tracing::info!(%kind, %problem, "a problem of the scheduler is over");
        self.tell(|| Event::Problem(problem));
    }
}
