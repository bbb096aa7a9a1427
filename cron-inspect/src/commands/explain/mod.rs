//! `inspect explain JOB`: what the job will do and why, all from the code that schedules.

mod outage;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_core::duration::format_duration;
use cron_core::judge::{Ahead, Place, ahead};
use cron_runtime::store::{JobInfo, Ledger, Page, RunFilter, RunQuery};
use serde::Serialize;

use super::check::{self, JsonChange};
use super::upcoming::{Upcoming, upcoming};
use crate::cli::Explain;
use crate::clock_changes::{ClockChange, Effect, changes_after};
use crate::context::{Context, Screen, find_job, zone_of};
use crate::failure::Failure;
use crate::view::policy::policies;
use crate::view::table::{Column, Table, heading, paragraph};
use crate::view::text::Text;
use crate::view::time::{self, Precision};
use crate::view::{json, style, ticks};
use outage::outage;
use words::{JsonOutage, sentences};

#[derive(Serialize)]
struct Json<'a> {
    job: &'a str,
    schedule: Option<String>,
    description: Option<String>,
    time_zone: Option<&'static str>,
    tzdata: &'static str,
    next: Vec<JsonNext>,
    clock_changes: Vec<JsonChange>,
    /// The clock stands before the mark of the job.
    behind: Option<JsonBehind>,
    outage: JsonOutage,
    policies: Vec<JsonPolicy>,
}

#[derive(Serialize)]
struct JsonBehind {
    /// The mark: from then on its ticks run again.
    until: json::Instant,
    /// Whether it has runs beside its ticks meanwhile.
    goes_on: bool,
    text: String,
}

#[derive(Serialize)]
struct JsonNext {
    tick: json::Instant,
    start: json::Instant,
    /// The time on the clock of the schedule, with its distance to UTC.
    local: String,
    /// The run that asked for it, in place of the schedule.
    by_run: Option<u64>,
    /// The change of the clock between the tick before and this one.
    clock_change: Option<String>,
}

#[derive(Serialize)]
struct JsonPolicy {
    policy: &'static str,
    text: String,
}

pub(crate) fn explain(args: &Explain, context: &Context) -> Result<(), Failure> {
    let ledger = context.ledger()?;
    let job = find_job(&ledger, &args.job)?;
    let page = Page { limit: usize::MAX };
    let query = RunQuery { job: Some(args.job.clone()), filter: RunFilter::Active, page, before: None };
    let runs = ledger.runs(&query)?;
    let now = context.screen.now;
    let next = upcoming(&job, now, usize::try_from(args.count).unwrap_or(usize::MAX));
    let zone = zone_of(&job);
    let notes = notes(&next, zone, now);
    let schedule = job.plan.schedule.as_ref();
    let anchored = schedule.map(|schedule| schedule.anchored(job.since));
    let changes = schedule
        .zip(anchored.as_ref())
        .map(|(schedule, anchored)| check::changes(schedule, anchored, zone, now))
        .unwrap_or_default();
    let place = Place { hold: job.hold, ..Place::at(job.mark) };
    let behind = ahead(anchored.as_ref(), place, job.paused.is_some(), now).map(|what| JsonBehind {
        until: json::Instant(job.mark),
        goes_on: what == Ahead::GoesOn,
        text: words::behind(what, &job, now, zone),
    });
    let outage = outage(&job, &runs, now, args.outage)?;
    let sentences = sentences(&outage, &job, zone);
    let policies = policies(&job.plan);
    let json = Json {
        job: job.plan.name.as_str(),
        schedule: schedule.map(ToString::to_string),
        description: schedule.map(|schedule| schedule.describe()),
        time_zone: schedule.and_then(|schedule| schedule.zone()).map(|zone| zone.name()),
        tzdata: chrono_tz::IANA_TZDB_VERSION,
        next: next.iter().zip(&notes).map(|(next, note)| json_next(next, note.as_ref(), zone)).collect(),
        clock_changes: changes.iter().map(JsonChange::from).collect(),
        behind,
        outage: JsonOutage::new(&outage, &sentences),
        policies: policies
            .iter()
            .map(|policy| JsonPolicy { policy: policy.key, text: policy.text.clone() })
            .collect(),
    };
    context.show(&json, |screen| {
        let mut out = title(&job, json.behind.as_ref(), screen);
        out += &heading("Next ticks");
        out += &next_ticks(&next, &notes, zone, screen);
        if schedule.is_some_and(|schedule| schedule.zone().is_some()) {
            out += &heading("Clock changes");
            out += &clock_changes(&job, zone, &changes, screen.width);
        }
        out += &heading(&format!("After {} in which nobody is there", format_duration(args.outage)));
        for line in &sentences {
            out += &paragraph(&Text::plain(line), 2, screen.width);
        }
        out += &heading("Policies");
        let mut card = Table::card();
        for policy in policies {
            card.fact(policy.label, Text::plain(policy.text));
        }
        out + &card.render(screen.width)
    })
}

