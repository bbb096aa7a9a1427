//! From linked functions to a running scheduler.

use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use cron_core::job::{Catalog, JobSpec, Label, Plan};
use cron_core::problem::ProblemKind;
use cron_core::schedule::{Calendar, Calendars, ScheduleError};
use cron_core::suggest::nearest;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::boot::{Booted, Checked, Joined, Surroundings};
use crate::clock::{Clock, SystemClock};
use crate::config::Database;
use crate::engine::{End, EndCause, Ended, Engine, Event, Events, Pool, Threads, Waiter, panic_told};
use crate::error::{Error, MissingState};
use crate::extract::{Needs, States};
use crate::hooks::{Finished, HookReturn, Hooks, Late, On};
#[cfg(feature = "sqlite")]
use crate::prepare::Prepare;
use crate::program;
use crate::registration::{self, Handler};
use crate::scheduler::{Ending, Scheduler, Signal, Stores};
use crate::select::{Declared, Select, Selection};
use crate::store::{Executes, GroupLimit, Program, Store, StoreError, Synced};

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
    selection: Selection,
    signals: Option<Vec<Signal>>,
    version: Option<String>,
    /// Whether the file may have tables of the application's when the scheduler comes to it.
    beside_own_tables: bool,
    #[cfg(feature = "sqlite")]
    prepare: Prepare,
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
        selection: Selection::default(),
        signals: None,
        version: None,
        beside_own_tables: false,
        #[cfg(feature = "sqlite")]
        prepare: Prepare::default(),
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

    /// Keeps the scheduler's tables in a file that the application has made and keeps its own tables in. Without this such a file is refused.
    ///
    /// The application's tables stay as they are, and so do `user_version` and `application_id`. A table, view, index or trigger that has the name of one of the
    /// scheduler's is a refusal that names it, and nothing is changed. The file gets SQLite's WAL mode.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// cron_runtime::start().database("shop.db").beside_own_tables().await?.until_signal().await
    /// # }
    /// ```
    pub fn beside_own_tables(mut self) -> Self {
        self.beside_own_tables = true;
        self
    }

    /// Does something to the application's own tables in the scheduler's file before its jobs run: creates or migrates them. Called again, this is
    /// done too, in that order.
    ///
    /// It is done at each start of each process, after the scheduler has made its own tables and before anything is judged, in one process at a
    /// time. An error is an error of the start, and no job has run then. The connection is the same as that of [`Run::transaction`](crate::Run::transaction): foreign keys
    /// count, and a commit reaches the disk. `user_version` and `application_id` are yours: the scheduler reads neither in a file
    /// of this version, so crates that keep their version there can be used.
    ///
    /// ```no_run
    /// use cron_runtime::rusqlite::{self, Connection};
    ///
    /// fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    ///     db.execute_batch("CREATE TABLE IF NOT EXISTS app_bookings (account INTEGER, day TEXT, amount REAL)")
    /// }
    ///
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// cron_runtime::start().database("bank.db").prepare(migrate).await?.until_signal().await
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn prepare<E>(
        mut self,
        work: impl FnOnce(&mut rusqlite::Connection) -> Result<(), E> + Send + 'static,
    ) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.prepare.push(work);
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
    /// or in another process. A run that waits for a retry holds no worker. Functions that are not async run on threads of the
    /// scheduler, at most one for each worker; an idle one ends after 10 s.
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

    /// Executes no job here: this process declares the jobs of its program, so that the store knows them, and leaves them to others
    /// that contain them. Its jobs need no `State` here.
    ///
    /// All else is there: it triggers, schedules, pauses and reads as any other process, and what it asks for wakes the one that executes.
    /// That is for a web process that shares a crate of jobs with a worker. [`only`](Self::only) and [`without`](Self::without) execute
    /// some of them.
    ///
    /// ```no_run
    /// # use cron_runtime::prelude::*;
    /// # #[job]
    /// # async fn send_invoice(Args(_): Args<u64>) {}
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// // The web process. The worker says `start().database("shop.db").state(Mailer::new())` and executes.
    /// let scheduler = cron_runtime::start().database("shop.db").without_execution().await?;
    /// scheduler.trigger(send_invoice::JOB.with(&4711)?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn without_execution(mut self) -> Self {
        self.selection.nothing = true;
        self
    }

    /// The version of this program. Each attempt names the program that started it, and `inspect run` shows it: the name of its file with
    /// this, or without it with the date of the file.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// cron_runtime::start().version(env!("CARGO_PKG_VERSION")).await?.until_signal().await
    /// # }
    /// ```
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Executes these jobs alone here, with the dynamic jobs that call their functions; called again, these too. The program still
    /// declares all its jobs, and another process has to execute the others. Only what is executed needs its `State`.
    ///
    /// A name that is not in this program is an error of the start.
    ///
    /// ```no_run
    /// use cron_runtime::Select;
    ///
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// cron_runtime::start().only(Select::group("mail")).only("close_day").await?.until_signal().await
    /// # }
    /// ```
    pub fn only(mut self, jobs: impl Into<Select>) -> Self {
        self.selection.only.push(jobs.into());
        self
    }

    /// Executes these jobs not here, as [`only`](Self::only) for the others.
    pub fn without(mut self, jobs: impl Into<Select>) -> Self {
        self.selection.without.push(jobs.into());
        self
    }

    /// Which signals end the process in [`Scheduler::until_signal`]. Without this: SIGTERM, SIGINT, and SIGHUP unless it was ignored when
    /// the process began, as under `nohup`. The others do what they did.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), cron_runtime::Error> {
    /// use cron_runtime::Signal;
    ///
    /// // SIGHUP is for something else in this program.
    /// let start = cron_runtime::start().signals([Signal::Terminate, Signal::Interrupt]);
    /// start.await?.until_signal().await
    /// # }
    /// ```
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.signals = Some(signals.into_iter().collect());
        self
    }

    /// Checks everything that can be wrong before a store is opened.
    pub(crate) fn check(self, jobs: impl Iterator<Item = (JobSpec, Handler)>) -> Result<Checked, Error> {
        let calendars = self.calendars.map_err(Error::Calendar)?;
        let jobs = jobs.map(|(spec, handler)| (spec, (spec.source.module, handler)));
        let jobs = Catalog::build(jobs, &calendars).map_err(Error::Catalog)?.into_entries();
        let declared: Vec<_> =
            jobs.iter().map(|(plan, (module, _))| Declared { plan, in_crate: crate_of(module) }).collect();
        let executes = self.selection.choose(&declared)?;
        let jobs: Vec<_> = jobs.into_iter().map(|(plan, (_, handler))| (plan, handler)).collect();
        check_states(&jobs, &self.states, &executes)?;
        check_hooks(&jobs, &self.hooks)?;
        let groups = check_limits(&jobs, self.limits)?;
        if self.workers == 0 {
            return Err(Error::NoWorkers);
        }
        Ok(Checked {
            program: Program {
                plans: jobs.iter().map(|(plan, _)| plan.clone()).collect(),
                groups,
                executes,
                name: String::new(),
            },
            handlers: jobs.into_iter().map(|(plan, handler)| (plan.name, handler)).collect(),
            states: self.states,
            calendars,
            hooks: self.hooks,
            #[cfg(feature = "sqlite")]
            prepare: self.prepare,
            workers: self.workers,
            ending: Ending {
                grace: self.shutdown_grace,
                signals: self.signals.unwrap_or_else(Signal::usual),
            },
        })
    }

    async fn run(mut self) -> Result<Scheduler, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let database = self.database.take();
        let beside = self.beside_own_tables;
        let program = program::name(self.version.as_deref());
        let mut checked = self.check(registration::linked())?;
        checked.program.name = program;
        let database = Database::resolve(database.as_deref()).map_err(Error::Database)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (name, program, time) = (database.clone(), checked.program.clone(), Arc::clone(&clock));
        #[cfg(feature = "sqlite")]
        let prepare = std::mem::take(&mut checked.prepare);
        let opened = runtime.spawn_blocking(move || {
            let (stores, waiter, waker) = open(&name, beside)?;
            let joined = Joined::join(
                stores,
                &program,
                #[cfg(feature = "sqlite")]
                prepare,
                time.as_ref(),
            )?;
            Ok::<_, Error>((joined, waiter, waker))
        });
        let (joined, waiter, waker) =
            opened.await.map_err(|error| StoreError::Backend(Box::new(error)))??;
        tell(&database, &checked.program, &joined.synced);
        let threads = Threads::Own(Pool::new(runtime.clone()));
        let surroundings = Surroundings { clock: Arc::clone(&clock), waker, runtime, threads };
        let store = Arc::clone(&joined.stores.store);
        let Booted { engine, scheduler, lives } = checked.boot(joined, surroundings);
        let events = scheduler.told();
        launch(engine, store, events, clock, waiter, lives)?;
        Ok(scheduler)
    }
}

