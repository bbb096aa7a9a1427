//! Pieces of an expression: fields, the items of their lists, and the values and ranges in them.

use super::fields::{DAY_NAMES, EACH_WEEK, Field, LAST_WEEK, Years};
use crate::schedule::error::{ScheduleError, ScheduleErrorKind as Kind};
use crate::suggest;

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

    pub(super) fn mask(self) -> Result<u64, ScheduleError> {
        let zero = self.field.range().0;
        if self.text() == "*" {
            return Ok(Range { first: zero, last: self.field.last(), step: 1 }.mask(zero));
        }
        self.items().try_fold(0, |mask, item| Ok(mask | item.range()?.mask(zero)))
    }

    pub(super) fn years(self) -> Result<Option<Box<Years>>, ScheduleError> {
        let mut years = Years::NONE;
        for item in self.items() {
            let Range { first, last, step } = item.range()?;
            (first..=last).step_by(step as usize).for_each(|year| years.insert(year));
        }
        Ok((!years.is_full()).then(|| Box::new(years)))
    }

    /// `*`, a value or a range, with or without a step.
    pub(super) fn range(self) -> Result<Range, ScheduleError> {
        let (values, step) = self.split_at('/').map_or((self, None), |(values, step)| (values, Some(step)));
        let number = step.map_or(Ok(1), |step| step.step(self))?;
        if values.text() == "*" {
            return Ok(Range { first: self.field.range().0, last: self.field.last(), step: number });
        }
        if let Some((from, to)) = values.split_at('-') {
            let (first, mut last) = match (from.value(), to.value()) {
                (Ok(first), Ok(last)) => (first, last),
                (Err(one), Err(other)) => return Err(values.both_wrong(from, &one, &other)),
                (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error),
            };
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
            let instead = self.range_of_step(values, value, number);
            return Err(self.error(Kind::StepNeedsRange { field: self.field, instead }));
        }
        Ok(Range { first: value, last: value, step: 1 })
    }

    /// What says the same as a step behind a single value, which runs to the end of the field. Weeks end on Saturday for some and
    /// on Sunday for others, so a step of days of the week is told only where both see the same days.
    fn range_of_step(self, values: Self, first: u32, step: u32) -> Option<String> {
        if self.field != Field::DayOfWeek {
            let is_first = first == self.field.range().0;
            return Some(if is_first {
                format!("*/{step}")
            } else {
                format!("{}-{}/{step}", values.text(), self.last_text(values))
            });
        }
        let to = |last: u32| (first..=last).step_by(step as usize).map(|day| DAY_NAMES[day as usize % 7]);
        (!all_digits(values.text()) && to(6).eq(to(7))).then(|| to(6).collect::<Vec<_>>().join(","))
    }

    /// The error for a range neither end of which is a value: both at once, where both are nearly names.
    fn both_wrong(self, from: Self, one: &ScheduleError, other: &ScheduleError) -> ScheduleError {
        let meant = |error: &ScheduleError| match error.kind() {
            Kind::NotAValue { nearest: Some(name), .. } => Some(*name),
            Kind::LongName { short, .. } => Some(*short),
            _ => None,
        };
        match (meant(one), meant(other)) {
            (Some(first), Some(last)) => {
                self.error(Kind::NamesOfRange { field: from.field, instead: format!("{first}-{last}") })
            }
            _ => one.clone(),
        }
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
    pub(super) fn weekdays(self) -> Result<u64, ScheduleError> {
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
    pub(super) fn workday(self) -> Result<u8, ScheduleError> {
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
            Kind::NotAValue { field, nearest: nearest_name(field, text) }
        })
    }
}

/// A step behind `*` or a range.
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) step: u32,
}

impl Range {
    /// The values as bits, the value `zero` as bit 0.
    pub(super) fn mask(&self, zero: u32) -> u64 {
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

pub(super) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of three letters that was meant: within one change, with the same first letter or the first two swapped, and no other
/// name as near. `run` is not `SUN`, and `TUH` may be Tuesday or Thursday.
fn nearest_name(field: Field, text: &str) -> Option<&'static str> {
    let upper = text.to_ascii_uppercase();
    let letters = |text: &str| (text.chars().next(), text.chars().nth(1));
    let (first, second) = letters(&upper);
    let begins = |name: &&&str| {
        let known = letters(name);
        known.0 == first || known == (second, first)
    };
    suggest::only_nearest(text, field.names().iter().filter(begins).copied())
}

/// Whether a word is a day of the week, or nearly so.
pub(in crate::schedule) fn is_like_a_day(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    DAY_NAMES.contains(&upper.as_str())
        || LONG_NAMES.contains(&upper.as_str())
        || nearest_name(Field::DayOfWeek, word).is_some()
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
