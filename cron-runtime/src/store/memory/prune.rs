//! Letting go of what the retention of jobs does not keep.

use std::collections::BTreeSet;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::policy::{Beyond, EndedRun, Retention, beyond};
use cron_core::run::RunId;

use super::super::{MAX_PRUNED_JOBS, MAX_PRUNED_RUNS, MAX_PRUNED_TOGETHER, Pruned, SkipInfo};
use super::book::{Book, Desk, Job};

impl Book {
    /// Goes on behind the job at which the call before ended, so that a busy one does not keep the others from their turn.
    pub(super) fn prune(&mut self, desk: &mut Desk, now: DateTime<Utc>, limit: usize) -> Pruned {
        let mut pruned = Pruned::default();
        let after = desk.pruned_until.take();
        if after.is_none() && !self.has_surplus() {
            return pruned;
        }
        let names: Vec<_> = self
            .jobs
            .keys()
            .filter(|name| after.as_ref().is_none_or(|after| *name > after))
            .cloned()
            .collect();
        for (index, name) in names.iter().enumerate() {
            let done = (pruned.runs + pruned.skips + pruned.jobs) as usize;
            if done >= limit || index == MAX_PRUNED_JOBS {
                pruned.more = true;
                return pruned;
            }
            self.prune_job(name, now, limit - done, &mut pruned);
            desk.pruned_until = Some(name.clone());
        }
        desk.pruned_until = None;
        pruned
    }

    pub(super) fn prune_jobs(&mut self, names: &[JobName], now: DateTime<Utc>) -> Pruned {
        let mut pruned = Pruned::default();
        for name in names {
            if pruned.runs + pruned.skips >= MAX_PRUNED_TOGETHER {
                pruned.more = true;
                break;
            }
            self.prune_job(name, now, MAX_PRUNED_RUNS, &mut pruned);
        }
        pruned
    }

    /// Whether there may be something to let go of: something on record, or a dynamic job that has had its time.
    fn has_surplus(&self) -> bool {
        let is_quiet = |job: &Job| job.skips.is_empty() && (job.due.is_some() || job.plan.handler.is_none());
        self.runs.iter().next().is_some() || !self.jobs.values().all(is_quiet)
    }

    fn prune_job(&mut self, name: &JobName, now: DateTime<Utc>, room: usize, pruned: &mut Pruned) {
        let Some(keep) = self.jobs.get(name).map(Job::retention) else { return };
        let (done, dead) = self.surplus(name, now, room);
        let gone: Vec<_> = [&done.ticks, &done.beside, &dead.beside].into_iter().flatten().copied().collect();
        if self.is_over(name, now, gone.len()) && self.forget(name) {
            pruned.jobs += 1;
            return;
        }
        pruned.more |= done.more || dead.more;
        pruned.runs += gone.len() as u64;
        let mut until = None;
        for EndedRun { run, nominal, .. } in gone {
            self.runs.remove(run);
            if let Some(job) = self.jobs.get_mut(name)
                && job.ticks.at(nominal) == Some(run)
            {
                job.ticks.set((nominal, run), false);
                until = until.max(Some(nominal));
            }
        }
        // Skipped ticks between those that are kept stay with them.
        let oldest = done.next_tick.map_or(keep.oldest(now), |tick| tick.min(keep.oldest(now)));
        if let Some(job) = self.jobs.get_mut(name) {
            pruned.skips += job.prune_skips(until, oldest);
        }
    }

    /// A temporary job that has done its work, and whose record nobody needs any more.
    fn is_over(&self, name: &JobName, now: DateTime<Utc>, gone: usize) -> bool {
        let Some(job) = self.jobs.get(name).filter(|job| job.plan.temporary) else { return false };
        let oldest = job.plan.retention.oldest(now);
        let idle = job.place.suspended.is_none()
            && job.due.is_none()
            && job.place.hold.is_none()
            && self.pause(job).is_none();
        idle && job.registered < oldest
            && self.runs.of(name).is_none_or(|of| of.len() == gone)
            && job.skips.iter().all(|skip| skip.last < oldest)
    }

