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
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
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

/// Help and the version are asked for; everything else is wrong usage, which a program reads as JSON where it asked for that.
fn misused(error: &clap::Error) -> ExitCode {
    let wants_json =
        std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json");
    if !error.use_stderr() || !wants_json {
        error.exit();
    }
    let text = error.to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    let (message, details) = message.split_once("\n\n").unwrap_or((message, ""));
    context::complain_json("usage", message.trim().to_owned(), details.trim().to_owned());
    ExitCode::from(2)
}
