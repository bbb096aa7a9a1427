//! `inspect cancel`

use cron_core::duration::format_duration;
use cron_core::run::{RunId, RunState};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{self, Command, Done, Ledger};
use serde::Serialize;

use super::steer::{Target, give, who};
use crate::cli::{self, Cancel};
use crate::context::{Context, Screen};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::{footer, paragraph};
use crate::view::text::Text;
use crate::view::time::numbered;

#[derive(Serialize)]
struct Json {
    /// Runs that have ended: as `cancelled`, or as `succeeded` where their work was completed before.
    ended: Vec<u64>,
    /// Runs that were asked to stop.
    asked: Vec<u64>,
}

pub(crate) fn cancel(args: Cancel, context: &Context) -> Result<(), Failure> {
    let Cancel { what, force, who: asking } = args;
    let store = context.store()?;
    let what = match what.run {
        Some(run) => store::Cancel::Run(RunId(run)),
        None => {
            let target = cli::Target { job: what.job, group: what.group };
            store::Cancel::All(Target::find(&store, &target)?.to_store())
        }
    };
    let (by, note) = who(asking);
    let command = Command::Cancel { what, force, by, note };
    let Done::Cancelled { ended, asked } = give(&store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let grace = grace(&store, &asked)?;
    let numbers = |runs: &[RunId]| runs.iter().map(|run| run.0).collect();
    let (succeeded, cancelled) = told_apart(&store, &ended)?;
    let json = Json { ended: numbers(&ended), asked: numbers(&asked) };
    context.show(&json, |screen| {
        let mut out = text(&cancelled, &succeeded, &asked, &grace, screen);
        if out.is_empty() {
            out = footer("no active runs, nothing to cancel", screen.width);
        }
        out
    })
}

/// How long those that were asked may take, where that is one and the same for all of them.
fn grace(store: &SqliteStore, asked: &[RunId]) -> Result<String, Failure> {
    let [run] = asked else { return Ok("the cancel_grace of its job".to_owned()) };
    let found = store.run(*run)?;
    let job = found.map(|(run, _)| store.job(run.job.as_str())).transpose()?.flatten();
    Ok(job.map_or_else(String::new, |job| format_duration(job.plan.slots.cancel_grace)))
}

/// Those that succeeded in spite of it, and those that are cancelled.
fn told_apart(store: &SqliteStore, ended: &[RunId]) -> Result<(Vec<RunId>, Vec<RunId>), Failure> {
    let (mut succeeded, mut cancelled) = (Vec::new(), Vec::new());
    for run in ended {
        let found = store.run(*run)?;
        let has_succeeded = found.is_some_and(|(info, _)| info.state == RunState::Succeeded);
        if has_succeeded { succeeded.push(*run) } else { cancelled.push(*run) }
    }
    Ok((succeeded, cancelled))
}

fn text(cancelled: &[RunId], succeeded: &[RunId], asked: &[RunId], grace: &str, screen: &Screen) -> String {
    let mut out = String::new();
    if !cancelled.is_empty() {
        let text = Text::styled(style::GOOD, "cancelled ").and(style::BOLD, numbered("run", cancelled));
        out += &paragraph(&text, 0, screen.width);
    }
    if !succeeded.is_empty() {
        let text = Text::styled(style::GOOD, "ended ")
            .and(style::BOLD, numbered("run", succeeded))
            .and(style::PLAIN, " as succeeded")
            .and(style::DIM, ": the work was completed before");
        out += &paragraph(&text, 0, screen.width);
    }
    if !asked.is_empty() {
        let each = if asked.len() == 1 { "it is" } else { "each is" };
        let text = Text::styled(style::WARNING, "asked ")
            .and(style::BOLD, numbered("run", asked))
            .and(style::PLAIN, " to stop")
            .and(style::DIM, format!("; if it goes on, {each} cut off {grace} later"));
        out += &paragraph(&text, 0, screen.width);
    }
    out
}
