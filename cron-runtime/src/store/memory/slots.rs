//! What happens when a slot of a job becomes free.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::{after_end, backfill_room, room};
use cron_core::run::{RetryContext, RunEvent, RunId, transition};

use super::super::StoreError;
use super::book::{Book, Run};

impl Book {
    /// A run of a job holds its slot no longer. What waited for that is due again or released; gives the instant at which somebody
    /// has to look, if there is one.
    pub(super) fn free(
        &mut self,
        name: &JobName,
        at: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let is_active = !self.active(name).is_empty();
        let job = self.known_mut(name)?;
        let before = job.due;
        let place = job.schedule().filter(|_| !is_active).map(|schedule| after_end(schedule, job.place, at));
        job.place = place.unwrap_or(job.place);
        let due = self.rearm(name)?;
        let released = self.release(name, at)?;
        let wake = released.then_some(at);
        Ok(due.filter(|_| due != before).into_iter().chain(wake).min())
    }

    /// Lets runs that wait for the slot of a job start while there is room: first those that people asked for; a backfill only
    /// where no tick wants the slot. Says whether there were any.
    pub(super) fn release(&mut self, name: &JobName, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut any = false;
        if !self.active_of(name).any(|(_, run)| run.is_parked()) {
            return Ok(any);
        }
        for run in self.parked(name, false) {
            let plan = &self.known(name)?.plan;
            if room(plan.overlap, plan.slots, self.active(name).len()) == 0 {
                return Ok(any);
            }
            self.wake(run, at)?;
            any = true;
        }
        for run in self.parked(name, true) {
            let job = self.known(name)?;
            let concurrency = self.runs[&run].rare.concurrency;
            let is_wanted = job.due.is_some_and(|due| due <= at);
            let room = backfill_room(job.plan.overlap, job.plan.slots, &self.active(name), concurrency);
            if is_wanted || room == 0 {
                break;
            }
            self.wake(run, at)?;
            any = true;
        }
        Ok(any)
    }

    fn wake(&mut self, id: RunId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.apply_to_waiting(id, RunEvent::Release { at })?;
        self.runs.file(id);
        Ok(())
    }

    /// What happens to a run that is in no process. Whoever calls this files the run.
    pub(super) fn apply_to_waiting(&mut self, id: RunId, event: RunEvent) -> Result<&mut Run, StoreError> {
        let missing = || StoreError::Corrupt { what: format!("run {id} has no job") };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        let plan = &self.jobs.get(&run.job).ok_or_else(missing)?.plan;
        let context = RetryContext {
            run: id,
            retry: plan.retry,
            overlap: plan.overlap,
            next_tick: None,
            is_quarantined: false,
        };
        let moved = transition(run.progress, event, &context)
            .map_err(|illegal| StoreError::Illegal { run: id.0, illegal })?;
        run.progress = moved.progress;
        Ok(run)
    }
}
