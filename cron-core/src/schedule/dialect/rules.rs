//! What sets one dialect of cron fields apart from another, as data.
//!
//! Each table was read off the documentation and the parser of its system. Where these leave two readings, the table says so,
//! and the text is refused.

use super::Dialect;
use super::names::Names;
use crate::schedule::cron::Field;

/// A dialect of cron fields.
pub(super) struct Rules {
    /// The fields in their order, for each number of them that is allowed.
    pub(super) layouts: &'static [&'static [Field]],
    pub(super) weekdays: Weekdays,
    pub(super) names: Names,
    /// The first and the last year.
    pub(super) years: (u32, u32),
    pub(super) days: Days,
    pub(super) backward: Backward,
    /// Whether `a/n` goes on to the end of the field; without it there are two readings.
    pub(super) open_step: bool,
    /// Whether `/n` is `*/n`.
    pub(super) bare_step: bool,
    /// Whether `?` is a day field.
    pub(super) question_mark: bool,
    pub(super) last: Last,
    /// The last day that `nW` may name: for a later one the dialect leaves the month, or does so in shorter months.
    pub(super) workdays: u32,
    /// Whether there are `FRI#2` and the like.
    pub(super) occurrences: bool,
    pub(super) nicknames: bool,
    /// Whether a range with one value has that value; else it has it in some releases, and the whole field in others.
    pub(super) range_of_one: bool,
}

/// The numbers of the days of the week.
pub(super) struct Weekdays {
    /// The smallest and the largest number.
    pub(super) range: (u32, u32),
    /// What `*` goes over.
    pub(super) star: (u32, u32),
    /// A number that is Sunday: 0 in crontabs, 1 in Quartz.
    pub(super) sunday: u32,
    /// The number that the name of Sunday stands for.
    pub(super) name_of_sunday: u32,
}

const UNIX: Weekdays = Weekdays { range: (0, 7), star: (0, 7), sunday: 0, name_of_sunday: 0 };
const SIX: Weekdays = Weekdays { range: (0, 6), star: (0, 6), sunday: 0, name_of_sunday: 0 };
const ONE: Weekdays = Weekdays { range: (1, 7), star: (1, 7), sunday: 1, name_of_sunday: 1 };

/// Which days are meant where both day fields choose some.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    Either,
    Both,
    /// Both if one of them begins with `*`, else either.
    BothAfterStar,
    /// Either, unless a field without `*` names each day: releases differ.
    EitherUnlessFull,
    /// One of them has to be `?`, or at least `*`.
    OneOpen,
    /// Either in cron workflows, both in schedules; with a year it is a schedule.
    BothWithYear,
}

/// What a range is that ends before it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backward {
    /// An error there too.
    Refused,
    /// It goes on at the beginning of the field, steps too.
    Wraps,
    /// The same, but steps are counted in their own way.
    WrapsWithoutStep,
    /// Its ends change places.
    Swapped,
    /// Nobody says, or releases differ.
    Unclear,
}

/// What the letter `L` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    None,
    /// `L`, `L-3`, `LW`, and `5L` for the last Friday or so.
    Behind {
        /// Whether `L` alone in the day of week is Saturday.
        lone: bool,
    },
    /// `L`, and `L5` for the last Friday.
    Before,
}

const SECOND: Field = Field::Second;
const MINUTE: Field = Field::Minute;
const HOUR: Field = Field::Hour;
const DAY: Field = Field::DayOfMonth;
const MONTH: Field = Field::Month;
const WEEKDAY: Field = Field::DayOfWeek;
const YEAR: Field = Field::Year;

const FIVE: &[Field] = &[MINUTE, HOUR, DAY, MONTH, WEEKDAY];
const SECOND_FIRST: &[Field] = &[SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY];
const SECOND_LAST: &[Field] = &[MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND];
const YEAR_LAST: &[Field] = &[MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR];
const SEVEN: &[Field] = &[SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR];
const SECOND_AND_YEAR_LAST: &[Field] = &[MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND, YEAR];

/// A crontab, from which the others differ.
const CRONTAB: Rules = Rules {
    layouts: &[FIVE],
    weekdays: UNIX,
    names: Names::Short,
    years: (1970, 2199),
    days: Days::BothAfterStar,
    backward: Backward::Refused,
    open_step: false,
    bare_step: false,
    question_mark: false,
    last: Last::None,
    workdays: 0,
    occurrences: false,
    nicknames: true,
    range_of_one: true,
};

