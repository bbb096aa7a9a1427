//! A real process, killed with SIGKILL at random moments, twenty rounds on one database.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::{SkipReason, StateWord};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, Page, RunInfo, RunQuery};
use cron_tests::{App, audit, inspect};

const ROUNDS: u64 = 20;

#[test]
fn no_tick_is_lost_and_none_runs_twice_over_twenty_kills() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let calls = directory.path().join("calls");
    for round in 0..ROUNDS {
        let mut app = start(&database, &calls);
        // A random moment is the point here: the process is hit wherever it happens to be.
        rest(200 + mixed(round) % 1_000);
        app.kill();
        let report = inspect(&database, &["verify"]);
        assert!(report.status.success(), "round {round}: {}", String::from_utf8_lossy(&report.stdout));
        // Some outages are long enough for several ticks wherever they begin.
        rest(if round % 5 == 0 { 2_500 } else { mixed(round + 1_000) % 1_800 });
    }

    // One last start ends what the last kill left behind, and a graceful end writes everything down.
    let mut app = start(&database, &calls);
    rest(1_500);
    assert!(app.terminate().success());

    let calls = read_calls(&calls);
    for job in ["second", "insistent", "daily"] {
        let audit = audit(&database, job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
    let store = SqliteStore::open_existing(&database).expect("the database opens");
    let runs = runs_of(&store, "second");
    assert!(runs.len() > 20, "only {} runs: this test shows nothing", runs.len());
    check_ranges(&store, &runs);
    for run in &runs {
        let called = calls.get(&("second".to_owned(), run.nominal)).map_or(0, Vec::len);
        match run.state.word() {
            StateWord::Succeeded => assert_eq!(called, 1, "{run:?}"),
            // At most once: killed before or in the call, and not called again.
            StateWord::Failed => assert!(called <= 1, "{run:?} was called {called} times"),
            other => panic!("run {} of `second` ended as {other}", run.id),
        }
    }
    for run in runs_of(&store, "insistent") {
        let epochs = calls.get(&("insistent".to_owned(), run.nominal)).cloned().unwrap_or_default();
        assert!(epochs.is_sorted_by(|a, b| a < b), "{run:?} was called under {epochs:?}");
        if run.state.word() == StateWord::Succeeded {
            assert_eq!(epochs.last(), Some(&run.epoch.0), "called after its committed result: {run:?}");
        }
    }
}

/// Every outage left at most one range, for right after a range the newest missed tick ran with its own nominal time.
fn check_ranges(store: &SqliteStore, runs: &[RunInfo]) {
    let skips = store.skips("second", Page { limit: 1_000 }).expect("skips are read");
    let missed: Vec<_> = skips.iter().filter(|skip| skip.reason == SkipReason::Missed).collect();
    assert!(
        missed.iter().any(|skip| skip.count > 1),
        "no outage was longer than a tick: this test shows nothing"
    );
    for skip in missed {
        let next = skip.last + TimeDelta::seconds(1);
        let has_verdict =
            runs.iter().any(|run| run.nominal == next) || skips.iter().any(|other| other.first == next);
        assert!(
            runs.iter().any(|run| run.nominal == next),
            "no run after {skip:?} (another verdict: {has_verdict})"
        );
    }
}

fn start(database: &Path, calls: &Path) -> App {
    let app = App::start(env!("CARGO_BIN_EXE_app-steady"), database, &[("CALLS", calls.as_os_str())]);
    app.says("started");
    app
}

fn runs_of(store: &SqliteStore, job: &str) -> Vec<RunInfo> {
    let query = RunQuery { job: Some(job.to_owned()), page: Page { limit: 10_000 }, ..RunQuery::default() };
    store.runs(&query).expect("runs are read")
}

/// The epochs under which each tick was called, in the order of the calls.
fn read_calls(path: &Path) -> BTreeMap<(String, DateTime<Utc>), Vec<u64>> {
    let mut calls: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for line in std::fs::read_to_string(path).expect("calls were noted").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let nominal =
            DateTime::from_timestamp_millis(words[1].parse().expect("an instant")).expect("in range");
        calls.entry((words[0].to_owned(), nominal)).or_default().push(words[3].parse().expect("an epoch"));
    }
    calls
}

/// The same "random" numbers in every run of this test, so that a failure can be looked at again.
fn mixed(seed: u64) -> u64 {
    cron_runtime::core::hash::Fnv::new().u64(seed).finish()
}

fn rest(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
