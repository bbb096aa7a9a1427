//! Starting runs: new ones, and those whose time has come.

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::judge::is_late;
use cron_core::run::{
    Epoch, JobId, Origin, Progress, RetryContext, RunEvent, RunId, RunState, Stage, Transition, transition,
};
use rusqlite::params;

use super::super::types::Given;
use super::super::{Claim, Claimed, JudgeRequest, StoreError};
use super::db::Db;
use super::judge::Session;
use super::known::Entry;
use super::marks::Mark;
use super::rows::{ACTIVE, Columns, failed, from_int, given, state_columns, to_int, to_ms};
use super::settle::Held;

/// A run that wants to start.
pub(super) struct Waking {
    pub(super) run: RunId,
    pub(super) job: JobId,
    pub(super) wake: DateTime<Utc>,
    nominal: DateTime<Utc>,
    origin: Origin,
    progress: Progress,
    /// It was started before.
    has_run: bool,
    args: Given,
}

impl Waking {
    /// The columns of [`Waking::read`].
    pub(super) const COLUMNS: &str = "runs.id, runs.job_id, wake_ms, nominal_ms, origin, \
        state, overdue, completed_ms IS NOT NULL, wake_ms, attempts_used, crashes, runs.epoch > 0, args";

    pub(super) fn read(row: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            run: RunId(row.u64("id")?),
            job: JobId(row.u64("job_id")?),
            wake: row.instant("wake_ms")?,
            nominal: row.instant("nominal_ms")?,
            origin: row.word("origin")?,
            progress: row.progress()?,
            has_run: row.get("epoch")?,
            args: given(row.get("args")?),
        })
    }
}

/// A run to be recorded.
pub(super) struct NewRun<'a> {
    pub(super) nominal: DateTime<Utc>,
    pub(super) origin: Origin,
    /// When it wants to start; without it waits for the slot.
    pub(super) wake: Option<DateTime<Utc>>,
    pub(super) args: Option<&'a str>,
    /// The backfill that it belongs to.
    pub(super) batch: Option<i64>,
}

impl NewRun<'_> {
    /// A run that somebody has asked for.
    pub(super) fn at(nominal: DateTime<Utc>) -> Self {
        Self { nominal, origin: Origin::Manual, wake: Some(nominal), args: None, batch: None }
    }

    fn is_plain_tick(&self) -> bool {
        self.origin == Origin::Tick && self.args.is_none() && self.batch.is_none()
    }
}

/// Whose an attempt is, from when on, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) owner: i64,
    pub(super) now: i64,
    pub(super) lease: i64,
    /// The program that starts it.
    pub(super) build: Option<i64>,
}

impl Session {
    fn start(&self, build: Option<i64>) -> Start {
        let JudgeRequest { now, owner, lease_until, .. } = self.request;
        Start { owner: to_int(owner.0), now: to_ms(now), lease: to_ms(lease_until), build }
    }
}

