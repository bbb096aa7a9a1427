//! Jobs that are added, edited and removed while programs run.

use std::time::Duration;

use cron_runtime::core::job::options::Key;
use cron_runtime::core::policy::Priority;

use crate::jobs::{Job, at, job};
use crate::world::{
    Command, CommandError, Desk, Done, Process, RunState, StateWord, World, name, plans, trigger,
};

cases!(dynamic:
    a_dynamic_job_runs_the_function_of_its_handler_with_its_arguments,
    the_same_again_keeps_the_pending_tick,
    an_edit_counts_from_now_on,
    it_survives_a_restart_and_waits_for_its_handler,
    every_process_with_the_handler_judges_it,
    any_number_of_them_is_added_and_removed_in_one_call,
    one_that_a_call_names_twice_is_added_and_then_edited,
    what_is_wrong_is_refused_and_nothing_is_added,
    only_what_no_program_contains_can_be_removed,
    what_an_older_program_that_lives_contains_is_not_removed,
    a_dynamic_job_with_another_name_brings_its_record_along,
    arguments_of_a_trigger_replace_those_of_the_job,
    it_has_the_policies_of_its_handler_that_it_does_not_set,
    another_build_of_the_handler_changes_them_in_every_process,
    one_from_before_keeps_what_it_had,
    another_overlap_policy_of_the_handler_lets_what_waits_start,
    an_edit_of_the_handler_leaves_jobs_with_policies_of_their_own_alone,
    the_priority_of_the_handler_orders_its_dynamic_jobs,
    without_its_handler_it_has_the_defaults,
    what_is_told_of_one_names_its_handler,
);

/// A retry that does not give way to the next tick.
const SOON: Duration = Duration::from_secs(1);

pub(crate) fn upsert(jobs: &[Job]) -> Command {
    Command::Upsert { plans: plans(jobs) }
}

