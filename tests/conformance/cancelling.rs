//! Runs that a person ends.

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Cancel, Command, CommandError, Desk, Done, Settled, StateWord, Target, World, name,
};

cases!(cancelling:
    a_running_run_is_asked_and_its_process_is_told_until_it_ends,
    a_run_that_nobody_has_in_progress_ends_at_once,
    a_forced_cancel_ends_a_running_run_and_refuses_its_late_result,
    a_run_that_was_asked_to_stop_is_not_tried_again_when_its_process_vanishes,
    what_has_ended_cannot_be_cancelled_and_what_is_unknown_is_said_to_be,
    all_runs_of_a_job_are_cancelled_together,
    a_failure_of_a_run_that_was_asked_to_stop_is_not_tried_again,
    a_success_after_all_is_a_success,
);

pub(crate) fn a_running_run_is_asked_and_its_process_is_told_until_it_ends(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(3)]);
    let claimed = process.starts(10);
    let observer = world.open();
    let run = claimed.claim.run;
    assert_eq!(observer.cancels(run, false, 12), Done::Cancelled { ended: vec![], asked: vec![run] });
    assert_eq!(observer.run_info(run).asked.as_deref(), Some("cancelled by eve: enough"));
    for now in [12, 13] {
        let asked = process.judge(now).asked;
        assert_eq!(asked, [(claimed.claim, "cancelled by eve: enough".to_owned())]);
    }
    let why = "cancelled by eve: enough".to_owned();
    process.end(claimed.claim, 14, AttemptEnd::Cancelled { why });
    assert_eq!(process.judge(15).asked, []);
    let info = process.run_info(run);
    assert_eq!((info.state.word(), info.error.as_str()), (StateWord::Cancelled, "cancelled by eve: enough"));
    assert_eq!(process.attempts(run).len(), 1);
}

pub(crate) fn a_run_that_nobody_has_in_progress_ends_at_once(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(3)]);
    let claimed = process.starts(10);
    process.fail(claimed.claim, 11, "no");
    let run = claimed.claim.run;
    assert_eq!(process.cancels(run, false, 12), Done::Cancelled { ended: vec![run], asked: vec![] });
    assert_eq!((process.state(run), process.info("a").active), (StateWord::Cancelled, 0));
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_forced_cancel_ends_a_running_run_and_refuses_its_late_result(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    process.cancels(claimed.claim.run, true, 12);
    assert_eq!(process.state(claimed.claim.run), StateWord::Cancelled);
    assert_eq!(process.renew(vec![claimed.claim], at(50)).expect("renews"), [claimed.claim]);
    assert_eq!(process.end(claimed.claim, 13, AttemptEnd::Succeeded), Settled::Fenced);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_run_that_was_asked_to_stop_is_not_tried_again_when_its_process_vanishes(world: &World) {
    let jobs = [job("a").every("1h").retries(3)];
    let process = world.start(0, &jobs);
    let claimed = process.starts(3_600);
    process.cancels(claimed.claim.run, false, 3_601);
    process.leaves(3_602);
    let process = world.start(3_603, &jobs);
    assert_eq!(process.reaps(3_603), [claimed.claim.run]);
    assert_eq!(process.state(claimed.claim.run), StateWord::Cancelled);
}

pub(crate) fn what_has_ended_cannot_be_cancelled_and_what_is_unknown_is_said_to_be(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    process.succeed(claimed.claim, 11);
    let cancel = |run| {
        let (by, note) = ("eve".to_owned(), String::new());
        process.command(Command::Cancel { what: Cancel::Run(run), force: true, by, note }, at(12))
    };
    let refused = cancel(claimed.claim.run).expect_err("it has ended").to_string();
    assert_eq!(refused, "run 1 of job `a` is succeeded already");
    let unknown = crate::world::RunId(99);
    assert!(matches!(cancel(unknown), Err(CommandError::UnknownRun { run }) if run == unknown));
}

pub(crate) fn all_runs_of_a_job_are_cancelled_together(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow(), job("b").every("10s")]);
    let first = process.judge(10).claimed;
    process.judge(20);
    let waiting = process.triggered("a", 21);
    let (by, note) = ("eve".to_owned(), String::new());
    let what = Cancel::All(Target::Job(name("a")));
    let done = process.does(Command::Cancel { what: what.clone(), force: false, by, note }, 22);
    let Done::Cancelled { ended, asked } = done else { panic!("{done:?}") };
    assert_eq!((ended, asked.len()), (vec![waiting], 2));
    let of_b = first.iter().find(|claimed| claimed.job().as_str() == "b").expect("started");
    assert_eq!(process.run_info(of_b.claim.run).asked, None);
    let (by, note) = ("eve".to_owned(), String::new());
    let done = process.does(Command::Cancel { what, force: true, by, note }, 23);
    assert!(matches!(done, Done::Cancelled { ended, asked } if ended.len() == 2 && asked.is_empty()));
    assert_eq!(process.info("a").active, 0);
}

pub(crate) fn a_failure_of_a_run_that_was_asked_to_stop_is_not_tried_again(world: &World) {
    let process = world.start(0, &[job("a").every("1h").retries(3)]);
    let claimed = process.starts(3_600);
    process.cancels(claimed.claim.run, false, 3_601);
    // Its process had not heard of it when the function failed.
    process.end(claimed.claim, 3_602, crate::world::failure("no"));
    assert_eq!(process.state(claimed.claim.run), StateWord::Cancelled);
}

pub(crate) fn a_success_after_all_is_a_success(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    process.cancels(claimed.claim.run, false, 12);
    process.succeed(claimed.claim, 13);
    let info = process.run_info(claimed.claim.run);
    assert_eq!((info.state.word(), info.asked), (StateWord::Succeeded, None));
}
