//! Where jobs, verdicts and runs are kept.
//!
//! [`Store`] has the verbs of the engine, [`Ledger`] the reads of the surfaces. Each verb is one atomic step. A store keeps
//! what `cron_core` decided; it decides nothing itself.

mod error;
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod types;

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use cron_core::audit::Audit;
use cron_core::job::Plan;
use cron_core::run::{OwnerId, RunId};

pub use error::StoreError;
pub use types::{
    AttemptInfo, Claim, Claimed, Command, CommandError, Done, JobInfo, JudgeRequest, Judged, Page, PauseInfo,
    Reaped, RunInfo, RunQuery, Settled, Settlement, SkipInfo, Synced,
};

/// The verbs of the engine. Every call is one transaction that either happened or did not.
pub trait Store: fmt::Debug + Send + Sync {
    /// Registers this process as a new incarnation.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError>;

    /// Makes the jobs of this program known. New ones get their first tick after `now`; a schedule that differs from the
    /// stored one moves the high-water mark to `now`; unchanged ones keep what is pending. Others' jobs stay as they are.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn sync(&self, plans: &[Plan], now: DateTime<Utc>) -> Result<Synced, StoreError>;

    /// Judges due ticks of the jobs of this program, writes the verdicts and high-water marks, and claims the runs to start
    /// now: new ones, asked-for ones, and those whose wait is over.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened and no run may be started.
    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError>;

    /// Writes what became of attempts, each only where its epoch still is the one of its run. The answers are in the order
    /// of the settlements.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError>;

    /// Prolongs the leases of attempts to `until` and gives back those that are no longer this process's.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError>;

    /// Ends the attempts whose process is known to be gone or whose lease expired before `now`.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError>;

    /// Does what a person or a program asks for, and wakes the schedulers that work on this store.
    ///
    /// # Errors
    ///
    /// A [`CommandError`] if the command is refused; a [`StoreError`] within it if the store failed.
    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError>;

    /// Takes leave: this incarnation will write nothing more.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; the store stays usable.
    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// A file whose modification means that another process changed something; `None` where no other process can.
    fn doorbell(&self) -> Option<PathBuf>;
}

/// The reads of the surfaces. None of them blocks the engine.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// All jobs in the order of their names.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn jobs(&self) -> Result<Vec<JobInfo>, StoreError>;

    /// One job by its name.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError>;

    /// A page of runs, newest first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError>;

    /// One run with the attempts that ended without a success, oldest first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError>;

    /// The newest blocks of skipped ticks of a job, newest first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError>;

    /// Holds the record of a job against the contract; `None` if there is no such job.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError>;
}
