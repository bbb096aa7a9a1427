//! Transactions of the user's on the file: what they may complete, and what is refused and rolled back.

use std::path::Path;

use cron_runtime::core::policy::CatchUpRule;
use cron_runtime::core::run::{RunState, StateWord};
use cron_runtime::store::RunQuery;
use cron_runtime::store::sqlite::{CompleteError, complete_in};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{raw, tamper};
use crate::jobs::{at, job};
use crate::world::{Claim, Desk, Process, World, failure, play_on_file};

/// A process with an attempt in progress, and a table of the user's in the same file.
fn started(world: &World, path: &Path) -> (Process, Claim) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claim = process.starts(10).claim;
    raw(path).execute_batch("CREATE TABLE effects (run INTEGER)").expect("a name that nobody uses");
    (process, claim)
}

fn effects(path: &Path) -> i64 {
    raw(path).query_row("SELECT count(*) FROM effects", [], |row| row.get(0)).expect("it is counted")
}

/// Has an effect and completes the attempt in a transaction on `connection`; ignores the error, as a careless caller would, and
/// commits. Gives the error.
fn careless(
    connection: &mut Connection,
    file: Option<&Path>,
    claim: Claim,
    before: &str,
) -> Option<CompleteError> {
    let transaction = connection.transaction().expect("it begins");
    transaction.execute_batch(before).expect("the effect");
    let error = complete_in(&transaction, file, claim, at(11)).err();
    assert_eq!(transaction.commit().is_ok(), error.is_none(), "{error:?}");
    error
}

const EFFECT: &str = "INSERT INTO effects VALUES (1)";

#[test]
fn effect_and_completion_commit_together_or_not_at_all() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let mut connection = raw(path);
        let transaction = connection.transaction().expect("it begins");
        transaction.execute_batch(EFFECT).expect("the effect");
        complete_in(&transaction, Some(path), claim, at(11)).expect("it is in force");
        assert_eq!(process.run_info(claim.run).completed, None, "nobody sees it before the commit");
        transaction.rollback().expect("the user has thought better of it");
        assert_eq!((effects(path), process.run_info(claim.run).completed), (0, None));
        // The attempt goes on as if nothing had been: here it completes after all.
        assert!(careless(&mut connection, Some(path), claim, EFFECT).is_none());
        assert_eq!((effects(path), process.run_info(claim.run).completed), (1, Some(at(11))));
        process.fail(claim, 12, "after the commit");
        assert_eq!(process.state(claim.run), StateWord::Succeeded);
    });
}

#[test]
fn a_rolled_back_transaction_leaves_the_attempt_to_its_own_end() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let mut connection = raw(path);
        let transaction = connection.transaction().expect("it begins");
        complete_in(&transaction, Some(path), claim, at(11)).expect("it is in force");
        drop(transaction);
        assert_eq!(process.fail(claim, 12, "no"), RunState::Failed);
    });
}

#[test]
fn who_ignores_a_refusal_cannot_commit_the_effect() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        process.end(claim, 11, failure("no"));
        let error = careless(&mut raw(path), Some(path), claim, EFFECT).expect("it is over");
        assert!(matches!(error, CompleteError::Fenced { run } if run == claim.run), "{error:?}");
        assert_eq!(effects(path), 0);
        assert_eq!(process.state(claim.run), StateWord::Failed);
    });
}

#[test]
fn a_second_completion_is_refused_with_its_effect() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let mut connection = raw(path);
        assert!(careless(&mut connection, Some(path), claim, EFFECT).is_none());
        for _ in 0..2 {
            let error = careless(&mut connection, Some(path), claim, EFFECT).expect("once is enough");
            assert!(
                matches!(error, CompleteError::AlreadyCompleted { run } if run == claim.run),
                "{error:?}"
            );
            assert_eq!(effects(path), 1);
        }
        process.succeed(claim, 12);
        let error = careless(&mut connection, Some(path), claim, EFFECT).expect("it is over");
        assert!(matches!(error, CompleteError::AlreadyCompleted { .. }), "{error:?}");
        assert_eq!(effects(path), 1);
    });
}

#[test]
fn a_live_run_whose_epoch_was_bumped_beneath_it_is_refused() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        tamper(path, "UPDATE runs SET epoch = epoch + 1");
        let error = careless(&mut raw(path), Some(path), claim, EFFECT).expect("another attempt");
        assert!(matches!(error, CompleteError::Fenced { .. }), "{error:?}");
        tamper(path, "UPDATE runs SET epoch = epoch - 1");
        assert_eq!((effects(path), process.run_info(claim.run).completed), (0, None));
    });
}

#[test]
fn a_transaction_on_another_file_is_refused_in_words() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let other = path.with_file_name("other.db");
        let effect = "CREATE TABLE IF NOT EXISTS effects (run INTEGER); INSERT INTO effects VALUES (1)";
        let error = careless(&mut raw(&other), Some(path), claim, effect).expect("another file");
        let text = error.to_string();
        for word in ["other.db", "jobs.db", "rolled back", "run.transaction"] {
            assert!(text.contains(word), "{text}");
        }
        let left: i64 = raw(&other)
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .expect("it is counted");
        assert_eq!(left, 0, "the effect in the other file was rolled back too");

        let attached = format!("ATTACH '{}' AS jobs", path.display());
        let mut connection = raw(&other);
        connection.execute_batch(&attached).expect("it is attached");
        let error = careless(&mut connection, Some(path), claim, effect).expect("attached only");
        assert!(matches!(&error, CompleteError::OtherFile { attached: Some(name), .. } if name == "jobs"));
        assert!(error.to_string().contains("attached as `jobs`"), "{error}");

        let mut connection = Connection::open_in_memory().expect("memory");
        let error = careless(&mut connection, Some(path), claim, effect).expect("no file");
        assert!(error.to_string().contains("a database in memory"), "{error}");

        let error = careless(&mut raw(path), None, claim, EFFECT).expect("the scheduler has no file");
        assert!(matches!(error, CompleteError::NoFile), "{error:?}");
        assert_eq!((effects(path), process.run_info(claim.run).completed), (0, None));
    });
}

