//! A database with one of everything, made through the store as an application makes it, and a way to run the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::{JobSpec, Plan, Source};
use cron_core::policy::{CatchUp, CatchUpRule, Overlap, Retry};
use cron_core::run::{AttemptEnd, Failure, FailureKind, OwnerId, RunEvent};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{self, Claimed, JudgeRequest, Settlement, Store};
use serde_json::Value;
use tempfile::TempDir;

/// What a job may put into an error: colours, a bell, another line, text that turns around.
pub(crate) const NASTY: &str = "\u{1b}[31mboom\u{1b}[0m\u{7} \u{9b}2J\u{202e}x\nsecond line";

/// The moment at which the ledger of the fixture begins: a Monday.
pub(crate) const MONDAY: &str = "2026-01-05T08:59:30Z";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) struct Fixture {
    pub(crate) directory: TempDir,
    pub(crate) database: PathBuf,
}

/// What the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Refused, with nothing on stdout.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{}", self.err);
        self.err
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let out = self.good();
        assert_eq!(out.lines().count(), 1, "one object on one line: {out}");
        serde_json::from_str(&out).expect("JSON")
    }
}

/// The binary in an environment of its own.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inspect"));
    for variable in ["CRON_DATABASE_URL", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the binary without any database.
pub(crate) fn inspect(args: &[&str]) -> Said {
    binary().args(args).output().expect("the binary runs").into()
}

impl Fixture {
    pub(crate) fn empty() -> Self {
        let directory = TempDir::new().expect("a directory");
        let database = directory.path().join("jobs.db");
        Self { directory, database }
    }

    /// One of everything, from `start` on.
    pub(crate) fn new() -> Self {
        let fixture = Self::empty();
        fill(&fixture.database, at(MONDAY));
        fixture
    }

    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.database).expect("a store")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = binary();
        command.arg("--database").arg(&self.database).args(args);
        command
    }

    pub(crate) fn inspect(&self, args: &[&str]) -> Said {
        self.command(args).output().expect("the binary runs").into()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.inspect(&[args, &["--json"]].concat()).json()
    }
}

pub(crate) fn plan(spec: JobSpec) -> Plan {
    Plan::from_spec(&spec).expect("a plan")
}

fn plans() -> Vec<Plan> {
    let source = Source { file: "src/jobs.rs", line: 12, module: "app" };
    vec![
        plan(JobSpec {
            schedule: Some("cron(0 9 * * MON-FRI) Europe/London"),
            description: "Mails the morning report.",
            retry: Retry { retries: 3, ..Retry::DEFAULT },
            timeout: Some(Duration::from_secs(300)),
            source,
            ..JobSpec::new("morning_report")
        }),
        plan(JobSpec { schedule: Some("every(10s)"), source, ..JobSpec::new("heartbeat") }),
        plan(JobSpec {
            schedule: Some("cron(30 2 * * *) America/New_York"),
            catch_up: CatchUp { rule: CatchUpRule::All, ..CatchUp::DEFAULT },
            overlap: Overlap::Allow,
            source,
            ..JobSpec::new("cleanup")
        }),
        plan(JobSpec {
            schedule: Some("every(1m)"),
            description: "Breaks \u{1b}[1mthings.",
            ..JobSpec::new("billing/close-month")
        }),
        plan(JobSpec::new("remind")),
    ]
}

/// A store on which time passes by hand.
struct Crank<'a> {
    store: &'a SqliteStore,
    owner: OwnerId,
}

impl Crank<'_> {
    fn judge(&self, now: DateTime<Utc>) -> Vec<Claimed> {
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: 100, lease_until, owner: self.owner };
        self.store.judge(request).expect("a judgement").claimed
    }

    fn end(&self, claimed: &Claimed, started: DateTime<Utc>, ms: u64, end: AttemptEnd) {
        let duration = Duration::from_millis(ms);
        let ended = started + duration;
        let event = RunEvent::Ended { at: ended, end };
        let settlement = Settlement { claim: claimed.claim, started, duration, event, at: ended };
        self.store.settle(vec![settlement]).expect("a settlement");
    }
}

fn failed(message: &str) -> AttemptEnd {
    AttemptEnd::Failed(Failure { kind: FailureKind::Errored, message: message.to_owned() })
}

/// Fills a database: `start` is half a minute before 09:00 in London on a working day.
///
/// - morning_report: failed once, waits for its second attempt
/// - heartbeat: 3 ticks succeeded, one runs, two were skipped(overlap)
/// - cleanup: paused
/// - billing/close-month: fails with a nasty error
/// - remind: by hand only, triggered
/// - retired: not linked here
pub(crate) fn fill(database: &Path, start: DateTime<Utc>) {
    let store = SqliteStore::open(database).expect("a store");
    let second = |seconds| start + TimeDelta::seconds(seconds);
    store.join(start - TimeDelta::hours(30)).expect("joined");
    let retired = plan(JobSpec { schedule: Some("cron(0 0 * * *) UTC"), ..JobSpec::new("retired") });
    store.sync(&[retired], start - TimeDelta::hours(30)).expect("synced");
    store.leave(start - TimeDelta::hours(29)).expect("left");
    let owner = store.join(start).expect("joined");
    store.sync(&plans(), start).expect("synced");
    let crank = Crank { store: &store, owner };
    let name = |text: &str| text.parse().expect("a name");
    let pause = store::Command::Pause { job: name("cleanup"), by: "ana".into(), note: "moving house".into() };
    store.command(pause, second(1)).expect("paused");
    store.command(store::Command::Trigger { job: name("remind") }, second(2)).expect("triggered");
    for tick in [10, 20, 30, 40, 50, 60] {
        for claimed in crank.judge(second(tick)) {
            let end = match claimed.job.as_str() {
                "heartbeat" if tick < 40 => AttemptEnd::Succeeded,
                "morning_report" => failed("the mail server refused the connection\ncaused by: timed out"),
                "billing/close-month" => failed(NASTY),
                "remind" => AttemptEnd::Succeeded,
                _ => continue,
            };
            crank.end(&claimed, second(tick), 1_234, end);
        }
    }
}
