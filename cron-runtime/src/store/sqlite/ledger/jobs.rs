//! Jobs and groups as surfaces show them.

use std::path::Path;

use cron_core::job::JobName;
use cron_core::run::{JobId, RunId};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::super::super::{GroupInfo, HandlerInfo, JobInfo, JobKind, JobQuery, StoreError};
use super::super::checkup::{Executing, living, newest};
use super::super::marks::{pause_that_counts, place};
use super::super::rows::{ACTIVE, Columns, failed, read_name, read_plan_on, to_int};
use super::super::suspects::suspect_or_null;
use super::runs;

/// The columns of [`job_info`]. What `marks` has in `active` is a bound; the runs themselves tell how many there are.
fn jobs() -> String {
    format!(
        "SELECT jobs.id, jobs.name, jobs.plan, \
         (SELECT plan FROM jobs AS declared WHERE declared.name = jobs.handler AND declared.handler IS NULL), \
         jobs.registered_ms, \
         (SELECT max(since_ms) FROM segments WHERE segments.job_id = jobs.id), \
         mark_ms, due_ms, queued_ms, hold_ms, hold_by, suspended_ms, beside_ms, \
         iif(active = 0, 0, (SELECT count(*) FROM runs WHERE runs.job_id = jobs.id AND {ACTIVE})), parked, \
         jobs.paused_ms, jobs.paused_by, jobs.paused_note, groups.paused_ms, groups.paused_by, groups.paused_note, \
         iif(jobs.handler IS NULL, jobs.synced_by, \
             (SELECT synced_by FROM jobs AS declared WHERE declared.name = jobs.handler AND declared.handler IS NULL)), \
         deaths, last_ms, is_quarantined, removals.run_id \
         FROM jobs CROSS JOIN marks ON marks.job_id = jobs.id LEFT JOIN groups ON groups.name = jobs.grp \
         LEFT JOIN suspects ON suspects.job_id = jobs.id LEFT JOIN removals ON removals.job_id = jobs.id \
         LEFT JOIN rewinds ON rewinds.job_id = jobs.id"
    )
}

/// The processes that count: the newest one, whether it lives or not, and those that live.
struct InUse<'a> {
    connection: &'a Connection,
    file: &'a Path,
    newest: Executing,
    /// Who lives is looked up for the first job that the newest process does not execute; mostly there is none.
    living: Option<Executing>,
}

impl<'a> InUse<'a> {
    fn of(connection: &'a Connection, file: &'a Path) -> Result<Self, StoreError> {
        Ok(Self { connection, file, newest: newest(connection)?, living: None })
    }

    /// Whether one of them executes the jobs on this function of a program.
    fn executes(&mut self, program: i64, handler: &JobName) -> Result<bool, StoreError> {
        if self.newest.contains(program, handler) {
            return Ok(true);
        }
        let living = match self.living.take() {
            Some(living) => living,
            None => living(self.connection, self.file)?,
        };
        Ok(self.living.insert(living).contains(program, handler))
    }
}

/// A page of jobs in the order of their names.
pub(super) fn page(
    connection: &Connection,
    file: &Path,
    query: &JobQuery,
) -> Result<Vec<JobInfo>, StoreError> {
    let (mut wanted, mut values) = conditions(query);
    if let Some(after) = &query.after {
        wanted.push("jobs.name > ?".to_owned());
        values.push(Value::Text(after.clone()));
    }
    let wanted = all_of(&wanted);
    values.push(Value::Integer(to_int(query.page.limit as u64)));
    let mut in_use = InUse::of(connection, file)?;
    let sql = format!("{} {wanted} ORDER BY jobs.name LIMIT ?", jobs());
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        jobs.push(job_info(connection, &mut Columns::of(row), &mut in_use)?);
    }
    Ok(jobs)
}

/// What a job has to be, whatever the page, and the values for it.
fn conditions(query: &JobQuery) -> (Vec<String>, Vec<Value>) {
    let JobQuery { group, tag, handler, kind, without, after: _, page: _ } = query;
    let (mut wanted, mut values) = (Vec::new(), Vec::new());
    for (value, condition) in [
        (group, "jobs.grp = ?"),
        (handler, "ifnull(jobs.handler, jobs.name) = ?"),
        (tag, "EXISTS (SELECT 1 FROM json_each(jobs.plan, '$.tags') WHERE value = ?)"),
    ] {
        if let Some(value) = value {
            wanted.push(condition.to_owned());
            values.push(Value::Text(value.clone()));
        }
    }
    match kind {
        None => {}
        Some(JobKind::Declared) => wanted.push("jobs.handler IS NULL".to_owned()),
        Some(JobKind::Dynamic) => wanted.push("jobs.handler IS NOT NULL".to_owned()),
    }
    if !without.is_empty() {
        let marks = vec!["?"; without.len()].join(", ");
        wanted.push(format!("(jobs.handler IS NULL OR jobs.handler NOT IN ({marks}))"));
        values.extend(without.iter().map(|handler| Value::Text(handler.to_string())));
    }
    (wanted, values)
}

