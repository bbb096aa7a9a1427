//! Dynamic jobs that a run of theirs has asked to remove.

use cron_core::judge::closed_by;
use cron_core::run::{JobId, RunId};
use rusqlite::params;

use super::super::{Note, StoreError};
use super::db::Db;
use super::known::Entry;
use super::marks::Mark;
use super::rows::{from_int, to_int};

impl Db<'_> {
    /// What an attempt in progress says of its job: it is to be removed once its runs have ended, and has no ticks until then.
    pub(super) fn write_wish(
        &self,
        run: RunId,
        note: &Note,
        mark: &mut Mark,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        if !note.removes_job || entry.plan.handler.is_none() {
            return Ok(());
        }
        let sql = "INSERT OR IGNORE INTO removals (job_id, run_id) VALUES (?1, ?2)";
        self.run(sql, params![to_int(mark.job.0), to_int(run.0)])?;
        self.may_have_removals.set(true);
        mark.place.hold = Some(closed_by(run));
        self.rearm(mark, entry)
    }

    /// The run that has asked for the removal of a job.
    pub(super) fn removal(&self, job: JobId) -> Result<Option<RunId>, StoreError> {
        if !self.may_have_removals.get() {
            return Ok(None);
        }
        let found: Vec<i64> = self.all("SELECT run_id FROM removals WHERE job_id = ?1", [to_int(job.0)])?;
        found.first().map(|run| Ok(RunId(from_int(*run)?))).transpose()
    }

    /// Somebody wants a job as it is, or another one in its place.
    pub(super) fn withdraw_removal(&self, job: JobId) -> Result<(), StoreError> {
        let Some(by) = self.removal(job)? else { return Ok(()) };
        self.run("DELETE FROM removals WHERE job_id = ?1", [to_int(job.0)])?;
        let mut mark = self.mark(job)?;
        if mark.place.hold == Some(closed_by(by)) {
            mark.place.hold = None;
            let entry = self.entry_or_known(job)?;
            self.rearm(&mut mark, &entry)?;
            self.write_mark(&mark)?;
        }
        Ok(())
    }

    /// Removes the jobs whose last run has ended in this request.
    pub(super) fn remove_what_has_ended(&self) -> Result<(), StoreError> {
        if !self.may_have_removals.get() {
            return Ok(());
        }
        let mut has_more = false;
        for id in self.all::<i64>("SELECT job_id FROM removals ORDER BY job_id", [])? {
            let id = JobId(from_int(id)?);
            if self.busy(id)?.is_some() {
                has_more = true;
                continue;
            }
            self.forget(id)?;
            self.at_hand.clear();
        }
        self.may_have_removals.set(has_more);
        Ok(())
    }
}
