//! Jobs that are made while the program runs: the function of a declared job, with a name, arguments and a schedule of their own.

mod options;
mod value;

use std::panic::Location;

use chrono::{DateTime, Utc};
use cron_core::job::options::{DeclareError, Key, Options, plan_on};
use cron_core::job::{JobName, Plan, is_policy};
use cron_core::schedule::Calendars;
use serde::Serialize;

use crate::Job;
use crate::error::Error;
pub use value::{DurationOption, InstantOption, TextOption};

/// A dynamic job that is about to be scheduled.
///
/// It is made from the handle of a declared job, its handler, whose function it calls, and takes the options of `#[job]` as methods.
/// Everything is checked by [`Scheduler::schedule`](crate::Scheduler::schedule), in the words in which the attribute refuses it.
///
/// The policies that it does not set are those of its handler: overlap, catch-up, retries, timeout, priority and retention, each option
/// by itself. A new build of the handler changes them. Nothing that says when the job runs is inherited, and neither are `group`
/// and `tags`.
///
/// # Examples
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use std::time::Duration;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Reminder {
///     to: String,
/// }
///
/// #[job]
/// async fn nudge(Args(reminder): Args<Reminder>) {
///     println!("Do not forget, {}!", reminder.to);
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), cron_runtime::Error> {
///     let scheduler = cron_runtime::start().database("memory:").await?;
///     let reminder = Reminder { to: "Ada".to_owned() };
///     let request = nudge::JOB
///         .with(&reminder)?
///         .named("nudge-ada")
///         .cron("0 9 * * MON-FRI")
///         .timezone("Europe/London")
///         .retries(3)
///         .timeout(Duration::from_secs(30));
///     scheduler.schedule(request).await?;
///     assert!(scheduler.get("nudge-ada").await?.due.is_some());
///     scheduler.shutdown().await?;
///     Ok(())
/// }
/// ```
#[must_use = "a request is scheduled by `Scheduler::schedule` or `Scheduler::run_once`"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    handler: String,
    name: Option<String>,
    args: Option<String>,
    description: String,
    options: Options,
    source: String,
}

/// A dynamic job that cannot be scheduled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The arguments cannot be written as JSON.
    #[error("the arguments for job `{job}`, a `{type_name}`, cannot be written as JSON: {source}")]
    Unwritable {
        /// The job whose function is to take them.
        job: String,
        /// Their type.
        type_name: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Arguments that were given as text are no JSON.
    #[error("the arguments for job `{job}` are no JSON: {source}")]
    NoJson {
        /// The job whose function is to take them.
        job: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It has no name, so a second call could not know that it means the same job.
    #[error("a dynamic job on `{handler}` needs a name; give it one with `.named(\"{handler}-42\")`")]
    Unnamed {
        /// The job whose function it calls.
        handler: String,
    },
    /// It has a schedule of its own, and was to run once at another instant.
    #[error(
        "a run at a given instant cannot have `{option}` too; leave that out, or use `schedule` in place of `run_once`"
    )]
    Scheduled {
        /// The option that says when it runs.
        option: &'static str,
    },
    /// Its options contradict each other or do not parse.
    #[error(transparent)]
    Options(#[from] DeclareError),
}

impl<A: Serialize> Job<A> {
    /// A request for a dynamic job that calls the function of this one with these arguments.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if they cannot be written as JSON.
    #[track_caller]
    pub fn with(self, args: &A) -> Result<JobRequest, Error> {
        let text = written(self.name(), args)?;
        Ok(JobRequest { args: Some(text), ..JobRequest::made_by(self.name(), Location::caller()) })
    }
}

impl Job {
    /// A request for a dynamic job that calls the function of this one, which takes no arguments.
    #[track_caller]
    pub fn request(self) -> JobRequest {
        JobRequest::made_by(self.name(), Location::caller())
    }
}

impl JobRequest {
    /// A request for a dynamic job that calls the function of the declared job `handler`: for callers that have its name only.
    /// [`Job::with`] and [`Job::request`] know more.
    pub fn on(handler: impl Into<String>) -> Self {
        Self {
            handler: handler.into(),
            name: None,
            args: None,
            description: String::new(),
            options: Options::default(),
            source: String::new(),
        }
    }

    fn made_by(handler: &str, caller: &Location<'_>) -> Self {
        Self { source: format!("{}:{}", caller.file(), caller.line()), ..Self::on(handler) }
    }

    /// The name of the job: its identity. Scheduling another request of this name edits the job.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What it does, for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// What its function is given as [`Args`](crate::extract::Args). [`Job::with`] checks the type while compiling.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if they cannot be written as JSON.
    pub fn args<T: Serialize + ?Sized>(mut self, args: &T) -> Result<Self, Error> {
        self.args = Some(written(&self.handler, args)?);
        Ok(self)
    }

    /// As [`args`](Self::args) for arguments that are JSON already.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if they are no JSON.
    pub fn args_json(mut self, text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        check_json(&self.handler, &text)?;
        self.args = Some(text);
        Ok(self)
    }

