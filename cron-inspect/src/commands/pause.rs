//! `inspect pause`

use cron_runtime::store::{Command, Done, PauseInfo};
use serde::Serialize;

use super::steer::{Of, Target, give, who};
use crate::cli::Pause;
use crate::context::Context;
use crate::failure::Failure;
use crate::view::text::Text;
use crate::view::{json, style};

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    of: Of<'a>,
    paused: json::Pause<'a>,
    /// How many runs go on all the same.
    in_progress: u64,
}

pub(crate) fn pause(args: Pause, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let target = Target::find(&store, &args.target)?;
    let (by, note) = who(args.who);
    let command = Command::Pause { target: target.to_store(), by: by.clone(), note: note.clone() };
    let Done::Paused { in_progress } = give(&store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let pause = PauseInfo { at: context.screen.now, by, note };
    context.show(&Json { of: target.of(), paused: json::Pause::from(&pause), in_progress }, |screen| {
        let whose = match &target {
            Target::Job(_) => "its ticks are skipped(paused) until it is resumed",
            Target::Group(_) => "the ticks of its jobs are skipped(paused) until it is resumed",
        };
        let text = Text::styled(style::WARNING, "paused ")
            .and(style::BOLD, target.name())
            .and(style::PLAIN, format!(" {}", pause.reason()))
            .and(style::DIM, format!("; {whose}{}", goes_on(in_progress)));
        target.said(&text, screen)
    })
}

/// A pause is for ticks: what has begun goes on, which is not what everybody expects.
fn goes_on(in_progress: u64) -> String {
    match in_progress {
        0 => String::new(),
        1 => "; 1 run in progress goes on, also to its next attempts (`inspect cancel` ends it)".to_owned(),
        more => format!(
            "; {more} runs in progress go on, also to their next attempts (`inspect cancel` ends them)"
        ),
    }
}
