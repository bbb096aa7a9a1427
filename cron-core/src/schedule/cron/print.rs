//! Canonical text: one text for each meaning, which parses to the same masks.
//!
//! Whether a schedule is interval-like depends on a `*` at the front of the second, minute or hour field, so
//! those fields get a `*` only if it is; full fields of fixed-time schedules are written as ranges.

use std::fmt::{self, Write};
use std::ops::Deref;

use super::fields::{ALL_DAYS, ALL_HOURS, ALL_MONTHS, ALL_SIXTY, ALL_WEEKDAYS, DAY_NAMES, Field, LAST_WEEK};
use super::{CronSchedule, DstGap, EITHER_DAY};

impl CronSchedule {
    /// The cron expression in canonical form, without the zone: `0 9 * * MON-FRI`.
    #[must_use]
    pub fn expression(&self) -> String {
        let mut text = String::with_capacity(32);
        // Writing to a string cannot fail.
        let _ = self.write_expression(&mut text);
        text
    }

    fn write_expression(&self, out: &mut impl Write) -> fmt::Result {
        let star = self.star();
        if self.seconds != 1 || self.years.is_some() || star == Star::Force(Field::Second) {
            self.write_time(out, Field::Second, self.seconds, ALL_SIXTY, star)?;
            out.write_char(' ')?;
        }
        self.write_time(out, Field::Minute, self.minutes, ALL_SIXTY, star)?;
        out.write_char(' ')?;
        self.write_time(out, Field::Hour, self.hours.into(), ALL_HOURS.into(), star)?;
        out.write_char(' ')?;
        self.write_days(out)?;
        out.write_char(' ')?;
        if self.months == ALL_MONTHS {
            out.write_char('*')?;
        } else {
            write_values(out, Field::Month, Some(12), &values(self.months.into(), 1))?;
        }
        out.write_char(' ')?;
        self.write_weekdays(out)?;
        if let Some(years) = &self.years {
            out.write_char(' ')?;
            let years: Vec<u32> = years.iter().collect();
            write_values(out, Field::Year, Some(Field::Year.last()), &years)?;
        }
        Ok(())
    }

    /// Which of the fields of the time begin with `*`.
    fn star(&self) -> Star {
        if !self.is_interval_like() {
            return Star::Never;
        }
        let fields = [
            (Field::Minute, self.minutes, ALL_SIXTY),
            (Field::Hour, self.hours.into(), ALL_HOURS.into()),
            (Field::Second, self.seconds, ALL_SIXTY),
        ];
        let natural = |(field, mask, full): &(Field, u64, u64)| {
            mask == full || step_to_end(&values(*mask, 0), 0, field.last()).is_some()
        };
        let fields = fields.map(|field| Some(field).filter(|(_, mask, _)| mask.count_ones() > 1));
        let fields = || fields.iter().flatten();
        if fields().any(natural) {
            return Star::Allow;
        }
        // An interval-like schedule has a field that began with `*`, so at least one of several values contains 0.
        let forced = fields().find(|(_, mask, _)| mask & 1 != 0);
        forced.map_or(Star::Allow, |(field, ..)| Star::Force(*field))
    }

    fn write_time(
        &self,
        out: &mut impl Write,
        field: Field,
        mask: u64,
        full: u64,
        star: Star,
    ) -> fmt::Result {
        let values = values(mask, 0);
        match star {
            Star::Force(forced) if forced == field => {
                // A step as large as the field leaves only its first value; the others follow.
                write!(out, "*/{}", field.last() + 1)?;
                if values.len() > 1 {
                    out.write_char(',')?;
                    write_values(out, field, None, &values[1..])?;
                }
                Ok(())
            }
            Star::Never => write_values(out, field, None, &values),
            _ if mask == full => out.write_char('*'),
            _ => write_values(out, field, Some(field.last()), &values),
        }
    }

    fn write_days(&self, out: &mut impl Write) -> fmt::Result {
        match self.workday {
            0 => {}
            32 => return out.write_str("LW"),
            day => return write!(out, "{day}W"),
        }
        if self.days == ALL_DAYS {
            return out.write_char('*');
        }
        let days = values(self.days.into(), 1);
        write_values(out, Field::DayOfMonth, Some(31), &days)?;
        for (place, back) in values(self.days_from_last.into(), 0).iter().enumerate() {
            let comma = if place > 0 || !days.is_empty() { "," } else { "" };
            match back {
                0 => write!(out, "{comma}L")?,
                _ => write!(out, "{comma}L-{back}")?,
            }
        }
        Ok(())
    }

