//! The verbs of our store alone, as an engine calls them, with functions that take no time.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::{JobSpec, Plan};
use cron_runtime::core::run::{AttemptEnd, RunEvent};
use cron_runtime::core::schedule::Schedule;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Claimed, JudgeRequest, Note, Program, Settled, Settlement, Store};
use rusqlite::Connection;

use super::{JOBS, ROUNDS, Turn};
use crate::place::{scratch, size};
use crate::process::processor;

/// In how many transactions a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One: the results of a batch with the judgement of the next, as an engine with much to do does it.
    Together,
    /// Two: a judgement, then its results, as the bare loop does it.
    Apart,
}

/// Jobs that are due every second.
pub fn plans(count: usize) -> anyhow::Result<Vec<Plan>> {
    let plan =
        Plan::from_spec(&JobSpec::new("job")).map_err(|problem| anyhow!("a plain declaration: {problem}"))?;
    let schedule = Some(Schedule::every("1s", None).context("a period")?);
    (0..count)
        .map(|number| {
            let name = format!("job-{number:06}").parse().context("a name")?;
            Ok(Plan { name, schedule: schedule.clone(), ..plan.clone() })
        })
        .collect()
}

/// An attempt that was begun has succeeded.
pub fn success(attempt: &Claimed, at: DateTime<Utc>) -> Settlement {
    Settlement {
        claim: attempt.claim,
        started: at,
        duration: Duration::from_micros(7),
        event: RunEvent::Ended { at, end: AttemptEnd::Succeeded },
        next: None,
        note: Note::default(),
        at,
    }
}

/// The instant at which the first round begins: what the store is told is made up, the work is real.
pub fn begin() -> anyhow::Result<DateTime<Utc>> {
    DateTime::from_timestamp(1_800_000_000, 0).context("within the calendar")
}

/// A turn on a new file.
pub(super) fn turn(batch: usize, way: Way) -> anyhow::Result<Turn> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    let begin = begin()?;
    let program = Program { plans: plans(JOBS)?, groups: Vec::new(), ..Program::default() };
    let store = SqliteStore::open(&file)?;
    store.join(begin)?;
    store.sync(&program, begin)?;
    // An end folds everything into one file, whose size then says something.
    store.leave(begin)?;
    drop(store);
    let jobs = size(&file);
    let store = SqliteStore::open(&file)?;
    let owner = store.join(begin)?;
    store.sync(&program, begin)?;

    let (clock, before_it) = (Instant::now(), processor()?);
    let (mut runs, mut results) = (0, Vec::new());
    for round in 1..=ROUNDS as i64 {
        let now = begin + TimeDelta::seconds(round);
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: batch, room: usize::MAX, lease_until, owner };
        loop {
            let judged = match way {
                Way::Together => {
                    let (settled, judged) = store.settle_and_judge(std::mem::take(&mut results), request)()?;
                    all_moved(&settled)?;
                    judged
                }
                Way::Apart => store.judge(request)?,
            };
            runs += judged.claimed.len();
            results.extend(judged.claimed.iter().map(|attempt| success(attempt, now)));
            if way == Way::Apart {
                all_moved(&store.settle(std::mem::take(&mut results))?)?;
            }
            if !judged.more {
                break;
            }
        }
    }
    all_moved(&store.settle(results)?)?;
    let (span, processor) = (clock.elapsed().as_secs_f64(), processor()? - before_it);
    store.leave(begin + TimeDelta::seconds(ROUNDS as i64))?;
    drop(store);

    ensure!(runs == JOBS * ROUNDS, "{runs} runs");
    let database = Connection::open(&file)?;
    let sql = "SELECT count(*) FROM runs WHERE state = 'succeeded'";
    let recorded: i64 = database.query_row(sql, [], |row| row.get(0))?;
    ensure!(recorded as usize == runs, "{recorded} runs on record of {runs}");
    let bytes = size(&file).saturating_sub(jobs) as f64 / runs as f64;
    Ok(Turn {
        runs_per_second: runs as f64 / span,
        bytes_per_run: bytes,
        processor_per_run: processor / runs as f64,
    })
}

fn all_moved(settled: &[Settled]) -> anyhow::Result<()> {
    ensure!(settled.iter().all(|settled| matches!(settled, Settled::Moved { .. })), "a result was refused");
    Ok(())
}
