//! What became of attempts. Every write names run, epoch and state, and must change exactly one row.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::judge::{mark_after_end, next_tick};
use cron_core::run::{
    AttemptRecord, AttemptResult, Epoch, JobId, Progress, RetryContext, RunEvent, RunId, RunState,
    Transition, transition,
};
use cron_core::schedule::Schedule;
use rusqlite::params;

use super::super::{Settled, Settlement, StoreError};
use super::db::{Db, Entry};
use super::rows::{failed, get_instant, get_u64, progress, state_columns, to_int, to_ms, to_us};

/// An attempt in progress, as the file has it.
pub(super) struct Held {
    pub(super) run: RunId,
    pub(super) job: JobId,
    pub(super) epoch: Epoch,
    pub(super) progress: Progress,
}

/// When an attempt began and how long it took, where that is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Measured {
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) duration: Option<Duration>,
}

impl Db {
    pub(super) fn settle(&mut self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        settlements.into_iter().map(|settlement| self.settle_one(settlement)).collect()
    }

    fn settle_one(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        let Settlement { claim, started, duration, event, at } = settlement;
        let measured = Measured { started: Some(started), duration: Some(duration) };
        let Some((held, attempt)) = self.held(claim.run, claim.epoch)? else {
            self.note_fenced(claim.run, claim.epoch, &event, measured)?;
            return Ok(Settled::Fenced);
        };
        let (moved, due) = self.apply(&held, attempt, event, at, measured)?;
        Ok(Settled::Moved { state: moved.progress.state, gave_way: moved.gave_way, due })
    }

