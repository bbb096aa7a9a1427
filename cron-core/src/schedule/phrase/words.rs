//! A phrase as words, and what is wrong with one before anything is said about it.

use std::ops::Range;

use super::error::PhraseProblem;
use super::places::Place;
use crate::schedule::error::ScheduleError;

/// Why a phrase was not read: what is wrong with it, without the search for what to write instead.
///
/// The search reads other phrases, so it must not be a part of reading one.
pub(super) enum Wrong {
    /// The grammar has something else at the place of this word, or the phrase ends there.
    Word {
        /// The number of the word.
        at: usize,
        place: &'static Place,
    },
    /// Understood and refused for a reason of its own.
    Refused {
        span: Range<usize>,
        why: &'static str,
        help: String,
        /// What to write in place of the part, if it means the same.
        instead: Option<String>,
    },
    /// What the evaluator says.
    Schedule(ScheduleError),
}

impl From<ScheduleError> for Wrong {
    fn from(error: ScheduleError) -> Self {
        Self::Schedule(error)
    }
}

/// The words of a phrase, read from left to right.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    words: Vec<Range<usize>>,
    at: usize,
}

impl<'a> Words<'a> {
    /// Splits at blanks; a comma is a word of its own.
    pub(super) fn new(text: &'a str) -> Self {
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut inside = false;
        for (at, c) in text.char_indices() {
            let blank = c == ' ' || c == '\t';
            match words.last_mut() {
                Some(word) if inside && !blank && c != ',' => word.end = at + c.len_utf8(),
                _ if !blank => words.push(at..at + c.len_utf8()),
                _ => {}
            }
            inside = !blank && c != ',';
        }
        Self { text, words, at: 0 }
    }

    /// All words, as they are written.
    pub(super) fn all(&self) -> Vec<&'a str> {
        self.words.iter().map(|word| &self.text[word.clone()]).collect()
    }

    /// The next word, as it is written.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.peek_at(0)
    }

    /// The word that many words ahead.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<&'a str> {
        self.words.get(self.at + ahead).map(|word| &self.text[word.clone()])
    }

    /// Whether the next word is this one, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word))
    }

    /// Goes on by a number of words.
    pub(super) fn skip(&mut self, words: usize) {
        self.at = (self.at + words).min(self.words.len());
    }

    /// Goes on if the next word is this one.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.skip(usize::from(found));
        found
    }

    /// Goes on behind these words, each of which must be there.
    pub(super) fn expect(&mut self, words: &[&str], place: &'static Place) -> Result<(), Wrong> {
        words
            .iter()
            .try_for_each(|word| if self.take(word) { Ok(()) } else { Err(self.not_understood(place)) })
    }

    /// The position of the next word among these, and goes on behind it.
    pub(super) fn one_of(&mut self, words: &[&str]) -> Option<usize> {
        let found = words.iter().position(|word| self.is(word))?;
        self.skip(1);
        Some(found)
    }

    /// Goes on behind `,`, `and` or `, and`.
    pub(super) fn another(&mut self) -> bool {
        let comma = self.take(",");
        self.take("and") || comma
    }

    /// Refuses what follows the end of the phrase.
    pub(super) fn end(&self, place: &'static Place) -> Result<(), Wrong> {
        if self.peek().is_some() { Err(self.not_understood(place)) } else { Ok(()) }
    }

    /// The number of words that were read, for [`refuse_from`](Self::refuse_from).
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// The text of the words from a mark to the place that was reached.
    pub(super) fn since(&self, mark: usize) -> &'a str {
        &self.text[self.span(mark, self.at)]
    }

    /// The text of the words before a mark.
    pub(super) fn before(&self, mark: usize) -> &'a str {
        &self.text[self.span(0, mark)]
    }

    fn span(&self, from: usize, to: usize) -> Range<usize> {
        let words = self.words.get(from..to).unwrap_or_default();
        let ends = words.first().zip(words.last());
        ends.map_or(self.rest(), |(first, last)| first.start..last.end)
    }

    /// Refuses the words from a mark to the place that was reached.
    pub(super) fn refuse_from(&self, mark: usize, why: &'static str, help: String) -> Wrong {
        Wrong::Refused { span: self.span(mark, self.at), why, help, instead: None }
    }

    /// Refuses the words from a mark on, for which other words mean the same.
    pub(super) fn replace_from(&self, mark: usize, why: &'static str, instead: String) -> Wrong {
        let help = format!("write `{instead}`");
        Wrong::Refused { span: self.span(mark, self.at), why, help, instead: Some(instead) }
    }

    /// Refuses the next word for a reason of its own.
    pub(super) fn refuse(&self, why: &'static str, help: String) -> Wrong {
        Wrong::Refused { span: self.span_of(self.at), why, help, instead: None }
    }

    /// Refuses the next word, for which another means the same.
    pub(super) fn replace(&self, why: &'static str, instead: String) -> Wrong {
        let help = format!("write `{instead}`");
        Wrong::Refused { span: self.span_of(self.at), why, help, instead: Some(instead) }
    }

    /// The place of a word, or where one is missing.
    pub(super) fn span_of(&self, at: usize) -> Range<usize> {
        self.words.get(at).cloned().unwrap_or(self.rest())
    }

    /// Where a word is missing: behind the last one.
    fn rest(&self) -> Range<usize> {
        let end = self.words.last().map_or(0, |word| word.end);
        end..end
    }

    /// Refuses the next word, or the end, because the grammar has something else at this place.
    pub(super) fn not_understood(&self, place: &'static Place) -> Wrong {
        Wrong::Word { at: self.at, place }
    }

    /// The problem of a word, or of its absence.
    pub(super) fn problem(&self, at: usize, place: &Place) -> PhraseProblem {
        match self.words.get(at) {
            Some(_) => PhraseProblem::NotUnderstood { allowed: place.allowed },
            None => PhraseProblem::Incomplete { allowed: place.allowed },
        }
    }
}
