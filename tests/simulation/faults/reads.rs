//! Reads go through, whatever the weather: what fails is writing.

use chrono::{DateTime, Utc};
use cron_runtime::core::audit::Audit;
use cron_runtime::core::run::RunId;
use cron_runtime::store::{
    AttemptInfo, Backfill, BackfillPlan, CommandError, GroupInfo, HandlerInfo, JobInfo, JobQuery, Ledger,
    LogLine, Page, ProblemInfo, RunInfo, RunQuery, SkipInfo, StoreError, SuspendedInfo,
};

use super::Desk;

impl Ledger for Desk {
    fn problems(&self, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError> {
        self.inner.problems(since)
    }

    fn jobs(&self, query: &JobQuery) -> Result<Vec<JobInfo>, StoreError> {
        self.inner.jobs(query)
    }

    fn handlers(&self, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError> {
        self.inner.handlers(query)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>, StoreError> {
        self.inner.groups()
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        self.inner.job(name)
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        self.inner.runs(query)
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        self.inner.run(id)
    }

    fn log(&self, run: RunId) -> Result<Vec<LogLine>, StoreError> {
        self.inner.log(run)
    }

    fn plan_backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<BackfillPlan, CommandError> {
        self.inner.plan_backfill(backfill, now)
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        self.inner.skips(job, page)
    }

    fn suspended(&self, job: &str) -> Result<Vec<SuspendedInfo>, StoreError> {
        self.inner.suspended(job)
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        self.inner.audit(job)
    }
}
