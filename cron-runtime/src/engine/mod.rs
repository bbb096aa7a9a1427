//! The engine: a thread of its own that judges, starts, settles and keeps leases.
//!
//! [`Engine::step`] does all that is due and says when it wants to be woken; the loop around it only sleeps. A job that blocks
//! the user's runtime delays nothing here.

mod events;
mod executor;
mod inbox;
mod keeper;
mod panics;
mod running;
mod settler;
mod shutdown;
mod wait;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::run::{AttemptEnd, OwnerId};
use tokio::sync::watch;

use crate::clock::{Clock, Moment};
use crate::registration::Handler;
use crate::store::{Claimed, JudgeRequest, Judged, Store};

pub use events::Event;
pub(crate) use events::Events;
pub(crate) use executor::Executor;
pub(crate) use inbox::{Inbox, Message};
use keeper::{Keeper, LEASE};
pub(crate) use panics::watch as watch_panics;
use running::{Attempts, Running, Stop};
use settler::Pending;
pub use shutdown::ShutdownReport;
use shutdown::{LAST_STEP, Shutdown, Stage};
use wait::Until;
pub(crate) use wait::{Waiter, Waker};

/// At most this many jobs are judged in one transaction, so that the first of many that are due together starts before the
/// last is written.
const BATCH: usize = 512;

/// Clocks that differ by less than this were not set; they are disciplined all the time.
const CLOCK_STEP: TimeDelta = TimeDelta::seconds(2);

/// What the engine knows of a job beside what its store keeps.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) plan: Plan,
    pub(crate) handler: Handler,
}

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) owner: OwnerId,
    pub(crate) jobs: HashMap<JobName, Linked>,
    pub(crate) executor: Executor,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) events: Events,
    pub(crate) shutting_down: watch::Sender<bool>,
}

