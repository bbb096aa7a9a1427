//! Opening a file: our own, an old one, and all that is no file of ours. What is refused is left as it was.

use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{JobQuery, Ledger, Store, StoreError};
use rusqlite::Connection;

use super::raw;
use crate::jobs::{at, job};
use crate::world::{Desk, Process, SqliteBooks, World, directory, play_on_file};

/// The names and contents of all files of a directory.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory).expect("readable").map(|entry| entry.expect("readable").path());
    let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect()
}

/// Expects that all ways to open `path` are refused, and that nothing in `directory` is touched. Gives the first error.
fn refused(directory: &Path, path: &Path) -> StoreError {
    let before = files(directory);
    let error = SqliteStore::open(path).expect_err("a store");
    for (way, again) in [
        ("open_existing", SqliteStore::open_existing(path).map(drop)),
        ("the ledger alone", SqliteLedger::open(path).map(drop)),
    ] {
        let again = again.expect_err("a store");
        let same_kind = std::mem::discriminant(&again) == std::mem::discriminant(&error);
        assert!(same_kind, "{way}: {again}, but otherwise: {error}");
    }
    let after = files(directory);
    assert!(before == after, "{error}, and yet files changed: {:?}", names(&after));
    error
}

fn names(files: &[(PathBuf, Vec<u8>)]) -> Vec<&Path> {
    files.iter().map(|(path, _)| path.as_path()).collect()
}

