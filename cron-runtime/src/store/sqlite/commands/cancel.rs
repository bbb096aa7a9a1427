//! Cancelling runs.

use chrono::{DateTime, Utc};
use cron_core::run::{JobId, RunEvent, RunId, RunState};
use rusqlite::params;

use super::super::super::{Cancel, CommandError, Done, PauseInfo, StoreError};
use super::super::db::Db;
use super::super::rows::{ACTIVE, PARKED, from_int, to_int};
use super::super::settle::Measured;

impl Db<'_> {
    pub(super) fn cancel(
        &self,
        what: &Cancel,
        force: bool,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let runs = match what {
            Cancel::Run(run) => {
                let job = self.job_of(*run)?;
                let state = self.held_any(*run)?.progress.state;
                if !state.is_active() {
                    let job = self.name_of(job)?;
                    return Err(CommandError::Ended { run: *run, job, state: state.word() });
                }
                vec![(*run, job)]
            }
            Cancel::All(target) => self.active_runs(&self.jobs_of(target)?)?,
        };
        let why = format!("cancelled {}", PauseInfo { at: now, by, note }.reason());
        let (mut ended, mut asked) = (Vec::new(), Vec::new());
        for (run, job) in runs {
            if self.cancel_one(run, job, force, &why, now)? {
                ended.push(run);
            } else {
                asked.push(run);
            }
        }
        Ok(Done::Cancelled { ended, asked })
    }

    /// Every run of these jobs that is not final, oldest first.
    fn active_runs(&self, jobs: &[JobId]) -> Result<Vec<(RunId, JobId)>, StoreError> {
        let sql = format!(
            "SELECT id FROM runs WHERE job_id = ?1 AND {ACTIVE} \
             UNION ALL SELECT id FROM runs WHERE job_id = ?1 AND {PARKED}"
        );
        let mut runs = Vec::new();
        for job in jobs {
            for run in self.all::<i64>(&sql, [to_int(job.0)])? {
                runs.push((RunId(from_int(run)?), *job));
            }
        }
        runs.sort_unstable();
        Ok(runs)
    }

    /// Ends a run, or asks its attempt to stop. Says whether it has ended.
    fn cancel_one(
        &self,
        run: RunId,
        job: JobId,
        force: bool,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let held = self.held_any(run)?;
        if matches!(held.progress.state, RunState::Running { .. }) && !force {
            self.ask(run, why, now)?;
            return Ok(false);
        }
        let (entry, mut mark) = (self.entry_or_known(job)?, self.mark(job)?);
        let event = RunEvent::Cancel { at: now, why: why.to_owned() };
        let (moved, _) = self.apply(&held, &mut mark, &entry, event, now, Measured::default())?;
        self.write_mark(&mark)?;
        if moved.progress.state != RunState::Cancelled || moved.record.is_some() {
            return Ok(true);
        }
        self.run("UPDATE runs SET error = ?2 WHERE id = ?1", params![to_int(run.0), why])?;
        Ok(true)
    }
}
