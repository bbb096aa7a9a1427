//! What a long history and many jobs cost: the same verbs and reads on a file with ten million runs and on one without any.

mod file;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::OwnerId;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{JobQuery, JudgeRequest, Ledger, Page, Program, RunQuery, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::figure::{Figure, Goal, Line};
use crate::place::{Measuring, median, number, scratch, size};
use crate::process::written;
use crate::sustained::{bare, plans, success};

const JOBS: usize = 10_000;
const RUNS: usize = 10_000_000;

/// Rounds of judging and settling; each job is due once in a round.
const ROUNDS: usize = 10;

/// As the engine has it.
const BATCH: usize = 512;

/// How often each read is repeated.
const READS: usize = 25;

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let found = Measuring::child(&["history"])?.result()?;
    let (empty, long) = (&found["empty"], &found["long"]);
    let mut lines = Vec::new();
    for (name, what, has_goal) in [
        ("judge_and_settle", "judge and settle", true),
        ("runs", "the first page of all runs", true),
        ("runs_of_job", "the first page of the runs of a job", true),
        ("jobs", "the first page of jobs", false),
        ("inspect list", "inspect list", false),
        ("inspect runs", "inspect runs", false),
        ("inspect runs JOB", "inspect runs JOB", false),
        ("inspect show JOB", "inspect show JOB", false),
    ] {
        let figure = |file: &Value| Ok::<_, anyhow::Error>(figure(name, number(file, name)?));
        let line = Line::new(format!("10 million runs on record: {what}"), figure(long)?);
        let line = line.beside("none on record", figure(empty)?);
        // At most 1.5 times slower.
        let line = if has_goal { line.goal(Goal::TimesAsGood(0.667)) } else { line };
        lines.push(line.raw(&found)?);
    }
    let bare_loop = |name: &str| Ok::<_, anyhow::Error>(Figure::per_second(number(&found[name], "rate")?));
    let line = Line::new(
        "10 million runs on record: judge and settle",
        figure("judge_and_settle", number(long, "judge_and_settle")?),
    );
    lines.push(line.beside("bare loop on as many", bare_loop("bare_long")?));
    let line = Line::new("10 million runs on record: the bare loop itself", bare_loop("bare_long")?);
    lines.push(line.beside("bare loop, none on record", bare_loop("bare_empty")?));
    let written = |found: &Value| Ok::<_, anyhow::Error>(Figure::bytes(number(found, "written_per_run")?));
    let line = |whose: &str, found| {
        let what = format!("10 million runs on record: bytes written for each run, {whose}");
        Ok::<_, anyhow::Error>(Line::new(what, written(found)?))
    };
    lines.push(line("judge and settle", long)?.beside("none on record", written(empty)?));
    lines.push(
        line("the bare loop", &found["bare_long"])?.beside("none on record", written(&found["bare_empty"])?),
    );
    let each = number(long, "bytes")? / RUNS as f64;
    lines.push(Line::new("10 million runs on record: bytes for each", Figure::bytes(each)));
    for jobs in ["1000", "100000"] {
        let other = Measuring::child(&["growth", jobs])?.result()?;
        let rate = |found: &Value| {
            Ok::<_, anyhow::Error>(figure("judge_and_settle", number(found, "judge_and_settle")?))
        };
        let line = Line::new(format!("{jobs} jobs on record: judge and settle"), rate(&other)?);
        lines.push(line.beside("10000 jobs", rate(empty)?).raw(other)?);
    }
    Ok(lines)
}

fn figure(name: &str, value: f64) -> Figure {
    if name == "judge_and_settle" { Figure::per_second(value) } else { Figure::seconds(value) }
}

/// Both files in one process, in turns.
pub fn child() -> anyhow::Result<Value> {
    let (empty, long) = (Ledgered::new(JOBS, 0)?, Ledgered::new(JOBS, RUNS)?);
    let mut all = [(empty, Rounds::default()), (long, Rounds::default())];
    for round in 1..=ROUNDS {
        for (file, rounds) in &mut all {
            rounds.take(|| file.round(round))?;
        }
    }
    let [empty, long] = all.map(|(file, rounds)| file.reads(rounds));
    let (bare_empty, bare_long) = bare_loops()?;
    Ok(json!({ "empty": empty?, "long": long?, "bare_empty": bare_empty, "bare_long": bare_long }))
}

/// What was seen in rounds.
#[derive(Default)]
struct Rounds {
    rates: Vec<f64>,
    written_per_run: Vec<f64>,
}

impl Rounds {
    /// A round that runs each job once and says how many it has run.
    fn take(&mut self, round: impl FnOnce() -> anyhow::Result<usize>) -> anyhow::Result<()> {
        let (clock, before) = (Instant::now(), written()?);
        let ran = round()? as f64;
        self.rates.push(ran / clock.elapsed().as_secs_f64());
        self.written_per_run.push((written()? - before) as f64 / ran);
        Ok(())
    }
}

