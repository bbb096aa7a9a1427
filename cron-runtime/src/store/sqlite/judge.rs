//! Judging, in one transaction.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use cron_core::job::Label;
use cron_core::judge::{Docket, Judgement, Verdict, judge};
use cron_core::policy::Overlap;
use cron_core::run::{JobId, Origin, OwnerId, RunEvent, RunId, SkipReason};
use rusqlite::params;

use super::super::types::note_handler;
use super::super::{Claim, JudgeRequest, Judged, Settled, Settlement, StoreError};
use super::claim::NewRun;
use super::db::Db;
use super::known::Entry;
use super::marks::{MARK, Mark};
use super::rows::{Columns, failed, from_ms, to_int, to_ms};
use super::settle::Measured;
use crate::crash_points::{Point, pass};

/// Why a run is ended under `overlap = "cancel"`.
const REPLACED: &str = "overlap = \"cancel\": a newer run takes the slot";

/// One judgement in the making.
pub(super) struct Session {
    pub(super) request: JudgeRequest,
    pub(super) judged: Judged,
    /// How many more attempts each group may have in progress, as far as it was looked up; `None` is no bound.
    pub(super) groups: HashMap<Label, Option<u64>>,
    /// When the next run of a suspect may start.
    suspects: Option<DateTime<Utc>>,
}

