//! Reads of the problems on record.

use chrono::{DateTime, Utc};
use cron_core::run::OwnerId;
use rusqlite::Connection;

use super::super::super::{ProblemInfo, StoreError};
use super::super::rows::{Columns, failed, read_name, to_ms};

pub(super) fn read(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError> {
    let sql = "SELECT kind, job, first_ms, last_ms, count, owner, what FROM problems WHERE last_ms >= ?1 \
               ORDER BY last_ms DESC, kind, job";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_ms(since)]).map_err(failed)?;
    let mut problems = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let kind = row.word("kind")?;
        let job: String = row.get("job")?;
        let job = if job.is_empty() { None } else { Some(read_name(&job)?) };
        let (first, last) = (row.instant("first_ms")?, row.instant("last_ms")?);
        let (count, owner) = (row.u64("count")?, OwnerId(row.u64("owner")?));
        problems.push(ProblemInfo { kind, job, first, last, count, owner, what: row.get("what")? });
    }
    Ok(problems)
}
