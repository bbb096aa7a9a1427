//! Marks that were written under a wrong clock.

use std::collections::BTreeMap;
use std::time::Duration;

use cron_runtime::core::audit::Audit;
use cron_runtime::core::policy::{CatchUpRule, Retention};

use crate::jobs::{Job, at, job, second};
use crate::world::{
    Command, Desk, JudgeRequest, Next, Origin, Process, RunState, SkipInfo, SkipReason, World, block, missed,
    name,
};

cases!(setting_back:
    a_mark_further_ahead_is_set_back_and_the_job_runs_again,
    what_was_pruned_under_a_wrong_clock_takes_nothing_after_it,
    a_schedule_that_was_edited_under_a_wrong_clock_counts_from_the_right_time,
    what_waits_under_a_wrong_clock_waits_as_long_under_the_right_one,
    a_wait_that_was_told_at_the_right_time_is_left_alone,
    what_is_to_start_at_once_does_so_after_a_wrong_clock,
    an_attempt_that_was_found_lost_under_a_wrong_clock_is_tried_again_in_time,
    a_lease_of_another_clock_is_left_alone,
    what_a_run_under_a_wrong_clock_said_about_the_next_one_is_void,
    a_clock_that_was_hours_behind_and_jumps_runs_nothing_twice,
    a_clock_that_was_days_behind_is_right_after_a_restart,
    a_clock_that_was_fifty_years_behind_runs_nothing_twice,
    a_clock_that_was_ahead_passes_through_what_it_has_shown,
    what_was_pruned_before_the_clock_fell_behind_does_not_run_again,
    what_ran_in_a_long_gap_after_the_clock_fell_back_does_not_run_again,
    an_edit_while_skips_are_suspended_takes_them_back,
    a_schedule_that_has_come_to_its_end_stays_there_however_often_the_clock_falls_back,
);

const HOUR: i64 = 3_600;

pub(crate) fn a_mark_further_ahead_is_set_back_and_the_job_runs_again(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    process.succeed(process.judge(10).claimed[0].claim, 11);
    process.pause("b", 11, "eve", "").expect("pauses");
    // The clock is a day ahead for a moment.
    let day = 24 * HOUR;
    process.succeed(process.starts(day).claim, day);
    assert_eq!(process.skipped("a"), [missed(20, day - 10, (day as u64 - 20) / 10)]);
    assert_eq!(process.set_back(at(35)).expect("sets back").back, [(name("a"), at(day))]);
    assert_eq!(process.skipped("a"), [missed(20, 30, 2)]);
    let info = process.info("a");
    assert_eq!((info.mark, info.due, info.suspended), (at(35), Some(at(40)), Some(at(day))));
    assert_eq!(process.starts(40).nominal, at(40));
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert_eq!((audit.is_sound(), audit.ran, audit.skipped_missed, audit.ahead), (true, 2, 2, 1));
    assert_eq!(audit.suspended, (day as u64 - 40) / 10 - 1);
    // What ran too early keeps its tick.
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
    assert_eq!(process.set_back(at(12)).expect("sets back").back, []);
    assert_eq!(process.run_info(claimed[0].claim.run).state.wake(), wake);
    // It was, but not when this was told.
    process.succeed(process.starts(day).claim, day);
    assert_eq!(process.set_back(at(35)).expect("sets back").back.len(), 2);
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
    let skipped = process.skipped("a");
    assert_eq!(skipped[0], missed(40, 40, 1));
    // Of the two that were pruned nobody can say any more that they did not run.
    assert_eq!(
        skipped[1..].iter().map(|skip| (skip.reason, skip.first, skip.count)).collect::<Vec<_>>(),
        [(SkipReason::Clock, at(day), 2)]
    );
    assert_eq!(process.audit("a").expect("readable").expect("a known job").ran, 1);
}

