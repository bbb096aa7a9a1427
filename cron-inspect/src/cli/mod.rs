//! The command line, as clap reads it.

mod asking;
mod importing;
mod steering;
mod values;
mod when;

use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use asking::{Check, DeadLetters, Doctor, Explain, List, Next, Runs, Tail, Verify};
pub(crate) use importing::{Import, ImportCrontab};
pub(crate) use steering::{Backfill, Cancel, Dismiss, Pause, Retry, Schedule, Target, Trigger, Who};

/// The release of the time zone rules is part of what decides when a job runs.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!("{} (time zone rules {})", env!("CARGO_PKG_VERSION"), chrono_tz::IANA_TZDB_VERSION)
});

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 refused, not found or failed, or something found by `verify`, `doctor` or
`check --strict`, 2 wrong usage.
Instants are UTC in JSON, and in the zone of the job for people.
COLUMNS sets the width, also of a file or a pipe; NO_COLOR and CLICOLOR_FORCE say whether there are colours.";

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
    /// Print one JSON object with stable names, an error as one on stderr; `tail` prints one for each event
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
    /// Jobs: when they run next and how they ran last
    List(List),
    /// One job: schedule, policies, next ticks, last runs, skipped ticks
    Show {
        /// The name of the job
        job: String,
    },
    /// What a job will do and why: next ticks, changes of the clock, an outage, each policy
    Explain(Explain),
    /// Runs, newest first
    Runs(Runs),
    /// One run with its attempts
    Run {
        /// The number of the run
        #[arg(value_parser = values::run)]
        run: u64,
    },
    /// The log of a run, oldest line first
    Log {
        /// The number of the run
        #[arg(value_parser = values::run)]
        run: u64,
    },
    /// Follow what happens: runs, attempts, progress, log lines, skipped ticks
    Tail(Tail),
    /// The next ticks of all jobs, of one job, or of a schedule
    Next(Next),
    /// Explain a schedule: in words, next ticks, clock changes, warnings
    Check(Check),
    /// Jobs from elsewhere as functions with `#[job]`, or as a job file; needs no database
    #[command(subcommand)]
    Import(Import),
    /// Groups of jobs: how many run, their limits, who paused them
    Groups,
    /// Run a job now, or all jobs of a group, under their overlap policy
    Trigger(Trigger),
    /// Stop running the ticks of a job or of a group; they are recorded as skipped(paused)
    Pause(Pause),
    /// Run the ticks of a paused job or group again, from now on
    Resume {
        #[command(flatten)]
        target: Target,
    },
    /// End a run, or the active runs of a job or of a group
    Cancel(Cancel),
    /// Runs that failed, were discarded or quarantined, and that nobody has dismissed
    DeadLetters(DeadLetters),
    /// Try runs that ended badly again, with all their attempts
    Retry(Retry),
    /// Take dead letters off the list; their runs stay in the record
    Dismiss(Dismiss),
    /// Run ticks of the past
    Backfill(Backfill),
    /// Add a dynamic job, which runs the function of a declared one, or replace it
    Schedule(Schedule),
    /// Remove jobs with their records: dynamic ones, and those that the newest program does not contain
    Remove {
        /// The names of the jobs
        #[arg(required = true)]
        jobs: Vec<String>,
    },
    /// Look what is wrong with the database and its schedulers, and what to do; exit code 1 if anything is
    Doctor(Doctor),
    /// Audit the record: does each tick have exactly one verdict?
    Verify(Verify),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
