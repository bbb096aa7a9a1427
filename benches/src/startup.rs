//! How long a start takes, and how much memory a registered job.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{TimeDelta, Utc};
use cron_runtime::core::job::{Catalog, JobSpec};
use cron_runtime::core::schedule::Calendars;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{JudgeRequest, Program, Store};
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::jobs::{Function, calls, requests, start};
use crate::place::{Measuring, median, number, scratch};
use crate::process::resident;
use crate::sustained::bare;

/// How often each start is repeated.
const TURNS: [(usize, usize); 2] = [(10_000, 3), (100_000, 1)];

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for ((jobs, turns), (cold, warm)) in TURNS.into_iter().zip([(0.3, 0.1), (1.0, 1.0)]) {
        let count = jobs.to_string();
        for (kind, what) in [("declared", "jobs in the program"), ("dynamic", "dynamic jobs")] {
            let (mut empty, mut existing, mut copied) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..turns {
                let folder = scratch()?;
                let file = folder.path().join("jobs.db").display().to_string();
                empty.push(Measuring::child(&["start", kind, &count, &file])?.result()?);
                existing.push(Measuring::child(&["start", kind, &count, &file])?.result()?);
                copied.push(copy(Path::new(&file), &folder.path().join("copy.db"))?);
            }
            let copied = Figure::seconds(median(copied));
            for (found, state, most) in [(empty, "an empty file", cold), (existing, "an existing file", warm)]
            {
                let seconds = found.iter().map(|found| number(found, "seconds")).collect::<Result<_, _>>()?;
                let ours = Figure::seconds(median(seconds));
                let line = || Line::new(format!("start, {jobs} {what}, {state}"), ours);
                lines.push(line().goal(Goal::AtMost(most)).raw(found)?);
                if state == "an empty file" {
                    lines.push(line().beside("its rows, copied by three statements", copied));
                }
            }
        }
    }
    lines.extend(memory()?);
    Ok(lines)
}

/// How long SQLite takes for nothing but the rows of the jobs of a file, in seconds: copied into a new one by a statement for each table, in
/// one transaction, under the same schema and pragmas.
fn copy(from: &Path, to: &Path) -> anyhow::Result<f64> {
    let connection = bare::connect(to)?;
    connection.execute("ATTACH ?1 AS made", [from.display().to_string()])?;
    let schema: Vec<String> = connection
        .prepare("SELECT sql FROM made.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    connection.execute_batch(&schema.join(";"))?;
    let clock = Instant::now();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for table in ["jobs", "segments", "marks"] {
        connection.execute(&format!("INSERT INTO main.{table} SELECT * FROM made.{table}"), [])?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(clock.elapsed().as_secs_f64())
}

fn memory() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let weigh = |program: &str, jobs: &str| -> anyhow::Result<Value> {
        match program {
            "bench" => Measuring::child(&["memory", jobs])?.result(),
            other => Measuring::beside(other, &["memory", jobs])?.result(),
        }
    };
    for (program, what) in [("counted", "heap of the program"), ("bench", "resident, with SQLite's cache")] {
        let few = weigh(program, "1000")?;
        for jobs in [10_000, 100_000] {
            let many = weigh(program, &jobs.to_string())?;
            let more = (jobs - 1_000) as f64;
            let grown = number(&many, "bytes")? - number(&few, "bytes")?;
            let strings = number(&many, "strings")? - number(&few, "strings")?;
            let line = Line::new(
                format!("memory of each of {jobs} jobs beyond its own strings: {what}"),
                Figure::bytes((grown - strings) / more),
            );
            // SQLite's cache has a bound, however many jobs there are: it is no memory of a job.
            let line = if program == "counted" { line.goal(Goal::AtMost(500.0)) } else { line };
            lines.push(line.raw(json!({ "few": few, "many": many }))?);
        }
    }
    Ok(lines)
}

/// A start with declared jobs: everything that `start()` does but the thread of the engine, and the first judgement. The declarations of
/// a program lie in it as constants; these are made before the time is taken.
pub fn declared(jobs: usize, file: &Path) -> anyhow::Result<Value> {
    let specs: Vec<_> = (0..jobs)
        .map(|number| {
            let name: &'static str = Box::leak(format!("job-{number:06}").into_boxed_str());
            (JobSpec { schedule: Some("cron(0 0 9 * * MON-FRI) UTC"), ..JobSpec::new(name) }, ())
        })
        .collect();
    let begin = Instant::now();
    let catalog = Catalog::build(specs, &Calendars::default()).context("the declarations")?;
    let plans = catalog.into_entries().into_iter().map(|(plan, ())| plan).collect();
    let store = SqliteStore::open(file)?;
    let now = Utc::now();
    let owner = store.join(now)?;
    store.reap(now)?;
    store.sync(&Program { plans, groups: Vec::new(), ..Program::default() }, now)?;
    let lease_until = now + TimeDelta::seconds(30);
    let judged = store.judge(JudgeRequest { now, limit: 512, room: 100, lease_until, owner })?;
    let seconds = begin.elapsed().as_secs_f64();
    ensure!(judged.next.is_some(), "no job is due ever");
    store.leave(now)?;
    Ok(json!({ "seconds": seconds }))
}

/// A start with dynamic jobs: on an empty file they are added, on an existing one they are there. It ends with the first call of a
/// function, which somebody asks for.
pub async fn dynamic(jobs: usize, file: &Path) -> anyhow::Result<Value> {
    let is_new = !file.exists();
    let all = requests(Function::Nothing, jobs, |_, job| job.cron("0 9 * * MON-FRI"));
    let begin = Instant::now();
    let scheduler = start(file, None).await?;
    if is_new {
        scheduler.schedule_all(all).await.context("schedule the jobs")?;
    }
    scheduler.trigger("job-000007".to_owned()).await.context("trigger a job")?;
    while calls() == 0 {
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    let seconds = begin.elapsed().as_secs_f64();
    scheduler.shutdown().await.context("stop")?;
    Ok(json!({ "seconds": seconds }))
}

/// What a running scheduler takes once each of its jobs has run. `counted` is what the allocator has given, where somebody counts.
pub async fn memory_child(jobs: usize, counted: Option<fn() -> u64>) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let scheduler = start(&folder.path().join("jobs.db"), Some(1_000)).await?;
    let mut strings = 0;
    for part in 0..jobs.div_ceil(1_000) {
        let numbers = part * 1_000..((part + 1) * 1_000).min(jobs);
        let all = requests(Function::Nothing, numbers.len(), |number, job| {
            let name = format!("job-{:06}", numbers.start + number);
            job.named(name).cron("0 9 * * MON-FRI").run_on_start(true)
        });
        scheduler.schedule_all(all).await.context("schedule the jobs")?;
    }
    while calls() < jobs as u64 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let bytes = counted.map_or_else(resident, |counted| Ok(counted()))?;
    for job in scheduler.list().await.context("list the jobs")? {
        let plan = &job.plan;
        let texts =
            [plan.name.as_str(), &plan.description, &plan.source, plan.args.as_deref().unwrap_or_default()];
        strings += texts.map(str::len).iter().sum::<usize>();
        strings += plan.handler.as_ref().map_or(0, |handler| handler.as_str().len());
    }
    scheduler.shutdown().await.context("stop")?;
    Ok(json!({ "jobs": jobs, "bytes": bytes, "strings": strings }))
}
