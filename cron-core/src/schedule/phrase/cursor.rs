//! A phrase as words, with the place of the one that is wrong: to read, and to write the phrase with other words.

use super::days::place_of;
use super::time::times;
use super::vocabulary::{DAYS, full_day};
use super::words::Words;
use crate::suggest;

/// A phrase and the place of the word that is wrong in it.
pub(super) struct Cursor<'a> {
    pub(super) words: Vec<&'a str>,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(words: &Words<'a>, at: usize) -> Self {
        let words = words.all();
        Self { at: at.min(words.len()), words }
    }

    /// The word that is wrong, in lower case; nothing at the end.
    pub(super) fn word(&self) -> String {
        self.ahead(0)
    }

    /// The word that many words ahead, in lower case; nothing behind the end.
    pub(super) fn ahead(&self, words: usize) -> String {
        self.words.get(self.at + words).map_or(String::new(), |word| word.to_ascii_lowercase())
    }

    /// The word that many words before, in lower case.
    pub(super) fn behind(&self, words: usize) -> String {
        let at = self.at.checked_sub(words);
        at.and_then(|at| self.words.get(at)).map_or(String::new(), |word| word.to_ascii_lowercase())
    }

    /// The phrase with other words in place of some, from the wrong one on.
    pub(super) fn put(&self, count: usize, instead: &str) -> String {
        self.put_from(self.at, count, instead)
    }

    /// The same from another place on.
    pub(super) fn put_from(&self, from: usize, count: usize, instead: &str) -> String {
        let end = (from + count).min(self.words.len());
        let from = from.min(end);
        join(self.words[..from].iter().copied().chain([instead]).chain(self.words[end..].iter().copied()))
    }

    /// The phrase up to the wrong word, and other words.
    pub(super) fn cut(&self, instead: &str) -> String {
        join(self.words[..self.at].iter().copied().chain([instead]))
    }

    /// The words of a part.
    pub(super) fn part(&self, from: usize, to: usize) -> String {
        join(self.words.get(from..to).unwrap_or_default().iter().copied())
    }

    /// The place of the first of some words, at or behind a place.
    pub(super) fn find(&self, from: usize, wanted: &[&str]) -> Option<usize> {
        let is_wanted = |word: &&str| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(word));
        self.words.iter().skip(from).position(is_wanted).map(|at| at + from)
    }

    /// The times that the phrase has, as they are written; nine o'clock if it has none.
    pub(super) fn times(&self) -> String {
        self.own_times().unwrap_or_else(|| "9:00".to_owned())
    }

    /// The times that the phrase has: the longest list of them at its end, or else behind its last `at`.
    pub(super) fn own_times(&self) -> Option<String> {
        let is_list = |text: &String| times(&mut Words::new(text)).is_ok();
        let last = self.words.len();
        // Longer lists than this are not worth an example.
        let ends = (last.saturating_sub(8)..last).map(|from| self.part(from, last)).find(is_list);
        ends.or_else(|| {
            let at = self.words.iter().rposition(|word| word.eq_ignore_ascii_case("at"))?;
            (at + 1..=last.min(at + 9)).rev().map(|to| self.part(at + 1, to)).find(is_list)
        })
    }

    /// The first of the words that is a day of the week, in full.
    pub(super) fn own_day(&self) -> Option<&'static str> {
        self.words.iter().find_map(|word| day_of(word))
    }
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !text.is_empty() && !word.starts_with(',') {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// A day of the week in any spelling, as it is written in full.
pub(super) fn day_of(word: &str) -> Option<&'static str> {
    place_of(word).map(|place| DAYS[place]).or_else(|| full_day(word))
}

/// The words that are within a typing mistake of one: those at the least distance.
///
/// One edit, or two in words of seven letters and more; a word of three letters has its own in another order. Short
/// words are near to too many others.
pub(super) fn nearest(word: &str, words: &[&'static str]) -> Vec<&'static str> {
    // English words that are no mistakes, and near to words that mean something else.
    const OTHERS: [&str; 8] = ["past", "fast", "least", "east", "once", "then", "an", "any"];
    if word.is_empty() || word.len() > 20 || OTHERS.contains(&word) {
        return Vec::new();
    }
    let distance = |candidate: &str| {
        let found = suggest::distance(word, candidate);
        let length = word.chars().count().max(candidate.len());
        let most = if length >= 7 { 2 } else { 1 };
        let is_swap = || {
            let sorted = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            sorted(word) == sorted(candidate)
        };
        (found > 0 && found <= most && (candidate.len() > 3 || is_swap())).then_some(found)
    };
    let found: Vec<(usize, &'static str)> =
        words.iter().filter_map(|word| distance(word).map(|found| (found, *word))).collect();
    let least = found.iter().map(|(distance, _)| *distance).min();
    found.into_iter().filter(|(distance, _)| Some(*distance) == least).map(|(_, word)| word).collect()
}
