//! Brings the ends of attempts to the store, many in one transaction, and tells what became of them.

use std::time::Duration;

use cron_core::policy::CatchUpRule;
use cron_core::run::{AttemptEnd, RunEvent, RunState};

use super::Engine;
use super::events::Event;
use super::inbox::Returned;
use super::running::{Running, Stop};
use crate::clock::Moment;
use crate::store::{Claim, Claimed, Settled, Settlement};

/// While the store fails, results wait here and the store is tried again after this long.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A result on its way to the store.
#[derive(Debug)]
pub(super) struct Pending {
    settlement: Settlement,
    attempt: Claimed,
    error: String,
}

impl Pending {
    fn new(attempt: &Claimed, started: Moment, duration: Duration, event: RunEvent, now: Moment) -> Self {
        let error = match &event {
            RunEvent::Ended { end: AttemptEnd::Failed(failure), .. } => failure.message.clone(),
            RunEvent::Ended { end: AttemptEnd::Discarded { message }, .. } => message.clone(),
            RunEvent::Overrun { .. } => "outlived its timeout and has not returned: stuck".to_owned(),
            RunEvent::Ended {
                end: AttemptEnd::Succeeded | AttemptEnd::Interrupted | AttemptEnd::Lost,
                ..
            }
            | RunEvent::Start
            | RunEvent::Cancel { .. } => String::new(),
        };
        let settlement =
            Settlement { claim: attempt.claim, started: started.wall, duration, event, at: now.wall };
        Self { settlement, attempt: attempt.clone(), error }
    }
}

impl Engine {
    /// The function of an attempt has returned.
    pub(super) fn returned(&mut self, claim: Claim, how: Returned, at: Duration, now: Moment) {
        // An attempt that was released at the end of a shutdown is no longer here.
        let Some(running) = self.attempts.remove(claim) else { return };
        if !self.shutdown.is_open() && running.stop != Some(Stop::Shutdown) {
            self.shutdown.report.finished += 1;
        }
        let duration = at.saturating_sub(running.started.monotonic);
        let end = running.end(how);
        if running.stop == Some(Stop::Shutdown) && end == AttemptEnd::Interrupted {
            self.interrupted(&running);
        }
        let at = running.wall_after(duration);
        self.settle_later(&running.attempt, running.started, duration, RunEvent::Ended { at, end }, now);
    }

    /// An attempt ended without its function being called.
    pub(super) fn not_called(&mut self, attempt: &Claimed, end: AttemptEnd, now: Moment) {
        let event = RunEvent::Ended { at: now.wall, end };
        self.settle_later(attempt, now, Duration::ZERO, event, now);
    }

    /// The timeout of an attempt has passed and its function has not returned.
    pub(super) fn stuck(&mut self, claim: Claim, now: Moment) {
        let Some(running) = self.attempts.get_mut(claim) else { return };
        let duration = now.monotonic.saturating_sub(running.started.monotonic);
        let (attempt, started) = (running.attempt.clone(), running.started);
        self.events.problem(format!(
            "job `{}`, run {}: stuck, its function has not returned after its timeout; its slot stays taken until it does",
            attempt.job, attempt.claim.run
        ));
        self.settle_later(&attempt, started, duration, RunEvent::Overrun { at: now.wall }, now);
    }

    /// Releases what is left at the end of a shutdown.
    pub(super) fn release_all(&mut self, now: Moment) {
        for running in self.attempts.drain() {
            running.hold.stop();
            self.interrupted(&running);
            let duration = now.monotonic.saturating_sub(running.started.monotonic);
            let event = RunEvent::Ended { at: now.wall, end: AttemptEnd::Interrupted };
            self.settle_later(&running.attempt, running.started, duration, event, now);
        }
    }

    fn interrupted(&mut self, running: &Running) {
        self.shutdown.report.interrupted.push((running.attempt.job.clone(), running.attempt.claim.run));
    }

    fn settle_later(
        &mut self,
        attempt: &Claimed,
        started: Moment,
        duration: Duration,
        event: RunEvent,
        now: Moment,
    ) {
        self.pending.push(Pending::new(attempt, started, duration, event, now));
    }

    /// Writes what is pending. If the store fails, it stays pending.
    pub(super) fn settle(&mut self, now: Moment) {
        if self.pending.is_empty() || self.store_rests(now) {
            return;
        }
        let settlements = self.pending.iter().map(|pending| pending.settlement.clone()).collect();
        match self.store.settle(settlements) {
            Ok(settled) => {
                for (pending, settled) in std::mem::take(&mut self.pending).into_iter().zip(settled) {
                    self.tell_settled(pending, settled);
                }
            }
            Err(error) => self.store_failed("results could not be written, they are kept", &error, now),
        }
    }

    fn tell_settled(&mut self, pending: Pending, settled: Settled) {
        let Pending { settlement, attempt, error } = pending;
        let Claimed { claim, job, nominal, attempt: number, .. } = attempt;
        match settled {
            Settled::Fenced => {
                tracing::warn!(job = %job, run = claim.run.0, "a late result was refused");
                self.events.tell(|| Event::Fenced { job, run: claim.run });
            }
            Settled::Moved { state, gave_way } => {
                match state {
                    RunState::Waiting { wake } => self.due = Some(self.due.map_or(wake, |due| due.min(wake))),
                    RunState::Scheduled { .. } | RunState::Running { .. } => {}
                    RunState::Succeeded
                    | RunState::Failed
                    | RunState::Discarded
                    | RunState::Cancelled
                    | RunState::Quarantined => self.slot_freed(&job),
                }
                if !error.is_empty() {
                    let run = claim.run.0;
                    tracing::warn!(job = %job, run, attempt = number, state = %state.word(), gave_way, %error, "attempt failed");
                }
                let at = settlement.at;
                self.events.tell(|| Event::Ended {
                    job,
                    run: claim.run,
                    nominal,
                    attempt: number,
                    state,
                    error,
                    at,
                });
            }
        }
    }

    /// A backlog that runs one at a time goes on when its run has ended.
    fn slot_freed(&mut self, job: &cron_core::job::JobName) {
        if self.jobs.get(job).is_some_and(|job| job.plan.catch_up.rule == CatchUpRule::All) {
            self.look = true;
        }
    }

    pub(super) fn store_rests(&self, now: Moment) -> bool {
        self.store_rests_until.is_some_and(|until| until > now.monotonic)
    }

    pub(super) fn store_failed(&mut self, what: &str, error: &crate::store::StoreError, now: Moment) {
        self.store_rests_until = Some(now.monotonic.saturating_add(TRY_AGAIN));
        self.look = true;
        self.events.problem(format!("{what}: {error}"));
    }
}
