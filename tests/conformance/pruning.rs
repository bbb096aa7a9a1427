//! Retention: what is let go of, and what never is.

use std::time::Duration;

use cron_runtime::core::policy::{BackfillOrder, Only, Retention};
use cron_runtime::core::run::{AttemptEnd, RunEvent, StateWord};
use cron_runtime::store::MAX_PRUNED_RUNS;

use crate::jobs::{Job, at, job, second};
use crate::world::{
    Backfill, Command, CommandError, Desk, Process, SkipReason, World, block, failure, name, overlap, plans,
    settlement,
};

cases!(pruning:
    the_newest_runs_are_kept_and_the_record_begins_after_the_others,
    what_is_older_than_the_age_goes_with_its_skipped_ticks,
    dead_letters_have_limits_of_their_own,
    the_age_of_a_tick_counts_from_the_end_of_its_run,
    a_run_that_was_cut_off_has_an_end_too,
    what_stands_beside_the_ticks_goes_by_its_own_end,
    a_late_one_shot_is_kept_for_as_long_as_any_other,
    of_too_many_the_lower_number_goes_whatever_it_stands_for,
    a_tick_from_before_the_record_goes_by_its_number_and_its_end,
    active_runs_are_never_pruned,
    a_batch_removes_no_more_than_it_may_and_says_that_there_is_more,
    neighbouring_skipped_ticks_become_one_range,
    a_temporary_job_goes_once_its_record_is_old,
    named_jobs_are_pruned_and_no_others,
    jobs_that_left_much_behind_are_not_all_pruned_in_one_transaction,
    what_ended_under_a_clock_that_was_behind_is_not_old_when_it_is_right,
    what_was_lost_under_a_clock_that_is_behind_ages_from_its_beginning,
);

const HOUR: i64 = 3_600;

fn keep(runs: u32, age: u64, dead: u32, dead_age: u64) -> Retention {
    let (age, dead_age) = (Duration::from_secs(age), Duration::from_secs(dead_age));
    Retention { runs, age, dead, dead_age }
}

fn every_ten(retention: Retention) -> [Job; 1] {
    [job("a").every("10s").keep(retention)]
}

fn prune(process: &Process, second: i64) -> (u64, u64) {
    let pruned = process.prune(at(second), 1_000).expect("prunes");
    assert!(!pruned.more, "{pruned:?}");
    (pruned.runs, pruned.skips)
}

fn succeed_each(process: &Process, ticks: impl Iterator<Item = i64>) {
    for tick in ticks {
        process.succeed(process.starts(tick).claim, tick + 1);
    }
}

fn nominals(process: &Process) -> Vec<i64> {
    process.all_runs().into_iter().map(|run| second(run.nominal)).collect()
}

pub(crate) fn the_newest_runs_are_kept_and_the_record_begins_after_the_others(world: &World) {
    let process = world.start(0, &every_ten(keep(3, 9_999, 9, 9_999)));
    succeed_each(&process, (10..=80).step_by(10));
    assert_eq!(prune(&process, 81), (5, 0));
    assert_eq!(nominals(&process), [80, 70, 60]);
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert!(audit.is_sound(), "{audit:?}");
    assert_eq!((audit.ticks, audit.ran), (3, 3));
    assert_eq!(prune(&process, 82), (0, 0));
    succeed_each(&process, [90].into_iter());
}

pub(crate) fn what_is_older_than_the_age_goes_with_its_skipped_ticks(world: &World) {
    let process = world.start(0, &every_ten(keep(99, 100, 9, 9_999)));
    succeed_each(&process, [10, 60].into_iter());
    succeed_each(&process, [100, 200].into_iter());
    assert_eq!(process.skipped("a").len(), 3);
    // Ticks before 150 are too old: the runs at 10, 60 and 100, and the ranges 20 to 50 and 70 to 90.
    assert_eq!(prune(&process, 250), (3, 2));
    assert_eq!(
        (nominals(&process), process.skipped("a")),
        (vec![200], vec![block(SkipReason::Missed, 110, 190, 9)])
    );
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert_eq!((audit.is_sound(), audit.ticks), (true, 10));
}

pub(crate) fn dead_letters_have_limits_of_their_own(world: &World) {
    let process = world.start(0, &every_ten(keep(1, 9_999, 2, 9_999)));
    for tick in [10, 20, 30] {
        process.end(process.starts(tick).claim, tick + 1, failure("no"));
    }
    succeed_each(&process, [40, 50].into_iter());
    assert_eq!(prune(&process, 51), (2, 0));
    assert_eq!(nominals(&process), [50, 30, 20]);
    let dismissed = process.all_runs()[2].id;
    process.does(Command::Dismiss { run: dismissed }, 52);
    assert_eq!(prune(&process, 53), (1, 0));
    assert_eq!(nominals(&process), [50, 30]);
}

