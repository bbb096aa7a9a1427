//! Runs, attempts, log lines and skipped ticks.

use cron_core::run::{AttemptResult, Origin, RunState, SkipReason, Stage, StateWord};
use cron_runtime::store::{self, AttemptInfo, LogLine, RunInfo, SkipInfo};
use serde::Serialize;

use super::{Arguments, Instant, millis, said};

#[derive(Debug, Serialize)]
pub(crate) struct Run<'a> {
    id: u64,
    job: &'a str,
    nominal: Instant,
    origin: Origin,
    state: StateWord,
    /// It waits for the slot of its job.
    parked: bool,
    /// The attempt has outlived its timeout and has not returned.
    stuck: bool,
    /// From when it may start, where it waits for that.
    wake: Option<Instant>,
    attempts_used: u32,
    crashes: u32,
    epoch: u64,
    started: Option<Instant>,
    duration_ms: Option<u64>,
    /// When its work was completed in a transaction of its function's: it succeeds, whatever else happens.
    completed: Option<Instant>,
    error: Option<&'a str>,
    args: Option<Arguments<'a>>,
    progress: Option<Progress<'a>>,
    /// Who asked it to stop, and why.
    asked: Option<&'a str>,
    /// When a person took it off the dead letters.
    dismissed: Option<Instant>,
    /// The program that started its newest attempt.
    program: Option<&'a str>,
}

impl<'a> From<&'a RunInfo> for Run<'a> {
    fn from(run: &'a RunInfo) -> Self {
        Self {
            id: run.id.0,
            job: run.job.as_str(),
            nominal: Instant(run.nominal),
            origin: run.origin,
            state: run.state.word(),
            parked: matches!(run.state, RunState::Scheduled { wake: None }),
            stuck: matches!(run.state, RunState::Running { stage: Stage::Overdue }),
            wake: run.state.wake().map(Instant),
            attempts_used: run.attempts_used,
            crashes: run.crashes,
            epoch: run.epoch.0,
            started: run.started.map(Instant),
            duration_ms: run.duration.map(millis),
            completed: run.completed.map(Instant),
            error: said(&run.error),
            args: run.args.as_deref().map(Arguments),
            progress: run.progress.as_ref().map(Progress::from),
            asked: run.asked.as_deref(),
            dismissed: run.dismissed.map(Instant),
            program: run.program.as_deref(),
        }
    }
}

/// How far a run has come, as its function says.
#[derive(Debug, Serialize)]
pub(crate) struct Progress<'a> {
    /// From 0 to 1.
    fraction: f64,
    message: Option<&'a str>,
}

impl<'a> From<&'a store::Progress> for Progress<'a> {
    fn from(progress: &'a store::Progress) -> Self {
        Self { fraction: progress.fraction, message: said(&progress.message) }
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
    /// The program that started it.
    program: Option<&'a str>,
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
            program: attempt.program.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    at: Instant,
    attempt: u32,
    text: &'a str,
}

impl<'a> From<&'a LogLine> for Line<'a> {
    fn from(line: &'a LogLine) -> Self {
        Self { at: Instant(line.at), attempt: line.attempt, text: &line.text }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Skip<'a> {
    first: Instant,
    last: Instant,
    count: u64,
    reason: SkipReason,
    /// The run that held the slot, or that asked for another instant.
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
