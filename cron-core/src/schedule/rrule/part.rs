//! The parts of `RRULE`, one by one and then together.

use std::ops::{Range, RangeInclusive};

use chrono_tz::Tz;

use super::mistake::RruleMistake as Mistake;
use super::parse::{MAX_INTERVAL, Moment, Piece, Wrong, date};
use super::rule::{By, Day, End, Frequency, Rule, WEEKDAYS, settle};
use crate::suggest;

/// The parts that are no list of numbers.
const OTHERS: [&str; 6] = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"];

/// A part: its name in upper case, the whole of it, and its value.
struct Part<'a> {
    name: &'static str,
    whole: Piece<'a>,
    value: Piece<'a>,
}

/// The rule, and where its end stands.
pub(super) fn read_rule(value: Piece<'_>, zone: Tz) -> Result<(Rule, Range<usize>), Wrong> {
    let parts = parts(value)?;
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let Some(frequency) = part("FREQ") else { return Err((Mistake::NoFrequency, value.span())) };
    let mut rule = Rule {
        frequency: read_frequency(frequency.value)?,
        interval: part("INTERVAL").map_or(Ok(1), |part| interval(part.value))?,
        end: End::Never,
        week_start: part("WKST").map_or(Ok(0), |part| weekday(part.value))?,
        lists: Default::default(),
        days: Vec::new(),
    };
    let mut end = value.span();
    if let Some(part) = part("COUNT") {
        let mistake = || Mistake::OutOfRange { part: "COUNT", allowed: format!("1 to {}", u32::MAX) };
        let count = number::<u32>(part.value).filter(|count| *count > 0);
        rule.end = End::Count(count.ok_or_else(|| (mistake(), part.value.span()))?);
    }
    if let Some(part) = part("UNTIL") {
        if rule.end != End::Never {
            return Err((Mistake::TwoEnds, part.whole.span()));
        }
        let Moment { second, is_utc } = date(part.value, "235959")?;
        let is_local = !is_utc || zone == Tz::UTC;
        rule.end = if is_local { End::UntilLocal(second) } else { End::UntilInstant(second) };
        end = part.whole.span();
    }
    for by in By::ALL {
        if let Some(part) = part(by.name()) {
            rule.lists[by as usize] = numbers(by, part.value)?;
        }
    }
    if let Some(part) = part("BYDAY") {
        rule.days = part.value.split(',').map(read_day).collect::<Result<_, _>>()?;
        settle(&mut rule.days, |day| (day.number < 0, day.number, day.weekday));
    }
    fits(&rule, &parts)?;
    Ok((rule, end))
}

fn parts(value: Piece<'_>) -> Result<Vec<Part<'_>>, Wrong> {
    let names = || By::ALL.into_iter().map(By::name).chain(OTHERS);
    let mut parts: Vec<Part<'_>> = Vec::new();
    // A `;` at the end is common and harmless.
    let trimmed = Piece { text: value.text.strip_suffix(';').unwrap_or(value.text), ..value };
    for whole in trimmed.split(';') {
        let Some((name, value)) = whole.split_once('=') else {
            return Err((Mistake::PartSyntax, whole.span()));
        };
        let Some(known) = names().find(|known| name.is(known)) else {
            let nearest = suggest::nearest(name.text, names());
            return Err((Mistake::UnknownPart { nearest }, name.span()));
        };
        if parts.iter().any(|part| part.name == known) {
            return Err((Mistake::PartTwice, name.span()));
        }
        parts.push(Part { name: known, whole, value });
    }
    Ok(parts)
}

fn read_frequency(value: Piece<'_>) -> Result<Frequency, Wrong> {
    if let Some(frequency) = Frequency::ALL.into_iter().find(|frequency| value.is(frequency.name())) {
        return Ok(frequency);
    }
    let mistake = match value.text.to_ascii_uppercase().as_str() {
        "MINUTELY" => Mistake::TooFrequent { instead: "`every = \"5m\"` or `cron = \"*/5 * * * *\"`" },
        "SECONDLY" => Mistake::TooFrequent { instead: "`every = \"5s\"` or `cron = \"*/5 * * * * *\"`" },
        _ => {
            let names = Frequency::ALL.into_iter().map(Frequency::name);
            Mistake::UnknownFrequency { nearest: suggest::nearest(value.text, names) }
        }
    };
    Err((mistake, value.span()))
}

fn interval(value: Piece<'_>) -> Result<u16, Wrong> {
    let interval = number::<u16>(value).filter(|interval| (1..=MAX_INTERVAL).contains(interval));
    interval.ok_or_else(|| (Mistake::interval(), value.span()))
}

/// A number without blanks or a plus.
fn number<N: std::str::FromStr>(value: Piece<'_>) -> Option<N> {
    value.text.starts_with(|c: char| c.is_ascii_digit()).then(|| value.text.parse().ok())?
}

/// A number that may have a sign.
fn signed(text: &str) -> Option<i16> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn numbers(by: By, list: Piece<'_>) -> Result<Vec<i16>, Wrong> {
    let range = by.range();
    let read = |value: Piece<'_>| {
        let fits = |n: &i16| range.contains(n) || by.is_signed() && range.contains(&-n);
        signed(value.text).filter(fits).ok_or_else(|| {
            let (first, last) = (range.start(), range.end());
            let allowed = match by.is_signed() {
                true => format!("{first} to {last} and -{last} to -{first}"),
                false => format!("{first} to {last}"),
            };
            (Mistake::OutOfRange { part: by.name(), allowed }, value.span())
        })
    };
    let mut numbers = list.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    settle(&mut numbers, |n| (*n < 0, *n));
    Ok(numbers)
}

