//! `Run`: what a function may know of the run it is called for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{Epoch, Origin, RunId};
use tokio::sync::watch;

use super::{Context, ExtractError, FromRun};

/// The run that a function is called for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Run {
    parts: Arc<RunParts>,
}

/// What the engine knows of an attempt when it starts it.
#[derive(Debug)]
pub(crate) struct RunParts {
    pub(crate) id: RunId,
    pub(crate) job: JobName,
    pub(crate) nominal: DateTime<Utc>,
    pub(crate) origin: Origin,
    pub(crate) attempt: u32,
    pub(crate) epoch: Epoch,
    pub(crate) cancelled: watch::Receiver<bool>,
    pub(crate) shutting_down: watch::Receiver<bool>,
}

impl Run {
    pub(crate) fn new(parts: RunParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The number of the run in its store.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.parts.id
    }

    /// The name of the job.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts.job.as_str()
    }

    /// The nominal instant in UTC: the tick, not the moment of the call. The same in every attempt and after a
    /// restart, so it is the right key for idempotent work. For a manual run, the instant it was asked for.
    #[must_use]
    pub fn tick(&self) -> DateTime<Utc> {
        self.parts.nominal
    }

    /// Why this run exists.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.parts.origin
    }

    /// The number of this attempt, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.parts.attempt
    }

    /// The fencing token of this attempt: strictly increasing per job. Hand it to systems that can refuse late writes.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.parts.epoch
    }

    /// Whether this attempt is asked to stop: its timeout passed, it was fenced, or the grace of a shutdown is over.
    ///
    /// A synchronous function should look now and then and return early.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.parts.cancelled.borrow()
    }

    /// Waits until this attempt is asked to stop; see [`Run::is_cancelled`].
    pub async fn cancelled(&self) {
        wait_for_true(self.parts.cancelled.clone()).await;
    }

    /// Whether the scheduler is shutting down. The attempt may go on until the grace is over.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        *self.parts.shutting_down.borrow()
    }

    /// Waits until the scheduler begins to shut down.
    pub async fn shutting_down(&self) {
        wait_for_true(self.parts.shutting_down.clone()).await;
    }
}

async fn wait_for_true(mut flag: watch::Receiver<bool>) {
    // An engine that is gone will never say so; then nothing is left to wait for.
    let _ = flag.wait_for(|set| *set).await;
}

impl FromRun for Run {
    fn from_run(context: &Context) -> Result<Self, ExtractError> {
        Ok(context.run.clone())
    }
}
