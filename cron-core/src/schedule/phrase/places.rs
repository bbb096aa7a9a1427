//! The places of the grammar: what may stand there, and where to look for what to write instead.

use super::cursor::Cursor;
use super::repair;
use super::say;
use super::vocabulary::{MONTHS, ORDINALS};

/// A place in the grammar.
pub(super) struct Place {
    /// What may stand there, in words.
    pub(super) allowed: &'static str,
    /// The words that may stand there, for the nearest one.
    pub(super) words: &'static [&'static str],
    /// The same phrase in words of the grammar, where it is known what was meant.
    pub(super) fix: fn(&Cursor<'_>) -> Option<String>,
    /// What to say where it is not, or where it may be several things.
    pub(super) say: fn(&Cursor<'_>) -> Option<String>,
    /// How phrases go on well from there; the first that fits stands in the example.
    pub(super) ends: &'static [&'static str],
}

const NOUNS: &[&str] =
    &["day", "weekday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(super) const START: Place = Place {
    allowed: "`every`, `on the`, `first` or another such day, or `hourly`",
    words: &["every", "hourly", "first", "second", "third", "fourth", "fifth", "last"],
    fix: repair::start,
    say: say::start,
    ends: &["every day at 9:00"],
};

pub(super) const HOURLY: Place = Place {
    allowed: "`at`",
    words: &["at", "between"],
    fix: repair::hourly,
    say: say::nothing,
    ends: &["at :30"],
};

pub(super) const HOURLY_TIME: Place = Place {
    allowed: "minutes such as `:30`",
    words: &[],
    fix: repair::hourly_time,
    say: say::nothing,
    ends: &[":30"],
};

pub(super) const ON_THE: Place = Place {
    allowed: "`the`",
    words: &["the"],
    fix: repair::on_the,
    say: say::date_of_year,
    ends: &["the 1st of the month at 9:00"],
};

pub(super) const EVERY: Place = Place {
    allowed: "a number, `second`, `minute`, `hour`, `day`, `weekday`, `weekend day`, `monday` to `sunday`, `week`, `month`, `quarter` or `year`",
    words: &[
        "second",
        "minute",
        "hour",
        "day",
        "weekday",
        "weekend",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "week",
        "month",
        "quarter",
        "year",
    ],
    fix: repair::every,
    say: say::every,
    ends: &["day at 9:00", "day", "5 minutes"],
};

pub(super) const UNIT: Place = Place {
    allowed: "`seconds`, `minutes`, `hours`, `days`, `weeks` or `months`",
    words: &["seconds", "minutes", "hours", "days", "weeks", "months"],
    fix: repair::unit,
    say: say::unit,
    ends: &["minutes", "days from 2026-01-05", "days"],
};

pub(super) const RATE_END: Place = Place {
    allowed: "`between`, `on` or the end of the phrase",
    words: &["between"],
    fix: repair::rate_end,
    say: say::rate_end,
    ends: &[""],
};

pub(super) const WINDOW_AND: Place = Place {
    allowed: "`and`",
    words: &["and"],
    fix: repair::window_and,
    say: say::nothing,
    ends: &["and 17:00", "and midnight"],
};

pub(super) const AFTER_WINDOW_TIMES: Place = Place {
    allowed: "`on` or the end of the phrase",
    words: &["on"],
    fix: repair::after_window,
    say: say::zone,
    ends: &[""],
};

pub(super) const AFTER_WINDOW: Place = Place {
    allowed: "`and`, `,` or the end of the phrase",
    words: &[],
    fix: repair::after_window_days,
    say: say::after_window,
    ends: &[""],
};

pub(super) const AFTER_ON: Place = Place {
    allowed: "`weekdays`, `weekends`, or `monday` to `sunday`",
    words: &[
        "weekdays",
        "weekends",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ],
    fix: repair::after_on,
    say: say::nothing,
    ends: &["weekdays", "monday"],
};

pub(super) const WEEKEND: Place = Place {
    allowed: "`day`",
    words: &["day"],
    fix: repair::nothing,
    say: say::weekend,
    ends: &["day at 9:00", "days"],
};

pub(super) const AFTER_DAYS: Place = Place {
    allowed: "`at` or `from`",
    words: &["at", "from"],
    fix: repair::after_days,
    say: say::after_days,
    ends: &["at 9:00"],
};

pub(super) const AFTER_DAY_NAME: Place = Place {
    allowed: "`,`, `and`, `to`, `at` or `from`",
    words: &["and", "at", "from"],
    fix: repair::after_day_name,
    say: say::after_day_name,
    ends: &["at 9:00", "from 2026-01-05 at 9:00"],
};

pub(super) const DAY_NAME: Place = Place {
    allowed: "`monday` to `sunday`",
    words: DAYS,
    fix: repair::day_name,
    say: say::nothing,
    ends: &["monday at 9:00", "friday", "monday from 2026-01-05 at 9:00"],
};

pub(super) const WEEKS: Place = Place {
    allowed: "`on` or `from`",
    words: &["from"],
    fix: repair::weeks,
    say: say::weeks,
    ends: &["on monday at 9:00", "on monday from 2026-01-05 at 9:00"],
};

pub(super) const FROM: Place = Place {
    allowed: "`from`",
    words: &["from"],
    fix: repair::from,
    say: say::from,
    ends: &["from 2026-01-05 at 9:00"],
};

