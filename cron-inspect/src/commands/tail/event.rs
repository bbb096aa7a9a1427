//! What happens, as a line and as JSON.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cron_core::run::{AttemptResult, Origin, RunId, SkipReason, StateWord};
use serde::Serialize;

use crate::view::text::Text;
use crate::view::time::{self, count};
use crate::view::{json, style};

/// Something that has happened.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    /// When, as far as the ledger tells; else when it was seen.
    pub(super) at: json::Instant,
    #[serde(flatten)]
    pub(super) what: What,
    /// The zone in which a reader is told the time.
    #[serde(skip)]
    pub(super) zone: Tz,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum What {
    /// From here on. The first event.
    Following {
        database: String,
        jobs: usize,
        active_runs: usize,
    },
    /// A run that is to start.
    Scheduled {
        job: String,
        run: u64,
        nominal: json::Instant,
        origin: Origin,
        parked: bool,
    },
    /// An attempt began.
    Started {
        job: String,
        run: u64,
        nominal: json::Instant,
        origin: Origin,
        attempt: u32,
    },
    /// An attempt ended without a success.
    Attempt {
        job: String,
        run: u64,
        attempt: u32,
        result: AttemptResult,
        message: Option<String>,
    },
    Progress {
        job: String,
        run: u64,
        fraction: f64,
        message: Option<String>,
    },
    Log {
        job: String,
        run: u64,
        attempt: u32,
        text: String,
    },
    /// Somebody asked it to stop.
    Asked {
        job: String,
        run: u64,
        why: String,
    },
    /// Its attempt has outlived its timeout and has not returned.
    Stuck {
        job: String,
        run: u64,
    },
    /// For its next attempt.
    Waiting {
        job: String,
        run: u64,
        wake: json::Instant,
    },
    Ended {
        job: String,
        run: u64,
        state: StateWord,
        duration_ms: Option<u64>,
        error: Option<String>,
    },
    Skipped {
        job: String,
        first: json::Instant,
        last: json::Instant,
        count: u64,
        reason: SkipReason,
        held_by: Option<u64>,
        note: Option<String>,
    },
    Paused {
        job: String,
        by: String,
        note: Option<String>,
    },
    Resumed {
        job: String,
    },
    Added {
        job: String,
    },
    Removed {
        job: String,
    },
}

impl Event {
    pub(super) fn new(at: DateTime<Utc>, zone: Tz, what: What) -> Self {
        Self { at: json::Instant(at), what, zone }
    }

    /// One line.
    pub(super) fn text(&self) -> Text {
        let clock = self.at.0.with_timezone(&self.zone).format("%H:%M:%S%.3f %Z  ").to_string();
        let line = Text::styled(style::DIM, clock);
        let of = |job: &str| line.clone().and(style::BOLD, job).and(style::PLAIN, "  ");
        let run = |job: &str, run: &u64| of(job).and(style::PLAIN, format!("run {run}  "));
        let stamp = |at: &json::Instant| time::stamp(at.0, self.zone);
        match &self.what {
            What::Following { database, jobs, active_runs } => {
                let (jobs, runs) = (count(*jobs as u64, "job"), count(*active_runs as u64, "active run"));
                line.and(style::DIM, format!("following {database}: {jobs}, {runs}"))
            }
            What::Scheduled { job, run: id, nominal, origin, parked } => {
                let parked = if *parked { " (parked)" } else { "" };
                run(job, id)
                    .and(style::WARNING, format!("scheduled{parked}"))
                    .and(style::DIM, format!("  {}", why(*origin, &stamp(nominal))))
            }
            What::Started { job, run: id, nominal, origin, attempt } => run(job, id)
                .and(style::BUSY, "started")
                .and(style::DIM, format!("  attempt {attempt}, {}", why(*origin, &stamp(nominal)))),
            What::Attempt { job, run: id, attempt, result, message } => run(job, id)
                .and(style::PLAIN, format!("attempt {attempt} "))
                .and_text(style::result(*result))
                .and(style::DIM, behind(message.as_deref())),
            What::Progress { job, run: id, fraction, message } => run(job, id)
                .and(style::BUSY, time::percent(*fraction))
                .and(style::DIM, behind(message.as_deref())),
            What::Log { job, run: id, text, .. } => run(job, id).and(style::PLAIN, format!("| {text}")),
            What::Asked { job, run: id, why } => {
                run(job, id).and(style::WARNING, "asked to stop").and(style::DIM, format!("  {why}"))
            }
            What::Stuck { job, run: id } => run(job, id).and(style::BAD, "stuck: past its timeout"),
            What::Waiting { job, run: id, wake } => run(job, id)
                .and(style::WARNING, "waiting")
                .and(style::DIM, format!("  again at {}", time::measured_stamp(wake.0, self.zone))),
            What::Ended { job, run: id, state, duration_ms, error } => {
                let took = duration_ms.map(|ms| time::took(std::time::Duration::from_millis(ms)));
                let took = took.map(|took| format!("  {took}")).unwrap_or_default();
                run(job, id)
                    .and_text(style::word(*state))
                    .and(style::PLAIN, took)
                    .and(style::DIM, behind(error.as_deref()))
            }
            What::Skipped { job, first, last, count: number, reason, held_by, note } => {
                let ticks = match number {
                    1 => format!("tick {}", stamp(first)),
                    _ => format!("{} {} to {}", count(*number, "tick"), stamp(first), stamp(last)),
                };
                let holder = held_by.map(|run| format!("run {run}"));
                of(job)
                    .and(style::WARNING, format!("skipped({reason})"))
                    .and(style::PLAIN, format!("  {ticks}"))
                    .and(style::DIM, behind(holder.as_deref().or(note.as_deref())))
            }
            What::Paused { job, by, note } => of(job)
                .and(style::WARNING, "paused")
                .and(style::PLAIN, format!(" by {by}"))
                .and(style::DIM, behind(note.as_deref())),
            What::Resumed { job } => of(job).and(style::GOOD, "resumed"),
            What::Added { job } => of(job).and(style::GOOD, "added"),
            What::Removed { job } => of(job).and(style::WARNING, "removed"),
        }
    }
}

/// The first line of a text, behind something.
fn behind(text: Option<&str>) -> String {
    let mut lines = text.unwrap_or_default().trim().lines();
    match (lines.next(), lines.next()) {
        (None, _) => String::new(),
        (Some(line), None) => format!("  {line}"),
        (Some(line), Some(_)) => format!("  {line} …"),
    }
}

fn why(origin: Origin, stamp: &str) -> String {
    match origin {
        Origin::Tick => format!("tick {stamp}"),
        Origin::Manual => "by hand".to_owned(),
        Origin::Start => "at registration".to_owned(),
        Origin::Next => format!("by a run's word, {stamp}"),
        Origin::Backfill => format!("backfill {stamp}"),
        Origin::Clock => format!("beside the ticks {stamp}"),
    }
}

/// The number of a run as events have it.
pub(super) fn number(run: RunId) -> u64 {
    run.0
}