fn title(job: &JobInfo, behind: Option<&JsonBehind>, screen: &Screen) -> String {
    let words = job.plan.schedule.as_ref().map_or_else(|| "By hand only".to_owned(), |it| it.describe());
    let text = Text::styled(style::BOLD, job.plan.name.as_str()).and(style::PLAIN, format!("  {words}"));
    let mut out = paragraph(&text, 0, screen.width);
    let mut warn = |text: String| out += &paragraph(&Text::styled(style::WARNING, text), 0, screen.width);
    if let Some(pause) = &job.paused {
        warn(format!("paused {}, {}", time::relative(pause.at, screen.now), pause.reason()));
    }
    if let Some(behind) = behind {
        warn(behind.text.clone());
    }
    if !job.linked {
        warn(
            "not linked here: no process that runs executes this job, nor does the one that joined last"
                .to_owned(),
        );
    }
    out
}

/// For each tick the change of the clock that lies between the one before it, or now, and it.
fn notes(next: &[Upcoming], zone: Tz, now: DateTime<Utc>) -> Vec<Option<ClockChange>> {
    let mut changes = changes_after(zone, now).peekable();
    let note = |next: &Upcoming| {
        let mut last = None;
        while let Some(change) = changes.next_if(|change| change.at <= next.tick) {
            last = Some(change);
        }
        last
    };
    next.iter().map(note).collect()
}

fn note(change: &ClockChange) -> String {
    let (from, to) = change.clocks();
    format!("the clock has gone {}, {from} → {to}", change.direction())
}

fn json_next(next: &Upcoming, change: Option<&ClockChange>, zone: Tz) -> JsonNext {
    JsonNext {
        tick: json::Instant(next.tick),
        start: json::Instant(next.start),
        local: next.tick.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false),
        by_run: next.by.map(|run| run.0),
        clock_change: change.map(note),
    }
}

fn next_ticks(next: &[Upcoming], notes: &[Option<ClockChange>], zone: Tz, screen: &Screen) -> String {
    if next.is_empty() {
        return paragraph(&Text::styled(style::WARNING, "none that is known"), 2, screen.width);
    }
    let precision = Precision::of(next.iter().map(|next| next.tick));
    let mut table = Table::new([
        Column::new(""),
        Column::new(""),
        Column::new("").optional(1),
        Column::new(""),
        Column::new("").wrap(20),
    ])
    .indented();
    for (next, change) in next.iter().zip(notes) {
        let utc = if zone == Tz::UTC { String::new() } else { time::stamp_to(precision, next.tick, Tz::UTC) };
        table.row([
            Text::plain(time::relative(next.tick, screen.now)),
            Text::plain(time::offset_stamp_to(precision, next.tick, zone)),
            Text::styled(style::DIM, utc),
            ticks::start(next, zone),
            Text::styled(style::BUSY, change.as_ref().map(note).unwrap_or_default()),
        ]);
    }
    table.render(screen.width)
}

fn clock_changes(job: &JobInfo, zone: Tz, changes: &[(ClockChange, Effect)], width: Option<usize>) -> String {
    match &job.plan.schedule {
        Some(schedule) => check::clock_changes(schedule, zone, changes, width),
        None => String::new(),
    }
}

/// How late something is, in words; empty for less than a second.
fn late(by: TimeDelta) -> String {
    if by < TimeDelta::seconds(1) { String::new() } else { format!(", {} late", time::span(by)) }
}
