//! What runs are given, and which program executes them: both stay with the run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_runtime::core::policy::{BackfillOrder, Only};
use cron_runtime::core::run::RunId;
use cron_runtime::store::{Backfill, Claimed, Program};

use crate::jobs::{Job, at, job};
use crate::world::{
    Command, Desk, Done, Process, RunState, Settled, StateWord, World, name, plans, program, trigger,
};

cases!(arguments:
    a_retry_is_given_what_the_first_attempt_was_given,
    a_run_that_waits_to_start_keeps_what_its_job_had,
    an_attempt_that_is_claimed_has_its_arguments,
    a_dead_letter_and_a_cancelled_run_are_retried_with_their_own,
    a_run_that_has_ended_shows_what_it_was_given,
    edits_one_after_the_other_leave_each_run_its_own,
    a_run_without_arguments_gets_none_by_an_edit,
    arguments_that_are_taken_away_stay_with_the_runs,
    what_a_trigger_has_brought_along_stays,
    a_tick_that_has_no_run_yet_is_given_the_new_ones,
    one_more_single_run_leaves_the_first_its_own,
    a_single_run_in_progress_takes_no_other_arguments,
    another_name_and_another_handler_take_nothing_away,
    the_same_name_scheduled_again_after_a_removal_is_another_job,
    each_attempt_names_the_program_that_started_it,
    a_late_result_names_the_program_that_it_comes_from,
    a_program_without_a_name_is_not_known,
);

const SOON: Duration = Duration::from_secs(1);

fn remind() -> Job {
    job("r").on("remind").every("100s").retries(2).retry_after(SOON).retry_past_next()
}

fn upsert(process: &Process, job: Job, second: i64) {
    process.does(Command::Upsert { plans: plans(&[job]) }, second);
}

/// A process with a dynamic job whose arguments are `1`.
fn started(world: &World) -> Process {
    let process = world.start(0, &[job("remind"), job("other")]);
    upsert(&process, remind().args("1"), 0);
    process
}

fn args(claimed: &Claimed) -> Option<&str> {
    claimed.args.as_deref()
}

fn shown(process: &Process, run: RunId) -> Option<String> {
    process.run_info(run).args
}

/// The attempt that starts at a second has these arguments, and so has its run.
#[track_caller]
fn starts_with(process: &Process, second: i64, want: Option<&str>) -> Claimed {
    let claimed = process.starts(second);
    assert_eq!(args(&claimed), want);
    assert_eq!(shown(process, claimed.claim.run).as_deref(), want);
    claimed
}

pub(crate) fn a_retry_is_given_what_the_first_attempt_was_given(world: &World) {
    let process = started(world);
    let first = starts_with(&process, 100, Some("1"));
    // While it is in progress, and while it waits.
    upsert(&process, remind().args("2"), 101);
    assert!(matches!(process.fail(first.claim, 102, "no"), RunState::Waiting { .. }));
    let second = starts_with(&process, 105, Some("1"));
    assert!(matches!(process.fail(second.claim, 106, "no"), RunState::Waiting { .. }));
    upsert(&process, remind().args("3"), 107);
    let third = starts_with(&process, 110, Some("1"));
    process.succeed(third.claim, 111);
    starts_with(&process, 200, Some("3"));
}

pub(crate) fn a_run_that_waits_to_start_keeps_what_its_job_had(world: &World) {
    let process = started(world);
    // By hand, and parked behind it; then ticks of the past.
    let first = process.triggered("r", 50);
    upsert(&process, remind().args("2").queue(5), 51);
    let claimed = starts_with(&process, 52, Some("1"));
    assert_eq!(claimed.claim.run, first);
    assert!(matches!(process.command(trigger("r"), at(53)), Ok(Done::Triggered { waits_for: Some(_), .. })));
    process.does(
        Command::Backfill(Backfill {
            job: name("r"),
            from: DateTime::<Utc>::UNIX_EPOCH.max(at(-200)),
            until: at(-100),
            order: BackfillOrder::Oldest,
            only: Only::All,
            concurrency: 1,
        }),
        54,
    );
    upsert(&process, remind().args("3").queue(5), 55);
    process.succeed(claimed.claim, 56);
    let mut second = 57;
    let mut number = 0;
    while let [claimed] = &process.judge(second).claimed[..] {
        assert_eq!(args(claimed), Some("2"), "run {}", claimed.claim.run);
        process.succeed(claimed.claim, second + 1);
        (second, number) = (second + 2, number + 1);
    }
    assert_eq!(number, 3);
}

