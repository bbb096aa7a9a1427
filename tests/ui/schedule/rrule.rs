use cron_runtime::job;

#[job(rrule = "FREQ=MINUTELY;INTERVAL=5")]
async fn too_frequent() {}

#[job(rrule = "FREQ=WEEKLY;BYDAYS=MO")]
async fn unknown_part() {}

#[job(rrule = "DTSTART:20260105\nRRULE:FREQ=DAILY")]
async fn start_without_time() {}

#[job(rrule = "DTSTRAT:20260105T090000\nRRULE:FREQ=DAILY")]
async fn unknown_line() {}

#[job(rrule = "FREQ=MONTHLY;BYMONTHDAY=32")]
async fn out_of_range() {}

#[job(rrule = "FREQ=WEEKLY;BYDAY=2MO")]
async fn numbered_day() {}

#[job(rrule = "FREQ=WEEKLY;BYMONTHDAY=13")]
async fn misplaced_part() {}

#[job(rrule = "FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z")]
async fn two_ends() {}

#[job(rrule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")]
async fn never() {}

#[job(rrule = "DTSTART;TZID=Asia/Tokyo:20260105T090000\nRRULE:FREQ=DAILY", timezone = "Europe/London")]
async fn two_zones() {}

#[job(rrule = "DTSTART;TZID=Asia/Tokyo:20260105T090000\nRRULE:FREQ=DAILY", timezone = "UTC")]
async fn two_zones_with_utc() {}

#[job(rrule = "DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY", timezone = "Europe/London")]
async fn start_in_utc() {}

#[job(rrule = "")]
async fn empty() {}

fn main() {}
