//! Ways in which a scheduler loses what it stands on, and ways to ask it to end.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{Ledger, RunQuery};
use cron_runtime::{EndCause, Error, Event, ProblemKind};
use cron_tests::{App, wait_for};
use nix::sys::signal::Signal;

#[derive(Debug)]
struct Broken;

impl Clone for Broken {
    fn clone(&self) -> Self {
        panic!("it cannot be cloned");
    }
}

#[job]
async fn takes_what_panics(State(_): State<Broken>) {}

#[job]
fn takes_what_panics_in_a_thread(State(_): State<Broken>) {}

#[job(every = "1s")]
async fn often() {}

async fn start() -> cron_runtime::Scheduler {
    cron_runtime::start().database("memory:").state(Broken).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_panics_is_a_panic_of_the_job() {
    let scheduler = start().await;
    scheduler.pause("often", "test", "nothing else may wake the engine").await.expect("it is there");
    let mut events = scheduler.events();
    for job in ["takes_what_panics", "takes_what_panics_in_a_thread"] {
        let run = scheduler.trigger(job).await.expect("it is there");
        let error = wait_for(&mut events, "its end", |event| match event {
            Event::Ended { run: ended, error, .. } if ended == run => Some(error),
            _ => None,
        })
        .await;
        assert!(error.contains("it cannot be cloned"), "{error}");
    }
    scheduler.shutdown().await.expect("it ends");
}

#[test]
fn a_process_whose_sync_job_never_returns_ends_all_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut app = App::start(env!("CARGO_BIN_EXE_app-hang"), &directory.path().join("jobs.db"), &[]);
    app.says("called");
    app.signal(Signal::SIGTERM);
    app.says("returned");
    // `main` has returned, and nothing waits for the thread that never ends.
    let status = app.ends();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn a_shutdown_beside_a_sync_job_that_never_returns_names_it_and_keeps_no_main() {
    let directory = tempfile::tempdir().expect("a directory");
    let by_itself = [("BY_ITSELF", OsStr::new("1"))];
    let mut app = App::start(env!("CARGO_BIN_EXE_app-hang"), &directory.path().join("jobs.db"), &by_itself);
    app.says("called");
    app.says("never_returns still runs");
    let status = app.ends();
    assert_eq!(status.code(), Some(0), "{status}");
}

/// A program whose async function blocks its only worker, or all that there is, and a signal.
fn blocked(environment: &[(&str, &OsStr)]) {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut app = App::start(env!("CARGO_BIN_EXE_app-blocking"), &database, environment);
    app.says("called");
    let asked = Instant::now();
    app.signal(Signal::SIGTERM);
    let status = app.ends();
    let took = asked.elapsed();
    assert_eq!(status.code(), Some(0), "{status}");
    // The grace, what comes after it, and what a busy machine adds.
    assert!(took < Duration::from_secs(1 + 4 + 5), "it took {took:?}");
    let ledger = SqliteLedger::open(&database).expect("it opens");
    let runs = ledger.runs(&RunQuery::default()).expect("they are read");
    let states: Vec<_> = runs.iter().map(|run| run.state.word()).collect();
    assert_eq!(states, [StateWord::Scheduled], "it starts first next time");
}

#[test]
fn a_process_whose_async_job_blocks_every_worker_ends_at_a_signal() {
    blocked(&[]);
}

#[test]
fn a_process_whose_async_job_blocks_the_thread_of_main_ends_at_a_signal() {
    blocked(&[("SINGLE", OsStr::new("1"))]);
}

/// A program that gets SIGHUP. `how` starts it, and `environment` says what it has said.
fn hung_up(how: &str, environment: &[(&str, &str)]) -> (App, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    // Whoever runs the tests may ignore the signal, and a shell cannot take that back.
    let mut command = Command::new("env");
    let shell = format!("{how} exec \"$0\"");
    command.args(["--default-signal=HUP", "sh", "-c", &shell, env!("CARGO_BIN_EXE_app-hang")]);
    command.env("CRON_DATABASE_URL", directory.path().join("jobs.db"));
    command.envs(environment.iter().copied());
    let app = App::spawn(command);
    app.says("called");
    app.signal(Signal::SIGHUP);
    (app, directory)
}

#[test]
fn sighup_ends_a_process_in_good_order() {
    let (mut app, _directory) = hung_up("", &[]);
    app.says("returned");
    assert_eq!(app.ends().code(), Some(0));
}

#[test]
fn sighup_that_was_ignored_from_the_beginning_ends_nothing() {
    // As `nohup` does.
    let (mut app, _directory) = hung_up("trap '' HUP;", &[]);
    app.signal(Signal::SIGTERM);
    app.says("returned");
    assert_eq!(app.ends().code(), Some(0));
    // The program has said otherwise, and has its way.
    let (mut app, _directory) = hung_up("trap '' HUP;", &[("SIGNALS", "hangup")]);
    app.says("returned");
    assert_eq!(app.ends().code(), Some(0));
}

#[test]
fn sighup_that_the_program_does_not_want_does_what_it_did() {
    let (mut app, _directory) = hung_up("", &[("SIGNALS", "interrupt")]);
    assert_eq!(app.ends().signal(), Some(Signal::SIGHUP as i32), "nobody listens to it");
}

#[test]
fn without_a_thread_a_run_waits_for_one_and_uses_no_attempt() {
    let directory = tempfile::tempdir().expect("a directory");
    // The program is somebody else where the tests are root.
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(directory.path(), all).expect("it is ours");
    let mut app = App::start(env!("CARGO_BIN_EXE_app-threadless"), &directory.path().join("jobs.db"), &[]);
    app.says("told");
    app.will_say("scheduled, 0 used");
    app.will_say("over");
    app.says("attempt 1");
    let status = app.ends();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_grace_is_no_error() {
    let report = start().await.shutdown_within(Duration::MAX).await.expect("it ends");
    assert_eq!(report.interrupted, []);
}

#[test]
fn without_its_runtime_a_scheduler_ends_instead_of_claiming_what_it_cannot_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let scheduler = runtime.block_on(start());
    let mut events = scheduler.events();
    drop(runtime);
    let mut started = 0;
    let told = loop {
        match events.blocking_recv().expect("it tells") {
            Event::Started { .. } => started += 1,
            Event::Problem(problem) if problem.kind == ProblemKind::RuntimeGone => break problem.what,
            _ => {}
        }
    };
    assert!(told.contains("runtime"), "{told}");
    // One tick may have been claimed before it was noticed.
    while let Ok(event) = events.blocking_recv() {
        started += u32::from(matches!(event, Event::Started { .. }));
        if event == Event::Stopped {
            break;
        }
    }
    assert_eq!(started, 1);
    let another = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert!(matches!(another.block_on(scheduler.shutdown()), Err(Error::Stopped)));
    assert!(matches!(another.block_on(scheduler.list()), Err(Error::Stopped)));
    let ended = another.block_on(scheduler.until_signal());
    assert!(matches!(ended, Err(Error::EndedByItself(EndCause::RuntimeGone))), "{ended:?}");
}
