//! The lock beside the file: who died is noticed at once, and nothing depends on it.

use std::fs;
use std::path::Path;

use cron_runtime::core::run::{RunState, StateWord};

use super::{raw, tamper};
use crate::jobs::{at, job, ms};
use crate::world::{AttemptEnd, Desk, Process, Settled, play_on_file};

/// Where a process says that its lock is.
fn locked_in(path: &Path, process: &Process) -> String {
    let sql = "SELECT locked_in FROM incarnations WHERE id = ?1";
    raw(path).query_row(sql, [process.owner.0.cast_signed()], |row| row.get(0)).expect("it is locked")
}

#[test]
fn a_process_that_died_is_reaped_at_once() {
    play_on_file(|world, _| {
        let jobs = [job("a").every("10s")];
        let dead = world.start(0, &jobs);
        let living = world.start(1, &jobs);
        let run = dead.starts(10).claim.run;
        drop(dead);
        assert_eq!(living.reaps(11), [run]);
        assert_eq!(living.run_info(run).state, RunState::Failed);
        assert_eq!(living.starts(20).nominal, at(20));
    });
}

#[test]
fn a_living_process_is_not_reaped_however_others_died() {
    play_on_file(|world, _| {
        let jobs = ["a", "b", "c"].map(|name| job(name).every("10s").retries(1).retry_past_next());
        let processes: Vec<_> = jobs.iter().map(|job| world.start(0, std::slice::from_ref(job))).collect();
        let claims: Vec<_> = processes.iter().map(|process| process.starts(10).claim).collect();
        let mut processes = processes.into_iter();
        let (first, second, third) = (processes.next(), processes.next(), processes.next());
        drop(second);
        let third = third.expect("three processes");
        assert_eq!(third.reaps(11), [claims[1].run]);
        assert_eq!(third.run_info(claims[1].run).state.word(), StateWord::Waiting);
        drop(first);
        assert_eq!(third.reaps(12), [claims[0].run]);
        assert_eq!(third.reaps(40), []);
        third.succeed(claims[2], 40);
    });
}

#[test]
fn the_next_start_reclaims_what_a_crash_left_and_runs_no_tick_twice() {
    play_on_file(|world, _| {
        let jobs = [job("a").every("10s").retries(1).retry_past_next()];
        let run = world.start(0, &jobs).starts(10).claim.run;
        for crash in 1..=2 {
            let next = world.start(10 + crash, &jobs);
            assert_eq!(next.reaps(10 + crash), if crash == 1 { vec![run] } else { vec![] });
        }
        let last = world.start(40, &jobs);
        let judged = last.judge(40);
        assert_eq!(judged.claimed.len(), 1);
        assert_eq!((judged.claimed[0].claim.run, judged.claimed[0].attempt), (run, 2));
        assert_eq!(last.ran("a"), [10]);
        assert_eq!(last.attempts(run).len(), 1);
    });
}

#[test]
fn a_process_of_another_boot_is_dead_only_when_its_lease_is() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("60s")];
        let away = world.start(0, &jobs);
        let here = world.start(1, &[]);
        let claim = away.starts(60).claim;
        // Its lock is no longer here, and what that means cannot be known for another machine.
        tamper(path, &format!("UPDATE incarnations SET boot = 'elsewhere' WHERE id = {}", away.owner));
        drop(away);
        assert_eq!(here.reaps(90), []);
        let reaped = here.reap(at(90)).expect("reaps");
        assert_eq!(reaped.next, Some(at(90) + ms(1)));
        assert_eq!(here.reaps(91), [claim.run]);
    });
}

#[test]
fn without_the_lock_epochs_alone_are_enough() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s").retries(1).retry_past_next()];
        let first = world.start(0, &jobs);
        let late = first.starts(10).claim;
        // The lock tells nothing, as on a file system that has none.
        tamper(path, "UPDATE incarnations SET locked_in = NULL");
        let second = world.start(11, &jobs);
        assert_eq!(second.reaps(40), [], "it may be alive");
        assert_eq!(second.reaps(41), [late.run]);
        assert_eq!(first.renew(vec![late], at(99)).expect("renews"), [late]);
        let judged = second.judge(60);
        let again = judged.claimed.iter().find(|claimed| claimed.claim.run == late.run).expect("its retry");
        assert_eq!(first.end(late, 61, AttemptEnd::Succeeded), Settled::Fenced);
        second.succeed(again.claim, 62);
        assert_eq!(second.ran("a")[0], 10);
    });
}