fn is_sound(process: &Process) -> u64 {
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert!(audit.is_sound(), "{audit:?}");
    audit.ticks
}

pub(crate) fn the_age_of_a_tick_counts_from_the_end_of_its_run(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().keep(keep(99, 100, 9, 9_999))]);
    succeed_each(&process, [10].into_iter());
    let long = process.starts(20);
    succeed_each(&process, [30].into_iter());
    process.starts_nothing(35);
    process.succeed(long.claim, 300);
    succeed_each(&process, [350].into_iter());
    // The record begins behind the first tick: the second one ended late, and what comes after it stays with it.
    assert_eq!(prune(&process, 399), (1, 0));
    assert_eq!((nominals(&process), is_sound(&process)), (vec![350, 30, 20], 34));
    assert_eq!(process.skipped("a"), [block(SkipReason::Missed, 40, 340, 31)]);
    assert_eq!(prune(&process, 401), (2, 0));
    assert_eq!((nominals(&process), is_sound(&process)), (vec![350], 32));
}

pub(crate) fn a_run_that_was_cut_off_has_an_end_too(world: &World) {
    let jobs = [job("a").every("1h").keep(keep(9, 100, 9, 100)), job("b").keep(keep(9, 100, 9, 100))];
    let first = world.start(0, &jobs);
    first.starts(3_600);
    let process = world.start(3_601, &jobs);
    // Nobody knows how long the attempt of the lost one took; the other one never had any.
    assert_eq!(process.reaps(4_000).len(), 1);
    let waiting = process.triggered("b", 3_602);
    process.cancels(waiting, true, 4_000);
    assert_eq!(prune(&process, 4_100), (0, 0));
    assert_eq!(prune(&process, 4_101), (2, 0));
}

pub(crate) fn what_stands_beside_the_ticks_goes_by_its_own_end(world: &World) {
    let process = world.start(0, &every_ten(keep(99, 100, 9, 9_999)));
    succeed_each(&process, [40].into_iter());
    process.pause("a", 45, "eve", "").expect("paused");
    let asked = Backfill {
        job: name("a"),
        from: at(-20),
        until: at(30),
        order: BackfillOrder::Oldest,
        only: Only::Missing,
        concurrency: 1,
    };
    process.does(Command::Backfill(asked.clone()), 1_000);
    succeed_each(&process, 1_000..1_006);
    // Of the ticks nothing is left on record, of the backfill all is.
    assert_eq!(prune(&process, 1_050), (1, 1));
    assert_eq!(nominals(&process), [30, 20, 10, 0, -10, -20]);
    let chosen = |until: i64, only: Only| {
        process.plan_backfill(&Backfill { until: at(until), only, ..asked.clone() }, at(1_050))
    };
    assert!(chosen(30, Only::Missing).expect("they are on record").chosen.is_empty());
    match chosen(40, Only::Missing) {
        Err(CommandError::BeforeRecord { ticks, begins, .. }) => assert_eq!((ticks, begins), (1, at(40))),
        other => panic!("{other:?}"),
    }
    let refused = process.command(Command::Backfill(Backfill { until: at(40), ..asked.clone() }), at(1_050));
    assert!(refused.expect_err("refused").to_string().contains("`--only all`"));
    assert_eq!(chosen(40, Only::All).expect("all of them").chosen.len(), 7);
    // One by one, as they ended.
    assert_eq!(prune(&process, 1_104), (3, 0));
    assert_eq!(nominals(&process), [30, 20, 10]);
    is_sound(&process);
}

pub(crate) fn a_late_one_shot_is_kept_for_as_long_as_any_other(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let brief = job("r").on("remind").at(at(10)).temporary().keep(keep(9, 100, 9, 100));
    process.does(Command::Upsert { plans: plans(&[brief]) }, 1);
    process.succeed(process.starts(500).claim, 501);
    assert_eq!(process.prune(at(601), 100).expect("prunes").jobs, 0);
    assert_eq!((nominals(&process), process.all_jobs().len()), (vec![10], 2));
    assert_eq!(process.prune(at(602), 100).expect("prunes").jobs, 1);
}

