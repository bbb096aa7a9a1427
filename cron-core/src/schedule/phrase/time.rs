//! Times of the day: `9:00`, `17:30:15`, `9am`, `9:30 pm`, `noon`, `midnight`.

use super::places::{AFTER_TIME, HOURLY_TIME, TIME};
use super::words::{Words, Wrong};

/// A list of times up to the end of the phrase, as seconds of the day.
pub(super) fn times(words: &mut Words<'_>) -> Result<Vec<u32>, Wrong> {
    let mut times = vec![time(words)?];
    while words.another() {
        // `from` and the like behind a comma are told apart from a missing time.
        times.push(time(words)?);
    }
    words.end(&AFTER_TIME)?;
    Ok(times)
}

/// `:30`, `:00 and :30`, up to the end of the phrase, with commas between them.
pub(super) fn minutes(words: &mut Words<'_>) -> Result<String, Wrong> {
    let mut minutes = Vec::new();
    loop {
        let minute = words.peek().filter(|word| {
            word.strip_prefix(':')
                .and_then(|rest| numbers(&format!("0:{rest}")))
                .is_some_and(|(_, minute, second)| minute.is_some_and(|m| m < 60) && second.unwrap_or(0) < 60)
        });
        minutes.push(minute.ok_or_else(|| words.not_understood(&HOURLY_TIME))?);
        words.skip(1);
        if !words.another() {
            words.end(&AFTER_TIME)?;
            return Ok(minutes.join(","));
        }
    }
}

/// A time of the day as it is written: `9:00`, or `14:30:15`.
pub(super) fn written(time: u32) -> String {
    let (hour, minute, second) = (time / 3_600 % 24, time / 60 % 60, time % 60);
    match second {
        0 => format!("{hour}:{minute:02}"),
        _ => format!("{hour}:{minute:02}:{second:02}"),
    }
}

/// Times as a list that the grammar has: `9:00, 12:00 and 17:00`.
pub(super) fn list(times: &[u32]) -> String {
    join(&times.iter().map(|time| written(*time)).collect::<Vec<_>>())
}

/// Words as a list that the grammar has.
pub(super) fn join(words: &[String]) -> String {
    match words {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => words.concat(),
    }
}

/// Half of the day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Am,
    Pm,
}

pub(super) fn time(words: &mut Words<'_>) -> Result<u32, Wrong> {
    if let Some(noon) = words.one_of(&["midnight", "noon"]) {
        return Ok(if noon == 1 { 43_200 } else { 0 });
    }
    let begins_with_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let Some(word) = words.peek().filter(begins_with_digit) else { return Err(words.not_understood(&TIME)) };
    let (clock, mut half) = split_half(word);
    let Some((hour, minute, second)) = numbers(clock) else {
        return Err(unreadable(words, word, clock));
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
        return Err(without_minutes(words, mark, hour));
    }
    let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
    if minute > 59 || second > 59 {
        let help = "minutes and seconds go from 00 to 59".to_owned();
        return Err(words.refuse_from(mark, "is not a time of day", help));
    }
    let hour = match half {
        None if hour < 24 => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + if half == Half::Pm { 12 } else { 0 },
        _ => return Err(wrong_hour(words, mark, half, (hour, minute))),
    };
    Ok(hour * 3_600 + minute * 60 + second)
}

/// An hour that its clock does not have.
fn wrong_hour(words: &Words<'_>, mark: usize, half: Option<Half>, (hour, minute): (u32, u32)) -> Wrong {
    let Some(half) = half else {
        let help = match (hour, minute) {
            (24, 0) => {
                "a day ends at `23:59:59`; `0:00` is the start of a day, and 24:00 that of the next one"
            }
            _ => "hours go from 0:00 to 23:59",
        };
        return words.refuse_from(mark, "is not a time of day", help.to_owned());
    };
    let why = "is not a time of a clock with 12 hours";
    match (half, hour) {
        (Half::Am, 0) | (Half::Pm, 13..24) => words.replace_from(mark, why, format!("{hour}:{minute:02}")),
        // The number says one half of the day and the letters the other one.
        (Half::Pm, 0) => words.refuse_from(mark, why, format!("write `0:{minute:02}` or `12:{minute:02}`")),
        (Half::Am, 13..24) => {
            let help = format!("write `{hour}:{minute:02}` or `{}:{minute:02}`", hour - 12);
            words.refuse_from(mark, why, help)
        }
        _ => words.refuse_from(mark, why, "hours go from 1 to 12 with `am` and `pm`".to_owned()),
    }
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
fn without_minutes(words: &Words<'_>, mark: usize, hour: u32) -> Wrong {
    match hour {
        1..=12 => {
            let help = format!("write `{hour}:00`, `{hour}am` or `{hour}pm`");
            words.refuse_from(mark, "may be in the morning or in the evening", help)
        }
        0 | 13..=23 => words.replace_from(mark, "has no minutes", format!("{hour}:00")),
        _ => {
            let help = "a time has hours and minutes, for example `9:00`".to_owned();
            words.refuse_from(mark, "is not a time of day", help)
        }
    }
}

/// A word that begins with a digit and is no time.
fn unreadable(words: &Words<'_>, word: &str, clock: &str) -> Wrong {
    let why = "is not a time of day";
    let half = &word[clock.len()..];
    if let Some(plain) = without_dots(word) {
        return words.replace(why, plain);
    }
    match repaired(clock).as_slice() {
        [] => words.not_understood(&TIME),
        [one] => words.replace(why, format!("{one}{half}")),
        several => {
            let choices: Vec<String> = several.iter().map(|time| format!("`{time}{half}`")).collect();
            words.refuse(why, format!("write {}", choices.join(" or ")))
        }
    }
}

/// What was meant by `9a.m.`, and by `9:00.` at the end of a sentence.
fn without_dots(word: &str) -> Option<String> {
    if let Some(whole) = word.strip_suffix(['.', ';', '!']).filter(|whole| whole.contains(':'))
        && numbers(split_half(whole).0).is_some()
    {
        return Some(whole.to_owned());
    }
    let plain = word.replace('.', "");
    let (clock, half) = split_half(&plain);
    let hour_and_letters = word.find('.').is_some_and(|dot| !word[..dot].bytes().all(|b| b.is_ascii_digit()));
    (half.is_some() && plain != word && hour_and_letters && numbers(clock).is_some()).then_some(plain)
}

/// What was meant by `9.30`, `0930`, `9h30`, `17h` and `9:5`, which may be two times.
fn repaired(word: &str) -> Vec<String> {
    let parts: Vec<&str> = word.split([':', '.', 'h', 'H']).collect();
    let number = |text: &str, most: u32| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten().filter(|number| *number <= most)
    };
    let (hour, minute) = match parts.as_slice() {
        [all] if all.is_ascii() && (3..=4).contains(&all.len()) => all.split_at(all.len() - 2),
        [hour, ""] if word.ends_with(['h', 'H']) => (*hour, "00"),
        [hour, minute] => (*hour, *minute),
        _ => return Vec::new(),
    };
    let Some(hour) = number(hour, 23) else { return Vec::new() };
    let ones = number(minute, 59);
    // One digit may be the first or the last of two.
    let tens = (minute.len() == 1).then(|| number(&format!("{minute}0"), 59)).flatten();
    let mut minutes: Vec<u32> = ones.into_iter().chain(tens).collect();
    minutes.dedup();
    minutes.into_iter().map(|minute| format!("{hour}:{minute:02}")).collect()
}
