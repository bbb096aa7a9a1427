//! The handle of a running scheduler.

use std::sync::Arc;
use std::time::Duration;

use cron_core::run::RunId;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::config::Database;
use crate::engine::{Event, Events, Inbox, Message, ShutdownReport};
use crate::error::Error;
use crate::store::memory::MemoryStore;
use crate::store::{
    AttemptInfo, Command, CommandError, Done, JobInfo, Ledger, RunInfo, RunQuery, Store, StoreError,
};

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
    inbox: Inbox,
    events: Events,
    clock: Arc<dyn Clock>,
    /// Becomes `true` when the engine has ended well, and is closed when its thread has ended.
    ended: watch::Receiver<bool>,
    shutdown_grace: Duration,
}

/// The two faces of one store.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ledger: Arc<dyn Ledger>,
}

impl Stores {
    pub(crate) fn open(database: &Database) -> Result<Self, StoreError> {
        match database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => Ok(Self::of(Arc::new(crate::store::sqlite::SqliteStore::open(path)?))),
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
        inbox: Inbox,
        events: Events,
        clock: Arc<dyn Clock>,
        ended: watch::Receiver<bool>,
        shutdown_grace: Duration,
    ) -> Self {
        Self { inner: Arc::new(Inner { stores, inbox, events, clock, ended, shutdown_grace }) }
    }

    /// All jobs that the store knows, in the order of their names: also those of other programs.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if they cannot be read.
    pub async fn list(&self) -> Result<Vec<JobInfo>, Error> {
        self.read(|ledger| ledger.jobs()).await
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if there is no such job, [`Error::Store`] if it cannot be read.
    pub async fn get(&self, job: impl Into<String>) -> Result<JobInfo, Error> {
        let name = job.into();
        let (found, names) = self
            .read(move |ledger| match ledger.job(&name)? {
                Some(job) => Ok((Ok(job), Vec::new())),
                None => Ok((Err(name), ledger.jobs()?)),
            })
            .await?;
        found.map_err(|name| {
            let near = cron_core::suggest::nearest(&name, names.iter().map(|job| job.plan.name.as_str()));
            Error::Command(CommandError::UnknownJob { near: near.map(str::to_owned), job: name })
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

    /// Runs a job now, under its overlap policy. Returns as soon as the run is recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if there is no such job or an active run holds its slot; [`Error::Store`] if the store failed.
    pub async fn trigger(&self, job: impl Into<String>) -> Result<RunId, Error> {
        match self.command(job.into(), |job| Command::Trigger { job }).await? {
            Done::Triggered { run } => Ok(run),
            Done::Paused | Done::Resumed { .. } => Err(Error::Stopped),
        }
    }

    /// Stops judging a job. Its ticks are recorded as `skipped(paused)` when it is resumed. Running attempts go on.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if there is no such job or it is paused already; [`Error::Store`] if the store failed.
    pub async fn pause(
        &self,
        job: impl Into<String>,
        by: impl Into<String>,
        note: impl Into<String>,
    ) -> Result<(), Error> {
        let (by, note) = (by.into(), note.into());
        self.command(job.into(), |job| Command::Pause { job, by, note }).await.map(|_| ())
    }

    /// Judges a paused job again, from now on. Returns how many ticks the pause skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] if there is no such job or it is not paused; [`Error::Store`] if the store failed.
    pub async fn resume(&self, job: impl Into<String>) -> Result<u64, Error> {
        match self.command(job.into(), |job| Command::Resume { job }).await? {
            Done::Resumed { skipped, .. } => Ok(skipped),
            Done::Triggered { .. } | Done::Paused => Err(Error::Stopped),
        }
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
        self.shutdown_within(self.inner.shutdown_grace).await
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

    /// Runs until the process is asked to end (SIGTERM or SIGINT), then shuts down. A second signal releases what is running
    /// at once. Returns too when the scheduler was shut down by other means.
    ///
    /// A synchronous function that has not returned by then cannot be ended, and a tokio runtime waits for it when `main`
    /// returns. The next signal then ends the process, with exit code 130.
    ///
    /// # Errors
    ///
    /// [`Error::System`] if signals cannot be heard; [`Error::Stopped`] if the scheduler ended by a defect of its own.
    ///
    /// # Panics
    ///
    /// If the tokio runtime has no I/O driver; `#[tokio::main]` and `enable_all` have it.
    pub async fn until_signal(&self) -> Result<(), Error> {
        let mut signals = Signals::listen().map_err(|source| Error::System { what: "signals", source })?;
        let mut ended = self.inner.ended.clone();
        tokio::select! {
            () = signals.next() => (),
            ended = ended.wait_for(|ended| *ended) => return ended.map(|_| ()).map_err(|_| Error::Stopped),
        }
        tracing::info!("asked to end; a second signal ends at once");
        let report = tokio::select! {
            report = self.shutdown() => report,
            () = signals.next() => self.shutdown_within(Duration::ZERO).await,
        };
        let report = match report {
            Ok(report) => report,
            // Somebody else shut it down meanwhile: that is what was wanted.
            Err(Error::Stopped) if *ended.borrow() => return Ok(()),
            Err(error) => return Err(error),
        };
        tracing::info!(finished = report.finished, interrupted = report.interrupted.len(), "ended");
        for (job, run) in &report.interrupted {
            tracing::warn!(job = %job, run = run.0, "cut off");
        }
        if report.still_running > 0 {
            tracing::warn!(
                jobs = report.still_running,
                "synchronous jobs have not returned; the process ends when they do, or at the next signal"
            );
            exit_at_next_signal();
        }
        Ok(())
    }

    async fn command(
        &self,
        job: String,
        make: impl FnOnce(cron_core::job::JobName) -> Command,
    ) -> Result<Done, Error> {
        // A text that cannot be a name is the name of no job.
        let name = match job.parse() {
            Ok(name) => name,
            Err(_) => return Err(Error::Command(CommandError::UnknownJob { job, near: None })),
        };
        let command = make(name);
        let store = Arc::clone(&self.inner.stores.store);
        let now = self.inner.clock.moment().wall;
        let done = blocking(move || store.command(command, now)).await??;
        self.inner.inbox.send(Message::Look);
        Ok(done)
    }

    async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Ledger) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, Error> {
        let ledger = Arc::clone(&self.inner.stores.ledger);
        Ok(blocking(move || read(ledger.as_ref())).await??)
    }
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Store(StoreError::Backend(Box::new(error))))
}

/// The signals stay caught after the runtime that listens to them is gone, so somebody else has to listen then.
fn exit_at_next_signal() {
    let listen = || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            Signals::listen()?.next().await;
            std::process::exit(130)
        })
    };
    let thread = std::thread::Builder::new().name("cron-signals".to_owned()).spawn(move || {
        if let Err(error) = listen() {
            tracing::warn!(%error, "signals cannot be heard any more");
        }
    });
    if let Err(error) = thread {
        tracing::warn!(%error, "signals cannot be heard any more");
    }
}

/// What asks a process to end.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
