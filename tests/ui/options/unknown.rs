use cron_runtime::job;

#[job(every = "30s", retires = 3)]
async fn mistyped() {}

#[job(every = "30s", tz = "UTC")]
async fn another_name() {}

#[job(every = "30s", banana = true)]
async fn nonsense() {}

fn main() {}
