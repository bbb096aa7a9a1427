//! The power is lost at some write of a real program: what it had committed is there when the machine comes back.
//!
//! A failure says how to see it again: `CRON_POWER_REPLAY` names a recording that was kept, `CRON_POWER_SEED` the seed, and
//! `CRON_POWER_CUT` the cut.
#![cfg(target_os = "linux")]

mod disk;
mod log;
#[path = "../crash_points/old.rs"]
mod old;
mod recording;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cron_runtime::store::sqlite::SqliteStore;
use cron_tests::witness::{self, Seen};
use rusqlite::Connection;
use tempfile::TempDir;

use disk::{Dice, Disk, Trust};
use log::{Record, What};
use recording::{End, Recording};

/// After how many of the records the power is lost, beside each of the first ones, in which the file comes to be.
const CUTS: usize = 200;
const FIRST: usize = 120;
/// How many disks there may be after a cut.
const DISKS: u64 = 2;

/// What was wrong with a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    /// It does not open, or SQLite finds it damaged.
    Damaged(String),
    /// It is well, and something that was on record is not there.
    Lost(String),
}

#[test]
fn what_was_committed_survives_from_the_first_file_on() {
    let home = home();
    let recording = recorded(&home, || {
        let recording = Recording::make(home.path(), &[End::Asked, End::Killed]);
        check_shim(&recording.records(), &recording.directory().join("jobs.db"));
        recording
    });
    survives(home, &recording);
}

#[test]
fn what_was_committed_survives_while_an_old_file_is_brought_up_to_date() {
    let home = home();
    let recording = recorded(&home, || {
        let before = Recording::kept(home.path()).before();
        std::fs::create_dir(&before).expect("a directory");
        old::write(&before.join("jobs.db"), &before.join("witness"));
        Recording::make(home.path(), &[End::Killed])
    });
    survives(home, &recording);
}

/// The same eyes on disks that do not do what they are told: they see that verdicts are lost.
#[test]
fn what_was_not_synced_is_seen_to_be_lost() {
    let home = home();
    let recording = Recording::make(home.path(), &[End::Killed]);
    for trust in [Trust::NotTheLog, Trust::None] {
        let wrong = cut(&recording, trust, seed(), 40, None);
        let lost = wrong.iter().filter(|(_, wrong)| matches!(wrong, Wrong::Lost(_))).count();
        println!("{trust:?}: {lost} of {} bad disks are well and have lost something", wrong.len());
        assert!(lost > 0, "{trust:?}: nothing was lost, so this test cannot see a loss: {wrong:?}");
    }
}

fn home() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a directory")
}

fn seed() -> u64 {
    let given = std::env::var("CRON_POWER_SEED");
    given.map_or_else(|_| u64::from(std::process::id()), |seed| seed.parse().expect("a seed is a number"))
}

/// A recording that was kept, if one is named.
fn recorded(home: &TempDir, make: impl FnOnce() -> Recording) -> Recording {
    match std::env::var_os("CRON_POWER_REPLAY") {
        Some(kept) => Recording::kept(Path::new(&kept)),
        None => {
            std::fs::create_dir_all(home.path()).expect("a directory");
            make()
        }
    }
}

fn survives(home: TempDir, recording: &Recording) {
    let seed = seed();
    println!("CRON_POWER_SEED={seed}");
    let only = std::env::var("CRON_POWER_CUT").ok().map(|cut| cut.parse().expect("a cut is a number"));
    let wrong = cut(recording, Trust::All, seed, CUTS, only);
    if let Some((at, first)) = wrong.first() {
        if recording.home() == home.path() {
            // Not removed: it is what the failure can be looked at with.
            let _kept = home.keep();
        }
        panic!(
            "{} bad disks; the first: {first:?}\nagain: CRON_POWER_REPLAY={} CRON_POWER_SEED={seed} CRON_POWER_CUT={at}",
            wrong.len(),
            recording.home().display(),
        );
    }
}

