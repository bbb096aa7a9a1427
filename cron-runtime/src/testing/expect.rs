//! What a test expects of the record, and what it is told if that is not so.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use cron_core::run::{Origin, SkipReason, StateWord};

use super::record::{RunRecord, TickRecord, TickVerdict};
use super::simulation::Simulation;
use super::when::When;

/// A message shows this many lines of a list at its beginning, and as many at its end.
const SHOWN: usize = 5;

/// Runs of a job that a test has something to say about: those whose function was called, or would have been.
///
/// Words such as [`succeeded`](Self::succeeded) say which of them are meant, and the last one what is expected.
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::Simulation;
///
/// #[job(daily = "06:00")]
/// fn invoice() {}
///
/// let mut sim = Simulation::of(invoice::JOB).start();
/// sim.run_for("30d");
/// sim.trigger(invoice::JOB);
/// sim.ran(invoice::JOB).times(31);
/// sim.ran(invoice::JOB).by_hand().once();
/// sim.ran(invoice::JOB).between("2026-01-10", "2026-01-12").at(["2026-01-10T06:00", "2026-01-11T06:00"]);
/// sim.ran(invoice::JOB).failed().never();
/// ```
#[must_use = "say what is expected: `.times(n)`, `.once()`, `.never()`, `.at_least(n)` or `.at([...])`"]
#[derive(Debug)]
pub struct Ran<'a> {
    sim: &'a Simulation,
    job: String,
    runs: Vec<RunRecord>,
    /// What was said of them, in the words of messages.
    words: String,
}

/// Skipped ticks of a job that a test has something to say about.
///
/// ```standalone_crate
/// use cron_runtime::prelude::*;
/// use cron_runtime::testing::Simulation;
///
/// #[job(every = "10m", catch_up = "none")]
/// fn sync() {}
///
/// let mut sim = Simulation::of(sync::JOB).at("2026-06-01").start();
/// sim.outage("2026-06-01T00:15", "2026-06-01T00:45");
/// sim.skipped(sync::JOB).missed().times(3);
/// sim.skipped(sync::JOB).overlap().never();
/// ```
#[must_use = "say what is expected: `.times(n)`, `.once()`, `.never()`, `.at_least(n)` or `.at([...])`"]
#[derive(Debug)]
pub struct Skipped<'a> {
    sim: &'a Simulation,
    job: String,
    ticks: Vec<TickRecord>,
    words: String,
}

impl Simulation {
    /// The runs of a job whose function was called, or would have been without a [fault](super::Fault).
    ///
    /// # Panics
    ///
    /// If there is no such job in the simulation.
    #[track_caller]
    pub fn ran(&self, job: impl Into<String>) -> Ran<'_> {
        let job = self.known(job);
        let mut runs = self.runs(job.as_str());
        runs.retain(|run| run.started_at.is_some());
        Ran { sim: self, job, runs, words: "to have run".to_owned() }
    }

    /// The ticks of a job that were skipped.
    ///
    /// # Panics
    ///
    /// If there is no such job in the simulation.
    #[track_caller]
    pub fn skipped(&self, job: impl Into<String>) -> Skipped<'_> {
        let job = self.known(job);
        let ticks = self.skipped_ticks(&job);
        Skipped { sim: self, job, ticks, words: "to have been skipped".to_owned() }
    }

    /// The ticks of a job that nobody was there for: short for `skipped(job).missed()`.
    ///
    /// # Panics
    ///
    /// If there is no such job in the simulation.
    #[track_caller]
    pub fn missed(&self, job: impl Into<String>) -> Skipped<'_> {
        self.skipped(job).missed()
    }
}

