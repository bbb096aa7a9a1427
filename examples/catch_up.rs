//! A scheduler that was away for three seconds, and what each catch-up rule makes of the ticks that nobody was there for.

use std::time::Duration;

use cron_runtime::prelude::*;
use cron_runtime::store::RunQuery;

/// Runs the newest missed tick, with its own nominal time. The default.
#[job(every = "1s", catch_up = "latest")]
fn newest_only() {}

/// Runs every missed tick, oldest first, one at a time.
#[job(every = "1s", catch_up = "all", catch_up_limit = 10)]
fn every_one() {}

/// Lets missed ticks go.
#[job(every = "1s", catch_up = "none")]
fn only_on_time() {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("jobs.db").to_string_lossy().into_owned();
    let first = cron_runtime::start().database(&*database).await?;
    first.shutdown().await?;
    println!("away for three seconds ...");
    tokio::time::sleep(Duration::from_secs(3)).await;

    let second = cron_runtime::start().database(&*database).await?;
    let mut events = second.events();
    let mut on_time = 0;
    while on_time < 3 {
        let Some(event) = cron_examples::next(&mut events).await else { break };
        if let cron_runtime::Event::Started { job, .. } = &event {
            on_time += usize::from(job.as_str() == "only_on_time");
        }
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
    }
    for job in second.list().await? {
        let query = RunQuery { job: Some(job.plan.name.to_string()), ..RunQuery::default() };
        println!("{}: {} runs", job.plan.name, second.runs(query).await?.len());
    }
    second.shutdown().await?;
    Ok(())
}
