//! The declarations of jobs: new, edited, gone.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Place, Skip, begin_beside, first_mark, is_gap};
use cron_core::policy::Priority;
use cron_core::run::{JobId, Origin};
use cron_core::schedule::Schedule;
use rusqlite::{OptionalExtension, params};

use super::super::StoreError;
use super::claim::NewRun;
use super::db::Db;
use super::known::{Entry, Written};
use super::marks::Mark;
use super::rows::{Columns, args_in, failed, from_int, read_plan, to_int, to_ms, write_plan};

/// A job as the file has it.
pub(super) struct Stored {
    pub(super) id: JobId,
    /// Whether a program declares it; else it is a dynamic job.
    pub(super) is_declared: bool,
    text: String,
    fingerprint: i64,
    group: Option<String>,
    since: DateTime<Utc>,
    /// The newest program that contained it.
    pub(super) synced_by: i64,
}

impl Stored {
    /// Whether a request edits its schedule. Another version may have kept another fingerprint of the same one.
    pub(super) fn is_edited_by(&self, plan: &Plan) -> bool {
        self.fingerprint != fingerprint(plan)
            && read_plan(plan.name.as_str(), &self.text)
                .map_or(true, |stored| fingerprint(&stored) != fingerprint(plan))
    }
}

/// Columns of a [`Stored`].
pub(super) const FOUND: &str = "id, handler IS NULL, plan, fingerprint, grp, since_ms, synced_by";

/// Who makes a job known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Maker<'a> {
    /// A program that declares it.
    Program(i64),
    /// A request, for a job that calls the function of this one.
    Request(&'a Handler),
}

/// A declared job from which dynamic ones have policies.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) plan: Plan,
    text: String,
}

impl Handler {
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// What dynamic jobs had from their handler until now.
#[derive(Debug)]
pub(super) enum Former<'a> {
    /// The policies of this plan.
    Plan(&'a Plan),
    /// The defaults: there was no such handler.
    Absent,
    /// Nobody can say: its row cannot be read.
    Unknown,
}

impl Former<'_> {
    /// Whether the plan of a dynamic job may have been another one.
    fn is_changed(&self, plan: &Plan) -> bool {
        let handler = match self {
            Self::Plan(handler) => Some(*handler),
            Self::Absent => None,
            Self::Unknown => return true,
        };
        let mut before = plan.clone();
        before.inherit(handler);
        before != *plan
    }
}

impl<'a> Maker<'a> {
    fn handler(self) -> Option<&'a Handler> {
        match self {
            Self::Program(_) => None,
            Self::Request(handler) => Some(handler),
        }
    }

    /// The plan with all its policies, and what the file will have of it.
    fn complete(self, plan: &Plan, text: &str, since: DateTime<Utc>) -> (Rc<Entry>, Written) {
        let handler = self.handler();
        let mut plan = plan.clone();
        plan.inherit(handler.map(|handler| &handler.plan));
        let written = Written::new(text, handler.map(|handler| &*handler.text), to_ms(since));
        (Rc::new(Entry::new(plan, since)), written)
    }
}

/// No program declares the job.
const NO_PROGRAM: i64 = 0;

