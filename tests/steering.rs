//! The handle: list, get, trigger, pause, resume, runs, events.

use cron_runtime::core::run::{Origin, RunState};
use cron_runtime::prelude::*;
use cron_runtime::store::{CommandError, RunQuery};
use cron_runtime::{Error, Event, Scheduler};
use cron_tests::{start_in, wait_for};

/// Runs by hand only.
#[job]
async fn by_hand(run: Run) -> Result<(), String> {
    assert_eq!((run.name(), run.origin(), run.attempt()), ("by_hand", Origin::Manual, 1));
    Ok(())
}

/// Takes its time.
#[job]
async fn held(run: Run) {
    run.shutting_down().await;
}

#[job(every = "1s")]
fn often() {}

#[job(cron = "\n 0 9 * * * \t", timezone = " Europe/London\n", timeout = " 5m\n")]
fn spaced() {}

/// Blanks and line breaks around a text mean nothing, in the attribute as in a request.
#[tokio::test]
async fn texts_are_read_without_what_stands_around_them() {
    let scheduler = cron_runtime::start().database(" memory:\n").await.expect("it starts");
    let plan = scheduler.get("spaced").await.expect("it is there").plan;
    let want = Some("cron(0 9 * * *) Europe/London".to_owned());
    assert_eq!(plan.schedule.map(|schedule| schedule.to_string()), want);
    assert_eq!(plan.timeout, Some(std::time::Duration::from_secs(300)));
    let request = spaced::JOB.request().named("spaced-1").cron(" 0 9 * * *\n").timezone("\nEurope/London ");
    scheduler.schedule(request.timeout("5m\n")).await.expect("it fits");
    let plan = scheduler.get("spaced-1").await.expect("it is there").plan;
    assert_eq!(plan.schedule.map(|schedule| schedule.to_string()), want);
    assert_eq!(plan.timeout, Some(std::time::Duration::from_secs(300)));
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_job_is_run_by_hand_and_found_in_the_history() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let run = scheduler.trigger(by_hand::JOB.name()).await.expect("it is there");
    let state = wait_for(&mut events, "its end", |event| match event {
        Event::Ended { run: ended, state, .. } if ended == run => Some(state),
        _ => None,
    });
    assert_eq!(state.await, RunState::Succeeded);
    let job = scheduler.get("by_hand").await.expect("it is there");
    assert_eq!(job.last_run.expect("it ran").id, run);
    assert_eq!(&*job.plan.description, "Runs by hand only.");
    let runs = scheduler
        .runs(RunQuery { job: Some("by_hand".into()), ..RunQuery::default() })
        .await
        .expect("it is read");
    assert_eq!(runs.len(), 1);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_trigger_obeys_the_overlap_policy_and_is_told_which_run_held_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let run = scheduler.trigger("held").await.expect("it is free");
    let refused = scheduler.trigger("held").await.expect_err("it is held");
    let Error::Refused(CommandError::Held { holder, .. }) = refused else { panic!("{refused}") };
    assert_eq!(holder, run);
    let report = scheduler.shutdown().await.expect("it ends");
    assert_eq!(report.interrupted, [], "it ended when it was told to");
}

/// A command that the store fails is no command that was refused: whoever gave it may give it again.
#[tokio::test]
async fn a_store_that_fails_in_a_command_is_told_as_such() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    file.execute_batch("ALTER TABLE jobs RENAME TO gone").expect("it is renamed");
    let error = scheduler.pause("by_hand", "me", "").await.expect_err("it cannot be read");
    assert!(matches!(error, Error::Store(_)), "{error}");
    file.execute_batch("ALTER TABLE gone RENAME TO jobs").expect("it is renamed");
    scheduler.pause("by_hand", "me", "").await.expect("it can be read again");
    let error = scheduler.pause("by_hand", "me", "").await.expect_err("it is paused");
    assert!(matches!(error, Error::Refused(CommandError::PausedAlready { .. })), "{error}");
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn names_that_do_not_exist_are_refused_with_the_nearest_one() {
    let scheduler = memory().await;
    for error in [
        scheduler.trigger("by_hnad").await.map(|_| ()).expect_err("no such job"),
        scheduler.get("by_hnad").await.map(|_| ()).expect_err("no such job"),
        scheduler.pause("by_hnad", "me", "").await.expect_err("no such job"),
        scheduler.resume("by_hnad").await.map(|_| ()).expect_err("no such job"),
    ] {
        assert_eq!(error.to_string(), "no job is named `by_hnad`, did you mean `by_hand`?");
        assert!(matches!(error, Error::NotFound(CommandError::UnknownJob { .. })), "its kind");
    }
    assert!(
        scheduler
            .trigger("no name at all")
            .await
            .expect_err("no name")
            .to_string()
            .contains("no name at all")
    );
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_paused_job_does_not_run_and_its_ticks_are_on_record() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    scheduler.pause("often", "ops", "moving house").await.expect("it is there");
    let again = scheduler.pause("often", "ops", "").await.expect_err("it is paused");
    assert!(again.to_string().contains("paused already") && again.to_string().contains("ops"), "{again}");
    let job = scheduler.get("often").await.expect("it is there");
    assert_eq!((job.due, job.paused.expect("it is paused").note.as_str()), (None, "moving house"));

    // A run of another job is the event to wait for; meanwhile at least one tick passes.
    let mark = job.mark;
    let mut skipped = 0;
    while skipped == 0 {
        skipped = scheduler.resume("often").await.expect("it is paused");
        if skipped == 0 {
            scheduler.pause("often", "ops", "moving house").await.expect("it is there");
            tokio::task::yield_now().await;
        }
    }
    let mut events = scheduler.events();
    let nominal = wait_for(&mut events, "the next tick", |event| match event {
        Event::Started { job, nominal, .. } if job.as_str() == "often" && nominal > mark => Some(nominal),
        _ => None,
    })
    .await;
    assert!(nominal > mark);
    assert!(
        scheduler.resume("often").await.expect_err("it is not paused").to_string().contains("not paused")
    );
    scheduler.shutdown().await.expect("it ends");
    let audit = cron_tests::audit(&directory.path().join("jobs.db"), "often");
    assert!(audit.is_sound() && audit.skipped_paused >= skipped, "{audit:?}");
}

async fn memory() -> Scheduler {
    cron_runtime::start().database("memory:").await.expect("it starts")
}
