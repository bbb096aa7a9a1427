//! The error of this crate.

use std::error::Error as _;
use std::fmt;

#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use cron_core::job::{CatalogError, NameError};
use cron_core::schedule::ScheduleError;

use crate::config::DatabaseError;
use crate::dynamic::RequestError;
use crate::engine::EndCause;
use crate::extract::ExtractError;
use crate::select::SelectError;
#[cfg(feature = "sqlite")]
use crate::store::sqlite::EnqueueError;
use crate::store::{CommandError, StoreError};

/// What can go wrong with a scheduler.
///
/// `Debug` is the message with the messages of its sources, so that a `main` that returns this error says what is wrong:
///
/// ```no_run
/// #[tokio::main]
/// async fn main() -> Result<(), cron_runtime::Error> {
///     // Error: cannot open the database /nowhere/jobs.db: ...
///     cron_runtime::start().database("/nowhere/jobs.db").await?.until_signal().await
/// }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `start()` was awaited outside a tokio runtime.
    #[error("no tokio runtime here; await `cron_runtime::start()` inside one, such as in `#[tokio::main]`")]
    NoRuntime,
    /// A calendar was given to `start()` under a name that cannot be one, or under one that another has.
    #[error("{0} (the name given to `.calendar(name, ...)`)")]
    Calendar(#[source] ScheduleError),
    /// The linked jobs contradict each other or do not parse.
    #[error("the jobs of this program cannot be scheduled:\n{0}")]
    Catalog(#[source] CatalogError),
    /// Jobs take states that were not given.
    #[error("{}", missing(.0))]
    MissingState(Vec<MissingState>),
    /// `start()` was told that no attempt may be in progress.
    #[error("`.workers(0)` would never run a job; allow at least 1")]
    NoWorkers,
    /// `start()` was given a limit for a group that no job of this program is in.
    #[error("`.group_limit(\"{group}\", ...)`: no job of this program is in that group{}", did_you_mean(.near.as_deref()))]
    UnknownGroup {
        /// The group.
        group: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// `start()` was given a limit under which no job of the group would ever run.
    #[error("`.group_limit(\"{group}\", 0)` would never run its jobs; allow at least 1, or pause the group")]
    ClosedGroup {
        /// The group.
        group: String,
    },
    /// `start()` was given a hook for a job that is not in this program.
    #[error("a hook is for job `{job}`, which is not in this program{}", did_you_mean(.near.as_deref()))]
    UnknownHookedJob {
        /// The name that was given.
        job: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// `start()` was told to execute jobs that are not in this program, or none.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The name of the database names none.
    #[error("{0}")]
    Database(#[source] DatabaseError),
    /// The store failed: at the start, in a read, or in a command.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A job cannot be scheduled in this transaction.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    /// What the program does to its own tables has failed. No job has run.
    #[cfg(feature = "sqlite")]
    #[error("`.prepare(...)` of {} failed: {source}", .file.display())]
    Prepare {
        /// The file.
        file: PathBuf,
        /// What was given back, or why the file could not be opened for it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no file in which the program could have tables.
    #[cfg(feature = "sqlite")]
    #[error(
        "`.prepare(...)` is for tables in the scheduler's file, and `memory:` has none; name one with `.database(\"jobs.db\")`"
    )]
    NothingToPrepare,
    /// A text that no job and no group can be named.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A dynamic job cannot be scheduled as it is described.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The arguments are not what the function of the job takes.
    #[error("{0}")]
    Args(#[source] ExtractError),
    /// There is no such job, group, run or handler. The [`CommandError`] says which, with the nearest name that exists.
    #[error(transparent)]
    NotFound(CommandError),
    /// What was named is there, and the command does not fit it: an active run holds the slot, it is paused already, the run
    /// has ended, and so on. Nothing was changed.
    #[error(transparent)]
    Refused(CommandError),
    /// The system refused a thread, a timer, or a watch on a file.
    #[error("the system refused {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The engine is not running any more.
    #[error("the scheduler has stopped")]
    Stopped,
    /// The scheduler has ended although nobody asked it to.
    #[error("the scheduler has ended by itself: {0}")]
    EndedByItself(#[source] EndCause),
}

impl From<CommandError> for Error {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(error) => Self::Store(error),
            error if error.is_not_found() => Self::NotFound(error),
            error => Self::Refused(error),
        }
    }
}

/// What a `main` that returns the error prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some messages have that of their source within them.
            if !text.contains(&cause_text) {
                text.push_str("\n  caused by: ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        f.write_str(&text)
    }
}

pub(crate) fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

/// A state that a job takes and `start()` was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingState {
    /// The job.
    pub job: String,
    /// The type.
    pub type_name: &'static str,
    /// Where the job is declared.
    pub declared: String,
}

fn missing(all: &[MissingState]) -> String {
    let lines = all.iter().map(|missing| {
        format!(
            "job `{}` takes `State<{}>`, which was not given (declared at {})",
            missing.job, missing.type_name, missing.declared
        )
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push_str("\nadd `.state(value)` to `cron_runtime::start()` for each");
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_of_the_store_in_a_command_is_one_of_the_store() {
        let error = Error::from(CommandError::Store(StoreError::Closed));
        assert!(matches!(error, Error::Store(StoreError::Closed)), "{error}");
        let unknown = CommandError::UnknownJob { job: "reprot".into(), near: Some("report".into()) };
        let error = Error::from(unknown);
        assert!(matches!(error, Error::NotFound(CommandError::UnknownJob { .. })), "{error}");
        let job: cron_core::job::JobName = "report".parse().expect("a name");
        let error = Error::from(CommandError::Linked { job });
        assert!(matches!(error, Error::Refused(CommandError::Linked { .. })), "{error}");
    }

    #[test]
    fn debug_is_the_message_and_those_of_its_sources_once_each() {
        let full = io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let error = Error::System { what: "a thread", source: full };
        assert_eq!(format!("{error:?}"), "the system refused a thread: no space left");
        let chain = StoreError::Open {
            path: "jobs.db".into(),
            reason: "it cannot be read".to_owned(),
            source: Some(Box::new(io::Error::other("permission denied"))),
        };
        let want = "cannot open the database jobs.db: it cannot be read\n  caused by: permission denied";
        assert_eq!(format!("{:?}", Error::Store(chain)), want);
    }
}
