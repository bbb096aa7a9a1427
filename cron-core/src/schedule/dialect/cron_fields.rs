//! From the text of a dialect of cron to the options of a job.

use super::error::{DialectProblem as Problem, Reading};
use super::item::{Read, Reader};
use super::piece::Piece;
use super::rules::{Days, Rules};
use super::values::{Values, expression};
use super::{Dialect, Translated};
use crate::duration::{format_duration, parse_duration};
use crate::schedule::cron::Field;
use crate::schedule::error::ScheduleError;
use crate::schedule::zone;

/// The nicknames that all dialects with nicknames have. They mean the same in ours.
const NICKNAMES: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// What stands in front of a zone.
const ZONES: [&str; 2] = ["CRON_TZ=", "TZ="];

const FROM_CREATION: &str = "AWS counts a rate from the creation of its rule, `every` from 1970-01-01T00:00:00Z; `phase` moves that grid";

pub(super) fn read(piece: Piece<'_>, rules: &Rules, zone: &str) -> Result<Translated, ScheduleError> {
    let is_aws = piece.dialect() == Dialect::Aws;
    let (piece, zone) = zone_in_front(piece, zone)?;
    if is_aws && piece.text().contains(['(', ')']) {
        return aws_form(piece, rules, zone);
    }
    let of_aws = ["cron(", "rate("].iter().any(|start| piece.strip_prefix(start).is_some());
    if of_aws && !is_aws {
        return Err(piece.error(Problem::OfAws));
    }
    if piece.text().starts_with('@') {
        return nickname(piece, rules, zone);
    }
    calendar(piece, rules, zone)
}

/// What is behind the zone in front of the text, and that zone or else the given one.
fn zone_in_front<'a>(piece: Piece<'a>, given: &'a str) -> Result<(Piece<'a>, &'a str), ScheduleError> {
    let behind = ZONES.iter().find_map(|start| piece.strip_prefix(start));
    let Some(behind) = behind else { return Ok((piece, given)) };
    let name = behind.words().next().unwrap_or(behind.first(0));
    Ok((behind.behind(name.text().len()).trimmed(), zone::parse(name.text())?.name()))
}

/// `cron(...)`, `rate(...)` and `at(...)`.
fn aws_form(piece: Piece<'_>, rules: &Rules, zone: &str) -> Result<Translated, ScheduleError> {
    let Some(inside) = piece.strip_suffix(")") else { return Err(piece.error(Problem::Form)) };
    if let Some(fields) = inside.strip_prefix("cron(") {
        return calendar(fields.trimmed(), rules, zone);
    }
    if let Some(date) = inside.strip_prefix("at(") {
        let date = date.trimmed();
        // An offset is none of this form, and would make another schedule of it.
        let is_local = date.text().len() == "2026-12-25T00:00:00".len();
        return if is_local {
            Translated::at(date.text().to_owned(), zone, date)
        } else {
            Err(date.error(Problem::DateTime))
        };
    }
    let Some(rate) = inside.strip_prefix("rate(").map(Piece::trimmed) else {
        return Err(piece.error(Problem::Form));
    };
    let words: Vec<Piece<'_>> = rate.words().collect();
    let period = match words[..] {
        [number, unit] => {
            let unit = match unit.text() {
                "minute" | "minutes" => Some("m"),
                "hour" | "hours" => Some("h"),
                "day" | "days" => Some("d"),
                _ => None,
            };
            number.number().zip(unit).map(|(number, unit)| format!("{number}{unit}"))
        }
        _ => None,
    };
    let duration = period.ok_or_else(|| rate.error(Problem::Duration(None)))?;
    let duration = parse_duration(&duration).map_err(|error| rate.error(Problem::Duration(Some(error))))?;
    let translated = Translated::every(format_duration(duration), None, zone, rate)?;
    Ok(Translated { note: Some(FROM_CREATION), ..translated })
}

fn nickname(piece: Piece<'_>, rules: &Rules, zone: &str) -> Result<Translated, ScheduleError> {
    let is_temporal = piece.dialect() == Dialect::Temporal;
    if let Some(period) = piece.strip_prefix("@every").filter(|_| is_temporal) {
        return every(period.trimmed(), zone);
    }
    let known = NICKNAMES.iter().find(|name| piece.text() == **name).filter(|_| rules.nicknames);
    if let Some(name) = known {
        return Translated::cron((*name).to_owned(), zone, piece);
    }
    if piece.text() == "@reboot" {
        return Err(piece.error(Problem::Reboot));
    }
    let known = match (rules.nicknames, is_temporal) {
        (false, _) => "",
        (true, false) => "@yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly",
        (true, true) => "@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every",
    };
    Err(piece.error(Problem::Nickname { known }))
}

/// `5m` or `14h/3h`: a rate on the grid of 1970, as ours, and its phase.
fn every(piece: Piece<'_>, zone: &str) -> Result<Translated, ScheduleError> {
    let duration = |part: Piece<'_>| {
        let read = parse_duration(part.text()).map_err(|error| part.error(Problem::Duration(Some(error))))?;
        Ok::<_, ScheduleError>(format_duration(read))
    };
    match piece.split_once("/") {
        Some((period, phase)) => Translated::every(duration(period)?, Some(duration(phase)?), zone, piece),
        None => Translated::every(duration(piece)?, None, zone, piece),
    }
}

