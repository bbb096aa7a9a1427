//! What can happen to a run.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::words::word_enum;

word_enum! {
    /// Why an attempt failed by its own doing; each uses one attempt.
    "failure kind",
    pub enum FailureKind {
        /// The function returned an error.
        Errored = "errored",
        /// The function panicked.
        Panicked = "panicked",
        /// The function outlived its timeout.
        TimedOut = "timed_out",
    }
}

/// A failed attempt in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why it failed.
    pub kind: FailureKind,
    /// The error with its chain of sources, or the panic message with its location.
    pub message: String,
    /// How long the next attempt is to wait, where the error says so itself.
    pub retry_after: Option<Duration>,
}

/// How an attempt ended, as its executor or a recovering instance saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The function returned a success.
    Succeeded,
    /// The function failed.
    Failed(Failure),
    /// The function returned a permanent error, or could not be called at all.
    Discarded {
        /// The error with its chain of sources.
        message: String,
    },
    /// A graceful shutdown cut it off, or its process has given it back.
    Interrupted {
        /// Whether its function was called: without retries it must not be called again by itself.
        was_called: bool,
    },
    /// It was asked to stop, and did.
    Cancelled {
        /// Who asked, and why.
        why: String,
    },
    /// Its process vanished: the lease expired or the operating system says so.
    Lost,
}

/// An event for [`transition`](super::transition()).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    /// An instance claims the run and starts an attempt.
    Start,
    /// The timeout has passed and the function has not returned: an attempt is used, the slot stays taken.
    Overrun {
        /// When.
        at: DateTime<Utc>,
    },
    /// The function has done its work, and a transaction of its own is about to put that on record together with its effects.
    Complete {
        /// When.
        at: DateTime<Utc>,
    },
    /// The attempt ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
        /// How.
        end: AttemptEnd,
    },
    /// A person or the overlap policy ends the run, whatever its function does.
    Cancel {
        /// When.
        at: DateTime<Utc>,
        /// Who, and why.
        why: String,
    },
    /// The slot that the run waits for is free.
    Release {
        /// When.
        at: DateTime<Utc>,
    },
    /// A person has a run that ended badly tried again, with all its attempts.
    Revive {
        /// When.
        at: DateTime<Utc>,
        /// Whether it waits for the slot of its job.
        parked: bool,
    },
}

impl RunEvent {
    /// The process of an attempt is gone. `asked` says why the attempt was to stop, if it was: then it has stopped, and its run is
    /// not tried again.
    #[must_use]
    pub fn lost(asked: Option<&str>, at: DateTime<Utc>) -> Self {
        match asked {
            Some(why) => Self::Cancel { at, why: why.to_owned() },
            None => Self::Ended { at, end: AttemptEnd::Lost },
        }
    }

    /// The same event, its text changed, if it has one.
    #[must_use]
    pub fn with_text(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Ended { at, end } => {
                let end = match end {
                    AttemptEnd::Failed(Failure { kind, message, retry_after }) => {
                        AttemptEnd::Failed(Failure { kind, message: change(message), retry_after })
                    }
                    AttemptEnd::Discarded { message } => AttemptEnd::Discarded { message: change(message) },
                    AttemptEnd::Cancelled { why } => AttemptEnd::Cancelled { why: change(why) },
                    end @ (AttemptEnd::Succeeded | AttemptEnd::Interrupted { .. } | AttemptEnd::Lost) => end,
                };
                Self::Ended { at, end }
            }
            Self::Cancel { at, why } => Self::Cancel { at, why: change(why) },
            event @ (Self::Start
            | Self::Overrun { .. }
            | Self::Complete { .. }
            | Self::Release { .. }
            | Self::Revive { .. }) => event,
        }
    }
}

/// In words, as it is kept with a result that was refused.
impl fmt::Display for AttemptEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Succeeded => ("succeeded", ""),
            Self::Failed(Failure { kind, message, .. }) => (kind.as_str(), message.as_str()),
            Self::Discarded { message } => ("failed for good", message.as_str()),
            Self::Interrupted { was_called: true } => ("was cut off by a shutdown", ""),
            Self::Interrupted { was_called: false } => ("was given back and never called", ""),
            Self::Cancelled { why } => ("stopped, as it was asked to", why.as_str()),
            Self::Lost => ("lost its process", ""),
        };
        f.write_str(what)?;
        if why.is_empty() { Ok(()) } else { write!(f, ": {why}") }
    }
}

/// In words.
impl fmt::Display for RunEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("it is started"),
            Self::Overrun { .. } => f.write_str("its attempt outlives its timeout"),
            Self::Complete { .. } => f.write_str("its attempt is completed in a transaction"),
            Self::Ended { end, .. } => write!(f, "its attempt {end}"),
            Self::Cancel { why, .. } => write!(f, "it is cancelled: {why}"),
            Self::Release { .. } => f.write_str("its slot is free"),
            Self::Revive { .. } => f.write_str("it is tried again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_words() {
        let at = DateTime::UNIX_EPOCH;
        let failure = |kind, message: &str| {
            let failure = Failure { kind, message: message.to_owned(), retry_after: None };
            RunEvent::Ended { at, end: AttemptEnd::Failed(failure) }
        };
        for (event, words) in [
            (failure(FailureKind::Errored, "no"), "its attempt errored: no"),
            (failure(FailureKind::TimedOut, ""), "its attempt timed_out"),
            (RunEvent::Ended { at, end: AttemptEnd::Succeeded }, "its attempt succeeded"),
            (RunEvent::Overrun { at }, "its attempt outlives its timeout"),
            (RunEvent::lost(Some("enough"), at), "it is cancelled: enough"),
            (RunEvent::lost(None, at), "its attempt lost its process"),
        ] {
            assert_eq!(event.to_string(), words);
        }
    }
}
