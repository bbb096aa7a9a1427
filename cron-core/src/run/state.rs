//! The words of the ledger: states of runs, ends of attempts, origins of runs, reasons of skips.

use chrono::{DateTime, Utc};

use crate::words::word_enum;

/// Where a run stands. States carry what only they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Not started yet, or interrupted by a graceful shutdown and to be started again.
    Scheduled {
        /// The instant from which an instance may start it; `None` while it waits for the slot of its job.
        wake: Option<DateTime<Utc>>,
    },
    /// An attempt is in progress.
    Running {
        /// How far the attempt has come.
        stage: Stage,
    },
    /// Waiting for its next attempt; holds the job's slot.
    Waiting {
        /// The stored instant of the next attempt.
        wake: DateTime<Utc>,
    },
    /// Final: the function returned a success.
    Succeeded,
    /// Final: the attempts are used up.
    Failed,
    /// Final: a permanent error, no attempt left is tried.
    Discarded,
    /// Final: by an operator.
    Cancelled,
    /// Final: took its process down three times; needs a person.
    Quarantined,
}

/// How far an attempt in progress has come. Its function has not returned, so it holds the slot in every stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its function runs, and what it returns will count.
    InTime,
    /// It has outlived its timeout: recorded as `timed_out` and reported as stuck; what it returns counts for nothing.
    Overdue,
    /// Its work is done and on record, within a transaction of its function's: whatever still happens to it, the run has succeeded.
    Completed,
}

word_enum! {
    /// A [`RunState`] without its data: what stores keep in the state column and surfaces show.
    "run state",
    pub enum StateWord {
        /// See [`RunState::Scheduled`].
        Scheduled = "scheduled",
        /// See [`RunState::Running`].
        Running = "running",
        /// See [`RunState::Waiting`].
        Waiting = "waiting",
        /// See [`RunState::Succeeded`].
        Succeeded = "succeeded",
        /// See [`RunState::Failed`].
        Failed = "failed",
        /// See [`RunState::Discarded`].
        Discarded = "discarded",
        /// See [`RunState::Cancelled`].
        Cancelled = "cancelled",
        /// See [`RunState::Quarantined`].
        Quarantined = "quarantined",
    }
}

impl StateWord {
    /// Whether a run in this state is not final: it runs, or it is going to.
    #[must_use]
    pub const fn is_active(self) -> bool {
        match self {
            Self::Scheduled | Self::Running | Self::Waiting => true,
            Self::Succeeded | Self::Failed | Self::Discarded | Self::Cancelled | Self::Quarantined => false,
        }
    }

    /// Whether a run in this state is a dead letter until a person retries or dismisses it.
    #[must_use]
    pub const fn is_dead(self) -> bool {
        match self {
            Self::Failed | Self::Discarded | Self::Quarantined => true,
            Self::Scheduled | Self::Running | Self::Waiting | Self::Succeeded | Self::Cancelled => false,
        }
    }
}

impl RunState {
    /// The word of this state.
    #[must_use]
    pub const fn word(&self) -> StateWord {
        match self {
            Self::Scheduled { .. } => StateWord::Scheduled,
            Self::Running { .. } => StateWord::Running,
            Self::Waiting { .. } => StateWord::Waiting,
            Self::Succeeded => StateWord::Succeeded,
            Self::Failed => StateWord::Failed,
            Self::Discarded => StateWord::Discarded,
            Self::Cancelled => StateWord::Cancelled,
            Self::Quarantined => StateWord::Quarantined,
        }
    }

    /// Whether a run in this state is not final.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.word().is_active()
    }

    /// Whether a run in this state holds a slot of its job: it is active, and does not wait for the slot itself.
    #[must_use]
    pub const fn holds_slot(&self) -> bool {
        match self {
            Self::Scheduled { wake } => wake.is_some(),
            Self::Running { .. } | Self::Waiting { .. } => true,
            Self::Succeeded | Self::Failed | Self::Discarded | Self::Cancelled | Self::Quarantined => false,
        }
    }

    /// How many attempts a run in this state has begun, of which `used` are used up: the one in progress and the one that
    /// succeeded are not among those. Interrupted ones, which are begun anew, do not count.
    #[must_use]
    pub const fn attempts_begun(&self, used: u32) -> u32 {
        match self {
            Self::Running { stage: Stage::InTime | Stage::Completed } | Self::Succeeded => {
                used.saturating_add(1)
            }
            Self::Running { stage: Stage::Overdue }
            | Self::Scheduled { .. }
            | Self::Waiting { .. }
            | Self::Failed
            | Self::Discarded
            | Self::Cancelled
            | Self::Quarantined => used,
        }
    }

    /// The same state, in which a run that wants to start at some instant wants to do so at `wake`. Others stay as they are.
    #[must_use]
    pub const fn waits_until(self, wake: DateTime<Utc>) -> Self {
        match self {
            Self::Scheduled { wake: Some(_) } => Self::Scheduled { wake: Some(wake) },
            Self::Waiting { .. } => Self::Waiting { wake },
            Self::Scheduled { wake: None }
            | Self::Running { .. }
            | Self::Succeeded
            | Self::Failed
            | Self::Discarded
            | Self::Cancelled
            | Self::Quarantined => self,
        }
    }

    /// When a run in this state wants to start.
    #[must_use]
    pub const fn wake(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Scheduled { wake } => *wake,
            Self::Waiting { wake } => Some(*wake),
            Self::Running { .. }
            | Self::Succeeded
            | Self::Failed
            | Self::Discarded
            | Self::Cancelled
            | Self::Quarantined => None,
        }
    }
}

word_enum! {
    /// How an attempt ended, for the audit of attempts.
    "attempt result",
    pub enum AttemptResult {
        /// The function returned a success.
        Succeeded = "succeeded",
        /// The function returned an error. Uses an attempt.
        Errored = "errored",
        /// The function panicked. Uses an attempt.
        Panicked = "panicked",
        /// The function outlived its timeout. Uses an attempt.
        TimedOut = "timed_out",
        /// The function returned a permanent error.
        Discarded = "discarded",
        /// Ended by a graceful shutdown, or given back. Uses no attempt, unless its function was called and its job has no retries.
        Interrupted = "interrupted",
        /// Its process vanished. Uses an attempt.
        Lost = "lost",
        /// A late result was refused; kept for the audit, never counted.
        Fenced = "fenced",
        /// Ended by an operator.
        Cancelled = "cancelled",
    }
}

word_enum! {
    /// Why a run exists.
    "run origin",
    pub enum Origin {
        /// A tick of the schedule.
        Tick = "tick",
        /// A person or a program asked for it.
        Manual = "manual",
        /// The first registration of a job with `run_on_start`.
        Start = "start",
        /// The run before it asked for it with `Next`.
        Next = "next",
        /// A backfill over a range of ticks.
        Backfill = "backfill",
        /// An instant of a clock that stands before the high-water mark, of a job that runs at intervals.
        Clock = "clock",
    }
}

word_enum! {
    /// Why ticks did not run.
    "skip reason",
    pub enum SkipReason {
        /// An older run, or its retry wait, held the slot.
        Overlap = "overlap",
        /// Nobody was there, and the catch-up rule did not choose it.
        Missed = "missed",
        /// The job was paused.
        Paused = "paused",
        /// It waited, and was replaced: by newer ticks in a queue, or by the run that the run before it asked for with `Next`.
        Superseded = "superseded",
        /// The clock was wrong: the high-water mark was set back to the right time.
        Clock = "clock",
    }
}
