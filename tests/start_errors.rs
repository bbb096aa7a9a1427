//! What a start refuses: each with one error that says what to do, and nothing is half started.

use std::path::{Path, PathBuf};

use cron_runtime::{Error, job};

#[job(every = "1s")]
fn tick() {}

async fn refused(database: &Path) -> String {
    let start = cron_runtime::start().database(database.to_string_lossy());
    let error: Error = start.await.expect_err("it cannot start");
    let text = error.to_string();
    assert!(text.contains(&*database.to_string_lossy()), "the file is named: {text}");
    text
}

/// A directory with a file in it, and the file's bytes, to see that nothing was changed.
fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jobs.db");
    std::fs::write(&path, content).expect("it is written");
    (directory, path)
}

fn only_this_file(directory: &Path, content: &[u8]) {
    let entries: Vec<_> = std::fs::read_dir(directory)
        .expect("it is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(std::fs::read(&entries[0]).expect("it is read"), content, "the file was changed");
}

#[tokio::test]
async fn a_missing_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = refused(&directory.path().join("nowhere/jobs.db")).await;
    assert!(text.contains("nowhere does not exist; create it first"), "{text}");
    assert!(!directory.path().join("nowhere").exists());
}

#[tokio::test]
async fn a_directory_instead_of_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = refused(directory.path()).await;
    assert!(text.contains("is a directory; name a file in it"), "{text}");
}

#[tokio::test]
async fn an_unwritable_place() {
    // Not even root can make a file here, whatever the permissions say.
    let text = refused(Path::new("/proc/jobs.db")).await;
    assert!(text.contains("cannot open the database"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let content = b"Dear diary, today I wrote a scheduler. It is not a database, it is a diary.\n".repeat(20);
    let (directory, path) = file(&content);
    let text = refused(&path).await;
    assert!(text.contains("is not a SQLite database"), "{text}");
    only_this_file(directory.path(), &content);
}

#[tokio::test]
async fn a_database_of_another_program() {
    let (directory, path) = file(b"");
    let other = rusqlite::Connection::open(&path).expect("it opens");
    other.execute_batch("CREATE TABLE customers (name TEXT)").expect("it is written");
    drop(other);
    let content = std::fs::read(&path).expect("it is read");
    let text = refused(&path).await;
    assert!(text.contains("another program"), "{text}");
    only_this_file(directory.path(), &content);
}

#[tokio::test]
async fn a_database_of_a_newer_version() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jobs.db");
    cron_tests::start_in(directory.path()).await.shutdown().await.expect("it ends");
    let other = rusqlite::Connection::open(&path).expect("it opens");
    other.execute("UPDATE cron_schema SET version = 999", []).expect("it is written");
    drop(other);
    let content = std::fs::read(&path).expect("it is read");
    let text = refused(&path).await;
    assert!(text.contains("schema version 999") && text.contains("Nothing was changed"), "{text}");
    assert_eq!(std::fs::read(&path).expect("it is read"), content, "the file was changed");
}

#[tokio::test]
async fn a_name_that_names_no_database() {
    for name in ["", "mysql://user:secret@host/jobs", "sqlite:"] {
        let text = cron_runtime::start().database(name).await.expect_err("no database").to_string();
        assert!(text.contains("sqlite:") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn no_runtime() {
    // Polled by hand, outside every runtime.
    let mut start =
        std::pin::pin!(std::future::IntoFuture::into_future(cron_runtime::start().database("memory:")));
    let polled = start.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("it needs a runtime") };
    assert!(error.to_string().contains("#[tokio::main]"), "{error}");
}

/// A `main` that returns the error prints it with `Debug`; a person reads that.
#[test]
fn main_prints_the_message() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("nowhere/jobs.db");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_app-brittle"))
        .env("CRON_DATABASE_URL", &database)
        .output()
        .expect("it runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{said}");
    let first = format!("Error: cannot open the database {}: ", database.display());
    let line = said.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
    assert!(line.starts_with(&first) && line.contains("nowhere does not exist; create it first"), "{said}");
    assert!(!said.contains("Store(") && !said.contains("Open {"), "{said}");
}
