//! What a command is about, as users write it.

use cron_core::job::{JobName, Label, NameError};

use crate::Job;
use crate::store::Target;

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
pub trait IntoTarget {
    /// The target, with a name that can be one.
    ///
    /// # Errors
    ///
    /// A [`NameError`] for a text that no job and no group can be named.
    fn into_target(self) -> Result<Target, NameError>;
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