pub(crate) fn a_schedule_that_was_edited_under_a_wrong_clock_counts_from_the_right_time(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").once("2h")]);
    let day = 24 * HOUR;
    process.sync(day, &[job("a").once("1h"), job("b").once("2h")]);
    assert_eq!(process.info("a").due, Some(at(day + HOUR)));
    assert_eq!(process.set_back(at(100)).expect("sets back").back.len(), 1);
    for side in [process.store(), world.open().as_ref()] {
        let info = side.info("a");
        assert_eq!((info.since, info.mark, info.due), (at(100), at(100), Some(at(100 + HOUR))));
        assert_eq!(side.info("b").due, Some(at(2 * HOUR)));
    }
    assert_eq!(process.judge(101).next, Some(at(100 + HOUR)));
    assert_eq!(process.starts(100 + HOUR).nominal, at(100 + HOUR));
}

pub(crate) fn a_schedule_that_has_come_to_its_end_stays_there_however_often_the_clock_falls_back(
    world: &World,
) {
    let day = 24 * HOUR;
    let process = world.start(day, &[job("a").once("1h").catch_up(CatchUpRule::None)]);
    process.starts_nothing(day + 10 * HOUR);
    assert_eq!(process.skipped("a"), [missed(day + HOUR, day + HOUR, 1)]);
    for hour in [20, 10, 1] {
        assert_eq!(process.set_back(at(hour * HOUR)).expect("sets back").back.len(), 1);
        assert_eq!((process.info("a").due, process.skipped("a")), (Some(at(day + HOUR)), vec![]));
    }
    assert_eq!(process.set_back(at(day + 10 * HOUR)).expect("looks").taken_up.len(), 1);
    assert_eq!(process.skipped("a"), [missed(day + HOUR, day + HOUR, 1)]);
    assert_eq!(sound(&process, "a").skipped_missed, 1);
}

/// How many runs each tick of a job has.
fn ticks_of(process: &Process, job: &str) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for run in process.all_runs().iter().filter(|run| run.job.as_str() == job && run.origin == Origin::Tick) {
        *counts.entry(second(run.nominal)).or_default() += 1;
    }
    counts
}

fn sound(process: &Process, job: &str) -> Audit {
    let audit = process.audit(job).expect("readable").expect("a known job");
    assert!(audit.is_sound(), "{job}: {audit:?}");
    audit
}

/// Lets all ticks run that are due, as a scheduler does.
fn runs_all(process: &Process, second: i64) -> Vec<i64> {
    let mut ran = Vec::new();
    loop {
        let judged = process.judge(second);
        if judged.claimed.is_empty() && judged.next.is_none_or(|next| next > at(second)) {
            return ran;
        }
        for claimed in judged.claimed {
            ran.push(crate::jobs::second(claimed.nominal));
            process.succeed(claimed.claim, second);
        }
    }
}

const BEHIND: [&str; 3] = ["a", "all", "one"];

fn three_jobs() -> [Job; 3] {
    let all = job("all").every("1h").catch_up(CatchUpRule::All);
    [job("a").every("1h"), all, job("one").at(at(70 * HOUR))]
}

/// Three days with a tick each hour, and a pause in one of them; then the clock falls behind by so many hours, and `settle` sets it right at
/// the 74th hour.
fn falls_behind(world: &World, by: i64, settle: impl Fn(&World, Process) -> Process) {
    let process = world.start(0, &three_jobs());
    for hour in 1..=72 {
        if hour == 71 {
            process.pause("a", 70 * HOUR + 60, "eve", "").expect("pauses");
            process.resume("a", 71 * HOUR + 60).expect("resumes");
        }
        runs_all(&process, hour * HOUR + 120);
    }
    let before = BEHIND.map(|job| ticks_of(&process, job));
    assert_eq!(before.each_ref().map(BTreeMap::len), [71, 72, 1]);
    let pause = block(SkipReason::Paused, 71 * HOUR, 71 * HOUR, 1);
    let skipped = [SkipInfo { note: "by eve".to_owned(), ..pause }];
    assert_eq!(process.skipped("a"), skipped);

    let wrong = (72 - by) * HOUR + 200;
    let back = process.set_back(at(wrong)).expect("sets back").back;
    assert_eq!(back.iter().map(|(job, _)| job.as_str()).collect::<Vec<_>>(), BEHIND);
    let audit = sound(&process, "a");
    assert_eq!((audit.ran as i64, audit.suspended), ((72 - by).max(0), 1));
    assert!(process.skipped("a").is_empty());
    let right = settle(world, process);
    // What was suspended counts again.
    let all = right.skipped("a").into_iter().filter(|skip| skip.reason != SkipReason::Clock);
    assert_eq!(all.collect::<Vec<_>>(), skipped);
    assert!(right.suspended("a").expect("readable").is_empty());
    // What was never there runs under the right clock; what ran does not run again.
    runs_all(&right, 74 * HOUR + 60);
    for (job, before) in BEHIND.into_iter().zip(before) {
        let now = ticks_of(&right, job);
        assert!(now.values().all(|runs| *runs == 1), "{job}: {now:?}");
        assert!(before.keys().all(|tick| now.contains_key(tick)), "{job}: {before:?} and then {now:?}");
        sound(&right, job);
        assert_eq!(right.info(job).suspended, None);
    }
    let of_two_hours = |job| ticks_of(&right, job).into_keys().filter(|tick| *tick > 72 * HOUR).count();
    assert_eq!(BEHIND.map(of_two_hours), [1, 2, 0]);
}

