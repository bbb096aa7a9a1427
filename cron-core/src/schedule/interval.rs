//! Fixed-rate intervals on a grid that is anchored at 1970-01-01T00:00:00Z plus a phase.

use std::fmt;
use std::time::Duration;

use super::error::{ScheduleError, ScheduleErrorKind};
use super::zone::HORIZON;
use crate::duration::{format_duration, parse_duration};

/// The end of the calendar in milliseconds: no tick is at or after it.
const END_MS: i64 = HORIZON * 1_000;

/// A tick each `period`, at the instants `1970-01-01T00:00:00Z + phase + k * period`.
///
/// The grid is the same on every instance and after every restart, and clock changes do not touch it. Ticks lie
/// from 1970 to the end of 2199 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    period_ms: i64,
    phase_ms: i64,
}

impl Interval {
    pub(super) fn parse(period: &str, phase: Option<&str>) -> Result<Self, ScheduleError> {
        let millis = |text: &str| match parse_duration(text) {
            // Durations are bounded by 100 years, far below what an i64 holds.
            Ok(duration) => Ok(duration.as_millis() as i64),
            Err(error) => {
                let span = error.span();
                Err(ScheduleError::new(ScheduleErrorKind::Duration(error), text, span))
            }
        };
        let period_ms = millis(period)?;
        let phase_ms = phase.map_or(Ok(0), millis)? % period_ms;
        Ok(Self { period_ms, phase_ms })
    }

    /// A tick each so many seconds, at least one, without a phase.
    pub(super) fn of_seconds(seconds: u32) -> Self {
        Self { period_ms: i64::from(seconds) * 1_000, phase_ms: 0 }
    }

    /// The time from one tick to the next.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_millis(self.period_ms.unsigned_abs())
    }

    /// How far the grid is moved away from 1970-01-01T00:00:00Z; always less than the period.
    #[must_use]
    pub fn phase(&self) -> Duration {
        Duration::from_millis(self.phase_ms.unsigned_abs())
    }

    /// The first tick at or after `ms` (milliseconds since 1970).
    pub(super) fn at_or_after(&self, ms: i64) -> Option<i64> {
        if ms >= END_MS {
            return None;
        }
        // No tick lies before the phase.
        let from_phase = (ms.max(0) - self.phase_ms).max(0);
        let step = from_phase / self.period_ms + i64::from(from_phase % self.period_ms != 0);
        let tick = step * self.period_ms + self.phase_ms;
        (tick < END_MS).then_some(tick)
    }

    /// The last tick at or before `ms` (milliseconds since 1970).
    pub(super) fn at_or_before(&self, ms: i64) -> Option<i64> {
        let from_phase = ms.min(END_MS - 1) - self.phase_ms;
        (from_phase >= 0).then(|| from_phase / self.period_ms * self.period_ms + self.phase_ms)
    }

    /// The number of ticks in `first..=last` (milliseconds since 1970).
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        match (self.at_or_after(first), self.at_or_before(last)) {
            (Some(from), Some(to)) if from <= to => ((to - from) / self.period_ms) as u64 + 1,
            _ => 0,
        }
    }

    pub(super) fn describe(&self) -> String {
        let phase = if self.phase_ms == 0 {
            String::new()
        } else {
            format!(", {} past the grid of 1970-01-01 00:00 UTC", format_duration(self.phase()))
        };
        format!("Every {}{phase}", format_duration(self.period()))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every({}", format_duration(self.period()))?;
        if self.phase_ms != 0 {
            write!(f, ", phase {}", format_duration(self.phase()))?;
        }
        f.write_str(")")
    }
}
