//! Declarations in words that this program does not know, because a newer one wrote them or one with more features: they stop nothing but
//! the job that they are about.

use std::path::Path;

use super::{raw, tamper};
use crate::jobs::{at, job};
use crate::world::{Command, Desk, missed, name, plans, play_on_file};

fn newer_words(path: &Path, job: &str) {
    let sql = format!("UPDATE jobs SET plan = json_set(plan, '$.overlap', 'newer') WHERE name = '{job}'");
    assert_eq!(tamper(path, &sql), 1);
}

#[test]
fn a_program_that_starts_again_edits_them_back() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s"), job("b").every("10s")];
        let older = world.start(0, &jobs);
        older.judge(10).claimed.iter().for_each(|claimed| _ = older.succeed(claimed.claim, 11));
        older.leaves(12);
        newer_words(path, "a");
        let again = world.join(35);
        assert_eq!(again.sync(35, &jobs).edited, [name("a")]);
        // Nobody can say which ticks `a` had until now; `b` has missed two.
        assert_eq!((again.info("a").mark, again.info("a").due), (at(35), Some(at(40))));
        assert_eq!(again.starts(36).job(), &name("b"));
        assert_eq!(again.skipped("b"), [missed(20, 20, 1)]);
        assert_eq!((again.skipped("a"), again.ran("a")), (vec![], vec![10]));
        let audit = again.audit("a").expect("readable").expect("a known job");
        assert!(audit.is_sound(), "{audit:?}");
        assert!(again.judge(40).claimed.iter().any(|claimed| claimed.job() == &name("a")));
    });
}

#[test]
fn a_dynamic_job_in_them_follows_its_function_to_another_name() {
    play_on_file(|world, path| {
        let older = world.start(0, &[job("remind")]);
        older.does(Command::Upsert { plans: plans(&[job("r").on("remind").every("10s")]) }, 1);
        older.leaves(2);
        newer_words(path, "r");
        let newer = world.join(3);
        let synced = newer.sync(3, &[job("recall").was("remind")]);
        assert_eq!(synced.renamed, [(name("remind"), name("recall"))]);
        let both = "SELECT handler || ' ' || json_extract(plan, '$.handler') FROM jobs WHERE name = 'r'";
        let both: String = raw(path).query_row(both, [], |row| row.get(0)).expect("it is there");
        assert_eq!(both, "recall recall");
        // It is written anew in words that everybody knows.
        newer.does(Command::Upsert { plans: plans(&[job("r").on("recall").every("10s")]) }, 4);
        assert_eq!(newer.starts(10).job(), &name("r"));
    });
}

#[test]
fn a_schedule_that_a_job_once_had_in_them_stops_neither_pruning_nor_a_mark_from_being_set_back() {
    play_on_file(|world, path| {
        let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
        process.judge(10).claimed.iter().for_each(|claimed| _ = process.succeed(claimed.claim, 11));
        process.sync(15, &[job("a").every("20s"), job("b").every("10s")]);
        let first = "UPDATE segments SET schedule = CASE schedule WHEN 'every(10s)' THEN 'newer(10s)' ELSE 'every(10s)' END \
                     WHERE job_id = (SELECT id FROM jobs WHERE name = 'a') \
                     AND since_ms = (SELECT min(since_ms) FROM segments WHERE job_id = (SELECT id FROM jobs WHERE name = 'a'))";
        assert_eq!(tamper(path, first), 1);
        // Two blocks of each, which are neighbours.
        for second in [65, 125] {
            process
                .judge(second)
                .claimed
                .iter()
                .for_each(|claimed| _ = process.succeed(claimed.claim, second + 1));
        }
        process.prune(at(130), 100).expect("prunes");
        let day = 24 * 3_600;
        process.judge(day).claimed.iter().for_each(|claimed| _ = process.succeed(claimed.claim, day + 1));
        let set_back = process.set_back(at(135)).expect("sets back");
        assert_eq!(set_back, [(name("a"), at(day)), (name("b"), at(day))]);
        assert_eq!(process.judge(140).claimed.len(), 2);
        // Whoever knows the words can audit it again.
        assert_eq!(tamper(path, first), 1);
        let of = |job| process.audit(job).expect("readable").expect("a known job");
        assert!(of("b").is_sound(), "{:?}", of("b"));
    });
}

#[test]
fn a_result_is_written_whatever_its_job_is_called_by_then() {
    play_on_file(|world, path| {
        let older = world.start(0, &[job("a").every("10s")]);
        let claimed = older.starts(10);
        let newer = world.join(11);
        newer.sync(11, &[job("z").every("10s").was("a")]);
        let words: String = raw(path)
            .query_row("SELECT plan FROM jobs WHERE name = 'z'", [], |row| row.get(0))
            .expect("it is there");
        newer_words(path, "z");
        older.starts_nothing(12);
        older.succeed(claimed.claim, 13);
        raw(path).execute("UPDATE jobs SET plan = ?1 WHERE name = 'z'", [words]).expect("it is written");
        assert_eq!(newer.ran("z"), [10]);
    });
}
