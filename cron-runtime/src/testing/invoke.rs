//! One call of the function of a job, without a scheduler.

use std::any::Any;
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use cron_core::job::JobName;
use cron_core::judge::Next;
use cron_core::run::{Epoch, Origin, RunId};
use cron_core::suggest::nearest;
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::clock::{Clock, SystemClock};
use crate::engine::{Events, Inbox, Leash, caught, panic_told, watch_panics};
use crate::extract::{Context, ExtractError, Link, Needs, Run, RunParts, States};
use crate::outcome::Outcome;
use crate::registration::{self, Handler, Way};
use crate::store::Progress;

/// Calls the function of a job as the scheduler would, through its extractors.
///
/// There is no scheduler: nothing is recorded, no retry follows, and the timeout of the job does not count. Await the result in a
/// test with a runtime, or [`run`](Invoke::run) it in one without.
///
/// # Examples
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::{Said, invoke};
///
/// #[derive(Clone)]
/// struct Rate(f64);
///
/// #[job]
/// async fn invoice(State(rate): State<Rate>, Args(amount): Args<f64>, run: Run) -> Result<(), String> {
///     run.log(format!("{} at {}", amount * rate.0, run.tick()));
///     if amount < 0.0 { Err("less than nothing".to_owned()) } else { Ok(()) }
/// }
///
/// let invoked = invoke(invoice::JOB).state(Rate(1.5)).args(&4.0).run()?;
/// assert_eq!(invoked.said, Said::Succeeded(None));
/// assert_eq!(invoked.log, ["6 at 2026-01-01 00:00:00 UTC"]);
///
/// let invoked = invoke(invoice::JOB).state(Rate(1.5)).args(&-4.0).run()?;
/// assert_eq!(invoked.error(), Some("less than nothing"));
///
/// let refused = invoke(invoice::JOB).args(&4.0).run().unwrap_err().to_string();
/// assert!(refused.starts_with("job `invoice` takes `State<"), "{refused}");
/// # Ok::<(), cron_runtime::testing::InvokeError>(())
/// ```
pub fn invoke(job: impl Into<String>) -> Invoke {
    let tick = DateTime::from_timestamp(1_767_225_600, 0).expect("2026-01-01T00:00:00Z");
    Invoke {
        job: job.into(),
        states: States::default(),
        args: Ok(None),
        tick,
        attempt: 1,
        is_late: false,
        is_cancelled: false,
        is_shutting_down: false,
        file: None,
        named: None,
    }
}

/// A call of a job's function that is about to be made: see [`invoke`].
#[must_use = "it is called when this is awaited, or with `.run()`"]
#[derive(Debug)]
pub struct Invoke {
    job: String,
    states: States,
    args: Result<Option<String>, serde_json::Error>,
    tick: DateTime<Utc>,
    attempt: u32,
    is_late: bool,
    is_cancelled: bool,
    is_shutting_down: bool,
    file: Option<PathBuf>,
    named: Option<JobName>,
}

/// What the function of a job said when it was called.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Invoked {
    /// How it ended.
    pub said: Said,
    /// The newest progress that it has told.
    pub progress: Option<Progress>,
    /// The lines that it has written with [`Run::log`].
    pub log: Vec<String>,
    /// Whether it has asked for the removal of its job: [`Run::remove_job`].
    pub removes_job: bool,
}

/// How a call of a job's function ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// With a success, and perhaps with word about the next run.
    Succeeded(Option<Next>),
    /// With an error that the retry policy decides about.
    Failed {
        /// The error with its chain of sources.
        message: String,
        /// How long the next attempt is to wait, where the error says so itself.
        retry_after: Option<Duration>,
    },
    /// With a permanent error.
    Discarded {
        /// The error with its chain of sources.
        message: String,
    },
    /// With a panic.
    Panicked {
        /// What it says, and where.
        message: String,
    },
}

impl Invoked {
    /// Whether it succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.said, Said::Succeeded(_))
    }

    /// The words of its error or its panic.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match &self.said {
            Said::Succeeded(_) => None,
            Said::Failed { message, .. } | Said::Discarded { message } | Said::Panicked { message } => {
                Some(message)
            }
        }
    }
}

