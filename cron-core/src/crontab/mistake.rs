//! What cannot be read in a crontab, and where.

use std::fmt;
use std::ops::Range;

use super::{MAX_BYTES, MAX_LINE, MAX_MISTAKES};
use crate::job::options::{Key, UnknownOption};
use crate::schedule::ScheduleError;

/// How much of a line is shown on each side of the wrong part.
const CONTEXT: usize = 50;

/// One thing that is wrong in a crontab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrontabMistake {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) span: Range<usize>,
    pub(super) problem: CrontabProblem,
    pub(super) diagram: String,
}

impl CrontabMistake {
    /// The line, from 1 on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of its line, from 1 on, in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The wrong part, as a range of bytes of the whole text.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, as a value to match on.
    #[must_use]
    pub fn problem(&self) -> &CrontabProblem {
        &self.problem
    }

    /// The line, and under it carets that mark the wrong part; of a long line what is around it.
    #[must_use]
    pub fn diagram(&self) -> &str {
        &self.diagram
    }
}

impl fmt::Display for CrontabMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

impl std::error::Error for CrontabMistake {}

/// What is wrong at a place of a crontab.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrontabProblem {
    /// The text is longer than [`MAX_BYTES`].
    TextTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The line is longer than [`MAX_LINE`].
    LineTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A NUL, where crons end a line and no command can have one.
    Nul,
    /// The schedule or its zone is wrong.
    Schedule(ScheduleError),
    /// A part with `~` is none of `a~b`, `a~`, `~b` and `~`.
    Random {
        /// The part.
        part: String,
    },
    /// `@every` is no word of crontabs.
    Every,
    /// Fewer than five fields.
    FieldsMissing {
        /// How many there are.
        found: usize,
    },
    /// Nothing stands behind the schedule, or behind the user.
    CommandMissing,
    /// The command begins with `*`, so there are too many fields.
    CommandIsStar,
    /// What stands in the place of the user is no name.
    NotAUser {
        /// The word.
        word: String,
    },
    /// No zone is known for the schedules.
    ZoneMissing,
    /// A quote of a setting has no end.
    QuoteOpen,
    /// Something stands behind the closing quote of a setting.
    BehindQuote,
    /// A setting without a name.
    NameMissing,
    /// `RANDOM_DELAY` takes whole minutes.
    RandomDelay {
        /// What was given.
        value: String,
    },
    /// A `#:` line is not a list of `key = value`.
    OptionForm,
    /// A text in a `#:` line has no quotes.
    OptionUnquoted {
        /// The word.
        word: String,
    },
    /// No option has this name.
    OptionUnknown(UnknownOption),
    /// The option says what the line or `CRON_TZ` says.
    OptionElsewhere(Key),
    /// The option is given twice.
    OptionTwice(Key),
    /// The option has a value that it cannot have, in the words of `#[job]`.
    Option {
        /// Which one.
        key: Key,
        /// What is wrong, on one or more lines.
        text: String,
    },
    /// Options without a command below them.
    OptionsAlone,
    /// Two commands are given the same name.
    NameTwice {
        /// The name.
        name: String,
        /// The line of the first of them.
        line: usize,
    },
    /// The reading has stopped here.
    TooMany,
}

