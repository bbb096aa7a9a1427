use cron_runtime::job;

#[job("0 9 * * MON-FRI")]
async fn bare_cron() {}

#[job("30s")]
async fn bare_duration() {}

#[job(42)]
async fn bare_number() {}

#[job(every)]
async fn no_value() {}

#[job(every = )]
async fn nothing_after_equals() {}

#[job(every("30s"))]
async fn parentheses() {}

#[job(every: "30s")]
async fn colon() {}

#[job(every = "30s" retries = 3 timeout = "1m")]
async fn no_commas() {}

#[job(every = "30s",, retries = 3)]
async fn two_commas() {}

fn main() {}
