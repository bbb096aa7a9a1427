//! The same for days of months, quarters and years.

use super::{is_number, is_time, respelled, time_without_at};
use crate::schedule::phrase::cursor::Cursor;
use crate::schedule::phrase::vocabulary::{MONTHS, ORDINALS, large_ordinal, month as month_of, suffix};

pub(in crate::schedule::phrase) fn month(c: &Cursor<'_>) -> Option<String> {
    if c.word() == "the" {
        return Some(c.put(0, "on"));
    }
    is_which(&c.word()).then(|| c.put(0, "on the"))
}

/// Whether a word says which day of a month, or begins to.
fn is_which(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    is_number(digits) && ["st", "nd", "rd", "th"].contains(&ending)
        || ORDINALS.contains(&word)
        || large_ordinal(word).is_some()
}

pub(in crate::schedule::phrase) fn the(c: &Cursor<'_>) -> Option<String> {
    if c.word() == "day" {
        let day = c.ahead(1).parse::<u32>().ok().filter(|day| (1..=31).contains(day))?;
        return Some(c.put(2, &format!("the {day}{}", suffix(day))));
    }
    is_which(&c.word()).then(|| c.put(0, "the"))
}

pub(in crate::schedule::phrase) fn year(c: &Cursor<'_>) -> Option<String> {
    if month_of(&c.word()).is_some() { Some(c.put(0, "on")) } else { month(c) }
}

pub(in crate::schedule::phrase) fn date_of_year(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    // `25 december`, `25th of december`.
    let of = usize::from(c.ahead(1) == "of");
    if is_number(digits) && month_of(&c.ahead(1 + of)).is_some() {
        return Some(c.put(2 + of, &format!("{} {digits}", c.ahead(1 + of))));
    }
    if is_which(&word) {
        return Some(c.put(0, "the"));
    }
    // The dot of an abbreviation.
    month_of(&word).map(|month| c.put(1, MONTHS[month]))
}

pub(in crate::schedule::phrase) fn day_of_month(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "the" | "," => Some(c.put(1, "")),
        _ => {
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            let ending = &word[digits.len()..];
            let is_ending = ["st", "nd", "rd", "th", "."].contains(&ending);
            (!digits.is_empty() && is_ending).then(|| c.put(1, &digits))
        }
    }
}

pub(in crate::schedule::phrase) fn at_of_year(c: &Cursor<'_>) -> Option<String> {
    if c.word() == "," && c.ahead(1) == "at" { Some(c.put(1, "")) } else { time_without_at(c) }
}

pub(in crate::schedule::phrase) fn of_a_month(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "in" => Some(c.put(1, "of")),
        word if month_of(word).is_some() && c.behind(1) != "of" => Some(c.put(0, "of")),
        word => month_of(word).map(|month| c.put(1, MONTHS[month])),
    }
}

pub(in crate::schedule::phrase) fn ordinal(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if word == "final" {
        return Some(c.put(1, "last"));
    }
    let number = large_ordinal(&word)?;
    Some(c.put(1, &format!("{number}{}", suffix(number))))
}

pub(in crate::schedule::phrase) fn noun(c: &Cursor<'_>) -> Option<String> {
    let days = ["day", "days"].contains(&c.ahead(1).as_str());
    match c.word().as_str() {
        "workday" | "weekdays" | "workdays" => Some(c.put(1, "weekday")),
        "business" | "working" | "work" if days => Some(c.put(2, "weekday")),
        "days" => Some(c.put(1, "day")),
        word => respelled(word).map(|day| c.put(1, day)),
    }
}

pub(in crate::schedule::phrase) fn noun_or_at(c: &Cursor<'_>) -> Option<String> {
    of_the_month_left_out(c).or_else(|| noun(c)).or_else(|| time_without_at(c))
}

/// `of the month` where the month is said already.
fn of_the_month_left_out(c: &Cursor<'_>) -> Option<String> {
    let says_it = c.word() == "of"
        && ["the", "every", "each", "a"].contains(&c.ahead(1).as_str())
        && ["month", "quarter"].contains(&c.ahead(2).as_str())
        && c.words.iter().take(c.at).any(|word| word.to_ascii_lowercase().starts_with(&c.ahead(2)));
    says_it.then(|| c.put(3, ""))
}

pub(in crate::schedule::phrase) fn noun_or_of(c: &Cursor<'_>) -> Option<String> {
    of_the_month(c).or_else(|| noun(c))
}

pub(in crate::schedule::phrase) fn noun_of_month(c: &Cursor<'_>) -> Option<String> {
    of_a_month(c).or_else(|| noun(c))
}

pub(in crate::schedule::phrase) fn of_the_month(c: &Cursor<'_>) -> Option<String> {
    let (word, next) = (c.word(), c.ahead(1));
    match word.as_str() {
        "at" => Some(c.put(0, "of the month")),
        "in" if ["the", "every", "each", "a"].contains(&next.as_str()) => Some(c.put(1, "of")),
        "every" | "each" if next == "month" => Some(c.put(0, "of")),
        "monthly" => Some(c.put(1, "of the month")),
        _ => is_time(&word, &next).then(|| c.put(0, "of the month at")),
    }
}

pub(in crate::schedule::phrase) fn the_month(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "each" | "a" | "any" => Some(c.put(1, "every")),
        "month" | "quarter" => Some(c.put(0, "the")),
        "months" => Some(c.put(1, "month")),
        _ => None,
    }
}

/// `every first monday at 9:00`: of the month, since only the first and the last can be nothing else.
pub(in crate::schedule::phrase) fn every_of(c: &Cursor<'_>) -> Option<String> {
    let which = c.words.get(1)?.to_ascii_lowercase();
    let is_alone = c.at == 3 && ["first", "1st", "last"].contains(&which.as_str());
    if is_alone { of_the_month(c) } else { None }
}

pub(in crate::schedule::phrase) fn after_noun(c: &Cursor<'_>) -> Option<String> {
    let year = || c.words.get(1).is_some_and(|word| word.eq_ignore_ascii_case("month"));
    if c.word() == "of" && year() && month_of(&c.ahead(1)).is_some() {
        return Some(c.put_from(1, 1, "year"));
    }
    if c.word() == "," && c.ahead(1) == "at" {
        return Some(c.put(1, ""));
    }
    of_the_month_left_out(c).or_else(|| time_without_at(c))
}
