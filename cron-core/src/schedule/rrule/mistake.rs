//! What can be wrong with a rule, and what to write instead.

use std::fmt;

use super::parse::{MAX_INTERVAL, MAX_LENGTH};

/// What is wrong with a schedule of RFC 5545.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RruleMistake {
    /// The text is longer than 8,192 bytes.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// There is no `RRULE` line.
    NoRule,
    /// A line that is none of `DTSTART`, `RRULE`, `RDATE` and `EXDATE`.
    UnknownLine {
        /// The line that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `DTSTART` or `RRULE` is there twice.
    LineTwice,
    /// A line has no `:` with a value behind it.
    NoValue,
    /// A parameter of a date line other than `TZID` and `VALUE=DATE-TIME`.
    Parameter,
    /// Not a date and time from 1970 to 2199.
    DateTime {
        /// The same date with a time, if there is only a date.
        instead: Option<String>,
    },
    /// The zone of a line is not that of the schedule.
    OtherZone {
        /// The zone of the schedule.
        zone: &'static str,
    },
    /// A date in UTC where the schedule is in local time.
    UtcInZone {
        /// The zone of the schedule.
        zone: &'static str,
        /// The same moment in local time.
        local: String,
    },
    /// A part of the rule is not `NAME=value`.
    PartSyntax,
    /// A part that is not in RFC 5545.
    UnknownPart {
        /// The part that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A part is there twice.
    PartTwice,
    /// The rule has no `FREQ`.
    NoFrequency,
    /// `FREQ` is none of the five words.
    UnknownFrequency {
        /// The word that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `FREQ=MINUTELY` or `FREQ=SECONDLY`.
    TooFrequent {
        /// An attribute that does the same.
        instead: &'static str,
    },
    /// Not a number of this part.
    OutOfRange {
        /// The part.
        part: &'static str,
        /// What it takes.
        allowed: String,
    },
    /// Not a weekday of two letters, with or without a number.
    Weekday,
    /// A part that has no meaning with this `FREQ`.
    NotWithFrequency {
        /// The part.
        part: &'static str,
        /// The value of `FREQ`.
        frequency: &'static str,
        /// What it may stand with.
        allowed: &'static str,
    },
    /// A numbered weekday without a month or year to count in.
    NumberedDay,
    /// `BYSETPOS` with no other `BY` part.
    NothingToChooseFrom,
    /// Both `COUNT` and `UNTIL`.
    TwoEnds,
    /// `UNTIL` is before `DTSTART`.
    EndsBeforeStart,
    /// A rule that the evaluator does not take.
    Unsupported,
}

impl RruleMistake {
    pub(in crate::schedule) fn help(&self) -> Option<String> {
        let write = |text: &str| Some(format!("write `{text}`"));
        let say = |text: &str| Some(text.to_owned());
        match self {
            Self::TooLong { .. } => say("split the dates of EXDATE and RDATE over several jobs"),
            Self::NoRule => say("write one, as in `RRULE:FREQ=WEEKLY;BYDAY=MO`"),
            Self::UnknownLine { nearest: Some(word) }
            | Self::UnknownPart { nearest: Some(word) }
            | Self::UnknownFrequency { nearest: Some(word) } => write(word),
            Self::UnknownLine { nearest: None } => say("the lines are DTSTART, RRULE, RDATE and EXDATE"),
            Self::LineTwice => say("keep one of them; use one job for each rule"),
            Self::NoValue => say("write the name, a colon and the value, as in `DTSTART:20260105T090000`"),
            Self::Parameter => {
                say("write date and time, with `;TZID=Europe/London` before the colon if need be")
            }
            Self::DateTime { instead: Some(instead) } => write(instead),
            Self::DateTime { instead: None } => say("write `20260105T090000`"),
            Self::OtherZone { .. } => say("write the zone once, as `timezone` or as `TZID`"),
            Self::UtcInZone { local, .. } => write(local),
            Self::PartSyntax => say("write parts as `NAME=value`, with `;` between them"),
            Self::UnknownPart { nearest: None } => say(
                "the parts are FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY and BY with MONTH, WEEKNO, YEARDAY, MONTHDAY, HOUR, MINUTE, SECOND or SETPOS",
            ),
            Self::PartTwice => say("keep one of them; lists have commas, as in `BYDAY=MO,FR`"),
            Self::NoFrequency => {
                say("begin with `FREQ=DAILY` or another of YEARLY, MONTHLY, WEEKLY, DAILY and HOURLY")
            }
            Self::UnknownFrequency { nearest: None } => say("write YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY"),
            Self::TooFrequent { instead } => Some(format!("use {instead}")),
            Self::Weekday => {
                say("write MO, TU, WE, TH, FR, SA or SU, as `2MO` for the second and `-1MO` for the last")
            }
            Self::NotWithFrequency { allowed, .. } => Some(format!("it goes with {allowed}")),
            Self::NumberedDay => say(
                "write the weekday without its number, or use FREQ=MONTHLY or FREQ=YEARLY without BYWEEKNO",
            ),
            Self::NothingToChooseFrom => {
                say("add a part that gives several times, as in `BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1`")
            }
            Self::TwoEnds => say("keep one of them"),
            Self::EndsBeforeStart => say("write a later UNTIL"),
            Self::OutOfRange { .. } | Self::Unsupported => None,
        }
    }

    /// One line; `part` is the wrong part of the text.
    pub(in crate::schedule) fn write(
        &self,
        part: &dyn fmt::Display,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "the text has {bytes} bytes, more than {MAX_LENGTH}"),
            Self::NoRule => write!(f, "there is no RRULE"),
            Self::UnknownLine { .. } => write!(f, "`{part}` is not a line of a schedule"),
            Self::LineTwice => write!(f, "`{part}` is there twice"),
            Self::NoValue => write!(f, "`{part}` has no value"),
            Self::Parameter => write!(f, "`{part}` is not supported"),
            Self::DateTime { instead: Some(_) } => write!(f, "`{part}` has no time"),
            Self::DateTime { instead: None } => {
                write!(f, "`{part}` is not a date and time from 1970 to 2199")
            }
            Self::OtherZone { zone } => write!(f, "`{part}` is another zone than {zone}"),
            Self::UtcInZone { zone, .. } => {
                write!(f, "`{part}` is in UTC, and the schedule in the local time of {zone}")
            }
            Self::PartSyntax => write!(f, "`{part}` is not a part of a rule"),
            Self::UnknownPart { .. } => write!(f, "`{part}` is not a part of a rule"),
            Self::PartTwice => write!(f, "`{part}` is there twice"),
            Self::NoFrequency => write!(f, "the rule has no FREQ"),
            Self::UnknownFrequency { .. } => write!(f, "`{part}` is not a frequency"),
            Self::TooFrequent { .. } => write!(f, "`{part}` is too frequent, FREQ is HOURLY or slower"),
            Self::OutOfRange { part: name, allowed } => {
                write!(f, "`{part}` is out of range, {name} takes {allowed}")
            }
            Self::Weekday => write!(f, "`{part}` is not a weekday"),
            Self::NotWithFrequency { part: name, frequency, .. } => {
                write!(f, "{name} has no meaning with FREQ={frequency}")
            }
            Self::NumberedDay => write!(f, "`{part}` is numbered, and there is no month or year to count in"),
            Self::NothingToChooseFrom => write!(f, "BYSETPOS has no other BY part to choose from"),
            Self::TwoEnds => write!(f, "COUNT and UNTIL exclude each other"),
            Self::EndsBeforeStart => write!(f, "UNTIL is before DTSTART"),
            Self::Unsupported => write!(f, "`{part}` cannot be evaluated"),
        }
    }

    pub(super) fn interval() -> Self {
        Self::OutOfRange { part: "INTERVAL", allowed: format!("1 to {MAX_INTERVAL}") }
    }
}
