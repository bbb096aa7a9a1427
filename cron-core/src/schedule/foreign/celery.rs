//! `crontab(minute=0, hour='*/3')`, as Celery has it in Python.

use super::Found;

const WHAT: &str = "is a crontab of Celery";

const CALL: &str = "crontab(";

pub(super) fn is_one(text: &str) -> bool {
    text.trim_start().starts_with(CALL)
}

/// Its names, in the order of our fields.
const NAMES: [&str; 5] = ["minute", "hour", "day_of_month", "month_of_year", "day_of_week"];

pub(super) fn crontab(text: &str) -> Option<Found> {
    let inside = text.strip_prefix(CALL)?.strip_suffix(')')?;
    Some(fields(inside).map_or_else(
        || {
            Found::told(
                WHAT,
                "write five fields: minute, hour, day of month, month, day of week, each `*` where it is left out there",
            )
        },
        |expression| Found::cron(WHAT, &expression),
    ))
}

fn fields(inside: &str) -> Option<String> {
    let mut fields = ["*"; 5].map(str::to_owned);
    for (name, value) in arguments(inside)? {
        let place = NAMES.iter().position(|known| *known == name)?;
        value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*/,-".contains(&byte)).then_some(())?;
        fields[place] = value;
    }
    // Both have to match there.
    if fields[2] != "*" && fields[4] != "*" {
        fields[4].insert(0, '+');
    }
    Some(fields.join(" "))
}

/// Names and values, of which those between quotes may have commas in them.
fn arguments(inside: &str) -> Option<Vec<(&str, String)>> {
    let mut arguments = Vec::new();
    let mut rest = inside.trim();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let (value, behind) = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?,
            _ => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        arguments.push((name.trim(), value.split_whitespace().collect()));
        rest = behind.trim_start();
        if let Some(more) = rest.strip_prefix(',') {
            rest = more.trim_start();
        } else if !rest.is_empty() {
            return None;
        }
    }
    Some(arguments)
}
