//! What a scheduler has found wrong, on record.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::problem::ProblemKind;
use cron_core::run::OwnerId;

/// The input of [`Store::note_problems`](crate::store::Store::note_problems): how often something was seen since the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The job that it is about, if it is about one.
    pub job: Option<JobName>,
    /// When it was seen first.
    pub first: DateTime<Utc>,
    /// When it was seen last.
    pub last: DateTime<Utc>,
    /// How often.
    pub count: u64,
    /// In words, as it was seen last.
    pub what: String,
}

/// A problem as surfaces show it: all that was seen of one kind about one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemInfo {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The job that it is about, if it is about one.
    pub job: Option<JobName>,
    /// When it was seen first.
    pub first: DateTime<Utc>,
    /// When it was seen last.
    pub last: DateTime<Utc>,
    /// How often it was seen.
    pub count: u64,
    /// Who saw it last.
    pub owner: OwnerId,
    /// In words, as it was seen last.
    pub what: String,
}

/// So many problems are kept, those that were seen last.
pub const MAX_PROBLEMS: usize = 1_000;
