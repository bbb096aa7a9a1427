//! Declarations in words that this program does not know, because a newer one wrote them or one with more features: they stop nothing but
//! the job that they are about.

use std::path::Path;

use super::{raw, tamper};
use crate::jobs::{at, job};
use crate::world::{Command, Desk, SkipInfo, SkipReason, Target, block, missed, name, plans, play_on_file};

fn newer_words(path: &Path, job: &str) {
    let sql = format!("UPDATE jobs SET plan = json_set(plan, '$.overlap', 'newer') WHERE name = '{job}'");
    assert_eq!(tamper(path, &sql), 1);
}

#[test]
fn a_program_that_starts_again_takes_the_job_back_with_what_is_pending() {
    play_on_file(|world, path| {
        let jobs = [job("a").every("10s"), job("b").every("10s")];
        let older = world.start(0, &jobs);
        older.judge(10).claimed.iter().for_each(|claimed| _ = older.succeed(claimed.claim, 11));
        older.leaves(12);
        newer_words(path, "a");
        let again = world.join(35);
        assert_eq!(again.sync(35, &jobs).edited, []);
        assert_eq!(again.judge(36).claimed.len(), 2);
        for job in ["a", "b"] {
            assert_eq!((again.skipped(job), again.ran(job)), (vec![missed(20, 20, 1)], vec![10, 30]));
        }
    });
}

#[test]
fn with_another_schedule_the_ticks_until_then_are_those_of_the_record() {
    play_on_file(|world, path| {
        let older = world.start(0, &[job("a").every("10s")]);
        older.succeed(older.starts(10).claim, 11);
        older.leaves(12);
        newer_words(path, "a");
        let again = world.join(35);
        assert_eq!(again.sync(35, &[job("a").every("20s")]).edited, [name("a")]);
        assert_eq!(again.skipped("a"), [missed(20, 30, 2)]);
        assert_eq!(again.starts(40).nominal, at(40));
    });
}

#[test]
fn what_a_pause_of_its_group_has_skipped_is_not_replayed_outside_of_it() {
    play_on_file(|world, path| {
        let older = world.start(0, &[job("a").every("10s").group("team")]);
        older.succeed(older.starts(10).claim, 11);
        let (target, by, note) = (Target::group("team").expect("a name"), "eve".to_owned(), String::new());
        older.does(Command::Pause { target, by, note }, 15);
        older.leaves(16);
        newer_words(path, "a");
        let again = world.join(35);
        assert_eq!(again.sync(35, &[job("a").every("10s")]).edited, []);
        assert_eq!(
            again.skipped("a"),
            [SkipInfo { note: "by eve".to_owned(), ..block(SkipReason::Paused, 20, 30, 2) }]
        );
        assert_eq!(again.starts(40).nominal, at(40));
    });
}

#[test]
fn a_schedule_in_them_has_no_ticks_on_record_and_is_edited_back() {
    play_on_file(|world, path| {
        let older = world.start(0, &[job("a").every("10s")]);
        older.succeed(older.starts(10).claim, 11);
        older.leaves(12);
        let newer = "UPDATE jobs SET plan = json_set(plan, '$.schedule', 'newer(10s)'), fingerprint = 1";
        assert_eq!(tamper(path, newer), 1);
        assert_eq!(tamper(path, "UPDATE segments SET schedule = 'newer(10s)'"), 1);
        let again = world.join(35);
        assert_eq!(again.sync(35, &[job("a").every("10s")]).edited, [name("a")]);
        assert_eq!((again.info("a").mark, again.info("a").due), (at(35), Some(at(40))));
        assert_eq!((again.skipped("a"), again.ran("a")), (vec![], vec![10]));
        assert_eq!(again.starts(40).nominal, at(40));
        // Whoever knows the words can audit it.
        let known = "UPDATE segments SET schedule = 'every(10s)' WHERE schedule = 'newer(10s)'";
        assert_eq!(tamper(path, known), 1);
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
        let set_back = process.set_back(at(200)).expect("sets back");
        assert_eq!(set_back.back, [(name("a"), at(day)), (name("b"), at(day))]);
        // The range that reached over that instant ends there, under the schedule of its own time.
        assert_eq!(process.skipped("a").last(), Some(&block(SkipReason::Missed, 140, 200, 4)));
        assert_eq!(process.judge(220).claimed.len(), 2);
        // Whoever knows the words can audit it again.
        assert_eq!(tamper(path, first), 1);
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
