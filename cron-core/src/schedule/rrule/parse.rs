//! The text of RFC 5545: lines, parts and dates, each with its place, so that an error can point at it.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use super::foreign::{calendar_file, nearest, spaced_zone, times_of, without_time};
use super::mistake::RruleMistake as Mistake;
use super::part::{Beside, read_rule};
use super::rule::{End, Rule, Stamp};
use crate::schedule::error::{ScheduleError, ScheduleErrorKind};
use crate::schedule::zone;

/// The longest text, in bytes: room for some 500 dates of `EXDATE` and `RDATE`.
pub(super) const MAX_LENGTH: usize = 8_192;

/// The longest `INTERVAL`. A step of ten thousand hours is more than a year already.
pub(super) const MAX_INTERVAL: u16 = 10_000;

pub(super) const LINES: [&str; 4] = ["DTSTART", "RRULE", "RDATE", "EXDATE"];

/// All that a text says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Definition {
    pub(super) zone: Tz,
    /// `DTSTART` as a local second; `None` is the first registration.
    pub(super) start: Option<i64>,
    pub(super) rule: Rule,
    /// `EXDATE`: local seconds, ascending.
    pub(super) removed: Box<[i64]>,
    /// `RDATE`: local seconds, ascending.
    pub(super) added: Box<[i64]>,
}

impl Definition {
    /// Takes a local second away, as `EXDATE` does.
    pub(super) fn remove(&mut self, second: i64) {
        let mut removed = self.removed.to_vec();
        removed.push(second);
        removed.sort_unstable();
        removed.dedup();
        self.removed = removed.into();
    }
}

/// A part of the text and where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

