use cron_runtime::job;

#[job(every = "30s", timeout = "0s")]
async fn zero_timeout() {}

#[job(every = "30s", timeout = "five minutes")]
async fn in_words() {}

#[job(every = "30s", retries = 3, retry_delay = "2h")]
async fn longer_than_the_longest() {}

#[job(every = "30s", retries = 3, retry_delay = "2m", retry_max_delay = "1m")]
async fn both_given() {}

#[job(every = "30s", retries = 3, retry_max_delay = "5s")]
async fn shorter_than_the_first() {}

#[job(every = "30s", catch_up_window = "1 day")]
async fn long_unit() {}

fn main() {}
