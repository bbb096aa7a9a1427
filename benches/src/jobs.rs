//! The functions that are called, and schedulers that call them.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use anyhow::Context;
use chrono::Utc;
use cron_runtime::prelude::*;
use cron_runtime::{JobRequest, Scheduler};

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Does nothing.
#[job]
async fn nothing() {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

/// How often [`nothing`] was called.
pub fn calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

/// When calls began after their ticks, in microseconds; pairs of tick (in ms since 1970) and lateness. Room is made before, so that
/// noting costs a few nanoseconds and waits for nobody.
static NOTES: OnceLock<Box<[(AtomicI64, AtomicI64)]>> = OnceLock::new();
static NOTED: AtomicUsize = AtomicUsize::new(0);

/// Notes how long after its tick its first line runs.
#[job]
async fn note(run: Run) {
    let now = Utc::now();
    let tick = run.tick();
    let place = NOTED.fetch_add(1, Ordering::Relaxed);
    if let Some((at, late)) = NOTES.get().and_then(|notes| notes.get(place)) {
        at.store(tick.timestamp_millis(), Ordering::Relaxed);
        late.store((now - tick).num_microseconds().unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// Makes room for so many notes.
pub fn make_room(notes: usize) {
    NOTES.get_or_init(|| (0..notes).map(|_| (AtomicI64::new(0), AtomicI64::new(0))).collect());
}

/// What was noted: tick in milliseconds and lateness in microseconds.
pub fn notes() -> anyhow::Result<Vec<(i64, i64)>> {
    let room = NOTES.get().context("room was made for notes")?;
    let noted = NOTED.load(Ordering::Relaxed);
    anyhow::ensure!(noted <= room.len(), "{noted} calls, and room for {} notes", room.len());
    Ok(room[..noted]
        .iter()
        .map(|(at, late)| (at.load(Ordering::Relaxed), late.load(Ordering::Relaxed)))
        .collect())
}

/// Which of the functions dynamic jobs call.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// [`nothing`].
    Nothing,
    /// [`note`].
    Note,
}

/// So many dynamic jobs on one function.
pub fn requests(
    function: Function,
    count: usize,
    schedule: impl Fn(usize, JobRequest) -> JobRequest,
) -> Vec<JobRequest> {
    let handler = match function {
        Function::Nothing => nothing::JOB,
        Function::Note => note::JOB,
    };
    (0..count).map(|number| schedule(number, handler.request().named(format!("job-{number:06}")))).collect()
}

/// A scheduler on this file.
pub async fn start(file: &Path, workers: Option<usize>) -> anyhow::Result<Scheduler> {
    let mut start = cron_runtime::start().database(file.display().to_string());
    if let Some(workers) = workers {
        start = start.workers(workers);
    }
    start.await.with_context(|| format!("start a scheduler on {}", file.display()))
}
