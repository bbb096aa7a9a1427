//! A part of a text in another dialect, which knows where it stands.

use super::Dialect;
use super::error::{DialectError, DialectProblem};
use crate::schedule::error::{ScheduleError, ScheduleErrorKind};

/// A part of the text as it was given. Never splits a character.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    whole: &'a str,
    dialect: Dialect,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Piece<'a> {
    pub(super) fn whole(whole: &'a str, dialect: Dialect) -> Self {
        Self { whole, dialect, start: 0, end: whole.len() }
    }

    pub(super) fn text(self) -> &'a str {
        &self.whole[self.start..self.end]
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn dialect(self) -> Dialect {
        self.dialect
    }

    pub(super) fn error(self, problem: DialectProblem) -> ScheduleError {
        let error = DialectError::new(self.dialect, problem);
        ScheduleError::new(ScheduleErrorKind::Dialect(error), self.whole, self.start..self.end)
    }

    /// Without the blanks and line breaks around it.
    pub(super) fn trimmed(self) -> Self {
        let text = self.text();
        let start = self.start + text.len() - text.trim_start().len();
        Self { start, end: start + text.trim().len(), ..self }
    }

    /// The part behind the first bytes, which end a character.
    pub(super) fn behind(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, ..self }
    }

    /// The first bytes, which end a character.
    pub(super) fn first(self, bytes: usize) -> Self {
        Self { end: self.start + bytes, ..self }
    }

    /// Splits at the first occurrence of a text, which belongs to neither side.
    pub(super) fn split_once(self, at: &str) -> Option<(Self, Self)> {
        let middle = self.text().find(at)?;
        Some((self.first(middle), self.behind(middle + at.len())))
    }

    /// The part behind a prefix, in any case.
    pub(super) fn strip_prefix(self, prefix: &str) -> Option<Self> {
        let start = self.text().get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then(|| self.behind(prefix.len()))
    }

    /// The part before a suffix, in any case.
    pub(super) fn strip_suffix(self, suffix: &str) -> Option<Self> {
        let length = self.text().len().checked_sub(suffix.len())?;
        let end = self.text().get(length..)?;
        end.eq_ignore_ascii_case(suffix).then(|| self.first(length))
    }

    /// The parts between the occurrences of a character.
    pub(super) fn split(self, at: char) -> impl Iterator<Item = Self> {
        let mut start = self.start;
        self.text().split(at).map(move |text| {
            let part = Self { start, end: start + text.len(), ..self };
            start = part.end + at.len_utf8();
            part
        })
    }

    /// The words between blanks of any kind.
    pub(super) fn words(self) -> impl Iterator<Item = Self> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let word = rest.trimmed();
            let length = word.text().find(char::is_whitespace).unwrap_or(word.text().len());
            rest = word.behind(length);
            (length > 0).then(|| word.first(length))
        })
    }

    /// The number, if there are digits and nothing else. One that no field has is `u32::MAX`.
    pub(super) fn number(self) -> Option<u32> {
        let text = self.text();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u32::MAX))
    }
}
