//! Reads, on a connection of their own: in WAL mode they neither wait for the writer nor hold it up.

use cron_core::audit::{Audit, Recorded, Segment, audit};
use cron_core::job::JobName;
use cron_core::run::{Epoch, JobId, RunId};
use cron_core::schedule::Schedule;
use rusqlite::{Connection, Row, params};

use super::super::{AttemptInfo, JobInfo, Ledger, Page, PauseInfo, RunInfo, RunQuery, SkipInfo, StoreError};
use super::rows::{
    failed, from_int, from_us, get, get_instant, get_instant_or_null, get_u32, get_u64, get_word, progress,
    read_plan, to_int,
};
use super::sync::newest_owner;
use super::{SqliteLedger, SqliteStore};

const JOBS: &str = "SELECT jobs.id, name, plan, registered_ms, synced_by, paused_ms, paused_by, paused_note, \
                    mark_ms, due_ms, active FROM jobs JOIN marks ON job_id = jobs.id";

const RUNS: &str = "SELECT runs.id, name, nominal_ms, origin, state, overdue, wake_ms, attempts_used, crashes, epoch, \
                    started_ms, duration_us, error FROM runs JOIN jobs ON jobs.id = job_id";

impl Ledger for SqliteStore {
    fn jobs(&self) -> Result<Vec<JobInfo>, StoreError> {
        self.ledger.jobs()
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        self.ledger.job(name)
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        self.ledger.runs(query)
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        self.ledger.run(id)
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        self.ledger.skips(job, page)
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        self.ledger.audit(job)
    }
}

impl Ledger for SqliteLedger {
    fn jobs(&self) -> Result<Vec<JobInfo>, StoreError> {
        self.read(|connection| {
            let newest = newest_owner(connection)?;
            let mut statement =
                connection.prepare_cached(&format!("{JOBS} ORDER BY name")).map_err(failed)?;
            let mut rows = statement.query([]).map_err(failed)?;
            let mut jobs = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                jobs.push(job_info(connection, row, newest)?);
            }
            Ok(jobs)
        })
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        self.read(|connection| {
            let newest = newest_owner(connection)?;
            let mut statement =
                connection.prepare_cached(&format!("{JOBS} WHERE name = ?1")).map_err(failed)?;
            let mut rows = statement.query([name]).map_err(failed)?;
            rows.next().map_err(failed)?.map(|row| job_info(connection, row, newest)).transpose()
        })
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        self.read(|connection| {
            let active = if query.active_only { "AND state IN ('scheduled', 'running', 'waiting')" } else { "" };
            let limit = to_int(query.page.limit as u64);
            let before = query.before.map(|run| to_int(run.0));
            match &query.job {
                // Of one job by nominal instant, so that the order is that of its ticks.
                Some(job) => read_runs(
                    connection,
                    &format!(
                        "{RUNS} WHERE job_id = (SELECT id FROM jobs WHERE name = ?1) {active} AND (?2 IS NULL OR \
                         (nominal_ms, runs.id) < (SELECT nominal_ms, id FROM runs WHERE id = ?2)) \
                         ORDER BY nominal_ms DESC, runs.id DESC LIMIT ?3"
                    ),
                    params![job, before, limit],
                ),
                None => read_runs(
                    connection,
                    &format!(
                        "{RUNS} WHERE runs.id < ifnull(?1, 9223372036854775807) {active} \
                         ORDER BY runs.id DESC LIMIT ?2"
                    ),
                    params![before, limit],
                ),
            }
        })
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        self.read(|connection| {
            let found = read_runs(connection, &format!("{RUNS} WHERE runs.id = ?1"), params![to_int(id.0)])?;
            let Some(run) = found.into_iter().next() else { return Ok(None) };
            Ok(Some((run, attempts(connection, id)?)))
        })
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT first_ms, last_ms, count, reason, holder, note FROM skips \
                     WHERE job_id = (SELECT id FROM jobs WHERE name = ?1) ORDER BY first_ms DESC LIMIT ?2",
                )
                .map_err(failed)?;
            let mut rows = statement.query(params![job, to_int(page.limit as u64)]).map_err(failed)?;
            let mut skips = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                skips.push(SkipInfo {
                    first: get_instant(row, "first_ms")?,
                    last: get_instant(row, "last_ms")?,
                    count: get_u64(row, "count")?,
                    reason: get_word(row, "reason")?,
                    holder: get::<Option<i64>>(row, "holder")?.map(from_int).transpose()?.map(RunId),
                    note: get::<Option<String>>(row, "note")?.unwrap_or_default(),
                });
            }
            Ok(skips)
        })
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT jobs.id, mark_ms FROM jobs JOIN marks ON job_id = jobs.id WHERE name = ?1";
            let mut statement = connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query([job]).map_err(failed)?;
            let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
            let (id, mark) = (JobId(get_u64(row, "id")?), get_instant(row, "mark_ms")?);
            let segments = segments(connection, job, id)?;
            recorded(connection, id, |verdicts| audit(&segments, mark, verdicts)).map(Some)
        })
    }
}

