//! `inspect trigger`

use cron_core::job::{JobName, Label};
use cron_core::run::RunId;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{self, Command, Done, JobInfo};
use serde::Serialize;

use super::steer::{Target, arguments, give, said};
use crate::cli::Trigger;
use crate::context::{Context, Screen};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::paragraph;
use crate::view::text::Text;

pub(crate) fn trigger(args: &Trigger, context: &Context) -> Result<(), Failure> {
    let given = arguments(args.args.as_deref())?;
    let store = context.store()?;
    match Target::find(&store, &args.target)? {
        Target::Job(job) => one(&job, given, args.force, &store, context),
        Target::Group(group) => all(group, &store, context),
    }
}

#[derive(Serialize)]
struct Triggered<'a> {
    job: &'a str,
    run: u64,
    /// The run that holds the slot.
    waits_for: Option<u64>,
}

fn one(
    job: &JobInfo,
    args: Option<String>,
    force: bool,
    store: &SqliteStore,
    context: &Context,
) -> Result<(), Failure> {
    let name = job.plan.name.clone();
    let command = Command::Trigger(store::Trigger { job: name.clone(), args, force });
    let Done::Triggered { run, waits_for } = give(store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let json = Triggered { job: name.as_str(), run: run.0, waits_for: waits_for.map(|run| run.0) };
    context.show(&json, |screen| {
        let starts = match waits_for {
            None => format!(": run {run} starts as soon as a scheduler with this job sees it"),
            Some(holder) => format!(": run {run} starts when run {holder} has left the slot"),
        };
        let text =
            Text::styled(style::GOOD, "triggered ").and(style::BOLD, name.as_str()).and(style::PLAIN, starts);
        said(&text, Some(job), screen)
    })
}

#[derive(Serialize)]
struct TriggeredGroup<'a> {
    group: &'a str,
    triggered: Vec<Triggered<'a>>,
    held: Vec<Held<'a>>,
}

#[derive(Serialize)]
struct Held<'a> {
    job: &'a str,
    held_by: u64,
}

fn all(group: Label, store: &SqliteStore, context: &Context) -> Result<(), Failure> {
    let command = Command::TriggerGroup { group: group.clone() };
    let Done::TriggeredGroup { triggered, held } = give(store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let started =
        triggered.iter().map(|(job, run)| Triggered { job: job.as_str(), run: run.0, waits_for: None });
    let json = TriggeredGroup {
        group: group.as_str(),
        triggered: started.collect(),
        held: held.iter().map(|(job, run)| Held { job: job.as_str(), held_by: run.0 }).collect(),
    };
    context.show(&json, |screen| text(&group, &triggered, &held, screen))
}

fn text(group: &Label, triggered: &[(JobName, RunId)], held: &[(JobName, RunId)], screen: &Screen) -> String {
    let number = triggered.len() + held.len();
    let title = Text::styled(style::GOOD, "triggered ")
        .and(style::BOLD, format!("group {group}"))
        .and(style::PLAIN, format!(": {} of {number} jobs", triggered.len()));
    let mut out = paragraph(&title, 0, screen.width);
    for (job, run) in triggered {
        let line = Text::styled(style::BOLD, job.as_str()).and(style::PLAIN, format!(": run {run}"));
        out += &paragraph(&line, 2, screen.width);
    }
    for (job, run) in held {
        let line = Text::styled(style::BOLD, job.as_str())
            .and(style::WARNING, format!(": not triggered, run {run} is active and holds its slot"));
        out += &paragraph(&line, 2, screen.width);
    }
    out
}
