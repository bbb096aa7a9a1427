//! What the options of a job come to, and what is wrong with them.

use std::fmt;
use std::time::Duration;

use super::check::{check, check_on, explain_schedule};
use super::{Key, Options, Place};
use crate::job::{JobName, Label, OwnPolicies, Plan};
use crate::policy::{CatchUp, Overlap, Priority, Retention, Retry, Slots};
use crate::schedule::{Calendars, Schedule, ScheduleError};

/// What a job declares, every text checked. Where a text was refused, the default stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The name of the job; of a refused one the name that it has by default.
    pub name: String,
    /// The schedule in the text that [`Schedule::read`] reads back, where a calendar may stand by its name; `None` for a
    /// handler only.
    pub schedule: Option<String>,
    /// What happens when a tick is due while an older run is active.
    pub overlap: Overlap,
    /// The bounds of the overlap policy.
    pub slots: Slots,
    /// What happens to ticks that nobody was there for.
    pub catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    pub retry: Retry,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// The longest delay of a tick beyond its nominal instant.
    pub jitter: Option<Duration>,
    /// Whether the job runs once at its first registration.
    pub run_on_start: bool,
    /// The group that it is steered with.
    pub group: Option<Label>,
    /// Words to find it by.
    pub tags: Vec<Label>,
    /// Which of several runs that are due together starts first.
    pub priority: Priority,
    /// How long its record is kept.
    pub retention: Retention,
    /// The name that it had before.
    pub was: Option<JobName>,
}

impl Declaration {
    /// A handler without a schedule, with the default of every policy.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            schedule: None,
            overlap: Overlap::DEFAULT,
            slots: Slots::DEFAULT,
            catch_up: CatchUp::DEFAULT,
            retry: Retry::DEFAULT,
            timeout: None,
            jitter: None,
            run_on_start: false,
            group: None,
            tags: Vec::new(),
            priority: Priority::DEFAULT,
            retention: Retention::DEFAULT,
            was: None,
        }
    }

    /// The schedule, with the dates of the calendar that it names.
    fn resolved(&self, calendars: &Calendars) -> Result<Option<Schedule>, ScheduleError> {
        let Some(text) = &self.schedule else { return Ok(None) };
        Schedule::read(text, calendars).and_then(Schedule::refuse_never).map(Some)
    }

    fn into_plan(self, name: JobName, schedule: Option<Schedule>) -> Plan {
        Plan {
            name,
            description: Box::default(),
            schedule,
            overlap: self.overlap,
            catch_up: self.catch_up,
            retry: self.retry,
            slots: self.slots,
            timeout: self.timeout,
            jitter: self.jitter,
            run_on_start: self.run_on_start,
            group: self.group,
            tags: self.tags.into(),
            priority: self.priority,
            retention: self.retention,
            was: self.was,
            handler: None,
            own: None,
            args: None,
            temporary: false,
            source: Box::default(),
        }
    }
}

/// Which half of an option a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The option does not belong here.
    Name,
    /// The option has a value that it cannot have.
    Value,
}

/// One thing that is wrong with the options of a job.
///
/// An option that a mistake is about was given, with one exception: a name that is wrong and is not from [`Key::Name`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The option.
    pub key: Key,
    /// Which half of it.
    pub part: Part,
    /// What is wrong, what is allowed and what to write instead, on one or more lines.
    pub text: String,
}

/// All that is wrong with the options of a job. Nothing was done with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclareError {
    /// The name of the job, as it was given.
    pub job: String,
    /// Each mistake; there is at least one.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for DeclareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let line_break = if index > 0 { "\n" } else { "" };
            write!(f, "{line_break}job `{}`: {}", self.job, mistake.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for DeclareError {}

/// The plan of a job that is made while the program runs, and that may name these calendars.
///
/// The name is the one given here, or that of [`Key::Name`]. Description, handler, arguments and source are the caller's to add.
///
/// # Errors
///
/// A [`DeclareError`] with every mistake, in the words in which `#[job]` refuses the same options.
///
/// # Examples
///
/// ```
/// use cron_core::job::options::{Key, Options, plan};
/// use cron_core::schedule::Calendars;
///
/// let mut options = Options::default();
/// options.set(Key::Daily, "09:00").set(Key::Timezone, "Europe/London").set(Key::Retries, 3);
/// let plan = plan("remind-42", &options, &Calendars::default())?;
/// assert_eq!(plan.schedule.map(|schedule| schedule.to_string()).as_deref(), Some("cron(0 9 * * *) Europe/London"));
/// # Ok::<(), cron_core::job::options::DeclareError>(())
/// ```
pub fn plan(name: &str, options: &Options, calendars: &Calendars) -> Result<Plan, DeclareError> {
    finish(check(name, options, Place::Builder), calendars)
}

/// The plan of a dynamic job on the function of `handler`, from which it inherits the policies that `options` do not set.
///
/// The plan names its own policies and lacks the others: [`Plan::inherit`] adds them wherever the plan is read, since the handler may
/// change. An option that has no effect with what the handler says is refused. Without a handler, because nobody here knows it, the
/// defaults stand in its place.
///
/// # Errors
///
/// As [`plan`].
///
/// # Examples
///
/// ```
/// use cron_core::job::options::{Key, Options, plan, plan_on};
/// use cron_core::schedule::Calendars;
///
/// let handler = plan("remind", Options::default().set(Key::Retries, 20), &Calendars::default())?;
/// let mut options = Options::default();
/// options.set(Key::Daily, "09:00").set(Key::Timeout, "5m");
/// let mut plan = plan_on(Some(&handler), "remind-42", &options, &Calendars::default())?;
/// plan.inherit(Some(&handler));
/// assert_eq!(plan.retry.retries, 20);
///
/// options.set(Key::QueueDepth, 3);
/// let error = plan_on(Some(&handler), "remind-42", &options, &Calendars::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "job `remind-42`: `queue_depth` needs `overlap = \"queue\"`: it says how many ticks wait\n\
///      its handler `remind` has `overlap = \"skip\"`"
/// );
/// # Ok::<(), cron_core::job::options::DeclareError>(())
/// ```
pub fn plan_on(
    handler: Option<&Plan>,
    name: &str,
    options: &Options,
    calendars: &Calendars,
) -> Result<Plan, DeclareError> {
    let plan = finish(check_on(handler, name, options), calendars)?;
    Ok(Plan { own: Some(OwnPolicies::among(options)), ..plan })
}

fn finish(checked: (Declaration, Vec<Mistake>), calendars: &Calendars) -> Result<Plan, DeclareError> {
    let (declaration, mut mistakes) = checked;
    let schedule = declaration.resolved(calendars).unwrap_or_else(|error| {
        // What is left to be wrong is a calendar that stood by its name: not known, or known and without a day for this schedule.
        mistakes.push(Mistake { key: Key::Calendar, part: Part::Value, text: explain_schedule(&error) });
        None
    });
    match declaration.name.parse() {
        Ok(name) if mistakes.is_empty() => Ok(declaration.into_plan(name, schedule)),
        // A bad name is among the mistakes.
        Ok(_) | Err(_) => Err(DeclareError { job: declaration.name, mistakes }),
    }
}
