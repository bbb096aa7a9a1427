//! The limit: what has to be written for each run, and nothing else, in a plain loop on one thread.
//!
//! It knows what the store has to find out: each due job is due again a second later, nobody else writes, no attempt fails. Its tables have
//! the columns that a run cannot do without. The pragmas are those of our store.

use std::time::Instant;

use anyhow::ensure;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::{JOBS, ROUNDS, Turn};
use crate::place::{scratch, size};
use crate::process::processor;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS jobs (
    id      INTEGER PRIMARY KEY,
    mark_ms INTEGER NOT NULL,
    due_ms  INTEGER,
    epoch   INTEGER NOT NULL,
    active  INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_ms);
CREATE TABLE IF NOT EXISTS runs (
    id          INTEGER PRIMARY KEY,
    job_id      INTEGER NOT NULL,
    tick_ms     INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    started_ms  INTEGER,
    duration_us INTEGER
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS runs_key ON runs (job_id, tick_ms);";

const SECOND: i64 = 1_000;
/// The instant from which jobs are due: what is written is made up, the work is real.
pub const BEGIN: i64 = 1_800_000_000_000;

/// A file with these tables.
pub fn open(path: &std::path::Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// Jobs that are due every second from [`BEGIN`] on.
pub fn add_jobs(connection: &Connection, jobs: usize) -> anyhow::Result<()> {
    connection.execute_batch("BEGIN")?;
    for id in 1..=jobs as i64 {
        connection.execute("INSERT INTO jobs VALUES (?1, ?2, ?3, 0, 0)", [id, BEGIN, BEGIN + SECOND])?;
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// Runs each job once, for its tick of this second; gives how many.
pub fn round(connection: &Connection, batch: usize, second: usize) -> anyhow::Result<usize> {
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut due = connection.prepare(
        "SELECT id, due_ms, epoch FROM jobs INDEXED BY jobs_due WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
    )?;
    let mut judged = connection
        .prepare("UPDATE jobs SET mark_ms = ?2, due_ms = ?3, epoch = ?4, active = 1 WHERE id = ?1")?;
    let mut insert = connection.prepare("INSERT INTO runs VALUES (?1, ?2, ?3, 1, ?4, ?5, NULL)")?;
    let mut ended = connection.prepare(
        "UPDATE runs SET state = 2, started_ms = ?3, duration_us = ?4 WHERE id = ?1 AND epoch = ?2 AND state = 1",
    )?;
    let mut freed = connection.prepare("UPDATE jobs SET active = 0 WHERE id = ?1 AND epoch = ?2")?;

    let now = BEGIN + second as i64 * SECOND;
    let newest = "SELECT ifnull(max(id), 0) FROM runs";
    let before: i64 = connection.query_row(newest, [], |row| row.get(0))?;
    let mut run = before;
    loop {
        begin.execute([])?;
        let rows =
            due.query_map(params![now, batch as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let jobs: Vec<(i64, i64, i64)> = rows.collect::<Result<_, _>>()?;
        let first = run + 1;
        for &(job, tick, epoch) in &jobs {
            judged.execute([job, tick, tick + SECOND, epoch + 1])?;
            run += 1;
            insert.execute([run, job, tick, epoch + 1, now])?;
        }
        commit.execute([])?;
        if jobs.is_empty() {
            return Ok((run - before) as usize);
        }
        begin.execute([])?;
        for (&(job, _, epoch), run) in jobs.iter().zip(first..) {
            ensure!(ended.execute([run, epoch + 1, now, 7])? == 1, "run {run} was not running");
            ensure!(freed.execute([job, epoch + 1])? == 1, "job {job} has another epoch");
        }
        commit.execute([])?;
    }
}

/// A turn on a new file.
pub(super) fn turn(batch: usize) -> anyhow::Result<Turn> {
    let folder = scratch()?;
    let file = folder.path().join("bare.db");
    let connection = open(&file)?;
    add_jobs(&connection, JOBS)?;
    let before = size(&file);
    let (clock, before_it) = (Instant::now(), processor()?);
    let mut runs = 0;
    for second in 1..=ROUNDS {
        runs += round(&connection, batch, second)?;
    }
    let (span, processor) = (clock.elapsed().as_secs_f64(), processor()? - before_it);
    ensure!(runs == JOBS * ROUNDS, "{runs} runs");
    let sql = "SELECT count(*) FROM runs WHERE state = 2";
    let recorded: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    ensure!(recorded as usize == runs, "{recorded} runs on record of {runs}");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let bytes = size(&file).saturating_sub(before) as f64 / runs as f64;
    Ok(Turn {
        runs_per_second: runs as f64 / span,
        bytes_per_run: bytes,
        processor_per_run: processor / runs as f64,
    })
}
