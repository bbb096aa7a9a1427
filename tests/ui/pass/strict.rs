//! Jobs in a crate with strict lints: what the macro adds triggers none of them.

#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, missing_debug_implementations)]
#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::absolute_paths,
    clippy::used_underscore_binding
)]
#![forbid(unsafe_code)]
// A test of its own is no library, so nothing in it is reachable from outside.
#![allow(unreachable_pub)]

use std::error::Error;
use std::io;

use cron_runtime::extract::{Run, State};
use cron_runtime::job;

/// Waits for the run to be cancelled.
#[job(cron = "*/15 9-17 * * MON-FRI", timezone = "Europe/London", retries = 3, retry_past_next = true)]
pub async fn with_everything(State(names): State<Vec<String>>, run: Run) -> io::Result<()> {
    run.cancelled().await;
    drop(names);
    Ok(())
}

/// Does nothing, on the blocking pool.
#[job(every = "30s", phase = "5s", overlap = "allow", catch_up = "all", catch_up_limit = 7)]
pub fn plain() {}

/// Fails with a text.
///
/// # Errors
///
/// Always.
#[job(every = "1h", catch_up = "none", grace = "5s", catch_up_window = "1d", timeout = "1h 30m")]
pub fn failing() -> Result<(), String> {
    Err("always".to_owned())
}

/// Fails with a box.
///
/// # Errors
///
/// Always.
#[job(daily = "14:30", retries = 2, backoff = "linear", retry_delay = "1s", retry_max_delay = "10s")]
pub fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("always".into())
}

/// Runs by hand only, and nobody should call it.
#[job]
#[deprecated]
pub fn by_hand() {}

mod private {
    use cron_runtime::job;

    #[job(hourly = ":30")]
    pub(super) fn seen_by_the_parent() {}

    #[job(weekly = "MON,FRI 10:00")]
    fn seen_by_nobody() {}

    #[job(at = "2026-12-25T00:00:00", timezone = "Europe/Berlin")]
    pub(in crate::strict) fn seen_by_an_ancestor() {}
}

#[test]
fn handles_carry_the_names() {
    assert_eq!(with_everything::JOB.name(), "with_everything");
    assert_eq!(private::seen_by_the_parent::JOB.name(), "seen_by_the_parent");
    assert_eq!(private::seen_by_an_ancestor::JOB.name(), "seen_by_an_ancestor");
    private::seen_by_the_parent();
}
