//! Fixed delays: a tick a period after the last run ended.

use std::fmt;
use std::time::Duration;

use super::error::{ScheduleError, ScheduleErrorKind};
use super::zone::HORIZON;
use crate::duration::{format_duration, parse_duration};

/// The end of the calendar in milliseconds: no tick is at or after it.
const END_MS: i64 = HORIZON * 1_000;

/// A tick a `period` after the last run ended.
///
/// Its ticks are no set of instants that anybody could know beforehand. What can be known is a function of the high-water
/// mark, which a run moves to the instant at which it ended: while no run is active, the only tick after the mark is one
/// period later. While a run is active there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delay {
    period_ms: i64,
}

impl Delay {
    pub(super) fn parse(period: &str) -> Result<Self, ScheduleError> {
        match parse_duration(period) {
            // Durations are bounded by 100 years, far below what an i64 holds.
            Ok(duration) => Ok(Self { period_ms: duration.as_millis() as i64 }),
            Err(error) => {
                let span = error.span();
                Err(ScheduleError::new(ScheduleErrorKind::Duration(error), period, span))
            }
        }
    }

    /// The time from the end of a run to the next tick.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_millis(self.period_ms.unsigned_abs())
    }

    /// The tick after a run that ended at `ms` (milliseconds since 1970).
    pub(super) fn after(&self, ms: i64) -> Option<i64> {
        let tick = ms.max(0).checked_add(self.period_ms)?;
        (tick < END_MS).then_some(tick)
    }

    pub(super) fn describe(&self) -> String {
        format!("{} after the last run ended", format_duration(self.period()))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every({}, after finish)", format_duration(self.period()))
    }
}