fn open(database: &Database, beside_own_tables: bool) -> Result<(Stores, Waiter, Waker), Error> {
    let stores = Stores::open(database, beside_own_tables)?;
    // Before anything is written: the system may refuse it, and from here on no ring is missed.
    let (waiter, waker) = Waiter::new(stores.store.doorbell().as_deref())
        .map_err(|source| Error::System { what: "a timer", source })?;
    Ok((stores, waiter, Waker::from(Arc::new(waker))))
}

/// Gives the engine a thread of its own. `lives` says how it has ended, whatever ends it.
fn launch(
    engine: Engine,
    store: Arc<dyn Store>,
    events: Events,
    clock: Arc<dyn Clock>,
    waiter: Waiter,
    lives: watch::Sender<Option<End>>,
) -> Result<(), Error> {
    std::thread::Builder::new()
        .name("cron-engine".to_owned())
        .spawn(move || match catch_unwind(AssertUnwindSafe(|| engine.run(clock.as_ref(), waiter))) {
            Ok(end) => drop(lives.send_replace(Some(end))),
            Err(panic) => {
                let cause = EndCause::Panicked { what: panic_told(panic) };
                // Before anybody is told: commands are refused from here on.
                let why = Ended::ByItself(cause.clone());
                lives.send_replace(Some(End { why, blocking: Vec::new() }));
                tell_end(&cause, store.as_ref(), &events);
            }
        })
        .map_err(|source| Error::System { what: "a thread for the engine", source })?;
    Ok(())
}

