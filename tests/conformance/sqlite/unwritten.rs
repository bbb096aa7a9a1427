//! What the file does not learn at once, or not again.

use std::path::Path;

use cron_runtime::store::Command;
use cron_runtime::store::sqlite::SqliteLedger;

use super::{raw, tamper};
use crate::jobs::{Job, at, job};
use crate::world::{Desk, name, play_on_file};

fn number(path: &Path, sql: &str) -> i64 {
    raw(path).query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn the_end_of_a_run_is_written_with_the_next_judgement_and_everybody_knows_of_it() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s").group("g")];
        let (first, second) = (world.start(0, &jobs), world.start(0, &jobs));
        let active = "SELECT active FROM marks";
        for tick in [10, 30, 50] {
            let claim = first.starts(tick).claim;
            assert_eq!((second.info("a").active, second.groups().expect("readable")[0].active), (1, 1));
            first.succeed(claim, tick + 1);
            assert_eq!(number(path, active), 1, "the file has a bound");
            assert_eq!((second.info("a").active, second.groups().expect("readable")[0].active), (0, 0));
            // Another process finds the slot free, and so does the one that knows it by heart.
            let claim = second.starts(tick + 10).claim;
            second.succeed(claim, tick + 11);
        }
        let run = first.triggered("a", 65);
        let claim = first.starts(65).claim;
        assert_eq!(claim.run, run);
        first.succeed(claim, 66);
        drop((first, second));
        // After a crash nobody has it in memory.
        let next = world.start(69, &jobs);
        assert_eq!(next.reaps(69), []);
        assert_eq!(next.starts(70).nominal, at(70));
        assert!(next.skipped("a").is_empty());
    });
}

#[test]
fn an_end_beside_others_leaves_the_slots_of_these_taken() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s").allow()];
        let process = world.start(0, &jobs);
        let claims = [10, 20, 30].map(|tick| process.starts(tick).claim);
        process.succeed(claims[1], 31);
        assert_eq!((number(path, "SELECT active FROM marks"), process.info("a").active), (2, 2));
        process.succeed(claims[0], 32);
        process.succeed(claims[2], 33);
        assert_eq!(process.info("a").active, 0);
        assert_eq!(process.starts(40).nominal, at(40));
        assert_eq!(process.info("a").active, 1);
    });
}

#[test]
fn many_ticks_that_start_together_have_the_numbers_that_were_told() {
    play_on_file(|world, path| {
        let jobs: Vec<Job> = (0..200).map(|number| job(&format!("job-{number}")).every("10s")).collect();
        let process = world.start(0, &jobs);
        let mut newest = 0;
        for (tick, removed) in [(10, 0), (20, 0), (30, 70), (40, 0)] {
            // As if so many newer ones had been removed: no number is given twice.
            newest += removed;
            tamper(path, &format!("UPDATE counters SET removed_run = {newest}"));
            let claimed = process.judge_few(tick, 1_000).claimed;
            assert_eq!(claimed.len(), jobs.len());
            for claimed in claimed {
                newest += 1;
                assert_eq!(claimed.claim.run.0, newest);
                let info = process.run_info(claimed.claim.run);
                assert_eq!((&info.job, info.nominal), (claimed.job(), at(tick)));
                process.succeed(claimed.claim, tick + 1);
            }
        }
    });
}

#[test]
fn a_new_job_has_a_new_number_also_after_the_newest_was_removed() {
    play_on_file(|world, path| {
        drop(world.start(0, &["a", "b", "c"].map(|name| job(name).every("10s"))));
        let ids = "SELECT group_concat(name || id, ' ') FROM (SELECT name, id FROM jobs ORDER BY id)";
        let text = || -> String { raw(path).query_row(ids, [], |row| row.get(0)).expect("a text") };
        assert_eq!(text(), "a1 b2 c3");
        let process = world.start(1, &[job("a").every("10s")]);
        process.does(Command::Remove { jobs: vec![name("b"), name("c")] }, 2);
        process.leaves(3);
        drop(world.start(4, &["a", "d", "e"].map(|name| job(name).every("10s"))));
        assert_eq!(text(), "a1 d4 e5");
    });
}

#[test]
fn a_start_of_the_same_program_writes_no_job_again() {
    play_on_file(|world, path| {
        let [a, b, c] = ["a", "b", "c"].map(|name| job(name).every("10s"));
        let both = [a.clone(), b.clone()];
        let programs = "SELECT group_concat(synced_by, ' ') FROM (SELECT synced_by FROM jobs ORDER BY name)";
        let programs = || -> String { raw(path).query_row(programs, [], |row| row.get(0)).expect("a text") };
        let not_linked = || {
            let checkup = SqliteLedger::open(path).expect("readable").checkup(at(1)).expect("readable");
            checkup.not_linked.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let first = world.start(0, &both);
        let of_first = programs();
        let second = world.start(0, &both);
        assert_eq!(programs(), of_first);
        assert!(second.info("a").linked && second.info("b").linked);
        // The older one serves both as well as the newer one did.
        second.leaves(1);
        assert_eq!(not_linked(), [""; 0]);
        // An edit is no other program.
        let edited = world.start(1, &[a.clone().every("20s"), b]);
        assert_eq!(programs(), of_first);
        // Less is, and so is more, although each job of it is known.
        let less = world.start(2, std::slice::from_ref(&a));
        assert_ne!(programs(), of_first);
        assert!(less.info("a").linked && less.info("b").linked);
        assert_eq!(not_linked(), [""; 0], "older ones contain it");
        drop((first, edited));
        assert_eq!(not_linked(), ["b"]);
        assert!(less.info("a").linked && !less.info("b").linked);
        let more = world.start(3, &[a, c]);
        assert!(more.info("a").linked && !more.info("b").linked && more.info("c").linked);
    });
}
