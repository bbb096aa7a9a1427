//! Removes what the retention of jobs does not keep any more, in small batches, while nothing else is to be done.

use std::time::Duration;

use cron_core::problem::ProblemKind;

use super::Engine;
use crate::clock::Moment;

/// At most this many rows in one transaction.
const BATCH: usize = 500;
/// Between two batches while there is more.
const NEXT: Duration = Duration::from_secs(1);
/// After the start, and after a failure.
const SOON: Duration = Duration::from_secs(60);
/// Between two batches otherwise.
const LATER: Duration = Duration::from_secs(600);

/// When to prune, on the monotonic clock.
#[derive(Debug)]
pub(super) struct Pruner {
    /// Not before this moment.
    from: Duration,
    /// Whether there may be something to remove: a scheduler that does nothing leaves nothing behind.
    is_wanted: bool,
}

impl Pruner {
    pub(super) fn new(now: Duration) -> Self {
        Self { from: now.saturating_add(SOON), is_wanted: true }
    }

    /// A run has ended, or ticks were skipped.
    pub(super) fn something_ended(&mut self) {
        self.is_wanted = true;
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.is_wanted.then_some(self.from)
    }
}

impl Engine {
    /// Prunes one batch, if it is time and nothing is due.
    pub(super) fn prune(&mut self, now: Moment) {
        let is_idle = !self.look && self.pending.is_empty() && self.due.is_none_or(|due| due > now.wall);
        let is_time = self.pruner.deadline().is_some_and(|deadline| deadline <= now.monotonic);
        if !is_time || !is_idle || self.store_rests(now) {
            return;
        }
        match self.store.prune(now.wall, BATCH) {
            Ok(pruned) => {
                self.pruner.is_wanted = pruned.more;
                self.pruner.from = now.monotonic.saturating_add(if pruned.more { NEXT } else { LATER });
                if pruned.runs + pruned.skips + pruned.jobs > 0 {
                    let (runs, skips, jobs) = (pruned.runs, pruned.skips, pruned.jobs);
                    tracing::info!(runs, skips, jobs, "removed what is not to be kept any longer");
                }
            }
            Err(error) => {
                // Nothing is lost by waiting, and nothing else has to.
                self.pruner.from = now.monotonic.saturating_add(SOON);
                let what = format!("the record could not be pruned: {error}");
                self.events.problem(ProblemKind::PruneFailed, None, what);
            }
        }
    }
}
