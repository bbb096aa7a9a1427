//! A schedule under a calendar.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono_tz::Tz;

use super::days::DaySet;
use super::on_days::{OnDays, Times};
use super::{CalendarError, CalendarRule, Dates, check_name, refused};
use crate::schedule::error::ScheduleError;
use crate::schedule::month::split;
use crate::schedule::once::At;
use crate::schedule::zone::{self, Stretches};
use crate::schedule::{DstGap, Interval, Schedule};

/// A schedule whose ticks a calendar chooses or moves.
///
/// The rule works on the local dates and times of the schedule, before its zone makes instants of them: a run at 02:30
/// that moves to a Monday is at 02:30 on Monday, whatever the clock did on Sunday. Several ticks moved to one local
/// time are one tick.
#[derive(Clone)]
pub struct Calendared {
    schedule: Schedule,
    rule: CalendarRule,
    dates: Dates,
    zone: Tz,
    /// Derived from all of the above.
    ticks: Ticks,
}

/// What remains of a schedule under its calendar, ready to be searched.
#[derive(Clone, Debug)]
enum Ticks {
    /// The times of a schedule with days and times, on these days.
    Days(DaySet),
    /// The ticks of an interval that are on these days of the zone.
    Grid(Interval, DaySet),
    /// At most one.
    Single(Option<At>),
}

impl Calendared {
    /// `zone` is for schedules that have none of their own.
    pub(in crate::schedule) fn new(
        schedule: Schedule,
        rule: CalendarRule,
        dates: Dates,
        zone: Option<Tz>,
    ) -> Result<Self, ScheduleError> {
        let zone = check(&schedule, rule, zone)?;
        let under = |days: &DaySet| days.under(rule, dates.days(), &zone::table(zone).left_out_days());
        let ticks = match &schedule {
            Schedule::Cron(cron) => Ticks::Days(under(&cron.days())),
            Schedule::Stride(stride) => Ticks::Days(under(&stride.days())),
            Schedule::Interval(interval) => Ticks::Grid(*interval, under(&DaySet::all())),
            Schedule::At(at) => Ticks::Single(at.under(zone, under)),
            Schedule::Once(_) | Schedule::Delay(_) | Schedule::Calendared(_) | Schedule::Bounded(_) => {
                Ticks::Single(None)
            }
            #[cfg(feature = "rrule")]
            Schedule::Rrule(_) => Ticks::Single(None),
        };
        Ok(Self { schedule, rule, dates, zone, ticks })
    }

    /// The schedule without the calendar.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What the calendar does.
    #[must_use]
    pub fn rule(&self) -> CalendarRule {
        self.rule
    }

    /// The dates of the calendar.
    #[must_use]
    pub fn dates(&self) -> &Dates {
        &self.dates
    }

