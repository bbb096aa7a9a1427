//! Async jobs that block every worker of the user's runtime: the engine has a thread of its own, so ticks get their verdicts and
//! sync jobs start all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cron_runtime::Event;
use cron_runtime::prelude::*;

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
fn verdicts_are_in_time_while_every_worker_is_blocked() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let scheduler =
        runtime.block_on(async { cron_runtime::start().database("memory:").await.expect("it starts") });
    let mut events = scheduler.events();
    runtime.block_on(async {
        scheduler.trigger("blocks_a_worker").await.expect("it is there");
        scheduler.trigger("blocks_another").await.expect("it is there");
    });

    // From here on no worker answers: this thread is none of them, and it listens by itself.
    let (mut in_time, mut sync_ends, mut blocked) = (0, 0, 0);
    while in_time < 10 || sync_ends < 5 {
        match events.blocking_recv().expect("the engine tells") {
            Event::Started { job, nominal, at, .. } => match job.as_str() {
                "blocks_a_worker" | "blocks_another" => blocked += 1,
                _ if blocked < 2 => {}
                _ if at - nominal <= chrono::TimeDelta::milliseconds(50) => in_time += 1,
                // A busy machine may be late now and then; an engine that waits for the runtime is late every time.
                _ => in_time = 0,
            },
            Event::Ended { job, .. } if blocked == 2 => {
                assert_eq!(job.as_str(), "sync_job", "no async job can end while the workers are blocked");
                sync_ends += 1;
            }
            _ => {}
        }
    }
    GO_ON.store(false, Ordering::Relaxed);
    runtime.block_on(scheduler.shutdown()).expect("it ends");
}