fn job_info(connection: &Connection, row: &Row<'_>, newest: Option<i64>) -> Result<JobInfo, StoreError> {
    let name: String = get(row, "name")?;
    let id = get_u64(row, "id")?;
    let paused = match get_instant_or_null(row, "paused_ms")? {
        None => None,
        Some(at) => Some(PauseInfo { at, by: get(row, "paused_by")?, note: get(row, "paused_note")? }),
    };
    let last = format!("{RUNS} WHERE job_id = ?1 ORDER BY nominal_ms DESC, runs.id DESC LIMIT 1");
    Ok(JobInfo {
        id: JobId(id),
        plan: read_plan(&name, &get::<String>(row, "plan")?)?,
        registered: get_instant(row, "registered_ms")?,
        mark: get_instant(row, "mark_ms")?,
        due: get_instant_or_null(row, "due_ms")?,
        paused,
        active: get_u64(row, "active")?,
        linked: newest == Some(get(row, "synced_by")?),
        last_run: read_runs(connection, &last, params![to_int(id)])?.into_iter().next(),
    })
}

fn read_runs(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<RunInfo>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let id = RunId(get_u64(row, "id")?);
        runs.push(run_info(id, row).map_err(|error| match error {
            StoreError::Corrupt { what } => StoreError::Corrupt { what: format!("run {id}, {what}") },
            other => other,
        })?);
    }
    Ok(runs)
}

fn run_info(id: RunId, row: &Row<'_>) -> Result<RunInfo, StoreError> {
    let progress = progress(row)?;
    Ok(RunInfo {
        id,
        job: read_name(&get::<String>(row, "name")?)?,
        nominal: get_instant(row, "nominal_ms")?,
        origin: get_word(row, "origin")?,
        state: progress.state,
        attempts_used: progress.attempts_used,
        crashes: progress.crashes,
        epoch: Epoch(get_u64(row, "epoch")?),
        started: get_instant_or_null(row, "started_ms")?,
        duration: get::<Option<i64>>(row, "duration_us")?.map(from_us),
        error: get::<Option<String>>(row, "error")?.unwrap_or_default(),
    })
}

fn read_name(name: &str) -> Result<JobName, StoreError> {
    name.parse().map_err(|error| StoreError::Corrupt { what: format!("jobs.name: {error}") })
}

fn attempts(connection: &Connection, run: RunId) -> Result<Vec<AttemptInfo>, StoreError> {
    let sql = "SELECT attempt, epoch, result, started_ms, duration_us, message FROM attempts \
               WHERE run_id = ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        attempts.push(AttemptInfo {
            attempt: get_u32(row, "attempt")?,
            epoch: Epoch(get_u64(row, "epoch")?),
            result: get_word(row, "result")?,
            started: get_instant_or_null(row, "started_ms")?,
            duration: get::<Option<i64>>(row, "duration_us")?.map(from_us),
            message: get(row, "message")?,
        });
    }
    Ok(attempts)
}

fn segments(connection: &Connection, job: &str, id: JobId) -> Result<Vec<Segment>, StoreError> {
    let sql = "SELECT since_ms, schedule FROM segments WHERE job_id = ?1 ORDER BY since_ms";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let schedule = get::<Option<String>>(row, "schedule")?
            .map(|text| text.parse::<Schedule>())
            .transpose()
            .map_err(|error| StoreError::Corrupt { what: format!("a schedule of job `{job}`: {error}") })?;
        segments.push(Segment { since: get_instant(row, "since_ms")?, schedule });
    }
    Ok(segments)
}

/// Hands the verdicts of a job, oldest first, to `walk` without holding them all in memory.
fn recorded<T>(
    connection: &Connection,
    id: JobId,
    walk: impl FnOnce(&mut dyn Iterator<Item = Recorded>) -> T,
) -> Result<T, StoreError> {
    let sql = "SELECT nominal_ms AS first_ms, nominal_ms AS last_ms, 1 AS count, NULL AS reason FROM runs \
               WHERE job_id = ?1 AND lane = 0 \
               UNION ALL SELECT first_ms, last_ms, count, reason FROM skips WHERE job_id = ?1 ORDER BY 1, 2";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
    let mut problem = None;
    let mut next = || -> Result<Option<Recorded>, StoreError> {
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let is_skip = get::<Option<String>>(row, "reason")?.is_some();
        Ok(Some(Recorded {
            first: get_instant(row, "first_ms")?,
            last: get_instant(row, "last_ms")?,
            count: get_u64(row, "count")?,
            skipped: if is_skip { Some(get_word(row, "reason")?) } else { None },
        }))
    };
    let result = walk(&mut std::iter::from_fn(|| match next() {
        Ok(verdict) => verdict,
        Err(error) => {
            problem = Some(error);
            None
        }
    }));
    match problem {
        Some(error) => Err(error),
        None => Ok(result),
    }
}