/// The clock jumps to the right time under a living process.
fn jumps(process: &Process) {
    let up = process.set_back(at(74 * HOUR + 60)).expect("takes up").taken_up;
    assert_eq!(up.iter().map(|(job, _)| job.as_str()).collect::<Vec<_>>(), BEHIND);
}

pub(crate) fn a_clock_that_was_hours_behind_and_jumps_runs_nothing_twice(world: &World) {
    falls_behind(world, 6, |_, process| {
        jumps(&process);
        process
    });
}

pub(crate) fn a_clock_that_was_days_behind_is_right_after_a_restart(world: &World) {
    falls_behind(world, 48, |world, process| {
        // Under the wrong clock it goes on for some hours, one of them away from the tick, and all of these ticks ran before.
        for hour in [25, 26, 28] {
            assert!(runs_all(&process, hour * HOUR + 60).is_empty());
        }
        sound(&process, "a");
        assert_eq!(process.info("a").mark, at(28 * HOUR));
        process.leaves(28 * HOUR + 100);
        let right = world.start(74 * HOUR + 60, &three_jobs());
        jumps(&right);
        right
    });
}

pub(crate) fn a_clock_that_was_fifty_years_behind_runs_nothing_twice(world: &World) {
    let years = 50 * 365 * 24;
    falls_behind(world, years, |_, process| {
        // Nothing ran before the job was known: the time before is the wrong clock's own.
        let wrong = (73 - years) * HOUR;
        assert_eq!(runs_all(&process, wrong), [wrong, wrong]);
        sound(&process, "a");
        jumps(&process);
        let clock = process.skipped("a").into_iter().find(|skip| skip.reason == SkipReason::Clock);
        assert_eq!(clock.map(|skip| skip.count as i64), Some(years - 73));
        process
    });
}

pub(crate) fn a_clock_that_was_ahead_passes_through_what_it_has_shown(world: &World) {
    let process = world.start(0, &[job("a").every("1h")]);
    assert_eq!(runs_all(&process, HOUR), [HOUR]);
    // Ten hours ahead for a while, and right again.
    assert_eq!(runs_all(&process, 11 * HOUR), [11 * HOUR]);
    assert_eq!(runs_all(&process, 12 * HOUR), [12 * HOUR]);
    assert_eq!(process.set_back(at(HOUR + 100)).expect("sets back").back.len(), 1);
    let info = process.info("a");
    assert_eq!((info.mark, info.suspended), (at(HOUR + 100), Some(at(12 * HOUR))));
    // A step that does not reach the end is no jump.
    assert_eq!(runs_all(&process, 2 * HOUR), [2 * HOUR]);
    assert!(process.set_back(at(5 * HOUR)).expect("looks").is_empty());
    assert_eq!(runs_all(&process, 5 * HOUR), [5 * HOUR]);
    let audit = sound(&process, "a");
    assert_eq!((audit.ran, audit.skipped_missed, audit.ahead, audit.suspended), (3, 2, 2, 5));
    for hour in 6..=10 {
        assert_eq!(runs_all(&process, hour * HOUR), [hour * HOUR]);
    }
    assert!(runs_all(&process, 11 * HOUR).is_empty());
    assert!(runs_all(&process, 12 * HOUR).is_empty());
    assert_eq!(process.info("a").suspended, None);
    assert_eq!(runs_all(&process, 13 * HOUR), [13 * HOUR]);
    let audit = sound(&process, "a");
    assert_eq!((audit.ran, audit.skipped(), audit.taken_back, audit.ahead), (11, 2, 9, 0));
    let old = process.suspended("a").expect("readable");
    assert_eq!(old.len(), 1);
    assert!(old[0].is_taken_back);
    assert_eq!(old[0].skip, missed(2 * HOUR, 10 * HOUR, 9));
}

