//! The attempts that this process has in progress.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::run::{AttemptEnd, Failure, FailureKind};

use super::executor::Hold;
use super::inbox::Returned;
use crate::clock::Moment;
use crate::store::{Claim, Claimed};

/// How long an async function may take to notice that it was dropped before its attempt counts as stuck.
const DROP_TIME: Duration = Duration::from_secs(1);

/// An attempt in progress.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) attempt: Claimed,
    pub(crate) hold: Hold,
    /// When its lease was asked for: what trust is counted from.
    pub(crate) claimed: Moment,
    /// When its function was called: what its timeout is counted from. The commit in between may have had to wait.
    pub(crate) started: Moment,
    pub(crate) stop: Option<Stop>,
    pub(crate) asked: Option<Asked>,
    /// Until when a function that was dropped because of its timeout may take to notice it.
    patience: Option<Duration>,
    /// The deadline under which it is filed.
    deadline: Option<Duration>,
}

/// Why an attempt was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its timeout passed.
    TimedOut,
    /// Its timeout passed, and that is recorded, for the function did not return.
    Stuck,
    /// The grace of a shutdown is over.
    Shutdown,
    /// It is no longer this process's.
    Fenced,
    /// Its run was ended under `overlap = "cancel"`: nothing of it is written any more.
    Evicted,
}

/// An attempt that a person or the overlap policy has asked to stop.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Who, and why.
    pub(crate) why: String,
    stage: Stage,
}

/// How far it has come with an attempt that was asked to stop.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// It may come to an end of its own until this moment.
    Grace(Duration),
    /// It was dropped and may take until this moment to notice it.
    Dropped(Duration),
    /// It is reported as stuck.
    Reported,
}

/// An attempt whose function has not returned although its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// Its timeout passed: that is to be recorded.
    Timeout(Claim),
    /// It was asked to stop and its grace is over: nothing is to be recorded before it ends.
    Asked(Claim),
}

impl Running {
    pub(crate) fn new(attempt: Claimed, hold: Hold, claimed: Moment, started: Moment) -> Self {
        Self { attempt, hold, claimed, started, stop: None, asked: None, patience: None, deadline: None }
    }

    /// Stops its function, unless it was stopped for another reason before.
    pub(crate) fn stop(&mut self, why: Stop) {
        match (self.stop, why) {
            // Whatever else it was stopped for: its result is not wanted any more.
            (_, Stop::Evicted) | (None, _) => self.stop = Some(why),
            // A result that nobody will take is to be known as such.
            (Some(Stop::TimedOut | Stop::Stuck | Stop::Shutdown | Stop::Fenced), Stop::Fenced) => {
                self.stop = Some(why);
            }
            (Some(_), Stop::TimedOut | Stop::Stuck | Stop::Shutdown | Stop::Fenced) => {}
        }
        self.hold.stop();
    }

    /// Whether its function was dropped from here, or would have been if it could.
    pub(crate) fn was_stopped(&self) -> bool {
        let was_cut_off = |asked: &Asked| match asked.stage {
            Stage::Grace(_) => false,
            Stage::Dropped(_) | Stage::Reported => true,
        };
        self.stop.is_some() || self.asked.as_ref().is_some_and(was_cut_off)
    }

    /// Whether it was reported as stuck.
    pub(crate) fn is_stuck(&self) -> bool {
        let is_reported = |asked: &Asked| match asked.stage {
            Stage::Reported => true,
            Stage::Grace(_) | Stage::Dropped(_) => false,
        };
        self.stop == Some(Stop::Stuck) || self.asked.as_ref().is_some_and(is_reported)
    }

    /// Whether something of it may still be written.
    pub(crate) fn counts(&self) -> bool {
        self.stop != Some(Stop::Evicted)
    }

