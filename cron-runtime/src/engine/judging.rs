//! Lets the store judge what is due, and starts what it gave.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use cron_core::problem::ProblemKind;
use cron_core::run::AttemptEnd;

use super::Engine;
use super::events::Event;
use super::keeper::{LEASE, TRUST};
use super::outage::Verb;
use super::running::{Running, Stop};
use super::settler::{Pending, settlements};
use crate::clock::Moment;
use crate::crash_points::{Point, pass};
use crate::store::{Answer, Claim, Claimed, JudgeRequest, Judged, Settled, StoreError};

/// At most this many jobs are judged in one transaction when nothing was left from before, or where no more workers are free. Each that
/// follows while more is due is twice as large.
pub(super) const BATCH: usize = 512;

/// No transaction is larger: here the time of its commit counts for little.
const LARGEST_BATCH: usize = 4_096;

/// So many are judged in one step: then leases, timeouts and what runs say of themselves have their turn.
const BATCHES: usize = 4;

/// A pause of this length between ticks ends what the batches have grown to.
const LULL: TimeDelta = TimeDelta::milliseconds(5);

/// Between two looks while runs wait for room in their group: the attempt whose end makes room may be another process's, and
/// nobody rings for that.
const CROWDED: Duration = Duration::from_secs(5);

/// How many jobs are judged next, after a batch of so many that was judged at this moment. Where ticks follow closely on each other batches
/// stay about as large as what comes while one is written: else each wave of them would begin with commits for few.
fn next_batch(batch: usize, judged: &Judged, now: Moment) -> usize {
    if judged.more {
        return (batch * 2).min(LARGEST_BATCH);
    }
    let follows_soon = judged.next.is_some_and(|next| next - now.wall < LULL);
    if follows_soon { (batch / 2).max(BATCH) } else { BATCH }
}

/// A batch that the store has in hand.
pub(super) struct Asked {
    /// The results that are written with it.
    results: Vec<Pending>,
    /// The moment to which it judges, and from which its leases last.
    now: Moment,
    /// When it was asked for, on the monotonic clock.
    at: Duration,
    answer: Answer<(Vec<Settled>, Judged)>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("results", &self.results).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Engine {
    /// Judges what is due and starts what that gives; results that have come meanwhile are written with it. Says whether more is due; then
    /// the store may have the next batch in hand, which the next step begins with.
    pub(super) fn judge(&mut self, now: Moment) -> bool {
        if self.asked.is_none() && (!self.is_due(now) || self.store_rests(now)) {
            return false;
        }
        let is_in_hand = self.asked.is_some();
        let mut asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.ask_for_batch(0, now),
        };
        for number in 1..=BATCHES {
            let is_from_before = is_in_hand && number == 1;
            let Asked { results, now: claimed, at, answer } = asked;
            // Between the commit and the calls: what was claimed in a file that nobody will find may run elsewhere too.
            let present = |(settled, judged): (Vec<Settled>, Judged)| {
                if !judged.claimed.is_empty() {
                    self.store.still_there()?;
                }
                Ok((settled, judged))
            };
            let (settled, judged) = match answer().and_then(present) {
                Ok(answer) => answer,
                Err(error) => {
                    // Those that were sent have come first.
                    self.pending.splice(..0, results);
                    return self.judge_failed(&error, now);
                }
            };
            if !results.is_empty() {
                self.answered(Verb::Settle, at);
            }
            self.answered(Verb::Judge, at);
            // The first of many that are due together are called before the store has the next: its thread would take this one's processor.
            let begins = self.batch == BATCH;
            self.batch = next_batch(self.batch, &judged, now);
            let (more, claiming) = (judged.more, judged.claimed.len());
            let next = if begins {
                self.carry_out(results, settled, judged, claimed, now);
                self.ask_for_more(more, 0, now)
            } else {
                // While the store writes the next batch, what became of this one is told, and its functions are called.
                let next = self.ask_for_more(more, claiming, now);
                self.carry_out(results, settled, judged, claimed, now);
                next
            };
            // It was asked for in the step before and does not know what this one has heard and written since.
            self.look |= is_from_before;
            match next {
                Some(next) if number < BATCHES => asked = next,
                next => {
                    self.asked = next;
                    break;
                }
            }
        }
        self.look
    }

    /// Whether this step will judge and has nothing else to ask of the store before: then results are written in the same transaction.
    pub(super) fn judges_next(&self, now: Moment) -> bool {
        let is_past = |due: Option<Duration>| due.is_some_and(|due| due <= now.monotonic);
        let has_other_business = is_past(self.noter.deadline())
            || is_past(self.keeper.deadline())
            || self.is_in_doubt()
            || self.astray
            || self.reaps(now);
        self.shutdown.is_open() && self.is_due(now) && !has_other_business
    }

