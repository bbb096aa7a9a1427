//! Overlap policies at work: queue, cancel, bounded allow, and runs that people ask for.

use std::time::Duration;

use cron_runtime::core::judge::Skip;
use cron_runtime::core::policy::CatchUpRule;

use crate::jobs::{at, job, second};
use crate::world::{Command, name};
use crate::world::{
    CommandError, Desk, Done, Process, RunId, Settled, SkipInfo, SkipReason, StateWord, Trigger, World,
    block, overlap, trigger,
};

cases!(overlapping:
    a_queued_tick_starts_when_the_slot_is_free,
    a_queue_holds_no_more_than_its_depth_and_the_oldest_starts_first,
    what_waits_survives_the_end_of_its_process,
    a_trigger_waits_in_a_queue_and_starts_before_the_ticks,
    a_full_queue_refuses_a_trigger,
    cancel_asks_the_old_run_and_starts_when_it_has_stopped,
    cancel_fences_a_run_that_does_not_stop_in_time,
    cancel_ends_at_once_what_no_process_has_in_progress,
    cancel_starts_a_run_that_a_person_asks_for_in_the_same_way,
    a_run_that_was_asked_for_has_the_slot_before_a_tick_that_came_later,
    an_edit_that_makes_room_releases_what_waits,
    a_backlog_does_not_end_the_right_to_cancel,
    allow_is_bounded_by_max_running,
    a_forced_trigger_starts_beside_the_active_run,
);

fn superseded(first: i64, last: i64, count: u64) -> SkipInfo {
    block(SkipReason::Superseded, first, last, count)
}

pub(crate) fn a_queued_tick_starts_when_the_slot_is_free(world: &World) {
    let process = world.start(0, &[job("a").every("10s").queue(1)]);
    let first = process.starts(10);
    process.starts_nothing(20);
    let info = process.info("a");
    assert_eq!((info.mark, info.queued, info.due), (at(10), Some(at(20)), Some(at(30))));
    assert_eq!(process.succeed(first.claim, 24), Some(at(20)));
    assert_eq!(process.starts(24).nominal, at(20));
    assert_eq!(process.info("a").queued, None);
}

pub(crate) fn a_queue_holds_no_more_than_its_depth_and_the_oldest_starts_first(world: &World) {
    let process = world.start(0, &[job("a").every("10s").queue(2)]);
    let mut active = process.starts(10).claim;
    // Runs take three periods, so two of three ticks find no room.
    for now in (20..=120).step_by(10) {
        if now % 30 == 10 {
            process.succeed(active, now);
        }
        let claimed = process.judge(now).claimed;
        active = claimed.first().map_or(active, |claimed| claimed.claim);
        let info = process.info("a");
        assert!(info.queued.is_none_or(|queued| second(queued) - second(info.mark) <= 20), "{info:?}");
        assert_eq!(info.active, 1);
    }
    assert_eq!(process.ran("a"), [10, 20, 50, 80]);
    let skips = [superseded(30, 30, 1), superseded(40, 40, 1), superseded(60, 60, 1), superseded(70, 70, 1)];
    let all = process.skipped("a");
    assert_eq!(all[..4], skips);
}

pub(crate) fn what_waits_survives_the_end_of_its_process(world: &World) {
    let jobs = [job("a").every("10s").queue(1).retries(3)];
    let process = world.start(0, &jobs);
    process.starts(10);
    process.starts_nothing(20);
    process.leaves(21);
    let process = world.start(22, &jobs);
    assert_eq!(process.reaps(22).len(), 1);
    assert_eq!(process.info("a").queued, Some(at(20)));
    let lost = process.all_runs()[0].id;
    process.cancels(lost, false, 23);
    assert_eq!(process.starts(23).nominal, at(20));
}

pub(crate) fn a_trigger_waits_in_a_queue_and_starts_before_the_ticks(world: &World) {
    let process = world.start(0, &[job("a").every("10s").queue(1)]);
    let first = process.starts(10);
    let Done::Triggered { run, waits_for } = process.does(trigger("a"), 12) else { panic!("not triggered") };
    assert_eq!((waits_for, process.info("a").parked), (Some(first.claim.run), 1));
    process.starts_nothing(20);
    process.succeed(first.claim, 25);
    let second = process.starts(25);
    assert_eq!((second.claim.run, process.info("a").parked), (run, 0));
    process.succeed(second.claim, 26);
    assert_eq!(process.starts(26).nominal, at(20));
}

pub(crate) fn a_full_queue_refuses_a_trigger(world: &World) {
    let process = world.start(0, &[job("a").queue(1)]);
    process.triggered("a", 1);
    let first = process.starts(1);
    process.does(trigger("a"), 2);
    match process.trigger("a", 3) {
        Err(CommandError::Held { holder, .. }) => assert_eq!(holder, first.claim.run),
        other => panic!("{other:?}"),
    }
}

fn evicted(process: &Process, now: i64) -> (Vec<RunId>, Vec<i64>) {
    let judged = process.judge(now);
    let started = judged.claimed.iter().map(|claimed| second(claimed.nominal)).collect();
    (judged.evicted.iter().map(|(_, claim, _)| claim.run).collect(), started)
}

