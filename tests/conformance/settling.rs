//! What becomes of attempts: success, failure, retry, and the ends that are neither.

use std::time::Duration;

use chrono::TimeDelta;
use cron_runtime::core::policy::Retry;
use cron_runtime::core::run::{
    AttemptResult, Failure, FailureKind, RunEvent, RunId, RunState, Stage, StateWord,
};

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, AttemptInfo, Desk, Process, RunFilter, RunQuery, Settled, World, failure, moved, overlap,
    settlement,
};

cases!(settling:
    a_success_is_final_and_frees_the_slot,
    a_failure_without_retries_is_failed,
    a_failure_with_retries_waits_for_a_stored_instant_that_survives_a_restart,
    three_retries_are_four_attempts,
    a_success_after_failures_keeps_the_attempts_and_clears_the_error,
    every_kind_of_failure_is_told_by_its_word,
    a_discarded_run_is_not_tried_again,
    a_retry_gives_way_to_the_next_tick_under_skip,
    a_retry_goes_past_the_next_tick_where_that_is_asked_for_or_runs_may_overlap,
    a_retry_beyond_the_calendar_waits_at_its_end,
    an_overrun_keeps_the_slot_until_the_function_returns,
    an_overrun_with_retries_is_tried_again_after_the_function_returned,
    an_interrupted_attempt_is_not_used,
    what_was_called_without_retries_and_cut_off_is_a_dead_letter,
    an_interruption_keeps_the_error_of_the_failure_before_it,
    a_lost_attempt_is_used,
    attempts_that_are_lost_leave_a_run_its_retries,
    many_settlements_are_answered_in_their_order,
    an_event_that_cannot_happen_fails_the_whole_call_and_changes_nothing,
    texts_of_all_kinds_are_kept_to_the_letter,
);

/// Starts a run of a job without a schedule, by hand.
fn starts_by_hand(process: &Process, second: i64) -> crate::world::Claimed {
    process.triggered("a", second);
    process.starts(second)
}

