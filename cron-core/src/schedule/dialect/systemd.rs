//! Calendar events of systemd (systemd.time(7)), alone or as the lines of a timer.

use std::time::Duration;

use chrono::DateTime;

use super::Translated;
use super::error::DialectProblem as Problem;
use super::names::Names;
use super::piece::Piece;
use super::values::{Values, expression};
use crate::duration::{MAX_DURATION, format_duration};
use crate::schedule::cron::Field;
use crate::schedule::error::ScheduleError;
use crate::schedule::zone;

/// Shorthands, in our words. A week begins on Monday here.
const SHORTHANDS: [(&str, &str); 13] = [
    ("minutely", "* * * * *"),
    ("hourly", "0 * * * *"),
    ("daily", "0 0 * * *"),
    ("weekly", "0 0 * * MON"),
    ("monthly", "0 0 1 * *"),
    ("yearly", "0 0 1 1 *"),
    ("annually", "0 0 1 1 *"),
    ("anually", "0 0 1 1 *"),
    ("quarterly", "0 0 1 1,4,7,10 *"),
    ("biannually", "0 0 1 1,7 *"),
    ("bi-annually", "0 0 1 1,7 *"),
    ("semiannually", "0 0 1 1,7 *"),
    ("semi-annually", "0 0 1 1,7 *"),
];

/// Units of a time span, in milliseconds. Months and years are none of a fixed length.
const UNITS: [(&[&str], u64); 6] = [
    (&["ms", "msec"], 1),
    (&["", "s", "sec", "second", "seconds"], 1_000),
    (&["m", "min", "minute", "minutes"], 60_000),
    (&["h", "hr", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
    (&["w", "week", "weeks"], 604_800_000),
];

pub(super) fn read(piece: Piece<'_>, zone: &str) -> Result<Translated, ScheduleError> {
    if !piece.text().contains('=') {
        return event(piece, zone);
    }
    let (mut calendar, mut delay) = (None, None);
    for line in piece.split('\n').map(Piece::trimmed) {
        if line.is_empty() || line.text() == "[Timer]" || line.text().starts_with(['#', ';']) {
            continue;
        }
        let Some((name, value)) = line.split_once("=") else { return Err(line.error(Problem::Line)) };
        let place = match name.trimmed().text() {
            "OnCalendar" => &mut calendar,
            "RandomizedDelaySec" => &mut delay,
            _ => return Err(line.error(Problem::Line)),
        };
        if place.replace(value.trimmed()).is_some() {
            return Err(line.error(Problem::LineTwice));
        }
    }
    let calendar = calendar.ok_or_else(|| piece.error(Problem::NoCalendar))?;
    let jitter = delay.map(time_span).transpose()?.filter(|delay| !delay.is_zero()).map(format_duration);
    Ok(Translated { jitter, ..event(calendar, zone)? })
}

/// `30`, `5min` or `1h 30min`; a number alone is seconds.
fn time_span(piece: Piece<'_>) -> Result<Duration, ScheduleError> {
    let refuse = || piece.error(Problem::Duration(None));
    let (mut rest, mut all) = (piece.text(), 0_u64);
    if rest.is_empty() {
        return Err(refuse());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| refuse())?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(names, _)| names.contains(&&rest[..letters])).ok_or_else(refuse)?;
        all = number.checked_mul(unit.1).and_then(|ms| all.checked_add(ms)).ok_or_else(refuse)?;
        rest = rest[letters..].trim_start();
    }
    let span = Duration::from_millis(all);
    if span > MAX_DURATION { Err(refuse()) } else { Ok(span) }
}

