//! Dates as pure data: what a calendar is once it has been asked about every day.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::NaiveDate;

use super::days::{Builder, DAYS, DaySet};
use super::{Calendar, CalendarError, written};
use crate::hash::Fnv;
use crate::schedule::error::{ScheduleError, ScheduleErrorKind};

/// The longest list of dates in an attribute, in bytes: more than 600 dates.
const MAX_LIST: usize = 8_192;

/// A set of dates from 1970-01-01 to 2199-12-31: a calendar as plain data. Cheap to clone.
///
/// Two sets are equal if they have the same dates and the same name.
///
/// # Examples
/// ```
/// use chrono::{Datelike, NaiveDate};
/// use cron_core::schedule::{Calendar, Dates};
///
/// let list = Dates::parse("2026-12-25, 2026-12-26")?;
/// let code = Dates::of(&|date: NaiveDate| date.month() == 12 && matches!(date.day(), 25 | 26));
/// assert!(list.iter().all(|date| code.contains(date)));
/// assert_eq!((list.len(), code.len()), (2, 460));
/// # Ok::<(), cron_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone)]
pub struct Dates {
    name: Option<Arc<str>>,
    days: Arc<DaySet>,
    hash: u64,
}

impl Dates {
    fn new(days: DaySet) -> Self {
        let (skipped, words) = days.parts();
        let hash = words.iter().fold(Fnv::new().u64(skipped), |hash, word| hash.u64(*word)).finish();
        Self { name: None, days: Arc::new(days), hash }
    }

    /// Asks a calendar about every date from 1970-01-01 to 2199-12-31, 84,006 times, once each.
    #[must_use]
    pub fn of(calendar: &(impl Calendar + ?Sized)) -> Self {
        Self::new(DaySet::from_fn(|day| date_of(day).is_some_and(|date| calendar.contains(date))))
    }

    /// Reads a list such as `2026-12-25, 2026-12-26`, in any order.
    ///
    /// # Errors
    /// If there is no date, or if a part is no date of the calendar, or if the list has more than 8,192 bytes.
    pub fn parse(list: &str) -> Result<Self, ScheduleError> {
        let refuse = |kind, start, end| Err(ScheduleError::new(kind, list, start..end));
        if list.len() > MAX_LIST {
            let kind = ScheduleErrorKind::Calendar(CalendarError::TooLong { bytes: list.len() });
            return refuse(kind, 0, list.len());
        }
        let mut builder = Builder::new();
        let mut start = 0;
        for item in list.split(',') {
            let text = item.trim();
            let at = start + item.len() - item.trim_start().len();
            match day_of_text(text) {
                Ok(day) => builder.add(day),
                Err(error) => return refuse(ScheduleErrorKind::Calendar(error), at, at + text.len()),
            }
            start += item.len() + 1;
        }
        Ok(Self::new(builder.build()))
    }

    /// Reads what `Display` writes.
    pub(in crate::schedule) fn read(text: &str) -> Result<Self, ScheduleError> {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::parse(text);
        }
        let damaged = || {
            let kind = ScheduleErrorKind::Calendar(CalendarError::Damaged);
            ScheduleError::new(kind, text, 0..text.len())
        };
        written::read(text).map(Self::new).ok_or_else(damaged)
    }

    /// The same dates under a name, by which schedules show them.
    ///
    /// # Errors
    /// If the name is not 1 to 64 letters, digits or `_ - . : /`, or does not begin with a letter or `_`.
    pub fn named(self, name: &str) -> Result<Self, ScheduleError> {
        super::check_name(name)?;
        Ok(Self { name: Some(name.into()), ..self })
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number of dates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.days.count(0, DAYS) as usize
    }

    /// Whether there is no date.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self.days == DaySet::default()
    }

    /// The dates, in order.
    pub fn iter(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.days.iter().filter_map(date_of)
    }

    /// A number that is equal for the same dates, on every platform and in every build. The name does not count.
    #[must_use]
    pub fn content_hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn days(&self) -> &DaySet {
        &self.days
    }

    /// The dates for people: the name, or a few dates one by one, or how many and from when to when.
    pub(super) fn in_words(&self) -> String {
        const MOST: usize = 6;
        if let Some(name) = self.name() {
            return name.to_owned();
        }
        let all: Vec<String> = self.iter().map(|date| date.to_string()).collect();
        match all.as_slice() {
            [] => "no date".to_owned(),
            [one] => one.clone(),
            [dates @ .., last] if all.len() <= MOST => format!("{} and {last}", dates.join(", ")),
            [first, .., last] => format!("{} dates from {first} to {last}", all.len()),
        }
    }
}

/// Dates outside of 1970 to 2199 are left out: no schedule has a tick there.
impl FromIterator<NaiveDate> for Dates {
    fn from_iter<T: IntoIterator<Item = NaiveDate>>(dates: T) -> Self {
        let mut builder = Builder::new();
        dates.into_iter().filter_map(day_of).for_each(|day| builder.add(day));
        Self::new(builder.build())
    }
}

impl Calendar for Dates {
    fn contains(&self, date: NaiveDate) -> bool {
        day_of(date).is_some_and(|day| self.days.has(day))
    }
}

impl PartialEq for Dates {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.name == other.name && self.days == other.days
    }
}

impl Eq for Dates {}

impl Hash for Dates {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
        self.name.hash(state);
    }
}

impl fmt::Debug for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dates").field("name", &self.name).field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The canonical text of the dates, without the name: a list of up to 32 dates, else a compact form of at most 14 KB.
impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST_LISTED: usize = 32;
        if self.is_empty() || self.len() > MOST_LISTED {
            return f.write_str(&written::write(&self.days));
        }
        for (index, date) in self.iter().enumerate() {
            write!(f, "{}{date}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

fn date_of(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(day.cast_signed())
}

fn day_of(date: NaiveDate) -> Option<u32> {
    u32::try_from(date.to_epoch_days()).ok().filter(|day| *day < DAYS)
}

/// `2026-12-25`, with all digits.
fn day_of_text(text: &str) -> Result<u32, CalendarError> {
    if text.is_empty() {
        return Err(CalendarError::DateMissing);
    }
    let digits = |text: &str, len: usize| {
        let number = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        if number { text.parse::<u32>().ok() } else { None }
    };
    let parts = || {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        Some((digits(year, 4)?, digits(month, 2)?, digits(day, 2)?))
    };
    let (year, month, day) = parts().ok_or(CalendarError::NotADate)?;
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), month, day).ok_or(CalendarError::NoSuchDay)?;
    day_of(date).ok_or(CalendarError::OutOfRange)
}
