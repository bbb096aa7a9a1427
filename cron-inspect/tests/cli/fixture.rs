//! A database with one of everything, made through the store as an application makes it, and a way to run the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::{JobName, JobSpec, Plan, Source};
use cron_core::judge::Next;
use cron_core::policy::{CatchUp, CatchUpRule, Overlap, Retry};
use cron_core::run::{AttemptEnd, Failure, FailureKind, OwnerId, RunEvent};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{
    self, Claimed, Done, GroupLimit, JudgeRequest, Note, Program, Settlement, Store, Target, Trigger,
};
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

/// Now, for what the binary compares with its own clock.
pub(crate) fn now() -> DateTime<Utc> {
    use cron_runtime::clock::{Clock, SystemClock};
    SystemClock::new().moment().wall
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

    /// These jobs, and a program that contains them.
    pub(crate) fn with(plans: Vec<Plan>) -> (Self, Crank) {
        Self::with_groups(plans, &[])
    }

    pub(crate) fn with_groups(plans: Vec<Plan>, limits: &[(&str, u32)]) -> (Self, Crank) {
        let fixture = Self::empty();
        let limit = |(group, max_running): &(&str, u32)| GroupLimit {
            group: group.parse().expect("a group"),
            max_running: *max_running,
        };
        let groups = limits.iter().map(limit).collect();
        let crank = Crank::start(&fixture.database, plans, groups, at(MONDAY));
        (fixture, crank)
    }

    /// Every row of every table.
    pub(crate) fn contents(&self) -> String {
        let file = rusqlite::Connection::open(&self.database).expect("a database");
        let mut names = file
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .expect("a statement");
        let names: Vec<String> =
            names.query_map([], |row| row.get(0)).expect("rows").map(|name| name.expect("a name")).collect();
        let mut contents = String::new();
        for name in names {
            let mut rows = file.prepare(&format!("SELECT * FROM \"{name}\"")).expect("a statement");
            let columns = rows.column_count();
            let mut rows = rows.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                let cell = |at| format!("{:?}", row.get_ref(at).expect("a cell"));
                let cells: Vec<_> = (0..columns).map(cell).collect();
                contents.push_str(&format!("{name}: {}\n", cells.join(", ")));
            }
        }
        contents
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
pub(crate) struct Crank {
    pub(crate) store: SqliteStore,
    owner: OwnerId,
}

impl Crank {
    /// A program that contains these jobs joins the store.
    pub(crate) fn start(
        database: &Path,
        plans: Vec<Plan>,
        groups: Vec<GroupLimit>,
        now: DateTime<Utc>,
    ) -> Self {
        let store = SqliteStore::open(database).expect("a store");
        let owner = store.join(now).expect("joined");
        store.sync(&Program { plans, groups, ..Program::default() }, now).expect("synced");
        Self { store, owner }
    }

    /// Another program with the same jobs goes on in its place: `name` is how its attempts name it.
    pub(crate) fn replace(&mut self, database: &Path, name: &str, plans: Vec<Plan>, now: DateTime<Utc>) {
        self.store.leave(now).expect("left");
        self.store = SqliteStore::open(database).expect("a store");
        self.owner = self.store.join(now).expect("joined");
        let program = Program { plans, name: name.to_owned(), ..Program::default() };
        self.store.sync(&program, now).expect("synced");
    }

    pub(crate) fn judge(&self, now: DateTime<Utc>) -> Vec<Claimed> {
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: 100, room: 100, lease_until, owner: self.owner };
        self.store.judge(request).expect("a judgement").claimed
    }

    pub(crate) fn end(&self, claimed: &Claimed, started: DateTime<Utc>, ms: u64, end: AttemptEnd) {
        self.end_with(claimed, started, ms, end, None);
    }

    /// The same with a word about the next run.
    pub(crate) fn end_with(
        &self,
        claimed: &Claimed,
        started: DateTime<Utc>,
        ms: u64,
        end: AttemptEnd,
        next: Option<Next>,
    ) {
        let duration = Duration::from_millis(ms);
        let ended = started + duration;
        let event = RunEvent::Ended { at: ended, end };
        let note = Note::default();
        let settlement = Settlement { claim: claimed.claim, started, duration, event, next, note, at: ended };
        self.store.settle(vec![settlement]).expect("a settlement");
    }

    pub(crate) fn note(&self, claimed: &Claimed, note: Note) {
        assert_eq!(self.store.note(vec![(claimed.claim, note)]).expect("noted"), []);
    }

    pub(crate) fn command(&self, command: store::Command, now: DateTime<Utc>) -> Done {
        self.store.command(command, now).expect("done")
    }

    pub(crate) fn trigger(&self, job: &str, now: DateTime<Utc>) -> Done {
        let trigger = Trigger { job: name(job), args: None, force: false };
        self.command(store::Command::Trigger(trigger), now)
    }
}

pub(crate) fn name(text: &str) -> JobName {
    text.parse().expect("a name")
}

pub(crate) fn failed(message: &str) -> AttemptEnd {
    let message = message.to_owned();
    AttemptEnd::Failed(Failure { kind: FailureKind::Errored, message, retry_after: None })
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
    let second = |seconds| start + TimeDelta::seconds(seconds);
    let retired = plan(JobSpec { schedule: Some("cron(0 0 * * *) UTC"), ..JobSpec::new("retired") });
    let old = Crank::start(database, vec![retired], Vec::new(), start - TimeDelta::hours(30));
    old.store.leave(start - TimeDelta::hours(29)).expect("left");
    drop(old);
    let crank = Crank::start(database, plans(), Vec::new(), start);
    let target = Target::Job(name("cleanup"));
    let pause = store::Command::Pause { target, by: "ana".into(), note: "moving house".into() };
    crank.command(pause, second(1));
    crank.trigger("remind", second(2));
    for tick in [10, 20, 30, 40, 50, 60] {
        for claimed in crank.judge(second(tick)) {
            let end = match claimed.job().as_str() {
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
