//! Runs that are asked to stop: by a person, from another handle, by `overlap = "cancel"`.

use std::time::Duration;

use cron_runtime::core::run::{RunId, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::store::{Cancel, Command, Target};
use cron_runtime::{Event, Scheduler};
use cron_tests::wait_for;

/// Comes to an end of its own when it is asked to.
#[job(group = "polite")]
async fn listens(run: Run) {
    run.cancelled().await;
}

/// Would be tried again if its error counted.
#[job(group = "polite", retries = 3, retry_delay = "1h")]
async fn complains(run: Run) -> Result<(), String> {
    run.cancelled().await;
    Err("cut off".to_owned())
}

/// Goes on while the scheduler shuts down, until it is asked to stop itself.
#[job]
async fn lingers(run: Run) {
    run.shutting_down().await;
    run.log("the scheduler shuts down");
    run.cancelled().await;
}

#[job(cancel_grace = "50ms")]
async fn deaf() {
    std::future::pending::<()>().await;
}

/// Each tick replaces the run of the one before.
#[job(every = "1s", overlap = "cancel", cancel_grace = "50ms")]
async fn replaced() {
    std::future::pending::<()>().await;
}

async fn start() -> Scheduler {
    cron_runtime::start().database("memory:").await.expect("it starts")
}

async fn begin(scheduler: &Scheduler, job: &str) -> RunId {
    let mut events = scheduler.events();
    let run = scheduler.trigger(job).await.expect("it is free");
    wait_for(&mut events, "its start", |event| match event {
        Event::Started { run: started, .. } if started == run => Some(()),
        _ => None,
    })
    .await;
    run
}

async fn finished(scheduler: &Scheduler, run: RunId) -> StateWord {
    let mut events = scheduler.events();
    let (info, _) = scheduler.run(run).await.expect("it is read").expect("it is there");
    if !info.state.is_active() {
        return info.state.word();
    }
    wait_for(&mut events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await.1
}

#[tokio::test]
async fn a_run_is_cancelled_from_another_handle() {
    let scheduler = start().await;
    let other = scheduler.clone();
    for (job, end, error) in [
        ("listens", StateWord::Succeeded, ""),
        ("complains", StateWord::Cancelled, "cancelled by ops: too long"),
        ("deaf", StateWord::Cancelled, "cancelled by ops: too long"),
    ] {
        let run = begin(&scheduler, job).await;
        let cancelled = other.cancel_run(run, "ops", "too long").await.expect("it is active");
        assert_eq!((cancelled.ended, cancelled.asked), (vec![], vec![run]), "{job}");
        assert_eq!(finished(&scheduler, run).await, end, "{job}");
        let (info, _) = scheduler.run(run).await.expect("it is read").expect("it is there");
        assert_eq!(info.error, error, "{job}");
    }
    scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
}

#[tokio::test]
async fn all_runs_of_a_group_are_cancelled_together() {
    let scheduler = start().await;
    let runs = [begin(&scheduler, "listens").await, begin(&scheduler, "complains").await];
    let group = || Target::group("polite");
    let mut asked = scheduler.cancel(group(), "ops", "").await.expect("it is there").asked;
    asked.sort_unstable();
    assert_eq!(asked, runs);
    for run in runs {
        assert!(!matches!(finished(&scheduler, run).await, StateWord::Running));
    }
    assert_eq!(scheduler.cancel(group(), "ops", "").await.expect("it is there"), Default::default());
    let unknown = scheduler.cancel(Target::group("polit"), "ops", "").await.expect_err("no such group");
    assert!(unknown.to_string().contains("did you mean `polite`?"), "{unknown}");
    let no_name = scheduler.cancel("no name", "ops", "").await.expect_err("no name");
    assert!(no_name.to_string().contains("no name"), "{no_name}");
    scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
}

#[tokio::test]
async fn a_forced_end_does_not_wait_for_the_function() {
    let scheduler = start().await;
    let mut events = scheduler.events();
    let run = begin(&scheduler, "listens").await;
    let command =
        Command::Cancel { what: Cancel::Run(run), force: true, by: "ops".to_owned(), note: String::new() };
    scheduler.command(command).await.expect("it is active");
    let (_, state) =
        wait_for(&mut events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await;
    assert_eq!(state, StateWord::Cancelled);
    // Its function is stopped at once, not when its lease is renewed by itself.
    wait_for(&mut events, "the stop", |event| match event {
        Event::LeaseLost { run: lost, .. } if lost == run => Some(()),
        _ => None,
    })
    .await;
    scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
}

#[tokio::test]
async fn a_newer_tick_takes_the_slot_of_a_run_that_does_not_stop() {
    let scheduler = start().await;
    let mut events = scheduler.events();
    let mut started = Vec::new();
    let mut ended = Vec::new();
    wait_for(&mut events, "three runs", |event| {
        match &event {
            Event::Started { job, run, .. } if job.as_str() == "replaced" => started.push(*run),
            _ => ended.extend(event.finished().filter(|(run, _)| started.contains(run))),
        }
        (started.len() == 3).then_some(())
    })
    .await;
    assert_eq!(ended.first(), Some(&(started[0], StateWord::Cancelled)));
    scheduler.shutdown_within(Duration::ZERO).await.expect("it ends");
}

#[tokio::test]
async fn a_run_is_cancelled_while_a_shutdown_waits_for_it() {
    let scheduler = start().await;
    let mut events = scheduler.events();
    let run = begin(&scheduler, "lingers").await;
    let ending = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.shutdown_within(Duration::from_secs(3_600)).await }
    });
    wait_for(&mut events, "its word", |event| matches!(event, Event::Log { .. }).then_some(())).await;
    scheduler.cancel_run(run, "ops", "too long").await.expect("it is active");
    wait_for(&mut events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await;
    let report = ending.await.expect("no panic").expect("it ends");
    assert_eq!(report.finished, 1);
}
