//! What a command is about, as users write it.

use cron_core::job::{JobName, Label, NameError};

use crate::Job;
use crate::dynamic::JobRequest;
use crate::error::Error;
use crate::store::{Target, Trigger};

/// What can be paused, resumed and cancelled: a job by its name or its handle, or a group.
///
/// ```
/// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
/// use cron_runtime::prelude::*;
/// use cron_runtime::store::Target;
///
/// #[job(every = "1h", group = "mail")]
/// fn send_digest() {}
///
/// scheduler.pause(send_digest::JOB, "ops", "the mail server moves").await?;
/// scheduler.pause("send_receipts", "ops", "").await?;
/// scheduler.pause(Target::group("mail"), "ops", "").await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a job nor a group",
    label = "not the handle of a job",
    note = "the handle of the job `name` is `name::JOB`; a name as text and `Target::group(\"name\")` work too"
)]
pub trait IntoTarget {
    /// The target, with a name that can be one.
    ///
    /// # Errors
    ///
    /// A [`NameError`] for a text that no job and no group can be named.
    fn into_target(self) -> Result<Target, NameError>;
}

/// What can be triggered: a job by its name or its handle, with the arguments that it has, or with others.
///
/// ```
/// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
/// use cron_runtime::prelude::*;
///
/// #[job(daily = "09:00")]
/// fn send_digest() {}
///
/// #[job]
/// fn remind(Args(_who): Args<String>) {}
///
/// scheduler.trigger(send_digest::JOB).await?;
/// scheduler.trigger("remind-ada").await?;
/// scheduler.trigger(remind::JOB.with(&"Bob".to_owned())?).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job that can be triggered",
    label = "not the handle of a job",
    note = "the handle of the job `name` is `name::JOB`, and with arguments it is `name::JOB.with(&args)?`; a name as text works too"
)]
pub trait IntoTrigger {
    /// The job, with a name that can be one.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that no job can be named, and [`Error::Request`] for a request that says more than a trigger can do.
    fn into_trigger(self) -> Result<Trigger, Error>;
}

impl IntoTrigger for Trigger {
    fn into_trigger(self) -> Result<Trigger, Error> {
        Ok(self)
    }
}

impl IntoTrigger for JobName {
    fn into_trigger(self) -> Result<Trigger, Error> {
        Ok(Trigger { job: self, args: None, force: false })
    }
}

impl IntoTrigger for String {
    fn into_trigger(self) -> Result<Trigger, Error> {
        JobName::try_from(self)?.into_trigger()
    }
}

impl IntoTrigger for &String {
    fn into_trigger(self) -> Result<Trigger, Error> {
        self.clone().into_trigger()
    }
}

impl IntoTrigger for &str {
    fn into_trigger(self) -> Result<Trigger, Error> {
        self.to_owned().into_trigger()
    }
}

impl<A> IntoTrigger for Job<A> {
    fn into_trigger(self) -> Result<Trigger, Error> {
        self.name().into_trigger()
    }
}

impl IntoTrigger for JobRequest {
    fn into_trigger(self) -> Result<Trigger, Error> {
        self.trigger()
    }
}

impl Target {
    /// The job of this name.
    ///
    /// # Errors
    ///
    /// A [`NameError`] for a text that no job can be named.
    pub fn job(name: impl Into<String>) -> Result<Self, NameError> {
        JobName::try_from(name.into()).map(Self::Job)
    }

    /// All jobs of this group, also those that come into it later.
    ///
    /// # Errors
    ///
    /// A [`NameError`] for a text that no group can be named.
    pub fn group(name: impl Into<String>) -> Result<Self, NameError> {
        Label::parse("group", &name.into()).map(Self::Group)
    }
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target, NameError> {
        Ok(self)
    }
}

/// What [`Target::job`] and [`Target::group`] give.
impl IntoTarget for Result<Target, NameError> {
    fn into_target(self) -> Result<Target, NameError> {
        self
    }
}

impl IntoTarget for JobName {
    fn into_target(self) -> Result<Target, NameError> {
        Ok(Target::Job(self))
    }
}

impl<A> IntoTarget for Job<A> {
    fn into_target(self) -> Result<Target, NameError> {
        Target::job(self.name())
    }
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target, NameError> {
        Target::job(self)
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target, NameError> {
        Target::job(self)
    }
}

impl IntoTarget for &String {
    fn into_target(self) -> Result<Target, NameError> {
        Target::job(self.as_str())
    }
}
