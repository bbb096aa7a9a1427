//! Results, notes, leases and lost attempts. Every write names run and epoch.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::judge::{Ending, Place, hold_after, written_end};
use cron_core::run::{
    AttemptEnd, AttemptResult, Epoch, Origin, OwnerId, RunEvent, RunId, RunState, Stage, Transition,
};
use cron_core::suspect::is_cleared_by;

use super::super::types::note_handler;
use super::super::{
    AttemptInfo, Claim, MAX_LOG_LINES, Note, Reaped, Settled, Settlement, StoreError, stopped,
};
use super::book::{Book, Desk, Run};

impl Book {
    pub(super) fn settle(
        &mut self,
        desk: &Desk,
        settlements: Vec<Settlement>,
    ) -> Result<Vec<Settled>, StoreError> {
        // All or nothing. An end may release other runs, so what is taken back is the state of all that are not final.
        let touched = settlements.iter().any(|settlement| self.would_fail(settlement));
        let named = || settlements.iter().map(|settlement| settlement.claim.run);
        let before = touched.then(|| {
            (self.runs.copies(named()), self.places(), self.suspects.clone(), self.removals.clone())
        });
        let settled: Result<_, _> =
            settlements.into_iter().map(|settlement| self.settle_one(desk, settlement)).collect();
        if let (Err(_), Some((runs, places, suspects, removals))) = (&settled, before) {
            (self.suspects, self.removals) = (suspects, removals);
            runs.into_iter().for_each(|(id, run)| self.runs.put_back(id, run));
            for (name, place, due) in places {
                if let Some(job) = self.jobs.get_mut(&name) {
                    (job.place, job.due) = (place, due);
                }
            }
        }
        settled
    }

    /// Whether the state machine may refuse a settlement: only what is no end of an attempt in progress.
    fn would_fail(&self, settlement: &Settlement) -> bool {
        let is_end = matches!(settlement.event, RunEvent::Ended { .. });
        let held = self.runs.get(&settlement.claim.run).filter(|run| is_held(run, settlement.claim.epoch));
        held.is_some() && !is_end
    }

    fn settle_one(&mut self, desk: &Desk, settlement: Settlement) -> Result<Settled, StoreError> {
        let Settlement { claim, started, duration, event, next, note, at } = settlement;
        let Some(run) = self.runs.get_mut(&claim.run) else { return Ok(Settled::Fenced) };
        let attempt = run.progress.attempt();
        let is_known = match is_held(run, claim.epoch) {
            true => {
                let is_overdue = run.progress.state == RunState::Running { stage: Stage::Overdue };
                is_overdue && matches!(event, RunEvent::Overrun { .. })
            }
            false => was_settled(run, claim.epoch, started, duration),
        };
        if is_known {
            // By a call that was reported as failed.
            return Ok(Settled::Moved { state: run.progress.state, gave_way: false, due: None });
        }
        if !is_held(run, claim.epoch) {
            let message = format!("a late result was refused: {event}");
            let (started, duration) = (Some(started), Some(duration));
            let result = AttemptResult::Fenced;
            // It is one of this process.
            let program = self.program(desk.build);
            let Some(run) = self.runs.get_mut(&claim.run) else { return Ok(Settled::Fenced) };
            run.rare.attempts.push(AttemptInfo {
                attempt,
                epoch: claim.epoch,
                result,
                started,
                duration,
                message,
                program,
            });
            return Ok(Settled::Fenced);
        }
        let removes_job = note.removes_job;
        write_note(run, note);
        let event = stopped(event, run.rare.asked.as_ref().map(|(_, why)| why.as_str()));
        // The success of an attempt that was recorded as timed out counts for nothing.
        let is_success = matches!(event, RunEvent::Ended { end: AttemptEnd::Succeeded, .. })
            && run.progress.state != RunState::Running { stage: Stage::Overdue };
        let (name, origin) = (run.job.clone(), run.origin);
        if removes_job {
            self.write_wish(claim.run)?;
        }
        if let Some(next) = next.filter(|_| is_success && origin != Origin::Backfill)
            && !self.removals.contains_key(&name)
        {
            self.known_mut(&name)?.place.hold = hold_after(next, claim.run, at);
        }
        let clears = is_cleared_by(&event);
        let (moved, due) = self.apply(claim.run, event, at, Some(started), Some(duration))?;
        if clears && !self.suspects.is_empty() {
            let job = self.known(&self.runs[&claim.run].job)?.id;
            self.suspects.clear(job);
        }
        Ok(Settled::Moved { state: moved.progress.state, gave_way: moved.gave_way, due })
    }

