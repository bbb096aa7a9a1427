//! Schedules: when a job is due.
//!
//! One parser and one evaluator for all kinds, used by the macro while the user compiles and by the runtime
//! afterwards. The rules are `docs/semantics.md` §2; the language is described in `docs/schedules.md`.
//!
//! All instants are UTC. Ticks of cron schedules are whole seconds, those of intervals whole milliseconds. The
//! calendar reaches from 1970 to the end of 2199.

mod bounds;
mod calendar;
mod cron;
mod delay;
mod dialect;
mod error;
mod foreign;
mod interval;
mod month;
mod once;
mod pace;
mod phrase;
#[cfg(feature = "rrule")]
mod rrule;
mod stride;
mod text;
mod windows_zones;
mod zone;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use bounds::{Bounded, BoundsError};
pub use calendar::{Calendar, CalendarError, CalendarRule, Calendared, Calendars, Dates};
pub use cron::{CronSchedule, DstGap, Field, Lint};
pub use delay::Delay;
pub use dialect::{Dialect, DialectError, DialectProblem, Reading, Translated};
pub use error::{ScheduleError, ScheduleErrorKind};
pub use interval::Interval;
pub use once::{At, Once};
pub use phrase::PhraseProblem;
#[cfg(feature = "rrule")]
pub use rrule::{RruleMistake, RruleSchedule};
pub use stride::Stride;

/// When a job is due: a set of instants, strictly increasing.
///
/// Two schedules are equal if they mean the same, however they were written. `Display` gives the canonical text
/// that stores keep, and `FromStr` reads it back.
///
/// # Examples
/// ```
/// use chrono::{DateTime, Utc};
/// use cron_core::schedule::Schedule;
///
/// let schedule = Schedule::cron("0 9 * * MON-FRI", "Europe/London")?;
/// // A Friday in winter; the clock goes forward on the Sunday after it.
/// let friday: DateTime<Utc> = "2025-03-28T09:00:00Z".parse().unwrap();
/// let monday: DateTime<Utc> = "2025-03-31T08:00:00Z".parse().unwrap();
/// assert_eq!(schedule.next_after(friday), Some(monday));
/// assert_eq!(schedule.to_string(), "cron(0 9 * * MON-FRI) Europe/London");
/// # Ok::<(), cron_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// Fields of a calendar in a zone; also `daily`, `hourly` and `weekly`.
    Cron(CronSchedule),
    /// A fixed rate on a grid anchored at 1970.
    Interval(Interval),
    /// One tick at a date and time.
    At(At),
    /// One tick, a delay after the first registration.
    Once(Once),
    /// Times of every n-th day or week from a date on, in a zone.
    Stride(Stride),
    /// The ticks of another schedule that a calendar leaves, or where it moves them.
    Calendared(Arc<Calendared>),
    /// The ticks of another schedule from a start to an end.
    Bounded(Arc<Bounded>),
    /// A tick a period after the last run ended.
    Delay(Delay),
    /// A recurrence rule of RFC 5545.
    #[cfg(feature = "rrule")]
    Rrule(RruleSchedule),
}

impl Schedule {
    /// A cron expression of 5, 6 (seconds first) or 7 (year last) fields, or a nickname, in an IANA zone.
    ///
    /// # Errors
    /// If the expression or the zone is wrong. An expression without any date, such as `0 0 30 2 *`, is accepted
    /// here and has no tick; see [`refuse_never`](Self::refuse_never).
    pub fn cron(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let (text, zone) = (bare(expression), zone::parse(zone)?);
        CronSchedule::parse(text, zone).map(Self::Cron).map_err(|error| foreign::explain(text, zone, error))
    }

    /// A tick each `period`, on a grid that starts at 1970-01-01T00:00:00Z plus the phase.
    ///
    /// A phase of a period or more is the same grid as the rest of it.
    ///
    /// # Errors
    /// If either is not a [duration](crate::duration).
    pub fn every(period: &str, phase: Option<&str>) -> Result<Self, ScheduleError> {
        Interval::parse(period, phase).map(Self::Interval)
    }

