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
