//! What commands answer.

use cron_core::job::JobName;
use cron_core::run::RunId;

/// A run that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triggered {
    /// The run.
    pub run: RunId,
    /// The run that holds the slot it waits for; `None` if it starts as soon as a worker is free.
    pub waits_for: Option<RunId>,
}

/// The jobs of a group that were asked to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggeredGroup {
    /// The runs that start.
    pub triggered: Vec<(JobName, RunId)>,
    /// The jobs that were held, and by which run.
    pub held: Vec<(JobName, RunId)>,
}

/// Runs that were cancelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Those that have ended.
    pub ended: Vec<RunId>,
    /// Those that were asked to stop, and have the `cancel_grace` of their job to do so.
    pub asked: Vec<RunId>,
}

/// A job or a group that was paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    /// How many of its runs go on: those that run, wait for their next attempt, or were asked for. A pause ends none of them and
    /// takes no attempt from them; [`Scheduler::cancel`](crate::Scheduler::cancel) does.
    pub in_progress: u64,
}

/// What became of a request for a dynamic job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheduled {
    /// There was no job of this name.
    New,
    /// The job has another schedule from now on.
    Edited,
    /// The job had this schedule already and keeps its pending tick. What else is different, such as its arguments, counts.
    Unchanged,
}

/// What became of several requests for dynamic jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upserted {
    /// The jobs that are new.
    pub new: Vec<JobName>,
    /// The jobs that have another schedule from now on.
    pub edited: Vec<JobName>,
}
