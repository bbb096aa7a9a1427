//! Verdicts: which due ticks run, which are skipped, and that each gets exactly one.

use cron_runtime::core::policy::CatchUpRule;

use crate::jobs::{at, job};
use crate::world::{AttemptEnd, Desk, World, failure, missed, overlap};

cases!(judging:
    a_due_tick_runs_and_the_mark_moves_with_it,
    latest_runs_the_newest_missed_tick_and_folds_the_older_ones,
    latest_outside_its_window_runs_nothing,
    none_runs_what_is_on_time_only,
    all_runs_the_backlog_oldest_first_one_at_a_time,
    all_drops_what_is_beyond_its_limit,
    all_waits_while_a_run_waits_for_its_retry,
    all_waits_for_a_manual_run_too,
    two_weeks_of_five_second_ticks_are_one_range,
    overlap_skip_names_the_run_that_held_the_slot,
    overlap_skip_names_the_oldest_active_run,
    overlap_skip_names_a_run_of_the_same_judgement,
    overlap_allow_starts_beside_active_runs,
    a_retry_wait_holds_the_slot,
    a_manual_run_that_has_not_started_holds_the_slot,
    a_batch_is_bounded_and_says_whether_more_is_due,
    the_longest_due_job_is_judged_first,
    the_next_instant_is_the_earliest_of_ticks_and_waits,
    a_clock_that_went_back_judges_nothing_twice,
    every_tick_of_a_cron_schedule_is_judged_over_a_change_of_the_clock,
);

pub(crate) fn a_due_tick_runs_and_the_mark_moves_with_it(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let judged = process.judge(12);
    assert_eq!((judged.claimed.len(), judged.more, judged.next), (1, false, Some(at(20))));
    let info = process.info("a");
    assert_eq!((info.mark, info.due, info.active), (at(10), Some(at(20)), 1));
    assert_eq!(info.last_run.expect("a run").id, judged.claimed[0].claim.run);
}

pub(crate) fn latest_runs_the_newest_missed_tick_and_folds_the_older_ones(world: &World) {
    world.start(0, &[job("a").every("10s")]).leaves(5);
    let process = world.start(57, &[job("a").every("10s")]);
    let judged = process.judge(57);
    assert_eq!(judged.claimed[0].nominal, at(50));
    assert_eq!(judged.skipped.len(), 1);
    assert_eq!(process.skipped("a"), [missed(10, 40, 4)]);
    assert_eq!(process.ran("a"), [50]);
    assert_eq!(process.info("a").mark, at(50));
}

pub(crate) fn latest_outside_its_window_runs_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("1h").window(60)]);
    process.starts_nothing(3_661);
    assert_eq!(process.skipped("a"), [missed(3_600, 3_600, 1)]);
    assert_eq!(process.starts(7_260).nominal, at(7_200));
}

pub(crate) fn none_runs_what_is_on_time_only(world: &World) {
    let process = world.start(0, &[job("a").every("10s").catch_up(CatchUpRule::None)]);
    let first = process.starts(25);
    assert_eq!(first.nominal, at(20));
    assert_eq!(process.skipped("a"), [missed(10, 10, 1)]);
    process.succeed(first.claim, 26);
    process.starts_nothing(56);
    assert_eq!(process.skipped("a"), [missed(10, 10, 1), missed(30, 50, 3)]);
}

