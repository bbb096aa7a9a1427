//! What cases play in: books, processes that share them, and the check at the end.

use std::fmt::Debug;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::{JobName, Plan};
pub(crate) use cron_runtime::core::judge::Next;
use cron_runtime::core::policy::Overlap;
pub(crate) use cron_runtime::core::run::{
    AttemptEnd, Failure, FailureKind, Origin, OwnerId, RunEvent, RunId, RunState, SkipReason, StateWord,
};
use cron_runtime::store::memory::MemoryStore;
use cron_runtime::store::sqlite::{CompleteError, SqliteStore, complete_in};
pub(crate) use cron_runtime::store::{
    AttemptInfo, Backfill, Cancel, Claim, Claimed, Command, CommandError, Done, GroupInfo, GroupLimit,
    HandlerInfo, JobInfo, JobKind, JobQuery, JudgeRequest, Judged, Ledger, LogLine, MarksAhead, Note, Page,
    PauseInfo, Program, Progress, RunFilter, RunInfo, RunQuery, Settled, Settlement, SkipInfo, Store,
    StoreError, Synced, Target, Trigger,
};
use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

use crate::jobs::{Job, at, second};

/// A store with both its halves, and what a function does to it past the engine.
pub(crate) trait Both: Store + Ledger {
    /// Completes an attempt at `now`, in a transaction where there are such. Says whether that counts.
    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> bool;
}

impl Both for MemoryStore {
    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> bool {
        self.complete(claim, now).expect("the books take it")
    }
}

impl Both for SqliteStore {
    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> bool {
        let mut connection = Connection::open(self.path()).expect("the file is there");
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .expect("nobody else writes for long");
        match complete_in(&transaction, Some(self.path()), claim, now) {
            Ok(()) => {
                transaction.commit().expect("it is kept");
                true
            }
            Err(CompleteError::Fenced { run } | CompleteError::AlreadyCompleted { run }) => {
                assert_eq!(run, claim.run);
                assert!(transaction.is_autocommit(), "what is refused is rolled back");
                false
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// One kind of store, with nothing in it.
pub(crate) trait Books: Debug {
    /// Others of the same kind, with nothing in them.
    fn fresh(&self) -> Box<dyn Books>;

    /// One more process on these books. When all others have gone, these are the books reopened.
    fn open(&self) -> Box<dyn Both>;
}

#[derive(Debug)]
pub(crate) struct MemoryBooks(MemoryStore);

impl MemoryBooks {
    pub(crate) fn new() -> Self {
        Self(MemoryStore::new())
    }
}

impl Books for MemoryBooks {
    fn fresh(&self) -> Box<dyn Books> {
        Box::new(Self::new())
    }

    fn open(&self) -> Box<dyn Both> {
        Box::new(self.0.another_process())
    }
}

#[derive(Debug)]
pub(crate) struct SqliteBooks(TempDir);

impl SqliteBooks {
    pub(crate) fn new() -> Self {
        Self(directory())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory().join("jobs.db")
    }

    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path()).expect("a file of our own opens")
    }
}

impl Books for SqliteBooks {
    fn fresh(&self) -> Box<dyn Books> {
        Box::new(Self::new())
    }

    fn open(&self) -> Box<dyn Both> {
        Box::new(self.store())
    }
}

/// A directory that goes away by itself, in memory where the system has such a place: the cases commit often, and what they
/// test is not the disk.
pub(crate) fn directory() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a temporary directory")
}

/// Plays a case on fresh books and holds what it leaves behind against the contract.
pub(crate) fn play(books: impl Books + 'static, case: fn(&World)) {
    let world = World::new(books);
    case(&world);
    assert_sound(world.open().as_ref());
}

/// Plays a case that looks into the file itself.
pub(crate) fn play_on_file(case: fn(&World, &Path)) {
    let books = SqliteBooks::new();
    let path = books.path();
    let world = World::new(books);
    case(&world, &path);
    assert_sound(world.open().as_ref());
}

#[derive(Debug)]
pub(crate) struct World {
    books: Box<dyn Books>,
}

impl World {
    pub(crate) fn new(books: impl Books + 'static) -> Self {
        Self { books: Box::new(books) }
    }

    /// Another world with fresh books of the same kind.
    pub(crate) fn another(&self) -> Self {
        Self { books: self.books.fresh() }
    }