/// The state of the engine. Owned by its thread; everything else sends messages.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Arc<dyn Store>,
    owner: OwnerId,
    jobs: HashMap<JobName, Linked>,
    executor: Executor,
    inbox: Receiver<Message>,
    events: Events,
    shutting_down: watch::Sender<bool>,
    attempts: Attempts,
    pending: Vec<Pending>,
    keeper: Keeper,
    shutdown: Shutdown,
    /// The next instant at which something is due, as the store said.
    due: Option<DateTime<Utc>>,
    /// Whether to judge whatever `due` says.
    look: bool,
    /// When to look after the attempts of other processes.
    reap: Option<DateTime<Utc>>,
    store_rests_until: Option<Duration>,
    /// The moment of the step before, to notice a clock that was set.
    last: Option<Moment>,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { store, owner, jobs, executor, inbox, events, shutting_down } = parts;
        Self {
            store,
            owner,
            jobs,
            executor,
            inbox,
            events,
            shutting_down,
            attempts: Attempts::default(),
            pending: Vec::new(),
            keeper: Keeper::default(),
            shutdown: Shutdown::default(),
            due: None,
            look: true,
            // Others may hold leases already, and nobody rings for those.
            reap: Some(DateTime::<Utc>::MIN_UTC),
            last: None,
            store_rests_until: None,
        }
    }

    /// Steps until a shutdown is done.
    pub(crate) fn run(mut self, clock: &dyn Clock, mut waiter: Waiter) {
        while !self.shutdown.is_done() {
            let until = self.step(clock.moment());
            if until == Until::NOW || self.shutdown.is_done() {
                continue;
            }
            match waiter.wait(until) {
                Ok(true) => self.doorbell(clock.moment()),
                Ok(false) => {}
                Err(error) => self.events.problem(format!("the system refused to wait: {error}")),
            }
        }
    }

    /// Another process changed something, or came.
    pub(crate) fn doorbell(&mut self, now: Moment) {
        self.look = true;
        self.reap = Some(now.wall);
    }

    /// Does all that is due and says when to come again.
    pub(crate) fn step(&mut self, now: Moment) -> Until {
        self.notice_clock(now);
        self.read_inbox(now);
        for claim in self.attempts.time_out(now.monotonic) {
            self.stuck(claim, now);
        }
        self.advance_shutdown(now);
        self.settle(now);
        self.keep_leases(now);
        let mut more = false;
        if self.shutdown.is_open() {
            self.reap(now);
            more = self.judge(now);
        }
        self.conclude_shutdown(now);
        // A result that came up while judging has nobody else to wake the engine for it.
        let unwritten = !self.pending.is_empty() && !self.store_rests(now);
        if more || unwritten { Until::NOW } else { self.until(now) }
    }

    /// Both clocks should have moved alike since the last step. Where they have not, the wall clock was set, or the machine
    /// slept: leases, which are kept in wall time, look older or younger than they are.
    fn notice_clock(&mut self, now: Moment) {
        let Some(last) = self.last.replace(now) else { return };
        let monotonic =
            TimeDelta::from_std(now.monotonic.saturating_sub(last.monotonic)).unwrap_or(TimeDelta::MAX);
        let step = (now.wall - last.wall).checked_sub(&monotonic).unwrap_or(TimeDelta::zero());
        if step.abs() < CLOCK_STEP {
            return;
        }
        tracing::warn!(seconds = step.num_seconds(), "the wall clock was set, or the machine slept");
        self.look = true;
        self.keeper.renew_now(now);
        // The others see the step too and need a moment to renew, before anybody holds their leases against the new time.
        let patient = now.wall + TimeDelta::seconds(15);
        if let Some(reap) = &mut self.reap {
            *reap = if step > TimeDelta::zero() { (*reap).max(patient) } else { patient };
        }
    }

    fn read_inbox(&mut self, now: Moment) {
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                Message::Returned { claim, how, at } => self.returned(claim, how, at, now),
                Message::Look => self.look = true,
                Message::Shutdown { grace, reply } => {
                    self.shutting_down.send_replace(true);
                    self.shutdown.begin(grace, now.monotonic, reply);
                }
            }
        }
    }

    /// Judges one batch and starts what it gave. Says whether more is due.
    fn judge(&mut self, now: Moment) -> bool {
        let is_due = self.look || self.due.is_some_and(|due| due <= now.wall);
        if !is_due || self.store_rests(now) {
            return false;
        }
        let request =
            JudgeRequest { now: now.wall, limit: BATCH, lease_until: now.wall + LEASE, owner: self.owner };
        let Judged { claimed, skipped, more, next, left_out } = match self.store.judge(request) {
            Ok(judged) => judged,
            Err(error) => {
                self.store_failed("ticks could not be judged, nothing was started", &error, now);
                return false;
            }
        };
        self.store_rests_until = None;
        self.look = more;
        self.due = next;
        for (job, why) in left_out {
            self.events.problem(format!("job `{job}` is not judged here any more: {why}"));
        }
        for (job, skip) in skipped {
            tracing::info!(job = %job, reason = %skip.reason, count = skip.count, "ticks skipped");
            self.events.tell(|| Event::Skipped { job, skip });
        }
        for attempt in claimed {
            self.start(attempt, now);
        }
        more
    }

    /// Calls the function of an attempt that is recorded as running.
    fn start(&mut self, attempt: Claimed, claimed: Moment) {
        // The commit may have had to wait for another process: the function's time begins here.
        let started = self.executor.clock.moment();
        self.events.tell(|| Event::Started {
            job: attempt.job.clone(),
            run: attempt.claim.run,
            nominal: attempt.nominal,
            origin: attempt.origin,
            attempt: attempt.attempt,
            at: started.wall,
        });
        let Some(job) = self.jobs.get(&attempt.job) else {
            let message = format!("no function of this program is named `{}`", attempt.job);
            return self.not_called(&attempt, AttemptEnd::Discarded { message }, started);
        };
        let hold = self.executor.call(job.handler, &attempt);
        let timeout = job.plan.timeout;
        self.keeper.claimed(claimed);
        self.attempts.insert(Running {
            attempt,
            hold,
            claimed,
            started,
            timeout,
            patience: None,
            stop: None,
        });
    }

    /// Ends the attempts of processes that are gone.
    fn reap(&mut self, now: Moment) {
        if self.reap.is_none_or(|reap| reap > now.wall) || self.store_rests(now) {
            return;
        }
        // One's own leases first: a command that rings after a sleep must not find them expired.
        self.keeper.renew_now(now);
        self.keep_leases(now);
        match self.store.reap(now.wall) {
            Ok(reaped) => {
                self.reap = reaped.next;
                // A process that is gone may also have left waits and backlogs that it alone had in mind.
                self.look = true;
                for (job, run, state) in reaped.lost {
                    tracing::warn!(job = %job, run = run.0, state = %state.word(), "a run's process is gone");
                    self.events.tell(|| Event::Lost { job, run, state });
                }
            }
            Err(error) => self.store_failed("the runs of other processes could not be read", &error, now),
        }
    }

    fn advance_shutdown(&mut self, now: Moment) {
        match self.shutdown.stage {
            Stage::Draining { deadline } if deadline <= now.monotonic && !self.attempts.is_empty() => {
                for running in self.attempts.values_mut() {
                    running.stop.get_or_insert(Stop::Shutdown);
                    running.hold.stop();
                }
                // Where no grace was given there is no time for a polite end either.
                let deadline = now.monotonic.saturating_add(LAST_STEP);
                self.shutdown.stage = Stage::Cancelling { deadline };
            }
            Stage::Cancelling { deadline } if deadline <= now.monotonic => self.release_all(now),
            Stage::Open | Stage::Draining { .. } | Stage::Cancelling { .. } | Stage::Done => {}
        }
    }

    /// Takes leave when everything is written.
    fn conclude_shutdown(&mut self, now: Moment) {
        let asked = !self.shutdown.is_open() && !self.shutdown.is_done();
        if !asked || !self.attempts.is_empty() {
            return;
        }
        let past_end = self
            .shutdown
            .deadline()
            .is_some_and(|deadline| deadline.saturating_add(LAST_STEP) <= now.monotonic);
        if !self.pending.is_empty() && !past_end {
            return;
        }
        self.give_up_pending();
        if let Err(error) = self.store.leave(now.wall) {
            self.events.problem(format!("could not take leave of the store: {error}"));
        }
        self.events.tell(|| Event::Stopped);
        self.shutdown.finish();
    }

    /// When there is something to do again.
    fn until(&mut self, now: Moment) -> Until {
        let rests = self.store_rests_until.filter(|until| *until > now.monotonic);
        let spans = [self.attempts.next_deadline(), self.keeper.deadline(), self.shutdown.deadline(), rests];
        // What is past by now waits for the store, and `rests` wakes it for that.
        let ahead = spans.into_iter().flatten().filter(|at| *at > now.monotonic);
        let within = ahead.min().map(|at| at.saturating_sub(now.monotonic));
        let wall = if self.shutdown.is_open() && rests.is_none() {
            self.due.into_iter().chain(self.reap).min()
        } else {
            None
        };
        Until { wall, within }
    }
}