impl<'a> Piece<'a> {
    pub(super) fn span(self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(super) fn split(self, between: char) -> impl Iterator<Item = Self> {
        let mut at = self.at;
        self.text.split(between).map(move |text| {
            let piece = Self { at, text };
            at += text.len() + between.len_utf8();
            piece
        })
    }

    /// What stands before and behind the first of a character.
    pub(super) fn split_once(self, between: char) -> Option<(Self, Self)> {
        let (before, behind) = self.text.split_once(between)?;
        let at = self.at + before.len() + between.len_utf8();
        Some((Self { at: self.at, text: before }, Self { at, text: behind }))
    }

    pub(super) fn is(self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

/// A mistake and its place, before the whole text is put to it.
pub(super) type Wrong = (Mistake, Range<usize>);

/// A line: its name, its parameters, and its value.
pub(super) struct Line<'a> {
    pub(super) name: &'static str,
    pub(super) named: Piece<'a>,
    pub(super) parameters: Vec<Piece<'a>>,
    pub(super) value: Piece<'a>,
}

pub(super) fn parse(text: &str, zone: Tz) -> Result<Definition, ScheduleError> {
    let refuse = |(mistake, span)| ScheduleError::new(ScheduleErrorKind::Rrule(mistake), text, span);
    if text.len() > MAX_LENGTH {
        return Err(refuse((Mistake::TooLong { bytes: text.len() }, 0..text.len())));
    }
    if let Some(wrong) = calendar_file(text) {
        return Err(refuse(wrong));
    }
    let lines = lines(text).map(read_line).collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|wrong| spaced_zone(text).unwrap_or_else(|| refuse(wrong)))?;
    let zone = own_zone(&lines, zone, text)?;
    define(&lines, zone, text).map_err(refuse)
}

/// The lines, which stand apart by line breaks, by blanks, or by `\n` written as two characters.
fn lines(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = Piece { at: 0, text };
    std::iter::from_fn(move || {
        loop {
            if rest.text.is_empty() {
                return None;
            }
            let is_break = |c: char| c.is_whitespace() || c == '\\';
            let end = rest.text.find(is_break).unwrap_or(rest.text.len());
            let line = Piece { at: rest.at, text: &rest.text[..end] };
            let behind = &rest.text[end..];
            let width = match behind.strip_prefix("\\n").or(behind.strip_prefix("\\r")) {
                Some(_) => 2,
                None => behind.chars().next().map_or(0, char::len_utf8),
            };
            rest = Piece { at: rest.at + end + width, text: &behind[width..] };
            if !line.text.is_empty() {
                return Some(line);
            }
        }
    })
}

fn read_line(line: Piece<'_>) -> Result<Line<'_>, Wrong> {
    let Some((head, value)) = line.split_once(':') else {
        // The rule alone, without the name of its line.
        if line.text.contains('=') && !LINES.iter().any(|name| starts_with(line.text, name)) {
            let named = Piece { at: line.at, text: &line.text[..0] };
            return Ok(Line { name: "RRULE", named, parameters: Vec::new(), value: line });
        }
        return Err(match LINES.iter().any(|name| starts_with(line.text, name)) {
            true => (Mistake::NoValue, line.span()),
            false => (unknown_line(line), line.span()),
        });
    };
    let mut parts = head.split(';');
    let named = parts.next().unwrap_or(head);
    let name = LINES.into_iter().find(|name| named.is(name));
    let name = name.ok_or_else(|| (unknown_line(named), named.span()))?;
    let parameters: Vec<_> = parts.collect();
    if let Some(parameter) = parameters.first().filter(|_| name == "RRULE") {
        return Err((Mistake::Parameter, parameter.span()));
    }
    Ok(Line { name, named, parameters, value })
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn unknown_line(name: Piece<'_>) -> Mistake {
    if name.is("EXRULE") {
        Mistake::ExceptionRule
    } else {
        Mistake::UnknownLine { nearest: nearest(name.text, &LINES) }
    }
}

/// The zone of the schedule: that of `TZID`, UTC for a `DTSTART` that ends in `Z`, else the one that was given.
fn own_zone(lines: &[Line<'_>], given: Tz, text: &str) -> Result<Tz, ScheduleError> {
    let refuse = |mistake, span| refuse_line(mistake, span, text);
    let mut own: Option<Tz> = None;
    for line in lines {
        without_time(line, lines).map_or(Ok(()), |(mistake, span)| refuse_line(mistake, span, text))?;
        for parameter in &line.parameters {
            let (name, value) = match parameter.split_once('=') {
                Some(pair) => pair,
                None => return refuse(Mistake::Parameter, parameter.span()),
            };
            if name.is("VALUE") && value.is("DATE-TIME") {
                continue;
            }
            if !name.is("TZID") {
                return refuse(Mistake::Parameter, parameter.span());
            }
            let zone = zone::parse(value.text.trim_matches('"'))
                .map_err(|error| ScheduleError::new(error.kind().clone(), text, value.span()))?;
            if *own.get_or_insert(zone) != zone {
                return refuse(Mistake::OtherZone { zone: own.unwrap_or(zone).name() }, value.span());
            }
            // UTC is what is given when nothing is said, so it gives way.
            if given != Tz::UTC && given != zone {
                return refuse(Mistake::OtherZone { zone: given.name() }, value.span());
            }
        }
        if line.name == "DTSTART" && line.value.text.ends_with(['Z', 'z']) {
            if let Some(zone) = own.or(Some(given)).filter(|zone| *zone != Tz::UTC) {
                let local = local_text(line.value, zone);
                return refuse(Mistake::UtcInZone { zone: zone.name(), local }, line.value.span());
            }
            own = Some(Tz::UTC);
        }
    }
    Ok(own.unwrap_or(given))
}

/// The same moment in local time, as a hint; what is no date stays as it is.
fn local_text(value: Piece<'_>, zone: Tz) -> String {
    let local = date(value, &[]).ok().and_then(|stamp| DateTime::from_timestamp(stamp.second, 0));
    let Some(instant) = local else { return value.text.trim_end_matches(['Z', 'z']).to_owned() };
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
    Stamp(instant.timestamp() + i64::from(offset)).to_string()
}

fn refuse_line<T>(mistake: Mistake, span: Range<usize>, text: &str) -> Result<T, ScheduleError> {
    Err(ScheduleError::new(ScheduleErrorKind::Rrule(mistake), text, span))
}

fn define(lines: &[Line<'_>], zone: Tz, text: &str) -> Result<Definition, Wrong> {
    let (mut start, mut rule) = (None, None);
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let has_dates = lines.iter().any(|line| line.name == "RDATE" || line.name == "EXDATE");
    let times = |line: &Line<'_>| times_of(line, lines);
    for line in lines {
        match line.name {
            "DTSTART" if start.is_none() => start = Some(local(line.value, zone, &times(line))?),
            "RRULE" if rule.is_none() => {
                let first = lines.iter().find(|line| line.name == "DTSTART");
                let first = first.and_then(|line| local(line.value, zone, &[]).ok());
                let beside = Beside { start: first, has_dates };
                rule = Some(read_rule(line.value, zone, &beside)?);
            }
            "DTSTART" | "RRULE" => {
                let span = if line.named.text.is_empty() { line.value.span() } else { line.named.span() };
                return Err((Mistake::LineTwice, span));
            }
            name => {
                let dates = if name == "EXDATE" { &mut removed } else { &mut added };
                let times = times(line);
                for value in line.value.split(',') {
                    dates.push(local(value, zone, &times)?);
                }
            }
        }
    }
    let Some((rule, end)) = rule else { return Err((Mistake::NoRule, 0..text.len())) };
    let first = start.and_then(|start| zone::table(zone).instant_of(start));
    let is_over = match rule.end {
        End::UntilLocal(last) => start.is_some_and(|start| last < start),
        End::UntilInstant(last) => first.is_some_and(|(first, _)| last < first),
        End::Never | End::Count(_) => false,
    };
    if is_over {
        return Err((Mistake::EndsBeforeStart, end));
    }
    for dates in [&mut removed, &mut added] {
        dates.sort_unstable();
        dates.dedup();
    }
    Ok(Definition { zone, start, rule, removed: removed.into(), added: added.into() })
}

/// A date and time, and whether it ends in `Z`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) second: i64,
    pub(super) is_utc: bool,
}

/// Reads `20260105T090000` or `20260105T090000Z`; `times` complete a mere date in the hint.
pub(super) fn date(value: Piece<'_>, times: &[String]) -> Result<Moment, Wrong> {
    let digits = value.text.strip_suffix(['Z', 'z']);
    let (text, is_utc) = (digits.unwrap_or(value.text), digits.is_some());
    if let Some(second) = second_of(text) {
        return Ok(Moment { second, is_utc });
    }
    let utc = if is_utc { "Z" } else { "" };
    if is_date(text) {
        let instead: Vec<String> = times.iter().map(|time| format!("{text}T{time}{utc}")).collect();
        let mistake = if instead.is_empty() { Mistake::WholeDay } else { Mistake::DateTime { instead } };
        return Err((mistake, value.span()));
    }
    // `2026-01-05T09:00:00` is what most other programs write.
    let has_dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-") && text.len() < 20;
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let plain = if plain.len() == 13 && plain.contains('T') { format!("{plain}00") } else { plain };
    let mistake = if has_dashes && is_date(&plain) {
        let instead: Vec<String> = times.iter().map(|time| format!("{plain}T{time}{utc}")).collect();
        if instead.is_empty() { Mistake::WholeDay } else { Mistake::DateTime { instead } }
    } else if (has_dashes || text.len() == 13) && second_of(&plain).is_some() {
        Mistake::DateForm { instead: format!("{plain}{utc}") }
    } else {
        Mistake::DateTime { instead: Vec::new() }
    };
    Err((mistake, value.span()))
}

fn number(text: &str, range: Range<usize>) -> Option<u32> {
    let part = text.get(range)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

/// The date that eight digits begin with.
fn day(text: &str) -> Option<NaiveDate> {
    let year = number(text, 0..4).filter(|year| (1970..2200).contains(year))?;
    // A year of four digits.
    NaiveDate::from_ymd_opt(year as i32, number(text, 4..6)?, number(text, 6..8)?)
}

/// Whether a text is a date and nothing else.
fn is_date(text: &str) -> bool {
    text.len() == 8 && day(text).is_some()
}

/// `20260105T090000` in seconds since 1970.
fn second_of(text: &str) -> Option<i64> {
    let separator = text.get(8..9)?;
    let is_whole = text.len() == 15 && separator.eq_ignore_ascii_case("T");
    let time = day(text)?.and_hms_opt(number(text, 9..11)?, number(text, 11..13)?, number(text, 13..15)?)?;
    is_whole.then(|| time.and_utc().timestamp())
}

/// A date and time on the clock of the zone.
fn local(value: Piece<'_>, zone: Tz, times: &[String]) -> Result<i64, Wrong> {
    let Moment { second, is_utc } = date(value, times)?;
    if is_utc && zone != Tz::UTC {
        let local = local_text(value, zone);
        return Err((Mistake::UtcInZone { zone: zone.name(), local }, value.span()));
    }
    Ok(second)
}
