//! A program whose synchronous job never returns.

use cron_runtime::prelude::*;

#[job]
fn never_returns() {
    println!("called");
    loop {
        std::thread::park();
    }
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().shutdown_grace(std::time::Duration::ZERO).await?;
    scheduler.trigger(never_returns::JOB).await?;
    if std::env::var_os("BY_ITSELF").is_some() {
        while scheduler.runs(Default::default()).await?.iter().all(|run| run.started.is_none()) {
            tokio::task::yield_now().await;
        }
        for (job, _) in scheduler.shutdown().await?.still_running {
            println!("{job} still runs");
        }
        return Ok(());
    }
    scheduler.until_signal().await?;
    println!("returned");
    Ok(())
}
