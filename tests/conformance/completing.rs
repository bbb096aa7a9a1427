//! Attempts whose work is on record, in a transaction of their function's, before they end.

use cron_runtime::core::run::{Epoch, FailureKind, RunEvent, RunState, Stage};

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Claim, Desk, Done, Failure, Next, Note, Process, Progress, RunId, Settled, StateWord, World,
    failure, moved, overlap,
};

cases!(completing:
    a_completed_attempt_keeps_its_slot_and_its_lease_until_it_ends,
    however_a_completed_attempt_ends_its_run_has_succeeded,
    a_completed_attempt_that_is_stuck_uses_no_attempt,
    a_completed_attempt_whose_process_vanished_has_succeeded,
    a_completed_attempt_that_was_to_stop_has_succeeded,
    a_forced_cancel_of_a_completed_attempt_ends_it_as_succeeded,
    a_completed_attempt_that_gives_its_slot_away_has_succeeded,
    an_attempt_is_completed_once,
    an_attempt_that_is_overdue_cannot_be_completed,
    a_run_that_waits_for_its_retry_cannot_be_completed,
    what_a_completed_attempt_says_about_the_next_run_counts,
    the_second_attempt_can_be_completed_where_the_first_was_not,
);

const COMPLETED: RunState = RunState::Running { stage: Stage::Completed };

/// A completed attempt, and what must be so of its run at its end: no attempt used, nothing to try again, nothing in the way.
fn assert_succeeded(process: &Process, run: RunId) {
    let info = process.run_info(run);
    assert_eq!((info.state, info.error.as_str(), info.asked), (RunState::Succeeded, "", None));
    assert_eq!((info.attempts_used, info.crashes, process.attempts(run)), (0, 0, vec![]));
    assert!(info.completed.is_some(), "when it was completed stays on record");
    assert_eq!(process.info(info.job.as_str()).active, 0);
}

fn started(world: &World) -> (Process, Claim) {
    let process = world.start(0, &[job("a").every("10s").retries(3).retry_past_next()]);
    let claim = process.starts(10).claim;
    (process, claim)
}

pub(crate) fn a_completed_attempt_keeps_its_slot_and_its_lease_until_it_ends(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    let run = process.run_info(claim.run);
    assert_eq!((run.state, run.completed, run.attempts_used), (COMPLETED, Some(at(11)), 0));
    process.starts_nothing(20);
    assert_eq!(process.skipped("a"), [overlap(20, claim.run)]);
    assert_eq!(process.renew(vec![claim], at(90)).expect("renews"), []);
    let progress = Some(Progress { fraction: 1.0, message: "cleaning up".to_owned() });
    assert_eq!(
        process.note(vec![(claim, Note { progress, lines: vec![], ..Note::default() })]).expect("notes"),
        []
    );
    assert_eq!(process.reaps(89), []);
    process.succeed(claim, 89);
    assert_succeeded(&process, claim.run);
    assert_eq!(process.starts(90).nominal, at(90));
}

pub(crate) fn however_a_completed_attempt_ends_its_run_has_succeeded(world: &World) {
    let failed = |kind| {
        let message = "after the commit".to_owned();
        AttemptEnd::Failed(Failure { kind, message, retry_after: None })
    };
    let ends = FailureKind::ALL.iter().map(|kind| failed(*kind)).chain([
        AttemptEnd::Succeeded,
        AttemptEnd::Discarded { message: "after the commit".to_owned() },
        AttemptEnd::Interrupted { was_called: true },
        AttemptEnd::Cancelled { why: "after the commit".to_owned() },
        AttemptEnd::Lost,
    ]);
    for end in ends {
        let world = world.another();
        let (process, claim) = started(&world);
        process.completes(claim, 11);
        let text = format!("{end:?}");
        assert_eq!(process.end(claim, 12, end), moved(RunState::Succeeded), "{text}");
        assert_succeeded(&process, claim.run);
        assert_eq!(process.starts(20).nominal, at(20), "{text}");
    }
}

pub(crate) fn a_completed_attempt_that_is_stuck_uses_no_attempt(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    assert_eq!(process.event(claim, 15, RunEvent::Overrun { at: at(15) }), moved(COMPLETED));
    assert_eq!(process.run_info(claim.run).attempts_used, 0);
    process.starts_nothing(20);
    let late = AttemptEnd::Failed(Failure {
        kind: FailureKind::TimedOut,
        message: "too long".to_owned(),
        retry_after: None,
    });
    assert_eq!(process.end(claim, 25, late), moved(RunState::Succeeded));
    assert_succeeded(&process, claim.run);
}

