//! An engine and other processes on its file: what they leave behind when they die or end, and what they write.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::clock::{Clock, SystemClock};
use cron_runtime::core::job::{JobSpec, Plan};
use cron_runtime::core::policy::Retry;
use cron_runtime::core::run::{AttemptEnd, Failure, FailureKind, OwnerId, RunEvent, RunId};
use cron_runtime::prelude::*;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Claim, Command, JudgeRequest, Note, Program, Settlement, Store, Target, Trigger};
use cron_runtime::{Event, ProblemKind, Scheduler};
use cron_tests::{start_in, wait_for};

/// The same as in [`plan`], so that no process edits it.
#[job(once = "365d", retries = 3, retry_delay = "1s", retry_past_next = true)]
async fn shared() {}

/// Runs until it is told to stop.
#[job(once = "365d")]
async fn long(run: Run) {
    run.shutting_down().await;
}

#[job(every = "1s")]
async fn often() {}

fn plan() -> Plan {
    let retry = Retry { retries: 3, delay: Duration::from_secs(1), past_next: true, ..Retry::DEFAULT };
    Plan::from_spec(&JobSpec { schedule: Some("once(365d)"), retry, ..JobSpec::new("shared") })
        .expect("a plan")
}

fn now() -> DateTime<Utc> {
    SystemClock::new().moment().wall
}

/// Another process in the middle of a run of `shared`.
struct Neighbour {
    store: SqliteStore,
    owner: OwnerId,
    claim: Claim,
}

impl Neighbour {
    fn at_work(directory: &Path, lease: TimeDelta) -> Self {
        let store = SqliteStore::open(directory.join("jobs.db")).expect("it opens");
        let owner = store.join(now()).expect("it joins");
        store
            .sync(&Program { plans: vec![plan()], groups: Vec::new(), ..Program::default() }, now())
            .expect("it syncs");
        let trigger = Trigger { job: "shared".parse().expect("a name"), args: None, force: false };
        store.command(Command::Trigger(trigger), now()).expect("it is free");
        let request = JudgeRequest { now: now(), limit: 10, room: 10, lease_until: now() + lease, owner };
        let claim = store.judge(request).expect("it judges").claimed[0].claim;
        Self { store, owner, claim }
    }

    fn settle(&self, end: AttemptEnd) {
        let event = RunEvent::Ended { at: now(), end };
        let (started, duration) = (now(), Duration::ZERO);
        let (next, note) = (None, Note::default());
        let settlement = Settlement { claim: self.claim, started, duration, event, next, note, at: now() };
        self.store.settle(vec![settlement]).expect("it settles");
    }
}

/// A scheduler that has had its first look around.
async fn engine(directory: &Path) -> (Scheduler, tokio::sync::broadcast::Receiver<Event>) {
    let scheduler = start_in(directory).await;
    let mut events = scheduler.events();
    wait_for(&mut events, "a tick", |event| matches!(event, Event::Started { .. }).then_some(())).await;
    (scheduler, events)
}

fn lost(event: Event) -> Option<RunId> {
    match event {
        Event::Lost { run, .. } => Some(run),
        _ => None,
    }
}

