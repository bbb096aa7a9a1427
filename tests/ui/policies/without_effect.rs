use cron_runtime::job;

#[job(every = "30s", backoff = "fixed", retry_delay = "10s", retry_max_delay = "1h", retry_past_next = true)]
async fn no_retries() {}

#[job(every = "30s", retries = 0, retry_delay = "10s")]
async fn zero_retries() {}

#[job(every = "30s", catch_up_limit = 5)]
async fn limit_of_the_default() {}

#[job(every = "30s", catch_up = "none", catch_up_limit = 5)]
async fn limit_of_none() {}

#[job(every = "30s", grace = "5s")]
async fn grace_of_latest() {}

#[job(catch_up = "all", catch_up_limit = 5)]
async fn catch_up_without_schedule() {}

#[job(every = "30s", after = "finish", catch_up = "all", catch_up_limit = 5)]
async fn limit_of_a_delay() {}

#[job(at = "2030-01-01T00:00:00", catch_up = "all", catch_up_limit = 5)]
async fn limit_of_one_date() {}

#[job(retries = 3, retry_past_next = true)]
async fn past_next_without_schedule() {}

#[job(every = "30s", overlap = "allow", retries = 3, retry_past_next = true)]
async fn past_next_with_allow() {}

#[job(every = "30s", retries = 3, backoff = "fixed", retry_max_delay = "1m")]
async fn longest_of_equal_delays() {}

fn main() {}
