//! How often and when a failed run is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::hash::Fnv;
use crate::run::RunId;

crate::words::word_enum! {
    /// How the delay grows from attempt to attempt.
    "backoff",
    pub enum Backoff {
        /// `delay`, `2 × delay`, `4 × delay` … The default.
        Exponential = "exponential",
        /// `delay`, `2 × delay`, `3 × delay` …
        Linear = "linear",
        /// `delay` each time.
        Fixed = "fixed",
    }
}

/// The retry policy of a job (semantics §5).
///
/// `retries = 0` is at most once; `retries ≥ 1` is at least once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts after the first one.
    pub retries: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The delay before the first retry.
    pub delay: Duration,
    /// No delay is longer than this, before jitter.
    pub max_delay: Duration,
    /// Whether a retry may fall at or after the next tick; otherwise, under `overlap = "skip"`, it gives way to it.
    pub past_next: bool,
}

impl Retry {
    /// The largest accepted number of retries.
    pub const MAX_RETRIES: u32 = 1_000;

    /// No retries; where retries are asked for: exponential from 10 s to 1 h.
    pub const DEFAULT: Self = Self {
        retries: 0,
        backoff: Backoff::Exponential,
        delay: Duration::from_secs(10),
        max_delay: Duration::from_secs(3_600),
        past_next: false,
    };

    /// The time between the end of failed attempt number `attempt` (counted from 1) and the next one.
    ///
    /// The jitter of ±20 % comes from a hash of run and attempt, so the same failure always waits the same time
    /// and many jobs that fail together do not come back together.
    ///
    /// ```
    /// use cron_core::{policy::Retry, run::RunId};
    /// let retry = Retry { retries: 3, ..Retry::DEFAULT };
    /// let second = retry.delay_after(RunId(7), 2);
    /// assert!((16.0..=24.0).contains(&second.as_secs_f64()));
    /// assert_eq!(second, retry.delay_after(RunId(7), 2));
    /// ```
    #[must_use]
    pub fn delay_after(&self, run: RunId, attempt: u32) -> Duration {
        let step = attempt.saturating_sub(1);
        let factor = match self.backoff {
            Backoff::Exponential => 1u32.checked_shl(step.min(31)).unwrap_or(u32::MAX),
            Backoff::Linear => attempt.max(1),
            Backoff::Fixed => 1,
        };
        let base = self.delay.checked_mul(factor).unwrap_or(self.max_delay).min(self.max_delay);
        let hash = Fnv::new().u64(run.0).u64(u64::from(attempt)).finish();
        // 0.8 … 1.2 in thousandths, from whole numbers so that every build computes the same delay.
        let thousandths = 800 + u32::try_from(hash % 401).unwrap_or(0);
        let jittered = base.as_millis().saturating_mul(u128::from(thousandths)) / 1_000;
        Duration::from_millis(u64::try_from(jittered).unwrap_or(u64::MAX))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(retry: Retry, attempt: u32, want: u64) {
        for run in 0..200 {
            let delay = retry.delay_after(RunId(run), attempt).as_millis();
            assert!(delay >= u128::from(want) * 8 / 10 && delay <= u128::from(want) * 12 / 10, "{delay}");
        }
    }

    #[test]
    fn each_backoff_grows_as_its_name_says() {
        let retry = |backoff| Retry { retries: 9, backoff, ..Retry::DEFAULT };
        bounds(retry(Backoff::Exponential), 1, 10_000);
        bounds(retry(Backoff::Exponential), 4, 80_000);
        bounds(retry(Backoff::Exponential), 40, 3_600_000);
        bounds(retry(Backoff::Linear), 4, 40_000);
        bounds(retry(Backoff::Fixed), 4, 10_000);
    }

    #[test]
    fn jitter_spreads_runs_that_fail_together() {
        let retry = Retry { retries: 1, ..Retry::DEFAULT };
        let delays: std::collections::BTreeSet<_> =
            (0..100).map(|n| retry.delay_after(RunId(n), 1)).collect();
        assert!(delays.len() > 80, "only {} different delays", delays.len());
    }
}
