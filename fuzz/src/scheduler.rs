//! All that a scheduler and the people around it do with a database.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::JobName;
use cron_runtime::core::policy::{BackfillOrder, Only};
use cron_runtime::core::run::{AttemptEnd, OwnerId, RunEvent};
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{
    Backfill, Cancel, Claimed, Command, CommandError, GroupInfo, JobInfo, JobQuery, JudgeRequest, Ledger,
    LogLine, Note, Page, Program, Progress, RunFilter, RunQuery, Settlement, Store, StoreError, Target,
    Trigger,
};

/// Shortly after the end of the file that the inputs begin with.
const NOW: i64 = 1_800_000_430;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOW + second, 0).unwrap_or_default()
}

/// The result, or nothing where the file stands in the way and the error says something that a person can use.
fn told<T>(result: Result<T, StoreError>) -> Option<T> {
    let error = match result {
        Ok(done) => return Some(done),
        Err(error) => error,
    };
    let text = error.to_string();
    assert!(!text.contains("a defect of the store"), "{text}");
    if let StoreError::Corrupt { what } = &error {
        let names = ["column ", "job ", "run ", "groups.name"];
        assert!(names.iter().any(|name| what.contains(name)), "what is where? {what}");
    }
    None
}

fn done<T>(result: Result<T, CommandError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(CommandError::Store(error)) => told(Err(error)),
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            None
        }
    }
}

/// Opens the file and does everything with it, as far as it goes.
pub(crate) fn works_on(path: &Path) {
    if let Some(alone) = told(SqliteLedger::open(path)) {
        told(alone.jobs(&JobQuery::default()));
    }
    let Some(store) = told(SqliteStore::open(path)) else { return };
    let jobs = looks(&store);
    let Some(owner) = told(store.join(at(0))) else { return };
    told(store.reap(at(0)));
    let plans = jobs.iter().filter(|job| job.plan.handler.is_none()).map(|job| job.plan.clone()).collect();
    told(store.sync(&Program { plans, groups: Vec::new(), ..Program::default() }, at(1)));
    for second in [2, 40, 4_000] {
        engine(&store, owner, second);
    }
    people(&store, &jobs);
    told(store.set_back(at(-20_000)));
    told(store.prune(at(5_000), 100));
    engine(&store, owner, 5_001);
    looks(&store);
    told(store.leave(at(5_002)));
}

/// Everything that surfaces read.
fn looks(store: &SqliteStore) -> Vec<JobInfo> {
    let all = Page { limit: usize::MAX };
    let jobs = told(store.jobs(&JobQuery::default())).unwrap_or_default();
    for job in &jobs {
        let name = job.plan.name.as_str();
        told(store.job(name));
        told(store.skips(name, all));
        told(store.audit(name));
        assert!(!format!("{job:?}").is_empty());
        let range = Backfill {
            job: job.plan.name.clone(),
            from: at(-120),
            until: at(0),
            order: BackfillOrder::ALL[0],
            only: Only::ALL[0],
            concurrency: 1,
        };
        done(store.plan_backfill(&range, at(0)));
    }
    let _: Option<Vec<GroupInfo>> = told(store.groups());
    let runs =
        |filter| told(store.runs(&RunQuery { filter, page: all, ..RunQuery::default() })).unwrap_or_default();
    for run in runs(RunFilter::All) {
        told(store.run(run.id));
        told(store.log(run.id));
    }
    runs(RunFilter::Active);
    runs(RunFilter::Dead);
    jobs
}

fn engine(store: &SqliteStore, owner: OwnerId, second: i64) {
    let request = JudgeRequest {
        now: at(second),
        limit: 100,
        room: 40,
        lease_until: at(second) + TimeDelta::seconds(30),
        owner,
    };
    let claimed = told(store.judge(request)).map(|judged| judged.claimed).unwrap_or_default();
    let notes = claimed.iter().map(|claimed| (claimed.claim, note(second, claimed.attempt))).collect();
    told(store.note(notes));
    told(store.renew(claimed.iter().map(|claimed| claimed.claim).collect(), at(second + 40)));
    let ends = claimed.iter().enumerate().map(|(index, claimed)| settlement(claimed, second, index));
    told(store.settle(ends.collect()));
}

fn note(second: i64, attempt: u32) -> Note {
    let line = LogLine { at: at(second), attempt, text: "half way".to_owned() };
    Note {
        progress: Some(Progress { fraction: 0.5, message: String::new() }),
        lines: vec![line],
        ..Note::default()
    }
}

fn settlement(claimed: &Claimed, second: i64, index: usize) -> Settlement {
    let at = at(second + 1);
    let end = match index % 4 {
        0 | 1 => AttemptEnd::Succeeded,
        2 => AttemptEnd::Interrupted { was_called: index % 8 == 2 },
        _ => AttemptEnd::Discarded { message: "no".to_owned() },
    };
    Settlement {
        claim: claimed.claim,
        started: at,
        duration: Duration::from_millis(5),
        event: RunEvent::Ended { at, end },
        next: None,
        note: Note::default(),
        at,
    }
}

/// What people ask for, of each job in turn.
fn people(store: &SqliteStore, jobs: &[JobInfo]) {
    let by = || "ops".to_owned();
    let command = |command| done(store.command(command, at(4_100)));
    for (index, job) in jobs.iter().enumerate() {
        let job: JobName = job.plan.name.clone();
        let target = Target::Job(job.clone());
        match index % 4 {
            0 => _ = command(Command::Trigger(Trigger { job, args: None, force: index % 8 == 0 })),
            1 => {
                command(Command::Pause { target: target.clone(), by: by(), note: String::new() });
                command(Command::Resume { target });
            }
            2 => {
                _ = command(Command::Cancel {
                    what: Cancel::All(target),
                    force: true,
                    by: by(),
                    note: String::new(),
                })
            }
            _ => _ = command(Command::Remove { jobs: vec![job] }),
        }
    }
    command(Command::RetryAll { job: None });
    command(Command::DismissAll { job: None });
}
