//! Jobs that are made while the program runs: the function of a declared job, with a name, arguments and a schedule of their own.

mod options;
mod value;

use std::panic::Location;

use chrono::{DateTime, Utc};
use cron_core::job::options::{DeclareError, Key, Options, Value, plan_on, warnings};
use cron_core::job::{JobName, Plan, is_policy};
use cron_core::schedule::Calendars;
use serde::Serialize;

use crate::Job;
use crate::error::Error;
use crate::store::Trigger;
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
    by_hand: bool,
    again: bool,
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
    /// It has no schedule, so it would wait for ever.
    #[error(
        "job `{job}` has no schedule, so it never runs by itself; give it one, as in `.cron(\"0 9 * * *\")`, or say `.by_hand()` if it is to be triggered"
    )]
    NoSchedule {
        /// The job.
        job: String,
    },
    /// It has a schedule, or is to run once, and was to run by hand only.
    #[error("a job that is to run `by_hand` cannot have `{option}` too; leave one of them out")]
    NotByHand {
        /// What says when it runs.
        option: &'static str,
    },
    /// It was triggered, and says more than that.
    #[error(
        "a trigger runs `{job}` itself, now, with the arguments of the request, and cannot have `{option}` too; leave it out, or use `schedule` or `run_once` for a job of its own"
    )]
    Triggered {
        /// The job.
        job: String,
        /// What it says beside the arguments.
        option: &'static str,
    },
    /// It was asked for again, and is no single run.
    #[error(
        "job `{job}`: `again` asks for one more single run, which is what `run_once` does; leave it out, or use `run_once` in place of `schedule`"
    )]
    NotAgain {
        /// The job.
        job: String,
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
            by_hand: false,
            again: false,
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

    /// It has no schedule on purpose: it runs when somebody triggers it. Without this a job that has none is refused, since it would wait
    /// for ever.
    pub fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }

    /// For [`Scheduler::run_once`](crate::Scheduler::run_once): runs also where a job of this name has had its run.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// Whether a run is wanted beside the one that the job may have had.
    pub(crate) fn is_again(&self) -> bool {
        self.again
    }

    /// Sets an option by its key: for callers that read options from somewhere. The methods named as the options know more.
    pub fn option(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.options.set(key, value);
        self
    }

    /// The job whose function it calls, to be run now.
    pub(crate) fn trigger(self) -> Result<Trigger, Error> {
        let Self { handler, name, args, description, options, by_hand, again, source: _ } = self;
        let more = [
            ("named", name.is_some()),
            ("description", !description.is_empty()),
            ("by_hand", by_hand),
            ("again", again),
        ];
        let more = more.into_iter().find(|(_, is_said)| *is_said).map(|(option, _)| option);
        if let Some(option) = more.or_else(|| options.iter().next().map(|(key, _)| key.name())) {
            return Err(RequestError::Triggered { job: handler, option }.into());
        }
        Ok(Trigger { job: handler.try_into()?, args, force: false })
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
        let schedule = self.options.schedules().next();
        if self.again {
            return Err(RequestError::NotAgain { job: self.name.unwrap_or(self.handler) }.into());
        }
        if let Some(key) = schedule.filter(|_| self.by_hand) {
            return Err(RequestError::NotByHand { option: key.name() }.into());
        }
        // A job that runs at its registration has a run.
        let runs_once = self.options.get(Key::RunOnStart) == Some(&Value::Switch(true));
        let waits_for_ever = schedule.is_none() && !self.by_hand && !runs_once;
        let job = self.name.clone();
        let plan = self.plan(handler_plan, calendars)?;
        match job.filter(|_| waits_for_ever) {
            // What else is wrong was told first: a `timezone` needs a schedule too.
            Some(job) => Err(RequestError::NoSchedule { job }.into()),
            None => Ok(plan),
        }
    }

    fn plan(self, handler_plan: Option<&Plan>, calendars: &Calendars) -> Result<Plan, Error> {
        let Self { handler, name, args, description, options, source, .. } = self;
        let Some(name) = name else { return Err(RequestError::Unnamed { handler }.into()) };
        let handler = JobName::try_from(handler)?;
        let plan = plan_on(handler_plan, &name, &options, calendars).map_err(RequestError::Options)?;
        for (option, warning) in warnings(&options) {
            tracing::warn!(job = %plan.name, %option, "{warning}");
        }
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
        // A calendar or a bound could take the one tick away, and then nothing would run.
        let bounds =
            [Key::Calendar, Key::Start, Key::End].into_iter().filter(|key| self.options.get(*key).is_some());
        if let Some(key) = self.options.schedules().chain(bounds).next() {
            return Err(RequestError::Scheduled { option: key.name() }.into());
        }
        if self.by_hand {
            return Err(RequestError::NotByHand { option: "run_once" }.into());
        }
        let plan = self.at(at).plan(handler_plan, calendars)?;
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
    fn a_request_is_triggered_where_it_says_nothing_but_arguments() {
        let request = || HANDLER.with(&7).expect("a number");
        let trigger = request().trigger().expect("it says nothing else");
        assert_eq!((trigger.job.as_str(), trigger.args.as_deref()), ("count", Some("7")));
        for (request, option) in [(request().named("c"), "`named`"), (request().retries(3), "`retries`")] {
            let error = request.trigger().expect_err("it says more").to_string();
            assert!(error.contains(option), "{error}");
        }
    }

    #[test]
    fn what_would_wait_for_ever_is_refused() {
        let request = || JobRequest::on("count").named("c");
        let plan = |request: JobRequest| request.into_plan(None, &Calendars::default()).map(drop);
        let refused = refusal(request().retries(3));
        assert!(refused.contains("`c` has no schedule") && refused.contains("`.by_hand()`"), "{refused}");
        plan(request().by_hand()).expect("it says so");
        plan(request().run_on_start(true)).expect("it has a run");
        assert!(refusal(request().run_on_start(false)).contains("has no schedule"));
        assert!(refusal(request().by_hand().every("30s")).contains("cannot have `every` too"));
        assert!(refusal(request().again().every("30s")).contains("use `run_once` in place of `schedule`"));
        assert!(refusal(request().timezone("Europe/London")).contains("`timezone` needs a schedule"));
        let once = request().by_hand().into_single_plan(DateTime::UNIX_EPOCH, None, &Calendars::default());
        assert!(once.expect_err("it contradicts itself").to_string().contains("cannot have `run_once` too"));
    }

    #[test]
    fn a_single_run_is_temporary_and_has_a_name_of_its_own() {
        let at = "2026-12-24T18:00:00Z".parse().expect("an instant");
        let plan =
            || HANDLER.with(&7).and_then(|request| request.into_single_plan(at, None, &Calendars::default()));
        let (one, other) = (plan().expect("it is right"), plan().expect("it is right"));
        assert!(one.temporary && one.name.as_str().starts_with("count/once-"), "{}", one.name);
        assert_ne!(one.name, other.name);
        // No calendar and no bound takes its tick away.
        let request = HANDLER.with(&7).expect("a number").calendar("holidays");
        let bounded =
            request.into_single_plan(at, None, &Calendars::default()).expect_err("it may never run");
        assert!(bounded.to_string().contains("cannot have `calendar` too"), "{bounded}");
        assert_eq!(one.schedule.and_then(|schedule| schedule.next_after(DateTime::UNIX_EPOCH)), Some(at));
        let long = single_name(&"ü".repeat(64)).expect("a name");
        assert_eq!(JobName::check(&long), Ok(()), "{long}");
    }
}
