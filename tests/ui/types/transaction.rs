//! The work of a transaction is not async, and its error can say that there was none.

use cron_runtime::prelude::*;

#[job(every = "30s")]
fn book(run: Run) -> Result<(), JobError> {
    run.transaction(|_tx| async { Ok::<(), JobError>(()) });
    Ok(())
}

#[job(every = "30s")]
fn book_with_text(run: Run) -> Result<(), String> {
    run.transaction(|_tx| Ok::<(), String>(()))
}

fn main() {}
