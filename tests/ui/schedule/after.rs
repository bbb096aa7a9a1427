use cron_runtime::job;

#[job(every = "30s", after = "finsh")]
async fn misspelt() {}

#[job(every = "30s", after = "start")]
async fn another_word() {}

#[job(every = "30s", phase = "5s", after = "finish")]
async fn with_phase() {}

#[job(cron = "0 9 * * *", after = "finish")]
async fn with_cron() {}

#[job(after = "finish")]
async fn without_schedule() {}

#[job(every = "30s", after = "finish", timezone = "Europe/London")]
async fn with_zone() {}

#[job(every = "30s", after = "finish", retries = 3, retry_past_next = true)]
async fn past_next() {}

fn main() {}
