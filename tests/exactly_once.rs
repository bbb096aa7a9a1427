//! A real process, killed with SIGKILL at random moments and right after its commits, twenty rounds on one database: each tick that
//! succeeded has its effect once, and no other tick has one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cron_runtime::core::run::StateWord;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, Page, RunInfo, RunQuery};
use cron_tests::quarantine::release;
use cron_tests::{App, audit, inspect};
use rusqlite::Connection;

const ROUNDS: u64 = 20;

const JOBS: [&str; 3] = ["frugal", "insistent", "own"];

#[test]
fn every_tick_that_ran_has_its_effect_once_over_twenty_kills() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    for round in 0..ROUNDS {
        let mut app = start(&database);
        let job = JOBS[(round % 4).min(2) as usize];
        if round % 2 == 0 {
            // The effect is on record and the function has not returned: nothing but the record knows.
            app.will_say(&format!("committed {job}"));
        } else {
            // A random moment is the point here: the process is hit wherever it happens to be.
            rest(100 + mixed(round) % 1_200);
        }
        app.kill();
        let report = inspect(&database, &["verify"]);
        assert!(report.status.success(), "round {round}: {}", String::from_utf8_lossy(&report.stdout));
    }

    // One last start ends what the last kill left behind, and a graceful end writes everything down.
    let mut app = start(&database);
    for job in JOBS {
        app.will_say(&format!("committed {job}"));
    }
    assert!(app.terminate().success());
    let report = inspect(&database, &["verify"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));

    let booked = read_booked(&database);
    let store = SqliteStore::open_existing(&database).expect("the database opens");
    let (mut counted, mut cut_off, mut again) = (0, 0, 0);
    for job in JOBS {
        assert!(audit(&database, job).is_sound(), "{job}");
        for run in runs_of(&store, job) {
            let epochs = booked.get(&(job.to_owned(), run.nominal.timestamp_millis())).cloned();
            let epochs = epochs.unwrap_or_default();
            counted += epochs.len();
            match run.state.word() {
                StateWord::Succeeded => {
                    assert_eq!(epochs, [run.epoch.0], "{run:?} by the attempt that is on record");
                    assert!(run.completed.is_some(), "{run:?}");
                    // How long it took nobody knows where its process was gone before it returned.
                    cut_off += usize::from(run.duration.is_none());
                    again += usize::from(run.attempts_used > 0);
                }
                StateWord::Failed if job == "frugal" => assert_eq!(epochs, [0; 0], "{run:?}"),
                StateWord::Quarantined | StateWord::Waiting | StateWord::Scheduled => {
                    assert_eq!(epochs, [0; 0], "{run:?}");
                }
                other => panic!("run {} of `{job}` ended as {other}", run.id),
            }
        }
    }
    let all: usize = booked.values().map(Vec::len).sum();
    assert_eq!(counted, all, "an effect without its run: {booked:?}");
    assert!(cut_off >= 5, "only {cut_off} kills between commit and return: this test shows little");
    assert!(again > 0, "no run succeeded in a later attempt: this test shows little");
}

fn start(database: &Path) -> App {
    let app = App::start(env!("CARGO_BIN_EXE_app-exactly-once"), database, &[]);
    app.says("started");
    // A job whose process dies in three of its runs in a row is in quarantine, and a person lets it go on.
    assert_eq!(release(database, &JOBS), [""; 0]);
    app
}

fn runs_of(store: &SqliteStore, job: &str) -> Vec<RunInfo> {
    let query = RunQuery { job: Some(job.to_owned()), page: Page { limit: 10_000 }, ..RunQuery::default() };
    store.runs(&query).expect("runs are read")
}

/// The epochs under which each tick was booked.
fn read_booked(database: &Path) -> BTreeMap<(String, i64), Vec<u64>> {
    let connection = Connection::open(database).expect("the database opens");
    let mut statement =
        connection.prepare("SELECT job, tick, epoch FROM booked").expect("the table is there");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)));
    let mut booked: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for row in rows.expect("it is read") {
        let (job, tick, epoch) = row.expect("it is read");
        booked.entry((job, tick)).or_default().push(epoch.cast_unsigned());
    }
    booked
}

/// The same "random" numbers in every run of this test, so that a failure can be looked at again.
fn mixed(seed: u64) -> u64 {
    cron_runtime::core::hash::Fnv::new().u64(seed).finish()
}

fn rest(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
