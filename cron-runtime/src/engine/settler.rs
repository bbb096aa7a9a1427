//! Brings the ends of attempts to the store, many in one transaction, and tells what became of them.

use std::time::Duration;

use chrono::TimeDelta;
use cron_core::judge::Next;
use cron_core::problem::ProblemKind;
use cron_core::run::{AttemptEnd, RunEvent, RunState, cut_off};
use cron_core::text::{MAX_TEXT, fit};

use super::Engine;
use super::events::Event;
use super::inbox::Returned;
use super::outage::Verb;
use super::running::{Overdue, Running, Stop};
use super::shutdown::EndCause;
use crate::clock::Moment;
use crate::crash_points::{Point, pass};
use crate::store::{Claim, Claimed, Note, Settled, Settlement, StoreError};

/// A result on its way to the store.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    settlement: Settlement,
    attempt: Claimed,
    error: String,
}

/// What is known of an attempt when something is to be written about it.
#[derive(Debug)]
struct Closing<'a> {
    attempt: &'a Claimed,
    started: Moment,
    duration: Duration,
    event: RunEvent,
    next: Option<Next>,
    note: Note,
}

impl Pending {
    fn new(result: Closing<'_>, now: Moment) -> Self {
        let Closing { attempt, started, duration, event, next, note } = result;
        // Whatever is to be told or kept of it comes through here.
        let event = event.with_text(|text| fit(text, MAX_TEXT));
        let error = error(&event);
        let started = started.wall;
        let settlement =
            Settlement { claim: attempt.claim, started, duration, event, next, note, at: now.wall };
        Self { settlement, attempt: attempt.clone(), error }
    }

    pub(super) fn claim(&self) -> Claim {
        self.settlement.claim
    }

    /// The same end without what the store has refused to keep: only what it says in words and what the attempt has noted can be refused.
    fn without_content(&self, refused: &StoreError) -> Self {
        let text = fit(format!("its text is not kept: {refused}"), MAX_TEXT);
        let settlement = Settlement {
            event: self.settlement.event.clone().with_text(|_| text),
            note: self.settlement.note.without_content(),
            ..self.settlement.clone()
        };
        Self { settlement, ..self.clone() }
    }
}

/// What went wrong, for people.
fn error(event: &RunEvent) -> String {
    match event {
        RunEvent::Ended { end: AttemptEnd::Failed(failure), .. } => failure.message.clone(),
        RunEvent::Ended { end: AttemptEnd::Discarded { message }, .. } => message.clone(),
        RunEvent::Ended { end: AttemptEnd::Cancelled { why }, .. } => why.clone(),
        RunEvent::Overrun { .. } => "outlived its timeout and has not returned: stuck".to_owned(),
        RunEvent::Ended {
            end: AttemptEnd::Succeeded | AttemptEnd::Interrupted { .. } | AttemptEnd::Lost,
            ..
        }
        | RunEvent::Start
        | RunEvent::Complete { .. }
        | RunEvent::Cancel { .. }
        | RunEvent::Release { .. }
        | RunEvent::Revive { .. } => String::new(),
    }
}

pub(super) fn settlements(pending: &[Pending]) -> Vec<Settlement> {
    pending.iter().map(|pending| pending.settlement.clone()).collect()
}

impl Engine {
    /// The function of an attempt has returned.
    pub(super) fn returned(&mut self, claim: Claim, how: Returned, at: Duration, now: Moment) {
        // An attempt that was released at the end of a shutdown is no longer here.
        let Some(running) = self.attempts.remove(claim) else { return };
        // One that was asked to stop may not have been called at all: it waited for a thread until then.
        let is_its_own = running.was_stopped() || running.asked.is_some();
        let is_dropped = how == Returned::Dropped && running.hold.can_be_dropped();
        if !is_its_own && is_dropped && self.shutdown.is_open() {
            // Nobody here dropped it, so its runtime did. Going on would claim ticks that nothing can run.
            self.events.problem(
                ProblemKind::RuntimeGone,
                None,
                format!("{}: the scheduler ends", EndCause::RuntimeGone),
            );
            self.shutting_down.send_replace(true);
            self.shutdown.end_by_itself(EndCause::RuntimeGone, now.monotonic);
        }
        if !self.shutdown.is_open() && running.stop != Some(Stop::Shutdown) {
            self.shutdown.report.finished += 1;
        }
        self.no_longer_stuck(&running);
        // Its worker is free.
        self.look |= self.crowded;
        if !running.counts() {
            return;
        }
        let next = match &how {
            Returned::Succeeded(next) => *next,
            Returned::Failed(_) | Returned::Discarded(_) | Returned::NotCalled(_) | Returned::Dropped => None,
        };
        let duration = at.saturating_sub(running.started.monotonic);
        let end = running.end(how);
        if running.stop == Some(Stop::Shutdown) && matches!(end, AttemptEnd::Interrupted { .. }) {
            self.interrupted(&running);
        }
        let event = RunEvent::Ended { at: running.ended(duration, now), end };
        let note = running.hold.leash.notebook.close();
        let (attempt, started) = (&running.attempt, running.started);
        self.settle_later(Closing { attempt, started, duration, event, next, note }, now);
    }