pub(crate) fn a_completed_attempt_whose_process_vanished_has_succeeded(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    let other = world.join(40);
    let reaped = other.store().reap(at(41)).expect("reaps").lost;
    assert_eq!(reaped, [(crate::world::name("a"), claim.run, RunState::Succeeded)]);
    assert_succeeded(&process, claim.run);
    assert_eq!(process.end(claim, 42, AttemptEnd::Succeeded), Settled::Fenced);
    assert_eq!(process.starts(50).nominal, at(50));
}

pub(crate) fn a_completed_attempt_that_was_to_stop_has_succeeded(world: &World) {
    for vanishes in [false, true] {
        let world = world.another();
        let (process, claim) = started(&world);
        assert_eq!(
            process.cancels(claim.run, false, 11),
            Done::Cancelled { ended: vec![], asked: vec![claim.run] }
        );
        process.completes(claim, 12);
        if vanishes {
            assert_eq!(process.reaps(60), [claim.run]);
        } else {
            assert_eq!(process.end(claim, 13, failure("stopped")), moved(RunState::Succeeded));
        }
        assert_succeeded(&process, claim.run);
    }
}

pub(crate) fn a_forced_cancel_of_a_completed_attempt_ends_it_as_succeeded(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    let done = process.cancels(claim.run, true, 12);
    assert_eq!(done, Done::Cancelled { ended: vec![claim.run], asked: vec![] });
    assert_succeeded(&process, claim.run);
    assert_eq!(process.end(claim, 13, failure("what it returns")), Settled::Fenced);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_completed_attempt_that_gives_its_slot_away_has_succeeded(world: &World) {
    let process = world.start(0, &[job("a").every("10s").cancel(5)]);
    let claim = process.starts(10).claim;
    process.completes(claim, 11);
    assert_eq!(process.judge(20).asked.len(), 1, "it has its grace, as any other");
    let judged = process.judge(25);
    assert_eq!(judged.evicted, [(crate::world::name("a"), claim, RunState::Succeeded)]);
    assert_eq!(judged.claimed.len(), 1);
    let info = process.run_info(claim.run);
    assert_eq!((info.state, info.error.as_str(), info.asked), (RunState::Succeeded, "", None));
    assert_eq!(process.end(claim, 26, AttemptEnd::Succeeded), Settled::Fenced);
}

pub(crate) fn an_attempt_is_completed_once(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    assert!(!process.complete(claim, at(12)), "twice");
    assert_eq!(process.run_info(claim.run).completed, Some(at(11)));
    process.succeed(claim, 13);
    assert!(!process.complete(claim, at(14)), "after its end");
    for epoch in [0, claim.epoch.0 + 1] {
        assert!(!process.complete(Claim { epoch: Epoch(epoch), ..claim }, at(15)), "epoch {epoch}");
    }
}

pub(crate) fn an_attempt_that_is_overdue_cannot_be_completed(world: &World) {
    let (process, claim) = started(world);
    process.event(claim, 15, RunEvent::Overrun { at: at(15) });
    let before = process.run_info(claim.run);
    assert!(!process.complete(claim, at(16)), "its attempt is used");
    assert_eq!(process.run_info(claim.run), before);
    process.end(claim, 17, AttemptEnd::Succeeded);
    assert_eq!(process.state(claim.run), StateWord::Waiting);
}

pub(crate) fn a_run_that_waits_for_its_retry_cannot_be_completed(world: &World) {
    let (process, claim) = started(world);
    process.fail(claim, 11, "no");
    let before = process.run_info(claim.run);
    assert!(!process.complete(claim, at(12)), "its attempt is used");
    assert_eq!(process.run_info(claim.run), before);
}

pub(crate) fn what_a_completed_attempt_says_about_the_next_run_counts(world: &World) {
    let (process, claim) = started(world);
    process.completes(claim, 11);
    assert!(matches!(process.says(claim, 12, Next::At(at(47))), Settled::Moved { .. }));
    assert_succeeded(&process, claim.run);
    process.starts_nothing(46);
    assert_eq!(process.starts(47).nominal, at(47));
}

pub(crate) fn the_second_attempt_can_be_completed_where_the_first_was_not(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    process.triggered("a", 0);
    let first = process.starts(0).claim;
    process.fail(first, 1, "no");
    let second = process.starts(100);
    process.completes(second.claim, 101);
    assert!(!process.complete(first, at(102)), "the first one is over");
    assert_eq!(process.end(second.claim, 103, failure("after the commit")), moved(RunState::Succeeded));
    let info = process.run_info(first.run);
    assert_eq!((info.attempts_used, info.error.as_str(), second.attempt), (1, "", 2));
    assert_eq!(process.attempts(first.run).len(), 1);
}
