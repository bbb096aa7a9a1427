//! What the tests of whole programs share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use cron_runtime::core::audit::Audit;
use cron_runtime::store::Ledger;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::{Event, Scheduler};
use tokio::sync::broadcast::Receiver;

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
        let built = messages
            .lines()
            .filter_map(|line| line.split_once(marker))
            .filter_map(|(_, rest)| rest.split_once('"'));
        PathBuf::from(built.last().expect("cargo names the binary").0)
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
    match tokio::time::timeout(Duration::from_secs(60), wait).await {
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
