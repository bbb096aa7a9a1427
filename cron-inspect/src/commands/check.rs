//! `inspect check EXPR`

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::schedule::{Dialect, Lint, Schedule, ScheduleError, Translated};
use serde::Serialize;

use super::Verdict;
use crate::cli::Check;
use crate::clock_changes::{ClockChange, Effect, changes_after};
use crate::context::{Context, Screen};
use crate::expression::Expression;
use crate::failure::Failure;
use crate::view::table::{heading, paragraph};
use crate::view::text::Text;
use crate::view::{json, style, ticks, time};

/// How many changes of the clock are explained.
const CHANGES: usize = 2;

#[derive(Serialize)]
struct Json<'a> {
    expression: &'a str,
    /// The four below are there with `--dialect` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    dialect: Option<Dialect>,
    /// The option of `#[job]` that says it, and its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    /// The other options that go with it, by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<BTreeMap<&'static str, &'a str>>,
    schedule: String,
    description: String,
    time_zone: Option<&'static str>,
    next: Vec<json::Instant>,
    clock_changes: Vec<JsonChange>,
    lints: Vec<String>,
    tzdata: &'static str,
}

#[derive(Serialize)]
pub(super) struct JsonChange {
    at: json::Instant,
    shift_ms: i64,
    /// `untouched`, `runs_after_gap`, `left_out`, `goes_on`, `first_pass` or `both_passes`.
    effect: &'static str,
    /// How many local times of the schedule are skipped or repeated.
    times: u64,
    text: String,
}

impl From<&(ClockChange, Effect)> for JsonChange {
    fn from((change, effect): &(ClockChange, Effect)) -> Self {
        Self {
            at: json::Instant(change.at),
            shift_ms: change.shift.num_milliseconds(),
            effect: effect.word,
            times: effect.times,
            text: effect.text.clone(),
        }
    }
}

/// All that there is to say about a schedule.
struct Report {
    translated: Option<Translated>,
    schedule: Schedule,
    zone: Tz,
    next: Vec<DateTime<Utc>>,
    changes: Vec<(ClockChange, Effect)>,
    lints: Vec<String>,
}

pub(crate) fn check(args: &Check, context: &Context) -> Result<Verdict, Failure> {
    let after = args.ahead.after.unwrap_or(context.screen.now);
    let report = report(args, after)?;
    let translated = report.translated.as_ref();
    let json = Json {
        expression: &args.expr,
        dialect: args.dialect,
        option: translated.map(|translated| translated.option().0),
        value: translated.map(|translated| translated.option().1),
        options: translated.map(|translated| beside(translated).collect()),
        schedule: report.schedule.to_string(),
        description: report.schedule.describe(),
        time_zone: report.schedule.zone().map(|zone| zone.name()),
        next: json::instants(&report.next),
        clock_changes: report.changes.iter().map(JsonChange::from).collect(),
        lints: report.lints.clone(),
        tzdata: chrono_tz::IANA_TZDB_VERSION,
    };
    context.show(&json, |screen| text(&report, screen))?;
    let is_bad = args.strict && !report.lints.is_empty();
    Ok(if is_bad { Verdict::Bad } else { Verdict::Good })
}

fn report(args: &Check, after: DateTime<Utc>) -> Result<Report, Failure> {
    let (translated, Expression { schedule, zone }) = read(args)?;
    if !schedule.has_any_tick() {
        // The macro refuses it, so this is what its author has to know.
        let error: ScheduleError = Schedule::never(&args.expr);
        return Err(error.into());
    }
    let count = usize::try_from(args.ahead.count).unwrap_or(usize::MAX);
    let anchored = schedule.anchored(after);
    // Of a text in another dialect what counts is how ours is written.
    let written = translated.as_ref().map_or(args.expr.as_str(), |translated| translated.option().1);
    let mut lints = schedule.lints();
    lints.extend(Lint::of_spelling(written));
    Ok(Report {
        translated,
        zone,
        next: anchored.iter_after(after).take(count).collect(),
        // A rule that waits for its registration would have these local times, were it registered now.
        changes: changes(
            &schedule,
            if anchored.zone().is_some() { &anchored } else { &schedule },
            zone,
            after,
        ),
        lints: lints.iter().map(ToString::to_string).collect(),
        schedule,
    })
}

