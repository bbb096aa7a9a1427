//! Random histories: a store and the reference live through the same one, and every answer and the whole ledger must be equal.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::audit::Audit;
use cron_runtime::core::judge::Next;
use cron_runtime::core::policy::{BackfillOrder, CatchUpRule, Only, Retention};
use cron_runtime::core::run::{Epoch, RunEvent, RunId};
use cron_runtime::core::schedule::Schedule;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, AttemptInfo, Backfill, Books, Both, Cancel, Claim, Command, Desk, Failure, FailureKind,
    GroupInfo, GroupLimit, JobInfo, JudgeRequest, LogLine, MemoryBooks, Note, Process, Program, Progress,
    RunInfo, RunQuery, Settlement, SkipInfo, Target, Trigger, assert_sound, name, plans,
};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// With those of dynamic jobs.
const ALL_NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Plays random histories. `PROPTEST_CASES` asks for more of them.
pub(crate) fn compare<B: Books + 'static>(fresh: impl Fn() -> B) {
    let first = jobs().prop_map(|jobs| Step { after: 0, who: 0, deed: Deed::Restart(jobs) });
    let second = jobs().prop_map(|jobs| Step { after: 500, who: 1, deed: Deed::Restart(jobs) });
    let rest = prop::collection::vec(step(), 30..60);
    let histories =
        (first, second, rest).prop_map(|(first, second, rest)| [vec![first, second], rest].concat());
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&histories, |history| live_through(fresh(), &history));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// What happens next, and how much later, in milliseconds.
#[derive(Clone, Debug)]
struct Step {
    after: i64,
    who: usize,
    deed: Deed,
}

#[derive(Clone, Debug)]
enum Deed {
    Restart(Vec<Job>),
    Sync(Vec<Job>),
    Leave,
    Judge { limit: usize, room: usize },
    Settle(Vec<(prop::sample::Index, u64, RunEvent, Option<Next>)>),
    Note(Vec<(prop::sample::Index, u64)>),
    Renew(Vec<prop::sample::Index>, i64),
    Reap,
    SetBack,
    Prune { limit: usize },
    Command(Wish),
}

