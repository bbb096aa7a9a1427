//! What cannot be carried over from another dialect, and what to write instead.

use std::fmt;

use super::Dialect;
use crate::duration::DurationError;
use crate::schedule::cron::Field;

/// A text of another dialect that is not understood, or that cannot be carried over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialectError {
    dialect: Dialect,
    problem: DialectProblem,
}

/// One of two ways to read a text, and how to write it here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// What it then means.
    pub meaning: &'static str,
    /// Our text for it.
    pub ours: String,
}

/// What is wrong with a text of another dialect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DialectProblem {
    /// There are not as many fields as the dialect has.
    FieldCount {
        /// The number of fields found.
        found: usize,
        /// The fields of the dialect, in their order.
        wanted: String,
    },
    /// The text is no value of this field.
    NotAValue {
        /// The field.
        field: Field,
        /// What the dialect has there.
        allowed: String,
    },
    /// The number is outside the range of this field.
    OutOfRange {
        /// The field.
        field: Field,
        /// What the dialect has there.
        allowed: String,
    },
    /// The range ends before it starts, which is an error in the dialect too.
    BackwardRange {
        /// The same values, as ranges that go forward.
        instead: String,
    },
    /// There are two ways to read the text.
    TwoReadings {
        /// One of them.
        first: Reading,
        /// The other one.
        second: Reading,
    },
    /// The step is not a whole number of at least 1, or there are two.
    BadStep,
    /// The step leads out of the field at once, which is an error in the dialect too.
    StepOutOfField,
    /// `?` stands in a field of its own, in the day fields of some dialects.
    QuestionMark,
    /// The letter has no meaning in this field.
    NoMeaning {
        /// The field.
        field: Field,
        /// The character.
        letter: char,
    },
    /// A `W` form in a list, which our schedules do not have.
    WorkdayInList,
    /// The day nearest to a late day of the month, which may leave the month there and never does here.
    LateWorkday {
        /// The last day that is the same in both.
        last: u32,
    },
    /// The day nearest to one that is counted from the end of the month, which our schedules do not have.
    WorkdayFromEnd,
    /// Not a day of the week, `#` and a number from 1 to 5.
    Occurrence,
    /// `H` stands for a value that a hash of the job's name chooses.
    Hash,
    /// A random value of a range, elsewhere than in the minute.
    Spread,
    /// The dialect has no such nickname.
    Nickname {
        /// Those that it has, if any.
        known: &'static str,
    },
    /// `@reboot` is not a time.
    Reboot,
    /// Not a duration of the dialect.
    Duration(Option<DurationError>),
    /// Neither `cron(...)`, `rate(...)` nor `at(...)`.
    Form,
    /// A form of AWS.
    OfAws,
    /// Not a date and time.
    DateTime,
    /// Not a calendar event of systemd.
    Calendar,
    /// A part of a second.
    Fraction,
    /// A line that says nothing about when.
    Line,
    /// A second line with the same name.
    LineTwice,
    /// No line says when.
    NoCalendar,
    /// The schedule has more values than one expression can list.
    TooMuch,
}

impl DialectError {
    pub(super) fn new(dialect: Dialect, problem: DialectProblem) -> Self {
        Self { dialect, problem }
    }

    /// The dialect of the text.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What is wrong, as a value to match on.
    #[must_use]
    pub fn problem(&self) -> &DialectProblem {
        &self.problem
    }

