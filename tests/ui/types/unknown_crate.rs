use cron_runtime::job;

#[job(every = "30s", crate = "::no_such_crate")]
async fn unknown_crate() {}

fn main() {}