    /// When something is to be done about it, on the monotonic clock.
    fn next_deadline(&self) -> Option<Duration> {
        let timeout = match self.stop {
            None => self.attempt.plan.timeout.map(|limit| self.started.monotonic.saturating_add(limit)),
            Some(Stop::TimedOut) => self.patience,
            Some(Stop::Stuck | Stop::Shutdown | Stop::Fenced | Stop::Evicted) => None,
        };
        let asked = match self.asked.as_ref().map(|asked| asked.stage) {
            Some(Stage::Grace(until) | Stage::Dropped(until)) => Some(until),
            Some(Stage::Reported) | None => None,
        };
        timeout.into_iter().chain(asked).min()
    }

    /// Its timeout, or the time to notice it, may have passed. Says whether that is to be recorded now.
    fn time_out(&mut self, now: Duration) -> bool {
        match self.stop {
            None => {
                let limit = self.attempt.plan.timeout.unwrap_or(Duration::MAX);
                if self.started.monotonic.saturating_add(limit) > now {
                    return false;
                }
                self.hold.stop();
                if self.hold.can_be_dropped() {
                    self.stop = Some(Stop::TimedOut);
                    self.patience = Some(now.saturating_add(DROP_TIME));
                    return false;
                }
            }
            Some(Stop::TimedOut) if self.patience.is_some_and(|patience| patience <= now) => {}
            Some(Stop::TimedOut | Stop::Stuck | Stop::Shutdown | Stop::Fenced | Stop::Evicted) => {
                return false;
            }
        }
        self.stop = Some(Stop::Stuck);
        true
    }

    /// The grace of an attempt that was asked to stop may have passed. Says whether it is to be reported now.
    fn cut_off(&mut self, now: Duration) -> bool {
        let Some(asked) = &mut self.asked else { return false };
        match asked.stage {
            Stage::Grace(until) if until <= now => {
                self.hold.stop();
                if self.hold.can_be_dropped() {
                    asked.stage = Stage::Dropped(now.saturating_add(DROP_TIME));
                    return false;
                }
            }
            Stage::Dropped(until) if until <= now => {}
            Stage::Grace(_) | Stage::Dropped(_) | Stage::Reported => return false,
        }
        asked.stage = Stage::Reported;
        true
    }

    /// What the end of the function means for the attempt.
    pub(crate) fn end(&self, how: Returned) -> AttemptEnd {
        let in_time = self.stop != Some(Stop::TimedOut) && self.stop != Some(Stop::Stuck);
        let was_called = self.hold.was_called();
        match (&self.asked, self.stop, how) {
            (Some(_), _, how @ Returned::Succeeded(_)) if in_time => how.into_end(was_called),
            // It would be tried again, or started again after a shutdown, if its end were told as it came.
            (Some(asked), ..) => AttemptEnd::Cancelled { why: asked.why.clone() },
            // What it returns after that counts for nothing.
            (None, Some(Stop::TimedOut | Stop::Stuck), _) => AttemptEnd::Failed(self.timed_out()),
            // One that was cut off and reports an error says that it was cut off.
            (None, Some(Stop::Shutdown), Returned::Failed(_) | Returned::Dropped) => {
                AttemptEnd::Interrupted { was_called }
            }
            // One that may have been somebody else's by then was not interrupted in good order. If it was nobody's after all, an
            // attempt is used; its process has not vanished, so it is no crash.
            (None, Some(Stop::Fenced | Stop::Evicted), Returned::Failed(_) | Returned::Dropped) => {
                let message = "stopped: its lease could not be renewed in time".to_owned();
                AttemptEnd::Failed(Failure { kind: FailureKind::Errored, message, retry_after: None })
            }
            (None, Some(Stop::Fenced | Stop::Shutdown | Stop::Evicted) | None, how) => {
                how.into_end(was_called)
            }
        }
    }

    fn timed_out(&self) -> Failure {
        let limit = self.attempt.plan.timeout.map(cron_core::duration::format_duration).unwrap_or_default();
        Failure {
            kind: FailureKind::TimedOut,
            message: format!("timed out after {limit}"),
            retry_after: None,
        }
    }

