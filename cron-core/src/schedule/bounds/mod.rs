//! The start and the end of a schedule: ticks outside of them do not exist.

mod error;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use error::BoundsError;

use super::error::{ScheduleError, ScheduleErrorKind};
use super::once::{At, stamp};
use super::zone::{self, HORIZON};
use super::{Calendars, DstGap, Schedule};

/// What begins the text of a schedule with bounds.
pub(super) const WORD: &str = "within(";

/// What ticks are apart at least.
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);

/// A schedule whose ticks before a start and after an end do not exist. A tick at exactly one of them does.
///
/// Both are instants: a local time became one when the schedule was made. Bounds are the outermost of all; under a calendar they
/// hold for the ticks that the calendar has left or moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bounded {
    schedule: Schedule,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
}

/// A bound as it was written, and its instant.
#[derive(Clone, Copy)]
struct Edge<'a> {
    text: &'a str,
    at: DateTime<Utc>,
}

impl Bounded {
    fn new(
        schedule: Schedule,
        start: Option<Edge<'_>>,
        end: Option<Edge<'_>>,
    ) -> Result<Self, ScheduleError> {
        let text = || schedule.to_string();
        if let Schedule::Bounded(_) = schedule {
            return Err(refused(BoundsError::Second, &text()));
        }
        if schedule.is_single() {
            return Err(refused(BoundsError::Single, &text()));
        }
        if let (Some(start), Some(end)) = (start, end)
            && start.at > end.at
        {
            let both = format!("{}..{}", start.text, end.text);
            let error = BoundsError::Backward {
                start: start.text.into(),
                end: end.text.into(),
                start_at: start.at,
                end_at: end.at,
            };
            return Err(refused(error, &both));
        }
        Ok(Self { schedule, start: start.map(|edge| edge.at), end: end.map(|edge| edge.at) })
    }

    /// The schedule without the bounds.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The first instant that may be a tick; `None` if there is no start.
    #[must_use]
    pub fn start(&self) -> Option<DateTime<Utc>> {
        self.start
    }

    /// The last instant that may be a tick; `None` if there is no end.
    #[must_use]
    pub fn end(&self) -> Option<DateTime<Utc>> {
        self.end
    }

    /// The same bounds of another schedule, of which the caller knows that it may have some.
    pub(super) fn around(&self, schedule: Schedule) -> Schedule {
        Schedule::Bounded(Arc::new(Self { schedule, start: self.start, end: self.end }))
    }

    fn contains(&self, t: DateTime<Utc>) -> bool {
        self.start.is_none_or(|start| t >= start) && self.end.is_none_or(|end| t <= end)
    }

