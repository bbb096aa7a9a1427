//! The commands: each gathers what it shows, and shows it as text and as JSON.

mod backfill;
mod cancel;
mod check;
mod dead_letters;
mod dismiss;
mod doctor;
mod explain;
mod groups;
mod import;
mod list;
mod log;
mod next;
mod pause;
mod remove;
mod resume;
mod retry;
mod run;
mod runs;
mod schedule;
mod show;
mod steer;
mod tail;
mod trigger;
mod upcoming;
mod verify;

pub(crate) use upcoming::Upcoming;

use crate::cli::Command;
use crate::context::Context;
use crate::failure::Failure;

/// What a script learns from the exit code of a command that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 0
    Good,
    /// 1: a breach of the contract, a finding of the doctor, or a warning under `--strict`.
    Bad,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Verdict, Failure> {
    match command {
        Command::List(args) => list::list(&args, context)?,
        Command::Show { job } => show::show(&job, context)?,
        Command::Explain(args) => explain::explain(&args, context)?,
        Command::Runs(query) => runs::runs(&query, context)?,
        Command::Run { run } => run::run(run, context)?,
        Command::Log { run } => log::log(run, context)?,
        Command::Tail(args) => tail::tail(&args, context)?,
        Command::Next(next) => next::next(&next, context)?,
        Command::Check(check) => return check::check(&check, context),
        Command::Import(args) => import::import(&args, context)?,
        Command::Groups => groups::groups(context)?,
        Command::Trigger(args) => trigger::trigger(&args, context)?,
        Command::Pause(args) => pause::pause(args, context)?,
        Command::Resume { target } => resume::resume(&target, context)?,
        Command::Cancel(args) => cancel::cancel(args, context)?,
        Command::DeadLetters(args) => dead_letters::dead_letters(&args, context)?,
        Command::Retry(args) => retry::retry(&args, context)?,
        Command::Dismiss(args) => dismiss::dismiss(&args, context)?,
        Command::Backfill(args) => backfill::backfill(&args, context)?,
        Command::Schedule(args) => schedule::schedule(args, context)?,
        Command::Remove { jobs } => remove::remove(&jobs, context)?,
        Command::Doctor(args) => return doctor::doctor(&args, context),
        Command::Verify(args) => return verify::verify(&args, context),
    }
    Ok(Verdict::Good)
}
