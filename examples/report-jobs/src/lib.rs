//! A library that brings jobs. It prefixes their names, so that they cannot meet those of the program that uses it.

use cron_runtime::job;

/// Removes old reports.
#[job(daily = "03:30", timezone = "Europe/Berlin", name = "report_jobs.cleanup")]
pub fn cleanup() {}

/// Sends the weekly report.
#[job(weekly = "MON 08:00", timezone = "Europe/Berlin", name = "report_jobs.weekly", retries = 2)]
pub async fn weekly() {}