fn pragma(connection: &Connection, name: &str) -> String {
    let value =
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
    match value.expect("a pragma") {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_new_file_gets_the_newest_schema_and_our_mark() {
    let books = SqliteBooks::new();
    let store = books.store();
    assert_eq!(store.path(), books.path().canonicalize().expect("a file"));
    let connection = raw(&books.path());
    assert_eq!(pragma(&connection, "application_id"), 0x6372_6f6e.to_string());
    assert_eq!(pragma(&connection, "user_version"), "8");
    assert_eq!(pragma(&connection, "journal_mode"), "wal");
    let loose = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
                 AND name NOT LIKE 'sqlite_%' AND strict = 0";
    let loose: i64 = connection.query_row(loose, [], |row| row.get(0)).expect("a count");
    assert_eq!(loose, 0, "every table keeps its types");
    assert_eq!(pragma(&connection, "integrity_check"), "ok");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let books = SqliteBooks::new();
    fs::write(books.path(), b"").expect("writable");
    drop(books.store());
    assert_eq!(pragma(&raw(&books.path()), "user_version"), "8");
}

#[test]
fn opening_again_changes_nothing() {
    let books = SqliteBooks::new();
    Process::join(Box::new(books.store()), 0).leaves(1);
    let before = fs::read(books.path()).expect("readable");
    drop(books.store());
    drop(SqliteStore::open_existing(books.path()).expect("opens"));
    drop(SqliteLedger::open(books.path()).expect("opens"));
    assert!(fs::read(books.path()).expect("readable") == before);
}

#[test]
fn a_newer_schema_is_refused_and_says_which() {
    let books = SqliteBooks::new();
    drop(books.store());
    raw(&books.path()).execute("UPDATE cron_schema SET version = 99", []).expect("writable");
    let error = refused(books.directory(), &books.path());
    assert!(matches!(error, StoreError::Newer { found: 99, known: 8, .. }), "{error:?}");
    let text = error.to_string();
    assert!(["99", "run the newer program", "`.v8.bak`"].iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    for make in [
        "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');",
        "PRAGMA application_id = 42; PRAGMA user_version = 1;",
        "PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT);",
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, name TEXT); PRAGMA user_version = 1;",
    ] {
        let books = SqliteBooks::new();
        raw(&books.path()).execute_batch(make).expect("a database");
        let error = refused(books.directory(), &books.path());
        assert!(matches!(error, StoreError::Foreign { .. }), "{make}: {error:?}");
        assert!(error.to_string().contains("a file of its own"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let header = b"SQLite format 3\0".to_vec();
    let contents = [b"hello".to_vec(), b"a list of things to do\n".repeat(10_000), vec![0; 4_096], header];
    for content in contents {
        let books = SqliteBooks::new();
        fs::write(books.path(), &content).expect("writable");
        let error = refused(books.directory(), &books.path());
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{} bytes: {error:?}", content.len());
        assert!(error.to_string().contains("jobs.db is not a SQLite database"), "{error}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_an_error_and_no_panic() {
    let books = SqliteBooks::new();
    let process = Process::join(Box::new(books.store()), 0);
    process.sync(0, &[job("a").every("10s")]);
    process.judge(10);
    process.leaves(11);
    let whole = fs::read(books.path()).expect("readable");
    for length in [50, 99, 100, 1_000, 4_096, 8_192, whole.len() - 4_096] {
        let books = SqliteBooks::new();
        fs::write(books.path(), &whole[..length]).expect("writable");
        // SQLite sees some of it at once and some only when it comes to the page that is not there.
        let read = SqliteStore::open(books.path()).and_then(|store| {
            store.join(at(20))?;
            store.jobs(&JobQuery::default())?;
            store.audit("a")?;
            store.skips("a", cron_runtime::store::Page { limit: 9 })?;
            store.runs(&Default::default())
        });
        assert!(read.is_err(), "{length} of {} bytes: {read:?}", whole.len());
    }
}

#[test]
fn a_directory_is_refused() {
    let directory = directory();
    let error = refused(directory.path(), directory.path());
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("it is a directory; name a file in it"), "{error}");
}

#[test]
fn a_missing_directory_is_refused_and_not_created() {
    let directory = directory();
    let path = directory.path().join("deep/er/jobs.db");
    let error = SqliteStore::open(&path).expect_err("no directory");
    assert!(matches!(&error, StoreError::Open { path: told, .. } if *told == path), "{error:?}");
    assert!(error.to_string().contains("does not exist; create it first"), "{error}");
    assert!(!directory.path().join("deep").exists());
}

#[test]
fn a_file_in_the_place_of_a_directory_is_refused() {
    let directory = directory();
    fs::write(directory.path().join("notes.txt"), "mine").expect("writable");
    let error = refused(directory.path(), &directory.path().join("notes.txt/jobs.db"));
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
}

#[test]
fn a_file_that_must_be_there_is_not_created() {
    let directory = directory();
    let path = directory.path().join("jobs.db");
    for error in [
        SqliteStore::open_existing(&path).map(drop).expect_err("no file"),
        SqliteLedger::open(&path).map(drop).expect_err("no file"),
    ] {
        assert!(error.to_string().contains("there is no such file"), "{error}");
    }
    assert!(files(directory.path()).is_empty());
}

#[test]
fn a_file_that_may_not_be_written_is_refused() {
    let books = SqliteBooks::new();
    drop(books.store());
    let mut permissions = fs::metadata(books.path()).expect("a file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(books.path(), permissions).expect("ours");
    if fs::OpenOptions::new().append(true).open(books.path()).is_ok() {
        // The superuser may write everywhere, so there is nothing to see.
        return;
    }
    let before = fs::read(books.path()).expect("readable");
    let error = SqliteStore::open(books.path()).expect_err("read-only");
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("writable"), "{error}");
    assert!(fs::read(books.path()).expect("readable") == before);
    // Reading is still allowed.
    SqliteLedger::open(books.path()).expect("opens").jobs(&JobQuery::default()).expect("readable");
}

#[test]
fn a_place_where_the_signal_file_cannot_be_is_refused_by_name() {
    let books = SqliteBooks::new();
    let signal = books.directory().join("jobs.db-signal");
    fs::create_dir(&signal).expect("writable");
    let error = SqliteStore::open(books.path()).expect_err("no signal file");
    assert!(matches!(&error, StoreError::Open { path, .. } if path.ends_with("jobs.db-signal")), "{error:?}");
}

/// What root makes beside the file of a service must not lock that service out: as SQLite does it with its log.
#[test]
fn the_signal_file_has_the_mode_and_the_owner_of_the_database() {
    let books = SqliteBooks::new();
    drop(books.store());
    let signal = books.directory().join("jobs.db-signal");
    let other = (fs::metadata(&signal).expect("a file").uid() + 1_234, 4_321);
    // Only root may give a file away.
    let is_root = chown(books.path(), Some(other.0), Some(other.1)).is_ok();
    let want = fs::metadata(books.path()).expect("a file");
    assert!(!is_root || (want.uid(), want.gid()) == other);
    for mode in [0o640, 0o600, 0o666] {
        fs::set_permissions(books.path(), Permissions::from_mode(mode)).expect("ours");
        fs::remove_file(&signal).expect("ours");
        let process = Process::join(Box::new(SqliteStore::open_existing(books.path()).expect("opens")), 1);
        let look = || {
            let found = fs::metadata(&signal).expect("a file");
            (found.permissions().mode() & 0o777, found.uid(), found.gid())
        };
        assert_eq!(look(), (mode, want.uid(), want.gid()));
        // One that takes the place of a deleted one, too.
        fs::remove_file(&signal).expect("ours");
        process.reaps(2);
        assert_eq!(look(), (mode, want.uid(), want.gid()));
    }
}

#[test]
fn file_names_of_all_kinds_are_opened_as_they_are() {
    let directory = directory();
    let names: [&[u8]; 5] =
        [b"a b.db", b"jobs?mode=ro#%41.db", b"file:x.db", "j\u{f6}bs\u{1f411}.db".as_bytes(), b"j\xffbs"];
    for name in names {
        let path = directory.path().join(std::ffi::OsStr::from_bytes(name));
        let process = Process::join(Box::new(SqliteStore::open(&path).expect("opens")), 0);
        process.sync(0, &[job("a")]);
        process.leaves(1);
        assert!(path.is_file(), "{path:?}");
        assert_eq!(
            SqliteLedger::open(&path).expect("opens").jobs(&JobQuery::default()).expect("readable").len(),
            1,
            "{path:?}"
        );
    }
}

#[test]
fn a_link_and_its_target_are_one_file() {
    play_on_file(|world: &World, path| {
        let link = path.with_file_name("link.db");
        std::os::unix::fs::symlink(path, &link).expect("a link");
        let process = world.start(0, &[job("a").every("10s")]);
        let through_link = SqliteStore::open(&link).expect("opens");
        assert_eq!(through_link.doorbell(), process.doorbell());
        let run = process.starts(10).claim.run;
        // The lock of the living process is seen through the link, too.
        assert_eq!(through_link.reap(at(11)).expect("reaps").lost, []);
        drop(process);
        assert_eq!(through_link.reap(at(12)).expect("reaps").lost.len(), 1);
        assert_eq!(through_link.run_info(run).crashes, 1);
    });
}

#[test]
fn the_ledger_alone_reads_what_the_store_reads_and_writes_nothing() {
    play_on_file(|world: &World, path| {
        let process = world.start(0, &[job("a").every("10s")]);
        process.judge(10);
        process.judge(35);
        let alone = SqliteLedger::open(path).expect("opens");
        assert_eq!(
            alone.jobs(&JobQuery::default()).expect("readable"),
            process.jobs(&JobQuery::default()).expect("readable")
        );
        let page = cron_runtime::store::Page { limit: 9 };
        assert_eq!(alone.skips("a", page).expect("readable"), process.skips("a", page).expect("readable"));
        // What is committed later is seen by the next read.
        process.pause("a", 36, "eve", "").expect("pauses");
        assert!(alone.job("a").expect("readable").expect("known").paused.is_some());
        assert_eq!(alone.audit("a").expect("readable"), process.audit("a").expect("readable"));
    });
}