    /// Lets the state machine decide and writes what it says. The instant is that of a job which waited for this.
    pub(super) fn apply(
        &mut self,
        id: RunId,
        event: RunEvent,
        at: DateTime<Utc>,
        started: Option<DateTime<Utc>>,
        duration: Option<Duration>,
    ) -> Result<(Transition, Option<DateTime<Utc>>), StoreError> {
        let missing = || StoreError::Corrupt { what: format!("run {id} has no job") };
        let (is_paused, program) = {
            let run = self.runs.get(&id).ok_or_else(missing)?;
            (self.pause(self.known(&run.job)?).is_some(), self.program(run.build))
        };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        let job = self.jobs.get_mut(&run.job).ok_or_else(missing)?;
        let ending = Ending {
            run: id,
            origin: run.origin,
            progress: run.progress,
            retry: job.plan.retry,
            overlap: job.plan.overlap,
            schedule: job.schedule(),
            hold: job.place.hold,
            is_paused,
            is_quarantined: self.suspects.is_quarantined(job.id),
        };
        let attempt = run.progress.attempt();
        let moved = ending.after(event, at).map_err(|illegal| StoreError::Illegal { run: id.0, illegal })?;
        let was_running = matches!(run.progress.state, RunState::Running { .. });
        run.progress = moved.progress;
        run.started = started.or(run.started);
        if was_running {
            run.duration = duration;
        }
        // Otherwise its beginning and its duration say when it ended.
        let ended = if run.progress.state.is_active() {
            None
        } else {
            written_end(job.place, run.started, duration, at)
        };
        if ended.is_some() || run.rare.ended.is_some() {
            run.rare.ended = ended;
        }
        if let Some(record) = &moved.record
            && record.result != AttemptResult::Succeeded
        {
            // An interruption after which it goes on is no failure, and says nothing about the one before it.
            if record.result != AttemptResult::Interrupted || !moved.progress.state.is_active() {
                run.rare.error.clear();
                run.rare.error_of = Some(run.rare.attempts.len());
            }
            run.rare.attempts.push(AttemptInfo {
                attempt,
                epoch: run.epoch,
                result: record.result,
                started: run.started,
                duration,
                message: record.message.clone(),
                program,
            });
        }
        if !matches!(run.progress.state, RunState::Running { .. }) {
            run.owner = None;
            run.lease = None;
            if let Some(rare) = run.rare.present() {
                rare.asked = None;
            }
        }
        if moved.progress.state == RunState::Succeeded
            && let Some(rare) = run.rare.present()
        {
            rare.error.clear();
            rare.error_of = None;
        }
        let name = run.job.clone();
        self.runs.file(id);
        let due =
            if moved.progress.state.is_active() || self.is_judging { None } else { self.free(&name, at)? };
        Ok((moved, due))
    }

    /// The work of an attempt is done. Says whether it was in progress and in time.
    pub(super) fn complete(&mut self, claim: Claim, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(run) = self.runs.get(&claim.run).filter(|run| is_held(run, claim.epoch)) else {
            return Ok(false);
        };
        if run.progress.state != (RunState::Running { stage: Stage::InTime }) {
            return Ok(false);
        }
        self.apply(claim.run, RunEvent::Complete { at }, at, None, None)?;
        if let Some(run) = self.runs.get_mut(&claim.run) {
            run.rare.completed = Some(at);
        }
        Ok(true)
    }

    pub(super) fn note(&mut self, me: OwnerId, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        let mut fenced = Vec::new();
        for (claim, note) in notes {
            match self.runs.get_mut(&claim.run) {
                Some(run) if is_held(run, claim.epoch) && run.owner == Some(me) => {
                    let removes_job = note.removes_job;
                    write_note(run, note);
                    if removes_job {
                        self.write_wish(claim.run)?;
                    }
                }
                Some(_) | None => fenced.push(claim),
            }
        }
        Ok(fenced)
    }

