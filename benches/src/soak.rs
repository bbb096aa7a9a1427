//! A long life at half of what can be sustained with as many runs kept: whether memory, the file and the lateness stay as they are.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::Utc;
use cron_runtime::core::policy::Retention;
use cron_runtime::prelude::*;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::jobs::start;
use crate::place::{Measuring, folder, median, number, scratch, size};
use crate::process::resident;
use crate::sustained::bare;

/// Runs of each job that are kept, unless another number is given. All others go, as fast as they come.
pub const KEPT: u32 = 10;

/// So many samples are taken.
const SAMPLES: u64 = 24;

/// Lateness by its size: for each power of two of microseconds eight steps.
static LATE: [AtomicU64; 64 * 8] = [const { AtomicU64::new(0) }; 64 * 8];

#[job]
async fn soaked(run: Run) {
    let late = (Utc::now() - run.tick()).num_microseconds().unwrap_or(i64::MAX).max(0).unsigned_abs();
    LATE[step(late)].fetch_add(1, Ordering::Relaxed);
}

fn step(micros: u64) -> usize {
    let micros = micros.max(8);
    let power = micros.ilog2();
    power as usize * 8 + ((micros >> (power - 3)) & 7) as usize
}

/// The least lateness of a step, in seconds.
fn least(step: usize) -> f64 {
    let (power, part) = (step / 8, step % 8);
    (1_u64 << power) as f64 * (1.0 + part as f64 / 8.0) / 1e6
}

/// What has come since the last time.
fn taken() -> Vec<u64> {
    LATE.iter().map(|count| count.swap(0, Ordering::Relaxed)).collect()
}

/// The lateness below which this part of them lies.
fn part(counts: &[u64], part: f64) -> f64 {
    let all: u64 = counts.iter().sum();
    let wanted = (all as f64 * part).ceil() as u64;
    let mut passed = 0;
    let found = counts.iter().position(|count| {
        passed += count;
        passed >= wanted
    });
    found.map_or(f64::NAN, least)
}

/// What was seen at one moment, of the span before it.
#[derive(Clone, Copy, Debug)]
struct Sample {
    runs: u64,
    p50: f64,
    p99: f64,
    resident: u64,
    file: u64,
    rows: u64,
}

