use cron_runtime::job;

#[job(cron = "0 9 * * *", timezone = "Europe/Londn")]
async fn mistyped() {}

#[job(daily = "09:00", timezone = "CET+1")]
async fn not_iana() {}

#[job(daily = "24:00", timezone = "America/New York")]
async fn both_wrong() {}

fn main() {}
