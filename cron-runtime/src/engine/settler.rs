//! Brings the ends of attempts to the store, many in one transaction, and tells what became of them.

use std::time::Duration;

use cron_core::run::{AttemptEnd, RunEvent, RunState};

use super::Engine;
use super::events::Event;
use super::inbox::Returned;
use super::running::{Running, Stop};
use super::shutdown::Stage;
use crate::clock::Moment;
use crate::store::{Claim, Claimed, Settled, Settlement, StoreError};

/// While the store fails, results wait here and the store is tried again after this long.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A result on its way to the store.
#[derive(Clone, Debug)]
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

    pub(super) fn claim(&self) -> Claim {
        self.settlement.claim
    }
}

fn settlements(pending: &[Pending]) -> Vec<Settlement> {
    pending.iter().map(|pending| pending.settlement.clone()).collect()
}

impl Engine {
    /// The function of an attempt has returned.
    pub(super) fn returned(&mut self, claim: Claim, how: Returned, at: Duration, now: Moment) {
        // An attempt that was released at the end of a shutdown is no longer here.
        let Some(running) = self.attempts.remove(claim) else { return };
        if running.stop.is_none() && how == Returned::Dropped && self.shutdown.is_open() {
            // Nobody here dropped it, so its runtime did. Going on would claim ticks that nothing can run.
            self.events.problem("the tokio runtime of this scheduler is gone: the scheduler ends".to_owned());
            self.shutting_down.send_replace(true);
            self.shutdown.stage = Stage::Draining { deadline: now.monotonic };
        }
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
            self.shutdown.report.still_running += u64::from(!running.hold.can_be_dropped());
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
        match self.store.settle(settlements(&self.pending)) {
            Ok(settled) => {
                for (pending, settled) in std::mem::take(&mut self.pending).into_iter().zip(settled) {
                    self.tell_settled(pending, settled);
                }
            }
            Err(StoreError::Illegal { .. } | StoreError::Corrupt { .. }) => self.settle_one_by_one(now),
            Err(error) => self.store_failed("results could not be written, they are kept", &error, now),
        }
    }

    /// One result that cannot be written must not keep the others from it.
    fn settle_one_by_one(&mut self, now: Moment) {
        for pending in std::mem::take(&mut self.pending) {
            match self.store.settle(settlements(std::slice::from_ref(&pending))) {
                Ok(settled) => {
                    settled.into_iter().for_each(|settled| self.tell_settled(pending.clone(), settled))
                }
                Err(error @ (StoreError::Illegal { .. } | StoreError::Corrupt { .. })) => {
                    let Claimed { claim, job, .. } = &pending.attempt;
                    self.events
                        .problem(format!("the result of job `{job}`, run {} is dropped: {error}", claim.run));
                }
                Err(error) => {
                    self.store_failed("results could not be written, they are kept", &error, now);
                    self.pending.push(pending);
                }
            }
        }
    }

    /// At the end of a shutdown the store still fails: what is not written is said, so that it is not lost in silence.
    pub(super) fn give_up_pending(&mut self) {
        for Pending { attempt: Claimed { claim, job, .. }, .. } in self.pending.drain(..) {
            self.events.problem(format!(
                "the result of job `{job}`, run {} could not be written; the next start finds the run lost",
                claim.run
            ));
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
            Settled::Moved { state, gave_way, due } => {
                let wake = match state {
                    RunState::Waiting { wake } | RunState::Scheduled { wake } => Some(wake),
                    RunState::Running { .. }
                    | RunState::Succeeded
                    | RunState::Failed
                    | RunState::Discarded
                    | RunState::Cancelled
                    | RunState::Quarantined => None,
                };
                self.due = self.due.into_iter().chain(wake).chain(due).min();
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

    pub(super) fn store_rests(&self, now: Moment) -> bool {
        self.store_rests_until.is_some_and(|until| until > now.monotonic)
    }

    pub(super) fn store_failed(&mut self, what: &str, error: &StoreError, now: Moment) {
        self.store_rests_until = Some(now.monotonic.saturating_add(TRY_AGAIN));
        self.look = true;
        self.events.problem(format!("{what}: {error}"));
    }
}
