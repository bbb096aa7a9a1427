//! The engine: a thread of its own that judges, starts, settles and keeps leases.
//!
//! [`Engine::step`] does all that is due and says when it wants to be woken; the loop around it only sleeps. A job that blocks
//! the user's runtime delays nothing here.

mod clocks;
mod events;
mod executor;
mod inbox;
mod judging;
mod keeper;
mod leash;
mod noter;
mod outage;
mod panics;
mod problems;
mod pruner;
mod running;
mod settler;
mod shutdown;
#[cfg(test)]
mod tests;
mod threads;
mod vigil;
mod wait;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::problem::ProblemKind;
use cron_core::run::{OwnerId, RunId, RunState};
use tokio::sync::watch;

use crate::clock::{Clock, Moment};
use crate::crash_points::{Point, pass};
use crate::hooks::Caller;
use crate::measure::Meter;
use crate::registration::Handler;
use crate::store::{Reaped, Store};

pub(crate) use events::Events;
pub use events::{Change, Event};
pub(crate) use executor::Executor;
pub(crate) use inbox::{Inbox, Message};
use judging::Asked;
use keeper::Keeper;
pub(crate) use leash::Leash;
use noter::Noter;
use outage::{Outage, Verb};
pub(crate) use panics::{caught, told as panic_told, watch as watch_panics};
pub use problems::Problem;
use problems::Scribe;
use pruner::Pruner;
use running::{Attempts, Stop};
use settler::Pending;
pub(crate) use shutdown::{End, Ended};
pub use shutdown::{EndCause, ShutdownReport};
use shutdown::{LAST_STEP, Shutdown, Stage};
pub(crate) use threads::{Pool, Threads};
#[cfg(feature = "testing")]
pub(crate) use vigil::Pulse;
use vigil::Vigil;
pub(crate) use wait::{Until, Waiter};

/// An engine that is awake anyway looks after the attempts of others when this long has passed since it last did: as long as a
/// lease lasts.
const REAP: Duration = Duration::from_secs(30);

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) owner: OwnerId,
    pub(crate) handlers: Arc<HashMap<JobName, Handler>>,
    pub(crate) executor: Executor,
    pub(crate) hooks: Caller,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) events: Events,
    pub(crate) shutting_down: watch::Sender<bool>,
    /// How many attempts may be in progress at once.
    pub(crate) workers: usize,
    /// What was left by processes that were found gone at the start, for those who want to be told.
    pub(crate) reaped: Reaped,
    /// Why the record was found to be older than what has run here before.
    pub(crate) went_back: Option<String>,
}

