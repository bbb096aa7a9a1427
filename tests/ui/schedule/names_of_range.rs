use cron_runtime::job;

#[job(cron = "0 9 * * MO-FR", timezone = "Europe/London")]
fn short_names() {}

#[job(cron = "0 9 * * monday-friday", timezone = "Europe/London")]
fn long_names() {}

#[job(cron = "0 9 * * MON-FR", timezone = "Europe/London")]
fn one_of_two() {}

fn main() {}