/// One calendar event, with or without a zone behind it.
fn event(piece: Piece<'_>, given: &str) -> Result<Translated, ScheduleError> {
    let mut words: Vec<Piece<'_>> = piece.words().collect();
    let is_name = |word: &Piece<'_>| word.text().starts_with(|c: char| c.is_ascii_alphabetic());
    let is_zone = words.len() > 1 && words.last().is_some_and(is_name);
    let zone = match words.last() {
        Some(word) if is_zone && word.text().eq_ignore_ascii_case("UTC") => "UTC",
        Some(word) if is_zone => zone::parse(word.text())?.name(),
        _ => given,
    };
    words.truncate(words.len() - usize::from(is_zone));
    if let [word] = words[..] {
        if let Some((_, ours)) = SHORTHANDS.iter().find(|(name, _)| word.text().eq_ignore_ascii_case(name)) {
            return Translated::cron((*ours).to_owned(), zone, word);
        }
        if word.text().starts_with('@') {
            return timestamp(word, zone);
        }
    }
    let mut words = words.into_iter().peekable();
    let weekdays = words.next_if(is_name).map(weekdays).transpose()?;
    let date = words.next_if(|word| word.text().contains(['-', '~']) && !word.text().contains(':'));
    let date = date.map(Date::read).transpose()?;
    let time = words.next_if(|word| word.text().contains(':')).map(Time::read).transpose()?;
    if let Some(word) = words.next() {
        return Err(word.error(Problem::Calendar));
    }
    if weekdays.is_none() && date.is_none() && time.is_none() {
        return Err(piece.error(Problem::Calendar));
    }
    let (date, time) = (date.unwrap_or_else(Date::any), time.unwrap_or_else(Time::midnight));
    if let Some(moment) = date.single().filter(|_| weekdays.is_none()).zip(time.single()) {
        let ((year, month, day), (hour, minute, second)) = moment;
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if let Ok(translated) = Translated::at(text, zone, piece) {
            return Ok(translated);
        }
        // A day that does not exist never comes, which the fields say as well.
    }
    let day = full_or(&date.day);
    let weekday = match weekdays.filter(|days| !days.is_full()).map(|days| days.text()) {
        None => "*".to_owned(),
        Some(days) if day == "*" => days,
        Some(days) => format!("+{days}"),
    };
    let (year, month) = (full_or(&date.year), full_or(&date.month));
    let (hour, minute, second) = (full_or(&time.hour), full_or(&time.minute), full_or(&time.second));
    let year = (year != "*").then_some(year);
    let text = expression(&second, [&minute, &hour, &day, &month, &weekday], year.as_deref());
    Translated::cron(text, zone, piece)
}

/// `@1395716396`: seconds since 1970.
fn timestamp(piece: Piece<'_>, zone: &str) -> Result<Translated, ScheduleError> {
    let seconds: Option<i64> = piece.behind(1).text().parse().ok();
    let instant = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let instant = instant.ok_or_else(|| piece.error(Problem::DateTime))?;
    Translated::at(instant.format("%Y-%m-%dT%H:%M:%SZ").to_string(), zone, piece)
}

/// `Mon..Fri`, `Sat,Sun`, and `Mon-Fri` as in old releases.
fn weekdays(piece: Piece<'_>) -> Result<Values, ScheduleError> {
    let mut values = Values::new(Field::DayOfWeek);
    // From Monday, 1, to Sunday, 7.
    let number = |part: Piece<'_>| match Names::ShortOrFull.day(part.text()) {
        Some(0) => Ok(7),
        Some(day) => Ok(day),
        None => Err(part.error(Problem::NotAValue {
            field: Field::DayOfWeek,
            allowed: "Mon-Sun or Monday-Sunday".to_owned(),
        })),
    };
    let list = piece.strip_suffix(",").unwrap_or(piece);
    for item in list.split(',') {
        let (first, last) = match item.split_once("..").or_else(|| item.split_once("-")) {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(item)?, number(item)?),
        };
        if first > last {
            values = Values::new(Field::DayOfWeek);
            values.list((first..=last + 7).map(|day| day % 7));
            return Err(item.error(Problem::BackwardRange { instead: values.text() }));
        }
        values.list((first..=last).map(|day| day % 7));
    }
    Ok(values)
}

struct Date {
    year: Values,
    month: Values,
    day: Values,
}

impl Date {
    fn any() -> Self {
        let any = |field| {
            let mut values = Values::new(field);
            values.star(1);
            values
        };
        Self { year: any(Field::Year), month: any(Field::Month), day: any(Field::DayOfMonth) }
    }

    /// `2026-12-25`, `12-25`, `*-*-1..7`, and `*-02~03` for days that are counted from the end of the month.
    fn read(piece: Piece<'_>) -> Result<Self, ScheduleError> {
        let (front, last) = match piece.split_once("~") {
            Some((front, last)) => (front, Some(last)),
            None => (piece, None),
        };
        let mut parts: Vec<Piece<'_>> = front.split('-').collect();
        let from_end = last.is_some();
        parts.extend(last);
        let (year, month, day) = match parts[..] {
            [month, day] => (None, month, day),
            [year, month, day] => (Some(year), month, day),
            _ => return Err(piece.error(Problem::Calendar)),
        };
        Ok(Self {
            year: year.map_or(Ok(Self::any().year), |year| component(year, Field::Year))?,
            month: component(month, Field::Month)?,
            day: if from_end { days_from_end(day)? } else { component(day, Field::DayOfMonth)? },
        })
    }

    fn single(&self) -> Option<(u32, u32, u32)> {
        Some((self.year.single()?, self.month.single()?, self.day.single()?))
    }
}

struct Time {
    hour: Values,
    minute: Values,
    second: Values,
}

impl Time {
    fn midnight() -> Self {
        let zero = |field| Values::of(field, 0);
        Self { hour: zero(Field::Hour), minute: zero(Field::Minute), second: zero(Field::Second) }
    }

