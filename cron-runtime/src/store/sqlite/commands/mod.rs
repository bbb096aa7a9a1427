//! What people and programs ask for.

mod backfill;
mod cancel;
mod dead;
mod dynamic;
mod pause;
mod trigger;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Label};
use cron_core::run::{JobId, RunId};
use cron_core::suggest::nearest;
use rusqlite::{OptionalExtension, Params};

use super::super::{Command, CommandError, Done, StoreError, Target};
use super::db::Db;
use super::rows::{failed, from_int, read_name, to_int};

pub(super) use backfill::plan_backfill;

impl Db<'_> {
    pub(super) fn command(&mut self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        match command.fitted() {
            Command::Trigger(trigger) => self.trigger(trigger, now),
            Command::TriggerGroup { group } => self.trigger_group(&group, now),
            Command::Pause { target, by, note } => self.pause_target(target, &by, &note, now),
            Command::Resume { target } => self.resume(target, now),
            Command::Cancel { what, force, by, note } => self.cancel(&what, force, by, note, now),
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

    /// The number of a job that somebody names.
    fn named(&self, job: &JobName) -> Result<JobId, CommandError> {
        match self.job_id(job)? {
            Some(id) => Ok(id),
            None => {
                let names: Vec<String> = self.all("SELECT name FROM jobs ORDER BY name", [])?;
                Err(unknown_job(job, &names))
            }
        }
    }

    /// The jobs of a group in the order of their names; a group without any is unknown.
    fn jobs_in(&self, group: &Label) -> Result<Vec<(JobId, JobName)>, CommandError> {
        let sql = "SELECT id FROM jobs WHERE grp = ?1 ORDER BY name";
        let ids: Vec<i64> = self.all(sql, [group.as_str()])?;
        if ids.is_empty() {
            let groups: Vec<String> =
                self.all("SELECT grp FROM jobs WHERE grp IS NOT NULL ORDER BY name", [])?;
            let near = nearest(group.as_str(), groups.iter().map(String::as_str)).map(str::to_owned);
            return Err(CommandError::UnknownGroup { group: group.to_string(), near });
        }
        ids.into_iter().map(|id| Ok((JobId(from_int(id)?), self.name_of(JobId(from_int(id)?))?))).collect()
    }

    fn jobs_of(&self, target: &Target) -> Result<Vec<JobId>, CommandError> {
        match target {
            Target::Job(job) => Ok(vec![self.named(job)?]),
            Target::Group(group) => Ok(self.jobs_in(group)?.into_iter().map(|(id, _)| id).collect()),
        }
    }

    pub(super) fn name_of(&self, job: JobId) -> Result<JobName, StoreError> {
        let mut statement = self.statement("SELECT name FROM jobs WHERE id = ?1")?;
        let name: String = statement.query_row([to_int(job.0)], |row| row.get(0)).map_err(failed)?;
        read_name(&name)
    }

    /// The job of a run that somebody names.
    fn job_of(&self, run: RunId) -> Result<JobId, CommandError> {
        let mut statement = self.statement("SELECT job_id FROM runs WHERE id = ?1")?;
        let job: Option<i64> = statement
            .query_row([to_int(run.0)], |row| row.get(0))
            .optional()
            .map_err(failed)
            .map_err(CommandError::from)?;
        match job {
            Some(job) => Ok(JobId(from_int(job)?)),
            None => Err(CommandError::UnknownRun { run }),
        }
    }

    /// The first column of all rows.
    pub(super) fn all<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.statement(sql)?;
        let all = statement.query_map(params, |row| row.get(0)).map_err(failed)?.collect::<Result<_, _>>();
        all.map_err(failed)
    }
}

fn unknown_job(job: &JobName, names: &[String]) -> CommandError {
    let near = nearest(job.as_str(), names.iter().map(String::as_str)).map(str::to_owned);
    CommandError::UnknownJob { job: job.to_string(), near }
}