    /// An attempt ended without its function being called.
    pub(super) fn not_called(&mut self, attempt: &Claimed, end: AttemptEnd, now: Moment) {
        let event = RunEvent::Ended { at: now.wall, end };
        let (duration, note) = (Duration::ZERO, Note::default());
        self.settle_later(Closing { attempt, started: now, duration, event, next: None, note }, now);
    }

    /// An attempt whose function is not called, for no fault of its own: its run starts again after a while.
    pub(super) fn give_back(&mut self, attempt: &Claimed, wait: Duration, now: Moment) {
        let wait = TimeDelta::from_std(wait).ok();
        let at = wait.and_then(|wait| now.wall.checked_add_signed(wait)).unwrap_or(now.wall);
        let event = RunEvent::Ended { at, end: AttemptEnd::Interrupted { was_called: false } };
        let (duration, note) = (Duration::ZERO, Note::default());
        self.settle_later(Closing { attempt, started: now, duration, event, next: None, note }, now);
    }

    /// The time of an attempt is over and its function has not returned.
    pub(super) fn stuck(&mut self, overdue: Overdue, now: Moment) {
        let (claim, after) = match overdue {
            Overdue::Timeout(claim) => (claim, "after its timeout"),
            Overdue::Asked(claim) => (claim, "although it was asked to stop and its `cancel_grace` is over"),
        };
        let Some(running) = self.attempts.get(claim) else { return };
        let job = &running.attempt.plan.name;
        let what = format!(
            "job `{job}`, run {}: stuck, its function has not returned {after}; its slot stays taken until it does",
            claim.run
        );
        self.events.problem(ProblemKind::Stuck, Some(job), what);
        let (attempt, started) = (running.attempt.clone(), running.started);
        let duration = now.monotonic.saturating_sub(started.monotonic);
        let note = running.hold.leash.notebook.fetch();
        match overdue {
            Overdue::Timeout(_) => {
                let event = RunEvent::Overrun { at: now.wall };
                let attempt = &attempt;
                self.settle_later(Closing { attempt, started, duration, event, next: None, note }, now);
            }
            Overdue::Asked(_) => running.hold.leash.notebook.put_back(note),
        }
    }

    fn no_longer_stuck(&self, returned: &Running) {
        let job = &returned.attempt.plan.name;
        let is_another = |running: &Running| running.is_stuck() && running.attempt.plan.name == *job;
        if returned.is_stuck() && !self.attempts.iter().any(is_another) {
            self.events.over(ProblemKind::Stuck, Some(job));
        }
    }

    /// Releases what is left at the end of a shutdown.
    pub(super) fn release_all(&mut self, now: Moment) {
        for running in self.attempts.drain() {
            let was_called = running.hold.release();
            self.shutdown.left(&running, was_called);
            if !running.counts() {
                continue;
            }
            let end = match &running.asked {
                // Interrupted it would start again next time.
                Some(asked) => AttemptEnd::Cancelled { why: asked.why.clone() },
                None => {
                    self.interrupted(&running);
                    AttemptEnd::Interrupted { was_called }
                }
            };
            let duration = now.monotonic.saturating_sub(running.started.monotonic);
            let event = RunEvent::Ended { at: running.ended(duration, now), end };
            let note = running.hold.leash.notebook.close();
            let (attempt, started) = (&running.attempt, running.started);
            self.settle_later(Closing { attempt, started, duration, event, next: None, note }, now);
            pass(Point::ReleaseNext);
        }
    }

    fn interrupted(&mut self, running: &Running) {
        self.shutdown.report.interrupted.push((running.attempt.plan.name.clone(), running.attempt.claim.run));
    }

    fn settle_later(&mut self, result: Closing<'_>, now: Moment) {
        self.pending.push(Pending::new(result, now));
    }

    /// Writes what is pending, unless it goes with a judgement. If the store fails, it stays pending.
    pub(super) fn settle(&mut self, now: Moment) {
        if self.pending.is_empty() || self.store_rests(now) || self.judges_next(now) {
            return;
        }
        pass(Point::SettleNext);
        let results = settlements(&self.pending);
        match self.ask_store(Verb::Settle, |store| store.settle(results)) {
            Ok(settled) => {
                let pending = std::mem::take(&mut self.pending);
                self.tell_all_settled(pending, settled);
            }
            Err(error) if error.is_about_content() => self.settle_one_by_one(now),
            Err(error) => self.store_failed(Verb::Settle, &error, now),
        }
    }

