//! Calendars that jobs name: looked up by `start()`, kept in the database, read by programs that do not have them.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use cron_runtime::core::schedule::{CalendarRule, Schedule};
use cron_runtime::{Error, Start, job};

/// Pays the wages, on a day on which banks work.
#[job(
    cron = "0 9 25 * *",
    timezone = "Europe/London",
    calendar = "bank_holidays",
    calendar_rule = "next_workday"
)]
fn pay() {}

#[job(every = "1h", calendar = "2026-12-25, 2026-12-26", timezone = "Europe/London")]
fn poll() {}

fn christmas(date: NaiveDate) -> bool {
    date.month() == 12 && matches!(date.day(), 25 | 26)
}

fn in_memory() -> Start {
    cron_runtime::start().database("memory:")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

#[tokio::test]
async fn an_unknown_calendar_is_named_with_its_job_and_the_nearest_one() {
    let error = in_memory().await.expect_err("there is no calendar").to_string();
    for part in ["job `pay`", "no calendar is named `bank_holidays`", ".calendar(name, ...)", "calendars.rs:"]
    {
        assert!(error.contains(part), "{part} is missing in:\n{error}");
    }
    assert!(!error.contains("`poll`"), "its dates are in the attribute: {error}");
    let error = in_memory().calendar("bank_holiday", christmas).await.expect_err("another name").to_string();
    assert!(error.contains("no calendar is named `bank_holidays`; write `bank_holiday`"), "{error}");
}

#[tokio::test]
async fn names_are_checked_and_no_two_are_the_same() {
    let error = in_memory().calendar("bank holidays", christmas).await.expect_err("a blank");
    assert!(matches!(error, Error::Calendar(_)), "{error}");
    let twice = in_memory().calendar("bank_holidays", christmas).calendar("bank_holidays", |_| false);
    let error = twice.await.expect_err("which one?").to_string();
    assert!(error.contains("two calendars are named `bank_holidays`"), "{error}");
}

#[tokio::test]
async fn a_calendar_that_leaves_nothing_is_refused() {
    let error = in_memory().calendar("bank_holidays", |_| true).await.expect_err("no workday").to_string();
    assert!(error.contains("job `pay`") && error.contains("leaves no tick"), "{error}");
}

#[tokio::test]
async fn the_dates_are_in_the_database() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let start = || cron_runtime::start().database(database.to_string_lossy());
    let scheduler = start().calendar("bank_holidays", christmas).await.expect("it starts");
    let schedule = scheduler.get("pay").await.expect("known").plan.schedule.expect("a schedule");
    // Friday the 25th and Saturday the 26th are in the calendar, and then it is Sunday.
    let december = instant("2026-12-01T00:00:00Z");
    assert_eq!(schedule.next_after(december), Some(instant("2026-12-28T09:00:00Z")));
    scheduler.shutdown().await.expect("it ends");

    // A program without the calendar reads the same.
    let shown = cron_tests::inspect(&database, &["show", "pay"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("moved from weekends and bank_holidays to the next workday"), "{shown}");
    let next = cron_tests::inspect(
        &database,
        &["next", "pay", "--after", "2026-12-01T00:00:00Z", "-n", "1", "--json"],
    );
    assert!(String::from_utf8_lossy(&next.stdout).contains("2026-12-28T09:00:00Z"), "{next:?}");
    assert!(cron_tests::audit(&database, "pay").is_sound());

    // Another list is an edit; the name alone is none.
    let scheduler = start().calendar("bank_holidays", |_| false).await.expect("it starts again");
    let schedule = scheduler.get("pay").await.expect("known").plan.schedule.expect("a schedule");
    assert_eq!(schedule.next_after(december), Some(instant("2026-12-25T09:00:00Z")));
    let Schedule::Calendared(calendared) = &schedule else { panic!("{schedule}") };
    assert_eq!(
        (calendared.rule(), calendared.dates().name()),
        (CalendarRule::NextWorkday, Some("bank_holidays"))
    );
    scheduler.shutdown().await.expect("it ends");
    assert!(cron_tests::audit(&database, "pay").is_sound());
}
