//! The items of one field: values, ranges and steps of a dialect, and the forms of its day fields.

use super::error::{DialectProblem as Problem, Reading};
use super::piece::Piece;
use super::rules::{Backward, Last, Rules};
use super::values::{Values, weekday};
use crate::schedule::cron::Field;
use crate::schedule::error::ScheduleError;

/// A field as it was written.
pub(super) struct Read {
    pub(super) values: Values,
    /// `*` or `?` alone.
    pub(super) is_open: bool,
    /// Whether it begins with `*`.
    pub(super) begins_with_star: bool,
}

/// Reads the items of one field by the rules of a dialect.
pub(super) struct Reader<'r> {
    rules: &'r Rules,
    field: Field,
    values: Values,
}

impl<'r> Reader<'r> {
    pub(super) fn read(rules: &'r Rules, field: Field, piece: Piece<'_>) -> Result<Read, ScheduleError> {
        let mut reader = Self { rules, field, values: Values::new(field) };
        let text = piece.text();
        let is_open = text == "*" || (text == "?" && rules.question_mark && field.is_day());
        if is_open {
            reader.star(1);
        } else {
            for item in piece.split(',') {
                reader.item(item, piece)?;
            }
        }
        Ok(Read { values: reader.values, is_open, begins_with_star: text.starts_with('*') })
    }

    fn item(&mut self, item: Piece<'_>, whole: Piece<'_>) -> Result<(), ScheduleError> {
        let text = item.text();
        let is_hash = text.eq_ignore_ascii_case("H")
            || ["H(", "H/"].iter().any(|start| item.strip_prefix(start).is_some());
        if is_hash {
            return Err(item.error(Problem::Hash));
        }
        if text.contains('~') {
            return Err(item.error(Problem::Spread));
        }
        if text.contains('?') {
            return Err(item.error(Problem::QuestionMark));
        }
        let is_form = match self.field {
            Field::DayOfMonth => self.day_form(item, whole)?,
            Field::DayOfWeek => self.weekday_form(item)?,
            _ => false,
        };
        if is_form { Ok(()) } else { self.plain(item) }
    }

    /// `*`, a value or a range, with or without a step.
    fn plain(&mut self, item: Piece<'_>) -> Result<(), ScheduleError> {
        let (values, step) = match item.split_once("/") {
            Some((values, step)) => (values, Some(step)),
            None => (item, None),
        };
        let number = match step.map(Piece::number) {
            None => 1,
            Some(Some(number)) if number > 0 => number,
            Some(_) => return Err(item.error(Problem::BadStep)),
        };
        if values.text() == "*" || (values.is_empty() && step.is_some() && self.rules.bare_step) {
            self.star(number);
            return Ok(());
        }
        if let Some((from, to)) = values.split_once("-") {
            let (first, last) = (self.value(from)?, self.value(to)?);
            return self.range(item, first, last, number);
        }
        let first = self.value(values)?;
        let Some(_) = step else {
            self.add(first, first, 1);
            return Ok(());
        };
        let (least, most) = self.rules.range(self.field);
        if !self.rules.open_step {
            let one = Reading {
                meaning: "the one value",
                ours: self.text_of(|reader| reader.add(first, first, 1)),
            };
            let rest = Reading {
                meaning: "the rest of the field",
                ours: self.text_of(|reader| reader.add(first, most, number)),
            };
            return Err(item.error(Problem::TwoReadings { first: one, second: rest }));
        }
        if first == least && self.field != Field::DayOfWeek {
            self.star(number);
            return Ok(());
        }
        self.range(item, first, most, number)
    }

    /// What `*` stands for.
    fn star(&mut self, step: u32) {
        let (first, last) = self.rules.star(self.field);
        let is_ours = self.field != Field::DayOfWeek && (first, last) == self.field.range();
        // All years of a dialect that ends earlier are still all years.
        if is_ours || (self.field == Field::Year && step == 1) {
            self.values.star(step);
        } else {
            self.add(first, last, step);
        }
    }

