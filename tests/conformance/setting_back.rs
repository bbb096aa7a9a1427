//! Marks that were written under a wrong clock.

use std::time::Duration;

use cron_runtime::core::policy::Retention;

use crate::jobs::{at, job};
use crate::world::{Command, Desk, JudgeRequest, Next, RunState, SkipReason, World, block, missed, name};

cases!(setting_back:
    a_mark_up_to_three_hours_ahead_is_waited_for,
    a_mark_further_ahead_is_set_back_and_the_job_runs_again,
    what_was_pruned_under_a_wrong_clock_takes_nothing_after_it,
    a_schedule_that_was_edited_under_a_wrong_clock_counts_from_the_right_time,
    what_waits_under_a_wrong_clock_waits_as_long_under_the_right_one,
    a_wait_that_was_told_at_the_right_time_is_left_alone,
    what_is_to_start_at_once_does_so_after_a_wrong_clock,
    an_attempt_that_was_found_lost_under_a_wrong_clock_is_tried_again_in_time,
    a_lease_of_another_clock_is_left_alone,
    what_a_run_under_a_wrong_clock_said_about_the_next_one_is_void,
);

const HOUR: i64 = 3_600;

pub(crate) fn a_mark_up_to_three_hours_ahead_is_waited_for(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.succeed(process.starts(3 * HOUR).claim, 3 * HOUR);
    assert_eq!(process.set_back(at(0)).expect("sets back"), []);
    process.starts_nothing(100);
    assert_eq!(process.starts(3 * HOUR + 10).nominal, at(3 * HOUR + 10));
}

pub(crate) fn a_mark_further_ahead_is_set_back_and_the_job_runs_again(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    process.succeed(process.judge(10).claimed[0].claim, 11);
    process.pause("b", 11, "eve", "").expect("pauses");
    // The clock is a day ahead for a moment.
    let day = 24 * HOUR;
    process.succeed(process.starts(day).claim, day);
    assert_eq!(process.skipped("a"), [missed(20, day - 10, (day as u64 - 20) / 10)]);
    assert_eq!(process.set_back(at(35)).expect("sets back"), [(name("a"), at(day))]);
    assert_eq!(process.skipped("a"), [block(SkipReason::Clock, 20, 30, 2)]);
    let info = process.info("a");
    assert_eq!((info.mark, info.due), (at(35), Some(at(40))));
    assert_eq!(process.starts(40).nominal, at(40));
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert_eq!((audit.is_sound(), audit.ran, audit.skipped_clock), (true, 2, 2));
    // What ran under the wrong clock stays in the record, beside the ticks, and the instant may come again.
    assert_eq!(process.all_runs().iter().filter(|run| run.nominal == at(day)).count(), 1);
}

pub(crate) fn what_waits_under_a_wrong_clock_waits_as_long_under_the_right_one(world: &World) {
    let day = 24 * HOUR;
    let again = |name: &str| {
        job(name).every("10s").retries(1).retry_after(Duration::from_secs(100)).retry_past_next()
    };
    let process = world.start(0, &[again("a"), again("b")]);
    let claimed = process.judge(10).claimed;
    process.pause("b", 11, "eve", "").expect("pauses");
    let [a, b] = &claimed[..] else { panic!("{claimed:?}") };
    process.succeed(a.claim, 11);
    // `a` runs and fails a day ahead; `b` began at the right time, and its end is told a day ahead.
    let failed = process.starts(day);
    let waits =
        |state: RunState, second: i64| state.wake().expect("it waits").signed_duration_since(at(second));
    let delays =
        [waits(process.fail(failed.claim, day, "no"), day), waits(process.fail(b.claim, day, "no"), day)];
    assert!(delays.iter().all(|delay| (80..=120).contains(&delay.num_seconds())), "{delays:?}");
    process.set_back(at(35)).expect("sets back");
    for (run, delay) in [failed.claim.run, b.claim.run].into_iter().zip(delays) {
        assert_eq!(process.run_info(run).state.wake(), Some(at(35) + delay));
    }
    let started = process.judge(35 + 120).claimed;
    assert_eq!(started.iter().map(|claimed| claimed.attempt).collect::<Vec<_>>(), [2, 2]);
}

pub(crate) fn a_wait_that_was_told_at_the_right_time_is_left_alone(world: &World) {
    let day = 24 * HOUR;
    let patient =
        job("a").every("10s").retries(1).retry_after(Duration::from_secs(48 * 3_600)).retry_past_next();
    let process = world.start(0, &[patient, job("b").every("10s")]);
    let claimed = process.judge(10).claimed;
    process.succeed(claimed[1].claim, 11);
    let wake = process.fail(claimed[0].claim, 11, "no").wake();
    assert!(wake.is_some_and(|wake| wake > at(day)));
    // Nothing shows that the clock was wrong.
    assert_eq!(process.set_back(at(12)).expect("sets back"), []);
    assert_eq!(process.run_info(claimed[0].claim.run).state.wake(), wake);
    // It was, but not when this was told.
    process.succeed(process.starts(day).claim, day);
    assert_eq!(process.set_back(at(35)).expect("sets back").len(), 2);
    assert_eq!(process.run_info(claimed[0].claim.run).state.wake(), wake);
}

