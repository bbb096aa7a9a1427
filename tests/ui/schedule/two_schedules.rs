use cron_runtime::job;

#[job(cron = "0 9 * * *", every = "30s")]
async fn two() {}

#[job(daily = "09:00", weekly = "MON 10:00", once = "5m")]
async fn three() {}

fn main() {}