pub(super) const DATE: Place = Place {
    allowed: "a date from `1970-01-01` to `2199-12-31`",
    words: &[],
    fix: repair::date,
    say: say::date,
    ends: &["2026-01-05 at 9:00"],
};

pub(super) const AT: Place =
    Place { allowed: "`at`", words: &["at"], fix: repair::at, say: say::zone, ends: &["at 9:00"] };

pub(super) const TIME: Place = Place {
    allowed: "a time such as `9:00`, `17:30`, `9am`, `noon` or `midnight`",
    words: &["noon", "midnight"],
    fix: repair::time,
    say: say::time,
    ends: &["9:00", "17:00", "9:00 and 17:00"],
};

pub(super) const AFTER_TIME: Place = Place {
    allowed: "`,`, `and` or the end of the phrase",
    words: &["and"],
    fix: repair::after_time,
    say: say::after_time,
    ends: &[""],
};

pub(super) const MONTH: Place = Place {
    allowed: "`on the`",
    words: &["on"],
    fix: repair::month,
    say: say::month,
    ends: &["on the first day at 9:00"],
};

pub(super) const THE: Place = Place {
    allowed: "`the`",
    words: &["the"],
    fix: repair::the,
    say: say::the,
    ends: &["the first day at 9:00"],
};

pub(super) const QUARTER: Place = Place { ends: &["on the first day at 9:00"], ..MONTH };

pub(super) const YEAR: Place = Place {
    allowed: "`on`",
    words: &["on"],
    fix: repair::year,
    say: say::year,
    ends: &["on january 1 at 9:00"],
};

pub(super) const DATE_OF_YEAR: Place = Place {
    allowed: "`the`, or `january` to `december` and a day",
    words: &MONTHS,
    fix: repair::date_of_year,
    say: say::nothing,
    ends: &["january 1 at 9:00"],
};

pub(super) const DAY_OF_MONTH: Place = Place {
    allowed: "a day of the month such as `25`",
    words: &[],
    fix: repair::day_of_month,
    say: say::nothing,
    ends: &["1 at 9:00"],
};

pub(super) const AFTER_DATE: Place = Place {
    allowed: "`at`",
    words: &["at"],
    fix: repair::at_of_year,
    say: say::after_date,
    ends: &["at 9:00"],
};

pub(super) const OF_A_MONTH: Place = Place {
    allowed: "`of` and `january` to `december`",
    words: &MONTHS,
    fix: repair::of_a_month,
    say: say::nothing,
    ends: &["of january at 9:00", "january at 9:00"],
};

pub(super) const ORDINAL: Place = Place {
    allowed: "`first` to `fifth`, `last`, or `1st` to `31st`",
    words: &ORDINALS,
    fix: repair::ordinal,
    say: say::ordinal,
    ends: &[
        "first day at 9:00",
        "1st of the month at 9:00",
        "first monday at 9:00",
        "15th at 9:00",
        "first monday of the month at 9:00",
        "1st of january at 9:00",
    ],
};

pub(super) const NOUN: Place = Place {
    allowed: "`day`, `weekday`, or `monday` to `sunday`",
    words: NOUNS,
    fix: repair::noun,
    say: say::noun,
    ends: &[
        "day at 9:00",
        "day of the month at 9:00",
        "day of january at 9:00",
        "monday of the month at 9:00",
    ],
};

/// Behind a number that may be a day of the month already, in `every month on the 15th`.
pub(super) const NOUN_OR_AT: Place = Place {
    allowed: "`at`, `day`, `weekday`, or `monday` to `sunday`",
    fix: repair::noun_or_at,
    ends: &["at 9:00", "day at 9:00"],
    ..NOUN
};

/// The same in `on the 15th`.
pub(super) const NOUN_OR_OF: Place = Place {
    allowed: "`of the month`, `day`, `weekday`, or `monday` to `sunday`",
    fix: repair::noun_or_of,
    ends: &["of the month at 9:00", "day of the month at 9:00"],
    ..NOUN
};

/// The same in `every 15th`.
pub(super) const EVERY_NOUN: Place = Place {
    allowed: "`of the month`, `day`, `weekday`, or `monday` to `sunday`",
    fix: repair::noun,
    say: say::every_of,
    ends: &["monday of the month at 9:00", "of the month at 9:00"],
    ..NOUN
};

/// The same in `every year on the 15th`.
pub(super) const NOUN_OF_MONTH: Place = Place {
    allowed: "`of` and a month, `day`, `weekday`, or `monday` to `sunday`",
    fix: repair::noun_of_month,
    ends: &["of january at 9:00", "day of january at 9:00"],
    ..NOUN
};

/// Behind the days of `every first monday`.
pub(super) const EVERY_OF: Place = Place {
    allowed: "`of the month`",
    words: &[],
    fix: repair::every_of,
    say: say::every_of,
    ends: &["of the month at 9:00"],
};

pub(super) const OF_THE_MONTH: Place = Place {
    allowed: "`of the month`",
    words: &[],
    fix: repair::of_the_month,
    say: say::of_the_month,
    ends: &["of the month at 9:00"],
};

pub(super) const THE_MONTH: Place = Place {
    allowed: "`the month`, `every month`, `the quarter` or `every quarter`",
    words: &["month", "quarter"],
    fix: repair::the_month,
    say: say::the_month,
    ends: &["the month at 9:00", "month at 9:00"],
};

pub(super) const AFTER_NOUN: Place = Place {
    allowed: "`at`",
    words: &["at"],
    fix: repair::after_noun,
    say: say::after_noun,
    ends: &["at 9:00"],
};