#[test]
fn a_living_process_is_not_reaped_because_the_file_with_its_lock_is_gone() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s")];
        let first = world.start(0, &jobs);
        let claim = first.starts(10).claim;
        let old = locked_in(path, &first);
        fs::remove_file(first.doorbell().expect("a file")).expect("ours");
        // It opens another file, in which nobody older holds a lock.
        let second = world.start(11, &jobs);
        assert_eq!(second.reaps(12), []);
        assert_ne!(locked_in(path, &second), old);
        assert_eq!(first.renew(vec![claim], at(90)).expect("renews"), []);

        // With its next look the first one locks its byte in the new file, and then its death is noticed at once again.
        assert_eq!(first.reaps(20), []);
        assert_eq!(locked_in(path, &first), locked_in(path, &second));
        assert_eq!(second.reaps(21), []);
        drop(first);
        assert_eq!(second.reaps(22), [claim.run]);
    });
}

#[test]
fn one_that_died_before_the_file_with_its_lock_was_deleted_is_dead_for_those_who_had_it_open() {
    play_on_file(|world, _| {
        let jobs = [job("a").every("10s")];
        let dead = world.start(0, &jobs);
        let living = world.start(1, &[]);
        let claim = dead.starts(10).claim;
        fs::remove_file(dead.doorbell().expect("a file")).expect("ours");
        assert_eq!(living.reaps(11), [], "it has another file by now");
        drop(dead);
        assert_eq!(living.reaps(12), [claim.run]);
    });
}

#[test]
fn all_processes_hear_one_bell() {
    play_on_file(|world, _| {
        let process = world.start(0, &[job("a")]);
        let bell = process.doorbell().expect("a file");
        assert_eq!(world.open().doorbell().as_ref(), Some(&bell));
        fs::write(&bell, b"").expect("ours");
        world.open().triggered("a", 1);
        let has_rung = || fs::read(&bell).expect("a file").first() == Some(&b'!');
        assert!(has_rung(), "a command of another process was not rung");
        fs::write(&bell, b"").expect("ours");
        let other = world.join(2);
        assert!(has_rung(), "a new process was not rung");
        drop(other);
    });
}

#[test]
fn a_death_together_with_the_machine_makes_no_suspect() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("60s")];
        let here = world.start(0, &[]);
        let dead = world.start(0, &jobs);
        let run = dead.starts(60).claim.run;
        tamper(path, &format!("UPDATE incarnations SET boot = 'the one before' WHERE id = {}", dead.owner));
        drop(dead);
        assert_eq!(here.reaps(91), [run]);
        assert_eq!(here.info("a").suspect, None);
    });
}

#[test]
fn where_nobody_can_tell_an_expired_lease_is_a_death() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("100s")];
        let here = world.start(0, &[]);
        for (second, unknown) in [(100, "boot = ''"), (200, "locked_in = NULL")] {
            let process = world.start(second - 100, &jobs);
            let run = process.starts(second).claim.run;
            tamper(path, &format!("UPDATE incarnations SET {unknown} WHERE id = {}", process.owner));
            drop(process);
            assert_eq!(here.reaps(second + 31), [run], "{unknown}");
        }
        assert_eq!(here.info("a").suspect.expect("a suspect").deaths, 2);
    });
}

#[test]
fn where_nobody_can_tell_a_death_counts_once_however_leases_expire() {
    play_on_file(|world, path| {
        let jobs = [job("a").allow()];
        let here = world.start(0, &jobs);
        let deaths = || here.info("a").suspect.map_or(0, |suspect| suspect.deaths);
        let process = world.start(1, &jobs);
        let start = |second| {
            here.triggered("a", second);
            process.starts(second).claim
        };
        let claims = [start(2), start(12)];
        tamper(path, &format!("UPDATE incarnations SET boot = '' WHERE id = {}", process.owner));
        assert_eq!((here.reaps(33), deaths()), (vec![claims[0].run], 1));
        assert_eq!((here.reaps(43), deaths()), (vec![claims[1].run], 1));
        // It was late only: its death is another one.
        assert_eq!(process.reaps(50), []);
        let claim = start(51);
        assert_eq!((here.reaps(82), deaths()), (vec![claim.run], 2));
        // Who takes leave was late as well.
        let claim = start(83);
        process.leaves(84);
        assert_eq!((here.reaps(85), deaths()), (vec![claim.run], 2));
    });
}

#[test]
fn suspects_are_seen_by_a_process_that_was_there_before_and_by_one_that_comes() {
    play_on_file(|world, _| {
        let jobs = [job("a").every("100s"), job("b").every("100s")];
        let first = world.start(0, &jobs);
        let dead = world.start(0, &jobs);
        assert_eq!(dead.judge(100).claimed.len(), 2);
        let observer = world.start(101, &[]);
        drop(dead);
        // Another process counts, and both others have to know.
        assert_eq!(observer.reaps(101).len(), 2);
        let claim = first.starts(200).claim;
        let second = world.start(201, &jobs);
        let other = second.starts(201).claim;
        first.succeed(claim, 202);
        second.succeed(other, 203);
        assert_eq!((first.info("a").suspect, first.info("b").suspect), (None, None));
        assert_eq!(first.judge(300).claimed.len(), 2);
    });
}
