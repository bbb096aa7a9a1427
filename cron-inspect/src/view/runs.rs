//! Tables of runs, attempts and skipped ticks.

use chrono_tz::Tz;
use cron_core::run::{Origin, RunState, SkipReason, Stage};
use cron_runtime::store::{AttemptInfo, RunInfo, SkipInfo};

use super::style;
use super::table::{Column, Table};
use super::text::Text;
use super::time::{self, Precision};
use crate::context::Screen;

/// A run with what its job says about it.
pub(crate) struct Shown<'a> {
    pub(crate) run: &'a RunInfo,
    pub(crate) zone: Tz,
    /// How many attempts it has at most.
    pub(crate) attempts: u32,
}

/// Runs, with the name of their job only where they are of several.
pub(crate) fn runs<'a>(shown: impl Iterator<Item = Shown<'a>>, is_one_job: bool, screen: &Screen) -> Table {
    let mut table = Table::new([
        Column::new("RUN").right(),
        Column::name("JOB"),
        Column::new("TICK"),
        Column::new("STATE"),
        Column::new("STARTED").optional(2),
        Column::new("TOOK").right(),
        Column::new("ATTEMPT").optional(1),
        Column::new("ERROR").cut(12),
    ]);
    let shown: Vec<_> = shown.collect();
    let precision = Precision::of(
        shown.iter().filter(|shown| is_instant_of_plan(shown.run.origin)).map(|shown| shown.run.nominal),
    );
    for Shown { run, zone, attempts } in shown {
        let name = if is_one_job { Text::new() } else { Text::plain(run.job.as_str()) };
        let number = attempt(run);
        let attempt =
            if attempts > 1 || number > 1 { format!("{number} of {attempts}") } else { String::new() };
        table.row([
            Text::plain(run.id.to_string()),
            name,
            nominal(run, precision, zone),
            state(run),
            started(run, screen),
            Text::plain(run.duration.map(time::took).unwrap_or_default()),
            Text::plain(attempt),
            error(run),
        ]);
    }
    table
}

/// The nominal instant, and why the run exists where that is no tick.
pub(crate) fn nominal(run: &RunInfo, precision: Precision, zone: Tz) -> Text {
    let stamp = || Text::plain(time::stamp_to(precision, run.nominal, zone));
    match run.origin {
        Origin::Tick => stamp(),
        Origin::Manual => Text::styled(style::DIM, "by hand"),
        Origin::Start => Text::styled(style::DIM, "at registration"),
        Origin::Next => stamp().and(style::DIM, " by a run's word"),
        Origin::Backfill => stamp().and(style::DIM, " backfill"),
        Origin::Clock => stamp().and(style::DIM, " beside the ticks"),
    }
}

/// Whether the nominal instant of such a run is one that was planned; else it is the moment at which somebody asked.
fn is_instant_of_plan(origin: Origin) -> bool {
    match origin {
        Origin::Tick | Origin::Next | Origin::Backfill | Origin::Clock => true,
        Origin::Manual | Origin::Start => false,
    }
}

/// Where a run stands, and whether it was asked to stop.
pub(crate) fn state(run: &RunInfo) -> Text {
    let state = style::state(&run.state);
    match (run.state, &run.progress) {
        _ if run.asked.is_some() => state.and(style::WARNING, " (asked to stop)"),
        (RunState::Running { stage: Stage::InTime | Stage::Completed }, Some(progress)) => {
            state.and(style::DIM, format!(" {}", time::percent(progress.fraction)))
        }
        _ => state,
    }
}

/// The first line of what went wrong.
pub(crate) fn error(run: &RunInfo) -> Text {
    let mut lines = run.error.trim().lines();
    let first = Text::styled(style::DIM, lines.next().unwrap_or_default());
    if lines.next().is_some() { first.and(style::DIM, " …") } else { first }
}

/// The number of the newest attempt, or of the first one to come.
pub(crate) fn attempt(run: &RunInfo) -> u32 {
    run.state.attempts_begun(run.attempts_used).max(1)
}

