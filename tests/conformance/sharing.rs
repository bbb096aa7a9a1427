//! Several processes on the same books.

use std::collections::BTreeSet;

use cron_runtime::core::policy::CatchUpRule;
use cron_runtime::core::run::RunState;

use crate::jobs::{at, job};
use crate::world::{AttemptEnd, Desk, Process, World, missed, moved, name, overlap};

cases!(sharing:
    two_processes_that_judge_one_instant_start_each_tick_once,
    two_processes_at_full_speed_start_each_tick_once,
    a_slot_taken_by_another_process_is_taken,
    a_backlog_goes_on_wherever_its_run_ends,
    an_edit_by_a_newer_program_counts_for_the_older_one_too,
    a_policy_of_a_newer_program_counts_for_the_older_one_too,
    an_older_program_that_starts_again_edits_back,
    an_attempt_is_settled_under_the_policies_in_force_when_it_ends,
    every_process_is_one_of_its_own,
);

pub(crate) fn two_processes_that_judge_one_instant_start_each_tick_once(world: &World) {
    let jobs = ["a", "b", "c"].map(|name| job(name).every("10s"));
    let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
    for now in [10, 20, 30] {
        let mut started = BTreeSet::new();
        for (process, limit) in [(&first, 2), (&second, 2), (&first, 2), (&second, 2)] {
            for claimed in process.judge_few(now, limit).claimed {
                assert!(started.insert((claimed.job().clone(), claimed.nominal)), "{claimed:?} ran already");
                process.succeed(claimed.claim, now);
            }
        }
        assert_eq!(started.len(), 3, "at {now}");
    }
}

pub(crate) fn two_processes_at_full_speed_start_each_tick_once(world: &World) {
    let jobs = ["a", "b", "c", "d"].map(|name| job(name).every("1s"));
    let processes = [world.start(0, &jobs), world.start(0, &jobs)];
    let work = |process: &Process| {
        let mut started = Vec::new();
        for now in 1..=25 {
            for claimed in process.judge_few(now, 3).claimed {
                started.push((claimed.job().clone(), claimed.nominal));
                process.succeed(claimed.claim, now);
            }
        }
        started
    };
    let started = std::thread::scope(|scope| {
        let threads: Vec<_> = processes.iter().map(|process| scope.spawn(|| work(process))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    let distinct: BTreeSet<_> = started.iter().collect();
    assert_eq!(distinct.len(), started.len(), "a tick ran twice");
    // One ahead of the other makes ticks late and so missed, or finds a slot taken; none is without a verdict.
    for job in ["a", "b", "c", "d"] {
        let skipped: u64 = processes[0].skipped(job).iter().map(|skip| skip.count).sum();
        let mark = crate::jobs::second(processes[0].info(job).mark);
        assert_eq!(processes[0].ran(job).len() as u64 + skipped, mark.unsigned_abs());
    }
}

pub(crate) fn a_slot_taken_by_another_process_is_taken(world: &World) {
    let jobs = [job("a").every("10s")];
    let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
    let claimed = first.starts(10);
    second.starts_nothing(20);
    assert_eq!(second.skipped("a"), [overlap(20, claimed.claim.run)]);
    assert!(second.trigger("a", 21).is_err());
    first.succeed(claimed.claim, 22);
    assert_eq!(second.starts(30).nominal, at(30));
}

pub(crate) fn a_backlog_goes_on_wherever_its_run_ends(world: &World) {
    let jobs = [job("a").every("10s").catch_up(CatchUpRule::All)];
    let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
    for (tick, process, other) in [(10, &first, &second), (20, &second, &first), (30, &first, &second)] {
        let claimed = process.starts(39);
        assert_eq!(claimed.nominal, at(tick));
        other.starts_nothing(39);
        process.succeed(claimed.claim, 39);
    }
    assert_eq!(second.skipped("a"), []);
}

pub(crate) fn an_edit_by_a_newer_program_counts_for_the_older_one_too(world: &World) {
    let older = world.start(0, &[job("a").every("10s").allow()]);
    older.starts(10);
    let newer = world.join(25);
    assert_eq!(newer.sync(25, &[job("a").every("15s").allow()]).edited, [name("a")]);
    // While both run, whichever is first judges; both by the schedule in force, or the ledger would not add up.
    assert_eq!(older.judge(29).next, Some(at(30)));
    assert_eq!(older.starts(30).nominal, at(30));
    assert_eq!(older.judge(40).next, Some(at(45)));
    assert_eq!(newer.starts(45).nominal, at(45));
    assert_eq!(older.starts(60).nominal, at(60));
    assert_eq!(older.ran("a"), [10, 30, 45, 60]);
    assert_eq!(older.skipped("a"), [missed(20, 20, 1)]);
}

pub(crate) fn a_policy_of_a_newer_program_counts_for_the_older_one_too(world: &World) {
    let older = world.start(0, &[job("a").every("10s")]);
    older.starts(10);
    let newer = world.start(15, &[job("a").every("10s").allow().catch_up(CatchUpRule::None)]);
    assert_eq!(older.starts(23).nominal, at(20));
    older.starts_nothing(36);
    assert_eq!(newer.skipped("a"), [missed(30, 30, 1)]);
}

pub(crate) fn an_older_program_that_starts_again_edits_back(world: &World) {
    let jobs = |period: &str| [job("a").every(period)];
    let older = world.start(0, &jobs("10s"));
    let newer = world.start(15, &jobs("20s"));
    older.leaves(16);
    let older = world.join(17);
    assert_eq!(older.sync(17, &jobs("10s")).edited, [name("a")]);
    assert_eq!(newer.judge(18).next, Some(at(20)));
    assert_eq!(newer.starts(20).nominal, at(20));
    newer.starts_nothing(30);
    assert_eq!(newer.skipped("a").len(), 2);
}

pub(crate) fn an_attempt_is_settled_under_the_policies_in_force_when_it_ends(world: &World) {
    let older = world.start(0, &[job("a").every("1h")]);
    let claimed = older.starts(3_600);
    let newer = world.start(3_601, &[job("a").every("1h").retries(1)]);
    assert!(older.fail(claimed.claim, 3_602, "no").is_active());
    let again = newer.starts(3_620);
    assert_eq!(again.attempt, 2);
    assert_eq!(newer.end(again.claim, 3_621, AttemptEnd::Succeeded), moved(RunState::Succeeded));
}

pub(crate) fn every_process_is_one_of_its_own(world: &World) {
    let processes: Vec<_> = (0..5).map(|second| world.join(second)).collect();
    let owners: BTreeSet<_> = processes.iter().map(|process| process.owner).collect();
    assert_eq!(owners.len(), 5);
}
