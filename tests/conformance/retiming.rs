//! When a job runs beside what its schedule says: `Next`, jitter, the first start, another name.

use std::time::Duration;

use crate::jobs::{at, job};
use crate::world::{
    Desk, Next, Origin, Settled, SkipInfo, SkipReason, StateWord, Synced, World, block, name,
};

cases!(retiming:
    a_run_says_when_the_next_one_is_and_takes_the_ticks_until_then,
    an_instant_that_is_past_means_at_once,
    never_lasts_until_somebody_says_otherwise,
    an_edit_takes_back_what_a_run_said,
    what_a_run_said_survives_a_restart,
    the_late_word_of_an_attempt_that_timed_out_counts_for_nothing,
    a_retry_does_not_give_way_to_a_tick_that_will_not_run,
    a_handler_runs_again_when_it_says_so,
    jitter_delays_the_start_and_keeps_the_key,
    a_job_that_runs_on_start_does_so_once,
    a_job_with_another_name_brings_its_record_along,
    a_name_that_is_still_in_use_is_not_taken_over,
    a_tick_within_its_grace_is_not_late_and_a_later_one_is,
);

pub(crate) fn a_run_says_when_the_next_one_is_and_takes_the_ticks_until_then(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let first = process.starts(10).claim;
    let settled = process.says(first, 12, Next::After(Duration::from_secs(25)));
    assert!(matches!(settled, Settled::Moved { due: Some(due), .. } if due == at(37)), "{settled:?}");
    process.starts_nothing(30);
    assert_eq!(process.info("a").hold.expect("a word").until, Some(at(37)));
    let extra = process.starts(37);
    assert_eq!((extra.nominal, extra.origin), (at(37), Origin::Next));
    process.succeed(extra.claim, 38);
    let taken = SkipInfo { holder: Some(first.run), ..block(SkipReason::Superseded, 20, 30, 2) };
    assert_eq!(process.skipped("a"), [taken]);
    assert_eq!(process.starts(40).origin, Origin::Tick);
}

pub(crate) fn an_instant_that_is_past_means_at_once(world: &World) {
    let process = world.start(0, &[job("a").every("1h"), job("b")]);
    for name in ["a", "b"] {
        process.triggered(name, 20);
        process.says(process.starts(20).claim, 30, Next::At(at(5)));
        let extra = process.starts(30);
        assert_eq!((extra.nominal, extra.origin), (at(30), Origin::Next));
        process.succeed(extra.claim, 31);
    }
    process.starts_nothing(3_599);
}

pub(crate) fn never_lasts_until_somebody_says_otherwise(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.says(process.starts(10).claim, 11, Next::Never);
    process.starts_nothing(95);
    assert_eq!(process.info("a").due, None);
    process.triggered("a", 95);
    process.says(process.starts(95).claim, 96, Next::Scheduled);
    assert_eq!(process.starts(100).nominal, at(100));
}

pub(crate) fn an_edit_takes_back_what_a_run_said(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.says(process.starts(10).claim, 11, Next::Never);
    process.sync(35, &[job("a").every("20s")]);
    assert_eq!((process.info("a").hold, process.info("a").due), (None, Some(at(40))));
    assert_eq!(process.skipped("a")[0].reason, SkipReason::Superseded);
}

pub(crate) fn what_a_run_said_survives_a_restart(world: &World) {
    let jobs = [job("a").every("10s")];
    let process = world.start(0, &jobs);
    process.says(process.starts(10).claim, 11, Next::At(at(33)));
    process.leaves(12);
    let process = world.start(20, &jobs);
    process.starts_nothing(20);
    assert_eq!(process.starts(50).nominal, at(33));
}

pub(crate) fn the_late_word_of_an_attempt_that_timed_out_counts_for_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claim = process.starts(10).claim;
    process.event(claim, 12, crate::world::RunEvent::Overrun { at: at(12) });
    process.says(claim, 13, Next::Never);
    assert_eq!(process.info("a").hold, None);
    assert_eq!(process.starts(20).nominal, at(20));
}

pub(crate) fn a_retry_does_not_give_way_to_a_tick_that_will_not_run(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(1)]);
    process.pause("a", 5, "eve", "").expect("pauses");
    process.triggered("a", 6);
    let claim = process.starts(6).claim;
    process.fail(claim, 7, "no");
    assert_eq!(process.state(claim.run), StateWord::Waiting);
}

pub(crate) fn a_handler_runs_again_when_it_says_so(world: &World) {
    let process = world.start(0, &[job("a")]);
    process.triggered("a", 1);
    process.says(process.starts(1).claim, 2, Next::After(Duration::from_secs(3)));
    assert_eq!(process.starts(5).origin, Origin::Next);
}

pub(crate) fn jitter_delays_the_start_and_keeps_the_key(world: &World) {
    let declared = job("a").every("10s").jitter(5);
    let start =
        declared.plan().jitter().start_of(declared.plan().schedule.as_ref().expect("a schedule"), at(10));
    let process = world.start(0, &[declared]);
    assert_eq!(process.info("a").due, Some(start));
    let request = process.request(10, 9);
    let early = crate::world::JudgeRequest { now: start - crate::jobs::ms(1), ..request };
    assert_eq!(process.store().judge(early).expect("judges").claimed, []);
    let claimed =
        process.store().judge(crate::world::JudgeRequest { now: start, ..request }).expect("judges").claimed;
    assert_eq!(claimed[0].nominal, at(10));
}

pub(crate) fn a_job_that_runs_on_start_does_so_once(world: &World) {
    let jobs = [job("a").every("1h").run_on_start()];
    let process = world.start(5, &jobs);
    let claimed = process.starts(5);
    assert_eq!((claimed.origin, claimed.nominal), (Origin::Start, at(5)));
    process.succeed(claimed.claim, 6);
    process.leaves(7);
    world.start(8, &jobs).starts_nothing(8);
}

pub(crate) fn a_job_with_another_name_brings_its_record_along(world: &World) {
    let process = world.start(0, &[job("old").every("10s")]);
    process.succeed(process.starts(10).claim, 11);
    process.leaves(12);
    let process = world.start(13, &[job("new").every("10s").was("old")]);
    assert!(process.job("old").expect("readable").is_none());
    assert_eq!((process.ran("new"), process.info("new").registered), (vec![10], at(0)));
    assert_eq!(process.starts(20).nominal, at(20));
    let synced = process.sync(21, &[job("newer").every("10s").was("new")]);
    let renamed = vec![(name("new"), name("newer"))];
    assert_eq!(synced, Synced { renamed, ..Synced::default() });
}

pub(crate) fn a_name_that_is_still_in_use_is_not_taken_over(world: &World) {
    let process = world.start(0, &[job("old").every("10s"), job("new").every("10s").was("old")]);
    assert_eq!(process.all_jobs().len(), 2);
    process.leaves(1);
    // Both are known by now: nothing is left to take over.
    let process = world.start(2, &[job("new").every("10s").was("old")]);
    assert_eq!(process.all_jobs().len(), 2);
}

pub(crate) fn a_tick_within_its_grace_is_not_late_and_a_later_one_is(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(1)]);
    let claimed = process.starts(14);
    assert!(!claimed.is_late);
    process.succeed(claimed.claim, 15);
    let claimed = process.starts(26);
    assert!(claimed.is_late);
    process.end(claimed.claim, 27, crate::world::AttemptEnd::Interrupted { was_called: true });
    assert_eq!(process.state(claimed.claim.run), StateWord::Scheduled);
    assert!(!process.starts(27).is_late);
}