/// The shim has seen what it has to see: whatever way SQLite writes, its writes and syncs are in the records.
fn check_shim(records: &[Record], database: &Path) {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", database.display()));
    let count = |path: &Path, wanted: fn(&What) -> bool| {
        records.iter().filter(|record| record.path == *path && wanted(&record.what)).count()
    };
    let is_write = |what: &What| matches!(what, What::Write { .. });
    let is_sync = |what: &What| matches!(what, What::Sync);
    let wal = beside("-wal");
    assert!(count(&wal, is_write) > 200, "writes to SQLite's log");
    assert!(count(&wal, is_sync) > 50, "syncs of SQLite's log");
    assert!(count(database, is_write) > 10, "writes to the database, when the log is written back");
    assert!(count(database, is_sync) > 0, "syncs of the database");
    assert!(count(database.parent().expect("a directory"), is_sync) > 0, "syncs of the directory");
    let mapped = records.iter().filter(|record| record.what == What::Map);
    let unseen: Vec<_> = mapped.filter(|record| record.path != beside("-shm")).collect();
    assert!(unseen.is_empty(), "written through a mapping, past the shim: {unseen:?}");
    // A commit must not lie in a file that nobody finds again: the directory is synced between the two.
    let first = |path: &Path, wanted: fn(&What) -> bool| {
        records.iter().position(|record| record.path == *path && wanted(&record.what)).expect("counted above")
    };
    let created = first(database, |what| matches!(what, What::Create));
    let named = first(database.parent().expect("a directory"), is_sync);
    let committed = first(&wal, is_sync);
    assert!(created < named && named < committed, "{created}, {named}, {committed}");
}

/// Loses power after some of the records, or after one, and gives what was wrong with the disks.
fn cut(
    recording: &Recording,
    trust: Trust,
    seed: u64,
    cuts: usize,
    only: Option<usize>,
) -> Vec<(usize, Wrong)> {
    let records = recording.records();
    let mut dice = Dice::new(&[seed]);
    let mut chosen: Vec<usize> = (1..=FIRST.min(records.len())).collect();
    chosen.extend((0..cuts).map(|_| 1 + dice.throw(records.len())));
    if let Some(only) = only {
        chosen = vec![only];
    }
    chosen.sort_unstable();
    chosen.dedup();
    let witness = recording.directory().join("witness");
    let mut seen_text = recording.found().remove(&witness).unwrap_or_default();
    let mut disk = Disk::new(&recording.directory(), recording.found(), trust);
    let (mut wrong, mut looked) = (Vec::new(), 0);
    let mut done = 0;
    for at in chosen {
        for record in &records[done..at] {
            if let (true, What::Write { data, .. }) = (record.path == witness, &record.what) {
                seen_text.extend_from_slice(data);
            }
            disk.apply(record);
        }
        done = at;
        let seen = witness::read(std::str::from_utf8(&seen_text).expect("the witness writes UTF-8"));
        for number in 0..DISKS {
            let found = disk.lose_power(&mut Dice::new(&[seed, at as u64, number]));
            wrong.extend(look(&found, &seen).err().map(|wrong| (at, wrong)));
            looked += 1;
        }
    }
    println!("{trust:?}: {looked} disks after cuts in {} records", records.len());
    wrong
}

/// Starts on a disk and looks whether everything that was seen is there.
fn look(found: &BTreeMap<PathBuf, Vec<u8>>, seen: &[Seen]) -> Result<(), Wrong> {
    let directory = home();
    for (path, data) in found {
        let name = path.file_name().expect("a file has a name");
        // SQLite builds its index of the log anew, and the witness is no file of the library.
        if name != "witness" && !name.to_string_lossy().ends_with("-shm") {
            std::fs::write(directory.path().join(name), data).expect("it is written");
        }
    }
    let database = directory.path().join("jobs.db");
    let store = SqliteStore::open(&database).map_err(|error| Wrong::Damaged(error.to_string()))?;
    let checked = Connection::open(&database).and_then(|connection| {
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
    });
    match checked.as_deref() {
        Ok("ok") => {}
        other => return Err(Wrong::Damaged(format!("{other:?}"))),
    }
    let lost = witness::Record::of(&store).lost(seen);
    if lost.is_empty() { Ok(()) } else { Err(Wrong::Lost(lost.join("; "))) }
}
