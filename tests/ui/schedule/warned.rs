//! What is legal and probably not meant is a warning of the compiler, at its text; here it is made an error to be seen.
#![deny(deprecated)]

use cron_runtime::job;

#[job(cron = "0 0 10 ? * 2-6")]
async fn weekdays_of_quartz() {}

#[job(cron = "*/90 * * * *", retries = 3)]
async fn each_ninety_minutes() {}

#[job(cron = "* 9 * * *")]
async fn at_nine() {}

/// Nobody doubts these.
#[job(cron = "0 10 * * TUE-SAT")]
async fn by_name() {}

#[job(cron = "*/1 9 * * *")]
async fn each_minute_of_nine() {}

#[allow(deprecated)]
#[job(cron = "* 9 * * *")]
async fn silenced() {}

fn main() {}
