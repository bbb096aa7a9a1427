//! What ends a command with exit code 1.

use std::path::PathBuf;

use cron_core::crontab::CrontabMistake;
use cron_core::job::NameError;
use cron_core::job::options::{DeclareError, Key, UnknownOption};
use cron_core::run::{IllegalTransition, RunId};
use cron_core::schedule::ScheduleError;
use cron_runtime::config::DatabaseError;
use cron_runtime::store::{CommandError, StoreError};

/// Why a command was not done, in words for the one who gave it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("there is no database {}", .0.display())]
    NoFile(PathBuf),
    #[error("a database in memory belongs to one process; name the file of another one")]
    Memory,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    #[error("run {run} is one of job `{of}`, not of `{job}`")]
    RunOfOtherJob { run: RunId, of: String, job: String },
    #[error("{0}")]
    Schedule(#[from] ScheduleError),
    #[error("`{expression}` names a time zone itself; leave out `--zone {zone}`")]
    ZoneTwice { expression: String, zone: String },
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("`--args` is no JSON: {0}")]
    Arguments(serde_json::Error),
    #[error(transparent)]
    Declare(#[from] DeclareError),
    #[error(transparent)]
    Option(#[from] UnknownOption),
    #[error("`--set {0}` is there twice; give it once")]
    OptionTwice(Key),
    #[error("`--by-hand` contradicts `--set {0}`; leave one of them out")]
    NotByHand(Key),
    #[error(
        "job `{0}` has no schedule, so it never runs by itself; give it one, as in `--set cron=\"0 9 * * *\"`, or say `--by-hand` if it is to be triggered"
    )]
    NoSchedule(String),
    #[error("`--set name` says what the first argument says; leave it out")]
    NameTwice,
    #[error(
        "this would run {ticks} ticks of `{job}`, up to now; give the range an end with `--until TIME`, or say `--yes`"
    )]
    UntilNow { job: String, ticks: u64 },
    #[error("nothing was changed")]
    Declined,
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    #[error("the store answered a command with another one")]
    WrongAnswer,
    #[error("cannot read {}: {source}", .file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("line {line} of {file} is not UTF-8; nothing was written")]
    NotUtf8 { file: String, line: usize },
    #[error("{} in {file}; nothing was written", mistakes_in_words(.mistakes.len()))]
    Crontab {
        file: String,
        mistakes: Vec<CrontabMistake>,
        /// Why no zone is known, where that is a mistake.
        zone: Option<String>,
    },
    #[error("{} is there already; nothing was written", .0.display())]
    FileThere(PathBuf),
    #[error("cannot write {}: {source}", .file.display())]
    Unwritable { file: PathBuf, source: std::io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    /// What kind of failure it is, as one word for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::NoFile(_) => "no_database",
            Self::UnknownRun(_) => "not_found",
            Self::Command(error) => match error {
                CommandError::Store(_) => "store",
                error if error.is_not_found() => "not_found",
                _ => "refused",
            },
            Self::UntilNow { .. } | Self::Declined | Self::Illegal(_) => "refused",
            Self::Store(_) | Self::WrongAnswer => "store",
            Self::Database(_)
            | Self::Memory
            | Self::RunOfOtherJob { .. }
            | Self::Schedule(_)
            | Self::ZoneTwice { .. }
            | Self::Name(_)
            | Self::Arguments(_)
            | Self::Declare(_)
            | Self::Option(_)
            | Self::NotByHand(_)
            | Self::NoSchedule(_)
            | Self::OptionTwice(_)
            | Self::NotUtf8 { .. }
            | Self::Crontab { .. }
            | Self::NameTwice => "invalid",
            Self::Unreadable { .. } => "not_found",
            Self::FileThere(_) => "refused",
            Self::Unwritable { .. } | Self::Output(_) | Self::Json(_) => "output",
        }
    }

    /// What stands below the message: the place in an expression, or what to do.
    pub(crate) fn details(&self) -> String {
        match self {
            Self::Schedule(error) => error.diagram(),
            Self::NoFile(_) => "name it with `--database FILE`, or set CRON_DATABASE_URL".to_owned(),
            Self::Arguments(_) => "write for example `--args '{\"to\": \"ana\"}'`, or `--args 7`".to_owned(),
            Self::FileThere(_) => "replace it with `--force`, or name another file".to_owned(),
            Self::Crontab { mistakes, zone, .. } => {
                let told = |mistake: &CrontabMistake| {
                    let indented = mistake.diagram().replace('\n', "\n    ");
                    format!("{mistake}\n    {indented}\n")
                };
                let zone = zone.as_ref().map(|why| format!("{why}; give its name with `--zone`"));
                mistakes.iter().map(told).chain(zone).collect()
            }
            _ => String::new(),
        }
    }
}

fn mistakes_in_words(count: usize) -> String {
    if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") }
}