    /// A range, in the numbers of the dialect.
    fn range(&mut self, item: Piece<'_>, first: u32, last: u32, step: u32) -> Result<(), ScheduleError> {
        let is_weekday = self.field == Field::DayOfWeek;
        // Sunday at the beginning is the day before Monday where its name is 7.
        let first = if is_weekday
            && self.rules.weekdays.name_of_sunday == 7
            && first == 7
            && item.text().contains('-')
        {
            0
        } else {
            first
        };
        if first > last {
            return self.backward(item, first, last, step);
        }
        if first == last && !self.rules.range_of_one {
            let one = Reading {
                meaning: "the one value",
                ours: self.text_of(|reader| reader.add(first, first, 1)),
            };
            let all = Reading { meaning: "the whole field", ours: self.text_of(|reader| reader.star(step)) };
            return Err(item.error(Problem::TwoReadings { first: one, second: all }));
        }
        let ends_on_seven = is_weekday && last == 7 && first > 0 && !(last - first).is_multiple_of(step);
        if ends_on_seven && self.rules.backward == Backward::WrapsWithoutStep {
            let with = |reader: &mut Self| {
                reader.add(first, last, step);
                reader.add(0, 0, 1);
            };
            let without = Reading {
                meaning: "a range up to Saturday",
                ours: self.text_of(|reader| reader.add(first, last, step)),
            };
            let with = Reading { meaning: "Sunday with it", ours: self.text_of(with) };
            return Err(item.error(Problem::TwoReadings { first: without, second: with }));
        }
        self.add(first, last, step);
        Ok(())
    }

    /// A range that ends before it starts.
    fn backward(&mut self, item: Piece<'_>, first: u32, last: u32, step: u32) -> Result<(), ScheduleError> {
        if self.field == Field::Year {
            let instead = self.text_of(|reader| reader.add(last, first, step));
            return Err(item.error(Problem::BackwardRange { instead }));
        }
        let (least, most) = self.rules.star(self.field);
        let size = most - least + 1;
        let wrap = |reader: &mut Self| {
            let values =
                (first..=last + size).step_by(step as usize).map(|value| least + (value - least) % size);
            let values: Vec<u32> = values.map(|value| reader.ours(value)).collect();
            reader.values.list(values);
        };
        match self.rules.backward {
            Backward::Wraps => wrap(self),
            Backward::WrapsWithoutStep if step == 1 => wrap(self),
            Backward::Refused => {
                let instead = self.text_of(wrap);
                return Err(item.error(Problem::BackwardRange { instead }));
            }
            Backward::Swapped | Backward::Unclear | Backward::WrapsWithoutStep => {
                let round = Reading { meaning: "over the end of the field", ours: self.text_of(wrap) };
                let swapped = if self.rules.backward == Backward::WrapsWithoutStep {
                    // Here the ends are clear, and where the steps go on is not.
                    let restart = |reader: &mut Self| {
                        reader.add(first, most, step);
                        reader.add(least, last, step);
                    };
                    Reading { meaning: "steps that start anew", ours: self.text_of(restart) }
                } else {
                    Reading {
                        meaning: "the ends the other way round",
                        ours: self.text_of(|reader| reader.add(last, first, step)),
                    }
                };
                return Err(item.error(Problem::TwoReadings { first: round, second: swapped }));
            }
        }
        Ok(())
    }

    /// Adds a range that goes forward, in the numbers of the dialect.
    fn add(&mut self, first: u32, last: u32, step: u32) {
        if self.field == Field::DayOfWeek {
            let days: Vec<u32> = (first..=last).step_by(step as usize).map(|day| self.ours(day)).collect();
            self.values.list(days);
        } else {
            self.values.range(first, last, step);
        }
    }

    /// Our number for one of the dialect.
    fn ours(&self, value: u32) -> u32 {
        if self.field == Field::DayOfWeek { (value + 7 - self.rules.weekdays.sunday) % 7 } else { value }
    }

    /// Our text for some values of this field alone.
    fn text_of(&self, add: impl FnOnce(&mut Self)) -> String {
        let mut reader = Self { rules: self.rules, field: self.field, values: Values::new(self.field) };
        add(&mut reader);
        reader.values.text()
    }

    /// A number or a name, in the numbers of the dialect.
    fn value(&mut self, piece: Piece<'_>) -> Result<u32, ScheduleError> {
        let (least, most) = self.rules.range(self.field);
        if let Some(number) = piece.number() {
            let fits = (least..=most).contains(&number);
            return if fits {
                Ok(number)
            } else {
                Err(piece.error(Problem::OutOfRange { field: self.field, allowed: self.allowed() }))
            };
        }
        let named = match self.field {
            Field::Month => self.rules.names.month(piece.text()).map(|place| place + 1),
            Field::DayOfWeek => self.rules.names.day(piece.text()).map(|place| match place {
                0 => self.rules.weekdays.name_of_sunday,
                place => place + self.rules.weekdays.sunday,
            }),
            _ => None,
        };
        self.values.use_names_if(named.is_some());
        named.ok_or_else(|| self.no_value(piece))
    }

