//! Runs that could start and have not: no worker is free for them, or their group is full.

use chrono::{DateTime, Utc};
use cron_core::judge::has_waited_long;
use cron_core::run::RunId;
use rusqlite::{Connection, params};

use super::super::{MAX_WAITING, StoreError, WaitingRun};
use super::db::Db;
use super::known::Entry;
use super::rows::{Columns, failed, read_name, read_plan, to_int, to_ms};

impl Db<'_> {
    pub(super) fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        self.write_ticks()?;
        waiting(self.connection, "AND job_id IN (SELECT job_id FROM temp.linked)", now)
    }
}

/// Those that have waited for longer than the period of their job, of the jobs that fulfil a condition.
pub(super) fn waiting(
    connection: &Connection,
    of_jobs: &str,
    now: DateTime<Utc>,
) -> Result<Vec<WaitingRun>, StoreError> {
    let sql = format!(
        "SELECT runs.id, name, plan, since_ms, wake_ms FROM runs INDEXED BY runs_wake CROSS JOIN jobs ON jobs.id = job_id \
         WHERE wake_ms <= ?1 {of_jobs} ORDER BY wake_ms, runs.id LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params![to_ms(now), to_int(MAX_WAITING as u64)]).map_err(failed)?;
    let mut waiting = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let (run, name) = (RunId(row.u64("id")?), row.get::<String>("name")?);
        let plan = row.get::<String>("plan")?;
        let (anchor, since) = (row.instant("since_ms")?, row.instant("wake_ms")?);
        // A job in words that this program does not know has no period here.
        let entry = read_plan(&name, &plan).ok().map(|plan| Entry::new(plan, anchor));
        if has_waited_long(entry.as_ref().and_then(Entry::schedule), since, now) {
            waiting.push(WaitingRun { job: read_name(&name)?, run, since });
        }
    }
    Ok(waiting)
}
