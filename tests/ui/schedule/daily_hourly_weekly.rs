use cron_runtime::job;

#[job(daily = "25:00")]
async fn no_such_hour() {}

#[job(hourly = "30")]
async fn no_colon() {}

#[job(weekly = "MONDAY 10:00")]
async fn long_name() {}

#[job(weekly = "10:00")]
async fn no_days() {}

fn main() {}
