use cron_runtime::job;

#[job(cron = "0 0 30 2 *")]
async fn thirtieth_of_february() {}

#[job(cron = "0 0 31 4,6,9,11 *", timezone = "Europe/Berlin")]
fn short_months() {}

fn main() {}
