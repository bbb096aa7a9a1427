//! Dead letters: runs that ended badly and wait for a person.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::Admission;
use cron_core::run::{JobId, RunEvent, RunId, RunState};
use rusqlite::params;

use super::super::super::{CommandError, Done, StoreError};
use super::super::claim::step;
use super::super::db::Db;
use super::super::known::Entry;
use super::super::marks::Mark;
use super::super::rows::{DEAD, from_int, state_columns, to_int, to_ms};

impl Db<'_> {
    pub(super) fn retry(&self, run: RunId, force: bool, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let job = self.job_of(run)?;
        let state = self.held_any(run)?.progress.state;
        if !(state.word().is_dead() || state == RunState::Cancelled) {
            let (job, state) = (self.name_of(job)?, state.word());
            return Err(CommandError::NotRetriable { run, job, state });
        }
        let (entry, mut mark) = (self.entry(job)?, self.mark(job)?);
        let parked = match self.admitted(&mut mark, &entry, force, now)? {
            Admission::Start => false,
            Admission::Wait(_) => true,
            Admission::Refuse(holder) => {
                return Err(CommandError::Held { job: self.name_of(job)?, holder });
            }
        };
        self.revive(run, parked, &mut mark, &entry, now)?;
        Ok(Done::Retried { runs: vec![run] })
    }

    pub(super) fn retry_all(&self, job: Option<&JobName>, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let runs = self.dead_letters(job)?;
        for run in &runs {
            let job = self.job_of(*run)?;
            let (entry, mut mark) = (self.entry(job)?, self.mark(job)?);
            let parked = !matches!(self.admitted(&mut mark, &entry, false, now)?, Admission::Start);
            self.revive(*run, parked, &mut mark, &entry, now)?;
        }
        Ok(Done::Retried { runs })
    }

    pub(super) fn dismiss(&self, run: RunId, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let job: JobId = self.job_of(run)?;
        let state = self.held_any(run)?.progress.state.word();
        if !state.is_dead() {
            let job = self.name_of(job)?;
            return Err(CommandError::NotDead { run, job, state });
        }
        let sql = "UPDATE runs SET dismissed_ms = ?2 WHERE id = ?1 AND dismissed_ms IS NULL";
        let count = self.run(sql, params![to_int(run.0), to_ms(now)])? as u64;
        Ok(Done::Dismissed { count })
    }

    pub(super) fn dismiss_all(
        &self,
        job: Option<&JobName>,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let runs = self.dead_letters(job)?;
        for run in &runs {
            let sql = "UPDATE runs SET dismissed_ms = ?2 WHERE id = ?1";
            self.run(sql, params![to_int(run.0), to_ms(now)])?;
        }
        Ok(Done::Dismissed { count: runs.len() as u64 })
    }

    /// The dead letters of a job, or of all, oldest first.
    fn dead_letters(&self, job: Option<&JobName>) -> Result<Vec<RunId>, CommandError> {
        let runs = match job {
            Some(job) => {
                let sql = format!("SELECT id FROM runs WHERE job_id = ?1 AND {DEAD} ORDER BY id");
                self.all::<i64>(&sql, [to_int(self.named(job)?.0)])?
            }
            None => {
                let sql = format!("SELECT id FROM runs INDEXED BY runs_dead WHERE {DEAD} ORDER BY id");
                self.all::<i64>(&sql, [])?
            }
        };
        runs.into_iter().map(|run| Ok(RunId(from_int(run)?))).collect()
    }

    fn revive(
        &self,
        run: RunId,
        parked: bool,
        mark: &mut Mark,
        entry: &Entry,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let moved =
            step(run, entry, self.held_any(run)?.progress, RunEvent::Revive { at: now, parked })?.progress;
        let (overdue, wake) = state_columns(&moved.state);
        let sql = "UPDATE runs SET state = ?2, overdue = ?3, wake_ms = ?4, attempts_used = ?5, crashes = ?6, \
                   error = NULL, error_seq = NULL, dismissed_ms = NULL, asked_ms = NULL, asked_why = NULL, \
                   progress = NULL, progress_note = NULL, ended_ms = NULL WHERE id = ?1";
        let values = params![
            to_int(run.0),
            moved.state.word().as_str(),
            overdue,
            wake,
            moved.attempts_used,
            moved.crashes,
        ];
        self.changed(sql, values)?;
        if moved.state.holds_slot() {
            mark.active += 1;
        } else {
            mark.parked += 1;
        }
        self.write_mark(mark)
    }
}
