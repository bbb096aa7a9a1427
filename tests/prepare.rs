//! What a program does to its own tables at a start, and files that had them before the scheduler came.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cron_runtime::core::run::RunState;
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::{self, Connection};
use cron_runtime::{Error, Event, Start};

#[job]
fn book(run: Run) -> anyhow::Result<()> {
    run.transaction(|tx| {
        tx.execute("INSERT INTO bookings VALUES (?1)", [run.epoch().0.cast_signed()])?;
        Ok(())
    })
}

#[job(every = "1s")]
fn tick() {}

/// Brings the application's tables up to date as crates for that do it: by `user_version`.
fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version < 2 || version == i64::from(SCHEMA) {
        db.execute_batch("CREATE TABLE IF NOT EXISTS bookings (epoch INTEGER); PRAGMA user_version = 2;")?;
    }
    Ok(())
}

/// What the scheduler itself has written there when it made the file.
const SCHEMA: u32 = 8;

fn start(database: &Path) -> Start {
    cron_runtime::start().database(database.to_string_lossy())
}

fn number(database: &Path, sql: &str) -> i64 {
    Connection::open(database).expect("it opens").query_row(sql, [], |row| row.get(0)).expect("a number")
}

/// Runs the job by hand, and waits for its success.
async fn books(start: Start) {
    let scheduler = start.await.expect("it starts");
    let mut events = scheduler.events();
    scheduler.trigger(book::JOB).await.expect("it is triggered");
    let state = cron_tests::wait_for(&mut events, "the end of its run", |event| match event {
        Event::Ended { job, state, .. } if job.as_str() == "book" => Some(state),
        _ => None,
    });
    assert_eq!(state.await, RunState::Succeeded);
    scheduler.shutdown().await.expect("it ends");
}

#[tokio::test]
async fn tables_are_there_before_the_first_job_and_the_version_is_the_applications() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("bank.db");
    books(start(&database).prepare(migrate)).await;
    assert_eq!(number(&database, "SELECT user_version FROM pragma_user_version"), 2);
    // Another start finds its own schema, whatever the application has written into the header.
    Connection::open(&database)
        .expect("it opens")
        .execute_batch("PRAGMA application_id = 99")
        .expect("it is free");
    books(start(&database).prepare(migrate)).await;
    assert_eq!(number(&database, "SELECT count(*) FROM bookings"), 2);
    assert_eq!(number(&database, "SELECT application_id FROM pragma_application_id"), 99);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_process_at_a_time_prepares() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("bank.db");
    let (inside, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let starts = (0..4).map(|_| {
        let (inside, done) = (Arc::clone(&inside), Arc::clone(&done));
        let start = start(&database).prepare(move |db| {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two prepare at once");
            let migrated = migrate(db);
            // Others would come in here.
            std::thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(1, Ordering::SeqCst);
            migrated
        });
        tokio::spawn(async move { start.await })
    });
    for start in starts.collect::<Vec<_>>() {
        let scheduler = start.await.expect("no panic").expect("it starts");
        scheduler.shutdown().await.expect("it ends");
    }
    assert_eq!(done.load(Ordering::SeqCst), 4, "each start prepares");
}

#[tokio::test]
async fn an_error_of_it_is_an_error_of_the_start_and_nothing_has_run() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("bank.db");
    let refused =
        start(&database).prepare(|_| Err("the tables are too old")).await.expect_err("it cannot start");
    let text = refused.to_string();
    assert!(matches!(refused, Error::Prepare { .. }), "{text}");
    assert!(text.contains("bank.db") && text.contains("the tables are too old"), "{text}");
    assert_eq!(number(&database, "SELECT count(*) FROM jobs"), 0);
    assert_eq!(number(&database, "SELECT count(*) FROM incarnations WHERE id > 0"), 0);
    let refused =
        cron_runtime::start().database("memory:").prepare(migrate).await.expect_err("it has no file");
    assert!(refused.to_string().contains("`memory:` has none"), "{refused}");
}

#[tokio::test]
async fn a_file_of_the_application_is_joined_when_asked() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("bank.db");
    let theirs = "CREATE TABLE bookings (epoch INTEGER); CREATE INDEX by_epoch ON bookings (epoch); PRAGMA user_version = 2; \
                  PRAGMA application_id = 42;";
    Connection::open(&database).expect("it opens").execute_batch(theirs).expect("it is made");
    let refused = start(&database).await.expect_err("it is another's").to_string();
    assert!(refused.contains("a file of its own") && refused.contains("`.beside_own_tables()`"), "{refused}");
    for _ in 0..2 {
        books(start(&database).beside_own_tables().prepare(migrate)).await;
    }
    // Once it is there nobody has to ask any more.
    books(start(&database)).await;
    assert_eq!(number(&database, "SELECT count(*) FROM bookings"), 3);
    assert_eq!(number(&database, "SELECT user_version FROM pragma_user_version"), 2);
    assert_eq!(number(&database, "SELECT application_id FROM pragma_application_id"), 42);
}

#[tokio::test]
async fn names_that_both_want_are_refused_one_by_one_and_nothing_is_changed() {
    let place = tempfile::tempdir().expect("a directory");
    let database = place.path().join("bank.db");
    let theirs = "CREATE TABLE Jobs (id INTEGER); CREATE TABLE bookings (epoch INTEGER); \
                  CREATE INDEX marks_due ON bookings (epoch); CREATE VIEW problems AS SELECT 1;";
    Connection::open(&database).expect("it opens").execute_batch(theirs).expect("it is made");
    let before = std::fs::read(&database).expect("it is read");
    let refused = start(&database).beside_own_tables().await.expect_err("they clash").to_string();
    for name in ["view `problems`", "table `Jobs`", "index `marks_due`"] {
        assert!(refused.contains(name), "{refused}");
    }
    assert!(!refused.contains("bookings"), "{refused}");
    assert!(std::fs::read(&database).expect("it is read") == before, "the file was changed");
}
