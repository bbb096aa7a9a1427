//! Times of the day: `9:00`, `17:30:15`, `9am`, `9:30 pm`, `noon`, `midnight`.

use super::places::{AFTER_TIME, TIME};
use super::words::Words;
use crate::schedule::error::ScheduleError;

/// A list of times up to the end of the phrase, as seconds of the day.
pub(super) fn times(words: &mut Words<'_>) -> Result<Vec<u32>, ScheduleError> {
    let mut times = vec![time(words)?];
    while words.another() {
        // `from` and the like behind a comma are told apart from a missing time.
        times.push(time(words)?);
    }
    if words.peek().is_some() { Err(words.not_understood(&AFTER_TIME)) } else { Ok(times) }
}

/// Half of the day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Am,
    Pm,
}

fn time(words: &mut Words<'_>) -> Result<u32, ScheduleError> {
    if let Some(noon) = words.one_of(&["midnight", "noon"]) {
        return Ok(if noon == 1 { 43_200 } else { 0 });
    }
    let begins_with_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let Some(word) = words.peek().filter(begins_with_digit) else { return Err(words.not_understood(&TIME)) };
    let (clock, mut half) = split_half(word);
    let Some((hour, minute, second)) = numbers(clock) else {
        let half = &word[clock.len()..];
        return Err(match repaired(clock).or_else(|| without_dots(word)) {
            Some(instead) => words.refuse("is not a time of day", format!("write `{instead}{half}`")),
            None => words.not_understood(&TIME),
        });
    };
    let mark = words.mark();
    words.skip(1);
    if half.is_none() {
        half = words.one_of(&["am", "pm"]).map(|at| [Half::Am, Half::Pm][at]);
    }
    if half.is_none() && ["a.m.", "p.m.", "a.m", "p.m"].iter().any(|dotted| words.is(dotted)) {
        return Err(words.not_understood(&AFTER_TIME));
    }
    if minute.is_none() && half.is_none() {
        let (why, help) = without_minutes(hour, clock);
        return Err(words.refuse_from(mark, why, help));
    }
    let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
    if minute > 59 || second > 59 {
        let help = "minutes and seconds go from 00 to 59".to_owned();
        return Err(words.refuse_from(mark, "is not a time of day", help));
    }
    let hour = match half {
        None if hour < 24 => hour,
        None if hour == 24 => {
            let help = "write `midnight` or `0:00`, the start of the day".to_owned();
            return Err(words.refuse_from(mark, "is not a time of day", help));
        }
        None => {
            let help = "hours go from 0:00 to 23:59".to_owned();
            return Err(words.refuse_from(mark, "is not a time of day", help));
        }
        Some(half) if (1..=12).contains(&hour) => hour % 12 + if half == Half::Pm { 12 } else { 0 },
        Some(_) => {
            let help = match hour {
                0..24 => format!("write `{hour}:{minute:02}`"),
                _ => "write hours from 1 to 12 with `am` and `pm`".to_owned(),
            };
            return Err(words.refuse_from(mark, "is not a time of a clock with 12 hours", help));
        }
    };
    Ok(hour * 3_600 + minute * 60 + second)
}

/// Cuts `am` or `pm` off the end.
fn split_half(word: &str) -> (&str, Option<Half>) {
    let halves = [("am", Half::Am), ("pm", Half::Pm)];
    let found = halves.into_iter().find_map(|(name, half)| {
        let at = word.len().checked_sub(2)?;
        word.get(at..).filter(|end| end.eq_ignore_ascii_case(name)).map(|_| (&word[..at], half))
    });
    found.map_or((word, None), |(clock, half)| (clock, Some(half)))
}

/// Hour, minute and second: one or two digits, then two each.
fn numbers(clock: &str) -> Option<(u32, Option<u32>, Option<u32>)> {
    let mut parts = clock.split(':');
    let mut number = |lengths: std::ops::RangeInclusive<usize>| {
        parts.next().map(|text| {
            let digits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten()
        })
    };
    let hour = number(1..=2)??;
    let minute = number(2..=2);
    let second = number(2..=2);
    let known = |part: Option<Option<u32>>| part.map_or(Some(None), |number| number.map(Some));
    let found = (hour, known(minute)?, known(second)?);
    parts.next().is_none().then_some(found)
}

/// A number alone, which may be many things.
fn without_minutes(hour: u32, written: &str) -> (&'static str, String) {
    match hour {
        1..=12 => (
            "may be in the morning or in the evening",
            format!("write `{hour}:00`, `{hour}am` or `{hour}pm`"),
        ),
        0 | 13..=23 => ("has no minutes", format!("write `{hour}:00`")),
        _ if written.len() == 2 => {
            ("is not a time of day", "write hours and minutes, as in `9:30`".to_owned())
        }
        _ => ("is not a time of day", "write `9:30`".to_owned()),
    }
}

/// What was meant by `9a.m.`
fn without_dots(word: &str) -> Option<String> {
    let plain = word.replace('.', "");
    let (clock, half) = split_half(&plain);
    (half.is_some() && plain != word && numbers(clock).is_some()).then_some(plain)
}

/// What was meant by `9.30`, `0930`, `9h30`, `17h` and `9:5`.
fn repaired(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split([':', '.', 'h', 'H']).collect();
    let number = |text: &str, most: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten().filter(|number| *number <= most)
    };
    let (hour, minute) = match parts.as_slice() {
        [all] if all.is_ascii() && (3..=4).contains(&all.len()) => all.split_at(all.len() - 2),
        [hour, ""] => (*hour, "00"),
        [hour, minute] => (*hour, *minute),
        _ => return None,
    };
    Some(format!("{}:{:02}", number(hour, 23)?, number(minute, 59)?))
}
