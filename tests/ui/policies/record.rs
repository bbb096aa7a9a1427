use cron_runtime::job;

#[job(every = "30s", priority = 101)]
async fn beyond_the_highest() {}

#[job(every = "30s", priority = "high")]
async fn in_words() {}

#[job(every = "30s", keep_runs = 0)]
async fn no_runs() {}

#[job(every = "30s", keep_for = "a week")]
async fn a_week() {}

#[job(every = "30s", keep_dead = 0, keep_dead_for = "0s")]
async fn no_dead_letters() {}

fn main() {}
