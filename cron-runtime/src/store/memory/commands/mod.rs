//! What people and programs ask for.

mod backfill;
mod cancel;
mod dead;
mod dynamic;
mod pause;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Label};
use cron_core::judge::{Admission, admit};
use cron_core::policy::Overlap;
use cron_core::run::{Origin, RunId};
use cron_core::suggest::nearest;

use super::super::types::Given;
use super::super::{Command, CommandError, Done, StoreError, Target, Trigger};
use super::book::Book;

impl Book {
    pub(super) fn command(&mut self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        match command.fitted() {
            Command::Trigger(trigger) => self.trigger(trigger, now),
            Command::TriggerGroup { group } => self.trigger_group(&group, now),
            Command::Pause { target, by, note } => self.pause_target(target, by, note, now),
            Command::Resume { target } => self.resume(target, now),
            Command::Cancel { what, force, by, note } => self.cancel(&what, force, &by, &note, now),
            Command::Retry { run, force } => self.retry(run, force, now),
            Command::RetryAll { job } => self.retry_all(job.as_ref(), now),
            Command::Dismiss { run } => self.dismiss(run, now),
            Command::DismissAll { job } => self.dismiss_all(job.as_ref(), now),
            Command::Backfill(backfill) => self.backfill(&backfill, now),
            Command::Upsert { plans } => self.upsert(&plans, now),
            Command::RunOnce { plan, again } => self.run_once(*plan, again, now),
            Command::Remove { jobs } => self.remove(&jobs, now),
        }
    }

    pub(super) fn check_job(&self, job: &JobName) -> Result<(), CommandError> {
        if self.jobs.contains_key(job) {
            return Ok(());
        }
        let near = nearest(job.as_str(), self.jobs.keys().map(JobName::as_str)).map(str::to_owned);
        Err(CommandError::UnknownJob { job: job.to_string(), near })
    }

    /// The jobs of a group in the order of their names; a group without any is unknown.
    fn jobs_in(&self, group: &Label) -> Result<Vec<JobName>, CommandError> {
        let of_group = self.jobs.values().filter(|job| job.plan.group.as_ref() == Some(group));
        let jobs: Vec<_> = of_group.map(|job| job.plan.name.clone()).collect();
        if !jobs.is_empty() {
            return Ok(jobs);
        }
        let groups = self.jobs.values().filter_map(|job| job.plan.group.as_ref());
        let near = nearest(group.as_str(), groups.map(Label::as_str)).map(str::to_owned);
        Err(CommandError::UnknownGroup { group: group.to_string(), near })
    }

    fn jobs_of(&self, target: &Target) -> Result<Vec<JobName>, CommandError> {
        match target {
            Target::Job(job) => self.check_job(job).map(|()| vec![job.clone()]),
            Target::Group(group) => self.jobs_in(group),
        }
    }

    /// Whether a run that somebody asks for may start. Under `overlap = "cancel"` the job is judged next, to make room for it.
    fn admitted(&mut self, job: &JobName, force: bool, now: DateTime<Utc>) -> Result<Admission, StoreError> {
        let active = self.active(job);
        let waiting = self.parked(job, false).len();
        let entry = self.known_mut(job)?;
        let admission = admit(entry.plan.overlap, entry.plan.slots, &active, waiting, force);
        if matches!(admission, Admission::Wait(_)) && entry.plan.overlap == Overlap::Cancel {
            entry.due = Some(now);
        }
        Ok(admission)
    }

    fn trigger(&mut self, trigger: Trigger, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let Trigger { job, args, force } = trigger;
        self.check_job(&job)?;
        let waits_for = match self.admitted(&job, force, now)? {
            Admission::Start => None,
            Admission::Wait(holder) => Some(holder),
            Admission::Refuse(holder) => return Err(CommandError::Held { job, holder }),
        };
        let run = self.new_run(&job, now, Origin::Manual, waits_for.is_none().then_some(now));
        if let Some(run) = self.runs.get_mut(&run) {
            run.rare.args = args.map_or(Given::OfJob, |args| Given::Own(Some(args.into())));
        }
        Ok(Done::Triggered { run, waits_for })
    }

    fn trigger_group(&mut self, group: &Label, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let (mut triggered, mut held) = (Vec::new(), Vec::new());
        for job in self.jobs_in(group)? {
            let trigger = Trigger { job: job.clone(), args: None, force: false };
            match self.trigger(trigger, now) {
                Ok(Done::Triggered { run, .. }) => triggered.push((job, run)),
                Err(CommandError::Held { holder, .. }) => held.push((job, holder)),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Done::TriggeredGroup { triggered, held })
    }

    fn check_run(&self, run: RunId) -> Result<(), CommandError> {
        if self.runs.contains(run) { Ok(()) } else { Err(CommandError::UnknownRun { run }) }
    }
}
