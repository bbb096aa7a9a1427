//! What the commands that look take.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use cron_core::schedule::Dialect;

use super::values::{dialect, duration, instant, limit};

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Of this group only
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// With this tag only
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// Jobs that a program declares only
    #[arg(long, conflicts_with = "dynamic")]
    pub(crate) declared: bool,
    /// Dynamic jobs only, which were made while a program ran
    #[arg(long)]
    pub(crate) dynamic: bool,
    /// Of the function of this job only: itself, and the dynamic jobs on it, one by one
    #[arg(long, value_name = "JOB")]
    pub(crate) handler: Option<String>,
    /// Show each dynamic job also where a function has more than 10 of them, which are else one line; JSON has each
    #[arg(long)]
    pub(crate) unfold: bool,
    /// How many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = limit())]
    pub(crate) limit: u64,
    /// After this name only: the last one of the page before
    #[arg(long, value_name = "JOB")]
    pub(crate) after: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The name of the job
    pub(crate) job: String,
    /// What would happen if nobody were there for so long from now on, such as 3h
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
    pub(crate) outage: Duration,
    /// How many ticks to show at most
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 5, value_parser = limit())]
    pub(crate) count: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Tail {
    /// Of this job only
    #[arg(long)]
    pub(crate) job: Option<String>,
    /// End after so long, such as 10s [default: at Ctrl-C]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) span: Option<Duration>,
}

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Problems that schedulers have seen within this span, such as 1h
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    pub(crate) since: Duration,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The name of a job; all jobs if left out
    pub(crate) job: Option<String>,
    /// Show also the jobs whose record is sound
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DeadLetters {
    /// Of this job only
    #[arg(long)]
    pub(crate) job: Option<String>,
    /// How many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = limit())]
    pub(crate) limit: u64,
    /// Older than this run only: the last one of the page before
    #[arg(long, value_name = "RUN")]
    pub(crate) before: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Runs {
    /// Of this job only
    pub(crate) job: Option<String>,
    /// How many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = limit())]
    pub(crate) limit: u64,
    /// Older than this run only: the last one of the page before
    #[arg(long, value_name = "RUN")]
    pub(crate) before: Option<u64>,
    /// Only those that run, wait for an attempt, or are not started yet
    #[arg(long)]
    pub(crate) active: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Next {
    /// The name of a job; all jobs if left out
    #[arg(conflicts_with = "expr")]
    pub(crate) job: Option<String>,
    /// Of this schedule: a cron expression, a phrase such as `every weekday at 9:00` (it begins with `every` or
    /// `on the`), or a text such as `every(30s)`; needs no database
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) expr: Option<String>,
    /// The time zone of the schedule, an IANA name [default: UTC]
    #[arg(long, requires = "expr")]
    pub(crate) zone: Option<String>,
    #[command(flatten)]
    pub(crate) ahead: Ahead,
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    /// A cron expression or nickname, a phrase such as `every weekday at 9:00` (it begins with `every` or `on the`), or
    /// a text such as `every(30s)`
    #[arg(allow_hyphen_values = true)]
    pub(crate) expr: String,
    /// The time zone of the schedule, an IANA name [default: UTC]
    #[arg(long)]
    pub(crate) zone: Option<String>,
    /// The schedule is written in the words of another system; prints the options of `#[job]` that say the same
    #[arg(long, value_parser = dialect())]
    pub(crate) dialect: Option<Dialect>,
    /// Let warnings count as errors
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) ahead: Ahead,
}

/// Which ticks to show.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Ahead {
    /// How many at most
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 5, value_parser = limit())]
    pub(crate) count: u64,
    /// Those after this instant, such as 2026-01-01T00:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) after: Option<DateTime<Utc>>,
}