pub(crate) fn what_was_pruned_before_the_clock_fell_behind_does_not_run_again(world: &World) {
    let keep = Retention { runs: 2, ..Retention::DEFAULT };
    let process = world.start(0, &[job("a").every("1h").keep(keep)]);
    for hour in 1..=12 {
        runs_all(&process, hour * HOUR);
    }
    process.prune(at(12 * HOUR), 100).expect("prunes");
    assert_eq!(ticks_of(&process, "a").len(), 2);
    process.set_back(at(5 * HOUR)).expect("sets back");
    sound(&process, "a");
    for hour in 6..=8 {
        assert!(runs_all(&process, hour * HOUR).is_empty());
        // While skips are suspended nothing is too old, and what keeps its tick stays.
        process.prune(at(400 * 24 * HOUR), 100).expect("prunes");
        sound(&process, "a");
    }
    process.set_back(at(13 * HOUR)).expect("takes up");
    assert_eq!(runs_all(&process, 13 * HOUR), [13 * HOUR]);
    assert_eq!(sound(&process, "a").skipped_clock, 5);
}

pub(crate) fn what_ran_in_a_long_gap_after_the_clock_fell_back_does_not_run_again(world: &World) {
    let keep = Retention { runs: 1, ..Retention::DEFAULT };
    let process = world.start(0, &[job("a").every("1h").keep(keep)]);
    assert_eq!(runs_all(&process, HOUR), [HOUR]);
    // A day is missed, and remembered as a stretch in which nothing ran; then the clock falls back into it.
    assert_eq!(runs_all(&process, 24 * HOUR), [24 * HOUR]);
    process.set_back(at(2 * HOUR)).expect("sets back");
    for hour in 3..=10 {
        assert_eq!(runs_all(&process, hour * HOUR), [hour * HOUR]);
    }
    // What has run there is pruned, and the clock falls back once more.
    process.prune(at(10 * HOUR), 100).expect("prunes");
    process.set_back(at(4 * HOUR)).expect("sets back");
    for hour in 5..=10 {
        assert!(runs_all(&process, hour * HOUR).is_empty(), "{hour}");
    }
    assert_eq!(runs_all(&process, 11 * HOUR), [11 * HOUR]);
    sound(&process, "a");
}

pub(crate) fn an_edit_while_skips_are_suspended_takes_them_back(world: &World) {
    let process = world.start(0, &[job("a").every("1h")]);
    assert_eq!(runs_all(&process, HOUR), [HOUR]);
    assert_eq!(runs_all(&process, 11 * HOUR), [11 * HOUR]);
    assert_eq!(runs_all(&process, 12 * HOUR), [12 * HOUR]);
    process.set_back(at(HOUR + 100)).expect("sets back");
    process.sync(HOUR + 200, &[job("a").every("2h")]);
    let audit = sound(&process, "a");
    assert_eq!((audit.ahead, audit.suspended, audit.taken_back), (1, 0, 9));
    // Back again: the tick that ran has its run.
    process.sync(HOUR + 300, &[job("a").every("1h")]);
    assert_eq!(sound(&process, "a").ahead, 2);
    for hour in 2..=10 {
        assert_eq!(runs_all(&process, hour * HOUR), [hour * HOUR]);
    }
    assert!(runs_all(&process, 11 * HOUR).is_empty());
    assert!(runs_all(&process, 12 * HOUR).is_empty());
    assert_eq!(runs_all(&process, 13 * HOUR), [13 * HOUR]);
    sound(&process, "a");
}