#[test]
fn the_file_is_known_under_each_of_its_names() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        #[cfg(unix)]
        let connection = {
            let link = path.with_file_name("link.db");
            std::os::unix::fs::symlink(path, &link).expect("a link");
            raw(&link)
        };
        #[cfg(not(unix))]
        let connection = raw(path);
        let mut connection = connection;
        // Other files beside it do not matter as long as it is the main one.
        connection.execute_batch("ATTACH ':memory:' AS scratch").expect("it is attached");
        assert!(careless(&mut connection, Some(path), claim, EFFECT).is_none());
        assert_eq!((effects(path), process.run_info(claim.run).completed), (1, Some(at(11))));
    });
}

#[test]
fn a_transaction_that_is_over_completes_nothing() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let mut connection = raw(path);
        for end in ["ROLLBACK", "COMMIT"] {
            let transaction = connection.transaction().expect("it begins");
            transaction.execute_batch(end).expect("it ends");
            let error = complete_in(&transaction, Some(path), claim, at(11)).expect_err("it is over");
            assert!(matches!(error, CompleteError::NoTransaction), "{error:?}");
        }
        assert_eq!(process.run_info(claim.run).completed, None);
    });
}

#[test]
fn a_transaction_that_has_seen_an_older_moment_is_refused() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        let mut connection = raw(path);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).expect("begins");
        let seen: i64 =
            transaction.query_row("SELECT count(*) FROM effects", [], |row| row.get(0)).expect("it reads");
        assert_eq!(seen, 0);
        process.end(claim, 11, failure("no"));
        let error = complete_in(&transaction, Some(path), claim, at(12)).expect_err("the world has moved on");
        let CompleteError::Database { source } = error else { panic!("{error}") };
        assert_eq!(source.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
        assert!(transaction.is_autocommit(), "it was rolled back");
        assert_eq!(process.state(claim.run), StateWord::Failed);
    });
}

#[test]
fn an_attempt_that_is_overdue_and_completed_is_told_as_damage() {
    play_on_file(|world, path| {
        let (process, claim) = started(world, path);
        tamper(path, "UPDATE runs SET overdue = 1, completed_ms = 1");
        let error = process.run(claim.run).expect_err("it is both").to_string();
        assert!(error.contains("completed_ms"), "{error}");
        tamper(path, "UPDATE runs SET overdue = 0, completed_ms = NULL");
    });
}

const HOUR: i64 = 3_600;

/// Books each tick that is due, in a table without a key. Where `returns` is false the process is gone before the functions have returned.
fn book(process: &Process, path: &Path, second: i64, returns: bool) {
    let mut connection = raw(path);
    for claimed in process.judge(second).claimed {
        let transaction = connection.transaction().expect("it begins");
        let tick = claimed.nominal.timestamp();
        transaction.execute("INSERT INTO booked VALUES (?1)", [tick]).expect("the effect");
        complete_in(&transaction, Some(path), claimed.claim, at(second)).expect("it is in force");
        transaction.commit().expect("it commits");
        if returns {
            process.succeed(claimed.claim, second + 1);
        }
    }
}

fn booked(path: &Path) -> Vec<i64> {
    let file = raw(path);
    let mut statement = file.prepare("SELECT tick FROM booked ORDER BY tick").expect("the table is there");
    let ticks = statement.query_map([], |row| row.get(0)).expect("it is read");
    ticks.collect::<Result<_, _>>().expect("it is read")
}

/// It boots with a clock that is behind, days and fifty years, where the last attempt was cut off between its commit and its return; and
/// then with the right one.
#[test]
fn what_was_booked_before_the_clock_fell_behind_is_booked_once() {
    play_on_file(|world, path| {
        let jobs = || [job("a").every("1h").catch_up(CatchUpRule::All)];
        let process = world.start(0, &jobs());
        raw(path).execute_batch("CREATE TABLE booked (tick INTEGER)").expect("a name that nobody uses");
        (1..=71).for_each(|hour| book(&process, path, hour * HOUR, true));
        book(&process, path, 72 * HOUR, false);
        drop(process);
        let mut before = booked(path);
        assert_eq!(before.len(), 72);
        for (behind, hours) in [48, 50 * 365 * 24].into_iter().zip([73, 74]) {
            let wrong = (72 - behind) * HOUR;
            let process = world.start(wrong, &jobs());
            process.reap(at(wrong)).expect("reaps");
            process.set_back(at(wrong)).expect("sets back");
            (1..=3).for_each(|hour| book(&process, path, wrong + hour * HOUR, true));
            process.leaves(wrong + 4 * HOUR);
            let process = world.start(hours * HOUR, &jobs());
            process.set_back(at(hours * HOUR)).expect("takes up");
            (0..3).for_each(|second| book(&process, path, hours * HOUR + second, true));
            process.leaves(hours * HOUR + 3);
            let after = booked(path);
            assert!(after.is_sorted_by(|one, next| one < next), "a tick was booked twice: {after:?}");
            assert!(
                before.iter().all(|tick| after.contains(tick))
                    && after.contains(&at(hours * HOUR).timestamp())
            );
            before = after;
        }
        // The last one before the clock fell behind was not called again.
        let runs = world.open().runs(&RunQuery::default()).expect("runs are read");
        assert!(
            runs.iter().all(|run| run.state == RunState::Succeeded && run.attempts_used == 0),
            "{runs:?}"
        );
    });
}
