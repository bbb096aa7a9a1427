//! Spreads the starts of jobs that share their instants.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::hash::Fnv;
use crate::job::JobName;
use crate::schedule::Schedule;

/// Delays each tick by its own share of a span: a hash of job and tick, so that it is the same on every instance and after
/// every restart. The nominal instant stays the key of the tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter {
    span: Duration,
    seed: u64,
}

impl Jitter {
    /// No delay at all.
    pub const NONE: Self = Self { span: Duration::ZERO, seed: 0 };

    /// The jitter of a job: at most `span`.
    #[must_use]
    pub fn new(span: Option<Duration>, job: &JobName) -> Self {
        match span {
            None => Self::NONE,
            Some(span) => Self { span, seed: Fnv::new().bytes(job.as_str().as_bytes()).finish() },
        }
    }

    /// When the tick starts: at its nominal instant or later, in whole milliseconds, always before the next tick.
    #[must_use]
    pub fn start_of(&self, schedule: &Schedule, tick: DateTime<Utc>) -> DateTime<Utc> {
        if self.span.is_zero() {
            return tick;
        }
        let span = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX);
        let gap =
            schedule.next_after(tick).and_then(|next| u64::try_from((next - tick).num_milliseconds()).ok());
        let room = gap.map_or(span, |gap| span.min(gap.saturating_sub(1)));
        let hash = Fnv::new().u64(self.seed).u64(tick.timestamp_millis().cast_unsigned()).finish();
        // The high bits of the hash are the better mixed ones.
        let share = ((u128::from(hash) * (u128::from(room) + 1)) >> 64) as i64;
        tick.checked_add_signed(TimeDelta::milliseconds(share)).unwrap_or(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tick_has_its_own_share_and_never_passes_the_next() {
        let schedule = Schedule::every("10s", None).expect("a period");
        let name: JobName = "report".parse().expect("a name");
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range");
        let jitter = Jitter::new(Some(Duration::from_secs(60)), &name);
        let shares: Vec<_> = (0..200)
            .map(|n| (jitter.start_of(&schedule, at(n * 10)) - at(n * 10)).num_milliseconds())
            .collect();
        assert!(shares.iter().all(|share| (0..10_000).contains(share)), "{shares:?}");
        let different: std::collections::BTreeSet<_> = shares.iter().collect();
        assert!(different.len() > 180, "{shares:?}");
        let low = shares.iter().filter(|share| **share < 5_000).count();
        assert!((60..140).contains(&low), "{low} of 200 in the first half");
        assert_eq!(
            jitter.start_of(&schedule, at(10)),
            Jitter::new(Some(Duration::from_secs(60)), &name).start_of(&schedule, at(10))
        );
        assert_eq!(Jitter::NONE.start_of(&schedule, at(10)), at(10));
    }
}
