//! `tokio-cron-scheduler` and `apalis-cron`: jobs at each full second, kept in memory.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use apalis::prelude::WorkerBuilder;
use apalis_cron::{CronScheduler, Tick};
use serde_json::{Value, json};
use tokio_cron_scheduler::{Job, JobScheduler};

/// Seconds before those that are measured, in which everything is done for the first time.
const WARM_UP: u64 = 3;

/// The tick in seconds since 1970, and how late its function was called.
static NOTES: Mutex<Vec<(u64, Duration)>> = Mutex::new(Vec::new());

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn note(tick: u64, now: Duration) {
    let late = now.saturating_sub(Duration::from_secs(tick));
    NOTES.lock().unwrap_or_else(PoisonError::into_inner).push((tick, late));
}

/// Waits until all is measured; gives what was found.
async fn summary(jobs: usize, seconds: u64) -> anyhow::Result<Value> {
    let from = since_1970().as_secs() + 1 + WARM_UP;
    let until = Duration::from_secs(from + seconds) + Duration::from_millis(900);
    tokio::time::sleep(until.saturating_sub(since_1970())).await;
    let notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    let measured = notes.iter().filter(|(tick, _)| (from..from + seconds).contains(tick));
    let mut late: Vec<Duration> = measured.map(|(_, late)| *late).collect();
    late.sort_unstable();
    let part = |part: f64| -> anyhow::Result<f64> {
        let place = ((late.len() as f64 * part).ceil() as usize).saturating_sub(1);
        Ok(late.get(place).context("nothing was called")?.as_secs_f64())
    };
    Ok(json!({
        "jobs": jobs, "ticks": jobs as u64 * seconds, "ticks_run": late.len(),
        "p50": part(0.5)?, "p99": part(0.99)?, "max": part(1.0)?,
    }))
}

/// Its functions are not told their tick: it is the full second before the call, so a call that comes more than a second late counts
/// as less late than it is.
pub async fn tokio_cron_scheduler(jobs: usize, seconds: u64) -> anyhow::Result<Value> {
    // Room for all messages of a thousand jobs at once; by itself it has room for 200.
    let scheduler = JobScheduler::new_with_channel_size(100_000).await.context("make a scheduler")?;
    for _ in 0..jobs {
        let job = Job::new_async("* * * * * *", |_, _| {
            Box::pin(async {
                let now = since_1970();
                note(now.as_secs(), now);
            })
        });
        scheduler.add(job.context("make a job")?).await.context("add a job")?;
    }
    // It looks twice a second from its start on, so how late it is depends on when that was: here it is as late as on average.
    let now = since_1970();
    let average = Duration::from_secs(now.as_secs() + 1) + Duration::from_millis(250);
    tokio::time::sleep(average.saturating_sub(now)).await;
    scheduler.start().await.context("start")?;
    summary(jobs, seconds).await
}

async fn handle(tick: Tick) {
    note(tick.get_timestamp(), since_1970());
}

/// One worker for each schedule, as its documentation shows it.
pub async fn apalis_cron(jobs: usize, seconds: u64) -> anyhow::Result<Value> {
    for number in 0..jobs {
        let schedule = cron::Schedule::from_str("* * * * * *").context("parse a schedule")?;
        let worker =
            WorkerBuilder::new(format!("job-{number}")).backend(CronScheduler::new(schedule)).build(handle);
        tokio::spawn(async move {
            if let Err(error) = worker.run().await {
                eprintln!("apalis-cron: worker {number} has ended: {error}");
            }
        });
    }
    summary(jobs, seconds).await
}
