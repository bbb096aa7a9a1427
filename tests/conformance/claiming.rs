//! Which runs are started, under which token, and in which order.

use std::collections::BTreeSet;

use std::sync::Arc;

use cron_runtime::core::run::{Epoch, Origin, RunState, Stage};

use crate::jobs::{at, job};
use crate::world::{AttemptEnd, Claim, Claimed, Desk, World};

cases!(claiming:
    a_claimed_tick_says_all_that_its_executor_needs,
    a_manual_run_is_claimed_with_the_instant_it_was_asked_for,
    a_manual_run_asked_for_in_the_future_waits,
    a_retry_is_claimed_when_its_wait_is_over,
    an_interrupted_run_is_claimed_at_once,
    waiting_runs_are_claimed_before_ticks_the_longest_waiting_first,
    waiting_runs_fill_a_batch_before_ticks_do,
    a_run_of_a_job_that_is_not_linked_here_is_not_claimed,
    a_paused_job_still_finishes_what_it_began,
    epochs_rise_with_every_claim_of_a_job,
    epochs_of_different_jobs_have_nothing_to_do_with_each_other,
    a_claimed_run_is_not_claimed_again,
);

pub(crate) fn a_claimed_tick_says_all_that_its_executor_needs(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(12);
    let want = Claimed {
        claim: Claim { run: claimed.claim.run, epoch: Epoch(1) },
        plan: Arc::new(job("a").every("10s").plan().clone()),
        nominal: at(10),
        origin: Origin::Tick,
        attempt: 1,
        args: None,
        is_late: false,
    };
    assert_eq!(claimed, want);
    let run = process.run_info(claimed.claim.run);
    assert_eq!(
        (run.state, run.epoch, run.started),
        (RunState::Running { stage: Stage::InTime }, Epoch(1), Some(at(12)))
    );
    assert_eq!((run.attempts_used, run.crashes, run.duration, run.error.as_str()), (0, 0, None, ""));
}

pub(crate) fn a_manual_run_is_claimed_with_the_instant_it_was_asked_for(world: &World) {
    let process = world.start(0, &[job("a").every("60s")]);
    let run = process.triggered("a", 7);
    assert_eq!(process.run_info(run).epoch, Epoch(0));
    assert_eq!(process.run_info(run).state, RunState::Scheduled { wake: Some(at(7)) });
    let claimed = process.starts(9);
    assert_eq!((claimed.claim.run, claimed.origin, claimed.nominal), (run, Origin::Manual, at(7)));
    process.succeed(claimed.claim, 10);
    // It is no tick: the mark has not moved, and the next tick runs as ever.
    assert_eq!(process.info("a").mark, at(0));
    assert_eq!(process.starts(60).nominal, at(60));
}

pub(crate) fn a_manual_run_asked_for_in_the_future_waits(world: &World) {
    // The clocks of two processes differ by a little.
    let process = world.start(0, &[job("a")]);
    process.triggered("a", 7);
    assert_eq!(process.judge(6).next, Some(at(7)));
    assert_eq!(process.starts(7).nominal, at(7));
}

pub(crate) fn a_retry_is_claimed_when_its_wait_is_over(world: &World) {
    let process = world.start(0, &[job("a").retries(2)]);
    let run = process.triggered("a", 1);
    let first = process.starts(1);
    let RunState::Waiting { wake } = process.fail(first.claim, 2, "no") else { panic!("no retry") };
    let before = crate::jobs::second(wake) - 1;
    process.starts_nothing(before);
    let second = process.starts(before + 2);
    assert_eq!((second.claim.run, second.attempt, second.nominal), (run, 2, at(1)));
    assert!(second.claim.epoch > first.claim.epoch);
}

pub(crate) fn an_interrupted_run_is_claimed_at_once(world: &World) {
    let jobs = [job("a").every("10s").retries(1)];
    let process = world.start(0, &jobs);
    let first = process.starts(10);
    process.end(first.claim, 15, AttemptEnd::Interrupted { was_called: true });
    process.leaves(15);
    let next = world.start(16, &jobs);
    let again = next.starts(16);
    assert_eq!((again.claim.run, again.nominal, again.attempt), (first.claim.run, at(10), 1));
    assert!(again.claim.epoch > first.claim.epoch);
}

