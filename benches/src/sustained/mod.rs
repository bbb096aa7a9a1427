//! How many runs a second, each with its verdict, its beginning and its end on record before the next step: the whole engine, the store
//! alone, a peer that keeps its jobs in SQLite too, and a plain loop that does no more than has to be written.

pub mod bare;
mod engine;
pub mod store;

pub use store::{plans, success};

use anyhow::Context;
use serde_json::{Value, json};

pub use engine::child as engine_child;

use crate::figure::{Figure, Goal, Line};
use crate::place::{Measuring, median, number};

/// Jobs of the loops, each due once in every round.
const JOBS: usize = 20_000;

/// Rounds of the loops.
const ROUNDS: usize = 5;

/// How often the loops alternate.
const TURNS: usize = 3;

/// What one turn of a loop has taken.
#[derive(Clone, Copy, Debug)]
struct Turn {
    runs_per_second: f64,
    bytes_per_run: f64,
}

impl Turn {
    fn medians(turns: &[Self]) -> Self {
        let of = |pick: fn(&Self) -> f64| median(turns.iter().map(pick).collect());
        Self {
            runs_per_second: of(|turn| turn.runs_per_second),
            bytes_per_run: of(|turn| turn.bytes_per_run),
        }
    }

    fn all(turns: &[Self]) -> Value {
        turns.iter().map(|turn| json!([turn.runs_per_second, turn.bytes_per_run])).collect()
    }
}

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut limit = None;
    for batch in [512, 2_048] {
        let (mut bare, mut together, mut apart) = (Vec::new(), Vec::new(), Vec::new());
        // In turns, so that other work on the machine disturbs all of them alike.
        for _ in 0..TURNS {
            bare.push(bare::turn(batch)?);
            together.push(store::turn(batch, store::Way::Together)?);
            apart.push(store::turn(batch, store::Way::Apart)?);
        }
        let bare_median = Turn::medians(&bare);
        if batch == 512 {
            limit = Some(bare_median);
        }
        for (way, turns) in [("settle_and_judge", &together), ("judge, then settle", &apart)] {
            let ours = Turn::medians(turns);
            let raw =
                json!({ "ours": Turn::all(turns), "bare": Turn::all(&bare), "jobs": JOBS, "rounds": ROUNDS });
            let line = Line::new(
                format!("runs, the store alone, batches of {batch}: {way}"),
                Figure::per_second(ours.runs_per_second),
            );
            let line = line.beside("bare loop", Figure::per_second(bare_median.runs_per_second));
            lines.push(line.goal(Goal::TimesAsGood(0.6)).raw(raw)?);
        }
        if batch == 512 {
            let ours = Figure::bytes(Turn::medians(&together).bytes_per_run);
            let line = Line::new("bytes of database for each run", ours);
            lines.push(line.beside("bare loop", Figure::bytes(bare_median.bytes_per_run)));
        }
    }
    let limit = limit.context("a batch of 512 was measured")?;
    lines.extend(whole(limit)?);
    Ok(lines)
}

/// The whole engine, with functions that are called and return.
fn whole(limit: Turn) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (jobs, workers) in [("100000", "20000"), ("100000", "default")] {
        let result = Measuring::child(&["sustained", jobs, workers])?.result()?;
        let ours = Figure::per_second(number(&result, "runs_per_second")?);
        let what = format!("runs, the whole engine, {jobs} jobs every second, workers: {workers}");
        let line = Line::new(what, ours);
        let line = line.beside("bare loop, batches of 512", Figure::per_second(limit.runs_per_second));
        let line = if workers == "default" { line } else { line.goal(Goal::TimesAsGood(0.6)) };
        lines.push(line.raw(result)?);
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
