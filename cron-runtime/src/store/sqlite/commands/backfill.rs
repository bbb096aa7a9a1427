//! Ticks of the past, run on purpose.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use cron_core::run::{JobId, Origin, StateWord};
use rusqlite::{Connection, params};

use super::super::super::{Backfill, BackfillPlan, CommandError, Done, StoreError};
use super::super::claim::NewRun;
use super::super::db::Db;
use super::super::known::Entry;
use super::super::rows::{Columns, failed, read_plan_on, to_int, to_ms};
use super::unknown_job;

impl Db<'_> {
    pub(super) fn backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let BackfillPlan { chosen, .. } = plan_backfill(self.connection, backfill, now)?;
        let id = self.named(&backfill.job)?;
        let (entry, mut mark) = (self.entry(id)?, self.mark(id)?);
        // Numbers rise, so that the order of batches is the order of the runs that wait.
        let sql = "INSERT INTO backfills (job_id, concurrency, from_ms, until_ms, asked_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let (from, until) = (to_ms(backfill.from), to_ms(backfill.until));
        let values = params![to_int(id.0), backfill.concurrency, from, until, to_ms(now)];
        let batch = self.statement(sql)?.insert(values).map_err(failed).map_err(CommandError::from)?;
        let mut runs = Vec::with_capacity(chosen.len());
        for tick in chosen {
            let new = NewRun { origin: Origin::Backfill, wake: None, batch: Some(batch), ..NewRun::at(tick) };
            runs.push(self.insert_run(&new, &mut mark)?);
        }
        self.release(&mut mark, &entry, now)?;
        self.write_mark(&mark)?;
        Ok(Done::Backfilled { runs })
    }
}

/// What a backfill would run at `now`.
pub(in super::super) fn plan_backfill(
    connection: &Connection,
    backfill: &Backfill,
    now: DateTime<Utc>,
) -> Result<BackfillPlan, CommandError> {
    let (id, entry) = declared(connection, backfill)?;
    let schedule = backfill.check(&entry.plan, entry.schedule(), now)?;
    let all = backfill.ticks(schedule)?;
    let ran = states(connection, id, backfill)?;
    backfill.choose(all, pruned(connection, id)?, &ran)
}

/// Where the record of a job begins, if something was pruned.
fn pruned(connection: &Connection, id: JobId) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT pruned_ms FROM marks WHERE job_id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
    Columns::of(row).instant_or_null("pruned_ms")
}

fn declared(connection: &Connection, backfill: &Backfill) -> Result<(JobId, Entry), CommandError> {
    let found = || -> Result<Option<(JobId, Entry)>, StoreError> {
        let sql = "SELECT id, plan, since_ms, \
                   (SELECT plan FROM jobs AS declared WHERE declared.name = jobs.handler AND declared.handler IS NULL) \
                   FROM jobs WHERE name = ?1";
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query([backfill.job.as_str()]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        let (id, text): (_, String) = (JobId(row.u64("id")?), row.get("plan")?);
        let since = row.instant("since_ms")?;
        let handler: Option<String> = row.get("handler")?;
        let plan = read_plan_on(backfill.job.as_str(), &text, handler.as_deref())?;
        Ok(Some((id, Entry::new(plan, since))))
    };
    if let Some(found) = found()? {
        return Ok(found);
    }
    let names = || -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM jobs ORDER BY name";
        let mut statement = connection.prepare_cached(sql).map_err(failed)?;
        let names = statement.query_map([], |row| row.get(0)).map_err(failed)?.collect::<Result<_, _>>();
        names.map_err(failed)
    };
    Err(unknown_job(&backfill.job, &names()?))
}

/// The states of the runs of the ticks in the range, their own and those of backfills, oldest first.
fn states(
    connection: &Connection,
    id: JobId,
    backfill: &Backfill,
) -> Result<HashMap<DateTime<Utc>, Vec<StateWord>>, StoreError> {
    let sql = "SELECT nominal_ms, state FROM runs WHERE job_id = ?1 AND nominal_ms BETWEEN ?2 AND ?3 \
               AND origin IN ('tick', 'backfill') ORDER BY id";
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let range = params![to_int(id.0), to_ms(backfill.from), to_ms(backfill.until)];
    let mut rows = statement.query(range).map_err(failed)?;
    let mut states: HashMap<_, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        states.entry(row.instant("nominal_ms")?).or_default().push(row.word("state")?);
    }
    Ok(states)
}