pub(crate) fn cancel_asks_the_old_run_and_starts_when_it_has_stopped(world: &World) {
    let process = world.start(0, &[job("a").every("10s").cancel(30)]);
    let first = process.starts(10);
    let judged = process.judge(20);
    assert_eq!(judged.claimed, []);
    assert_eq!(judged.asked.len(), 1);
    assert_eq!(judged.asked[0].0, first.claim);
    assert!(judged.asked[0].1.contains("overlap = \"cancel\""), "{:?}", judged.asked);
    // It is named until it stops, for its process may not have heard the first time.
    assert_eq!(process.judge(21).asked.len(), 1);
    let why = "asked".to_owned();
    process.end(first.claim, 23, crate::world::AttemptEnd::Cancelled { why });
    assert_eq!(process.state(first.claim.run), StateWord::Cancelled);
    assert_eq!(process.starts(23).nominal, at(20));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn cancel_fences_a_run_that_does_not_stop_in_time(world: &World) {
    let process = world.start(0, &[job("a").every("10s").cancel(15)]);
    let first = process.starts(10);
    process.starts_nothing(20);
    process.starts_nothing(30);
    assert_eq!(process.info("a").due, Some(at(35)));
    assert_eq!(evicted(&process, 35), (vec![first.claim.run], vec![30]));
    assert_eq!(process.end(first.claim, 36, crate::world::AttemptEnd::Succeeded), Settled::Fenced);
    assert_eq!(process.state(first.claim.run), StateWord::Cancelled);
    assert_eq!(process.skipped("a"), [superseded(20, 20, 1)]);
}

pub(crate) fn cancel_ends_at_once_what_no_process_has_in_progress(world: &World) {
    let process =
        world.start(0, &[job("a").every("10s").cancel(15).retries(3).retry_after(Duration::from_secs(60))]);
    let first = process.starts(10);
    process.fail(first.claim, 11, "no");
    assert_eq!(process.state(first.claim.run), StateWord::Waiting);
    assert_eq!(evicted(&process, 20), (vec![first.claim.run], vec![20]));
    assert_eq!(process.state(first.claim.run), StateWord::Cancelled);
}

pub(crate) fn cancel_starts_a_run_that_a_person_asks_for_in_the_same_way(world: &World) {
    let process = world.start(0, &[job("a").cancel(5)]);
    process.triggered("a", 1);
    let first = process.starts(1);
    let Done::Triggered { run, waits_for } = process.does(trigger("a"), 2) else { panic!("not triggered") };
    assert_eq!(waits_for, Some(first.claim.run));
    let judged = process.judge(2);
    assert_eq!((judged.asked.len(), judged.claimed.len()), (1, 0));
    assert_eq!(process.info("a").due, Some(at(7)));
    assert_eq!(evicted(&process, 7).0, [first.claim.run]);
    assert_eq!(process.starts(7).claim.run, run);
}

pub(crate) fn a_run_that_was_asked_for_has_the_slot_before_a_tick_that_came_later(world: &World) {
    let process = world.start(0, &[job("a").every("10s").cancel(15)]);
    process.starts(10);
    let Done::Triggered { run, .. } = process.does(trigger("a"), 12) else { panic!("not triggered") };
    process.starts_nothing(12);
    process.starts_nothing(20);
    let (evicted, started) = evicted(&process, 27);
    assert_eq!((evicted.len(), started), (1, vec![]));
    let asked_for = process.starts(27);
    assert_eq!(asked_for.claim.run, run);
    assert_eq!(process.info("a").active, 1);
    // The tick that came later asks for the slot in its turn.
    process.succeed(asked_for.claim, 28);
    assert_eq!(process.starts(28).nominal, at(20));
}

pub(crate) fn an_edit_that_makes_room_releases_what_waits(world: &World) {
    let process = world.start(0, &[job("a").queue(1)]);
    process.triggered("a", 1);
    process.starts(1);
    process.does(trigger("a"), 2);
    process.starts_nothing(3);
    process.sync(4, &[job("a").allow()]);
    process.starts(4);
}

pub(crate) fn a_backlog_does_not_end_the_right_to_cancel(world: &World) {
    let all = CatchUpRule::All;
    let process = world.start(0, &[job("a").every("10s").cancel(5).catch_up(all)]);
    let hangs = process.starts(10);
    // Judged late, so that the tick at 20 is a backlog.
    assert_eq!(process.judge(27).asked.len(), 1);
    assert_eq!(evicted(&process, 32), (vec![hangs.claim.run], vec![20]));
}

pub(crate) fn allow_is_bounded_by_max_running(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().max_running(2)]);
    let first = process.starts(10);
    process.starts(20);
    let judged = process.judge(30);
    let holder = Some(first.claim.run);
    let want = Skip { first: at(30), last: at(30), count: 1, reason: SkipReason::Overlap, holder };
    assert_eq!((judged.claimed, judged.skipped), (vec![], vec![(name("a"), want)]));
    assert!(matches!(process.trigger("a", 31), Err(CommandError::Held { .. })));
    process.succeed(first.claim, 35);
    assert_eq!(process.starts(40).nominal, at(40));
    assert_eq!(process.skipped("a"), [overlap(30, first.claim.run)]);
}

pub(crate) fn a_forced_trigger_starts_beside_the_active_run(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.starts(10);
    let forced = Command::Trigger(Trigger { job: name("a"), args: None, force: true });
    let Done::Triggered { run, waits_for: None } = process.does(forced, 11) else { panic!("not triggered") };
    assert_eq!(process.starts(11).claim.run, run);
    assert_eq!(process.info("a").active, 2);
}