pub(crate) fn an_attempt_that_is_claimed_has_its_arguments(world: &World) {
    let process = started(world);
    let claimed = starts_with(&process, 100, Some("1"));
    upsert(&process, remind().args("2"), 101);
    assert_eq!(shown(&process, claimed.claim.run).as_deref(), Some("1"));
    // Its process is gone, and the next one starts it again.
    drop(process);
    let process = world.start(5_000, &[job("remind"), job("other")]);
    assert_eq!(process.reaps(5_000), [claimed.claim.run]);
    let again = process.judge(5_005).claimed;
    let of_run = again.iter().find(|again| again.claim.run == claimed.claim.run).expect("it starts again");
    assert_eq!(args(of_run), Some("1"));
}

pub(crate) fn a_dead_letter_and_a_cancelled_run_are_retried_with_their_own(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let once = |args: &str| job("r").on("remind").every("100s").args(args);
    upsert(&process, once("1"), 0);
    let dead = starts_with(&process, 100, Some("1"));
    assert_eq!(process.fail(dead.claim, 101, "no"), RunState::Failed);
    let cancelled = starts_with(&process, 200, Some("1"));
    process.cancels(cancelled.claim.run, true, 201);
    upsert(&process, once("2"), 202);
    for (second, run) in [(210, dead.claim.run), (220, cancelled.claim.run)] {
        process.does(Command::Retry { run, force: false }, second);
        let again = starts_with(&process, second, Some("1"));
        assert_eq!(again.claim.run, run);
        process.succeed(again.claim, second + 1);
    }
}

pub(crate) fn a_run_that_has_ended_shows_what_it_was_given(world: &World) {
    let process = started(world);
    let claimed = starts_with(&process, 100, Some("1"));
    process.succeed(claimed.claim, 101);
    upsert(&process, remind().args("2"), 102);
    assert_eq!(shown(&process, claimed.claim.run).as_deref(), Some("1"));
    assert_eq!(process.info("r").last_run.expect("it ran").args.as_deref(), Some("1"));
}

pub(crate) fn edits_one_after_the_other_leave_each_run_its_own(world: &World) {
    let process = started(world);
    let mut runs = Vec::new();
    for number in 1..=5_i64 {
        let given = number.to_string();
        upsert(&process, remind().args(&given), number * 100 - 1);
        let claimed = starts_with(&process, number * 100, Some(&given));
        process.succeed(claimed.claim, number * 100 + 1);
        runs.push((claimed.claim.run, given));
    }
    // The schedule alone is another matter.
    upsert(&process, remind().args("5").every("50s"), 550);
    for (run, given) in runs {
        assert_eq!(shown(&process, run), Some(given));
    }
}

pub(crate) fn a_run_without_arguments_gets_none_by_an_edit(world: &World) {
    let process = world.start(0, &[job("remind")]);
    upsert(&process, remind(), 0);
    let first = starts_with(&process, 100, None);
    upsert(&process, remind().args("2"), 101);
    assert!(matches!(process.fail(first.claim, 102, "no"), RunState::Waiting { .. }));
    let again = starts_with(&process, 105, None);
    process.succeed(again.claim, 106);
    starts_with(&process, 200, Some("2"));
}

