use cron_runtime::job;

const PERIOD: &str = "30s";

#[job(every = "30s", retries = "three", backoff = "fixed")]
async fn words() {}

#[job(every = "30s", retries = "3", retry_past_next = "true")]
async fn needless_quotes() {}

#[job(every = 30s, overlap = skip)]
async fn missing_quotes() {}

#[job(every = 30)]
async fn number() {}

#[job(every = PERIOD)]
async fn constant() {}

#[job(every = concat!("30", "s"))]
async fn expression() {}

#[job(every = "30s", retries = -1)]
async fn negative() {}

#[job(every = "30s", retries = 3.0)]
async fn fraction() {}

#[job(every = "30s", timeout = b"30s")]
async fn bytes() {}

fn main() {}
