//! The handle of a running scheduler.

mod about;
mod answer;
mod commands;
mod dynamic;
#[cfg(feature = "sqlite")]
mod enqueue;
mod signals;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::RunId;
use cron_core::schedule::Calendars;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::config::Database;
use crate::engine::{End, Ended, Event, Events, Inbox, Message, Problem, ShutdownReport};
use crate::error::Error;
use crate::registration::Handler;
use crate::store::memory::MemoryStore;
#[cfg(feature = "sqlite")]
use crate::store::sqlite::SqliteStore;
use crate::store::{
    AttemptInfo, Backfill, BackfillPlan, CommandError, GroupInfo, JobInfo, JobQuery, Ledger, LogLine, Page,
    RunFilter, RunInfo, RunQuery, SkipInfo, Store, StoreError,
};

pub use signals::Signal;

pub use answer::{Cancelled, Paused, Scheduled, Triggered, TriggeredGroup, Upserted};
#[cfg(feature = "sqlite")]
pub use enqueue::Enqueued;

/// A running scheduler. Cheap to clone; all clones are the same scheduler.
///
/// Dropping it does not stop the scheduler: it runs until [`Scheduler::shutdown`], [`Scheduler::until_signal`], or the end of
/// the process.
#[derive(Clone, Debug)]
pub struct Scheduler {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stores: Stores,
    known: Known,
    inbox: Inbox,
    events: Events,
    clock: Arc<dyn Clock>,
    /// How the engine has ended, once it has.
    ended: watch::Receiver<Option<End>>,
    ending: Ending,
}

/// How a process is to end.
#[derive(Debug)]
pub(crate) struct Ending {
    /// For how long running attempts may go on.
    pub(crate) grace: Duration,
    /// What asks for it.
    pub(crate) signals: Vec<Signal>,
}

/// What the program brought along.
#[derive(Debug)]
pub(crate) struct Known {
    /// The functions of its jobs.
    pub(crate) handlers: Arc<HashMap<JobName, Handler>>,
    /// The calendars that dynamic jobs may name.
    pub(crate) calendars: Calendars,
    /// Where its functions run.
    pub(crate) runtime: Handle,
}

/// The two faces of one store.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ledger: Arc<dyn Ledger>,
}

impl Stores {
    /// `beside_own_tables`: the file may have tables of the application's.
    #[cfg_attr(not(feature = "sqlite"), expect(unused_variables, reason = "there is no file"))]
    pub(crate) fn open(database: &Database, beside_own_tables: bool) -> Result<Self, StoreError> {
        match database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) if beside_own_tables => {
                Ok(Self::of(Arc::new(SqliteStore::open_beside_own_tables(path)?)))
            }
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => Ok(Self::of(Arc::new(SqliteStore::open(path)?))),
            #[cfg(not(feature = "sqlite"))]
            Database::Sqlite(path) => Err(StoreError::Open {
                path: path.clone(),
                reason: "this program was built without the feature `sqlite`".to_owned(),
                source: None,
            }),
            Database::Memory => Ok(Self::of(Arc::new(MemoryStore::new()))),
        }
    }

    fn of<S: Store + Ledger + 'static>(store: Arc<S>) -> Self {
        Self { store: Arc::clone(&store) as Arc<dyn Store>, ledger: store }
    }
}

impl Scheduler {
    pub(crate) fn new(
        stores: Stores,
        known: Known,
        inbox: Inbox,
        events: Events,
        clock: Arc<dyn Clock>,
        ended: watch::Receiver<Option<End>>,
        ending: Ending,
    ) -> Self {
        Self { inner: Arc::new(Inner { stores, known, inbox, events, clock, ended, ending }) }
    }

