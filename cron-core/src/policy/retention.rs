//! How long the record of a job is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::run::Epoch;

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

    /// How many runs of a job end between two looks at what it does not keep, where many end: half of those that are kept, at least 16, at
    /// most 64. So many more may be on record.
    #[must_use]
    pub const fn stride(&self) -> u32 {
        match self.runs / 2 {
            ..16 => 16,
            65.. => 64,
            half => half,
        }
    }

    /// Whether the end of the attempt of this epoch is one after which somebody looks at what the job does not keep: each
    /// [`stride`](Self::stride)-th is. Jobs that run in step have it at the same time, so that what is removed lies together in the file.
    #[must_use]
    pub const fn is_turn(&self, epoch: Epoch) -> bool {
        epoch.0.is_multiple_of(self.stride() as u64)
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_its_turn_once_in_a_stride() {
        for (runs, stride) in [(1, 16), (33, 16), (34, 17), (100, 50), (128, 64), (10_000, 64)] {
            let retention = Retention { runs, ..Retention::DEFAULT };
            assert_eq!(retention.stride(), stride, "{runs} kept");
            let turns: Vec<u64> = (0..500).filter(|epoch| retention.is_turn(Epoch(*epoch))).collect();
            assert!(
                turns.len() >= 7 && turns.windows(2).all(|two| two[1] - two[0] == u64::from(stride)),
                "{turns:?}"
            );
        }
    }
}
