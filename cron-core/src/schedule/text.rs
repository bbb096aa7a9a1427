//! The canonical text of a schedule, which stores keep, and its way back.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounds::{self, Bounded, BoundsError};
use super::calendar::CalendarError;
use super::cron::{CronSchedule, DstGap};
use super::error::{ScheduleError, ScheduleErrorKind as Kind};
use super::stride::Stride;
use super::{Calendars, Dates, Schedule, zone};
use crate::{UnknownWord, suggest};

/// What makes a delay of `every(...)`.
const AFTER_FINISH: &str = ", after finish";

/// The longest text. Canonical text may be longer than what the user wrote: it lists values one by one, and names lines.
const MAX_STORED: usize = 8_192 + 256;

/// The longest text with a calendar: its dates take 14,006 bytes at most, its rule, name and zone less than 400.
const MAX_CALENDARED: usize = MAX_STORED + 16_384;

/// The option behind the zone of a cron schedule whose runs in a gap are dropped.
const SKIP_GAPS: &str = "dst_gap=skip";

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => cron.fmt(f),
            Self::Interval(interval) => interval.fmt(f),
            Self::At(at) => at.fmt(f),
            Self::Once(once) => once.fmt(f),
            Self::Stride(stride) => stride.fmt(f),
            Self::Delay(delay) => delay.fmt(f),
            Self::Calendared(calendared) => calendared.fmt(f),
            Self::Bounded(bounded) => bounded.fmt(f),
            #[cfg(feature = "rrule")]
            Self::Rrule(rrule) => rrule.fmt(f),
        }
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    /// Reads the text that `Display` writes: `cron(...) Zone`, `every(...)`, `every(..., after finish)`, `at(...) Zone`, `once(...)`,
    /// `stride(...) Zone`, `rrule(...) Zone`, `calendar(...)` in front of one of these, and `within(...)` in front of all. A calendar that is
    /// only named is an error; see [`Schedule::read`].
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::read(text, &Calendars::default())
    }
}

impl Schedule {
    /// Reads the text of a schedule in which a calendar may be named without its dates: `calendar(skip uk_holidays) cron(...)
    /// Zone`. All other texts are those of `Display`.
    ///
    /// # Errors
    /// If the text is none of a schedule, and if no calendar has that name.
    pub fn read(text: &str, calendars: &Calendars) -> Result<Self, ScheduleError> {
        if let Some(inside) = text.strip_prefix(bounds::WORD) {
            return Bounded::read(text, inside, calendars).map(|bounded| Self::Bounded(Arc::new(bounded)));
        }
        let Some(inside) = text.strip_prefix("calendar(") else { return Self::read_plain(text) };
        let (Some((calendar, schedule)), true) = (inside.split_once(") "), text.len() <= MAX_CALENDARED)
        else {
            return Err(match text.len() {
                bytes @ MAX_CALENDARED.. => ScheduleError::new(Kind::TooLong { bytes }, text, 0..text.len()),
                _ => ScheduleError::new(Kind::UnknownForm { nearest: None }, text, 0..text.len()),
            });
        };
        let damaged = || {
            let start = "calendar(".len();
            let kind = Kind::Calendar(CalendarError::Damaged);
            ScheduleError::new(kind, text, start..start + calendar.len())
        };
        let (calendar, zone) = match calendar.split_once(" in ") {
            Some((calendar, zone)) => (calendar, Some(zone)),
            None => (calendar, None),
        };
        if schedule.starts_with(bounds::WORD) {
            let kind = Kind::Bounds(BoundsError::UnderCalendar);
            return Err(ScheduleError::new(kind, text, text.len() - schedule.len()..text.len()));
        }
        let (rule, calendar) = calendar.split_once(' ').ok_or_else(damaged)?;
        let rule = rule.parse().map_err(|_unknown: UnknownWord| damaged())?;
        let is_list = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) || word.contains('=');
        let dates = match calendar.split_once(' ') {
            Some((name, dates)) => Dates::read(dates)?.named(name)?,
            None if is_list(calendar) => Dates::read(calendar)?,
            None => calendars.get(calendar)?.clone(),
        };
        let schedule = Self::read_plain(schedule)?;
        match zone {
            Some(zone) => schedule.with_calendar_in(rule, dates, zone),
            None => schedule.with_calendar(rule, dates),
        }
    }

    /// Reads the text of a schedule without a calendar.
    fn read_plain(text: &str) -> Result<Self, ScheduleError> {
        let refuse = |kind, span| Err(ScheduleError::new(kind, text, span));
        if text.len() > MAX_STORED {
            return refuse(Kind::TooLong { bytes: text.len() }, 0..text.len());
        }
        let word_len = text.find('(').unwrap_or(text.len());
        let (Some(open), Some(close)) = (text.find('('), text.rfind(')')) else {
            return refuse(Kind::UnknownForm { nearest: None }, 0..text.len());
        };
        if close < open {
            return refuse(Kind::UnknownForm { nearest: None }, 0..text.len());
        }
        let (inside, behind) = (&text[open + 1..close], text[close + 1..].trim());
        match (&text[..word_len], behind) {
            (word @ ("cron" | "stride"), behind) => {
                let (name, gap) = match behind.strip_suffix(SKIP_GAPS).map(str::trim_end) {
                    Some(name) => (name, DstGap::Skip),
                    None => (behind, DstGap::RunAfter),
                };
                let zone = zone::parse(name)?;
                let schedule = if word == "cron" {
                    CronSchedule::parse_any_length(inside, zone).map(Self::Cron)
                } else {
                    let refused = || ScheduleError::new(Kind::StrideForm, text, open + 1..close);
                    Stride::parse(inside, zone).ok_or_else(refused)
                };
                schedule.map(|schedule| schedule.with_dst_gap(gap))
            }
            ("every", "") => match (inside.strip_suffix(AFTER_FINISH), inside.split_once(", phase ")) {
                (Some(period), _) => Self::every_after_finish(period),
                (None, Some((period, phase))) => Self::every(period, Some(phase)),
                (None, None) => Self::every(inside, None),
            },
            ("at", "") => Self::at(inside, "UTC"),
            ("at", zone) => Self::at(inside, zone),
            ("once", "") => Self::once(inside),
            ("rrule", "") => Self::rrule(inside, "UTC"),
            ("rrule", zone) => Self::rrule(inside, zone),
            ("every" | "once", _) => refuse(Kind::UnknownForm { nearest: None }, close + 1..text.len()),
            (word, _) => {
                let nearest = suggest::nearest(
                    word,
                    ["cron", "every", "at", "once", "stride", "rrule", "calendar", "within"],
                );
                refuse(Kind::UnknownForm { nearest }, 0..word_len)
            }
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
