//! A program that does everything that a scheduler writes down, all at once. What it sees of that goes into the file named by
//! `WITNESS`, one line and one `write` each: a call before the function does anything, and what was told after it was told.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cron_runtime::chrono::{DateTime, Utc};
use cron_runtime::prelude::*;
use cron_runtime::store::Store;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::{Event, Scheduler};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

/// Those that are due by themselves. Once each of them has come to an end of a tick of this life, everything is at work again.
const TICKING: [&str; 6] = ["plain", "insistent", "beside", "waiting", "brief", "remind-1"];

/// At most once.
#[job(every = "100ms")]
fn plain(run: Run) {
    witness_call(&run);
}

/// At least once. Some first attempts fail, so that there are retries without a crash too.
#[job(every = "150ms", retries = 5, retry_delay = "20ms", retry_past_next = true)]
async fn insistent(run: Run) -> Result<(), &'static str> {
    witness_call(&run);
    run.progress(0.5, "half");
    run.log("a line");
    sleep(Duration::from_millis(20)).await;
    let fails = run.attempt() == 1 && (run.tick().timestamp_millis() / 150) % 3 == 0;
    if fails { Err("every third one at first") } else { Ok(()) }
}

/// Several at once.
#[job(every = "90ms", overlap = "allow")]
async fn beside(run: Run) {
    witness_call(&run);
    sleep(Duration::from_millis(120)).await;
}

/// Its ticks wait for each other.
#[job(every = "100ms", overlap = "queue")]
async fn waiting(run: Run) {
    witness_call(&run);
    sleep(Duration::from_millis(130)).await;
}

/// Hardly kept.
#[job(every = "50ms", keep_runs = 5)]
async fn brief(run: Run) {
    witness_call(&run);
}

/// For a dynamic job.
#[job]
async fn remind(run: Run, Args(_whom): Args<String>) {
    witness_call(&run);
}

/// When somebody asks.
#[job(overlap = "allow")]
async fn by_hand(run: Run) {
    witness_call(&run);
}

/// Does not return where `STUBBORN` is set.
#[job]
fn stubborn(run: Run) {
    witness_call(&run);
    let mut is_told = false;
    while std::env::var_os("STUBBORN").is_some() {
        if run.is_shutting_down() && !std::mem::replace(&mut is_told, true) {
            println!("shutting down");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn witness_call(run: &Run) {
    let tick = run.tick().timestamp_millis();
    witness(&format!("call {} {} {tick} {} {}", run.name(), run.id(), run.attempt(), run.epoch()));
}

/// One `write`, so that a kill leaves a whole line or none.
fn witness(line: &str) {
    let path = std::env::var_os("WITNESS").expect("WITNESS names a file");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file opens");
    file.write_all(format!("{line}\n").as_bytes()).expect("the file is written");
}

/// Writes down what is told, and says once that everything is at work.
async fn listen(scheduler: Scheduler) {
    let began = DateTime::<Utc>::from(SystemTime::now());
    let mut missing = HashSet::from(TICKING);
    let mut events = scheduler.events();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Event::Ended { job, run, nominal, attempt, state, .. } = event else { continue };
        witness(&format!("told {job} {run} {attempt} {}", state.word()));
        let was_missing = nominal > began && !state.is_active() && missing.remove(job.as_str());
        if was_missing && missing.is_empty() {
            println!("at work");
        }
    }
}

/// Asks for runs again and again. Each command rings, and at a ring leases are renewed.
async fn ask(scheduler: Scheduler) {
    loop {
        match scheduler.trigger(by_hand::JOB).await {
            Ok(run) => witness(&format!("asked by_hand {run}")),
            Err(_) => return,
        }
        sleep(Duration::from_millis(60)).await;
    }
}

/// Prunes much sooner than the engine would.
async fn prune(store: Arc<SqliteStore>) {
    loop {
        sleep(Duration::from_millis(150)).await;
        let store = Arc::clone(&store);
        let pruned = tokio::task::spawn_blocking(move || {
            let now = SystemTime::now().into();
            let jobs = ["brief", "plain"].map(|name| name.parse().expect("a name"));
            store.prune_jobs(jobs.into(), now)().and_then(|_| store.prune(now, 50))
        });
        if let Err(error) = pruned.await.expect("it does not panic") {
            eprintln!("not pruned: {error}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let scheduler = cron_runtime::start().shutdown_grace(Duration::from_secs(10)).await?;
    println!("started");
    let path = std::env::var_os("CRON_DATABASE_URL").expect("the test names a database");
    let store = Arc::new(SqliteStore::open_existing(path).map_err(cron_runtime::Error::from)?);
    let tasks = [
        tokio::spawn(listen(scheduler.clone())),
        tokio::spawn(ask(scheduler.clone())),
        tokio::spawn(prune(store)),
    ];
    let reminder = remind::JOB.with(&"Ada".to_owned())?.named("remind-1").every("100ms");
    scheduler.schedule(reminder).await?;
    witness("scheduled remind-1");
    // Refused where a run of it was interrupted: that one starts by itself.
    if std::env::var_os("STUBBORN").is_some()
        && let Err(error) = scheduler.trigger(stubborn::JOB).await
    {
        eprintln!("not asked: {error}");
    }
    scheduler.until_signal().await?;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}
