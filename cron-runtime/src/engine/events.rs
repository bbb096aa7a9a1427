//! What happens, as it happens.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::Skip;
use cron_core::run::{Origin, RunId, RunState};
use tokio::sync::broadcast;

/// Something that happened in this scheduler. Everything but [`Event::Problem`] is committed before it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Something a person should know about the scheduler itself.
    Problem {
        /// In words.
        what: String,
    },
    /// The scheduler has stopped; nothing follows.
    Stopped,
}

/// How many events a slow receiver may lag behind before it loses the oldest.
const BACKLOG: usize = 4_096;

/// The sending end.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0 }
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

    pub(crate) fn problem(&self, what: String) {
        tracing::error!(problem = %what, "the scheduler has a problem");
        self.tell(|| Event::Problem { what });
    }
}