pub(crate) fn upserted(process: &Process, jobs: &[Job], second: i64) -> (usize, usize) {
    match process.does(upsert(jobs), second) {
        Done::Upserted { new, edited } => (new.len(), edited.len()),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn a_dynamic_job_runs_the_function_of_its_handler_with_its_arguments(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let remind = job("remind-42").on("remind").every("10s").args(r#"{"who":42}"#);
    assert_eq!(upserted(&process, std::slice::from_ref(&remind), 5), (1, 0));
    assert_eq!((process.info("remind-42").due, process.info("remind-42").linked), (Some(at(10)), true));
    let claimed = process.starts(10);
    assert_eq!((claimed.job(), claimed.plan.handler()), (&name("remind-42"), &name("remind")));
    assert_eq!(claimed.args.as_deref(), Some(r#"{"who":42}"#));
    assert_eq!(process.run_info(claimed.claim.run).args.as_deref(), Some(r#"{"who":42}"#));
}

pub(crate) fn the_same_again_keeps_the_pending_tick(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let remind = job("r").on("remind").every("1h");
    upserted(&process, std::slice::from_ref(&remind), 5);
    let before = process.info("r");
    assert_eq!(upserted(&process, &[remind], 90), (0, 0));
    assert_eq!(process.info("r"), before);
}

pub(crate) fn an_edit_counts_from_now_on(world: &World) {
    let process = world.start(0, &[job("remind")]);
    upserted(&process, &[job("r").on("remind").every("10s")], 0);
    assert_eq!(upserted(&process, &[job("r").on("remind").every("20s")], 35), (0, 1));
    assert_eq!((process.info("r").mark, process.info("r").due), (at(35), Some(at(40))));
    assert_eq!(process.skipped("r").len(), 1);
    // Other arguments are no edit of the schedule.
    assert_eq!(upserted(&process, &[job("r").on("remind").every("20s").args("1")], 36), (0, 0));
    assert_eq!(process.starts(40).args.as_deref(), Some("1"));
}

pub(crate) fn it_survives_a_restart_and_waits_for_its_handler(world: &World) {
    let process = world.start(0, &[job("remind")]);
    upserted(&process, &[job("r").on("remind").every("10s")], 0);
    process.leaves(5);
    let process = world.start(12, &[job("other")]);
    process.starts_nothing(12);
    assert!(!process.info("r").linked);
    assert_eq!(process.info("r").mark, at(0));
    process.leaves(13);
    let process = world.start(14, &[job("remind")]);
    assert_eq!(process.starts(14).nominal, at(10));
}

pub(crate) fn every_process_with_the_handler_judges_it(world: &World) {
    let [one, two] = [world.start(0, &[job("remind")]), world.start(0, &[job("remind")])];
    upserted(&one, &[job("r").on("remind").every("10s")], 5);
    assert_eq!(two.starts(10).job(), &name("r"));
    let observer = world.open();
    observer.does(upsert(&[job("s").on("remind").every("10s")]), 11);
    assert_eq!(one.starts(20).job(), &name("s"));
}

pub(crate) fn any_number_of_them_is_added_and_removed_in_one_call(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let many: Vec<_> =
        (0..100).map(|n| job(&format!("r-{n:03}")).on("remind").every("10s").temporary()).collect();
    assert_eq!(upserted(&process, &many, 0), (100, 0));
    assert_eq!(process.judge_few(10, 1_000).claimed.len(), 100);
    for run in process.all_runs() {
        process.cancels(run.id, true, 11);
    }
    let names = (0..100).map(|n| name(&format!("r-{n:03}"))).collect();
    assert_eq!(process.does(Command::Remove { jobs: names }, 12), Done::Removed { count: 100 });
    assert_eq!((process.all_jobs().len(), process.all_runs().len()), (1, 0));
    // No number comes twice, or a late result could meet a run that is not its own.
    assert_eq!(process.triggered("remind", 13).0, 101);
}

pub(crate) fn one_that_a_call_names_twice_is_added_and_then_edited(world: &World) {
    let process = world.start(0, &[job("remind"), job("warn")]);
    let again = job("twice").on("warn").every("20s");
    let all = [job("twice").on("remind").every("10s"), job("other").on("remind").every("30s"), again];
    assert_eq!(upserted(&process, &all, 5), (2, 1));
    let info = process.info("twice");
    assert_eq!((info.due, info.linked, info.plan.handler()), (Some(at(20)), true, &name("warn")));
    assert_eq!(process.starts(20).plan.handler(), &name("warn"));
    assert_eq!(process.info("other").due, Some(at(30)));
}

pub(crate) fn what_is_wrong_is_refused_and_nothing_is_added(world: &World) {
    let process = world.start(0, &[job("remind"), job("declared")]);
    let good = job("r").on("remind").every("10s");
    for (bad, words) in [
        (
            job("r2").on("remnid"),
            "no declared job is named `remnid`, whose function it is to call, did you mean `remind`?",
        ),
        (job("declared").on("remind"), "is declared in a program"),
        (job("r3").on("r"), "no declared job is named `r`"),
    ] {
        let refused = process.command(upsert(&[good.clone(), bad]), at(1)).expect_err("refused");
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(process.all_jobs().len(), 2);
}

pub(crate) fn only_what_no_program_contains_can_be_removed(world: &World) {
    let process = world.start(0, &[job("remind"), job("old").every("10s")]);
    upserted(&process, &[job("r").on("remind").every("10s")], 0);
    let remove = |job: &str| process.command(Command::Remove { jobs: vec![name(job)] }, at(11));
    assert!(matches!(remove("remind"), Err(CommandError::Linked { .. })));
    assert!(matches!(remove("remnid"), Err(CommandError::UnknownJob { near: Some(_), .. })));
    let claimed = process.judge(10).claimed;
    assert!(matches!(remove("r"), Err(CommandError::Busy { .. })));
    claimed.iter().for_each(|claimed| _ = process.succeed(claimed.claim, 11));
    assert!(matches!(remove("r"), Ok(Done::Removed { count: 1 })));
    process.leaves(12);
    let process = world.start(13, &[job("remind")]);
    assert_eq!(process.does(Command::Remove { jobs: vec![name("old")] }, 14), Done::Removed { count: 1 });
    assert_eq!(process.all_jobs().len(), 1);
}

pub(crate) fn what_an_older_program_that_lives_contains_is_not_removed(world: &World) {
    let first = world.start(0, &[job("a").every("10s")]);
    let second = world.start(1, &[job("b").every("10s")]);
    let remove = |job: &str| second.command(Command::Remove { jobs: vec![name(job)] }, at(2));
    assert!(matches!(remove("a"), Err(CommandError::Linked { .. })));
    // One that has not said yet what it contains changes nothing about that.
    let third = world.join(2);
    assert!(matches!(remove("a"), Err(CommandError::Linked { .. })));
    assert!(matches!(remove("b"), Err(CommandError::Linked { .. })));
    third.leaves(3);
    first.succeed(first.starts(10).claim, 11);
    first.leaves(12);
    assert!(matches!(remove("a"), Ok(Done::Removed { count: 1 })));
}

pub(crate) fn a_dynamic_job_with_another_name_brings_its_record_along(world: &World) {
    let process = world.start(0, &[job("remind")]);
    upserted(&process, &[job("r").on("remind").every("10s")], 0);
    process.succeed(process.starts(10).claim, 11);
    assert_eq!(upserted(&process, &[job("s").on("remind").every("10s").was("r")], 12), (0, 0));
    assert_eq!((process.ran("s"), process.job("r").expect("readable")), (vec![10], None));
    assert_eq!(process.starts(20).job(), &name("s"));
    // A declared job is not taken over.
    assert_eq!(upserted(&process, &[job("t").on("remind").was("remind")], 21), (1, 0));
}

pub(crate) fn arguments_of_a_trigger_replace_those_of_the_job(world: &World) {
    let process = world.start(0, &[job("remind")]);
    upserted(&process, &[job("r").on("remind").args("1")], 0);
    let trigger = crate::world::Trigger { job: name("r"), args: Some("2".to_owned()), force: false };
    let Done::Triggered { run, .. } = process.does(Command::Trigger(trigger), 1) else {
        panic!("not triggered")
    };
    assert_eq!(process.state(run), StateWord::Scheduled);
    assert_eq!(process.starts(1).args.as_deref(), Some("2"));
}

pub(crate) fn it_has_the_policies_of_its_handler_that_it_does_not_set(world: &World) {
    let process =
        world.start(0, &[job("remind").retries(2).retry_after(SOON).priority(9).group("team").every("1h")]);
    let all = [
        job("r").on("remind").every("10s").with_own(&[]),
        job("s").on("remind").every("20s").with_own(&[Key::Retries]),
    ];
    upserted(&process, &all, 5);
    let plan = process.info("r").plan;
    assert_eq!((plan.retry.retries, plan.priority.0), (2, 9));
    assert_eq!((plan.group, plan.schedule), (None, all[0].plan().schedule.clone()));
    let plan = process.info("s").plan;
    assert_eq!((plan.retry.retries, plan.priority.0), (0, 9));
    // They are in force: the one is tried again, the other is not.
    let claimed = process.starts(10);
    assert_eq!((claimed.job(), claimed.plan.retry.retries), (&name("r"), 2));
    assert!(matches!(process.fail(claimed.claim, 11, "no"), RunState::Waiting { .. }));
    let of_s = process.judge(20).claimed.into_iter().find(|claimed| *claimed.job() == name("s"));
    assert_eq!(process.fail(of_s.expect("it starts").claim, 21, "no"), RunState::Failed);
    // And the same request again changes nothing.
    let before = process.info("r");
    assert_eq!(upserted(&process, &all, 22), (0, 0));
    assert_eq!(process.info("r"), before);
}

pub(crate) fn another_build_of_the_handler_changes_them_in_every_process(world: &World) {
    let one = world.start(0, &[job("remind")]);
    upserted(&one, &[job("r").on("remind").every("10s").with_own(&[Key::Priority])], 5);
    let claimed = one.starts(10);
    assert_eq!(claimed.plan.retry.retries, 0);
    let two = world.start(12, &[job("remind").retries(3).retry_after(SOON).priority(1)]);
    // The pending tick is kept: this is no edit of the dynamic job.
    assert_eq!((two.info("r").mark, two.info("r").due), (at(10), Some(at(20))));
    assert_eq!((two.info("r").plan.retry.retries, two.info("r").plan.priority), (3, Priority::DEFAULT));
    // The process that began the run knows it as well, though it has the plan of before in memory.
    assert!(matches!(one.fail(claimed.claim, 13, "no"), RunState::Waiting { .. }));
    two.leaves(14);
    one.sync(15, &[job("remind").retries(4)]);
    assert_eq!(one.info("r").plan.retry.retries, 4);
}

pub(crate) fn one_from_before_keeps_what_it_had(world: &World) {
    let process = world.start(0, &[job("remind").retries(2)]);
    // A plan without a list of its own policies is how earlier versions have written all.
    upserted(&process, &[job("r").on("remind").every("10s").priority(7)], 5);
    process.sync(6, &[job("remind").retries(3).priority(9)]);
    let plan = process.info("r").plan;
    assert_eq!((plan.retry.retries, plan.priority.0, plan.inherited().count()), (0, 7, 0));
    assert_eq!(process.fail(process.starts(10).claim, 11, "no"), RunState::Failed);
}

pub(crate) fn another_overlap_policy_of_the_handler_lets_what_waits_start(world: &World) {
    let process = world.start(0, &[job("remind").queue(2)]);
    upserted(&process, &[job("r").on("remind").with_own(&[])], 5);
    process.triggered("r", 6);
    let first = process.starts(6);
    let Done::Triggered { run: waits, waits_for } = process.does(trigger("r"), 7) else {
        panic!("not triggered")
    };
    assert_eq!(waits_for, Some(first.claim.run));
    process.starts_nothing(8);
    process.sync(9, &[job("remind").allow()]);
    assert_eq!(process.starts(10).claim.run, waits);
    process.succeed(first.claim, 11);
    // And the other way round: what wants the slot has the older run stopped now.
    let other = world.another();
    let process = other.start(0, &[job("remind").queue(1)]);
    upserted(&process, &[job("r").on("remind").with_own(&[])], 5);
    process.triggered("r", 6);
    let first = process.starts(6);
    process.does(trigger("r"), 7);
    process.sync(9, &[job("remind").cancel(5)]);
    let asked: Vec<_> = process.judge(10).asked.into_iter().map(|(claim, _)| claim).collect();
    assert_eq!(asked, [first.claim]);
}

/// The due instant of one that is to make room for a run is when that was asked for, and no edit of another job moves it.
pub(crate) fn an_edit_of_the_handler_leaves_jobs_with_policies_of_their_own_alone(world: &World) {
    let process = world.start(0, &[job("remind").priority(40)]);
    let own = [Key::Overlap, Key::CancelGrace, Key::Priority];
    upserted(&process, &[job("r").on("remind").cancel(5).with_own(&own)], 5);
    process.triggered("r", 6);
    let failed = process.starts(6).claim;
    process.fail(failed, 7, "no");
    process.triggered("r", 8);
    process.starts(8);
    // It waits for the slot, and is older than what it waits for.
    process.does(Command::Retry { run: failed.run, force: false }, 9);
    assert_eq!(process.info("r").due, Some(at(9)));
    process.sync(10, &[job("remind").priority(70)]);
    assert_eq!(process.info("r").due, Some(at(9)));
    // What it inherits does reach it.
    process.sync(11, &[job("remind").priority(70).retries(4)]);
    assert_eq!(process.info("r").plan.retry.retries, 4);
}

pub(crate) fn the_priority_of_the_handler_orders_its_dynamic_jobs(world: &World) {
    let process = world.start(0, &[job("remind"), job("warn").priority(60)]);
    let all =
        [job("r").on("remind").every("10s").with_own(&[]), job("w").on("warn").every("10s").with_own(&[])];
    upserted(&process, &all, 5);
    let order = |second| -> Vec<_> {
        let claimed = process.judge(second).claimed;
        claimed.iter().for_each(|claimed| _ = process.succeed(claimed.claim, second + 1));
        claimed.iter().map(|claimed| claimed.job().to_string()).collect()
    };
    assert_eq!(order(10), ["w", "r"]);
    process.sync(12, &[job("remind").priority(70), job("warn").priority(60)]);
    assert_eq!(order(20), ["r", "w"]);
}

pub(crate) fn without_its_handler_it_has_the_defaults(world: &World) {
    let process = world.start(0, &[job("remind").retries(2).priority(80), job("other")]);
    upserted(&process, &[job("r").on("remind").every("10s").with_own(&[])], 5);
    process.leaves(6);
    let process = world.start(7, &[job("other")]);
    assert_eq!(process.info("r").plan.retry.retries, 2, "its handler is known, if not here");
    process.does(Command::Remove { jobs: vec![name("remind")] }, 8);
    let plan = process.info("r").plan;
    assert_eq!((plan.retry.retries, plan.priority), (0, Priority::DEFAULT));
    process.leaves(9);
    // It comes back, and is the handler again.
    let process = world.start(10, &[job("remind").retries(5).priority(20), job("other")]);
    assert_eq!(process.info("r").plan.retry.retries, 5);
    assert_eq!(process.starts(10).plan.priority.0, 20);
}

/// A program that counts by functions, such as for metrics, cannot know them from the name of a dynamic job.
pub(crate) fn what_is_told_of_one_names_its_handler(world: &World) {
    let process = world.start(0, &[job("remind"), job("own").every("10s")]);
    let dynamic = ["r", "c"].map(|name| job(name).on("remind").every("10s"));
    let [skips, cancels] = dynamic;
    upserted(&process, &[skips, cancels.cancel(1)], 0);
    let first = process.judge(10);
    assert_eq!((first.claimed.len(), first.handlers), (3, Vec::new()), "nothing but claims");
    let second = process.judge(20);
    let skipped: Vec<_> = second.skipped.iter().map(|(job, _)| job.as_str()).collect();
    assert_eq!((skipped, second.handlers), (vec!["own", "r"], vec![(name("r"), name("remind"))]));
    let third = process.judge(21);
    assert_eq!((third.evicted.len(), third.handlers), (1, vec![(name("c"), name("remind"))]));
    let reaped = process.reap(at(5_000)).expect("reaps");
    let mut lost: Vec<_> = reaped.lost.iter().map(|(job, ..)| job.as_str()).collect();
    lost.sort_unstable();
    assert_eq!(lost, ["c", "own", "r"]);
    let mut handlers = reaped.handlers;
    handlers.sort();
    assert_eq!(handlers, ["c", "r"].map(|job| (name(job), name("remind"))));
}
