//! The commands: each gathers what it shows, and shows it as text and as JSON.

mod check;
mod control;
mod list;
mod next;
mod runs;
mod show;
mod verify;

use crate::cli::Command;
use crate::context::Context;
use crate::failure::Failure;

/// What a script learns from the exit code of a command that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 0
    Good,
    /// 1: a breach of the contract, or a warning under `--strict`.
    Bad,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Verdict, Failure> {
    match command {
        Command::List => list::list(context)?,
        Command::Show { job } => show::show(&job, context)?,
        Command::Runs(query) => runs::runs(&query, context)?,
        Command::Run { run } => runs::run(run, context)?,
        Command::Next(next) => next::next(&next, context)?,
        Command::Check(check) => return check::check(&check, context),
        Command::Trigger { job } => control::trigger(&job, context)?,
        Command::Pause(pause) => control::pause(pause, context)?,
        Command::Resume { job } => control::resume(&job, context)?,
        Command::Verify { job } => return verify::verify(job.as_deref(), context),
    }
    Ok(Verdict::Good)
}