    pub(super) fn next_after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.end.is_some_and(|end| t >= end) {
            return None;
        }
        let tick = match self.start {
            // The tick after a run that ended early waits for the start.
            Some(start) if self.schedule.is_delay() => self.schedule.next_after(t)?.max(start),
            Some(start) => self.schedule.next_after(t.max(start - MOMENT))?,
            None => self.schedule.next_after(t)?,
        };
        self.contains(tick).then_some(tick)
    }

    pub(super) fn prev_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.start.is_some_and(|start| t <= start) {
            return None;
        }
        let t = self.end.map_or(t, |end| t.min(end + MOMENT));
        self.schedule.prev_before(t).filter(|tick| self.contains(*tick))
    }

    /// The number of ticks after `after`, up to and including `through`.
    pub(super) fn count(&self, after: DateTime<Utc>, through: DateTime<Utc>) -> u64 {
        if self.schedule.is_delay() {
            // Its tick depends on the instant before it, which must not be moved to the start.
            return u64::from(self.next_after(after).is_some_and(|tick| tick <= through));
        }
        let after = self.start.map_or(after, |start| after.max(start - MOMENT));
        let through = self.end.map_or(through, |end| through.min(end));
        self.schedule.count_between(after, through)
    }

    pub(super) fn matches(&self, t: DateTime<Utc>) -> bool {
        self.contains(t) && self.schedule.matches(t)
    }

    /// Of a rule that waits for its registration nobody knows yet where in the bounds it begins.
    pub(super) fn has_any_tick(&self) -> bool {
        if self.schedule.needs_registration() {
            self.schedule.has_any_tick()
        } else {
            self.next_after(DateTime::<Utc>::MIN_UTC).is_some()
        }
    }

    pub(super) fn nothing_left(&self) -> ScheduleError {
        let text = match &self.schedule {
            Schedule::Cron(cron) => cron.expression(),
            other => other.to_string(),
        };
        refused(BoundsError::NothingLeft { bounds: self.in_words().into() }, &text)
    }

    pub(super) fn set_dst_gap(&mut self, gap: DstGap) {
        self.schedule = self.schedule.clone().with_dst_gap(gap);
    }

    pub(super) fn describe(&self) -> String {
        format!("{}, {}", self.schedule.describe(), self.in_words())
    }

    /// The bounds by the clock of the schedule's zone, which the words of the schedule name; else in UTC.
    fn in_words(&self) -> String {
        let own = self.schedule.zone();
        let zone = own.unwrap_or(Tz::UTC);
        let start = self.start.map(|start| {
            let text = on_clock(start, zone);
            // A day begins with its midnight. It does not end there, so an end keeps its time.
            format!("from {}", text.strip_suffix(" 00:00:00").unwrap_or(&text))
        });
        let end = self
            .end
            .map(|end| format!("{} {}", if start.is_some() { "to" } else { "until" }, on_clock(end, zone)));
        let words: Vec<String> = start.into_iter().chain(end).collect();
        format!("{}{}", words.join(" "), if own.is_some() { "" } else { " (UTC)" })
    }

    /// Feeds what makes up the meaning of the bounds into a hash.
    pub(super) fn feed(&self, mut add: impl FnMut(&[u8])) {
        for edge in [self.start, self.end] {
            match edge {
                None => add(&[0]),
                Some(at) => {
                    add(&[1]);
                    add(&at.timestamp_millis().to_le_bytes());
                }
            }
        }
        add(&self.schedule.fingerprint().to_le_bytes());
    }

    /// The text of the bounds, up to that of the schedule.
    pub(super) fn prefix(&self) -> String {
        let edge = |at: Option<DateTime<Utc>>| {
            at.map_or_else(String::new, |at| format!("{}Z", stamp(at.timestamp_millis(), 'T')))
        };
        format!("{WORD}{}..{}) ", edge(self.start), edge(self.end))
    }

    /// Reads what follows `within(` in the text of a schedule.
    pub(super) fn read(text: &str, inside: &str, calendars: &Calendars) -> Result<Self, ScheduleError> {
        let Some((edges, schedule)) = inside.split_once(") ") else {
            return Err(ScheduleError::new(
                ScheduleErrorKind::UnknownForm { nearest: None },
                text,
                0..text.len(),
            ));
        };
        // Refused before it is read: texts of any depth would take a stack of any depth.
        if schedule.starts_with(WORD) {
            return Err(refused(BoundsError::Second, schedule));
        }
        let damaged = || {
            let kind = ScheduleErrorKind::Bounds(BoundsError::Damaged);
            ScheduleError::new(kind, text, WORD.len()..WORD.len() + edges.len())
        };
        let (start, end) = edges.split_once("..").filter(|both| *both != ("", "")).ok_or_else(damaged)?;
        let edge = |text| Edge::stored(text).ok_or_else(damaged);
        let start = if start.is_empty() { None } else { Some(edge(start)?) };
        let end = if end.is_empty() { None } else { Some(edge(end)?) };
        Self::new(Schedule::read(schedule, calendars)?, start, end)
    }
}

