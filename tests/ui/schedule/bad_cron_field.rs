use cron_runtime::job;

#[job(cron = "0 25 * * *")]
async fn out_of_range() {}

#[job(cron = "0 9 * * MON-FIR")]
async fn mistyped_weekday() {}

#[job(cron = "0 9 * *")]
async fn four_fields() {}

#[job(cron = "")]
async fn empty() {}

#[job(cron = r"0 9 1,32,15 JAN-DEC *")]
async fn raw_string() {}

#[job(cron = "5/15 * * * *")]
async fn step_without_range() {}

#[job(cron = "@dayly")]
async fn mistyped_nickname() {}

fn main() {
    let _ = (out_of_range::JOB, empty::JOB);
}
