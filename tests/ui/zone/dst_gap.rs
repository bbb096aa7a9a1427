use cron_runtime::job;

#[job(daily = "02:30", timezone = "Europe/London", dst_gap = "skp")]
async fn wrong_word() {}

#[job(cron = "*/15 * * * *", timezone = "Europe/London", dst_gap = "skip")]
async fn interval_like() {}

#[job(every = "30s", dst_gap = "skip")]
async fn with_every() {}

#[job(cron = "0 30 2 9 3 * 2025", timezone = "America/New_York", dst_gap = "skip")]
async fn only_in_a_gap() {}

#[job(dst_gap = "skip")]
async fn without_schedule() {}

fn main() {}