impl<'a> Edge<'a> {
    /// A bound as `at` has it: local in a zone, or with an offset.
    fn written(text: &'a str, zone: &str) -> Result<Self, ScheduleError> {
        let at = At::parse(text, zone)?.instant();
        let refused = || ScheduleError::new(ScheduleErrorKind::DateTime, text, 0..text.len());
        at.map(|at| Self { text, at }).ok_or_else(refused)
    }

    /// A bound as stores keep it. A local time of the first and the last day of the calendar may be an instant outside of it.
    fn stored(text: &'a str) -> Option<Self> {
        const DAY: i64 = 86_400;
        let at = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        let years = -DAY * 1_000..(HORIZON + DAY) * 1_000;
        let at = years.contains(&at).then(|| DateTime::from_timestamp_millis(at))??;
        Some(Self { text, at })
    }
}

/// Date and time on the clock of a zone. In a repeated hour the first pass goes without saying, as everywhere.
fn on_clock(at: DateTime<Utc>, zone: Tz) -> String {
    let table = zone::table(zone);
    let second = at.timestamp();
    let local = second + table.offset_at(second);
    let text = stamp(local * 1_000 + i64::from(at.timestamp_subsec_millis()), ' ');
    match table.instant_of(local) {
        Some((first, true)) if first != second => format!("{text} (the second time)"),
        Some(_) | None => text,
    }
}

fn refused(error: BoundsError, text: &str) -> ScheduleError {
    ScheduleError::new(ScheduleErrorKind::Bounds(error), text, 0..text.len())
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix(), self.schedule)
    }
}

impl Schedule {
    /// The same schedule from a start to an end, or with one of the two. A tick at exactly `start` or `end` happens.
    ///
    /// Both are written as for [`at`](Self::at): an instant with an offset, or a local time in `zone` (an IANA name), which becomes an
    /// instant here and now; fractions beyond milliseconds are cut off. With neither, the schedule is unchanged. A
    /// [fixed delay](super::Delay) has its first tick not before the start. `COUNT` of a recurrence rule counts from the start
    /// of the rule, not from this one. Bounds that leave no tick at all are accepted here, see [`refuse_never`](Self::refuse_never).
    ///
    /// # Errors
    /// If a text or the zone is wrong, and [`ScheduleErrorKind::Bounds`] if the start is after the end, if the schedule is
    /// [single](Self::is_single), and if it has bounds already.
    ///
    /// # Examples
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use cron_core::schedule::Schedule;
    ///
    /// let season = Schedule::daily("09:00", "Europe/London")?
    ///     .within(Some("2026-06-01T00:00:00"), Some("2026-08-31T09:00:00"), "Europe/London")?;
    /// let spring: DateTime<Utc> = "2026-04-01T00:00:00Z".parse().unwrap();
    /// assert_eq!(season.next_after(spring), Some("2026-06-01T08:00:00Z".parse().unwrap()));
    /// assert_eq!(season.iter_after(spring).last(), Some("2026-08-31T08:00:00Z".parse().unwrap()));
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    pub fn within(self, start: Option<&str>, end: Option<&str>, zone: &str) -> Result<Self, ScheduleError> {
        zone::parse(zone)?;
        if start.is_none() && end.is_none() {
            return Ok(self);
        }
        let edge = |text| Edge::written(text, zone);
        let (start, end) = (start.map(edge).transpose()?, end.map(edge).transpose()?);
        Bounded::new(self, start, end).map(|bounded| Self::Bounded(Arc::new(bounded)))
    }

    /// The schedule without its start and end; a schedule that has none itself.
    #[must_use]
    pub fn without_bounds(&self) -> &Self {
        match self {
            Self::Bounded(bounded) => &bounded.schedule,
            other => other,
        }
    }

    /// Whether it is a [fixed delay](super::Delay), with bounds or without: its ticks depend on the ends of its runs.
    #[must_use]
    pub fn is_delay(&self) -> bool {
        matches!(self.without_bounds(), Self::Delay(_))
    }
}
