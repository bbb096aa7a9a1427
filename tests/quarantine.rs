//! A job whose process is killed in each attempt: lost attempts count, and the third death puts the job in quarantine for a person.

use std::path::Path;

use cron_runtime::core::run::{AttemptResult, RunId, StateWord};
use cron_runtime::store::Ledger;
use cron_runtime::store::sqlite::SqliteLedger;
use cron_tests::{App, inspect};

fn start(database: &Path) -> App {
    let app = App::start(env!("CARGO_BIN_EXE_app-brittle"), database, &[]);
    app.says("started");
    app
}

/// The state of the one run, and how its attempts ended.
fn run(database: &Path) -> (StateWord, u32, Vec<AttemptResult>) {
    let ledger = SqliteLedger::open(database).expect("the database opens");
    let (run, attempts) = ledger.run(RunId(1)).expect("readable").expect("the job ran on start");
    (run.state.word(), run.attempts_used, attempts.iter().map(|attempt| attempt.result).collect())
}

#[test]
fn three_deaths_put_a_job_in_quarantine_until_a_person_resumes_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    for attempt in 1..=3 {
        let mut app = start(&database);
        app.says(&format!("called {attempt}"));
        app.kill();
        let (state, used, _) = run(&database);
        assert_eq!((state, used), (StateWord::Running, attempt - 1), "nobody has noticed yet");
    }
    // A fourth attempt would be allowed by `retries = 3`, but what takes its process down is not started again.
    let mut app = start(&database);
    let (state, used, results) = run(&database);
    assert_eq!((state, used, results), (StateWord::Quarantined, 3, vec![AttemptResult::Lost; 3]));
    let listed = inspect(&database, &["dead-letters", "--json"]);
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    assert!(listed.contains("quarantined"), "{listed}");
    assert!(inspect(&database, &["retry", "1"]).status.success());
    assert_eq!(run(&database).0, StateWord::Scheduled, "it waits until its job is resumed");
    assert!(inspect(&database, &["resume", "brittle"]).status.success());
    app.says("called 1");
    app.kill();
}
