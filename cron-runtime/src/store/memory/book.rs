//! What the memory store keeps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Skip, close, first_mark, next_tick};
use cron_core::run::{Epoch, JobId, Origin, OwnerId, Progress, RunId, SkipReason};
use cron_core::schedule::Schedule;

use super::super::{AttemptInfo, PauseInfo, SkipInfo, Synced};

/// The common books of all processes.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(super) jobs: BTreeMap<JobName, Job>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) owners: u64,
    /// Incarnations that took leave: their attempts are lost at once.
    pub(super) gone: BTreeSet<OwnerId>,
}

/// What one process keeps for itself.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(super) owner: Option<OwnerId>,
    pub(super) linked: BTreeSet<JobName>,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) plan: Plan,
    pub(super) registered: DateTime<Utc>,
    pub(super) segments: Vec<Segment>,
    pub(super) mark: DateTime<Utc>,
    pub(super) due: Option<DateTime<Utc>>,
    pub(super) epoch: Epoch,
    pub(super) paused: Option<PauseInfo>,
    pub(super) synced_by: Option<OwnerId>,
    pub(super) skips: Vec<SkipInfo>,
    /// The runs that execute ticks; the key is unique.
    pub(super) ticks: BTreeMap<DateTime<Utc>, RunId>,
}

#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) job: JobName,
    pub(super) nominal: DateTime<Utc>,
    pub(super) origin: Origin,
    pub(super) progress: Progress,
    pub(super) epoch: Epoch,
    pub(super) owner: Option<OwnerId>,
    pub(super) lease: Option<DateTime<Utc>>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) duration: Option<std::time::Duration>,
    pub(super) error: String,
    pub(super) attempts: Vec<AttemptInfo>,
}

impl Job {
    /// The schedule in force, anchored.
    pub(super) fn schedule(&self) -> Option<&Schedule> {
        self.segments.last().and_then(|segment| segment.schedule.as_ref())
    }

    /// When the judge should look at this job again by its schedule alone.
    pub(super) fn next_due(&self, is_active: bool) -> Option<DateTime<Utc>> {
        if self.paused.is_some() {
            return None;
        }
        next_tick(self.schedule()?, self.mark, is_active)
    }

    /// Gives all ticks up to `now` their verdict and moves the mark there. Returns how many of them were of a pause.
    pub(super) fn close_until(&mut self, now: DateTime<Utc>, is_active: bool) -> u64 {
        let paused = self.paused.as_ref().map(|pause| pause.at);
        let skips = self
            .schedule()
            .map(|schedule| close(schedule, self.mark, paused, is_active, now).collect::<Vec<_>>());
        let note = self.paused.as_ref().map(PauseInfo::reason).unwrap_or_default();
        let mut of_the_pause = 0;
        for skip in skips.into_iter().flatten() {
            let is_paused = skip.reason == SkipReason::Paused;
            of_the_pause += if is_paused { skip.count } else { 0 };
            self.record(skip, if is_paused { &note } else { "" });
        }
        self.mark = self.mark.max(now);
        of_the_pause
    }

    pub(super) fn record(&mut self, skip: Skip, note: &str) {
        let Skip { first, last, count, reason, holder } = skip;
        self.skips.push(SkipInfo { first, last, count, reason, holder, note: note.to_owned() });
    }
}

impl Book {
    pub(super) fn new_owner(&mut self) -> OwnerId {
        self.owners += 1;
        OwnerId(self.owners)
    }

    pub(super) fn gone(&mut self, owner: Option<OwnerId>) {
        self.gone.extend(owner);
    }

    /// The oldest active run of a job.
    pub(super) fn holder(&self, job: &JobName) -> Option<RunId> {
        self.runs.iter().find(|(_, run)| run.job == *job && run.progress.state.is_active()).map(|(id, _)| *id)
    }

    pub(super) fn new_run(&mut self, job: &JobName, nominal: DateTime<Utc>, origin: Origin) -> RunId {
        let id = RunId(self.runs.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        let run = Run {
            job: job.clone(),
            nominal,
            origin,
            progress: Progress::scheduled(nominal),
            epoch: Epoch(0),
            owner: None,
            lease: None,
            started: None,
            duration: None,
            error: String::new(),
            attempts: Vec::new(),
        };
        self.runs.insert(id, run);
        id
    }

    pub(super) fn sync(&mut self, desk: &mut Desk, plans: &[Plan], now: DateTime<Utc>) -> Synced {
        let mut synced = Synced::default();
        for plan in plans {
            let is_active = self.holder(&plan.name).is_some();
            let next_id = JobId(self.jobs.len() as u64 + 1);
            let Some(job) = self.jobs.get_mut(&plan.name) else {
                synced.new.push(plan.name.clone());
                let job = register(next_id, plan, now, desk.owner);
                self.jobs.insert(plan.name.clone(), job);
                continue;
            };
            job.synced_by = desk.owner;
            let before = std::mem::replace(&mut job.plan, plan.clone());
            let fingerprint = |plan: &Plan| plan.schedule.as_ref().map(Schedule::fingerprint);
            if fingerprint(&before) != fingerprint(plan) {
                synced.edited.push(plan.name.clone());
                job.close_until(now, is_active);
                let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(job.mark));
                job.segments.push(Segment { since: job.mark, schedule });
                job.due = job.next_due(is_active);
            }
        }
        desk.linked = plans.iter().map(|plan| plan.name.clone()).collect();
        synced.not_linked = self.jobs.keys().filter(|name| !desk.linked.contains(*name)).cloned().collect();
        synced
    }
}

fn register(id: JobId, plan: &Plan, now: DateTime<Utc>, owner: Option<OwnerId>) -> Job {
    let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(now));
    let mark = first_mark(schedule.as_ref(), now);
    let mut job = Job {
        id,
        plan: plan.clone(),
        registered: now,
        segments: vec![Segment { since: mark, schedule }],
        mark,
        due: None,
        epoch: Epoch(0),
        paused: None,
        synced_by: owner,
        skips: Vec::new(),
        ticks: BTreeMap::new(),
    };
    job.due = job.next_due(false);
    job
}
