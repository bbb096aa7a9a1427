//! Lets the store judge what is due, and starts what it gave.

use std::time::Duration;

use cron_core::problem::ProblemKind;
use cron_core::run::AttemptEnd;

use super::Engine;
use super::events::Event;
use super::keeper::LEASE;
use super::outage::Verb;
use super::running::{Running, Stop};
use crate::clock::Moment;
use crate::crash_points::{Point, pass};
use crate::store::{Claim, Claimed, JudgeRequest, Judged};

/// At most this many jobs are judged in one transaction, so that the first of many that are due together starts before the
/// last is written.
const BATCH: usize = 512;

/// Between two looks while runs wait for room in their group: the attempt whose end makes room may be another process's, and
/// nobody rings for that.
const CROWDED: Duration = Duration::from_secs(5);

impl Engine {
    /// Judges one batch and starts what it gave. Says whether more is due.
    pub(super) fn judge(&mut self, now: Moment) -> bool {
        if !self.is_due(now) || self.store_rests(now) {
            return false;
        }
        let request = JudgeRequest {
            now: now.wall,
            limit: BATCH,
            // A result that waits for the store counts as an attempt: so what is kept while the store fails is bounded.
            room: self.workers.saturating_sub(self.attempts.len() + self.pending.len()),
            lease_until: now.wall + LEASE,
            owner: self.owner,
        };
        let judged = match self.ask_store(Verb::Judge, |store| store.judge(request)) {
            Ok(judged) => judged,
            Err(error) => {
                self.store_failed(Verb::Judge, &error, now);
                return false;
            }
        };
        let Judged { claimed, skipped, asked, evicted, more, crowded, next, left_out } = judged;
        self.outage.rests_until = None;
        self.look = more;
        self.due = next;
        self.crowded = crowded;
        self.looked = now.monotonic;
        for (job, why) in left_out {
            let what = format!("job `{job}` is not judged here any more: {why}");
            self.events.problem(ProblemKind::LeftOut, Some(&job), what);
        }
        for (job, claim, state) in evicted {
            tracing::info!(job = %job, run = claim.run.0, state = %state.word(), "ended: a newer run takes its slot");
            self.attempts.stop(claim, Stop::Evicted);
            self.pruner.something_ended();
            self.meter.finished(&job, state);
            self.hooks.on_record(claim.run, state, now.wall);
            self.events.tell(|| Event::Cancelled { job, run: claim.run, state });
        }
        self.ask(asked, now);
        for (job, skip) in skipped {
            tracing::info!(job = %job, reason = %skip.reason, count = skip.count, "ticks skipped");
            self.pruner.something_ended();
            self.meter.skipped(&job, &skip);
            self.events.tell(|| Event::Skipped { job, skip });
        }
        for attempt in claimed {
            self.start(attempt, now);
        }
        more
    }

    /// Whether there may be something to judge.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        let is_tired = self.crowded_until().is_some_and(|until| until <= now.monotonic);
        self.look || is_tired || self.due.is_some_and(|due| due <= now.wall)
    }

    /// While a shutdown waits for running attempts nothing is judged any more, and somebody may still ask one of them to stop.
    pub(super) fn hear(&mut self, now: Moment) {
        if !self.look || self.attempts.is_empty() || self.store_rests(now) {
            return;
        }
        // What was ended by force is found out with the leases.
        self.keeper.renew_now(now);
        self.keep_leases(now);
        // Nothing is looked at and nothing is claimed: only what was asked is told.
        let (limit, room, owner) = (0, 0, self.owner);
        let request = JudgeRequest { now: now.wall, limit, room, lease_until: now.wall, owner };
        match self.ask_store(Verb::Hear, |store| store.judge(request)) {
            Ok(judged) => {
                self.look = false;
                self.ask(judged.asked, now);
            }
            Err(error) => self.store_failed(Verb::Hear, &error, now),
        }
    }

    /// Tells attempts that they are to stop.
    fn ask(&mut self, asked: Vec<(Claim, String)>, now: Moment) {
        for (claim, why) in asked {
            let Some(running) = self.attempts.ask(claim, why.clone(), now.monotonic) else { continue };
            let job = running.attempt.plan.name.clone();
            tracing::info!(job = %job, run = claim.run.0, %why, "asked to stop");
            self.events.tell(|| Event::Asked { job, run: claim.run, why });
        }
    }

    /// Until when those that wait for room need not be looked at, on the monotonic clock.
    pub(super) fn crowded_until(&self) -> Option<Duration> {
        self.crowded.then(|| self.looked.saturating_add(CROWDED))
    }

    /// Calls the function of an attempt that is recorded as running.
    fn start(&mut self, attempt: Claimed, claimed: Moment) {
        // The commit may have had to wait for another process: the function's time begins here.
        let started = self.executor.clock.moment();
        self.meter.started(&attempt, started);
        self.events.tell(|| Event::Started {
            job: attempt.plan.name.clone(),
            run: attempt.claim.run,
            nominal: attempt.nominal,
            origin: attempt.origin,
            attempt: attempt.attempt,
            is_late: attempt.is_late,
            at: started.wall,
        });
        if attempt.is_late {
            self.hooks.late(&attempt, started.wall);
        }
        let Some(handler) = self.handlers.get(attempt.plan.handler()) else {
            let message = format!("no function of this program is named `{}`", attempt.plan.handler());
            return self.not_called(&attempt, AttemptEnd::Discarded { message }, started);
        };
        pass(Point::CallNext);
        let hold = self.executor.call(*handler, &attempt);
        pass(Point::CallMade);
        self.keeper.claimed(claimed);
        let is_async = hold.can_be_dropped();
        self.attempts.insert(Running::new(attempt, hold, claimed, started));
        self.watch_over(is_async, started);
    }
}
