//! A job that takes longer than its period, under two of the four rules for that (`queue` and `cancel` are the others).

use std::time::Duration;

use cron_runtime::Event;
use cron_runtime::core::run::SkipReason;
use cron_runtime::prelude::*;

/// Never runs beside itself: ticks that find it running are recorded as `skipped(overlap)` and name the run.
#[job(every = "500ms", overlap = "skip")]
async fn exclusive() {
    tokio::time::sleep(Duration::from_millis(1_200)).await;
}

/// Runs beside itself.
#[job(every = "500ms", overlap = "allow")]
async fn parallel() {
    tokio::time::sleep(Duration::from_millis(1_200)).await;
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    let mut events = scheduler.events();
    let (mut skipped, mut parallel_starts) = (0, 0);
    while skipped < 4 || parallel_starts < 4 {
        let Some(event) = cron_examples::next(&mut events).await else { break };
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        match event {
            Event::Skipped { job, skip } => {
                anyhow::ensure!(job.as_str() == "exclusive" && skip.reason == SkipReason::Overlap);
                println!("              held by run {}", skip.holder.expect("an overlap names the run"));
                skipped += skip.count;
            }
            Event::Started { job, .. } if job.as_str() == "parallel" => parallel_starts += 1,
            _ => {}
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
