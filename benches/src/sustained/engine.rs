//! More jobs every second than can be run: what the whole engine does then.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::jobs::{Function, calls, requests, start};
use crate::place::{scratch, size};
use crate::process::processor;

/// After this long everything has been run at least once.
const WARM_UP: Duration = Duration::from_secs(3);

const SPAN: Duration = Duration::from_secs(6);

/// Runs for some seconds, in a process that does nothing else; what the file says must be what was counted.
pub async fn child(jobs: usize, workers: Option<usize>) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    let scheduler = start(&file, workers).await?;
    // `all`: a job that falls behind runs tick after tick, so that a run is a run and nothing is skipped.
    let all =
        requests(Function::Nothing, jobs, |_, job| job.every("1s").catch_up("all").catch_up_limit(10_000));
    scheduler.schedule_all(all).await.context("schedule the jobs")?;
    tokio::time::sleep(WARM_UP).await;
    let (begin, before, processor_before) = (Instant::now(), calls(), processor()?);
    tokio::time::sleep(SPAN).await;
    let (span, during) = (begin.elapsed(), calls() - before);
    let processor_per_run = (processor()? - processor_before) / during as f64;
    scheduler.shutdown_within(Duration::from_secs(20)).await.context("stop")?;

    let database = Connection::open(&file).context("open what was recorded")?;
    let count = |what: &str| -> anyhow::Result<u64> {
        Ok(database
            .query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, i64>(0))?
            .try_into()?)
    };
    let (runs, succeeded) = (count("runs")?, count("runs WHERE state = 'succeeded' AND origin = 'tick'")?);
    let (skips, called) = (count("skips")?, calls());
    // What waits for a worker has no call yet.
    let waiting = count("runs WHERE state = 'scheduled'")?;
    if runs != called + waiting || succeeded != called {
        bail!(
            "{called} calls, and {runs} runs on record, {succeeded} of them succeeded and {waiting} waiting"
        );
    }
    let rate = during as f64 / span.as_secs_f64();
    Ok(json!({
        "runs_per_second": rate, "processor_per_run": processor_per_run, "calls": called, "runs_on_record": runs, "waiting": waiting, "blocks_of_skipped_ticks": skips,
        "bytes": size(&file), "span_seconds": span.as_secs_f64(),
    }))
}
