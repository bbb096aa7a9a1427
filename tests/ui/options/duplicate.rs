use cron_runtime::job;

#[job(every = "30s", retries = 3, retries = 5)]
async fn option() {}

#[job(every = "30s", every = "1m")]
async fn schedule() {}

fn main() {}
