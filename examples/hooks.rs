//! Being told: of runs that failed for good, of those of one job, of ticks that start late.

use cron_runtime::prelude::*;
use tokio::sync::mpsc::unbounded_channel;

#[job(retries = 2, retry_delay = "50ms")]
async fn import() -> anyhow::Result<()> {
    anyhow::bail!("the disk is full")
}

#[job]
fn backup() {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (pager, mut calls) = unbounded_channel();
    let scheduler = cron_runtime::start()
        .database("memory:")
        // Called once the last attempt has failed. An error here is told as a problem; no job is touched by it.
        .on_failure(move |failure| {
            let pager = pager.clone();
            async move { pager.send(format!("{}: {}", failure.job, failure.error)) }
        })
        .on_success_of(backup::JOB, |success| async move { println!("backup done in run {}", success.run) })
        .on_late(|late| async move { println!("{} starts late for its tick {}", late.job, late.tick) })
        .await?;
    scheduler.trigger(backup::JOB).await?;
    scheduler.trigger(import::JOB).await?;
    println!("the pager says: {}", calls.recv().await.expect("the import fails"));
    scheduler.shutdown().await?;
    Ok(())
}
