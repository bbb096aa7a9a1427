use cron_runtime::job;

#[job(schedule = "every mondya at 9:00")]
async fn mistyped() {}

#[job(schedule = "every monday")]
async fn too_short() {}

#[job(schedule = "every day at 9")]
async fn ambiguous() {}

#[job(schedule = "every other day at 9:00")]
async fn without_a_start() {}

#[job(schedule = "every 2 weeks on monday from 2026-01-07 at 9:00")]
async fn wrong_weekday() {}

#[job(schedule = "every month on the 15th at 9:00 and 17:30")]
async fn beyond_masks() {}

#[job(schedule = "0 9 * * MON-FRI")]
async fn another_language() {}

#[job(schedule = "every monday from 2199-12-31 at 9:00")]
async fn no_date() {}

#[job(schedule = "every 90 minutes", timezone = "Europe/London")]
async fn zone_without_effect() {}

#[job(schedule = "every hour", cron = "0 * * * *")]
async fn two_schedules() {}

#[job("every weekday at 9:00")]
async fn without_name() {}

#[job(schedule = "")]
async fn empty() {}

fn main() {}
