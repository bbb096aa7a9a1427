//! The JSON of every command: the names here are an interface that scripts rely on. Instants are RFC 3339 in UTC,
//! durations whole milliseconds.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use cron_core::policy::{Backoff, CatchUpRule, Overlap};
use cron_core::run::{AttemptResult, Origin, RunState, SkipReason, StateWord};
use cron_runtime::store::{AttemptInfo, JobInfo, PauseInfo, RunInfo, SkipInfo};
use serde::{Serialize, Serializer};

use super::text::steers;

/// One object, on one line for programs and on several for people.
pub(crate) fn print(value: &impl Serialize, is_terminal: bool) -> Result<String, serde_json::Error> {
    let text = if is_terminal { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Only strings hold such characters; the ones below are escaped already, and newlines are layout.
        if steers(c) && c > '\u{7e}' {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

/// An instant as it is written: milliseconds only where there are any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.trunc_subsecs(3).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        serializer.serialize_str(&text)
    }
}

pub(crate) fn instants(ticks: &[DateTime<Utc>]) -> Vec<Instant> {
    ticks.iter().copied().map(Instant).collect()
}

/// Empty text is no text.
fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Debug, Serialize)]
pub(crate) struct Job<'a> {
    name: &'a str,
    description: Option<&'a str>,
    schedule: Option<String>,
    schedule_description: Option<String>,
    time_zone: Option<&'static str>,
    linked: bool,
    paused: Option<Pause<'a>>,
    next_tick: Option<Instant>,
    high_water_mark: Instant,
    registered: Instant,
    active_runs: u64,
    overlap: Overlap,
    catch_up: CatchUp,
    retry: Retry,
    timeout_ms: Option<u64>,
    source: Option<&'a str>,
    last_run: Option<Run<'a>>,
}

#[derive(Debug, Serialize)]
struct CatchUp {
    rule: CatchUpRule,
    limit: u32,
    window_ms: Option<u64>,
    grace_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Retry {
    retries: u32,
    backoff: Backoff,
    delay_ms: u64,
    max_delay_ms: u64,
    past_next: bool,
}

impl<'a> From<&'a JobInfo> for Job<'a> {
    fn from(job: &'a JobInfo) -> Self {
        let plan = &job.plan;
        let schedule = plan.schedule.as_ref();
        Self {
            name: plan.name.as_str(),
            description: said(&plan.description),
            schedule: schedule.map(ToString::to_string),
            schedule_description: schedule.map(|schedule| schedule.describe()),
            time_zone: schedule.and_then(|schedule| schedule.zone()).map(|zone| zone.name()),
            linked: job.linked,
            paused: job.paused.as_ref().map(Pause::from),
            next_tick: job.due.map(Instant),
            high_water_mark: Instant(job.mark),
            registered: Instant(job.registered),
            active_runs: job.active,
            overlap: plan.overlap,
            catch_up: CatchUp {
                rule: plan.catch_up.rule,
                limit: plan.catch_up.limit,
                window_ms: plan.catch_up.window.map(millis),
                grace_ms: plan.catch_up.grace.map(millis),
            },
            retry: Retry {
                retries: plan.retry.retries,
                backoff: plan.retry.backoff,
                delay_ms: millis(plan.retry.delay),
                max_delay_ms: millis(plan.retry.max_delay),
                past_next: plan.retry.past_next,
            },
            timeout_ms: plan.timeout.map(millis),
            source: said(&plan.source),
            last_run: job.last_run.as_ref().map(Run::from),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Pause<'a> {
    at: Instant,
    by: &'a str,
    note: Option<&'a str>,
}

impl<'a> From<&'a PauseInfo> for Pause<'a> {
    fn from(pause: &'a PauseInfo) -> Self {
        Self { at: Instant(pause.at), by: &pause.by, note: said(&pause.note) }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Run<'a> {
    id: u64,
    job: &'a str,
    nominal: Instant,
    origin: Origin,
    state: StateWord,
    /// The attempt has outlived its timeout and has not returned.
    stuck: bool,
    /// From when it may start, where it waits for that.
    wake: Option<Instant>,
    attempts_used: u32,
    crashes: u32,
    epoch: u64,
    started: Option<Instant>,
    duration_ms: Option<u64>,
    error: Option<&'a str>,
}

impl<'a> From<&'a RunInfo> for Run<'a> {
    fn from(run: &'a RunInfo) -> Self {
        let wake = match run.state {
            RunState::Scheduled { wake } | RunState::Waiting { wake } => Some(Instant(wake)),
            _ => None,
        };
        Self {
            id: run.id.0,
            job: run.job.as_str(),
            nominal: Instant(run.nominal),
            origin: run.origin,
            state: run.state.word(),
            stuck: matches!(run.state, RunState::Running { overdue: true }),
            wake,
            attempts_used: run.attempts_used,
            crashes: run.crashes,
            epoch: run.epoch.0,
            started: run.started.map(Instant),
            duration_ms: run.duration.map(millis),
            error: said(&run.error),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Attempt<'a> {
    attempt: u32,
    epoch: u64,
    result: AttemptResult,
    started: Option<Instant>,
    duration_ms: Option<u64>,
    message: Option<&'a str>,
}

impl<'a> From<&'a AttemptInfo> for Attempt<'a> {
    fn from(attempt: &'a AttemptInfo) -> Self {
        Self {
            attempt: attempt.attempt,
            epoch: attempt.epoch.0,
            result: attempt.result,
            started: attempt.started.map(Instant),
            duration_ms: attempt.duration.map(millis),
            message: said(&attempt.message),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Skip<'a> {
    first: Instant,
    last: Instant,
    count: u64,
    reason: SkipReason,
    /// The run that held the slot.
    held_by: Option<u64>,
    note: Option<&'a str>,
}

impl<'a> From<&'a SkipInfo> for Skip<'a> {
    fn from(skip: &'a SkipInfo) -> Self {
        Self {
            first: Instant(skip.first),
            last: Instant(skip.last),
            count: skip.count,
            reason: skip.reason,
            held_by: skip.holder.map(|run| run.0),
            note: said(&skip.note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_only_where_they_say_something() {
        let write = |text: &str| {
            let at: DateTime<Utc> = text.parse().expect("an instant");
            serde_json::to_string(&Instant(at)).expect("text")
        };
        assert_eq!(write("2026-01-01T09:00:00Z"), "\"2026-01-01T09:00:00Z\"");
        assert_eq!(write("2026-01-01T09:00:00.250Z"), "\"2026-01-01T09:00:00.250Z\"");
        assert_eq!(write("2026-01-01T09:00:00.000123Z"), "\"2026-01-01T09:00:00Z\"");
    }

    #[test]
    fn json_steers_no_terminal_and_keeps_its_meaning() {
        let text = "a\u{1b}[2J\u{9b}1m\u{7f}\u{202e}\u{e0041}é";
        let json = print(&text, false).expect("text");
        assert!(json.trim_end().chars().all(|c| !steers(c)), "{json:?}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("a string"), text);
    }
}
