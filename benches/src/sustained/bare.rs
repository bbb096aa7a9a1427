//! The limit: what has to be written for each run, and nothing else, in a plain loop on one thread.
//!
//! It knows what the store has to find out: each due job is due again a second later, nobody else writes, no attempt fails. Its tables have
//! the columns that a run cannot do without. The pragmas are those of our store.

use std::time::Instant;

use anyhow::ensure;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Statement, params};

use super::Turn;
use crate::place::{median, scratch, size};
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
/// So many runs of a job are removed at once. What the engine does where few are kept.
const STRIDE: i64 = 16;
/// The instant from which jobs are due: what is written is made up, the work is real.
pub const BEGIN: i64 = 1_800_000_000_000;

/// A file with these tables.
pub fn open(path: &std::path::Path) -> anyhow::Result<Connection> {
    let connection = connect(path)?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// A file with the pragmas of our store.
pub fn connect(path: &std::path::Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
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

/// The statements of the loop, prepared once.
struct Loop<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    due: Statement<'c>,
    judged: Statement<'c>,
    insert: Statement<'c>,
    ended: Statement<'c>,
    freed: Statement<'c>,
    /// The newest run.
    run: i64,
}

/// A job that was judged: its number, its tick, its epoch before.
type Judged = (i64, i64, i64);

impl<'c> Loop<'c> {
    fn prepare(connection: &'c Connection) -> anyhow::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            due: connection.prepare(
                "SELECT id, due_ms, epoch FROM jobs INDEXED BY jobs_due WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
            )?,
            judged: connection
                .prepare("UPDATE jobs SET mark_ms = ?2, due_ms = ?3, epoch = ?4, active = 1 WHERE id = ?1")?,
            insert: connection.prepare("INSERT INTO runs VALUES (?1, ?2, ?3, 1, ?4, ?5, NULL)")?,
            ended: connection.prepare(
                "UPDATE runs SET state = 2, started_ms = ?3, duration_us = ?4 WHERE id = ?1 AND epoch = ?2 AND state = 1",
            )?,
            freed: connection.prepare("UPDATE jobs SET active = 0 WHERE id = ?1 AND epoch = ?2")?,
            run: connection.query_row("SELECT ifnull(max(id), 0) FROM runs", [], |row| row.get(0))?,
        })
    }

    /// Judges so many jobs and commits.
    fn judge(&mut self, now: i64, batch: usize) -> anyhow::Result<Vec<Judged>> {
        self.begin.execute([])?;
        let rows = self
            .due
            .query_map(params![now, batch as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let jobs: Vec<Judged> = rows.collect::<Result<_, _>>()?;
        for &(job, tick, epoch) in &jobs {
            self.judged.execute([job, tick, tick + SECOND, epoch + 1])?;
            self.run += 1;
            self.insert.execute([self.run, job, tick, epoch + 1, now])?;
        }
        self.commit.execute([])?;
        Ok(jobs)
    }

    /// Ends the newest runs, which are those of these jobs, and commits.
    fn settle(&mut self, now: i64, jobs: &[Judged]) -> anyhow::Result<()> {
        self.begin.execute([])?;
        let first = self.run + 1 - jobs.len() as i64;
        for (&(job, _, epoch), run) in jobs.iter().zip(first..) {
            ensure!(self.ended.execute([run, epoch + 1, now, 7])? == 1, "run {run} was not running");
            ensure!(self.freed.execute([job, epoch + 1])? == 1, "job {job} has another epoch");
        }
        self.commit.execute([])?;
        Ok(())
    }
}

/// Runs each job once, for its tick of this second; gives how many.
pub fn round(connection: &Connection, batch: usize, second: usize) -> anyhow::Result<usize> {
    let mut the_loop = Loop::prepare(connection)?;
    let now = BEGIN + second as i64 * SECOND;
    let before = the_loop.run;
    loop {
        let jobs = the_loop.judge(now, batch)?;
        if jobs.is_empty() {
            return Ok((the_loop.run - before) as usize);
        }
        the_loop.settle(now, &jobs)?;
    }
}

/// How many runs a second the loop makes where so many of each job are kept and up to [`STRIDE`] more are on record: for each run that
/// begins another one is removed, in the transaction that ends it, [`STRIDE`] of one job at once.
pub fn with_retention(batch: usize, jobs: usize, kept: u32) -> anyhow::Result<f64> {
    let folder = scratch()?;
    let connection = open(&folder.path().join("bare.db"))?;
    add_jobs(&connection, jobs)?;
    let mut the_loop = Loop::prepare(&connection)?;
    let mut remove = connection.prepare("DELETE FROM runs WHERE job_id = ?1 AND tick_ms <= ?2")?;
    let mut turn = |second: i64| -> anyhow::Result<()> {
        let (now, last) = (BEGIN + second * SECOND, BEGIN + (second - i64::from(kept)) * SECOND);
        loop {
            let judged = the_loop.judge(now, batch)?;
            if judged.is_empty() {
                return Ok(());
            }
            the_loop.settle(now, &judged)?;
            the_loop.begin.execute([])?;
            for (job, ..) in judged.iter().filter(|(job, ..)| job % STRIDE == second % STRIDE) {
                remove.execute([*job, last])?;
            }
            the_loop.commit.execute([])?;
        }
    };
    let until = i64::from(kept) + 2 * STRIDE;
    (1..=until).try_for_each(&mut turn)?;
    let clock = Instant::now();
    (until + 1..=until + STRIDE).try_for_each(&mut turn)?;
    let span = clock.elapsed().as_secs_f64();
    drop((the_loop, remove));
    let on_record: i64 = connection.query_row("SELECT count(*) FROM runs", [], |row| row.get(0))?;
    let (least, most) = (jobs as i64 * i64::from(kept), jobs as i64 * (i64::from(kept) + STRIDE));
    ensure!((least..=most).contains(&on_record), "{on_record} runs on record");
    Ok((jobs as i64 * STRIDE) as f64 / span)
}

/// How long it takes until so many jobs that are due at one instant are on disk as started, in one transaction: the median of so many
/// instants, in seconds.
pub fn one_instant(jobs: usize, instants: usize) -> anyhow::Result<f64> {
    let folder = scratch()?;
    let connection = open(&folder.path().join("bare.db"))?;
    add_jobs(&connection, jobs)?;
    let mut the_loop = Loop::prepare(&connection)?;
    let mut took = Vec::new();
    for second in 1..=instants {
        let now = BEGIN + second as i64 * SECOND;
        let clock = Instant::now();
        let judged = the_loop.judge(now, jobs)?;
        took.push(clock.elapsed().as_secs_f64());
        ensure!(judged.len() == jobs, "{} jobs were due", judged.len());
        the_loop.settle(now, &judged)?;
    }
    Ok(median(took))
}

/// A turn on a new file: so many jobs, each once in every round.
pub(super) fn turn(batch: usize, jobs: usize, rounds: usize) -> anyhow::Result<Turn> {
    let folder = scratch()?;
    let file = folder.path().join("bare.db");
    let connection = open(&file)?;
    add_jobs(&connection, jobs)?;
    let before = size(&file);
    let (clock, before_it) = (Instant::now(), processor()?);
    let mut runs = 0;
    for second in 1..=rounds {
        runs += round(&connection, batch, second)?;
    }
    let (span, processor) = (clock.elapsed().as_secs_f64(), processor()? - before_it);
    ensure!(runs == jobs * rounds, "{runs} runs");
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
