//! The end of a scheduler: stop claiming, let attempts end, cancel, release, take leave.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cron_core::job::JobName;
use cron_core::run::RunId;
use tokio::sync::oneshot;

use crate::store::FileNow;

/// After attempts were cancelled they have this long before they are released as interrupted.
pub(crate) const LAST_STEP: Duration = Duration::from_secs(3);

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
    /// How many synchronous functions have not returned: they cannot be dropped, and a tokio runtime waits for them when it is dropped.
    /// [`Scheduler::until_signal`](crate::Scheduler::until_signal) sees to it that the process ends all the same.
    pub still_running: u64,
}

/// Why an engine ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody has asked for it.
    #[default]
    Asked,
    /// Nobody has: its file is another one by now.
    FileGone { path: PathBuf, now: FileNow },
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked to end"),
            Self::FileGone { path, now } => write!(f, "{} {now}", path.display()),
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
        match self.stage {
            Stage::Open => self.stage = Stage::Draining { deadline: wanted },
            Stage::Draining { .. } | Stage::Cancelling { .. } if grace.is_zero() => {
                self.stage = Stage::Cancelling { deadline: now };
            }
            Stage::Draining { deadline } => self.stage = Stage::Draining { deadline: deadline.min(wanted) },
            Stage::Cancelling { .. } | Stage::Done => {}
        }
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
