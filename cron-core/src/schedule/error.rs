//! What is wrong with a schedule, where, and what to write instead.

use std::fmt;
use std::ops::Range;

use super::bounds::BoundsError;
use super::calendar::CalendarError;
use super::cron::Field;
use super::dialect::DialectError;
use super::phrase::PhraseProblem;
#[cfg(feature = "rrule")]
use super::rrule::RruleMistake;
use crate::duration::{DurationError, Excerpt};

/// The longest expression, in bytes.
pub(super) const MAX_LENGTH: usize = 1_024;

/// A schedule that cannot be used: what is wrong, in which part of the text, and what to write instead.
///
/// `Display` is one line. [`diagram`](Self::diagram) adds the expression with the wrong part underlined.
///
/// # Examples
/// ```
/// use cron_core::schedule::Schedule;
///
/// let error = Schedule::cron("0 9 * * MON-FIR", "UTC").unwrap_err();
/// assert_eq!(error.to_string(), "`FIR` is not a day of week (0-7 or SUN-SAT); write `FRI`");
/// assert_eq!(error.diagram(), "0 9 * * MON-FIR\n            ^^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScheduleError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Inner {
    kind: ScheduleErrorKind,
    expression: Box<str>,
    start: usize,
    end: usize,
}

/// What is wrong with a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScheduleErrorKind {
    /// The text is longer than 1,024 bytes. Shorten it with ranges and steps.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// There is no text.
    Empty,
    /// A cron expression has 5, 6 or 7 fields.
    FieldCount {
        /// The number of fields found.
        found: usize,
    },
    /// A value is missing, as between two commas.
    ValueMissing {
        /// The field.
        field: Field,
    },
    /// The text is no value of this field.
    NotAValue {
        /// The field.
        field: Field,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Neither end of a range is a value of this field.
    NamesOfRange {
        /// The field.
        field: Field,
        /// The range that was probably meant.
        instead: String,
    },
    /// Names have three letters.
    LongName {
        /// The field.
        field: Field,
        /// The name in three letters.
        short: &'static str,
    },
    /// A name of a month or a weekday in another field.
    NameOfOtherField {
        /// The field it was found in.
        field: Field,
        /// The field it belongs to.
        belongs: Field,
    },
    /// The number is outside the range of this field.
    OutOfRange {
        /// The field.
        field: Field,
    },
    /// The range ends before it starts.
    BackwardRange {
        /// The field.
        field: Field,
        /// The same values, written as ranges that go forward.
        instead: String,
    },
    /// A step needs `*` or a range before it.
    StepNeedsRange {
        /// The field.
        field: Field,
        /// The same with a range, where it has one meaning only.
        instead: Option<String>,
    },
    /// The step is not a whole number of at least 1, or there are two.
    BadStep {
        /// The field.
        field: Field,
    },
    /// `?` is for a whole day field only.
    QuestionMark {
        /// The field.
        field: Field,
    },
    /// `L` and `W` are upper case.
    LowerCase {
        /// The field.
        field: Field,
        /// The text in upper case.
        instead: String,
    },
    /// `L`, `W` or `#` in a field that has no such form.
    LetterOfOtherField {
        /// The field.
        field: Field,
        /// The character.
        letter: char,
    },
    /// `W` forms cannot be in a list.
    WorkdayInList,
    /// A `W` form that is neither `LW` nor a day number and `W`.
    BadWorkday,
    /// `L-n` takes 1 to 30.
    BadLastDay,
    /// `#` takes one day of the week before it and 1 to 5 or `L` behind it.
    BadOccurrence,
    /// `L` in the day-of-week field needs a day before it.
    BadLastWeekday,
    /// `+` stands in front of the day of week only.
    Plus {
        /// The field.
        field: Field,
    },
    /// A word that begins with `@` and is no nickname.
    UnknownNickname {
        /// The nickname that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `@reboot` is not a time.
    Reboot,
    /// The text belongs to another language, or to another option.
    Foreign {
        /// What it is, to be read after the text.
        what: &'static str,
        /// What to write instead of the whole text.
        help: String,
    },
    /// The zone is not in the IANA database.
    UnknownZone {
        /// The zone that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The schedule has no tick at all, as the 30th of February.
    Never,
    /// A duration is wrong.
    Duration(DurationError),
    /// Not a time of day; `daily` wants `14:30` or `14:30:15`.
    TimeOfDay,
    /// Not a time within the hour; `hourly` wants `:30` or `:30:15`.
    TimeOfHour,
    /// `weekly` wants days and a time, as in `MON,FRI 10:00`.
    DaysAndTime,
    /// Several times that one set of fields cannot express.
    NotAGrid,
    /// Not a date and time from 1970 to 2199.
    DateTime,
    /// The zone left out this local date when it moved over the date line.
    SkippedDate,
    /// A phrase such as `every weekday at 9:00` is wrong.
    Phrase {
        /// What is wrong.
        problem: PhraseProblem,
        /// What to write instead.
        help: String,
    },
    /// The stored text of a stride is none.
    StrideForm,
    /// A calendar is wrong, or does not go together with the schedule.
    Calendar(CalendarError),
    /// A start and an end are wrong, or do not go together with the schedule.
    Bounds(BoundsError),
    /// A text of another dialect is wrong, or cannot be carried over.
    Dialect(DialectError),
    /// A recurrence rule is wrong.
    #[cfg(feature = "rrule")]
    Rrule(RruleMistake),
    /// The schedule is of a kind that this build leaves out.
    NeedsFeature {
        /// The cargo feature that brings it.
        feature: &'static str,
    },
    /// The stored text of a schedule begins with none of the known words.
    UnknownForm {
        /// The word that was probably meant.
        nearest: Option<&'static str>,
    },
}

impl ScheduleError {
    pub(super) fn new(kind: ScheduleErrorKind, expression: &str, span: Range<usize>) -> Self {
        Self(Box::new(Inner { kind, expression: expression.into(), start: span.start, end: span.end }))
    }

    /// What is wrong, as a value to match on.
    #[must_use]
    pub fn kind(&self) -> &ScheduleErrorKind {
        &self.0.kind
    }

    /// The whole text that was refused: the expression, the zone, or the duration.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.0.expression
    }

    /// The wrong part, as a range of bytes of [`expression`](Self::expression).
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.0.start..self.0.end
    }

    /// What to write instead, if that can be told.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        use ScheduleErrorKind as Kind;
        let write = |text: &str| Some(format!("write `{text}`"));
        let say = |text: &str| Some(text.to_owned());
        match &self.0.kind {
            Kind::NotAValue { nearest: Some(word), .. }
            | Kind::UnknownNickname { nearest: Some(word) }
            | Kind::UnknownZone { nearest: Some(word) }
            | Kind::UnknownForm { nearest: Some(word) } => write(word),
            Kind::LongName { short, .. } => write(short),
            Kind::BackwardRange { instead, .. }
            | Kind::StepNeedsRange { instead: Some(instead), .. }
            | Kind::NamesOfRange { instead, .. }
            | Kind::LowerCase { instead, .. } => write(instead),
            Kind::FieldCount { .. } => say(
                "5 fields: minute, hour, day of month, month, day of week; a 6th in front: second; a 7th at the end: year",
            ),
            Kind::Empty => say("write five fields, as in `0 9 * * MON-FRI`"),
            Kind::TooLong { .. } => say("shorten lists with ranges and steps"),
            Kind::NameOfOtherField { belongs, .. } => Some(format!("it belongs in the {belongs} field")),
            Kind::QuestionMark { field } if !field.is_day() => write("*"),
            Kind::QuestionMark { .. } => say("`?` stands for the whole field, as `*` does"),
            Kind::ValueMissing { .. } => say("write a value on both sides of each `,`, `-` and `/`"),
            Kind::BadStep { .. } => say("a step is for example `*/5` or `8-18/2`"),
            Kind::WorkdayInList => say("write one job for each `W` form"),
            Kind::BadWorkday => say("`15W` is the weekday nearest to the 15th, and `LW` the last one"),
            Kind::BadLastDay => say("`L-3` is three days before the last day"),
            Kind::BadOccurrence => say("`FRI#2` is the second Friday, and `FRI#L` the last"),
            Kind::BadLastWeekday => {
                say("`FRIL` is the last Friday of the month, and `SAT` each Saturday, which `L` is in Quartz")
            }
            Kind::Plus { field: Field::DayOfWeek } => say("write `+` once, in front of the whole field"),
            Kind::UnknownNickname { nearest: None } => {
                say("the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly")
            }
            Kind::Reboot => say("use `run_on_start = true` to run when the job is first registered"),
            Kind::UnknownZone { nearest: None } => say("write an IANA name, as in `Europe/London`, or `UTC`"),
            Kind::Duration(error) => error.help(),
            Kind::Calendar(error) => error.help(),
            Kind::Bounds(error) => error.help(),
            Kind::Dialect(error) => error.help(),
            Kind::TimeOfDay => say("write hours and minutes, as in `14:30`"),
            Kind::TimeOfHour => say("write minutes, as in `:30`"),
            Kind::DaysAndTime => say("write days and a time, as in `MON,FRI 10:00` or `weekdays 10:00`"),
            Kind::NotAGrid => say("use one job for each time, or times that share their minutes"),
            Kind::DateTime if self.is_date() => {
                Some(format!("write `{}T00:00:00` for the beginning of that day", self.part()))
            }
            Kind::DateTime => say(
                "a date and time is for example `2026-12-25T00:00:00`, or with an offset `2026-12-25T00:00:00+01:00`",
            ),
            #[cfg(feature = "rrule")]
            Kind::Rrule(mistake) => mistake.help(),
            Kind::NeedsFeature { feature } => {
                Some(format!("enable the feature `{feature}` of `cron-runtime` in `Cargo.toml`"))
            }
            Kind::UnknownForm { nearest: None } => say(
                "the forms are `cron(...) Zone`, `every(...)`, `at(...) Zone`, `once(...)`, `stride(...) Zone` or `rrule(...) Zone`",
            ),
            Kind::StepNeedsRange { instead: None, .. } => say("name the days, for example `MON,WED,FRI`"),
            Kind::Foreign { help, .. } | Kind::Phrase { help, .. } => say(help),
            Kind::StrideForm => say(
                "a stride is for example `2w on MON,FRI from 2026-01-05 at 09:00` or `3d from 2026-01-05 at 09:00`",
            ),
            _ => None,
        }
    }

    fn part(&self) -> &str {
        self.expression().get(self.span()).unwrap_or("").trim()
    }

    fn is_date(&self) -> bool {
        self.part().len() == 10 && self.part().parse::<chrono::NaiveDate>().is_ok()
    }

    /// The expression, and under it a line of carets that marks the wrong part.
    ///
    /// Blanks of any kind are shown as spaces, so that the two lines stay together; a text of more than 120
    /// characters is shown around the wrong part only.
    #[must_use]
    pub fn diagram(&self) -> String {
        const CONTEXT: usize = 50;
        let shown: Vec<(usize, char)> = self
            .expression()
            .char_indices()
            .map(|(at, c)| (at, if c.is_whitespace() || c.is_control() { ' ' } else { c }))
            .collect();
        let marked = |(at, _): &&(usize, char)| *at < self.0.start;
        let start = shown.iter().take_while(marked).count();
        let width = shown[start..].iter().take_while(|(at, _)| *at < self.0.end).count().max(1);
        let long = shown.len() > 120;
        let first = if long { start.saturating_sub(CONTEXT) } else { 0 };
        let width = if long { width.min(CONTEXT) } else { width };
        let last = if long { (start + width + CONTEXT).min(shown.len()) } else { shown.len() };
        let text: String = shown[first..last].iter().map(|(_, c)| c).collect();
        let (left, right) = (if first > 0 { "..." } else { "" }, if last < shown.len() { "..." } else { "" });
        format!("{left}{text}{right}\n{}{}", " ".repeat(left.len() + start - first), "^".repeat(width))
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ScheduleErrorKind as Kind;
        let part = Excerpt(self.expression().get(self.span()).unwrap_or(""));
        match &self.0.kind {
            Kind::TooLong { bytes } => write!(f, "the text has {bytes} bytes, more than {MAX_LENGTH}")?,
            Kind::Empty => write!(f, "the schedule is empty")?,
            Kind::FieldCount { found: 1 } => write!(f, "1 field found, 5, 6 or 7 wanted")?,
            Kind::FieldCount { found } => write!(f, "{found} fields found, 5, 6 or 7 wanted")?,
            Kind::ValueMissing { field } => {
                write!(f, "a value is missing in the {field} field ({})", field.allowed())?
            }
            Kind::NotAValue { field, .. } => write!(f, "`{part}` is not a {field} ({})", field.allowed())?,
            Kind::NamesOfRange { field, .. } => {
                write!(f, "neither end of `{part}` is a {field} ({})", field.allowed())?;
            }
            Kind::LongName { .. } => write!(f, "`{part}` is too long, names have three letters")?,
            Kind::NameOfOtherField { field, .. } => {
                write!(f, "`{part}` is not a {field} ({})", field.allowed())?;
            }
            Kind::OutOfRange { field } => {
                write!(f, "`{part}` is out of range, the {field} is {}", field.allowed())?
            }
            Kind::BackwardRange { .. } => write!(f, "the range `{part}` ends before it starts")?,
            Kind::StepNeedsRange { .. } => write!(f, "the step in `{part}` needs `*` or a range before it")?,
            Kind::BadStep { .. } => write!(f, "`{part}` is not a step, which is `/` and a number from 1 up")?,
            Kind::QuestionMark { field } if field.is_day() => {
                write!(f, "`?` means every day and stands alone")?
            }
            Kind::QuestionMark { field } => write!(f, "`?` is for the day fields, not for the {field}")?,
            Kind::LowerCase { .. } => write!(f, "`{part}` is in lower case, L and W are upper case")?,
            Kind::LetterOfOtherField { field, letter } => {
                write!(f, "`{letter}` has no meaning in the {field} field ({})", field.allowed())?;
            }
            Kind::WorkdayInList => write!(f, "`{part}` cannot be in a list, W forms stand alone")?,
            Kind::BadWorkday => write!(f, "`{part}` does not name a day by its number or by L")?,
            Kind::BadLastDay => write!(f, "`{part}` is not L-n, where n is 1 to 30")?,
            Kind::BadOccurrence => write!(f, "`{part}` is not one day of the week, `#`, and 1 to 5 or L")?,
            Kind::BadLastWeekday => write!(f, "`{part}` does not say which day of the week")?,
            Kind::Plus { .. } => write!(f, "`+` is only for the front of the day of week field")?,
            Kind::UnknownNickname { .. } => write!(f, "`{part}` is not a nickname")?,
            Kind::Reboot => write!(f, "`@reboot` is not a time")?,
            Kind::Foreign { what, .. } => write!(f, "`{}` {what}", Excerpt(self.expression().trim()))?,
            Kind::UnknownZone { .. } => write!(f, "`{part}` is not a time zone of the IANA database")?,
            Kind::Never => write!(f, "`{part}` never happens: no date from 1970 to 2199 matches")?,
            Kind::Duration(error) => return error.fmt(f),
            Kind::Calendar(error) => error.say(&part, f)?,
            Kind::Bounds(error) => error.say(&part, f)?,
            Kind::Dialect(error) => error.write(&part, f)?,
            Kind::TimeOfDay => write!(f, "`{part}` is not a time of day from 00:00 to 23:59:59")?,
            Kind::TimeOfHour => write!(f, "`{part}` is not a time within the hour from :00 to :59:59")?,
            Kind::DaysAndTime => write!(f, "`{part}` is not a list of days and a time")?,
            Kind::NotAGrid => write!(f, "`{part}` has times that one schedule cannot express")?,
            Kind::DateTime => write!(f, "`{part}` is not a date and time from 1970 to 2199")?,
            Kind::SkippedDate => write!(f, "`{part}` is on a day that this zone left out")?,
            Kind::Phrase { problem, .. } => problem.write(f, &part)?,
            Kind::StrideForm => write!(f, "`{part}` is not every so many days or weeks, a date and times")?,
            #[cfg(feature = "rrule")]
            Kind::Rrule(mistake) => mistake.write(&part, f)?,
            Kind::NeedsFeature { feature } => write!(f, "this build has no `{feature}` schedules")?,
            Kind::UnknownForm { .. } => write!(f, "`{part}` is not the text of a schedule")?,
        }
        self.help().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for ScheduleError {}