/// The schedule, and what it was translated to if it is written in another dialect.
fn read(args: &Check) -> Result<(Option<Translated>, Expression), Failure> {
    let zone = args.zone.as_deref();
    let Some(dialect) = args.dialect else { return Ok((None, Expression::read(&args.expr, zone)?)) };
    let translated = Schedule::from_dialect(&args.expr, dialect, zone.unwrap_or("UTC"))?;
    let expression = Expression::translated(&translated)?;
    Ok((Some(translated), expression))
}

/// The options that go with the one that says when.
fn beside(translated: &Translated) -> impl Iterator<Item = (&'static str, &str)> {
    let in_a_zone = translated.schedule().zone().is_some() && translated.zone() != "UTC";
    let zone = in_a_zone.then(|| ("timezone", translated.zone()));
    let phase = translated.phase().map(|phase| ("phase", phase));
    let jitter = translated.jitter().map(|jitter| ("jitter", jitter));
    phase.into_iter().chain(zone).chain(jitter)
}

/// The options of `#[job]` that say the same, to paste.
fn options(translated: &Translated) -> String {
    let all = std::iter::once(translated.option()).chain(beside(translated));
    all.map(|(name, value)| format!("{name} = \"{value}\"")).collect::<Vec<_>>().join(", ")
}

/// The next changes of the clock of a schedule, and what it does there; none for one that follows no clock.
pub(super) fn changes(
    schedule: &Schedule,
    anchored: &Schedule,
    zone: Tz,
    after: DateTime<Utc>,
) -> Vec<(ClockChange, Effect)> {
    if schedule.zone().is_none() {
        return Vec::new();
    }
    changes_after(zone, after).take(CHANGES).map(|change| (change, change.effect(anchored))).collect()
}

fn text(report: &Report, screen: &Screen) -> String {
    let Report { translated, schedule, zone, next, changes, lints } = report;
    let width = screen.width;
    let mut out = String::new();
    if let Some(translated) = translated {
        // On one line, however narrow the screen is: it is there to be copied.
        out += &format!("{}\n", options(translated));
        if let Some(note) = translated.note() {
            out += &paragraph(&Text::styled(style::WARNING, note), 0, width);
        }
        out += "\n";
    }
    out += &paragraph(&Text::styled(style::BOLD, schedule.describe()), 0, width);
    out += &paragraph(&Text::styled(style::DIM, schedule.to_string()), 0, width);
    out += &heading(if schedule.is_delay() {
        "Next, if the last run ended now"
    } else if schedule.needs_registration() {
        "Next, if it were registered now"
    } else {
        "Next"
    });
    match next.is_empty() {
        true => out += &paragraph(&Text::styled(style::WARNING, "no more ticks"), 2, width),
        false => out += &ticks::ticks(next, *zone, screen).render(width),
    }
    out += &heading("Clock changes");
    out += &clock_changes(schedule, *zone, changes, width);
    if !lints.is_empty() {
        out += &heading("Warnings");
        for lint in lints {
            out += &paragraph(&Text::styled(style::WARNING, lint), 2, width);
        }
    }
    out
}

/// What a schedule does at the next changes of its clock.
pub(super) fn clock_changes(
    schedule: &Schedule,
    zone: Tz,
    changes: &[(ClockChange, Effect)],
    width: Option<usize>,
) -> String {
    let note = |text: String| paragraph(&Text::plain(text), 2, width);
    if schedule.zone().is_none() {
        return note("no effect: it follows the clock of no zone".to_owned());
    }
    if changes.is_empty() {
        let release = chrono_tz::IANA_TZDB_VERSION;
        return note(format!("none to come in {zone} (time zone rules {release})"));
    }
    let mut out = String::new();
    for (change, effect) in changes {
        let (from, to) = change.days_and_clocks();
        let line = Text::plain(format!("{from} → {to}"))
            .and(style::DIM, format!("  {}, {}", change.direction(), time::stamp(change.at, Tz::UTC)));
        out += &paragraph(&line, 2, width);
        let style = if effect.times == 0 { style::DIM } else { style::BUSY };
        out += &paragraph(&Text::styled(style, &effect.text), 4, width);
    }
    out
}
