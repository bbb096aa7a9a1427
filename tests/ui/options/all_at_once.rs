//! Everything that is wrong is reported in one build, and what uses the jobs adds nothing to it.

use cron_runtime::job;

#[job(cron = "0 25 * * *", timezone = "Europe/Londn", overlap = "sometimes", retries = 3, backof = "fixed", timeout = "0s")]
async fn report(_wanted: &str) -> u32 {
    7
}

async fn calls_it() -> u32 {
    report("now").await
}

fn main() {
    let _ = calls_it();
    println!("{}", report::JOB);
}
