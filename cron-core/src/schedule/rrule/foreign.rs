//! What calendars and other programs write, and this grammar has in another form or not at all.

use std::ops::Range;

use super::mistake::RruleMistake as Mistake;
use super::parse::{LINES, Line, Piece, Wrong, date};
use crate::schedule::error::ScheduleError;
use crate::schedule::zone;
use crate::suggest;

/// The nearest of some names to a mistyped one: one edit away, or two in names of seven letters and more.
pub(super) fn nearest(word: &str, names: &[&'static str]) -> Option<&'static str> {
    if word.len() > 20 {
        return None;
    }
    let most = |name: &str| if name.len().max(word.len()) >= 7 { 2 } else { 1 };
    let near = names.iter().map(|name| (suggest::distance(word, name), *name));
    let near: Vec<_> = near.filter(|(distance, name)| *distance <= most(name)).collect();
    let least = near.iter().map(|(distance, _)| *distance).min()?;
    // Of two that are equally near nobody knows which was meant.
    let mut nearest = near.into_iter().filter(|(distance, _)| *distance == least).map(|(_, name)| name);
    nearest.next().filter(|_| nearest.next().is_none())
}

/// A whole calendar or event, and its lines that say when.
pub(super) fn calendar_file(text: &str) -> Option<Wrong> {
    let begin = text.len() - text.trim_start().len();
    text[begin..].get(..6).filter(|word| word.eq_ignore_ascii_case("BEGIN:"))?;
    let first = text[begin..].split([' ', '\t', '\r', '\n', '\\']).next().unwrap_or_default();
    Some((Mistake::CalendarFile { lines: lines_of_event(&text[begin..]) }, begin..begin + first.len()))
}

/// The lines of the only event that has a rule.
fn lines_of_event(text: &str) -> Option<String> {
    let text = text.replace("\\r", "").replace("\\n", "\n").replace('\r', "");
    // RFC 5545 folds long lines: what begins with a blank goes on.
    let text = text.replace("\n ", "").replace("\n\t", "");
    let lines: Vec<&str> =
        if text.contains('\n') { text.split('\n').collect() } else { text.split_whitespace().collect() };
    let is =
        |line: &str, word: &str| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let mut events: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in lines.into_iter().map(str::trim) {
        let begins = ["BEGIN:VEVENT", "BEGIN:VTODO", "BEGIN:VJOURNAL"].iter().any(|word| is(line, word));
        if begins {
            events.push(Vec::new());
        }
        // Zones and alarms have rules and dates of their own.
        if is(line, "BEGIN:") {
            inside = begins;
        } else if is(line, "END:") {
            inside = is(line, "END:VALARM") && !events.is_empty();
        } else if inside && LINES.iter().any(|name| is(line, name)) {
            events.last_mut()?.push(line);
        }
    }
    events.retain(|lines| lines.iter().any(|line| is(line, "RRULE")));
    match events.as_slice() {
        [lines] => Some(lines.join(" ")),
        _ => None,
    }
}

/// A zone with blanks in its name, as Windows has them, which falls apart where lines do.
pub(super) fn spaced_zone(text: &str) -> Option<ScheduleError> {
    let upper = text.to_ascii_uppercase();
    for (at, _) in upper.match_indices("TZID=") {
        let start = at + "TZID=".len();
        let end = text[start..].find([':', ';', '\r', '\n']).map_or(text.len(), |length| start + length);
        let name = text[start..end].trim_matches('"');
        if name.contains(' ')
            && let Err(error) = zone::parse(name)
        {
            return Some(ScheduleError::new(error.kind().clone(), text, start..end));
        }
    }
    None
}

/// A line whose values are dates or periods, in the form that has a time.
pub(super) fn without_time(line: &Line<'_>, lines: &[Line<'_>]) -> Option<Wrong> {
    let is_value = |parameter: &&Piece<'_>, of: &str| {
        parameter.split_once('=').is_some_and(|(name, value)| name.is("VALUE") && value.is(of))
    };
    let kind = |of: &str| line.parameters.iter().find(|parameter| is_value(parameter, of)).copied();
    let span = || -> Range<usize> { line.named.at..line.value.span().end };
    let rewritten = |dropped: Piece<'_>, values: Vec<String>| {
        let others = line.parameters.iter().filter(|parameter| parameter.at != dropped.at);
        let others: String = others.map(|parameter| format!(";{}", parameter.text)).collect();
        format!("{}{others}:{}", line.name, values.join(","))
    };
    if let Some(parameter) = kind("PERIOD") {
        let starts: Vec<String> = line
            .value
            .split(',')
            .filter_map(|value| value.split_once('/').map(|(start, _)| start.text.to_owned()))
            .collect();
        let is_whole = starts.len() == line.value.split(',').count();
        let instead = is_whole.then(|| rewritten(parameter, starts));
        return Some((Mistake::Period { instead }, span()));
    }
    let parameter = kind("DATE")?;
    let times = times_of(line, lines);
    let mut values = Vec::new();
    for value in line.value.split(',') {
        match date(value, &times) {
            // A date and time, in spite of the parameter.
            Ok(_) => values.push(value.text.to_owned()),
            Err((Mistake::DateTime { instead }, _)) if !instead.is_empty() => {
                // Of several times the one of DTSTART is the one that a calendar means.
                values.extend(instead.last().cloned());
            }
            Err(wrong) => return Some(wrong),
        }
    }
    Some((Mistake::DateOnly { instead: rewritten(parameter, values) }, span()))
}

/// The times that complete a mere date in the hint: midnight for `DTSTART`; for `EXDATE` the time of `DTSTART`, since
/// it takes a time of the rule away, and none where the rule has several; for `RDATE` either.
pub(super) fn times_of(line: &Line<'_>, lines: &[Line<'_>]) -> Vec<String> {
    let midnight = || "000000".to_owned();
    let start = lines.iter().find(|line| line.name == "DTSTART").map_or(String::new(), |line| {
        let text = line.value.text.trim_end_matches(['Z', 'z']);
        let is_time = date(line.value, &[]).is_ok();
        if is_time { text[9..].to_owned() } else { midnight() }
    });
    let has_times = || {
        let parts = ["BYHOUR=", "BYMINUTE=", "BYSECOND=", "FREQ=HOURLY"];
        let rules = lines.iter().filter(|line| line.name == "RRULE");
        rules
            .into_iter()
            .any(|line| parts.iter().any(|part| line.value.text.to_ascii_uppercase().contains(part)))
    };
    match line.name {
        "EXDATE" if start.is_empty() || has_times() => Vec::new(),
        "EXDATE" => vec![start],
        "RDATE" if !start.is_empty() && start != midnight() => vec![midnight(), start],
        _ => vec![midnight()],
    }
}