    /// The zone in which ticks have their dates.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    fn on<'a>(&'a self, days: &'a DaySet) -> Option<OnDays<'a>> {
        let times: &dyn Times = match &self.schedule {
            Schedule::Cron(cron) => cron,
            Schedule::Stride(stride) => stride,
            Schedule::Interval(_)
            | Schedule::At(_)
            | Schedule::Once(_)
            | Schedule::Delay(_)
            | Schedule::Calendared(_)
            | Schedule::Bounded(_) => {
                return None;
            }
            #[cfg(feature = "rrule")]
            Schedule::Rrule(_) => return None,
        };
        Some(OnDays { times, days })
    }

    /// The first tick at or after `ms` (milliseconds since 1970).
    pub(in crate::schedule) fn at_or_after(&self, ms: i64) -> Option<i64> {
        match &self.ticks {
            Ticks::Days(days) => {
                // Ticks are whole seconds: the next one from the middle of a second is in the second after it.
                let second = ms.div_euclid(1_000) + i64::from(ms.rem_euclid(1_000) != 0);
                self.on(days)?.next(second).map(|second| second * 1_000)
            }
            Ticks::Grid(interval, days) => {
                let stretches = Stretches { table: zone::table(self.zone), days };
                let mut ms = ms;
                loop {
                    let (from, until) = stretches.at_or_after(ms.div_euclid(1_000))?;
                    let tick = interval.at_or_after(ms.max(from * 1_000))?;
                    if tick < until * 1_000 {
                        return Some(tick);
                    }
                    ms = tick;
                }
            }
            Ticks::Single(at) => at.and_then(|at| at.millis()).filter(|tick| *tick >= ms),
        }
    }

    /// The last tick at or before `ms` (milliseconds since 1970).
    pub(in crate::schedule) fn at_or_before(&self, ms: i64) -> Option<i64> {
        match &self.ticks {
            Ticks::Days(days) => self.on(days)?.prev(ms.div_euclid(1_000)).map(|second| second * 1_000),
            Ticks::Grid(interval, days) => {
                let stretches = Stretches { table: zone::table(self.zone), days };
                let mut ms = ms;
                loop {
                    let (from, until) = stretches.at_or_before(ms.div_euclid(1_000))?;
                    let tick = interval.at_or_before(ms.min(until * 1_000 - 1))?;
                    if tick >= from * 1_000 {
                        return Some(tick);
                    }
                    ms = tick;
                }
            }
            Ticks::Single(at) => at.and_then(|at| at.millis()).filter(|tick| *tick <= ms),
        }
    }

    /// The number of ticks in `first..=last` (milliseconds since 1970).
    pub(in crate::schedule) fn count(&self, first: i64, last: i64) -> u64 {
        match &self.ticks {
            Ticks::Days(days) => {
                let first = first.div_euclid(1_000) + i64::from(first.rem_euclid(1_000) != 0);
                self.on(days).map_or(0, |ticks| ticks.number(first, last.div_euclid(1_000)))
            }
            Ticks::Grid(interval, days) => {
                let stretches = Stretches { table: zone::table(self.zone), days };
                let (mut second, mut ticks) = (first.div_euclid(1_000), 0);
                while let Some((from, until)) =
                    stretches.at_or_after(second).filter(|(from, _)| from * 1_000 <= last)
                {
                    ticks += interval.count(first.max(from * 1_000), last.min(until * 1_000 - 1));
                    second = until;
                }
                ticks
            }
            Ticks::Single(at) => {
                let tick = at.and_then(|at| at.millis());
                u64::from(tick.is_some_and(|tick| (first..=last).contains(&tick)))
            }
        }
    }

    /// The rule for gaps is one of the schedule; which days it runs on does not depend on it.
    pub(in crate::schedule) fn set_dst_gap(&mut self, gap: DstGap) {
        self.schedule = self.schedule.clone().with_dst_gap(gap);
    }

    /// Whether the schedule is a single date, moved or not.
    pub(in crate::schedule) fn is_single(&self) -> bool {
        matches!(self.ticks, Ticks::Single(_))
    }

    pub(in crate::schedule) fn nothing_left(&self) -> ScheduleError {
        let schedule = match &self.schedule {
            Schedule::Cron(cron) => cron.expression(),
            other => other.to_string(),
        };
        let error = CalendarError::NothingLeft { rule: self.rule, schedule: schedule.into() };
        refused(error, &self.dates.in_words())
    }

    pub(in crate::schedule) fn describe(&self) -> String {
        let (schedule, dates) = (self.schedule.describe(), self.dates.in_words());
        let zone = match self.schedule.zone() {
            Some(_) => String::new(),
            None => format!(" by the date in {}", self.zone),
        };
        match self.rule {
            CalendarRule::Skip => format!("{schedule}, not on {dates}{zone}"),
            CalendarRule::Only => format!("{schedule}, only on {dates}{zone}"),
            CalendarRule::NextWorkday => {
                format!("{schedule}, moved from weekends and {dates} to the next workday{zone}")
            }
            CalendarRule::PreviousWorkday => {
                format!("{schedule}, moved from weekends and {dates} to the workday before{zone}")
            }
        }
    }
}

impl PartialEq for Calendared {
    fn eq(&self, other: &Self) -> bool {
        (self.rule, self.zone) == (other.rule, other.zone)
            && self.schedule == other.schedule
            && self.dates == other.dates
    }
}

impl Eq for Calendared {}

impl Hash for Calendared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.rule, self.zone, &self.schedule, &self.dates).hash(state);
    }
}

impl fmt::Debug for Calendared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendared")
            .field("schedule", &self.schedule)
            .field("rule", &self.rule)
            .field("dates", &self.dates)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Calendared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.dates.name().map_or(String::new(), |name| format!("{name} "));
        let zone = zone_text(&self.schedule, self.zone);
        write!(f, "calendar({} {name}{}{zone}) {}", self.rule, self.dates, self.schedule)
    }
}

/// The zone behind the dates, where it is neither that of the schedule nor UTC.
fn zone_text(schedule: &Schedule, zone: Tz) -> String {
    if schedule.zone().is_some() || zone == Tz::UTC { String::new() } else { format!(" in {zone}") }
}

/// Refuses what has no meaning together, and gives the zone in which ticks have their dates.
fn check(schedule: &Schedule, rule: CalendarRule, zone: Option<Tz>) -> Result<Tz, ScheduleError> {
    let refuse = |error| Err(refused(error, &schedule.to_string()));
    match schedule {
        Schedule::Once(_) => refuse(CalendarError::Delay),
        Schedule::Delay(_) => refuse(CalendarError::AfterFinish),
        Schedule::Calendared(_) => refuse(CalendarError::Second),
        // The calendar goes inside the bounds.
        Schedule::Bounded(bounded) => check(bounded.schedule(), rule, zone),
        // Its times need not be the same on all of its days, and it has dates of its own.
        #[cfg(feature = "rrule")]
        Schedule::Rrule(_) => refuse(CalendarError::Rrule),
        Schedule::Interval(_) if rule.moves() => refuse(CalendarError::MovedInterval { rule }),
        _ => match (schedule.zone(), zone) {
            (Some(_), Some(_)) => refuse(CalendarError::OwnZone),
            (own, given) => Ok(own.or(given).unwrap_or(Tz::UTC)),
        },
    }
}