/// The bare loop on the same two histories, in turns: medians of its rates.
fn bare_loops() -> anyhow::Result<(Value, Value)> {
    let folder = scratch()?;
    let open = |name: &str, runs: usize| {
        let file = folder.path().join(name);
        file::fill_bare(&file, JOBS, runs)?;
        bare::open(&file)
    };
    let files = [open("empty.db", 0)?, open("long.db", RUNS)?];
    let mut all = [Rounds::default(), Rounds::default()];
    for round in 1..=ROUNDS {
        for (file, rounds) in files.iter().zip(&mut all) {
            rounds.take(|| {
                let ran = bare::round(file, BATCH, round)?;
                ensure!(ran == JOBS, "{ran} runs of {JOBS} jobs in round {round}");
                Ok(ran)
            })?;
        }
    }
    let [empty, long] = all.map(|Rounds { rates, written_per_run }| {
        json!({ "rate": median(rates), "written_per_run": median(written_per_run) })
    });
    Ok((empty, long))
}

/// How the rate grows with the number of jobs.
pub fn growth(jobs: usize) -> anyhow::Result<Value> {
    let file = Ledgered::new(jobs, 0)?;
    let mut rounds = Rounds::default();
    (1..=ROUNDS).try_for_each(|round| rounds.take(|| file.round(round)))?;
    Ok(json!({ "judge_and_settle": median(rounds.rates) }))
}

/// A store on a file with a history.
struct Ledgered {
    file: PathBuf,
    store: SqliteStore,
    owner: OwnerId,
    begin: DateTime<Utc>,
    jobs: usize,
    /// Of the file before anything is measured.
    bytes: u64,
    filling: f64,
    _folder: TempDir,
}

impl Ledgered {
    fn new(jobs: usize, runs: usize) -> anyhow::Result<Self> {
        let folder = scratch()?;
        let file = folder.path().join("jobs.db");
        let begin = DateTime::from_timestamp(Utc::now().timestamp(), 0).context("within the calendar")?;
        let program = Program { plans: plans(jobs)?, groups: Vec::new(), ..Program::default() };
        let store = SqliteStore::open(&file)?;
        store.join(begin)?;
        store.sync(&program, begin)?;
        store.leave(begin)?;
        drop(store);
        let clock = Instant::now();
        file::fill(&file, jobs, runs, begin)?;
        let (filling, bytes) = (clock.elapsed().as_secs_f64(), size(&file));
        let store = SqliteStore::open_existing(&file)?;
        let owner = store.join(begin)?;
        store.sync(&program, begin)?;
        Ok(Self { file, store, owner, begin, jobs, bytes, filling, _folder: folder })
    }

    /// Runs each job once; gives how many.
    fn round(&self, round: usize) -> anyhow::Result<usize> {
        let now = self.begin + TimeDelta::seconds(round as i64);
        let lease_until = now + TimeDelta::seconds(30);
        let request = JudgeRequest { now, limit: BATCH, room: usize::MAX, lease_until, owner: self.owner };
        let (mut results, mut ran) = (Vec::new(), 0);
        loop {
            let (_, judged) = self.store.settle_and_judge(std::mem::take(&mut results), request)()?;
            ran += judged.claimed.len();
            results.extend(judged.claimed.iter().map(|attempt| success(attempt, now)));
            if !judged.more {
                break;
            }
        }
        self.store.settle(results)?;
        ensure!(ran == self.jobs, "{ran} runs of {} jobs in round {round}", self.jobs);
        Ok(ran)
    }

    fn reads(self, Rounds { rates, written_per_run }: Rounds) -> anyhow::Result<Value> {
        let store = &self.store;
        let job = format!("job-{:06}", self.jobs / 2);
        let all_runs = RunQuery { page: Page { limit: 50 }, ..RunQuery::default() };
        // As many as there are in both files.
        let of_job = RunQuery { job: Some(job.clone()), page: Page { limit: ROUNDS }, ..RunQuery::default() };
        let some_jobs = JobQuery { page: Page { limit: 50 }, ..JobQuery::default() };
        let runs = read(|| Ok(store.runs(&all_runs)?.len()), 50)?;
        let runs_of_job = read(|| Ok(store.runs(&of_job)?.len()), ROUNDS)?;
        let jobs = read(|| Ok(store.jobs(&some_jobs)?.len()), 50)?;
        self.store.leave(self.begin + TimeDelta::seconds(ROUNDS as i64))?;
        let limit = ROUNDS.to_string();
        Ok(json!({
            "bytes": self.bytes, "filling_seconds": self.filling, "rates": rates, "judge_and_settle": median(rates.clone()),
            "written_per_run": median(written_per_run),
            "runs": runs, "runs_of_job": runs_of_job, "jobs": jobs,
            "inspect list": inspect(&self.file, &["list"])?,
            "inspect runs": inspect(&self.file, &["runs"])?,
            "inspect runs JOB": inspect(&self.file, &["runs", "--limit", &limit, &job])?,
            "inspect show JOB": inspect(&self.file, &["show", &job])?,
        }))
    }
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