    pub(super) fn renew(&mut self, me: OwnerId, claims: Vec<Claim>, until: DateTime<Utc>) -> Vec<Claim> {
        let mut fenced = claims;
        fenced.retain(|claim| match self.runs.get_mut(&claim.run) {
            Some(run) if is_held(run, claim.epoch) && run.owner == Some(me) => {
                run.lease = Some(until);
                false
            }
            _ => true,
        });
        fenced
    }

    pub(super) fn reap(&mut self, me: Option<OwnerId>, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        let mut reaped = Reaped::default();
        let mut lost = Vec::new();
        // Its leases expire one after the other, and its death is one: with the first of them all its attempts are lost.
        let expired = self.runs.active().filter(|(_, run)| run.lease.is_some_and(|lease| lease < now));
        let owners = expired.filter_map(|(_, run)| run.owner);
        let dead: BTreeSet<_> = owners.filter(|owner| self.vanished(*owner).is_death()).collect();
        for (id, run) in self.runs.active() {
            let Some(lease) = run.lease else { continue };
            let gone = run.owner.is_some_and(|owner| self.gone.contains(&owner) || dead.contains(&owner));
            if gone || lease < now {
                lost.push(id);
            } else if run.owner != me {
                // A lease counts as expired only after its last millisecond.
                let expiry = lease + TimeDelta::milliseconds(1);
                reaped.next = Some(reaped.next.map_or(expiry, |next| next.min(expiry)));
            }
        }
        reaped.quarantined = self.count_deaths(&lost, now)?;
        for id in lost {
            let asked = self.runs[&id].rare.asked.as_ref().map(|(_, why)| why.as_str());
            let event = RunEvent::lost(asked, now);
            let (moved, _) = self.apply(id, event, now, None, None)?;
            let job = self.runs[&id].job.clone();
            note_handler(&mut reaped.handlers, &self.known(&job)?.plan);
            reaped.lost.push((job, id, moved.progress.state));
        }
        Ok(reaped)
    }

    /// Returns the attempts of an incarnation that it does not have in progress.
    pub(super) fn take_back(
        &mut self,
        me: OwnerId,
        held: &[Claim],
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, RunId)>, StoreError> {
        let is_orphan = |id: RunId, run: &Run| {
            run.owner == Some(me) && !held.contains(&Claim { run: id, epoch: run.epoch })
        };
        let orphans = self.runs.active().filter(|(id, run)| is_orphan(*id, run));
        let orphans: Vec<_> =
            orphans.map(|(id, run)| (id, run.job.clone(), run.rare.asked.clone())).collect();
        let mut taken = Vec::new();
        for (id, job, asked) in orphans {
            let why = asked.as_ref().map(|(_, why)| why.as_str());
            let end = AttemptEnd::Interrupted { was_called: false };
            let event = stopped(RunEvent::Ended { at: now, end }, why);
            self.apply(id, event, now, None, None)?;
            taken.push((job, id));
        }
        Ok(taken)
    }

    fn places(&self) -> Vec<(JobName, Place, Option<DateTime<Utc>>)> {
        self.jobs.values().map(|job| (job.plan.name.clone(), job.place, job.due)).collect()
    }
}

fn write_note(run: &mut Run, note: Note) {
    if note.progress.is_none() && note.lines.is_empty() {
        return;
    }
    run.rare.how_far = note.progress.or(run.rare.how_far.take());
    run.rare.log.extend(note.lines);
    let surplus = run.rare.log.len().saturating_sub(MAX_LOG_LINES);
    run.rare.log.drain(..surplus);
}

/// Whether this same end of an attempt that is not in progress was written before. Whoever else ends one does not know how long it
/// took.
fn was_settled(run: &Run, epoch: Epoch, started: DateTime<Utc>, duration: Duration) -> bool {
    let (started, duration) = (Some(started), Some(duration));
    let is_newest = run.epoch == epoch;
    let is_noted = |attempt: &AttemptInfo| {
        let is_same = attempt.epoch == epoch && attempt.result != AttemptResult::Fenced;
        is_same && attempt.started == started && attempt.duration == duration
    };
    is_newest && run.started == started && run.duration == duration || run.rare.attempts.iter().any(is_noted)
}

fn is_held(run: &Run, epoch: Epoch) -> bool {
    run.epoch == epoch && matches!(run.progress.state, RunState::Running { .. })
}