/// A schedule of Quartz. Where both day fields choose days, Quartz for Java refuses it and Quartz.NET takes either.
const QUARTZ: Rules = Rules {
    layouts: &[SECOND_FIRST, SEVEN],
    weekdays: ONE,
    days: Days::Either,
    backward: Backward::Wraps,
    open_step: true,
    bare_step: true,
    question_mark: true,
    last: Last::Behind { lone: true },
    workdays: 28,
    occurrences: true,
    nicknames: false,
    ..CRONTAB
};

/// A schedule of EventBridge.
const AWS: Rules = Rules {
    layouts: &[YEAR_LAST],
    days: Days::OneOpen,
    backward: Backward::Unclear,
    bare_step: false,
    ..QUARTZ
};

/// A Cron Trigger of Cloudflare Workers. Its `W` never leaves the month, nor does ours.
const CLOUDFLARE: Rules = Rules {
    layouts: &[FIVE],
    question_mark: false,
    backward: Backward::Unclear,
    bare_step: false,
    workdays: 31,
    ..QUARTZ
};

/// A cron string of a schedule of Temporal.
const TEMPORAL: Rules = Rules {
    layouts: &[FIVE, YEAR_LAST, SEVEN],
    names: Names::Beginnings { month: 3, day: 2 },
    years: (2000, 2100),
    days: Days::BothWithYear,
    open_step: true,
    ..CRONTAB
};

/// An expression of Spring's `@Scheduled`. `*` in the day of week goes from Monday, 1, to Sunday, 7.
const SPRING: Rules = Rules {
    layouts: &[SECOND_FIRST],
    weekdays: Weekdays { range: (0, 7), star: (1, 7), sunday: 0, name_of_sunday: 7 },
    days: Days::Both,
    open_step: true,
    question_mark: true,
    last: Last::Behind { lone: false },
    workdays: 27,
    occurrences: true,
    ..CRONTAB
};

/// An expression of Oban's plugin for cron.
const OBAN: Rules = Rules { weekdays: SIX, days: Days::Both, open_step: true, ..CRONTAB };

/// A schedule of NCrontab, which Azure Functions use.
const NCRONTAB: Rules = Rules {
    layouts: &[FIVE, SECOND_FIRST],
    weekdays: SIX,
    names: Names::Beginnings { month: 1, day: 1 },
    days: Days::Both,
    backward: Backward::Swapped,
    open_step: true,
    nicknames: false,
    ..CRONTAB
};

/// An expression of croniter, which Airflow and others use.
const CRONITER: Rules = Rules {
    layouts: &[FIVE, SECOND_LAST, SECOND_AND_YEAR_LAST],
    years: (1970, 2099),
    days: Days::EitherUnlessFull,
    backward: Backward::WrapsWithoutStep,
    open_step: true,
    question_mark: true,
    last: Last::Before,
    occurrences: true,
    range_of_one: false,
    ..CRONTAB
};

impl Rules {
    /// The rules of a dialect; none for systemd, whose calendars are no cron fields.
    pub(super) fn of(dialect: Dialect) -> Option<&'static Self> {
        match dialect {
            Dialect::Quartz => Some(&QUARTZ),
            Dialect::Aws => Some(&AWS),
            Dialect::Cloudflare => Some(&CLOUDFLARE),
            Dialect::Temporal => Some(&TEMPORAL),
            Dialect::Spring => Some(&SPRING),
            Dialect::Oban => Some(&OBAN),
            Dialect::NCrontab => Some(&NCRONTAB),
            Dialect::Croniter => Some(&CRONITER),
            Dialect::Crontab => Some(&CRONTAB),
            Dialect::Systemd => None,
        }
    }

    /// The smallest and the largest value that may be written.
    pub(super) fn range(&self, field: Field) -> (u32, u32) {
        match field {
            Field::DayOfWeek => self.weekdays.range,
            Field::Year => self.years,
            field => field.range(),
        }
    }

    /// What `*` goes over.
    pub(super) fn star(&self, field: Field) -> (u32, u32) {
        if field == Field::DayOfWeek { self.weekdays.star } else { self.range(field) }
    }
}
