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
use cron_core::job::JobName;
use cron_core::run::{OwnerId, RunId};

pub use error::{FileNow, StoreError};
pub use types::{
    AttemptInfo, Backfill, BackfillPlan, Cancel, Claim, Claimed, Command, CommandError, Done, Executes,
    GroupInfo, GroupLimit, HandlerInfo, JobInfo, JobKind, JobQuery, JudgeRequest, Judged, LogLine,
    MAX_LOG_LINES, MAX_PROBLEMS, MAX_PRUNED_RUNS, MarksAhead, Note, Page, PauseInfo, ProblemInfo, Program,
    Progress, Pruned, Reaped, Rewinds, RunFilter, RunInfo, RunQuery, Settled, Settlement, Sighting, SkipInfo,
    SuspendedInfo, Synced, Target, Trigger, WaitingRun,
};
pub(crate) use types::{MAX_PRUNED_JOBS, MAX_PRUNED_TOGETHER, MAX_WAITING, stopped};

/// Waits for what a store was asked for.
pub type Answer<T> = Box<dyn FnOnce() -> Result<T, StoreError> + Send>;

/// The verbs of the engine. Every call is one transaction that either happened or did not.
pub trait Store: fmt::Debug + Send + Sync {
    /// Registers this process as a new incarnation.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError>;

    /// Makes the jobs of this program known. New ones get their first tick after `now`; a schedule that differs from the
    /// stored one moves the high-water mark to `now`; unchanged ones keep what is pending. A job that `was` another one takes over
    /// its record. Others' jobs stay as they are. Dynamic jobs whose handler is in the program are linked with it. From now on this process
    /// judges and claims what the program [executes](Program::executes).
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError>;

    /// Judges due ticks of the jobs of this program, writes the verdicts and high-water marks, and claims the runs to start
    /// now: new ones, asked-for ones, and those whose wait is over.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened and no run may be started.
    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError>;

    /// Writes what became of attempts, each only where its epoch still is the one of its run. The answers are in the order
    /// of the settlements. One that was written before, by a call that was reported as failed, is known by its epoch, its beginning
    /// and its duration; it is answered as [`Settled::Moved`] and changes nothing.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError>;

    /// [Settles](Self::settle) and then [judges](Self::judge): what an engine with much to do asks for again and again. A store may do
    /// both in one transaction, and may still be at work when this returns: who asks can do something else before it waits.
    ///
    /// # Errors
    ///
    /// The answer is a [`StoreError`]: no run may be started, and the settlements are to be sent again. A store that does not do both
    /// in one transaction may have settled; it knows them then.
    fn settle_and_judge(
        &self,
        settlements: Vec<Settlement>,
        request: JudgeRequest,
    ) -> Answer<(Vec<Settled>, Judged)> {
        let settled = if settlements.is_empty() { Ok(Vec::new()) } else { self.settle(settlements) };
        let done = settled.and_then(|settled| Ok((settled, self.judge(request)?)));
        Box::new(|| done)
    }

    /// Writes what attempts say of themselves, each only where its epoch still is the one of its run. Gives back those that are no
    /// longer this process's.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError>;

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

    /// Ends the attempts of this incarnation that are not among `held`: their claim was committed although it was reported as failed, so
    /// nobody executes them. Their functions were never called; the runs are `scheduled` again and have used no attempt. Gives them back.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError>;

    /// Of the runs of this program's jobs that could start and have not, the longest waiting first: those that have waited for longer than
    /// the period of their job. Of very many only the first are looked at.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError>;

    /// Adds to the record of problems: one entry for each kind and job, the [`MAX_PROBLEMS`] that were seen last.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError>;

    /// Called at a start and after each step of the clock. Marks that lie more than 3 hours after `now` are set back to it: a tick that has a
    /// run keeps it, and skips after `now` are suspended. Where `now` lies at the end of what was suspended or beyond it, what was recorded
    /// there counts again. Runs that were told to wait under another clock wait as long from `now` on, and instants that runs of that time
    /// named for the next one are void. Gives the jobs whose marks were moved.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError>;

    /// Removes what the retention of jobs does not keep any more: about `limit` rows, from where the call before has ended.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError>;

    /// The same for these jobs, at most [`MAX_PRUNED_RUNS`] runs of each. A job that is gone is left out. Once 16,384 runs and ranges of
    /// skipped ticks are removed, the jobs that follow are left for another turn, and the answer says that there is more. A store may still
    /// be at work when this returns, and it may do this less durably than all else: what a power cut brings back is removed at the next turn.
    ///
    /// # Errors
    ///
    /// The answer is a [`StoreError`]; nothing has happened.
    fn prune_jobs(&self, jobs: Vec<JobName>, now: DateTime<Utc>) -> Answer<Pruned>;

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

    /// Whether what this store has written is where others look for it: asked after each claim, before its functions are called, and now
    /// and then while something runs. It must cost next to nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::FileGone`]: no function may be called for what was claimed.
    fn still_there(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What this store found when it was [joined](Self::join): that its record is older than what has run here before, in words.
    fn went_back(&self) -> Option<String> {
        None
    }

    /// Wakes the schedulers that work on this store, for what was written past it. Where no other process can, there is nobody to wake.
    fn ring(&self) {}

    /// A file whose modification means that another process changed something; `None` where no other process can.
    fn doorbell(&self) -> Option<PathBuf>;

    /// The file in which a transaction of the user's may complete an attempt; `None` where there is no such file.
    fn file(&self) -> Option<PathBuf>;
}

/// The reads of the surfaces. None of them blocks the engine.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// A page of jobs in the order of their names.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn jobs(&self, query: &JobQuery) -> Result<Vec<JobInfo>, StoreError>;

    /// The dynamic jobs of a query counted for each function, in the order of its name. The page of the query does not count.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn handlers(&self, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError>;

    /// All groups in the order of their names.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn groups(&self) -> Result<Vec<GroupInfo>, StoreError>;

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

    /// The log of a run, oldest line first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    fn log(&self, run: RunId) -> Result<Vec<LogLine>, StoreError>;

    /// What a backfill would run at `now`.
    ///
    /// # Errors
    ///
    /// The [`CommandError`] with which the command would be refused.
    fn plan_backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<BackfillPlan, CommandError>;

    /// The newest blocks of skipped ticks of a job, newest first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError>;

    /// The skipped ticks of a job that lay after the clock when it was set back, newest first: suspended ones, and those that were judged
    /// anew since.
    ///
    /// # Errors
    ///
    /// A [`StoreError`].
    fn suspended(&self, job: &str) -> Result<Vec<SuspendedInfo>, StoreError>;

    /// The problems that schedulers have seen at `since` or later, the newest first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they cannot be read.
    fn problems(&self, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError>;

    /// Holds the record of a job against the contract, from where it begins; `None` if there is no such job. What was pruned is not
    /// looked for.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it cannot be read.
    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError>;
}