pub(crate) fn arguments_that_are_taken_away_stay_with_the_runs(world: &World) {
    let process = started(world);
    let first = starts_with(&process, 100, Some("1"));
    upsert(&process, remind(), 101);
    assert!(matches!(process.fail(first.claim, 102, "no"), RunState::Waiting { .. }));
    let again = starts_with(&process, 105, Some("1"));
    process.succeed(again.claim, 106);
    starts_with(&process, 200, None);
}

pub(crate) fn what_a_trigger_has_brought_along_stays(world: &World) {
    let process = started(world);
    let Command::Trigger(mut own) = trigger("r") else { panic!("a trigger") };
    own.args = Some("7".to_owned());
    process.does(Command::Trigger(own), 50);
    upsert(&process, remind().args("2"), 51);
    let first = starts_with(&process, 52, Some("7"));
    upsert(&process, remind().args("3"), 53);
    assert!(matches!(process.fail(first.claim, 54, "no"), RunState::Waiting { .. }));
    starts_with(&process, 57, Some("7"));
}

pub(crate) fn a_tick_that_has_no_run_yet_is_given_the_new_ones(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let queued = |args: &str| job("r").on("remind").every("100s").queue(1).args(args);
    upsert(&process, queued("1"), 0);
    let first = starts_with(&process, 100, Some("1"));
    // It waits for the slot and has no verdict.
    process.starts_nothing(200);
    upsert(&process, queued("2"), 201);
    process.succeed(first.claim, 202);
    let second = starts_with(&process, 203, Some("2"));
    assert_eq!(second.nominal, at(200));
}

fn once(second: i64, args: &str, again: bool) -> Command {
    let single = job("r").on("remind").at(at(second)).retries(1).retry_after(SOON).allow().args(args);
    Command::RunOnce { plan: Box::new(single.plan().clone()), again }
}

pub(crate) fn one_more_single_run_leaves_the_first_its_own(world: &World) {
    let process = world.start(0, &[job("remind")]);
    process.does(once(10, "1", false), 5);
    let first = starts_with(&process, 10, Some("1"));
    process.does(once(20, "2", true), 11);
    assert!(matches!(process.fail(first.claim, 12, "no"), RunState::Waiting { .. }));
    starts_with(&process, 15, Some("1"));
    starts_with(&process, 20, Some("2"));
}

/// Nothing would be given the new ones, and so `Ok` would be a promise that nobody keeps.
pub(crate) fn a_single_run_in_progress_takes_no_other_arguments(world: &World) {
    let process = world.start(0, &[job("remind")]);
    process.does(once(10, "1", false), 5);
    // It is still to come.
    process.does(once(10, "2", false), 6);
    let first = starts_with(&process, 10, Some("2"));
    process.does(once(10, "2", false), 11);
    let refused = process.command(once(10, "3", false), at(11)).expect_err("refused").to_string();
    assert!(refused.contains("its run 1 is running"), "{refused}");
    assert_eq!(process.fail(first.claim, 12, "no").word(), StateWord::Waiting);
    starts_with(&process, 15, Some("2"));
}

pub(crate) fn another_name_and_another_handler_take_nothing_away(world: &World) {
    let process = started(world);
    let first = starts_with(&process, 100, Some("1"));
    let moved = job("s").was("r").on("other").every("100s").retries(2).retry_after(SOON).retry_past_next();
    upsert(&process, moved.args("2"), 101);
    assert_eq!(process.run_info(first.claim.run).job, name("s"));
    assert!(matches!(process.fail(first.claim, 102, "no"), RunState::Waiting { .. }));
    // The function is the one that the job has now.
    assert_eq!(starts_with(&process, 105, Some("1")).plan.handler(), &name("other"));
}