pub(crate) fn waiting_runs_are_claimed_before_ticks_the_longest_waiting_first(world: &World) {
    let process = world.start(0, &[job("tick").every("60s"), job("x"), job("y"), job("z")]);
    for (job, second) in [("y", 9), ("x", 8), ("z", 9)] {
        process.triggered(job, second);
    }
    let order: Vec<_> = process.judge(60).claimed.iter().map(|claimed| claimed.job().to_string()).collect();
    assert_eq!(order, ["x", "y", "z", "tick"]);
}

pub(crate) fn waiting_runs_fill_a_batch_before_ticks_do(world: &World) {
    let process = world.start(0, &[job("tick").every("60s"), job("x"), job("y")]);
    process.triggered("x", 8);
    process.triggered("y", 9);
    let order: Vec<_> = [true, false]
        .map(|more| {
            let judged = process.judge_few(60, 2);
            assert_eq!(judged.more, more);
            judged.claimed.iter().map(|claimed| claimed.job().to_string()).collect::<Vec<_>>()
        })
        .concat();
    assert_eq!(order, ["x", "y", "tick"]);
}

pub(crate) fn a_run_of_a_job_that_is_not_linked_here_is_not_claimed(world: &World) {
    let owner = world.start(0, &[job("a").retries(1)]);
    let other = world.start(1, &[job("b")]);
    let run = owner.triggered("a", 2);
    assert_eq!(other.judge(3), Default::default());
    let first = owner.starts(3);
    owner.fail(first.claim, 4, "no");
    assert_eq!(other.judge(100), Default::default());
    assert_eq!(owner.starts(100).claim.run, run);
}

pub(crate) fn a_paused_job_still_finishes_what_it_began(world: &World) {
    let process = world.start(0, &[job("a").every("1h").retries(1)]);
    let first = process.starts(3_600);
    process.pause("a", 3_601, "eve", "").expect("pauses");
    process.fail(first.claim, 3_602, "no");
    let again = process.starts(3_620);
    assert_eq!(again.attempt, 2);
    process.succeed(again.claim, 3_621);
    process.starts_nothing(7_200);
    // A person may run it by hand all the same.
    let run = process.triggered("a", 7_201);
    assert_eq!(process.starts(7_201).claim.run, run);
}

pub(crate) fn epochs_rise_with_every_claim_of_a_job(world: &World) {
    let jobs = [job("a").every("10s").allow().retries(1)];
    let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
    let mut epochs = Vec::new();
    for tick in 1..=10 {
        let process = if tick % 2 == 0 { &first } else { &second };
        for claimed in process.judge(tick * 10).claimed {
            epochs.push(claimed.claim.epoch);
            if claimed.attempt == 1 {
                process.fail(claimed.claim, tick * 10, "no");
            }
        }
    }
    assert!(epochs.len() > 15, "{epochs:?}");
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
}

pub(crate) fn epochs_of_different_jobs_have_nothing_to_do_with_each_other(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    let epochs: Vec<_> = process.judge(10).claimed.iter().map(|claimed| claimed.claim.epoch).collect();
    assert_eq!(epochs, [Epoch(1), Epoch(1)]);
}

pub(crate) fn a_claimed_run_is_not_claimed_again(world: &World) {
    let jobs = [job("a").every("10s").allow(), job("b").allow()];
    let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
    for _ in 0..3 {
        first.triggered("b", 5);
    }
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.extend(first.judge_few(10, 1).claimed.into_iter().map(|claimed| claimed.claim.run));
        runs.extend(second.judge_few(10, 1).claimed.into_iter().map(|claimed| claimed.claim.run));
    }
    assert_eq!(runs.len(), 4);
    assert_eq!(runs.iter().collect::<BTreeSet<_>>().len(), 4, "{runs:?}");
}
