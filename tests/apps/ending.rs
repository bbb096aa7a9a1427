//! A program with fifty functions in progress, of every kind, and with runs that wait for all that a run can wait for.
//!
//! With `AGAIN` set each function says its name and returns at once, one after the other. `GRACE` is the grace in seconds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cron_runtime::prelude::*;
use cron_runtime::{Event, JobRequest, Scheduler};

/// Says that it was called. Whether that is all.
fn says(run: &Run) -> bool {
    let again = std::env::var_os("AGAIN").is_some();
    if again {
        println!("{} {}", run.name(), run.attempt());
    }
    again
}

/// Ends when it is told that the scheduler ends.
#[job(overlap = "allow")]
async fn polite(run: Run) {
    if !says(&run) {
        run.shutting_down().await;
    }
}

/// Does not hear anything.
#[job(overlap = "allow", retries = 1)]
async fn deaf(run: Run) {
    if !says(&run) {
        std::future::pending::<()>().await;
    }
}

/// Ends when it is asked to stop. It has no retries, so it is not called again.
#[job(overlap = "allow")]
fn obedient(run: Run) -> Result<(), &'static str> {
    if says(&run) {
        return Ok(());
    }
    while !run.is_cancelled() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Err("cut off")
}

/// Does not look, but returns within the grace.
#[job(overlap = "allow")]
fn slow(run: Run) {
    if says(&run) {
        return;
    }
    while !run.is_shutting_down() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(500));
}

/// Never returns.
#[job(overlap = "allow", retries = 1)]
fn stuck(run: Run) {
    if !says(&run) {
        park();
    }
}

/// Never returns, and that is on record before the end begins.
#[job(overlap = "allow", timeout = "100ms")]
fn overdue(run: Run) {
    if !says(&run) {
        park();
    }
}

/// Never returns, and its next tick waits for that.
#[job(every = "1s", overlap = "queue", run_on_start = true, retries = 1)]
fn queued(run: Run) {
    if !says(&run) {
        park();
    }
}

/// Fails, and waits for its next attempt.
#[job(retries = 1, retry_delay = "1h")]
fn waits(run: Run) -> Result<(), &'static str> {
    if says(&run) { Ok(()) } else { Err("no flour") }
}

/// A new tick. The first program has no time for it.
#[job(every = "1s")]
fn ticks(run: Run) {
    says(&run);
}

fn park() {
    loop {
        std::thread::park();
    }
}

async fn make_busy(scheduler: &Scheduler) -> Result<(), cron_runtime::Error> {
    let mut events = scheduler.events();
    scheduler.pause("ticks", "test", "the first program has no time for it").await?;
    scheduler.trigger("waits").await?;
    while !matches!(events.recv().await, Ok(Event::Ended { job, .. }) if job.as_str() == "waits") {}
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let mut events = scheduler.events();
    for (job, runs) in
        [("overdue", 2), ("polite", 10), ("deaf", 10), ("obedient", 8), ("slow", 7), ("stuck", 7)]
    {
        for _ in 0..runs {
            scheduler.trigger(job).await?;
        }
    }
    // With the run of `queued` these are fifty.
    for number in 0..5 {
        let job = JobRequest::on("deaf")
            .named(format!("deaf-{number}"))
            .every("365d")
            .run_on_start(true)
            .retries(1);
        scheduler.schedule(job).await?;
    }
    let mut overdue = 0;
    while STARTED.load(Ordering::SeqCst) < 49 || overdue < 2 {
        match events.recv().await {
            Ok(Event::Started { job, .. }) if job.as_str() != "queued" => {
                STARTED.fetch_add(1, Ordering::SeqCst);
            }
            Ok(Event::Problem(problem)) if problem.what.contains("`overdue`") => overdue += 1,
            _ => {}
        }
    }
    // No worker is free for these.
    for _ in 0..3 {
        scheduler.trigger("polite").await?;
    }
    while scheduler.get("queued").await?.queued.is_none() {
        std::thread::yield_now();
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let again = std::env::var_os("AGAIN").is_some();
    let grace = std::env::var("GRACE").ok().and_then(|grace| grace.parse().ok()).unwrap_or(2);
    let workers = if again { 1 } else { 50 };
    let start = cron_runtime::start().shutdown_grace(Duration::from_secs(grace)).workers(workers);
    let scheduler = start.await?;
    if again {
        scheduler.resume("ticks").await?;
    } else {
        make_busy(&scheduler).await?;
        println!("busy");
    }
    scheduler.until_signal().await?;
    println!("returned");
    if std::env::var_os("STAYS").is_some() {
        std::future::pending::<()>().await;
    }
    Ok(())
}
