//! A real program with a job that aborts its process, started again and again: a few deaths, and then the others run without it.

use std::path::Path;

use chrono::{DateTime, Utc};
use cron_runtime::core::problem::ProblemKind;
use cron_runtime::core::run::StateWord;
use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{JobInfo, Ledger, Page, ProblemInfo, RunFilter, RunInfo, RunQuery};
use cron_tests::{App, inspect, wait_until};

fn start(database: &Path) -> App {
    let app = App::start(env!("CARGO_BIN_EXE_app-poison"), database, &[]);
    app.says("started");
    app
}

fn info(database: &Path, job: &str) -> JobInfo {
    let ledger = SqliteLedger::open(database).expect("the database opens");
    ledger.job(job).expect("readable").expect("a known job")
}

fn runs(database: &Path, job: &str) -> Vec<RunInfo> {
    let ledger = SqliteLedger::open(database).expect("the database opens");
    let page = Page { limit: usize::MAX };
    let query = RunQuery { job: Some(job.to_owned()), filter: RunFilter::All, page, ..RunQuery::default() };
    ledger.runs(&query).expect("readable")
}

fn problems(database: &Path) -> Vec<ProblemInfo> {
    let ledger = SqliteLedger::open(database).expect("the database opens");
    ledger.problems(DateTime::UNIX_EPOCH).expect("readable")
}

fn is_quarantined(job: &JobInfo) -> bool {
    job.paused.as_ref().is_some_and(|pause| pause.by == "quarantine")
}

/// How many processes die until one is there in which the poison job is in quarantine. Gives that one.
fn deaths(database: &Path) -> (u32, App) {
    for deaths in 0..10 {
        let mut app = start(database);
        // What was left behind is ended before a program says that it has started.
        if is_quarantined(&info(database, "poison")) {
            return (deaths, app);
        }
        assert!(!app.ends().success(), "it was to be taken down");
    }
    panic!("ten deaths, and the job is not in quarantine");
}

#[test]
fn after_three_deaths_the_others_run_without_the_job_that_takes_its_process_down() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let (number, mut app) = deaths(&database);
    assert_eq!(number, 3);
    let told =
        |problem: &ProblemInfo| problem.kind == ProblemKind::Quarantined && problem.what.contains("`poison`");
    wait_until("it is told", || problems(&database).iter().any(told));
    let since = Utc::now();
    for job in ["healthy", "neighbour"] {
        let has_run = |run: &RunInfo| run.nominal > since && run.state.word() == StateWord::Succeeded;
        wait_until("the others run", || runs(&database, job).iter().filter(|run| has_run(run)).count() >= 3);
        assert_eq!(info(&database, job).paused, None, "{job}");
    }
    let poison = runs(&database, "poison");
    assert_eq!(poison[0].state.word(), StateWord::Quarantined);
    assert!(poison[1..].iter().all(|run| run.state.word() == StateWord::Failed), "{poison:#?}");
    assert!(runs(&database, "neighbour").iter().any(|run| run.crashes > 0), "it was never in progress");
    let doctor = String::from_utf8(inspect(&database, &["doctor"]).stdout).expect("UTF-8");
    assert!(doctor.contains("job `poison` is in quarantine"), "{doctor}");

    // A person lets it run again: it does its harm, and counts anew.
    assert!(inspect(&database, &["resume", "poison"]).status.success());
    assert!(!app.ends().success());
    drop(app);
    let (number, mut app) = deaths(&database);
    assert_eq!(number, 2, "with the one of the living");
    assert!(app.terminate().success());
    let verified = inspect(&database, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