    pub(super) fn tell_all_settled(&mut self, pending: Vec<Pending>, settled: Vec<Settled>) {
        for (pending, settled) in pending.into_iter().zip(settled) {
            self.tell_settled(pending, settled);
            pass(Point::SettleTold);
        }
    }

    /// One result that cannot be written must not keep the others from it.
    pub(super) fn settle_one_by_one(&mut self, now: Moment) {
        let mut left = std::mem::take(&mut self.pending).into_iter();
        while let Some(pending) = left.next() {
            let written = match self.settle_alone(&pending) {
                Err(refused @ StoreError::Refused { .. }) => {
                    let Claimed { claim, plan, .. } = &pending.attempt;
                    tracing::warn!(job = %plan.name, run = claim.run.0, %refused, "a result is written without its text");
                    self.settle_alone(&pending.without_content(&refused))
                }
                written => written,
            };
            match written {
                Ok(settled) => {
                    settled.into_iter().for_each(|settled| self.tell_settled(pending.clone(), settled))
                }
                Err(error) if error.is_about_content() => {
                    let Claimed { claim, plan, .. } = &pending.attempt;
                    let (job, run) = (&plan.name, claim.run);
                    let what = format!("the result of job `{job}`, run {run} is dropped: {error}");
                    self.events.problem(ProblemKind::ResultDropped, Some(job), what);
                }
                Err(error) => {
                    // Each of the others would wait as long for it, and leases are not renewed meanwhile.
                    self.pending.push(pending);
                    self.pending.extend(left);
                    return self.store_failed(Verb::Settle, &error, now);
                }
            }
        }
    }

    fn settle_alone(&mut self, pending: &Pending) -> Result<Vec<Settled>, StoreError> {
        let result = settlements(std::slice::from_ref(pending));
        self.ask_store(Verb::Settle, |store| store.settle(result))
    }

    /// At the end of a shutdown the store still fails: what is not written is said, so that it is not lost in silence.
    pub(super) fn give_up_pending(&mut self) {
        for Pending { attempt: Claimed { claim, plan, .. }, .. } in self.pending.drain(..) {
            let (job, run) = (&plan.name, claim.run);
            let what = format!(
                "the result of job `{job}`, run {run} could not be written; the next start finds the run lost"
            );
            self.events.problem(ProblemKind::ResultDropped, Some(job), what);
        }
    }

    fn tell_settled(&mut self, pending: Pending, settled: Settled) {
        let Pending { settlement, attempt, mut error } = pending;
        let Claimed { claim, plan, nominal, attempt: number, .. } = &attempt;
        let (claim, job) = (*claim, &plan.name);
        match settled {
            Settled::Fenced => {
                tracing::warn!(job = %job, run = claim.run.0, "a late result was refused");
                self.meter.fenced(plan);
                self.events.tell(|| Event::Fenced { job: job.clone(), run: claim.run });
            }
            Settled::Moved { state, gave_way, due } => {
                self.due = self.due.into_iter().chain(state.wake()).chain(due).min();
                self.pruner.ended(plan, claim.epoch);
                let run = claim.run.0;
                if let RunEvent::Ended { end: AttemptEnd::Interrupted { .. }, .. } = &settlement.event {
                    error = self.after_interruption(claim, state);
                } else if state == RunState::Succeeded && !error.is_empty() {
                    tracing::warn!(job = %job, run, attempt = number, %error, "counts for nothing: the run was completed before");
                    error.clear();
                }
                if !error.is_empty() {
                    tracing::warn!(job = %job, run, attempt = number, state = %state.word(), gave_way, %error, "attempt failed");
                }
                self.meter.settled(plan, &settlement, state);
                self.events.tell(|| Event::Ended {
                    job: job.clone(),
                    run: claim.run,
                    nominal: *nominal,
                    attempt: *number,
                    state,
                    error: error.clone(),
                    at: settlement.at,
                });
                if !state.is_active() {
                    self.hooks.ended(&attempt, state.word(), error, settlement.at);
                }
            }
        }
    }

    /// What became of an attempt that was cut off: it was completed before, it has ended its run, or it starts again. Gives the error
    /// of its run, where it has ended.
    fn after_interruption(&mut self, claim: Claim, state: RunState) -> String {
        if state.is_active() {
            return String::new();
        }
        let report = &mut self.shutdown.report;
        let ended: Vec<_> = report.interrupted.extract_if(.., |(_, run)| *run == claim.run).collect();
        if state != RunState::Failed {
            return String::new();
        }
        report.failed.extend(ended);
        cut_off(claim.run)
    }
}
