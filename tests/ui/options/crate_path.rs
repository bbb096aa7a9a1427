use cron_runtime::job;

#[job(every = "30s", crate = "no path")]
async fn no_path() {}

fn main() {}