    /// `09:00`, `*:0/5`, `00/03:00:30`.
    fn read(piece: Piece<'_>) -> Result<Self, ScheduleError> {
        let parts: Vec<Piece<'_>> = piece.split(':').collect();
        let (hour, minute, second) = match parts[..] {
            [hour, minute] => (hour, minute, None),
            [hour, minute, second] => (hour, minute, Some(second)),
            _ => return Err(piece.error(Problem::Calendar)),
        };
        Ok(Self {
            hour: component(hour, Field::Hour)?,
            minute: component(minute, Field::Minute)?,
            second: second
                .map_or(Ok(Values::of(Field::Second, 0)), |second| component(second, Field::Second))?,
        })
    }

    fn single(&self) -> Option<(u32, u32, u32)> {
        Some((self.hour.single()?, self.minute.single()?, self.second.single()?))
    }
}

/// An item of a list: `a`, `a..b`, `a/n` or `a..b/n`.
struct Item {
    first: u32,
    last: Option<u32>,
    step: Option<u32>,
}

impl Item {
    fn read(piece: Piece<'_>, field: Field, (least, most): (u32, u32)) -> Result<Self, ScheduleError> {
        let (values, step) = match piece.split_once("/") {
            Some((values, step)) => (values, Some(step)),
            None => (piece, None),
        };
        let (first, last) = match values.split_once("..") {
            Some((first, last)) => (first, Some(last)),
            None => (values, None),
        };
        let number = |part: Piece<'_>| {
            let is_fraction = field == Field::Second && part.text().contains('.');
            let number = part.number().ok_or_else(|| {
                piece.error(if is_fraction { Problem::Fraction } else { Problem::Calendar })
            })?;
            let number = match number {
                0..70 if field == Field::Year => number + 2_000,
                70..100 if field == Field::Year => number + 1_900,
                _ => number,
            };
            let fits = (least..=most).contains(&number);
            let allowed = || format!("{least}-{most}");
            if fits { Ok(number) } else { Err(part.error(Problem::OutOfRange { field, allowed: allowed() })) }
        };
        let step = match step.map(|step| (step.number(), step.text().contains('.'))) {
            None => None,
            Some((Some(step), _)) if step > 0 => Some(step),
            Some((None, true)) if field == Field::Second => return Err(piece.error(Problem::Fraction)),
            Some(_) => return Err(piece.error(Problem::BadStep)),
        };
        Ok(Self { first: number(first)?, last: last.map(number).transpose()?, step })
    }
}

/// The values of a part of a date or a time.
fn component(piece: Piece<'_>, field: Field) -> Result<Values, ScheduleError> {
    let mut values = Values::new(field);
    if piece.text() == "*" {
        values.star(1);
        return Ok(values);
    }
    let (least, most) = field.range();
    for part in piece.split(',') {
        let Item { first, last, step } = Item::read(part, field, (least, most))?;
        if let Some(last) = last.filter(|last| *last < first) {
            if field == Field::Year {
                return Err(part.error(Problem::Calendar));
            }
            values = Values::new(field);
            values.list((first..=most).chain(least..=last));
            return Err(part.error(Problem::BackwardRange { instead: values.text() }));
        }
        if step.is_some_and(|step| step > last.unwrap_or(most) - first) {
            return Err(part.error(Problem::StepOutOfField));
        }
        match (last, step) {
            (None, None) => values.range(first, first, 1),
            (None, Some(step)) if first == least => values.star(step),
            (last, step) => values.range(first, last.unwrap_or(most), step.unwrap_or(1)),
        }
    }
    Ok(values)
}

/// Days that are counted from the end of the month: `1` is the last one, and steps go towards it.
fn days_from_end(piece: Piece<'_>) -> Result<Values, ScheduleError> {
    let field = Field::DayOfMonth;
    let mut values = Values::new(field);
    if piece.text() == "*" {
        values.star(1);
        return Ok(values);
    }
    for part in piece.split(',') {
        let Item { first, last, step } = Item::read(part, field, (1, 28))?;
        if last.is_some_and(|last| last < first) {
            return Err(part.error(Problem::Calendar));
        }
        let (near, far) = match (last, step) {
            (Some(last), _) => (first, last),
            (None, Some(_)) => (1, first),
            (None, None) => (first, first),
        };
        if step.is_some_and(|step| step > far - near) {
            return Err(part.error(Problem::StepOutOfField));
        }
        let mut day = far;
        while day >= near {
            values.form(if day == 1 { "L".to_owned() } else { format!("L-{}", day - 1) });
            day = day.saturating_sub(step.unwrap_or(1));
            if day == 0 {
                break;
            }
        }
    }
    Ok(values)
}

/// The text of a part, `*` where it begins with `*` and has all values.
fn full_or(values: &Values) -> String {
    let text = values.text();
    if text.starts_with('*') && values.is_full() { "*".to_owned() } else { text }
}
