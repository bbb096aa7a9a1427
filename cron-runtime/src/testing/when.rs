//! Instants and spans as a test writes them, and instants as messages show them.

use std::time::Duration;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use cron_core::duration::{DurationError, parse_duration};
use cron_core::schedule::{Schedule, ScheduleError};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// 2200-01-01T00:00:00Z: schedules have no dates from there on.
const HORIZON: i64 = 7_258_118_400;

/// What a local date and time is written like when it is read again.
const LOCAL: &str = "%Y-%m-%dT%H:%M:%S%.3f";

/// An instant: a `DateTime`, or a text.
///
/// A text has an offset (`2026-03-28T09:00:00Z`, `2026-03-28T09:00:00+01:00`), or it is local in the zone of the simulation:
/// `2026-03-28T09:00:00`, `2026-03-28 09:00:00`, `2026-03-28T09:00`, or `2026-03-28` for its midnight. A local time that a change of
/// the clock leaves out is the first moment after the gap; one that comes twice is the first of the two, as for schedules.
pub trait When: sealed::Sealed {
    /// The instant, read in `zone` where it is local.
    ///
    /// # Errors
    ///
    /// A [`ScheduleError`] for a text that is no date and time.
    fn instant(self, zone: Tz) -> Result<DateTime<Utc>, ScheduleError>;
}

/// A span: a `Duration`, a `TimeDelta`, or a text such as `90m`, `1h 30m`, `2w`, `1y 6mo`.
///
/// The units are `y`, `mo`, `w`, `d`, `h`, `m`, `s` and `ms`, the largest first, each at most once. Years and months go by the calendar of
/// the zone of the simulation: a month from 31 January is 28 February, at the same time on the clock. A week is 7 days and a day
/// is 24 hours, whatever the clock does.
pub trait Span: sealed::Sealed {
    /// The instant that is a span after another one.
    ///
    /// # Errors
    ///
    /// A [`SpanError`] for a text that is no span, and for a span that leads out of the calendar.
    fn after(self, begin: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, SpanError>;
}

mod sealed {
    pub trait Sealed {}
}

/// A span that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// Not the text of a span.
    #[error("`{text}` is no span: {source}; y, mo and w may stand before these, as in `1y 6mo 2w 3d`")]
    Text {
        /// The text.
        text: String,
        /// What is wrong with it.
        #[source]
        source: DurationError,
    },
    /// A unit of the calendar after a smaller one, or twice.
    #[error(
        "`{text}` is no span: `{unit}` stands after a smaller unit or twice; write the largest first, as in `1y 6mo 2w 3d`"
    )]
    Order {
        /// The text.
        text: String,
        /// The unit.
        unit: &'static str,
    },
    /// It is less than nothing, or ends where schedules have no dates.
    #[error("a span of {text} from {begin} does not end before 2200-01-01")]
    Far {
        /// The span.
        text: String,
        /// From where.
        begin: DateTime<Utc>,
    },
}

/// The zone of an IANA name.
pub(super) fn zone(name: &str) -> Result<Tz, ScheduleError> {
    // Schedules know the zones; they say the nearest name to a wrong one.
    Schedule::at("1970-01-01T00:00:00", name)?;
    Ok(name.trim().parse().expect("schedules know it"))
}

fn read(text: &str, zone: Tz) -> Result<DateTime<Utc>, ScheduleError> {
    let midnight =
        NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok().map(|date| format!("{date}T00:00:00"));
    let at = Schedule::at(midnight.as_deref().unwrap_or(text), zone.name())?;
    Ok(at.next_after(DateTime::<Utc>::MIN_UTC).expect("a date and time that was read is one tick"))
}

impl sealed::Sealed for &str {}
impl When for &str {
    fn instant(self, zone: Tz) -> Result<DateTime<Utc>, ScheduleError> {
        read(self, zone)
    }
}

impl sealed::Sealed for String {}
impl When for String {
    fn instant(self, zone: Tz) -> Result<DateTime<Utc>, ScheduleError> {
        read(&self, zone)
    }
}

impl<T: TimeZone> sealed::Sealed for DateTime<T> {}
impl<T: TimeZone> When for DateTime<T> {
    fn instant(self, _zone: Tz) -> Result<DateTime<Utc>, ScheduleError> {
        Ok(self.with_timezone(&Utc))
    }
}

