//! A program with one job that takes its process down, and others that do their work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cron_runtime::prelude::*;

/// How many calls of the neighbour are in progress.
static NEIGHBOURS: AtomicU32 = AtomicU32::new(0);

/// Its period is shorter than any restart, and it has no retries: each death is that of another run.
#[job(every = "500ms")]
fn poison() {
    // The neighbour is to be in progress each time; where it is not, this does its harm all the same.
    let begun = Instant::now();
    while NEIGHBOURS.load(Ordering::SeqCst) == 0 && begun.elapsed() < Duration::from_secs(5) {
        std::thread::yield_now();
    }
    std::process::abort();
}

#[job(every = "1s")]
async fn neighbour() {
    NEIGHBOURS.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(800)).await;
    NEIGHBOURS.fetch_sub(1, Ordering::SeqCst);
}

#[job(every = "200ms")]
fn healthy() {}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    println!("started");
    scheduler.until_signal().await
}
