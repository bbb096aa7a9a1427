//! A program whose jobs book each of their ticks in a table of its own, and that is killed again and again: before the commit, between
//! the commit and the return of the function, and after it.

use std::time::Duration;

use cron_runtime::CompleteError;
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::{Connection, Transaction, TransactionBehavior};

/// At most once, in the easy form.
#[job(every = "1s")]
fn frugal(run: Run) -> Result<(), CompleteError> {
    run.transaction(|tx| book(tx, &run))?;
    committed(&run);
    Ok(())
}

/// At least once, so that a lost attempt is followed by another. Some first attempts fail after their effect and before its commit; some
/// attempts fail or panic when it is committed already.
#[job(every = "1s", retries = 20, retry_delay = "50ms", retry_past_next = true)]
fn insistent(run: Run) -> Result<(), String> {
    let kind = run.tick().timestamp() % 4;
    let booked = run.transaction(|tx| {
        book(tx, &run)?;
        if kind == 0 && run.attempt() == 1 { Err(Refused::ByItself) } else { Ok(()) }
    });
    booked.map_err(|refused| format!("{refused:?}"))?;
    committed(&run);
    match kind {
        1 => Err("failed after its commit".to_owned()),
        2 => panic!("panicked after its commit"),
        _ => Ok(()),
    }
}

/// With a connection of its own, from an async function.
#[job(every = "1s", retries = 20, retry_delay = "50ms", retry_past_next = true)]
async fn own(run: Run) -> Result<(), String> {
    let booked = tokio::task::spawn_blocking(move || {
        let path = std::env::var_os("CRON_DATABASE_URL").expect("the test names the file");
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        book(&tx, &run)?;
        run.complete_in(&tx)?;
        tx.commit()?;
        committed(&run);
        Ok::<_, CompleteError>(())
    });
    booked.await.expect("it does not panic").map_err(|error| error.to_string())
}

#[derive(Debug)]
enum Refused {
    ByItself,
    Database { _error: CompleteError },
}

impl From<CompleteError> for Refused {
    fn from(error: CompleteError) -> Self {
        Self::Database { _error: error }
    }
}

/// The effect, which nothing but the promise keeps from coming twice: the table has no key.
fn book(tx: &Transaction<'_>, run: &Run) -> Result<(), CompleteError> {
    tx.execute_batch("CREATE TABLE IF NOT EXISTS booked (job TEXT, tick INTEGER, epoch INTEGER)")?;
    // Some kills hit it between the effect and the commit.
    tx.execute(
        "INSERT INTO booked VALUES (?1, ?2, ?3)",
        (run.name(), run.tick().timestamp_millis(), run.epoch().0.cast_signed()),
    )?;
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// Tells the test, and gives it time to kill this process while the function has not returned.
fn committed(run: &Run) {
    println!("committed {}", run.name());
    std::thread::sleep(Duration::from_millis(150));
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().await?;
    println!("started");
    scheduler.until_signal().await
}