impl fmt::Display for CrontabProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextTooLong { .. } => write!(f, "the file has more than {MAX_BYTES} bytes; split it"),
            Self::LineTooLong { bytes } => {
                write!(f, "the line has {bytes} bytes, more than {MAX_LINE}; put the command into a script")
            }
            Self::Nul => f.write_str("the line contains a NUL, which no command can have; remove it"),
            Self::Schedule(error) => error.fmt(f),
            Self::Random { part } => {
                write!(f, "`{part}` is no value by chance; write `a~b`, `a~`, `~b` or `~`, without a step, where a is not above b")
            }
            Self::Every => f.write_str(
                "crontabs have no `@every`; a rate is an option of `#[job]` or of a job file, as in `every = \"5m\"`",
            ),
            Self::FieldsMissing { found: 1 } => f.write_str(
                "1 field found, where five and a command are wanted: minute, hour, day of month, month, day of week",
            ),
            Self::FieldsMissing { found } => write!(
                f,
                "{found} fields found, where five and a command are wanted: minute, hour, day of month, month, day of week"
            ),
            Self::CommandMissing => f.write_str("the line has no command"),
            Self::CommandIsStar => {
                f.write_str("the command begins with `*`; a crontab has five fields, without seconds and without a year")
            }
            Self::NotAUser { word } => write!(
                f,
                "`{word}` is not the name of a user, which stands before the command in the crontab of the system; that of a user has none"
            ),
            Self::ZoneMissing => {
                f.write_str("no zone is known for the schedules; write for example `CRON_TZ=Europe/London` above them")
            }
            Self::QuoteOpen => f.write_str("the quote has no end; there are no escapes in it"),
            Self::BehindQuote => f.write_str("nothing may stand behind the closing quote"),
            Self::NameMissing => f.write_str("a name is missing before `=`"),
            Self::RandomDelay { value } => {
                write!(f, "`{value}` is not a number of minutes, as in `RANDOM_DELAY=45`")
            }
            Self::OptionForm => f.write_str(
                "a line that begins with `#:` has options, as in `#: name = \"nightly\", timeout = \"2h\"`; a comment begins with `# `",
            ),
            Self::OptionUnquoted { word } => {
                write!(f, "`{word}` is no number, `true` or `false`; a text stands in quotes, as in `\"{word}\"`")
            }
            Self::OptionUnknown(unknown) => unknown.fmt(f),
            Self::OptionElsewhere(Key::Timezone) => {
                f.write_str("a line `CRON_TZ=..` says the zone, from there on; remove `timezone`")
            }
            Self::OptionElsewhere(key) => write!(f, "the line of the command says when it runs; remove `{key}`"),
            Self::OptionTwice(key) => write!(f, "`{key}` is there twice; give it once"),
            Self::Option { text, .. } => f.write_str(text),
            Self::OptionsAlone => f.write_str("no command stands below these options; remove them"),
            Self::NameTwice { name, line } => {
                write!(f, "the command of line {line} has the name `{name}` already; choose another one")
            }
            Self::TooMany => {
                write!(f, "{MAX_MISTAKES} mistakes are found, and what is behind this line is not read")
            }
        }
    }
}

/// A line, and under it a line of carets that marks a part of it.
pub(super) fn diagram(line: &str, span: &Range<usize>) -> String {
    let before = line[..span.start].chars().count();
    let marked = line[span.clone()].chars().count().max(1);
    let first = if before > 2 * CONTEXT { before - CONTEXT } else { 0 };
    let marked = marked.min(2 * CONTEXT);
    let last = before + marked + CONTEXT;
    let is_cut = line.chars().nth(last).is_some();
    // Of one width each, so that the carets stay below what they mark.
    let shown = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let text: String = line.chars().skip(first).take(last - first).map(shown).collect();
    let (left, right) = (if first > 0 { "..." } else { "" }, if is_cut { "..." } else { "" });
    let carets = "^".repeat(marked);
    format!("{left}{}{right}\n{}{carets}", text.trim_end(), " ".repeat(left.len() + before - first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carets_stand_below_the_part() {
        assert_eq!(diagram("a\té b", &(2..4)), "a é b\n  ^");
        assert_eq!(diagram("ab", &(2..2)), "ab\n  ^");
        let long = format!("{}wrong{}", "a".repeat(500), "b".repeat(500));
        let shown = diagram(&long, &(500..505));
        let (text, carets) = shown.split_once('\n').expect("two lines");
        assert!(text.len() < 120 && text.starts_with("...a") && text.ends_with("b..."), "{text}");
        let start = carets.len() - carets.trim_start().len();
        assert_eq!(&text[start..carets.len()], "wrong");
    }
}
