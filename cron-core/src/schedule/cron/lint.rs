//! Warnings about schedules that are legal and probably not what was meant.

use std::fmt;

use chrono_tz::Tz;

use super::fields::{ALL_DAYS, Field};
use super::print::{Values, step_to_end, values};
use super::{CronSchedule, DstGap, EITHER_DAY};
use crate::schedule::zone::{self, Calendar};

/// The years whose clock changes stand for the usual ones, as instants: 2040 to 2059. The zones that have not
/// given up changing their clocks do so by rule in these years.
const USUAL: std::ops::Range<i64> = 2_208_988_800..2_840_140_800;

/// A warning about a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// A step that does not divide its field: the last distance before the field starts again is another one.
    UnevenStep {
        /// The field.
        field: Field,
        /// The step.
        step: u32,
    },
    /// A day that not every selected month has.
    RareDay {
        /// 29, 30 or 31.
        day: u32,
    },
    /// A fixed time that the zone skips when its clock goes forward.
    InGap {
        /// The zone.
        zone: Tz,
        /// What happens to the runs.
        gap: DstGap,
    },
    /// Both day fields are restricted, and either is enough.
    EitherDay,
    /// Each second of one minute, or each minute of one hour.
    EachOfOne {
        /// The field that matches all its values.
        field: Field,
        /// The field in front of which it stands, with one value.
        of: Field,
    },
    /// A step as long as its field, or longer: only its first value is left.
    StepOverField {
        /// The field.
        field: Field,
        /// The step.
        step: u32,
    },
    /// Days of the week in numbers beside `?`, which comes from dialects that count them from 1 for Sunday.
    WeekdayNumbers,
    /// A `BYMONTHDAY` of a recurrence rule that not every one of its months has.
    RareMonthDay {
        /// 29, 30 or 31.
        day: u32,
    },
    /// `DTSTART` is no time of its recurrence rule.
    StartOutside,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnevenStep { field, step } => write!(
                f,
                "the step of {step} does not divide the {field} field, so the distance is another one where it starts again"
            ),
            Self::RareDay { day } => {
                write!(
                    f,
                    "not every month has a day {day}; months without it are left out (`L` is the last day)"
                )
            }
            Self::InGap { zone, gap: DstGap::RunAfter } => {
                write!(
                    f,
                    "{zone} skips this time when its clock goes forward; the job runs right after the gap then"
                )
            }
            Self::InGap { zone, gap: DstGap::Skip } => {
                write!(f, "{zone} skips this time when its clock goes forward; the job does not run then")
            }
            Self::EitherDay => f.write_str(
                "day of month and day of week: either is enough; put `+` in front of the latter for both",
            ),
            Self::EachOfOne { field, of } => {
                write!(f, "this runs each {field} of that {of}; write `0` as the {field} for one run, `*/1` if that is meant")
            }
            Self::StepOverField { field, step } => {
                let (first, last) = (field.range().0, field.last());
                write!(f, "a step of {step} leaves only the {field} {first} of {first} to {last}; write `{first}` if it is meant")
            }
            Self::WeekdayNumbers => f.write_str(
                "`?` is of Quartz and AWS, where 1 is Sunday; here 0 and 7 are Sunday and 1 is Monday, so write names",
            ),
            Self::RareMonthDay { day } => write!(
                f,
                "not every month has a day {day}; months without it are left out (`BYMONTHDAY=-1` is the last day)"
            ),
            Self::StartOutside => f.write_str(
                "DTSTART is no time of the rule, so nothing runs then; programs differ about that",
            ),
        }
    }
}

