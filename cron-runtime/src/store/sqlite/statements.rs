//! The statements that every run needs, prepared once: to look each up by its text would cost as much as some of them do.

use std::cell::RefCell;

use rusqlite::{Connection, PrepFlags, Statement};

use super::super::StoreError;
use super::declare::FOUND;
use super::marks::MARK;
use super::rows::{PROGRESS, failed};
use super::ticks::{self, TOGETHER};

/// Each is borrowed for one call of it.
#[derive(Debug)]
pub(super) struct Statements<'c> {
    /// A new run: `id`, `job_id`, `nominal_ms`, `lane`, `origin`, `state`, `overdue`, `epoch`, `owner`, `lease_ms`, `started_ms`,
    /// `wake_ms`, `args`, `batch`, `build`.
    pub(super) insert_run: RefCell<Statement<'c>>,
    /// The same for a tick that is started at once, without arguments of its own: its [values](super::ticks::values) and `id`.
    pub(super) start_tick: RefCell<Statement<'c>>,
    /// The same for [`TOGETHER`] of them, which SQLite numbers: with numbers of ours it would copy each page before it writes there, to be
    /// able to take back this statement alone. If one cannot be written, those before it are, and the transaction is to be taken back.
    pub(super) start_ticks: RefCell<Statement<'c>>,
    /// What became of a run whose attempt goes on: `id`, `epoch`, then as [`Statements::end_attempt`].
    pub(super) keep_attempt: RefCell<Statement<'c>>,
    /// What became of a run whose attempt has ended: `id`, `epoch`, the new `state`, `overdue`, `wake_ms`, `attempts_used`, `crashes`,
    /// `started_ms`, whether it was running, `duration_us`, whether it has an error (`NULL`: as before), the old `state`, `ended_ms`.
    pub(super) end_attempt: RefCell<Statement<'c>>,
    /// The same for the success of an attempt that was in time, after no others, and was not asked to stop: `id`, `epoch`,
    /// `started_ms`, `duration_us`.
    pub(super) succeed: RefCell<Statement<'c>>,
    /// An attempt in progress and where its job stands, by `id` and `epoch`.
    pub(super) held: RefCell<Statement<'c>>,
    /// Where a job stands: `job_id`, `mark_ms`, `queued_ms`, `hold_ms`, `hold_by`, `epoch`, `active`, `parked`, `recorded`.
    pub(super) write_mark: RefCell<Statement<'c>>,
    /// A job that nothing is held back or waits for: `job_id`, `mark_ms`, `epoch`, `active`, `recorded`, `due_ms`.
    pub(super) advance_mark: RefCell<Statement<'c>>,
    /// As [`Statements::write_mark`] with `due_ms`, and so with its index.
    pub(super) write_mark_and_due: RefCell<Statement<'c>>,
    /// A job by its `name`: [`FOUND`](super::declare::FOUND).
    pub(super) find_job: RefCell<Statement<'c>>,
    /// A new job, which SQLite numbers: `name`, `plan`, `fingerprint`, `registered_ms` and `since_ms`, `synced_by`, `handler`, `grp`.
    pub(super) add_job: RefCell<Statement<'c>>,
    /// Where it stands: `job_id`, `mark_ms`, `due_ms`, `epoch`, `active`, `parked`, `recorded`, `rank`.
    pub(super) add_mark: RefCell<Statement<'c>>,
    /// Its first schedule: `job_id`, `since_ms`, `schedule`.
    pub(super) add_segment: RefCell<Statement<'c>>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, StoreError> {
        // Said to be kept, they leave the connection's store of small pieces to those who need such only while a statement runs: without
        // it each cursor is memory from the system.
        let prepare = |sql: &str| {
            let kept = connection.prepare_with_flags(sql, PrepFlags::SQLITE_PREPARE_PERSISTENT);
            kept.map(RefCell::new).map_err(failed)
        };
        let write_run = |ends: &str| {
            format!(
                "UPDATE runs SET state = ?3, overdue = ?4, wake_ms = ?5, attempts_used = ?6, crashes = ?7, {ends} \
                 started_ms = ifnull(?8, started_ms), duration_us = iif(?9, ?10, duration_us), \
                 error = iif(?11 IS NULL, error, NULL), error_seq = CASE WHEN ?11 IS NULL THEN error_seq \
                 WHEN ?11 THEN (SELECT count(*) FROM attempts WHERE run_id = ?1) END, \
                 ended_ms = ?13 WHERE id = ?1 AND epoch = ?2 AND state = ?12"
            )
        };
        let together: Vec<String> =
            (0..TOGETHER).map(|index| format!("({})", ticks::values(index))).collect();
        let write_mark = |due: &str| {
            format!(
                "UPDATE marks SET mark_ms = ?2, queued_ms = ?3, hold_ms = ?4, hold_by = ?5, epoch = ?6, active = ?7, \
                 parked = ?8, recorded = ?9 {due} WHERE job_id = ?1"
            )
        };
        Ok(Self {
            insert_run: prepare(
                "INSERT INTO runs (id, job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, \
                 epoch, owner, lease_ms, started_ms, wake_ms, args, batch, build) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?,
            start_tick: prepare(&format!(
                "INSERT INTO runs ({}, id) VALUES ({}, ?8)",
                ticks::COLUMNS,
                ticks::values(0)
            ))?,
            start_ticks: prepare(&format!(
                "INSERT OR FAIL INTO runs ({}) VALUES {}",
                ticks::COLUMNS,
                together.join(", ")
            ))?,
            keep_attempt: prepare(&write_run(""))?,
            // An attempt that has ended is nobody's, and asked for nothing.
            end_attempt: prepare(&write_run(
                "owner = NULL, lease_ms = NULL, asked_ms = NULL, asked_why = NULL,",
            ))?,
            // What is known of the columns that are empty is said again: to write nothing is less than to read that there is nothing.
            succeed: prepare(
                "UPDATE runs SET state = 'succeeded', owner = NULL, lease_ms = NULL, started_ms = ?3, duration_us = ?4, \
                 overdue = 0, error = NULL, error_seq = NULL, asked_why = NULL, ended_ms = NULL \
                 WHERE id = ?1 AND epoch = ?2 AND state = 'running' AND error IS NULL AND error_seq IS NULL AND asked_ms IS NULL",
            )?,
            held: prepare(&format!(
                "SELECT {PROGRESS}, origin, asked_why, {MARK} FROM runs CROSS JOIN marks USING (job_id) \
                 WHERE runs.id = ?1 AND runs.epoch = ?2 AND state = 'running'"
            ))?,
            write_mark: prepare(&write_mark(""))?,
            advance_mark: prepare(
                "UPDATE marks SET mark_ms = ?2, queued_ms = NULL, hold_ms = NULL, hold_by = NULL, epoch = ?3, active = ?4, \
                 parked = 0, recorded = ?5, due_ms = ?6 WHERE job_id = ?1",
            )?,
            write_mark_and_due: prepare(&write_mark(", due_ms = ?10"))?,
            find_job: prepare(&format!("SELECT {FOUND} FROM jobs WHERE name = ?1"))?,
            // Whatever fails takes back the request, so SQLite need not be able to take back this statement alone: with the trigger on the
            // table it would copy pages for that, as it does where the number is given.
            add_job: prepare(
                "INSERT OR FAIL INTO jobs (name, plan, fingerprint, registered_ms, since_ms, synced_by, handler, grp) \
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
            )?,
            add_mark: prepare(
                "INSERT INTO marks (job_id, mark_ms, due_ms, epoch, active, parked, recorded, rank) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
            add_segment: prepare("INSERT INTO segments (job_id, since_ms, schedule) VALUES (?1, ?2, ?3)")?,
        })
    }
}