fn all_of(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) }
}

/// The dynamic jobs of each function, counted. No plan is read, unless a tag is asked for.
pub(super) fn handlers(connection: &Connection, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError> {
    let (mut wanted, values) = conditions(query);
    wanted.push("jobs.handler IS NOT NULL".to_owned());
    let is_paused = "(jobs.paused_ms IS NOT NULL OR groups.paused_ms IS NOT NULL)";
    let sql = format!(
        "SELECT jobs.handler, count(*), sum({is_paused}), min(iif({is_paused}, NULL, due_ms)) \
         FROM jobs CROSS JOIN marks ON marks.job_id = jobs.id LEFT JOIN groups ON groups.name = jobs.grp \
         {} GROUP BY jobs.handler ORDER BY jobs.handler",
        all_of(&wanted)
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        found.push(HandlerInfo {
            handler: read_name(&row.get::<String>("handler")?)?,
            jobs: row.u64("jobs")?,
            paused: row.u64("paused")?,
            due: row.instant_or_null("due_ms")?,
        });
    }
    Ok(found)
}

pub(super) fn one(connection: &Connection, file: &Path, name: &str) -> Result<Option<JobInfo>, StoreError> {
    let mut in_use = InUse::of(connection, file)?;
    let sql = format!("{} WHERE jobs.name = ?1", jobs());
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query([name]).map_err(failed)?;
    let row = rows.next().map_err(failed)?;
    row.map(|row| job_info(connection, &mut Columns::of(row), &mut in_use)).transpose()
}

fn job_info(
    connection: &Connection,
    row: &mut Columns<'_>,
    in_use: &mut InUse<'_>,
) -> Result<JobInfo, StoreError> {
    let id = JobId(row.u64("id")?);
    let (name, plan): (String, String) = (row.get("name")?, row.get("plan")?);
    let handler: Option<String> = row.get("handler")?;
    let plan = read_plan_on(&name, &plan, handler.as_deref())?;
    let registered = row.instant("registered_ms")?;
    let since = row.instant_or_null("since_ms")?.unwrap_or(registered);
    let (mark, due) = (row.instant("mark_ms")?, row.instant_or_null("due_ms")?);
    let (queued, hold) = place(row)?;
    let suspended = row.instant_or_null("suspended_ms")?;
    let beside = row.instant_or_null("beside_ms")?;
    let (active, parked) = (row.u64("active")?, row.u64("parked")?);
    let paused = pause_that_counts(row)?;
    let synced_by: Option<i64> = row.get("synced_by")?;
    let suspect = suspect_or_null(row)?;
    let linked =
        synced_by.map(|program| in_use.executes(program, plan.handler())).transpose()?.unwrap_or(false);
    let last_run = runs::last_of(connection, id)?;
    let removal = row.u64_or_null("run_id")?.map(RunId);
    Ok(JobInfo {
        id,
        plan,
        registered,
        since,
        mark,
        due,
        queued,
        hold,
        suspended,
        beside,
        paused,
        active,
        parked,
        linked,
        suspect,
        removal,
        last_run,
    })
}

/// All groups in the order of their names.
pub(super) fn groups(connection: &Connection) -> Result<Vec<GroupInfo>, StoreError> {
    let sql = format!(
        "SELECT name, max_running, paused_ms, paused_by, paused_note, \
         (SELECT count(*) FROM jobs WHERE grp = names.name), \
         (SELECT count(*) FROM jobs CROSS JOIN runs ON job_id = jobs.id WHERE grp = names.name AND {ACTIVE}) \
         FROM (SELECT name FROM groups UNION SELECT grp FROM jobs WHERE grp IS NOT NULL) AS names \
         LEFT JOIN groups USING (name) ORDER BY name"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params![]).map_err(failed)?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut row = Columns::of(row);
        let name: String = row.get("name")?;
        let name =
            name.parse().map_err(|error| StoreError::Corrupt { what: format!("groups.name: {error}") })?;
        let max_running = row.u64_or_null("max_running")?.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        let paused = row.pause()?;
        groups.push(GroupInfo {
            name,
            jobs: row.u64("jobs")?,
            active: row.u64("active")?,
            max_running,
            paused,
        });
    }
    Ok(groups)
}
