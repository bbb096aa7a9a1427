//! Real trouble with the file of a running program: a disk that is full, and a file that cannot be written. Running jobs go on, the
//! problem is told, nothing starts without a record, and as soon as it can be written all goes on by itself.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cron_tests::{App, audit, inspect, inspect_binary};
use nix::sys::signal::Signal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_app-enduring");

/// From the beginning of the trouble to its end, whatever it is.
fn endures(app: &App, begin: impl FnOnce(), meanwhile: impl FnOnce(), end: impl FnOnce()) {
    begin();
    app.says("cannot write");
    // A job that was running goes on, and its result waits for the store.
    app.signal(Signal::SIGHUP);
    app.says("long returns");
    meanwhile();
    // Ticks come due meanwhile; that none of them starts is what this waits for.
    std::thread::sleep(Duration::from_secs(3));
    end();
    // The result that waited is written first, and by that it is known that the trouble is over.
    let (first, second) = (app.line(), app.line());
    let over = "writes again; 0 started meanwhile";
    assert!(
        [first.as_str(), second.as_str()] == [over, "long succeeded"]
            || first == "long succeeded" && second == over,
        "{first}, {second}"
    );
    app.says("often ran");
}

#[test]
fn a_file_that_cannot_be_written_for_a_while_costs_nothing_but_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut app = App::start(PROGRAM, &database, &[]);
    app.says("started");
    app.says("often ran");
    endures(&app, || app.signal(Signal::SIGUSR1), || {}, || app.signal(Signal::SIGUSR2));
    let doctor = inspect(&database, &["doctor", "--json"]);
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(app.terminate().success());
    assert_eq!(doctor.status.code(), Some(1), "the trouble of a moment ago is a finding: {found}");
    assert!(found.contains("store_failing: over after"), "{found}");
    for job in ["often", "long"] {
        let audit = audit(&database, job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
    let verify = inspect(&database, &["verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

#[test]
fn a_file_that_is_moved_away_for_a_while_costs_nothing_but_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let (database, elsewhere) = (directory.path().join("jobs.db"), directory.path().join("elsewhere.db"));
    let mut app = App::start(PROGRAM, &database, &[]);
    app.says("started");
    app.says("often ran");
    let take = || std::fs::rename(&database, &elsewhere).expect("it is there");
    let put_back = || std::fs::rename(&elsewhere, &database).expect("it is there");
    endures(&app, take, || assert!(!database.exists(), "nobody has made another one"), put_back);
    let found = String::from_utf8_lossy(&inspect(&database, &["doctor", "--json"]).stdout).into_owned();
    assert!(found.contains("is gone"), "{found}");
    assert!(app.terminate().success());
    for job in ["often", "long"] {
        let audit = audit(&database, job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
}

/// Another connection that writes one short transaction after the other, and leaves the lock free for moments only.
fn import(database: &Path, is_over: &AtomicBool) -> u64 {
    let file = rusqlite::Connection::open(database).expect("it opens");
    file.busy_timeout(Duration::from_secs(60)).expect("it is told");
    file.pragma_update(None, "synchronous", "OFF").expect("this is not about the power");
    file.execute_batch("CREATE TABLE app_rows (id INTEGER PRIMARY KEY, text TEXT)").expect("a table");
    let sql = "BEGIN IMMEDIATE; INSERT INTO app_rows (text) VALUES ('a line'), ('another one'); COMMIT";
    let mut transactions = 0;
    while !is_over.load(Ordering::SeqCst) {
        file.execute_batch(sql).expect("its turn comes");
        transactions += 1;
    }
    transactions
}

#[test]
fn beside_an_import_ticks_go_on_and_a_person_is_heard() {
    let directory = tempfile::tempdir().expect("a directory");
    let (database, calls) = (directory.path().join("jobs.db"), directory.path().join("calls"));
    let program = env!("CARGO_BIN_EXE_app-steady");
    let mut app = App::start(program, &database, &[("CALLS", calls.as_os_str())]);
    app.says("started");
    let is_over = AtomicBool::new(false);
    let called = || std::fs::read_to_string(&calls).unwrap_or_default().lines().count();
    std::thread::scope(|scope| {
        let import = scope.spawn(|| import(&database, &is_over));
        let before = called();
        for _ in 0..6_000 {
            if called() >= before + 10 || import.is_finished() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let (after, paused) = (called(), inspect(&database, &["pause", "daily"]));
        is_over.store(true, Ordering::SeqCst);
        assert!(import.join().expect("it only writes") > 100);
        assert!(after >= before + 10, "{before}, {after}");
        assert!(paused.status.success(), "{}", String::from_utf8_lossy(&paused.stderr));
    });
    assert!(app.terminate().success());
    // Not held against a number: the machine may have other things to do. docs/performance.md has it.
    let file = rusqlite::Connection::open(&database).expect("it opens");
    let sql =
        "SELECT started_ms - nominal_ms FROM runs WHERE origin = 'tick' AND state = 'succeeded' ORDER BY 1";
    let mut rows = file.prepare(sql).expect("a statement");
    let late: Vec<i64> = rows.query_map([], |row| row.get(0)).expect("rows").flatten().collect();
    println!("lateness beside an import, in milliseconds: {late:?}");
    for job in ["second", "insistent"] {
        let audit = audit(&database, job);
        assert!(audit.is_sound(), "{job}: {audit:?}");
    }
}

/// A small disk that only the program and those who enter its namespace see.
fn on_a_small_disk(mount: &Path) -> Option<Command> {
    let script = "mount -t tmpfs -o size=4m tmpfs \"$1\" && shift && exec \"$@\"";
    let command = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(mount).arg(program);
        command
    };
    let may = command("true").output().is_ok_and(|output| output.status.success());
    may.then(|| command(PROGRAM))
}

/// Runs inspect where the program sees its disk.
fn inspect_inside(app: &App, database: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("nsenter");
    command.arg("--target").arg(app.id().to_string()).arg("--mount").arg(inspect_binary()).args(arguments);
    command.arg("--database").arg(database).output().expect("nsenter is where unshare is")
}

#[test]
fn a_full_disk_costs_nothing_but_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some(mut command) = on_a_small_disk(directory.path()) else {
        eprintln!(
            "SKIPPED: this user may not mount a disk of its own (`unshare --mount`, `mount -t tmpfs`); run it as root"
        );
        return;
    };
    assert!(inspect_binary().exists(), "built now, not while the disk is full");
    let database = directory.path().join("jobs.db");
    command.env("CRON_DATABASE_URL", &database);
    let mut app = App::spawn(command);
    app.says("started");
    app.says("often ran");
    let inside = Path::new("/proc").join(app.id().to_string()).join("root");
    let filler = inside.join(directory.path().strip_prefix("/").expect("it is absolute")).join("filler");
    let fill = || {
        // Until nothing more goes in: a file of zeroes that is longer than the disk.
        std::fs::write(&filler, vec![0_u8; 8 << 20]).expect_err("the disk is smaller");
    };
    let meanwhile = || {
        let doctor = inspect_inside(&app, &database, &["doctor"]);
        let found = String::from_utf8_lossy(&doctor.stdout);
        assert_eq!(doctor.status.code(), Some(1), "{found}");
        assert!(found.contains("the disk is full"), "{found}");
    };
    endures(&app, fill, meanwhile, || std::fs::remove_file(&filler).expect("it is there"));
    let verify = inspect_inside(&app, &database, &["verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    assert!(app.terminate().success());
}
