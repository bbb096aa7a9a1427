//! What the tests of whole programs share.

pub mod faketime;
pub mod quarantine;
pub mod witness;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver as Lines, channel};
use std::time::{Duration, Instant};

use cron_runtime::core::audit::Audit;
use cron_runtime::store::Ledger;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::{Event, Scheduler};
use nix::sys::signal::Signal;
use tokio::sync::broadcast::Receiver;

/// How long a test waits for something that ought to happen at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program under test. It is killed when this is dropped, whatever the test finds.
#[derive(Debug)]
pub struct App {
    child: Child,
    lines: Lines<String>,
}

impl App {
    /// Starts a program on a database.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(program: &str, database: &Path, environment: &[(&str, &OsStr)]) -> Self {
        let mut command = Command::new(program);
        command.env("CRON_DATABASE_URL", database).envs(environment.iter().copied());
        Self::spawn(command)
    }

    /// Starts a program that is described otherwise.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Its number among processes.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line.
    ///
    /// # Panics
    ///
    /// If it says something else, or nothing for a minute.
    pub fn says(&self, line: &str) {
        assert_eq!(self.lines.recv_timeout(PATIENCE).as_deref(), Ok(line));
    }

    /// Waits for a line, whatever it says.
    ///
    /// # Panics
    ///
    /// If it says nothing for a minute.
    #[must_use]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it says something")
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    ///
    /// If it does not for a minute.
    #[must_use]
    pub fn ends(&mut self) -> ExitStatus {
        wait_until("it has ended", || self.child.try_wait().expect("it can be asked").is_some());
        self.child.wait().expect("it has ended")
    }

    /// Waits for a line that begins so, whatever it says before, and gives the rest of it.
    ///
    /// # Panics
    ///
    /// If it does not come for a minute, or the program ends.
    #[must_use]
    pub fn will_begin(&self, line: &str) -> String {
        self.waits(line, |said| said.strip_prefix(line).map(str::to_owned))
    }

    /// Waits for a line, whatever it says before.
    ///
    /// # Panics
    ///
    /// If it does not come for a minute, or the program ends.
    pub fn will_say(&self, line: &str) {
        self.waits(line, |said| (said == line).then_some(()));
    }

    fn waits<T>(&self, line: &str, pick: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            // A program that says other things for ever does not say this.
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let said = self.lines.recv_timeout(left);
            let said = said.unwrap_or_else(|error| panic!("waiting for {line:?}: {error}"));
            if let Some(found) = pick(&said) {
                return found;
            }
        }
    }

    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it can be killed");
    }

    /// Asks it to end with SIGTERM and waits for that.
    ///
    /// # Panics
    ///
    /// If it cannot be asked.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.child.wait().expect("it ends")
    }

    /// Sends it a signal, as soon as it listens to those that ask for its end.
    ///
    /// # Panics
    ///
    /// If it is gone, or does not listen for a minute.
    pub fn signal(&self, signal: Signal) {
        wait_until("it listens to signals", || self.listens());
        let process = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(process, signal).expect("it lives");
    }
}

impl App {
    /// Whether it has begun to listen to SIGINT, which it does last. Systems that do not say are trusted.
    fn listens(&self) -> bool {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", self.id())) else { return true };
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(u64::MAX);
        caught & 1 << (Signal::SIGINT as u32 - 1) != 0
    }
}

/// Waits for a fact.
///
/// # Panics
///
/// If it is none for a minute.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..PATIENCE.as_millis() / 10 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited a minute until {what}");
}

impl Drop for App {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The inspect binary, built by the cargo that runs the tests.
///
/// # Panics
///
/// If it cannot be built.
#[must_use]
pub fn inspect_binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--quiet", "--message-format=json", "-p", "cron-inspect", "--bin", "inspect"])
            .arg("--manifest-path")
            .arg(manifest)
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let marker = "\"executable\":\"";
        let mut built = messages
            .lines()
            .filter_map(|line| line.split_once(marker))
            .filter_map(|(_, rest)| rest.split_once('"'));
        PathBuf::from(built.next_back().expect("cargo names the binary").0)
    })
}

/// Runs inspect on a database.
///
/// # Panics
///
/// If it cannot be started.
#[must_use]
pub fn inspect(database: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(inspect_binary());
    command.args(arguments).arg("--database").arg(database);
    command.output().expect("inspect starts")
}

/// The audit of a job in a file that nobody needs to serve.
///
/// # Panics
///
/// If the file or the job is not there.
#[must_use]
pub fn audit(database: &Path, job: &str) -> Audit {
    let store = SqliteStore::open_existing(database).expect("the database opens");
    store.audit(job).expect("the audit is read").expect("the job is there")
}

/// Waits for an event for which `pick` gives something.
///
/// # Panics
///
/// After a minute, or when the scheduler stops: what was waited for did not happen.
pub async fn wait_for<T>(
    events: &mut Receiver<Event>,
    what: &str,
    mut pick: impl FnMut(Event) -> Option<T>,
) -> T {
    let wait = async {
        loop {
            let event = events.recv().await.unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
            if let Some(found) = pick(event) {
                return found;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(found) => found,
        Err(_) => panic!("waited a minute for {what}"),
    }
}

/// Starts the jobs of this program on a database in a directory of its own.
///
/// # Panics
///
/// If it does not start.
pub async fn start_in(directory: &Path) -> Scheduler {
    let database = directory.join("jobs.db").to_string_lossy().into_owned();
    cron_runtime::start().database(database).await.expect("it starts")
}
