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
    scheduler.until_signal().await?;
    println!("returned");
    Ok(())
}
