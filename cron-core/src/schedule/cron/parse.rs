//! From the text of a cron expression to masks.

use chrono_tz::Tz;

use super::fields::{ALL_DAYS, ALL_HOURS, ALL_MONTHS, ALL_WEEKDAYS, EACH_WEEK, Field, LAST_WEEK, Years};
use super::{CronSchedule, INTERVAL_LIKE};
use crate::schedule::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind as Kind};
use crate::suggest;

/// Nicknames and what they stand for (crontab(5)).
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A step behind `*` or a range.
struct Range {
    first: u32,
    last: u32,
    step: u32,
}

impl CronSchedule {
    /// Parses an expression as a user writes it.
    pub(in crate::schedule) fn parse(expression: &str, zone: Tz) -> Result<Self, ScheduleError> {
        if expression.len() > MAX_LENGTH {
            let kind = Kind::TooLong { bytes: expression.len() };
            return Err(ScheduleError::new(kind, expression, 0..expression.len()));
        }
        Self::parse_any_length(expression, zone)
    }

    /// Parses an expression without a limit: canonical text can be longer than what it was written as.
    pub(in crate::schedule) fn parse_any_length(expression: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let trimmed = expression.trim_matches([' ', '\t']);
        if trimmed.starts_with('@') {
            return nickname(expression, trimmed, zone);
        }
        let (fields, count) = split(expression);
        let first = match count {
            5 => 1,
            6 | 7 => 0,
            0 => return Err(ScheduleError::new(Kind::Empty, expression, 0..expression.len())),
            found => {
                let from = if found > 7 { fields[7].start } else { fields[0].start };
                let to = from.max(expression.trim_end_matches([' ', '\t']).len());
                return Err(ScheduleError::new(Kind::FieldCount { found }, expression, from..to));
            }
        };
        let part = |field: Field| Part { field, ..fields[field as usize - first] };
        let mut schedule = Self::every_second(zone);
        let mut fields_of_time = [Field::Second, Field::Minute, Field::Hour].into_iter().skip(first);
        if fields_of_time.any(|field| part(field).text().starts_with('*')) {
            schedule.flags = INTERVAL_LIKE;
        }
        schedule.seconds = if first == 0 { part(Field::Second).mask()? } else { 1 };
        schedule.minutes = part(Field::Minute).mask()?;
        schedule.hours = part(Field::Hour).mask()? as u32;
        let days_restricted = schedule.read_days(part(Field::DayOfMonth))?;
        schedule.months = part(Field::Month).mask()? as u16;
        let (weekdays_restricted, both) = schedule.read_weekdays(part(Field::DayOfWeek))?;
        if count == 7 {
            schedule.years = part(Field::Year).years()?;
        }
        schedule.settle_days(days_restricted && weekdays_restricted && !both);
        schedule.settle_search();
        Ok(schedule)
    }

    /// All fields unrestricted, and no flag set.
    pub(super) fn every_second(zone: Tz) -> Self {
        Self {
            seconds: super::fields::ALL_SIXTY,
            minutes: super::fields::ALL_SIXTY,
            weekdays: ALL_WEEKDAYS,
            years: None,
            hours: ALL_HOURS,
            days: ALL_DAYS,
            days_from_last: 0,
            months: ALL_MONTHS,
            zone,
            workday: 0,
            flags: 0,
            week: 0,
            first_time: 0,
        }
    }

    /// Reads the day of month; tells whether it is restricted.
    fn read_days(&mut self, part: Part<'_>) -> Result<bool, ScheduleError> {
        let text = part.text();
        if text == "*" || text == "?" {
            return Ok(false);
        }
        self.days = 0;
        if text.ends_with('W') && !text.contains(',') {
            self.workday = part.workday()?;
            return Ok(true);
        }
        for item in part.items() {
            let text = item.text();
            if text == "L" {
                self.days_from_last |= 1;
            } else if let Some(number) = text.strip_prefix("L-") {
                match number.parse::<u32>() {
                    Ok(back @ 1..=30) if all_digits(number) => self.days_from_last |= 1 << back,
                    _ => return Err(item.error(Kind::BadLastDay)),
                }
            } else if text.ends_with('W') {
                return Err(item.error(item.workday().map_or(Kind::BadWorkday, |_| Kind::WorkdayInList)));
            } else {
                self.days |= item.range()?.mask(1) as u32;
            }
        }
        Ok(true)
    }