    /// The attempt of a run if it is still the one of `epoch`, with its number.
    fn held(&self, run: RunId, epoch: Epoch) -> Result<Option<(Held, u32)>, StoreError> {
        let mut statement = self.statement(
            "SELECT job_id, state, overdue, wake_ms, attempts_used, crashes FROM runs \
             WHERE id = ?1 AND epoch = ?2 AND state = 'running'",
        )?;
        let mut rows = statement.query(params![to_int(run.0), to_int(epoch.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let progress = progress(row)?;
        let held = Held { run, job: JobId(get_u64(row, "job_id")?), epoch, progress };
        Ok(Some((held, progress.attempt())))
    }

    /// Lets the state machine decide and writes what it says. The instant is that of a job which waited for this.
    pub(super) fn apply(
        &self,
        held: &Held,
        attempt: u32,
        event: RunEvent,
        at: DateTime<Utc>,
        measured: Measured,
    ) -> Result<(Transition, Option<DateTime<Utc>>), StoreError> {
        let entry = self.entry_or_known(held.job)?;
        let next_tick = entry.schedule.as_ref().and_then(|schedule| next_tick(schedule, at, true));
        let context =
            RetryContext { run: held.run, retry: entry.plan.retry, overlap: entry.plan.overlap, next_tick };
        let moved = transition(held.progress, event, &context)
            .map_err(|illegal| StoreError::Illegal { run: held.run.0, illegal })?;
        self.write_run(held, &moved, measured)?;
        if let Some(record) = moved.record.as_ref().filter(|record| record.result != AttemptResult::Succeeded)
        {
            self.write_attempt(held.run, attempt, held.epoch, record, measured)?;
        }
        let due = if moved.progress.state.is_active() { None } else { self.free_slot(held.job, &entry, at)? };
        Ok((moved, due))
    }

    fn write_run(&self, held: &Held, moved: &Transition, measured: Measured) -> Result<(), StoreError> {
        let after = &moved.progress;
        let (overdue, wake) = state_columns(&after.state);
        let error = match (&moved.record, after.state) {
            (_, RunState::Succeeded) => Some(""),
            // An interruption is no failure, and says nothing about the one before it.
            (Some(record), _) if record.result == AttemptResult::Interrupted => None,
            (Some(record), _) => Some(record.message.as_str()),
            (None, _) => None,
        };
        let keeps_lease = matches!(after.state, RunState::Running { .. });
        let sql = "UPDATE runs SET state = ?3, overdue = ?4, wake_ms = ?5, attempts_used = ?6, crashes = ?7, \
                   owner = iif(?8, owner, NULL), lease_ms = iif(?8, lease_ms, NULL), \
                   started_ms = ifnull(?9, started_ms), duration_us = ?10, \
                   error = CASE WHEN ?11 IS NULL THEN error WHEN ?11 = '' THEN NULL ELSE ?11 END \
                   WHERE id = ?1 AND epoch = ?2 AND state = 'running'";
        let values = params![
            to_int(held.run.0),
            to_int(held.epoch.0),
            after.state.word().as_str(),
            overdue,
            wake,
            after.attempts_used,
            after.crashes,
            keeps_lease,
            measured.started.map(to_ms),
            measured.duration.map(to_us),
            error,
        ];
        match self.changed(sql, values)? {
            true => Ok(()),
            false => {
                Err(StoreError::Corrupt { what: format!("run {} changed within a transaction", held.run) })
            }
        }
    }

    pub(super) fn write_attempt(
        &self,
        run: RunId,
        attempt: u32,
        epoch: Epoch,
        record: &AttemptRecord,
        measured: Measured,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO attempts (run_id, seq, attempt, epoch, result, started_ms, duration_us, message) \
                   VALUES (?1, (SELECT count(*) FROM attempts WHERE run_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            to_int(run.0),
            attempt,
            to_int(epoch.0),
            record.result.as_str(),
            measured.started.map(to_ms),
            measured.duration.map(to_us),
            record.message,
        ];
        self.statement(sql)?.execute(values).map_err(failed)?;
        Ok(())
    }

    /// One active run less. If the judge waits for that (a backlog of `catch_up = "all"`, or a delay), the job is due again.
    fn free_slot(
        &self,
        job: JobId,
        entry: &Entry,
        at: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self.statement(
            "UPDATE marks SET active = active - 1 WHERE job_id = ?1 \
             RETURNING mark_ms, due_ms IS NULL AS unarmed, active > 0 AS is_active",
        )?;
        let mut rows = statement.query([to_int(job.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else {
            return Err(StoreError::Corrupt { what: format!("job number {job} has no high-water mark") });
        };
        let mark = get_instant(row, "mark_ms")?;
        let unarmed: bool = row.get("unarmed").map_err(failed)?;
        let is_active: bool = row.get("is_active").map_err(failed)?;
        drop(rows);
        drop(statement);
        let counts_from_here = matches!(entry.schedule, Some(Schedule::Delay(_))) && !is_active;
        if !unarmed && !counts_from_here {
            return Ok(None);
        }
        let paused = self.is_paused(job)?;
        if paused && !counts_from_here {
            return Ok(None);
        }
        let mark = match &entry.schedule {
            Some(schedule) if !is_active => mark_after_end(schedule, mark, at),
            _ => mark,
        };
        let due = entry.due(mark, paused, is_active);
        self.write_mark(job, mark, due)?;
        Ok(due)
    }

    pub(super) fn is_paused(&self, job: JobId) -> Result<bool, StoreError> {
        let mut statement = self.statement("SELECT paused_ms IS NOT NULL FROM jobs WHERE id = ?1")?;
        statement.query_row([to_int(job.0)], |row| row.get(0)).map_err(failed)
    }

    /// Keeps a refused result for the audit. It counts as nothing.
    fn note_fenced(
        &self,
        run: RunId,
        epoch: Epoch,
        event: &RunEvent,
        measured: Measured,
    ) -> Result<(), StoreError> {
        let mut statement =
            self.statement("SELECT state, overdue, wake_ms, attempts_used, crashes FROM runs WHERE id = ?1")?;
        let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
        // A run that is gone was pruned: nothing is left to note it with.
        let Some(row) = rows.next().map_err(failed)? else { return Ok(()) };
        let attempt = progress(row)?.attempt();
        let message = format!("a late result was refused: {event:?}");
        let record = AttemptRecord { result: AttemptResult::Fenced, message };
        self.write_attempt(run, attempt, epoch, &record, measured)
    }
}