/// When the newest attempt was started or the next one will be.
fn started(run: &RunInfo, screen: &Screen) -> Text {
    match run.state {
        RunState::Waiting { wake } | RunState::Scheduled { wake: Some(wake) } if wake > screen.now => {
            Text::styled(style::WARNING, format!("again {}", time::roughly(wake, screen.now)))
        }
        RunState::Scheduled { wake: None } => Text::styled(style::DIM, "for its slot"),
        RunState::Waiting { .. } | RunState::Scheduled { wake: Some(_) } => {
            Text::styled(style::WARNING, "due")
        }
        RunState::Running { .. }
        | RunState::Succeeded
        | RunState::Failed
        | RunState::Discarded
        | RunState::Cancelled
        | RunState::Quarantined => {
            Text::plain(run.started.map(|at| time::roughly(at, screen.now)).unwrap_or_default())
        }
    }
}

/// All attempts of a run, with the successful one, which the store keeps in the run itself. Their programs are named where there are several.
pub(crate) fn attempts(run: &RunInfo, ended: &[AttemptInfo], zone: Tz) -> Table {
    let has_several = ended.iter().any(|attempt| attempt.program != run.program);
    let mut columns = vec![
        Column::new("ATTEMPT").right(),
        Column::new("RESULT"),
        Column::new("STARTED"),
        Column::new("TOOK").right(),
        Column::new("EPOCH").right().optional(1),
    ];
    if has_several {
        columns.push(Column::new("PROGRAM").wrap(12));
    }
    columns.push(Column::new("MESSAGE").wrap(20));
    let places = columns.len();
    let mut table = Table::new(columns).indented();
    let program =
        |program: &Option<String>| has_several.then(|| Text::plain(program.as_deref().unwrap_or_default()));
    let started =
        |at: Option<_>| Text::plain(at.map(|at| time::measured_stamp(at, zone)).unwrap_or_default());
    let took = |duration: Option<_>| Text::plain(duration.map(time::took).unwrap_or_default());
    for attempt in ended {
        let mut lines = Text::lines(style::PLAIN, attempt.message.trim_end()).into_iter();
        let mut row = vec![
            Text::plain(attempt.attempt.to_string()),
            style::result(attempt.result),
            started(attempt.started),
            took(attempt.duration),
            Text::plain(attempt.epoch.to_string()),
        ];
        row.extend(program(&attempt.program));
        row.push(lines.next().unwrap_or_default());
        table.row(row);
        for line in lines {
            let mut row = vec![Text::new(); places - 1];
            row.push(line);
            table.row(row);
        }
    }
    // A stuck attempt is recorded already; it goes on all the same.
    if matches!(
        run.state,
        RunState::Succeeded | RunState::Running { stage: Stage::InTime | Stage::Completed }
    ) {
        let mut row = vec![
            Text::plain(attempt(run).to_string()),
            style::state(&run.state),
            started(run.started),
            took(run.duration),
            Text::plain(run.epoch.to_string()),
        ];
        row.extend(program(&run.program));
        row.push(Text::new());
        table.row(row);
    }
    table
}

/// Blocks of skipped ticks.
pub(crate) fn skips(skips: &[SkipInfo], zone: Tz) -> Table {
    let mut table = Table::new([
        Column::new("FIRST"),
        Column::new("LAST"),
        Column::new("TICKS").right(),
        Column::new("VERDICT"),
        Column::new("WHY").cut(12),
    ])
    .indented();
    let precision = Precision::of(skips.iter().flat_map(|skip| [skip.first, skip.last]));
    for skip in skips {
        let last = if skip.count > 1 { time::stamp_to(precision, skip.last, zone) } else { String::new() };
        let why = match skip.holder {
            Some(run) if skip.reason == SkipReason::Superseded => format!("by the word of run {run}"),
            Some(run) => format!("held by run {run}"),
            None => skip.note.clone(),
        };
        table.row([
            Text::plain(time::stamp_to(precision, skip.first, zone)),
            Text::plain(last),
            Text::plain(skip.count.to_string()),
            Text::styled(style::WARNING, format!("skipped({})", skip.reason)),
            Text::styled(style::DIM, why),
        ]);
    }
    table
}
