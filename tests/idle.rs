//! A scheduler with nothing to do does nothing: no polling, no processor time, no write. And it still hears the doorbell.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, RunQuery};
use cron_tests::inspect;

#[test]
fn a_thousand_jobs_due_in_an_hour_cost_nothing_and_a_command_is_noticed_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let (mut app, mut lines) = start(&database);
    assert_eq!(next(&mut lines), "started");
    rest(Duration::from_secs(1));

    let before = Usage::of(&app, &database);
    rest(Duration::from_secs(30));
    let after = Usage::of(&app, &database);
    let switches = after.switches - before.switches;
    assert!(switches <= 5, "{switches} voluntary context switches in 30 s");
    assert_eq!(after.processor_ticks, before.processor_ticks, "it used processor time");
    assert_eq!(after.files, before.files, "it wrote to the database");

    let triggered = inspect(&database, &["trigger", "by_hand"]);
    assert!(triggered.status.success(), "{}", String::from_utf8_lossy(&triggered.stderr));
    assert_eq!(next(&mut lines), "by hand");
    let store = SqliteStore::open_existing(&database).expect("the database opens");
    let run = store.runs(&RunQuery { job: Some("by_hand".into()), ..RunQuery::default() }).expect("it is read").remove(0);
    let noticed = run.started.expect("it was started") - run.nominal;
    assert!(noticed < chrono::TimeDelta::milliseconds(250), "noticed after {noticed}");
    app.kill().expect("it is there");
    app.wait().expect("it is gone");
}

/// What a process has used and written.
struct Usage {
    switches: u64,
    processor_ticks: u64,
    files: Vec<(SystemTime, u64)>,
}

impl Usage {
    fn of(app: &Child, database: &Path) -> Self {
        let process = Path::new("/proc").join(app.id().to_string());
        let tasks = std::fs::read_dir(process.join("task")).expect("it lives");
        let switches = tasks.map(|task| {
            let status = std::fs::read_to_string(task.expect("an entry").path().join("status")).expect("it lives");
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).expect("it is there");
            line.split_whitespace().nth(1).and_then(|count| count.parse::<u64>().ok()).expect("a number")
        });
        let stat = std::fs::read_to_string(process.join("stat")).expect("it lives");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
        let files = ["", "-wal"].iter().map(|suffix| {
            let metadata = std::fs::metadata(format!("{}{suffix}", database.display())).expect("it is there");
            (metadata.modified().expect("a time"), metadata.len())
        });
        Self { switches: switches.sum(), processor_ticks: ticks(11) + ticks(12), files: files.collect() }
    }
}

fn start(database: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_app-idle"))
        .env("CRON_DATABASE_URL", database)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the app starts");
    let stdout = child.stdout.take().expect("it is piped");
    (child, BufReader::new(stdout).lines())
}

fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines.next().expect("it speaks").expect("it speaks UTF-8")
}

#[expect(clippy::disallowed_methods, reason = "the passing of real time is what is tested")]
fn rest(span: Duration) {
    std::thread::sleep(span);
}
