//! Runs that are completed in a transaction of their function's, and what still happens to them.

use std::path::Path;
use std::time::Duration;

use cron_runtime::core::run::{AttemptResult, RunId, RunState, Stage, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::{Connection, Transaction};
use cron_runtime::store::RunInfo;
use cron_runtime::{CompleteError, Event, Next, Scheduler};
use cron_tests::{start_in, wait_for};
use tokio::sync::mpsc::unbounded_channel;

/// The effect. The table is made with it: until the scheduler was started once there is no file.
fn book(tx: &Transaction<'_>, run: &Run) -> Result<(), CompleteError> {
    tx.execute_batch("CREATE TABLE IF NOT EXISTS booked (run INTEGER)")?;
    tx.execute("INSERT INTO booked VALUES (?1)", [run.id().0.cast_signed()])?;
    Ok(())
}

fn complete(run: &Run) -> Result<(), CompleteError> {
    run.transaction(|tx| book(tx, run))
}

async fn complete_elsewhere(run: &Run) {
    let run = run.clone();
    tokio::task::spawn_blocking(move || complete(&run)).await.expect("no panic").expect("it is in force");
}

#[job(retries = 3)]
fn fails_afterwards(run: Run) -> anyhow::Result<()> {
    complete(&run)?;
    anyhow::bail!("after the commit")
}

#[job(retries = 3)]
fn panics_afterwards(run: Run) -> Result<(), CompleteError> {
    complete(&run)?;
    panic!("after the commit")
}

#[job(retries = 3)]
fn discards_afterwards(run: Run) -> Result<(), JobError> {
    complete(&run)?;
    Err(JobError::discard("after the commit"))
}

#[job(retries = 3, timeout = "5s")]
async fn times_out_afterwards(run: Run) {
    complete_elsewhere(&run).await;
    std::future::pending().await
}

#[job(retries = 3, timeout = "5s")]
fn is_stuck_afterwards(run: Run) -> Result<(), CompleteError> {
    complete(&run)?;
    while !run.is_cancelled() {
        std::thread::yield_now();
    }
    // It has been told that its time is over, and goes on until somebody has seen that it is stuck.
    while !Path::new(run.args().expect("a file").trim_matches('"')).exists() {
        std::thread::yield_now();
    }
    Ok(())
}

#[job(retries = 3, cancel_grace = "100ms")]
async fn hangs_afterwards(run: Run) {
    complete_elsewhere(&run).await;
    run.progress(1.0, "hangs");
    std::future::pending().await
}

#[job(retries = 1, retry_delay = "1ms")]
fn rolls_its_first_attempt_back(run: Run) -> anyhow::Result<()> {
    run.transaction(|tx| {
        book(tx, &run)?;
        anyhow::ensure!(run.attempt() > 1, "thought better of it");
        Ok(())
    })
}

#[job]
fn completes_twice(run: Run) -> Result<(), CompleteError> {
    complete(&run)?;
    complete(&run)
}

#[job]
fn completes_within(run: Run) -> Result<(), CompleteError> {
    run.transaction(|tx| {
        book(tx, &run)?;
        run.complete_in(tx)
    })
}

#[job]
fn goes_on_without(run: Run) -> anyhow::Result<()> {
    let mut connection = Connection::open(run.args().expect("a file").trim_matches('"'))?;
    let tx = connection.transaction()?;
    book(&tx, &run)?;
    run.complete_in(&tx)?;
    tx.rollback()?;
    anyhow::bail!("nothing was kept")
}

#[job(every = "1d")]
fn says_never_again(run: Run) -> anyhow::Result<Next> {
    complete(&run)?;
    Ok(Next::Never)
}

/// Lets a job run to its end. Gives the run and what its last attempt is told to have gone wrong with.
async fn ends(scheduler: &Scheduler, job: &str, args: Option<&Path>) -> (RunInfo, String) {
    let mut events = scheduler.events();
    let run = trigger(scheduler, job, args).await;
    ended(scheduler, &mut events, run).await
}

async fn trigger(scheduler: &Scheduler, job: &str, args: Option<&Path>) -> RunId {
    let args = args.map(|path| format!("{:?}", path.display().to_string()));
    let trigger = cron_runtime::store::Trigger { job: job.parse().expect("a name"), args, force: false };
    scheduler.trigger_with(trigger).await.expect("it is there").run
}

async fn ended(
    scheduler: &Scheduler,
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    run: RunId,
) -> (RunInfo, String) {
    let error = wait_for(events, "its end", |event| match event {
        Event::Ended { run: ended, state, error, .. } if ended == run && !state.is_active() => Some(error),
        _ => None,
    })
    .await;
    (scheduler.run(run).await.expect("it is read").expect("it is there").0, error)
}

fn booked(directory: &Path, run: RunId) -> i64 {
    let connection = Connection::open(directory.join("jobs.db")).expect("it opens");
    let sql = "SELECT count(*) FROM booked WHERE run = ?1";
    connection.query_row(sql, [run.0.cast_signed()], |row| row.get(0)).expect("it is counted")
}

fn assert_succeeded(directory: &Path, (run, error): (RunInfo, String)) {
    assert_eq!((run.state, run.attempts_used, run.error.as_str()), (RunState::Succeeded, 0, ""), "{run:?}");
    assert_eq!(error, "", "what comes after counts for nothing: {run:?}");
    assert!(run.completed.is_some(), "{run:?}");
    assert_eq!(booked(directory, run.id), 1, "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_returns_after_its_commit_counts_for_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (success, mut hooked) = unbounded_channel();
    let failure = success.clone();
    let scheduler = cron_runtime::start()
        .database(directory.path().join("jobs.db").to_string_lossy())
        .on_failure(move |finished| std::future::ready(failure.send(finished)))
        .on_success(move |finished| std::future::ready(success.send(finished)))
        .await
        .expect("it starts");
    for job in ["fails_afterwards", "panics_afterwards", "discards_afterwards", "times_out_afterwards"] {
        let end = ends(&scheduler, job, None).await;
        let run = end.0.id;
        assert_succeeded(directory.path(), end);
        let told = hooked.recv().await.expect("it is told");
        let want = (run, StateWord::Succeeded, 1, "");
        assert_eq!((told.run, told.state, told.attempts, told.error.as_str()), want, "{job}");
    }
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_stuck_after_its_commit_uses_no_attempt() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let seen = directory.path().join("seen");
    let run = trigger(&scheduler, "is_stuck_afterwards", Some(&seen)).await;
    let state = wait_for(&mut events, "that it is stuck", |event| match event {
        Event::Ended { run: stuck, state, .. } if stuck == run => Some(state),
        _ => None,
    })
    .await;
    assert_eq!(state, RunState::Running { stage: Stage::Completed });
    std::fs::write(&seen, "").expect("it is written");
    assert_succeeded(directory.path(), ended(&scheduler, &mut events, run).await);
    scheduler.shutdown().await.expect("it ends");
}

/// Waits until a run of `hangs_afterwards` is committed and hangs.
async fn hangs(scheduler: &Scheduler) -> (RunId, tokio::sync::broadcast::Receiver<Event>) {
    let mut events = scheduler.events();
    let run = trigger(scheduler, "hangs_afterwards", None).await;
    wait_for(&mut events, "its commit", |event| match event {
        Event::Progress { run: says, .. } if says == run => Some(()),
        _ => None,
    })
    .await;
    (run, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_after_the_commit_ends_the_run_as_succeeded() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let (run, mut events) = hangs(&scheduler).await;
    let cancelled = scheduler.cancel_run(run, "ana", "enough").await.expect("it is there");
    assert_eq!(cancelled.asked, [run]);
    assert_succeeded(directory.path(), ended(&scheduler, &mut events, run).await);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_after_the_commit_interrupts_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db").to_string_lossy().into_owned();
    let scheduler =
        cron_runtime::start().database(database).shutdown_grace(Duration::ZERO).await.expect("it starts");
    let (run, _events) = hangs(&scheduler).await;
    let report = scheduler.shutdown().await.expect("it ends");
    assert_eq!(report.interrupted, [], "its work was done");
    let again = start_in(directory.path()).await;
    let (info, attempts) = again.run(run).await.expect("it is read").expect("it is there");
    assert!(attempts.is_empty(), "{attempts:?}");
    assert_succeeded(directory.path(), (info, String::new()));
    again.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_work_rolls_it_back_and_is_that_of_the_attempt() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let (run, error) = ends(&scheduler, "rolls_its_first_attempt_back", None).await;
    assert_eq!((run.state, run.attempts_used, error.as_str()), (RunState::Succeeded, 1, ""));
    let (_, attempts) = scheduler.run(run.id).await.expect("it is read").expect("it is there");
    assert_eq!((attempts.len(), attempts[0].result), (1, AttemptResult::Errored));
    assert_eq!(attempts[0].message, "thought better of it");
    assert_eq!(booked(directory.path(), run.id), 1);

    // A second transaction of the same attempt is refused, and changes nothing about the first one.
    assert_succeeded(directory.path(), ends(&scheduler, "completes_twice", None).await);

    // Within, the attempt is completed already.
    let (run, error) = ends(&scheduler, "completes_within", None).await;
    assert_eq!((run.state, run.completed), (RunState::Failed, None));
    assert!(error.contains("completed before"), "{error}");
    assert_eq!(booked(directory.path(), run.id), 0);

    // Rolled back by the function: nothing was completed, and what it returns counts.
    let database = directory.path().join("jobs.db");
    let (run, error) = ends(&scheduler, "goes_on_without", Some(&database)).await;
    assert_eq!((run.state, run.completed, error.as_str()), (RunState::Failed, None, "nothing was kept"));
    assert_eq!(booked(directory.path(), run.id), 0);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_completed_run_says_about_the_next_one_counts() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    assert_succeeded(directory.path(), ends(&scheduler, "says_never_again", None).await);
    let job = scheduler.get("says_never_again").await.expect("it is there");
    assert_eq!(job.hold.map(|hold| hold.until), Some(None), "{job:?}");
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_in_memory_has_no_file_to_complete_in() {
    let scheduler = cron_runtime::start().database("memory:").await.expect("it starts");
    let (run, error) = ends(&scheduler, "completes_twice", None).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(error.contains("memory:") && error.contains(".database("), "{error}");
    let directory = tempfile::tempdir().expect("a directory");
    let (run, error) = ends(&scheduler, "goes_on_without", Some(&directory.path().join("mine.db"))).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(error.contains("memory:"), "{error}");
    scheduler.shutdown().await.expect("it ends");
}
