//! `inspect runs [JOB]`

use std::collections::BTreeMap;

use chrono_tz::Tz;
use cron_core::run::RunId;
use cron_runtime::store::{JobInfo, Ledger, Page, RunFilter, RunInfo, RunQuery};
use serde::Serialize;

use crate::cli::Runs;
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::runs::Shown;
use crate::view::table::footer;
use crate::view::{json, runs as tables};

#[derive(Serialize)]
struct Json<'a> {
    runs: Vec<json::Run<'a>>,
    /// For `--before`, if there are more.
    next_before: Option<u64>,
}

pub(crate) fn runs(args: &Runs, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    if let Some(job) = &args.job {
        find_job(&ledger, job)?;
    }
    let before = args.before.map(RunId);
    check_before(&ledger, args.job.as_deref(), before)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    // One more than is shown tells whether there are more.
    let page = Page { limit: limit.saturating_add(1) };
    let filter = if args.active { RunFilter::Active } else { RunFilter::All };
    let query = RunQuery { job: args.job.clone(), before, filter, page };
    let mut found = ledger.runs(&query)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_before = found.last().filter(|_| has_more).map(|run| run.id.0);
    let jobs = Jobs::of(&ledger, &found)?;
    let json = Json { runs: found.iter().map(json::Run::from).collect(), next_before };
    context.show(&json, |screen| text(&found, &jobs, args, next_before, screen))
}

fn text(found: &[RunInfo], jobs: &Jobs, args: &Runs, next: Option<u64>, screen: &Screen) -> String {
    if found.is_empty() {
        let active = if args.active { "active " } else { "" };
        let older = if args.before.is_some() { "older " } else { "" };
        let of = args.job.as_ref().map(|job| format!(" of {job}")).unwrap_or_default();
        return footer(format!("no {older}{active}runs{of}"), screen.width);
    }
    let shown = found.iter().map(|run| {
        let job = jobs.get(run.job.as_str());
        let attempts = job.map_or(1, |job| job.plan.retry.retries.saturating_add(1));
        Shown { run, zone: job.map_or(Tz::UTC, zone_of), attempts }
    });
    let mut out = tables::runs(shown, args.job.is_some(), screen).render(screen.width);
    if let Some(run) = next {
        let job = args.job.as_ref().map(|job| format!(" {job}")).unwrap_or_default();
        let active = if args.active { " --active" } else { "" };
        out.push('\n');
        out += &footer(format!("older ones: inspect runs{job}{active} --before {run}"), screen.width);
    }
    out
}

/// Refuses to begin a page at a run that is not there, or is one of another job.
pub(super) fn check_before(
    ledger: &impl Ledger,
    job: Option<&str>,
    before: Option<RunId>,
) -> Result<(), Failure> {
    let Some(run) = before else { return Ok(()) };
    let (found, _) = ledger.run(run)?.ok_or(Failure::UnknownRun(run))?;
    match job.filter(|job| *job != found.job.as_str()) {
        Some(job) => Err(Failure::RunOfOtherJob { run, of: found.job.to_string(), job: job.to_owned() }),
        None => Ok(()),
    }
}

/// The jobs of some runs: there may be many others, which are not read.
pub(super) struct Jobs(BTreeMap<String, JobInfo>);

impl Jobs {
    pub(super) fn of(ledger: &impl Ledger, runs: &[RunInfo]) -> Result<Self, Failure> {
        let mut jobs = BTreeMap::new();
        for run in runs {
            if !jobs.contains_key(run.job.as_str())
                && let Some(job) = ledger.job(run.job.as_str())?
            {
                jobs.insert(run.job.to_string(), job);
            }
        }
        Ok(Self(jobs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&JobInfo> {
        self.0.get(name)
    }
}
