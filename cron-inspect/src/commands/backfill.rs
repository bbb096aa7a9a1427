//! `inspect backfill`

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::policy::BackfillOrder;
use cron_core::run::RunId;
use cron_runtime::store::{self, BackfillPlan, Command, Done, JobInfo, Ledger};
use serde::Serialize;

use super::steer::{give, said};
use crate::cli::Backfill;
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::table::{footer, paragraph};
use crate::view::text::Text;
use crate::view::time::{count, numbered};
use crate::view::{json, style, ticks, time};

#[derive(Serialize)]
struct Json<'a> {
    job: &'a str,
    dry_run: bool,
    /// The range, in which local times have become instants.
    from: json::Instant,
    until: json::Instant,
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
    if args.dry_run {
        return plan(args, context);
    }
    if args.until.is_none() && !args.yes {
        ask(args, context)?;
    }
    give_it(args, context)
}

fn asked(args: &Backfill, job: &JobInfo, now: DateTime<Utc>) -> store::Backfill {
    let zone = zone_of(job);
    store::Backfill {
        job: job.plan.name.clone(),
        from: args.from.first(zone),
        until: args.until.map_or(now, |until| until.last(zone, now)),
        order: if args.newest { BackfillOrder::Newest } else { BackfillOrder::Oldest },
        only: args.only,
        concurrency: args.concurrency,
    }
}

/// Reads what would run. The file is open for reading only.
fn read(args: &Backfill, context: &Context) -> Result<(JobInfo, store::Backfill, BackfillPlan), Failure> {
    let ledger = context.ledger()?;
    let job = find_job(&ledger, &args.job)?;
    let now = context.screen.now;
    let backfill = asked(args, &job, now);
    let plan = ledger.plan_backfill(&backfill, now)?;
    Ok((job, backfill, plan))
}

fn plan(args: &Backfill, context: &Context) -> Result<(), Failure> {
    let (job, backfill, plan) = read(args, context)?;
    let json = Json {
        job: job.plan.name.as_str(),
        dry_run: true,
        from: json::Instant(backfill.from),
        until: json::Instant(backfill.until),
        ticks: Some(plan.ticks),
        chosen: Some(json::instants(&plan.chosen)),
        runs: None,
    };
    context.show(&json, |screen| {
        planned(&backfill, &plan, zone_of(&job), screen)
            + &footer("a dry run: nothing was changed", screen.width)
    })
}

/// A range without an end is easily longer than was meant, so somebody has to say that it is not.
fn ask(args: &Backfill, context: &Context) -> Result<(), Failure> {
    let (job, backfill, plan) = read(args, context)?;
    let ticks = plan.chosen.len() as u64;
    if ticks == 0 {
        return Ok(());
    }
    let question = planned(&backfill, &plan, zone_of(&job), &context.screen) + "run them? [y/N] ";
    match context.ask(&question)? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::Declined),
        None => Err(Failure::UntilNow { job: job.plan.name.to_string(), ticks }),
    }
}

fn planned(backfill: &store::Backfill, plan: &BackfillPlan, zone: Tz, screen: &Screen) -> String {
    let chosen = plan.chosen.len() as u64;
    let (from, until) = (time::stamp(backfill.from, zone), time::stamp(backfill.until, zone));
    let text = Text::plain("would run ")
        .and(style::BOLD, format!("{chosen} of {}", count(plan.ticks, "tick")))
        .and(style::PLAIN, format!(" of {}, {from} to {until}", backfill.job));
    let mut out = paragraph(&text, 0, screen.width);
    if chosen > 0 {
        out += &ticks::ticks(&plan.chosen, zone, screen).render(screen.width);
    }
    out
}

fn give_it(args: &Backfill, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let job = find_job(&store, &args.job)?;
    let backfill = asked(args, &job, context.screen.now);
    let (from, until) = (json::Instant(backfill.from), json::Instant(backfill.until));
    let command = Command::Backfill(backfill);
    let Done::Backfilled { runs } = give(&store, command, context)? else { return Err(Failure::WrongAnswer) };
    let json = Json {
        job: job.plan.name.as_str(),
        dry_run: false,
        from,
        until,
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
