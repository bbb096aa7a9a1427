use cron_runtime::job;

#[job(cron = "0 22-2 * * *")]
async fn hours() {}

#[job(cron = "0 9 * * FRI-MON")]
async fn weekdays() {}

fn main() {}
