//! Joining, leaving, and making the jobs of this program known.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Skip, close, first_mark};
use cron_core::run::{JobId, OwnerId, SkipReason};
use cron_core::schedule::Schedule;
use rusqlite::{OptionalExtension, params};

use super::super::{PauseInfo, StoreError, Synced};
use super::db::{Db, Entry};
use super::rows::{
    failed, from_int, get, get_instant, get_instant_or_null, get_u64, read_plan, to_int, to_ms, write_plan,
};
use super::signal::boot;

/// A job as the file has it.
struct Stored {
    id: JobId,
    plan: Plan,
    plan_text: String,
    since: DateTime<Utc>,
    mark: DateTime<Utc>,
    paused: Option<PauseInfo>,
    is_active: bool,
}

impl Db {
    pub(super) fn join(&mut self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| StoreError::Backend(Box::new(error)))?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let sql = "INSERT INTO incarnations (token, boot, joined_ms) VALUES (?1, ?2, ?3)";
        self.statement(sql)?.insert(params![token, boot(), to_ms(now)]).map_err(failed)?;
        let owner = OwnerId(from_int(self.connection.last_insert_rowid())?);
        self.execute("CREATE TEMP TABLE IF NOT EXISTS linked (job_id INTEGER PRIMARY KEY) STRICT")?;
        if let Err(error) = self.signal.lock(owner) {
            tracing::warn!(%error, "no lock beside the database: a crash is noticed when its leases expire");
        }
        self.owner = Some(owner);
        Ok(owner)
    }

    pub(super) fn leave(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(owner) = self.owner else { return Ok(()) };
        let sql = "UPDATE incarnations SET ended_ms = ?2 WHERE id = ?1";
        self.statement(sql)?.execute(params![to_int(owner.0), to_ms(now)]).map_err(failed)?;
        self.owner = None;
        self.has_left = true;
        Ok(())
    }

    pub(super) fn sync(&mut self, plans: &[Plan], now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let owner = self.owner.ok_or(StoreError::Closed)?;
        let mut synced = Synced::default();
        self.linked.borrow_mut().clear();
        self.execute("DELETE FROM temp.linked")?;
        for plan in plans {
            let (id, since) = match self.stored(&plan.name)? {
                None => {
                    synced.new.push(plan.name.clone());
                    (self.register(plan, owner, now)?, now)
                }
                Some(stored) => {
                    let (since, edited) = self.update(&stored, plan, owner, now)?;
                    if edited {
                        synced.edited.push(plan.name.clone());
                    }
                    (stored.id, since)
                }
            };
            self.statement("INSERT INTO temp.linked VALUES (?1)")?.execute([to_int(id.0)]).map_err(failed)?;
            self.link(id, Entry::new(plan.clone(), since), write_plan(plan)?, since);
        }
        synced.not_linked = self.not_linked(plans)?;
        Ok(synced)
    }

    fn stored(&self, name: &JobName) -> Result<Option<Stored>, StoreError> {
        let mut statement = self.statement(
            "SELECT id, plan, since_ms, mark_ms, active > 0 AS is_active, paused_ms, paused_by, paused_note \
             FROM jobs JOIN marks ON job_id = id WHERE name = ?1",
        )?;
        let mut rows = statement.query([name.as_str()]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let plan_text: String = get(row, "plan")?;
        let paused = match get_instant_or_null(row, "paused_ms")? {
            None => None,
            Some(at) => Some(PauseInfo { at, by: get(row, "paused_by")?, note: get(row, "paused_note")? }),
        };
        Ok(Some(Stored {
            id: JobId(get_u64(row, "id")?),
            plan: read_plan(name.as_str(), &plan_text)?,
            plan_text,
            since: get_instant(row, "since_ms")?,
            mark: get_instant(row, "mark_ms")?,
            paused,
            is_active: get(row, "is_active")?,
        }))
    }

    fn register(&self, plan: &Plan, owner: OwnerId, now: DateTime<Utc>) -> Result<JobId, StoreError> {
        let entry = Entry::new(plan.clone(), now);
        let mark = first_mark(entry.schedule.as_ref(), now);
        let sql = "INSERT INTO jobs (name, plan, fingerprint, registered_ms, since_ms, synced_by) \
                   VALUES (?1, ?2, ?3, ?4, ?4, ?5)";
        let values =
            params![plan.name.as_str(), write_plan(plan)?, fingerprint(plan), to_ms(now), to_int(owner.0)];
        self.statement(sql)?.insert(values).map_err(failed)?;
        let id = JobId(from_int(self.connection.last_insert_rowid())?);
        let sql = "INSERT INTO marks (job_id, mark_ms, due_ms, epoch, active) VALUES (?1, ?2, ?3, 0, 0)";
        let due = entry.due(mark, false, false).map(to_ms);
        self.statement(sql)?.execute(params![to_int(id.0), to_ms(mark), due]).map_err(failed)?;
        self.write_segment(id, mark, entry.schedule.as_ref())?;
        Ok(id)
    }

    /// Writes what changed in a declaration. Returns since when the schedule is in force and whether it was edited.
    fn update(
        &self,
        stored: &Stored,
        plan: &Plan,
        owner: OwnerId,
        now: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, bool), StoreError> {
        let id = to_int(stored.id.0);
        self.statement("UPDATE jobs SET synced_by = ?2 WHERE id = ?1")?
            .execute(params![id, to_int(owner.0)])
            .map_err(failed)?;
        let text = write_plan(plan)?;
        if text == stored.plan_text {
            return Ok((stored.since, false));
        }
        self.statement("UPDATE jobs SET plan = ?2, fingerprint = ?3 WHERE id = ?1")?
            .execute(params![id, text, fingerprint(plan)])
            .map_err(failed)?;
        if fingerprint(plan) == fingerprint(&stored.plan) {
            return Ok((stored.since, false));
        }
        let old = Entry::new(stored.plan.clone(), stored.since);
        let (paused, note) = match &stored.paused {
            Some(pause) => (Some(pause.at), pause.reason()),
            None => (None, String::new()),
        };
        let closed = |schedule| close(schedule, stored.mark, paused, stored.is_active, now);
        for skip in old.schedule.iter().flat_map(closed) {
            self.write_skip(stored.id, &skip, if skip.reason == SkipReason::Paused { &note } else { "" })?;
        }
        let mark = stored.mark.max(now);
        let new = Entry::new(plan.clone(), mark);
        self.statement("UPDATE jobs SET since_ms = ?2 WHERE id = ?1")?
            .execute(params![id, to_ms(mark)])
            .map_err(failed)?;
        self.write_mark(stored.id, mark, new.due(mark, stored.paused.is_some(), stored.is_active))?;
        self.write_segment(stored.id, mark, new.schedule.as_ref())?;
        Ok((mark, true))
    }

    fn write_segment(
        &self,
        id: JobId,
        since: DateTime<Utc>,
        schedule: Option<&Schedule>,
    ) -> Result<(), StoreError> {
        // Two edits within one millisecond: no tick lies between them, so the later one alone counts.
        let sql = "INSERT OR REPLACE INTO segments (job_id, since_ms, schedule) VALUES (?1, ?2, ?3)";
        let schedule = schedule.map(ToString::to_string);
        self.statement(sql)?.execute(params![to_int(id.0), to_ms(since), schedule]).map_err(failed)?;
        Ok(())
    }

    pub(super) fn write_skip(&self, id: JobId, skip: &Skip, note: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO skips (job_id, first_ms, last_ms, count, reason, holder, note) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let holder = skip.holder.map(|run| to_int(run.0));
        let note = (!note.is_empty()).then_some(note);
        let (first, last) = (to_ms(skip.first), to_ms(skip.last));
        let values =
            params![to_int(id.0), first, last, to_int(skip.count), skip.reason.as_str(), holder, note];
        self.statement(sql)?.execute(values).map_err(failed)?;
        Ok(())
    }

    fn not_linked(&self, plans: &[Plan]) -> Result<Vec<JobName>, StoreError> {
        let mine: HashSet<&JobName> = plans.iter().map(|plan| &plan.name).collect();
        let mut statement = self.statement("SELECT name FROM jobs ORDER BY name")?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut missing = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let name: String = get(row, "name")?;
            let name: JobName =
                name.parse().map_err(|error| StoreError::Corrupt { what: format!("jobs.name: {error}") })?;
            if !mine.contains(&name) {
                missing.push(name);
            }
        }
        Ok(missing)
    }
}

/// SQLite keeps 64 bits with a sign; the bits are what counts.
fn fingerprint(plan: &Plan) -> i64 {
    plan.schedule.as_ref().map_or(0, |schedule| schedule.fingerprint().cast_signed())
}

/// The newest incarnation, for telling which jobs the newest program contains.
pub(super) fn newest_owner(connection: &rusqlite::Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT max(id) FROM incarnations";
    let newest =
        connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).optional().map_err(failed)?;
    Ok(newest.flatten())
}
