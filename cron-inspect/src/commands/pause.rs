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
}

pub(crate) fn pause(args: Pause, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let target = Target::find(&store, &args.target)?;
    let (by, note) = who(args.who);
    let command = Command::Pause { target: target.to_store(), by: by.clone(), note: note.clone() };
    let Done::Paused = give(&store, command, context)? else { return Err(Failure::WrongAnswer) };
    let pause = PauseInfo { at: context.screen.now, by, note };
    context.show(&Json { of: target.of(), paused: json::Pause::from(&pause) }, |screen| {
        let whose = match &target {
            Target::Job(_) => "its ticks are skipped(paused) until it is resumed",
            Target::Group(_) => "the ticks of its jobs are skipped(paused) until it is resumed",
        };
        let text = Text::styled(style::WARNING, "paused ")
            .and(style::BOLD, target.name())
            .and(style::PLAIN, format!(" {}", pause.reason()))
            .and(style::DIM, format!("; {whose}"));
        target.said(&text, screen)
    })
}
