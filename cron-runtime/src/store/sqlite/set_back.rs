//! Marks that were written under a wrong clock.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::judge::{Place, is_astray};
use cron_core::run::{JobId, SkipReason};
use cron_core::schedule::Schedule;
use rusqlite::params;

use super::super::StoreError;
use super::db::Db;
use super::ledger::segments;
use super::marks::Mark;
use super::rows::{Columns, failed, read_name, to_int, to_ms};

impl Db<'_> {
    pub(super) fn set_back(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, DateTime<Utc>)>, StoreError> {
        let mut told = Vec::new();
        for (job, name) in self.astray(now)? {
            // Declared by a newer program in words that this one does not know: that one sets it back.
            if matches!(self.entry_or_known(job), Err(StoreError::Corrupt { .. })) {
                continue;
            }
            let mut mark = self.mark(job)?;
            told.push((name.clone(), mark.place.mark));
            self.void_verdicts(job, &name, now)?;
            self.set_one_back(&mut mark, now)?;
        }
        Ok(told)
    }

    fn astray(&self, now: DateTime<Utc>) -> Result<Vec<(JobId, JobName)>, StoreError> {
        let sql = "SELECT job_id, mark_ms, name FROM marks JOIN jobs ON jobs.id = job_id \
                   WHERE mark_ms > ?1 ORDER BY name";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        let mut astray = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (job, mark) = (JobId(row.u64("job_id")?), row.instant("mark_ms")?);
            if is_astray(mark, now) {
                astray.push((job, read_name(&row.get::<String>("name")?)?));
            }
        }
        Ok(astray)
    }

    /// Later ticks have no verdict any more; their runs stay in the record beside the ticks.
    fn void_verdicts(&self, job: JobId, name: &JobName, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (number, at) = (to_int(job.0), to_ms(now));
        let sql = "UPDATE runs SET lane = id WHERE job_id = ?1 AND nominal_ms > ?2 AND lane = 0";
        self.run(sql, params![number, at])?;
        self.run("DELETE FROM skips WHERE job_id = ?1 AND first_ms > ?2", params![number, at])?;
        let segments = segments(self.connection, name.as_str(), job)?;
        let sql = "SELECT first_ms FROM skips WHERE job_id = ?1 AND last_ms > ?2";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![number, at]).map_err(failed)?;
        let mut cut = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            cut.push(Columns::of(row).instant("first_ms")?);
        }
        for first in cut {
            let segment = segments.iter().rev().find(|segment| segment.since < first);
            let schedule = segment.and_then(|segment| segment.schedule.as_ref());
            let (last, count) = up_to(schedule, first, now);
            let sql =
                "UPDATE skips SET last_ms = ?3, count = ?4, reason = ?5 WHERE job_id = ?1 AND first_ms = ?2";
            let reason = SkipReason::Clock.as_str();
            self.run(sql, params![number, to_ms(first), to_ms(last), to_int(count), reason])?;
        }
        Ok(())
    }

    fn set_one_back(&self, mark: &mut Mark, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (number, at) = (to_int(mark.job.0), to_ms(now));
        // The newest schedule is in force from now on; those between never were.
        let newest = "(SELECT max(since_ms) FROM segments WHERE job_id = ?1)";
        let sql =
            format!("DELETE FROM segments WHERE job_id = ?1 AND since_ms >= ?2 AND since_ms < {newest}");
        self.run(&sql, params![number, at])?;
        let sql = "UPDATE segments SET since_ms = ?2 WHERE job_id = ?1 AND since_ms > ?2";
        if self.changed(sql, params![number, at])? {
            self.anchor_anew(mark.job, now)?;
        }
        self.folded.borrow_mut().remove(mark.job);
        let sql = "UPDATE marks SET pruned_ms = min(pruned_ms, ?2) WHERE job_id = ?1";
        self.run(sql, params![number, at])?;
        let hold = mark.place.hold.filter(|hold| hold.until.is_none_or(|until| !is_astray(until, now)));
        mark.place = Place { mark: now, queued: None, hold };
        let entry = self.entry_or_known(mark.job)?;
        self.rearm(mark, &entry)?;
        self.write_mark(mark)
    }
}

impl Db<'_> {
    /// The schedule of a job was edited under the wrong clock. What counts from its beginning counts from the right time, too.
    fn anchor_anew(&self, job: JobId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (number, at) = (to_int(job.0), to_ms(now));
        self.run("UPDATE jobs SET since_ms = ?2 WHERE id = ?1 AND since_ms > ?2", params![number, at])?;
        self.unknow(job);
        // One whose words this program does not know was left out before.
        let schedule = self.entry(job)?.schedule().map(ToString::to_string);
        let sql = "UPDATE segments SET schedule = ?3 WHERE job_id = ?1 AND since_ms = ?2";
        self.run(sql, params![number, at, schedule])?;
        Ok(())
    }
}

/// The last tick of a block that begins at `first`, up to `now`, and how many there are.
fn up_to(schedule: Option<&Schedule>, first: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, u64) {
    let Some(schedule) = schedule else { return (first, 1) };
    let last = schedule.prev_before(now + TimeDelta::milliseconds(1)).filter(|last| *last >= first);
    let last = last.unwrap_or(first);
    let before = first.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(first);
    (last, schedule.count_between(before, last).max(1))
}
