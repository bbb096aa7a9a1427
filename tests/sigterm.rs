//! SIGTERM at a process with fifty functions in progress, of every kind: it ends in time, leaves nothing `running`, and what it
//! cut off starts first next time, or has failed where it has no retries.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use cron_runtime::core::run::{AttemptResult, Origin, StateWord};
use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{Ledger, Page, RunFilter, RunQuery};
use cron_tests::App;
use nix::sys::signal::Signal;

/// As long as attempts that were cancelled may take, and as a runtime may take that waits for a function.
const LAST_STEP: Duration = Duration::from_secs(3);
const REST: Duration = Duration::from_secs(1);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(5);

fn start(database: &Path, environment: &[(&str, &str)]) -> App {
    let environment: Vec<_> = environment.iter().map(|(key, value)| (*key, OsStr::new(*value))).collect();
    App::start(env!("CARGO_BIN_EXE_app-ending"), database, &environment)
}

fn busy(database: &Path, environment: &[(&str, &str)]) -> App {
    let app = start(database, environment);
    app.says("busy");
    app
}

/// How many runs of each job are in each state, and how many attempts were interrupted.
fn ledger(database: &Path) -> (BTreeMap<(String, StateWord), u32>, usize) {
    let ledger = SqliteLedger::open(database).expect("it opens");
    let query = RunQuery { page: Page { limit: 1_000 }, ..RunQuery::default() };
    let (mut states, mut interrupted) = (BTreeMap::new(), 0);
    for run in ledger.runs(&query).expect("they are read") {
        let (_, attempts) = ledger.run(run.id).expect("it is read").expect("it is there");
        interrupted += attempts.iter().filter(|attempt| attempt.result == AttemptResult::Interrupted).count();
        let job = run.job.as_str().split('-').next().unwrap_or_default().to_owned();
        *states.entry((job, run.state.word())).or_default() += 1;
    }
    (states, interrupted)
}

/// What a graceful end leaves behind: of 50 functions 17 returned in time, 31 were cut off, and 2 had been timed out before.
fn assert_left(database: &Path) {
    use StateWord::{Failed, Scheduled, Succeeded, Waiting};
    let (states, interrupted) = ledger(database);
    let expected = [
        ("deaf", Scheduled, 15),
        ("obedient", Failed, 8),
        ("overdue", Failed, 2),
        ("polite", Scheduled, 3),
        ("polite", Succeeded, 10),
        ("queued", Scheduled, 1),
        ("slow", Succeeded, 7),
        ("stuck", Scheduled, 7),
        ("waits", Waiting, 1),
    ];
    let expected = expected.map(|(job, state, runs)| ((job.to_owned(), state), runs));
    assert_eq!(states, BTreeMap::from(expected));
    assert_eq!(interrupted, 31);
    // Those without retries are dead letters that say what to do.
    let ledger = SqliteLedger::open(database).expect("it opens");
    let dead = RunQuery { filter: RunFilter::Dead, job: Some("obedient".to_owned()), ..RunQuery::default() };
    let dead = ledger.runs(&dead).expect("they are read");
    assert_eq!(dead.len(), 8);
    for run in dead {
        assert!(run.error.contains(&format!("`inspect retry {}`", run.id)), "{}", run.error);
    }
}

#[test]
fn a_process_with_fifty_functions_of_every_kind_ends_within_the_grace() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut app = busy(&database, &[("GRACE", "2")]);
    let asked = Instant::now();
    app.signal(Signal::SIGTERM);
    app.says("returned");
    assert!(asked.elapsed() >= Duration::from_secs(2) + LAST_STEP, "some needed all the time there is");
    let status = app.ends();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(2) + LAST_STEP + REST + SLACK, "it took {took:?}");
    println!("ended after {took:?}");
    assert_eq!(status.code(), Some(0), "{status}");
    assert_left(&database);

    // One after the other: what was cut off, and what had waited for a worker, comes before every new tick. `queued` has a tick that waited
    // already when its run was cut off, and that is overtaken by nothing.
    let mut app = start(&database, &[("AGAIN", "1")]);
    let mut called: Vec<String> = Vec::new();
    while called.iter().filter(|line| !line.starts_with("queued")).count() < 25 {
        called.push(app.line());
    }
    let count = |name: &str| called.iter().filter(|line| line.starts_with(name)).count();
    let found = ["deaf", "obedient", "stuck", "polite", "ticks"].map(count);
    assert_eq!(found, [15, 0, 7, 3, 0], "{called:?}");
    assert!(called.iter().all(|line| line.ends_with(" 1")), "an interruption uses no attempt: {called:?}");
    let _tick = app.will_begin("ticks ");
    assert_eq!(app.terminate().code(), Some(0));
    assert_in_turn(&database);
}

/// What was cut off has started before every tick that came due after that.
fn assert_in_turn(database: &Path) {
    /// Between the end of an attempt as it was measured, and as it was told.
    const MOMENT: Duration = Duration::from_millis(50);
    let ledger = SqliteLedger::open(database).expect("it opens");
    let query = RunQuery { page: Page { limit: 1_000 }, ..RunQuery::default() };
    let runs = ledger.runs(&query).expect("they are read");
    let mut cut_off = 0;
    for run in &runs {
        let (_, attempts) = ledger.run(run.id).expect("it is read").expect("it is there");
        let interrupted = attempts.iter().find(|attempt| attempt.result == AttemptResult::Interrupted);
        let Some(interrupted) = interrupted.filter(|_| run.state.word() == StateWord::Succeeded) else {
            continue;
        };
        let ended =
            interrupted.started.zip(interrupted.duration).map(|(started, took)| started + took + MOMENT);
        let (ended, again) = ended.zip(run.started).expect("they were called");
        cut_off += 1;
        for tick in runs.iter().filter(|tick| tick.origin == Origin::Tick && tick.nominal > ended) {
            let later = tick.started.is_none_or(|started| again <= started);
            assert!(later, "{run:?} was cut off at {ended}, and after it started {tick:?}");
        }
    }
    assert_eq!(cut_off, 23);
}

#[test]
fn a_second_signal_within_the_grace_ends_a_process_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut app = busy(&database, &[("GRACE", "3600")]);
    app.signal(Signal::SIGTERM);
    // The first one was heard when those who look have returned.
    while ledger(&database).0.get(&("slow".to_owned(), StateWord::Succeeded)) != Some(&7) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let asked = Instant::now();
    let status = app.terminate();
    let took = asked.elapsed();
    assert!(took < REST + SLACK, "it took {took:?}");
    println!("ended after {took:?}");
    app.says("returned");
    assert_eq!(status.code(), Some(0), "{status}");
    assert_left(&database);
}

#[test]
fn one_more_signal_ends_a_process_whose_main_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut app = busy(&database, &[("GRACE", "0"), ("STAYS", "1")]);
    app.signal(Signal::SIGTERM);
    app.says("returned");
    // Nobody drops its runtime, so nobody ends it.
    std::thread::sleep(REST * 2);
    let status = app.terminate();
    assert_eq!(status.code(), Some(130), "{status}");
}
