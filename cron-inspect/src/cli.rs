//! The command line, as clap reads it.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The release of the time zone rules is part of what decides when a job runs.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!("{} (time zone rules {})", env!("CARGO_PKG_VERSION"), chrono_tz::IANA_TZDB_VERSION)
});

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 refused, not found or failed, 2 wrong usage.
Instants are UTC in JSON, and in the zone of the job for people.";

#[derive(Debug, Parser)]
#[command(
    name = "inspect",
    version = VERSION.as_str(),
    about = "Looks into the jobs of a database, steers them, and checks schedules",
    after_help = EXIT_CODES,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The database: a file, or `sqlite:FILE` [default: $CRON_DATABASE_URL, or else cron.db]
    #[arg(long, global = true, help_heading = "Options of every command", value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// Print one JSON object with stable names
    #[arg(long, global = true, help_heading = "Options of every command")]
    pub(crate) json: bool,
    /// When to use colours; `auto` looks for a terminal and at NO_COLOR
    #[arg(
        long,
        global = true,
        help_heading = "Options of every command",
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All jobs: when they run next and how they ran last
    List,
    /// One job: schedule, policies, next ticks, last runs, skipped ticks
    Show {
        /// The name of the job
        job: String,
    },
    /// Runs, newest first
    Runs(Runs),
    /// One run with its attempts
    Run {
        /// The number of the run
        run: u64,
    },
    /// The next ticks of all jobs, of one job, or of a schedule
    Next(Next),
    /// Explain a schedule: in words, next ticks, clock changes, warnings
    Check(Check),
    /// Run a job now, under its overlap policy
    Trigger {
        /// The name of the job
        job: String,
    },
    /// Stop running the ticks of a job; they are recorded as skipped(paused)
    Pause(Pause),
    /// Run the ticks of a paused job again, from now on
    Resume {
        /// The name of the job
        job: String,
    },
    /// Audit the record: does each tick have exactly one verdict?
    Verify {
        /// The name of a job; all jobs if left out
        job: Option<String>,
    },
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
    #[arg(long)]
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
    pub(crate) expr: String,
    /// The time zone of the schedule, an IANA name [default: UTC]
    #[arg(long)]
    pub(crate) zone: Option<String>,
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

#[derive(Args, Debug)]
pub(crate) struct Pause {
    /// The name of the job
    pub(crate) job: String,
    /// Why; kept with the ticks that are skipped
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) note: String,
    /// Who [default: the name of the user]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

fn limit() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=10_000)
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(instant.to_utc()),
        Err(error) => Err(format!(
            "{error}; write `2026-01-01T00:00:00Z`, or with an offset `2026-01-01T00:00:00+01:00`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
