//! A calendar: dates on which a job does not run, or from which its runs are moved.
//!
//! The framework brings no holidays along. A calendar is a function from a date to yes or no, given to `start()`; a few dates
//! can stand right in the attribute.

use cron_runtime::chrono::{DateTime, Datelike, NaiveDate, Utc};
use cron_runtime::job;

/// Reminds the office of its open invoices, but not on holidays.
#[job(weekly = "weekdays 09:00", timezone = "Europe/London", calendar = "uk_holidays")]
fn remind() {}

/// Pays the wages on the 25th, or on the next day on which banks work.
#[job(
    cron = "0 9 25 * *",
    timezone = "Europe/London",
    calendar = "uk_holidays",
    calendar_rule = "next_workday"
)]
fn pay() {}

/// Counts the stock on two nights of the year.
#[job(
    daily = "22:00",
    timezone = "Europe/London",
    calendar = "2026-06-30, 2026-12-31",
    calendar_rule = "only"
)]
fn count_stock() {}

/// The holidays of December. A real calendar would look into a table, or into a crate that has one.
fn uk_holidays(date: NaiveDate) -> bool {
    let december = [(2026, 25), (2026, 28), (2027, 27), (2027, 28)];
    date.month() == 12 && december.contains(&(date.year(), date.day()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let start = cron_runtime::start().database("memory:").calendar("uk_holidays", uk_holidays);
    let scheduler = start.await?;
    let december: DateTime<Utc> = "2026-12-23T12:00:00Z".parse()?;
    for job in scheduler.list().await? {
        let schedule = job.plan.schedule.expect("all of them have one");
        println!("{}: {}", job.plan.name, schedule.describe());
        for tick in schedule.iter_after(december).take(3) {
            println!("    {}", tick.format("%A, %-d %B %Y, %H:%M UTC"));
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
