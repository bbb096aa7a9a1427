//! How long the record of a job is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const DAY: Duration = Duration::from_secs(86_400);

/// How long finished runs and skipped ticks are kept. What exceeds the number or the age is pruned, oldest first.
///
/// Active runs are never pruned. Dead letters (failed, discarded and quarantined runs that nobody has retried or dismissed) have
/// limits of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Retention {
    /// How many finished runs are kept.
    pub runs: u32,
    /// For how long finished runs and skipped ticks are kept.
    pub age: Duration,
    /// How many dead letters are kept.
    pub dead: u32,
    /// For how long dead letters are kept.
    pub dead_age: Duration,
}

impl Retention {
    /// The largest accepted number of runs.
    pub const MAX_RUNS: u32 = 100_000_000;

    /// 10,000 runs of the last 30 days; 1,000 dead letters of the last 90 days.
    pub const DEFAULT: Self =
        Self { runs: 10_000, age: DAY.saturating_mul(30), dead: 1_000, dead_age: DAY.saturating_mul(90) };
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}
