//! The end of a scheduler: stop claiming, let attempts end, cancel, release, take leave.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cron_core::job::JobName;
use cron_core::run::RunId;
use tokio::sync::oneshot;

use super::leash::Leash;
use super::running::Running;
use crate::store::FileNow;

/// After attempts were cancelled they have this long before they are released as interrupted.
pub(crate) const LAST_STEP: Duration = Duration::from_secs(3);

/// So long after the grace everything is over, whatever a store or a hook does.
const WHOLE_END: Duration = Duration::from_secs(4);

/// What a shutdown did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Attempts that came to their own end within the grace.
    pub finished: u64,
    /// Runs that were cut off. They are recorded as interrupted, use no attempt, and start first next time.
    pub interrupted: Vec<(JobName, RunId)>,
    /// Runs without retries whose function was called and then cut off. They have failed and are dead letters: such a function is called
    /// at most once, unless a person has its run tried again (`inspect retry RUN`).
    pub failed: Vec<(JobName, RunId)>,
    /// Runs whose function has not returned: one that is not async cannot be dropped, and an async one not before it comes to an await.
    /// The first keep nothing from its end: they run on threads that no runtime waits for, and end with the process. The others keep
    /// the runtime whose thread they block; see [`Scheduler::until_signal`](crate::Scheduler::until_signal).
    pub still_running: Vec<(JobName, RunId)>,
}

/// Why a scheduler has ended that nobody asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndCause {
    /// The runtime on which it was started.
    #[error("the tokio runtime of this scheduler is gone; keep it alive for as long as the scheduler")]
    RuntimeGone,
    /// Its own thread has panicked.
    #[error("its thread has {what}")]
    Panicked {
        /// What the panic said, and where.
        what: String,
    },
}

/// How an engine has ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) why: Ended,
    /// Async functions that have not let go of their threads.
    pub(crate) blocking: Vec<Arc<Leash>>,
}

/// Why an engine ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody has asked for it.
    #[default]
    Asked,
    /// Nobody has: its file is another one by now.
    FileGone { path: PathBuf, now: FileNow },
    /// Nobody has: it cannot go on.
    ByItself(EndCause),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked to end"),
            Self::FileGone { path, now } => write!(f, "{} {now}", path.display()),
            Self::ByItself(cause) => write!(f, "{cause}"),
        }
    }
}

/// How far a shutdown has come.
#[derive(Debug, Default)]
pub(crate) enum Stage {
    /// None was asked for.
    #[default]
    Open,
    /// Attempts may go on until `deadline` of the monotonic clock.
    Draining { deadline: Duration },
    /// Attempts were cancelled; at `deadline` what is left is released.
    Cancelling { deadline: Duration },
    /// Nothing is left to do.
    Done,
}

/// A shutdown in progress.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    pub(crate) stage: Stage,
    pub(crate) ended: Ended,
    pub(crate) report: ShutdownReport,
    pub(crate) waiting: Vec<oneshot::Sender<ShutdownReport>>,
    /// When everything else is done: until when hooks may come to their end, on the monotonic clock.
    pub(crate) hooks_until: Option<Duration>,
    /// When it is done, whatever is left.
    pub(crate) latest: Option<Duration>,
    /// Async functions that do not let go of their threads.
    blocking: Vec<Arc<Leash>>,
}

impl Shutdown {
    /// Whether new attempts may be claimed.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// When the next step is due, on the monotonic clock.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Draining { deadline } | Stage::Cancelling { deadline } => Some(deadline),
            Stage::Open | Stage::Done => None,
        }
    }

    /// Begins, or brings forward the end: a second request never prolongs the grace, and one without any goes straight to the
    /// last step.
    pub(crate) fn begin(&mut self, grace: Duration, now: Duration, reply: oneshot::Sender<ShutdownReport>) {
        self.waiting.push(reply);
        let wanted = now.saturating_add(grace);
        self.is_over_by(wanted);
        match self.stage {
            Stage::Open => self.stage = Stage::Draining { deadline: wanted },
            Stage::Draining { .. } | Stage::Cancelling { .. } if grace.is_zero() => {
                self.stage = Stage::Cancelling { deadline: now };
            }
            Stage::Draining { deadline } => self.stage = Stage::Draining { deadline: deadline.min(wanted) },
            Stage::Cancelling { .. } | Stage::Done => {}
        }
    }

    /// Begins although nobody asked for it.
    pub(super) fn end_by_itself(&mut self, cause: EndCause, now: Duration) {
        self.ended = Ended::ByItself(cause);
        self.stage = Stage::Draining { deadline: now };
        self.is_over_by(now);
    }

    /// The grace ends then, or earlier.
    pub(super) fn is_over_by(&mut self, grace: Duration) {
        let latest = grace.saturating_add(WHOLE_END);
        self.latest = Some(self.latest.map_or(latest, |known| known.min(latest)));
    }

    /// Whether it is to be done now, whatever is left.
    pub(super) fn is_overdue(&self, now: Duration) -> bool {
        self.latest.is_some_and(|latest| latest <= now)
    }

    /// An attempt was released whose function has not returned.
    pub(super) fn left(&mut self, running: &Running, was_called: bool) {
        let is_async = running.hold.can_be_dropped();
        let leash = &running.hold.leash;
        if is_async && leash.pulse.is_polled() {
            self.blocking.push(Arc::clone(leash));
        } else if is_async || !was_called {
            return;
        }
        self.report.still_running.push((running.attempt.plan.name.clone(), running.attempt.claim.run));
    }

    /// How it has ended.
    pub(super) fn end(&self) -> End {
        End { why: self.ended.clone(), blocking: self.blocking.clone() }
    }

    /// Tells everybody who waits.
    pub(crate) fn finish(&mut self) {
        self.stage = Stage::Done;
        for reply in self.waiting.drain(..) {
            // Who no longer waits does not want to know.
            let _ = reply.send(self.report.clone());
        }
    }
}
