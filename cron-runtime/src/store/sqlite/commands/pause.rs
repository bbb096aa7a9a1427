//! Pausing and resuming jobs and groups.

use chrono::{DateTime, Utc};
use cron_core::judge::begin_beside;
use rusqlite::params;

use super::super::super::{CommandError, Done, PauseInfo, StoreError, Target};
use super::super::db::Db;
use super::super::rows::{Columns, failed, to_ms};

impl Db<'_> {
    pub(super) fn pause_target(
        &self,
        target: Target,
        by: &str,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let jobs = self.jobs_of(&target)?;
        if let Some(since) = self.own_pause(&target)? {
            return Err(CommandError::PausedAlready { target, since });
        }
        let sql = match &target {
            Target::Job(_) => {
                "UPDATE jobs SET paused_ms = ?2, paused_by = ?3, paused_note = ?4 WHERE name = ?1"
            }
            Target::Group(_) => {
                "INSERT INTO groups (name, paused_ms, paused_by, paused_note) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (name) DO UPDATE SET paused_ms = ?2, paused_by = ?3, paused_note = ?4"
            }
        };
        self.run(sql, params![name(&target), to_ms(now), by, note])?;
        let mut in_progress = 0;
        for job in jobs {
            let (entry, mut mark) = (self.entry(job)?, self.mark(job)?);
            in_progress += u64::from(mark.active) + u64::from(mark.parked);
            // Without a due instant it is looked up whether the job is paused.
            mark.due = None;
            self.rearm(&mut mark, &entry)?;
            self.write_mark(&mark)?;
        }
        Ok(Done::Paused { in_progress })
    }

    pub(super) fn resume(&self, target: Target, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let jobs = self.jobs_of(&target)?;
        if self.own_pause(&target)?.is_none() {
            return Err(CommandError::NotPaused { target });
        }
        let mut skipped = 0;
        let mut closed = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (entry, mut mark) = (self.entry(job)?, self.mark(job)?);
            let pause = self.pause(job)?;
            skipped += self.close_until(&mut mark, &entry, pause.as_ref(), now)?;
            closed.push((entry, mark));
        }
        let sql = match &target {
            Target::Job(_) => {
                "UPDATE jobs SET paused_ms = NULL, paused_by = NULL, paused_note = NULL WHERE name = ?1"
            }
            Target::Group(_) => {
                "UPDATE groups SET paused_ms = NULL, paused_by = NULL, paused_note = NULL WHERE name = ?1"
            }
        };
        self.run(sql, [name(&target)])?;
        let mut next = None;
        for (entry, mut mark) in closed {
            if matches!(target, Target::Job(_)) {
                self.release_suspect(mark.job)?;
            }
            mark.place.beside = begin_beside(entry.schedule(), mark.place, now);
            mark.due = None;
            self.rearm(&mut mark, &entry)?;
            self.write_mark(&mark)?;
            next = mark.due.into_iter().chain(next).min();
        }
        Ok(Done::Resumed { skipped, next })
    }

    /// The pause of the job itself, or of the group.
    fn own_pause(&self, target: &Target) -> Result<Option<PauseInfo>, StoreError> {
        let mut statement = self.statement(match target {
            Target::Job(_) => "SELECT paused_ms, paused_by, paused_note FROM jobs WHERE name = ?1",
            Target::Group(_) => "SELECT paused_ms, paused_by, paused_note FROM groups WHERE name = ?1",
        })?;
        let mut rows = statement.query([name(target)]).map_err(failed)?;
        match rows.next().map_err(failed)? {
            Some(row) => Columns::of(row).pause(),
            None => Ok(None),
        }
    }
}

fn name(target: &Target) -> &str {
    match target {
        Target::Job(job) => job.as_str(),
        Target::Group(group) => group.as_str(),
    }
}
