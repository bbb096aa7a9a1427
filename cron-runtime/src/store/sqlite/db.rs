//! What the owner thread holds: the connection, this incarnation, and the jobs of this program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::next_tick;
use cron_core::run::{JobId, OwnerId, RunId};
use cron_core::schedule::Schedule;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, params};

use super::super::StoreError;
use super::rows::{failed, from_int, from_ms, read_plan, to_int};
use super::signal::Signal;

#[derive(Debug)]
pub(super) struct Db {
    pub(super) connection: Connection,
    pub(super) signal: Arc<Signal>,
    pub(super) owner: Option<OwnerId>,
    /// Took leave in the transaction that is about to be committed.
    pub(super) has_left: bool,
    /// The jobs of this program, ready for the judge. Written while a verb runs, on the one thread that has this.
    pub(super) linked: RefCell<HashMap<JobId, Linked>>,
    /// Another number than before once another process has written to the file.
    version: i64,
}

/// What is known of a job of this program, as long as no other process has written something else.
#[derive(Debug)]
pub(super) struct Linked {
    entry: Arc<Entry>,
    /// The plan and the beginning of its schedule as the file has them.
    written: (String, i64),
    /// When it was last held against the file.
    version: i64,
}

/// A job as the judge and the state machine need it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) plan: Plan,
    /// The schedule in force, anchored.
    pub(super) schedule: Option<Schedule>,
}

impl Db {
    pub(super) fn new(connection: Connection, signal: Arc<Signal>) -> Self {
        Self { connection, signal, owner: None, has_left: false, linked: RefCell::default(), version: 0 }
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let version = self
            .statement("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).map_err(failed));
        match version {
            Ok(version) => self.version = version,
            Err(error) => {
                self.execute("ROLLBACK")?;
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(sql).map_err(failed)
    }

    /// Runs a statement without parameters.
    pub(super) fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.statement(sql)?.execute([]).map_err(failed)?;
        Ok(())
    }

    /// Writes the log of SQLite back into the file, so that after a graceful end one file holds everything. Another process
    /// that works on the file may prevent it; then its own end does it.
    pub(super) fn fold(&self) {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::debug!(%error, "the log of the database could not be written back");
        }
    }

    /// Runs a statement that must change exactly one row; says whether it did.
    pub(super) fn changed(&self, sql: &str, params: impl Params) -> Result<bool, StoreError> {
        Ok(self.statement(sql)?.execute(params).map_err(failed)? == 1)
    }

    /// A job as it is declared now: by this program, or by a newer one that works on the same file.
    pub(super) fn entry(&self, id: JobId) -> Result<Arc<Entry>, StoreError> {
        let mut linked = self.linked.borrow_mut();
        if let Some(known) = linked.get(&id).filter(|known| known.version == self.version) {
            return Ok(Arc::clone(&known.entry));
        }
        let mut statement = self.statement("SELECT name, plan, since_ms FROM jobs WHERE id = ?1")?;
        let (name, plan, since): (String, String, i64) = statement
            .query_row([to_int(id.0)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(failed)?;
        let written = (plan, since);
        match linked.get_mut(&id) {
            Some(known) if known.written == written => {
                known.version = self.version;
                Ok(Arc::clone(&known.entry))
            }
            known => {
                let entry = Arc::new(Entry::new(read_plan(&name, &written.0)?, from_ms(since)?));
                if let Some(known) = known {
                    *known = Linked { entry: Arc::clone(&entry), written, version: self.version };
                }
                Ok(entry)
            }
        }
    }

    /// As [`Db::entry`]; a job of this program that a newer one has declared in words which this one does not know counts as this one
    /// knows it, so that a result never waits for a declaration.
    pub(super) fn entry_or_known(&self, id: JobId) -> Result<Arc<Entry>, StoreError> {
        match self.entry(id) {
            Err(StoreError::Corrupt { what }) => match self.linked.borrow().get(&id) {
                Some(known) => Ok(Arc::clone(&known.entry)),
                None => Err(StoreError::Corrupt { what }),
            },
            other => other,
        }
    }

    /// Judges a job no longer: it is the newer program's.
    pub(super) fn leave_out(&self, id: JobId) -> Result<(), StoreError> {
        self.changed("DELETE FROM temp.linked WHERE job_id = ?1", [to_int(id.0)]).map(|_| ())
    }

    /// Keeps a job of this program at hand.
    pub(super) fn link(&self, id: JobId, entry: Entry, text: String, since: DateTime<Utc>) {
        let entry = Arc::new(entry);
        let linked = Linked { entry, written: (text, since.timestamp_millis()), version: self.version };
        self.linked.borrow_mut().insert(id, linked);
    }

    /// The number of a job by its name.
    pub(super) fn job_id(&self, name: &JobName) -> Result<Option<JobId>, StoreError> {
        let mut statement = self.statement("SELECT id FROM jobs WHERE name = ?1")?;
        let id: Option<i64> =
            statement.query_row([name.as_str()], |row| row.get(0)).optional().map_err(failed)?;
        id.map(|id| from_int(id).map(JobId)).transpose()
    }

    /// The oldest active run of a job.
    pub(super) fn holder(&self, job: JobId) -> Result<Option<RunId>, StoreError> {
        let mut statement = self.statement(
            "SELECT min(id) FROM runs WHERE job_id = ?1 AND state IN ('scheduled', 'running', 'waiting')",
        )?;
        let id: Option<i64> = statement.query_row([to_int(job.0)], |row| row.get(0)).map_err(failed)?;
        id.map(|id| from_int(id).map(RunId)).transpose()
    }

    /// The number for the next run. The newest run is never pruned, so no number comes twice.
    pub(super) fn next_run_id(&self) -> Result<RunId, StoreError> {
        let mut statement = self.statement("SELECT ifnull(max(id), 0) + 1 FROM runs")?;
        let id: i64 = statement.query_row([], |row| row.get(0)).map_err(failed)?;
        from_int(id).map(RunId)
    }

    pub(super) fn write_mark(
        &self,
        job: JobId,
        mark: DateTime<Utc>,
        due: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE marks SET mark_ms = ?2, due_ms = ?3 WHERE job_id = ?1";
        let due = due.map(|due| due.timestamp_millis());
        match self.changed(sql, params![to_int(job.0), mark.timestamp_millis(), due])? {
            true => Ok(()),
            false => Err(StoreError::Corrupt { what: format!("job number {job} has no high-water mark") }),
        }
    }
}

impl Entry {
    /// `since` is the instant from which the schedule of the plan is in force.
    pub(super) fn new(plan: Plan, since: DateTime<Utc>) -> Self {
        let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(since));
        Self { plan, schedule }
    }

    /// The next tick after `mark`, unless the job is paused.
    pub(super) fn due(&self, mark: DateTime<Utc>, paused: bool, is_active: bool) -> Option<DateTime<Utc>> {
        if paused {
            return None;
        }
        next_tick(self.schedule.as_ref()?, mark, is_active)
    }
}
