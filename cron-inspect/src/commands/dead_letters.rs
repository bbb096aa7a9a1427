//! `inspect dead-letters`

use chrono_tz::Tz;
use cron_core::run::RunId;
use cron_runtime::store::{Ledger, Page, RunFilter, RunInfo, RunQuery};
use serde::Serialize;

use super::runs::{Jobs, check_before};
use crate::cli::DeadLetters;
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::{json, runs as tables, style, time};

#[derive(Serialize)]
struct Json<'a> {
    runs: Vec<json::Run<'a>>,
    /// For `--before`, if there are more.
    next_before: Option<u64>,
}

pub(crate) fn dead_letters(args: &DeadLetters, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    if let Some(job) = &args.job {
        find_job(&ledger, job)?;
    }
    let before = args.before.map(RunId);
    check_before(&ledger, args.job.as_deref(), before)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let page = Page { limit: limit.saturating_add(1) };
    let query = RunQuery { job: args.job.clone(), before, filter: RunFilter::Dead, page };
    let mut found = ledger.runs(&query)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|run| run.id.0);
    let jobs = Jobs::of(&ledger, &found)?;
    let json = Json { runs: found.iter().map(json::Run::from).collect(), next_before: next };
    context.show(&json, |screen| text(&found, &jobs, args, next, screen))
}

fn text(found: &[RunInfo], jobs: &Jobs, args: &DeadLetters, next: Option<u64>, screen: &Screen) -> String {
    let of = args.job.as_ref().map(|job| format!(" of {job}")).unwrap_or_default();
    if found.is_empty() {
        let older = if args.before.is_some() { "older " } else { "" };
        return footer(format!("no {older}dead letters{of}"), screen.width);
    }
    let mut table = Table::new([
        Column::new("RUN").right(),
        Column::name("JOB"),
        Column::new("TICK").optional(2),
        Column::new("STATE"),
        Column::new("STARTED").optional(1),
        Column::new("ATTEMPTS").right(),
        Column::new("ARGUMENTS").cut(12).optional(3),
        Column::new("ERROR").cut(16),
    ]);
    for run in found {
        let zone = jobs.get(run.job.as_str()).map_or(Tz::UTC, zone_of);
        let started = run.started.map(|at| time::roughly(at, screen.now));
        table.row([
            Text::plain(run.id.to_string()),
            Text::styled(style::BOLD, run.job.as_str()),
            tables::nominal(run, time::Precision::of([run.nominal]), zone),
            tables::state(run),
            Text::plain(started.unwrap_or_default()),
            Text::plain(run.attempts_used.to_string()),
            Text::styled(style::DIM, run.args.as_deref().map(json::one_line).unwrap_or_default()),
            tables::error(run),
        ]);
    }
    let mut out = table.render(screen.width);
    out.push('\n');
    out += &footer(
        "inspect run RUN shows one whole; then inspect retry RUN, or inspect dismiss RUN",
        screen.width,
    );
    if let Some(run) = next {
        let job = args.job.as_ref().map(|job| format!(" --job {job}")).unwrap_or_default();
        out += &footer(format!("older ones: inspect dead-letters{job} --before {run}"), screen.width);
    }
    out
}