pub(crate) fn what_is_to_start_at_once_does_so_after_a_wrong_clock(world: &World) {
    let day = 24 * HOUR;
    let process = world.start(0, &[job("a").every("10s"), job("b")]);
    process.triggered("b", 1);
    let failed = process.starts(1).claim;
    process.fail(failed, 2, "no");
    // A person retries it a day ahead, and no worker is free.
    process.does(Command::Retry { run: failed.run, force: false }, day);
    let crowded =
        process.store().judge(JudgeRequest { room: 0, ..process.request(day, 100) }).expect("judges");
    assert_eq!(crowded.claimed, []);
    process.set_back(at(35)).expect("sets back");
    assert!(process.judge(35).claimed.iter().any(|claimed| claimed.claim.run == failed.run));
}

pub(crate) fn an_attempt_that_was_found_lost_under_a_wrong_clock_is_tried_again_in_time(world: &World) {
    let day = 24 * HOUR;
    let again = job("a").every("10s").retries(1).retry_after(Duration::from_secs(100)).retry_past_next();
    let first = world.start(0, std::slice::from_ref(&again));
    let run = first.starts(10).claim.run;
    first.leaves(11);
    // The machine starts with a clock that is a day ahead.
    let second = world.start(day, &[again]);
    assert_eq!(second.reaps(day), [run]);
    let wake = second.run_info(run).state.wake().expect("it is tried again");
    second.starts_nothing(day);
    second.set_back(at(35)).expect("sets back");
    assert_eq!(second.run_info(run).state.wake(), Some(at(35) + (wake - at(day))));
    assert_eq!(second.starts(35 + 120).claim.run, run);
}

pub(crate) fn a_lease_of_another_clock_is_left_alone(world: &World) {
    let day = 24 * HOUR;
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(day);
    // It may live, on a machine with another clock, and this one may be the wrong one.
    let other = world.join(35);
    other.set_back(at(35)).expect("sets back");
    assert_eq!(other.reaps(100), []);
    process.succeed(claimed.claim, day + 1);
}

pub(crate) fn what_a_run_under_a_wrong_clock_said_about_the_next_one_is_void(world: &World) {
    let day = 24 * HOUR;
    let process = world.start(0, &[job("a"), job("b")]);
    process.triggered("b", 1);
    let far = Next::After(Duration::from_secs(48 * 3_600));
    process.says(process.starts(1).claim, 2, far);
    process.triggered("a", day);
    process.says(process.starts(day).claim, day, far);
    process.set_back(at(35)).expect("sets back");
    assert_eq!(process.info("a").hold, None);
    assert_eq!(process.info("b").hold.and_then(|hold| hold.until), Some(at(2 + 2 * day)));
    assert_eq!(process.judge(36).next, Some(at(2 + 2 * day)));
}

pub(crate) fn what_was_pruned_under_a_wrong_clock_takes_nothing_after_it(world: &World) {
    let keep = Retention { runs: 1, ..Retention::DEFAULT };
    let process = world.start(0, &[job("a").every("10s").keep(keep)]);
    let day = 24 * HOUR;
    for second in [day, day + 10, day + 20] {
        process.succeed(process.starts(second).claim, second);
    }
    process.prune(at(day + 20), 100).expect("prunes");
    process.set_back(at(35)).expect("sets back");
    process.sync(36, &[job("a").every("10s")]);
    process.succeed(process.starts(55).claim, 56);
    process.prune(at(57), 100).expect("prunes");
    assert_eq!(process.skipped("a").last(), Some(&missed(40, 40, 1)));
    assert_eq!(process.audit("a").expect("readable").expect("a known job").ran, 1);
}

pub(crate) fn a_schedule_that_was_edited_under_a_wrong_clock_counts_from_the_right_time(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").once("2h")]);
    let day = 24 * HOUR;
    process.sync(day, &[job("a").once("1h"), job("b").once("2h")]);
    assert_eq!(process.info("a").due, Some(at(day + HOUR)));
    assert_eq!(process.set_back(at(100)).expect("sets back").len(), 1);
    for side in [process.store(), world.open().as_ref()] {
        let info = side.info("a");
        assert_eq!((info.since, info.mark, info.due), (at(100), at(100), Some(at(100 + HOUR))));
        assert_eq!(side.info("b").due, Some(at(2 * HOUR)));
    }
    assert_eq!(process.judge(101).next, Some(at(100 + HOUR)));
    assert_eq!(process.starts(100 + HOUR).nominal, at(100 + HOUR));
}