    /// Reads the day of week; tells whether it is restricted, and whether it begins with `+`.
    pub(super) fn read_weekdays(&mut self, part: Part<'_>) -> Result<(bool, bool), ScheduleError> {
        let both = part.text().starts_with('+');
        let part = Part { start: part.start + usize::from(both), ..part };
        if part.text() == "*" || part.text() == "?" {
            return Ok((false, both));
        }
        self.weekdays = 0;
        for item in part.items() {
            self.weekdays |= item.weekdays()?;
        }
        Ok((true, both))
    }
}

fn nickname(expression: &str, word: &str, zone: Tz) -> Result<CronSchedule, ScheduleError> {
    if let Some((_, meaning)) = NICKNAMES.iter().find(|(name, _)| *name == word) {
        return CronSchedule::parse_any_length(meaning, zone);
    }
    let start = expression.find('@').unwrap_or(0);
    let kind = if word.eq_ignore_ascii_case("@reboot") {
        Kind::Reboot
    } else {
        Kind::UnknownNickname { nearest: suggest::nearest(word, NICKNAMES.map(|(name, _)| name)) }
    };
    Err(ScheduleError::new(kind, expression, start..start + word.len()))
}

/// Splits at runs of spaces and tabs. Returns the first eight parts and the number of all.
fn split(expression: &str) -> ([Part<'_>; 8], usize) {
    let mut parts = [Part { whole: expression, field: Field::Second, start: 0, end: 0 }; 8];
    let (mut count, mut inside) = (0, false);
    for (at, byte) in expression.bytes().enumerate() {
        let blank = byte == b' ' || byte == b'\t';
        if !blank {
            if !inside {
                count += 1;
                if count <= parts.len() {
                    parts[count - 1].start = at;
                }
            }
            if count <= parts.len() {
                parts[count - 1].end = at + 1;
            }
        }
        inside = !blank;
    }
    (parts, count)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Range {
    /// The values as bits, the value `zero` as bit 0.
    fn mask(&self, zero: u32) -> u64 {
        let (first, last) = (self.first - zero, self.last - zero);
        if self.step == 1 {
            return (u64::MAX >> (63 - last)) & (u64::MAX << first);
        }
        let (mut mask, mut bit) = (0, first);
        while bit <= last {
            mask |= 1 << bit;
            bit = bit.saturating_add(self.step);
        }
        mask
    }
}

/// A piece of an expression: a field, or a part of one. Never splits a character.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) whole: &'a str,
    pub(super) field: Field,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Part<'a> {
    pub(super) fn text(self) -> &'a str {
        &self.whole[self.start..self.end]
    }

    pub(super) fn error(self, kind: Kind) -> ScheduleError {
        ScheduleError::new(kind, self.whole, self.start..self.end)
    }

    /// The parts between commas.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let mut start = self.start;
        self.text().split(',').map(move |text| {
            let part = Self { start, end: start + text.len(), ..self };
            start = part.end + 1;
            part
        })
    }

    /// Splits at the first occurrence of a character, which belongs to neither side.
    fn split_at(self, at: char) -> Option<(Self, Self)> {
        let middle = self.start + self.text().find(at)?;
        Some((Self { end: middle, ..self }, Self { start: middle + at.len_utf8(), ..self }))
    }

    fn mask(self) -> Result<u64, ScheduleError> {
        let zero = self.field.range().0;
        if self.text() == "*" {
            return Ok(Range { first: zero, last: self.field.last(), step: 1 }.mask(zero));
        }
        self.items().try_fold(0, |mask, item| Ok(mask | item.range()?.mask(zero)))
    }

    fn years(self) -> Result<Option<Box<Years>>, ScheduleError> {
        let mut years = Years::NONE;
        for item in self.items() {
            let Range { first, last, step } = item.range()?;
            (first..=last).step_by(step as usize).for_each(|year| years.insert(year));
        }
        Ok((!years.is_full()).then(|| Box::new(years)))
    }

    /// `*`, a value or a range, with or without a step.
    fn range(self) -> Result<Range, ScheduleError> {
        let (values, step) = self.split_at('/').map_or((self, None), |(values, step)| (values, Some(step)));
        let number = step.map_or(Ok(1), |step| step.step(self))?;
        if values.text() == "*" {
            return Ok(Range { first: self.field.range().0, last: self.field.last(), step: number });
        }
        if let Some((from, to)) = values.split_at('-') {
            let (first, mut last) = (from.value()?, to.value()?);
            let is_sunday = |part: Self| part.text().eq_ignore_ascii_case("SUN");
            if self.field == Field::DayOfWeek && is_sunday(to) && !is_sunday(from) {
                last = 7;
            }
            if first > last {
                return Err(self.backward(from, to, (first, last), step.map(|_| number)));
            }
            return Ok(Range { first, last, step: number });
        }
        let value = values.value()?;
        if step.is_some() {
            let instead = format!("{}-{}/{number}", values.text(), self.last_text(values));
            return Err(self.error(Kind::StepNeedsRange { field: self.field, instead }));
        }
        Ok(Range { first: value, last: value, step: 1 })
    }

    fn step(self, item: Self) -> Result<u32, ScheduleError> {
        let refuse = Part { start: self.start - 1, end: item.end, ..self };
        if !all_digits(self.text()) || self.text().bytes().all(|byte| byte == b'0') {
            return Err(refuse.error(Kind::BadStep { field: self.field }));
        }
        // A step larger than the field leaves only the first value, however large it is.
        Ok(self.text().parse().unwrap_or(u32::MAX))
    }

    /// A number or a name.
    fn value(self) -> Result<u32, ScheduleError> {
        let text = self.text();
        let (least, most) = self.field.range();
        if all_digits(text) {
            // More than nine digits are out of range anyway, and may not fit.
            let digits = text.trim_start_matches('0');
            let number = if digits.is_empty() { Some(0) } else { digits.parse().ok() };
            return number
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| self.error(Kind::OutOfRange { field: self.field }));
        }
        let named = self.field.names().iter().zip(least..);
        let found = named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, value)| value).ok_or_else(|| self.not_a_value())
    }

    /// `D`, `D-D`, `D#n`, `D#L` or `DL` as bits of the weekdays mask.
    fn weekdays(self) -> Result<u64, ScheduleError> {
        if let Some((day, number)) = self.split_at('#') {
            let occurrence = match number.text() {
                "L" => LAST_WEEK,
                "1" | "2" | "3" | "4" | "5" => u32::from(number.text().as_bytes()[0] - b'1') * 7,
                _ => return Err(self.error(Kind::BadOccurrence)),
            };
            if day.text().contains(['-', '/', '*']) || day.text().is_empty() {
                return Err(self.error(Kind::BadOccurrence));
            }
            return Ok(1 << (occurrence + day.value()? % 7));
        }
        if let Some(day) = self.text().strip_suffix('L') {
            let day = Self { end: self.start + day.len(), ..self };
            if day.text().is_empty() || day.text().contains(['-', '/', '*']) {
                return Err(self.error(Kind::BadLastWeekday));
            }
            return Ok(1 << (LAST_WEEK + day.value()? % 7));
        }
        let days = self.range()?.mask(0);
        Ok((days | days >> 7) & 0x7f).map(|days| days * EACH_WEEK)
    }

    /// `nW` as n, `LW` as 32.
    fn workday(self) -> Result<u8, ScheduleError> {
        let day = Self { end: self.end - 1, ..self };
        match day.text() {
            "L" => Ok(32),
            number if all_digits(number) => day
                .value()
                .map(|day| day as u8)
                .map_err(|_out| self.error(Kind::OutOfRange { field: self.field })),
            _ => Err(self.error(Kind::BadWorkday)),
        }
    }

    /// The last value of the field, written as this value is: in words or in digits.
    fn last_text(self, like: Self) -> String {
        match self.field {
            Field::DayOfWeek if !all_digits(like.text()) => "SUN".to_owned(),
            Field::Month if !all_digits(like.text()) => "DEC".to_owned(),
            field => field.range().1.to_string(),
        }
    }

    /// The error for a range that ends before it starts, with the two ranges that were meant.
    fn backward(self, from: Self, to: Self, (first, last): (u32, u32), step: Option<u32>) -> ScheduleError {
        let (least, most) = self.field.range();
        // Weeks wrap from Sunday, 7, to Monday, 1.
        let least = if self.field == Field::DayOfWeek { 1 } else { least };
        let suffix = step.map_or(String::new(), |step| format!("/{step}"));
        let mut instead = if first == most {
            from.text().to_owned()
        } else {
            format!("{}-{}{suffix}", from.text(), self.last_text(from))
        };
        let step = step.unwrap_or(1);
        let restart = least + step - 1 - (most - first) % step;
        if restart <= last && self.field != Field::Year {
            let names = self.field.names();
            let start = if all_digits(to.text()) {
                restart.to_string()
            } else {
                names[(restart - self.field.range().0) as usize % names.len()].to_owned()
            };
            instead += &if restart == last {
                format!(",{start}")
            } else {
                format!(",{start}-{}{suffix}", to.text())
            };
        } else if self.field == Field::Year {
            instead = format!("{}-{}{suffix}", to.text(), from.text());
        }
        self.error(Kind::BackwardRange { field: self.field, instead })
    }

    /// The most helpful error for a text that is neither a number nor a name of this field.
    fn not_a_value(self) -> ScheduleError {
        let (text, field) = (self.text(), self.field);
        let upper = text.to_ascii_uppercase();
        let letters = upper.trim_matches(|c: char| c.is_ascii_digit() || c == '-');
        let known = |field: Field, name: &str| field.names().iter().find(|short| **short == name).copied();
        let belongs =
            [Field::Month, Field::DayOfWeek].into_iter().find(|other| known(*other, &upper).is_some());
        let long = upper.get(..3).and_then(|start| known(field, start));
        self.error(if text.is_empty() {
            Kind::ValueMissing { field }
        } else if text.contains('?') {
            Kind::QuestionMark { field }
        } else if text.contains('+') {
            Kind::Plus { field }
        } else if text.contains('#') {
            Kind::LetterOfOtherField { field, letter: '#' }
        } else if let Some(belongs) = belongs {
            Kind::NameOfOtherField { field, belongs }
        } else if field.is_day()
            && upper != text
            && (["L", "W", "LW"].contains(&letters) || upper.ends_with("L"))
            && upper.len() <= 4
        {
            Kind::LowerCase { field, instead: upper }
        } else if field == Field::DayOfMonth && letters.contains('L') && letters.len() <= 2 {
            Kind::BadLastDay
        } else if field == Field::DayOfMonth && letters.ends_with('W') {
            Kind::BadWorkday
        } else if field == Field::DayOfWeek && letters == "L" {
            Kind::BadLastWeekday
        } else if ["L", "W", "LW"].contains(&letters) {
            Kind::LetterOfOtherField { field, letter: if letters == "W" { 'W' } else { 'L' } }
        } else if let Some(short) = long
            && LONG_NAMES.iter().any(|name| *name == upper)
        {
            Kind::LongName { field, short }
        } else {
            Kind::NotAValue { field, nearest: suggest::nearest(text, field.names().iter().copied()) }
        })
    }
}

/// Names that are written out, or cut at another length than three.
const LONG_NAMES: [&str; 23] = [
    "SUNDAY",
    "MONDAY",
    "TUESDAY",
    "WEDNESDAY",
    "THURSDAY",
    "FRIDAY",
    "SATURDAY",
    "TUES",
    "WEDS",
    "THUR",
    "THURS",
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "SEPT",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];
