//! How many runs a second, each with its verdict, its beginning and its end on record before the next step: the whole engine, the store
//! alone, a peer that keeps its jobs in SQLite too, and a plain loop that does no more than has to be written.

pub mod bare;
mod engine;
pub mod store;

pub use store::{plans, success};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};

pub use engine::child as engine_child;

use crate::figure::{Figure, Goal, Line};
use crate::place::{Measuring, median, number};

/// Jobs of the loops, each due once in every round.
const JOBS: usize = 20_000;

/// Rounds of the loops.
const ROUNDS: usize = 5;

/// Jobs of the whole engine, due every second: more than it can do.
const WHOLE_JOBS: usize = 150_000;

/// Rounds of the bare loop beside it, which give about as many runs as it makes in its nine seconds.
const WHOLE_ROUNDS: usize = 8;

/// How often the loops alternate.
const TURNS: usize = 3;

/// What one turn of a loop has taken.
#[derive(Clone, Copy, Debug, Serialize)]
struct Turn {
    runs_per_second: f64,
    bytes_per_run: f64,
    processor_per_run: f64,
}

impl Turn {
    fn medians(turns: &[Self]) -> Self {
        let of = |pick: fn(&Self) -> f64| median(turns.iter().map(pick).collect());
        Self {
            runs_per_second: of(|turn| turn.runs_per_second),
            bytes_per_run: of(|turn| turn.bytes_per_run),
            processor_per_run: of(|turn| turn.processor_per_run),
        }
    }
}

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for batch in [512, 2_048] {
        let (mut bare, mut together, mut apart) = (Vec::new(), Vec::new(), Vec::new());
        // In turns, so that the disk and other work on the machine disturb all of them alike.
        for _ in 0..TURNS {
            bare.push(bare::turn(batch, JOBS, ROUNDS)?);
            together.push(store::turn(batch, store::Way::Together)?);
            apart.push(store::turn(batch, store::Way::Apart)?);
        }
        let limit = Turn::medians(&bare);
        for (way, turns) in [("settle_and_judge", &together), ("judge, then settle", &apart)] {
            let ours = Turn::medians(turns);
            let raw = json!({ "ours": turns, "bare": bare, "jobs": JOBS, "rounds": ROUNDS });
            let what = format!("the store alone, batches of {batch}, {way}");
            let line = Line::new(format!("runs, {what}"), Figure::per_second(ours.runs_per_second));
            let line = line.beside("bare loop", Figure::per_second(limit.runs_per_second));
            lines.push(line.goal(Goal::TimesAsGood(0.6)).raw(&raw)?);
            let line = Line::new(
                format!("processor time of a run, {what}"),
                Figure::seconds(ours.processor_per_run),
            );
            lines.push(line.beside("bare loop", Figure::seconds(limit.processor_per_run)));
        }
        if batch == 512 {
            let ours = Figure::bytes(Turn::medians(&together).bytes_per_run);
            let line = Line::new("bytes of database for each run", ours);
            lines.push(line.beside("bare loop", Figure::bytes(limit.bytes_per_run)));
        }
    }
    lines.extend(whole()?);
    Ok(lines)
}

/// The whole engine, with functions that are called and return.
fn whole() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    // The disk of a virtual machine may be five times slower a minute later: so the limits are measured before and after. There are two,
    // because more jobs and more runs on record are slower for whoever writes them: the one of the store alone, and one on as many of both
    // as the engine has.
    let limits = [("20,000 jobs", JOBS, ROUNDS), ("as many jobs", WHOLE_JOBS, WHOLE_ROUNDS)];
    let measure = || -> anyhow::Result<Vec<Turn>> {
        limits.iter().map(|&(_, jobs, rounds)| bare::turn(512, jobs, rounds)).collect()
    };
    let mut before = measure()?;
    for workers in ["20000", "default"] {
        let result = Measuring::child(&["sustained", &WHOLE_JOBS.to_string(), workers])?.result()?;
        let after = measure()?;
        let ours = Figure::per_second(number(&result, "runs_per_second")?);
        let what = format!("the whole engine, {WHOLE_JOBS} jobs every second, workers: {workers}");
        for ((of, ..), around) in limits.iter().zip(before.iter().zip(&after)) {
            let limit = (around.0.runs_per_second + around.1.runs_per_second) / 2.0;
            let line = Line::new(format!("runs, {what}"), ours);
            let line = line.beside(format!("bare loop, batches of 512, {of}"), Figure::per_second(limit));
            let line = if workers == "default" { line } else { line.goal(Goal::TimesAsGood(0.6)) };
            lines.push(line.raw(json!({ "ours": result, "bare": [around.0, around.1] }))?);
        }
        let processor = Figure::seconds(number(&result, "processor_per_run")?);
        let line = Line::new(format!("processor time of a run, {what}"), processor);
        lines.push(line.beside(
            "bare loop, 20,000 jobs",
            Figure::seconds(Turn::medians(&[before[0], after[0]]).processor_per_run),
        ));
        before = after;
    }
    let ours = lines.first().context("the engine was measured")?.ours;
    let peer = || Measuring::beside("peers", &["sustained", "effectum"])?.result();
    let peer = (0..TURNS).map(|_| peer()).collect::<anyhow::Result<Vec<Value>>>()?;
    let rates = peer.iter().map(|turn| number(turn, "runs_per_second")).collect::<Result<_, _>>()?;
    let line = Line::new("runs, the whole engine, beside a queue in SQLite", ours);
    let line = line.beside("effectum, synchronous=NORMAL", Figure::per_second(median(rates)));
    lines.push(line.raw(peer)?);
    Ok(lines)
}
