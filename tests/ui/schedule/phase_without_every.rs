use cron_runtime::job;

#[job(cron = "0 9 * * *", phase = "5s")]
async fn with_cron() {}

#[job(phase = "5s")]
async fn without_schedule() {}

fn main() {}
