//! Calendars: dates on which a schedule does not run, runs only, or runs on another day.
//!
//! A [`Calendar`] given in code is asked once about every date and becomes [`Dates`], pure data. A schedule with a
//! calendar carries them, so that every process can evaluate and audit it without the code.

mod calendared;
mod dates;
mod days;
mod error;
mod on_days;
mod written;

use std::collections::BTreeMap;

use chrono::NaiveDate;

pub use calendared::Calendared;
pub use dates::Dates;
pub use error::CalendarError;

pub(super) use days::{Builder, DAYS, DaySet};
pub(super) use on_days::Times;

use super::error::{ScheduleError, ScheduleErrorKind};
use crate::suggest;

/// A set of dates, such as the holidays of a country.
///
/// Closures are calendars too. A calendar is asked when it is given to `start()`, once about every date from 1970-01-01 to
/// 2199-12-31, in order; its answers then stay as they are. So it must depend on nothing but the date.
///
/// # Examples
/// ```
/// use chrono::{Datelike, NaiveDate};
/// use cron_core::schedule::{Calendar, Dates};
///
/// struct MonthEnds;
///
/// impl Calendar for MonthEnds {
///     fn contains(&self, date: NaiveDate) -> bool {
///         date.succ_opt().is_none_or(|tomorrow| tomorrow.day() == 1)
///     }
/// }
///
/// assert_eq!(Dates::of(&MonthEnds).len(), 230 * 12);
/// ```
pub trait Calendar {
    /// Whether the date is in the calendar.
    fn contains(&self, date: NaiveDate) -> bool;
}

impl<F: Fn(NaiveDate) -> bool> Calendar for F {
    fn contains(&self, date: NaiveDate) -> bool {
        self(date)
    }
}

crate::words::word_enum! {
    /// What a calendar does to the ticks of a schedule. The date of a tick is that on the clock of the schedule's zone.
    "calendar_rule",
    pub enum CalendarRule {
        /// Ticks on a date of the calendar are dropped.
        Skip = "skip",
        /// All other ticks are dropped.
        Only = "only",
        /// A tick on a day that is no workday moves to the next workday, at the same local time. Workdays are Monday
        /// to Friday without the dates of the calendar.
        NextWorkday = "next_workday",
        /// A tick on a day that is no workday moves to the workday before it, at the same local time.
        PreviousWorkday = "previous_workday",
    }
}

impl CalendarRule {
    /// The rule where none is named.
    pub const DEFAULT: Self = Self::Skip;

    /// Whether the rule moves ticks to other days.
    #[must_use]
    pub const fn moves(self) -> bool {
        matches!(self, Self::NextWorkday | Self::PreviousWorkday)
    }
}

impl Default for CalendarRule {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The calendars of a program by their names.
///
/// # Examples
/// ```
/// use cron_core::schedule::{Calendars, Dates, Schedule};
///
/// let mut calendars = Calendars::default();
/// calendars.add("uk_holidays", &Dates::parse("2026-12-25, 2026-12-28")?)?;
/// let text = "calendar(skip uk_holidays) cron(0 9 * * MON-FRI) Europe/London";
/// let schedule = Schedule::read(text, &calendars)?;
/// assert_eq!(schedule.describe(), "At 09:00, Monday to Friday, Europe/London, not on uk_holidays");
/// # Ok::<(), cron_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Calendars(BTreeMap<String, Dates>);

impl Calendars {
    /// Asks a calendar about every date and keeps the answers under a name.
    ///
    /// # Errors
    /// If the name is not 1 to 64 letters, digits or `_ - . : /`, or does not begin with a letter or `_`, or if there is a
    /// calendar of this name already.
    pub fn add(&mut self, name: &str, calendar: &(impl Calendar + ?Sized)) -> Result<(), ScheduleError> {
        check_name(name)?;
        if self.0.contains_key(name) {
            return Err(refused(CalendarError::Twice, name));
        }
        self.0.insert(name.to_owned(), Dates::of(calendar).named(name)?);
        Ok(())
    }

    /// The dates under this name.
    ///
    /// # Errors
    /// If there is no calendar of this name. The error names the nearest one.
    pub fn get(&self, name: &str) -> Result<&Dates, ScheduleError> {
        self.0.get(name).ok_or_else(|| {
            let nearest = suggest::nearest(name, self.names()).map(Into::into);
            refused(CalendarError::Unknown { nearest }, name)
        })
    }

    /// Checks a name without adding a calendar.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn check_name(name: &str) -> Result<(), ScheduleError> {
        check_name(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The error about a whole text.
fn refused(error: CalendarError, text: &str) -> ScheduleError {
    ScheduleError::new(ScheduleErrorKind::Calendar(error), text, 0..text.len())
}

/// The longest name of a calendar, in bytes.
const MAX_NAME: usize = 64;

/// Names begin with a letter or `_`, so that a list of dates is no name.
fn check_name(name: &str) -> Result<(), ScheduleError> {
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if name.is_empty() || name.len() > MAX_NAME || !begins {
        return Err(refused(CalendarError::Name, name));
    }
    let wrong = |(_, c): &(usize, char)| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'));
    match name.char_indices().find(wrong) {
        None => Ok(()),
        Some((at, c)) => {
            let kind = ScheduleErrorKind::Calendar(CalendarError::Name);
            Err(ScheduleError::new(kind, name, at..at + c.len_utf8()))
        }
    }
}
