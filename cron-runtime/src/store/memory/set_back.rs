//! Marks that were written under a wrong clock.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::JobName;
use cron_core::judge::{Place, Waits, is_astray, wake_set_back};
use cron_core::run::{RunId, SkipReason, StateWord};

use super::super::StoreError;
use super::book::{Book, Job};

impl Book {
    pub(super) fn set_back(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, DateTime<Utc>)>, StoreError> {
        let astray = self.jobs.values().filter(|job| is_astray(job.place.mark, now));
        let astray: Vec<_> = astray.map(|job| (job.plan.name.clone(), job.place.mark)).collect();
        for (name, _) in &astray {
            for run in self.known_mut(name)?.set_back(now) {
                if let Some(run) = self.runs.get_mut(&run) {
                    run.is_beside = true;
                }
                self.runs.file(run);
            }
            self.rearm(name)?;
        }
        self.wait_in_time(astray.iter().map(|(_, mark)| *mark).max(), now);
        self.void_holds(now)?;
        Ok(astray)
    }

    /// Waits that were told under the wrong clock end as soon as under the right one. Leases stay: their owner may live, with another clock.
    fn wait_in_time(&mut self, wrong: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let active: Vec<_> = self.runs.active().map(|(id, _)| id).collect();
        for id in active {
            let Some(run) = self.runs.get_mut(&id) else { continue };
            let waits = run.progress.state.wake().map(|wake| Waits {
                wake,
                is_scheduled: run.progress.state.word() == StateWord::Scheduled,
                since: run.started.unwrap_or(run.nominal),
                is_measured: run.duration.is_some(),
            });
            let wake = waits.and_then(|waits| wake_set_back(waits, wrong, now));
            if let Some(wake) = wake {
                run.progress.state = run.progress.state.waits_until(wake);
            }
        }
    }

    /// What runs of a time that has not come said about the next one.
    fn void_holds(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let is_void = |job: &Job| {
            let Some(hold) = job.place.hold else { return false };
            let by = self.runs.get(&hold.by).and_then(|run| run.started);
            // Not one that was counted from its end, under the right clock.
            let is_of_that_time = |until| by.is_some_and(|started| started > now && until >= started);
            hold.until.is_some_and(|until| is_astray(until, now) && is_of_that_time(until))
        };
        let void: Vec<_> =
            self.jobs.values().filter(|job| is_void(job)).map(|job| job.plan.name.clone()).collect();
        for name in &void {
            self.known_mut(name)?.place.hold = None;
            self.rearm(name)?;
        }
        Ok(())
    }
}

impl Job {
    /// Gives the runs that stand beside the ticks from now on.
    fn set_back(&mut self, now: DateTime<Utc>) -> Vec<RunId> {
        // Later ticks have no verdict any more; their runs stay in the record beside the ticks.
        let beside = self.ticks.cut_after(now);
        self.skips.retain(|skip| skip.first <= now);
        for skip in self.skips.iter_mut().filter(|skip| skip.last > now) {
            let segment = self.segments.iter().rev().find(|segment| segment.since < skip.first);
            let schedule = segment.and_then(|segment| segment.schedule.as_ref());
            let last = schedule.and_then(|schedule| {
                schedule.prev_before(now + TimeDelta::milliseconds(1)).filter(|last| *last >= skip.first)
            });
            let last = last.unwrap_or(skip.first);
            let count = schedule
                .map_or(1, |schedule| schedule.count_between(skip.first - TimeDelta::milliseconds(1), last));
            (skip.last, skip.count, skip.reason) = (last, count.max(1), SkipReason::Clock);
        }
        if let Some(newest) = self.segments.pop() {
            self.segments.retain(|segment| segment.since < now);
            let since = newest.since.min(now);
            // What counts from its beginning counts from the right time, too.
            let anew = self.plan.schedule.as_ref().map(|schedule| schedule.anchored(since));
            let schedule = if since < newest.since { anew } else { newest.schedule };
            self.segments.push(cron_core::audit::Segment { since, schedule });
        }
        self.pruned = self.pruned.map(|pruned| pruned.min(now));
        let hold = self.place.hold.filter(|hold| hold.until.is_none_or(|until| !is_astray(until, now)));
        self.place = Place { mark: now, queued: None, hold };
        beside
    }
}
