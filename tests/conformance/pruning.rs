//! Retention: what is let go of, and what never is.

use std::time::Duration;

use cron_runtime::core::policy::Retention;
use cron_runtime::core::run::{AttemptEnd, RunEvent};
use cron_runtime::store::MAX_PRUNED_RUNS;

use crate::jobs::{Job, at, job, second};
use crate::world::{Command, Desk, Process, SkipReason, World, block, failure, overlap, plans, settlement};

cases!(pruning:
    the_newest_runs_are_kept_and_the_record_begins_after_the_others,
    what_is_older_than_the_age_goes_with_its_skipped_ticks,
    dead_letters_have_limits_of_their_own,
    active_runs_are_never_pruned,
    a_batch_removes_no_more_than_it_may_and_says_that_there_is_more,
    neighbouring_skipped_ticks_become_one_range,
    a_temporary_job_goes_once_its_record_is_old,
    named_jobs_are_pruned_and_no_others,
    jobs_that_left_much_behind_are_not_all_pruned_in_one_transaction,
);

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

pub(crate) fn active_runs_are_never_pruned(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().keep(keep(1, 5, 1, 5))]);
    let long = process.starts(10);
    succeed_each(&process, [20, 30].into_iter());
    prune(&process, 500);
    assert_eq!(nominals(&process).last(), Some(&10));
    process.succeed(long.claim, 501);
    assert_eq!(prune(&process, 502).0, 1);
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
