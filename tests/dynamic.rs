//! Jobs that are made while the program runs, and are still there after a restart.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::{Connection, TransactionBehavior};
use cron_runtime::store::{CommandError, JobQuery, RunQuery};
use cron_runtime::{Error, JobRequest, Scheduled};
use cron_tests::{start_in, wait_for};

#[job]
async fn remind(run: Run, Args(to): Args<String>) {
    run.log(format!("{}: {to}", run.name()));
}

#[job]
fn without_arguments() {}

#[job]
fn farewell(run: Run, Args(how): Args<String>) -> Result<(), JobError> {
    if how == "in a transaction" {
        return run.transaction(|_| run.remove_job().map_err(JobError::discard));
    }
    let Some(file) = how.strip_prefix("in a transaction on ") else {
        return run.remove_job().map_err(JobError::discard);
    };
    // Nobody else can write what this reads.
    let mut connection = Connection::open(file)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    run.remove_job().map_err(JobError::discard)?;
    run.complete_in(&tx)?;
    let wishes: i64 = tx.query_row("SELECT count(*) FROM removals", [], |row| row.get(0))?;
    // After the commit an error would count for nothing.
    if wishes != 1 {
        return Err(JobError::discard("the wish is not in the transaction"));
    }
    tx.commit()?;
    Ok(())
}

/// Fails the first time.
#[job]
async fn pack(run: Run, Args(what): Args<String>) -> Result<(), String> {
    run.log(&what);
    if run.epoch().0 == 1 { Err("no paper".to_owned()) } else { Ok(()) }
}

fn ada() -> JobRequest {
    remind::JOB.with(&"Ada".to_owned()).expect("a text").named("remind-ada")
}

