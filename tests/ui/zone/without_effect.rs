use cron_runtime::job;

#[job(every = "30s", timezone = "Europe/London")]
async fn with_every() {}

#[job(once = "30s", timezone = "Europe/London")]
async fn with_once() {}

#[job(timezone = "Europe/London")]
async fn without_schedule() {}

fn main() {}
