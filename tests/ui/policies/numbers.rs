use cron_runtime::job;

#[job(every = "30s", retries = 1001)]
async fn too_many_retries() {}

#[job(every = "30s", retries = 99999999999999999999999)]
async fn beyond_all_integers() {}

#[job(every = "30s", catch_up = "all", catch_up_limit = 0)]
async fn nothing_to_catch_up() {}

fn main() {}
