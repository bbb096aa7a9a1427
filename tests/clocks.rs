//! Real processes whose clock is days and fifty years behind, and then right: at their starts, and by steps while they live. Each tick
//! that ran before has its one run, and what it wrote is there once.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cron_runtime::core::run::{Origin, StateWord};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, Page, RunInfo, RunQuery, Store};
use cron_tests::faketime::Faketime;
use cron_tests::{App, audit, inspect};
use rusqlite::Connection;
use tempfile::TempDir;

const JOBS: [&str; 3] = ["newest", "every_one", "single"];

/// One database, and the clock of the processes on it.
struct Machine {
    _directory: TempDir,
    database: PathBuf,
    clock: Faketime,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let database = directory.path().join("jobs.db");
        let clock = Faketime::new(Path::new(env!("CARGO_TARGET_TMPDIR")), directory.path().join("clock"));
        Self { _directory: directory, database, clock }
    }

    fn start(&self) -> App {
        let environment = self.clock.environment();
        let environment: Vec<(&str, &OsStr)> =
            environment.iter().map(|(name, value)| (*name, value.as_os_str())).collect();
        App::start(env!("CARGO_BIN_EXE_app-clocked"), &self.database, &environment)
    }

    /// Sets the clock of a program that lives. The system would wake it for that; the library cannot, so a ring does.
    fn set(&self, difference: &str) {
        self.clock.set(difference);
        SqliteStore::open_existing(&self.database).expect("the database opens").ring();
    }

    /// The runs of ticks that have ended well, by their ticks.
    fn ran(&self, job: &str) -> BTreeMap<i64, RunInfo> {
        let store = SqliteStore::open_existing(&self.database).expect("the database opens");
        let query =
            RunQuery { job: Some(job.to_owned()), page: Page { limit: 10_000 }, ..RunQuery::default() };
        let runs = store.runs(&query).expect("runs are read");
        let mut ran = BTreeMap::new();
        for run in runs.into_iter().filter(|run| run.origin == Origin::Tick) {
            let tick = run.nominal.timestamp_millis();
            if run.state.word() == StateWord::Succeeded {
                let other = ran.insert(tick, run);
                assert_eq!(other, None, "the tick {tick} of `{job}` ran twice");
            }
        }
        ran
    }

    /// All runs from before are as they were, no tick was booked twice, and the record is sound.
    fn is_sound(&self, before: &BTreeMap<&str, BTreeMap<i64, RunInfo>>) {
        let report = inspect(&self.database, &["verify"]);
        assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
        let file = Connection::open(&self.database).expect("it opens");
        for job in JOBS {
            assert!(audit(&self.database, job).is_sound(), "{job}");
            let ran = self.ran(job);
            for (tick, run) in before.get(job).into_iter().flatten() {
                assert_eq!(ran.get(tick), Some(run), "a run of `{job}` is another one than before");
            }
            let booked = booked(&file, job);
            assert!(
                booked.is_sorted_by(|one, next| one < next),
                "`{job}` has booked a tick twice: {booked:?}"
            );
            assert!(ran.keys().all(|tick| booked.contains(tick)), "{job}: {booked:?}, and on record {ran:?}");
        }
        assert_eq!(booked(&file, "single").len(), 1);
    }

    /// Where nothing is in progress, what was booked is what is on record.
    fn is_complete(&self) {
        let file = Connection::open(&self.database).expect("it opens");
        for job in JOBS {
            let ran: Vec<i64> = self.ran(job).into_keys().collect();
            assert_eq!(booked(&file, job), ran, "{job}: booked, and on record");
        }
    }

    fn all_ran(&self) -> BTreeMap<&'static str, BTreeMap<i64, RunInfo>> {
        JOBS.map(|job| (job, self.ran(job))).into()
    }
}

fn booked(file: &Connection, job: &str) -> Vec<i64> {
    let mut statement =
        file.prepare("SELECT tick FROM booked WHERE job = ?1 ORDER BY tick").expect("the table is there");
    let booked = statement.query_map([job], |row| row.get(0)).expect("it is read");
    booked.collect::<Result<_, _>>().expect("it is read")
}

/// Waits for so many ticks of each job that repeats.
fn books(app: &App, count: usize) {
    for _ in 0..count {
        for job in ["newest", "every_one"] {
            let _tick = app.will_begin(&format!("booked {job} "));
        }
    }
}

/// Every clock that is wrong, and what is told of it.
const WRONG: [(&str, &str); 2] =
    [("-3d", "the clock is behind, or was ahead, "), ("-50y", "the clock is behind: ")];

#[test]
fn a_clock_that_is_behind_at_a_start_repeats_nothing_when_it_is_right() {
    let machine = Machine::new();
    let mut app = machine.start();
    let _tick = app.will_begin("booked single ");
    books(&app, 2);
    assert!(app.terminate().success());
    for (difference, told) in WRONG {
        for (difference, told) in [(difference, told), ("+0", "the clock was behind: ")] {
            let before = machine.all_ran();
            machine.clock.set(difference);
            let mut app = machine.start();
            let _rest = app.will_begin(&format!("told {told}"));
            books(&app, 2);
            assert!(app.terminate().success());
            machine.is_sound(&before);
            machine.is_complete();
        }
    }
}

#[test]
fn a_clock_that_is_set_while_a_program_lives_repeats_nothing() {
    let machine = Machine::new();
    let mut app = machine.start();
    let _tick = app.will_begin("booked single ");
    books(&app, 2);
    for (difference, told) in WRONG {
        for (difference, told) in [(difference, told), ("+0", "the clock was behind: ")] {
            let before = machine.all_ran();
            machine.set(difference);
            let _rest = app.will_begin(&format!("told {told}"));
            books(&app, 2);
            machine.is_sound(&before);
        }
    }
    assert!(app.terminate().success());
    machine.is_sound(&BTreeMap::new());
    machine.is_complete();
}
