//! What `import` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What jobs are imported from.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// A crontab: prints functions with `#[job]`, or a job file with `--to`
    Crontab(ImportCrontab),
}

#[derive(Args, Debug)]
pub(crate) struct ImportCrontab {
    /// The crontab; `-` reads it from stdin, as in `crontab -l | inspect import crontab -`
    pub(crate) file: PathBuf,
    /// The crontab of the system, where a user stands before each command; /etc/crontab and files in /etc/cron.d are known as
    /// such
    #[arg(long)]
    pub(crate) system: bool,
    /// Write a job file (TOML) in place of functions; `-` prints it
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Replace the job file where there is one
    #[arg(long, requires = "to")]
    pub(crate) force: bool,
    /// The time zone of schedules without a line CRON_TZ above them, an IANA name [default: that of this machine]
    #[arg(long)]
    pub(crate) zone: Option<String>,
}
