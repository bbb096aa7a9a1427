//! Jobs that are added, edited and removed while programs run.

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Before, Namesake, Single, closed_by, refuse_exhausted, single};
use cron_core::run::RunId;
use cron_core::schedule::Schedule;
use cron_core::suggest::nearest;

use super::super::super::{CommandError, Done, StoreError};
use super::super::book::Book;

impl Book {
    pub(super) fn upsert(&mut self, plans: &[Plan], now: DateTime<Utc>) -> Result<Done, CommandError> {
        for (at, plan) in plans.iter().enumerate() {
            self.check_dynamic(plan)?;
            self.check_to_come(plan, &plans[..at], now)?;
        }
        let (mut new, mut edited) = (Vec::new(), Vec::new());
        for plan in plans {
            if let Some(was) = self.renamed_by(plan).cloned() {
                self.rename(&was, &plan.name)?;
            }
            if !self.jobs.contains_key(&plan.name) {
                new.push(plan.name.clone());
                self.register(plan, now)?;
            } else {
                self.withdraw_removal(&plan.name)?;
                if self.update(plan, now)? {
                    edited.push(plan.name.clone());
                }
            }
        }
        Ok(Done::Upserted { new, edited })
    }

    pub(super) fn run_once(
        &mut self,
        mut plan: Plan,
        again: bool,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        if let Some(at) = plan.schedule.as_ref().and_then(Schedule::only_tick)
            && let Some(job) = self.jobs.get(&plan.name).filter(|job| job.plan.handler.is_some())
        {
            let last = self.runs_of(&plan.name).last().map(|(id, run)| (id, run.progress.state.word()));
            let ran: Vec<_> =
                self.ran_after(&plan.name, job.place.mark).into_iter().map(|(tick, _)| tick).collect();
            let has_these_args = job.plan.args == plan.args;
            let namesake =
                Namesake { schedule: job.schedule(), place: job.place, last, ran: &ran, has_these_args };
            match single(at, now, namesake, again) {
                Single::Asked => plan.schedule.clone_from(&job.plan.schedule),
                Single::At(at) => plan.schedule = Some(Schedule::at_instant(at)),
                Single::Over(last) => return Err(CommandError::Over { job: plan.name, last }),
            }
        }
        self.upsert(&[plan], now)
    }

    /// The dynamic job that a request gives another name.
    fn renamed_by<'a>(&self, plan: &'a Plan) -> Option<&'a JobName> {
        let was = plan.was.as_ref().filter(|_| !self.jobs.contains_key(&plan.name))?;
        self.jobs.get(was).is_some_and(|job| job.plan.handler.is_some()).then_some(was)
    }

    /// Nobody is told that a job is there and then it never runs. `earlier` are the requests that are done before this one.
    fn check_to_come(&self, plan: &Plan, earlier: &[Plan], now: DateTime<Utc>) -> Result<(), CommandError> {
        let name = self.renamed_by(plan).unwrap_or(&plan.name);
        let job = self.jobs.get(name);
        let old = earlier.iter().rfind(|earlier| earlier.name == plan.name);
        let old = old.or(job.map(|job| &*job.plan));
        let before = match old {
            Some(old) if old.schedule == plan.schedule => return Ok(()),
            Some(_) => Before::OtherSchedule { mark: job.map_or(now, |job| job.place.mark) },
            None => Before::Nothing,
        };
        let refused = refuse_exhausted(plan.schedule.as_ref(), plan.run_on_start, before, now);
        let has_run = |at| self.runs_of(name).any(|(_, run)| run.nominal == at);
        match refused {
            Err(why) if !why.single().is_some_and(has_run) => {
                Err(CommandError::NeverRuns { job: plan.name.clone(), why })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn check_dynamic(&self, plan: &Plan) -> Result<(), CommandError> {
        let job = || plan.name.clone();
        if self.jobs.get(&plan.name).is_some_and(|known| known.plan.handler.is_none()) {
            return Err(CommandError::Declared { job: job() });
        }
        let is_declared = |name: &JobName| self.jobs.get(name).is_some_and(|job| job.plan.handler.is_none());
        if is_declared(plan.handler()) {
            return Ok(());
        }
        let declared = self.jobs.values().filter(|job| job.plan.handler.is_none());
        let near = nearest(plan.handler().as_str(), declared.map(|job| job.plan.name.as_str()));
        let near = near.map(str::to_owned);
        Err(CommandError::UnknownHandler { job: job(), handler: plan.handler().clone(), near })
    }

    pub(super) fn remove(&mut self, jobs: &[JobName], now: DateTime<Utc>) -> Result<Done, CommandError> {
        for name in jobs {
            self.check_job(name)?;
            let job = self.known(name)?;
            if job.plan.handler.is_none() && (self.is_in_newest(job) || self.is_served(job)) {
                return Err(CommandError::Linked { job: name.clone() });
            }
            if let Some((holder, _)) = self.active_of(name).next() {
                return Err(CommandError::Busy { job: name.clone(), holder });
            }
        }
        let mut count = 0;
        for name in jobs {
            count += u64::from(self.forget(name));
            // Dynamic jobs without their handler have the defaults.
            self.pass_on(name, now)?;
        }
        Ok(Done::Removed { count })
    }

    /// What an attempt in progress says of its job: it is to be removed once its runs have ended, and has no ticks until then.
    pub(in super::super) fn write_wish(&mut self, run: RunId) -> Result<(), StoreError> {
        let name = self.runs[&run].job.clone();
        if self.known(&name)?.plan.handler.is_none() {
            return Ok(());
        }
        self.removals.entry(name.clone()).or_insert(run);
        self.known_mut(&name)?.place.hold = Some(closed_by(run));
        self.rearm(&name).map(drop)
    }

    /// Somebody wants a job as it is, or another one in its place.
    fn withdraw_removal(&mut self, name: &JobName) -> Result<(), StoreError> {
        let Some(by) = self.removals.remove(name) else { return Ok(()) };
        let place = &mut self.known_mut(name)?.place;
        if place.hold == Some(closed_by(by)) {
            place.hold = None;
            self.rearm(name)?;
        }
        Ok(())
    }

    /// A verb that may end runs, with what goes with the last run of a job.
    pub(in super::super) fn whole<R>(&mut self, verb: impl FnOnce(&mut Self) -> R) -> R {
        let done = verb(self);
        self.remove_what_has_ended();
        done
    }

    /// Removes the jobs whose last run has ended.
    fn remove_what_has_ended(&mut self) {
        let over = self.removals.keys().filter(|job| self.active_of(job).next().is_none());
        for job in over.cloned().collect::<Vec<_>>() {
            self.forget(&job);
        }
    }

    /// Removes a job with its record.
    pub(in super::super) fn forget(&mut self, name: &JobName) -> bool {
        self.runs.forget(name);
        self.removals.remove(name);
        self.problems.retain(|problem| problem.job.as_ref() != Some(name));
        let job = self.jobs.remove(name);
        job.is_some_and(|job| {
            self.suspects.release(job.id);
            true
        })
    }
}