pub(crate) fn of_too_many_the_lower_number_goes_whatever_it_stands_for(world: &World) {
    let process = world.start(0, &every_ten(keep(3, 9_999, 9, 9_999)));
    succeed_each(&process, [10].into_iter());
    let by_hand = process.triggered("a", 15);
    process.succeed(process.starts(15).claim, 16);
    succeed_each(&process, [20, 30].into_iter());
    assert_eq!(prune(&process, 31), (1, 0));
    assert_eq!(nominals(&process), [30, 20, 15]);
    succeed_each(&process, [40].into_iter());
    assert_eq!(prune(&process, 41), (1, 0));
    assert_eq!((process.run(by_hand).expect("readable"), nominals(&process)), (None, vec![40, 30, 20]));
    // It stands for an old tick, and is the newest of all.
    let asked = Backfill {
        job: name("a"),
        from: at(0),
        until: at(0),
        order: BackfillOrder::Oldest,
        only: Only::All,
        concurrency: 1,
    };
    process.does(Command::Backfill(asked), 42);
    succeed_each(&process, [42].into_iter());
    assert_eq!(prune(&process, 44), (1, 0));
    assert_eq!((nominals(&process), is_sound(&process)), (vec![0, 40, 30], 2));
}

pub(crate) fn a_tick_from_before_the_record_goes_by_its_number_and_its_end(world: &World) {
    let process = world.start(0, &every_ten(keep(99, 100, 9, 9_999)));
    let failed = process.starts(10).claim;
    process.fail(failed, 11, "no");
    succeed_each(&process, [20, 30].into_iter());
    process.pause("a", 35, "eve", "").expect("paused");
    assert_eq!(prune(&process, 200), (2, 0));
    // The record begins behind it. It runs again, and ends long after all others.
    process.does(Command::Retry { run: failed.run, force: false }, 300);
    process.succeed(process.starts(300).claim, 301);
    process.resume("a", 305).expect("resumed");
    succeed_each(&process, [310].into_iter());
    assert_eq!((prune(&process, 400).0, nominals(&process)), (0, vec![310, 10]));
    assert_eq!((prune(&process, 402).0, nominals(&process)), (1, vec![310]));
    is_sound(&process);
}

pub(crate) fn active_runs_are_never_pruned(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().keep(keep(1, 5, 1, 5))]);
    let long = process.starts(10);
    succeed_each(&process, [20, 30].into_iter());
    prune(&process, 500);
    assert_eq!(nominals(&process).last(), Some(&10));
    // The record begins behind it by now. It goes when it ended long enough ago.
    process.succeed(long.claim, 501);
    assert_eq!(prune(&process, 506).0, 0);
    assert_eq!(prune(&process, 507).0, 1);
}

pub(crate) fn a_batch_removes_no_more_than_it_may_and_says_that_there_is_more(world: &World) {
    let process = world.start(0, &every_ten(keep(1, 9_999, 9, 9_999)));
    succeed_each(&process, (10..=70).step_by(10));
    let pruned = process.prune(at(71), 4).expect("prunes");
    assert_eq!((pruned.runs, pruned.more), (4, true));
    let audit = process.audit("a").expect("readable").expect("a known job");
    assert_eq!((audit.is_sound(), audit.ticks), (true, 3));
    assert_eq!(prune(&process, 72).0, 2);
}

pub(crate) fn neighbouring_skipped_ticks_become_one_range(world: &World) {
    let process = world.start(0, &every_ten(keep(99, 9_999, 9, 9_999)));
    let first = process.starts(10).claim;
    (20..=50).step_by(10).for_each(|tick| process.starts_nothing(tick));
    process.succeed(first, 55);
    let second = process.starts(60).claim;
    process.starts_nothing(70);
    process.succeed(second, 75);
    assert_eq!(process.skipped("a").len(), 5);
    assert_eq!(prune(&process, 76), (0, 3));
    let folded = crate::world::SkipInfo { last: at(50), count: 4, ..overlap(20, first.run) };
    assert_eq!(process.skipped("a"), [folded, overlap(70, second.run)]);
}

pub(crate) fn a_temporary_job_goes_once_its_record_is_old(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let brief = job("r").on("remind").at(at(10)).temporary().keep(keep(9, 100, 9, 100));
    process.does(Command::Upsert { plans: plans(&[brief]) }, 1);
    prune(&process, 5);
    process.succeed(process.starts(10).claim, 11);
    assert_eq!(process.prune(at(90), 100).expect("prunes").jobs, 0);
    assert_eq!(process.prune(at(200), 100).expect("prunes").jobs, 1);
    assert_eq!(process.all_jobs().len(), 1);
}

pub(crate) fn named_jobs_are_pruned_and_no_others(world: &World) {
    let jobs = ["a", "b"].map(|name| job(name).every("10s").keep(keep(2, 9_999, 9, 9_999)));
    let process = world.start(0, &jobs);
    for tick in (10..=50).step_by(10) {
        for claimed in process.judge(tick).claimed {
            process.succeed(claimed.claim, tick + 1);
        }
    }
    let running = process.judge(60).claimed;
    let names = ["b", "gone", "b"].map(|name| name.parse().expect("a name")).to_vec();
    let pruned = process.prune_jobs(names, at(61))().expect("prunes");
    assert_eq!((pruned.runs, pruned.skips, pruned.jobs, pruned.more), (3, 0, 0, false));
    let left = |name: &str| process.all_runs().into_iter().filter(|run| run.job.as_str() == name).count();
    assert_eq!((left("a"), left("b")), (6, 3));
    // What is in progress is not touched, and the place of its job is the one that was written.
    for claimed in running {
        process.succeed(claimed.claim, 62);
    }
    assert_eq!(prune(&process, 63), (5, 0));
    for name in ["a", "b"] {
        let audit = process.audit(name).expect("readable").expect("a known job");
        assert_eq!((audit.is_sound(), audit.ticks), (true, 2), "{audit:?}");
    }
}

