//! A late worker changes nothing: every write names its run and its epoch, and counts only while both are in force.

use cron_runtime::core::run::{AttemptResult, Epoch, RunEvent, RunId, RunState, Stage};

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Claim, Desk, LogLine, Note, Process, Progress, RunInfo, Settled, World, failure, moved,
    settlement,
};

cases!(fencing:
    a_worker_that_settled_already_changes_nothing,
    a_worker_whose_attempt_was_reaped_changes_nothing,
    a_worker_whose_run_was_claimed_anew_changes_nothing,
    a_worker_whose_run_was_quarantined_changes_nothing,
    a_worker_with_an_epoch_of_another_attempt_changes_nothing,
    a_worker_with_a_run_that_is_not_there_changes_nothing,
    settling_twice_is_fenced_the_second_time,
    an_overrun_after_the_end_is_fenced,
    a_refused_result_is_kept_for_the_audit_and_counts_as_nothing,
    a_fenced_settlement_does_not_hinder_its_neighbours,
    a_stuck_worker_that_was_reaped_changes_nothing,
    a_worker_that_was_completed_and_reaped_changes_nothing,
    a_live_run_whose_epoch_rose_beneath_its_worker_is_not_changed_by_it,
    no_epoch_of_a_job_comes_twice_where_an_end_and_a_retry_are_written_together,
);

/// All that a worker may want to say.
fn everything() -> Vec<RunEvent> {
    let ends = [
        AttemptEnd::Succeeded,
        failure("too late"),
        AttemptEnd::Discarded { message: "too late".to_owned() },
        AttemptEnd::Interrupted { was_called: true },
        AttemptEnd::Lost,
    ];
    let ends = ends.map(|end| RunEvent::Ended { at: at(1_000), end });
    ends.into_iter().chain([RunEvent::Overrun { at: at(1_000) }]).collect()
}

/// The ledger without the list of attempts, in which refused results are kept.
fn picture(process: &Process) -> (Vec<crate::world::JobInfo>, Vec<RunInfo>) {
    (process.all_jobs(), process.all_runs())
}

/// Lets the worker of `late` say everything, and expects nothing to come of it.
fn assert_fenced(process: &Process, late: Claim) {
    let before = picture(process);
    let log = process.log(late.run).expect("readable");
    for event in everything() {
        let text = format!("{event:?}");
        assert_eq!(process.event(late, 1_000, event), Settled::Fenced, "{text}");
        assert_eq!(picture(process), before, "after {text}");
    }
    assert_eq!(process.renew(vec![late], at(9_999)).expect("renews"), [late]);
    assert_eq!(picture(process), before, "after a renewal");
    let line = LogLine { at: at(1_000), attempt: 1, text: "too late".to_owned() };
    let progress = Some(Progress { fraction: 0.5, message: "too late".to_owned() });
    let note = Note { progress, lines: vec![line], ..Note::default() };
    assert_eq!(process.note(vec![(late, note)]).expect("notes"), [late]);
    assert_eq!((picture(process), process.log(late.run).expect("readable")), (before.clone(), log));
    assert!(!process.complete(late, at(1_000)), "a late worker was completed");
    assert_eq!(picture(process), before, "after a completion");
}

/// A run started by hand at second 0, of a job with `retries`.
fn started(world: &World, retries: u32) -> (Process, Claim) {
    let process = world.start(0, &[job("a").retries(retries)]);
    process.triggered("a", 0);
    let claim = process.starts(0).claim;
    (process, claim)
}

pub(crate) fn a_worker_that_settled_already_changes_nothing(world: &World) {
    let (process, claim) = started(world, 1);
    process.succeed(claim, 1);
    assert_fenced(&process, claim);
    assert_eq!(process.run_info(claim.run).state, RunState::Succeeded);
}

pub(crate) fn a_worker_whose_attempt_was_reaped_changes_nothing(world: &World) {
    let (process, claim) = started(world, 1);
    let other = world.join(30);
    assert_eq!(other.reaps(31), [claim.run]);
    // The run waits for its next attempt; nobody has claimed it yet, so its epoch is still the old one.
    assert_eq!(process.run_info(claim.run).epoch, claim.epoch);
    assert_fenced(&process, claim);
    assert_eq!(process.starts(1_000).attempt, 2);
}

pub(crate) fn a_worker_whose_run_was_claimed_anew_changes_nothing(world: &World) {
    let (process, late) = started(world, 1);
    let other = world.start(30, &[job("a").retries(1)]);
    assert_eq!(other.reaps(31), [late.run]);
    let living = other.starts(100);
    assert_eq!(living.claim.run, late.run);
    assert_fenced(&process, late);
    // The renewal of the late one has not prolonged the lease of the living one either.
    assert_eq!(other.renew(vec![living.claim], at(1_030)).expect("renews"), []);
    assert_eq!(other.reaps(1_030), []);
    other.succeed(living.claim, 1_031);
}

pub(crate) fn a_worker_whose_run_was_quarantined_changes_nothing(world: &World) {
    let (process, first) = started(world, 9);
    process.fail(first, 1, "no");
    let mut claim = first;
    for second in [1_000, 2_000, 3_000] {
        let dead = world.start(second, &[job("a").retries(9)]);
        claim = dead.starts(second).claim;
        drop(dead);
        process.reaps(second + 31);
    }
    assert_eq!(process.run_info(claim.run).state, RunState::Quarantined);
    assert_fenced(&process, claim);
}

pub(crate) fn a_worker_with_an_epoch_of_another_attempt_changes_nothing(world: &World) {
    let (process, claim) = started(world, 1);
    for epoch in [0, claim.epoch.0 + 1] {
        assert_fenced(&process, Claim { epoch: Epoch(epoch), ..claim });
    }
    process.succeed(claim, 1_001);
}

