//! A phrase as words, and what to say about a word that is not understood.

use std::ops::Range;

use super::error::PhraseProblem;
use super::places::{DAYS, full_day};
use crate::duration::parse_duration;
use crate::schedule::error::{ScheduleError, ScheduleErrorKind as Kind};
use crate::suggest;

/// A place in the grammar: what may stand there, and what to say where something else does.
pub(super) struct Place {
    /// What may stand there, in words.
    pub(super) allowed: &'static str,
    /// The words that may stand there, for the nearest one.
    pub(super) words: &'static [&'static str],
    /// Words that people try, separated by `|`, and what to write instead.
    pub(super) advice: &'static [(&'static str, &'static str)],
    /// Whole phrases that go on well from there; the first two stand for all.
    pub(super) examples: &'static [&'static str],
}

impl Place {
    /// Phrases that are right.
    fn some(&self) -> String {
        let examples: Vec<String> =
            self.examples.iter().take(2).map(|example| format!("`{example}`")).collect();
        format!("write for example {}", examples.join(" or "))
    }

    /// A word in the place of the wrong one, and in a phrase.
    fn write(&self, word: &str) -> String {
        let with =
            |word: &str| self.examples.iter().find(|example| example.split(' ').any(|part| part == word));
        let example = match with(word) {
            Some(example) => Some((*example).to_owned()),
            None if DAYS.contains(&word) => with("monday").map(|example| example.replace("monday", word)),
            None => None,
        };
        format!("write `{word}`{}", example.map_or(String::new(), |example| format!(", as in `{example}`")))
    }
}

/// The words of a phrase, read from left to right.
pub(super) struct Words<'a> {
    text: &'a str,
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
    pub(super) fn expect(&mut self, words: &[&str], place: &Place) -> Result<(), ScheduleError> {
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

    /// The number of words that were read, for [`refuse_from`](Self::refuse_from).
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Refuses the words from a mark to the place that was reached.
    pub(super) fn refuse_from(&self, mark: usize, why: &'static str, help: String) -> ScheduleError {
        let words = &self.words[mark..self.at.max(mark)];
        let (first, last) = (words.first(), words.last());
        let span = first.zip(last).map_or(self.rest(), |(first, last)| first.start..last.end);
        let kind = Kind::Phrase { problem: PhraseProblem::Refused { why }, help };
        ScheduleError::new(kind, self.text, span)
    }

    /// Refuses the next word for a reason of its own.
    pub(super) fn refuse(&self, why: &'static str, help: String) -> ScheduleError {
        let span = self.words.get(self.at).cloned().unwrap_or(self.rest());
        let kind = Kind::Phrase { problem: PhraseProblem::Refused { why }, help };
        ScheduleError::new(kind, self.text, span)
    }

    /// Where a word is missing: behind the last one.
    fn rest(&self) -> Range<usize> {
        let end = self.words.last().map_or(0, |word| word.end);
        end..end
    }

    /// Refuses the next word, or the end, because the grammar has something else at this place.
    pub(super) fn not_understood(&self, place: &Place) -> ScheduleError {
        let Some(span) = self.words.get(self.at).cloned() else {
            let problem = PhraseProblem::Incomplete { allowed: place.allowed };
            let help = place.some();
            return ScheduleError::new(Kind::Phrase { problem, help }, self.text, self.rest());
        };
        let word = &self.text[span.clone()];
        let nearest = || suggest::nearest(word, place.words.iter().copied());
        let help = advice(word, place)
            .or_else(|| {
                nearest().filter(|nearest| !nearest.eq_ignore_ascii_case(word)).map(|word| place.write(word))
            })
            .unwrap_or_else(|| place.some());
        let problem = PhraseProblem::NotUnderstood { allowed: place.allowed };
        ScheduleError::new(Kind::Phrase { problem, help }, self.text, span)
    }
}

/// What to write instead of a word that people try.
fn advice(word: &str, place: &Place) -> Option<String> {
    let meant = |(tried, _): &&(&str, &str)| tried.split('|').any(|tried| tried.eq_ignore_ascii_case(word));
    if let Some((_, advice)) = place.advice.iter().find(meant) {
        return Some((*advice).to_owned());
    }
    if let Some(day) = full_day(word).filter(|day| place.words.contains(day)) {
        return Some(place.write(day));
    }
    let has_unit = word.starts_with(|c: char| c.is_ascii_digit()) && parse_duration(word).is_ok();
    has_unit.then(|| {
        let option = format!("every = \"{word}\"");
        format!("write a number and a word, as in `every 30 seconds`, or use the option `{option}`")
    })
}