pub(crate) fn the_same_name_scheduled_again_after_a_removal_is_another_job(world: &World) {
    let process = started(world);
    let first = starts_with(&process, 100, Some("1"));
    process.succeed(first.claim, 101);
    process.does(Command::Remove { jobs: vec![name("r")] }, 102);
    upsert(&process, remind().args("2"), 103);
    assert!(process.all_runs().is_empty());
    let second = starts_with(&process, 200, Some("2"));
    upsert(&process, remind().args("3"), 201);
    assert!(matches!(process.fail(second.claim, 202, "no"), RunState::Waiting { .. }));
    starts_with(&process, 205, Some("2"));
}

fn joins(world: &World, second: i64, called: &str) -> Process {
    let process = world.join(second);
    let declared = [job("a").every("100s").retries(3).retry_after(SOON).retry_past_next()];
    let program = Program { name: called.to_owned(), ..program(&declared) };
    process.store().sync(&program, at(second)).expect("it syncs");
    process
}

fn named(process: &Process, run: RunId) -> (Vec<Option<String>>, Option<String>) {
    let attempts = process.attempts(run).into_iter().map(|attempt| attempt.program).collect();
    (attempts, process.run_info(run).program)
}

pub(crate) fn each_attempt_names_the_program_that_started_it(world: &World) {
    let text = |name: &str| Some(name.to_owned());
    let first = joins(world, 0, "shop 1");
    let claimed = first.starts(100);
    let run = claimed.claim.run;
    assert_eq!(named(&first, run), (vec![], text("shop 1")));
    assert!(matches!(first.fail(claimed.claim, 101, "no"), RunState::Waiting { .. }));
    first.leaves(102);
    // Another build with the same jobs: it vanishes beneath its attempt.
    let second = joins(world, 103, "shop 2");
    assert_eq!(second.starts(110).claim.run, run);
    drop(second);
    let third = joins(world, 5_000, "shop 3");
    assert_eq!(third.reaps(5_000), [run]);
    let again = third.judge(5_005).claimed;
    let claimed = again.iter().find(|claimed| claimed.claim.run == run).expect("it starts again");
    third.succeed(claimed.claim, 5_006);
    // None of those processes needs to be known any more.
    while third.prune(at(5_007), 100).expect("it prunes").more {}
    assert_eq!(named(&third, run), (vec![text("shop 1"), text("shop 2")], text("shop 3")));
    // A tick that starts at once, and one by hand.
    assert_eq!(third.run_info(again.last().expect("ticks").claim.run).program, text("shop 3"));
    let by_hand = third.triggered("a", 5_010);
    assert_eq!(third.run_info(by_hand).program, None);
    third.starts(5_010);
    assert_eq!(third.run_info(by_hand).program, text("shop 3"));
    // The first one comes back, and is known by its name.
    drop(third);
    let fourth = joins(world, 9_000, "shop 1");
    assert_eq!(fourth.reaps(9_000), [by_hand]);
    let again = fourth.judge(9_005).claimed;
    assert!(again.iter().all(|claimed| fourth.run_info(claimed.claim.run).program == text("shop 1")));
}

pub(crate) fn a_late_result_names_the_program_that_it_comes_from(world: &World) {
    let late = joins(world, 0, "shop 1");
    let claimed = late.starts(100);
    let other = joins(world, 300, "shop 2");
    assert_eq!(other.reaps(300), [claimed.claim.run]);
    assert_eq!(
        late.event(
            claimed.claim,
            301,
            crate::world::RunEvent::Ended { at: at(301), end: crate::world::AttemptEnd::Succeeded }
        ),
        Settled::Fenced
    );
    let programs: Vec<_> =
        other.attempts(claimed.claim.run).into_iter().map(|attempt| attempt.program).collect();
    assert_eq!(programs, [Some("shop 1".to_owned()), Some("shop 1".to_owned())]);
}

pub(crate) fn a_program_without_a_name_is_not_known(world: &World) {
    let process = joins(world, 0, "");
    let claimed = process.starts(100);
    assert!(matches!(process.fail(claimed.claim, 101, "no"), RunState::Waiting { .. }));
    assert_eq!(named(&process, claimed.claim.run), (vec![None], None));
}
