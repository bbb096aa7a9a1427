//! Files of older versions of this library: they are brought up to date, and what is in them goes on.

use cron_runtime::core::policy::{Priority, Retention, Slots};
use cron_runtime::core::run::{RunId, RunState, StateWord};
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{JobQuery, Ledger, RunFilter, RunQuery, StoreError};
use rusqlite::Connection;

use super::raw;
use crate::jobs::{Job, at, job};
use crate::world::{CommandError, Desk, Process, SqliteBooks, assert_sound};

const FIRST: &str = include_str!("../../../cron-runtime/src/store/sqlite/migrations/0001_foundation.sql");

/// A file as version 1 has left it behind at second 35: `a` has run at 10, was skipped at 20 for the sake of a run that a person
/// asked for, and that one waits for its retry; its process is gone, and so is the one that had the tick at 30 in progress. `b` is
/// paused.
fn made_by_the_first_version(books: &SqliteBooks) -> Connection {
    let connection = raw(&books.path());
    let start = at(0).timestamp_millis();
    let plan = |name: &str| {
        format!(
            r#"{{"name":"{name}","schedule":"every(10s)","overlap":"allow","catch_up":{{"rule":"latest","limit":100,
            "window":null,"grace":null}},"retry":{{"retries":1,"backoff":"fixed","delay":{{"secs":10,"nanos":0}},
            "max_delay":{{"secs":3600,"nanos":0}},"past_next":true}},"timeout":null}}"#
        )
    };
    let (a, b) = (plan("a"), plan("b"));
    let rows = format!(
        "PRAGMA journal_mode = WAL; BEGIN; {FIRST}
         PRAGMA application_id = 0x63726f6e; PRAGMA user_version = 1;
         INSERT INTO incarnations VALUES (1, 'one', 'a boot', {start}, {start} + 35000);
         INSERT INTO jobs VALUES (1, 'a', '{a}', 0, {start}, {start}, 1, NULL, NULL, NULL),
                                 (7, 'b', '{b}', 0, {start}, {start}, 1, {start} + 5000, 'ops', 'calm');
         INSERT INTO marks VALUES (1, {start} + 30000, {start} + 40000, 3, 2), (7, {start}, NULL, 0, 0);
         INSERT INTO segments VALUES (1, {start}, 'every(10s)'), (7, {start}, 'every(10s)');
         INSERT INTO runs VALUES
             (1, 1, {start} + 10000, 0, 'tick', 'failed', 0, 2, 0, 1, NULL, NULL, NULL, {start} + 10000, 5, 'no'),
             (2, 1, {start} + 12000, 2, 'manual', 'waiting', 0, 1, 0, 2, NULL, NULL, {start} + 36000, {start} + 12000, 5, 'no'),
             (3, 1, {start} + 30000, 0, 'tick', 'running', 0, 0, 0, 3, 1, {start} + 60000, NULL, {start} + 30000, NULL, NULL);
         INSERT INTO skips VALUES (1, {start} + 20000, {start} + 20000, 1, 'overlap', 2, NULL);
         INSERT INTO attempts VALUES (1, 0, 1, 1, 'errored', {start} + 10000, 5, 'no'),
                                     (2, 0, 1, 2, 'errored', {start} + 12000, 5, 'no');
         COMMIT;"
    );
    connection.execute_batch(&rows).expect("a file of version 1");
    connection
}

fn declarations() -> [Job; 2] {
    ["a", "b"].map(|name| job(name).every("10s").allow().retries(1).retry_past_next())
}

#[test]
fn a_file_of_the_first_version_goes_on() {
    let books = SqliteBooks::new();
    drop(made_by_the_first_version(&books));
    let process = Process::join(Box::new(books.store()), 36);

    let found = process.jobs(&JobQuery::default()).expect("readable");
    let [a, b] = &found[..] else { panic!("{found:?}") };
    assert_eq!((a.mark, a.due, a.queued, a.hold), (at(30), Some(at(40)), None, None));
    assert_eq!((a.active, a.parked, a.since), (2, 0, at(0)));
    let policies = (a.plan.slots, a.plan.priority, a.plan.retention);
    assert_eq!(policies, (Slots::DEFAULT, Priority::DEFAULT, Retention::DEFAULT));
    assert_eq!(
        b.paused.as_ref().map(|pause| (pause.at, pause.reason())),
        Some((at(5), "by ops: calm".to_owned()))
    );

    let synced = process.sync(36, &declarations());
    assert_eq!((&synced.new[..], &synced.edited[..]), (&[][..], &[][..]));
    assert_eq!(process.reaps(36).len(), 1);
    let retried = process.starts(36);
    assert_eq!((retried.claim.run.0, retried.attempt), (2, 2));
    process.succeed(retried.claim, 37);
    let tick = process.starts(40);
    assert_eq!((tick.nominal, tick.claim.run.0), (at(40), 4));
    process.succeed(tick.claim, 41);

    let dead = RunQuery { filter: RunFilter::Dead, ..RunQuery::default() };
    let dead = process.runs(&dead).expect("readable");
    let [dead] = &dead[..] else { panic!("{dead:?}") };
    assert_eq!((dead.id.0, dead.state), (1, RunState::Failed));
    process.resume("b", 42).expect("it was paused");
    assert_eq!(process.info("b").due, Some(at(50)));
    assert_sound(&books.store());
}

#[test]
fn a_new_job_gets_a_number_after_those_of_the_first_version() {
    let books = SqliteBooks::new();
    drop(made_by_the_first_version(&books));
    let process = Process::join(Box::new(books.store()), 36);
    process.sync(36, &[job("c")]);
    assert_eq!(process.info("c").id.0, 8);
    assert_eq!(process.run_info(RunId(2)).state.word(), StateWord::Waiting);
    assert!(matches!(process.resume("c", 36), Err(CommandError::NotPaused { .. })));
}

#[test]
fn a_program_that_only_reads_says_how_an_old_file_comes_up_to_date() {
    let books = SqliteBooks::new();
    drop(made_by_the_first_version(&books));
    let error = SqliteLedger::open(books.path()).expect_err("version 1");
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("start the application once"), "{error}");
    drop(SqliteStore::open_existing(books.path()).expect("opens"));
    let ledger = SqliteLedger::open(books.path()).expect("opens");
    assert_eq!(ledger.jobs(&JobQuery::default()).expect("readable").len(), 2);
}
