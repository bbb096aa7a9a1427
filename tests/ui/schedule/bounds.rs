use cron_runtime::job;

#[job(start = "2026-09-01T00:00:00", end = "2027-06-30T00:00:00")]
async fn without_schedule() {}

#[job(at = "2026-12-25T00:00:00", start = "2026-09-01T00:00:00")]
async fn one_instant() {}

#[job(once = "60s", end = "2026-09-01T00:00:00")]
async fn one_delay() {}

#[job(daily = "09:00", start = "2026-09-31T00:00:00")]
async fn no_such_day() {}

#[job(daily = "09:00", end = "tomorrow")]
async fn in_words() {}

#[job(daily = "09:00", start = "2027-06-30T00:00:00", end = "2026-09-01T00:00:00")]
async fn backward() {}

#[job(daily = "09:00", start = "2026-09-01T00:00:00", end = "2026-09-01T00:00:00")]
async fn nothing_between() {}

// 00:30 in London in summer is 23:30 of the day before.
#[job(
    daily = "09:00",
    timezone = "Europe/London",
    start = "2026-09-01T00:30:00",
    end = "2026-08-31T23:30:00+00:00"
)]
async fn the_same_instant() {}

#[job(daily = "09:00", start = "2026-09-01T10:00:00", end = "2026-09-02T08:00:00")]
async fn no_tick_between() {}

#[job(every = "30s", start = "2026-09-01T00:00:00Z", timezone = "Europe/London")]
async fn zone_without_effect() {}

#[job(daily = "25:00", start = "soon", timezone = "Europe/Londn")]
async fn all_at_once() {}

fn main() {}
