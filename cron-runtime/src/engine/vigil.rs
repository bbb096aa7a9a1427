//! Whether the user's runtime runs tasks, and the system gives a thread to functions that are not async.
//!
//! Nothing is looked at while nothing is in progress. A small task is spawned with the first async attempt and with each renewal of
//! leases while there are any; the engine wakes a second later only if that task has not run by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use cron_core::problem::ProblemKind;

use super::Engine;
use super::inbox::{Inbox, Message};
use crate::clock::{Clock, Moment};
use crate::store::{Claimed, WaitingRun};

/// A task that has not run after this long is told.
const PATIENCE: Duration = Duration::from_secs(1);
/// A function for which there is no thread comes again after this long at first, and later after as long as there has been none.
const THREAD_SOON: Duration = Duration::from_secs(1);
/// And after this long at most.
const THREAD_LATER: Duration = Duration::from_secs(10);
/// Between two probes at least.
const SPAN: Duration = Duration::from_secs(5);

/// Nobody has decided about the call: the function waits for a thread, or for its first poll.
const OPEN: u8 = 0;
/// The function is called, or was.
const CALLED: u8 = 1;
/// Its attempt was given back: it is not called any more.
const REFUSED: u8 = 2;

/// What the thread that runs a function notes for the engine.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Whether its function was called. Decided once, by the thread that calls it or by the engine that gives its attempt back.
    call: AtomicU8,
    /// Since when a poll of its future has been in progress, in milliseconds of the monotonic clock, plus one; 0 is none.
    polled: AtomicU64,
}

impl Pulse {
    /// Its function has a thread and is about to be called. Says whether it may be.
    pub(crate) fn begin(&self) -> bool {
        match self.call.compare_exchange(OPEN, CALLED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(decided) => decided == CALLED,
        }
    }

    /// From here on its function is not called any more. Says whether it was called before.
    pub(super) fn refuse(&self) -> bool {
        self.call.compare_exchange(OPEN, REFUSED, Ordering::AcqRel, Ordering::Acquire) == Err(CALLED)
    }

    /// Whether its function was called.
    pub(super) fn was_called(&self) -> bool {
        self.call.load(Ordering::Acquire) == CALLED
    }

    /// Notes the beginning and the end of each poll of a future.
    pub(super) async fn watch<F: Future>(&self, clock: &dyn Clock, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| {
            let _poll = Poll::begin(self, clock);
            future.as_mut().poll(context)
        })
        .await
    }

    /// Whether a poll is in progress.
    pub(crate) fn is_polled(&self) -> bool {
        self.polled.load(Ordering::Relaxed) != 0
    }

    /// For how long the poll in progress has gone on.
    fn polled_for(&self, now: Duration) -> Option<Duration> {
        let since = self.polled.load(Ordering::Relaxed).checked_sub(1)?;
        Some(now.saturating_sub(Duration::from_millis(since)))
    }
}

/// A poll in progress; it also ends with a panic.
struct Poll<'a>(&'a Pulse);

impl<'a> Poll<'a> {
    fn begin(pulse: &'a Pulse, clock: &dyn Clock) -> Self {
        let ms = u64::try_from(clock.moment().monotonic.as_millis()).unwrap_or(u64::MAX);
        pulse.polled.store(ms.saturating_add(1), Ordering::Relaxed);
        Self(pulse)
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.0.polled.store(0, Ordering::Relaxed);
    }
}

/// A task that does nothing but run.
#[derive(Debug)]
struct Probe {
    answer: Arc<Answer>,
    sent: Duration,
}

#[derive(Debug, Default)]
struct Answer {
    has_come: AtomicBool,
    /// The engine has told that it does not come, and wants to know when it does.
    is_missed: AtomicBool,
}

/// Answers as soon as its task runs, and also if that is dropped: a runtime that is gone is not blocked.
struct Answering {
    answer: Arc<Answer>,
    inbox: Inbox,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.answer.has_come.store(true, Ordering::SeqCst);
        if self.answer.is_missed.load(Ordering::SeqCst) {
            self.inbox.send(Message::Probed);
        }
    }
}

/// What is waited for, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    probe: Option<Probe>,
    probed: Option<Duration>,
    /// Since when the system gives no thread.
    refused: Option<Duration>,
    /// When runs were looked at that wait for a worker.
    pub(super) queue: Option<Duration>,
    /// Some of them are known to have waited for too long.
    is_queue_long: bool,
}

impl Vigil {
    /// When something is due that has not come by itself.
    fn deadline(&self) -> Option<Duration> {
        let probe = self.probe.as_ref().filter(|probe| !probe.answer.has_come.load(Ordering::SeqCst));
        let probe = probe.filter(|probe| !probe.answer.is_missed.load(Ordering::SeqCst));
        probe.map(|probe| probe.sent.saturating_add(PATIENCE))
    }
}

impl Engine {
    /// An attempt was started.
    pub(super) fn watch_over(&mut self, is_async: bool, now: Moment) {
        if is_async {
            self.probe(now);
        }
    }