pub(crate) fn a_worker_with_a_run_that_is_not_there_changes_nothing(world: &World) {
    let (process, claim) = started(world, 1);
    for run in [0, claim.run.0 + 1, u64::MAX] {
        assert_fenced(&process, Claim { run: RunId(run), ..claim });
    }
    process.succeed(claim, 1_001);
}

pub(crate) fn settling_twice_is_fenced_the_second_time(world: &World) {
    let (process, claim) = started(world, 0);
    assert_eq!(process.fail(claim, 1, "first"), RunState::Failed);
    assert_eq!(process.end(claim, 2, failure("second")), Settled::Fenced);
    assert_eq!(process.run_info(claim.run).error, "first");
    assert_eq!(process.run_info(claim.run).attempts_used, 1);
}

pub(crate) fn an_overrun_after_the_end_is_fenced(world: &World) {
    let (process, claim) = started(world, 0);
    process.succeed(claim, 1);
    assert_eq!(process.event(claim, 2, RunEvent::Overrun { at: at(2) }), Settled::Fenced);
    assert_eq!(process.run_info(claim.run).state, RunState::Succeeded);
}

pub(crate) fn a_refused_result_is_kept_for_the_audit_and_counts_as_nothing(world: &World) {
    let (process, late) = started(world, 1);
    process.reaps(31);
    let living = process.starts(100);
    process.end(late, 101, failure("the late word"));
    process.succeed(living.claim, 102);
    process.end(late, 103, AttemptEnd::Succeeded);

    let attempts = process.attempts(late.run);
    let results: Vec<_> = attempts.iter().map(|attempt| (attempt.result, attempt.epoch)).collect();
    let fenced = (AttemptResult::Fenced, late.epoch);
    assert_eq!(results, [(AttemptResult::Lost, late.epoch), fenced, fenced]);
    assert!(attempts[1].message.contains("the late word"), "{}", attempts[1].message);
    assert_eq!(attempts[1].started, Some(at(100)));
    let run = process.run_info(late.run);
    assert_eq!((run.state, run.attempts_used, run.error.as_str()), (RunState::Succeeded, 1, ""));
}

pub(crate) fn a_fenced_settlement_does_not_hinder_its_neighbours(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    let claims: Vec<_> = process.judge(10).claimed.into_iter().map(|claimed| claimed.claim).collect();
    process.succeed(claims[0], 11);
    let success = RunEvent::Ended { at: at(12), end: AttemptEnd::Succeeded };
    let both = claims.iter().map(|claim| crate::world::settlement(*claim, 12, success.clone())).collect();
    assert_eq!(process.settle(both).expect("settles"), [Settled::Fenced, moved(RunState::Succeeded)]);
    assert_eq!(process.renew(claims.clone(), at(50)).expect("renews"), claims);
}

pub(crate) fn a_stuck_worker_that_was_reaped_changes_nothing(world: &World) {
    let (process, claim) = started(world, 0);
    process.event(claim, 5, RunEvent::Overrun { at: at(5) });
    assert_eq!(process.reaps(31), [claim.run]);
    let run = process.run_info(claim.run);
    // The attempt was used when it overran; the crash beneath it is counted, the attempt is not counted twice.
    assert_eq!((run.state, run.attempts_used, run.crashes), (RunState::Failed, 1, 1));
    assert_fenced(&process, claim);
}

pub(crate) fn a_worker_that_was_completed_and_reaped_changes_nothing(world: &World) {
    let (process, claim) = started(world, 1);
    process.completes(claim, 1);
    assert_eq!(process.reaps(31), [claim.run]);
    assert_fenced(&process, claim);
    assert_eq!(process.run_info(claim.run).state, RunState::Succeeded);
}

/// The run is in progress all the while, under the same process: only the epoch tells the worker of its first attempt from that
/// of its second one.
pub(crate) fn a_live_run_whose_epoch_rose_beneath_its_worker_is_not_changed_by_it(world: &World) {
    let (process, late) = started(world, 1);
    process.reaps(31);
    let living = process.starts(100).claim;
    assert_eq!((living.run, living.epoch), (late.run, Epoch(late.epoch.0 + 1)));
    assert_fenced(&process, late);
    process.completes(living, 101);
    assert_fenced(&process, late);
    assert_eq!(process.run_info(late.run).state, RunState::Running { stage: Stage::Completed });
    process.succeed(living, 102);
}

pub(crate) fn no_epoch_of_a_job_comes_twice_where_an_end_and_a_retry_are_written_together(world: &World) {
    let process = world.start(0, &[job("a").every("5s").allow().retries(1).retry_past_next()]);
    let [first, second, third, fourth] = [5, 10, 15, 20].map(|tick| process.starts(tick).claim);
    process.fail(first, 20, "once");
    // It waits ten seconds.
    process.starts(25);
    let ended = RunEvent::Ended { at: at(30), end: AttemptEnd::Succeeded };
    let request = process.request(30, 1);
    let together = process.store().settle_and_judge(vec![settlement(second, 30, ended)], request)();
    let (_, judged) = together.expect("it is written");
    let [retry] = &judged.claimed[..] else { panic!("the retry alone was to start: {judged:?}") };
    assert_eq!((retry.claim.run, retry.claim.epoch), (first.run, Epoch(6)));
    process.succeed(third, 31);
    process.succeed(fourth, 31);
    assert_eq!(process.starts(31).claim.epoch, Epoch(7), "the tick of 30");
    process.succeed(retry.claim, 32);
}
