//! Fixed delays: each tick a period after the last run ended.

use std::time::Duration;

use cron_runtime::core::policy::CatchUpRule;

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, Desk, Done, RunState, Settled, SkipReason, World, block, failure, missed, overlap,
};

cases!(delaying:
    the_first_tick_is_a_period_after_the_registration,
    the_next_tick_is_a_period_after_the_end,
    a_stored_end_counts_over_a_restart,
    a_tick_that_nobody_was_there_for_runs_once_however_late,
    none_lets_a_late_tick_go_and_counts_from_there,
    a_tick_that_meets_a_manual_run_is_skipped_and_its_end_counts,
    a_manual_run_that_ends_first_moves_the_tick,
    beside_other_runs_the_last_end_counts,
    a_tick_beyond_the_bound_is_skipped,
    a_retry_in_waiting_is_no_end_and_gives_way_to_nothing,
    an_interrupted_run_is_no_end,
    a_lost_run_ended_when_it_was_found,
    a_pause_holds_one_tick_at_most,
    a_run_that_ends_in_a_pause_makes_nothing_due,
    resuming_beside_a_run_waits_for_its_end,
    an_edit_counts_as_an_end,
    an_edit_beside_a_run_waits_for_its_end,
    a_refused_result_is_no_end,
    a_clock_that_went_back_moves_no_mark_back,
);

fn delayed() -> Job {
    job("a").after_finish("10s")
}

pub(crate) fn the_first_tick_is_a_period_after_the_registration(world: &World) {
    let process = world.start(3, &[delayed()]);
    let judged = process.judge(12);
    assert_eq!((judged.claimed.len(), judged.next), (0, Some(at(13))));
    assert_eq!(process.starts(13).nominal, at(13));
    let info = process.info("a");
    assert_eq!((info.mark, info.due, info.active), (at(13), None, 1));
}

pub(crate) fn the_next_tick_is_a_period_after_the_end(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    assert_eq!(process.judge(55).next, None);
    assert_eq!(process.succeed(first.claim, 57), Some(at(67)));
    assert_eq!((process.info("a").mark, process.info("a").due), (at(57), Some(at(67))));
    process.starts_nothing(66);
    // It starts late; what counts is when it ends, and how it ends does not matter.
    let second = process.starts(70);
    assert_eq!(second.nominal, at(67));
    let failed = process.end(second.claim, 71, failure("no"));
    assert_eq!(failed, Settled::Moved { state: RunState::Failed, gave_way: false, due: Some(at(81)) });
    assert_eq!(process.starts(81).nominal, at(81));
    assert_eq!((process.ran("a"), process.skipped("a")), (vec![10, 67, 81], vec![]));
    let audit = process.audit("a").expect("readable").expect("known");
    assert_eq!((audit.ticks, audit.ran), (3, 3));
}

pub(crate) fn a_stored_end_counts_over_a_restart(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    process.succeed(first.claim, 14);
    process.leaves(15);
    let process = world.start(20, &[delayed()]);
    assert_eq!(process.judge(23).next, Some(at(24)));
    assert_eq!(process.starts(24).nominal, at(24));
}

pub(crate) fn a_tick_that_nobody_was_there_for_runs_once_however_late(world: &World) {
    for (name, rule) in [("latest", CatchUpRule::Latest), ("all", CatchUpRule::All)] {
        let jobs = [job(name).after_finish("10s").catch_up(rule)];
        world.start(0, &jobs).leaves(1);
        let process = world.start(100_000, &jobs);
        let late = process.starts(100_000);
        assert_eq!(late.nominal, at(10));
        assert_eq!(process.succeed(late.claim, 100_005), Some(at(100_015)));
        assert_eq!(process.skipped(name), []);
        process.leaves(100_006);
    }
}

pub(crate) fn none_lets_a_late_tick_go_and_counts_from_there(world: &World) {
    let process = world.start(0, &[delayed().catch_up(CatchUpRule::None)]);
    let judged = process.judge(99);
    assert_eq!((judged.claimed.len(), judged.skipped.len(), judged.next), (0, 1, Some(at(109))));
    assert_eq!(process.skipped("a"), [missed(10, 10, 1)]);
    assert_eq!(process.info("a").mark, at(99));
    assert_eq!(process.starts(112).nominal, at(109));
}

pub(crate) fn a_tick_that_meets_a_manual_run_is_skipped_and_its_end_counts(world: &World) {
    let process = world.start(0, &[delayed()]);
    let run = process.triggered("a", 5);
    let manual = process.starts(5);
    process.starts_nothing(12);
    assert_eq!(process.skipped("a"), [overlap(10, run)]);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(10), None));
    process.starts_nothing(40);
    assert_eq!(process.succeed(manual.claim, 45), Some(at(55)));
    assert_eq!(process.starts(55).nominal, at(55));
    assert_eq!(process.skipped("a"), [overlap(10, run)]);
}

pub(crate) fn a_manual_run_that_ends_first_moves_the_tick(world: &World) {
    let process = world.start(0, &[delayed()]);
    process.triggered("a", 5);
    let manual = process.starts(5);
    assert_eq!(process.succeed(manual.claim, 8), Some(at(18)));
    process.starts_nothing(17);
    assert_eq!(process.starts(18).nominal, at(18));
}

pub(crate) fn a_tick_beyond_the_bound_is_skipped(world: &World) {
    let process = world.start(0, &[delayed().allow().max_running(1)]);
    let manual = process.triggered("a", 5);
    let claimed = process.starts(5);
    process.starts_nothing(10);
    assert_eq!(process.skipped("a"), [overlap(10, manual)]);
    assert_eq!(process.succeed(claimed.claim, 12), Some(at(22)));
    assert_eq!(process.starts(22).nominal, at(22));
}

