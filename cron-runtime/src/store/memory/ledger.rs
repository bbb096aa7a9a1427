//! Reads.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cron_core::audit::{Audit, Recorded, Segment, Suspended, audit};
use cron_core::job::JobName;
use cron_core::judge::Block;
use cron_core::run::{OwnerId, RunId};

use super::super::{
    AttemptInfo, Backfill, BackfillPlan, CommandError, GroupInfo, HandlerInfo, JobInfo, JobKind, JobQuery,
    Ledger, LogLine, Page, ProblemInfo, RunFilter, RunInfo, RunQuery, SkipInfo, StoreError, SuspendedInfo,
};
use super::MemoryStore;
use super::book::{Book, Job, Run};

impl Ledger for MemoryStore {
    fn jobs(&self, query: &JobQuery) -> Result<Vec<JobInfo>, StoreError> {
        let book = self.book();
        let after = |job: &&Job| query.after.as_deref().is_none_or(|after| job.plan.name.as_str() > after);
        let jobs = book.jobs.values().filter(|job| is_wanted(job, query)).filter(after);
        Ok(jobs.take(query.page.limit).map(|job| book.job_info(job)).collect())
    }

    fn handlers(&self, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError> {
        let book = self.book();
        let mut found: BTreeMap<JobName, HandlerInfo> = BTreeMap::new();
        for job in book.jobs.values().filter(|job| is_wanted(job, query)) {
            let Some(handler) = &job.plan.handler else { continue };
            let nothing = || HandlerInfo { handler: handler.clone(), jobs: 0, paused: 0, due: None };
            let info = found.entry(handler.clone()).or_insert_with(nothing);
            info.jobs += 1;
            match book.pause(job) {
                Some(_) => info.paused += 1,
                None => info.due = info.due.into_iter().chain(job.due).min(),
            }
        }
        Ok(found.into_values().collect())
    }

    fn groups(&self) -> Result<Vec<GroupInfo>, StoreError> {
        let book = self.book();
        let of_jobs = book.jobs.values().filter_map(|job| job.plan.group.clone());
        let names: BTreeSet<_> = book.groups.keys().cloned().chain(of_jobs).collect();
        let group = |name| {
            let known = book.groups.get(&name);
            let mine = || book.jobs.values().filter(|job| job.plan.group.as_ref() == Some(&name));
            GroupInfo {
                jobs: mine().count() as u64,
                active: mine().map(|job| book.active(&job.plan.name).len() as u64).sum(),
                max_running: known.and_then(|group| group.max_running),
                paused: known.and_then(|group| group.paused.clone()),
                name,
            }
        };
        Ok(names.into_iter().map(group).collect())
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        let book = self.book();
        Ok(book.jobs.get(name).map(|job| book.job_info(job)))
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        let book = self.book();
        // Of one job by nominal instant, of all jobs by the order in which they were recorded.
        let place = |nominal, id| (query.job.is_some().then_some(nominal), id);
        let before = match (query.before, &query.job) {
            (None, _) => None,
            (Some(before), None) => Some((None, before)),
            (Some(before), Some(_)) => match book.runs.get(&before) {
                Some(run) => Some(place(run.nominal, before)),
                None => return Ok(Vec::new()),
            },
        };
        let mut runs: Vec<_> = book
            .runs
            .iter()
            .filter(|(_, run)| query.job.as_deref().is_none_or(|job| run.job.as_str() == job))
            .filter(|(_, run)| match query.filter {
                RunFilter::All => true,
                RunFilter::Active => run.progress.state.is_active(),
                RunFilter::Dead => run.is_dead(),
            })
            .filter(|(id, run)| before.is_none_or(|before| place(run.nominal, *id) < before))
            .collect();
        runs.sort_by_key(|(id, run)| Reverse(place(run.nominal, *id)));
        runs.truncate(query.page.limit);
        Ok(runs.into_iter().map(|(id, run)| book.run_info(id, run)).collect())
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        let book = self.book();
        Ok(book.runs.get(&id).map(|run| (book.run_info(id, run), run.rare.attempts.clone())))
    }

    fn log(&self, run: RunId) -> Result<Vec<LogLine>, StoreError> {
        Ok(self.book().runs.get(&run).map(|run| run.rare.log.clone()).unwrap_or_default())
    }

    fn plan_backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<BackfillPlan, CommandError> {
        self.book().plan_backfill(backfill, now)
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        let book = self.book();
        let skips = book.jobs.get(job).map(|job| job.skips.iter().rev().take(page.limit).cloned().collect());
        Ok(skips.unwrap_or_default())
    }

    fn problems(&self, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError> {
        let book = self.book();
        Ok(book.problems.iter().filter(|problem| problem.last >= since).cloned().collect())
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        Ok(self.book().jobs.get(job).map(|job| {
            let ran = job.ticks.iter().map(|(tick, _)| Recorded {
                first: tick,
                last: tick,
                count: 1,
                skipped: None,
            });
            let skipped = job.skips.iter().map(|skip| Recorded {
                first: skip.first,
                last: skip.last,
                count: skip.count,
                skipped: Some(skip.reason),
            });
            let mut verdicts: Vec<_> = ran.chain(skipped).collect();
            verdicts.sort_by_key(|verdict| (verdict.first, verdict.last));
            let begin = job.pruned.unwrap_or(DateTime::<Utc>::MIN_UTC);
            verdicts.retain(|verdict| verdict.first > begin);
            let segments: Vec<_> = job
                .segments
                .iter()
                .map(|segment| Segment {
                    since: segment.since.max(begin),
                    schedule: segment.schedule.clone(),
                })
                .collect();
            let recorded = |Block { skip, .. }: &Block| Recorded {
                first: skip.first,
                last: skip.last,
                count: skip.count,
                skipped: Some(skip.reason),
            };
            let suspended = Suspended {
                until: job.place.suspended,
                blocks: job.suspended.iter().map(recorded).collect(),
                taken_back: job.taken_back.iter().map(|block| block.skip.count).sum(),
            };
            audit(&segments, job.place.mark, &suspended, verdicts)
        }))
    }

    fn suspended(&self, job: &str) -> Result<Vec<SuspendedInfo>, StoreError> {
        let book = self.book();
        let Some(job) = book.jobs.get(job) else { return Ok(Vec::new()) };
        let suspended = job.suspended.iter().map(|block| (block, false));
        let blocks = job.taken_back.iter().map(|block| (block, true)).chain(suspended);
        let mut blocks: Vec<_> =
            blocks.map(|(block, is_taken_back)| SuspendedInfo::of(block.clone(), is_taken_back)).collect();
        blocks.sort_by_key(|block| std::cmp::Reverse((block.skip.first, block.is_taken_back)));
        Ok(blocks)
    }
}

/// Whether a job is one of those that are asked for, whatever the page.
fn is_wanted(job: &Job, query: &JobQuery) -> bool {
    let JobQuery { group, tag, handler, kind, without, after: _, page: _ } = query;
    let plan = &job.plan;
    let kind_of_job = if plan.handler.is_some() { JobKind::Dynamic } else { JobKind::Declared };
    let of_group = plan.group.as_ref().map(|group| group.as_str());
    (group.is_none() || group.as_deref() == of_group)
        && tag.as_deref().is_none_or(|tag| plan.tags.iter().any(|known| known.as_str() == tag))
        && handler.as_deref().is_none_or(|handler| plan.handler().as_str() == handler)
        && kind.is_none_or(|kind| kind == kind_of_job)
        && plan.handler.as_ref().is_none_or(|handler| !without.contains(handler))
}

impl Book {
    fn job_info(&self, job: &Job) -> JobInfo {
        let name = &job.plan.name;
        let ended =
            self.runs.of(name).into_iter().flat_map(|ended| [ended.dead.newest(), ended.plain.newest()]);
        let active = self.active_of(name).map(|(id, run)| (run.nominal, id));
        let newest = ended.flatten().chain(active).max();
        JobInfo {
            id: job.id,
            plan: (*job.plan).clone(),
            registered: job.registered,
            since: job.since(),
            mark: job.place.mark,
            due: job.due,
            queued: job.place.queued,
            hold: job.place.hold,
            suspended: job.place.suspended,
            beside: job.place.beside,
            paused: self.pause(job).cloned(),
            active: self.active(name).len() as u64,
            parked: (self.parked(name, false).len() + self.parked(name, true).len()) as u64,
            linked: self.is_linked_anywhere(job),
            suspect: self.suspects.get(job.id),
            removal: self.removals.get(name).copied(),
            last_run: newest.and_then(|(_, id)| Some(self.run_info(id, self.runs.get(&id)?))),
        }
    }

    /// Whether the newest process executes a job, or one that lives.
    fn is_linked_anywhere(&self, job: &Job) -> bool {
        let handler = job.plan.handler();
        let Some(declared) = self.jobs.get(handler).filter(|job| job.plan.handler.is_none()) else {
            return false;
        };
        let newest = OwnerId(self.owners);
        let counts = |owner: &OwnerId| *owner == newest || !self.gone.contains(owner);
        let is_executed =
            |owner| self.executed_by.get(owner).is_none_or(|executes| executes.contains(handler));
        let mut processes = self.programs_of.iter();
        processes.any(|(owner, program)| *program == declared.program && counts(owner) && is_executed(owner))
    }

    /// Whether the newest program contains the function of a job.
    pub(super) fn is_in_newest(&self, job: &Job) -> bool {
        let declared = self.jobs.get(job.plan.handler()).filter(|job| job.plan.handler.is_none());
        declared.is_some_and(|job| self.program == Some(job.program))
    }

    fn run_info(&self, id: RunId, run: &Run) -> RunInfo {
        let args = self.jobs.get(&run.job).and_then(|job| run.rare.args.of(&job.plan));
        RunInfo {
            id,
            job: run.job.clone(),
            nominal: run.nominal,
            origin: run.origin,
            state: run.progress.state,
            attempts_used: run.progress.attempts_used,
            crashes: run.progress.crashes,
            epoch: run.epoch,
            started: run.started,
            duration: run.duration,
            error: run.rare.error().to_owned(),
            args: args.as_deref().map(str::to_owned),
            progress: run.rare.how_far.clone(),
            asked: run.rare.asked.as_ref().map(|(_, why)| why.clone()),
            dismissed: run.rare.dismissed,
            completed: run.rare.completed,
            program: self.program(run.build),
        }
    }
}
