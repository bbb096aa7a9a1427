//! What is wrong with a calendar, or with a schedule and a calendar together.

use std::fmt;

use super::CalendarRule;
use crate::duration::Excerpt;

/// What is wrong with a calendar. The text and the wrong part are those of the
/// [`ScheduleError`](super::super::ScheduleError) around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CalendarError {
    /// The list has more than 8,192 bytes. Register a calendar in code.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A date is missing, as between two commas.
    DateMissing,
    /// Not written as `2026-12-25`.
    NotADate,
    /// The month does not have this day, or the year not this month.
    NoSuchDay,
    /// A date before 1970 or after 2199.
    OutOfRange,
    /// Not the name of a calendar.
    Name,
    /// Two calendars of one name.
    Twice,
    /// No calendar has this name.
    Unknown {
        /// The name that was probably meant.
        nearest: Option<Box<str>>,
    },
    /// A delay has no date before it is registered.
    Delay,
    /// A period after the end of a run has no date before the run has ended.
    AfterFinish,
    /// A recurrence rule has `EXDATE` for this.
    #[cfg(feature = "rrule")]
    Rrule,
    /// An interval has no local time that a tick could keep on another day.
    MovedInterval {
        /// The rule.
        rule: CalendarRule,
    },
    /// The dates are those of the schedule's own zone.
    OwnZone,
    /// A schedule has one calendar.
    Second,
    /// The rule leaves the schedule without any tick.
    NothingLeft {
        /// The rule.
        rule: CalendarRule,
        /// The schedule without the calendar.
        schedule: Box<str>,
    },
    /// The stored text of a calendar is damaged.
    Damaged,
}

impl CalendarError {
    /// What to write instead, if that can be told.
    pub(in crate::schedule) fn help(&self) -> Option<String> {
        let help = match self {
            Self::TooLong { .. } => "register a calendar in code, with `.calendar(name, ...)` on `start()`",
            Self::DateMissing | Self::NotADate => {
                "write dates as `2026-12-25, 2026-12-26`, or the name of a calendar"
            }
            Self::Name => "write 1 to 64 letters, digits or `_ - . : /`, beginning with a letter or `_`",
            Self::Unknown { nearest: Some(name) } => return Some(format!("write `{name}`")),
            Self::Unknown { nearest: None } => {
                "register it with `.calendar(name, ...)` on `start()`, or write its dates"
            }
            Self::Delay => "write the time of the run with `at`",
            Self::AfterFinish => "leave out `after`, or look at the date in the function",
            #[cfg(feature = "rrule")]
            Self::Rrule => {
                "write the dates as EXDATE or RDATE, or use `cron` or `schedule` with the calendar"
            }
            Self::MovedInterval { .. } => "use `daily` or `cron`, or the rule `skip`",
            Self::NothingLeft { rule: CalendarRule::Only, .. } => {
                "add a date on which the schedule has a tick"
            }
            Self::NothingLeft { .. } => "take a date away on which the schedule has a tick",
            Self::NoSuchDay
            | Self::OutOfRange
            | Self::Twice
            | Self::OwnZone
            | Self::Second
            | Self::Damaged => return None,
        };
        Some(help.to_owned())
    }

    /// Says what is wrong with `part` of the text.
    pub(in crate::schedule) fn say(&self, part: &Excerpt<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "the list of dates has {bytes} bytes, more than 8192"),
            Self::DateMissing => write!(f, "a date is missing"),
            Self::NotADate => write!(f, "`{part}` is not a date"),
            Self::NoSuchDay => write!(f, "there is no `{part}`"),
            Self::OutOfRange => write!(f, "`{part}` is not a date from 1970 to 2199"),
            Self::Name if part.0.is_empty() => write!(f, "the name of a calendar is empty"),
            Self::Name => write!(f, "`{part}` is not allowed in the name of a calendar"),
            Self::Twice => write!(f, "two calendars are named `{part}`"),
            Self::Unknown { .. } => write!(f, "no calendar is named `{part}`"),
            Self::Delay => {
                write!(f, "`{part}` has no date that could be in a calendar before it is registered")
            }
            Self::AfterFinish => {
                write!(f, "`{part}` has no date that could be in a calendar before a run has ended")
            }
            #[cfg(feature = "rrule")]
            Self::Rrule => write!(f, "a recurrence rule takes no calendar"),
            Self::MovedInterval { rule } => {
                write!(
                    f,
                    "`{rule}` cannot move `{part}`: an interval has no local time to keep on another day"
                )
            }
            Self::OwnZone => write!(f, "`{part}` has a zone of its own, in which its calendar is read"),
            Self::Second => write!(f, "`{part}` has a calendar already"),
            Self::NothingLeft { rule, schedule } => {
                write!(f, "`{schedule}` never happens: `{rule}` with the calendar `{part}` leaves no tick")
            }
            Self::Damaged => write!(f, "`{part}` is not the text of a calendar"),
        }
    }
}
