//! Functions that say themselves when they run next, and errors that say whether they are tried again.

use std::time::Duration;

use cron_runtime::core::run::{Origin, StateWord};
use cron_runtime::prelude::*;

/// Looks for work once an hour, and goes on at once while there is some.
#[job(every = "1h")]
async fn drain_queue(run: Run) -> anyhow::Result<Next> {
    // The run that somebody asks for finds more than it can do.
    let is_drained = run.origin() != Origin::Manual;
    println!("run {} ({}): drained: {is_drained}", run.id(), run.origin());
    // Ticks that come before the run that is asked for here are recorded as superseded.
    Ok(if is_drained { Next::Scheduled } else { Next::After(Duration::from_millis(100)) })
}

/// Waits as long as the server asks for, and gives up where no attempt can help.
#[job(retries = 5)]
async fn fetch(run: Run) -> Result<(), JobError> {
    match run.attempt() {
        1 => Err(JobError::retry_after(Duration::from_millis(200), "429: come back in 200 ms")),
        _ => Err(JobError::discard("410: gone")),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    let mut events = scheduler.events();
    scheduler.trigger(drain_queue::JOB).await?;
    let fetched = scheduler.trigger(fetch::JOB).await?;
    let mut ends = Vec::new();
    while ends.len() < 3 {
        let Some(event) = cron_examples::next(&mut events).await else { break };
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        ends.extend(event.finished());
    }
    anyhow::ensure!(ends.contains(&(fetched, StateWord::Discarded)), "a permanent error is not tried again");
    scheduler.shutdown().await?;
    Ok(())
}
