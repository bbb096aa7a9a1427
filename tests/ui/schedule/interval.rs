use cron_runtime::job;

#[job(every = "0s")]
async fn zero() {}

#[job(every = "30")]
async fn no_unit() {}

#[job(every = "1h 30minutes")]
async fn long_unit() {}

#[job(every = "1.5h")]
async fn fraction() {}

#[job(every = "-5s")]
async fn negative() {}

#[job(every = "")]
async fn empty() {}

#[job(every = "1m", phase = "90s")]
async fn phase_too_long() {}

#[job(every = "soon", phase = "later")]
async fn both_wrong() {}

fn main() {}
