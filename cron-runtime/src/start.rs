//! From linked functions to a running scheduler.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cron_core::job::{Catalog, Plan};
use cron_core::run::OwnerId;
use cron_core::schedule::{Calendar, Calendars, ScheduleError};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock::{Clock, SystemClock};
use crate::config::Database;
use crate::engine::{Engine, Events, Executor, Inbox, Linked, Parts, Waiter, Waker, watch_panics};
use crate::error::{Error, MissingState};
use crate::extract::{Needs, States};
use crate::registration::{self, Handler};
use crate::scheduler::{Scheduler, Stores};
use crate::store::{StoreError, Synced};

/// The grace of a shutdown where nothing else is said.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

const NO_JOBS: &str = "no job is linked into this program, so nothing will run; if the jobs are in another crate, \
                       reference it: `use my_jobs as _;`";

/// A scheduler that is about to start. Await it.
#[must_use = "a scheduler starts when this is awaited"]
#[derive(Debug)]
pub struct Start {
    database: Option<String>,
    states: States,
    calendars: Result<Calendars, ScheduleError>,
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

    /// How long running attempts may go on after a shutdown was asked for. 25 s by default.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    async fn run(self) -> Result<Scheduler, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let calendars = self.calendars.map_err(Error::Calendar)?;
        let jobs = Catalog::build(registration::linked(), &calendars).map_err(Error::Catalog)?.into_entries();
        check_states(&jobs, &self.states)?;
        let database = Database::resolve(self.database.as_deref()).map_err(Error::Database)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let plans: Vec<Plan> = jobs.iter().map(|(plan, _)| plan.clone()).collect();
        let opened = {
            let (database, clock) = (database.clone(), Arc::clone(&clock));
            runtime.spawn_blocking(move || open(&database, &plans, clock.as_ref()))
        };
        let Opened { stores, owner, synced, waiter, waker } =
            opened.await.map_err(|error| StoreError::Backend(Box::new(error)))??;
        tell(&database, &jobs, &synced);
        watch_panics();
        let (inbox, messages) = Inbox::new(waker);
        let events = Events::new();
        let (shutting_down, is_shutting_down) = watch::channel(false);
        let executor = Executor {
            runtime,
            states: Arc::new(self.states),
            inbox: inbox.clone(),
            clock: Arc::clone(&clock),
            shutting_down: is_shutting_down,
        };
        let jobs: HashMap<_, _> =
            jobs.into_iter().map(|(plan, handler)| (plan.name.clone(), Linked { plan, handler })).collect();
        let engine = Engine::new(Parts {
            store: Arc::clone(&stores.store),
            owner,
            jobs,
            executor,
            inbox: messages,
            events: events.clone(),
            shutting_down,
        });
        let engine_clock = Arc::clone(&clock);
        // Says `true` at a good end, and nothing at all if the thread ends otherwise.
        let (lives, alive) = watch::channel(false);
        std::thread::Builder::new()
            .name("cron-engine".to_owned())
            .spawn(move || {
                engine.run(engine_clock.as_ref(), waiter);
                lives.send_replace(true);
            })
            .map_err(|source| Error::System { what: "a thread for the engine", source })?;
        Ok(Scheduler::new(stores, inbox, events, clock, alive, self.shutdown_grace))
    }
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

/// A store that this program has joined.
struct Opened {
    stores: Stores,
    owner: OwnerId,
    synced: Synced,
    waiter: Waiter,
    waker: Waker,
}

/// Opens the store, ends what dead processes left behind, and makes the jobs known.
fn open(database: &Database, plans: &[Plan], clock: &dyn Clock) -> Result<Opened, Error> {
    let stores = Stores::open(database)?;
    // Before anything is written: the system may refuse it, and from here on no ring is missed.
    let (waiter, waker) = Waiter::new(stores.store.doorbell().as_deref())
        .map_err(|source| Error::System { what: "a timer or a watch on a file", source })?;
    let store = stores.store.as_ref();
    let owner = store.join(clock.moment().wall)?;
    for (job, run, state) in store.reap(clock.moment().wall)?.lost {
        tracing::warn!(job = %job, run = run.0, state = %state.word(), "a run's process is gone");
    }
    let synced = store.sync(plans, clock.moment().wall)?;
    Ok(Opened { stores, owner, synced, waiter, waker })
}

fn tell(database: &Database, jobs: &[(Plan, Handler)], synced: &Synced) {
    if jobs.is_empty() {
        tracing::warn!("{NO_JOBS}");
        // Without a subscriber the warning goes nowhere, and this is the one that must not.
        if !tracing::dispatcher::has_been_set() {
            eprintln!("warning: {NO_JOBS}");
        }
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
