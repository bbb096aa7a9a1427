//! Marks that were written under a wrong clock.

use cron_runtime::core::policy::Retention;

use crate::jobs::{at, job};
use crate::world::{Desk, SkipReason, World, block, missed, name};

cases!(setting_back:
    a_mark_up_to_three_hours_ahead_is_waited_for,
    a_mark_further_ahead_is_set_back_and_the_job_runs_again,
    what_was_pruned_under_a_wrong_clock_takes_nothing_after_it,
    a_schedule_that_was_edited_under_a_wrong_clock_counts_from_the_right_time,
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