pub(crate) fn all_runs_the_backlog_oldest_first_one_at_a_time(world: &World) {
    let process = world.start(0, &[job("a").every("10s").catch_up(CatchUpRule::All)]);
    for tick in [10, 20, 30] {
        let claimed = process.starts(39);
        assert_eq!(claimed.nominal, at(tick));
        // The rest of the backlog waits for this run, and nothing else can wake it.
        assert_eq!(process.judge(39).next, (tick == 30).then_some(at(40)));
        // Whoever ends the run is told that the backlog goes on.
        let goes_on = if tick == 30 { None } else { Some(at(tick + 10)) };
        assert_eq!(process.succeed(claimed.claim, 39), goes_on);
    }
    assert_eq!(process.judge(39).next, Some(at(40)));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn all_drops_what_is_beyond_its_limit(world: &World) {
    let process = world.start(0, &[job("a").every("10s").catch_up(CatchUpRule::All).limit(2)]);
    let first = process.starts(59);
    assert_eq!(first.nominal, at(40));
    assert_eq!(process.skipped("a"), [missed(10, 30, 3)]);
    process.starts_nothing(85);
    // The backlog has grown beyond the limit again while the run was active.
    assert_eq!(process.skipped("a"), [missed(10, 30, 3), missed(50, 60, 2)]);
    process.fail(first.claim, 86, "no");
    assert_eq!(process.starts(86).nominal, at(70));
}

pub(crate) fn all_waits_while_a_run_waits_for_its_retry(world: &World) {
    let patient = job("a").every("10s").catch_up(CatchUpRule::All).retries(1).retry_past_next();
    let process = world.start(0, &[patient]);
    let first = process.starts(39);
    assert!(process.fail(first.claim, 39, "no").is_active());
    process.starts_nothing(45);
    let again = process.starts(60);
    assert_eq!((again.nominal, again.attempt), (at(10), 2));
    assert!(!process.fail(again.claim, 60, "no").is_active());
    assert_eq!(process.starts(60).nominal, at(20));
}

pub(crate) fn all_waits_for_a_manual_run_too(world: &World) {
    let process = world.start(0, &[job("a").every("10s").catch_up(CatchUpRule::All)]);
    let run = process.triggered("a", 35);
    let manual = process.starts(35);
    assert_eq!(manual.claim.run, run);
    process.starts_nothing(36);
    process.succeed(manual.claim, 37);
    assert_eq!(process.starts(37).nominal, at(10));
}

pub(crate) fn two_weeks_of_five_second_ticks_are_one_range(world: &World) {
    let fortnight = 14 * 86_400;
    let process = world.start(0, &[job("a").every("5s")]);
    assert_eq!(process.starts(fortnight + 2).nominal, at(fortnight));
    assert_eq!(process.skipped("a"), [missed(5, fortnight - 5, 14 * 17_280 - 1)]);
}

pub(crate) fn overlap_skip_names_the_run_that_held_the_slot(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let holder = process.starts(10).claim;
    let judged = process.judge(20);
    assert_eq!(judged.claimed, []);
    assert_eq!(judged.skipped.len(), 1);
    assert_eq!(judged.skipped[0].1.holder, Some(holder.run));
    process.judge(45);
    assert_eq!(process.skipped("a"), [overlap(20, holder.run), missed(30, 30, 1), overlap(40, holder.run)]);
    process.succeed(holder, 46);
    assert_eq!(process.starts(50).nominal, at(50));
}

pub(crate) fn overlap_skip_names_the_oldest_active_run(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    let older = process.starts(10).claim;
    let newer = process.starts(20).claim;
    process.sync(21, &[job("a").every("10s")]);
    process.judge(30);
    process.succeed(older, 35);
    process.judge(40);
    assert_eq!(process.skipped("a"), [overlap(30, older.run), overlap(40, newer.run)]);
}

pub(crate) fn overlap_skip_names_a_run_of_the_same_judgement(world: &World) {
    // A late look, and all ticks are still on time: the oldest runs and holds the slot before the others.
    let generous = job("a").every("10s").catch_up(CatchUpRule::None).grace(60);
    let process = world.start(0, &[generous]);
    let judged = process.judge(35);
    assert_eq!((judged.claimed.len(), judged.skipped.len()), (1, 2));
    let run = judged.claimed[0].claim.run;
    assert_eq!(judged.skipped[0].1.holder, Some(run));
    assert_eq!(process.ran("a"), [10]);
    assert_eq!(process.skipped("a"), [overlap(20, run), overlap(30, run)]);
}

pub(crate) fn overlap_allow_starts_beside_active_runs(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    for tick in [10, 20, 30] {
        assert_eq!(process.starts(tick).nominal, at(tick));
    }
    assert_eq!(process.info("a").active, 3);
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn a_retry_wait_holds_the_slot(world: &World) {
    let process = world.start(0, &[job("a").every("60s").retries(1)]);
    let claimed = process.starts(60);
    // The wait of 10 s is over at 112 at the latest, but nobody was there to start the attempt before the next tick.
    process.fail(claimed.claim, 100, "no");
    process.sync(101, &[job("a").every("60s").retries(1).retry_past_next()]);
    let judged = process.judge(120);
    assert_eq!(judged.claimed.len(), 1);
    assert_eq!((judged.claimed[0].nominal, judged.claimed[0].attempt), (at(60), 2));
    assert_eq!(process.skipped("a"), [overlap(120, claimed.claim.run)]);
}

pub(crate) fn a_manual_run_that_has_not_started_holds_the_slot(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let run = process.triggered("a", 10);
    let judged = process.judge(10);
    assert_eq!(judged.claimed.len(), 1);
    assert_eq!(judged.claimed[0].claim.run, run);
    assert_eq!(process.skipped("a"), [overlap(10, run)]);
}

pub(crate) fn a_batch_is_bounded_and_says_whether_more_is_due(world: &World) {
    let jobs = ["a", "b", "c", "d"].map(|name| job(name).every("10s"));
    let process = world.start(0, &jobs);
    process.triggered("d", 5);
    process.end(process.starts(6).claim, 7, AttemptEnd::Interrupted { was_called: false });
    let mut names = Vec::new();
    for more in [true, true, false] {
        let judged = process.judge_few(10, 2);
        assert_eq!(judged.more, more, "after {names:?}");
        assert_eq!(judged.next, Some(if more { at(10) } else { at(20) }));
        names.extend(judged.claimed.iter().map(|claimed| claimed.job().to_string()));
    }
    // The interrupted run of `d` first; its own tick finds the slot taken.
    assert_eq!(names, ["d", "a", "b", "c"]);

    let judged = process.judge_few(20, 4);
    assert!(!judged.more, "four jobs were due and four were allowed");
    assert!(process.judge_few(30, 0).more);
    assert_eq!(process.judge_few(35, 0).skipped, []);
}

pub(crate) fn the_longest_due_job_is_judged_first(world: &World) {
    let process = world.start(0, &[job("a").every("30s"), job("b").every("20s"), job("c").every("10s")]);
    let judged = process.judge(30);
    let names: Vec<_> = judged.claimed.iter().map(|claimed| claimed.job().as_str()).collect();
    assert_eq!(names, ["c", "b", "a"]);

    // Equally long: in the order in which the store came to know them.
    let late = [job("a").every("60s"), job("z").every("60s"), job("b").every("60s")];
    let process = world.start(31, &late[..2]);
    process.sync(32, &late);
    let names: Vec<_> = process.judge(60).skipped.iter().map(|(job, _)| job.to_string()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(process.ran("z"), [60]);
}

pub(crate) fn the_next_instant_is_the_earliest_of_ticks_and_waits(world: &World) {
    let process = world.start(0, &[job("a").every("60s").retries(1), job("b").every("90s"), job("c")]);
    assert_eq!(process.judge(0).next, Some(at(60)));
    let claimed = process.starts(60);
    assert_eq!(process.judge(60).next, Some(at(90)));
    process.fail(claimed.claim, 61, "no");
    let wake = process.judge(61).next.expect("the retry");
    assert!((at(69)..=at(73)).contains(&wake), "{wake}");
    process.pause("b", 62, "eve", "").expect("pauses");
    assert_eq!(process.judge(62).next, Some(wake));
    process.triggered("c", 63);
    assert_eq!(process.judge(62).next, Some(at(63)));
}

pub(crate) fn a_clock_that_went_back_judges_nothing_twice(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    process.starts(50);
    for now in [49, 10, -100, 50, 59] {
        process.starts_nothing(now);
    }
    assert_eq!(process.starts(60).nominal, at(60));
    assert_eq!(process.ran("a"), [50, 60]);
}

pub(crate) fn every_tick_of_a_cron_schedule_is_judged_over_a_change_of_the_clock(world: &World) {
    // Second 0 is 2027-01-15T08:00Z; the clock of London goes forward on 2027-03-28.
    let days = 90;
    let process = world.start(0, &[job("a").cron("30 1 * * *")]);
    for day in 0..days {
        let claimed = process.starts(day * 86_400 + 86_399);
        match process.end(claimed.claim, day * 86_400 + 86_399, failure("no")) {
            crate::world::Settled::Moved { .. } => {}
            crate::world::Settled::Fenced => panic!("day {day}"),
        }
    }
    assert_eq!(process.ran("a").len(), 90);
    assert_eq!(process.skipped("a"), []);
}
