//! `H` of Jenkins and `~` of cronie: a value that a hash or chance chooses within a range, so that jobs do not all run
//! at once. Here `jitter` spreads runs, from the beginning of the range on.

use super::Found;

const WHAT: &str = "has a value that is left to a hash or to chance (`H`, `~`)";

/// What one field says.
enum Choice {
    /// Nothing is left open.
    Fixed,
    /// Some value from the first to the last.
    Within(u32, u32),
    /// The same value in each stretch of this length, over the whole field.
    Each(u32),
    /// Something that no length of time says.
    Unclear,
}

pub(super) fn spread(text: &str) -> Option<Found> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(5..=7).contains(&fields.len()) || !fields.iter().any(|field| is_open(field)) {
        return None;
    }
    let spread = if fields.len() == 5 { five(&fields) } else { None };
    Some(spread.map_or_else(
        || Found::told(WHAT, "write fixed values; `jitter` spreads runs, for example `jitter = \"1h\"` delays each by up to an hour"),
        |(expression, jitter)| Found::options(WHAT, &[("cron", &expression), ("jitter", &jitter)]),
    ))
}

fn is_open(field: &str) -> bool {
    field == "H" || field.starts_with("H(") || field.starts_with("H/") || field.contains('~')
}

/// Minute, or minute and hour, as the beginning of the range and its length.
fn five(fields: &[&str]) -> Option<(String, String)> {
    if fields[2..].iter().any(|field| is_open(field)) {
        return None;
    }
    let rest = fields[2..].join(" ");
    let is_whole_hour = |first: u32, last: u32| (first, last) == (0, 59);
    Some(match (choice(fields[0], 59), choice(fields[1], 23)) {
        (Choice::Within(first, last), Choice::Fixed) => {
            (format!("{first} {} {rest}", fields[1]), length(last - first + 1, "m"))
        }
        (Choice::Each(step), Choice::Fixed) => (format!("*/{step} {} {rest}", fields[1]), length(step, "m")),
        (Choice::Within(first, last), Choice::Within(from, to)) if is_whole_hour(first, last) => {
            (format!("0 {from} {rest}"), length(to - from + 1, "h"))
        }
        (Choice::Within(first, last), Choice::Each(step)) if is_whole_hour(first, last) => {
            (format!("0 */{step} {rest}"), length(step, "h"))
        }
        _ => return None,
    })
}

fn length(number: u32, unit: &str) -> String {
    match (number, unit) {
        (60, "m") => "1h".to_owned(),
        (24, "h") => "1d".to_owned(),
        _ => format!("{number}{unit}"),
    }
}

fn choice(field: &str, last: u32) -> Choice {
    if !is_open(field) {
        return Choice::Fixed;
    }
    let (values, step) = match field.rsplit_once('/') {
        Some((values, step)) => (values, Some(step)),
        None => (field, None),
    };
    let number =
        |text: &str, empty: u32| if text.is_empty() { Some(empty) } else { text.parse::<u32>().ok() };
    let range = match values {
        "H" | "~" => Some((0, last)),
        _ => values
            .strip_prefix("H(")
            .and_then(|inside| inside.strip_suffix(')')?.split_once('-'))
            .or_else(|| values.split_once('~'))
            .and_then(|(from, to)| Some((number(from, 0)?, number(to, last)?))),
    };
    match (range, step.map(str::parse::<u32>)) {
        (Some((from, to)), None) if from <= to && to <= last => Choice::Within(from, to),
        (Some((0, to)), Some(Ok(step))) if to == last && step > 0 && (last + 1).is_multiple_of(step) => {
            Choice::Each(step)
        }
        _ => Choice::Unclear,
    }
}
