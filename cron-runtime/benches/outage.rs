//! What an outage costs at the next start: a job every five seconds with `catch_up = "latest"`, away for a minute and for two
//! weeks, and ten thousand dynamic jobs on one handler.
//!
//! `cargo bench -p cron-runtime --bench outage` prints medians. The times that the store is told are made up; the work is real:
//! a SQLite file with `synchronous=FULL` in the directory for temporary files.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::path::Path;
use std::time::{Duration, Instant};

use cron_runtime::chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::{JobSpec, Plan};
use cron_runtime::core::schedule::Schedule;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Command, JobQuery, JudgeRequest, Ledger, Page, Program, Store};

const ROUNDS: usize = 21;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("within the calendar")
}

fn plan(name: &str, schedule: Option<Schedule>) -> Plan {
    let plan = Plan::from_spec(&JobSpec::new("job")).expect("a plain declaration");
    Plan { name: name.parse().expect("a name"), schedule, ..plan }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let result = work();
    (result, begin.elapsed())
}

/// The first judgement after an outage, and all of the start: open, join, reap, sync, judge.
fn outage(path: &Path, away: TimeDelta) -> (Duration, Duration) {
    let schedule = Schedule::every("5s", None).expect("a period");
    let program =
        Program { plans: vec![plan("five", Some(schedule))], groups: Vec::new(), ..Program::default() };
    let begin = |now: DateTime<Utc>| {
        let store = SqliteStore::open(path).expect("opens");
        let owner = store.join(now).expect("joins");
        store.reap(now).expect("reaps");
        store.sync(&program, now).expect("syncs");
        (store, owner)
    };
    let (store, _) = begin(at(0));
    store.leave(at(1)).expect("leaves");
    drop(store);
    let now = at(1) + away;
    let (judged, start) = timed(|| {
        let (store, owner) = begin(now);
        let request = JudgeRequest { now, limit: 512, room: 512, lease_until: now, owner };
        let (judged, judging) = timed(|| store.judge(request).expect("judges"));
        ((judged, store), judging)
    });
    let ((judged, store), judging) = judged;
    assert_eq!((judged.claimed.len(), judged.skipped.len()), (1, 1), "one run and one range");
    drop(store);
    (judging, start)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn medians(away: TimeDelta) -> (Duration, Duration) {
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let directory = tempfile::tempdir().expect("a directory");
            outage(&directory.path().join("jobs.db"), away)
        })
        .collect();
    (
        median(rounds.iter().map(|round| round.0).collect()),
        median(rounds.iter().map(|round| round.1).collect()),
    )
}

fn many() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(directory.path().join("jobs.db")).expect("opens");
    store.join(at(0)).expect("joins");
    let program = Program { plans: vec![plan("remind", None)], groups: Vec::new(), ..Program::default() };
    store.sync(&program, at(0)).expect("syncs");
    let plans: Vec<_> = (0..10_000)
        .map(|who| {
            let schedule = Schedule::cron("0 9 * * *", "Europe/London").expect("an expression");
            let handler = Some("remind".parse().expect("a name"));
            Plan {
                handler,
                args: Some(who.to_string().into()),
                ..plan(&format!("remind-{who:05}"), Some(schedule))
            }
        })
        .collect();
    let names: Vec<_> = plans.iter().map(|plan| plan.name.clone()).collect();
    let upsert = || store.command(Command::Upsert { plans: plans.clone() }, at(1)).expect("upserts");
    let (_, added) = timed(upsert);
    let (_, again) = timed(upsert);
    let query =
        JobQuery { after: Some("remind-04999".to_owned()), page: Page { limit: 50 }, ..JobQuery::default() };
    let (page, listed) = timed(|| store.jobs(&query).expect("a page"));
    assert_eq!(page.len(), 50);
    let (_, removed) = timed(|| store.command(Command::Remove { jobs: names }, at(2)).expect("removes"));
    println!(
        "10,000 dynamic jobs: added in {added:.1?}, the same again in {again:.1?}, a page of 50 in {listed:.1?}, removed in {removed:.1?}"
    );
}

fn main() {
    let (short, short_start) = medians(TimeDelta::minutes(1));
    let (long, long_start) = medians(TimeDelta::days(14));
    println!("outage of a minute: judged in {short:.1?}, the whole start {short_start:.1?}");
    println!("outage of two weeks: judged in {long:.1?}, the whole start {long_start:.1?}");
    println!("ratio of the judgements: {:.2}", long.as_secs_f64() / short.as_secs_f64());
    many();
}