fn weekday(value: Piece<'_>) -> Result<u8, Wrong> {
    let found = WEEKDAYS.iter().position(|name| value.is(name));
    // 0 to 6.
    found.map(|weekday| weekday as u8).ok_or_else(|| (Mistake::Weekday, value.span()))
}

fn read_day(value: Piece<'_>) -> Result<Day, Wrong> {
    let refuse = || (Mistake::Weekday, value.span());
    let middle = value.text.len().checked_sub(2).ok_or_else(refuse)?;
    let (before, name) = value.text.split_at_checked(middle).ok_or_else(refuse)?;
    let weekday = weekday(Piece { at: value.at, text: name }).map_err(|_| refuse())?;
    let number = if before.is_empty() { Some(0) } else { signed(before).filter(|n| *n != 0) };
    Ok(Day { number: number.ok_or_else(refuse)?, weekday })
}

/// What RFC 5545 says about parts that exclude each other, and what the evaluator cannot do.
fn fits(rule: &Rule, parts: &[Part<'_>]) -> Result<(), Wrong> {
    let frequency = rule.frequency;
    let whole =
        |name: &str| parts.iter().find(|part| part.name == name).map_or(0..0, |part| part.whole.span());
    let is_given = |by: By| !rule.by(by).is_empty();
    let misplaced = [
        (By::MonthDay, frequency == Frequency::Weekly, "FREQ=YEARLY, MONTHLY, DAILY and HOURLY"),
        (
            By::YearDay,
            matches!(frequency, Frequency::Monthly | Frequency::Weekly | Frequency::Daily),
            "FREQ=YEARLY and HOURLY",
        ),
        (By::WeekNo, frequency != Frequency::Yearly, "FREQ=YEARLY"),
    ];
    for (by, is_wrong, allowed) in misplaced {
        if is_given(by) && is_wrong {
            let mistake = Mistake::NotWithFrequency { part: by.name(), frequency: frequency.name(), allowed };
            return Err((mistake, whole(by.name())));
        }
    }
    let chooses = By::ALL.into_iter().any(|by| by != By::SetPos && is_given(by)) || !rule.days.is_empty();
    if is_given(By::SetPos) && !chooses {
        return Err((Mistake::NothingToChooseFrom, whole(By::SetPos.name())));
    }
    numbered_days(rule, is_given(By::WeekNo)).map_err(|mistake| (mistake, whole("BYDAY")))
}

fn numbered_days(rule: &Rule, in_weeks: bool) -> Result<(), Mistake> {
    // The numbers that the crate counts to: it refuses the fifth from the end of a month and the 53rd of a year.
    let range: RangeInclusive<i16> = match rule.frequency {
        Frequency::Yearly if !in_weeks => -52..=53,
        Frequency::Monthly => -4..=5,
        _ => 0..=0,
    };
    let Some(wrong) = rule.days.iter().find(|day| !range.contains(&day.number)) else { return Ok(()) };
    if range == (0..=0) {
        return Err(Mistake::NumberedDay);
    }
    debug_assert!(wrong.number != 0, "an unnumbered day is in every range");
    let allowed = format!("{} to {} with FREQ={}", range.start(), range.end(), rule.frequency.name());
    Err(Mistake::OutOfRange { part: "BYDAY", allowed })
}