impl Ran<'_> {
    fn only(mut self, words: &str, keep: impl Fn(&RunRecord) -> bool) -> Self {
        self.runs.retain(keep);
        self.words.push_str(words);
        self
    }

    /// Those that succeeded.
    pub fn succeeded(self) -> Self {
        self.ended(StateWord::Succeeded)
    }

    /// Those that ended badly: `failed`, `discarded` or `quarantined`.
    pub fn failed(self) -> Self {
        self.only(" and failed", |run| run.state.is_dead())
    }

    /// Those that stand in a state.
    pub fn ended(self, state: StateWord) -> Self {
        self.only(&format!(" and {state}"), |run| run.state == state)
    }

    /// Those of ticks.
    pub fn by_schedule(self) -> Self {
        self.only(" by its schedule", |run| run.origin == Origin::Tick)
    }

    /// Those that were triggered.
    pub fn by_hand(self) -> Self {
        self.only(" by hand", |run| run.origin == Origin::Manual)
    }

    /// Those whose tick is not before `from`, and before `to`.
    #[track_caller]
    pub fn between(self, from: impl When, to: impl When) -> Self {
        let (from, to) = (self.sim.instant(from), self.sim.instant(to));
        let words = format!(" from {} to before {}", self.sim.shown(from), self.sim.shown(to));
        self.only(&words, |run| from <= run.tick && run.tick < to)
    }

    /// There are so many.
    #[track_caller]
    pub fn times(self, times: usize) {
        assert!(self.runs.len() == times, "{}", self.counted(&number(times)));
    }

    /// There is one.
    #[track_caller]
    pub fn once(self) {
        self.times(1);
    }

    /// There is none.
    #[track_caller]
    pub fn never(self) {
        self.times(0);
    }

    /// There are so many, or more.
    #[track_caller]
    pub fn at_least(self, times: usize) {
        assert!(self.runs.len() >= times, "{}", self.counted(&format!("at least {}", number(times))));
    }

    /// They are those of these ticks, and no others.
    #[track_caller]
    pub fn at<W: When>(self, ticks: impl IntoIterator<Item = W>) {
        let expected: Vec<_> = ticks.into_iter().map(|tick| self.sim.instant(tick)).collect();
        let found: Vec<_> = self.runs.iter().map(|run| run.tick).collect();
        let said = differences(self.sim, &self.job, &self.words, expected, found);
        assert!(said.is_none(), "{}", said.unwrap_or_default());
    }

    fn counted(&self, expected: &str) -> String {
        let found = number(self.runs.len());
        let mut text = format!("expected `{}` {} {expected}; it was {found}", self.job, self.words);
        about(&mut text, self.sim, &self.job);
        text
    }
}

impl Skipped<'_> {
    fn only(mut self, wanted: SkipReason) -> Self {
        self.ticks.retain(|tick| match tick.verdict {
            TickVerdict::Skipped { reason, .. } => reason == wanted,
            TickVerdict::Ran { .. } => false,
        });
        self.words = format!("to have been skipped({wanted})");
        self
    }

    /// Those for which an older run held the slot.
    pub fn overlap(self) -> Self {
        self.only(SkipReason::Overlap)
    }

    /// Those that nobody was there for.
    pub fn missed(self) -> Self {
        self.only(SkipReason::Missed)
    }

    /// Those of a pause.
    pub fn paused(self) -> Self {
        self.only(SkipReason::Paused)
    }

    /// Those that waited and were replaced.
    pub fn superseded(self) -> Self {
        self.only(SkipReason::Superseded)
    }

    /// Those of a time in which the clock was wrong.
    pub fn clock(self) -> Self {
        self.only(SkipReason::Clock)
    }

    /// Those that are not before `from`, and before `to`.
    #[track_caller]
    pub fn between(mut self, from: impl When, to: impl When) -> Self {
        let (from, to) = (self.sim.instant(from), self.sim.instant(to));
        self.ticks.retain(|tick| from <= tick.at && tick.at < to);
        let _ = write!(self.words, " from {} to before {}", self.sim.shown(from), self.sim.shown(to));
        self
    }

    /// There are so many.
    #[track_caller]
    pub fn times(self, times: usize) {
        assert!(self.ticks.len() == times, "{}", self.counted(&number(times)));
    }

    /// There is one.
    #[track_caller]
    pub fn once(self) {
        self.times(1);
    }

    /// There is none.
    #[track_caller]
    pub fn never(self) {
        self.times(0);
    }

    /// There are so many, or more.
    #[track_caller]
    pub fn at_least(self, times: usize) {
        assert!(self.ticks.len() >= times, "{}", self.counted(&format!("at least {}", number(times))));
    }

    /// They are these, and no others.
    #[track_caller]
    pub fn at<W: When>(self, ticks: impl IntoIterator<Item = W>) {
        let expected: Vec<_> = ticks.into_iter().map(|tick| self.sim.instant(tick)).collect();
        let found: Vec<_> = self.ticks.iter().map(|tick| tick.at).collect();
        let said = differences(self.sim, &self.job, &self.words, expected, found);
        assert!(said.is_none(), "{}", said.unwrap_or_default());
    }

    fn counted(&self, expected: &str) -> String {
        let found = number(self.ticks.len());
        let mut text = format!("expected `{}` {} {expected}; it was {found}", self.job, self.words);
        about(&mut text, self.sim, &self.job);
        text
    }
}

