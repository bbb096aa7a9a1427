//! A program that is killed in each attempt of its job: the job says that it was called, and then never comes back.

use cron_runtime::prelude::*;

#[job(run_on_start = true, retries = 3, retry_delay = "50ms")]
fn brittle(run: Run) {
    println!("called {}", run.attempt());
    loop {
        std::thread::park();
    }
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    println!("started");
    scheduler.until_signal().await
}
