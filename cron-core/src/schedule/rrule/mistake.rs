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
    /// `EXRULE`, which RFC 5545 has given up.
    ExceptionRule,
    /// A whole calendar or event, beginning with `BEGIN:`.
    CalendarFile {
        /// Its lines that say when, if it has one event with a rule.
        lines: Option<String>,
    },
    /// A line with `VALUE=DATE`.
    DateOnly {
        /// The same line with a time.
        instead: String,
    },
    /// A line with `VALUE=PERIOD`.
    Period {
        /// The same line with the starts of the periods.
        instead: Option<String>,
    },
    /// `EXDATE` without a time, where the rule has several times of the day.
    WholeDay,
    /// Not a date and time from 1970 to 2199.
    DateTime {
        /// The same date with a time, if there is only a date; several where it may be one of them.
        instead: Vec<String>,
    },
    /// A date and time in another form, as `2026-01-05T09:00:00`.
    DateForm {
        /// The same in the form of RFC 5545.
        instead: String,
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
        /// The options that do the same; nothing if none does.
        instead: Option<String>,
        /// The parts of the rule that no option has.
        lost: Vec<&'static str>,
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
            Self::NoRule => say("write one, for example `RRULE:FREQ=WEEKLY;BYDAY=MO`"),
            Self::ExceptionRule => say(
                "list the dates that it takes away as `EXDATE`, or give them as `calendar` to a schedule that takes one",
            ),
            Self::CalendarFile { lines: Some(lines) } => {
                Some(format!("its lines that say when are the rule: write `{lines}`"))
            }
            Self::CalendarFile { lines: None } => {
                say("paste the lines DTSTART, RRULE, RDATE and EXDATE of one event")
            }
            Self::DateOnly { instead } | Self::DateForm { instead } => write(instead),
            Self::Period { instead: Some(instead) } => {
                Some(format!("a tick is a point in time, without an end; write `{instead}`"))
            }
            Self::Period { instead: None } => {
                say("a tick is a point in time, without an end; list the starts of the periods")
            }
            Self::WholeDay => say("list each time of that day that is to be taken away"),
            Self::UnknownLine { nearest: Some(word) }
            | Self::UnknownPart { nearest: Some(word) }
            | Self::UnknownFrequency { nearest: Some(word) } => write(word),
            Self::UnknownLine { nearest: None } => say("the lines are DTSTART, RRULE, RDATE and EXDATE"),
            Self::LineTwice => say("use one job for each rule, with the DTSTART that it has"),
            Self::NoValue => {
                say("a line has a name, a colon and a value, for example `DTSTART:20260105T090000`")
            }
            Self::Parameter => say("leave it out; `TZID` is the only parameter with a meaning here"),
            Self::DateTime { instead } if !instead.is_empty() => write(&instead.join("` or `")),
            Self::DateTime { .. } => {
                say("a date and time is year, month and day, T and the time, for example `20260105T090000`")
            }
            Self::OtherZone { .. } => say("write the zone once, as `timezone` or as `TZID`"),
            Self::UtcInZone { local, .. } => write(local),
            Self::PartSyntax => say("parts have the form `NAME=value`, with `;` between them"),
            Self::UnknownPart { nearest: None } => say(
                "the parts are FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY and BY with MONTH, WEEKNO, YEARDAY, MONTHDAY, HOUR, MINUTE, SECOND or SETPOS",
            ),
            Self::PartTwice => say("a part stands once; lists have commas, for example `BYDAY=MO,FR`"),
            Self::NoFrequency => {
                say("FREQ is the first part, with one of YEARLY, MONTHLY, WEEKLY, DAILY and HOURLY")
            }
            Self::UnknownFrequency { nearest: None } => {
                say("FREQ is YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY")
            }
            Self::TooFrequent { instead: Some(instead), .. } => Some(format!("use {instead}")),
            Self::TooFrequent { instead: None, lost } => Some(format!(
                "a rate is for `every` or `cron`, and {} of this rule would be lost with `every`; hours and days of a rate are fields of `cron`",
                lost.join(", ")
            )),
            Self::Weekday => say(
                "the weekdays are MO, TU, WE, TH, FR, SA and SU, with a number for example `2MO` for the second and `-1MO` for the last",
            ),
            Self::NotWithFrequency { allowed, .. } => Some(format!("it goes with {allowed}")),
            Self::NumberedDay => {
                say("weekdays have numbers in FREQ=MONTHLY and in FREQ=YEARLY without BYWEEKNO")
            }
            Self::NothingToChooseFrom => {
                say("it chooses from what another part gives, for example `BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1`")
            }
            Self::TwoEnds => say("keep the one that ends the rule first"),
            Self::EndsBeforeStart => say("the rule has no time; UNTIL has to be at or after DTSTART"),
            Self::OutOfRange { part: "BYHOUR", .. } => say("hour 24 of a day is hour 0 of the next one"),
            Self::OutOfRange { part: "BYSECOND", .. } => say("there are no leap seconds on this calendar"),
            Self::OutOfRange { .. } => None,
            Self::Unsupported => say("split it into simpler rules, one job for each"),
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
            Self::ExceptionRule => write!(f, "`{part}` is no longer in RFC 5545"),
            Self::CalendarFile { .. } => write!(f, "`{part}` begins a calendar, not a rule"),
            Self::Period { .. } => write!(f, "`{part}` has periods"),
            Self::DateOnly { .. } | Self::WholeDay => write!(f, "`{part}` has no time"),
            Self::DateTime { instead } if !instead.is_empty() => write!(f, "`{part}` has no time"),
            Self::DateTime { .. } => write!(f, "`{part}` is not a date and time from 1970 to 2199"),
            Self::DateForm { .. } => write!(f, "`{part}` is not in the form of RFC 5545"),
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