impl Db<'_> {
    /// Both in one transaction. A job whose run ends and whose next tick is due has its row of `marks` written once.
    pub(super) fn settle_and_judge(
        &mut self,
        settlements: Vec<Settlement>,
        request: JudgeRequest,
    ) -> Result<(Vec<Settled>, Judged), StoreError> {
        self.deferred.begin();
        let settled = self.settle(settlements)?;
        pass(Point::SettleWritten);
        let judged = self.judge(request)?;
        for mark in self.deferred.end() {
            self.write_mark_now(&mark)?;
        }
        pass(Point::JudgeWritten);
        Ok((settled, judged))
    }

    pub(super) fn judge(&mut self, request: JudgeRequest) -> Result<Judged, StoreError> {
        if self.owner != Some(request.owner) {
            return Err(StoreError::Closed);
        }
        self.keeps_at_hand();
        let mut session =
            Session { request, judged: Judged::default(), groups: HashMap::new(), suspects: None };
        let looked_at = self.start_waking(&mut session)?;
        let room = request.limit - looked_at;
        // One more than allowed is read, to know whether there is more.
        let mut due = self.due(request.now, room)?;
        session.judged.more |= due.len() > room;
        due.truncate(room);
        for mark in due {
            self.judge_job(mark, &mut session)?;
        }
        session.suspects = self.start_suspects(&mut session)?;
        session.judged.asked = self.asked(request.owner)?;
        session.judged.next = self.next(&session)?;
        Ok(session.judged)
    }

    /// The attempts of this process that are to stop.
    fn asked(&self, owner: OwnerId) -> Result<Vec<(Claim, String)>, StoreError> {
        let mut statement = self.statement(
            "SELECT id, epoch, asked_why FROM runs INDEXED BY runs_asked WHERE owner = ?1 AND asked_ms IS NOT NULL \
             AND state = 'running' ORDER BY id",
        )?;
        let mut rows = statement.query([to_int(owner.0)]).map_err(failed)?;
        let mut asked = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let claim = Claim { run: RunId(row.u64("id")?), epoch: cron_core::run::Epoch(row.u64("epoch")?) };
            asked.push((claim, row.get::<Option<String>>("asked_why")?.unwrap_or_default()));
        }
        Ok(asked)
    }

    fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Mark>, StoreError> {
        let sql = format!(
            "SELECT {MARK} FROM marks INDEXED BY marks_due CROSS JOIN temp.linked USING (job_id) \
             WHERE due_ms <= ?1 ORDER BY due_ms, rank, marks.job_id LIMIT ?2"
        );
        let mut statement = self.statement(&sql)?;
        let limit = to_int(limit as u64).saturating_add(1);
        let mut rows = statement.query(params![to_ms(now), limit]).map_err(failed)?;
        let mut due = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            due.push(self.read_mark(&mut Columns::of(row))?);
        }
        Ok(due)
    }

    /// The next instant at which a linked job or a waiting run is due.
    fn next(&self, session: &Session) -> Result<Option<DateTime<Utc>>, StoreError> {
        let least = |sql: &str, after: i64| -> Result<Option<i64>, StoreError> {
            let mut statement = self.statement(sql)?;
            let mut rows = statement.query([after]).map_err(failed)?;
            match rows.next().map_err(failed)? {
                Some(row) => row.get(0).map_err(failed),
                None => Ok(None),
            }
        };
        let job = least(
            "SELECT due_ms FROM marks INDEXED BY marks_due CROSS JOIN temp.linked USING (job_id) \
             WHERE due_ms >= ?1 ORDER BY due_ms LIMIT 1",
            i64::MIN,
        )?;
        // Those that have no room now are waited for in another way.
        let after = if session.judged.crowded { to_ms(session.request.now) } else { i64::MIN };
        let waking = if self.has_suspects()? {
            "SELECT wake_ms FROM runs INDEXED BY runs_wake CROSS JOIN temp.linked USING (job_id) \
             WHERE wake_ms > ?1 AND job_id NOT IN (SELECT job_id FROM suspects) ORDER BY wake_ms LIMIT 1"
        } else {
            "SELECT wake_ms FROM runs INDEXED BY runs_wake CROSS JOIN temp.linked USING (job_id) \
             WHERE wake_ms > ?1 ORDER BY wake_ms LIMIT 1"
        };
        let run = least(waking, after)?;
        let next = job.into_iter().chain(run).min();
        let next = next.map(|ms| from_ms("due_ms or wake_ms", ms)).transpose()?;
        Ok(next.into_iter().chain(session.suspects).min())
    }

    /// The job, unless a newer program has declared it in words that this one does not know, or its declaration is damaged.
    pub(super) fn readable(&self, job: JobId, judged: &mut Judged) -> Result<Option<Rc<Entry>>, StoreError> {
        match self.entry(job) {
            Ok(entry) => Ok(Some(entry)),
            Err(StoreError::UnknownWords { what }) => {
                self.leave_out(job)?;
                judged.left_out.push((self.name_or_number(job)?, what));
                Ok(None)
            }
            Err(StoreError::Corrupt { what }) => {
                self.leave_out(job)?;
                judged.damaged.push((self.name_or_number(job)?, what));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn judge_job(&self, mut mark: Mark, session: &mut Session) -> Result<(), StoreError> {
        let now = session.request.now;
        let Some(entry) = self.readable(mark.job, &mut session.judged)? else { return Ok(()) };
        let active = self.active(&mark)?;
        // A job that is paused has no due instant, but where somebody wants the slot of what is to be cancelled.
        let paused = entry.plan.overlap == Overlap::Cancel && self.pause(mark.job)?.is_some();
        let kept = self.kept(&mark, Some(now))?;
        let docket = Docket {
            schedule: entry.schedule(),
            catch_up: entry.plan.catch_up,
            overlap: entry.plan.overlap,
            slots: entry.plan.slots,
            jitter: entry.jitter(),
            place: mark.place,
            paused,
            active: &active,
            waiting: self.parked(&mark)?,
            kept: &kept,
        };
        let Judgement { evict, ask, verdicts, place, due } = judge(&docket, now);
        (mark.place, mark.due) = (place, due);
        self.is_judging.set(true);
        let evicted = evict.into_iter().try_for_each(|run| self.evict(run, &mut mark, &entry, session));
        self.is_judging.set(false);
        evicted?;
        for run in ask {
            self.ask(run, REPLACED, now)?;
        }
        let mut newest = None;
        for verdict in verdicts {
            match verdict {
                Verdict::Run { tick } => {
                    let new = NewRun { origin: Origin::Tick, ..NewRun::at(tick) };
                    newest = Some(self.start_new(&new, &mut mark, &entry, session)?);
                }
                Verdict::Extra { nominal } => {
                    let new = NewRun { origin: Origin::Next, ..NewRun::at(nominal) };
                    self.start_new(&new, &mut mark, &entry, session)?;
                }
                Verdict::Clock { nominal, waits } => {
                    let new = NewRun { origin: Origin::Clock, ..NewRun::at(nominal) };
                    if waits {
                        self.insert_run(&NewRun { wake: None, ..new }, &mut mark)?;
                    } else {
                        self.start_new(&new, &mut mark, &entry, session)?;
                    }
                }
                Verdict::Skip(mut skip) => {
                    if skip.reason == SkipReason::Overlap {
                        skip.holder = skip.holder.or(newest);
                    }
                    self.write_skip(mark.job, &skip, "")?;
                    note_handler(&mut session.judged.handlers, &entry.plan);
                    session.judged.skipped.push((entry.plan.name.clone(), skip));
                }
            }
        }
        self.release(&mut mark, &entry, now)?;
        self.write_mark(&mark)
    }

    /// Ends a run so that another one can have its slot. What its function returns counts for nothing from now on.
    fn evict(
        &self,
        run: RunId,
        mark: &mut Mark,
        entry: &Entry,
        session: &mut Session,
    ) -> Result<(), StoreError> {
        let now = session.request.now;
        let held = self.held_any(run)?;
        if held.owner.is_some() {
            // It was one of the attempts in progress of its group.
            session.groups.clear();
            self.rings.set(self.rings.get() || held.owner != self.owner);
        }
        let event = RunEvent::Cancel { at: now, why: REPLACED.to_owned() };
        let (moved, _) = self.apply(&held, mark, entry, event, now, Measured::default())?;
        let claim = Claim { run, epoch: held.epoch };
        note_handler(&mut session.judged.handlers, &entry.plan);
        session.judged.evicted.push((entry.plan.name.clone(), claim, moved.progress.state));
        Ok(())
    }

    /// Asks the attempt in progress of a run to stop, unless it was asked before.
    pub(super) fn ask(&self, run: RunId, why: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE runs SET asked_ms = ?2, asked_why = ?3 WHERE id = ?1 AND state = 'running' \
                   AND asked_ms IS NULL RETURNING owner";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![to_int(run.0), to_ms(now), why]).map_err(failed)?;
        self.at_hand.forget(run);
        if let Some(row) = rows.next().map_err(failed)? {
            let owner = Columns::of(row).u64_or_null("owner")?.map(OwnerId);
            self.rings.set(self.rings.get() || owner != self.owner);
        }
        // A statement that gives rows back is done only when it says so.
        while rows.next().map_err(failed)?.is_some() {}
        Ok(())
    }
}
