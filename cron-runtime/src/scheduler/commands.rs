//! What a program asks of its scheduler.

use cron_core::job::{JobName, Label};
use cron_core::run::RunId;

use super::about::About;
use super::{Cancelled, Paused, Scheduler, Triggered, TriggeredGroup};
use crate::dynamic::check_json;
use crate::engine::Message;
use crate::error::Error;
use crate::extract::Needs;
use crate::store::{Backfill, Cancel, Command, CommandError, Done, StoreError, Trigger};
use crate::target::{IntoTarget, IntoTrigger};

impl Scheduler {
    /// Runs a job now, under its overlap policy: `trigger(name::JOB)`, or `trigger(name::JOB.with(&args)?)` with arguments. Returns as
    /// soon as the run is recorded.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job;
    /// [`Error::Refused`] if an active run holds its slot; [`Error::Args`] if its function takes arguments and the job has none; [`Error::Store`] if the store failed.
    pub async fn trigger(&self, job: impl IntoTrigger) -> Result<RunId, Error> {
        Ok(self.trigger_with(job.into_trigger()?).await?.run)
    }

    /// Runs a job now, perhaps with other arguments or whatever its overlap policy says.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::trigger`], and [`Error::Args`] or [`Error::Request`] for arguments that its function does not take.
    ///
    /// ```
    /// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
    /// use cron_runtime::store::Trigger;
    ///
    /// let trigger = Trigger { job: "remind".parse()?, args: Some(r#"{"to":"Ada"}"#.to_owned()), force: false };
    /// let triggered = scheduler.trigger_with(trigger).await?;
    /// println!("run {}", triggered.run);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn trigger_with(&self, trigger: Trigger) -> Result<Triggered, Error> {
        if let Some(args) = &trigger.args {
            check_json(trigger.job.as_str(), args)?;
        }
        self.check_trigger(&trigger).await?;
        match self.command(Command::Trigger(trigger)).await? {
            Done::Triggered { run, waits_for } => Ok(Triggered { run, waits_for }),
            other => Err(another(&other)),
        }
    }

    /// Runs every job of a group now, each under its overlap policy.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if no job is in the group; [`Error::Store`] if the
    /// store failed.
    pub async fn trigger_group(&self, group: impl Into<String>) -> Result<TriggeredGroup, Error> {
        let group = Label::parse("group", &group.into())?;
        match self.command(Command::TriggerGroup { group }).await? {
            Done::TriggeredGroup { triggered, held } => Ok(TriggeredGroup { triggered, held }),
            other => Err(another(&other)),
        }
    }

    /// Stops judging a job or a group. Its ticks are recorded as `skipped(paused)` when it is resumed. Runs in progress go on, also to
    /// their next attempts; how many there are is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job or group;
    /// [`Error::Refused`] if it is paused already; [`Error::Store`] if the store failed.
    pub async fn pause(
        &self,
        target: impl IntoTarget,
        by: impl Into<String>,
        note: impl Into<String>,
    ) -> Result<Paused, Error> {
        let (target, by, note) = (target.into_target()?, by.into(), note.into());
        match self.command(Command::Pause { target, by, note }).await? {
            Done::Paused { in_progress } => Ok(Paused { in_progress }),
            other => Err(another(&other)),
        }
    }

    /// Judges a paused job or group again, from now on. Returns how many ticks the pause skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job or group;
    /// [`Error::Refused`] if it is not paused;
    /// [`Error::Store`] if the store failed.
    pub async fn resume(&self, target: impl IntoTarget) -> Result<u64, Error> {
        match self.command(Command::Resume { target: target.into_target()? }).await? {
            Done::Resumed { skipped, .. } => Ok(skipped),
            other => Err(another(&other)),
        }
    }

    /// Ends all active runs of a job or a group, also those that wait. Those in progress are asked to stop and cut off after the
    /// `cancel_grace` of their job. It is no error if there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job or group; [`Error::Store`] if
    /// the store failed.
    pub async fn cancel(
        &self,
        target: impl IntoTarget,
        by: impl Into<String>,
        note: impl Into<String>,
    ) -> Result<Cancelled, Error> {
        self.cancel_what(Cancel::All(target.into_target()?), by.into(), note.into()).await
    }

    /// Ends one run. One in progress is asked to stop and cut off after the `cancel_grace` of its job; what it is by then says its
    /// end: a success stays one, everything else is `cancelled`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such run; [`Error::Refused`] if it has ended; [`Error::Store`] if the store failed.
    pub async fn cancel_run(
        &self,
        run: RunId,
        by: impl Into<String>,
        note: impl Into<String>,
    ) -> Result<Cancelled, Error> {
        self.cancel_what(Cancel::Run(run), by.into(), note.into()).await
    }

    async fn cancel_what(&self, what: Cancel, by: String, note: String) -> Result<Cancelled, Error> {
        match self.command(Command::Cancel { what, force: false, by, note }).await? {
            Done::Cancelled { ended, asked } => Ok(Cancelled { ended, asked }),
            other => Err(another(&other)),
        }
    }

    /// Tries a run that ended badly again, with all its attempts, under the overlap policy of its job.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such run; [`Error::Refused`] if it did not end badly, or an active run holds the slot; [`Error::Store`] if the
    /// store failed.
    pub async fn retry(&self, run: RunId) -> Result<(), Error> {
        self.command(Command::Retry { run, force: false }).await.map(drop)
    }

    /// Tries all dead letters again, of one job or of all. Those that cannot start wait for the slot of their job.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job; [`Error::Store`] if the
    /// store failed.
    pub async fn retry_all(&self, job: Option<&str>) -> Result<Vec<RunId>, Error> {
        match self.command(Command::RetryAll { job: one_or_all(job)? }).await? {
            Done::Retried { runs } => Ok(runs),
            other => Err(another(&other)),
        }
    }

    /// Takes a dead letter off the list. Its run stays in the record as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such run; [`Error::Refused`] if it is no dead letter; [`Error::Store`] if the store failed.
    pub async fn dismiss(&self, run: RunId) -> Result<(), Error> {
        self.command(Command::Dismiss { run }).await.map(drop)
    }

    /// Takes all dead letters off the list, of one job or of all. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job; [`Error::Store`] if the
    /// store failed.
    pub async fn dismiss_all(&self, job: Option<&str>) -> Result<u64, Error> {
        match self.command(Command::DismissAll { job: one_or_all(job)? }).await? {
            Done::Dismissed { count } => Ok(count),
            other => Err(another(&other)),
        }
    }

    /// Runs ticks of the past. [`Scheduler::plan_backfill`] tells beforehand which.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such job; [`Error::Refused`] if it has no ticks, or the range is none; [`Error::Store`] if the store failed.
    pub async fn backfill(&self, backfill: Backfill) -> Result<Vec<RunId>, Error> {
        match self.command(Command::Backfill(backfill)).await? {
            Done::Backfilled { runs } => Ok(runs),
            other => Err(another(&other)),
        }
    }

    /// Removes a job with its record: a dynamic one, or a declared one that neither the newest program nor another
    /// one that runs contains, as far as the file tells.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] for a text that cannot be a name; [`Error::NotFound`] if there is no such job;
    /// [`Error::Refused`] if it is part of such a program, or it has active runs; [`Error::Store`] if the store failed.
    pub async fn remove(&self, job: impl Into<String>) -> Result<(), Error> {
        let job = JobName::try_from(job.into())?;
        self.command(Command::Remove { jobs: vec![job] }).await.map(drop)
    }

    /// Does any command: what the other methods leave out, such as to force the end of a run.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if what it names is not there; [`Error::Refused`] if it does not fit; [`Error::Store`] if the store failed.
    pub async fn command(&self, command: Command) -> Result<Done, Error> {
        let stores = self.inner.stores.clone();
        let now = self.now();
        let is_forced_end = matches!(command, Command::Cancel { force: true, .. });
        let (done, told) = self
            .blocking(move || -> Result<_, CommandError> {
                let about = About::of(&command);
                let done = stores.store.command(command, now)?;
                // The command is done: if this cannot be read, it stays so.
                let told = about.events(stores.ledger.as_ref(), &done).unwrap_or_default();
                Ok((done, told))
            })
            .await??;
        // Before the engine tells what follows from it.
        told.into_iter().for_each(|event| self.inner.events.tell(|| event));
        self.inner.inbox.send(Message::Look);
        if is_forced_end {
            self.inner.inbox.send(Message::Renew);
        }
        Ok(done)
    }

    /// Arguments that the function does not take are refused here, where somebody can do something about it.
    async fn check_trigger(&self, trigger: &Trigger) -> Result<(), Error> {
        let handlers = &self.inner.known.handlers;
        if handlers.contains_key(&trigger.job) {
            return self.check_args(&trigger.job, &trigger.job, trigger.args.as_deref());
        }
        let name = trigger.job.to_string();
        // An unknown job is the store's to refuse.
        let Some(job) = self.read(move |ledger| ledger.job(&name)).await? else { return Ok(()) };
        let args = trigger.args.as_deref().or(job.plan.args.as_deref());
        self.check_args(&trigger.job, job.plan.handler(), args)
    }

    /// Whether the function of `handler` takes these arguments, as far as this program knows.
    pub(super) fn check_args(
        &self,
        job: &JobName,
        handler: &JobName,
        args: Option<&str>,
    ) -> Result<(), Error> {
        let Some(handler) = self.inner.known.handlers.get(handler) else { return Ok(()) };
        let mut needs = Needs::default();
        (handler.needs)(&mut needs);
        needs.check_args(job.as_str(), args).map_err(Error::Args)
    }
}

fn one_or_all(job: Option<&str>) -> Result<Option<JobName>, Error> {
    Ok(job.map(str::parse).transpose()?)
}

/// A store that answers something else than it was asked.
pub(super) fn another(_: &Done) -> Error {
    let what = "the store answered something else than it was asked".to_owned();
    Error::Store(StoreError::Corrupt { what })
}
