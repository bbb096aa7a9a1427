use cron_runtime::job;

#[job(every = "30s", overlap = "skp")]
async fn overlap() {}

#[job(every = "30s", catch_up = "everything")]
async fn catch_up() {}

#[job(every = "30s", retries = 3, backoff = "Exponential")]
async fn backoff() {}

fn main() {}
