//! Runs that ended badly and wait for a person.

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Command, CommandError, Desk, Done, Process, RunFilter, RunId, RunQuery, StateWord, World,
    name,
};

cases!(dead_letters:
    what_ended_badly_is_listed_until_it_is_retried_or_dismissed,
    a_retry_gives_all_attempts_again_and_keeps_the_record,
    a_retry_obeys_the_overlap_policy,
    all_dead_letters_of_a_job_are_retried_one_after_the_other,
    what_did_not_end_badly_cannot_be_retried_or_dismissed,
    a_cancelled_run_is_no_dead_letter_and_can_be_retried,
);

fn dead(process: &Process) -> Vec<RunId> {
    let query = RunQuery { filter: RunFilter::Dead, ..RunQuery::default() };
    process.runs(&query).expect("readable").into_iter().map(|run| run.id).collect()
}

/// Fails the tick at this second.
fn fails(process: &Process, second: i64) -> RunId {
    let claimed = process.starts(second);
    process.fail(claimed.claim, second + 1, "no");
    claimed.claim.run
}

pub(crate) fn what_ended_badly_is_listed_until_it_is_retried_or_dismissed(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let failed = fails(&process, 10);
    let claimed = process.starts(20);
    process.end(claimed.claim, 21, AttemptEnd::Discarded { message: "never".to_owned() });
    assert_eq!(dead(&process), [claimed.claim.run, failed]);
    assert_eq!(process.does(Command::Dismiss { run: failed }, 22), Done::Dismissed { count: 1 });
    assert_eq!(process.does(Command::Dismiss { run: failed }, 23), Done::Dismissed { count: 0 });
    assert_eq!((dead(&process), process.run_info(failed).dismissed), (vec![claimed.claim.run], Some(at(22))));
    process.does(Command::Retry { run: claimed.claim.run, force: false }, 24);
    assert_eq!(dead(&process), []);
    assert_eq!(process.does(Command::DismissAll { job: None }, 25), Done::Dismissed { count: 0 });
}

pub(crate) fn a_retry_gives_all_attempts_again_and_keeps_the_record(world: &World) {
    let process = world.start(0, &[job("a").every("1h").retries(1)]);
    let claimed = process.starts(3_600);
    process.fail(claimed.claim, 3_601, "one");
    let claimed = process.starts(3_630);
    process.fail(claimed.claim, 3_631, "two");
    let run = claimed.claim.run;
    assert_eq!(process.state(run), StateWord::Failed);
    assert_eq!(process.does(Command::Retry { run, force: false }, 3_700), Done::Retried { runs: vec![run] });
    let again = process.starts(3_700);
    assert_eq!((again.claim.run, again.attempt, again.nominal), (run, 1, at(3_600)));
    assert!(again.claim.epoch > claimed.claim.epoch);
    process.succeed(again.claim, 3_701);
    let (info, attempts) = (process.run_info(run), process.attempts(run));
    assert_eq!((info.state.word(), info.error.as_str(), attempts.len()), (StateWord::Succeeded, "", 2));
    assert_eq!(process.ran("a"), [3_600]);
}

pub(crate) fn a_retry_obeys_the_overlap_policy(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let failed = fails(&process, 10);
    let holder = process.starts(20).claim.run;
    match process.command(Command::Retry { run: failed, force: false }, at(21)) {
        Err(CommandError::Held { holder: by, .. }) => assert_eq!(by, holder),
        other => panic!("{other:?}"),
    }
    process.does(Command::Retry { run: failed, force: true }, 22);
    assert_eq!(process.starts(22).claim.run, failed);
}

pub(crate) fn all_dead_letters_of_a_job_are_retried_one_after_the_other(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b")]);
    let runs = vec![fails(&process, 10), fails(&process, 20), fails(&process, 30)];
    let all = Command::RetryAll { job: Some(name("a")) };
    assert_eq!(process.does(Command::RetryAll { job: Some(name("b")) }, 31), Done::Retried { runs: vec![] });
    assert_eq!(process.does(all, 31), Done::Retried { runs: runs.clone() });
    assert_eq!((process.info("a").active, process.info("a").parked), (1, 2));
    for (index, run) in runs.into_iter().enumerate() {
        let claimed = process.starts(32 + index as i64);
        assert_eq!(claimed.claim.run, run);
        process.succeed(claimed.claim, 32 + index as i64);
    }
    assert_eq!(process.info("a").parked, 0);
}

pub(crate) fn what_did_not_end_badly_cannot_be_retried_or_dismissed(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    let run = claimed.claim.run;
    let refusal = |command| process.command(command, at(11)).expect_err("refused").to_string();
    assert!(refusal(Command::Retry { run, force: true }).starts_with("run 1 of job `a` is running; only"));
    process.succeed(claimed.claim, 11);
    assert!(refusal(Command::Dismiss { run }).contains("is succeeded; only"));
    let unknown = RunId(77);
    assert!(refusal(Command::Retry { run: unknown, force: false }).contains("no run 77"));
}

pub(crate) fn a_cancelled_run_is_no_dead_letter_and_can_be_retried(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let run = process.triggered("a", 1);
    process.cancels(run, false, 2);
    assert_eq!(dead(&process), []);
    process.does(Command::Retry { run, force: false }, 3);
    assert_eq!(process.starts(3).claim.run, run);
}
