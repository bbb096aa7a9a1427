use cron_runtime::job;

#[job(jitter = "5s")]
async fn no_tick_to_delay() {}

#[job(every = "30s", jitter = "5")]
async fn no_unit() {}

#[job(every = "30s", run_on_start = "true")]
async fn needless_quotes() {}

#[job(every = "30s", splay = "5s")]
async fn another_word() {}

fn main() {}
