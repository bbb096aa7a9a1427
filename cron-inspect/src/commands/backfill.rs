//! `inspect backfill`

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::policy::BackfillOrder;
use cron_core::run::RunId;
use cron_runtime::store::{self, BackfillPlan, Command, Done, Ledger};
use serde::Serialize;

use super::steer::{give, said};
use crate::cli::Backfill;
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::table::{footer, paragraph};
use crate::view::text::Text;
use crate::view::time::{count, numbered};
use crate::view::{json, style, ticks};

#[derive(Serialize)]
struct Json<'a> {
    job: &'a str,
    dry_run: bool,
    /// With `dry_run`: how many ticks the range holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticks: Option<u64>,
    /// With `dry_run`: the ticks that would run, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<Vec<json::Instant>>,
    /// Without `dry_run`: the runs, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<u64>>,
}

pub(crate) fn backfill(args: &Backfill, context: &Context) -> Result<(), Failure> {
    if args.dry_run { plan(args, context) } else { give_it(args, context) }
}

fn asked(args: &Backfill, job: cron_core::job::JobName, now: DateTime<Utc>) -> store::Backfill {
    store::Backfill {
        job,
        from: args.from,
        until: args.until.unwrap_or(now),
        order: if args.newest { BackfillOrder::Newest } else { BackfillOrder::Oldest },
        only: args.only,
        concurrency: args.concurrency,
    }
}

/// Reads what would run. The file is open for reading only.
fn plan(args: &Backfill, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let job = find_job(&ledger, &args.job)?;
    let now = context.screen.now;
    let plan = ledger.plan_backfill(&asked(args, job.plan.name.clone(), now), now)?;
    let json = Json {
        job: job.plan.name.as_str(),
        dry_run: true,
        ticks: Some(plan.ticks),
        chosen: Some(json::instants(&plan.chosen)),
        runs: None,
    };
    context.show(&json, |screen| planned(&args.job, &plan, zone_of(&job), screen))
}

fn planned(job: &str, plan: &BackfillPlan, zone: Tz, screen: &Screen) -> String {
    let chosen = plan.chosen.len() as u64;
    let text = Text::plain("would run ")
        .and(style::BOLD, format!("{chosen} of {}", count(plan.ticks, "tick")))
        .and(style::PLAIN, format!(" of {job}"));
    let mut out = paragraph(&text, 0, screen.width);
    if chosen > 0 {
        out += &ticks::ticks(&plan.chosen, zone, screen).render(screen.width);
    }
    out + &footer("a dry run: nothing was changed", screen.width)
}

fn give_it(args: &Backfill, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let job = find_job(&store, &args.job)?;
    let command = Command::Backfill(asked(args, job.plan.name.clone(), context.screen.now));
    let Done::Backfilled { runs } = give(&store, command, context)? else { return Err(Failure::WrongAnswer) };
    let json = Json {
        job: job.plan.name.as_str(),
        dry_run: false,
        ticks: None,
        chosen: None,
        runs: Some(runs.iter().map(|run| run.0).collect()),
    };
    context.show(&json, |screen| {
        if runs.is_empty() {
            return footer(format!("no tick of {} to run in this range", args.job), screen.width);
        }
        said(&recorded(&args.job, &runs), Some(&job), screen)
    })
}

fn recorded(job: &str, runs: &[RunId]) -> Text {
    Text::styled(style::GOOD, "backfill ")
        .and(style::PLAIN, "of ")
        .and(style::BOLD, job)
        .and(style::PLAIN, format!(": {}", numbered("run", runs)))
        .and(style::DIM, "; inspect cancel --job ends what has not run")
}
