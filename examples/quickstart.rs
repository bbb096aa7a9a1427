//! Three jobs, what happens to them, and what is left of them after Ctrl-C or `kill -9`.
//!
//! Run it, stop it in whatever way you like, wait a little, run it again: no tick is lost and none gets two runs. Meanwhile or
//! afterwards, `cargo run --bin inspect -- list` shows the jobs and `-- runs` shows the runs.

use cron_runtime::prelude::*;

/// Says that it is alive, every two seconds.
#[job(every = "2s")]
fn heartbeat() {}

/// Fails at first and is tried again a second later.
#[job(every = "5s", retries = 3, retry_delay = "1s", overlap = "skip")]
async fn flaky(run: Run) -> Result<(), String> {
    match run.attempt() {
        1 => Err("the network is down".to_owned()),
        _ => Ok(()),
    }
}

/// Mails the morning report. London's clocks change; this does not skip or double a day.
#[job(cron = "0 9 * * MON-FRI", timezone = "Europe/London", timeout = "5m")]
async fn morning_report() {}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    for job in scheduler.list().await? {
        let when = job.plan.schedule.as_ref().map(|schedule| schedule.describe()).unwrap_or_default();
        println!("{}: {when}", job.plan.name);
    }
    println!("Ctrl-C ends it. In another terminal: cargo run --bin inspect -- list");

    let mut events = scheduler.events();
    tokio::spawn(async move {
        while let Some(event) = cron_examples::next(&mut events).await {
            cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        }
    });
    scheduler.until_signal().await
}
