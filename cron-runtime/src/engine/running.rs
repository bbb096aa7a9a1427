//! The attempts that this process has in progress.

use std::collections::{BTreeSet, HashMap};
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
    pub(crate) timeout: Option<Duration>,
    /// Until when a dropped function may take to notice it.
    pub(crate) patience: Option<Duration>,
    pub(crate) stop: Option<Stop>,
}

/// Why an attempt was asked to stop.
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
}

impl Running {
    /// When something is to be done about it, on the monotonic clock.
    fn deadline(&self) -> Option<Duration> {
        self.patience.or_else(|| self.timeout.map(|timeout| self.started.monotonic.saturating_add(timeout)))
    }

    /// What the end of the function means for the attempt.
    pub(crate) fn end(&self, how: Returned) -> AttemptEnd {
        match (self.stop, how) {
            (Some(Stop::TimedOut), _) => AttemptEnd::Failed(self.timed_out()),
            // One that was cut off and reports an error says that it was cut off.
            (Some(Stop::Shutdown), Returned::Failed(_) | Returned::Dropped) => AttemptEnd::Interrupted,
            // One that may have been somebody else's by then was not interrupted in good order.
            (Some(Stop::Fenced), Returned::Failed(_) | Returned::Dropped) => AttemptEnd::Lost,
            (Some(Stop::Stuck | Stop::Fenced | Stop::Shutdown) | None, how) => how.into_end(),
        }
    }

    pub(crate) fn timed_out(&self) -> Failure {
        let limit = self.timeout.map(cron_core::duration::format_duration).unwrap_or_default();
        Failure { kind: FailureKind::TimedOut, message: format!("timed out after {limit}") }
    }

    /// When the attempt ends or ended, from the wall clock at its start and the monotonic clock since.
    pub(crate) fn wall_after(&self, duration: Duration) -> DateTime<Utc> {
        TimeDelta::from_std(duration)
            .ok()
            .and_then(|span| self.started.wall.checked_add_signed(span))
            .unwrap_or(self.started.wall)
    }
}

/// All attempts in progress, with their deadlines.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    running: HashMap<Claim, Running>,
    /// The earliest deadline first.
    deadlines: BTreeSet<(Duration, Claim)>,
}

impl Attempts {
    pub(crate) fn insert(&mut self, running: Running) {
        let claim = running.attempt.claim;
        if let Some(deadline) = running.deadline() {
            self.deadlines.insert((deadline, claim));
        }
        self.running.insert(claim, running);
    }

    pub(crate) fn remove(&mut self, claim: Claim) -> Option<Running> {
        let running = self.running.remove(&claim)?;
        if let Some(deadline) = running.deadline() {
            self.deadlines.remove(&(deadline, claim));
        }
        Some(running)
    }

    pub(crate) fn get_mut(&mut self, claim: Claim) -> Option<&mut Running> {
        self.running.get_mut(&claim)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(crate) fn claims(&self) -> Vec<Claim> {
        self.running.keys().copied().collect()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Running> {
        self.running.values_mut()
    }

    pub(crate) fn drain(&mut self) -> Vec<Running> {
        self.deadlines.clear();
        self.running.drain().map(|(_, running)| running).collect()
    }

    /// The next deadline of an attempt.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Stops every attempt whose deadline has passed. Gives those that have to be recorded as stuck: their timeout passed
    /// and their function cannot be dropped, or was dropped and did not notice.
    pub(crate) fn time_out(&mut self, now: Duration) -> Vec<Claim> {
        let mut stuck = Vec::new();
        while let Some((deadline, claim)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.deadlines.pop_first();
            let Some(running) = self.running.get_mut(&claim) else { continue };
            match running.stop {
                None => {
                    running.stop = Some(Stop::TimedOut);
                    running.hold.stop();
                    if running.hold.can_be_dropped() {
                        let patience = now.saturating_add(DROP_TIME);
                        running.patience = Some(patience);
                        self.deadlines.insert((patience, claim));
                    } else {
                        running.stop = Some(Stop::Stuck);
                        stuck.push(claim);
                    }
                }
                Some(Stop::TimedOut) => {
                    running.stop = Some(Stop::Stuck);
                    stuck.push(claim);
                }
                Some(Stop::Stuck | Stop::Shutdown | Stop::Fenced) => {}
            }
        }
        stuck
    }
}
