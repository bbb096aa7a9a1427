//! Removes what the retention of jobs does not keep any more, in small batches: while nothing else is to be done, and where there is
//! always something to be done in between.

use std::time::Duration;

use cron_core::problem::ProblemKind;

use super::Engine;
use crate::clock::Moment;

/// At most this many rows in one transaction.
const BATCH: usize = 500;
/// The same where a pass goes on, so that the commits are not what takes the time.
const BATCH_AMID: usize = 2_000;
/// After the start, and after a failure.
const SOON: Duration = Duration::from_secs(60);
/// From one pass through all jobs to the next.
const LATER: Duration = Duration::from_secs(600);
/// The same where [`MANY`] have ended meanwhile.
const NEXT: Duration = Duration::from_secs(1);
/// After so many ends there is much to remove.
const MANY: u64 = 5_000;
/// Between two batches at least. They are as far apart as one of them takes: so judging has half of the time at least.
const REST: Duration = Duration::from_millis(1);

/// When to prune, on the monotonic clock.
#[derive(Debug)]
pub(super) struct Pruner {
    /// Not before this moment.
    from: Duration,
    /// Where many have ended, not before this one.
    soon: Duration,
    /// What has ended since the pass began: a scheduler that does nothing leaves nothing behind.
    ended: u64,
    /// A pass is on its way.
    is_amid: bool,
}

impl Pruner {
    pub(super) fn new(now: Duration) -> Self {
        let from = now.saturating_add(SOON);
        // What was there before the start.
        Self { from, soon: now.saturating_add(NEXT), ended: 1, is_amid: false }
    }

    /// A run has ended, or ticks were skipped.
    pub(super) fn something_ended(&mut self) {
        self.ended += 1;
    }

    /// There is so much to remove that it has its turn beside what is due.
    fn is_pressed(&self) -> bool {
        self.is_amid || self.ended >= MANY
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let from = if self.is_pressed() { self.soon } else { self.from };
        (self.is_amid || self.ended > 0).then_some(from)
    }

    /// A batch was removed, which took this long; there may be more.
    fn removed(&mut self, more: bool, took: Duration, now: Duration) {
        self.is_amid = more;
        self.from = now.saturating_add(LATER);
        self.soon = now.saturating_add(if more { took.max(REST) } else { NEXT });
    }

    fn failed(&mut self, now: Duration) {
        self.from = now.saturating_add(SOON);
        self.soon = self.from;
    }
}

impl Engine {
    /// Prunes one batch, if it is time and nothing is due, or there is much.
    pub(super) fn prune(&mut self, now: Moment) {
        let is_idle = !self.look && self.pending.is_empty() && self.due.is_none_or(|due| due > now.wall);
        let is_time = self.pruner.deadline().is_some_and(|deadline| deadline <= now.monotonic);
        if !is_time || !(is_idle || self.pruner.is_pressed()) || self.store_rests(now) {
            return;
        }
        if !self.pruner.is_amid {
            self.pruner.ended = 0;
        }
        let asked = self.executor.link.clock.moment().monotonic;
        let batch = if self.pruner.is_amid { BATCH_AMID } else { BATCH };
        match self.store.prune(now.wall, batch) {
            Ok(pruned) => {
                let done = self.executor.link.clock.moment().monotonic;
                self.pruner.removed(pruned.more, done.saturating_sub(asked), done);
                if pruned.runs + pruned.skips + pruned.jobs > 0 {
                    let (runs, skips, jobs) = (pruned.runs, pruned.skips, pruned.jobs);
                    tracing::info!(runs, skips, jobs, "removed what is not to be kept any longer");
                }
            }
            Err(error) => {
                // Nothing is lost by waiting, and nothing else has to.
                self.pruner.failed(now.monotonic);
                let what = format!("the record could not be pruned: {error}");
                self.events.problem(ProblemKind::PruneFailed, None, what);
            }
        }
    }
}
