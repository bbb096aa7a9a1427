//! A scheduler with nothing to do does nothing: no polling, no processor time, no write. And it still hears the doorbell.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, RunQuery};
use cron_tests::{App, inspect};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

#[test]
fn a_thousand_jobs_due_in_an_hour_cost_nothing_and_a_command_is_noticed_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    // Built now, not while the time is taken.
    assert!(cron_tests::inspect_binary().exists());
    let app = App::start(env!("CARGO_BIN_EXE_app-idle"), &database, &[]);
    app.says("started");
    rest(Duration::from_secs(1));

    let before = Usage::of(&app, &database);
    rest(Duration::from_secs(30));
    let after = Usage::of(&app, &database);
    let switches = after.switches_since(&before);
    assert!(switches <= 5, "{switches} voluntary context switches in 30 s");
    // What the end of an idle thread of the blocking pool costs, many times over.
    let used = after.processor - before.processor;
    assert!(used < Duration::from_millis(5), "{used:?} of processor time in 30 s");
    assert_eq!(after.files, before.files, "it wrote to the database");

    let triggered = inspect(&database, &["trigger", "by_hand"]);
    assert!(triggered.status.success(), "{}", String::from_utf8_lossy(&triggered.stderr));
    app.says("by hand");
    let store = SqliteStore::open_existing(&database).expect("the database opens");
    let run = store
        .runs(&RunQuery { job: Some("by_hand".into()), ..RunQuery::default() })
        .expect("it is read")
        .remove(0);
    let noticed = run.started.expect("it was started") - run.nominal;
    assert!(noticed < chrono::TimeDelta::milliseconds(250), "noticed after {noticed}");
}

/// A program where the system gives its user no watch on files.
fn without_watches(program: &str) -> Command {
    let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", script, "sh", program]);
    command
}

#[test]
fn where_the_system_gives_no_watch_on_files_a_program_starts_says_so_and_hears_commands() {
    if !without_watches("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: this user may not have limits of its own (`unshare --user`)");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let mut command = without_watches(env!("CARGO_BIN_EXE_app-idle"));
    command.env("CRON_DATABASE_URL", &database);
    let mut app = App::spawn(command);
    app.says("started");
    let triggered = inspect(&database, &["trigger", "by_hand"]);
    assert!(triggered.status.success(), "{}", String::from_utf8_lossy(&triggered.stderr));
    app.says("by hand");
    assert!(app.terminate().success());
    let found = String::from_utf8_lossy(&inspect(&database, &["doctor", "--json"]).stdout).into_owned();
    assert!(
        found.contains("five times a second") && found.contains("fs.inotify.max_user_instances"),
        "{found}"
    );
}

/// What a process has used and written.
struct Usage {
    /// Voluntary context switches of each thread.
    switches: BTreeMap<u64, u64>,
    /// Of all threads that ever were, by the clock of the process: in nanoseconds, where the ticks of `/proc` are of 10 ms and one more of them may be a microsecond.
    processor: Duration,
    files: Vec<(SystemTime, u64)>,
}

impl Usage {
    fn of(app: &App, database: &Path) -> Self {
        let process = Path::new("/proc").join(app.id().to_string());
        let tasks = std::fs::read_dir(process.join("task")).expect("it lives");
        let switches = tasks.map(|task| {
            let status =
                std::fs::read_to_string(task.expect("an entry").path().join("status")).expect("it lives");
            let number = |name: &str| {
                let line = status.lines().find(|line| line.starts_with(name)).expect("it is there");
                line.split_whitespace().nth(1).and_then(|count| count.parse::<u64>().ok()).expect("a number")
            };
            (number("Pid:"), number("voluntary_ctxt_switches:"))
        });
        let clock = clock_getcpuclockid(Pid::from_raw(app.id().cast_signed())).expect("it lives");
        let processor = clock.now().expect("the clock is read").into();
        let files = ["", "-wal"].iter().map(|suffix| {
            let metadata = std::fs::metadata(format!("{}{suffix}", database.display())).expect("it is there");
            (metadata.modified().expect("a time"), metadata.len())
        });
        Self { switches: switches.collect(), processor, files: files.collect() }
    }

    /// A thread that ended in between (the runtime's blocking pool lets an idle one go after 10 s) counts as one switch.
    fn switches_since(&self, before: &Self) -> u64 {
        let living =
            self.switches.iter().map(|(thread, now)| now - before.switches.get(thread).unwrap_or(&0));
        let ended = before.switches.keys().filter(|thread| !self.switches.contains_key(thread)).count();
        living.sum::<u64>() + ended as u64
    }
}

fn rest(span: Duration) {
    std::thread::sleep(span);
}
