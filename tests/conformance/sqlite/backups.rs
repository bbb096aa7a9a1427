//! The copy of an old file that is kept before its schema changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;

use cron_runtime::store::StoreError;
use cron_runtime::store::sqlite::SqliteStore;

use super::kept::kept;
use super::{everything, raw};
use crate::world::{SqliteBooks, assert_sound};

/// Names this test in another process of the same program.
const CHILD: &str = "sqlite::backups::opens_what_it_is_told";

fn version(path: &Path) -> u32 {
    raw(path).pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number")
}

/// The names beside the database that look like backups, whole or not.
fn backups(books: &SqliteBooks) -> Vec<String> {
    let entries = fs::read_dir(books.directory()).expect("readable");
    let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("a text"));
    let mut names: Vec<_> = names.filter(|name| name.contains(".bak")).collect();
    names.sort();
    names
}

fn backup(books: &SqliteBooks) -> PathBuf {
    books.directory().join("jobs.db.v2.bak")
}

/// Whether a file is what version 2 has left: looked at without touching it.
fn assert_is_version_2(path: &Path) {
    let copy = SqliteBooks::new();
    fs::copy(path, copy.path()).expect("a copy");
    assert_eq!(version(&copy.path()), 2, "{}", path.display());
    let check: String =
        raw(&copy.path()).query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a word");
    assert_eq!(check, "ok", "{}", path.display());
    assert_eq!(everything::tell(&copy.store()), everything::tell(&kept(2).store()), "{}", path.display());
}

#[test]
fn an_old_file_is_kept_before_its_schema_changes_and_a_new_one_is_not() {
    let books = kept(2);
    drop(books.store());
    assert_eq!(version(&books.path()), 8);
    assert_eq!(backups(&books), ["jobs.db.v2.bak"]);
    assert_is_version_2(&backup(&books));
    // It is the way back: the backup put in the place of the file opens again.
    fs::copy(backup(&books), books.path()).expect("a copy");
    drop(books.store());
    assert_eq!(backups(&books), ["jobs.db.v2.bak"], "the same backup is not kept twice");

    let new = SqliteBooks::new();
    drop(new.store());
    drop(new.store());
    assert_eq!(backups(&new), [""; 0]);
}

#[test]
fn what_is_in_the_log_beside_the_file_is_in_the_backup() {
    let books = kept(2);
    // Another process has the file open, so its last words are not in the file itself.
    let other = raw(&books.path());
    let changed = other.execute("UPDATE jobs SET paused_note = 'the last words' WHERE name = 'paused'", []);
    assert_eq!(changed.expect("a change"), 1);
    drop(books.store());
    let note = "SELECT paused_note FROM jobs WHERE name = 'paused'";
    let note: String = raw(&backup(&books)).query_row(note, [], |row| row.get(0)).expect("a note");
    assert_eq!(note, "the last words");
}

#[test]
fn a_backup_of_other_contents_is_not_overwritten() {
    let books = kept(2);
    fs::write(backup(&books), "mine").expect("writable");
    drop(books.store());
    assert_eq!(backups(&books), ["jobs.db.v2.bak", "jobs.db.v2.bak.2"]);
    assert_eq!(fs::read(backup(&books)).expect("readable"), b"mine");
    assert_is_version_2(&books.directory().join("jobs.db.v2.bak.2"));
}

