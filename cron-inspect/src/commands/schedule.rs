//! `inspect schedule NAME --handler JOB`

use cron_core::job::options::{Key, Options, Place, Value, plan_on};
use cron_core::job::{JobName, Plan};
use cron_core::schedule::Calendars;
use cron_runtime::store::{Command, Done, Ledger};
use serde::Serialize;

use super::steer::{arguments, give, said};
use crate::cli;
use crate::context::{Context, find_job, zone_of};
use crate::failure::Failure;
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    /// Whether it was not there before.
    new: bool,
    /// Whether its schedule is another one than before.
    edited: bool,
    job: json::Job<'a>,
}

pub(crate) fn schedule(args: cli::Schedule, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let plan = declared(args, &store)?;
    let name = plan.name.clone();
    let Done::Upserted { new, edited } = give(&store, Command::Upsert { plans: vec![plan] }, context)? else {
        return Err(Failure::WrongAnswer);
    };
    let (is_new, is_edited) = (new.contains(&name), edited.contains(&name));
    let job = find_job(&store, name.as_str())?;
    context.show(&Json { new: is_new, edited: is_edited, job: json::Job::from(&job) }, |screen| {
        let done = match (is_new, is_edited) {
            (true, _) => "added ",
            (false, true) => "rescheduled ",
            // What is pending stays pending.
            (false, false) => "kept the schedule of ",
        };
        let words = match &job.plan.schedule {
            Some(schedule) => schedule.describe(),
            None => "by hand only".to_owned(),
        };
        let mut text = Text::styled(style::GOOD, done)
            .and(style::BOLD, name.as_str())
            .and(style::PLAIN, format!(": {words}"));
        if let Some(next) = job.due {
            let at = time::short_stamp(next, zone_of(&job), screen.now);
            text = text
                .and(style::PLAIN, format!("; next tick {}", time::relative(next, screen.now)))
                .and(style::DIM, format!(" ({at})"));
        }
        said(&text, Some(&job), screen)
    })
}

/// The plan that the arguments make, with every mistake in them at once.
fn declared(args: cli::Schedule, ledger: &impl Ledger) -> Result<Plan, Failure> {
    let mut options = Options::default();
    for (key, text) in &args.options {
        let key = Key::read(key, Place::Builder)?;
        match key {
            Key::Name => return Err(Failure::NameTwice),
            key if options.get(key).is_some() => return Err(Failure::OptionTwice(key)),
            key => options.set(key, Value::read(key, text)),
        };
    }
    let handler: JobName = args.handler.parse()?;
    let given = arguments(args.args.as_deref())?;
    // That there is no such handler is the store's to refuse.
    let known = ledger.job(handler.as_str())?.map(|job| job.plan).filter(|plan| plan.handler.is_none());
    let plan = plan_on(known.as_ref(), &args.name, &options, &Calendars::default())?;
    let runs_once = options.get(Key::RunOnStart) == Some(&Value::Switch(true));
    match (options.schedules().next(), args.by_hand) {
        (Some(key), true) => return Err(Failure::NotByHand(key)),
        (None, false) if !runs_once => return Err(Failure::NoSchedule(args.name)),
        (Some(_), false) | (None, _) => {}
    }
    Ok(Plan {
        description: args.description.into(),
        handler: Some(handler),
        args: given.map(Into::into),
        temporary: args.temporary,
        ..plan
    })
}