    /// Starts a process that contains `jobs`.
    pub(crate) fn start(&self, second: i64, jobs: &[Job]) -> Process {
        let process = self.join(second);
        process.sync(second, jobs);
        process
    }

    /// Starts a process that has not said yet what it contains.
    pub(crate) fn join(&self, second: i64) -> Process {
        Process::join(self.open(), second)
    }

    /// A process that only looks, or gives commands: it does not join.
    pub(crate) fn open(&self) -> Box<dyn Both> {
        self.books.open()
    }
}

/// A process that works on the books. Its verbs take the time in seconds and refuse to fail.
#[derive(Debug)]
pub(crate) struct Process {
    store: Box<dyn Both>,
    pub(crate) owner: OwnerId,
}

impl Deref for Process {
    type Target = dyn Both;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}

/// How long the leases of cases last.
pub(crate) const LEASE: i64 = 30;

impl Process {
    pub(crate) fn join(store: Box<dyn Both>, second: i64) -> Self {
        let owner = store.join(at(second)).expect("joins");
        Self::new(store, owner)
    }

    pub(crate) fn new(store: Box<dyn Both>, owner: OwnerId) -> Self {
        Self { store, owner }
    }

    /// The store itself, for verbs at instants that are no whole second.
    pub(crate) fn store(&self) -> &dyn Both {
        self.store.as_ref()
    }

    pub(crate) fn sync(&self, second: i64, jobs: &[Job]) -> Synced {
        self.store.sync(&program(jobs), at(second)).expect("syncs")
    }

    pub(crate) fn judge(&self, second: i64) -> Judged {
        self.judge_few(second, 100)
    }

    pub(crate) fn judge_few(&self, second: i64, limit: usize) -> Judged {
        self.store.judge(self.request(second, limit)).expect("judges")
    }

    pub(crate) fn request(&self, second: i64, limit: usize) -> JudgeRequest {
        let lease_until = at(second) + TimeDelta::seconds(LEASE);
        JudgeRequest { now: at(second), limit, room: usize::MAX, lease_until, owner: self.owner }
    }

    /// Judges, and expects exactly one attempt to start.
    pub(crate) fn starts(&self, second: i64) -> Claimed {
        let mut claimed = self.judge(second).claimed;
        assert_eq!(claimed.len(), 1, "one attempt was to start at {second}: {claimed:?}");
        claimed.remove(0)
    }

    /// Judges, and expects no attempt to start.
    pub(crate) fn starts_nothing(&self, second: i64) {
        let claimed = self.judge(second).claimed;
        assert!(claimed.is_empty(), "nothing was to start at {second}: {claimed:?}");
    }

    pub(crate) fn end(&self, claim: Claim, second: i64, end: AttemptEnd) -> Settled {
        self.event(claim, second, RunEvent::Ended { at: at(second), end })
    }

    pub(crate) fn event(&self, claim: Claim, second: i64, event: RunEvent) -> Settled {
        let settled = self.store.settle(vec![settlement(claim, second, event)]).expect("settles");
        let [settled] = settled.try_into().expect("one answer for one settlement");
        settled
    }

    /// Ends an attempt well, and gives the instant at which a backlog that waited for it is due.
    pub(crate) fn succeed(&self, claim: Claim, second: i64) -> Option<DateTime<Utc>> {
        match self.end(claim, second, AttemptEnd::Succeeded) {
            Settled::Moved { state: RunState::Succeeded, gave_way: false, due } => due,
            other => panic!("{claim:?} did not succeed: {other:?}"),
        }
    }

    /// Fails an attempt and gives the state of its run.
    /// Ends an attempt well that has something to say about the next run.
    pub(crate) fn says(&self, claim: Claim, second: i64, next: Next) -> Settled {
        let event = RunEvent::Ended { at: at(second), end: AttemptEnd::Succeeded };
        let settlement = Settlement { next: Some(next), ..settlement(claim, second, event) };
        let mut settled = self.store.settle(vec![settlement]).expect("settles");
        settled.remove(0)
    }

    pub(crate) fn fail(&self, claim: Claim, second: i64, message: &str) -> RunState {
        match self.end(claim, second, failure(message)) {
            Settled::Moved { state, .. } => state,
            Settled::Fenced => panic!("the failure of {claim:?} was refused"),
        }
    }

    /// Completes an attempt in a transaction of its function's.
    pub(crate) fn completes(&self, claim: Claim, second: i64) {
        assert!(self.store.complete(claim, at(second)), "{claim:?} was to be completed");
    }

