//! How late ticks are beside an import: another connection of the same program that writes one short transaction after the other, and
//! waits for nobody.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal, Line};
use crate::jobs::{Function, make_room, notes, requests, start};
use crate::lateness::{full, summary};
use crate::place::{Measuring, number, scratch};

/// For how long it is measured.
const SECONDS: usize = 60;
/// Before that, everything is done for the first time.
const WARM_UP: usize = 3;
/// So many jobs run each second.
const JOBS: usize = 10;

static IS_OVER: AtomicBool = AtomicBool::new(false);
static ROWS: AtomicU64 = AtomicU64::new(0);

/// All of it, with SQLite's two ways to be durable: with the one each commit waits for the disk under the lock.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for synchronous in ["full", "off"] {
        let found = Measuring::child(&["beside_an_import", synchronous])?.result()?;
        for (name, most) in [("p50", None), ("p99", Some(1.0)), ("max", None)] {
            let measure = format!("lateness beside an import with synchronous={synchronous}, {name}");
            let line = Line::new(measure, Figure::seconds(number(&found, name)?));
            let line = if let Some(most) = most { line.goal(Goal::AtMost(most)) } else { line };
            lines.push(line.raw(&found)?);
        }
    }
    Ok(lines)
}

/// In a process of its own.
pub async fn child(synchronous: &str) -> anyhow::Result<Value> {
    let folder = scratch()?;
    let file = folder.path().join("jobs.db");
    make_room(JOBS * (SECONDS + WARM_UP + 20));
    let scheduler = start(&file, None).await?;
    let all = requests(Function::Note, JOBS, |number, job| match number * 1_000 / JOBS {
        0 => job.every("1s"),
        phase => job.every("1s").phase(format!("{phase}ms")),
    });
    scheduler.schedule_all(all).await.context("schedule the jobs")?;
    let (path, synchronous) = (file.clone(), synchronous.to_owned());
    let import = std::thread::spawn(move || write(&path, &synchronous));
    let from = full(Utc::now() + TimeDelta::seconds(WARM_UP as i64));
    let to = from + TimeDelta::seconds(SECONDS as i64);
    let wait = (to + TimeDelta::seconds(5) - Utc::now()).to_std().context("it is still to come")?;
    tokio::time::sleep(wait).await;
    IS_OVER.store(true, Ordering::SeqCst);
    import.join().map_err(|_| anyhow!("the import has panicked"))??;
    scheduler.shutdown_within(Duration::from_secs(20)).await.context("stop")?;
    let found = summary(&notes()?, from, to)?;
    let rows = ROWS.load(Ordering::SeqCst);
    // A tick for which another one stood in would be left out of the figures.
    let missing = (JOBS * SECONDS).saturating_sub(found.starts);
    Ok(json!({
        "ticks": JOBS * SECONDS, "not_run": missing, "rows_a_second": rows as f64 / SECONDS as f64,
        "p50": found.p50, "p99": found.p99, "max": found.max,
    }))
}

/// The import: a table of the application's in the same file.
fn write(file: &Path, synchronous: &str) -> anyhow::Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(60))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch("CREATE TABLE app_rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut insert = connection.prepare("INSERT INTO app_rows (text) VALUES (?1)")?;
    let mut commit = connection.prepare("COMMIT")?;
    while !IS_OVER.load(Ordering::SeqCst) {
        begin.execute([])?;
        for _ in 0..10 {
            insert.execute([
                "a line of a file that somebody reads in, of a usual length, with a name and an address",
            ])?;
        }
        commit.execute([])?;
        ROWS.fetch_add(10, Ordering::SeqCst);
    }
    Ok(())
}