/// What a person asks for; runs are picked among those that there are.
#[derive(Clone, Debug)]
enum Wish {
    Trigger { job: &'static str, args: Option<&'static str>, force: bool },
    TriggerGroup,
    Pause(Option<&'static str>),
    Resume(Option<&'static str>),
    Cancel { run: prop::sample::Index, force: bool },
    CancelAll { job: Option<&'static str>, force: bool },
    Retry { run: prop::sample::Index, force: bool },
    RetryAll(Option<&'static str>),
    Dismiss(prop::sample::Index),
    DismissAll(Option<&'static str>),
    Backfill { job: &'static str, back: i64, length: i64, order: BackfillOrder, only: Only, concurrency: u32 },
    Upsert(Vec<Job>),
    Remove(Vec<&'static str>),
}

fn step() -> impl Strategy<Value = Step> {
    // Mostly on or around the edges of periods; now and then an outage, a wake from sleep, a clock that is set back.
    let after = prop_oneof![
        8 => (0i64..25).prop_map(|halves| halves * 500),
        2 => 0i64..9_999,
        1 => 30_000i64..400_000,
        1 => -60_000i64..0,
    ];
    (after, 0usize..2, deed()).prop_map(|(after, who, deed)| Step { after, who, deed })
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<prop::sample::Index>;
    let bend = || prop_oneof![9 => Just(0u64), 1 => 1u64..3];
    let settlement = (index(), bend(), event(), next());
    let picks = prop::collection::vec(index(), 0..3);
    let limit = || prop_oneof![1 => 0usize..3, 3 => Just(9)];
    prop_oneof![
        2 => jobs().prop_map(Deed::Restart),
        2 => jobs().prop_map(Deed::Sync),
        1 => Just(Deed::Leave),
        24 => (limit(), limit()).prop_map(|(limit, room)| Deed::Judge { limit, room }),
        18 => prop::collection::vec(settlement, 1..4).prop_map(Deed::Settle),
        2 => prop::collection::vec((index(), bend()), 1..3).prop_map(Deed::Note),
        2 => (picks, 0i64..90_000).prop_map(|(picks, lease)| Deed::Renew(picks, lease)),
        2 => Just(Deed::Reap),
        1 => Just(Deed::SetBack),
        1 => limit().prop_map(|limit| Deed::Prune { limit }),
        16 => wish().prop_map(Deed::Command),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let index = any::<prop::sample::Index>;
    let name = || prop::sample::select(&ALL_NAMES[..]);
    let perhaps = || prop::option::of(name());
    let order = prop::sample::select(BackfillOrder::ALL);
    let only = prop::sample::select(Only::ALL);
    prop_oneof![
        4 => (name(), prop::option::weighted(0.2, Just("[1]")), any::<bool>())
            .prop_map(|(job, args, force)| Wish::Trigger { job, args, force }),
        1 => Just(Wish::TriggerGroup),
        2 => perhaps().prop_map(Wish::Pause),
        3 => perhaps().prop_map(Wish::Resume),
        2 => (index(), any::<bool>()).prop_map(|(run, force)| Wish::Cancel { run, force }),
        1 => (perhaps(), any::<bool>()).prop_map(|(job, force)| Wish::CancelAll { job, force }),
        2 => (index(), any::<bool>()).prop_map(|(run, force)| Wish::Retry { run, force }),
        1 => perhaps().prop_map(Wish::RetryAll),
        1 => index().prop_map(Wish::Dismiss),
        1 => perhaps().prop_map(Wish::DismissAll),
        3 => (name(), 0i64..100, -5i64..60, order, only, 0u32..4).prop_map(
            |(job, back, length, order, only, concurrency)| {
                Wish::Backfill { job, back, length, order, only, concurrency }
            }
        ),
        3 => prop::collection::vec(dynamic(), 0..3).prop_map(Wish::Upsert),
        2 => prop::collection::vec(name(), 1..3).prop_map(Wish::Remove),
    ]
}

fn next() -> impl Strategy<Value = Option<Next>> {
    prop_oneof![
        8 => Just(None),
        1 => Just(Some(Next::Scheduled)),
        1 => (0u64..60_000).prop_map(|ms| Some(Next::After(Duration::from_millis(ms)))),
        1 => (-20i64..200).prop_map(|second| Some(Next::At(at(second)))),
        1 => Just(Some(Next::Never)),
    ]
}

fn event() -> impl Strategy<Value = RunEvent> {
    let message = prop::sample::select(&["", "no", "two\nlines"][..]);
    let end = prop_oneof![
        4 => Just(AttemptEnd::Succeeded),
        4 => (prop::sample::select(FailureKind::ALL), message, prop::option::weighted(0.2, 0u64..30)).prop_map(
            |(kind, message, wait)| {
                let retry_after = wait.map(Duration::from_secs);
                AttemptEnd::Failed(Failure { kind, message: message.to_owned(), retry_after })
            }
        ),
        1 => Just(AttemptEnd::Cancelled { why: "asked".to_owned() }),
        1 => Just(AttemptEnd::Discarded { message: "never".to_owned() }),
        2 => Just(AttemptEnd::Interrupted),
        1 => Just(AttemptEnd::Lost),
    ];
    // The instants are put in when it happens.
    prop_oneof![
        9 => end.prop_map(|end| RunEvent::Ended { at: at(0), end }),
        1 => Just(RunEvent::Overrun { at: at(0) }),
        1 => Just(RunEvent::Cancel { at: at(0), why: "an end of its own".to_owned() }),
    ]
}

/// The declarations of a program: any of the jobs, each in any form.
fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let one = |name: &'static str| prop::option::weighted(0.8, declaration(name));
    (one("a"), one("b"), one("c")).prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
}

/// A dynamic job, on a function that may be there or not, and sometimes with a name that it may not have.
fn dynamic() -> impl Strategy<Value = Job> {
    let names = prop::sample::select(&["d", "d", "e", "e", "a"][..]);
    let handler = prop::sample::select(&["a", "b", "b", "z"][..]);
    (names.prop_flat_map(declaration), handler, any::<bool>()).prop_map(|(job, handler, brief)| {
        let job = job.on(handler).args("{}");
        if brief { job.temporary() } else { job }
    })
}

fn declaration(name: &'static str) -> impl Strategy<Value = Job> {
    let every = |period, phase| Some(Schedule::every(period, phase).expect("a period"));
    let schedules = vec![
        None,
        every("10s", None),
        every("10s", None),
        every("7s", None),
        every("10s", Some("3s")),
        every("1500ms", None),
        Some(Schedule::every_after_finish("10s").expect("a period")),
        Some(Schedule::every_after_finish("1500ms").expect("a period")),
        Some(Schedule::cron("*/5 * * * * *", "Europe/London").expect("an expression")),
        Some(Schedule::once("30s").expect("a delay")),
        Some(Schedule::at_instant(at(45))),
        Some(Schedule::at_instant(at(-45))),
    ];
    let schedule = prop::sample::select(schedules);
    let rule = prop::sample::select(CatchUpRule::ALL);
    let bounds = (prop::option::weighted(0.2, 1u64..60), prop::option::weighted(0.2, 0u64..40));
    let retries = (0u32..3, any::<bool>());
    let overlap = prop_oneof![
        4 => Just(None),
        3 => (1u32..3).prop_map(|depth| Some((0, depth))),
        3 => (1u32..20).prop_map(|grace| Some((1, grace))),
        3 => prop::option::of(1u32..4).prop_map(|most| Some((2, most.unwrap_or(0)))),
    ];
    let spread = (prop::option::weighted(0.2, 1u64..9), prop::bool::weighted(0.2), prop::bool::weighted(0.4));
    let rank = prop::sample::select(&[50, 50, 90, 10][..]);
    let keep = prop::sample::select(&[(10_000, 900), (2, 900), (10_000, 30)][..]);
    let was = prop::option::weighted(0.15, prop::sample::select(&NAMES[..]));
    let extra = (rank, keep, was.prop_map(move |was| was.filter(|was| *was != name)));
    (schedule, rule, 1u32..5, bounds, overlap, retries, spread, extra).prop_map(
        move |(schedule, rule, limit, (window, grace), overlap, (retries, past_next), spread, extra)| {
            let mut job = job(name).scheduled(schedule).catch_up(rule).limit(limit).retries(retries);
            job = match overlap {
                None => job,
                Some((0, depth)) => job.queue(depth),
                Some((1, grace)) => job.cancel(u64::from(grace)),
                Some((_, 0)) => job.allow(),
                Some((_, most)) => job.allow().max_running(most),
            };
            job = if past_next { job.retry_past_next() } else { job };
            let (jitter, on_start, grouped) = spread;
            job = if on_start { job.run_on_start() } else { job };
            job = if grouped { job.group("team") } else { job };
            job = jitter.into_iter().fold(job, Job::jitter);
            let (rank, (runs, age), was) = extra;
            let seconds = Duration::from_secs;
            job = job.priority(rank).keep(Retention {
                runs,
                age: seconds(age),
                dead: runs,
                dead_age: seconds(2 * age),
            });
            job = was.into_iter().fold(job, Job::was);
            job = window.into_iter().fold(job, Job::window);
            grace.into_iter().fold(job, Job::grace)
        },
    )
}

/// Every second program bounds its group.
fn of(jobs: &[Job]) -> Program {
    let groups = if jobs.len() % 2 == 0 {
        Vec::new()
    } else {
        vec![GroupLimit { group: "team".parse().expect("a name"), max_running: jobs.len() as u32 }]
    };
    Program { plans: plans(jobs), groups }
}

/// One store with its two processes, of which either may be away.
#[derive(Debug)]
struct Side {
    books: Box<dyn Books>,
    person: Box<dyn Both>,
    processes: [Option<Process>; 2],
}

fn live_through(books: impl Books + 'static, history: &[Step]) -> Result<(), TestCaseError> {
    let side = |books: Box<dyn Books>| Side { person: books.open(), books, processes: [None, None] };
    let (mut reference, mut store) = (side(Box::new(MemoryBooks::new())), side(Box::new(books)));
    let mut claims = Vec::new();
    let mut now = at(0);
    for (index, step) in history.iter().enumerate() {
        now += TimeDelta::milliseconds(step.after);
        let mut claimed = Vec::new();
        let want = reference.act(step, now, &claims, &mut claimed);
        let got = store.act(step, now, &claims, &mut Vec::new());
        prop_assert_eq!(want, got, "step {}: {:?} at {}", index, step, now);
        claims.append(&mut claimed);
        if index % 8 == 7 || index + 1 == history.len() {
            same_ledger(reference.person.as_ref(), store.person.as_ref())?;
        }
    }
    assert_sound(store.person.as_ref());
    Ok(())
}

impl Side {
    /// Does a step and gives the answer as text; attempts that were claimed are added to `claimed`.
    fn act(&mut self, step: &Step, now: DateTime<Utc>, claims: &[Claim], claimed: &mut Vec<Claim>) -> String {
        let Step { who, deed, .. } = step;
        match deed {
            Deed::Restart(jobs) => {
                let left = self.leave(*who, now);
                let store = self.books.open();
                let owner = store.join(now).expect("joins");
                let process = Process::new(store, owner);
                let synced = process.store().sync(&of(jobs), now);
                self.processes[*who] = Some(process);
                return format!("{left:?} {owner:?} {synced:?}");
            }
            Deed::Leave => return format!("{:?}", self.leave(*who, now)),
            Deed::Command(wish) => return self.command(wish, *who, now),
            Deed::Sync(_)
            | Deed::Judge { .. }
            | Deed::Settle(_)
            | Deed::Note(_)
            | Deed::Renew(..)
            | Deed::SetBack
            | Deed::Prune { .. }
            | Deed::Reap => {}
        }
        let [one, other] = &self.processes;
        let (present, other) = if *who == 0 { (one, other) } else { (other, one) };
        let Some(process) = present.as_ref().or(other.as_ref()) else { return String::new() };
        // Mostly an attempt that is probably still in progress.
        let pick = |index: &prop::sample::Index| {
            let recent = &claims[claims.len().saturating_sub(3)..];
            let claims = if index.index(4) == 0 { claims } else { recent };
            (!claims.is_empty()).then(|| claims[index.index(claims.len())])
        };
        match deed {
            Deed::Sync(jobs) => text(process.store().sync(&of(jobs), now)),
            Deed::Judge { limit, room } => {
                let lease_until = now + TimeDelta::seconds(30);
                let request =
                    JudgeRequest { now, limit: *limit, room: *room, lease_until, owner: process.owner };
                let judged = process.store().judge(request);
                claimed.extend(judged.iter().flat_map(|judged| &judged.claimed).map(|claimed| claimed.claim));
                text(judged)
            }
            Deed::Settle(ends) => {
                let settlement = |(index, bend, event, next): &(_, u64, RunEvent, Option<Next>)| {
                    let claim = pick(index)?;
                    let claim = Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim };
                    let duration = Duration::from_millis(1_500);
                    let started = now - TimeDelta::milliseconds(1_500);
                    let (event, next, note) = (dated(event, now), *next, note(*bend, now));
                    Some(Settlement { claim, started, duration, event, next, note, at: now })
                };
                text(process.settle(ends.iter().filter_map(settlement).collect()))
            }
            Deed::Note(notes) => {
                let noted = notes.iter().filter_map(|(index, bend)| {
                    let claim = pick(index)?;
                    Some((Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim }, note(*bend, now)))
                });
                text(process.note(noted.collect()))
            }
            Deed::SetBack => text(process.set_back(now)),
            Deed::Prune { limit } => text(process.prune(now, *limit)),
            Deed::Renew(picks, lease) => {
                let until = now + TimeDelta::milliseconds(*lease);
                text(process.renew(picks.iter().filter_map(pick).collect(), until))
            }
            Deed::Reap => {
                let reaped = process.reap(now).expect("reaps");
                // When to look again is a store's own affair, as long as it is later than now.
                assert!(reaped.next.is_none_or(|next| next > now), "{reaped:?} at {now}");
                text(reaped.lost)
            }
            Deed::Restart(_) | Deed::Leave | Deed::Command(_) => String::new(),
        }
    }

    fn leave(&mut self, who: usize, now: DateTime<Utc>) -> Option<()> {
        let process = self.processes[who].take()?;
        process.leave(now).expect("takes leave");
        Some(())
    }

    /// A command of a process, or of somebody who never joined where that process is away.
    fn command(&self, wish: &Wish, who: usize, now: DateTime<Utc>) -> String {
        let runs = self.person.all_runs();
        let pick = |index: &prop::sample::Index| {
            if runs.is_empty() { RunId(1) } else { runs[index.index(runs.len())].id }
        };
        let target = |job: &Option<&str>| match job {
            Some(job) => Target::Job(name(job)),
            None => Target::Group("team".parse().expect("a name")),
        };
        let (by, note) = ("eve".to_owned(), format!("note of {now}"));
        let command = match wish {
            Wish::Trigger { job, args, force } => {
                let args = args.map(str::to_owned);
                Command::Trigger(Trigger { job: name(job), args, force: *force })
            }
            Wish::TriggerGroup => Command::TriggerGroup { group: "team".parse().expect("a name") },
            Wish::Pause(job) => Command::Pause { target: target(job), by, note },
            Wish::Resume(job) => Command::Resume { target: target(job) },
            Wish::Cancel { run, force } => {
                Command::Cancel { what: Cancel::Run(pick(run)), force: *force, by, note }
            }
            Wish::CancelAll { job, force } => {
                Command::Cancel { what: Cancel::All(target(job)), force: *force, by, note: String::new() }
            }
            Wish::Retry { run, force } => Command::Retry { run: pick(run), force: *force },
            Wish::RetryAll(job) => Command::RetryAll { job: job.map(name) },
            Wish::Dismiss(run) => Command::Dismiss { run: pick(run) },
            Wish::DismissAll(job) => Command::DismissAll { job: job.map(name) },
            Wish::Backfill { job, back, length, order, only, concurrency } => {
                let from = now - TimeDelta::seconds(*back);
                let (until, job) = (from + TimeDelta::seconds(*length), name(job));
                let backfill =
                    Backfill { job, from, until, order: *order, only: *only, concurrency: *concurrency };
                let planned = self.person.plan_backfill(&backfill, now);
                return text((planned, self.person.command(Command::Backfill(backfill), now)));
            }
            Wish::Upsert(jobs) => Command::Upsert { plans: plans(jobs) },
            Wish::Remove(jobs) => Command::Remove { jobs: jobs.iter().map(|job| name(job)).collect() },
        };
        match &self.processes[who] {
            Some(process) if who == 1 => text(process.store().command(command, now)),
            Some(_) | None => text(self.person.command(command, now)),
        }
    }
}

/// Now and then an attempt says something of itself.
fn note(seed: u64, now: DateTime<Utc>) -> Note {
    if seed == 0 && now.timestamp() % 3 != 0 {
        return Note::default();
    }
    let progress = Progress { fraction: 0.5, message: format!("at {now}") };
    let line = LogLine { at: now, attempt: 1, text: "a line".to_owned() };
    Note { progress: (now.timestamp() % 2 == 0).then_some(progress), lines: vec![line] }
}

fn dated(event: &RunEvent, now: DateTime<Utc>) -> RunEvent {
    match event {
        RunEvent::Ended { end, .. } => RunEvent::Ended { at: now, end: end.clone() },
        RunEvent::Overrun { .. } => RunEvent::Overrun { at: now },
        RunEvent::Cancel { why, .. } => RunEvent::Cancel { at: now, why: why.clone() },
        other => other.clone(),
    }
}

fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

type OfJob = (JobInfo, Vec<RunInfo>, Vec<SkipInfo>, Option<Audit>);

type OfRun = ((RunInfo, Vec<AttemptInfo>), Vec<LogLine>);

fn ledger(side: &dyn Both) -> (Vec<OfJob>, Vec<OfRun>, Vec<GroupInfo>) {
    let of_job = |job: JobInfo| {
        let name = job.plan.name.to_string();
        let query = RunQuery { job: Some(name.clone()), ..RunQuery::default() };
        let runs = side.runs(&query).expect("readable");
        let audit = side.audit(&name).expect("readable");
        (job, runs, side.skipped(&name), audit)
    };
    let jobs = side.all_jobs().into_iter().map(of_job).collect();
    let runs = side.all_runs().into_iter().map(|run| {
        (side.run(run.id).expect("readable").expect("listed"), side.log(run.id).expect("readable"))
    });
    (jobs, runs.collect(), side.groups().expect("readable"))
}

/// Compares part by part, so that a difference is found without reading the rest.
fn same_ledger(reference: &dyn Both, store: &dyn Both) -> Result<(), TestCaseError> {
    let (want, got) = (ledger(reference), ledger(store));
    prop_assert_eq!(want.0.len(), got.0.len(), "the number of jobs");
    for (want, got) in want.0.into_iter().zip(got.0) {
        prop_assert_eq!(want, got);
    }
    prop_assert_eq!(want.2, got.2);
    prop_assert_eq!(want.1.len(), got.1.len(), "the number of runs");
    for (want, got) in want.1.into_iter().zip(got.1) {
        prop_assert_eq!(want, got);
    }
    Ok(())
}
