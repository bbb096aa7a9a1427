//! Results, leases and lost attempts. Every write names run and epoch.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::judge::{mark_after_end, next_tick};
use cron_core::run::{
    AttemptEnd, AttemptResult, Epoch, OwnerId, RetryContext, RunEvent, RunId, RunState, Transition,
    transition,
};
use cron_core::schedule::Schedule;

use super::super::{AttemptInfo, Claim, Reaped, Settled, Settlement, StoreError};
use super::book::{Book, Run};

/// A run and what its end may move of its job.
struct Touched {
    id: RunId,
    run: Run,
    mark: DateTime<Utc>,
    due: Option<DateTime<Utc>>,
}

impl Book {
    pub(super) fn settle(&mut self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        let before: Vec<_> =
            settlements.iter().filter_map(|settlement| self.touched(settlement.claim.run)).collect();
        let settled: Result<_, _> =
            settlements.into_iter().map(|settlement| self.settle_one(settlement)).collect();
        if settled.is_err() {
            // All or nothing: what came before the settlement that failed is taken back.
            for Touched { id, run, mark, due } in before {
                if let Some(job) = self.jobs.get_mut(&run.job) {
                    (job.mark, job.due) = (mark, due);
                }
                self.runs.insert(id, run);
            }
        }
        settled
    }

    /// What a settlement of this run may change, as it is before.
    fn touched(&self, id: RunId) -> Option<Touched> {
        let run = self.runs.get(&id)?;
        let job = self.jobs.get(&run.job)?;
        Some(Touched { id, run: run.clone(), mark: job.mark, due: job.due })
    }

    fn settle_one(&mut self, settlement: Settlement) -> Result<Settled, StoreError> {
        let Settlement { claim, started, duration, event, at } = settlement;
        let Some(run) = self.runs.get_mut(&claim.run) else { return Ok(Settled::Fenced) };
        let attempt = run.progress.attempt();
        if !is_held(run, claim.epoch) {
            let message = format!("a late result was refused: {event:?}");
            let (started, duration) = (Some(started), Some(duration));
            let result = AttemptResult::Fenced;
            run.attempts.push(AttemptInfo {
                attempt,
                epoch: claim.epoch,
                result,
                started,
                duration,
                message,
            });
            return Ok(Settled::Fenced);
        }
        let (moved, due) = self.apply(claim.run, event, at, Some(started), Some(duration))?;
        Ok(Settled::Moved { state: moved.progress.state, gave_way: moved.gave_way, due })
    }

    /// Lets the state machine decide and writes what it says. The instant is that of a job which waited for this.
    fn apply(
        &mut self,
        id: RunId,
        event: RunEvent,
        at: DateTime<Utc>,
        started: Option<DateTime<Utc>>,
        duration: Option<Duration>,
    ) -> Result<(Transition, Option<DateTime<Utc>>), StoreError> {
        let missing = || StoreError::Corrupt { what: format!("run {id} has no job") };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        let job = self.jobs.get_mut(&run.job).ok_or_else(missing)?;
        let next_tick = job.schedule().and_then(|schedule| next_tick(schedule, at, true));
        let context = RetryContext { run: id, retry: job.plan.retry, overlap: job.plan.overlap, next_tick };
        let attempt = run.progress.attempt();
        let moved = transition(run.progress, event, &context)
            .map_err(|illegal| StoreError::Illegal { run: id.0, illegal })?;
        run.progress = moved.progress;
        run.started = started.or(run.started);
        run.duration = duration;
        if let Some(record) = &moved.record
            && record.result != AttemptResult::Succeeded
        {
            if record.result != AttemptResult::Interrupted {
                run.error.clone_from(&record.message);
            }
            run.attempts.push(AttemptInfo {
                attempt,
                epoch: run.epoch,
                result: record.result,
                started: run.started,
                duration,
                message: record.message.clone(),
            });
        }
        if !matches!(run.progress.state, RunState::Running { .. }) {
            run.owner = None;
            run.lease = None;
        }
        if moved.progress.state == RunState::Succeeded {
            run.error.clear();
        }
        let due = if moved.progress.state.is_active() { None } else { self.free_slot(id, at) };
        Ok((moved, due))
    }

    /// A run is active no longer. If the judge waits for that (a backlog of `catch_up = "all"`, or a delay), the job is due
    /// again.
    fn free_slot(&mut self, id: RunId, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let name = self.runs.get(&id)?.job.clone();
        let is_active = self.holder(&name).is_some();
        let job = self.jobs.get_mut(&name)?;
        let counts_from_here = matches!(job.schedule(), Some(Schedule::Delay(_))) && !is_active;
        if let Some(schedule) = job.schedule().filter(|_| !is_active) {
            job.mark = mark_after_end(schedule, job.mark, at);
        }
        if job.due.is_some() && !counts_from_here {
            return None;
        }
        job.due = job.next_due(is_active);
        job.due
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
        for (id, run) in &self.runs {
            let Some(lease) = run.lease else { continue };
            let gone = run.owner.is_some_and(|owner| self.gone.contains(&owner));
            if gone || lease < now {
                lost.push(*id);
            } else if run.owner != me {
                // A lease counts as expired only after its last millisecond.
                let expiry = lease + TimeDelta::milliseconds(1);
                reaped.next = Some(reaped.next.map_or(expiry, |next| next.min(expiry)));
            }
        }
        for id in lost {
            let event = RunEvent::Ended { at: now, end: AttemptEnd::Lost };
            let (moved, _) = self.apply(id, event, now, None, None)?;
            let job = self.runs[&id].job.clone();
            reaped.lost.push((job, id, moved.progress.state));
        }
        Ok(reaped)
    }
}

fn is_held(run: &Run, epoch: Epoch) -> bool {
    run.epoch == epoch && matches!(run.progress.state, RunState::Running { .. })
}