    /// The next batch, if more is due and the engine has not been asked to end meanwhile.
    fn ask_for_more(&mut self, more: bool, claimed: usize, now: Moment) -> Option<Asked> {
        if !more {
            return None;
        }
        self.read_inbox(now);
        self.shutdown.is_open().then(|| self.ask_for_batch(claimed, now))
    }

    /// Tells what became of results and of what was due, and calls the functions of what was claimed.
    fn carry_out(
        &mut self,
        results: Vec<Pending>,
        settled: Vec<Settled>,
        judged: Judged,
        claimed: Moment,
        now: Moment,
    ) {
        self.tell_all_settled(results, settled);
        self.judged(judged, now).into_iter().for_each(|attempt| self.start(attempt, claimed));
    }

    /// Sends what is pending with the request; so many attempts were claimed and are not started yet.
    fn ask_for_batch(&mut self, claimed: usize, now: Moment) -> Asked {
        let results = std::mem::take(&mut self.pending);
        let room = self.workers.saturating_sub(self.attempts.len() + claimed);
        let request = JudgeRequest {
            now: now.wall,
            limit: room.clamp(BATCH, self.batch),
            room,
            lease_until: now.wall + LEASE,
            owner: self.owner,
        };
        if !results.is_empty() {
            pass(Point::SettleNext);
        }
        let at = self.executor.link.clock.moment().monotonic;
        let answer = self.store.settle_and_judge(settlements(&results), request);
        Asked { results, now, at, answer }
    }

    /// Nothing was judged, and the results are pending again.
    fn judge_failed(&mut self, error: &StoreError, now: Moment) -> bool {
        match error {
            error if error.is_about_content() && !self.pending.is_empty() => {
                self.settle_one_by_one(now);
                !self.store_rests(now)
            }
            error => {
                if !self.pending.is_empty() {
                    self.store_error(Verb::Settle, error);
                }
                self.store_failed(Verb::Judge, error, now);
                false
            }
        }
    }

    /// Tells what was judged. Gives the attempts that are to be started.
    fn judged(&mut self, judged: Judged, now: Moment) -> Vec<Claimed> {
        let Judged { claimed, skipped, asked, evicted, more, crowded, next, left_out, damaged, handlers } =
            judged;
        self.outage.rests_until = None;
        self.look = more;
        self.due = next;
        self.crowded = crowded;
        self.looked = now.monotonic;
        self.meter.judged(now, handlers);
        for (job, why) in left_out {
            let what = format!("job `{job}` is not judged here any more: {why}");
            self.events.problem(ProblemKind::LeftOut, Some(&job), what);
        }
        for (job, why) in damaged {
            let what = format!("job `{job}` is not judged, for its declaration on record is damaged: {why}");
            self.events.problem(ProblemKind::Damaged, Some(&job), what);
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
            self.pruner.skipped(&job, &skip);
            self.meter.skipped(&job, &skip);
            self.events.tell(|| Event::Skipped { job, skip });
        }
        claimed
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
        let started = self.executor.link.clock.moment();
        if started.monotonic.saturating_sub(claimed.monotonic) >= TRUST {
            // The store has taken so long that it may be another process's by now. If it is still this one's, it starts anew.
            return self.give_back(&attempt, Duration::ZERO, started);
        }
        let handler = self.handlers.get(attempt.plan.handler()).copied();
        if handler.is_some_and(|handler| handler.needs_a_thread()) && !self.has_thread(&attempt, started) {
            return;
        }
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
        let Some(handler) = handler else {
            let message = format!("no function of this program is named `{}`", attempt.plan.handler());
            return self.not_called(&attempt, AttemptEnd::Discarded { message }, started);
        };
        pass(Point::CallNext);
        let hold = self.executor.call(handler, &attempt);
        pass(Point::CallMade);
        self.keeper.claimed(claimed);
        let is_async = hold.can_be_dropped();
        self.attempts.insert(Running::new(attempt, hold, claimed, started));
        self.watch_over(is_async, started);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_with_what_is_due_and_shrink_with_what_is_not() {
        let now = Moment { wall: chrono::DateTime::UNIX_EPOCH, monotonic: Duration::ZERO };
        let judged = |more, next: Option<i64>| {
            let next = next.map(|after| now.wall + TimeDelta::milliseconds(after));
            Judged { more, next, ..Judged::default() }
        };
        let after = |batch, more, next| next_batch(batch, &judged(more, next), now);

        assert_eq!(after(512, true, Some(0)), 1_024);
        assert_eq!(after(2_048, true, Some(0)), 4_096);
        assert_eq!(after(4_096, true, Some(0)), 4_096);
        // The next tick is near: the wave may go on.
        assert_eq!(after(4_096, false, Some(1)), 2_048);
        assert_eq!(after(512, false, Some(1)), 512);
        // A tick that is due already, of a job that was judged to an instant before, is near too.
        assert_eq!(after(1_024, false, Some(-1)), 512);
        // It is over: whatever is due next starts early.
        assert_eq!(after(4_096, false, Some(5)), 512);
        assert_eq!(after(4_096, false, None), 512);
    }
}