/// Lives for so long and prints what it sees.
///
/// # Errors
///
/// If something cannot be measured. That something grows is no error but a line of what is printed.
pub fn soak(span: Duration, kept: u32) -> anyhow::Result<()> {
    let rate = |arguments: &[&str]| number(&Measuring::child(arguments)?.result()?, "runs_per_second");
    let kept_text = kept.to_string();
    let unpruned = rate(&["sustained", "150000", "20000"])?;
    let limit = rate(&["retention", &((unpruned / 2.0) as usize).to_string(), &kept_text])?;
    // Where many runs are kept it does as much as the loop, and sometimes more.
    let too_many = (limit * 1.25) as usize;
    let sustained = rate(&["overload", &too_many.to_string(), &kept_text])?;
    let jobs = (sustained / 2.0) as usize;
    println!(
        "{unpruned:.0} runs a second while nothing is pruned; with {kept} runs of each job kept {sustained:.0} can be sustained, and a bare loop makes {limit:.0}"
    );
    println!("{jobs} jobs, each due every second and with {kept} runs kept, for {span:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let samples = runtime.block_on(live(jobs, span, kept))?;
    tell(jobs, kept, &samples)?;
    let path = folder()?.join("soak.json");
    let all: Vec<Value> = samples
        .iter()
        .map(|sample| {
            let Sample { runs, p50, p99, resident, file, rows } = sample;
            json!({ "runs": runs, "p50": p50, "p99": p99, "resident": resident, "file": file, "rows": rows })
        })
        .collect();
    let all = json!({ "unpruned": unpruned, "sustained": sustained, "limit": limit, "jobs": jobs, "kept": kept, "seconds": span.as_secs_f64(), "samples": all });
    std::fs::write(&path, format!("{all:#}\n")).with_context(|| format!("write {}", path.display()))?;
    println!("every sample: {}", path.display());
    Ok(())
}

/// What the engine sustains where each run that begins has another one removed. It is given more jobs than it can do, and so long that each
/// has run as often as is kept, and has had its turn to be pruned, in the first half; the second one counts.
///
/// # Errors
///
/// If it does not run, or does all that it is given.
pub async fn sustained(jobs: usize, kept: u32) -> anyhow::Result<Value> {
    // Of each two seconds at least one run of each job is done.
    let span = Duration::from_secs(4 * u64::from(most_on_record(kept)));
    let samples = live(jobs, span, kept).await?;
    let settled = &samples[samples.len() / 2..];
    let runs: u64 = settled.iter().map(|sample| sample.runs).sum();
    let rate = runs as f64 / (span.as_secs_f64() / 2.0);
    ensure!(rate < jobs as f64 * 0.99, "{rate:.0} of {jobs} jobs run each second: that is no overload");
    Ok(json!({ "runs_per_second": rate }))
}

/// So many runs of a job are on record when it has its turn to be pruned.
fn most_on_record(kept: u32) -> u32 {
    kept + Retention { runs: kept, ..Retention::DEFAULT }.stride()
}

/// What a bare loop makes of as many jobs with as many runs on record.
///
/// # Errors
///
/// If its file cannot be written, or does not hold what was to be kept.
pub fn limit(jobs: usize, kept: u32) -> anyhow::Result<Value> {
    Ok(json!({ "runs_per_second": bare::with_retention(512, jobs, kept)? }))
}

async fn live(jobs: usize, span: Duration, kept: u32) -> anyhow::Result<Vec<Sample>> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    let scheduler = start(&file, Some(20_000)).await?;
    let requests = (0..jobs).map(|number| {
        let job = soaked::JOB.request().named(format!("job-{number:06}")).every("1s").keep_runs(kept);
        match number * 1_000 / jobs {
            0 => job,
            phase => job.phase(format!("{phase}ms")),
        }
    });
    scheduler.schedule_all(requests.collect::<Vec<_>>()).await.context("schedule the jobs")?;
    let ledger =
        Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).context("read the file")?;
    let every = span / SAMPLES as u32;
    println!(
        "{:>8}{:>10}{:>10}{:>10}{:>12}{:>12}{:>12}",
        "s", "runs/s", "p50 ms", "p99 ms", "memory MiB", "file MiB", "rows"
    );
    // While jobs were added the first of them ran already.
    drop(taken());
    let clock = Instant::now();
    let mut samples = Vec::new();
    for number in 1..=SAMPLES {
        tokio::time::sleep(every).await;
        let sample = look(&file, &ledger)?;
        let Sample { runs, p50, p99, resident, file, rows } = sample;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        println!(
            "{:>8.0}{:>10.0}{:>10.2}{:>10.2}{:>12.1}{:>12.1}{rows:>12}",
            every.as_secs_f64() * number as f64,
            runs as f64 / every.as_secs_f64(),
            p50 * 1e3,
            p99 * 1e3,
            mib(resident),
            mib(file),
        );
        samples.push(sample);
    }
    let due = jobs as f64 * clock.elapsed().as_secs_f64();
    scheduler.shutdown_within(Duration::from_secs(30)).await.context("stop")?;
    let wrong: i64 =
        ledger.query_row("SELECT count(*) FROM runs WHERE state <> 'succeeded'", [], |row| row.get(0))?;
    ensure!(wrong == 0, "{wrong} runs did not succeed");
    // What was skipped long ago is no longer on record: it is kept as long as the runs beside it.
    let ran: u64 = samples.iter().map(|sample| sample.runs).sum();
    println!("ticks that ran: {ran} of {due:.0} that were due ({:.2} %)", ran as f64 / due * 100.0);
    Ok(samples)
}

fn look(file: &Path, ledger: &Connection) -> anyhow::Result<Sample> {
    let counts = taken();
    let rows: i64 = ledger.query_row("SELECT count(*) FROM runs", [], |row| row.get(0))?;
    Ok(Sample {
        runs: counts.iter().sum(),
        p50: part(&counts, 0.5),
        p99: part(&counts, 0.99),
        resident: resident()?,
        file: size(file),
        rows: rows.unsigned_abs(),
    })
}

/// The last quarter beside the one after the first: before that everything is still to be filled.
fn tell(jobs: usize, kept: u32, samples: &[Sample]) -> anyhow::Result<()> {
    let quarter = samples.len() / 4;
    let (early, late) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
    let medians = |of: fn(&Sample) -> f64| {
        let median_of = |samples: &[Sample]| median(samples.iter().map(of).collect());
        (median_of(early), median_of(late))
    };
    let line = |what: &str, (early, late): (f64, f64), scale: f64, unit: &str| {
        let change = late / early - 1.0;
        println!(
            "{what}: {:.2} {unit} in the second quarter, {:.2} {unit} in the last ({:+.1} %)",
            early * scale,
            late * scale,
            change * 100.0
        );
    };
    let mib = 1.0 / f64::from(1 << 20);
    line("memory", medians(|sample| sample.resident as f64), mib, "MiB");
    line("file", medians(|sample| sample.file as f64), mib, "MiB");
    line("lateness, p50", medians(|sample| sample.p50), 1e3, "ms");
    line("lateness, p99", medians(|sample| sample.p99), 1e3, "ms");
    let (_, rows) = medians(|sample| sample.rows as f64);
    // Each job is looked at once in so many of its runs, and the turns of all are spread.
    let most = most_on_record(kept);
    let predicted = f64::from(kept + most) / 2.0 * jobs as f64;
    println!(
        "rows: {rows:.0} in the last quarter; {kept} to {most} of each job are kept, that is {predicted:.0} on average ({:+.1} %)",
        (rows / predicted - 1.0) * 100.0
    );
    Ok(())
}
