use cron_runtime::job;

#[job(at = "2026-13-25T00:00:00")]
async fn no_such_month() {}

#[job(at = "tomorrow")]
async fn in_words() {}

#[job(once = "0s")]
async fn no_delay() {}

#[job(at = "2026-12-25T00:00:00+01:00", timezone = "Europe/Berlin")]
async fn offset_and_zone() {}

fn main() {}
