//! `effectum`: jobs through its queue in SQLite.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use effectum::{Error, Job, JobRunner, Queue, RunningJob, Worker};
use serde_json::{Value, json};

/// As many as take it some seconds.
const JOBS: usize = 20_000;

/// So many are added in one call.
const ADDED_AT_ONCE: usize = 1_000;

/// As many as our engine has in its measurement of a small program.
const CONCURRENT: u16 = 512;

async fn nothing(_job: RunningJob, calls: Arc<AtomicU64>) -> Result<(), Error> {
    calls.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Adds jobs and runs them. A run of ours is recorded as a job of its own and as its result, so both count here too.
pub async fn effectum(folder: &Path) -> anyhow::Result<Value> {
    let directory = tempfile::Builder::new().prefix("files-").tempdir_in(folder)?;
    let file = directory.path().join("effectum.db");
    let queue = Queue::new(&file).await.context("open the queue")?;
    let begin = Instant::now();
    for _ in 0..JOBS / ADDED_AT_ONCE {
        let jobs = (0..ADDED_AT_ONCE).map(|_| Job::builder("nothing").build()).collect();
        queue.add_jobs(jobs).await.context("add jobs")?;
    }
    let added = begin.elapsed();
    let calls = Arc::new(AtomicU64::new(0));
    let runner = JobRunner::builder("nothing", nothing).build();
    let worker = Worker::builder(&queue, Arc::clone(&calls))
        .jobs([runner])
        .max_concurrency(CONCURRENT)
        .build()
        .await
        .context("start a worker")?;
    let deadline = begin + Duration::from_secs(60);
    // A result is counted when it is written.
    while worker.counts().finished < JOBS as u64 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let span = begin.elapsed();
    let finished = worker.counts().finished;
    worker.unregister(Some(Duration::from_secs(10))).await.context("stop the worker")?;
    queue.close(Duration::from_secs(10)).await.context("close the queue")?;
    let database = rusqlite::Connection::open(&file)?;
    let mode: String = database.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let recorded: u64 =
        database.query_row("SELECT count(*) FROM jobs WHERE status = 'succeeded'", [], |row| row.get(0))?;
    ensure!(recorded == finished, "{finished} jobs finished, and {recorded} on record");
    Ok(json!({
        "runs_per_second": finished as f64 / span.as_secs_f64(), "jobs": JOBS, "finished": finished,
        "called": calls.load(Ordering::Relaxed), "adding_seconds": added.as_secs_f64(),
        "running_seconds": (span - added).as_secs_f64(), "journal_mode": mode,
    }))
}
