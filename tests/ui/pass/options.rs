//! Every option beside schedules, where it has a meaning.

#![deny(warnings)]

use cron_runtime::job;

#[job(
    every = "30s",
    overlap = "queue",
    queue_depth = 3,
    jitter = "5s",
    run_on_start = true,
    was = "waits_its_turn"
)]
fn waits() {}

#[job(
    every = "30s",
    overlap = "cancel",
    cancel_grace = "1m",
    retries = 3,
    group = "reports",
    tags = "nightly, slow"
)]
async fn gives_way() {}

#[job(
    every = "30s",
    overlap = "allow",
    max_running = 4,
    priority = 100,
    keep_runs = 500,
    keep_for = "7d",
    keep_dead = 100,
    keep_dead_for = "14d"
)]
fn runs_beside() {}

#[job(every = "30s", after = "finish", jitter = "5s", cancel_grace = "1s")]
fn after_itself() {}

#[job(
    every = "1h",
    timezone = "Europe/London",
    start = "2026-09-01T00:00:00",
    end = "2027-06-30T23:59:59+01:00"
)]
fn for_a_while() {}

#[job(daily = "02:30", timezone = "Europe/London", dst_gap = "skip")]
fn not_in_gaps() {}

#[job(overlap = "queue", run_on_start = true, priority = 0)]
fn by_hand() {}

#[test]
fn handles_take_no_arguments() {
    let handles: [cron_runtime::Job; 3] = [waits::JOB, gives_way::JOB, runs_beside::JOB];
    assert_eq!(handles.map(|handle| handle.name()), ["waits", "gives_way", "runs_beside"]);
    assert_ne!(after_itself::JOB, by_hand::JOB);
    assert_ne!(for_a_while::JOB, by_hand::JOB);
    assert_ne!(not_in_gaps::JOB, by_hand::JOB);
    waits();
}