/// A function that was not called.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// No such job is in this program.
    #[error("no job of this program is named `{job}`{}", .near.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    UnknownJob {
        /// What was given.
        job: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// The function takes a state that was not given.
    #[error(
        "job `{job}` takes `State<{type_name}>`, which was not given; add `.state(value)` to `invoke({job}::JOB)`"
    )]
    MissingState {
        /// The job.
        job: String,
        /// The type.
        type_name: &'static str,
    },
    /// The arguments cannot be written as JSON.
    #[error("the arguments for job `{job}` cannot be written as JSON: {source}")]
    Unwritable {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A parameter could not be extracted, such as arguments of another type.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

/// A function with all that it takes.
struct Ready {
    context: Context,
    handler: Handler,
    leash: Arc<Leash>,
    // The function may look at it as long as it runs.
    _shut_down: watch::Sender<bool>,
}

impl Invoke {
    /// A value that the function may take as `State<T>`.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// What the function takes as `Args<T>`. It goes through JSON, as in a scheduler.
    pub fn args(mut self, args: &(impl Serialize + ?Sized)) -> Self {
        self.args = serde_json::to_string(args).map(Some);
        self
    }

    /// The dynamic job that it is called for; without it the job itself. It goes by [`Run::name`], and alone can be removed.
    ///
    /// # Panics
    ///
    /// If it is no name for a job.
    pub fn named(mut self, name: &str) -> Self {
        self.named = Some(name.parse().expect("a name for a job"));
        self
    }

    /// The tick that it is called for; 2026-01-01T00:00:00Z without it.
    pub fn tick(mut self, tick: DateTime<impl TimeZone>) -> Self {
        self.tick = tick.with_timezone(&Utc);
        self
    }

    /// The number of the attempt; 1 without it.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// The tick starts later than the grace of its job allows.
    pub fn late(mut self) -> Self {
        self.is_late = true;
        self
    }

    /// The attempt has been asked to stop before it begins.
    pub fn cancelled(mut self) -> Self {
        self.is_cancelled = true;
        self
    }

    /// The scheduler is shutting down.
    pub fn shutting_down(mut self) -> Self {
        self.is_shutting_down = true;
        self
    }

    /// A SQLite file for [`Run::transaction`] and [`Run::complete_in`]: what they commit is in it afterwards. There is no record of a scheduler that they would complete,
    /// so the tables are the test's own. Without it they are refused, as on `memory:`.
    ///
    /// ```standalone_crate
    /// use cron_runtime::prelude::*;
    /// use cron_runtime::rusqlite::Connection;
    /// use cron_runtime::testing::invoke;
    ///
    /// #[job]
    /// fn book(run: Run) -> anyhow::Result<()> {
    ///     run.transaction(|tx| {
    ///         tx.execute("INSERT INTO app_bookings VALUES (?1)", [run.tick().to_rfc3339()])?;
    ///         Ok(())
    ///     })
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let place = tempfile::tempdir()?;
    /// let bank = place.path().join("bank.db");
    /// Connection::open(&bank)?.execute_batch("CREATE TABLE app_bookings (day TEXT)")?;
    /// assert!(invoke(book::JOB).database(&bank).run()?.is_success());
    /// let booked: i64 = Connection::open(&bank)?.query_row("SELECT count(*) FROM app_bookings", [], |row| row.get(0))?;
    /// assert_eq!(booked, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Calls it on a runtime of its own, whose time passes when nothing is left to do: an hour of `tokio::time::sleep` takes
    /// none. A function that waits for the network wants to be awaited in a `#[tokio::test]`.
    ///
    /// # Errors
    ///
    /// An [`InvokeError`] if it could not be called. What it said itself is no error here.
    ///
    /// # Panics
    ///
    /// In a runtime: await it there.
    pub fn run(self) -> Result<Invoked, InvokeError> {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("the system gives a runtime for a test").block_on(self.call())
    }

    fn ready(self) -> Result<Ready, InvokeError> {
        let Self { job, states, args, tick, attempt, is_late, is_cancelled, is_shutting_down, file, named } =
            self;
        let found = registration::linked().find(|(spec, _)| spec.name == job);
        let Some((_, handler)) = found else {
            let near = nearest(&job, registration::linked().map(|(spec, _)| spec.name)).map(str::to_owned);
            return Err(InvokeError::UnknownJob { job, near });
        };
        let mut needs = Needs::default();
        (handler.needs)(&mut needs);
        if let Some(type_name) = needs.missing(&states).next() {
            return Err(InvokeError::MissingState { job, type_name });
        }
        let args = args.map_err(|source| InvokeError::Unwritable { job: job.clone(), source })?;
        let job = job.parse::<JobName>().expect("the macro has checked the name");
        let leash = Arc::new(Leash::new());
        if is_cancelled {
            leash.ask();
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (shut_down, shutting_down) = watch::channel(is_shutting_down);
        let run = Run::new(RunParts {
            id: RunId(1),
            job: named.unwrap_or_else(|| job.clone()),
            handler: job,
            nominal: tick,
            origin: Origin::Tick,
            attempt,
            epoch: Epoch(u64::from(attempt)),
            args: args.map(Arc::from),
            is_late,
            leash: Arc::clone(&leash),
            link: Arc::new(Link {
                // As SQLite knows it, where it is there.
                file: file.map(|file| Arc::from(file.canonicalize().unwrap_or(file))),
                is_unrecorded: true,
                // Nobody reads what is sent.
                inbox: Inbox::new(Waker::noop().clone()).0,
                events: Events::new(Arc::clone(&clock)),
                clock,
                shutting_down,
            }),
        });
        let context = Context { run, states: Arc::new(states) };
        Ok(Ready { context, handler, leash, _shut_down: shut_down })
    }

    async fn call(self) -> Result<Invoked, InvokeError> {
        watch_panics();
        let Ready { context, handler, leash, _shut_down } = self.ready()?;
        let said = match handler.way {
            Way::Async(make) => said(caught(make(&context)?).await),
            Way::Blocking(make) => {
                let call = make(&context)?;
                let call = tokio::task::spawn_blocking(|| said(catch_unwind(AssertUnwindSafe(call))));
                call.await.unwrap_or_else(|error| Said::Panicked { message: error.to_string() })
            }
        };
        let note = leash.notebook.close();
        let log = note.lines.into_iter().map(|line| line.text).collect();
        Ok(Invoked { said, progress: note.progress, log, removes_job: note.removes_job })
    }
}

fn said(result: Result<Outcome, Box<dyn Any + Send>>) -> Said {
    match result {
        Ok(Outcome::Succeeded(next)) => Said::Succeeded(next),
        Ok(Outcome::Failed { message, retry_after }) => Said::Failed { message, retry_after },
        Ok(Outcome::Discarded { message }) => Said::Discarded { message },
        Err(panic) => Said::Panicked { message: panic_told(panic) },
    }
}

impl IntoFuture for Invoke {
    type Output = Result<Invoked, InvokeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.call())
    }
}