    /// When the attempt has ended that took so long, on the wall clock: counted from its start, or back from `now`, whichever is earlier. The
    /// clock may have been wrong at either, and a retry that is stored for a time that is far away would hold the slot until then.
    pub(crate) fn ended(&self, duration: Duration, now: Moment) -> DateTime<Utc> {
        let end = self.started.monotonic.saturating_add(duration);
        let ago = TimeDelta::from_std(now.monotonic.saturating_sub(end)).ok();
        let from_now = ago.and_then(|ago| now.wall.checked_sub_signed(ago)).unwrap_or(now.wall);
        let span = TimeDelta::from_std(duration).ok();
        let from_start = span.and_then(|span| self.started.wall.checked_add_signed(span));
        from_start.unwrap_or(from_now).min(from_now)
    }
}

/// All attempts in progress, with their deadlines.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    // In order, so that the same steps make the same calls of the store. A map moves what it holds, and this is large.
    running: BTreeMap<Claim, Box<Running>>,
    /// The earliest deadline first.
    deadlines: BTreeSet<(Duration, Claim)>,
}

impl Attempts {
    pub(crate) fn insert(&mut self, running: Running) {
        let claim = running.attempt.claim;
        self.running.insert(claim, Box::new(running));
        self.file(claim);
    }

    /// Files an attempt under its next deadline.
    fn file(&mut self, claim: Claim) {
        let Some(running) = self.running.get_mut(&claim) else { return };
        let next = running.next_deadline();
        if let Some(old) = std::mem::replace(&mut running.deadline, next) {
            self.deadlines.remove(&(old, claim));
        }
        if let Some(next) = next {
            self.deadlines.insert((next, claim));
        }
    }

    pub(crate) fn remove(&mut self, claim: Claim) -> Option<Running> {
        let running = self.running.remove(&claim)?;
        if let Some(deadline) = running.deadline {
            self.deadlines.remove(&(deadline, claim));
        }
        Some(*running)
    }

    pub(crate) fn get(&self, claim: Claim) -> Option<&Running> {
        self.running.get(&claim).map(Box::as_ref)
    }

    /// Stops an attempt, if it is here.
    pub(crate) fn stop(&mut self, claim: Claim, why: Stop) {
        if let Some(running) = self.running.get_mut(&claim) {
            running.stop(why);
            self.file(claim);
        }
    }

    /// Asks an attempt to stop within the grace of its job. Gives it if it was not asked before.
    pub(crate) fn ask(&mut self, claim: Claim, why: String, now: Duration) -> Option<&Running> {
        let running = self.running.get_mut(&claim).filter(|running| running.asked.is_none())?;
        let until = now.saturating_add(running.attempt.plan.slots.cancel_grace);
        running.asked = Some(Asked { why, stage: Stage::Grace(until) });
        running.hold.ask();
        self.file(claim);
        self.get(claim)
    }

    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(crate) fn all(&self) -> Vec<Claim> {
        self.running.keys().copied().collect()
    }

    /// Those of which something may still be written.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        self.running
            .values()
            .filter(|running| running.counts())
            .map(|running| running.attempt.claim)
            .collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Running> {
        self.running.values().map(Box::as_ref)
    }

    pub(crate) fn drain(&mut self) -> Vec<Running> {
        self.deadlines.clear();
        std::mem::take(&mut self.running).into_values().map(|running| *running).collect()
    }

    /// The next deadline of an attempt.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Stops every attempt whose deadline has passed. Gives those that are stuck: their function cannot be dropped, or was
    /// dropped and did not notice.
    pub(crate) fn time_out(&mut self, now: Duration) -> Vec<Overdue> {
        let mut overdue = Vec::new();
        while let Some((deadline, claim)) = self.deadlines.first().copied()
            && deadline <= now
        {
            let Some(running) = self.running.get_mut(&claim) else {
                self.deadlines.pop_first();
                continue;
            };
            if running.time_out(now) {
                overdue.push(Overdue::Timeout(claim));
            }
            if running.cut_off(now) {
                overdue.push(Overdue::Asked(claim));
            }
            self.file(claim);
        }
        overdue
    }
}
