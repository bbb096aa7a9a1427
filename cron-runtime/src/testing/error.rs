//! What can be wrong with a simulation before it begins.

use cron_core::schedule::ScheduleError;

use crate::error::Error;
use crate::store::StoreError;

/// A simulation that cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A job that is not in this program.
    #[error("{}", unknown(.job, .known))]
    UnknownJob {
        /// What was given.
        job: String,
        /// The jobs of this program.
        known: Vec<String>,
    },
    /// The zone does not exist.
    #[error("`.zone(...)`: {0}")]
    Zone(#[source] ScheduleError),
    /// The instant at which it is to begin is none.
    #[error("`.at(...)`: {0}")]
    Instant(#[source] ScheduleError),
    /// The scheduler does not start.
    #[error(transparent)]
    Start(#[from] Error),
}

impl From<StoreError> for SimulationError {
    fn from(error: StoreError) -> Self {
        Self::Start(Error::Store(error))
    }
}

fn unknown(job: &str, known: &[String]) -> String {
    let near = cron_core::suggest::nearest(job, known.iter().map(String::as_str));
    match (near, known) {
        (Some(near), _) => format!("no job of this program is named `{job}`, did you mean `{near}`?"),
        (None, []) => format!(
            "no job of this program is named `{job}`: it has none; if the jobs are in another crate, reference it: `use my_jobs as _;`"
        ),
        (None, known) => {
            format!("no job of this program is named `{job}`; there are `{}`", known.join("`, `"))
        }
    }
}
