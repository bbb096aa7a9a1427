//! From the text of a cron expression to masks.

use chrono_tz::Tz;

use super::fields::{ALL_DAYS, ALL_HOURS, ALL_MONTHS, ALL_SIXTY, ALL_WEEKDAYS, Field};
use super::part::{Part, all_digits};
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
        schedule.seconds = if first == 0 { part(Field::Second).mask()? } else { 1 };
        schedule.minutes = part(Field::Minute).mask()?;
        schedule.hours = part(Field::Hour).mask()? as u32;
        let masks = [
            (Field::Second, schedule.seconds),
            (Field::Minute, schedule.minutes),
            (Field::Hour, schedule.hours.into()),
        ];
        // `*/24` is a `*` with one value: a fixed time.
        let is_star =
            |(field, mask): &(Field, u64)| part(*field).text().starts_with('*') && mask.count_ones() > 1;
        if masks.iter().skip(first).any(is_star) {
            schedule.flags = INTERVAL_LIKE;
        }
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
            seconds: ALL_SIXTY,
            minutes: ALL_SIXTY,
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
