//! Joining, leaving, and making the jobs of this program known.

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::run::{JobId, OwnerId};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Executes, GroupLimit, Program, StoreError, Synced};
use super::db::Db;
use super::declare::{Former, Maker, rank};
use super::rows::{failed, from_int, read_name, read_plan, to_int, to_ms, write_plan};
use super::signal::{Starter, boot};

impl Db<'_> {
    pub(super) fn join(&mut self, now: DateTime<Utc>) -> Result<Starter, StoreError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| StoreError::Backend(Box::new(error)))?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let sql = "INSERT INTO incarnations (token, boot, joined_ms) VALUES (?1, ?2, ?3)";
        self.statement(sql)?.insert(params![&token, boot(), to_ms(now)]).map_err(failed)?;
        let owner = OwnerId(from_int(self.connection.last_insert_rowid())?);
        self.keep_lock(owner, None)?;
        self.owner = Some(owner);
        Ok(Starter { owner, token, has_left: false })
    }

    /// Why the record is known to be older than what has run here before: the file beside it remembers a start, or an end, that the record
    /// does not. Asked in the transaction of the join, in which nobody else joins.
    pub(super) fn went_back(&self, me: &Starter) -> Result<Option<String>, StoreError> {
        // Nothing of a new file is caught up.
        let Some(newest) = self.signal.newest() else { return Ok(None) };
        if self.has_no_jobs()? {
            return Ok(None);
        }
        let sql = "SELECT token, ended_ms IS NOT NULL FROM incarnations WHERE id = ?1";
        let known: Option<(String, bool)> = self
            .statement(sql)?
            .query_row([to_int(newest.owner.0)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(failed)?;
        let number = newest.owner.0;
        Ok(match known {
            Some((token, _)) if token != newest.token => {
                Some(format!("start {number} of a scheduler was another one than the one on record"))
            }
            Some((_, has_ended)) if newest.has_left && !has_ended => Some(format!(
                "start {number} of a scheduler has taken leave, and the record does not know of it"
            )),
            // No number comes twice: this one was never given here.
            None if newest.owner > me.owner => Some(format!(
                "start {number} of a scheduler is not on record, where the newest is {}",
                me.owner.0
            )),
            // One that has ended may have been pruned.
            Some(_) | None => None,
        })
    }

    pub(super) fn leave(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(owner) = self.owner else { return Ok(()) };
        let sql = "UPDATE incarnations SET ended_ms = ?2, died = NULL WHERE id = ?1";
        self.run(sql, params![to_int(owner.0), to_ms(now)])?;
        self.owner = None;
        self.has_left = true;
        Ok(())
    }

    pub(super) fn sync(&mut self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let owner = self.owner.ok_or(StoreError::Closed)?;
        self.build = self.build_named(&program.name)?;
        let mut synced = Synced::default();
        self.execute("DELETE FROM temp.program")?;
        self.execute("DELETE FROM temp.left_out")?;
        let names: Vec<&str> = program.plans.iter().map(|plan| plan.name.as_str()).collect();
        let executed = executed(&program.executes)?;
        let sql = match executed {
            None => "INSERT OR IGNORE INTO temp.program SELECT value, 1 FROM json_each(?1) WHERE ?2 IS NULL",
            Some(_) => {
                "INSERT OR IGNORE INTO temp.program SELECT value, value IN (SELECT value FROM json_each(?2)) \
                 FROM json_each(?1)"
            }
        };
        self.run(sql, params![json(&names)?, executed])?;
        self.write_limits(&program.groups)?;
        let (before, number) = self.programs()?;
        let mut is_the_same = before.is_some();
        let is_new = self.has_no_jobs()?;
        if is_new {
            self.know_none();
        }
        for plan in &program.plans {
            let mut stored = if is_new { None } else { self.stored(&plan.name)? };
            if stored.is_none()
                && let Some((was, renamed)) = self.renamed(plan)?
            {
                self.rename(renamed, &was, &plan.name)?;
                synced.renamed.push((was, plan.name.clone()));
                stored = self.stored(&plan.name)?;
            }
            is_the_same &= stored.as_ref().is_some_and(|stored| before == Some(stored.synced_by));
            match stored {
                None => {
                    synced.new.push(plan.name.clone());
                    self.register(plan, Maker::Program(number), now)?;
                    if !is_new {
                        // Its dynamic jobs may have waited for it.
                        self.pass_on(&plan.name, Former::Absent, rank(plan.priority), now)?;
                    }
                }
                Some(stored) => {
                    if self.update(&stored, plan, Maker::Program(number), now)? {
                        synced.edited.push(plan.name.clone());
                    }
                }
            }
        }
        if is_new && program.executes == Executes::All {
            self.link_all()?;
        } else {
            self.relink()?;
            synced.not_linked = self.not_linked(&program.executes)?;
        }
        let program = match before.filter(|_| is_the_same) {
            Some(before) if !self.contains_any(before, &synced.not_linked)? => before,
            _ => {
                self.run("UPDATE counters SET newest_program = ?1", [number])?;
                if !is_new {
                    self.write_program(number)?;
                }
                number
            }
        };
        let sql = "UPDATE incarnations SET program = ?2, executes = ?3 WHERE id = ?1";
        self.run(sql, params![to_int(owner.0), program, executed])?;
        Ok(synced)
    }

    /// The number of the program of this process, which its attempts have. One without a name has none.
    fn build_named(&self, name: &str) -> Result<Option<i64>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        self.run("INSERT OR IGNORE INTO builds (name) VALUES (?1)", [name])?;
        let sql = "SELECT id FROM builds WHERE name = ?1";
        self.statement(sql)?.query_row([name], |row| row.get(0)).map(Some).map_err(failed)
    }

    fn has_no_jobs(&self) -> Result<bool, StoreError> {
        self.statement("SELECT NOT EXISTS (SELECT 1 FROM jobs)")?
            .query_row([], |row| row.get(0))
            .map_err(failed)
    }

    /// The newest program that has said what it contains, and the number of one that contains something else.
    fn programs(&self) -> Result<(Option<i64>, i64), StoreError> {
        let sql = "SELECT (SELECT program FROM incarnations WHERE program IS NOT NULL ORDER BY id DESC LIMIT 1), \
                   newest_program + 1 FROM counters";
        self.statement(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)
    }

    /// Whether a program declared one of these jobs.
    fn contains_any(&self, program: i64, jobs: &[JobName]) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM jobs WHERE name = ?1 AND handler IS NULL AND synced_by = ?2)";
        let mut statement = self.statement(sql)?;
        for name in jobs {
            if statement.query_row(params![name.as_str(), program], |row| row.get(0)).map_err(failed)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes that this program contains its jobs. One that is new says so from the beginning.
    fn write_program(&self, number: i64) -> Result<(), StoreError> {
        // With OR FAIL SQLite need not be able to take back this statement alone: whatever fails takes back the request.
        let sql = "UPDATE OR FAIL jobs SET synced_by = ?1 \
                   WHERE name IN (SELECT name FROM temp.program) AND synced_by <> ?1";
        self.run(sql, [number])?;
        Ok(())
    }

    fn write_limits(&self, groups: &[GroupLimit]) -> Result<(), StoreError> {
        for GroupLimit { group, max_running } in groups {
            let sql = "INSERT INTO groups (name, max_running) VALUES (?1, ?2) \
                       ON CONFLICT (name) DO UPDATE SET max_running = ?2";
            self.run(sql, params![group.as_str(), max_running])?;
        }
        Ok(())
    }

    /// The old name of a job that is not known under its new one, if its record is there and nobody here uses it.
    fn renamed(&self, plan: &Plan) -> Result<Option<(JobName, JobId)>, StoreError> {
        let Some(was) = &plan.was else { return Ok(None) };
        let sql = "SELECT EXISTS (SELECT 1 FROM temp.program WHERE name = ?1)";
        let is_used: bool =
            self.statement(sql)?.query_row([was.as_str()], |row| row.get(0)).map_err(failed)?;
        if is_used {
            return Ok(None);
        }
        let sql = "SELECT id FROM jobs WHERE name = ?1 AND handler IS NULL";
        let mut statement = self.statement(sql)?;
        let id: Option<i64> =
            statement.query_row([was.as_str()], |row| row.get(0)).optional().map_err(failed)?;
        id.map(|id| Ok((was.clone(), JobId(from_int(id)?)))).transpose()
    }

    pub(super) fn rename(&self, id: JobId, was: &JobName, name: &JobName) -> Result<(), StoreError> {
        self.run("UPDATE jobs SET name = ?2 WHERE id = ?1", params![to_int(id.0), name.as_str()])?;
        self.run("UPDATE OR REPLACE problems SET job = ?2 WHERE job = ?1", [was.as_str(), name.as_str()])?;
        // Dynamic jobs follow the function.
        let sql = "SELECT id, name, plan FROM jobs WHERE handler = ?1";
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map([was.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let dynamic: Result<Vec<(i64, String, String)>, _> = rows.map_err(failed)?.collect();
        for (id, of, plan) in dynamic.map_err(failed)? {
            match read_plan(&of, &plan) {
                Ok(plan) => {
                    let plan = write_plan(&Plan { handler: Some(name.clone()), ..plan })?;
                    let sql = "UPDATE jobs SET plan = ?2, handler = ?3 WHERE id = ?1";
                    self.run(sql, params![id, plan, name.as_str()])?;
                }
                // Its schedule is in words that this version does not know; it follows all the same.
                Err(StoreError::UnknownWords { .. }) => {
                    let sql =
                        "UPDATE jobs SET plan = json_set(plan, '$.handler', ?2), handler = ?2 WHERE id = ?1";
                    self.run(sql, params![id, name.as_str()])?;
                }
                // What is damaged stays so until somebody declares it anew.
                Err(StoreError::Corrupt { .. }) => {
                    self.run("UPDATE jobs SET handler = ?2 WHERE id = ?1", params![id, name.as_str()])?;
                }
                Err(error) => return Err(error),
            }
            self.unknow(JobId(from_int(id)?));
        }
        Ok(())
    }

    fn not_linked(&self, executes: &Executes) -> Result<Vec<JobName>, StoreError> {
        let sql = match executes {
            // Then all are linked that the program contains, and numbers are looked up in less time than names.
            Executes::All => {
                "SELECT name FROM jobs WHERE id NOT IN (SELECT job_id FROM temp.linked) ORDER BY name"
            }
            Executes::Only(_) => {
                "SELECT name FROM jobs WHERE ifnull(handler, name) NOT IN (SELECT name FROM temp.program) ORDER BY name"
            }
        };
        let mut statement = self.statement(sql)?;
        let names: Result<Vec<String>, _> =
            statement.query_map([], |row| row.get(0)).map_err(failed)?.collect();
        names.map_err(failed)?.iter().map(|name| read_name(name)).collect()
    }
}

/// The names of the jobs that a process executes, as JSON; `None` for all of its program.
fn executed(executes: &Executes) -> Result<Option<String>, StoreError> {
    match executes {
        Executes::All => Ok(None),
        Executes::Only(jobs) => json(&jobs.iter().map(JobName::as_str).collect::<Vec<_>>()).map(Some),
    }
}

fn json(names: &[&str]) -> Result<String, StoreError> {
    serde_json::to_string(names).map_err(|error| StoreError::Backend(Box::new(error)))
}

/// The newest program, as far as it has said what it contains.
pub(super) fn newest_program(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT program FROM incarnations ORDER BY id DESC LIMIT 1";
    let newest = connection.query_row(sql, [], |row| row.get(0)).optional().map_err(failed)?;
    Ok(newest.flatten())
}
