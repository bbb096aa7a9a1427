//! What the memory store keeps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Skip, first_mark, skip_until};
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
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        if self.paused.is_some() {
            return None;
        }
        self.schedule()?.next_after(self.mark)
    }

    /// Gives all ticks up to `now` one verdict and moves the mark there. Returns how many ticks that were.
    pub(super) fn close_until(&mut self, now: DateTime<Utc>, reason: SkipReason, note: &str) -> u64 {
        let skip = self.schedule().and_then(|schedule| skip_until(schedule, self.mark, now, reason));
        if let Some(skip) = skip {
            self.record(skip, note);
        }
        self.mark = self.mark.max(now);
        skip.map_or(0, |skip| skip.count)
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
                let (reason, note) = match &job.paused {
                    Some(pause) => (SkipReason::Paused, pause.reason()),
                    None => (SkipReason::Missed, String::new()),
                };
                job.close_until(now, reason, &note);
                let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(job.mark));
                job.segments.push(Segment { since: job.mark, schedule });
                job.due = job.next_due();
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
    job.due = job.next_due();
    job
}
