//! How long a year of an every-minute job takes in simulated time: 525,600 runs, every one of them kept in memory.
//!
//! `cargo bench -p cron-runtime --features testing --bench simulated_year [-- JOB]`

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::time::Instant;

use cron_runtime::prelude::*;
use cron_runtime::testing::Simulation;

const RUNS: usize = 525_600;

#[job(every = "1m")]
fn each_minute() {}

#[job(every = "1m")]
async fn each_minute_async() {}

fn year(job: &str) {
    let begin = Instant::now();
    let mut sim = Simulation::of(job).start();
    sim.run_for("1y");
    let passed = begin.elapsed();
    let begin = Instant::now();
    sim.ran(job).succeeded().times(RUNS);
    let counted = begin.elapsed();
    let begin = Instant::now();
    sim.audit();
    let audited = begin.elapsed();
    println!("a year of `{job}`: {passed:.2?}; counted in {counted:.2?}, audited in {audited:.2?}");
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for job in ["each_minute", "each_minute_async"] {
        if only.as_deref().is_none_or(|only| only == job) {
            year(job);
        }
    }
}