    /// A tick each `period` after the last run ended.
    ///
    /// No list of its ticks exists before they happen: the functions below take the instant at which the last run ended, and
    /// give the one tick that follows it.
    ///
    /// # Errors
    /// If the period is not a [duration](crate::duration).
    pub fn every_after_finish(period: &str) -> Result<Self, ScheduleError> {
        Delay::parse(period).map(Self::Delay)
    }

    /// Times of day in an IANA zone: `14:30`, `14:30:15`, or several.
    ///
    /// Several times must be all combinations of their hours, minutes and seconds, as `09:00,17:00` or
    /// `09:00,09:30`; one set of fields can express nothing else.
    ///
    /// # Errors
    /// If the text or the zone is wrong.
    pub fn daily(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        CronSchedule::daily(bare(text), zone::parse(zone)?).map(Self::Cron)
    }

    /// Times of each hour in an IANA zone: `:30`, `:30:15`, or several as for [`daily`](Self::daily).
    ///
    /// # Errors
    /// If the text or the zone is wrong.
    pub fn hourly(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        CronSchedule::hourly(bare(text), zone::parse(zone)?).map(Self::Cron)
    }

    /// Days and times in an IANA zone: `MON,FRI 10:00`, `MON-THU 10:00`, `weekdays 10:00`, `weekends 10:00`.
    ///
    /// # Errors
    /// If the text or the zone is wrong.
    pub fn weekly(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        CronSchedule::weekly(bare(text), zone::parse(zone)?).map(Self::Cron)
    }

    /// One tick at a date and time: local in an IANA zone, or with an offset, when the zone does not matter.
    ///
    /// # Errors
    /// If the text or the zone is wrong, or if the zone left that day out.
    pub fn at(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        At::parse(bare(text), zone).map(Self::At)
    }

    /// One tick at an instant, cut to whole milliseconds.
    #[must_use]
    pub fn at_instant(instant: DateTime<Utc>) -> Self {
        Self::At(At::from_instant(instant))
    }

    /// One tick, a delay after the first registration; see [`anchored`](Self::anchored).
    ///
    /// # Errors
    /// If the delay is not a [duration](crate::duration).
    pub fn once(delay: &str) -> Result<Self, ScheduleError> {
        Once::parse(delay).map(Self::Once)
    }

    /// A phrase in plain English, in an IANA zone: `every weekday at 9:00`, `every 5 minutes`,
    /// `every month on the last friday at 17:00`, `every 2 weeks on monday from 2026-01-05 at 9:00`.
    ///
    /// The grammar is small and strict; `docs/schedules.md` has all of it. A phrase is a way to write: the result is
    /// a schedule of one of the other kinds, and does not depend on the spelling. A rate that no clock can show, such
    /// as `every 90 seconds`, becomes an interval, which has no zone.
    ///
    /// # Errors
    /// If the zone is wrong, or at the first word that is not understood: [`ScheduleErrorKind::Phrase`].
    ///
    /// # Examples
    /// ```
    /// use cron_core::schedule::Schedule;
    ///
    /// let schedule = Schedule::phrase("every monday and friday at 9am", "Europe/London")?;
    /// assert_eq!(schedule, Schedule::weekly("MON,FRI 09:00", "Europe/London")?);
    /// let error = Schedule::phrase("every mondya at 9am", "Europe/London").unwrap_err();
    /// assert_eq!(error.diagram(), "every mondya at 9am\n      ^^^^^^");
    /// assert_eq!(error.help().unwrap(), "write `every monday at 9am`");
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    pub fn phrase(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        phrase::parse(bare(text), zone::parse(zone)?)
    }

