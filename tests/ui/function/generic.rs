use cron_runtime::job;
use std::fmt::Display;

#[job(every = "30s")]
async fn over_types<T: Display>() {}

#[job(every = "30s")]
fn over_lifetimes<'a>() {}

#[job(every = "30s")]
async fn hidden(_value: impl Display) {}

#[job(every = "30s")]
async fn deeper(_value: Option<Box<impl Display>>) {}

fn main() {
    let _ = over_types::JOB;
}