    /// Asks the runtime whether it runs tasks, while there is something for it to run.
    pub(super) fn probe(&mut self, now: Moment) {
        let is_soon = self.vigil.probed.is_some_and(|probed| probed.saturating_add(SPAN) > now.monotonic);
        let is_needed = || self.attempts.iter().any(|running| running.hold.can_be_dropped());
        if self.vigil.probe.is_some() || is_soon || !is_needed() {
            return;
        }
        let answer = Arc::new(Answer::default());
        let answering = Answering { answer: Arc::clone(&answer), inbox: self.executor.link.inbox.clone() };
        self.executor.runtime.spawn(async move { drop(answering) });
        self.vigil.probe = Some(Probe { answer, sent: now.monotonic });
        self.vigil.probed = Some(now.monotonic);
    }

    pub(super) fn vigil_deadline(&self) -> Option<Duration> {
        self.vigil.deadline()
    }

    /// Looks whether what was asked of the runtime has been done.
    pub(super) fn keep_vigil(&mut self, now: Moment) {
        let Some(Probe { answer, sent }) = &self.vigil.probe else { return };
        if answer.has_come.load(Ordering::SeqCst) {
            self.vigil.probe = None;
            self.events.over(ProblemKind::RuntimeBlocked, None);
            return;
        }
        let waited = now.monotonic.saturating_sub(*sent);
        let is_known = answer.is_missed.swap(waited >= PATIENCE, Ordering::SeqCst);
        // It may have come just before it was missed.
        if waited < PATIENCE || answer.has_come.load(Ordering::SeqCst) {
            return;
        }
        // It is said again with the renewals of leases, for which the engine wakes anyway.
        let is_soon = self.vigil.probed.is_some_and(|probed| probed.saturating_add(SPAN) > now.monotonic);
        if is_known && is_soon {
            return;
        }
        self.vigil.probed = Some(now.monotonic);
        self.tell_blocked(waited, now);
    }

    fn tell_blocked(&self, waited: Duration, now: Moment) {
        let polled = |running: &super::running::Running| {
            let polled = running.hold.leash.pulse.polled_for(now.monotonic)?;
            let (job, run) = (&running.attempt.plan.name, running.attempt.claim.run);
            Some((polled, format!("job `{job}` (run {run}, for {:.1} s)", polled.as_secs_f64())))
        };
        let mut culprits: Vec<_> = self.attempts.iter().filter_map(polled).collect();
        culprits.retain(|(polled, _)| *polled >= PATIENCE / 2);
        culprits.sort_by_key(|(polled, _)| std::cmp::Reverse(*polled));
        let names: Vec<_> = culprits.into_iter().map(|(_, text)| text).collect();
        let by = match names.is_empty() {
            true => "by something that is no job of this program".to_owned(),
            false => format!("while these do not let go of their thread: {}", names.join(", ")),
        };
        let what = format!("the tokio runtime has run no task for {:.1} s, {by}", waited.as_secs_f64());
        self.events.problem(ProblemKind::RuntimeBlocked, None, what);
    }

    /// Whether a function that is not async has a thread. If the system gives none, its attempt is given back and comes again.
    pub(super) fn has_thread(&mut self, attempt: &Claimed, now: Moment) -> bool {
        let Err(error) = self.executor.threads.reserve() else {
            if self.vigil.refused.take().is_some() {
                self.events.over(ProblemKind::PoolExhausted, None);
            }
            return true;
        };
        let since = *self.vigil.refused.get_or_insert(now.monotonic);
        // Each time leaves a line in the record of the run.
        let wait = now.monotonic.saturating_sub(since).clamp(THREAD_SOON, THREAD_LATER);
        let (job, run) = (&attempt.plan.name, attempt.claim.run);
        let what = format!(
            "the system gives no thread for functions that are not async: {error}; job `{job}`, run {run}, was not called and \
             comes again in {:.0} s, as others may",
            wait.as_secs_f64()
        );
        self.events.problem(ProblemKind::PoolExhausted, None, what);
        self.give_back(attempt, wait, now);
        false
    }
}

impl Engine {
    /// Looks whether runs that have found no room wait for too long. It comes with the judgements that look for room, so that nothing is
    /// woken for it.
    pub(super) fn look_at_queue(&mut self, now: Moment) {
        if !self.crowded {
            return self.queue_is_short();
        }
        let is_soon = self.vigil.queue.is_some_and(|looked| looked.saturating_add(SPAN) > now.monotonic);
        if is_soon || self.store_rests(now) {
            return;
        }
        self.vigil.queue = Some(now.monotonic);
        let waiting = match self.store.waiting(now.wall) {
            Ok(waiting) => waiting,
            // A store that fails is told where something is to be written.
            Err(error) => return tracing::debug!(%error, "runs that wait could not be read"),
        };
        let Some(WaitingRun { job, run, since }) = waiting.first() else { return self.queue_is_short() };
        let waited = (now.wall - *since).to_std().unwrap_or_default();
        let what = format!(
            "{} runs could start and find no worker, or no room in their group, for longer than the period of their job, the first of them \
             run {run} of job `{job}` for {}; {} of {} workers are busy",
            waiting.len(),
            cron_core::duration::format_duration(Duration::from_secs(waited.as_secs())),
            self.attempts.len(),
            self.workers
        );
        self.events.problem(ProblemKind::WorkersBusy, None, what);
        self.vigil.is_queue_long = true;
    }

    fn queue_is_short(&mut self) {
        if std::mem::take(&mut self.vigil.is_queue_long) {
            self.events.over(ProblemKind::WorkersBusy, None);
        }
    }
}
