//! Dynamic jobs: added, edited, run once.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::{JobName, Plan};

use super::commands::another;
use super::{Scheduled, Scheduler, Upserted};
use crate::dynamic::JobRequest;
use crate::error::Error;
use crate::store::{Command, Done};

impl Scheduler {
    /// Adds a dynamic job, or edits the one of this name. Scheduling the same request again changes nothing, so a program may do
    /// it at each start.
    ///
    /// A job that is edited keeps its record; another schedule counts from now on, an unchanged one keeps what is pending.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] for options that do not fit, [`Error::Args`] for arguments that its function does not take,
    /// [`Error::Name`] for a name that cannot be one, [`Error::Refused`] if a job in a program has the name; [`Error::NotFound`] if none is the handler;
    /// [`Error::Store`] if the store failed. Nothing has changed then.
    pub async fn schedule(&self, request: JobRequest) -> Result<Scheduled, Error> {
        let Upserted { new, edited } = self.schedule_all(vec![request]).await?;
        Ok(match (new.is_empty(), edited.is_empty()) {
            (false, _) => Scheduled::New,
            (true, false) => Scheduled::Edited,
            (true, true) => Scheduled::Unchanged,
        })
    }

    /// As [`Scheduler::schedule`] for many jobs, in one transaction: all of them or none.
    ///
    /// # Errors
    ///
    /// That of the first request that is refused.
    pub async fn schedule_all(&self, requests: Vec<JobRequest>) -> Result<Upserted, Error> {
        let calendars = &self.inner.known.calendars;
        // Plans are large, and a collection of results does not know beforehand how many there will be.
        let mut plans = Vec::with_capacity(requests.len());
        let mut handlers = HashMap::new();
        for request in requests {
            let handler = self.handler_of(&request, &mut handlers).await?;
            plans.push(request.into_plan(handler, calendars)?);
        }
        self.upsert(plans).await
    }

    /// Runs the function of a job once, at an instant; one that is past means at once.
    ///
    /// It is a dynamic job of its own, which survives a restart and goes away with its record. Its name is the one of the request, or
    /// else `HANDLER/once-` and a random number. While a run of this name is still to come, the same instant again changes nothing and
    /// another one moves it. Once the name has had its run it is refused, so that what is asked for twice does not happen twice;
    /// [`JobRequest::again`] asks for one more.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::schedule`], [`Error::Request`] for a request with a schedule of its own, and
    /// [`CommandError::Over`](crate::store::CommandError::Over), which names the run that the name has had.
    ///
    /// ```
    /// # use cron_runtime::prelude::*;
    /// # #[job]
    /// # async fn send_invoice(Args(_): Args<u64>) {}
    /// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
    /// let noon: chrono::DateTime<chrono::Utc> = "2026-12-24T12:00:00Z".parse().expect("an instant");
    /// let job = scheduler.run_once(send_invoice::JOB.with(&4711)?, noon).await?;
    /// println!("scheduled as {job}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_once(
        &self,
        request: JobRequest,
        at: impl Into<DateTime<Utc>>,
    ) -> Result<JobName, Error> {
        let at = at.into();
        let mut handlers = HashMap::new();
        let handler = self.handler_of(&request, &mut handlers).await?;
        let again = request.is_again();
        let mut plan = request.into_single_plan(at, handler, &self.inner.known.calendars)?;
        self.complete(&mut plan)?;
        let name = plan.name.clone();
        match self.command(Command::RunOnce { plan: Box::new(plan), again }).await? {
            Done::Upserted { .. } => Ok(name),
            other => Err(another(&other)),
        }
    }

    /// Runs the function of a job once, this long from now; [`Scheduler::run_once`] with another way to say when.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::run_once`].
    ///
    /// ```
    /// # use cron_runtime::prelude::*;
    /// # use std::time::Duration;
    /// # #[job]
    /// # async fn send_invoice(Args(_): Args<u64>) {}
    /// # async fn example(scheduler: cron_runtime::Scheduler) -> Result<(), cron_runtime::Error> {
    /// scheduler.run_in(send_invoice::JOB.with(&4711)?, Duration::from_secs(15 * 60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_in(&self, request: JobRequest, delay: Duration) -> Result<JobName, Error> {
        // An instant behind the end of the calendar is refused as one behind the horizon is.
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
        let at = self.now().checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.run_once(request, at).await
    }

    /// The plan of the handler, as the store has it, where a request sets something that has to go together with it. `known` are those
    /// that were read.
    async fn handler_of<'a>(
        &self,
        request: &JobRequest,
        known: &'a mut HashMap<String, Option<Plan>>,
    ) -> Result<Option<&'a Plan>, Error> {
        if !request.sets_policies() {
            return Ok(None);
        }
        let handler = request.handler();
        if !known.contains_key(handler) {
            let name = handler.to_owned();
            let found = self.read(move |ledger| ledger.job(&name)).await?;
            // That there is none is the store's to refuse.
            let declared = found.map(|job| job.plan).filter(|plan| plan.handler.is_none());
            known.insert(handler.to_owned(), declared);
        }
        Ok(known.get(handler).and_then(Option::as_ref))
    }

    async fn upsert(&self, mut plans: Vec<Plan>) -> Result<Upserted, Error> {
        self.check_plans(&mut plans)?;
        match self.command(Command::Upsert { plans }).await? {
            Done::Upserted { new, edited } => Ok(Upserted { new, edited }),
            other => Err(another(&other)),
        }
    }

    /// Whether their functions take their arguments.
    pub(super) fn check_plans(&self, plans: &mut [Plan]) -> Result<(), Error> {
        for plan in plans {
            self.complete(plan)?;
        }
        Ok(())
    }

    pub(super) fn complete(&self, plan: &mut Plan) -> Result<(), Error> {
        self.check_args(&plan.name, plan.handler(), plan.args.as_deref())?;
        // All jobs on one function share its name.
        if let Some(handler) = &mut plan.handler
            && let Some((known, _)) = self.inner.known.handlers.get_key_value(handler)
        {
            handler.clone_from(known);
        }
        Ok(())
    }
}
