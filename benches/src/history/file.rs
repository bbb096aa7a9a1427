//! A file with a long history, written past the store: ten million runs, one by one, would take minutes.

use std::path::Path;

use anyhow::ensure;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use crate::sustained::bare;

/// Each job has run once a second until now, all runs succeeded; numbers grow with time, as a scheduler gives them.
const RUNS: &str = "
INSERT INTO runs (id, job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, epoch, started_ms, duration_us)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1)
SELECT n, (n - 1) % ?2 + 1, ?3 - ((?1 - n) / ?2) * 1000, 0, 'tick', 'succeeded', 0, 1, 0, (n - 1) / ?2 + 1,
       ?3 - ((?1 - n) / ?2) * 1000 + 1, 1000 + n % 1000
FROM number";

/// What the rows of the jobs say with it.
const MARKS: &str = "UPDATE marks SET recorded = ?1, epoch = ?1, mark_ms = ?2, due_ms = ?2 + 1000";

/// The same history in the tables of the bare loop.
const BARE_RUNS: &str = "
INSERT INTO runs (id, job_id, tick_ms, state, epoch, started_ms, duration_us)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1)
SELECT n, (n - 1) % ?2 + 1, ?3 - ((?1 - n) / ?2) * 1000, 2, (n - 1) / ?2 + 1,
       ?3 - ((?1 - n) / ?2) * 1000 + 1, 1000 + n % 1000
FROM number";

const BARE_MARKS: &str = "UPDATE jobs SET epoch = ?1, mark_ms = ?2";

/// Fills the file of a store that nobody has open.
pub(super) fn fill(file: &Path, jobs: usize, runs: usize, until: DateTime<Utc>) -> anyhow::Result<()> {
    if runs == 0 {
        return Ok(());
    }
    ensure!(runs.is_multiple_of(jobs), "each job has as many runs");
    let database = Connection::open(file)?;
    let ids: (i64, i64, i64) =
        database.query_row("SELECT min(id), max(id), count(*) FROM jobs", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    ensure!(ids == (1, jobs as i64, jobs as i64), "the numbers of the jobs are {ids:?}");
    write(&database, [RUNS, MARKS], jobs, runs, until.timestamp_millis())
}

/// Fills the file of a bare loop.
pub(super) fn fill_bare(file: &Path, jobs: usize, runs: usize) -> anyhow::Result<()> {
    let database = bare::open(file)?;
    bare::add_jobs(&database, jobs)?;
    if runs == 0 {
        return Ok(());
    }
    write(&database, [BARE_RUNS, BARE_MARKS], jobs, runs, bare::BEGIN)
}

fn write(database: &Connection, sql: [&str; 2], jobs: usize, runs: usize, until: i64) -> anyhow::Result<()> {
    let [insert, mark] = sql;
    database.pragma_update(None, "journal_mode", "OFF")?;
    database.pragma_update(None, "synchronous", "OFF")?;
    database.pragma_update(None, "cache_size", -524_288)?;
    // One sorting in place of ten million look-ups.
    let key: String =
        database.query_row("SELECT sql FROM sqlite_schema WHERE name = 'runs_key'", [], |row| row.get(0))?;
    database.execute_batch("BEGIN; DROP INDEX runs_key")?;
    let written = database.execute(insert, params![runs as i64, jobs as i64, until])?;
    ensure!(written == runs, "{written} runs were written");
    database.execute_batch(&key)?;
    database.execute(mark, params![(runs / jobs) as i64, until])?;
    database.execute_batch("COMMIT")?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}