    fn write_weekdays(&self, out: &mut impl Write) -> fmt::Result {
        if self.weekdays == ALL_WEEKDAYS {
            return out.write_char('*');
        }
        let days_restricted = self.days != ALL_DAYS;
        if days_restricted && self.flags & EITHER_DAY == 0 {
            out.write_char('+')?;
        }
        let plain = self.plain_weekdays();
        // Monday first, so that a weekend at the end is one range: Sunday is 7.
        let days = values(plain & 0x7e | (plain & 1) << 7, 0);
        write_values(out, Field::DayOfWeek, None, &days)?;
        let mut comma = if days.is_empty() { "" } else { "," };
        for day in (1..=7).map(|day| day % 7).filter(|day| plain >> day & 1 == 0) {
            let name = DAY_NAMES[day as usize];
            for week in (0..5).filter(|week| self.weekdays >> (week * 7 + day) & 1 != 0) {
                write!(out, "{comma}{name}#{}", week + 1)?;
                comma = ",";
            }
            if self.weekdays >> (LAST_WEEK + day) & 1 != 0 {
                write!(out, "{comma}{name}L")?;
                comma = ",";
            }
        }
        Ok(())
    }

    /// The weekdays that match in each week, Sunday as bit 0.
    pub(super) fn plain_weekdays(&self) -> u64 {
        (0..5).fold(0x7f, |plain, week| plain & self.weekdays >> (week * 7))
    }
}

/// How the fields of an interval-like schedule show that it is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    /// It is not: no field of the time begins with `*`.
    Never,
    /// Some field is full or a step from its first value, and says so with `*`.
    Allow,
    /// No field is, so this one gets a step as large as the field.
    Force(Field),
}

impl fmt::Display for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At once: whoever puts it into something else, such as JSON, looks at each piece.
        write!(f, "cron({}) {}", self.expression(), self.zone)?;
        if self.dst_gap() == DstGap::Skip { f.write_str(" dst_gap=skip") } else { Ok(()) }
    }
}

/// Ascending values of a field.
pub(super) struct Values {
    // A schedule is printed several times for each job, so this allocates nothing.
    values: [u32; 64],
    count: usize,
}

impl Deref for Values {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.values[..self.count]
    }
}

/// The values of a mask whose bit 0 is the value `zero`.
pub(super) fn values(mask: u64, zero: u32) -> Values {
    let mut values = Values { values: [0; 64], count: 0 };
    let mut rest = mask;
    while rest != 0 {
        values.values[values.count] = rest.trailing_zeros() + zero;
        values.count += 1;
        rest &= rest - 1;
    }
    values
}

/// The common distance of at least two values, if it is more than 1.
pub(super) fn step(values: &[u32]) -> Option<u32> {
    let step = values.get(1)?.checked_sub(values[0])?;
    (step > 1 && values.windows(2).all(|pair| pair[1] - pair[0] == step)).then_some(step)
}

/// The step of values that go from the first of a field to its end.
pub(super) fn step_to_end(values: &[u32], first: u32, last: u32) -> Option<u32> {
    let step = step(values)?;
    (values[0] == first && values[values.len() - 1] + step > last).then_some(step)
}

/// Writes values as `*/n` (if `star` gives the last value of the field), ranges, steps and lists.
pub(in crate::schedule) fn write_values(
    out: &mut impl Write,
    field: Field,
    star: Option<u32>,
    values: &[u32],
) -> fmt::Result {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Ok(());
    };
    if let Some(end) = star
        && let Some(step) = step_to_end(values, field.range().0, end)
    {
        return write!(out, "*/{step}");
    }
    if values.len() > 3
        && let Some(step) = step(values)
    {
        write_value(out, field, *first)?;
        out.write_char('-')?;
        write_value(out, field, *last)?;
        return write!(out, "/{step}");
    }
    let mut at = 0;
    while at < values.len() {
        let run = values[at..].windows(2).take_while(|pair| pair[1] == pair[0] + 1).count();
        let comma = if at > 0 { "," } else { "" };
        out.write_str(comma)?;
        write_value(out, field, values[at])?;
        if run > 0 {
            out.write_char(if run == 1 { ',' } else { '-' })?;
            write_value(out, field, values[at + run])?;
        }
        at += run + 1;
    }
    Ok(())
}

/// Writes a value by its name if it has one.
fn write_value(out: &mut impl Write, field: Field, value: u32) -> fmt::Result {
    let names = field.names();
    match names.len() {
        0 => write!(out, "{value}"),
        len => out.write_str(names[(value - field.range().0) as usize % len]),
    }
}
