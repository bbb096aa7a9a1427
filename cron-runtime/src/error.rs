//! The error of this crate.

use cron_core::job::{CatalogError, NameError};
use cron_core::schedule::ScheduleError;

use crate::config::DatabaseError;
use crate::dynamic::RequestError;
use crate::extract::ExtractError;
use crate::store::{CommandError, StoreError};

/// What can go wrong with a scheduler.
#[derive(Debug, thiserror::Error)]
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
    /// The name of the database names none.
    #[error("{0}")]
    Database(#[source] DatabaseError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A text that no job and no group can be named.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A dynamic job cannot be scheduled as it is described.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The arguments are not what the function of the job takes.
    #[error("{0}")]
    Args(#[source] ExtractError),
    /// A command was refused.
    #[error(transparent)]
    Command(#[from] CommandError),
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
}

fn did_you_mean(near: Option<&str>) -> String {
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
