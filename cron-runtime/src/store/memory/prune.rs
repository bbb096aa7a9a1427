//! Letting go of what the retention of jobs does not keep.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::run::RunId;

use super::super::{MAX_PRUNED_JOBS, MAX_PRUNED_RUNS, MAX_PRUNED_TOGETHER, Pruned, SkipInfo};
use super::book::{Book, Desk, Job};
use super::runs::Line;

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
        if self.is_over(name, now) && self.forget(name) {
            pruned.jobs += 1;
            return;
        }
        let surplus = self.surplus(name, now);
        pruned.more |= surplus.len() > room;
        let removed = &surplus[..surplus.len().min(room)];
        let mut until = None;
        for id in removed {
            pruned.runs += 1;
            if let Some(run) = self.runs.remove(*id)
                && let Some(job) = self.jobs.get_mut(name)
                && job.ticks.at(run.nominal) == Some(*id)
            {
                job.ticks.set((run.nominal, *id), false);
                until = until.max(Some(run.nominal));
            }
        }
        if let Some(job) = self.jobs.get_mut(name) {
            pruned.skips += job.prune_skips(until, now);
        }
    }

    /// A temporary job that has done its work, and whose record nobody needs any more.
    fn is_over(&self, name: &JobName, now: DateTime<Utc>) -> bool {
        let Some(job) = self.jobs.get(name).filter(|job| job.plan.temporary) else { return false };
        let keep = |run: &super::book::Run| {
            run.progress.state.is_active()
                || run.is_dead()
                || run.nominal >= before(now, job.plan.retention.age)
        };
        let idle = job.due.is_none() && job.place.hold.is_none() && self.pause(job).is_none();
        idle && job.registered < before(now, job.plan.retention.age)
            && !self.runs_of(name).any(|(_, run)| keep(run))
    }

    /// The finished runs of a job beyond its retention, oldest first.
    fn surplus(&self, name: &JobName, now: DateTime<Utc>) -> Vec<RunId> {
        let Some(job) = self.jobs.get(name) else { return Vec::new() };
        let keep = job.plan.retention;
        let Some(ended) = self.runs.of(name) else { return Vec::new() };
        let mut surplus = beyond(&ended.plain, keep.runs, before(now, keep.age));
        surplus.extend(beyond(&ended.dead, keep.dead, before(now, keep.dead_age)));
        surplus.sort_unstable();
        surplus.into_iter().map(|(_, id)| id).collect()
    }
}

impl Job {
    /// Moves the beginning of the record. A dead letter keeps its row beyond it; it is the verdicts that begin there.
    fn prune_skips(&mut self, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> u64 {
        let number = self.skips.len();
        let oldest = before(now, self.plan.retention.age);
        let too_old = self.skips.iter().filter(|skip| skip.last < oldest).map(|skip| skip.last).max();
        let until = until.max(too_old).max(self.pruned);
        if let Some(until) = until {
            // A range is kept or removed whole.
            self.skips.retain(|skip| skip.last > until);
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

/// Of runs, oldest first, those that are too many or too old.
fn beyond(runs: &Line, most: u32, oldest: DateTime<Utc>) -> Vec<(DateTime<Utc>, RunId)> {
    let many = runs.len().saturating_sub(most as usize);
    let numbered = runs.iter().enumerate();
    numbered
        .take_while(|(index, (nominal, _))| *index < many || *nominal < oldest)
        .map(|(_, run)| run)
        .collect()
}

/// The instant before which a record is older than `age`.
fn before(now: DateTime<Utc>, age: std::time::Duration) -> DateTime<Utc> {
    let age = TimeDelta::from_std(age).ok();
    age.and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
