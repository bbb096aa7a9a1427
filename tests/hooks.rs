//! Hooks: called once for each end, isolated from jobs and engine.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::{Error, Event, Finished, ProblemKind};
use cron_tests::wait_for;
use tokio::sync::mpsc::unbounded_channel;

#[job(retries = 1, retry_delay = "10ms")]
async fn fails() -> Result<(), String> {
    Err("no flour".to_owned())
}

#[job]
fn succeeds() {}

/// Its function is called by dynamic jobs too.
#[job]
async fn counts(Args(number): Args<u32>) -> Result<(), String> {
    Err(format!("{number} is no good"))
}

#[tokio::test]
async fn each_end_is_told_once_to_those_who_want_to_know() {
    let (sender, mut told) = unbounded_channel::<(&'static str, Finished)>();
    let to = |name: &'static str| {
        let sender = sender.clone();
        move |finished: Finished| {
            let sender = sender.clone();
            async move { sender.send((name, finished)).map_err(|_| "nobody listens") }
        }
    };
    let scheduler = cron_runtime::start()
        .database("memory:")
        .on_failure(to("failure"))
        .on_success(to("success"))
        .on_failure_of(counts::JOB, to("failure of counts"))
        .on_success_of("fails", to("never"))
        .await
        .expect("it starts");

    let run = scheduler.trigger("fails").await.expect("it is there");
    let (name, failure) = told.recv().await.expect("it is told");
    assert_eq!((name, failure.run, failure.state), ("failure", run, StateWord::Failed));
    assert_eq!((failure.attempts, failure.error.as_str(), failure.job.as_str()), (2, "no flour", "fails"));

    let run = scheduler.trigger("succeeds").await.expect("it is there");
    let (name, success) = told.recv().await.expect("it is told");
    assert_eq!((name, success.run, success.error.as_str()), ("success", run, ""));

    let at: chrono::DateTime<chrono::Utc> = "2020-01-01T00:00:00Z".parse().expect("an instant");
    let seven = counts::JOB.with(&7).expect("a number").named("count-7");
    scheduler.run_once(seven, at).await.expect("it fits");
    let mut both = [told.recv().await.expect("it is told"), told.recv().await.expect("it is told")];
    both.sort_by_key(|(name, _)| *name);
    assert_eq!(both.each_ref().map(|(name, _)| *name), ["failure", "failure of counts"]);
    assert_eq!((both[1].1.job.as_str(), both[1].1.error.as_str()), ("count-7", "7 is no good"));
    scheduler.shutdown().await.expect("it ends");
    assert!(told.try_recv().is_err(), "nothing was told twice");
}

#[tokio::test]
async fn a_hook_that_panics_or_fails_is_a_problem_and_nothing_else() {
    let scheduler = cron_runtime::start()
        .database("memory:")
        .on_success(|success| async move { assert_eq!(success.attempts, 0, "no bread") })
        .on_failure(|_| async { Err("no mail server") })
        .await
        .expect("it starts");
    let mut events = scheduler.events();
    for (job, what) in [("succeeds", "no bread"), ("fails", "no mail server")] {
        scheduler.trigger(job).await.expect("it is there");
        let problem = wait_for(&mut events, "the problem", |event| match event {
            Event::Problem(problem) if problem.job.as_ref().is_some_and(|of| of.as_str() == job) => {
                assert_eq!(problem.kind, ProblemKind::HookFailed);
                Some(problem.what)
            }
            _ => None,
        })
        .await;
        assert!(problem.contains(what), "{problem}");
        scheduler.trigger(job).await.expect("the job is untouched");
        wait_for(&mut events, "its end", |event| event.finished()).await;
    }
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_shutdown_waits_for_hooks() {
    let done = Arc::new(Mutex::new(false));
    let flag = Arc::clone(&done);
    let scheduler = cron_runtime::start()
        .database("memory:")
        .on_success(move |_| {
            let flag = Arc::clone(&flag);
            async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                *flag.lock().expect("nobody panics") = true;
            }
        })
        .await
        .expect("it starts");
    let mut events = scheduler.events();
    scheduler.trigger("succeeds").await.expect("it is there");
    wait_for(&mut events, "its end", |event| event.finished()).await;
    scheduler.shutdown().await.expect("it ends");
    assert!(*done.lock().expect("nobody panics"), "the hook was cut off");
}

#[tokio::test]
async fn a_hook_for_a_job_that_is_not_there_is_refused() {
    let start = cron_runtime::start().database("memory:").on_late_of("suceeds", |_| async {});
    let error = start.await.expect_err("no such job");
    assert!(matches!(error, Error::UnknownHookedJob { .. }));
    assert_eq!(
        error.to_string(),
        "a hook is for job `suceeds`, which is not in this program, did you mean `succeeds`?"
    );
}
