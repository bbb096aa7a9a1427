//! From linked functions to a running scheduler.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cron_core::job::{Catalog, JobName, Label, Plan};
use cron_core::run::{OwnerId, RunId, RunState};
use cron_core::schedule::{Calendar, Calendars, ScheduleError};
use cron_core::suggest::nearest;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock::{Clock, SystemClock};
use crate::config::Database;
use crate::engine::{Engine, Events, Executor, Inbox, Parts, Waiter, Waker, watch_panics};
use crate::error::{Error, MissingState};
use crate::extract::{Needs, States};
use crate::hooks::{Caller, Finished, HookReturn, Hooks, Late, On};
use crate::registration::{self, Handler};
use crate::scheduler::{Known, Scheduler, Stores};
use crate::store::{GroupLimit, Program, StoreError, Synced};

/// The grace of a shutdown where nothing else is said.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// How many attempts are in progress at once where nothing else is said.
const WORKERS: usize = 100;

const NO_JOBS: &str = "no job is linked into this program, so nothing will run; if the jobs are in another crate, \
                       reference it: `use my_jobs as _;`";

/// A scheduler that is about to start. Await it.
#[must_use = "a scheduler starts when this is awaited"]
#[derive(Debug)]
pub struct Start {
    database: Option<String>,
    states: States,
    calendars: Result<Calendars, ScheduleError>,
    limits: Vec<(String, u32)>,
    hooks: Hooks,
    workers: usize,
    shutdown_grace: Duration,
}

/// Begins to start a scheduler for all jobs that are linked into this program.
///
/// Await the result to start it. Everything that can be wrong is found before the first job runs, and then nothing is
/// half started.
///
/// ```no_run
/// # async fn example() -> Result<(), cron_runtime::Error> {
/// cron_runtime::start().database("jobs.db").await?.until_signal().await
/// # }
/// ```
pub fn start() -> Start {
    Start {
        database: None,
        states: States::default(),
        calendars: Ok(Calendars::default()),
        limits: Vec::new(),
        hooks: Hooks::default(),
        workers: WORKERS,
        shutdown_grace: SHUTDOWN_GRACE,
    }
}

impl Start {
    /// Where jobs, verdicts and runs are kept: a path, `sqlite:PATH`, or `memory:`.
    ///
    /// Without it, the environment variable `CRON_DATABASE_URL` counts, and without that `cron.db` in the working directory.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// A value that jobs may take as `State<T>`, cloned for each call. One value for each type; a second one replaces it.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Dates that jobs name with `calendar = "name"`. No two calendars have one name.
    ///
    /// The calendar is asked here, once about every date from 1970-01-01 to 2199-12-31. The answers are kept with the jobs, so
    /// that other programs can read them. Other answers at a later start are an edit of the schedule: they count from then on.
    ///
    /// ```no_run
    /// use cron_runtime::chrono::{Datelike, NaiveDate};
    ///
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// let first_of_may = |date: NaiveDate| (date.month(), date.day()) == (5, 1);
    /// cron_runtime::start().calendar("labour_day", first_of_may).await?.until_signal().await
    /// # }
    /// ```
    pub fn calendar(mut self, name: &str, calendar: impl Calendar) -> Self {
        if let Ok(calendars) = &mut self.calendars
            && let Err(error) = calendars.add(name, &calendar)
        {
            self.calendars = Err(error);
        }
        self
    }

    /// How many attempts may be in progress at once in this process, async and synchronous ones together. 100 by default.
    ///
    /// Runs beyond them are on record as `scheduled`, and start in the order of their priority as soon as a worker is free, here
    /// or in another process. A run that waits for a retry holds no worker. Synchronous functions also need a thread of the
    /// tokio runtime's blocking pool, which has 512 unless it was built with another number.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many attempts of the jobs of a group may be in progress at once, in all processes together.
    ///
    /// The limit is kept with the group and counts until a program sets another one.
    pub fn group_limit(mut self, group: impl Into<String>, max_running: u32) -> Self {
        self.limits.push((group.into(), max_running));
        self
    }

