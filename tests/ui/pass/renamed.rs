//! A program that knows `cron_runtime` under another name.

mod facade {
    pub(super) use cron_runtime as jobs;
}

use facade::jobs::job;

#[job(every = "1m", crate = "crate::renamed::facade::jobs")]
fn by_absolute_path() {}

#[job(every = "1m", crate = "facade::jobs")]
fn by_relative_path() {}

#[test]
fn handles_exist() {
    assert_eq!(by_absolute_path::JOB.name(), "by_absolute_path");
    assert_eq!(by_relative_path::JOB.name(), "by_relative_path");
}