    pub(crate) fn reaps(&self, second: i64) -> Vec<RunId> {
        let reaped = self.store.reap(at(second)).expect("reaps");
        reaped.lost.into_iter().map(|(_, run, _)| run).collect()
    }

    pub(crate) fn leaves(self, second: i64) {
        self.store.leave(at(second)).expect("takes leave");
    }
}

/// Shorthands for what any process may do, whether it joined or not.
pub(crate) trait Desk {
    fn trigger(&self, job: &str, second: i64) -> Result<Done, CommandError>;
    fn triggered(&self, job: &str, second: i64) -> RunId;
    fn pause(&self, job: &str, second: i64, by: &str, note: &str) -> Result<Done, CommandError>;
    fn resume(&self, job: &str, second: i64) -> Result<Done, CommandError>;
    fn info(&self, job: &str) -> JobInfo;
    fn run_info(&self, run: RunId) -> RunInfo;
    fn attempts(&self, run: RunId) -> Vec<AttemptInfo>;
    fn skipped(&self, job: &str) -> Vec<SkipInfo>;
    fn ran(&self, job: &str) -> Vec<i64>;
    fn all_runs(&self) -> Vec<RunInfo>;
    fn all_jobs(&self) -> Vec<JobInfo>;
    fn does(&self, command: Command, second: i64) -> Done;
    fn cancels(&self, run: RunId, force: bool, second: i64) -> Done;
    fn state(&self, run: RunId) -> StateWord;
}

impl<T: Both + ?Sized> Desk for T {
    fn trigger(&self, job: &str, second: i64) -> Result<Done, CommandError> {
        self.command(trigger(job), at(second))
    }

    fn triggered(&self, job: &str, second: i64) -> RunId {
        match self.trigger(job, second) {
            Ok(Done::Triggered { run, waits_for: None }) => run,
            other => panic!("`{job}` was to be triggered: {other:?}"),
        }
    }

    fn pause(&self, job: &str, second: i64, by: &str, note: &str) -> Result<Done, CommandError> {
        self.command(pause(job, by, note), at(second))
    }

    fn resume(&self, job: &str, second: i64) -> Result<Done, CommandError> {
        self.command(resume(job), at(second))
    }

    fn info(&self, job: &str) -> JobInfo {
        self.job(job).expect("readable").expect("a known job")
    }

    fn run_info(&self, run: RunId) -> RunInfo {
        self.run(run).expect("readable").expect("a known run").0
    }

    fn attempts(&self, run: RunId) -> Vec<AttemptInfo> {
        self.run(run).expect("readable").expect("a known run").1
    }

    /// The blocks of skipped ticks, oldest first.
    fn skipped(&self, job: &str) -> Vec<SkipInfo> {
        let mut skips = self.skips(job, Page { limit: usize::MAX }).expect("readable");
        skips.reverse();
        skips
    }

    /// The nominal seconds of the runs of ticks, oldest first.
    fn ran(&self, job: &str) -> Vec<i64> {
        let runs = self.all_runs().into_iter().rev();
        let ticks = runs.filter(|run| run.job.as_str() == job && run.origin == Origin::Tick);
        ticks.map(|run| second(run.nominal)).collect()
    }

    /// All runs, newest first.
    fn all_runs(&self) -> Vec<RunInfo> {
        let page = Page { limit: usize::MAX };
        self.runs(&RunQuery { page, ..RunQuery::default() }).expect("readable")
    }

    fn all_jobs(&self) -> Vec<JobInfo> {
        self.jobs(&JobQuery::default()).expect("readable")
    }

    fn cancels(&self, run: RunId, force: bool, second: i64) -> Done {
        let (by, note) = ("eve".to_owned(), "enough".to_owned());
        self.does(Command::Cancel { what: Cancel::Run(run), force, by, note }, second)
    }

    fn state(&self, run: RunId) -> StateWord {
        self.run_info(run).state.word()
    }