    /// Calls `hook` when a run ends `failed`, `discarded` or `quarantined`: all attempts are used up, or none can help.
    ///
    /// Hooks are called on the tokio runtime, each in a task of its own. One that panics or returns an error is told as
    /// [`Event::Problem`](crate::Event::Problem); no job is touched by it. A shutdown waits 3 s for those that are not done.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// cron_runtime::start()
    ///     .on_failure(|failure| async move {
    ///         eprintln!("{} gave up after {} attempts: {}", failure.job, failure.attempts, failure.error);
    ///     })
    ///     .await?
    ///     .until_signal()
    ///     .await
    /// # }
    /// ```
    pub fn on_failure<F, R>(mut self, hook: impl Fn(Finished) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.finished(On::Failure, None, hook);
        self
    }

    /// As [`on_failure`](Self::on_failure), for one job of this program and the dynamic jobs that call its function.
    pub fn on_failure_of<F, R>(
        mut self,
        job: impl Into<String>,
        hook: impl Fn(Finished) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.finished(On::Failure, Some(job.into()), hook);
        self
    }

    /// Calls `hook` when a run ends `succeeded`; see [`on_failure`](Self::on_failure).
    pub fn on_success<F, R>(mut self, hook: impl Fn(Finished) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.finished(On::Success, None, hook);
        self
    }

    /// As [`on_success`](Self::on_success), for one job of this program and the dynamic jobs that call its function.
    pub fn on_success_of<F, R>(
        mut self,
        job: impl Into<String>,
        hook: impl Fn(Finished) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.finished(On::Success, Some(job.into()), hook);
        self
    }

    /// Calls `hook` when a tick starts later than the grace of its job allows; see [`on_failure`](Self::on_failure).
    pub fn on_late<F, R>(mut self, hook: impl Fn(Late) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.late(None, hook);
        self
    }

    /// As [`on_late`](Self::on_late), for one job of this program and the dynamic jobs that call its function.
    pub fn on_late_of<F, R>(
        mut self,
        job: impl Into<String>,
        hook: impl Fn(Late) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: HookReturn,
    {
        self.hooks.late(Some(job.into()), hook);
        self
    }

    /// How long running attempts may go on after a shutdown was asked for. 25 s by default.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    async fn run(self) -> Result<Scheduler, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let Self { database, states, calendars, limits, hooks, workers, shutdown_grace } = self;
        let calendars = calendars.map_err(Error::Calendar)?;
        let jobs = Catalog::build(registration::linked(), &calendars).map_err(Error::Catalog)?.into_entries();
        check_states(&jobs, &states)?;
        check_hooks(&jobs, &hooks)?;
        let groups = check_limits(&jobs, limits)?;
        if workers == 0 {
            return Err(Error::NoWorkers);
        }
        let database = Database::resolve(database.as_deref()).map_err(Error::Database)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let program = Program { plans: jobs.iter().map(|(plan, _)| plan.clone()).collect(), groups };
        let opened = {
            let (database, clock) = (database.clone(), Arc::clone(&clock));
            runtime.spawn_blocking(move || open(&database, &program, clock.as_ref()))
        };
        let Opened { stores, owner, lost, synced, waiter, waker } =
            opened.await.map_err(|error| StoreError::Backend(Box::new(error)))??;
        tell(&database, &jobs, &synced);
        watch_panics();
        let (inbox, messages) = Inbox::new(waker);
        let events = Events::new(Arc::clone(&clock));
        let (shutting_down, is_shutting_down) = watch::channel(false);
        let handlers: HashMap<_, _> = jobs.into_iter().map(|(plan, handler)| (plan.name, handler)).collect();
        let handlers = Arc::new(handlers);
        let engine = Engine::new(Parts {
            store: Arc::clone(&stores.store),
            owner,
            handlers: Arc::clone(&handlers),
            executor: Executor {
                runtime: runtime.clone(),
                states: Arc::new(states),
                inbox: inbox.clone(),
                events: events.clone(),
                clock: Arc::clone(&clock),
                shutting_down: is_shutting_down,
            },
            hooks: Caller::new(hooks, runtime, Arc::clone(&stores.ledger), events.clone(), inbox.clone()),
            inbox: messages,
            events: events.clone(),
            shutting_down,
            workers,
            lost,
        });
        let alive = launch(engine, Arc::clone(&clock), waiter)?;
        let known = Known { handlers, calendars };
        Ok(Scheduler::new(stores, known, inbox, events, clock, alive, shutdown_grace))
    }
}