impl Span for &str {
    fn after(self, begin: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, SpanError> {
        let Calendar { months, weeks, rest } = Calendar::read(self)?;
        let far = || SpanError::Far { text: format!("`{self}`"), begin };
        let plain = match (rest, months > 0 || weeks > 0) {
            ("", true) => Ok(Duration::ZERO),
            (rest, _) => parse_duration(rest),
        };
        let elapsed = plain.map(|plain| plain.saturating_add(WEEK.saturating_mul(weeks)));
        let elapsed = elapsed.map_err(|source| SpanError::Text { text: self.to_owned(), source })?;
        let moved = if months == 0 { begin } else { by_months(begin, months, zone).ok_or_else(far)? };
        later(moved, elapsed).ok_or_else(far)
    }
}

impl Span for String {
    fn after(self, begin: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, SpanError> {
        self.as_str().after(begin, zone)
    }
}

impl sealed::Sealed for Duration {}
impl Span for Duration {
    fn after(self, begin: DateTime<Utc>, _zone: Tz) -> Result<DateTime<Utc>, SpanError> {
        later(begin, self).ok_or_else(|| SpanError::Far { text: format!("{self:?}"), begin })
    }
}

impl sealed::Sealed for TimeDelta {}
impl Span for TimeDelta {
    fn after(self, begin: DateTime<Utc>, _zone: Tz) -> Result<DateTime<Utc>, SpanError> {
        let span = self.to_std().ok();
        span.and_then(|span| later(begin, span))
            .ok_or_else(|| SpanError::Far { text: self.to_string(), begin })
    }
}

fn later(begin: DateTime<Utc>, span: Duration) -> Option<DateTime<Utc>> {
    let end = begin.checked_add_signed(TimeDelta::from_std(span).ok()?)?;
    (end.timestamp() < HORIZON).then_some(end)
}

/// The same time on the clock of the zone, months later. The rule for clock changes is that of schedules.
fn by_months(begin: DateTime<Utc>, months: u32, zone: Tz) -> Option<DateTime<Utc>> {
    let local = begin.with_timezone(&zone).naive_local().checked_add_months(Months::new(months))?;
    let end = read(&local.format(LOCAL).to_string(), zone).ok()?;
    // What is finer than a millisecond does not count for ticks.
    Some(end.max(begin))
}

/// Years, months and weeks at the front of a span, and what is behind them.
struct Calendar<'a> {
    months: u32,
    weeks: u32,
    rest: &'a str,
}

impl<'a> Calendar<'a> {
    fn read(text: &'a str) -> Result<Self, SpanError> {
        const UNITS: [&str; 3] = ["y", "mo", "w"];
        let mut amounts = [0_u32; 3];
        let mut done = 0;
        let mut rest = text.trim();
        loop {
            let (number, behind) = split(rest, |sign| sign.is_ascii_digit());
            let (unit, behind) = split(behind.trim_start(), char::is_alphabetic);
            let place = UNITS.iter().position(|known| *known == unit);
            let (Some(place), Ok(number)) = (place, number.parse()) else { break };
            if place < done {
                return Err(SpanError::Order { text: text.to_owned(), unit: UNITS[place] });
            }
            (amounts[place], done) = (number, place + 1);
            rest = behind.trim_start();
        }
        let [years, months, weeks] = amounts;
        Ok(Self { months: years.saturating_mul(12).saturating_add(months), weeks, rest })
    }
}

/// The signs at the front of a text that are of a kind, and the others.
fn split(text: &str, is_of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|sign| !is_of_kind(sign)).unwrap_or(text.len()))
}

/// An instant as messages show it: on the clock of the zone, and in UTC beside it.
pub(super) fn shown(at: DateTime<Utc>, zone: Tz) -> String {
    let fraction = if at.timestamp_subsec_millis() == 0 { "" } else { "%.3f" };
    let local = at.with_timezone(&zone).format(&format!("%a %Y-%m-%d %H:%M:%S{fraction} %Z")).to_string();
    if zone == Tz::UTC {
        local
    } else {
        format!("{local} ({})", at.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}Z")))
    }
}