impl Schedule {
    /// The same schedule under a calendar: `rule` says what happens on its dates.
    ///
    /// The date of a tick is that on the clock of the schedule's zone, for intervals and instants in UTC (see
    /// [`with_calendar_in`](Self::with_calendar_in)). [Bounds](Self::within) stay outside of the calendar: they hold for the ticks
    /// that it has moved. A rule that leaves no tick at all is accepted here, see
    /// [`refuse_never`](Self::refuse_never).
    ///
    /// # Errors
    /// [`ScheduleErrorKind::Calendar`](super::super::ScheduleErrorKind::Calendar) for delays of both kinds, for a recurrence rule, for a
    /// schedule that has a calendar, and for an interval whose ticks would be moved.
    ///
    /// # Examples
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use cron_core::schedule::{CalendarRule, Dates, Schedule};
    ///
    /// let holidays = Dates::parse("2026-12-25, 2026-12-28")?;
    /// let payday = Schedule::cron("0 9 25 * *", "Europe/London")?.with_calendar(CalendarRule::NextWorkday, holidays)?;
    /// let december: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    /// // The 25th is a holiday, then comes a weekend and another holiday.
    /// assert_eq!(payday.next_after(december), Some("2026-12-29T09:00:00Z".parse().unwrap()));
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    pub fn with_calendar(self, rule: CalendarRule, dates: Dates) -> Result<Self, ScheduleError> {
        self.under_calendar(rule, dates, None)
    }

    /// As [`with_calendar`](Self::with_calendar), for schedules without a zone of their own: `zone` (an IANA name) is the
    /// one in which their ticks have their dates.
    ///
    /// # Errors
    /// As there, if the zone does not exist, and if the schedule has a zone of its own.
    pub fn with_calendar_in(
        self,
        rule: CalendarRule,
        dates: Dates,
        zone: &str,
    ) -> Result<Self, ScheduleError> {
        let zone = zone::parse(zone)?;
        self.under_calendar(rule, dates, Some(zone))
    }

    fn under_calendar(
        self,
        rule: CalendarRule,
        dates: Dates,
        zone: Option<Tz>,
    ) -> Result<Self, ScheduleError> {
        if let Self::Bounded(bounded) = &self {
            let schedule = bounded.schedule().clone().under_calendar(rule, dates, zone)?;
            return Ok(bounded.around(schedule));
        }
        Ok(Self::Calendared(Arc::new(Calendared::new(self, rule, dates, zone)?)))
    }

    /// The text of this schedule under a calendar that is known by its name only: what a declaration holds until
    /// [`read`](Self::read) finds the dates. `zone` is as for [`with_calendar_in`](Self::with_calendar_in).
    ///
    /// # Errors
    /// As [`with_calendar`](Self::with_calendar), and if the name cannot be one.
    pub fn calendar_reference(
        &self,
        rule: CalendarRule,
        name: &str,
        zone: Option<&str>,
    ) -> Result<String, ScheduleError> {
        check_name(name)?;
        let zone = zone_text(self, check(self, rule, zone.map(zone::parse).transpose()?)?);
        let text = |schedule: &Self| format!("calendar({rule} {name}{zone}) {schedule}");
        Ok(match self {
            Self::Bounded(bounded) => format!("{}{}", bounded.prefix(), text(bounded.schedule())),
            other => text(other),
        })
    }

    /// The schedule under its bounds and its calendar; a schedule with neither itself.
    #[must_use]
    pub fn without_calendar(&self) -> &Self {
        match self {
            Self::Calendared(calendared) => &calendared.schedule,
            Self::Bounded(bounded) => bounded.schedule().without_calendar(),
            other => other,
        }
    }
}

impl At {
    /// The same under a calendar: `under` says to which days the days of a set are moved.
    fn under(self, zone: Tz, under: impl Fn(&DaySet) -> DaySet) -> Option<Self> {
        let local = self.local_millis(zone);
        let (day, _) = split((local >= 0).then_some(local)? / 1_000);
        let target = under(&DaySet::from_fn(|other| other == day)).at_or_after(0)?;
        if target == day {
            return Some(self);
        }
        self.at_local(local + (i64::from(target) - i64::from(day)) * 86_400_000, zone)
    }
}
