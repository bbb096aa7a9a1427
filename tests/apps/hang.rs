//! A program whose synchronous job never returns.

use std::sync::atomic::{AtomicBool, Ordering};

use cron_runtime::Signal;
use cron_runtime::prelude::*;

static CALLED: AtomicBool = AtomicBool::new(false);

#[job]
fn never_returns() {
    println!("called");
    CALLED.store(true, Ordering::SeqCst);
    loop {
        std::thread::park();
    }
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let mut start = cron_runtime::start().shutdown_grace(std::time::Duration::ZERO);
    match std::env::var("SIGNALS").as_deref() {
        Ok("hangup") => start = start.signals([Signal::Hangup, Signal::Interrupt]),
        Ok(_) => start = start.signals([Signal::Interrupt]),
        Err(_) => {}
    }
    let scheduler = start.await?;
    scheduler.trigger(never_returns::JOB).await?;
    if std::env::var_os("BY_ITSELF").is_some() {
        while !CALLED.load(Ordering::SeqCst) {
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
