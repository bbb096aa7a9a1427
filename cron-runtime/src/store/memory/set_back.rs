//! Marks when the clock was set by hours.

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::JobName;
use cron_core::judge::{
    Place, Rewind, Rewound, Waits, ahead, begin_beside, begins_anew, gap_before, has_jumped, is_ahead,
    is_astray, rewind, rewound_place, take_up, wake_set_back,
};
use cron_core::run::{Origin, RunId, StateWord};

use super::super::{MarksAhead, Rewinds, SkipInfo, StoreError};
use super::book::{Book, Job};

impl Book {
    pub(super) fn set_back(&mut self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        let those = |is_one: &dyn Fn(&Place) -> bool| -> Vec<_> {
            let jobs = self.jobs.values().filter(|job| is_one(&job.place));
            jobs.map(|job| (job.plan.name.clone(), job.place.mark)).collect()
        };
        let back = those(&|place| is_astray(place.mark, now));
        let taken_up = those(&|place| has_jumped(*place, now) && !is_astray(place.mark, now));
        for (name, _) in &back {
            self.set_one_back(name, now)?;
            self.rearm(name)?;
        }
        for (name, _) in &taken_up {
            self.known_mut(name)?.take_up();
            self.rearm(name)?;
        }
        self.wait_in_time(back.iter().map(|(_, mark)| *mark).max(), now);
        self.void_holds(now)?;
        let ahead = self.go_on_beside(now)?;
        Ok(Rewinds { back, taken_up, ahead })
    }

    /// Marks that lie ahead of the clock by less: what runs at intervals goes on.
    fn go_on_beside(&mut self, now: DateTime<Utc>) -> Result<Option<MarksAhead>, StoreError> {
        let those = self.jobs.values().filter(|job| is_ahead(job.place.mark, now));
        let names: Vec<_> = those.map(|job| job.plan.name.clone()).collect();
        let mut all = None;
        for name in names {
            let job = self.known(&name)?;
            if let Some(what) = ahead(job.schedule(), job.place, self.pause(job).is_some(), now) {
                MarksAhead::add(&mut all, &name, job.place.mark, what);
            }
            let beside = begin_beside(job.schedule(), job.place, now);
            self.known_mut(&name)?.place.beside = beside;
            if beside.is_some() {
                self.rearm(&name)?;
            }
        }
        Ok(all)
    }

    fn set_one_back(&mut self, name: &JobName, now: DateTime<Utc>) -> Result<(), StoreError> {
        let ran = self.ran_after(name, now);
        let job = self.known_mut(name)?;
        // What is suspended was decided, too.
        let blocks = job.skips.iter().map(|skip| skip.last);
        let blocks = blocks.chain(job.suspended.iter().map(|block| block.skip.last));
        let newest_verdict = ran.iter().map(|(tick, _)| *tick).chain(blocks).max();
        let before = job.segments.clone();
        let edited = job.begin_at(now, newest_verdict);
        let place = rewound_place(job.place, now);
        self.replace(name, now, edited, &before, &ran)?;
        let job = self.known_mut(name)?;
        job.pruned = job.pruned.map(|pruned| pruned.min(now));
        job.gap = job.gap.and_then(|gap| gap_before(gap, now));
        job.earliest = Some(job.earliest.map_or(now, |earliest| earliest.min(now)));
        job.take_place(place);
        Ok(())
    }

    /// The schedule was edited while skips are suspended: those were decided under another one.
    pub(super) fn refit(&mut self, name: &JobName) -> Result<(), StoreError> {
        let Place { mark, suspended, .. } = self.known(name)?.place;
        let ran = self.ran_after(name, mark);
        let segments = self.known(name)?.segments.clone();
        self.replace(name, mark, suspended, &segments, &ran)
    }

    /// The ticks after an instant that have a run, with it, in the order of time: also such as were no ticks for a while.
    pub(super) fn ran_after(&self, name: &JobName, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, RunId)> {
        let runs = self.runs_of(name).filter(|(_, run)| run.origin == Origin::Tick && run.nominal > now);
        let mut ran: Vec<_> = runs.map(|(id, run)| (run.nominal, id)).collect();
        ran.sort_unstable();
        ran.dedup_by_key(|(tick, _)| *tick);
        ran
    }

    fn replace(
        &mut self,
        name: &JobName,
        now: DateTime<Utc>,
        edited: Option<DateTime<Utc>>,
        segments: &[Segment],
        ran: &[(DateTime<Utc>, RunId)],
    ) -> Result<(), StoreError> {
        let job = self.known_mut(name)?;
        let (beyond, stays) = std::mem::take(&mut job.skips).into_iter().partition(|skip| skip.last > now);
        job.skips = stays;
        let beyond: Vec<SkipInfo> = beyond;
        let suspended = std::mem::take(&mut job.suspended);
        let ticks: Vec<_> = ran.iter().map(|(tick, _)| *tick).collect();
        let rewound = rewind(Rewind {
            segments,
            schedule: job.schedule(),
            begins: job.earliest.map_or(job.registered, |earliest| earliest.min(job.registered)),
            pruned: job.pruned,
            gap: job.gap,
            edited,
            mark: job.place.mark,
            now,
            ran: &ticks,
            skips: beyond.into_iter().map(SkipInfo::into_block).collect(),
            suspended,
        });
        job.ticks.cut_after(now);
        for (tick, run) in ran {
            let is_tick = rewound.ran.binary_search(tick).is_ok();
            self.known_mut(name)?.ticks.set((*tick, *run), is_tick);
            if let Some(run) = self.runs.get_mut(run) {
                run.is_beside = !is_tick;
            }
            self.runs.file(*run);
        }
        self.known_mut(name)?.write(rewound);
        Ok(())
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
    /// The newest schedule is in force from `now` on. Gives up to where verdicts were taken under others.
    fn begin_at(
        &mut self,
        now: DateTime<Utc>,
        newest_verdict: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let newest = self.segments.pop()?;
        self.segments.retain(|segment| segment.since < now);
        let since = newest.since.min(now);
        // What counts from its beginning counts from the right time, too.
        let anew = begins_anew(newest.since, newest_verdict, now);
        let anchored = self.plan.schedule.as_ref().filter(|_| anew).map(|schedule| schedule.anchored(since));
        self.segments.push(Segment { since, schedule: anchored.or(newest.schedule) });
        (newest.since > now).then_some(newest.since)
    }

    fn take_up(&mut self) {
        let Some(until) = self.place.suspended else { return };
        let (kept, suspended) = (self.kept(None), std::mem::take(&mut self.suspended));
        let counts = take_up(self.schedule(), self.place.mark, until, &kept, suspended);
        self.write(counts);
        self.take_place(Place { hold: self.place.hold, ..Place::at(self.place.mark.max(until)) });
    }

    fn write(&mut self, rewound: Rewound) {
        rewound.skips.iter().for_each(|block| self.record(block.skip, &block.note));
        self.suspended.extend(rewound.suspended);
        self.taken_back.extend(rewound.taken_back);
    }
}