pub(crate) fn jobs_that_left_much_behind_are_not_all_pruned_in_one_transaction(world: &World) {
    const MANY: usize = 34;
    let names: Vec<String> = (0..MANY).map(|number| format!("job-{number:02}")).collect();
    let jobs: Vec<_> =
        names.iter().map(|name| job(name).every("1s").keep(keep(1, 9_999, 9, 9_999))).collect();
    let process = world.start(0, &jobs);
    let ticks = 2 + MAX_PRUNED_RUNS as i64;
    for tick in 1..=ticks {
        let ended = RunEvent::Ended { at: at(tick), end: AttemptEnd::Succeeded };
        let claimed = process.judge(tick).claimed;
        assert_eq!(claimed.len(), MANY);
        let all = claimed.iter().map(|claimed| settlement(claimed.claim, tick, ended.clone()));
        process.settle(all.collect()).expect("settles");
    }
    let prune = || {
        let names = names.iter().map(|name| name.parse().expect("a name")).collect();
        let pruned = process.prune_jobs(names, at(ticks + 1))().expect("prunes");
        (pruned.runs, pruned.more)
    };
    let each = MAX_PRUNED_RUNS as u64;
    // 32 jobs have left as much behind as goes at once, and one more run each; two have not had their turn.
    assert_eq!(prune(), (32 * each, true));
    assert_eq!(prune(), (32 + 2 * each, true));
    assert_eq!(prune(), (2, false));
}

pub(crate) fn what_ended_under_a_clock_that_was_behind_is_not_old_when_it_is_right(world: &World) {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let keep = Retention { age: hours(100), dead_age: hours(100), ..Retention::DEFAULT };
    let process = world.start(0, &[job("a").every("1h").keep(keep)]);
    process.succeed(process.starts(1_000 * HOUR).claim, 1_000 * HOUR);
    let wrong = 10 * HOUR + 60;
    assert_eq!(process.set_back(at(wrong)).expect("sets back").back.len(), 1);
    let begins = |second: i64| {
        let run = process.triggered("a", second);
        let claim = process.starts(second).claim;
        assert_eq!(claim.run, run);
        claim
    };
    // One succeeds, one fails, one never begins; the clock is set right while one is in progress.
    let succeeds = begins(wrong + 1);
    process.succeed(succeeds, wrong + 2);
    let fails = begins(wrong + 3);
    process.fail(fails, wrong + 4, "no");
    let waits = process.triggered("a", wrong + 5);
    process.cancels(waits, true, wrong + 6);
    let goes_on = begins(wrong + 7);
    assert_eq!(process.set_back(at(1_000 * HOUR + 60)).expect("looks").taken_up.len(), 1);
    process.succeed(goes_on, 1_000 * HOUR + 61);
    let left = |second: i64| {
        process.prune(at(second), 1_000).expect("prunes");
        let runs = [succeeds.run, fails.run, waits, goes_on.run];
        runs.map(|run| process.run(run).expect("readable").is_some())
    };
    // They are as old as the latest instant that was known when they ended, and no younger.
    assert_eq!(left(1_099 * HOUR), [true; 4]);
    assert_eq!(left(1_101 * HOUR), [false; 4]);
}

/// Nothing but the run itself knows a later instant: its job has no schedule, and so no mark that moves.
pub(crate) fn what_was_lost_under_a_clock_that_is_behind_ages_from_its_beginning(world: &World) {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let keep = Retention { age: hours(100), dead_age: hours(100), ..Retention::DEFAULT };
    let jobs = [job("a").keep(keep)];
    let process = world.start(0, &jobs);
    let run = process.triggered("a", 1_000 * HOUR);
    assert_eq!(process.starts(1_000 * HOUR).claim.run, run);
    process.leaves(1_000 * HOUR + 1);
    let process = world.start(10 * HOUR, &jobs);
    assert_eq!(process.reaps(10 * HOUR), [run]);
    let left = |second: i64| {
        process.prune(at(second), 1_000).expect("prunes");
        process.run(run).expect("readable").map(|(run, _)| run.state.word())
    };
    assert_eq!(left(1_099 * HOUR), Some(StateWord::Failed));
    assert_eq!(left(1_101 * HOUR), None);
}
