//! Runs, attempts and logs as surfaces show them.

use cron_core::run::{Epoch, JobId, RunId};
use rusqlite::{Connection, Params, params};

use super::super::super::{AttemptInfo, LogLine, Progress, RunFilter, RunInfo, RunQuery, StoreError};
use super::super::rows::{
    ACTIVE, Columns, DEAD, PARKED, PROGRESS, failed, from_us, read_name, to_int, to_ms,
};
use super::job_id;

/// What is the same for all reads of runs. The arguments of a dynamic job are in its plan, which may be damaged.
fn columns() -> String {
    format!(
        "SELECT runs.id, name, nominal_ms, origin, {PROGRESS}, epoch, started_ms, duration_us, \
         ifnull(error, (SELECT message FROM attempts WHERE run_id = runs.id AND seq = error_seq)), \
         CASE WHEN args IS NOT NULL THEN nullif(args, '') WHEN json_valid(plan) THEN json_extract(plan, '$.args') END, \
         progress, progress_note, asked_why, dismissed_ms, completed_ms, {PROGRAM} FROM runs CROSS JOIN jobs ON jobs.id = job_id"
    )
}

/// The program of an attempt.
const PROGRAM: &str = "(SELECT builds.name FROM builds WHERE builds.id = build)";

pub(super) fn page(connection: &Connection, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
    let limit = to_int(query.page.limit as u64);
    let columns = columns();
    let Some(job) = &query.job else {
        // Few runs are active or dead; each kind has an index of its own.
        let filter = match query.filter {
            RunFilter::All => String::new(),
            RunFilter::Active => format!(
                "AND runs.id IN (SELECT id FROM runs WHERE {ACTIVE} UNION ALL SELECT id FROM runs WHERE {PARKED})"
            ),
            RunFilter::Dead => format!("AND runs.id IN (SELECT id FROM runs WHERE {DEAD})"),
        };
        let before = query.before.map_or(i64::MAX, |run| to_int(run.0));
        let sql = format!("{columns} WHERE runs.id < ?1 {filter} ORDER BY runs.id DESC LIMIT ?2");
        return read(connection, &sql, params![before, limit]);
    };
    let Some(job) = job_id(connection, job)? else { return Ok(Vec::new()) };
    // Of one job by nominal instant, so that the order is that of its ticks.
    let before = match query.before {
        None => (i64::MAX, i64::MAX),
        Some(run) => match one(connection, run)? {
            None => return Ok(Vec::new()),
            Some((found, _)) => (to_ms(found.nominal), to_int(run.0)),
        },
    };
    // The few that are active or dead are found by their own index, not among all runs of the job.
    let these = match query.filter {
        RunFilter::All => "job_id = ?1 AND nominal_ms <= ?2".to_owned(),
        RunFilter::Active => format!(
            "runs.id IN (SELECT id FROM runs WHERE job_id = ?1 AND {ACTIVE} \
             UNION ALL SELECT id FROM runs WHERE job_id = ?1 AND {PARKED})"
        ),
        RunFilter::Dead => format!("runs.id IN (SELECT id FROM runs WHERE job_id = ?1 AND {DEAD})"),
    };
    let sql = format!(
        "{columns} WHERE {these} AND (nominal_ms, runs.id) < (?2, ?3) \
         ORDER BY nominal_ms DESC, runs.id DESC LIMIT ?4"
    );
    read(connection, &sql, params![to_int(job.0), before.0, before.1, limit])
}

pub(super) fn one(
    connection: &Connection,
    id: RunId,
) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
    let found = read(connection, &format!("{} WHERE runs.id = ?1", columns()), [to_int(id.0)])?;
    let Some(run) = found.into_iter().next() else { return Ok(None) };
    Ok(Some((run, attempts(connection, id)?)))
}

/// The newest run of a job.
pub(super) fn last_of(connection: &Connection, job: JobId) -> Result<Option<RunInfo>, StoreError> {
    let sql = format!("{} WHERE job_id = ?1 ORDER BY nominal_ms DESC, runs.id DESC LIMIT 1", columns());
    Ok(read(connection, &sql, [to_int(job.0)])?.into_iter().next())
}

fn read(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<RunInfo>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let id = RunId(row.u64("id")?);
        runs.push(run_info(id, &mut row).map_err(|error| match error {
            StoreError::Corrupt { what } => StoreError::Corrupt { what: format!("run {id}, {what}") },
            other => other,
        })?);
    }
    Ok(runs)
}

fn run_info(id: RunId, row: &mut Columns<'_>) -> Result<RunInfo, StoreError> {
    let job = read_name(&row.get::<String>("name")?)?;
    let (nominal, origin, stand) = (row.instant("nominal_ms")?, row.word("origin")?, row.progress()?);
    Ok(RunInfo {
        id,
        job,
        nominal,
        origin,
        state: stand.state,
        attempts_used: stand.attempts_used,
        crashes: stand.crashes,
        epoch: Epoch(row.u64("epoch")?),
        started: row.instant_or_null("started_ms")?,
        duration: row.get::<Option<i64>>("duration_us")?.map(from_us),
        error: row.get::<Option<String>>("error")?.unwrap_or_default(),
        args: row.get("args")?,
        progress: progress(row)?,
        asked: row.get("asked_why")?,
        dismissed: row.instant_or_null("dismissed_ms")?,
        completed: row.instant_or_null("completed_ms")?,
        program: row.get("build")?,
    })
}

fn progress(row: &mut Columns<'_>) -> Result<Option<Progress>, StoreError> {
    let fraction: Option<f64> = row.get("progress")?;
    let message: Option<String> = row.get("progress_note")?;
    Ok(fraction.map(|fraction| Progress { fraction, message: message.unwrap_or_default() }))
}

fn attempts(connection: &Connection, run: RunId) -> Result<Vec<AttemptInfo>, StoreError> {
    let sql = format!(
        "SELECT attempt, epoch, result, started_ms, duration_us, message, {PROGRAM} FROM attempts \
         WHERE run_id = ?1 ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        attempts.push(AttemptInfo {
            attempt: row.u32("attempt")?,
            epoch: Epoch(row.u64("epoch")?),
            result: row.word("result")?,
            started: row.instant_or_null("started_ms")?,
            duration: row.get::<Option<i64>>("duration_us")?.map(from_us),
            message: row.get("message")?,
            program: row.get("build")?,
        });
    }
    Ok(attempts)
}

/// The log of a run, oldest line first.
pub(super) fn log(connection: &Connection, run: RunId) -> Result<Vec<LogLine>, StoreError> {
    let sql = "SELECT at_ms, attempt, text FROM run_log WHERE run_id = ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        lines.push(LogLine {
            at: row.instant("at_ms")?,
            attempt: row.u32("attempt")?,
            text: row.get("text")?,
        });
    }
    Ok(lines)
}