    /// A recurrence rule of RFC 5545 in an IANA zone: `DTSTART`, `RRULE`, `RDATE` and `EXDATE`, on lines or with
    /// blanks between them, or the rule alone.
    ///
    /// `FREQ` is `HOURLY` or slower. Without `DTSTART` the rule starts with the first registration; see
    /// [`anchored`](Self::anchored). A `DTSTART` with `TZID` or in UTC brings its own zone; `zone` is then that
    /// zone too, or `UTC`, which is what stands for no choice.
    ///
    /// # Errors
    /// If the text or the zone is wrong, and always without the feature `rrule`. A rule without any date is
    /// accepted here and has no tick; see [`refuse_never`](Self::refuse_never).
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rrule")] {
    /// use cron_core::schedule::Schedule;
    ///
    /// let text = "DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR";
    /// let schedule = Schedule::rrule(text, "Europe/London")?;
    /// assert_eq!(schedule.describe(), "Every 2 weeks on Monday and Friday at 09:00, Europe/London");
    /// # }
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    #[cfg(feature = "rrule")]
    pub fn rrule(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        RruleSchedule::parse(bare(text), zone.trim()).map(Self::Rrule)
    }

    /// A recurrence rule of RFC 5545, which this build leaves out.
    ///
    /// # Errors
    /// Always: [`ScheduleErrorKind::NeedsFeature`]. With the feature `rrule` it reads the rule.
    #[cfg(not(feature = "rrule"))]
    pub fn rrule(text: &str, _zone: &str) -> Result<Self, ScheduleError> {
        Err(ScheduleError::new(ScheduleErrorKind::NeedsFeature { feature: "rrule" }, text, 0..text.len()))
    }

    /// The same schedule with another rule for fixed-time runs that a change of the clock skips.
    ///
    /// Only strides, and cron schedules that are not interval-like, have such runs and this choice; others are
    /// unchanged.
    #[must_use]
    pub fn with_dst_gap(mut self, gap: DstGap) -> Self {
        match &mut self {
            Self::Cron(cron) => cron.set_dst_gap(gap),
            Self::Stride(stride) => stride.set_dst_gap(gap),
            Self::Calendared(calendared) => Arc::make_mut(calendared).set_dst_gap(gap),
            Self::Bounded(bounded) => Arc::make_mut(bounded).set_dst_gap(gap),
            Self::Interval(_) | Self::At(_) | Self::Once(_) | Self::Delay(_) => {}
            // Its runs in a gap always happen after it.
            #[cfg(feature = "rrule")]
            Self::Rrule(_) => {}
        }
        self
    }

