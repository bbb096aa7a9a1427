//! Processes that declare all jobs of a program and execute some of them, or none.

use cron_runtime::core::run::{Origin, StateWord};
use cron_runtime::store::Executes;

use crate::jobs::{Job, at, job};
use crate::world::{Command, Desk, Process, Program, Synced, World, name, plans, program};

cases!(executing:
    a_process_that_executes_nothing_declares_and_claims_nothing,
    jobs_go_to_the_process_that_executes_them,
    dynamic_jobs_go_where_their_handler_is_executed,
    what_is_left_to_others_is_no_removed_job,
    what_a_dead_worker_left_is_ended_by_one_that_executes_nothing,
    a_start_that_executes_all_again_takes_over,
);

fn joins(world: &World, second: i64, jobs: &[Job], executed: &[&str]) -> Process {
    let process = world.join(second);
    let executes = Executes::Only(executed.iter().map(|job| name(job)).collect());
    process.store().sync(&Program { executes, ..program(jobs) }, at(second)).expect("it syncs");
    process
}

pub(crate) fn a_process_that_executes_nothing_declares_and_claims_nothing(world: &World) {
    let jobs = [job("a").every("10s"), job("b")];
    let web = joins(world, 0, &jobs, &[]);
    assert_eq!(web.info("a").due, Some(at(10)));
    let run = web.triggered("b", 1);
    let judged = web.judge(35);
    assert_eq!((judged.claimed, judged.skipped, judged.next), (vec![], vec![], None));
    assert_eq!(web.state(run), StateWord::Scheduled);
    assert!(!web.info("a").linked);

    // Nothing was lost: the worker finds the ticks and what was asked for.
    let worker = world.start(36, &jobs);
    let claimed = worker.judge(36).claimed;
    let mut started: Vec<_> = claimed.iter().map(|one| (one.plan.name.as_str(), one.nominal)).collect();
    started.sort_unstable();
    assert_eq!(started, [("a", at(30)), ("b", at(1))]);
    assert!(web.info("a").linked);
}

pub(crate) fn jobs_go_to_the_process_that_executes_them(world: &World) {
    let jobs = [job("a").every("10s"), job("b").every("10s")];
    let first = joins(world, 0, &jobs, &["a"]);
    let second = joins(world, 0, &jobs, &["b"]);
    assert_eq!(second.starts(10).plan.name, name("b"));
    let claimed = first.starts(10);
    assert_eq!(claimed.plan.name, name("a"));
    first.succeed(claimed.claim, 10);
    // By hand too.
    let run = second.triggered("a", 11);
    second.starts_nothing(12);
    assert_eq!(second.state(run), StateWord::Scheduled);
}

pub(crate) fn dynamic_jobs_go_where_their_handler_is_executed(world: &World) {
    let jobs = [job("a"), job("b")];
    let web = joins(world, 0, &jobs, &[]);
    let first = joins(world, 0, &jobs, &["a"]);
    let second = joins(world, 0, &jobs, &["b"]);
    let dynamic = [job("a-1").on("a").every("10s"), job("b-1").on("b").every("10s")];
    web.does(Command::Upsert { plans: plans(&dynamic) }, 1);
    web.starts_nothing(10);
    assert_eq!(first.starts(10).plan.name, name("a-1"));
    assert_eq!(second.starts(10).plan.name, name("b-1"));
}

pub(crate) fn what_is_left_to_others_is_no_removed_job(world: &World) {
    let jobs = [job("a").every("10s"), job("b").every("10s")];
    let worker = world.start(0, &jobs);
    let web = world.join(1);
    let nothing = Program { executes: Executes::Only([].into()), ..program(&jobs) };
    let synced = web.store().sync(&nothing, at(1)).expect("it syncs");
    assert_eq!(synced, Synced::default());
    // It contains the same jobs, so the worker is still of the newest program.
    assert_eq!(worker.all_jobs().iter().filter(|job| job.linked).count(), 2);
    assert_eq!(worker.judge(10).claimed.len(), 2);
}

pub(crate) fn what_a_dead_worker_left_is_ended_by_one_that_executes_nothing(world: &World) {
    let jobs = [job("a").every("10s")];
    let worker = world.start(0, &jobs);
    let web = joins(world, 1, &jobs, &[]);
    let claimed = worker.starts(10);
    worker.leaves(11);
    assert_eq!(web.reaps(12), [claimed.claim.run]);
    assert_eq!(web.state(claimed.claim.run), StateWord::Failed);
    web.starts_nothing(40);
    // And whoever asks is told that nobody executes it.
    assert!(!web.info("a").linked);
}

pub(crate) fn a_start_that_executes_all_again_takes_over(world: &World) {
    let jobs = [job("a").every("10s")];
    joins(world, 0, &jobs, &[]).leaves(5);
    let claimed = world.start(6, &jobs).starts(10);
    assert_eq!((claimed.nominal, claimed.origin), (at(10), Origin::Tick));
}
