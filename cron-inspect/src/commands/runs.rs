//! `inspect runs [JOB]` and `inspect run RUN`

use std::collections::HashMap;

use chrono_tz::Tz;
use cron_core::run::{Origin, RunId, RunState};
use cron_runtime::store::{AttemptInfo, JobInfo, Ledger, Page, RunInfo, RunQuery};
use serde::Serialize;

use crate::cli::Runs;
use crate::context::{Context, Screen, find_job};
use crate::failure::Failure;
use crate::view::runs::{Shown, attempt};
use crate::view::table::{Table, footer, heading, paragraph};
use crate::view::text::Text;
use crate::view::{json, runs as tables, style, time};

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
    if let Some(run) = before {
        let (found, _) = ledger.run(run)?.ok_or(Failure::UnknownRun(run))?;
        if let Some(job) = args.job.as_deref().filter(|job| *job != found.job.as_str()) {
            return Err(Failure::RunOfOtherJob { run, of: found.job.to_string(), job: job.to_owned() });
        }
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    // One more than is shown tells whether there are more.
    let page = Page { limit: limit.saturating_add(1) };
    let query = RunQuery { job: args.job.clone(), before, active_only: args.active, page };
    let mut found = ledger.runs(&query)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_before = found.last().filter(|_| has_more).map(|run| run.id.0);
    let jobs = ledger.jobs()?;
    let json = Json { runs: found.iter().map(json::Run::from).collect(), next_before };
    context.show(&json, |screen| text(&found, &jobs, args, next_before, screen))
}

fn text(found: &[RunInfo], jobs: &[JobInfo], args: &Runs, next: Option<u64>, screen: &Screen) -> String {
    if found.is_empty() {
        let active = if args.active { "active " } else { "" };
        let older = if args.before.is_some() { "older " } else { "" };
        let of = args.job.as_ref().map(|job| format!(" of {job}")).unwrap_or_default();
        return footer(format!("no {older}{active}runs{of}"), screen.width);
    }
    let jobs: HashMap<&str, &JobInfo> = jobs.iter().map(|job| (job.plan.name.as_str(), job)).collect();
    let shown = found.iter().map(|run| {
        let job = jobs.get(run.job.as_str());
        let attempts = job.map_or(1, |job| job.plan.retry.retries + 1);
        Shown { run, zone: job.map_or(Tz::UTC, |job| zone_of(job)), attempts }
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

fn zone_of(job: &JobInfo) -> Tz {
    job.plan.schedule.as_ref().and_then(|schedule| schedule.zone()).unwrap_or(Tz::UTC)
}

#[derive(Serialize)]
struct JsonRun<'a> {
    run: json::Run<'a>,
    attempts: Vec<json::Attempt<'a>>,
}

pub(crate) fn run(number: u64, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let id = RunId(number);
    let (run, attempts) = ledger.run(id)?.ok_or(Failure::UnknownRun(id))?;
    let job = find_job(&ledger, run.job.as_str())?;
    let json =
        JsonRun { run: json::Run::from(&run), attempts: attempts.iter().map(json::Attempt::from).collect() };
    context.show(&json, |screen| card(&run, &attempts, &job, screen))
}

fn card(run: &RunInfo, attempts: &[AttemptInfo], job: &JobInfo, screen: &Screen) -> String {
    let zone = zone_of(job);
    let state = style::state(&run.state);
    let title = Text::styled(style::BOLD, format!("Run {} of {}  ", run.id, run.job));
    let mut out = format!("{}{}\n\n", title.render(), state.render());
    let mut card = Table::card();
    let when = |stamp: String, at| {
        Text::plain(stamp).and(style::DIM, format!(" ({})", time::relative(at, screen.now)))
    };
    match run.origin {
        Origin::Tick => {
            card.fact("Tick", when(time::long_stamp(run.nominal, zone), run.nominal));
            if zone != Tz::UTC {
                card.fact("", Text::styled(style::DIM, time::stamp(run.nominal, Tz::UTC)));
            }
        }
        Origin::Manual => {
            card.fact("By hand", when(time::measured_stamp(run.nominal, zone), run.nominal));
        }
    }
    if let Some(started) = run.started {
        card.fact("Started", when(time::measured_stamp(started, zone), started));
    }
    if let Some(duration) = run.duration {
        card.fact("Took", Text::plain(time::took(duration)));
    }
    card.fact("Attempt", Text::plain(format!("{} of {}", attempt(run), job.plan.retry.retries + 1)));
    if let RunState::Waiting { wake } | RunState::Scheduled { wake } = run.state {
        let label = if run.started.is_some() { "Again" } else { "Starts" };
        card.fact(label, when(time::measured_stamp(wake, zone), wake));
    }
    if run.crashes > 0 {
        let text = format!("{}; at 3 it is put aside", time::count(run.crashes.into(), "vanished process"));
        card.fact("Crashes", Text::styled(style::BAD, text.replace("processs", "processes")));
    }
    out += &card.render(screen.width);
    if attempts.is_empty() && !run.error.is_empty() {
        out += &heading("Error");
        for line in Text::lines(style::PLAIN, run.error.trim_end()) {
            out += &paragraph(&line, 2, screen.width);
        }
    }
    if run.started.is_some() {
        out += &heading("Attempts");
        out += &tables::attempts(run, attempts, zone).render(screen.width);
    }
    out
}
