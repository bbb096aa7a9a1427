//! Reads.

use cron_core::audit::{Audit, Recorded, audit};
use cron_core::run::RunId;

use super::super::{AttemptInfo, JobInfo, Ledger, Page, RunInfo, RunQuery, SkipInfo, StoreError};
use super::MemoryStore;
use super::book::{Book, Job, Run};

impl Ledger for MemoryStore {
    fn jobs(&self) -> Result<Vec<JobInfo>, StoreError> {
        let book = self.book();
        Ok(book.jobs.values().map(|job| book.job_info(job)).collect())
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
            .filter(|(_, run)| !query.active_only || run.progress.state.is_active())
            .filter(|(id, run)| before.is_none_or(|before| place(run.nominal, **id) < before))
            .map(|(id, run)| run_info(*id, run))
            .collect();
        runs.sort_by_key(|run| place(run.nominal, run.id));
        runs.reverse();
        runs.truncate(query.page.limit);
        Ok(runs)
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        Ok(self.book().runs.get(&id).map(|run| (run_info(id, run), run.attempts.clone())))
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        let book = self.book();
        let skips = book.jobs.get(job).map(|job| job.skips.iter().rev().take(page.limit).cloned().collect());
        Ok(skips.unwrap_or_default())
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        Ok(self.book().jobs.get(job).map(|job| {
            let ran =
                job.ticks.keys().map(|tick| Recorded { first: *tick, last: *tick, count: 1, skipped: None });
            let skipped = job.skips.iter().map(|skip| Recorded {
                first: skip.first,
                last: skip.last,
                count: skip.count,
                skipped: Some(skip.reason),
            });
            let mut verdicts: Vec<_> = ran.chain(skipped).collect();
            verdicts.sort_by_key(|verdict| (verdict.first, verdict.last));
            audit(&job.segments, job.mark, verdicts)
        }))
    }
}

impl Book {
    fn job_info(&self, job: &Job) -> JobInfo {
        let mine = || self.runs.iter().filter(|(_, run)| run.job == job.plan.name);
        JobInfo {
            id: job.id,
            plan: job.plan.clone(),
            registered: job.registered,
            mark: job.mark,
            due: job.due,
            paused: job.paused.clone(),
            active: mine().filter(|(_, run)| run.progress.state.is_active()).count() as u64,
            linked: job.synced_by.is_some_and(|owner| owner.0 == self.owners),
            last_run: mine().max_by_key(|(id, run)| (run.nominal, **id)).map(|(id, run)| run_info(*id, run)),
        }
    }
}

fn run_info(id: RunId, run: &Run) -> RunInfo {
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
        error: run.error.clone(),
    }
}
