//! Reads, on a connection of their own: in WAL mode they neither wait for the writer nor hold it up.

mod audit;
mod jobs;
mod problems;
mod runs;

use chrono::{DateTime, Utc};
use cron_core::audit::Audit;
use cron_core::run::{JobId, RunId};
use rusqlite::{Connection, params};

use super::super::{
    AttemptInfo, Backfill, BackfillPlan, CommandError, GroupInfo, HandlerInfo, JobInfo, JobQuery, Ledger,
    LogLine, Page, ProblemInfo, RunInfo, RunQuery, SkipInfo, StoreError, SuspendedInfo,
};
use super::rows::{Columns, failed, to_int};
use super::{SqliteLedger, SqliteStore, commands};

pub(super) use audit::segments;

impl Ledger for SqliteStore {
    fn jobs(&self, query: &JobQuery) -> Result<Vec<JobInfo>, StoreError> {
        self.ledger.jobs(query)
    }

    fn handlers(&self, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError> {
        self.ledger.handlers(query)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>, StoreError> {
        self.ledger.groups()
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        self.ledger.job(name)
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        self.ledger.runs(query)
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        self.ledger.run(id)
    }

    fn log(&self, run: RunId) -> Result<Vec<LogLine>, StoreError> {
        self.ledger.log(run)
    }

    fn plan_backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<BackfillPlan, CommandError> {
        self.ledger.plan_backfill(backfill, now)
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        self.ledger.skips(job, page)
    }

    fn suspended(&self, job: &str) -> Result<Vec<SuspendedInfo>, StoreError> {
        self.ledger.suspended(job)
    }

    fn problems(&self, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError> {
        self.ledger.problems(since)
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        self.ledger.audit(job)
    }
}

impl Ledger for SqliteLedger {
    fn jobs(&self, query: &JobQuery) -> Result<Vec<JobInfo>, StoreError> {
        self.read(|connection| jobs::page(connection, &self.path, query))
    }

    fn handlers(&self, query: &JobQuery) -> Result<Vec<HandlerInfo>, StoreError> {
        self.read(|connection| jobs::handlers(connection, query))
    }

    fn groups(&self) -> Result<Vec<GroupInfo>, StoreError> {
        self.read(jobs::groups)
    }

    fn job(&self, name: &str) -> Result<Option<JobInfo>, StoreError> {
        self.read(|connection| jobs::one(connection, &self.path, name))
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<RunInfo>, StoreError> {
        self.read(|connection| runs::page(connection, query))
    }

    fn run(&self, id: RunId) -> Result<Option<(RunInfo, Vec<AttemptInfo>)>, StoreError> {
        self.read(|connection| runs::one(connection, id))
    }

    fn log(&self, run: RunId) -> Result<Vec<LogLine>, StoreError> {
        self.read(|connection| runs::log(connection, run))
    }

    fn plan_backfill(&self, backfill: &Backfill, now: DateTime<Utc>) -> Result<BackfillPlan, CommandError> {
        self.read(|connection| commands::plan_backfill(connection, backfill, now))
    }

    fn skips(&self, job: &str, page: Page) -> Result<Vec<SkipInfo>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "{SKIP} WHERE job_id = (SELECT id FROM jobs WHERE name = ?1) ORDER BY first_ms DESC LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
            let limit = to_int(page.limit as u64);
            let mut rows = statement.query(params![job, limit]).map_err(failed)?;
            let mut skips = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                skips.push(skip_info(&mut Columns::of(row))?);
            }
            Ok(skips)
        })
    }

    fn suspended(&self, job: &str) -> Result<Vec<SuspendedInfo>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT first_ms, last_ms, count, reason, holder, note, taken_back FROM suspended \
                       WHERE job_id = (SELECT id FROM jobs WHERE name = ?1) ORDER BY first_ms DESC, taken_back DESC";
            let mut statement = connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query([job]).map_err(failed)?;
            let mut blocks = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                let mut row = Columns::of(row);
                let (skip, is_taken_back) = (skip_info(&mut row)?, row.get("taken_back")?);
                blocks.push(SuspendedInfo { skip, is_taken_back });
            }
            Ok(blocks)
        })
    }

    fn problems(&self, since: DateTime<Utc>) -> Result<Vec<ProblemInfo>, StoreError> {
        self.read(|connection| problems::read(connection, since))
    }

    fn audit(&self, job: &str) -> Result<Option<Audit>, StoreError> {
        self.read(|connection| audit::of_job(connection, job))
    }
}

/// The columns of [`skip_info`].
pub(super) const SKIP: &str = "SELECT first_ms, last_ms, count, reason, holder, note FROM skips";

pub(super) fn skip_info(row: &mut Columns<'_>) -> Result<SkipInfo, StoreError> {
    Ok(SkipInfo {
        first: row.instant("first_ms")?,
        last: row.instant("last_ms")?,
        count: row.u64("count")?,
        reason: row.word("reason")?,
        holder: row.u64_or_null("holder")?.map(RunId),
        note: row.get::<Option<String>>("note")?.unwrap_or_default(),
    })
}

/// The number of a job by its name.
fn job_id(connection: &Connection, name: &str) -> Result<Option<JobId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM jobs WHERE name = ?1").map_err(failed)?;
    let mut rows = statement.query([name]).map_err(failed)?;
    rows.next().map_err(failed)?.map(|row| Ok(JobId(Columns::of(row).u64("id")?))).transpose()
}
