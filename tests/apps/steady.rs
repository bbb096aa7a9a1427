//! A program that is killed again and again. Each call of a job is noted in the file named by `CALLS` before it does anything.

use std::fs::OpenOptions;
use std::io::Write;

use cron_runtime::Event;
use cron_runtime::prelude::*;

/// Every second, at most once.
#[job(every = "1s")]
fn second(run: Run) {
    note(&run);
}

/// Every second, at least once: a lost attempt is followed by another.
#[job(every = "1s", retries = 2, retry_delay = "100ms", retry_past_next = true)]
async fn insistent(run: Run) {
    note(&run);
    // Long enough that some kills hit it in the middle.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
}

/// Once a day: not due while this test runs.
#[job(daily = "04:00", timezone = "Europe/London")]
fn daily(run: Run) {
    note(&run);
}

/// One `write` each, so that a kill leaves a whole line or none.
fn note(run: &Run) {
    let path = std::env::var_os("CALLS").expect("CALLS names a file");
    let line = format!("{} {} {} {}\n", run.name(), run.tick().timestamp_millis(), run.id(), run.epoch());
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file opens");
    file.write_all(line.as_bytes()).expect("the file is written");
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    let mut events = scheduler.events();
    println!("started");
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            if let Event::Problem(problem) = event {
                println!("{}", problem.kind);
            }
        }
    });
    scheduler.until_signal().await
}
