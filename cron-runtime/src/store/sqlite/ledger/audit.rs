//! The record of a job, held against the contract.

use chrono::{DateTime, Utc};
use cron_core::audit::{Audit, Recorded, Segment, Suspended, audit};
use cron_core::run::JobId;
use cron_core::schedule::Schedule;
use rusqlite::{Connection, params};

use super::super::super::StoreError;
use super::super::rows::{Columns, failed, to_int, to_ms};

pub(super) fn of_job(connection: &Connection, job: &str) -> Result<Option<Audit>, StoreError> {
    let sql = "SELECT jobs.id, mark_ms, pruned_ms, suspended_ms FROM jobs JOIN marks ON marks.job_id = jobs.id \
               LEFT JOIN rewinds ON rewinds.job_id = jobs.id WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([job]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
    let mut row = Columns::of(row);
    let (id, mark) = (JobId(row.u64("id")?), row.instant("mark_ms")?);
    let pruned = row.instant_or_null("pruned_ms")?;
    let until = row.instant_or_null("suspended_ms")?;
    let suspended = suspended(connection, id, until)?;
    let mut segments = segments(connection, job, id)?;
    if let Some(pruned) = pruned {
        segments.iter_mut().for_each(|segment| segment.since = segment.since.max(pruned));
    }
    recorded(connection, id, pruned, |verdicts| audit(&segments, mark, &suspended, verdicts)).map(Some)
}

/// What a clock that was set back has left.
fn suspended(
    connection: &Connection,
    id: JobId,
    until: Option<DateTime<Utc>>,
) -> Result<Suspended, StoreError> {
    let sql = "SELECT first_ms, last_ms, count, reason, taken_back FROM suspended WHERE job_id = ?1 ORDER BY first_ms";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
    let mut suspended = Suspended { until, ..Suspended::default() };
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let (first, last) = (row.instant("first_ms")?, row.instant("last_ms")?);
        let (count, reason) = (row.u64("count")?, row.word("reason")?);
        if row.get("taken_back")? {
            suspended.taken_back += count;
        } else {
            suspended.blocks.push(Recorded { first, last, count, skipped: Some(reason) });
        }
    }
    Ok(suspended)
}

/// Which schedule of a job was in force when, in the order of time.
pub(in super::super) fn segments(
    connection: &Connection,
    job: &str,
    id: JobId,
) -> Result<Vec<Segment>, StoreError> {
    let sql = "SELECT since_ms, schedule FROM segments WHERE job_id = ?1 ORDER BY since_ms";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let since = row.instant("since_ms")?;
        let schedule =
            row.get::<Option<String>>("schedule")?.map(|text| text.parse::<Schedule>()).transpose().map_err(
                |error| StoreError::Corrupt { what: format!("a schedule of job `{job}`: {error}") },
            )?;
        segments.push(Segment { since, schedule });
    }
    Ok(segments)
}

/// Hands the verdicts of a job after `pruned`, oldest first, to `walk` without holding them all in memory.
fn recorded<T>(
    connection: &Connection,
    id: JobId,
    pruned: Option<DateTime<Utc>>,
    walk: impl FnOnce(&mut dyn Iterator<Item = Recorded>) -> T,
) -> Result<T, StoreError> {
    let sql = "SELECT nominal_ms, nominal_ms, 1, NULL FROM runs \
               WHERE job_id = ?1 AND lane = 0 AND nominal_ms > ?2 \
               UNION ALL SELECT first_ms, last_ms, count, reason FROM skips \
               WHERE job_id = ?1 AND first_ms > ?2 ORDER BY 1, 2";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let pruned = pruned.map_or(i64::MIN, to_ms);
    let mut rows = statement.query(params![to_int(id.0), pruned]).map_err(failed)?;
    let mut problem = None;
    let mut next = || -> Result<Option<Recorded>, StoreError> {
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let is_skip = row.get::<_, Option<String>>(3).map_err(failed)?.is_some();
        let mut row = Columns::of(row);
        Ok(Some(Recorded {
            first: row.instant("first_ms")?,
            last: row.instant("last_ms")?,
            count: row.u64("count")?,
            skipped: if is_skip { Some(row.word("reason")?) } else { None },
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
