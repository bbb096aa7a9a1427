//! Everything that a job may return.

use std::fmt::Display;

use cron_runtime::prelude::*;

type Outcome = Result<(), std::num::ParseIntError>;

#[job]
async fn nothing() {}

#[job]
#[allow(clippy::unused_unit)]
fn unit() -> () {}

#[job]
async fn alias() -> Outcome {
    "7".parse::<i32>().map(drop)
}

#[job]
fn text() -> Result<(), &'static str> {
    Err("text")
}

#[job]
async fn with_anyhow() -> anyhow::Result<()> {
    anyhow::bail!("no")
}

#[job]
fn unnamed_error() -> Result<(), impl Display> {
    Err::<(), _>(7)
}

#[job]
async fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err("not `Send`, and made after the last await".into())
}

#[job]
fn says_when() -> Next {
    Next::Scheduled
}

#[job]
async fn says_when_or_fails() -> anyhow::Result<Next> {
    Ok(Next::Never)
}

#[job]
fn unnamed_error_or_next() -> Result<Next, impl Display> {
    Err::<Next, _>("no")
}

#[job]
async fn permanent() -> Result<(), JobError> {
    Err(JobError::discard("no"))
}

#[job]
async fn permanent_in_a_box() -> Result<Next, Box<dyn std::error::Error + Send + Sync>> {
    Err(JobError::discard(std::io::Error::other("no")).into_error())?;
    Ok(Next::Scheduled)
}
