//! Async jobs that block every worker of the user's runtime: the engine has a thread of its own, so ticks get their verdicts and
//! sync jobs start all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cron_runtime::prelude::*;
use cron_runtime::{Event, ProblemKind};

static GO_ON: AtomicBool = AtomicBool::new(true);

fn block() {
    while GO_ON.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[job]
async fn blocks_a_worker() {
    block();
}

#[job]
async fn blocks_another() {
    block();
}

/// Not async: it has to start while no worker is free.
#[job(every = "250ms")]
fn sync_job() {}

/// Async: its ticks get their verdict although nobody can run it.
#[job(every = "250ms", overlap = "allow")]
async fn async_job() {}

#[test]
fn verdicts_and_leases_are_in_time_while_every_worker_is_blocked() {
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let scheduler = runtime.block_on(cron_tests::start_in(directory.path()));
    let mut events = scheduler.events();
    runtime.block_on(async {
        scheduler.trigger("blocks_a_worker").await.expect("it is there");
        scheduler.trigger("blocks_another").await.expect("it is there");
    });

    // From here on no worker answers: this thread is none of them, and it listens by itself.
    let file = rusqlite::Connection::open(directory.path().join("jobs.db")).expect("it opens");
    let (mut in_time, mut sync_ends, mut blocked, mut ticks) = (0, 0, 0, 0);
    let (mut renewed, mut told) = (false, None);
    while in_time < 10 || sync_ends < 5 || !renewed || told.is_none() {
        match events.blocking_recv().expect("the engine tells") {
            Event::Started { job, nominal, at, .. } => match job.as_str() {
                "blocks_a_worker" | "blocks_another" => blocked += 1,
                _ if blocked < 2 => {}
                _ => {
                    ticks += 1;
                    assert!(
                        ticks < 500,
                        "a minute: {in_time} in time, {sync_ends} sync ends, renewed: {renewed}"
                    );
                    // A busy machine may be late now and then; an engine that waits for the runtime is late every time.
                    let late = at - nominal;
                    in_time = if late <= chrono::TimeDelta::milliseconds(50) { in_time + 1 } else { 0 };
                    renewed = renewed || leases_were_renewed(&file);
                }
            },
            Event::Ended { job, .. } if blocked == 2 && job.as_str() == "sync_job" => sync_ends += 1,
            Event::Problem(problem) if problem.kind == ProblemKind::RuntimeBlocked => told = Some(problem),
            Event::Lost { job, .. } | Event::Fenced { job, .. } => panic!("{job} lost its lease"),
            _ => {}
        }
    }
    let told = told.expect("it was waited for").what;
    for culprit in ["`blocks_a_worker`", "`blocks_another`"] {
        assert!(told.contains(culprit), "{told}");
    }
    assert!(!told.contains("`async_job`"), "it has no thread to keep: {told}");
    GO_ON.store(false, Ordering::Relaxed);
    let over = loop {
        match events.blocking_recv().expect("the engine tells") {
            Event::Problem(problem) if problem.kind == ProblemKind::RuntimeBlocked && problem.is_over => {
                break problem;
            }
            _ => {}
        }
    };
    assert!(over.at - over.since >= chrono::TimeDelta::seconds(1), "{over:?}");
    runtime.block_on(scheduler.shutdown()).expect("it ends");
}

/// A lease lasts 30 s from the start of the attempt, so a later end means that it was renewed.
fn leases_were_renewed(file: &rusqlite::Connection) -> bool {
    let sql = "SELECT count(*) FROM runs JOIN jobs ON jobs.id = job_id \
               WHERE name LIKE 'blocks%' AND lease_ms > started_ms + 35000";
    file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it is read") == 2
}
