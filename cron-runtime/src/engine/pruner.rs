//! Removes what the retention of jobs does not keep any more: job by job as their runs end, so that it keeps pace with them, and in passes
//! through all jobs for what has become too old.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use cron_core::hash::Fnv;
use cron_core::job::{JobName, Plan};
use cron_core::judge::Skip;
use cron_core::problem::ProblemKind;
use cron_core::run::Epoch;

use super::Engine;
use crate::clock::Moment;
use crate::store::{Answer, Pruned, StoreError};

/// At most this many rows in one transaction of a pass.
const BATCH: usize = 500;
/// So many jobs that have their turn are pruned in one transaction at least.
const JOBS: usize = 64;
/// At most so many times as many, where they have their turn together: a commit costs about as much as pruning some of them.
const TURNS: usize = 4;
/// For each so many ends one job is pruned at most. Jobs have their turns once in a stride of 16 ends or more, so they do not pile up; and
/// where all have it at once they are spread over nearly all of the time until they have it again.
const ENDS: usize = 15;
/// Of so many ranges of skipped ticks one gives its job a turn.
const RANGES: u64 = 16;
/// The first pass after the start, and after a failure.
const SOON: Duration = Duration::from_secs(60);
/// From one pass through all jobs to the next.
const LATER: Duration = Duration::from_secs(600);
/// Between two batches of a pass at least.
const REST: Duration = Duration::from_millis(1);
/// Where something is due, batches are so many times as far apart as one takes.
const PATIENCE: u32 = 9;

/// When to prune, on the monotonic clock.
pub(super) struct Pruner {
    /// The next batch of a pass.
    from: Duration,
    /// Something has ended since the pass began: a scheduler that does nothing leaves nothing behind.
    has_ended: bool,
    /// A pass is on its way.
    is_amid: bool,
    /// These have their turn.
    jobs: VecDeque<JobName>,
    /// What has ended and was not made use of for pruning jobs.
    ends: usize,
    /// The store has these transactions in hand, and nothing waits for them but the next look at them.
    asked: Vec<Answer<Pruned>>,
}

impl fmt::Debug for Pruner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pruner").field("from", &self.from).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

impl Pruner {
    pub(super) fn new(now: Duration) -> Self {
        // What was there before the start.
        Self {
            from: now.saturating_add(SOON),
            has_ended: true,
            is_amid: false,
            jobs: VecDeque::new(),
            ends: 0,
            asked: Vec::new(),
        }
    }

    /// Something is final, beside what an attempt of this process has come to.
    pub(super) fn something_ended(&mut self) {
        self.has_ended = true;
    }

    /// An attempt has ended.
    pub(super) fn ended(&mut self, plan: &Plan, epoch: Epoch) {
        self.has_ended = true;
        self.ends += 1;
        if plan.retention.is_turn(epoch) {
            self.jobs.push_back(plan.name.clone());
        }
    }

    /// Ticks were skipped.
    pub(super) fn skipped(&mut self, job: &JobName, skip: &Skip) {
        self.has_ended = true;
        self.ends += 1;
        let last = skip.last.timestamp_millis().cast_unsigned();
        if Fnv::new().bytes(job.as_str().as_bytes()).u64(last).finish().is_multiple_of(RANGES) {
            self.jobs.push_back(job.clone());
        }
    }

    /// The jobs that are to be pruned now, if they are enough for a transaction.
    fn turn(&mut self) -> Option<Vec<JobName>> {
        if self.jobs.len() < JOBS {
            self.ends = self.ends.min(JOBS * ENDS);
            return None;
        }
        let turns = TURNS.min(self.jobs.len() / JOBS).min(self.ends / (JOBS * ENDS));
        if turns == 0 {
            return None;
        }
        self.ends -= turns * JOBS * ENDS;
        Some(self.jobs.drain(..turns * JOBS).collect())
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        (self.is_amid || self.has_ended).then_some(self.from)
    }

    /// A batch of a pass was removed, which took this long; there may be more.
    fn removed(&mut self, more: bool, rest: Duration, now: Duration) {
        self.is_amid = more;
        self.from = now.saturating_add(if more { rest.max(REST) } else { LATER });
    }

    fn failed(&mut self, now: Duration) {
        // A pass finds all of them.
        self.jobs.clear();
        self.from = now.saturating_add(SOON);
    }
}

impl Engine {
    /// Lets the store prune the jobs that have their turn, if they are enough for a transaction, and a batch of a pass if it is time.
    pub(super) fn prune(&mut self, now: Moment) {
        // What was asked of the store since then came behind them, so they are done or nearly so.
        for answer in std::mem::take(&mut self.pruner.asked) {
            match answer() {
                Ok(pruned) => tracing::debug!(?pruned, "pruned jobs whose runs have ended"),
                Err(error) => self.prune_failed(&error, now),
            }
        }
        while !self.store_rests(now)
            && let Some(jobs) = self.pruner.turn()
        {
            let answer = self.store.prune_jobs(jobs, now.wall);
            self.pruner.asked.push(answer);
        }
        let is_time = self.pruner.deadline().is_some_and(|deadline| deadline <= now.monotonic);
        if is_time && !self.store_rests(now) {
            self.prune_batch(now);
        }
    }

    fn prune_batch(&mut self, now: Moment) {
        if !self.pruner.is_amid {
            self.pruner.has_ended = false;
            self.pruner.jobs.clear();
        }
        let begun = self.executor.link.clock.moment().monotonic;
        match self.store.prune(now.wall, BATCH) {
            Ok(pruned) => {
                let done = self.executor.link.clock.moment();
                let took = done.monotonic.saturating_sub(begun);
                let is_idle = self.pending.is_empty() && !self.is_due(done);
                let rest = if is_idle { took } else { took.saturating_mul(PATIENCE) };
                self.pruner.removed(pruned.more, rest, done.monotonic);
                let Pruned { runs, skips, jobs, .. } = pruned;
                if runs + skips + jobs > 0 {
                    tracing::info!(runs, skips, jobs, "removed what is not to be kept any longer");
                }
            }
            Err(error) => self.prune_failed(&error, now),
        }
    }

    /// Nothing is lost by waiting, and nothing else has to.
    fn prune_failed(&mut self, error: &StoreError, now: Moment) {
        self.pruner.failed(now.monotonic);
        let what = format!("the record could not be pruned: {error}");
        self.events.problem(ProblemKind::PruneFailed, None, what);
    }
}