    pub(in crate::schedule) fn help(&self) -> Option<String> {
        use DialectProblem as Problem;
        let say = |text: &str| Some(text.to_owned());
        match &self.problem {
            Problem::FieldCount { wanted, .. } => Some(wanted.clone()),
            Problem::BackwardRange { instead } => Some(format!("write `{instead}`")),
            Problem::TwoReadings { first, second } => Some(format!(
                "write `{}` for {}, or `{}` for {}",
                first.ours, first.meaning, second.ours, second.meaning
            )),
            Problem::QuestionMark => say("write `*` for every value"),
            Problem::WorkdayInList => say("use one job for each of its days"),
            Problem::LateWorkday { last } => Some(format!("`W` goes with days up to {last}, and `LW`")),
            Problem::WorkdayFromEnd => say("`L-3` is a day counted from the end, `LW` the last weekday"),
            Problem::Hash | Problem::Spread => {
                say("write one value, and spread the runs with the option `jitter`")
            }
            Problem::OfAws => say("it is an expression of the dialect `aws`"),
            Problem::Nickname { known: "" } => None,
            Problem::Nickname { known } => Some(format!("it has {known}")),
            Problem::Reboot => say("use `run_on_start = true` to run when the job is first registered"),
            Problem::Duration(error) => error.as_ref().and_then(DurationError::help),
            Problem::Form => {
                say("write `cron(...)`, `rate(5 minutes)`, `at(2026-12-25T00:00:00)` or the fields alone")
            }
            Problem::DateTime => say("write `2026-12-25T00:00:00`"),
            Problem::Calendar => say("write it as in `Mon..Fri *-*-* 09:00:00`, or `daily`"),
            Problem::Fraction => say("write whole seconds"),
            Problem::Line => say("give the lines `OnCalendar=` and `RandomizedDelaySec=` only"),
            Problem::LineTwice => say("use one job for each line"),
            Problem::NoCalendar => say("give the line `OnCalendar=`"),
            Problem::TooMuch => say("use several jobs"),
            Problem::NotAValue { .. }
            | Problem::OutOfRange { .. }
            | Problem::BadStep
            | Problem::StepOutOfField
            | Problem::NoMeaning { .. }
            | Problem::Occurrence => None,
        }
    }

    /// One line; `part` is the wrong part of the text.
    pub(in crate::schedule) fn write(
        &self,
        part: &dyn fmt::Display,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        use DialectProblem as Problem;
        let title = self.dialect.title();
        match &self.problem {
            Problem::FieldCount { found: 1, .. } => write!(f, "1 field found, which {title} does not have"),
            Problem::FieldCount { found, .. } => {
                write!(f, "{found} fields found, which {title} does not have")
            }
            Problem::NotAValue { field, allowed } => {
                write!(f, "`{part}` is not a {field} of {title} ({allowed})")
            }
            Problem::OutOfRange { field, allowed } => {
                write!(f, "`{part}` is out of range, the {field} of {title} is {allowed}")
            }
            Problem::BackwardRange { .. } => write!(f, "the range `{part}` ends before it starts"),
            Problem::TwoReadings { .. } => write!(f, "`{part}` of {title} has two readings"),
            Problem::BadStep => {
                write!(f, "`{part}` is not a step of {title}, which is `/` and a number from 1 up")
            }
            Problem::StepOutOfField => write!(f, "the step in `{part}` leads out of its field at once"),
            Problem::QuestionMark => write!(f, "`?` has no meaning there in {title}"),
            Problem::NoMeaning { field, letter } => {
                write!(f, "`{letter}` has no meaning in the {field} field of {title}")
            }
            Problem::WorkdayInList => write!(f, "`{part}` is in a list, and W forms stand alone here"),
            Problem::LateWorkday { .. } => {
                write!(f, "`{part}` of {title} may leave the month, and W forms never do here")
            }
            Problem::WorkdayFromEnd => write!(f, "`{part}` of {title} has no form here"),
            Problem::Occurrence => {
                write!(f, "`{part}` is not one day of the week, `#`, and a number from 1 to 5")
            }
            Problem::Hash => write!(f, "`{part}` is chosen by a hash of the job's name"),
            Problem::Spread => {
                write!(f, "`{part}` is a random value, which is carried over in the minute field only")
            }
            Problem::Nickname { known: "" } => write!(f, "`{part}` is a nickname, and {title} has none"),
            Problem::Nickname { .. } => write!(f, "`{part}` is not a nickname of {title}"),
            Problem::Reboot => write!(f, "`{part}` is not a time"),
            Problem::Duration(Some(error)) => write!(f, "`{part}` is not a duration of {title}: {error}"),
            Problem::Duration(None) => write!(f, "`{part}` is not a duration of {title}"),
            Problem::Form => write!(f, "`{part}` is not an expression of {title}"),
            Problem::OfAws => write!(f, "`{part}` is not an expression of {title}"),
            Problem::DateTime => write!(f, "`{part}` is not a date and time from 1970 to 2199"),
            Problem::Calendar => write!(f, "`{part}` is not a calendar event of {title}"),
            Problem::Fraction => write!(f, "`{part}` has a part of a second, and ticks are whole seconds"),
            Problem::Line => write!(f, "`{part}` does not say when"),
            Problem::LineTwice => write!(f, "`{part}` is there twice"),
            Problem::NoCalendar => write!(f, "no line says when"),
            Problem::TooMuch => write!(f, "`{part}` lists more than one expression can say"),
        }
    }
}