/// The fields of a calendar.
fn calendar(piece: Piece<'_>, rules: &Rules, zone: &str) -> Result<Translated, ScheduleError> {
    let words: Vec<Piece<'_>> = piece.words().collect();
    let Some(layout) = rules.layouts.iter().find(|layout| layout.len() == words.len()) else {
        return Err(piece.error(Problem::FieldCount { found: words.len(), wanted: wanted(rules) }));
    };
    let part = |field: Field| layout.iter().position(|place| *place == field).map(|place| words[place]);
    let field = |field: Field| part(field).map(|part| Reader::read(rules, field, part)).transpose();
    let (minute, jitter) = match part(Field::Minute) {
        Some(part) if piece.dialect() == Dialect::Crontab && part.text().contains('~') => {
            spread(part, rules)?
        }
        _ => (field(Field::Minute)?, None),
    };
    let second = field(Field::Second)?;
    let (hour, day, month) = (field(Field::Hour)?, field(Field::DayOfMonth)?, field(Field::Month)?);
    let (weekday, year) = (field(Field::DayOfWeek)?, field(Field::Year)?);
    let text = |read: Option<Read>, default: &str| read.map_or(default.to_owned(), |read| full_or(&read));
    let (second, minute, hour) = (text(second, "0"), text(minute, "*"), text(hour, "*"));
    let month = text(month, "*");
    let year = year.filter(|year| !year.is_open).map(|year| full_or(&year)).filter(|year| year != "*");
    let expressed = |(day, weekday): (String, String)| {
        expression(&second, [&minute, &hour, &day, &month, &weekday], year.as_deref())
    };
    let days = match (day, weekday) {
        (Some(day), Some(weekday)) => days(&day, &weekday, rules, layout.contains(&Field::Year)),
        _ => Ok(("*".to_owned(), "*".to_owned())),
    };
    match days {
        Ok(days) => {
            let translated = Translated::cron(expressed(days), zone, piece)?;
            Ok(Translated { jitter, ..translated })
        }
        Err([either, both]) => {
            let first = Reading { meaning: "one of the two days", ours: expressed(either) };
            let second = Reading { meaning: "both at once", ours: expressed(both) };
            Err(piece.error(Problem::TwoReadings { first, second }))
        }
    }
}

/// The text of a field, `*` where it begins with `*` and has all values.
fn full_or(read: &Read) -> String {
    let is_star = read.begins_with_star || read.values.text().starts_with('*');
    if is_star && read.values.is_full() { "*".to_owned() } else { read.values.text() }
}

/// Both day fields in our words; where there are two readings, those for either and for both.
fn days(
    day: &Read,
    weekday: &Read,
    rules: &Rules,
    has_year: bool,
) -> Result<(String, String), [(String, String); 2]> {
    let star = || "*".to_owned();
    let alone = |read: &Read| if read.is_open || read.values.is_full() { star() } else { read.values.text() };
    if day.is_open || weekday.is_open {
        return Ok((alone(day), alone(weekday)));
    }
    let any_is_full = day.values.is_full() || weekday.values.is_full();
    let either = || match any_is_full {
        true => (star(), star()),
        false => (day.values.text(), weekday.values.text()),
    };
    let both = || match any_is_full {
        true => (alone(day), alone(weekday)),
        false => (day.values.text(), format!("+{}", weekday.values.text())),
    };
    match rules.days {
        Days::Either => Ok(either()),
        Days::Both => Ok(both()),
        Days::BothAfterStar if day.begins_with_star || weekday.begins_with_star => Ok(both()),
        Days::BothAfterStar => Ok(either()),
        Days::EitherUnlessFull if !any_is_full => Ok(either()),
        Days::BothWithYear if has_year => Ok(both()),
        Days::EitherUnlessFull | Days::BothWithYear | Days::OneOpen => Err([either(), both()]),
    }
}

/// The minute as `a~b`, a random one of these: its first one, and the jitter that spreads runs from there.
fn spread(piece: Piece<'_>, rules: &Rules) -> Result<(Option<Read>, Option<String>), ScheduleError> {
    let Some((from, to)) = piece.split_once("~") else { return Err(piece.error(Problem::Spread)) };
    let (least, most) = rules.range(Field::Minute);
    let value = |part: Piece<'_>, default: u32| match part.number() {
        Some(number) if number <= most => Ok(number),
        None if part.is_empty() => Ok(default),
        _ => Err(piece.error(Problem::Spread)),
    };
    let (first, last) = (value(from, least)?, value(to, most)?);
    let Some(width) = last.checked_sub(first) else { return Err(piece.error(Problem::Spread)) };
    let read = Read { values: Values::of(Field::Minute, first), is_open: false, begins_with_star: false };
    Ok((Some(read), (width > 0).then(|| format!("{width}m"))))
}

/// The fields of a dialect, in words.
fn wanted(rules: &Rules) -> String {
    let one = |layout: &&[Field]| {
        let names: Vec<String> = layout.iter().map(ToString::to_string).collect();
        format!("{} fields: {}", layout.len(), names.join(", "))
    };
    rules.layouts.iter().map(one).collect::<Vec<_>>().join("; or ")
}
