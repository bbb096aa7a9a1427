//! What is wrong with a phrase.

use crate::duration::Excerpt;

/// What is wrong with a phrase such as `every weekday at 9:00`.
///
/// The part of the text that [`ScheduleError::span`](crate::schedule::ScheduleError::span) gives is the first word
/// that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PhraseProblem {
    /// The grammar has something else at the place of this word.
    NotUnderstood {
        /// What may stand there, in words.
        allowed: &'static str,
    },
    /// The phrase ends where it has to go on.
    Incomplete {
        /// What may follow, in words.
        allowed: &'static str,
    },
    /// It is understood and has no meaning, more than one, or one that no schedule can have.
    Refused {
        /// The reason, to be read after the part of the text.
        why: &'static str,
    },
}

impl PhraseProblem {
    /// Writes the problem with the part of the text that has it.
    pub(in crate::schedule) fn write(
        self,
        f: &mut std::fmt::Formatter<'_>,
        part: &Excerpt<'_>,
    ) -> std::fmt::Result {
        match self {
            Self::NotUnderstood { allowed } => {
                write!(f, "`{part}` is not understood here (expected: {allowed})")
            }
            Self::Incomplete { allowed } => write!(f, "the phrase ends too early (expected: {allowed})"),
            Self::Refused { why } => write!(f, "`{part}` {why}"),
        }
    }
}
