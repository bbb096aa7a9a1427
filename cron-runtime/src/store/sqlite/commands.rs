//! What people and programs ask for.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::{admit, close};
use cron_core::run::{JobId, Origin, Progress, SkipReason};
use cron_core::suggest::nearest;
use rusqlite::{OptionalExtension, params};

use super::super::{Command, CommandError, Done, PauseInfo, StoreError};
use super::db::Db;
use super::rows::{failed, from_ms, state_columns, to_int, to_ms};

impl Db {
    pub(super) fn command(&mut self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let Some(id) = self.job_id(command.job())? else { return Err(self.unknown(command.job())?) };
        match command {
            Command::Trigger { job } => self.trigger(job, id, now),
            Command::Pause { job, by, note } => self.pause(job, id, PauseInfo { at: now, by, note }),
            Command::Resume { job } => self.resume(job, id, now),
        }
    }

    fn unknown(&self, name: &JobName) -> Result<CommandError, StoreError> {
        let mut statement = self.statement("SELECT name FROM jobs")?;
        let names: Result<Vec<String>, _> =
            statement.query_map([], |row| row.get(0)).map_err(failed)?.collect();
        let names = names.map_err(failed)?;
        let near = nearest(name.as_str(), names.iter().map(String::as_str)).map(str::to_owned);
        Ok(CommandError::UnknownJob { job: name.to_string(), near })
    }

    fn trigger(&self, job: JobName, id: JobId, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let entry = self.entry(id)?;
        if let Some(holder) = admit(entry.plan.overlap, self.holder(id)?) {
            return Err(CommandError::Held { job, holder });
        }
        let run = self.next_run_id()?;
        let progress = Progress::scheduled(now);
        let (overdue, wake) = state_columns(&progress.state);
        let sql = "INSERT INTO runs (id, job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, \
                   epoch, wake_ms) VALUES (?1, ?2, ?3, ?1, ?4, ?5, ?6, 0, 0, 0, ?7)";
        let values = params![
            to_int(run.0),
            to_int(id.0),
            to_ms(now),
            Origin::Manual.as_str(),
            progress.state.word().as_str(),
            overdue,
            wake,
        ];
        self.statement(sql)?.execute(values).map_err(failed).map_err(CommandError::from)?;
        self.changed("UPDATE marks SET active = active + 1 WHERE job_id = ?1", [to_int(id.0)])?;
        Ok(Done::Triggered { run })
    }

    fn pause(&self, job: JobName, id: JobId, pause: PauseInfo) -> Result<Done, CommandError> {
        if let Some(since) = self.paused(id)? {
            return Err(CommandError::PausedAlready { job, since });
        }
        let sql = "UPDATE jobs SET paused_ms = ?2, paused_by = ?3, paused_note = ?4 WHERE id = ?1";
        self.changed(sql, params![to_int(id.0), to_ms(pause.at), pause.by, pause.note])?;
        self.changed("UPDATE marks SET due_ms = NULL WHERE job_id = ?1", [to_int(id.0)])?;
        Ok(Done::Paused)
    }

    fn resume(&self, job: JobName, id: JobId, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let Some(pause) = self.paused(id)? else { return Err(CommandError::NotPaused { job }) };
        let reason = pause.reason();
        let entry = self.entry(id)?;
        let mark = self.mark(id)?;
        let is_active = self.holder(id)?.is_some();
        let mut skipped = 0;
        let closed = |schedule| close(schedule, mark, Some(pause.at), is_active, now);
        for skip in entry.schedule.iter().flat_map(closed) {
            let is_paused = skip.reason == SkipReason::Paused;
            skipped += if is_paused { skip.count } else { 0 };
            self.write_skip(id, &skip, if is_paused { &reason } else { "" })?;
        }
        let mark = mark.max(now);
        let next = entry.due(mark, false, is_active);
        self.write_mark(id, mark, next)?;
        let sql = "UPDATE jobs SET paused_ms = NULL, paused_by = NULL, paused_note = NULL WHERE id = ?1";
        self.changed(sql, [to_int(id.0)])?;
        Ok(Done::Resumed { skipped, next })
    }

    fn paused(&self, id: JobId) -> Result<Option<PauseInfo>, StoreError> {
        let mut statement = self.statement(
            "SELECT paused_ms, paused_by, paused_note FROM jobs WHERE id = ?1 AND paused_ms IS NOT NULL",
        )?;
        let row: Option<(i64, String, String)> = statement
            .query_row([to_int(id.0)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()
            .map_err(failed)?;
        row.map(|(at, by, note)| Ok(PauseInfo { at: from_ms(at)?, by, note })).transpose()
    }

    fn mark(&self, id: JobId) -> Result<DateTime<Utc>, StoreError> {
        let mut statement = self.statement("SELECT mark_ms FROM marks WHERE job_id = ?1")?;
        let mark: i64 = statement.query_row([to_int(id.0)], |row| row.get(0)).map_err(failed)?;
        from_ms(mark)
    }
}
