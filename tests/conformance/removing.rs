//! Dynamic jobs that a run of theirs has asked to remove.

use std::time::Duration;

use cron_runtime::core::run::RunId;

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, Claim, Command, Desk, Done, Next, Note, Process, RunState, Settled, World, block, name,
    plans, settlement, trigger,
};
use crate::world::{RunEvent, SkipReason};

cases!(removing:
    the_job_goes_with_the_end_of_its_run,
    however_the_run_ends,
    a_wish_that_is_told_with_the_end_counts,
    no_tick_comes_while_the_run_waits_for_its_retry,
    the_wish_survives_the_process_of_the_run,
    the_job_goes_with_the_last_of_several_runs,
    what_a_run_says_about_the_next_one_does_not_open_it_again,
    who_schedules_the_name_again_takes_the_wish_back,
    an_edit_takes_the_wish_back_with_the_ticks_until_then_skipped,
    another_name_takes_the_wish_back,
    a_late_attempt_asks_for_nothing,
    a_declared_job_stays,
    a_run_that_is_cancelled_takes_its_job_along,
    the_name_is_free_for_another_job,
);

const SOON: Duration = Duration::from_secs(1);

fn remind() -> Job {
    job("r").on("remind").every("10s").retries(1).retry_after(SOON).retry_past_next()
}

fn upsert(process: &Process, job: Job, second: i64) -> Done {
    process.does(Command::Upsert { plans: plans(&[job]) }, second)
}

fn started(world: &World, remind: Job) -> Process {
    let process = world.start(0, &[job("remind")]);
    upsert(&process, remind, 0);
    process
}

fn wish() -> Note {
    Note { removes_job: true, ..Note::default() }
}

/// The attempt says, while it goes on, that its job is to be removed.
#[track_caller]
fn asks(process: &Process, claim: Claim) {
    assert_eq!(process.note(vec![(claim, wish())]).expect("it is noted"), []);
}

#[track_caller]
fn is_gone(process: &Process) {
    assert!(process.job("r").expect("readable").is_none());
    assert!(process.all_runs().iter().all(|run| run.job != name("r")));
    process.starts_nothing(100_000);
}

fn removal(process: &Process) -> Option<RunId> {
    process.info("r").removal
}

pub(crate) fn the_job_goes_with_the_end_of_its_run(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    assert_eq!(removal(&process), None);
    asks(&process, claim);
    // Said twice it is the same.
    asks(&process, claim);
    let info = process.info("r");
    assert_eq!((info.removal, info.due, info.active), (Some(claim.run), None, 1));
    process.succeed(claim, 15);
    is_gone(&process);
}

pub(crate) fn however_the_run_ends(world: &World) {
    let ends: [fn() -> AttemptEnd; 3] = [
        || AttemptEnd::Succeeded,
        || crate::world::failure("no"),
        || AttemptEnd::Cancelled { why: "enough".to_owned() },
    ];
    for (number, end) in (0..).zip(ends) {
        let world = world.another();
        let process = started(&world, job("r").on("remind").every("10s"));
        let claim = process.starts(10).claim;
        asks(&process, claim);
        let settled = process.end(claim, 11, end());
        assert!(
            matches!(settled, Settled::Moved { state, .. } if !state.is_active()),
            "{number}: {settled:?}"
        );
        is_gone(&process);
    }
}

pub(crate) fn a_wish_that_is_told_with_the_end_counts(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    let event = RunEvent::Ended { at: at(11), end: AttemptEnd::Succeeded };
    let settled =
        process.settle(vec![crate::world::Settlement { note: wish(), ..settlement(claim, 11, event) }]);
    assert!(matches!(settled.expect("it settles")[..], [Settled::Moved { state: RunState::Succeeded, .. }]));
    is_gone(&process);
    // With an end after which the run goes on.
    upsert(&process, remind(), 200_000);
    let claim = process.starts(200_010).claim;
    let event = RunEvent::Ended { at: at(200_011), end: crate::world::failure("no") };
    let settlement = crate::world::Settlement { note: wish(), ..settlement(claim, 200_011, event) };
    process.settle(vec![settlement]).expect("it settles");
    assert_eq!((removal(&process), process.info("r").due), (Some(claim.run), None));
    process.succeed(process.starts(200_030).claim, 200_031);
    is_gone(&process);
}

pub(crate) fn no_tick_comes_while_the_run_waits_for_its_retry(world: &World) {
    let process = started(world, remind().retry_after(Duration::from_secs(100)).allow());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    assert!(matches!(process.fail(claim, 11, "no"), RunState::Waiting { .. }));
    for second in [20, 30, 60] {
        process.starts_nothing(second);
    }
    assert_eq!(removal(&process), Some(claim.run));
    let again = process.starts(150);
    assert_eq!(again.claim.run, claim.run);
    process.succeed(again.claim, 151);
    is_gone(&process);
}

