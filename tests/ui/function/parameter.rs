use cron_runtime::extract::{Run, State};
use cron_runtime::job;

#[job(every = "30s")]
async fn borrowed(_pool: &State<String>) {}

#[job(every = "30s")]
async fn text(_name: &str) {}

#[job(every = "30s")]
async fn conditional(#[cfg(unix)] _run: Run) {}

fn main() {}