/// Gives the engine a thread of its own. The answer says `true` at a good end, and nothing at all if the thread ends otherwise.
fn launch(engine: Engine, clock: Arc<dyn Clock>, waiter: Waiter) -> Result<watch::Receiver<bool>, Error> {
    let (lives, alive) = watch::channel(false);
    std::thread::Builder::new()
        .name("cron-engine".to_owned())
        .spawn(move || {
            engine.run(clock.as_ref(), waiter);
            lives.send_replace(true);
        })
        .map_err(|source| Error::System { what: "a thread for the engine", source })?;
    Ok(alive)
}

impl IntoFuture for Start {
    type Output = Result<Scheduler, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

fn check_states(jobs: &[(Plan, Handler)], states: &States) -> Result<(), Error> {
    let mut missing = Vec::new();
    for (plan, handler) in jobs {
        let mut needs = Needs::default();
        (handler.needs)(&mut needs);
        missing.extend(needs.missing(states).map(|type_name| MissingState {
            job: plan.name.to_string(),
            type_name,
            declared: plan.source.clone(),
        }));
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::MissingState(missing)) }
}

/// A hook for a job that nobody knows would never be called.
fn check_hooks(jobs: &[(Plan, Handler)], hooks: &Hooks) -> Result<(), Error> {
    let names = || jobs.iter().map(|(plan, _)| plan.name.as_str());
    for job in hooks.jobs() {
        if !names().any(|name| name == job) {
            let near = nearest(job, names()).map(str::to_owned);
            return Err(Error::UnknownHookedJob { job: job.to_owned(), near });
        }
    }
    Ok(())
}

fn check_limits(jobs: &[(Plan, Handler)], limits: Vec<(String, u32)>) -> Result<Vec<GroupLimit>, Error> {
    let groups = || jobs.iter().filter_map(|(plan, _)| plan.group.as_ref());
    let mut checked: Vec<GroupLimit> = Vec::new();
    for (group, max_running) in limits {
        let label = Label::parse("group", &group)?;
        if !groups().any(|known| *known == label) {
            let near = nearest(&group, groups().map(Label::as_str)).map(str::to_owned);
            return Err(Error::UnknownGroup { group, near });
        }
        if max_running == 0 {
            return Err(Error::ClosedGroup { group });
        }
        // As with every setter, the last word counts.
        checked.retain(|limit| limit.group != label);
        checked.push(GroupLimit { group: label, max_running });
    }
    Ok(checked)
}

/// A store that this program has joined.
struct Opened {
    stores: Stores,
    owner: OwnerId,
    /// Runs whose process was found gone.
    lost: Vec<(JobName, RunId, RunState)>,
    synced: Synced,
    waiter: Waiter,
    waker: Waker,
}

/// Opens the store, ends what dead processes left behind, and makes the jobs known.
fn open(database: &Database, program: &Program, clock: &dyn Clock) -> Result<Opened, Error> {
    let stores = Stores::open(database)?;
    // Before anything is written: the system may refuse it, and from here on no ring is missed.
    let (waiter, waker) = Waiter::new(stores.store.doorbell().as_deref())
        .map_err(|source| Error::System { what: "a timer or a watch on a file", source })?;
    let store = stores.store.as_ref();
    let owner = store.join(clock.moment().wall)?;
    let lost = store.reap(clock.moment().wall)?.lost;
    let synced = store.sync(program, clock.moment().wall)?;
    Ok(Opened { stores, owner, lost, synced, waiter, waker })
}

fn tell(database: &Database, jobs: &[(Plan, Handler)], synced: &Synced) {
    if jobs.is_empty() {
        tracing::warn!("{NO_JOBS}");
        // Without a subscriber the warning goes nowhere, and this is the one that must not.
        if !tracing::dispatcher::has_been_set() {
            eprintln!("warning: {NO_JOBS}");
        }
    }
    for (old, name) in &synced.renamed {
        tracing::info!(job = %name, was = %old, "renamed; its history comes along");
    }
    for name in &synced.new {
        tracing::info!(job = %name, "new job");
    }
    for name in &synced.edited {
        tracing::info!(job = %name, "the schedule was edited; it counts from now on");
    }
    for name in &synced.not_linked {
        tracing::info!(job = %name, "known to the database, not linked here: left alone");
    }
    tracing::info!(jobs = jobs.len(), database = %database, "scheduler started");
}
