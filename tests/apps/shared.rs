//! A program of which several run on one file, and which are killed again and again. Its jobs count in files without any
//! protection, so that two calls at once would lose a count; each call is witnessed at its start and at its end.
//!
//! `WITNESS` and `COUNTERS` say where, `NAME` who this is, `JOBS` how many jobs there are, `HANG_AT` in which call it hangs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cron_runtime::JobRequest;
use cron_runtime::core::hash::Fnv;
use cron_runtime::prelude::*;
use nix::time::{ClockId, clock_gettime};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Reads a number, waits, and writes the next one.
#[job]
fn count(run: Run) {
    witness("start", &run, 0);
    if env("HANG_AT").and_then(|at| at.parse().ok()) == Some(CALLS.fetch_add(1, Ordering::SeqCst) + 1) {
        println!("hangs");
        park();
    }
    let path = PathBuf::from(env("COUNTERS").expect("a directory")).join(run.name());
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).expect("it opens");
    let mut bytes = [0; 8];
    let read = file.read_at(&mut bytes, 0).expect("it is read");
    assert!(read == 0 || read == 8, "half a number");
    let number = u64::from_le_bytes(bytes) + 1;
    std::thread::sleep(pause(&run));
    // One call of the system, so that a kill leaves the old number or the new one.
    file.write_all_at(&number.to_le_bytes(), 0).expect("it is written");
    witness("end", &run, number);
}

/// Mostly a few milliseconds; now and then so long that the next tick finds the slot taken.
fn pause(run: &Run) -> Duration {
    let random = Fnv::new().bytes(run.name().as_bytes()).u64(run.epoch().0).finish();
    Duration::from_micros(if random.is_multiple_of(20) { 130_000 } else { random % 10_000 })
}

/// Starts a program, which outlives this one. It says itself that it runs: `spawn` may return before the system has
/// closed in the child what is closed on exec.
#[job]
fn parent() {
    let script = "echo $$; exec sleep 600 > /dev/null";
    Command::new("sh").args(["-c", script]).stdin(Stdio::null()).status().expect("it starts");
}

fn park() {
    loop {
        std::thread::park();
    }
}

/// One `write` each, so that a kill leaves a whole line or none.
fn witness(what: &str, run: &Run, number: u64) {
    static FILE: OnceLock<File> = OnceLock::new();
    let mut file = FILE.get_or_init(|| {
        let path = env("WITNESS").expect("WITNESS names a file");
        OpenOptions::new().create(true).append(true).open(path).expect("the file opens")
    });
    let stamp = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("there is such a clock");
    let stamp = Duration::from(stamp).as_nanos();
    let (who, tick) = (env("NAME").expect("a name"), run.tick().timestamp_millis());
    let line =
        format!("{what} {who} {} {tick} {} {} {stamp} {number}\n", run.name(), run.id().0, run.epoch().0);
    file.write_all(line.as_bytes()).expect("the file is written");
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheduler = cron_runtime::start().await?;
    let jobs: u32 = env("JOBS").unwrap_or_default().parse()?;
    let job =
        |number| JobRequest::on("count").named(format!("count-{number}")).every("100ms").keep_runs(100_000);
    scheduler.schedule_all((0..jobs).map(job).collect()).await?;
    if env("SPAWN").is_some() {
        scheduler.trigger(parent::JOB).await?;
    } else {
        println!("started");
    }
    Ok(scheduler.until_signal().await?)
}
