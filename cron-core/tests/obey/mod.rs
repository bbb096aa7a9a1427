//! Does what the help of an error says, again and again, until the schedule is accepted or nothing is left to do.

#![allow(dead_code, reason = "each test file uses its own part")]

use cron_core::schedule::{Schedule, ScheduleError};

/// A hint followed to its end leads to one schedule, or to several that are needed together.
pub(crate) type Outcome = Vec<Schedule>;

/// The longest chain of hints that an author would follow.
const MOST_STEPS: usize = 8;

/// What the help says to write: each entry is one choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// In place of the wrong part, or of the whole text.
    Write(String),
    /// The same with another zone.
    WriteWithZone(String, String),
    /// Options of `#[job]`: `every = "5m", start = ".."`.
    Options(String),
    /// Several schedules, all of them.
    Each(Vec<String>),
}

/// The texts in backticks that follow one another: "`a`, `b` or `c`".
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.strip_prefix('`') {
        let Some((inside, behind)) = start.split_once('`') else { break };
        found.push(inside.to_owned());
        let between = [", or `", " or `", ", and `", " and `", ", `"];
        let Some(next) = between.iter().find_map(|between| behind.strip_prefix(between)) else { break };
        rest = &behind[behind.len() - next.len() - 1..];
    }
    found
}

/// What a help says to write. An example is none of it.
pub(crate) fn advice(help: &str) -> Vec<Advice> {
    let mut found = Vec::new();
    if let Some((_, parts)) = help.split_once("use one schedule for each ")
        && let Some((_, parts)) = parts.split_once(": ")
    {
        found.push(Advice::Each(quoted(parts)));
    }
    for (at, _) in help.match_indices("write `") {
        let texts = quoted(&help[at + 6..]);
        let zone = texts.last().and_then(|text| text.strip_prefix("timezone = \"")?.strip_suffix('"'));
        match zone {
            Some(zone) => found.push(Advice::WriteWithZone(texts[0].clone(), zone.to_owned())),
            None => found.extend(texts.into_iter().map(Advice::Write)),
        }
        // "write `A` for this, or `B` for that" names two, unless the second is an example.
        for (more, _) in help[at..].match_indices(", or `") {
            found.extend(quoted(&help[at + more + 5..]).into_iter().map(Advice::Write));
        }
    }
    for (at, _) in help.match_indices("use `") {
        found.extend(quoted(&help[at + 4..]).into_iter().map(Advice::Options));
    }
    found.dedup();
    found
}

/// An option of `#[job]` that says when, with those beside it: `every = "5m", start = "2026-01-05T09:00:00Z"`.
pub(crate) fn options(text: &str, zone: &str) -> Option<Result<Schedule, ScheduleError>> {
    let values: Vec<&str> = text.split('"').collect();
    let value = |name: &str| {
        let at = values.iter().step_by(2).position(|part| part.trim_matches([',', ' ', '=']) == name)?;
        values.get(2 * at + 1).copied()
    };
    let schedule = if let Some(period) = value("every") {
        Schedule::every(period, value("phase"))
    } else if let Some(expression) = value("cron") {
        Schedule::cron(expression, zone)
    } else if let Some(time) = value("daily") {
        Schedule::daily(time, zone)
    } else if let Some(rule) = value("rrule") {
        Schedule::rrule(rule, zone)
    } else {
        return None;
    };
    Some(schedule.and_then(|schedule| schedule.within(value("start"), value("end"), zone)))
}

/// Where all hints of a text lead.
pub(crate) fn outcomes(
    text: &str,
    zone: &str,
    read: fn(&str, &str) -> Result<Schedule, ScheduleError>,
) -> Vec<Outcome> {
    let mut found = Vec::new();
    follow(text, zone, read, MOST_STEPS, &mut found);
    found
}

fn follow(
    text: &str,
    zone: &str,
    read: fn(&str, &str) -> Result<Schedule, ScheduleError>,
    steps: usize,
    found: &mut Vec<Outcome>,
) {
    let add = |outcome: Outcome, found: &mut Vec<Outcome>| {
        if !found.contains(&outcome) {
            found.push(outcome);
        }
    };
    let error = match read(text, zone) {
        Ok(schedule) => return add(vec![schedule], found),
        Err(error) => error,
    };
    let Some(help) = error.help().filter(|_| steps > 0) else { return };
    let accepted = |schedule: Result<Schedule, ScheduleError>| {
        vec![schedule.unwrap_or_else(|error| panic!("{text}: {help}: {error}"))]
    };
    for advice in advice(&help) {
        match advice {
            Advice::Each(texts) => {
                let each = texts.iter().flat_map(|text| accepted(read(text, zone)));
                add(each.collect(), found);
            }
            Advice::Options(text) => {
                if let Some(schedule) = options(&text, zone) {
                    add(accepted(schedule), found);
                }
            }
            Advice::WriteWithZone(phrase, zone) => follow(&phrase, &zone, read, steps - 1, found),
            Advice::Write(instead) => {
                if let Some(schedule) = options(&instead, zone) {
                    add(accepted(schedule), found);
                    continue;
                }
                let mut replaced = text.to_owned();
                replaced.replace_range(error.span(), &instead);
                // A whole schedule stands in place of all, a part in place of the part.
                let is_whole = read(&instead, zone).is_ok() || instead.split(' ').count() > 2;
                let next = if is_whole { instead } else { replaced };
                follow(&next, zone, read, steps - 1, found);
            }
        }
    }
}
