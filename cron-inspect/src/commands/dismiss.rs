//! `inspect dismiss`

use cron_core::run::RunId;
use cron_runtime::store::{Command, Done};
use serde::Serialize;

use super::steer::{give, name_of};
use crate::cli::Dismiss;
use crate::context::Context;
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::{footer, paragraph};
use crate::view::text::Text;
use crate::view::time::count;

#[derive(Serialize)]
struct Json {
    dismissed: u64,
}

pub(crate) fn dismiss(args: &Dismiss, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let command = match args.what.run {
        Some(run) => Command::Dismiss { run: RunId(run) },
        None => Command::DismissAll { job: name_of(&store, args.job.as_deref())? },
    };
    let Done::Dismissed { count: number } = give(&store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    context.show(&Json { dismissed: number }, |screen| {
        let what = match (args.what.run, number) {
            (Some(run), 0) => return footer(format!("run {run} was dismissed already"), screen.width),
            (None, 0) => return footer("no dead letters, nothing to dismiss", screen.width),
            (Some(run), _) => format!("run {run}"),
            (None, number) => count(number, "dead letter"),
        };
        let text = Text::styled(style::GOOD, "dismissed ").and(style::BOLD, what).and(
            style::DIM,
            if number == 1 { "; it stays in the record" } else { "; they stay in the record" },
        );
        paragraph(&text, 0, screen.width)
    })
}