pub(crate) fn a_success_is_final_and_frees_the_slot(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(3)]);
    let claimed = process.starts(10);
    process.succeed(claimed.claim, 15);
    let run = process.run_info(claimed.claim.run);
    assert_eq!((run.state, run.attempts_used, run.error.as_str()), (RunState::Succeeded, 0, ""));
    assert_eq!((run.started, run.duration), (Some(at(14)), Some(Duration::from_secs(1))));
    assert_eq!(process.attempts(claimed.claim.run), []);
    assert_eq!(process.info("a").active, 0);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_failure_without_retries_is_failed(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    assert_eq!(process.fail(claimed.claim, 15, "the cat sat on it"), RunState::Failed);
    let run = process.run_info(claimed.claim.run);
    assert_eq!((run.attempts_used, run.crashes, run.error.as_str()), (1, 0, "the cat sat on it"));
    let want = AttemptInfo {
        attempt: 1,
        epoch: claimed.claim.epoch,
        result: AttemptResult::Errored,
        started: Some(at(14)),
        duration: Some(Duration::from_secs(1)),
        message: "the cat sat on it".to_owned(),
        program: None,
    };
    assert_eq!(process.attempts(claimed.claim.run), [want]);
    // A job that failed runs again at its next tick.
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_failure_with_retries_waits_for_a_stored_instant_that_survives_a_restart(world: &World) {
    let jobs = [job("a").every("1h").retries(2)];
    let process = world.start(0, &jobs);
    let claimed = process.starts(3_600);
    let delay = Retry { retries: 2, ..Retry::DEFAULT }.delay_after(claimed.claim.run, 1);
    let wake = at(3_605) + TimeDelta::from_std(delay).expect("a few seconds");
    assert_eq!(process.fail(claimed.claim, 3_605, "no"), RunState::Waiting { wake });
    process.leaves(3_606);

    let next = world.start(3_607, &jobs);
    assert_eq!(next.run_info(claimed.claim.run).state, RunState::Waiting { wake });
    assert_eq!(next.judge(3_607).next, Some(wake));
    let again = next.starts(3_620);
    assert_eq!((again.claim.run, again.attempt), (claimed.claim.run, 2));
}

pub(crate) fn three_retries_are_four_attempts(world: &World) {
    let process = world.start(0, &[job("a").retries(3)]);
    let mut claimed = starts_by_hand(&process, 0);
    for attempt in 1..=4 {
        assert_eq!(claimed.attempt, attempt);
        let state = process.fail(claimed.claim, i64::from(attempt) * 1_000, &format!("no {attempt}"));
        assert_eq!(state.is_active(), attempt < 4);
        if attempt < 4 {
            claimed = process.starts(i64::from(attempt) * 1_000 + 500);
        }
    }
    let run = process.run_info(claimed.claim.run);
    assert_eq!((run.state, run.attempts_used, run.error.as_str()), (RunState::Failed, 4, "no 4"));
    let attempts = process.attempts(claimed.claim.run);
    let read: Vec<_> = attempts.iter().map(|a| (a.attempt, a.epoch.0, a.message.as_str())).collect();
    assert_eq!(read, [(1, 1, "no 1"), (2, 2, "no 2"), (3, 3, "no 3"), (4, 4, "no 4")]);
}

pub(crate) fn a_success_after_failures_keeps_the_attempts_and_clears_the_error(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    let first = starts_by_hand(&process, 0);
    process.fail(first.claim, 1, "no");
    assert_eq!(process.run_info(first.claim.run).error, "no");
    let second = process.starts(100);
    process.succeed(second.claim, 101);
    let run = process.run_info(first.claim.run);
    assert_eq!((run.state, run.attempts_used, run.error.as_str()), (RunState::Succeeded, 1, ""));
    assert_eq!(process.attempts(first.claim.run).len(), 1);
}

pub(crate) fn every_kind_of_failure_is_told_by_its_word(world: &World) {
    let process = world.start(0, &[job("a").retries(9)]);
    let run = process.triggered("a", 0);
    let kinds = [
        (FailureKind::Errored, AttemptResult::Errored),
        (FailureKind::Panicked, AttemptResult::Panicked),
        (FailureKind::TimedOut, AttemptResult::TimedOut),
    ];
    for (index, (kind, result)) in kinds.into_iter().enumerate() {
        let second = index as i64 * 1_000;
        let claimed = process.starts(second);
        let message = kind.to_string();
        process.end(claimed.claim, second, AttemptEnd::Failed(Failure { kind, message, retry_after: None }));
        let attempts = process.attempts(run);
        assert_eq!(attempts[index].result, result);
        assert_eq!(attempts[index].message, kind.to_string());
    }
    assert_eq!(process.run_info(run).attempts_used, 3);
}

pub(crate) fn a_discarded_run_is_not_tried_again(world: &World) {
    let process = world.start(0, &[job("a").retries(9)]);
    let claimed = starts_by_hand(&process, 0);
    let end = AttemptEnd::Discarded { message: "no such customer".to_owned() };
    assert_eq!(process.end(claimed.claim, 1, end), moved(RunState::Discarded));
    let run = process.run_info(claimed.claim.run);
    assert_eq!((run.attempts_used, run.error.as_str()), (1, "no such customer"));
    assert_eq!(process.attempts(claimed.claim.run)[0].result, AttemptResult::Discarded);
    assert_eq!(process.judge(10_000), Default::default());
}

pub(crate) fn a_retry_gives_way_to_the_next_tick_under_skip(world: &World) {
    let process = world.start(0, &[job("a").every("20s").retries(3)]);
    let claimed = process.starts(20);
    // Ten seconds, give or take two, reach over the tick at 40.
    let settled = process.end(claimed.claim, 33, failure("no"));
    assert_eq!(settled, Settled::Moved { state: RunState::Failed, gave_way: true, due: None });
    assert_eq!(process.run_info(claimed.claim.run).attempts_used, 1);
    assert_eq!(process.starts(40).nominal, at(40));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn a_retry_goes_past_the_next_tick_where_that_is_asked_for_or_runs_may_overlap(world: &World) {
    let past = job("past").every("20s").retries(3).retry_past_next();
    let process = world.start(0, &[past, job("wide").every("20s").retries(3).allow()]);
    for claimed in process.judge(20).claimed {
        let settled = process.end(claimed.claim, 33, failure("no"));
        assert!(
            matches!(settled, Settled::Moved { state: RunState::Waiting { .. }, gave_way: false, due: None }),
            "{settled:?}"
        );
    }
    let claimed = process.judge(40).claimed;
    assert_eq!(claimed.len(), 1, "`past` waits for its retry, `wide` does not");
    assert_eq!(claimed[0].job().as_str(), "wide");
    assert_eq!(process.skipped("past").len(), 1);
}

pub(crate) fn a_retry_beyond_the_calendar_waits_at_its_end(world: &World) {
    let process = world.start(0, &[job("a").retries(1).retry_after(Duration::from_secs(u64::MAX / 2_000))]);
    let claimed = starts_by_hand(&process, 0);
    assert_eq!(process.fail(claimed.claim, 1, "no").word(), StateWord::Waiting);
    let run = process.run_info(claimed.claim.run);
    assert_eq!(run.state.word(), StateWord::Waiting);
    assert!(process.judge(1_000_000).next.expect("its wake") > at(4_000_000_000));
}

pub(crate) fn an_overrun_keeps_the_slot_until_the_function_returns(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    let run = claimed.claim.run;
    let stuck = RunState::Running { stage: Stage::Overdue };
    assert_eq!(process.event(claimed.claim, 15, RunEvent::Overrun { at: at(15) }), moved(stuck));
    assert_eq!(process.run_info(run).attempts_used, 1);
    assert_eq!(process.attempts(run)[0].result, AttemptResult::TimedOut);
    process.starts_nothing(20);
    assert_eq!(process.skipped("a"), [overlap(20, run)]);
    assert_eq!(process.renew(vec![claimed.claim], at(90)).expect("renews"), []);

    // Its late result does not count, whatever it says.
    assert_eq!(process.end(claimed.claim, 25, AttemptEnd::Succeeded), moved(RunState::Failed));
    assert_eq!(process.attempts(run).len(), 1);
    assert_eq!(process.starts(30).nominal, at(30));
}

pub(crate) fn an_overrun_with_retries_is_tried_again_after_the_function_returned(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    let claimed = starts_by_hand(&process, 0);
    process.event(claimed.claim, 15, RunEvent::Overrun { at: at(15) });
    assert_eq!(process.judge(500), Default::default());
    let settled = process.end(claimed.claim, 600, AttemptEnd::Succeeded);
    assert!(matches!(settled, Settled::Moved { state: RunState::Waiting { wake }, .. } if wake > at(600)));
    let again = process.starts(650);
    assert_eq!(again.attempt, 2);
    process.succeed(again.claim, 651);
    assert_eq!(process.run_info(claimed.claim.run).attempts_used, 1);
}

pub(crate) fn an_interrupted_attempt_is_not_used(world: &World) {
    for (retries, was_called) in [(0, false), (1, false), (1, true)] {
        let world = world.another();
        let process = world.start(0, &[job("a").every("10s").retries(retries)]);
        let claimed = process.starts(10);
        let state = RunState::Scheduled { wake: Some(at(15)) };
        assert_eq!(process.end(claimed.claim, 15, AttemptEnd::Interrupted { was_called }), moved(state));
        let run = process.run_info(claimed.claim.run);
        assert_eq!((run.attempts_used, run.crashes, run.error.as_str()), (0, 0, ""));
        assert_eq!(process.attempts(claimed.claim.run)[0].result, AttemptResult::Interrupted);
        assert_eq!(process.starts(16).attempt, 1);
    }
}

pub(crate) fn what_was_called_without_retries_and_cut_off_is_a_dead_letter(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let cut_off = process.starts(10).claim;
    assert_eq!(
        process.end(cut_off, 15, AttemptEnd::Interrupted { was_called: true }),
        moved(RunState::Failed)
    );
    let run = process.run_info(cut_off.run);
    assert_eq!((run.attempts_used, run.crashes), (1, 0));
    assert!(run.error.contains(&format!("`inspect retry {}`", cut_off.run)), "{}", run.error);
    let attempts = process.attempts(cut_off.run);
    assert_eq!((attempts.len(), attempts[0].result), (1, AttemptResult::Interrupted));
    assert_eq!(attempts[0].message, run.error);
    let dead = RunQuery { filter: RunFilter::Dead, ..RunQuery::default() };
    let dead: Vec<_> = process.runs(&dead).expect("they are read").iter().map(|run| run.id).collect();
    assert_eq!(dead, [cut_off.run]);
    // Its slot is free, and only a person has it called again.
    assert_ne!(process.starts(20).claim.run, cut_off.run);
}

pub(crate) fn an_interruption_keeps_the_error_of_the_failure_before_it(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    let first = starts_by_hand(&process, 0);
    process.fail(first.claim, 1, "the cat sat on it");
    let second = process.starts(100);
    process.end(second.claim, 101, AttemptEnd::Interrupted { was_called: true });
    assert_eq!(process.run_info(first.claim.run).error, "the cat sat on it");
}

pub(crate) fn a_lost_attempt_is_used(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    let first = starts_by_hand(&process, 0);
    assert_eq!(process.reaps(31), [first.claim.run]);
    let run = process.run_info(first.claim.run);
    assert_eq!((run.state.word(), run.attempts_used, run.crashes), (StateWord::Waiting, 1, 1));
    let second = process.starts(100);
    assert_eq!(second.attempt, 2);
    assert_eq!(process.fail(second.claim, 101, "no"), RunState::Failed);
    let attempts = process.attempts(first.claim.run);
    let results: Vec<_> = attempts.iter().map(|attempt| attempt.result).collect();
    assert_eq!(results, [AttemptResult::Lost, AttemptResult::Errored]);
    // When it began is known from its claim, how long it took is not.
    assert_eq!((attempts[0].started, attempts[0].duration), (Some(at(0)), None));
}

pub(crate) fn attempts_that_are_lost_leave_a_run_its_retries(world: &World) {
    // Its process lives and has not died of it: that is no matter of quarantine.
    let process = world.start(0, &[job("a").retries(4)]);
    let run = process.triggered("a", 0);
    for crash in 1..=5 {
        let second = i64::from(crash) * 1_000;
        process.starts(second);
        assert_eq!(process.reaps(second + 31), [run]);
        assert_eq!(process.run_info(run).crashes, crash);
    }
    assert_eq!(process.run_info(run).state, RunState::Failed);
}

pub(crate) fn many_settlements_are_answered_in_their_order(world: &World) {
    let names = ["a", "b", "c", "d"];
    let process = world.start(0, &names.map(|name| job(name).every("10s")));
    let claimed = process.judge(10).claimed;
    let ended = |end| RunEvent::Ended { at: at(12), end };
    let ends = [
        ended(AttemptEnd::Succeeded),
        ended(failure("no")),
        ended(AttemptEnd::Interrupted { was_called: false }),
        RunEvent::Overrun { at: at(12) },
    ];
    let mut settlements: Vec<_> =
        claimed.iter().zip(ends).map(|(claimed, event)| settlement(claimed.claim, 12, event)).collect();
    // Another end of the same attempt in the same call is late already.
    settlements.insert(1, settlement(claimed[0].claim, 13, ended(AttemptEnd::Succeeded)));
    let want = [
        moved(RunState::Succeeded),
        Settled::Fenced,
        moved(RunState::Failed),
        moved(RunState::Scheduled { wake: Some(at(12)) }),
        moved(RunState::Running { stage: Stage::Overdue }),
    ];
    assert_eq!(process.settle(settlements).expect("settles"), want);
    assert_eq!(process.settle(Vec::new()).expect("settles nothing"), []);
}

pub(crate) fn an_event_that_cannot_happen_fails_the_whole_call_and_changes_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    let claimed = process.judge(10).claimed;
    let before = (process.all_jobs(), process.all_runs());
    let good = settlement(claimed[0].claim, 12, RunEvent::Ended { at: at(12), end: failure("no") });
    let late = settlement(claimed[0].claim, 12, RunEvent::Ended { at: at(12), end: AttemptEnd::Succeeded });
    let bad = settlement(claimed[1].claim, 12, RunEvent::Start);
    let error = process.settle(vec![good, late, bad]).expect_err("a running run cannot be started");
    assert!(error.to_string().contains("running"), "{error}");
    assert_eq!((process.all_jobs(), process.all_runs()), before);
    assert_eq!(process.attempts(claimed[0].claim.run), []);
    process.succeed(claimed[0].claim, 13);
}

pub(crate) fn texts_of_all_kinds_are_kept_to_the_letter(world: &World) {
    let process = world.start(0, &[job("a").retries(9)]);
    let run = process.triggered("a", 0);
    let long = "é".repeat(512 * 1_024);
    let texts = ["", "'; DROP TABLE runs; --", "🐑 \u{202e}\u{feff}", "a\0b", "\r\n\t\u{1b}[31m", &long];
    for (index, text) in texts.into_iter().enumerate() {
        let second = index as i64 * 10_000;
        let claimed = process.starts(second);
        process.fail(claimed.claim, second, text);
        let kept = &process.attempts(run)[index].message;
        assert!(kept == text, "{} bytes became {}: {kept:.60}", text.len(), kept.len());
        assert!(process.run_info(run).error == text);
    }
    assert_eq!(process.run(RunId(run.0 + 1)).expect("readable"), None);
}