fn starts(run: RunId) -> impl FnMut(Event) -> Option<u32> {
    move |event| match event {
        Event::Started { run: started, attempt, .. } if started == run => Some(attempt),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_of_an_older_process_that_dies_is_lost_and_tried_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let old = Neighbour::at_work(directory.path(), TimeDelta::seconds(30));
    let (scheduler, mut events) = engine(directory.path()).await;
    let run = old.claim.run;
    drop(old);
    assert_eq!(wait_for(&mut events, "its end", lost).await, run);
    assert_eq!(wait_for(&mut events, "the next attempt", starts(run)).await, 2);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_before_the_machine_was_started_ends_by_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let old = Neighbour::at_work(directory.path(), TimeDelta::seconds(3));
    let run = old.claim.run;
    drop(old);
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    file.execute("UPDATE incarnations SET boot = 'before'", []).expect("it is written");
    let (scheduler, mut events) = engine(directory.path()).await;
    assert_eq!(wait_for(&mut events, "its end", lost).await, run);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_a_process_leaves_is_taken_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let failure = Failure { kind: FailureKind::Errored, message: "no".into(), retry_after: None };
    for (end, attempt) in
        [(AttemptEnd::Failed(failure), 2), (AttemptEnd::Interrupted { was_called: true }, 3)]
    {
        let old = Neighbour::at_work(directory.path(), TimeDelta::seconds(30));
        let scheduler = start_in(directory.path()).await;
        // Nothing of its own makes it look in time.
        scheduler.pause("often", "test", "").await.expect("it is there");
        let mut events = scheduler.events();
        old.settle(end);
        old.store.leave(now()).expect("it leaves");
        assert!(old.owner.0 > 0);
        let started = wait_for(&mut events, "the next attempt", starts(old.claim.run)).await;
        assert!(started <= attempt, "attempt {started}");
        scheduler.shutdown().await.expect("it ends");
        let again = SqliteStore::open(directory.path().join("jobs.db")).expect("it opens");
        let target = Target::job("often").expect("a name");
        again.command(Command::Resume { target }, now()).expect("it was paused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_in_newer_words_stops_that_job_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let (scheduler, mut events) = engine(directory.path()).await;
    scheduler.trigger("long").await.expect("it is free");
    wait_for(&mut events, "its start", |event| match event {
        Event::Started { job, .. } if job.as_str() == "long" => Some(()),
        _ => None,
    })
    .await;
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    let newer = "UPDATE jobs SET plan = json_set(plan, '$.overlap', 'newer') WHERE name = ?1";
    for job in ["long", "shared"] {
        assert_eq!(file.execute(newer, [job]).expect("it is written"), 1);
    }
    file.execute(
        "UPDATE marks SET due_ms = 0 WHERE job_id = (SELECT id FROM jobs WHERE name = 'shared')",
        [],
    )
    .expect("it is written");
    let what = wait_for(&mut events, "a problem", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::LeftOut => Some(problem.what),
        _ => None,
    });
    let what = what.await;
    assert!(what.contains("`shared`") && what.contains("newer"), "{what}");
    wait_for(&mut events, "another job", |event| match event {
        Event::Started { job, .. } if job.as_str() == "often" => Some(()),
        _ => None,
    })
    .await;
    // The result of a job in newer words is written all the same.
    let report = scheduler.shutdown().await.expect("it ends");
    assert_eq!(report.interrupted, []);
    let state: String = file
        .query_row("SELECT state FROM runs JOIN jobs ON jobs.id = job_id WHERE name = 'long'", [], |row| {
            row.get(0)
        })
        .expect("it is there");
    assert_eq!(state, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_attempt_is_not_lost_because_the_clock_was_set() {
    let directory = tempfile::tempdir().expect("a directory");
    let (scheduler, mut events) = engine(directory.path()).await;
    let run = scheduler.trigger("long").await.expect("it is free");
    wait_for(&mut events, "its start", starts(run)).await;
    // As if the wall clock had gone forward by a minute.
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    file.execute("UPDATE runs SET lease_ms = lease_ms - 60000 WHERE id = ?1", [run.0.cast_signed()])
        .expect("written");
    // Any command rings, and whoever hears it looks after the leases.
    scheduler.pause("often", "test", "").await.expect("it is there");
    let report = scheduler.shutdown().await.expect("it ends");
    assert_eq!(report.interrupted, []);
    while let Ok(event) = events.try_recv() {
        assert!(!matches!(event, Event::Lost { .. } | Event::Fenced { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_function_begins_when_it_is_called() {
    let directory = tempfile::tempdir().expect("a directory");
    let (scheduler, mut events) = engine(directory.path()).await;
    // Another program holds the file for longer than the timeout of the job.
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    file.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    file.execute_batch("COMMIT").expect("it is given back");
    let run = scheduler.trigger("brief").await.expect("it is free");
    let error = wait_for(&mut events, "its end", |event| match event {
        Event::Ended { run: ended, error, .. } if ended == run => Some(error),
        _ => None,
    });
    assert_eq!(error.await, "");
    scheduler.shutdown().await.expect("it ends");
}

/// Quick, with a timeout that leaves no room for waiting.
#[job(timeout = "1s")]
async fn brief() {}
