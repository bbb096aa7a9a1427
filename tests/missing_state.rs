//! A job whose state was not given: found by `start()`, not by the first run.

use cron_runtime::prelude::*;

#[derive(Clone)]
struct Mailer;

#[derive(Clone)]
struct Pool;

#[job(every = "1s")]
async fn report(State(_): State<Mailer>, State(_): State<Pool>) {}

#[tokio::test]
async fn job_and_type_are_named_and_no_database_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let start = cron_runtime::start().database(database.to_string_lossy()).state(Pool);
    let text = start.await.expect_err("a state is missing").to_string();
    for part in ["job `report`", "Mailer", "missing_state.rs:12", ".state("] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(!text.contains("Pool"), "that one was given:\n{text}");
    assert!(!database.exists());

    let start = cron_runtime::start().database(database.to_string_lossy()).state(Pool).state(Mailer);
    start.await.expect("now it starts").shutdown().await.expect("and ends");
}
