//! Random histories: a store and the reference live through the same one, and every answer and the whole ledger must be equal.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::audit::Audit;
use cron_runtime::core::run::{Epoch, RunEvent, RunId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::histories::{Deed, End, Step, Wish, jobs, step};
use crate::jobs::Job;
use crate::world::{
    AttemptInfo, Backfill, Books, Both, Cancel, Claim, Command, Desk, GroupInfo, GroupLimit, JobInfo,
    JudgeRequest, LogLine, MemoryBooks, Note, Process, Program, Progress, RunInfo, RunQuery, Settlement,
    SkipInfo, Target, Trigger, assert_sound, name, plans,
};

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

/// Every second program bounds its group.
fn of(jobs: &[Job]) -> Program {
    let groups = if jobs.len().is_multiple_of(2) {
        Vec::new()
    } else {
        vec![GroupLimit { group: "team".parse().expect("a name"), max_running: jobs.len() as u32 }]
    };
    Program { plans: plans(jobs), groups, ..Program::default() }
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
    let mut now = crate::jobs::at(0);
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
            | Deed::SettleAndJudge { .. }
            | Deed::Note(_)
            | Deed::Complete(..)
            | Deed::Renew(..)
            | Deed::SetBack
            | Deed::Prune { .. }
            | Deed::PruneJobs(_)
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
        let settlements = |ends: &[End]| {
            let settlement = |(index, bend, event, next): &End| {
                let claim = pick(index)?;
                let claim = Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim };
                let duration = Duration::from_millis(1_500);
                let started = now - TimeDelta::milliseconds(1_500);
                let (event, next, note) = (dated(event, now), *next, note(*bend, now));
                Some(Settlement { claim, started, duration, event, next, note, at: now })
            };
            ends.iter().filter_map(settlement).collect()
        };
        let request = |limit: usize, room: usize| {
            let lease_until = now + TimeDelta::seconds(30);
            JudgeRequest { now, limit, room, lease_until, owner: process.owner }
        };
        match deed {
            Deed::Sync(jobs) => text(process.store().sync(&of(jobs), now)),
            Deed::Judge { limit, room } => {
                let judged = process.store().judge(request(*limit, *room));
                claimed.extend(judged.iter().flat_map(|judged| &judged.claimed).map(|claimed| claimed.claim));
                text(judged)
            }
            Deed::Settle(ends) => text(process.settle(settlements(ends))),
            Deed::SettleAndJudge { ends, limit, room } => {
                let answer = process.store().settle_and_judge(settlements(ends), request(*limit, *room))();
                let judged = answer.iter().flat_map(|(_, judged)| &judged.claimed);
                claimed.extend(judged.map(|claimed| claimed.claim));
                text(answer)
            }
            Deed::Note(notes) => {
                let noted = notes.iter().filter_map(|(index, bend)| {
                    let claim = pick(index)?;
                    Some((Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim }, note(*bend, now)))
                });
                text(process.note(noted.collect()))
            }
            Deed::Complete(index, bend) => {
                let claim = pick(index).map(|claim| Claim { epoch: Epoch(claim.epoch.0 + bend), ..claim });
                text(claim.map(|claim| process.store().complete(claim, now)))
            }
            Deed::SetBack => text(process.set_back(now)),
            Deed::Prune { limit } => text(process.prune(now, *limit)),
            Deed::PruneJobs(jobs) => {
                let jobs = jobs.iter().map(|job| job.parse().expect("a name"));
                text(process.prune_jobs(jobs.collect(), now)())
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
            Wish::RunOnce(job, again) => {
                Command::RunOnce { plan: Box::new(job.plan().clone()), again: *again }
            }
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
    Note { progress: (now.timestamp() % 2 == 0).then_some(progress), lines: vec![line], ..Note::default() }
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
