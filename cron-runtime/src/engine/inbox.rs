//! What other threads tell the engine.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::time::Duration;

use cron_core::judge::Next;
use cron_core::run::{AttemptEnd, Failure};
use tokio::sync::oneshot;

use super::shutdown::ShutdownReport;
use crate::extract::ExtractError;
use crate::store::Claim;

/// A message to the engine.
#[derive(Debug)]
pub(crate) enum Message {
    /// A function has returned, panicked, or was dropped.
    Returned {
        /// The attempt.
        claim: Claim,
        /// How.
        how: Returned,
        /// When, on the monotonic clock.
        at: Duration,
    },
    /// An attempt has said something of itself since its notes were fetched.
    Noted {
        /// The attempt.
        claim: Claim,
    },
    /// This process changed something in the store.
    Look,
    /// This process has ended runs by force: those in progress here find out when their leases are renewed.
    Renew,
    /// A hook has come to its end: a shutdown may wait for it.
    HookEnded,
    /// The runtime runs tasks again.
    Probed,
    /// Stop claiming, let running attempts end within `grace`, then stop.
    Shutdown {
        /// For how long attempts may go on.
        grace: Duration,
        /// Who waits for the end.
        reply: oneshot::Sender<ShutdownReport>,
    },
}

/// How a call of a function ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// With a success, and perhaps with word about the next run.
    Succeeded(Option<Next>),
    /// With an error or a panic.
    Failed(Failure),
    /// With a permanent error.
    Discarded(String),
    /// It was not called: a parameter could not be extracted.
    NotCalled(ExtractError),
    /// Dropped before its end: aborted by the engine, or its runtime is shutting down.
    Dropped,
}

impl Returned {
    /// What this means for an attempt that nobody asked to stop, and whose function was called or was not.
    pub(crate) fn into_end(self, was_called: bool) -> AttemptEnd {
        match self {
            Self::Succeeded(_) => AttemptEnd::Succeeded,
            Self::Failed(failure) => AttemptEnd::Failed(failure),
            Self::Discarded(message) => AttemptEnd::Discarded { message },
            Self::NotCalled(error) => AttemptEnd::Discarded { message: error.to_string() },
            Self::Dropped => AttemptEnd::Interrupted { was_called },
        }
    }
}

/// The way to the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    sender: Sender<Message>,
    waker: Waker,
}

impl Inbox {
    pub(crate) fn new(waker: Waker) -> (Self, Receiver<Message>) {
        let (sender, receiver) = channel();
        (Self { sender, waker }, receiver)
    }

    /// Delivers a message and wakes the engine. Says whether the engine still lives.
    pub(crate) fn send(&self, message: Message) -> bool {
        let alive = self.sender.send(message).is_ok();
        self.waker.wake_by_ref();
        alive
    }
}
