//! Jobs that panic, fail or outlive their timeout run again at their next tick, those that block their thread at the first one after it
//! has returned.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_runtime::Event;
use cron_runtime::core::run::{AttemptResult, RunState, SkipReason, Stage};
use cron_runtime::prelude::*;
use cron_tests::start_in;

#[job(every = "1s")]
async fn panics() {
    panic!("no bread");
}

#[job(every = "1s")]
fn panics_in_a_thread() {
    let empty = String::new();
    assert!(!empty.is_empty(), "no bread in a thread");
}

#[job(every = "1s")]
async fn fails() -> anyhow::Result<()> {
    Err(anyhow::anyhow!("no flour").context("cannot bake"))
}

#[job(every = "1s", timeout = "200ms")]
async fn sleeps() {
    std::future::pending::<()>().await;
}

#[job(every = "1s", timeout = "200ms")]
fn blocks() {
    std::thread::sleep(Duration::from_millis(1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_job_does_it_runs_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let mut ended: BTreeMap<String, Vec<(DateTime<Utc>, RunState, String)>> = BTreeMap::new();
    let mut held_by_stuck = 0;
    let jobs = ["panics", "panics_in_a_thread", "fails", "sleeps", "blocks"];
    cron_tests::wait_for(&mut events, "two runs of each job", |event| {
        match event {
            Event::Ended { job, nominal, state, error, .. } => {
                ended.entry(job.to_string()).or_default().push((nominal, state, error));
            }
            // A machine that stalls for a second makes ticks missed; only the stuck job may hold its own slot.
            Event::Skipped { job, skip }
                if skip.reason == SkipReason::Overlap && job.as_str() == "blocks" =>
            {
                held_by_stuck += 1;
            }
            _ => {}
        }
        let finals =
            |job: &str| ended.get(job).map_or(0, |all| all.iter().filter(|end| !end.1.is_active()).count());
        jobs.iter().all(|job| finals(job) >= 2).then_some(())
    })
    .await;

    let first = |job: &str| ended[job][0].clone();
    for job in ["panics", "panics_in_a_thread", "fails", "sleeps"] {
        assert_eq!(ended[job][0].1, RunState::Failed, "{job}");
        assert!(ended[job][1].0 > ended[job][0].0, "{job} ran again at a later tick");
    }
    assert!(
        first("panics").2.contains("no bread") && first("panics").2.contains("trouble.rs:"),
        "{:?}",
        first("panics")
    );
    assert!(
        first("panics_in_a_thread").2.contains("no bread in a thread"),
        "{:?}",
        first("panics_in_a_thread")
    );
    assert_eq!(first("fails").2, "cannot bake: no flour");
    assert_eq!(first("sleeps").2, "timed out after 200ms");
    // Its timeout is recorded while its thread still blocks; the slot stays taken until the thread is back.
    assert_eq!(first("blocks").1, RunState::Running { stage: Stage::Overdue });
    assert_eq!(ended["blocks"][1].1, RunState::Failed);
    assert!(held_by_stuck > 0, "the stuck run held its slot");

    scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
    for job in scheduler.list().await.expect("jobs are read") {
        let audit = cron_tests::audit(&directory.path().join("jobs.db"), job.plan.name.as_str());
        assert!(audit.is_sound(), "{}: {audit:?}", job.plan.name);
    }
    let runs = scheduler
        .runs(cron_runtime::store::RunQuery { job: Some("blocks".into()), ..Default::default() })
        .await;
    let oldest = runs.expect("runs are read").last().expect("there is one").id;
    let (run, attempts) = scheduler.run(oldest).await.expect("it is read").expect("it is there");
    assert_eq!((run.state, run.attempts_used), (RunState::Failed, 1));
    assert_eq!(attempts.iter().map(|attempt| attempt.result).collect::<Vec<_>>(), [AttemptResult::TimedOut]);
}
