//! A job that fails twice: the time of each retry is stored, so it would survive a restart.

use cron_runtime::Event;
use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;

/// Succeeds in its third attempt. The delay doubles from attempt to attempt; `backoff` has other ways to grow.
#[job(retries = 3, retry_delay = "100ms", backoff = "exponential")]
async fn import(run: Run) -> anyhow::Result<()> {
    anyhow::ensure!(run.attempt() == 3, "the server answered 503 to attempt {}", run.attempt());
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = cron_runtime::start().database("memory:").await?;
    let mut events = scheduler.events();
    // No schedule: this job runs when somebody asks for it.
    let run = scheduler.trigger(import::JOB.name()).await?;

    while let Some(event) = cron_examples::next(&mut events).await {
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        if let Event::Ended { state, .. } = event
            && !state.is_active()
        {
            anyhow::ensure!(state.word() == StateWord::Succeeded, "the third attempt succeeds");
            break;
        }
    }
    let (_, attempts) = scheduler.run(run).await?.expect("it was just there");
    println!("{} attempts failed before: {}", attempts.len(), attempts[1].message);
    scheduler.shutdown().await?;
    Ok(())
}
