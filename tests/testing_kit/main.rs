//! The kit for users' own tests of their jobs.

mod expecting;
mod faults;
mod invoking;
mod machine;
mod time;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cron_runtime::prelude::*;

/// How often functions were called.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<AtomicU64>);

impl Calls {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[job(every = "10m")]
fn sync(State(calls): State<Calls>) {
    calls.add();
}

#[job(daily = "01:30", timezone = "Europe/London")]
fn close_day() {}

#[job(every = "1h", retries = 3, retry_delay = "1m", backoff = "fixed", timeout = "20m")]
async fn fetch(State(calls): State<Calls>) {
    calls.add();
}

#[job]
fn remind(Args(to): Args<String>, run: Run) {
    run.log(format!("Do not forget, {to}!"));
}

/// Reminds until the third time, and is gone then.
#[job(retries = 1, retry_delay = "1m", backoff = "fixed")]
fn remind_thrice(run: Run, State(calls): State<Calls>) -> Result<(), JobError> {
    calls.add();
    if calls.number() == 3 {
        run.remove_job().map_err(JobError::discard)?;
        return Err(JobError::retry("once more"));
    }
    Ok(())
}

/// What a closure says when it panics.
fn said_by(panics: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().expect("a text").to_string(),
    }
}
