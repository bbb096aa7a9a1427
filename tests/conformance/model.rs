//! Random histories: a store and the reference live through the same one, and every answer and the whole ledger must be equal.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::audit::Audit;
use cron_runtime::core::policy::CatchUpRule;
use cron_runtime::core::run::{Epoch, RunEvent};
use cron_runtime::core::schedule::Schedule;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, AttemptInfo, Books, Both, Claim, Command, Desk, Failure, FailureKind, JobInfo, JudgeRequest,
    MemoryBooks, Process, RunInfo, RunQuery, Settlement, SkipInfo, assert_sound, name, plans,
};

const NAMES: [&str; 3] = ["a", "b", "c"];

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
    Judge { limit: usize },
    Settle(Vec<(prop::sample::Index, u64, RunEvent)>),
    Renew(Vec<prop::sample::Index>, i64),
    Reap,
    Trigger(&'static str),
    Pause(&'static str),
    Resume(&'static str),
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
    let name = || prop::sample::select(&NAMES[..]);
    let settlement = (any::<prop::sample::Index>(), prop_oneof![9 => Just(0u64), 1 => 1u64..3], event());
    let picks = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    prop_oneof![
        2 => jobs().prop_map(Deed::Restart),
        2 => jobs().prop_map(Deed::Sync),
        1 => Just(Deed::Leave),
        20 => prop_oneof![1 => 0usize..3, 3 => Just(9)].prop_map(|limit| Deed::Judge { limit }),
        16 => prop::collection::vec(settlement, 1..4).prop_map(Deed::Settle),
        2 => (picks, 0i64..90_000).prop_map(|(picks, lease)| Deed::Renew(picks, lease)),
        2 => Just(Deed::Reap),
        2 => name().prop_map(Deed::Trigger),
        1 => name().prop_map(Deed::Pause),
        1 => name().prop_map(Deed::Resume),
    ]
}

fn event() -> impl Strategy<Value = RunEvent> {
    let message = prop::sample::select(&["", "no", "two\nlines"][..]);
    let end = prop_oneof![
        4 => Just(AttemptEnd::Succeeded),
        4 => (prop::sample::select(FailureKind::ALL), message)
            .prop_map(|(kind, message)| AttemptEnd::Failed(Failure { kind, message: message.to_owned() })),
        1 => Just(AttemptEnd::Discarded { message: "never".to_owned() }),
        2 => Just(AttemptEnd::Interrupted),
        1 => Just(AttemptEnd::Lost),
    ];
    // The instants are put in when it happens.
    prop_oneof![
        9 => end.prop_map(|end| RunEvent::Ended { at: at(0), end }),
        1 => Just(RunEvent::Overrun { at: at(0) }),
    ]
}

/// The declarations of a program: any of the jobs, each in any form.
fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let one = |name: &'static str| prop::option::weighted(0.8, declaration(name));
    (one("a"), one("b"), one("c")).prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
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
    (schedule, rule, 1u32..5, bounds, any::<bool>(), retries).prop_map(
        move |(schedule, rule, limit, (window, grace), is_wide, (retries, past_next))| {
            let mut job = job(name).scheduled(schedule).catch_up(rule).limit(limit).retries(retries);
            job = if is_wide { job.allow() } else { job };
            job = if past_next { job.retry_past_next() } else { job };
            job = window.into_iter().fold(job, Job::window);
            grace.into_iter().fold(job, Job::grace)
        },
    )
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
                let synced = process.store().sync(&plans(jobs), now);
                self.processes[*who] = Some(process);
                return format!("{left:?} {owner:?} {synced:?}");
            }
            Deed::Leave => return format!("{:?}", self.leave(*who, now)),
            Deed::Trigger(_) | Deed::Pause(_) | Deed::Resume(_) => return self.command(deed, now),
            Deed::Sync(_) | Deed::Judge { .. } | Deed::Settle(_) | Deed::Renew(..) | Deed::Reap => {}
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
            Deed::Sync(jobs) => text(process.store().sync(&plans(jobs), now)),
            Deed::Judge { limit } => {
                let lease_until = now + TimeDelta::seconds(30);
                let request = JudgeRequest { now, limit: *limit, lease_until, owner: process.owner };
                let judged = process.store().judge(request);
                claimed.extend(judged.iter().flat_map(|judged| &judged.claimed).map(|claimed| claimed.claim));
                text(judged)
            }
            Deed::Settle(ends) => {
                let settlement = |(index, bend, event): &(_, u64, RunEvent)| {
                    let claim = pick(index)?;
                    let claim = Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim };
                    let duration = Duration::from_millis(1_500);
                    let started = now - TimeDelta::milliseconds(1_500);
                    Some(Settlement { claim, started, duration, event: dated(event, now), at: now })
                };
                text(process.settle(ends.iter().filter_map(settlement).collect()))
            }
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
            Deed::Restart(_) | Deed::Leave | Deed::Trigger(_) | Deed::Pause(_) | Deed::Resume(_) => {
                String::new()
            }
        }
    }

    fn leave(&mut self, who: usize, now: DateTime<Utc>) -> Option<()> {
        let process = self.processes[who].take()?;
        process.leave(now).expect("takes leave");
        Some(())
    }

    /// A command of a process, or of somebody who never joined where that process is away.
    fn command(&self, deed: &Deed, now: DateTime<Utc>) -> String {
        let command = match deed {
            Deed::Pause(job) => {
                let (by, note) = ("eve".to_owned(), format!("note of {now}"));
                Command::Pause { job: name(job), by, note }
            }
            Deed::Resume(job) => Command::Resume { job: name(job) },
            Deed::Trigger(job) => Command::Trigger { job: name(job) },
            other => unreachable!("{other:?} is no command"),
        };
        text(self.person.command(command, now))
    }
}

fn dated(event: &RunEvent, now: DateTime<Utc>) -> RunEvent {
    match event {
        RunEvent::Ended { end, .. } => RunEvent::Ended { at: now, end: end.clone() },
        RunEvent::Overrun { .. } => RunEvent::Overrun { at: now },
        other => other.clone(),
    }
}

fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

type OfJob = (JobInfo, Vec<RunInfo>, Vec<SkipInfo>, Option<Audit>);

fn ledger(side: &dyn Both) -> (Vec<OfJob>, Vec<(RunInfo, Vec<AttemptInfo>)>) {
    let of_job = |job: JobInfo| {
        let name = job.plan.name.to_string();
        let query = RunQuery { job: Some(name.clone()), ..RunQuery::default() };
        let runs = side.runs(&query).expect("readable");
        let audit = side.audit(&name).expect("readable");
        (job, runs, side.skipped(&name), audit)
    };
    let jobs = side.jobs().expect("readable").into_iter().map(of_job).collect();
    let runs = side.all_runs().into_iter().map(|run| side.run(run.id).expect("readable").expect("listed"));
    (jobs, runs.collect())
}

/// Compares part by part, so that a difference is found without reading the rest.
fn same_ledger(reference: &dyn Both, store: &dyn Both) -> Result<(), TestCaseError> {
    let (want, got) = (ledger(reference), ledger(store));
    prop_assert_eq!(want.0.len(), got.0.len(), "the number of jobs");
    for (want, got) in want.0.into_iter().zip(got.0) {
        prop_assert_eq!(want, got);
    }
    prop_assert_eq!(want.1.len(), got.1.len(), "the number of runs");
    for (want, got) in want.1.into_iter().zip(got.1) {
        prop_assert_eq!(want, got);
    }
    Ok(())
}