impl Lint {
    /// Warnings about how a cron expression is written, which its meaning does not show any more; those about the meaning are
    /// [`Schedule::lints`](crate::schedule::Schedule::lints). Nothing for a text that is no cron expression.
    ///
    /// # Examples
    /// ```
    /// use cron_core::schedule::{Lint, Schedule};
    ///
    /// assert_eq!(Lint::of_spelling("0 0 10 ? * 2-6"), [Lint::WeekdayNumbers]);
    /// assert!(Lint::of_spelling("0 0 10 ? * MON-FRI").is_empty());
    /// ```
    #[must_use]
    pub fn of_spelling(expression: &str) -> Vec<Self> {
        let fields: Vec<&str> = expression.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        let names = [
            Field::Second,
            Field::Minute,
            Field::Hour,
            Field::DayOfMonth,
            Field::Month,
            Field::DayOfWeek,
            Field::Year,
        ];
        let first = match fields.len() {
            5 => 1,
            6 | 7 => 0,
            _ => return Vec::new(),
        };
        let written = || names[first..].iter().copied().zip(fields.iter().copied());
        let over = |(field, text): (Field, &str)| {
            let size = field.last() - field.range().0 + 1;
            let step = |item: &str| item.strip_prefix("*/")?.parse().ok().filter(|step| *step >= size);
            text.split(',').find_map(step).map(|step| Self::StepOverField { field, step })
        };
        let mut lints: Vec<Self> = written().filter_map(over).collect();
        // `* 9 * * *` is sixty runs, where one is meant as often; `*/1 9 * * *` says that they are meant.
        let is_value = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let pairs = names[first..].windows(2).zip(fields.windows(2));
        for (of, text) in pairs.take_while(|(of, _)| of[1] <= Field::Hour) {
            if text[0] == "*" && is_value(text[1]) {
                lints.push(Self::EachOfOne { field: of[0], of: of[1] });
            }
        }
        let is_number = |item: &str| item.starts_with(|c: char| c.is_ascii_digit());
        let has_numbers = |(field, text): (Field, &str)| {
            field == Field::DayOfWeek && text.trim_start_matches('+').split([',', '-']).any(is_number)
        };
        let has_mark = written().any(|(field, text)| field == Field::DayOfMonth && text == "?");
        if has_mark && written().any(has_numbers) {
            lints.push(Self::WeekdayNumbers);
        }
        lints
    }
}

impl CronSchedule {
    pub(in crate::schedule) fn lints(&self) -> Vec<Lint> {
        let mut lints = self.uneven_steps();
        lints.extend(self.rare_day().map(|day| Lint::RareDay { day }));
        if !self.is_interval_like() && in_usual_gap(self, self.zone, self.dst_gap()) {
            lints.push(Lint::InGap { zone: self.zone, gap: self.dst_gap() });
        }
        if self.flags & EITHER_DAY != 0 {
            lints.push(Lint::EitherDay);
        }
        lints
    }

    fn uneven_steps(&self) -> Vec<Lint> {
        let fields = [
            (Field::Second, values(self.seconds, 0)),
            (Field::Minute, values(self.minutes, 0)),
            (Field::Hour, values(self.hours.into(), 0)),
            (Field::DayOfMonth, values(self.days.into(), 1)),
            (Field::Month, values(self.months.into(), 1)),
            (Field::DayOfWeek, values(self.plain_weekdays(), 0)),
        ];
        let uneven = |(field, values): (Field, Values)| {
            let step = step_to_end(&values, field.range().0, field.last())?;
            let size = field.last() - field.range().0 + 1;
            // Two values can just as well be a list of two times of a fixed-time schedule.
            let listed = values.len() < 3 && (field > Field::Hour || !self.is_interval_like());
            (!size.is_multiple_of(step) && !listed).then_some(Lint::UnevenStep { field, step })
        };
        fields.into_iter().filter_map(uneven).collect()
    }

    /// The first selected day that some selected month does not have.
    fn rare_day(&self) -> Option<u32> {
        // A range that runs to the 31st, and a step over the whole field, mean "to the end of the month".
        let to_end =
            self.days >> 27 & 0b1111 == 0b1111 || step_to_end(&values(self.days.into(), 1), 1, 31).is_some();
        if self.days == ALL_DAYS || to_end {
            return None;
        }
        let missing = |day: &u32| match day {
            29 => self.months & 0b10 != 0,
            30 => self.months & 0b10 != 0,
            _ => self.months & 0b101_0010_1010 != 0,
        };
        (29..=31).filter(|day| self.days >> (day - 1) & 1 != 0).find(missing)
    }
}

/// Whether the zone's usual changes of the clock skip a local time of a fixed-time schedule.
pub(in crate::schedule) fn in_usual_gap(calendar: &impl Calendar, zone: Tz, gap: DstGap) -> bool {
    // Nobody notices if the run after the gap is one that happens there anyway.
    let regular = |end| gap == DstGap::RunAfter && calendar.count(end, end) == 1;
    let skipped =
        |(first, end)| calendar.at_or_after(first).is_some_and(|local| local < end) && !regular(end);
    zone::table(zone).gaps(USUAL).any(skipped)
}
