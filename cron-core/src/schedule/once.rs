//! Schedules of a single tick: at a date, or a while after the first registration.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::Schedule;
use super::error::{ScheduleError, ScheduleErrorKind};
use super::zone::{self, HORIZON};
use crate::duration::{format_duration, parse_duration};

/// What a local date and time may look like; the fraction is optional.
const FORMATS: [&str; 3] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];

/// One tick at a given date and time: an instant, or a local time in a zone.
///
/// A local time is kept as such and turned into an instant when it is asked for, so that new zone rules count. In
/// a gap it is the first moment after the gap, in a repeated hour the first of the two (as for fixed-time cron).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct At(Moment);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Milliseconds since 1970-01-01T00:00:00 on the clock of the zone.
    Local(i64, Tz),
}

impl At {
    /// A local time in a zone, or one with an offset.
    pub(crate) fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone = zone::parse(zone)?;
        let trimmed = text.trim();
        let in_range = |ms: i64| {
            let years = 0..HORIZON * 1_000;
            years.contains(&ms).then_some(ms)
        };
        let refuse = || ScheduleError::new(ScheduleErrorKind::DateTime, text, 0..text.len());
        if let Ok(instant) = DateTime::parse_from_rfc3339(trimmed) {
            return in_range(instant.timestamp_millis())
                .map(|ms| Self(Moment::Instant(ms)))
                .ok_or_else(refuse);
        }
        let local = FORMATS
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(trimmed, format).ok())
            .and_then(|local| in_range(local.and_utc().timestamp_millis()))
            .ok_or_else(refuse)?;
        let at = Self(Moment::Local(local, zone));
        if at.millis().is_none() {
            return Err(ScheduleError::new(ScheduleErrorKind::SkippedDate, text, 0..text.len()));
        }
        Ok(at)
    }

    pub(super) fn from_instant(instant: DateTime<Utc>) -> Self {
        Self(Moment::Instant(instant.timestamp_millis()))
    }

    /// The one instant of this schedule, in milliseconds.
    ///
    /// `None` only for a local time on a day that its zone has left out.
    #[must_use]
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        self.millis().and_then(DateTime::from_timestamp_millis)
    }

    /// The zone of a local time; `None` for an instant.
    #[must_use]
    pub fn zone(&self) -> Option<Tz> {
        match self.0 {
            Moment::Instant(_) => None,
            Moment::Local(_, zone) => Some(zone),
        }
    }

    pub(super) fn millis(&self) -> Option<i64> {
        match self.0 {
            Moment::Instant(ms) => Some(ms),
            Moment::Local(ms, zone) => {
                let (second, part) = (ms.div_euclid(1_000), ms.rem_euclid(1_000));
                let (instant, exact) = zone::table(zone).instant_of(second)?;
                // After a gap the run is at the very end of the gap, not a fraction of a second later.
                Some(instant * 1_000 + if exact { part } else { 0 })
            }
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00 on the clock: of its own zone, or of `zone` for an instant.
    pub(super) fn local_millis(&self, zone: Tz) -> i64 {
        match self.0 {
            Moment::Local(ms, _) => ms,
            Moment::Instant(ms) => ms + zone::table(zone).offset_at(ms.div_euclid(1_000)) * 1_000,
        }
    }

    /// A moment of the same kind at another local time.
    pub(super) fn at_local(self, ms: i64, zone: Tz) -> Option<Self> {
        match self.0 {
            Moment::Local(_, own) => Some(Self(Moment::Local(ms, own))),
            Moment::Instant(_) => Self(Moment::Local(ms, zone)).millis().map(|ms| Self(Moment::Instant(ms))),
        }
    }

    /// The parts that make up its meaning: milliseconds, and the name of the zone for a local time.
    pub(super) fn parts(&self) -> (i64, &'static str) {
        match self.0 {
            Moment::Instant(ms) => (ms, ""),
            Moment::Local(ms, zone) => (ms, zone.name()),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self.0 {
            Moment::Instant(ms) => format!("Once, at {} UTC", stamp(ms, ' ')),
            Moment::Local(ms, zone) => format!("Once, at {}, {zone}", stamp(ms, ' ')),
        }
    }
}

impl Schedule {
    /// The tick of a schedule that is a date and time and nothing else.
    #[must_use]
    pub fn only_tick(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => at.instant(),
            Self::Cron(_)
            | Self::Interval(_)
            | Self::Once(_)
            | Self::Stride(_)
            | Self::Calendared(_)
            | Self::Bounded(_)
            | Self::Delay(_) => None,
            #[cfg(feature = "rrule")]
            Self::Rrule(_) => None,
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Moment::Instant(ms) => write!(f, "at({}Z)", stamp(ms, 'T')),
            Moment::Local(ms, zone) => write!(f, "at({}) {zone}", stamp(ms, 'T')),
        }
    }
}

/// Date and time without a zone; milliseconds only where there are any.
pub(super) fn stamp(ms: i64, between: char) -> String {
    let Some(time) = DateTime::from_timestamp_millis(ms) else {
        return format!("{ms}ms");
    };
    let fraction = if ms.rem_euclid(1_000) == 0 { "" } else { "%.3f" };
    time.format(&format!("%Y-%m-%d{between}%H:%M:%S{fraction}")).to_string()
}

/// One tick, a delay after the job is registered for the first time.
///
/// It has no instant until [`Schedule::anchored`](super::Schedule::anchored) has turned it into an [`At`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once {
    delay_ms: i64,
}

impl Once {
    pub(super) fn parse(delay: &str) -> Result<Self, ScheduleError> {
        parse_duration(delay).map(|delay| Self { delay_ms: delay.as_millis() as i64 }).map_err(|error| {
            let span = error.span();
            ScheduleError::new(ScheduleErrorKind::Duration(error), delay, span)
        })
    }

    /// The time from the first registration to the tick.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unsigned_abs())
    }

    pub(super) fn anchored(&self, registered: DateTime<Utc>) -> At {
        At(Moment::Instant(registered.timestamp_millis().saturating_add(self.delay_ms)))
    }

    pub(super) fn describe(&self) -> String {
        format!("Once, {} after the first registration", format_duration(self.delay()))
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "once({})", format_duration(self.delay()))
    }
}