    /// The first tick strictly after an instant. Allocates nothing, except for recurrence rules.
    ///
    /// For a [fixed delay](Delay), the instant is the one at which the last run ended.
    pub fn next_after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Self::Cron(cron) = self {
            // A fraction of a second is cut off: the next whole second is after t in any case.
            let seconds = t.timestamp();
            return month::later_instant(t, seconds, cron.at_or_after(seconds + 1)?);
        }
        self.next_after_of_other_kind(t)
    }

    /// The other kinds, out of the way of the common one.
    #[inline(never)]
    fn next_after_of_other_kind(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(_) => None,
            Self::Interval(interval) => interval.at_or_after(t.timestamp_millis() + 1).and_then(from_millis),
            Self::At(at) => at.instant().filter(|tick| *tick > t),
            Self::Once(_) => None,
            Self::Stride(stride) => stride.at_or_after(t.timestamp() + 1).and_then(from_seconds),
            Self::Delay(delay) => delay.after(t.timestamp_millis()).and_then(from_millis),
            Self::Calendared(ticks) => ticks.at_or_after(t.timestamp_millis() + 1).and_then(from_millis),
            Self::Bounded(bounded) => bounded.next_after(t),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.at_or_after(t.timestamp().checked_add(1)?).and_then(from_seconds),
        }
    }

    /// The last tick strictly before an instant. Allocates nothing, except for recurrence rules.
    ///
    /// `None` for a [fixed delay](Delay): only the record of a job knows its past ticks.
    #[must_use]
    pub fn prev_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(cron) => cron.at_or_before(before_seconds(t)).and_then(from_seconds),
            Self::Interval(interval) => interval.at_or_before(before_millis(t)).and_then(from_millis),
            Self::At(at) => at.instant().filter(|tick| *tick < t),
            Self::Once(_) | Self::Delay(_) => None,
            Self::Stride(stride) => stride.at_or_before(before_seconds(t)).and_then(from_seconds),
            Self::Calendared(ticks) => ticks.at_or_before(before_millis(t)).and_then(from_millis),
            Self::Bounded(bounded) => bounded.prev_before(t),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.at_or_before(before_seconds(t)).and_then(from_seconds),
        }
    }

    /// The number of ticks after `after`, up to and including `through`.
    ///
    /// Computed by arithmetic on masks and periods: counting the seconds of a century takes microseconds. The days of
    /// a recurrence rule are walked, a century of them in milliseconds.
    #[must_use]
    pub fn count_between(&self, after: DateTime<Utc>, through: DateTime<Utc>) -> u64 {
        match self {
            _ if after >= through => 0,
            Self::Cron(cron) => cron.count(after.timestamp() + 1, through.timestamp()),
            Self::Interval(interval) => {
                interval.count(after.timestamp_millis() + 1, through.timestamp_millis())
            }
            Self::Stride(stride) => stride.count(after.timestamp() + 1, through.timestamp()),
            Self::Calendared(ticks) => ticks.count(after.timestamp_millis() + 1, through.timestamp_millis()),
            Self::Bounded(bounded) => bounded.count(after, through),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.count(after.timestamp() + 1, through.timestamp()),
            Self::At(_) | Self::Once(_) | Self::Delay(_) => self.between(after, through).count() as u64,
        }
    }

    /// The ticks after `after`, up to and including `through`.
    pub fn between(
        &self,
        after: DateTime<Utc>,
        through: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        self.iter_after(after).take_while(move |tick| *tick <= through)
    }

    /// The ticks after an instant, to the end of the calendar; of a [fixed delay](Delay) the next one only.
    pub fn iter_after(&self, t: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        std::iter::successors(
            self.next_after(t),
            |tick| if self.is_delay() { None } else { self.next_after(*tick) },
        )
    }

    /// Whether an instant is a tick. For a [fixed delay](Delay) any may be one.
    #[must_use]
    pub fn matches(&self, t: DateTime<Utc>) -> bool {
        match self {
            Self::Cron(cron) => {
                t.timestamp_subsec_nanos() == 0 && cron.count(t.timestamp(), t.timestamp()) == 1
            }
            Self::Interval(interval) => {
                let ms = t.timestamp_millis();
                t.timestamp_subsec_nanos().is_multiple_of(1_000_000) && interval.at_or_after(ms) == Some(ms)
            }
            Self::Stride(stride) => {
                t.timestamp_subsec_nanos() == 0 && stride.count(t.timestamp(), t.timestamp()) == 1
            }
            Self::At(at) => at.instant() == Some(t),
            Self::Once(_) => false,
            Self::Delay(_) => true,
            Self::Bounded(bounded) => bounded.matches(t),
            Self::Calendared(ticks) => {
                let ms = t.timestamp_millis();
                t.timestamp_subsec_nanos().is_multiple_of(1_000_000) && ticks.at_or_after(ms) == Some(ms)
            }
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => {
                t.timestamp_subsec_nanos() == 0 && rrule.at_or_after(t.timestamp()) == Some(t.timestamp())
            }
        }
    }

    /// The zone in whose local time the schedule is written; `None` for intervals, delays and instants.
    #[must_use]
    pub fn zone(&self) -> Option<Tz> {
        match self {
            Self::Cron(cron) => Some(cron.zone()),
            Self::At(at) => at.zone(),
            Self::Stride(stride) => Some(stride.zone()),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => Some(rrule.zone()),
            Self::Interval(_) | Self::Once(_) | Self::Delay(_) => None,
            Self::Calendared(ticks) => ticks.schedule().zone(),
            Self::Bounded(bounded) => bounded.schedule().zone(),
        }
    }

    /// Whether it is a single tick by its kind: a date, a delay, or a date under a calendar.
    #[must_use]
    pub fn is_single(&self) -> bool {
        match self {
            Self::At(_) | Self::Once(_) => true,
            Self::Calendared(ticks) => ticks.is_single(),
            Self::Bounded(bounded) => bounded.schedule().is_single(),
            Self::Cron(_) | Self::Interval(_) | Self::Stride(_) | Self::Delay(_) => false,
            #[cfg(feature = "rrule")]
            Self::Rrule(_) => false,
        }
    }

    /// Whether the ticks depend on the first registration; see [`anchored`](Self::anchored).
    #[must_use]
    pub fn needs_registration(&self) -> bool {
        match self {
            Self::Once(_) => true,
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.start().is_none(),
            Self::Bounded(bounded) => bounded.schedule().needs_registration(),
            Self::Cron(_)
            | Self::Interval(_)
            | Self::At(_)
            | Self::Stride(_)
            | Self::Delay(_)
            | Self::Calendared(_) => false,
        }
    }

    /// Whether there is any tick at all from 1970 to 2199. A delay has one, although its instant is not known yet; a
    /// recurrence rule that waits for its registration, if it has one for some registration, whatever its bounds.
    #[must_use]
    pub fn has_any_tick(&self) -> bool {
        match self {
            Self::Cron(_) | Self::Stride(_) | Self::Calendared(_) => {
                self.next_after(DateTime::<Utc>::MIN_UTC).is_some()
            }
            Self::Interval(_) | Self::Once(_) | Self::Delay(_) => true,
            Self::Bounded(bounded) => bounded.has_any_tick(),
            Self::At(at) => at.instant().is_some(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.has_any_tick(),
        }
    }

    /// The schedule itself, if it has any tick.
    ///
    /// # Errors
    /// [`ScheduleErrorKind::Never`] if no date matches, as for `0 0 30 2 *`, [`CalendarError::NothingLeft`] if a calendar
    /// leaves none, and [`BoundsError::NothingLeft`] if none is between start and end. The expression of the error is the
    /// canonical one; use [`never`](Self::never) to show what the user wrote.
    pub fn refuse_never(self) -> Result<Self, ScheduleError> {
        if self.has_any_tick() {
            return Ok(self);
        }
        let text = match &self {
            Self::Cron(cron) => cron.expression(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.text(),
            Self::Calendared(ticks) => {
                ticks.schedule().clone().refuse_never()?;
                return Err(ticks.nothing_left());
            }
            Self::Bounded(bounded) => {
                bounded.schedule().clone().refuse_never()?;
                return Err(bounded.nothing_left());
            }
            other => other.to_string(),
        };
        Err(Self::never(&text))
    }

    /// The error for an expression without any tick, as the user wrote it.
    #[must_use]
    pub fn never(expression: &str) -> ScheduleError {
        ScheduleError::new(ScheduleErrorKind::Never, expression, 0..expression.len())
    }

    /// The schedule in plain English, made from its meaning: `At 09:00, Monday to Friday, Europe/London`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Cron(cron) => cron.describe(),
            Self::Interval(interval) => interval.describe(),
            Self::At(at) => at.describe(),
            Self::Once(once) => once.describe(),
            Self::Stride(stride) => stride.describe(),
            Self::Delay(delay) => delay.describe(),
            Self::Calendared(ticks) => ticks.describe(),
            Self::Bounded(bounded) => bounded.describe(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.describe(),
        }
    }

    /// A number that is equal for equal schedules, on every platform and in every build.
    ///
    /// FNV-1a (64 bits) over the kind and the meaning: masks, flags and zone name of a cron schedule,
    /// milliseconds of intervals, dates and delays, the canonical text of a recurrence rule;
    /// rule and dates of a calendar, whatever its name; the instants of start and end.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::new();
        match self {
            Self::Cron(cron) => {
                hash.add(b"cron");
                cron.feed(|bytes| hash.add(bytes));
            }
            Self::Interval(interval) => {
                hash.add(b"every");
                hash.add(&interval.period().as_millis().to_le_bytes());
                hash.add(&interval.phase().as_millis().to_le_bytes());
            }
            Self::At(at) => {
                let (ms, zone) = at.parts();
                hash.add(b"at");
                hash.add(&ms.to_le_bytes());
                hash.add(zone.as_bytes());
            }
            Self::Once(once) => {
                hash.add(b"once");
                hash.add(&once.delay().as_millis().to_le_bytes());
            }
            Self::Stride(stride) => {
                hash.add(b"stride");
                stride.feed(|bytes| hash.add(bytes));
            }
            Self::Delay(delay) => {
                hash.add(b"delay");
                hash.add(&delay.period().as_millis().to_le_bytes());
            }
            Self::Calendared(ticks) => {
                hash.add(b"calendar");
                hash.add(ticks.rule().as_str().as_bytes());
                hash.add(&ticks.dates().content_hash().to_le_bytes());
                hash.add(&ticks.schedule().fingerprint().to_le_bytes());
                // The zone of the schedule is in its own fingerprint already; this one may be another.
                hash.add(ticks.zone().name().as_bytes());
            }
            Self::Bounded(bounded) => {
                hash.add(b"within");
                bounded.feed(|bytes| hash.add(bytes));
            }
            #[cfg(feature = "rrule")]
            Self::Rrule(_) => hash.add(self.to_string().as_bytes()),
        }
        hash.0
    }

    /// The schedule of a job that was registered for the first time at this instant.
    ///
    /// A delay becomes the instant at its end. A recurrence rule without `DTSTART` gets this one, as local time in
    /// whole seconds; the registration itself is no tick, and `COUNT` counts those after it. All other schedules
    /// are unchanged.
    #[must_use]
    pub fn anchored(&self, registered: DateTime<Utc>) -> Self {
        match self {
            Self::Once(once) => Self::At(once.anchored(registered)),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => Self::Rrule(rrule.anchored(registered)),
            Self::Bounded(bounded) if self.needs_registration() => {
                bounded.around(bounded.schedule().anchored(registered))
            }
            other => other.clone(),
        }
    }

    /// Warnings about what is legal and probably not meant.
    #[must_use]
    pub fn lints(&self) -> Vec<Lint> {
        match self {
            Self::Cron(cron) => cron.lints(),
            Self::Stride(stride) => stride.lints(),
            Self::Calendared(ticks) => ticks.schedule().lints(),
            Self::Bounded(bounded) => bounded.schedule().lints(),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.lints(),
            Self::Interval(_) | Self::At(_) | Self::Once(_) | Self::Delay(_) => Vec::new(),
        }
    }
}

fn from_seconds(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

fn from_millis(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms)
}

/// The last whole second before an instant.
fn before_seconds(t: DateTime<Utc>) -> i64 {
    if t.timestamp_subsec_nanos() == 0 { t.timestamp() - 1 } else { t.timestamp() }
}

/// The last whole millisecond before an instant.
fn before_millis(t: DateTime<Utc>) -> i64 {
    let ms = t.timestamp_millis();
    if t.timestamp_subsec_nanos().is_multiple_of(1_000_000) { ms - 1 } else { ms }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo): the hashes of the standard library may change between releases.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// A text without what stands around it, where that has line breaks, as in a text out of a file. Blanks alone are left to the
/// parsers, whose errors point into the text as it was given.
fn bare(text: &str) -> &str {
    let is_plain = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        return text;
    }
    let (before, behind) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let has_breaks = |part: &str| part.contains(['\n', '\r']);
    if has_breaks(&text[..before]) || has_breaks(&text[behind..]) { text.trim() } else { text }
}
