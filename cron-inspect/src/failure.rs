//! What ends a command with exit code 1.

use std::path::PathBuf;

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
            | Self::NameTwice => "invalid",
            Self::Output(_) | Self::Json(_) => "output",
        }
    }

    /// What stands below the message: the place in an expression, or what to do.
    pub(crate) fn details(&self) -> String {
        match self {
            Self::Schedule(error) => error.diagram(),
            Self::NoFile(_) => "name it with `--database FILE`, or set CRON_DATABASE_URL".to_owned(),
            Self::Arguments(_) => "write for example `--args '{\"to\": \"ana\"}'`, or `--args 7`".to_owned(),
            _ => String::new(),
        }
    }
}
