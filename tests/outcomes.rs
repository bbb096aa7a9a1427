//! What functions return: word about the next run, permanent errors, delays of their own.

use std::time::Duration;

use cron_runtime::core::run::{Origin, RunId, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::store::RunQuery;
use cron_runtime::{Event, JobErrorSource, Scheduler};
use cron_tests::wait_for;
use tokio::sync::broadcast::Receiver;

/// Asks for one run more, at once.
#[job]
async fn once_more(run: Run) -> Next {
    match run.origin() {
        Origin::Manual => Next::After(Duration::from_millis(10)),
        Origin::Tick | Origin::Next | Origin::Start | Origin::Backfill | Origin::Clock => Next::Scheduled,
    }
}

/// Is due every second, and after its first run not any more.
#[job(every = "1s")]
fn only_once() -> Result<Next, String> {
    Ok(Next::Never)
}

#[job(retries = 5, retry_delay = "1h")]
async fn gone() -> anyhow::Result<()> {
    Err(anyhow::Error::new(JobError::discard("no such user").into_error()).context("cannot greet"))
}

#[derive(Debug)]
struct Busy(JobErrorSource);

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot fetch")
    }
}

impl std::error::Error for Busy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The policy would wait for an hour.
#[job(retries = 1, retry_delay = "1h")]
fn busy(run: Run) -> Result<(), Busy> {
    match run.attempt() {
        1 => Err(Busy(JobError::retry_after(Duration::from_millis(10), "asked to slow down").into_error())),
        _ => Ok(()),
    }
}

async fn start() -> (Scheduler, Receiver<Event>) {
    let scheduler = cron_runtime::start().database("memory:").await.expect("it starts");
    let events = scheduler.events();
    (scheduler, events)
}

async fn finished(events: &mut Receiver<Event>, run: RunId) -> StateWord {
    wait_for(events, "its end", |event| event.finished().filter(|(ended, _)| *ended == run)).await.1
}

#[tokio::test]
async fn a_run_may_ask_for_the_next_one() {
    let (scheduler, mut events) = start().await;
    scheduler.trigger(once_more::JOB).await.expect("it is there");
    let next = wait_for(&mut events, "the run that was asked for", |event| match event {
        Event::Started { job, run, origin: Origin::Next, .. } if job.as_str() == "once_more" => Some(run),
        _ => None,
    })
    .await;
    assert_eq!(finished(&mut events, next).await, StateWord::Succeeded);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_job_that_says_never_has_no_next_tick() {
    let (scheduler, mut events) = start().await;
    let run = wait_for(&mut events, "its only run", |event| match event {
        Event::Ended { job, run, .. } if job.as_str() == "only_once" => Some(run),
        _ => None,
    })
    .await;
    let job = scheduler.get(only_once::JOB).await.expect("it is there");
    assert_eq!((job.due, job.hold.map(|hold| hold.by)), (None, Some(run)));
    let query = RunQuery { job: Some("only_once".into()), ..RunQuery::default() };
    assert_eq!(scheduler.runs(query).await.expect("they are read").len(), 1);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_permanent_error_ends_the_run_whatever_attempts_are_left() {
    let (scheduler, mut events) = start().await;
    let run = scheduler.trigger(gone::JOB).await.expect("it is there");
    assert_eq!(finished(&mut events, run).await, StateWord::Discarded);
    let dead = scheduler.dead_letters(RunQuery::default()).await.expect("they are read");
    assert_eq!(dead.iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
    assert_eq!((dead[0].error.as_str(), dead[0].attempts_used), ("cannot greet: no such user", 1));

    scheduler.retry(run).await.expect("a dead letter can be tried again");
    assert_eq!(finished(&mut events, run).await, StateWord::Discarded);
    assert_eq!(scheduler.dismiss_all(Some("gone")).await.expect("it is there"), 1);
    assert_eq!(scheduler.dead_letters(RunQuery::default()).await.expect("they are read"), []);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn an_error_may_name_the_delay_before_the_next_attempt() {
    let (scheduler, mut events) = start().await;
    let run = scheduler.trigger(busy::JOB).await.expect("it is there");
    assert_eq!(finished(&mut events, run).await, StateWord::Succeeded);
    let (_, attempts) = scheduler.run(run).await.expect("it is read").expect("it is there");
    assert_eq!(attempts[0].message, "cannot fetch: asked to slow down");
    scheduler.shutdown().await.expect("it ends");
}
