//! `guard CASE COUNT` does one thing so many times and says nothing: what runs it counts its instructions. See `benches/guard`.

use std::hint::black_box;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cron_bench::functions::{TYPICAL, docket, starts};
use cron_bench::sustained::store::{begin, plans, success};
use cron_runtime::core::judge::judge;
use cron_runtime::core::schedule::Schedule;
use cron_runtime::store::memory::MemoryStore;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{JudgeRequest, Program, Settled, Store};

/// Jobs that are due together in the cases with a store.
const JOBS: usize = 512;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, count] = &arguments[..] else { bail!("guard CASE COUNT, not {arguments:?}") };
    let count: usize = count.parse().with_context(|| format!("read {count}"))?;
    match case.as_str() {
        "next-utc" => each("UTC", count, |schedule, at| schedule.next_after(at)),
        "next-zone" => each("America/New_York", count, |schedule, at| schedule.next_after(at)),
        "prev-zone" => each("America/New_York", count, |schedule, at| schedule.prev_before(at)),
        "parse" => parse(count),
        "judge" => each("America/New_York", count, |schedule, at| {
            judge(&docket(schedule, at), at + TimeDelta::days(1))
        }),
        "runs-memory" => runs(&MemoryStore::new(), count),
        "runs-sqlite" => {
            let folder = tempfile::tempdir().context("a folder for the file")?;
            runs(&SqliteStore::open(folder.path().join("jobs.db"))?, count)
        }
        "register-sqlite" => {
            let folder = tempfile::tempdir().context("a folder for the file")?;
            register(&SqliteStore::open(folder.path().join("jobs.db"))?, count)
        }
        unknown => bail!("there is no case `{unknown}`"),
    }
}

/// So many calls, in turn for each typical expression.
fn each<T>(zone: &str, count: usize, call: impl Fn(&Schedule, DateTime<Utc>) -> T) -> anyhow::Result<()> {
    let schedules: Vec<_> =
        TYPICAL.iter().map(|(five, _)| Schedule::cron(five, zone)).collect::<Result<_, _>>()?;
    let starts = starts()?;
    for number in 0..count {
        black_box(call(&schedules[number % schedules.len()], starts[number % starts.len()]));
    }
    Ok(())
}

fn parse(count: usize) -> anyhow::Result<()> {
    for (five, _) in TYPICAL.iter().cycle().take(count) {
        black_box(Schedule::cron(black_box(five), "America/New_York")?);
    }
    Ok(())
}

/// So many runs from their verdict to their end, as an engine has them written.
fn runs(store: &dyn Store, count: usize) -> anyhow::Result<()> {
    let begin = begin()?;
    let owner = store.join(begin)?;
    store.sync(&Program { plans: plans(JOBS)?, groups: Vec::new(), ..Program::default() }, begin)?;
    let (mut runs, mut results, mut now) = (0, Vec::new(), begin);
    while runs < count {
        now += TimeDelta::seconds(1);
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: JOBS, room: usize::MAX, lease_until, owner };
        let (settled, judged) = store.settle_and_judge(std::mem::take(&mut results), request)()?;
        ensure!(settled.iter().all(|it| matches!(it, Settled::Moved { .. })), "a result was refused");
        ensure!(judged.claimed.len() == JOBS, "{} jobs were due", judged.claimed.len());
        runs += JOBS;
        results.extend(judged.claimed.iter().map(|attempt| success(attempt, now)));
    }
    store.settle(results)?;
    Ok(())
}

/// So many jobs that nobody has known before, and the same again as they are known by then.
fn register(store: &dyn Store, count: usize) -> anyhow::Result<()> {
    let begin = begin()?;
    store.join(begin)?;
    let program = Program { plans: plans(count)?, groups: Vec::new(), ..Program::default() };
    ensure!(store.sync(&program, begin)?.new.len() == count, "not all of them were new");
    ensure!(store.sync(&program, begin)?.new.is_empty(), "some of them are new again");
    Ok(())
}
