//! What became of attempts. Every write names run, epoch and state, and must change exactly one row.

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::judge::{Ending, Place, hold_after, may_give_way, written_end};
use cron_core::run::{
    AttemptEnd, AttemptRecord, AttemptResult, Epoch, Origin, OwnerId, Progress, RunEvent, RunId, RunState,
    Stage, Transition,
};
use cron_core::suspect::is_cleared_by;
use rusqlite::params;

use super::super::{Claim, Settled, Settlement, StoreError, stopped};
use super::db::Db;
use super::known::Entry;
use super::marks::Mark;
use super::rows::{Columns, PROGRESS, failed, state_columns, to_int, to_ms, to_us};

/// A run, as the file has it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) run: RunId,
    pub(super) epoch: Epoch,
    pub(super) progress: Progress,
    pub(super) origin: Origin,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) owner: Option<OwnerId>,
}

/// When an attempt began and how long it took, where that is known.
#[derive(Clone, Copy, Default)]
pub(super) struct Measured {
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) duration: Option<Duration>,
}

/// An attempt in force: why it was asked to stop, where its job stands, and the job.
type Found = (Held, Option<String>, Mark, Rc<Entry>);

impl Db<'_> {
    pub(super) fn settle(&mut self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.keeps_at_hand();
        settlements.into_iter().map(|settlement| self.settle_one(settlement)).collect()
    }

    fn settle_one(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        let Settlement { claim, started, duration, event, next, note, at } = settlement;
        let measured = Measured { started: Some(started), duration: Some(duration) };
        let Some((held, asked, mut mark, entry)) = self.held(claim.run, claim.epoch)? else {
            if let Some(state) = self.was_settled(&claim, started, duration)? {
                return Ok(Settled::Moved { state, gave_way: false, due: None });
            }
            self.note_fenced(claim.run, claim.epoch, &event, measured)?;
            return Ok(Settled::Fenced);
        };
        if matches!(event, RunEvent::Overrun { .. })
            && held.progress.state == (RunState::Running { stage: Stage::Overdue })
        {
            // Only this process records that, so it has done so before.
            return Ok(Settled::Moved { state: held.progress.state, gave_way: false, due: None });
        }
        self.write_note(claim.run, &note)?;
        let before = mark.clone();
        let event = stopped(event, asked.as_deref());
        // The success of an attempt that was recorded as timed out counts for nothing.
        let is_success = matches!(event, RunEvent::Ended { end: AttemptEnd::Succeeded, .. })
            && held.progress.state != RunState::Running { stage: Stage::Overdue };
        self.write_wish(claim.run, &note, &mut mark, &entry)?;
        if let Some(next) = next.filter(|_| is_success && held.origin != Origin::Backfill)
            && self.removal(mark.job)?.is_none()
        {
            mark.place.hold = hold_after(next, claim.run, at);
        }
        let clears = is_cleared_by(&event);
        let (moved, due) = self.apply(&held, &mut mark, &entry, event, at, measured)?;
        if clears {
            self.clear_suspect(mark.job)?;
        }
        self.write_end(&before, &mark)?;
        Ok(Settled::Moved { state: moved.progress.state, gave_way: moved.gave_way, due })
    }

    /// Where the run stands, if this same end was written before by a call that was reported as failed. Whoever else ends an attempt
    /// does not know how long it took.
    fn was_settled(
        &self,
        claim: &Claim,
        started: DateTime<Utc>,
        duration: Duration,
    ) -> Result<Option<RunState>, StoreError> {
        let sql = format!(
            "SELECT {PROGRESS} FROM runs WHERE id = ?1 AND state <> 'running' AND epoch = ?2 AND started_ms = ?3 AND duration_us = ?4 \
             UNION ALL SELECT {PROGRESS} FROM runs JOIN attempts ON run_id = id WHERE id = ?1 AND attempts.epoch = ?2 \
             AND attempts.started_ms = ?3 AND attempts.duration_us = ?4 AND result <> 'fenced'"
        );
        let mut statement = self.statement(&sql)?;
        let values = params![to_int(claim.run.0), to_int(claim.epoch.0), to_ms(started), to_us(duration)];
        let mut rows = statement.query(values).map_err(failed)?;
        match rows.next().map_err(failed)? {
            Some(row) => Ok(Some(Columns::of(row).progress()?.state)),
            None => Ok(None),
        }
    }

    /// The attempt of a run if it is still the one of `epoch`: why it was asked to stop, where its job stands, and the job.
    fn held(&self, run: RunId, epoch: Epoch) -> Result<Option<Found>, StoreError> {
        if let Some((held, mark, entry)) = self.at_hand.take(run, epoch) {
            return Ok(Some((held, None, mark, entry)));
        }
        let mut statement = self.statements.held.borrow_mut();
        let mut rows = statement.query(params![to_int(run.0), to_int(epoch.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        let (progress, origin) = (row.progress()?, row.word("origin")?);
        let held = Held { run, epoch, progress, origin, started: None, owner: None };
        let asked = row.get("asked_why")?;
        let mark = self.read_mark(&mut row)?;
        let entry = self.entry_or_known(mark.job)?;
        Ok(Some((held, asked, mark, entry)))
    }

    /// A run that is there, whatever its state.
    pub(super) fn held_any(&self, run: RunId) -> Result<Held, StoreError> {
        let sql = format!("SELECT {PROGRESS}, origin, epoch, started_ms, owner FROM runs WHERE id = ?1");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else {
            return Err(StoreError::Corrupt { what: format!("there is no run {run}") });
        };
        let mut row = Columns::of(row);
        Ok(Held {
            run,
            progress: row.progress()?,
            origin: row.word("origin")?,
            epoch: Epoch(row.u64("epoch")?),
            started: row.instant_or_null("started_ms")?,
            owner: row.u64_or_null("owner")?.map(OwnerId),
        })
    }

    /// Lets the state machine decide and writes what it says of the run; where the job stands is changed in `mark`. The instant is
    /// the one at which somebody has to look at what waited for this.
    pub(super) fn apply(
        &self,
        held: &Held,
        mark: &mut Mark,
        entry: &Entry,
        event: RunEvent,
        at: DateTime<Utc>,
        measured: Measured,
    ) -> Result<(Transition, Option<DateTime<Utc>>), StoreError> {
        let ending = Ending {
            run: held.run,
            origin: held.origin,
            progress: held.progress,
            retry: entry.plan.retry,
            overlap: entry.plan.overlap,
            schedule: entry.schedule(),
            hold: mark.place.hold,
            is_paused: may_give_way(entry.plan.retry, entry.plan.overlap, held.origin)
                && self.pause(mark.job)?.is_some(),
            is_quarantined: self.is_quarantined(mark.job)?,
        };
        let moved =
            ending.after(event, at).map_err(|illegal| StoreError::Illegal { run: held.run.0, illegal })?;
        self.write_run(held, &moved, mark.place, at, measured)?;
        if let Some(record) = moved.record.as_ref().filter(|record| record.result != AttemptResult::Succeeded)
        {
            let measured = Measured { started: measured.started.or(held.started), ..measured };
            self.write_attempt(held.run, held.progress.attempt(), held.epoch, record, measured)?;
        }
        let (before, after) = (held.progress.state, moved.progress.state);
        if after.is_active() {
            return Ok((moved, None));
        }
        let count = if before.holds_slot() { &mut mark.active } else { &mut mark.parked };
        *count = count.saturating_sub(1);
        if self.is_judging.get() {
            return Ok((moved, None));
        }
        let due = self.free(mark, entry, at)?;
        Ok((moved, due))
    }

    fn write_run(
        &self,
        held: &Held,
        moved: &Transition,
        place: Place,
        at: DateTime<Utc>,
        measured: Measured,
    ) -> Result<(), StoreError> {
        let after = &moved.progress;
        // Otherwise its beginning and its duration say when it ended.
        let started = measured.started.or(held.started);
        let ended =
            if after.state.is_active() { None } else { written_end(place, started, measured.duration, at) };
        let (overdue, wake) = state_columns(&after.state);
        let has_error = match (&moved.record, after.state) {
            (_, RunState::Succeeded) => Some(false),
            // An interruption after which it goes on is no failure, and says nothing about the one before it.
            (Some(record), state) if record.result == AttemptResult::Interrupted && state.is_active() => None,
            // Its text comes with the attempt.
            (Some(_), _) => Some(true),
            (None, _) => None,
        };
        let goes_on = matches!(after.state, RunState::Running { .. });
        let was_running = matches!(held.progress.state, RunState::Running { .. });
        let statement = if goes_on { &self.statements.keep_attempt } else { &self.statements.end_attempt };
        self.at_hand.forget(held.run);
        if ended.is_none() && self.write_success(held, after, measured)? {
            return Ok(());
        }
        let values = params![
            to_int(held.run.0),
            to_int(held.epoch.0),
            after.state.word().as_str(),
            overdue,
            wake,
            after.attempts_used,
            after.crashes,
            measured.started.map(to_ms),
            was_running,
            measured.duration.map(to_us),
            has_error,
            held.progress.state.word().as_str(),
            ended.map(to_ms),
        ];
        match statement.borrow_mut().execute(values).map_err(failed)? {
            1 => Ok(()),
            _ => Err(StoreError::Corrupt { what: format!("run {} changed within a transaction", held.run) }),
        }
    }

    /// The end of most runs, written with less. Says whether it was one.
    fn write_success(&self, held: &Held, after: &Progress, measured: Measured) -> Result<bool, StoreError> {
        let before = &held.progress;
        let is_plain = after.state == RunState::Succeeded
            && (after.attempts_used, after.crashes) == (before.attempts_used, before.crashes);
        let (Some(started), Some(duration)) = (measured.started, measured.duration) else { return Ok(false) };
        if !is_plain || !matches!(before.state, RunState::Running { .. }) {
            return Ok(false);
        }
        let values = params![to_int(held.run.0), to_int(held.epoch.0), to_ms(started), to_us(duration)];
        Ok(self.statements.succeed.borrow_mut().execute(values).map_err(failed)? == 1)
    }

    pub(super) fn write_attempt(
        &self,
        run: RunId,
        attempt: u32,
        epoch: Epoch,
        record: &AttemptRecord,
        measured: Measured,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO attempts (run_id, seq, attempt, epoch, result, started_ms, duration_us, message, build) \
                   VALUES (?1, (SELECT count(*) FROM attempts WHERE run_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, \
                   iif(?8, ?9, (SELECT build FROM runs WHERE id = ?1)))";
        // A result that is refused is one of this process. Otherwise nobody has started another attempt of the run yet.
        let is_late = record.result == AttemptResult::Fenced;
        let values = params![
            to_int(run.0),
            attempt,
            to_int(epoch.0),
            record.result.as_str(),
            measured.started.map(to_ms),
            measured.duration.map(to_us),
            record.message,
            is_late,
            self.build,
        ];
        self.statement(sql)?.execute(values).map_err(failed)?;
        Ok(())
    }

    /// Keeps a refused result for the audit. It counts as nothing.
    fn note_fenced(
        &self,
        run: RunId,
        epoch: Epoch,
        event: &RunEvent,
        measured: Measured,
    ) -> Result<(), StoreError> {
        let mut statement = self.statement(&format!("SELECT {PROGRESS} FROM runs WHERE id = ?1"))?;
        let mut rows = statement.query([to_int(run.0)]).map_err(failed)?;
        // A run that is gone was pruned: nothing is left to note it with.
        let Some(row) = rows.next().map_err(failed)? else { return Ok(()) };
        let attempt = Columns::of(row).progress()?.attempt();
        let message = format!("a late result was refused: {event}");
        let record = AttemptRecord { result: AttemptResult::Fenced, message };
        self.write_attempt(run, attempt, epoch, &record, measured)
    }
}
