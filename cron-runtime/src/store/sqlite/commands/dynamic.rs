//! Jobs that are added, edited and removed while programs run.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Before, Namesake, Single, refuse_exhausted, single};
use cron_core::policy::Priority;
use cron_core::run::{JobId, RunId, StateWord};
use cron_core::schedule::Schedule;
use cron_core::suggest::nearest;
use rusqlite::OptionalExtension;

use super::super::super::{CommandError, Done, StoreError};
use super::super::checkup::served_programs;
use super::super::db::Db;
use super::super::declare::{Former, Handler, Maker, rank};
use super::super::rows::{Columns, failed, to_int, to_ms};
use super::super::sync::newest_program;

impl Db<'_> {
    pub(in super::super) fn upsert(&self, plans: &[Plan], now: DateTime<Utc>) -> Result<Done, CommandError> {
        let mut handlers = HashMap::new();
        let (mut new, mut edited) = (Vec::new(), Vec::new());
        let mut first_new = None;
        for plan in plans {
            let mut stored = self.stored(&plan.name)?;
            if stored.as_ref().is_some_and(|stored| stored.is_declared) {
                return Err(CommandError::Declared { job: plan.name.clone() });
            }
            let maker = Maker::Request(self.checked_handler(plan, &mut handlers)?);
            if stored.is_none()
                && let Some(was) = &plan.was
                && let Some(renamed) = self.dynamic_id(was)?
            {
                self.rename(renamed, was, &plan.name)?;
                stored = self.stored(&plan.name)?;
            }
            match stored {
                None => {
                    self.check_to_come(plan, None, now)?;
                    new.push(plan.name.clone());
                    let id = self.register(plan, maker, now)?;
                    first_new.get_or_insert(id);
                }
                Some(stored) => {
                    self.withdraw_removal(stored.id)?;
                    if stored.is_edited_by(plan) {
                        self.check_to_come(plan, Some(stored.id), now)?;
                    }
                    if self.update(&stored, plan, maker, now)? {
                        edited.push(plan.name.clone());
                    }
                    self.relink_one(stored.id, plan.handler())?;
                }
            }
        }
        if let Some(first) = first_new {
            self.link_new(first)?;
        }
        Ok(Done::Upserted { new, edited })
    }

    pub(in super::super) fn run_once(
        &self,
        mut plan: Plan,
        again: bool,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        if let Some(at) = plan.schedule.as_ref().and_then(Schedule::only_tick)
            && let Some(id) = self.dynamic_id(&plan.name)?
        {
            let (entry, mark) = (self.entry(id)?, self.mark(id)?);
            let last = self.newest_run(id)?;
            let ran: Vec<_> = self.ran_after(id, mark.place.mark)?.into_iter().map(|ran| ran.tick).collect();
            let has_these_args = entry.plan.args == plan.args;
            let namesake =
                Namesake { schedule: entry.schedule(), place: mark.place, last, ran: &ran, has_these_args };
            match single(at, now, namesake, again) {
                Single::Asked => plan.schedule.clone_from(&entry.plan.schedule),
                Single::At(at) => plan.schedule = Some(Schedule::at_instant(at)),
                Single::Over(last) => return Err(CommandError::Over { job: plan.name, last }),
            }
        }
        self.upsert(&[plan], now)
    }

    /// Nobody is told that a job is there and then it never runs. `known` is the job whose schedule is edited.
    fn check_to_come(
        &self,
        plan: &Plan,
        known: Option<JobId>,
        now: DateTime<Utc>,
    ) -> Result<(), CommandError> {
        let before = match known {
            Some(id) => Before::OtherSchedule { mark: self.mark(id)?.place.mark },
            None => Before::Nothing,
        };
        let Err(why) = refuse_exhausted(plan.schedule.as_ref(), plan.run_on_start, before, now) else {
            return Ok(());
        };
        if let (Some(id), Some(at)) = (known, why.single())
            && self.has_run_at(id, at)?
        {
            return Ok(());
        }
        Err(CommandError::NeverRuns { job: plan.name.clone(), why })
    }

    /// Whether a run of a job stands for an instant.
    fn has_run_at(&self, id: JobId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND nominal_ms = ?2)";
        self.statement(sql)?.query_row([to_int(id.0), to_ms(at)], |row| row.get(0)).map_err(failed)
    }

    /// The newest run of a job, and where it stands.
    fn newest_run(&self, id: JobId) -> Result<Option<(RunId, StateWord)>, StoreError> {
        let sql = "SELECT id, state FROM runs WHERE job_id = ?1 ORDER BY id DESC LIMIT 1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        Ok(Some((RunId(row.u64("id")?), row.word("state")?)))
    }

    /// The handler of a dynamic job, which is a declared one. `handlers` are those that were looked up.
    fn checked_handler<'a, 'h>(
        &self,
        plan: &'a Plan,
        handlers: &'h mut HashMap<&'a JobName, Handler>,
    ) -> Result<&'h Handler, CommandError> {
        let handler = plan.handler();
        match handlers.entry(handler) {
            Slot::Occupied(known) => Ok(known.into_mut()),
            Slot::Vacant(slot) => match self.handler(handler)? {
                Some(found) => Ok(slot.insert(found)),
                None => Err(self.unknown_handler(plan)?),
            },
        }
    }

    fn unknown_handler(&self, plan: &Plan) -> Result<CommandError, StoreError> {
        let handler = plan.handler();
        let declared: Vec<String> =
            self.all("SELECT name FROM jobs WHERE handler IS NULL ORDER BY name", [])?;
        let near = nearest(handler.as_str(), declared.iter().map(String::as_str)).map(str::to_owned);
        Ok(CommandError::UnknownHandler { job: plan.name.clone(), handler: handler.clone(), near })
    }

    /// The number of a dynamic job that has this name.
    fn dynamic_id(&self, name: &JobName) -> Result<Option<JobId>, StoreError> {
        if self.is_declared(name)? { Ok(None) } else { self.job_id(name) }
    }

    fn is_declared(&self, name: &JobName) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM jobs WHERE name = ?1 AND handler IS NULL";
        let mut statement = self.statement(sql)?;
        let found = statement.query_row([name.as_str()], |_| Ok(())).optional().map_err(failed)?;
        Ok(found.is_some())
    }

    pub(super) fn remove(&self, jobs: &[JobName], now: DateTime<Utc>) -> Result<Done, CommandError> {
        // The newest program may not live any more, or may have left them to an older one that does.
        let mut in_use = served_programs(self.connection, &self.signal, self.owner, now)?;
        in_use.extend(newest_program(self.connection)?);
        let mut ids: Vec<JobId> = Vec::with_capacity(jobs.len());
        let mut declared = Vec::new();
        for name in jobs {
            let id = self.named(name)?;
            let sql = "SELECT handler IS NULL, synced_by FROM jobs WHERE id = ?1";
            let (is_declared, synced_by): (bool, i64) = self
                .statement(sql)?
                .query_row([to_int(id.0)], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(failed)
                .map_err(CommandError::from)?;
            if is_declared && in_use.contains(&synced_by) {
                return Err(CommandError::Linked { job: name.clone() });
            }
            if let Some(holder) = self.busy(id)? {
                return Err(CommandError::Busy { job: name.clone(), holder });
            }
            ids.push(id);
            if is_declared {
                let handler = match self.handler(name) {
                    Ok(handler) => handler,
                    Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => None,
                    Err(error) => return Err(error.into()),
                };
                declared.push((name, handler));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        for id in &ids {
            self.forget(*id)?;
        }
        for (name, handler) in &declared {
            // Dynamic jobs without their handler have the defaults.
            let former = handler.as_ref().map_or(Former::Unknown, |handler| Former::Plan(handler.plan()));
            self.pass_on(name, former, rank(Priority::DEFAULT), now)?;
        }
        Ok(Done::Removed { count: ids.len() as u64 })
    }
}