    fn no_value(&self, piece: Piece<'_>) -> ScheduleError {
        let letter = piece.text().chars().find(|c| matches!(c.to_ascii_uppercase(), 'L' | 'W' | '#'));
        let is_form = |c: char| c.is_ascii_digit() || matches!(c.to_ascii_uppercase(), 'L' | 'W' | '#' | '-');
        match letter {
            Some(letter) if piece.text().chars().all(is_form) => {
                piece.error(Problem::NoMeaning { field: self.field, letter })
            }
            _ => piece.error(Problem::NotAValue { field: self.field, allowed: self.allowed() }),
        }
    }

    /// What the dialect has in this field, in words.
    fn allowed(&self) -> String {
        let (least, most) = self.rules.range(self.field);
        match self.field {
            Field::Month => format!("{least}-{most} or JAN-DEC"),
            Field::DayOfWeek => {
                format!("{least}-{most} or SUN-SAT, {} is Sunday", self.rules.weekdays.sunday)
            }
            _ => format!("{least}-{most}"),
        }
    }

    /// `L`, `L-3`, `LW` and `15W`; tells whether it is one of these.
    fn day_form(&mut self, item: Piece<'_>, whole: Piece<'_>) -> Result<bool, ScheduleError> {
        let upper = item.text().to_ascii_uppercase();
        let has_more = self.rules.last != Last::Before;
        let is_workday = upper.ends_with('W') && self.rules.workdays > 0;
        let is_last = upper.starts_with('L') && self.rules.last != Last::None;
        if !is_workday && !is_last {
            return Ok(false);
        }
        if is_workday && item.text() != whole.text() {
            return Err(item.error(Problem::WorkdayInList));
        }
        match upper.strip_prefix('L') {
            Some("") => {}
            Some("W") if has_more => {}
            Some(back) if has_more => {
                let back = back.strip_prefix('-').unwrap_or("");
                let days = back.strip_suffix('W').unwrap_or(back);
                let is_number = !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit());
                match days.parse::<u32>() {
                    Ok(1..=30) if is_number && days.len() == back.len() => {
                        self.values.form(format!("L-{}", days.trim_start_matches('0')));
                        return Ok(true);
                    }
                    Ok(1..=30) if is_number => return Err(item.error(Problem::WorkdayFromEnd)),
                    _ => {
                        return Err(item.error(Problem::NotAValue {
                            field: self.field,
                            allowed: "L, L-1 to L-30, LW".to_owned(),
                        }));
                    }
                }
            }
            Some(_) => return Err(self.no_value(item)),
            None => {
                let day = self.value(item.first(item.text().len() - 1))?;
                if day > self.rules.workdays {
                    return Err(item.error(Problem::LateWorkday { last: self.rules.workdays }));
                }
                self.values.form(format!("{day}W"));
                return Ok(true);
            }
        }
        self.values.form(upper);
        Ok(true)
    }

    /// `FRI#2`, `6L`, `L5` and `L`; tells whether it is one of these.
    fn weekday_form(&mut self, item: Piece<'_>) -> Result<bool, ScheduleError> {
        if let Some((day, number)) = item.split_once("#") {
            if !self.rules.occurrences {
                return Err(item.error(Problem::NoMeaning { field: self.field, letter: '#' }));
            }
            let Some(number @ 1..=5) = number.number() else { return Err(item.error(Problem::Occurrence)) };
            if day.text().contains(['-', '/', '*']) {
                return Err(item.error(Problem::Occurrence));
            }
            let day = self.value(day)?;
            self.values.form(format!("{}#{number}", weekday(self.ours(day))));
            return Ok(true);
        }
        let day = match self.rules.last {
            Last::None => None,
            Last::Behind { .. } => item.strip_suffix("L"),
            Last::Before => item.strip_prefix("L"),
        };
        let Some(day) = day else { return Ok(false) };
        if day.is_empty() {
            if self.rules.last != (Last::Behind { lone: true }) {
                return Err(item.error(Problem::NoMeaning { field: self.field, letter: 'L' }));
            }
            self.values.list([6]);
            return Ok(true);
        }
        let day = self.value(day)?;
        self.values.form(format!("{}L", weekday(self.ours(day))));
        Ok(true)
    }
}
