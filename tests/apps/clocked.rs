//! A program whose jobs book each of their ticks in a table of its own, under a clock that is not the right one. It says which tick was
//! booked, and what it is told of the clock.

use std::time::Duration;

use cron_runtime::prelude::*;
use cron_runtime::rusqlite::Transaction;
use cron_runtime::{CompleteError, ProblemKind};

/// The newest tick runs late, and those before it are skipped.
#[job(every = "250ms")]
fn newest(run: Run) -> Result<(), CompleteError> {
    booked(&run)
}

/// The last hundred ticks run late.
#[job(every = "250ms", catch_up = "all", retries = 1)]
fn every_one(run: Run) -> Result<(), CompleteError> {
    booked(&run)
}

/// Has one tick in its life.
#[job(once = "1s")]
fn single(run: Run) -> Result<(), CompleteError> {
    booked(&run)
}

/// The effect, which nothing but the promise keeps from coming twice: the table has no key.
fn booked(run: &Run) -> Result<(), CompleteError> {
    run.transaction(|tx: &Transaction<'_>| {
        tx.execute_batch("CREATE TABLE IF NOT EXISTS booked (job TEXT, tick INTEGER)")?;
        tx.execute("INSERT INTO booked VALUES (?1, ?2)", (run.name(), run.tick().timestamp_millis()))?;
        Ok::<_, CompleteError>(())
    })?;
    println!("booked {} {}", run.name(), run.tick().timestamp_millis());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    let watch = scheduler.clone();
    tokio::spawn(async move {
        let mut told = String::new();
        loop {
            // An event of something that goes on is told at growing intervals; what it says is here at once.
            let problems = watch.problems();
            let clock = problems.into_iter().rfind(|problem| problem.kind == ProblemKind::MarksSetBack);
            if let Some(problem) = clock.filter(|problem| problem.what != told) {
                println!("told {}", problem.what);
                told = problem.what;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    scheduler.until_signal().await
}
