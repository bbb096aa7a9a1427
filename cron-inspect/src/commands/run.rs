//! `inspect run RUN`

use chrono_tz::Tz;
use cron_core::run::{Origin, RunId, RunState};
use cron_runtime::store::{AttemptInfo, JobInfo, Ledger, RunInfo};
use serde::Serialize;

use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::runs::attempt;
use crate::view::table::{Table, footer, heading, paragraph};
use crate::view::text::Text;
use crate::view::{json, runs as tables, style, time};

#[derive(Serialize)]
struct Json<'a> {
    run: json::Run<'a>,
    attempts: Vec<json::Attempt<'a>>,
    /// How many lines its log has.
    log_lines: usize,
}

pub(crate) fn run(number: u64, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let id = RunId(number);
    let (run, attempts) = ledger.run(id)?.ok_or(Failure::UnknownRun(id))?;
    let job = find_job(&ledger, run.job.as_str())?;
    let log = ledger.log(id)?.len();
    let json = Json {
        run: json::Run::from(&run),
        attempts: attempts.iter().map(json::Attempt::from).collect(),
        log_lines: log,
    };
    context.show(&json, |screen| card(&run, &attempts, log, &job, screen))
}

fn card(run: &RunInfo, attempts: &[AttemptInfo], log: usize, job: &JobInfo, screen: &Screen) -> String {
    let zone = zone_of(job);
    let title = Text::styled(style::BOLD, format!("Run {} of {}  ", run.id, run.job));
    let state = tables::state(run);
    let mut out = format!("{}{}\n\n", title.render(), state.render());
    let mut card = Table::card();
    let when = |stamp: String, at| {
        Text::plain(stamp).and(style::DIM, format!(" ({})", time::relative(at, screen.now)))
    };
    let (label, stamp) = match run.origin {
        Origin::Tick => ("Tick", time::long_stamp(run.nominal, zone)),
        Origin::Manual => ("By hand", time::measured_stamp(run.nominal, zone)),
        Origin::Start => ("Registered", time::measured_stamp(run.nominal, zone)),
        Origin::Next => ("By its word", time::measured_stamp(run.nominal, zone)),
        Origin::Backfill => ("Backfill", time::long_stamp(run.nominal, zone)),
        Origin::Clock => ("Beside", time::long_stamp(run.nominal, zone)),
    };
    card.fact(label, when(stamp, run.nominal));
    if zone != Tz::UTC && matches!(run.origin, Origin::Tick | Origin::Backfill | Origin::Clock) {
        card.fact("", Text::styled(style::DIM, time::stamp(run.nominal, Tz::UTC)));
    }
    if let Some(args) = &run.args {
        card.fact("Arguments", Text::plain(json::one_line(args)));
    }
    if let Some(started) = run.started {
        card.fact("Started", when(time::measured_stamp(started, zone), started));
    }
    if let Some(duration) = run.duration {
        card.fact("Took", Text::plain(time::took(duration)));
    }
    if let Some(at) = run.completed {
        card.fact(
            "Completed",
            when(time::measured_stamp(at, zone), at).and(style::DIM, ", in a transaction"),
        );
    }
    if let Some(program) = &run.program {
        card.fact("Program", Text::plain(program.as_str()));
    }
    let most = job.plan.retry.retries.saturating_add(1);
    card.fact("Attempt", Text::plain(format!("{} of {most}", attempt(run))));
    if let Some(progress) = &run.progress {
        let text = Text::plain(time::percent(progress.fraction));
        let message = json::said(&progress.message).map(|message| format!("  {message}"));
        card.fact("Progress", text.and(style::DIM, message.unwrap_or_default()));
    }
    if let Some(why) = &run.asked {
        card.fact("Asked", Text::styled(style::WARNING, format!("to stop: {why}")));
    }
    if run.state == (RunState::Scheduled { wake: None }) {
        card.fact("Starts", Text::plain("when the slot of its job is free"));
    }
    if let Some(wake) = run.state.wake() {
        let label = if run.started.is_some() { "Again" } else { "Starts" };
        card.fact(label, when(time::measured_stamp(wake, zone), wake));
    }
    if run.crashes > 0 {
        let text = time::count(run.crashes.into(), "vanished process").replace("processs", "processes");
        card.fact("Crashes", Text::styled(style::BAD, text));
    }
    if let Some(at) = run.dismissed {
        card.fact("Dismissed", when(time::measured_stamp(at, zone), at));
    }
    out += &card.render(screen.width);
    if attempts.is_empty() && !run.error.is_empty() {
        out += &heading("Error");
        for line in Text::lines(style::PLAIN, run.error.trim_end()) {
            out += &paragraph(&line, 2, screen.width);
        }
    }
    if run.started.is_some() {
        out += &heading("Attempts");
        out += &tables::attempts(run, attempts, zone).render(screen.width);
    }
    if log > 0 {
        out.push('\n');
        let lines = time::count(log as u64, "line");
        out += &footer(format!("its log has {lines}: inspect log {}", run.id), screen.width);
    }
    out
}
