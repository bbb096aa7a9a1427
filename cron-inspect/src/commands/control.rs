//! `inspect trigger`, `pause` and `resume`: what changes the file.

use cron_core::job::JobName;
use cron_runtime::store::{Command, Done, JobInfo, Store};
use serde::Serialize;

use crate::cli;
use crate::context::{Context, Screen, find_job};
use crate::failure::Failure;
use crate::view::table::paragraph;
use crate::view::text::Text;
use crate::view::{json, style, time};

/// Finds the job, gives the command, and returns both.
fn command(
    name: &str,
    context: &Context,
    make: impl FnOnce(JobName) -> Command,
) -> Result<(JobInfo, Done), Failure> {
    let store = context.store()?;
    let job = find_job(&store, name)?;
    let done = store.command(make(job.plan.name.clone()), context.screen.now)?;
    Ok((job, done))
}

#[derive(Serialize)]
struct Triggered<'a> {
    job: &'a str,
    run: u64,
}

pub(crate) fn trigger(name: &str, context: &Context) -> Result<(), Failure> {
    let (job, done) = command(name, context, |job| Command::Trigger { job })?;
    let Done::Triggered { run } = done else { return Err(Failure::WrongAnswer) };
    context.show(&Triggered { job: name, run: run.0 }, |screen| {
        let text = Text::styled(style::GOOD, "triggered ")
            .and(style::BOLD, name)
            .and(style::PLAIN, format!(": run {run} starts as soon as a scheduler with this job sees it"));
        said(&text, &job, screen)
    })
}

#[derive(Serialize)]
struct Paused<'a> {
    job: &'a str,
    paused: json::Pause<'a>,
}

pub(crate) fn pause(args: cli::Pause, context: &Context) -> Result<(), Failure> {
    let cli::Pause { job: name, note, by } = args;
    let by = by.unwrap_or_else(user_name);
    let (job, done) =
        command(&name, context, |job| Command::Pause { job, by: by.clone(), note: note.clone() })?;
    let Done::Paused = done else { return Err(Failure::WrongAnswer) };
    let pause = cron_runtime::store::PauseInfo { at: context.screen.now, by, note };
    context.show(&Paused { job: &name, paused: json::Pause::from(&pause) }, |screen| {
        let text = Text::styled(style::WARNING, "paused ")
            .and(style::BOLD, &name)
            .and(style::PLAIN, format!(" {}", pause.reason()))
            .and(style::DIM, "; its ticks are skipped(paused) until it is resumed");
        said(&text, &job, screen)
    })
}

#[derive(Serialize)]
struct Resumed<'a> {
    job: &'a str,
    skipped: u64,
    next_tick: Option<json::Instant>,
}

pub(crate) fn resume(name: &str, context: &Context) -> Result<(), Failure> {
    let (job, done) = command(name, context, |job| Command::Resume { job })?;
    let Done::Resumed { skipped, next } = done else { return Err(Failure::WrongAnswer) };
    let json = Resumed { job: name, skipped, next_tick: next.map(json::Instant) };
    context.show(&json, |screen| {
        let zone =
            job.plan.schedule.as_ref().and_then(|schedule| schedule.zone()).unwrap_or(chrono_tz::Tz::UTC);
        let mut text = Text::styled(style::GOOD, "resumed ").and(style::BOLD, name);
        if skipped > 0 {
            text = text.and(style::PLAIN, format!("; {} skipped(paused)", time::count(skipped, "tick")));
        }
        if let Some(next) = next {
            let (far, at) = (time::relative(next, screen.now), time::short_stamp(next, zone, screen.now));
            text = text.and(style::PLAIN, format!("; next tick {far}")).and(style::DIM, format!(" ({at})"));
        }
        said(&text, &job, screen)
    })
}

fn said(text: &Text, job: &JobInfo, screen: &Screen) -> String {
    let mut out = paragraph(text, 0, screen.width);
    if !job.linked {
        let warning = "not linked here: the program that joined last does not contain this job";
        out += &paragraph(&Text::styled(style::WARNING, warning), 0, screen.width);
    }
    out
}

/// The name that the system has for the user of this process.
#[cfg(unix)]
fn user_name() -> String {
    use nix::unistd::{Uid, User};
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        // A container may run a user that has no name.
        Ok(None) | Err(_) => format!("user {uid}"),
    }
}

#[cfg(not(unix))]
fn user_name() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".to_owned())
}