#[test]
fn a_backup_that_cannot_be_written_stops_the_upgrade_before_it_begins() {
    let books = kept(2);
    let before = fs::read(books.path()).expect("readable");
    let part = books.directory().join("jobs.db.v2.bak.part");
    fs::create_dir(&part).expect("a directory in its place");
    let error = SqliteStore::open(books.path()).expect_err("no backup");
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    let text = error.to_string();
    for word in [
        "schema has version 2",
        "brought to version 8",
        "free as much room",
        "start again",
        "was not changed",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(fs::read(books.path()).expect("readable") == before);
    fs::remove_dir(&part).expect("ours");
    drop(books.store());
    assert_eq!((version(&books.path()), backups(&books)), (8, vec!["jobs.db.v2.bak".to_owned()]));
}

#[test]
fn an_upgrade_that_fails_leaves_the_old_version_and_the_next_one_goes_on() {
    let books = kept(2);
    raw(&books.path()).execute_batch("CREATE TABLE problems (mine TEXT)").expect("a table in the way");
    for _ in 0..2 {
        let error = SqliteStore::open(books.path()).expect_err("a table in the way");
        assert!(error.to_string().contains("problems"), "{error}");
        assert_eq!(version(&books.path()), 2);
        // As often as it fails, the same copy is kept once.
        assert_eq!(backups(&books), ["jobs.db.v2.bak"]);
    }
    raw(&books.path()).execute_batch("DROP TABLE problems").expect("out of the way");
    let store = books.store();
    assert_eq!(version(&books.path()), 8);
    assert_eq!(everything::tell(&store), everything::tell(&kept(2).store()));
    assert_sound(&store);
}

#[cfg(unix)]
#[test]
fn nobody_may_read_the_backup_who_may_not_read_the_database() {
    use std::os::unix::fs::PermissionsExt;

    for mode in [0o600, 0o640, 0o644] {
        let books = kept(2);
        fs::set_permissions(books.path(), fs::Permissions::from_mode(mode)).expect("ours");
        drop(books.store());
        let found = fs::metadata(backup(&books)).expect("a backup").permissions().mode() & 0o777;
        assert_eq!(found & !mode, 0, "{found:o} for {mode:o}");
        assert_eq!(found & 0o600, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn the_backup_of_a_link_lies_beside_the_file() {
    let books = kept(2);
    let elsewhere = SqliteBooks::new();
    std::os::unix::fs::symlink(books.path(), elsewhere.path()).expect("a link");
    drop(elsewhere.store());
    assert_eq!((backups(&books), backups(&elsewhere)), (vec!["jobs.db.v2.bak".to_owned()], Vec::new()));
}

/// Does nothing unless another test has started this program for it.
#[test]
fn opens_what_it_is_told() {
    let Some(path) = std::env::var_os("OPEN_DATABASE") else { return };
    drop(SqliteStore::open(PathBuf::from(path)).expect("opens"));
}

/// Another process that opens the file, under a limit of the shell if there is one.
fn child(path: &Path, limit: &str) -> Command {
    let mut command = Command::new("sh");
    let program = std::env::current_exe().expect("a program");
    command.arg("-c").arg(format!("{limit} exec \"$0\" --exact {CHILD}")).arg(program);
    command.env("OPEN_DATABASE", path).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn many_start_at_once_on_an_old_file() {
    let books = kept(2);
    let mut children: Vec<_> = (0..4).map(|_| child(&books.path(), "").spawn().expect("a process")).collect();
    let (gate, path) = (Barrier::new(4), books.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                gate.wait();
                drop(SqliteStore::open(&path).expect("opens"));
            });
        }
    });
    for child in &mut children {
        assert!(child.wait().expect("a process").success());
    }
    assert_eq!((version(&books.path()), backups(&books)), (8, vec!["jobs.db.v2.bak".to_owned()]));
    assert_is_version_2(&backup(&books));
    assert_sound(&books.store());
}

#[test]
fn a_crash_while_the_backup_is_written_leaves_none_that_looks_whole() {
    let size = fs::metadata(kept(2).path()).expect("a file").len() / 512;
    // The system ends a process that writes past the limit, in blocks of 512 bytes.
    for blocks in [1, 8, size / 3, size / 2, size - 8] {
        let books = kept(2);
        let status =
            child(&books.path(), &format!("ulimit -c 0; ulimit -f {blocks};")).status().expect("a process");
        assert!(!status.success(), "{blocks} blocks of {size}: {status}");
        assert!(!backup(&books).exists(), "{blocks} blocks of {size}");
        assert_eq!(version(&books.path()), 2);
        drop(books.store());
        assert_eq!((version(&books.path()), backups(&books)), (8, vec!["jobs.db.v2.bak".to_owned()]));
        assert_is_version_2(&backup(&books));
    }
}
