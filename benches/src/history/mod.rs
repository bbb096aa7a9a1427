//! What a long history and many jobs cost: the same verbs and reads on a file with ten million runs and on one without any.

mod file;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{JobQuery, JudgeRequest, Ledger, Page, Program, RunQuery, Store};
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::place::{Measuring, median, number, scratch, size};
use crate::sustained::{plans, success};

const JOBS: usize = 1_000;
const RUNS: usize = 10_000_000;

/// Rounds of judging and settling; each job is due once in a round.
const ROUNDS: i64 = 20;

/// As the engine has it.
const BATCH: usize = 512;

/// How often each read is repeated.
const READS: usize = 25;

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let child = |jobs: usize, runs: usize| {
        Measuring::child(&["history", &jobs.to_string(), &runs.to_string()])?.result()
    };
    let (empty, long) = (child(JOBS, 0)?, child(JOBS, RUNS)?);
    let mut lines = Vec::new();
    let of = |found: &Value, name: &str| -> anyhow::Result<Figure> {
        let value = number(found, name)?;
        Ok(if name == "runs_per_second" { Figure::per_second(value) } else { Figure::seconds(value) })
    };
    for (name, what, has_goal) in [
        ("runs_per_second", "judge and settle", true),
        ("runs", "the first page of all runs", true),
        ("runs_of_job", "the first page of the runs of a job", true),
        ("jobs", "the first page of jobs", false),
        ("inspect_list", "inspect list", false),
        ("inspect_runs", "inspect runs", false),
        ("inspect_runs_of_job", "inspect runs JOB", false),
        ("inspect_show", "inspect show JOB", false),
    ] {
        let line = Line::new(format!("10 million runs on record: {what}"), of(&long, name)?);
        let line = line.beside("none on record", of(&empty, name)?);
        // At most 1.5 times slower.
        let line = if has_goal { line.goal(Goal::TimesAsGood(0.667)) } else { line };
        lines.push(line.raw(json!({ "long": long, "empty": empty }))?);
    }
    let each = number(&long, "bytes_before")? / RUNS as f64;
    lines.push(Line::new("10 million runs on record: bytes for each", Figure::bytes(each)));
    for jobs in [10_000, 100_000] {
        let found = child(jobs, 0)?;
        let line =
            Line::new(format!("{jobs} jobs on record: judge and settle"), of(&found, "runs_per_second")?);
        lines.push(line.beside("1,000 jobs", of(&empty, "runs_per_second")?).raw(found)?);
    }
    Ok(lines)
}

/// In a process of its own.
pub fn child(jobs: usize, runs: usize) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    let begin = DateTime::from_timestamp(Utc::now().timestamp(), 0).context("within the calendar")?;
    let program = Program { plans: plans(jobs)?, groups: Vec::new() };
    let store = SqliteStore::open(&file)?;
    store.join(begin)?;
    store.sync(&program, begin)?;
    store.leave(begin)?;
    drop(store);
    let clock = Instant::now();
    file::fill(&file, jobs, runs, begin)?;
    let filled = clock.elapsed().as_secs_f64();
    let bytes = size(&file);
    let rate = judge_and_settle(&file, &program, jobs, begin)?;

    let store = SqliteStore::open_existing(&file)?;
    let first = Page { limit: 50 };
    let job = format!("job-{:06}", jobs / 2);
    let all_runs = RunQuery { page: first, ..RunQuery::default() };
    let of_job = RunQuery { job: Some(job.clone()), ..all_runs.clone() };
    let some_jobs = JobQuery { page: first, ..JobQuery::default() };
    let reads = json!({
        "runs": read(|| Ok(store.runs(&all_runs)?.len()), 50)?,
        "runs_of_job": read(|| Ok(store.runs(&of_job)?.len()), if runs == 0 { ROUNDS as usize } else { 50 })?,
        "jobs": read(|| Ok(store.jobs(&some_jobs)?.len()), 50)?,
    });
    drop(store);
    Ok(json!({
        "jobs_on_record": jobs, "runs_on_record": runs, "filling_seconds": filled, "bytes_before": bytes,
        "runs_per_second": rate,
        "runs": reads["runs"], "runs_of_job": reads["runs_of_job"], "jobs": reads["jobs"],
        "inspect_list": inspect(&file, &["list"])?,
        "inspect_runs": inspect(&file, &["runs"])?,
        "inspect_runs_of_job": inspect(&file, &["runs", &job])?,
        "inspect_show": inspect(&file, &["show", &job])?,
    }))
}

fn judge_and_settle(
    file: &Path,
    program: &Program,
    jobs: usize,
    begin: DateTime<Utc>,
) -> anyhow::Result<f64> {
    let store = SqliteStore::open_existing(file)?;
    let owner = store.join(begin)?;
    store.sync(program, begin)?;
    let mut rates = Vec::new();
    for round in 1..=ROUNDS {
        let (now, clock) = (begin + TimeDelta::seconds(round), Instant::now());
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: BATCH, room: usize::MAX, lease_until, owner };
        let (mut results, mut ran) = (Vec::new(), 0);
        loop {
            let (_, judged) = store.settle_and_judge(std::mem::take(&mut results), request)()?;
            ran += judged.claimed.len();
            results.extend(judged.claimed.iter().map(|attempt| success(attempt, now)));
            if !judged.more {
                break;
            }
        }
        store.settle(results)?;
        ensure!(ran == jobs, "{ran} runs of {jobs} jobs in round {round}");
        rates.push(ran as f64 / clock.elapsed().as_secs_f64());
    }
    store.leave(begin + TimeDelta::seconds(ROUNDS))?;
    Ok(median(rates))
}

/// How long a read takes; it must give so many rows.
fn read(read: impl Fn() -> anyhow::Result<usize>, rows: usize) -> anyhow::Result<f64> {
    let times = (0..READS).map(|_| {
        let clock = Instant::now();
        let found = read()?;
        ensure!(found == rows, "{found} rows and not {rows}");
        Ok(clock.elapsed().as_secs_f64())
    });
    Ok(median(times.collect::<anyhow::Result<_>>()?))
}

/// How long a command takes, from its start to its end.
fn inspect(file: &Path, arguments: &[&str]) -> anyhow::Result<f64> {
    let program = std::env::current_exe().context("find this program")?.with_file_name("inspect");
    let times = (0..READS).map(|_| {
        let clock = Instant::now();
        let mut command = Command::new(&program);
        command.arg("--database").arg(file).args(arguments);
        let output = command.output().with_context(|| format!("start {}", program.display()))?;
        let took = clock.elapsed().as_secs_f64();
        ensure!(
            output.status.success(),
            "inspect {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(took)
    });
    Ok(median(times.collect::<anyhow::Result<_>>()?))
}