fn number(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

/// What is missing and what is too much, each with what is known of it.
fn differences(
    sim: &Simulation,
    job: &str,
    words: &str,
    mut expected: Vec<DateTime<Utc>>,
    found: Vec<DateTime<Utc>>,
) -> Option<String> {
    expected.sort_unstable();
    let missing = without(&expected, &found);
    let surplus = without(&found, &expected);
    if missing.is_empty() && surplus.is_empty() {
        return None;
    }
    let mut text = format!(
        "expected `{job}` {words} at {}; {} of them missing, {} more than expected",
        match expected.len() {
            1 => "1 tick".to_owned(),
            ticks => format!("{ticks} ticks"),
        },
        missing.len(),
        surplus.len()
    );
    let ticks = sim.ticks(job);
    list(&mut text, missing, |at| format!("missing  {}: {}", sim.shown(at), found_at(sim, &ticks, at)));
    list(&mut text, surplus, |at| format!("surplus  {}", sim.shown(at)));
    about(&mut text, sim, job);
    Some(text)
}

/// What is in one sorted list and not in the other. One that comes twice has to be there twice.
fn without(these: &[DateTime<Utc>], those: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
    let mut others = those.iter().peekable();
    let mut rest = Vec::new();
    for at in these {
        while others.next_if(|other| *other < at).is_some() {}
        if others.next_if_eq(&at).is_none() {
            rest.push(*at);
        }
    }
    rest
}

/// What became of an instant, or else of the ticks beside it.
fn found_at(sim: &Simulation, ticks: &[TickRecord], at: DateTime<Utc>) -> String {
    if let Some(tick) = ticks.iter().find(|tick| tick.at == at) {
        return verdict(tick);
    }
    if at > sim.now() {
        return format!("it is only {}", sim.shown(sim.now()));
    }
    let before = ticks.iter().rfind(|tick| tick.at < at);
    let after = ticks.iter().find(|tick| tick.at > at);
    let near = |tick: &TickRecord| format!("{} ({})", sim.shown(tick.at), verdict(tick));
    match (before.map(near), after.map(near)) {
        (Some(before), Some(after)) => format!("no tick; the nearest are {before} and {after}"),
        (Some(near), None) | (None, Some(near)) => format!("no tick; the nearest is {near}"),
        (None, None) => "no tick, and there is no other".to_owned(),
    }
}

fn verdict(tick: &TickRecord) -> String {
    match &tick.verdict {
        TickVerdict::Ran { run, state } => format!("ran, {state} (run {run})"),
        TickVerdict::Skipped { reason, holder: Some(run) } => {
            format!("skipped({reason}), run {run} held the slot")
        }
        TickVerdict::Skipped { reason, holder: None } => format!("skipped({reason})"),
    }
}

/// The runs and the skipped ticks of a job, so that a person sees what there was.
fn about(text: &mut String, sim: &Simulation, job: &str) {
    let (begin, _) = sim.begin_and_zone();
    let _ = write!(text, "\n  from {} to {}:", sim.shown(begin), sim.shown(sim.now()));
    let skipped = sim.skipped_ticks(job).into_iter().map(|tick| (tick.at, Row::Skipped(tick)));
    let mut rows: Vec<_> =
        skipped.chain(sim.runs(job).into_iter().map(|run| (run.tick, Row::Run(run)))).collect();
    rows.sort_by_key(|(at, _)| *at);
    if rows.is_empty() {
        text.push_str("\n    nothing ran and nothing was skipped");
    }
    list(text, rows, |(at, row)| format!("  {}: {}", sim.shown(at), row.words()));
    if let Some(due) = sim.job(job).and_then(|job| job.due) {
        let _ = write!(text, "\n    next due {}", sim.shown(due));
    }
}

/// Something that happened.
enum Row {
    Skipped(TickRecord),
    Run(RunRecord),
}

impl Row {
    fn words(&self) -> String {
        let run = match self {
            Self::Skipped(tick) => return verdict(tick),
            Self::Run(run) => run,
        };
        let mut words = run.state.to_string();
        if run.origin != Origin::Tick {
            let _ = write!(words, " ({})", run.origin);
        }
        match run.attempts {
            1 => words.push_str(", 1 attempt"),
            attempts => {
                let _ = write!(words, ", {attempts} attempts");
            }
        }
        if !run.error.is_empty() {
            let _ = write!(words, ": {}", run.error);
        }
        words
    }
}

/// Lines of a list, its middle left out if it is long.
fn list<T>(text: &mut String, items: Vec<T>, line: impl Fn(T) -> String) {
    let number = items.len();
    for (index, item) in items.into_iter().enumerate() {
        if number > 2 * SHOWN + 1 && (SHOWN..number - SHOWN).contains(&index) {
            if index == SHOWN {
                let _ = write!(text, "\n    ... {} more ...", number - 2 * SHOWN);
            }
            continue;
        }
        let _ = write!(text, "\n  {}", line(item));
    }
}