/// The engine is gone by a defect of its own, or of something that it has called. Nobody else is left to say so.
fn tell_end(cause: &EndCause, store: &dyn Store, events: &Events) {
    let tell = || {
        let what = format!("the scheduler has ended by itself: {cause}; runs in progress here end as lost");
        events.problem(ProblemKind::EngineFailed, None, what);
    };
    // It logs too, and that may be what has panicked.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(tell)) {
        std::mem::forget(panic);
    }
    events.tell(|| Event::Stopped);
    // It is told; that it is not on record too is no news of its own.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(events.record_problems(store)))) {
        std::mem::forget(panic);
    }
}

impl IntoFuture for Start {
    type Output = Result<Scheduler, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The first part of the path of a module.
fn crate_of(module: &str) -> &str {
    module.split_once("::").map_or(module, |(first, _)| first)
}

fn check_states(jobs: &[(Plan, Handler)], states: &States, executes: &Executes) -> Result<(), Error> {
    let mut missing = Vec::new();
    for (plan, handler) in jobs.iter().filter(|(plan, _)| executes.contains(&plan.name)) {
        let mut needs = Needs::default();
        (handler.needs)(&mut needs);
        missing.extend(needs.missing(states).map(|type_name| MissingState {
            job: plan.name.to_string(),
            type_name,
            declared: plan.source.to_string(),
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

fn tell(database: &Database, program: &Program, synced: &Synced) {
    if program.plans.is_empty() {
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
    let jobs = program.plans.len();
    match &program.executes {
        Executes::All => tracing::info!(jobs, database = %database, "scheduler started"),
        Executes::Only(executed) => {
            let executed = executed.len();
            tracing::info!(jobs, executed, database = %database, "scheduler started; other processes execute the rest");
        }
    }
}