    /// The finished runs of a job that are not kept any longer, `room` at most: of those that are no dead letters, and of those.
    fn surplus(&self, name: &JobName, now: DateTime<Utc>, room: usize) -> (Beyond, Beyond) {
        let none = (Beyond::default(), Beyond::default());
        let (Some(job), Some(ended)) = (self.jobs.get(name), self.runs.of(name)) else { return none };
        let keep = job.retention();
        // What keeps its tick after the mark stays.
        let mark = job.place.suspended.map_or(DateTime::<Utc>::MAX_UTC, |_| job.place.mark);
        let (plain, dead) = (ended.plain.count_up_to(mark), ended.dead.count_up_to(mark));
        let (earlier, ticks) = ended.plain.split(job.pruned.unwrap_or(DateTime::<Utc>::MIN_UTC));
        let is_tick = |id: &RunId| self.runs.get(id).is_some_and(|run| !run.is_beside);
        // To look at each run takes long where all of them are beside the ticks.
        let has_ticks = ended.beside.len() < ended.plain.len();
        let ticks = ticks.filter(|_| has_ticks).filter(is_tick).filter_map(|id| self.ended(id));
        let ticks = ticks.take_while(|run| run.as_ref().map_or(true, |run| run.nominal <= mark));
        let beside = in_order(ended.beside.iter().copied(), earlier.filter(is_tick).collect());
        let done = beyond(ticks, beside.filter_map(|id| self.ended(id)), keep.of_done(plain, now), room);
        let Ok(done) = done;
        let room = room.saturating_sub(done.ticks.len() + done.beside.len());
        let up_to_mark = ended.dead.iter().filter(|(nominal, _)| *nominal <= mark);
        let by_number: BTreeSet<_> = up_to_mark.map(|(_, id)| id).collect();
        let by_number = by_number.into_iter().filter_map(|id| self.ended(id));
        let Ok(dead) = beyond([], by_number, keep.of_dead(dead, now), room);
        (done, dead)
    }

    fn ended(&self, id: RunId) -> Option<Result<EndedRun, Infallible>> {
        let run = self.runs.get(&id)?;
        Some(Ok(EndedRun { run: id, nominal: run.nominal, ended: run.ended() }))
    }
}

/// Two lists by number as one.
fn in_order(one: impl Iterator<Item = RunId>, mut other: Vec<RunId>) -> impl Iterator<Item = RunId> {
    other.sort_unstable();
    let (mut one, mut other) = (one.peekable(), other.into_iter().peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

impl Job {
    /// While skips are suspended the clock may be wrong: nothing is too old.
    fn retention(&self) -> Retention {
        match self.place.suspended {
            Some(_) => self.plan.retention.of_any_age(),
            None => self.plan.retention,
        }
    }

    /// Moves the beginning of the record. What is dead or active keeps its row beyond it; it is the verdicts that begin there.
    fn prune_skips(&mut self, until: Option<DateTime<Utc>>, oldest: DateTime<Utc>) -> u64 {
        let number = self.skips.len();
        let too_old = self.skips.iter().filter(|skip| skip.last < oldest).map(|skip| skip.last).max();
        let until = until.max(too_old).max(self.pruned);
        if let Some(until) = until {
            // A range is kept or removed whole.
            self.skips.retain(|skip| skip.last > until);
            self.taken_back.retain(|block| block.skip.last > until);
            self.pruned = Some(until);
            self.skips.sort_by_key(|skip| skip.first);
            let keep_from = self.segments.iter().rposition(|segment| segment.since <= until).unwrap_or(0);
            self.segments.drain(..keep_from);
        }
        self.fold_skips();
        (number - self.skips.len()) as u64
    }

    /// Neighbours with the same reason become one range.
    fn fold_skips(&mut self) {
        let mut folded: Vec<SkipInfo> = Vec::with_capacity(self.skips.len());
        for skip in std::mem::take(&mut self.skips) {
            match folded.last_mut() {
                Some(last) if self.are_neighbours(last, &skip) => {
                    last.last = skip.last;
                    last.count += skip.count;
                }
                _ => folded.push(skip),
            }
        }
        self.skips = folded;
    }

    fn are_neighbours(&self, one: &SkipInfo, next: &SkipInfo) -> bool {
        let between = |at: DateTime<Utc>| one.last < at && at < next.first;
        (one.reason, one.holder, &one.note) == (next.reason, next.holder, &next.note)
            // After the mark there are ticks between blocks that have no verdict.
            && next.last <= self.place.mark
            && !self.ticks.iter().any(|(tick, _)| between(tick))
            && !self.segments.iter().any(|segment| one.first <= segment.since && segment.since < next.first)
            && !self.is_delayed()
    }

    fn is_delayed(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.schedule.as_ref().is_some_and(|schedule| schedule.is_delay()))
    }
}
