//! `peers SCENARIO PEER ...` prints what a peer takes, as one line of JSON. `bench` starts it.

// Whoever measures reads the clock.
#![allow(clippy::disallowed_methods)]

mod lateness;
mod sustained;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where files go: beside those of `bench`, on the same disk.
fn folder() -> anyhow::Result<PathBuf> {
    let folder = match std::env::var_os("BENCH_FOLDER") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench"),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["lateness", "tokio-cron-scheduler", jobs, seconds] => {
            lateness::tokio_cron_scheduler(jobs.parse()?, seconds.parse()?).await?
        }
        ["lateness", "apalis-cron", jobs, seconds] => {
            lateness::apalis_cron(jobs.parse()?, seconds.parse()?).await?
        }
        ["sustained", "effectum"] => sustained::effectum(&folder()?).await?,
        _ => bail!("no such measurement: {arguments:?}"),
    };
    println!("{result}");
    Ok(())
}