    /// Has a command done that is not refused.
    fn does(&self, command: Command, second: i64) -> Done {
        self.command(command, at(second)).expect("the command is done")
    }
}

pub(crate) fn plans(jobs: &[Job]) -> Vec<Plan> {
    jobs.iter().map(|job| job.plan().clone()).collect()
}

pub(crate) fn program(jobs: &[Job]) -> Program {
    Program { plans: plans(jobs), groups: Vec::new(), ..Program::default() }
}

pub(crate) fn trigger(job: &str) -> Command {
    Command::Trigger(Trigger { job: name(job), args: None, force: false })
}

pub(crate) fn pause(job: &str, by: &str, note: &str) -> Command {
    Command::Pause { target: Target::Job(name(job)), by: by.to_owned(), note: note.to_owned() }
}

pub(crate) fn resume(job: &str) -> Command {
    Command::Resume { target: Target::Job(name(job)) }
}

pub(crate) fn name(text: &str) -> JobName {
    text.parse().expect("a name")
}

pub(crate) fn failure(message: &str) -> AttemptEnd {
    AttemptEnd::Failed(Failure { kind: FailureKind::Errored, message: message.to_owned(), retry_after: None })
}

pub(crate) fn moved(state: RunState) -> Settled {
    Settled::Moved { state, gave_way: false, due: None }
}

/// The end of an attempt that took one second.
pub(crate) fn settlement(claim: Claim, second: i64, event: RunEvent) -> Settlement {
    let duration = Duration::from_secs(1);
    Settlement {
        claim,
        started: at(second - 1),
        duration,
        event,
        next: None,
        note: Note::default(),
        at: at(second),
    }
}

/// Holds the books against the contract: the audit of every job, and that all reads tell the same story.
pub(crate) fn assert_sound(ledger: &dyn Both) {
    let runs = ledger.all_runs();
    for job in ledger.all_jobs() {
        let name = job.plan.name.as_str();
        let audit = ledger.audit(name).expect("readable").expect("a known job");
        assert!(audit.is_sound(), "the ledger of `{name}` breaks the contract: {audit:#?}");
        assert_eq!(ledger.info(name), job, "`{name}` alone and in the list");
        let of_job = || runs.iter().filter(|run| run.job == job.plan.name);
        let ticks = of_job().filter(|run| run.origin == Origin::Tick).count();
        // Dead letters are kept beyond the beginning of the record, and runs of a wrong clock beside it.
        assert!(audit.ran <= ticks as u64, "runs of ticks of `{name}`");
        let skipped: u64 = ledger.skipped(name).iter().map(|skip| skip.count).sum();
        match job.suspended {
            None => assert_eq!(audit.skipped(), skipped, "skipped ticks of `{name}`"),
            // Blocks after the mark that stand are not counted yet.
            Some(_) => assert!(audit.skipped() <= skipped, "skipped ticks of `{name}`"),
        }
        let mut ticks: Vec<_> =
            of_job().filter(|run| run.origin == Origin::Tick).map(|run| run.nominal).collect();
        ticks.sort_unstable();
        let twice = ticks.windows(2).find(|ticks| ticks[0] == ticks[1]);
        assert_eq!(twice, None, "a tick of `{name}` has two runs");
        let holding = of_job().filter(|run| run.state.holds_slot()).count();
        assert_eq!(job.active, holding as u64, "active runs of `{name}`");
        let active = of_job().filter(|run| run.state.is_active()).count();
        assert_eq!(job.active + job.parked, active as u64, "active and waiting runs of `{name}`");
        assert_eq!(
            job.last_run.as_ref(),
            of_job().max_by_key(|run| (run.nominal, run.id)),
            "newest run of `{name}`"
        );
        // A run that wants the slot of another one has it judged at once, also while the ticks are paused.
        let is_wanted = job.parked > 0 && job.active > 0 && job.plan.overlap == Overlap::Cancel;
        assert!(is_wanted || job.due.is_none() || job.paused.is_none(), "`{name}` is paused and due");
        let says = job.hold.is_some() || job.beside.is_some();
        assert!(
            is_wanted || says || job.due.is_none_or(|due| due > job.mark),
            "`{name}` is due before its mark"
        );
    }
}

/// A block of skipped ticks without holder and note.
pub(crate) fn block(reason: SkipReason, first: i64, last: i64, count: u64) -> SkipInfo {
    SkipInfo { first: at(first), last: at(last), count, reason, holder: None, note: String::new() }
}

pub(crate) fn missed(first: i64, last: i64, count: u64) -> SkipInfo {
    block(SkipReason::Missed, first, last, count)
}

/// One tick that found its slot taken.
pub(crate) fn overlap(tick: i64, holder: RunId) -> SkipInfo {
    SkipInfo { holder: Some(holder), ..block(SkipReason::Overlap, tick, tick, 1) }
}
