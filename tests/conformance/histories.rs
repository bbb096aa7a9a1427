//! What may happen in a random history, and to which jobs.

use std::time::Duration;

use cron_runtime::core::job::options::Key;
use cron_runtime::core::judge::Next;
use cron_runtime::core::policy::{BackfillOrder, CatchUpRule, Only, Retention};
use cron_runtime::core::run::RunEvent;
use cron_runtime::core::schedule::Schedule;
use proptest::prelude::*;

use crate::jobs::{Job, at, job};
use crate::world::{AttemptEnd, Failure, FailureKind};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// With those of dynamic jobs.
const ALL_NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What happens next, and how much later, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) after: i64,
    pub(crate) who: usize,
    pub(crate) deed: Deed,
}

/// Which attempt, how far its epoch is bent, and what is said of it.
pub(crate) type End = (prop::sample::Index, u64, RunEvent, Option<Next>);

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Restart(Vec<Job>),
    Sync(Vec<Job>),
    Leave,
    Judge { limit: usize, room: usize },
    Settle(Vec<End>),
    SettleAndJudge { ends: Vec<End>, limit: usize, room: usize },
    Note(Vec<(prop::sample::Index, u64)>),
    Complete(prop::sample::Index, u64),
    Renew(Vec<prop::sample::Index>, i64),
    Reap,
    SetBack,
    Prune { limit: usize },
    PruneJobs(Vec<&'static str>),
    Command(Wish),
}

/// What a person asks for; runs are picked among those that there are.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
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
    RunOnce(Box<Job>, bool),
    Remove(Vec<&'static str>),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    // Mostly on or around the edges of periods; now and then an outage, a wake from sleep, a clock that is set back.
    let after = prop_oneof![
        8 => (0i64..25).prop_map(|halves| halves * 500),
        2 => 0i64..9_999,
        1 => 30_000i64..400_000,
        1 => -60_000i64..0,
        // A clock that is set by hours.
        1 => -14_500_000i64..-10_700_000,
        1 => 10_700_000i64..14_500_000,
    ];
    (after, 0usize..2, deed()).prop_map(|(after, who, deed)| Step { after, who, deed })
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<prop::sample::Index>;
    let bend = || prop_oneof![9 => Just(0u64), 1 => 1u64..3];
    let ends = || prop::collection::vec((index(), bend(), event(), next()), 1..4);
    let picks = prop::collection::vec(index(), 0..3);
    let limit = || prop_oneof![1 => 0usize..3, 3 => Just(9)];
    prop_oneof![
        2 => jobs().prop_map(Deed::Restart),
        2 => jobs().prop_map(Deed::Sync),
        1 => Just(Deed::Leave),
        16 => (limit(), limit()).prop_map(|(limit, room)| Deed::Judge { limit, room }),
        12 => ends().prop_map(Deed::Settle),
        12 => (ends(), limit(), limit())
            .prop_map(|(ends, limit, room)| Deed::SettleAndJudge { ends, limit, room }),
        2 => prop::collection::vec((index(), bend()), 1..3).prop_map(Deed::Note),
        3 => (index(), bend()).prop_map(|(pick, bend)| Deed::Complete(pick, bend)),
        2 => (picks, 0i64..90_000).prop_map(|(picks, lease)| Deed::Renew(picks, lease)),
        2 => Just(Deed::Reap),
        3 => Just(Deed::SetBack),
        1 => limit().prop_map(|limit| Deed::Prune { limit }),
        1 => prop::collection::vec(prop::sample::select(&ALL_NAMES[..]), 1..3).prop_map(Deed::PruneJobs),
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
        2 => (dynamic(), -100i64..200, any::<bool>())
            .prop_map(|(job, second, again)| Wish::RunOnce(Box::new(job.at(at(second))), again)),
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
        2 => any::<bool>().prop_map(|was_called| AttemptEnd::Interrupted { was_called }),
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
pub(crate) fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let one = |name: &'static str| prop::option::weighted(0.8, declaration(name));
    (one("a"), one("b"), one("c")).prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
}

/// A dynamic job, on a function that may be there or not, and sometimes with a name that it may not have.
fn dynamic() -> impl Strategy<Value = Job> {
    let names = prop::sample::select(&["d", "d", "e", "e", "a"][..]);
    let handler = prop::sample::select(&["a", "b", "b", "z"][..]);
    let own = prop_oneof![
        1 => Just(None),
        2 => prop::sample::subsequence(Key::ALL, 0..Key::ALL.len() / 2).prop_map(Some),
    ];
    (names.prop_flat_map(declaration), handler, any::<bool>(), own).prop_map(|(job, handler, brief, own)| {
        let job = job.on(handler).args("{}");
        let job = if brief { job.temporary() } else { job };
        match own {
            Some(own) => job.with_own(&own),
            None => job,
        }
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
