//! `inspect retry`

use cron_core::run::RunId;
use cron_runtime::store::{Command, Done};
use serde::Serialize;

use super::steer::{give, name_of};
use crate::cli::Retry;
use crate::context::Context;
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::{footer, paragraph};
use crate::view::text::Text;
use crate::view::time::numbered;

#[derive(Serialize)]
struct Json {
    retried: Vec<u64>,
}

pub(crate) fn retry(args: &Retry, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let command = match args.what.run {
        Some(run) => Command::Retry { run: RunId(run), force: args.force },
        None => Command::RetryAll { job: name_of(&store, args.job.as_deref())? },
    };
    let Done::Retried { runs } = give(&store, command, context)? else { return Err(Failure::WrongAnswer) };
    context.show(&Json { retried: runs.iter().map(|run| run.0).collect() }, |screen| {
        if runs.is_empty() {
            return footer("no dead letters, nothing to retry", screen.width);
        }
        let text = Text::styled(style::GOOD, "retried ")
            .and(style::BOLD, numbered("run", &runs))
            .and(style::DIM, "; all attempts are there again");
        paragraph(&text, 0, screen.width)
    })
}
