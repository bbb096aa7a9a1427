//! What a clock that was set has left with a job, as the file has it: nearly always nothing, so it is kept in memory until another process
//! has written to the file, and costs a job that no clock has touched nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cron_core::run::JobId;
use rusqlite::params;

use super::super::StoreError;
use super::db::Db;
use super::rows::{Columns, failed, to_int, to_ms};

/// A part of the [`Place`](cron_core::judge::Place) of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Until when skips are suspended.
    pub(super) suspended: Option<DateTime<Utc>>,
    /// Up to where the instants beside the ticks are decided.
    pub(super) beside: Option<DateTime<Utc>>,
}

type Jobs = BTreeMap<JobId, Left>;

/// The jobs with which something is left.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// There are none. Each run asks for that several times.
    are_none: Cell<bool>,
    /// `None` where they have to be read.
    jobs: RefCell<Option<Jobs>>,
}

impl Known {
    /// Nothing is believed any more.
    pub(super) fn doubt(&self) {
        self.set(None);
    }

    /// The file has none.
    pub(super) fn are_none(&self) {
        self.set(Some(Jobs::new()));
    }

    fn set(&self, jobs: Option<Jobs>) {
        self.are_none.set(jobs.as_ref().is_some_and(Jobs::is_empty));
        *self.jobs.borrow_mut() = jobs;
    }

    fn put(&self, job: JobId, left: Left) {
        let mut jobs = self.jobs.take();
        if let Some(known) = jobs.as_mut() {
            match left == Left::default() {
                true => known.remove(&job),
                false => known.insert(job, left),
            };
        }
        self.set(jobs);
    }
}

impl Db<'_> {
    #[inline]
    pub(super) fn left_by_clock(&self, job: JobId) -> Result<Left, StoreError> {
        if self.known_left.are_none.get() { Ok(Left::default()) } else { self.look_up_left(job) }
    }

    fn look_up_left(&self, job: JobId) -> Result<Left, StoreError> {
        if let Some(known) = self.known_left.jobs.borrow().as_ref() {
            return Ok(known.get(&job).copied().unwrap_or_default());
        }
        let sql = "SELECT job_id, suspended_ms, beside_ms FROM rewinds \
                   WHERE suspended_ms IS NOT NULL OR beside_ms IS NOT NULL";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut known = Jobs::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let job = JobId(row.u64("job_id")?);
            let suspended = row.instant_or_null("suspended_ms")?;
            known.insert(job, Left { suspended, beside: row.instant_or_null("beside_ms")? });
        }
        let left = known.get(&job).copied().unwrap_or_default();
        self.known_left.set(Some(known));
        Ok(left)
    }

    /// Where nothing is suspended any more, the clock has passed through all that was.
    pub(super) fn write_left(&self, job: JobId, left: Left) -> Result<(), StoreError> {
        let number = to_int(job.0);
        let before = self.left_by_clock(job)?;
        let sql = "INSERT INTO rewinds (job_id, suspended_ms, beside_ms) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (job_id) DO UPDATE SET suspended_ms = ?2, beside_ms = ?3";
        self.run(sql, params![number, left.suspended.map(to_ms), left.beside.map(to_ms)])?;
        self.known_left.put(job, left);
        if before.suspended != left.suspended {
            self.execute("UPDATE counters SET rewinds = rewinds + 1")?;
        }
        if before.suspended.is_some() && left.suspended.is_none() {
            self.run("UPDATE suspended SET taken_back = 1 WHERE job_id = ?1", [number])?;
        }
        Ok(())
    }

    /// A job is gone.
    pub(super) fn forget_left(&self, job: JobId) -> Result<(), StoreError> {
        self.run("DELETE FROM rewinds WHERE job_id = ?1", [to_int(job.0)])?;
        self.known_left.put(job, Left::default());
        Ok(())
    }
}
