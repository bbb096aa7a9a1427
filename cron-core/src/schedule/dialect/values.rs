//! The values of one field, and our text for them.

use std::collections::BTreeSet;

use super::names::{DAYS, MONTHS};
use crate::schedule::cron::Field;

/// The longest list that is kept as its author wrote it.
const LONGEST: usize = 100;

/// The first and the last value that a field has; Sunday is 0.
pub(super) fn bounds(field: Field) -> (u32, u32) {
    match field {
        Field::DayOfWeek => (0, 6),
        field => field.range(),
    }
}

/// The values of a field, in our numbers: Sunday is 0.
pub(super) struct Values {
    field: Field,
    all: BTreeSet<u32>,
    /// One text for each item of the list, where it has a short one.
    items: Vec<String>,
    /// Forms that are no plain values: `L`, `15W`, `FRI#2`.
    forms: Vec<String>,
    /// Whether months are written by their names.
    named: bool,
    /// Whether an item has no short text, so that all of them are written as values.
    spelled_out: bool,
}

impl Values {
    pub(super) fn new(field: Field) -> Self {
        let (all, items, forms) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { field, all, items, forms, named: false, spelled_out: false }
    }

    /// A field with one value.
    pub(super) fn of(field: Field, value: u32) -> Self {
        let mut values = Self::new(field);
        values.range(value, value, 1);
        values
    }

    /// Months are written by their names from here on, if one was.
    pub(super) fn use_names_if(&mut self, one_was: bool) {
        self.named |= one_was;
    }

    /// `*`, or `*/n` where a step goes over the whole field.
    pub(super) fn star(&mut self, step: u32) {
        let (first, last) = bounds(self.field);
        if step > last - first {
            return self.range(first, first, 1);
        }
        self.all.extend((first..=last).step_by(step as usize));
        self.items.push(if step == 1 { "*".to_owned() } else { format!("*/{step}") });
    }

    /// `a`, `a-b` or `a-b/n`, forwards.
    pub(super) fn range(&mut self, first: u32, last: u32, step: u32) {
        let values = (first..=last).step_by(step as usize);
        let count = values.clone().count();
        self.all.extend(values);
        let (from, to) = (self.value(first), self.value(last));
        self.items.push(match (count, step) {
            (1, _) => from,
            (_, 1) => format!("{from}-{to}"),
            _ => format!("{from}-{to}/{step}"),
        });
    }

    /// Values that no short text says.
    pub(super) fn list(&mut self, values: impl IntoIterator<Item = u32>) {
        self.all.extend(values);
        self.spelled_out = true;
    }

    /// A form such as `L` or `FRI#2`.
    pub(super) fn form(&mut self, form: String) {
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }

    /// Whether the plain values are all that the field has.
    pub(super) fn is_full(&self) -> bool {
        let (first, last) = bounds(self.field);
        self.all.len() as u32 == last - first + 1
    }

    /// The one plain value, if there is no other.
    pub(super) fn single(&self) -> Option<u32> {
        let only = self.all.len() == 1 && self.forms.is_empty();
        only.then(|| self.all.first().copied()).flatten()
    }

    /// Our text of the field.
    pub(super) fn text(&self) -> String {
        let mut items = if self.field == Field::DayOfWeek {
            if self.is_full() { vec!["SUN-SAT".to_owned()] } else { self.weekdays() }
        } else if self.spelled_out || self.items.iter().map(|item| item.len() + 1).sum::<usize>() > LONGEST {
            // What began with `*` still does: that makes a schedule interval-like.
            let star = self.items.first().filter(|item| item.starts_with('*')).cloned();
            star.into_iter().chain(self.runs(self.all.iter().copied())).collect()
        } else {
            self.items.clone()
        };
        items.extend(self.forms.iter().cloned());
        items.join(",")
    }

    /// A value as we write it.
    fn value(&self, value: u32) -> String {
        match self.field {
            Field::DayOfWeek => weekday(value).to_owned(),
            Field::Month if self.named => MONTHS[(value as usize - 1) % 12][..3].to_owned(),
            _ => value.to_string(),
        }
    }

    /// The days from Monday on, Sunday as the last.
    fn weekdays(&self) -> Vec<String> {
        self.runs((1..=7).filter(|day| self.all.contains(&(day % 7))))
    }

    /// Increasing values as ranges and single ones.
    fn runs(&self, values: impl Iterator<Item = u32>) -> Vec<String> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for value in values {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == value => *last = value,
                _ => runs.push((value, value)),
            }
        }
        let text = |(first, last): (u32, u32)| match last - first {
            0 => self.value(first),
            1 => format!("{},{}", self.value(first), self.value(last)),
            _ => format!("{}-{}", self.value(first), self.value(last)),
        };
        runs.into_iter().map(text).collect()
    }
}

/// The name of a day of the week; 0 and 7 are Sunday.
pub(super) fn weekday(day: u32) -> &'static str {
    &DAYS[(day % 7) as usize][..3]
}

/// Joins the fields of a calendar to our expression: the second stands in front where it is not 0 or where there is a year.
pub(super) fn expression(second: &str, fields: [&str; 5], year: Option<&str>) -> String {
    let mut text = fields.join(" ");
    if second != "0" || year.is_some() {
        text = format!("{second} {text}");
    }
    if let Some(year) = year {
        text = format!("{text} {year}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stays_as_it_was_written() {
        let mut minutes = Values::new(Field::Minute);
        minutes.range(30, 30, 1);
        minutes.range(0, 0, 1);
        minutes.range(5, 59, 15);
        assert_eq!(minutes.text(), "30,0,5-59/15");
        minutes.star(90);
        assert_eq!(minutes.text(), "30,0,5-59/15,0");
    }

    #[test]
    fn values_without_a_short_text_are_spelled_out() {
        let mut hours = Values::new(Field::Hour);
        hours.list([22, 23, 0, 1, 2, 9, 11]);
        assert_eq!(hours.text(), "0-2,9,11,22,23");
        let mut days = Values::new(Field::DayOfWeek);
        days.list([5, 6, 0, 1]);
        assert_eq!(days.text(), "MON,FRI-SUN");
        days.form("TUE#2".to_owned());
        assert_eq!(days.text(), "MON,FRI-SUN,TUE#2");
    }

    #[test]
    fn a_long_list_keeps_the_star_in_front() {
        let mut seconds = Values::new(Field::Second);
        seconds.star(7);
        (1..60).step_by(2).for_each(|second| seconds.range(second, 59, 30));
        assert!(seconds.text().starts_with("*/7,0,1,3,"), "{}", seconds.text());
        assert!(seconds.text().len() < 200);
    }
}
