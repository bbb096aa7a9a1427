//! Five to seven fields that are not ours: a year in the sixth, weekdays from Sunday as 1, `/15`, hour 24.

use chrono_tz::Tz;

use super::{Found, translated};
use crate::schedule::cron::{DAY_NAMES, Field};
use crate::schedule::dialect::Dialect;
use crate::schedule::error::{ScheduleError, ScheduleErrorKind as Kind};
use crate::schedule::month::{FIRST_YEAR, LAST_YEAR};

const AWS: &str = "is written for AWS, whose last field is a year";
const EACH: &str =
    "is each minute where the last field is a year, as in AWS, and each second where the first is a second";
const YEAR: &str = "has a year in the sixth of six fields, where the day of week stands";
const SLASH: &str = "has a step with nothing in front of it";
const NUMBERS: &str = "has days of the week in numbers and a form of Quartz or AWS, where 1 is Sunday";

pub(super) fn counted(text: &str, zone: Tz, error: &ScheduleError) -> Option<Found> {
    let fields: Vec<&str> = text.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
    if !(5..=7).contains(&fields.len()) {
        return None;
    }
    if fields.len() == 6 && (fields[2] == "?" || fields[4] == "?") {
        if fields.iter().all(|field| matches!(*field, "*" | "?")) {
            return Some(Found::told(EACH, "`* * * * *` is each minute, and `* * * * * *` each second"));
        }
        let told =
            || Found::told(AWS, "here it is five fields: minute, hour, day of month, month, day of week");
        return Some(translated(AWS, text, Dialect::Aws, zone).unwrap_or_else(told));
    }
    if fields.len() == 6 && is_years(fields[5]) {
        return Some(Found::cron(YEAR, &format!("0 {}", fields.join(" "))));
    }
    weekday_numbers(&fields, error).or_else(|| slash(&fields)).or_else(|| past_the_end(&fields, error))
}

fn is_years(field: &str) -> bool {
    let is_year = |text: &str| {
        text.len() == 4 && text.parse().is_ok_and(|year| (FIRST_YEAR..=LAST_YEAR).contains(&year))
    };
    field.split([',', '-']).all(is_year)
}

/// `2-6` beside `?` or `0/5`: Monday to Friday in Quartz, Tuesday to Saturday here. Nothing else is told of such a text, lest what
/// is written then means other days.
fn weekday_numbers(fields: &[&str], error: &ScheduleError) -> Option<Found> {
    let [day, _, weekday] = fields.get(3..6)?.try_into().ok()?;
    let (day, weekday): (&str, &str) = (day, weekday);
    let is_quartz = day == "?" || fields.iter().any(|field| has_open_step(field));
    let leads_on = error.help().is_some_and(|help| help.starts_with("write `"))
        || fields.iter().any(|field| field.starts_with('/'));
    let (there, here) = named(weekday)?;
    (is_quartz && leads_on).then(|| {
        Found::told(
            NUMBERS,
            format!("write names: `{there}` if 1 is Sunday, as there, or `{here}` if 1 is Monday, as here"),
        )
    })
}

/// Whether a step follows a single value or nothing.
fn has_open_step(field: &str) -> bool {
    field
        .split(',')
        .filter_map(|item| item.split_once('/'))
        .any(|(values, _)| values != "*" && !values.contains('-'))
}

/// Days in numbers by their names, where 1 is Sunday and where 1 is Monday.
fn named(weekday: &str) -> Option<(String, String)> {
    let name = |base: usize| -> Option<String> {
        let mut written = String::new();
        let mut before = ' ';
        for character in weekday.chars() {
            match character.to_digit(8) {
                Some(number) if !matches!(before, '#' | '/') && !before.is_ascii_digit() => {
                    written += DAY_NAMES[(number as usize + 7 - base) % 7];
                }
                _ => written.push(character),
            }
            before = character;
        }
        (written != weekday).then_some(written)
    };
    Some((name(1)?, name(0)?))
}

/// `/15` is `*/15`.
fn slash(fields: &[&str]) -> Option<Found> {
    let item = |item: &str| if item.starts_with('/') { format!("*{item}") } else { item.to_owned() };
    let written: Vec<String> =
        fields.iter().map(|field| field.split(',').map(item).collect::<Vec<_>>().join(",")).collect();
    let written = written.join(" ");
    (written != fields.join(" ")).then(|| Found::cron(SLASH, &written))
}

/// Hour 24, minute 60 and second 60: the end of what is the beginning of the next. They are the same only where every next one counts.
fn past_the_end(fields: &[&str], error: &ScheduleError) -> Option<Found> {
    let Kind::OutOfRange { field } = error.kind() else { return None };
    let (what, beginning) = match (field, &error.expression()[error.span()]) {
        (Field::Hour, "24") => {
            ("has the hour 24", "hour 0 is the beginning of the day, and its end is hour 0 of the next day")
        }
        (Field::Minute, "60") => (
            "has the minute 60",
            "minute 0 is the beginning of the hour, and its end is minute 0 of the next hour",
        ),
        (Field::Second, "60") => (
            "has the second 60",
            "second 0 is the beginning of the minute, and its end is second 0 of the next minute",
        ),
        _ => return None,
    };
    let first = usize::from(fields.len() == 5);
    let place = *field as usize - first;
    let follow_all = fields[place + 1..].iter().all(|field| matches!(*field, "*" | "?"));
    let alone = matches!(fields[place], "24" | "60");
    Some(
        if follow_all && alone {
            let mut fields = fields.to_vec();
            fields[place] = "0";
            Found::cron(what, &fields.join(" "))
        } else {
            Found::told(what, beginning)
        }
        .at(error.span()),
    )
}
