//! The end: what is running may end within the grace, what does not is interrupted and starts first next time, or has failed where
//! it has no retries.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use cron_runtime::core::job::JobName;
use cron_runtime::core::run::{RunId, RunState, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::store::RunQuery;
use cron_runtime::{Error, Event, Scheduler};
use cron_tests::{start_in, wait_for};
use tokio::sync::Notify;

/// Ends when it is told that the scheduler ends.
#[job]
async fn polite(run: Run) {
    run.shutting_down().await;
}

/// Ends when it is asked to stop, and has no retries: it is called once.
#[job]
fn obedient(run: Run) -> Result<(), &'static str> {
    while !run.is_cancelled() {
        std::thread::yield_now();
    }
    Err("cut off")
}

static TOLD: Notify = Notify::const_new();
static RETURN: AtomicBool = AtomicBool::new(false);
const LAST_STEP: Duration = Duration::from_secs(3);

/// Notices that the scheduler ends and does not care.
#[job]
fn deaf(run: Run) {
    while !RETURN.load(Ordering::Relaxed) {
        if run.is_shutting_down() {
            TOLD.notify_one();
        }
        std::thread::yield_now();
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Never ends the first time.
#[job(retries = 1)]
async fn stubborn(run: Run) {
    if CALLS.fetch_add(1, Ordering::Relaxed) == 0 {
        std::future::pending::<()>().await;
    }
    assert_eq!(run.attempt(), 1, "an interruption uses no attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_is_interrupted_and_starts_first_next_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    for job in ["polite", "obedient", "stubborn"] {
        scheduler.trigger(job).await.expect("it is there");
    }
    let mut started = 0;
    wait_for(&mut events, "three starts", |event| {
        started += u32::from(matches!(event, Event::Started { .. }));
        (started == 3).then_some(())
    })
    .await;

    let report = scheduler.shutdown_within(Duration::from_millis(200)).await.expect("it ends");
    let names =
        |cut: &[(_, _)]| cut.iter().map(|(job, _): &(JobName, RunId)| job.to_string()).collect::<Vec<_>>();
    assert_eq!(
        (names(&report.interrupted), names(&report.failed)),
        (vec!["stubborn".to_owned()], vec!["obedient".to_owned()])
    );
    assert_eq!(report.finished, 1);
    let dead = scheduler.dead_letters(RunQuery::default()).await.expect("they are read");
    assert_eq!(dead.len(), 1);
    assert!(dead[0].error.contains(&format!("`inspect retry {}`", dead[0].id)), "{}", dead[0].error);
    assert!(matches!(scheduler.shutdown().await, Err(Error::Stopped)));
    assert!(running(&scheduler).await.is_empty());

    let again = start_in(directory.path()).await;
    let mut events = again.events();
    let state = wait_for(&mut events, "the end of `stubborn`", |event| match event {
        Event::Ended { job, state, .. } if job.as_str() == "stubborn" => Some(state),
        _ => None,
    });
    assert_eq!(state.await, RunState::Succeeded);
    // A person may have the other one called again.
    again.retry(dead[0].id).await.expect("it has failed");
    let started = wait_for(&mut events, "its start", |event| match event {
        Event::Started { run, attempt, .. } if run == dead[0].id => Some(attempt),
        _ => None,
    });
    assert_eq!(started.await, 1);
    again.shutdown_within(Duration::ZERO).await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_without_grace_goes_straight_to_the_last_step() {
    let scheduler = cron_runtime::start().database("memory:").await.expect("it starts");
    let mut events = scheduler.events();
    scheduler.trigger("deaf").await.expect("it is there");
    wait_for(&mut events, "its start", |event| matches!(event, Event::Started { .. }).then_some(())).await;
    let first = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.shutdown_within(Duration::from_secs(3_600)).await }
    });
    // The job says that the first request has arrived.
    tokio::time::timeout(Duration::from_secs(60), TOLD.notified()).await.expect("it is told");
    let asked = std::time::Instant::now();
    let report = scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
    assert_eq!(first.await.expect("no panic").ok(), Some(report.clone()), "both are told the same");
    assert!(asked.elapsed() < LAST_STEP, "straight to the last step, not after its three seconds");
    assert_eq!((report.interrupted.len(), report.failed.len(), report.still_running.len()), (0, 1, 1));
    assert!(running(&scheduler).await.is_empty());
    RETURN.store(true, Ordering::Relaxed);
}

async fn running(scheduler: &Scheduler) -> Vec<cron_runtime::store::RunInfo> {
    let mut runs = scheduler.runs(RunQuery::default()).await.expect("they are read");
    runs.retain(|run| run.state.word() == StateWord::Running);
    runs
}