pub(crate) fn the_wish_survives_the_process_of_the_run(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    drop(process);
    let process = world.start(1_000, &[job("remind")]);
    assert_eq!(process.reaps(1_000), [claim.run]);
    assert_eq!(removal(&process), Some(claim.run));
    // It has an attempt left, and needs nobody to ask again.
    let again = process.starts(1_005);
    assert_eq!(again.claim.run, claim.run);
    drop(process);
    let process = world.start(2_000, &[job("remind")]);
    assert_eq!(process.reaps(2_000), [claim.run]);
    is_gone(&process);
}

pub(crate) fn the_job_goes_with_the_last_of_several_runs(world: &World) {
    let process = started(world, remind().allow());
    let (first, second) = (process.starts(10).claim, process.starts(20).claim);
    asks(&process, second);
    let Ok(Done::Triggered { run, .. }) = process.command(trigger("r"), at(21)) else {
        panic!("it is asked for")
    };
    process.succeed(second, 22);
    process.succeed(first, 23);
    let third = process.starts(24).claim;
    assert_eq!((third.run, removal(&process)), (run, Some(second.run)));
    process.succeed(third, 25);
    is_gone(&process);
}

pub(crate) fn what_a_run_says_about_the_next_one_does_not_open_it_again(world: &World) {
    let process = started(world, remind().allow());
    let (first, second) = (process.starts(10).claim, process.starts(20).claim);
    asks(&process, second);
    process.says(first, 21, Next::Scheduled);
    process.starts_nothing(30);
    process.says(second, 31, Next::At(at(50)));
    is_gone(&process);
}

pub(crate) fn who_schedules_the_name_again_takes_the_wish_back(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    // Nothing of it has changed.
    upsert(&process, remind(), 12);
    assert_eq!((removal(&process), process.info("r").hold), (None, None));
    process.succeed(claim, 13);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn an_edit_takes_the_wish_back_with_the_ticks_until_then_skipped(world: &World) {
    let process = started(world, remind().allow());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    process.starts_nothing(35);
    upsert(&process, remind().allow().every("30s"), 45);
    process.succeed(claim, 46);
    assert_eq!(removal(&process), None);
    let skipped = process.skipped("r");
    assert_eq!(skipped.iter().map(|skip| skip.count).sum::<u64>(), 3, "{skipped:?}");
    assert_eq!(block(SkipReason::Missed, 20, 40, 3), skipped[0]);
    assert_eq!(process.starts(60).nominal, at(60));
}

pub(crate) fn another_name_takes_the_wish_back(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    upsert(&process, job("s").was("r").on("remind").every("10s"), 12);
    assert_eq!(process.info("s").removal, None);
    process.succeed(claim, 13);
    assert_eq!(process.starts(20).plan.name, name("s"));
}

pub(crate) fn a_late_attempt_asks_for_nothing(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    let other = world.start(100, &[job("remind")]);
    assert_eq!(other.reaps(100), [claim.run]);
    assert_eq!(process.note(vec![(claim, wish())]).expect("it is refused"), [claim]);
    assert_eq!(removal(&other), None);
    let event = RunEvent::Ended { at: at(101), end: AttemptEnd::Succeeded };
    let settlement = crate::world::Settlement { note: wish(), ..settlement(claim, 101, event) };
    assert_eq!(process.settle(vec![settlement]).expect("it is refused"), [Settled::Fenced]);
    assert_eq!(removal(&other), None);
}

/// A function of a declared job is refused by `Run` already.
pub(crate) fn a_declared_job_stays(world: &World) {
    let process = world.start(0, &[job("r").every("10s")]);
    let claim = process.starts(10).claim;
    asks(&process, claim);
    process.succeed(claim, 11);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_run_that_is_cancelled_takes_its_job_along(world: &World) {
    let process = started(world, remind().allow());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    assert!(matches!(process.fail(claim, 11, "no"), RunState::Waiting { .. }));
    process.cancels(claim.run, true, 12);
    is_gone(&process);
}

pub(crate) fn the_name_is_free_for_another_job(world: &World) {
    let process = started(world, remind());
    let claim = process.starts(10).claim;
    asks(&process, claim);
    process.succeed(claim, 11);
    upsert(&process, remind(), 12);
    let next = process.starts(20);
    assert!(next.claim.run > claim.run && removal(&process).is_none());
    process.succeed(next.claim, 21);
    assert_eq!(process.starts(30).nominal, at(30));
}
