use cron_runtime::job;

#[job(daily = "09:00", calendar = "2026-12-25, 2026-02-30")]
async fn no_such_day() {}

#[job(daily = "09:00", calendar = "2026-12-25, 26.12.2026")]
async fn no_date() {}

#[job(daily = "09:00", calendar = "2026-12-25,,2026-12-26")]
async fn date_missing() {}

#[job(daily = "09:00", calendar = "uk holidays")]
async fn no_name() {}

#[job(daily = "09:00", calendar = "")]
async fn empty() {}

#[job(daily = "09:00", calendar_rule = "skip")]
async fn rule_alone() {}

#[job(daily = "09:00", calendar = "uk_holidays", calendar_rule = "nextworkday")]
async fn wrong_rule() {}

#[job(calendar = "uk_holidays")]
async fn without_schedule() {}

#[job(every = "1h", calendar = "uk_holidays", calendar_rule = "next_workday")]
async fn moved_interval() {}

#[job(once = "60s", calendar = "uk_holidays")]
async fn delay() {}

#[job(weekly = "MON 09:00", calendar = "2026-12-25, 2026-12-26", calendar_rule = "only")]
async fn never_only() {}

#[job(at = "2026-12-25T09:00:00", calendar = "2026-12-25")]
async fn never_skip() {}

#[job(daily = "25:00", timezone = "Europe/Londn", calendar = "2026-12-32", calendar_rule = "never")]
async fn all_at_once() {}

fn main() {}