    /// Sets an option by its key: for callers that read options from somewhere. The methods named as the options know more.
    pub fn option(mut self, key: Key, value: impl Into<cron_core::job::options::Value>) -> Self {
        self.options.set(key, value);
        self
    }

    /// The job whose function it calls.
    pub(crate) fn handler(&self) -> &str {
        &self.handler
    }

    /// Whether it sets a policy, which may need another one that its handler has.
    pub(crate) fn sets_policies(&self) -> bool {
        self.options.iter().any(|(key, _)| is_policy(key))
    }

    /// The plan of the job. `handler` is the job whose function it calls, as far as it is known.
    pub(crate) fn into_plan(self, handler_plan: Option<&Plan>, calendars: &Calendars) -> Result<Plan, Error> {
        let Self { handler, name, args, description, options, source } = self;
        let Some(name) = name else { return Err(RequestError::Unnamed { handler }.into()) };
        let handler = JobName::try_from(handler)?;
        let plan = plan_on(handler_plan, &name, &options, calendars).map_err(RequestError::Options)?;
        let (args, description, source) = (args.map(Into::into), description.into(), source.into());
        Ok(Plan { handler: Some(handler), args, description, source, ..plan })
    }

    /// The plan of a job that runs once, at this instant, and goes away when its record does.
    pub(crate) fn into_single_plan(
        mut self,
        at: DateTime<Utc>,
        handler_plan: Option<&Plan>,
        calendars: &Calendars,
    ) -> Result<Plan, Error> {
        if self.name.is_none() {
            self.name = Some(single_name(&self.handler)?);
        }
        if let Some(key) = self.options.schedules().next() {
            return Err(RequestError::Scheduled { option: key.name() }.into());
        }
        let plan = self.at(at).into_plan(handler_plan, calendars)?;
        Ok(Plan { temporary: true, ..plan })
    }
}

fn written<T: Serialize + ?Sized>(job: &str, args: &T) -> Result<String, RequestError> {
    serde_json::to_string(args).map_err(|source| RequestError::Unwritable {
        job: job.to_owned(),
        type_name: std::any::type_name::<T>(),
        source,
    })
}

pub(crate) fn check_json(job: &str, text: &str) -> Result<(), RequestError> {
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
    read.map(drop).map_err(|source| RequestError::NoJson { job: job.to_owned(), source })
}

/// A name that nobody else has: `HANDLER/once-0123456789abcdef`.
fn single_name(handler: &str) -> Result<String, Error> {
    let random = getrandom::u64().map_err(|error| Error::System {
        what: "random bytes for a name",
        source: std::io::Error::other(error),
    })?;
    let mark = format!("/once-{random:016x}");
    let mut end = handler.len().min(JobName::MAX_BYTES - mark.len());
    while !handler.is_char_boundary(end) {
        end -= 1;
    }
    Ok(format!("{}{mark}", &handler[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLER: Job<u32> = Job::new("count");

    fn refusal(request: JobRequest) -> String {
        request.into_plan(None, &Calendars::default()).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_request_becomes_a_plan() {
        let request = HANDLER.with(&7).expect("a number").named("count-7").every("30s").retries(3);
        let plan =
            request.description("Counts.").into_plan(None, &Calendars::default()).expect("it is right");
        assert_eq!((plan.name.as_str(), plan.handler().as_str()), ("count-7", "count"));
        assert_eq!((plan.args.as_deref(), &*plan.description), (Some("7"), "Counts."));
        assert_eq!((plan.retry.retries, plan.temporary), (3, false));
        assert!(plan.source.contains("dynamic/mod.rs:"), "{}", plan.source);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_attribute() {
        let request = || JobRequest::on("count").named("c");
        assert!(refusal(JobRequest::on("count").every("30s")).contains("`.named(\"count-42\")`"));
        let unit = refusal(request().every("30"));
        assert!(unit.starts_with("job `c`: ") && unit.contains("unit"), "{unit}");
        let overlap = refusal(request().every("30s").overlap("queu"));
        assert!(overlap.contains("did you mean `queue`?"), "{overlap}");
        assert!(refusal(request().every("30s").cron("* * * * *")).contains("cron"));
        assert!(refusal(request().named("no name").every("30s")).contains("no name"));
        let json = request().args_json("{").expect_err("no JSON").to_string();
        assert!(json.contains("no JSON"), "{json}");
    }

    #[test]
    fn a_single_run_is_temporary_and_has_a_name_of_its_own() {
        let at = "2026-12-24T18:00:00Z".parse().expect("an instant");
        let plan =
            || HANDLER.with(&7).and_then(|request| request.into_single_plan(at, None, &Calendars::default()));
        let (one, other) = (plan().expect("it is right"), plan().expect("it is right"));
        assert!(one.temporary && one.name.as_str().starts_with("count/once-"), "{}", one.name);
        assert_ne!(one.name, other.name);
        assert_eq!(one.schedule.and_then(|schedule| schedule.next_after(DateTime::UNIX_EPOCH)), Some(at));
        let long = single_name(&"ü".repeat(64)).expect("a name");
        assert_eq!(JobName::check(&long), Ok(()), "{long}");
    }
}
