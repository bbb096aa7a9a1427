//! `inspect`: looks into the ledger of the job framework, steers its jobs, and checks schedules.

mod cli;
mod clock_changes;
mod commands;
mod context;
mod expression;
mod failure;
mod view;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use commands::Verdict;
use context::Context;

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let context = Context::new(global);
    match commands::run(command, &context) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(failure) => {
            context.complain(&failure);
            ExitCode::FAILURE
        }
    }
}