/// The state of the engine. Owned by its thread; everything else sends messages.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Arc<dyn Store>,
    owner: OwnerId,
    /// The functions of this program, by the job that declares them.
    handlers: Arc<HashMap<JobName, Handler>>,
    executor: Executor,
    hooks: Caller,
    inbox: Receiver<Message>,
    events: Events,
    meter: Meter,
    shutting_down: watch::Sender<bool>,
    workers: usize,
    attempts: Attempts,
    pending: Vec<Pending>,
    keeper: Keeper,
    noter: Noter,
    pruner: Pruner,
    shutdown: Shutdown,
    /// The next instant at which something is due, as the store said.
    due: Option<DateTime<Utc>>,
    /// Whether to judge whatever `due` says.
    look: bool,
    /// How many jobs are judged next, in one transaction.
    batch: usize,
    /// What the store judges meanwhile.
    asked: Option<Asked>,
    /// Whether runs wait for a worker or for room in their group.
    crowded: bool,
    /// When the store was last asked to judge, on the monotonic clock.
    looked: Duration,
    /// Whether high-water marks may lie in the future, because the clock was set back or was wrong when they were written.
    astray: bool,
    /// Up to where marks lie ahead of the clock, by 3 hours at most, while that is told.
    ahead_until: Option<DateTime<Utc>>,
    /// When to look after the attempts of other processes.
    reap: Option<DateTime<Utc>>,
    /// When that was last done, on the monotonic clock.
    reaped: Duration,
    /// What is still to be told of them.
    untold: Reaped,
    went_back: Option<String>,
    outage: Outage,
    scribe: Scribe,
    vigil: Vigil,
    /// The moment of the step before, to notice a clock that was set.
    last: Option<Moment>,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            store,
            owner,
            handlers,
            executor,
            hooks,
            inbox,
            events,
            shutting_down,
            workers,
            reaped,
            went_back,
        } = parts;
        let started = executor.link.clock.moment().monotonic;
        Self {
            store,
            owner,
            handlers,
            executor,
            hooks,
            inbox,
            events,
            meter: Meter::new(workers),
            shutting_down,
            workers,
            attempts: Attempts::default(),
            pending: Vec::new(),
            keeper: Keeper::default(),
            noter: Noter::default(),
            pruner: Pruner::new(started),
            shutdown: Shutdown::default(),
            due: None,
            look: true,
            batch: judging::BATCH,
            asked: None,
            crowded: false,
            looked: started,
            astray: true,
            ahead_until: None,
            // Others may hold leases already, and nobody rings for those.
            reap: Some(DateTime::<Utc>::MIN_UTC),
            reaped: started,
            untold: reaped,
            went_back,
            last: None,
            outage: Outage::default(),
            scribe: Scribe::default(),
            vigil: Vigil::default(),
        }
    }

    /// Steps until a shutdown is done. Says how it has come to that.
    pub(crate) fn run(mut self, clock: &dyn Clock, mut waiter: Waiter) -> End {
        if let Some(what) = waiter.unwatched() {
            self.events.problem(ProblemKind::Unwatched, None, what);
        }
        while !self.is_done() {
            let until = self.step(clock.moment());
            if until == Until::NOW || self.is_done() {
                continue;
            }
            let asleep = clock.moment();
            match waiter.wait(until) {
                Ok(true) => self.doorbell(clock.moment()),
                Ok(false) => {}
                Err(error) => {
                    let what = format!("the system refused to wait: {error}");
                    self.events.problem(ProblemKind::WaitFailed, None, what);
                }
            }
            self.notice_late(until, asleep, clock.moment());
        }
        self.end()
    }

    /// Why it has ended, or ends.
    #[cfg(test)]
    pub(crate) fn ended(&self) -> Ended {
        self.shutdown.ended.clone()
    }

    /// How it has ended, once it [is done](Self::is_done).
    pub(crate) fn end(&self) -> End {
        self.shutdown.end()
    }

    /// Whether a shutdown is done: nothing is left to step for.
    pub(crate) fn is_done(&self) -> bool {
        self.shutdown.is_done()
    }

    #[cfg(feature = "testing")]
    /// Whether nothing is in progress: no attempt, no result on its way, no hook.
    pub(crate) fn is_idle(&self) -> bool {
        self.attempts.is_empty() && self.pending.is_empty() && self.asked.is_none() && !self.hooks.is_busy()
    }

    /// Another process changed something, or came.
    pub(crate) fn doorbell(&mut self, now: Moment) {
        self.look = true;
        self.reap = Some(now.wall);
    }

    /// Does all that is due and says when to come again.
    pub(crate) fn step(&mut self, now: Moment) -> Until {
        self.tell_went_back();
        self.notice_clock(now);
        self.notice_passed(now);
        self.read_inbox(now);
        for overdue in self.attempts.time_out(now.monotonic) {
            self.stuck(overdue, now);
        }
        self.advance_shutdown(now);
        self.settle(now);
        self.write_notes(now);
        self.keep_leases(now);
        self.keep_vigil(now);
        self.look_at_file(now);
        self.take_back(now);
        let mut more = false;
        if self.shutdown.is_open() {
            self.set_back(now);
            self.reap(now);
            more = self.judge(now);
            self.look_at_queue(now);
            self.prune(now);
            if !more {
                self.write_problems(now);
            }
        } else {
            // What the store has claimed meanwhile is started, and ends like the others: the grace may be over for it already.
            if self.asked.is_some() {
                self.judge(now);
                self.advance_shutdown(now);
            }
            self.hear(now);
        }
        self.meter.show(self.attempts.len(), self.due, now);
        self.conclude_shutdown(now);
        // A result that came up while judging has nobody else to wake the engine for it.
        let unwritten = !self.pending.is_empty() && !self.store_rests(now);
        if more || unwritten || self.has_heard(now) { Until::NOW } else { self.until(now) }
    }

    /// Whether what was read in the middle of this step is due already, after its turn.
    fn has_heard(&self, now: Moment) -> bool {
        let is_past = |due: Option<Duration>| due.is_some_and(|due| due <= now.monotonic);
        let is_due = is_past(self.noter.deadline()) || is_past(self.keeper.deadline());
        is_due && !self.attempts.is_empty() && !self.store_rests(now)
    }

    fn read_inbox(&mut self, now: Moment) {
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                Message::Returned { claim, how, at } => self.returned(claim, how, at, now),
                Message::Noted { claim } => self.noter.add(claim),
                Message::Look => self.look = true,
                Message::Renew => self.keeper.renew_now(now),
                // They were sent for the step that they wake.
                Message::HookEnded | Message::Probed => {}
                Message::Shutdown { grace, reply } => {
                    self.shutting_down.send_replace(true);
                    self.shutdown.begin(grace, now.monotonic, reply);
                }
            }
        }
    }

    /// Ends the attempts of processes that are gone.
    fn reap(&mut self, now: Moment) {
        let untold = std::mem::take(&mut self.untold);
        self.tell_reaped(untold, now);
        if !self.reaps(now) || self.store_rests(now) {
            return;
        }
        self.reaped = now.monotonic;
        // One's own leases first: a command that rings after a sleep must not find them expired.
        self.keeper.renew_now(now);
        self.keep_leases(now);
        match self.ask_store(Verb::Reap, |store| store.reap(now.wall)) {
            Ok(reaped) => {
                self.reap = reaped.next;
                // A process that is gone may also have left waits and backlogs that it alone had in mind.
                self.look = true;
                self.tell_reaped(reaped, now);
            }
            Err(error) => self.store_failed(Verb::Reap, &error, now),
        }
    }

    /// Whether it is time to look after the attempts of others.
    fn reaps(&self, now: Moment) -> bool {
        let is_due = self.reap.is_some_and(|reap| reap <= now.wall);
        // One whose life the operating system cannot tell (of another machine) may have claimed something since and be gone. Nothing
        // wakes this engine for that, but it must not stand before the slot of such an attempt for ever.
        let is_long_ago = self.is_due(now) && now.monotonic.saturating_sub(self.reaped) >= REAP;
        is_due || is_long_ago
    }

    /// Tells what became of the attempts of processes that are gone, and of their jobs.
    fn tell_reaped(&mut self, reaped: Reaped, now: Moment) {
        self.meter.name(reaped.handlers);
        for (job, run, state) in reaped.lost {
            self.tell_lost(job, run, state, now);
        }
        for (job, deaths) in reaped.quarantined {
            let what = format!(
                "job `{job}` is in quarantine: its process died {deaths} times in a row while it was in progress; \
                 `inspect resume {job}` has it run again"
            );
            self.events.problem(ProblemKind::Quarantined, Some(&job), what);
        }
    }

    fn tell_lost(&mut self, job: JobName, run: RunId, state: RunState, now: Moment) {
        tracing::warn!(job = %job, run = run.0, state = %state.word(), "a run's process is gone");
        self.pruner.something_ended();
        self.meter.finished(&job, state);
        self.hooks.on_record(run, state, now.wall);
        self.events.tell(|| Event::Lost { job, run, state });
    }

    fn advance_shutdown(&mut self, now: Moment) {
        match self.shutdown.stage {
            Stage::Draining { deadline } if deadline <= now.monotonic && !self.attempts.is_empty() => {
                for claim in self.attempts.all() {
                    self.attempts.stop(claim, Stop::Shutdown);
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
        let is_overdue = self.shutdown.is_overdue(now.monotonic);
        if !self.pending.is_empty() && !is_overdue {
            return;
        }
        // Somebody may wait for what a hook has to say: it has as long as an attempt that was cancelled.
        let patience = *self.shutdown.hooks_until.get_or_insert(now.monotonic.saturating_add(LAST_STEP));
        if self.hooks.is_busy() && now.monotonic < patience && !is_overdue {
            return;
        }
        self.give_up_pending();
        pass(Point::LeaveNext);
        self.record_problems(now);
        if let Err(error) = self.store.leave(now.wall) {
            let what = format!("could not take leave of the store: {error}");
            self.events.problem(ProblemKind::StoreFailing, None, what);
        }
        self.events.tell(|| Event::Stopped);
        self.shutdown.finish();
    }

    /// When there is something to do again.
    fn until(&mut self, now: Moment) -> Until {
        let rests = self.outage.rests_until.filter(|until| *until > now.monotonic);
        let is_open = self.shutdown.is_open();
        if self.attempts.is_empty() && self.pending.is_empty() && !self.store_fails() {
            // It would be woken for nothing.
            self.keeper.rest();
        }
        let spans = [
            self.attempts.next_deadline(),
            self.keeper.deadline(),
            self.look_deadline(),
            self.noter.deadline(),
            self.vigil_deadline(),
            self.problems_due().filter(|_| is_open),
            self.shutdown.deadline(),
            self.shutdown.hooks_until,
            self.shutdown.latest,
            self.pruner.deadline().filter(|_| is_open),
            self.crowded_until().filter(|_| is_open),
            rests,
        ];
        // What is past by now waits for the store, and `rests` wakes it for that.
        let ahead = spans.into_iter().flatten().filter(|at| *at > now.monotonic);
        // The step has taken its time.
        let now = self.executor.link.clock.moment();
        let within = ahead.min().map(|at| at.saturating_sub(now.monotonic));
        let wall =
            if is_open && rests.is_none() { self.due.into_iter().chain(self.reap).min() } else { None };
        Until { wall, within }
    }
}

/// An engine that is gone keeps no lease: what it has started and not settled is stopped.
impl Drop for Engine {
    fn drop(&mut self) {
        for running in self.attempts.drain() {
            running.hold.stop();
        }
    }
}