#[tokio::test]
async fn a_dynamic_job_survives_a_restart_and_is_edited_in_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = start_in(directory.path()).await;
    assert_eq!(first.schedule(ada().every("1s")).await.expect("it fits"), Scheduled::New);
    assert_eq!(first.schedule(ada().every("1s")).await.expect("it fits"), Scheduled::Unchanged);
    first.shutdown().await.expect("it ends");

    let second = start_in(directory.path()).await;
    let mut events = second.events();
    let (run, state) = wait_for(&mut events, "a run of it", |event| {
        event.finished().filter(|_| event.job().is_some_and(|job| job.as_str() == "remind-ada"))
    })
    .await;
    assert_eq!(state, StateWord::Succeeded);
    assert_eq!(second.log(run).await.expect("it is read")[0].text, "remind-ada: Ada");

    assert_eq!(second.schedule(ada().every(TimeDelta::hours(1))).await.expect("it fits"), Scheduled::Edited);
    let query = JobQuery { handler: Some("remind".into()), ..JobQuery::default() };
    let jobs = second.jobs(query).await.expect("they are read");
    assert_eq!(jobs.iter().map(|job| job.plan.name.as_str()).collect::<Vec<_>>(), ["remind", "remind-ada"]);
    second.remove("remind-ada").await.expect("nothing runs");
    assert!(second.get("remind-ada").await.is_err());
    let linked = second.remove("remind").await.expect_err("it is declared");
    assert!(matches!(linked, Error::Refused(CommandError::Linked { .. })), "{linked}");
    second.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn one_run_at_an_instant_survives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = start_in(directory.path()).await;
    let registered = first.get("remind").await.expect("it is there").registered;
    let at = registered + TimeDelta::milliseconds(1_500);
    let job =
        first.run_once(remind::JOB.with(&"Bob".to_owned()).expect("a text"), at).await.expect("it fits");
    assert!(job.as_str().starts_with("remind/once-"), "{job}");
    first.shutdown().await.expect("it ends");

    let second = start_in(directory.path()).await;
    let query = || RunQuery { job: Some(job.to_string()), ..RunQuery::default() };
    let mut events = second.events();
    if second.runs(query()).await.expect("they are read").iter().all(|run| run.state.is_active()) {
        wait_for(&mut events, "its run", |event| event.finished()).await;
    }
    let runs = second.runs(query()).await.expect("they are read");
    let ticks: Vec<DateTime<Utc>> = runs.iter().map(|run| run.nominal).collect();
    assert_eq!((ticks, runs[0].state.word()), (vec![at], StateWord::Succeeded));
    second.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_request_that_does_not_fit_changes_nothing() {
    let scheduler = cron_runtime::start().database("memory:").await.expect("it starts");
    let refusal = async |request| scheduler.schedule(request).await.expect_err("it does not fit").to_string();
    let wrong = JobRequest::on("remind").named("a").args(&7).expect("a number").every("1h");
    assert!(refusal(wrong).await.contains("the arguments for job `a` are no `alloc::string::String`"));
    assert!(refusal(JobRequest::on("remind").named("a").every("1h")).await.contains("none were given"));
    assert!(refusal(ada().every("1h").named("remind")).await.contains("declared"));
    let handler = refusal(JobRequest::on("remnid").named("a").every("1h")).await;
    assert!(handler.contains("did you mean `remind`?"), "{handler}");
    let option = refusal(ada().cron("61 * * * *")).await;
    assert!(option.starts_with("job `remind-ada`: "), "{option}");
    assert!(refusal(without_arguments::JOB.request().every("1h")).await.contains("needs a name"));
    let twice = scheduler.run_once(ada().every("1h"), Utc::now()).await.expect_err("two schedules");
    assert!(twice.to_string().contains("`every`"), "{twice}");
    // What would wait for ever is no success.
    let forever = refusal(ada()).await;
    assert!(forever.contains("has no schedule") && forever.contains("`.by_hand()`"), "{forever}");
    // All or none.
    let both = vec![ada().every("1h"), JobRequest::on("remnid").named("b").every("1h")];
    assert!(scheduler.schedule_all(both).await.is_err());
    assert_eq!(scheduler.list().await.expect("they are read").len(), 4);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_run_keeps_its_arguments_and_names_its_program() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let pack = |what: &str| pack::JOB.with(&what.to_owned()).expect("a text").named("order-42");
    scheduler.schedule(pack("bread").every("1h")).await.expect("it fits");
    let run = scheduler.trigger("order-42").await.expect("it is triggered");
    wait_for(&mut events, "a dead letter", |event| event.finished()).await;
    scheduler.schedule(pack("cake").every("1h")).await.expect("it fits");
    scheduler.retry(run).await.expect("it is a dead letter");
    wait_for(&mut events, "its end", |event| event.finished()).await;
    let log = scheduler.log(run).await.expect("it is read");
    assert_eq!(log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["bread", "bread"]);
    let (info, attempts) = scheduler.run(run).await.expect("it is read").expect("the run");
    let program = std::env::current_exe().expect("a program");
    let program = program.file_name().expect("a name").to_string_lossy().into_owned();
    let named = info.program.expect("it is known");
    assert!(named.starts_with(&format!("{program} of ")), "{named}");
    assert_eq!(
        attempts.iter().map(|attempt| attempt.program.as_deref()).collect::<Vec<_>>(),
        [Some(&*named)]
    );
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn a_job_asks_for_its_own_removal() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let farewell = |how: &str| farewell::JOB.with(&how.to_owned()).expect("a text");
    let on_file = format!("in a transaction on {}", directory.path().join("jobs.db").display());
    for how in ["at once", "in a transaction", &on_file] {
        scheduler.schedule(farewell(how).named("guest").every("1s")).await.expect("it fits");
        let state = wait_for(&mut events, "its end", |event| event.finished()).await.1;
        assert_eq!(state, StateWord::Succeeded, "{how}");
        let gone = scheduler.get("guest").await.expect_err("it is gone").to_string();
        assert!(gone.contains("no job is named `guest`"), "{gone}");
        assert!(scheduler.runs(RunQuery::default()).await.expect("runs").is_empty());
    }
    // The declared job itself stays, and says so.
    let run = scheduler.trigger(farewell("at once")).await.expect("it is triggered");
    let state = wait_for(&mut events, "its end", |event| event.finished()).await.1;
    assert_eq!(state, StateWord::Discarded);
    let (run, _) = scheduler.run(run).await.expect("it is read").expect("the run");
    assert!(run.error.contains("job `farewell` is part of a running program"), "{}", run.error);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn what_is_asked_for_once_more_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let once = || ada().named("order-42");
    scheduler.run_once(once(), Utc::now()).await.expect("it is new");
    wait_for(&mut events, "a run", |event| event.finished()).await;
    let over = scheduler.run_once(once(), Utc::now()).await.expect_err("it has had its run").to_string();
    assert!(over.contains("its run 1 has ended: succeeded") && over.contains("`.again()`"), "{over}");
    scheduler.run_once(once().again(), Utc::now()).await.expect("it is asked for again");
    wait_for(&mut events, "a run", |event| event.finished()).await;
    let runs = scheduler.runs(RunQuery::default()).await.expect("runs");
    assert_eq!(runs.len(), 2);
    // A trigger with arguments runs the handler itself, and no job is made of it.
    let bob = remind::JOB.with(&"Bob".to_owned()).expect("a text");
    let run = scheduler.trigger(bob.clone()).await.expect("it is triggered");
    wait_for(&mut events, "a run", |event| event.finished()).await;
    assert_eq!(scheduler.log(run).await.expect("it is read")[0].text, "remind: Bob");
    let named = scheduler.trigger(bob.clone().named("bob")).await.expect_err("it says more").to_string();
    assert!(named.contains("cannot have `named` too"), "{named}");
    // A delay in place of an instant.
    let soon = scheduler.run_in(bob.clone(), Duration::from_millis(5)).await.expect("it fits");
    let ended = wait_for(&mut events, "its run", |event| event.finished().and(event.job().cloned())).await;
    assert_eq!(ended, soon);
    scheduler.run_in(bob, Duration::MAX).await.expect_err("there is no such instant");
    // By hand: nothing runs, because nobody was to expect it.
    scheduler.schedule(ada().by_hand()).await.expect("it says so");
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn what_would_never_run_is_refused_in_every_way_to_ask_for_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let request = || ada().named("ada-42");
    let past = Utc::now() - TimeDelta::hours(1);
    // A new job whose one instant is past has a late tick.
    assert_eq!(scheduler.schedule(request().at(past)).await.expect("it is new"), Scheduled::New);
    wait_for(&mut events, "a run", |event| event.finished()).await;
    assert_eq!(scheduler.schedule(request().at(past)).await.expect("the same"), Scheduled::Unchanged);
    let mut file = Connection::open(directory.path().join("jobs.db")).expect("it opens");
    for never in [request().at(past - TimeDelta::hours(1)), request().every("1h").end(past)] {
        let refused = scheduler.schedule(never.clone()).await.expect_err("it never runs");
        let words = refused.to_string();
        assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
        assert!(words.contains("job `ada-42` would never run: "), "{words}");
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate).expect("it begins");
        let within = scheduler.schedule_in(&transaction, never).expect_err("it never runs").to_string();
        assert!(within.contains("job `ada-42` would never run: "), "{within}");
        transaction.commit().expect("it goes on");
    }
    let kept = scheduler.get("ada-42").await.expect("it is there");
    let kept = kept.plan.schedule.and_then(|schedule| schedule.only_tick());
    assert_eq!(kept, DateTime::from_timestamp_millis(past.timestamp_millis()));
    scheduler.shutdown().await.expect("it ends");
}
