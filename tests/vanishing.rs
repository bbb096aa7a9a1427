//! The file of a running program is deleted, or another one takes its place: what was claimed in a file that nobody finds is not called,
//! and of two programs that were given one path none runs a tick that the other has run.
#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use cron_runtime::ProblemKind;
use cron_runtime::core::job::JobName;
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{Ledger, Store};
use cron_tests::{App, audit, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_app-steady");

/// A directory with a database, and what the programs on it have called.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("jobs.db")
    }

    /// A program whose complaints go into a file.
    fn start(&self, complaints: &str) -> App {
        let mut command = Command::new(PROGRAM);
        command.env("CRON_DATABASE_URL", self.database()).env("CALLS", self.path("calls"));
        command.stderr(File::create(self.path(complaints)).expect("a file"));
        let app = App::spawn(command);
        app.says("started");
        app
    }

    /// The calls so far: job, tick, run, epoch.
    fn calls(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
    }

    /// Waits until so many more calls are noted.
    fn more_calls(&self, more: usize) {
        let before = self.calls().len();
        wait_until("there are more calls", || self.calls().len() >= before + more);
    }

    /// A copy of the database as it is now, made as one should.
    fn back_up(&self) -> PathBuf {
        let backup = self.path("backup.db");
        let connection = rusqlite::Connection::open(self.database()).expect("it opens");
        connection.execute("VACUUM INTO ?1", [backup.to_string_lossy()]).expect("it is copied");
        backup
    }

    /// Removes the database and what SQLite keeps beside it.
    fn remove(&self) {
        for name in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
            match std::fs::remove_file(self.path(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{name}: {error}"),
                _ => {}
            }
        }
    }

    fn kinds(&self) -> Vec<ProblemKind> {
        let ledger = SqliteLedger::open(self.database()).expect("it opens");
        let problems = ledger.problems(DateTime::<Utc>::MIN_UTC).expect("they are read");
        problems.into_iter().map(|problem| problem.kind).collect()
    }
}

/// Each tick of each job was called once.
fn assert_once(calls: &[Vec<String>]) {
    let mut seen = HashSet::new();
    for call in calls {
        assert!(seen.insert((&call[0], &call[1])), "{call:?} twice in {calls:?}");
    }
}

#[test]
fn two_programs_on_one_path_with_a_deletion_between_them_run_no_tick_twice() {
    let place = Place::new();
    let mut first = place.start("first");
    place.more_calls(3);
    place.remove();
    let mut second = place.start("second");
    assert!(!first.ends().success(), "an end that nobody has asked for");
    let complaint = std::fs::read_to_string(place.path("first")).expect("it is there");
    assert!(complaint.contains("jobs.db"), "{complaint}");
    place.more_calls(3);
    assert!(second.terminate().success());
    assert_once(&place.calls());
    for job in ["second", "insistent"] {
        let audit = audit(&place.database(), job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
}

#[test]
fn a_deleted_file_is_not_written_to_and_nothing_is_called_without_a_record() {
    let place = Place::new();
    let mut app = place.start("complaints");
    place.more_calls(3);
    place.remove();
    let removed = Utc::now();
    // It is told when the next tick comes due and is not claimed.
    app.will_say(ProblemKind::StoreFailing.as_str());
    assert!(!place.database().exists());
    app.terminate();
    assert!(!place.database().exists(), "its end makes no file either");
    // One that was claimed before has its record in the file that was there.
    for call in place.calls() {
        let tick: i64 = call[1].parse().expect("an instant");
        assert!(
            tick <= removed.timestamp_millis(),
            "{call:?}: a function without a record that somebody finds"
        );
    }
}

#[test]
fn a_backup_that_takes_the_place_of_the_file_ends_the_program_and_the_next_start_tells_that_the_record_went_back()
 {
    let place = Place::new();
    let mut app = place.start("first");
    place.more_calls(2);
    let backup = place.back_up();
    place.more_calls(4);
    place.remove();
    std::fs::rename(backup, place.database()).expect("it is there");
    assert!(!app.ends().success());
    let before = place.calls();
    assert_once(&before);
    let mut app = place.start("second");
    place.more_calls(3);
    assert!(app.terminate().success());
    assert!(place.kinds().contains(&ProblemKind::StoreWentBack), "{:?}", place.kinds());
    for job in ["second", "insistent"] {
        let audit = audit(&place.database(), job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
    // Another start finds nothing new.
    let told = place.kinds().len();
    let mut app = place.start("third");
    place.more_calls(1);
    assert!(app.terminate().success());
    assert_eq!(place.kinds().len(), told);
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000 + second, 0).expect("an instant")
}

fn join(database: &Path, second: i64) -> SqliteStore {
    let store = SqliteStore::open(database).expect("it opens");
    store.join(at(second)).expect("it joins");
    let spec = cron_runtime::core::job::JobSpec::new("lone");
    let plan = cron_runtime::core::job::Plan::from_spec(&spec).expect("a plain declaration");
    let program =
        cron_runtime::store::Program { plans: vec![plan], groups: Vec::new(), ..Default::default() };
    store.sync(&program, at(second)).expect("it is told");
    store
}

#[test]
fn a_record_that_went_back_is_known_at_the_start_where_it_can_be_known() {
    let place = Place::new();
    let database = place.database();
    let first = join(&database, 0);
    assert_eq!(first.went_back(), None, "a new file");
    let early = place.back_up();
    let beside = join(&database, 1);
    assert_eq!(beside.went_back(), None, "a second process");
    first.leave(at(2)).expect("it leaves");
    drop(first);
    // The other one is killed.
    drop(beside);
    let third = join(&database, 3);
    assert_eq!(third.went_back(), None, "after a death");
    let late = place.path("late.db");
    std::fs::rename(early, place.path("early.db")).expect("it is there");
    std::fs::rename(place.back_up(), &late).expect("it is there");
    third.leave(at(4)).expect("it leaves");
    drop(third);
    let fourth = join(&database, 5);
    assert_eq!(fourth.went_back(), None, "after a good end");
    fourth.leave(at(6)).expect("it leaves");
    drop(fourth);

    // Starts are missing.
    place.remove();
    std::fs::copy(place.path("early.db"), &database).expect("it is there");
    let fifth = join(&database, 7);
    let why = fifth.went_back().expect("three starts are not on record");
    assert!(why.contains("start 4") && why.contains("the newest is 2"), "{why}");
    fifth.leave(at(8)).expect("it leaves");
    drop(fifth);
    let sixth = join(&database, 9);
    assert_eq!(sixth.went_back(), None, "it is told once");
    // An end is missing.
    std::fs::remove_file(place.path("backup.db")).ok();
    let backup = place.back_up();
    sixth.leave(at(10)).expect("it leaves");
    drop(sixth);
    place.remove();
    std::fs::rename(backup, &database).expect("it is there");
    let seventh = join(&database, 11);
    let why = seventh.went_back().expect("an end is not on record");
    assert!(why.contains("has taken leave"), "{why}");
    drop(seventh);
    // A start of the same number is another one.
    place.remove();
    std::fs::copy(&late, &database).expect("it is there");
    let eighth = join(&database, 12);
    assert_eq!(
        eighth.went_back().as_deref(),
        Some("start 4 of a scheduler was another one than the one on record")
    );
    let name: JobName = "lone".parse().expect("a name");
    assert!(eighth.job(name.as_str()).expect("it is read").is_some());
    drop(eighth);
    // Nothing of a new file is caught up.
    place.remove();
    assert_eq!(join(&database, 13).went_back(), None);
}