impl Db<'_> {
    /// A job that nobody has known before.
    pub(super) fn register(
        &self,
        plan: &Plan,
        maker: Maker<'_>,
        now: DateTime<Utc>,
    ) -> Result<JobId, StoreError> {
        let text = write_plan(plan)?;
        let (entry, written) = maker.complete(plan, &text, now);
        let at = first_mark(entry.schedule(), now);
        let program = match maker {
            Maker::Program(number) => number,
            Maker::Request(_) => NO_PROGRAM,
        };
        let values = params![
            plan.name.as_str(),
            text,
            fingerprint(plan),
            to_ms(now),
            program,
            plan.handler.as_ref().map(JobName::as_str),
            plan.group.as_ref().map(|group| group.as_str()),
        ];
        let id = if self.counts_jobs_on()? {
            self.statements.add_job.borrow_mut().insert(values)
        } else {
            let sql = "INSERT INTO jobs (id, name, plan, fingerprint, registered_ms, since_ms, synced_by, handler, grp) \
                       VALUES ((SELECT newest_job + 1 FROM counters), ?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)";
            self.statement(sql)?.insert(values)
        };
        let id = JobId(from_int(id.map_err(failed)?)?);
        let schedule = entry.schedule().map(ToString::to_string);
        let values = params![to_int(id.0), to_ms(at), schedule];
        self.statements.add_segment.borrow_mut().execute(values).map_err(failed)?;
        let mut mark = Mark::new(id, at);
        // It may have been born into a group that is paused.
        let is_paused = plan.group.is_some() && self.pause(id)?.is_some();
        mark.due = if is_paused { None } else { entry.due(&mark) };
        if plan.run_on_start {
            self.insert_run(&NewRun { origin: Origin::Start, ..NewRun::at(now) }, &mut mark)?;
        }
        self.add_mark(&mark, rank(entry.plan.priority))?;
        self.know(id, &entry, written);
        Ok(id)
    }

    /// Whether the newest job is still there, so that SQLite gives the next one a number that none had before.
    fn counts_jobs_on(&self) -> Result<bool, StoreError> {
        let counts_on = match self.counts_jobs_on.get() {
            Some(counts_on) => counts_on,
            None => {
                let sql = "SELECT newest_job = (SELECT ifnull(max(id), 0) FROM jobs) FROM counters";
                self.statement(sql)?.query_row([], |row| row.get(0)).map_err(failed)?
            }
        };
        // Once this one is written the newest one is there.
        self.counts_jobs_on.set(Some(true));
        Ok(counts_on)
    }

    /// Writes what has changed in a declaration. Says whether the schedule was edited.
    pub(super) fn update(
        &self,
        stored: &Stored,
        plan: &Plan,
        maker: Maker<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let id = stored.id;
        let number = to_int(id.0);
        let text = write_plan(plan)?;
        if text == stored.text {
            return Ok(false);
        }
        let stored_plan = match read_plan(plan.name.as_str(), &stored.text) {
            Ok(stored_plan) => Some(stored_plan),
            // It is damaged, or another version has declared it in words that this one does not know. It is edited back, and no other
            // job waits for that.
            Err(StoreError::Corrupt { what } | StoreError::UnknownWords { what }) => {
                tracing::warn!(job = %plan.name, %what, "declared anew in words that this version knows");
                None
            }
            Err(error) => return Err(error),
        };
        let args = match &stored_plan {
            Some(stored_plan) => Some(stored_plan.args.as_deref().map(str::to_owned)),
            None => args_in(&stored.text),
        };
        if let Some(args) = args.filter(|args| args.as_deref() != plan.args.as_deref()) {
            self.keep_args(id, args.as_deref())?;
        }
        let is_edited = fingerprint(plan) != stored_plan.as_ref().map_or(stored.fingerprint, fingerprint);
        let mut mark = self.mark(id)?;
        let mut since = stored.since;
        let has_moved = plan.group.as_ref().map(|group| group.as_str()) != stored.group.as_deref();
        if let Some(stored_plan) = &stored_plan {
            let pause = if is_edited || has_moved { self.pause(id)? } else { None };
            // What a pause of the group has kept from running is not replayed under another one.
            if is_edited || (has_moved && pause.is_some()) {
                // Under the old plan, as are the group and its pause.
                let old = Entry::new(stored_plan.clone(), stored.since);
                self.close_until(&mut mark, &old, pause.as_ref(), now)?;
            }
        } else if is_edited || (has_moved && self.pause(id)?.is_some()) {
            self.close_as_recorded(&mut mark, plan, now)?;
        }
        if is_edited {
            since = mark.place.mark;
            mark.place = Place { suspended: mark.place.suspended, ..Place::at(since) };
        }
        let (entry, written) = maker.complete(plan, &text, since);
        let sql = "UPDATE jobs SET plan = ?2, fingerprint = ?3, since_ms = ?4, handler = ?5, grp = ?6 WHERE id = ?1";
        let values = params![
            number,
            text,
            fingerprint(plan),
            to_ms(since),
            plan.handler.as_ref().map(JobName::as_str),
            plan.group.as_ref().map(|group| group.as_str()),
        ];
        self.run(sql, values)?;
        // A plan that an older version of this library has written says the same in other words.
        if stored_plan.as_ref() != Some(plan) {
            if is_edited {
                self.write_segment(id, since, entry.schedule())?;
                // What is suspended was decided under another schedule.
                self.refit(&mark, &entry)?;
            }
            mark.place.beside = begin_beside(entry.schedule(), mark.place, now);
            // The group may be another one, with a pause of its own.
            mark.due = None;
            self.rearm(&mut mark, &entry)?;
            // There may be more room now.
            self.release(&mut mark, &entry, now)?;
            self.write_mark(&mark)?;
            self.write_rank(id, rank(entry.plan.priority))?;
        }
        self.know(id, &entry, written);
        let has_heirs = matches!(maker, Maker::Program(_));
        // Until now a dynamic job may have had the name, from which nobody inherits.
        let old = stored_plan.filter(|_| stored.is_declared);
        if has_heirs && !old.as_ref().is_some_and(|old| old.has_policies_of(plan)) {
            let former = match &old {
                Some(old) => Former::Plan(old),
                None if stored.is_declared => Former::Unknown,
                None => Former::Absent,
            };
            self.pass_on(&plan.name, former, rank(plan.priority), now)?;
        }
        Ok(is_edited)
    }

    /// The arguments of a job are about to be others than `args`: its runs keep those that they were made with.
    fn keep_args(&self, id: JobId, args: Option<&str>) -> Result<(), StoreError> {
        // Those up to the newest run at the last edit have theirs, and are found by the index alone.
        let sql = "UPDATE runs SET args = ?2 WHERE job_id = ?1 AND args IS NULL \
                   AND id > (SELECT ifnull(args_kept, 0) FROM jobs WHERE id = ?1)";
        self.run(sql, params![to_int(id.0), args.unwrap_or_default()])?;
        let sql = "UPDATE jobs SET args_kept = (SELECT ifnull(max(id), 0) FROM runs) WHERE id = ?1";
        self.run(sql, [to_int(id.0)])?;
        Ok(())
    }

    fn write_rank(&self, id: JobId, rank: i64) -> Result<(), StoreError> {
        self.run("UPDATE marks SET rank = ?2 WHERE job_id = ?1", [to_int(id.0), rank])?;
        self.notice_rank(rank);
        Ok(())
    }

    /// The policies of a declared job have changed, and with them those of the dynamic jobs that have them from it. Their rows of
    /// `jobs` stay as they are: the plans are joined when they are read. What is kept of their plans elsewhere is the rank, and what
    /// follows from the overlap policy for runs that wait for the slot; only rows of jobs where that may have changed are written.
    ///
    /// `former` is what they had from it until now, and `rank` the rank that it has.
    pub(super) fn pass_on(
        &self,
        handler: &JobName,
        former: Former<'_>,
        rank: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.doubt();
        let sql = "SELECT jobs.id FROM jobs CROSS JOIN marks ON marks.job_id = jobs.id \
                   WHERE jobs.handler = ?1 AND (rank <> ?2 OR parked > 0) ORDER BY jobs.id";
        for id in self.all::<i64>(sql, params![handler.as_str(), rank])? {
            let id = JobId(from_int(id)?);
            let entry = match self.entry(id) {
                Ok(entry) => entry,
                // In words that this version does not know: whoever knows them declares it.
                Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => continue,
                Err(error) => return Err(error),
            };
            // A job that has these policies of its own, or from elsewhere, is not touched: it may have its reason to be due now.
            if !former.is_changed(&entry.plan) {
                continue;
            }
            self.write_rank(id, self::rank(entry.plan.priority))?;
            let mut mark = self.mark(id)?;
            if mark.parked > 0 {
                mark.due = None;
                self.rearm(&mut mark, &entry)?;
                self.release(&mut mark, &entry, now)?;
                self.write_mark(&mark)?;
            }
        }
        Ok(())
    }

    /// The declared job of this name, for dynamic jobs that call its function.
    pub(super) fn handler(&self, name: &JobName) -> Result<Option<Handler>, StoreError> {
        let sql = "SELECT plan FROM jobs WHERE name = ?1 AND handler IS NULL";
        let mut statement = self.statement(sql)?;
        let text: Option<String> =
            statement.query_row([name.as_str()], |row| row.get(0)).optional().map_err(failed)?;
        text.map(|text| Ok(Handler { plan: read_plan(name.as_str(), &text)?, text })).transpose()
    }

    /// Gives the ticks up to `now` their verdict under the schedule that the record has, where the declaration cannot be read.
    fn close_as_recorded(&self, mark: &mut Mark, plan: &Plan, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "SELECT schedule FROM segments WHERE job_id = ?1 ORDER BY since_ms DESC LIMIT 1";
        let text: Option<String> =
            self.statement(sql)?.query_row([to_int(mark.job.0)], |row| row.get(0)).map_err(failed)?;
        match text.map(|text| text.parse::<Schedule>()).transpose() {
            Ok(schedule) => {
                let pause = self.pause(mark.job)?;
                let old = Entry::new(Plan { schedule, ..plan.clone() }, mark.place.mark);
                self.close_until(mark, &old, pause.as_ref(), now)?;
            }
            // Nobody here can say which ticks there were from the mark on: the record has none.
            Err(_) if mark.place.mark < now => {
                self.write_segment(mark.job, mark.place.mark, None)?;
                mark.place.mark = now;
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// The job of this name.
    pub(super) fn stored(&self, name: &JobName) -> Result<Option<Stored>, StoreError> {
        let mut statement = self.statements.find_job.borrow_mut();
        let mut rows = statement.query([name.as_str()]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        let (id, is_declared) = (JobId(row.u64("id")?), row.get("handler")?);
        let (text, fingerprint) = (row.text("plan")?, row.get("fingerprint")?);
        let (group, since) = (row.get("grp")?, row.instant("since_ms")?);
        let synced_by = row.get("synced_by")?;
        Ok(Some(Stored { id, is_declared, text, fingerprint, group, since, synced_by }))
    }

    /// Removes a job with its record.
    pub(super) fn forget(&self, id: JobId) -> Result<(), StoreError> {
        let number = to_int(id.0);
        self.release_suspect(id)?;
        self.forget_left(id)?;
        self.keep_numbers()?;
        for sql in [
            "DELETE FROM attempts WHERE run_id IN (SELECT id FROM runs WHERE job_id = ?1)",
            "DELETE FROM run_log WHERE run_id IN (SELECT id FROM runs WHERE job_id = ?1)",
            "DELETE FROM runs WHERE job_id = ?1",
            "DELETE FROM skips WHERE job_id = ?1",
            "DELETE FROM suspended WHERE job_id = ?1",
            "DELETE FROM segments WHERE job_id = ?1",
            "DELETE FROM backfills WHERE job_id = ?1",
            "DELETE FROM removals WHERE job_id = ?1",
            "DELETE FROM marks WHERE job_id = ?1",
            "DELETE FROM problems WHERE job = (SELECT name FROM jobs WHERE id = ?1)",
            "DELETE FROM jobs WHERE id = ?1",
            "DELETE FROM temp.linked WHERE job_id = ?1",
        ] {
            self.run(sql, [number])?;
        }
        self.unknow(id);
        self.counts_jobs_on.set(None);
        Ok(())
    }

    /// Before runs are removed: the number of the newest one is not given again, for it is part of a fencing token.
    pub(super) fn keep_numbers(&self) -> Result<(), StoreError> {
        self.execute(
            "UPDATE counters SET removed_run = max(removed_run, (SELECT ifnull(max(id), 0) FROM runs))",
        )
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
        self.run(sql, params![to_int(id.0), to_ms(since), schedule])?;
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
        self.run(sql, values)?;
        if is_gap(skip, note.unwrap_or_default()) {
            let sql = "INSERT INTO rewinds (job_id, gap_first_ms, gap_last_ms) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (job_id) DO UPDATE SET gap_first_ms = ?2, gap_last_ms = ?3";
            self.run(sql, params![to_int(id.0), first, last])?;
        }
        Ok(())
    }
}

/// SQLite keeps 64 bits with a sign; the bits are what counts.
fn fingerprint(plan: &Plan) -> i64 {
    plan.schedule.as_ref().map_or(0, |schedule| schedule.fingerprint().cast_signed())
}

/// The more important, the smaller, so that an ascending index has the right order.
pub(super) fn rank(priority: Priority) -> i64 {
    100 - i64::from(priority.0)
}
