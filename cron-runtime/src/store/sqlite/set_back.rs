//! Marks that were written under a wrong clock.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::judge::{Place, Waits, is_astray, wake_set_back};
use cron_core::run::{JobId, SkipReason};
use cron_core::schedule::Schedule;
use rusqlite::{OptionalExtension, params};

use super::super::StoreError;
use super::db::Db;
use super::marks::Mark;
use super::rows::{ACTIVE, Columns, failed, read_name, to_int, to_ms};

impl Db<'_> {
    pub(super) fn set_back(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, DateTime<Utc>)>, StoreError> {
        let mut told = Vec::new();
        for (job, name) in self.astray(now)? {
            // Declared by a newer program in words that this one does not know: that one sets it back.
            if matches!(self.entry(job), Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. })) {
                continue;
            }
            let mut mark = self.mark(job)?;
            told.push((name.clone(), mark.place.mark));
            self.void_verdicts(job, now)?;
            self.set_one_back(&mut mark, now)?;
        }
        self.wait_in_time(told.iter().map(|(_, mark)| *mark).max(), now)?;
        self.void_holds(now)?;
        Ok(told)
    }

    /// Waits that were told under the wrong clock end as soon as under the right one. Leases stay: their owner may live, with another clock.
    fn wait_in_time(&self, wrong: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, wake_ms, ifnull(started_ms, nominal_ms) AS since_ms, \
             duration_us IS NOT NULL AS is_measured, state = 'scheduled' AS is_scheduled FROM runs \
             INDEXED BY runs_active WHERE {ACTIVE} AND wake_ms > ?1"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        let mut wakes = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (run, wake) = (row.u64("id")?, row.instant("wake_ms")?);
            let (since, is_measured) = (row.instant("since_ms")?, row.get("is_measured")?);
            let waits = Waits { wake, is_scheduled: row.get("is_scheduled")?, since, is_measured };
            wakes.extend(wake_set_back(waits, wrong, now).map(|wake| (run, wake)));
        }
        drop(rows);
        for (run, wake) in wakes {
            self.run("UPDATE runs SET wake_ms = ?2 WHERE id = ?1", params![to_int(run), to_ms(wake)])?;
        }
        Ok(())
    }

    /// What runs of a time that has not come said about the next one; not where it was counted from their end, under the right clock.
    fn void_holds(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "SELECT marks.job_id, hold_ms FROM marks JOIN runs ON runs.id = hold_by \
                   WHERE hold_ms > ?1 AND started_ms > ?1 AND hold_ms >= started_ms ORDER BY marks.job_id";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        let mut void = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (job, until) = (JobId(row.u64("job_id")?), row.instant("hold_ms")?);
            void.extend(is_astray(until, now).then_some(job));
        }
        drop(rows);
        drop(statement);
        for job in void {
            let entry = match self.entry_or_known(job) {
                Ok(entry) => entry,
                // Declared by a newer program in words that this one does not know.
                Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => continue,
                Err(error) => return Err(error),
            };
            let mut mark = self.mark(job)?;
            mark.place.hold = None;
            self.rearm(&mut mark, &entry)?;
            self.write_mark(&mark)?;
        }
        Ok(())
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
    fn void_verdicts(&self, job: JobId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (number, at) = (to_int(job.0), to_ms(now));
        let sql = "UPDATE runs SET lane = id WHERE job_id = ?1 AND nominal_ms > ?2 AND lane = 0";
        self.run(sql, params![number, at])?;
        self.run("DELETE FROM skips WHERE job_id = ?1 AND first_ms > ?2", params![number, at])?;
        let sql = "SELECT first_ms FROM skips WHERE job_id = ?1 AND last_ms > ?2";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![number, at]).map_err(failed)?;
        let mut cut = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            cut.push(Columns::of(row).instant("first_ms")?);
        }
        for first in cut {
            let schedule = self.schedule_at(job, first)?;
            let (last, count) = up_to(schedule.as_ref(), first, now);
            let sql =
                "UPDATE skips SET last_ms = ?3, count = ?4, reason = ?5 WHERE job_id = ?1 AND first_ms = ?2";
            let reason = SkipReason::Clock.as_str();
            self.run(sql, params![number, to_ms(first), to_ms(last), to_int(count), reason])?;
        }
        Ok(())
    }

    /// The schedule that was in force at a tick. `None` too where it is in words that this version does not know: of its block the first
    /// tick is what is left.
    fn schedule_at(&self, job: JobId, tick: DateTime<Utc>) -> Result<Option<Schedule>, StoreError> {
        let sql = "SELECT schedule FROM segments WHERE job_id = ?1 AND since_ms < ?2 ORDER BY since_ms DESC LIMIT 1";
        let mut statement = self.statement(sql)?;
        let text: Option<Option<String>> = statement
            .query_row(params![to_int(job.0), to_ms(tick)], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        Ok(text.flatten().and_then(|text| text.parse().ok()))
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