pub(crate) fn beside_other_runs_the_last_end_counts(world: &World) {
    let process = world.start(0, &[delayed().allow()]);
    process.triggered("a", 5);
    let manual = process.starts(5);
    let tick = process.starts(10);
    assert_eq!(process.succeed(tick.claim, 12), None);
    assert_eq!(process.judge(30).next, None);
    assert_eq!(process.succeed(manual.claim, 31), Some(at(41)));
    assert_eq!(process.starts(41).nominal, at(41));
}

pub(crate) fn a_retry_in_waiting_is_no_end_and_gives_way_to_nothing(world: &World) {
    let process = world.start(0, &[delayed().retries(1).retry_after(Duration::from_secs(60))]);
    let first = process.starts(10);
    match process.end(first.claim, 12, failure("no")) {
        Settled::Moved { state: RunState::Waiting { .. }, gave_way: false, due: None } => {}
        other => panic!("{other:?}"),
    }
    process.starts_nothing(50);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(10), None));
    let again = process.starts(90);
    assert_eq!((again.claim.run, again.attempt), (first.claim.run, 2));
    let failed = process.end(again.claim, 91, failure("no"));
    assert_eq!(failed, Settled::Moved { state: RunState::Failed, gave_way: false, due: Some(at(101)) });
}

pub(crate) fn an_interrupted_run_is_no_end(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    match process.end(first.claim, 12, AttemptEnd::Interrupted { was_called: false }) {
        Settled::Moved { state: RunState::Scheduled { .. }, due: None, .. } => {}
        other => panic!("{other:?}"),
    }
    process.leaves(13);
    let process = world.start(60, &[delayed()]);
    let again = process.starts(60);
    assert_eq!((again.claim.run, again.nominal), (first.claim.run, at(10)));
    assert_eq!(process.succeed(again.claim, 62), Some(at(72)));
    assert_eq!(process.ran("a"), [10]);
}

pub(crate) fn a_lost_run_ended_when_it_was_found(world: &World) {
    let process = world.start(0, &[delayed()]);
    let lost = process.starts(10);
    process.leaves(11);
    let process = world.start(100, &[delayed()]);
    assert_eq!(process.info("a").due, None);
    assert_eq!(process.reaps(100), [lost.claim.run]);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(100), Some(at(110))));
    assert_eq!(process.starts(110).nominal, at(110));
}

pub(crate) fn a_pause_holds_one_tick_at_most(world: &World) {
    let process = world.start(0, &[delayed()]);
    process.pause("a", 5, "eve", "").expect("pauses");
    process.starts_nothing(80);
    let resumed = process.resume("a", 81).expect("resumes");
    assert_eq!(resumed, Done::Resumed { skipped: 1, next: Some(at(91)) });
    let [skip] = process.skipped("a").try_into().expect("one block");
    assert_eq!((skip.reason, skip.first, skip.last, skip.count), (SkipReason::Paused, at(10), at(10), 1));
    assert_eq!(process.starts(91).nominal, at(91));
}

pub(crate) fn a_run_that_ends_in_a_pause_makes_nothing_due(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    process.pause("a", 12, "eve", "").expect("pauses");
    assert_eq!(process.succeed(first.claim, 20), None);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(20), None));
    process.starts_nothing(40);
    let resumed = process.resume("a", 27).expect("resumes");
    assert_eq!(resumed, Done::Resumed { skipped: 0, next: Some(at(37)) });
}

pub(crate) fn resuming_beside_a_run_waits_for_its_end(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    process.pause("a", 12, "eve", "").expect("pauses");
    let resumed = process.resume("a", 60).expect("resumes");
    assert_eq!(resumed, Done::Resumed { skipped: 0, next: None });
    process.starts_nothing(90);
    assert_eq!(process.succeed(first.claim, 95), Some(at(105)));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn an_edit_counts_as_an_end(world: &World) {
    let process = world.start(0, &[delayed()]);
    // The tick at 10 is pending: the old declaration owns it.
    process.sync(17, &[job("a").after_finish("20s")]);
    assert_eq!(process.skipped("a"), [block(SkipReason::Missed, 10, 10, 1)]);
    assert_eq!(process.info("a").due, Some(at(37)));
    process.sync(30, &[job("a").every("10s")]);
    assert_eq!(process.starts(40).nominal, at(40));
}

pub(crate) fn an_edit_beside_a_run_waits_for_its_end(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let first = process.starts(10);
    process.sync(15, &[delayed()]);
    assert_eq!(process.info("a").due, None);
    process.sync(50, &[job("a").after_finish("30s")]);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(50), None));
    assert_eq!(process.succeed(first.claim, 52), Some(at(82)));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn a_refused_result_is_no_end(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    assert_eq!(process.succeed(first.claim, 12), Some(at(22)));
    // The same result once more is refused and moves nothing.
    assert_eq!(process.end(first.claim, 19, AttemptEnd::Succeeded), Settled::Fenced);
    assert_eq!((process.info("a").mark, process.info("a").due), (at(12), Some(at(22))));
}

pub(crate) fn a_clock_that_went_back_moves_no_mark_back(world: &World) {
    let process = world.start(0, &[delayed()]);
    let first = process.starts(10);
    assert_eq!(process.succeed(first.claim, 4), Some(at(20)));
    assert_eq!(process.info("a").mark, at(10));
    process.starts_nothing(19);
    assert_eq!(process.starts(20).nominal, at(20));
}
