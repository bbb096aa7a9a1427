//! A payment that is booked exactly once: its first attempt fails in the middle, its second one is booked and fails afterwards.
//!
//! `run.transaction` puts what it writes and the success of the run into one commit on the scheduler's own file. Before that commit
//! nothing has happened; from it on, nothing that goes wrong can have it happen again.

use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::Connection;

/// Pays the rent. A plain `fn` has a thread of its own, so that it may wait for the disk.
#[job(retries = 3, retry_delay = "100ms")]
fn pay_rent(run: Run) -> anyhow::Result<()> {
    run.transaction(|tx| {
        // The table lives in the scheduler's file; a transaction of SQLite may create it too.
        tx.execute_batch("CREATE TABLE IF NOT EXISTS app_payments (tick TEXT, amount INTEGER)")?;
        tx.execute("INSERT INTO app_payments VALUES (?1, 900)", [run.tick().to_rfc3339()])?;
        anyhow::ensure!(run.attempt() > 1, "the bank is closed: what was written so far is rolled back");
        Ok(())
    })?;
    anyhow::bail!("the printer is out of paper: that is told, and pays nothing twice")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("jobs.db");
    let scheduler = cron_runtime::start().database(database.to_string_lossy()).await?;
    let mut events = scheduler.events();
    let run = scheduler.trigger(pay_rent::JOB).await?;

    while let Some(event) = cron_examples::next(&mut events).await {
        cron_examples::line(&event).into_iter().for_each(|line| println!("{line}"));
        if let Some((finished, state)) = event.finished().filter(|(finished, _)| *finished == run) {
            anyhow::ensure!(state == StateWord::Succeeded, "run {finished} is {state}");
            break;
        }
    }
    scheduler.shutdown().await?;

    let payments = "SELECT count(*), sum(amount) FROM app_payments";
    let (count, sum): (i64, i64) =
        Connection::open(&database)?.query_row(payments, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    println!("two attempts, {count} payment of {sum}");
    anyhow::ensure!(count == 1, "booked {count} times");
    Ok(())
}