impl Db<'_> {
    /// Starts runs whose time has come, as many as there are workers and as `limit` allows. Gives how many.
    pub(super) fn start_waking(&self, session: &mut Session) -> Result<usize, StoreError> {
        let mut started = 0;
        loop {
            // One more than can be started is read, to know whether there is more.
            let workers = session.request.room.saturating_sub(session.judged.claimed.len());
            let most = workers.min(session.request.limit - started);
            let waking = self.waking(session, most)?;
            let is_last = waking.len() <= most;
            for run in &waking {
                let Some(entry) = self.readable(run.job, &mut session.judged)? else { continue };
                // What finds its group full is passed over: it must not stand in the way of the others.
                if entry.plan.group.as_ref().is_some_and(|group| session.groups.get(group) == Some(&Some(0)))
                {
                    session.judged.crowded = true;
                    continue;
                }
                if started == session.request.limit {
                    session.judged.more = true;
                    return Ok(started);
                }
                if session.judged.claimed.len() >= session.request.room {
                    session.judged.crowded = true;
                    return Ok(started);
                }
                started += usize::from(self.start_if_room(run, &entry, session)?);
            }
            if is_last {
                return Ok(started);
            }
        }
    }

    /// Runs of linked jobs whose time to start has come: the most important first, of these the longest waiting; one more than
    /// `most`, if there are. Groups that are known to be full are left out.
    fn waking(&self, session: &Session, most: usize) -> Result<Vec<Waking>, StoreError> {
        let full: Vec<&str> = session
            .groups
            .iter()
            .filter(|(_, room)| **room == Some(0))
            .map(|(group, _)| group.as_str())
            .collect();
        let without = if full.is_empty() {
            ""
        } else {
            "AND runs.job_id NOT IN (SELECT id FROM jobs WHERE grp IN (SELECT value FROM json_each(?3)))"
        };
        // Those have their turn after the others.
        let innocent =
            if self.has_suspects()? { "AND runs.job_id NOT IN (SELECT job_id FROM suspects)" } else { "" };
        // Where all are alike the index has them in their order, and who waits behind the first few is not looked at. Else all that wait
        // are sorted for each look.
        let order = if self.has_one_rank()? { "wake_ms, runs.id" } else { "rank, wake_ms, runs.id" };
        let sql = format!(
            "SELECT {} \
             FROM runs INDEXED BY runs_wake CROSS JOIN temp.linked USING (job_id) CROSS JOIN marks USING (job_id) \
             WHERE wake_ms <= ?1 {without} {innocent} ORDER BY {order} LIMIT ?2",
            Waking::COLUMNS
        );
        let mut statement = self.statement(&sql)?;
        let (now, limit) = (to_ms(session.request.now), to_int(most as u64).saturating_add(1));
        let mut rows = if full.is_empty() {
            statement.query(params![now, limit])
        } else {
            let full = serde_json::to_string(&full).map_err(|error| StoreError::Backend(Box::new(error)))?;
            statement.query(params![now, limit, full])
        }
        .map_err(failed)?;
        let mut waking = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            waking.push(Waking::read(&mut Columns::of(row))?);
        }
        Ok(waking)
    }

    /// Whether a worker is free and the group of the job has room. What has none stays scheduled.
    fn has_room(&self, entry: &Entry, session: &mut Session) -> Result<bool, StoreError> {
        if session.judged.claimed.len() >= session.request.room {
            return Ok(false);
        }
        let Some(group) = &entry.plan.group else { return Ok(true) };
        let room = match session.groups.get(group) {
            Some(room) => *room,
            None => {
                let room = self.room_of_group(group.as_str())?;
                session.groups.insert(group.clone(), room);
                room
            }
        };
        let Some(room) = room else { return Ok(true) };
        if room > 0 {
            session.groups.insert(group.clone(), Some(room - 1));
        }
        Ok(room > 0)
    }

    /// How many more attempts of a group may be in progress; `None` is no bound.
    fn room_of_group(&self, group: &str) -> Result<Option<u64>, StoreError> {
        let mut statement = self.statement("SELECT max_running FROM groups WHERE name = ?1")?;
        let mut rows = statement.query([group]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let Some(limit) = Columns::of(row).u64_or_null("max_running")? else { return Ok(None) };
        let sql = format!(
            "SELECT count(*) FROM jobs CROSS JOIN runs ON job_id = jobs.id \
             WHERE grp = ?1 AND {ACTIVE} AND state = 'running'"
        );
        let running: i64 = self.statement(&sql)?.query_row([group], |row| row.get(0)).map_err(failed)?;
        Ok(Some(limit.saturating_sub(from_int(running)?)))
    }

    /// Starts a waiting run if there is room. Says whether it has started.
    pub(super) fn start_if_room(
        &self,
        waking: &Waking,
        entry: &Entry,
        session: &mut Session,
    ) -> Result<bool, StoreError> {
        if !self.has_room(entry, session)? {
            session.judged.crowded = true;
            return Ok(false);
        }
        let moved = begin(waking.run, entry, waking.progress)?.progress;
        if let Some(mark) = self.deferred.take(waking.job) {
            self.write_mark_now(&mark)?;
        }
        // After that write, which would keep it: an end that is written from it would give the epoch back.
        self.at_hand.forget_mark(waking.job);
        let mut statement =
            self.statement("UPDATE marks SET epoch = epoch + 1 WHERE job_id = ?1 RETURNING epoch")?;
        let epoch: i64 = statement.query_row([to_int(waking.job.0)], |row| row.get(0)).map_err(failed)?;
        let Start { owner, now, lease, build } = session.start(self.build);
        let (overdue, wake) = state_columns(&moved.state);
        let sql = "UPDATE runs SET state = ?2, overdue = ?3, wake_ms = ?4, epoch = ?5, owner = ?6, lease_ms = ?7, \
                   started_ms = ?8, duration_us = NULL, progress = NULL, progress_note = NULL, build = ?9 \
                   WHERE id = ?1 AND wake_ms IS NOT NULL";
        let values = params![
            to_int(waking.run.0),
            moved.state.word().as_str(),
            overdue,
            wake,
            epoch,
            owner,
            lease,
            now,
            build,
        ];
        if !self.changed(sql, values)? {
            let what = format!("run {} changed within a transaction", waking.run);
            return Err(StoreError::Corrupt { what });
        }
        let Waking { run, nominal, origin, .. } = *waking;
        let is_late = origin == Origin::Tick && !waking.has_run && is_tick_late(entry, nominal, session);
        session.judged.claimed.push(Claimed {
            claim: Claim { run, epoch: Epoch(from_int(epoch)?) },
            plan: Arc::clone(&entry.plan),
            nominal,
            origin,
            attempt: moved.attempt(),
            args: waking.args.of(&entry.plan),
            is_late,
        });
        Ok(true)
    }

    /// Records a new run: as running if there is room and nothing is held against its job, otherwise as scheduled.
    pub(super) fn start_new(
        &self,
        new: &NewRun<'_>,
        mark: &mut Mark,
        entry: &Rc<Entry>,
        session: &mut Session,
    ) -> Result<RunId, StoreError> {
        if self.is_suspect(mark.job)? {
            return self.insert_run(new, mark);
        }
        if !self.has_room(entry, session)? {
            session.judged.crowded = true;
            return self.insert_run(new, mark);
        }
        let run = self.next_run_id()?;
        let moved = begin(run, entry, Progress::scheduled(new.wake))?.progress;
        let epoch = mark.next_epoch();
        self.insert(run, new, mark, moved, Some((epoch, session.start(self.build))))?;
        self.at_hand.began(
            Held { run, epoch, progress: moved, origin: new.origin, started: None, owner: None },
            mark.job,
            entry,
        );
        let is_late = new.origin == Origin::Tick && is_tick_late(entry, new.nominal, session);
        session.judged.claimed.push(Claimed {
            claim: Claim { run, epoch },
            plan: Arc::clone(&entry.plan),
            nominal: new.nominal,
            origin: new.origin,
            attempt: moved.attempt(),
            args: entry.plan.args.clone(),
            is_late,
        });
        Ok(run)
    }

    /// Records a new run that is started later.
    pub(super) fn insert_run(&self, new: &NewRun<'_>, mark: &mut Mark) -> Result<RunId, StoreError> {
        let run = self.next_run_id()?;
        self.insert(run, new, mark, Progress::scheduled(new.wake), None)?;
        Ok(run)
    }

    fn insert(
        &self,
        run: RunId,
        new: &NewRun<'_>,
        mark: &mut Mark,
        progress: Progress,
        start: Option<(Epoch, Start)>,
    ) -> Result<(), StoreError> {
        mark.recorded += 1;
        if progress.state.holds_slot() {
            mark.active += 1;
        } else {
            mark.parked += 1;
        }
        if let Some((epoch, start)) = start
            && new.is_plain_tick()
            && is_fresh(&progress)
        {
            self.start_tick(run, mark.job, new.nominal, epoch, start);
            return Ok(());
        }
        let (overdue, wake) = state_columns(&progress.state);
        let lane = if new.origin == Origin::Tick { 0 } else { to_int(run.0) };
        let (epoch, start) = start.map_or((Epoch(0), None), |(epoch, start)| (epoch, Some(start)));
        let values = params![
            to_int(run.0),
            to_int(mark.job.0),
            to_ms(new.nominal),
            lane,
            new.origin.as_str(),
            progress.state.word().as_str(),
            overdue,
            to_int(epoch.0),
            start.as_ref().map(|start| start.owner),
            start.as_ref().map(|start| start.lease),
            start.as_ref().map(|start| start.now),
            wake,
            new.args,
            new.batch,
            start.as_ref().and_then(|start| start.build),
        ];
        // In the order of their numbers.
        self.write_ticks()?;
        self.statements.insert_run.borrow_mut().execute(values).map_err(failed)?;
        self.counts_on.set(true);
        Ok(())
    }
}

/// Whether it stands as a run that has just begun its first attempt.
fn is_fresh(progress: &Progress) -> bool {
    let is_in_time = matches!(progress.state, RunState::Running { stage: Stage::InTime });
    is_in_time && (progress.attempts_used, progress.crashes) == (0, 0)
}

fn is_tick_late(entry: &Entry, tick: DateTime<Utc>, session: &Session) -> bool {
    entry.schedule().is_some_and(|schedule| {
        is_late(entry.plan.catch_up, schedule, entry.jitter(), tick, session.request.now)
    })
}

fn begin(run: RunId, entry: &Entry, progress: Progress) -> Result<Transition, StoreError> {
    step(run, entry, progress, RunEvent::Start)
}

/// What the state machine says where no retry is to be decided.
pub(super) fn step(
    run: RunId,
    entry: &Entry,
    progress: Progress,
    event: RunEvent,
) -> Result<Transition, StoreError> {
    let context = RetryContext {
        run,
        retry: entry.plan.retry,
        overlap: entry.plan.overlap,
        next_tick: None,
        is_quarantined: false,
    };
    transition(progress, event, &context).map_err(|illegal| StoreError::Illegal { run: run.0, illegal })
}
