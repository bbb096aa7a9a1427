//! `inspect resume`

use chrono_tz::Tz;
use cron_runtime::store::{Command, Done};
use serde::Serialize;

use super::steer::{Of, Target, give};
use crate::cli;
use crate::context::{Context, zone_of};
use crate::failure::Failure;
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    of: Of<'a>,
    skipped: u64,
    next_tick: Option<json::Instant>,
}

pub(crate) fn resume(args: &cli::Target, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let target = Target::find(&store, args)?;
    let command = Command::Resume { target: target.to_store() };
    let Done::Resumed { skipped, next } = give(&store, command, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let json = Json { of: target.of(), skipped, next_tick: next.map(json::Instant) };
    context.show(&json, |screen| {
        let zone = match &target {
            Target::Job(job) => zone_of(job),
            Target::Group(_) => Tz::UTC,
        };
        let mut text = Text::styled(style::GOOD, "resumed ").and(style::BOLD, target.name());
        if skipped > 0 {
            text = text.and(style::PLAIN, format!("; {} skipped(paused)", time::count(skipped, "tick")));
        }
        if let Some(next) = next {
            let (far, at) = (time::relative(next, screen.now), time::short_stamp(next, zone, screen.now));
            text = text.and(style::PLAIN, format!("; next tick {far}")).and(style::DIM, format!(" ({at})"));
        }
        target.said(&text, screen)
    })
}