    /// All jobs that the store knows, in the order of their names: also those of other programs.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn list(&self) -> Result<Vec<JobInfo>, Error> {
        self.jobs(JobQuery::default()).await
    }

    /// A page of jobs in the order of their names, such as those of a group or with a tag.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn jobs(&self, query: JobQuery) -> Result<Vec<JobInfo>, Error> {
        self.read(move |ledger| ledger.jobs(&query)).await
    }

    /// All groups in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn groups(&self) -> Result<Vec<GroupInfo>, Error> {
        self.read(|ledger| ledger.groups()).await
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such job, [`Error::Store`] if it cannot be read.
    pub async fn get(&self, job: impl Into<String>) -> Result<JobInfo, Error> {
        let name = job.into();
        let (found, names) = self
            .read(move |ledger| match ledger.job(&name)? {
                Some(job) => Ok((Ok(job), Vec::new())),
                None => Ok((Err(name), ledger.jobs(&JobQuery::default())?)),
            })
            .await?;
        found.map_err(|name| {
            let near = cron_core::suggest::nearest(&name, names.iter().map(|job| job.plan.name.as_str()));
            Error::NotFound(CommandError::UnknownJob { near: near.map(str::to_owned), job: name })
        })
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn runs(&self, query: RunQuery) -> Result<Vec<RunInfo>, Error> {
        self.read(move |ledger| ledger.runs(&query)).await
    }

    /// One run with the attempts that ended without a success.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if it cannot be read.
    pub async fn run(&self, run: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, Error> {
        self.read(move |ledger| ledger.run(run)).await
    }

    /// The dead letters among the runs: failed, discarded and quarantined ones that nobody has dismissed, newest first. The
    /// filter of the query does not count.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn dead_letters(&self, query: RunQuery) -> Result<Vec<RunInfo>, Error> {
        self.runs(RunQuery { filter: RunFilter::Dead, ..query }).await
    }

    /// The log of a run, oldest line first: what its function wrote with [`Run::log`](crate::extract::Run::log).
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if it cannot be read.
    pub async fn log(&self, run: RunId) -> Result<Vec<LogLine>, Error> {
        self.read(move |ledger| ledger.log(run)).await
    }

    /// The newest blocks of skipped ticks of a job, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn skips(&self, job: impl Into<String>, page: Page) -> Result<Vec<SkipInfo>, Error> {
        let job = job.into();
        self.read(move |ledger| ledger.skips(&job, page)).await
    }

    /// What a backfill would run now. Nothing is written.
    ///
    /// # Errors
    ///
    /// What [`Scheduler::backfill`] would refuse it with.
    pub async fn plan_backfill(&self, backfill: Backfill) -> Result<BackfillPlan, Error> {
        let (ledger, now) = (Arc::clone(&self.inner.stores.ledger), self.now());
        Ok(self.blocking(move || ledger.plan_backfill(&backfill, now)).await??)
    }

    /// What the scheduler has found wrong with itself and its surroundings, one entry for each kind and job: first what goes on, then
    /// what is over, the newest first of each. It answers also while the store does not.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// let scheduler = cron_runtime::start().database("jobs.db").await?;
    /// for problem in scheduler.problems() {
    ///     println!("{}: {problem} ({})", problem.at, problem.kind.advice());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.inner.events.board().list()
    }

    /// Everything that happens from now on. A receiver that lags far behind loses the oldest events and is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// Stops claiming, lets running attempts end within the grace of [`Start`](crate::Start), cuts off what is left, and takes
    /// leave of the store.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if the scheduler has stopped already.
    pub async fn shutdown(&self) -> Result<ShutdownReport, Error> {
        self.shutdown_within(self.inner.ending.grace).await
    }

    /// As [`Scheduler::shutdown`] with another grace. A second request brings the end forward, and one with no grace at all
    /// releases what is running at once.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if the scheduler has stopped already.
    pub async fn shutdown_within(&self, grace: Duration) -> Result<ShutdownReport, Error> {
        let (reply, report) = oneshot::channel();
        if !self.inner.inbox.send(Message::Shutdown { grace, reply }) {
            return Err(Error::Stopped);
        }
        report.await.map_err(|_| Error::Stopped)
    }

    fn now(&self) -> DateTime<Utc> {
        self.inner.clock.moment().wall
    }

    async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Ledger) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, Error> {
        let ledger = Arc::clone(&self.inner.stores.ledger);
        Ok(self.blocking(move || read(ledger.as_ref())).await??)
    }

    /// Does something that waits for the store. Not for a scheduler that has ended by itself: whoever asks would believe that all is well.
    async fn blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Error> {
        if self.inner.ended.borrow().as_ref().is_some_and(|end| end.why != Ended::Asked) {
            return Err(Error::Stopped);
        }
        blocking(work).await
    }

    pub(crate) fn told(&self) -> Events {
        self.inner.events.clone()
    }
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Store(StoreError::Backend(Box::new(error))))
}
