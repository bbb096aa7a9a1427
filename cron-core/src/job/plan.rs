//! What the judge, the state machine and the engine need to know of a job.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobName, JobSpec, Problem};
use crate::policy::{CatchUp, Overlap, Retry};
use crate::schedule::{Calendars, Schedule};

/// A job ready for use: every text checked and parsed. Stores keep it beside the job, so that other processes
/// can read and steer jobs that they do not contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The name.
    pub name: JobName,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When it runs; `None` for a handler that runs by hand only.
    pub schedule: Option<Schedule>,
    /// What happens when a tick is due while an older run is active.
    pub overlap: Overlap,
    /// What happens to ticks that nobody was there for.
    pub catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    pub retry: Retry,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// Where it is declared, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Plan {
    /// Checks and parses a declaration.
    ///
    /// # Errors
    ///
    /// A [`Problem`] for a name or a schedule that does not parse, which comes from code that bypassed the macro, and for
    /// a calendar that is known by its name only.
    pub fn from_spec(spec: &JobSpec) -> Result<Self, Problem> {
        Self::with_calendars(spec, &Calendars::default())
    }

    /// Checks and parses a declaration whose schedule may name one of these calendars.
    ///
    /// # Errors
    ///
    /// As [`from_spec`](Self::from_spec), and for a calendar that leaves the schedule no tick, which only the program knows.
    pub fn with_calendars(spec: &JobSpec, calendars: &Calendars) -> Result<Self, Problem> {
        let name: JobName =
            spec.name.parse().map_err(|error| Problem::Name { error, declared: spec.source })?;
        let schedule = match spec.schedule {
            None => None,
            Some(text) => {
                Some(Schedule::read(text, calendars).and_then(Schedule::refuse_never).map_err(|error| {
                    Problem::Schedule { name: name.clone(), error, declared: spec.source }
                })?)
            }
        };
        Ok(Self {
            name,
            description: spec.description.to_owned(),
            schedule,
            overlap: spec.overlap,
            catch_up: spec.catch_up,
            retry: spec.retry,
            timeout: spec.timeout,
            source: format!("{}:{}", spec.source.file, spec.source.line),
        })
    }
}
