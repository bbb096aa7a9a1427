//! The places of the grammar: what may stand there, and what to say to words that people try there instead.

use super::words::Place;

/// Monday first, as people list them.
pub(super) const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// First to fifth, and last.
pub(super) const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];

/// The day that is abbreviated like this, or that has more of them.
pub(super) fn full_day(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let word = word.trim_end_matches('.');
    DAYS.into_iter().find(|day| {
        let short = word.len() >= 3 && word.len() <= 5 && day.starts_with(word);
        short || word.strip_suffix('s') == Some(day)
    })
}

const NUMBERS: &str = "two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty";
const WRITE_DIGITS: (&str, &str) = (NUMBERS, "write numbers in digits, as in `every 2 hours`");
const YEARLY: (&str, &str) = (
    "year|years|yearly|annually|january|february|march|april|may|june|july|august|september|october|november|december",
    "a date of the year is written as cron: `0 9 25 12 *` is December 25 at 9:00",
);
const QUARTERLY: (&str, &str) = (
    "quarter|quarters|quarterly",
    "a quarter is written as cron: `0 9 1 */3 *` is the first day of each at 9:00",
);
const PART_OF_DAY: (&str, &str) =
    ("morning|afternoon|evening|night|nights|mornings|evenings", "write the time, as in `every day at 9:00`");
const WORKDAY: (&str, &str) =
    ("workday|workdays|business|working|work|bizday", "write `weekday`, which is Monday to Friday");
const ZONE: (&str, &str) = (
    "in|utc|gmt|est|pst|cet|bst|z|local|timezone|o'clock",
    "the phrase has no zone in it: the zone is given beside it, as `timezone` in `#[job]` and `--zone` in `inspect`",
);
const OTHER_DAY: &str = "say on which day it begins, as in `every 2 days from 2026-01-05 at 9:00` or `every 2 weeks on monday from 2026-01-05 at 9:00`";

pub(super) const START: Place = Place {
    allowed: "`every` or `on the`",
    words: &["every", "on"],
    advice: &[
        ("each|all|any", "write `every`, as in `every weekday at 9:00`"),
        ("daily|nightly", "write `every day at 9:00`"),
        ("weekly", "write `every monday at 9:00`"),
        ("monthly", "write `every month on the first day at 9:00`"),
        ("hourly", "write `every hour`"),
        ("weekdays|weekday", "write `every weekday at 9:00`"),
        ("weekends|weekend", "write `every weekend day at 9:00`"),
        ("at|noon|midnight", "say on which days, as in `every day at 9:00`"),
        (
            "tomorrow|today|once|next|in|after",
            "a single run is written with `at` or `once`, as in `at = \"2026-12-25T00:00:00\"`",
        ),
        YEARLY,
    ],
    examples: &["every weekday at 9:00", "on the 15th of every month at 12:00"],
};

pub(super) const THE: Place = Place {
    allowed: "`the`",
    words: &["the"],
    advice: &[(
        "monday|tuesday|wednesday|thursday|friday|saturday|sunday",
        "say which one, as in `every month on the first monday at 9:00`",
    )],
    examples: &["every month on the 15th at 12:00"],
};

pub(super) const ON_THE: Place = Place {
    allowed: "`the`",
    words: &["the"],
    advice: &[
        ("weekdays|weekday", "write `every weekday at 9:00`"),
        ("weekends|weekend", "write `every weekend day at 9:00`"),
        (
            "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays",
            "write `every` in front of days of the week, as in `every monday at 9:00`",
        ),
        ("every", "write `every` alone, as in `every monday at 9:00`"),
        YEARLY,
    ],
    examples: &["on the 15th of every month at 12:00"],
};

pub(super) const EVERY: Place = Place {
    allowed: "a number, `second`, `minute`, `hour`, `day`, `weekday`, `weekend day`, `monday` to `sunday`, `week` or `month`",
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
    ],
    advice: &[
        ("other", OTHER_DAY),
        ("fortnight", "write `every 2 weeks on monday from 2026-01-05 at 9:00`"),
        ("first|1st|third|3rd|fourth|4th|fifth|5th|last", "write `every month on the third monday at 9:00`"),
        ("one|single", "leave it out, as in `every hour`"),
        ("half", "write `every 30 minutes`"),
        ("weekdays", "write `weekday`, as in `every weekday at 9:00`"),
        ("weekends", "write `weekend day`, as in `every weekend day at 9:00`"),
        ("noon|midnight", "write `every day at noon`"),
        (
            "millisecond|milliseconds|ms",
            "the shortest unit is the second; the option `every = \"250ms\"` goes below it",
        ),
        WRITE_DIGITS,
        PART_OF_DAY,
        WORKDAY,
        QUARTERLY,
        YEARLY,
    ],
    examples: &[
        "every weekday at 9:00",
        "every 5 minutes",
        "every monday at 9:00",
        "every hour",
        "every day at 9:00",
        "every weekend day at 9:00",
        "every week on monday at 9:00",
        "every month on the 15th at 12:00",
    ],
};

pub(super) const UNIT: Place = Place {
    allowed: "`seconds`, `minutes`, `hours`, `days` or `weeks`",
    words: &["seconds", "second", "minutes", "minute", "hours", "hour", "days", "day", "weeks", "week"],
    advice: &[
        ("s|sec|secs", "write `seconds`"),
        ("m|min|mins", "write `minutes`"),
        ("h|hr|hrs", "write `hours`"),
        ("d", "write `days`"),
        ("w", "write `weeks`"),
        (
            "ms|millisecond|milliseconds",
            "the shortest unit is the second; the option `every = \"250ms\"` goes below it",
        ),
        (
            "month|months",
            "months in steps are written as cron: `0 9 1 */2 *` is the first day of every other month",
        ),
        (
            "monday|mondays|tuesday|tuesdays|wednesday|wednesdays|thursday|thursdays|friday|fridays|saturday|saturdays|sunday|sundays",
            "write `weeks` and the day, as in `every 2 weeks on monday from 2026-01-05 at 9:00`",
        ),
        ("weekdays|weekday|weekends|weekend", "count all days, as in `every 2 days from 2026-01-05 at 9:00`"),
        (",", "numbers are whole: write `every 90 minutes` for an hour and a half"),
        YEARLY,
    ],
    examples: &[
        "every 5 minutes",
        "every 2 weeks on monday from 2026-01-05 at 9:00",
        "every 30 seconds",
        "every 2 hours",
        "every 2 days from 2026-01-05 at 9:00",
    ],
};

pub(super) const RATE_END: Place = Place {
    allowed: "the end of the phrase",
    words: &[],
    advice: &[
        (
            "day|monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|weekday|month|weekend",
            OTHER_DAY,
        ),
        (
            "at|past|after",
            "a minute of each hour is written with the option `hourly`, as in `hourly = \":30\"`",
        ),
        (
            "from|between|during|on|until|except|starting|during|every|of|for",
            "a rate at some hours or days only is written as cron: `*/15 9-17 * * MON-FRI`",
        ),
        ("and|,", "one unit is enough: `every 90 minutes` is an hour and a half"),
        ZONE,
    ],
    examples: &["every 5 minutes", "every hour"],
};

pub(super) const WEEKEND: Place = Place {
    allowed: "`day`",
    words: &["day"],
    advice: &[("at|from", "write `weekend day` for Saturday and Sunday, as in `every weekend day at 9:00`")],
    examples: &["every weekend day at 9:00"],
};

pub(super) const AFTER_DAYS: Place = Place {
    allowed: "`at` or `from`",
    words: &["at", "from"],
    advice: &[("on|in|the", "write `at` and the time, as in `every day at 9:00`"), PART_OF_DAY, ZONE],
    examples: &["every day at 9:00"],
};

pub(super) const AFTER_DAY_NAME: Place = Place {
    allowed: "`,`, `and`, `at` or `from`",
    words: &["and", "at", "from"],
    advice: &[
        (
            "to|through|thru|till|until|-",
            "name each day, as in `every monday, tuesday and wednesday at 9:00`, or write `weekday` for Monday to Friday",
        ),
        ("or|plus|&", "write `and`, as in `every monday and friday at 9:00`"),
        ("of", "write `every month on the first monday at 9:00`"),
        PART_OF_DAY,
        ZONE,
    ],
    examples: &["every monday and friday at 9:00"],
};

pub(super) const DAY_NAME: Place = Place {
    allowed: "`monday` to `sunday`",
    words: &DAYS,
    advice: &[
        ("weekday|weekdays|weekend", "write each day by its name here, as in `monday and saturday`"),
        ("the", "leave out `the`, as in `every monday and friday at 9:00`"),
        WORKDAY,
    ],
    examples: &["every monday and friday at 9:00"],
};

pub(super) const WEEKS: Place = Place {
    allowed: "`on` or `from`",
    words: &["on", "from"],
    advice: &[(
        "at|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
        "say on which day, as in `every week on monday at 9:00` or `every 2 weeks on monday from 2026-01-05 at 9:00`",
    )],
    examples: &["every 2 weeks on monday from 2026-01-05 at 9:00"],
};

pub(super) const FROM: Place = Place {
    allowed: "`from`",
    words: &["from"],
    advice: &[
        ("at", OTHER_DAY),
        ("starting|since|beginning|after", "write `from`, as in `every 2 days from 2026-01-05 at 9:00`"),
    ],
    examples: &["every 2 days from 2026-01-05 at 9:00", "every 2 weeks on monday from 2026-01-05 at 9:00"],
};

pub(super) const DATE: Place = Place {
    allowed: "a date from `1970-01-01` to `2199-12-31`",
    words: &[],
    advice: &[(
        "now|today|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
        "write the date in numbers, as in `from 2026-01-05`",
    )],
    examples: &["every 2 days from 2026-01-05 at 9:00"],
};

pub(super) const AT: Place = Place {
    allowed: "`at`",
    words: &["at"],
    advice: &[
        ("on", "write the days before the date, as in `every 2 weeks on monday from 2026-01-05 at 9:00`"),
        ZONE,
    ],
    examples: &["every 2 days from 2026-01-05 at 9:00"],
};

pub(super) const TIME: Place = Place {
    allowed: "a time such as `9:00`, `17:30`, `9am`, `noon` or `midnight`",
    words: &["noon", "midnight"],
    advice: &[
        ("midday", "write `noon`"),
        ("the", "leave out `the`, as in `at 9:00`"),
        (
            "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|quarter",
            "write times in digits, as in `9:00`",
        ),
        ("morning|evening|night|sunrise|sunset|dawn|dusk", "write the time, as in `at 9:00`"),
    ],
    examples: &["every day at 9:00", "every day at 5:30 pm"],
};

pub(super) const AFTER_TIME: Place = Place {
    allowed: "`,`, `and` or the end of the phrase",
    words: &["and"],
    advice: &[
        (
            "from|starting|since",
            "write the date before the time, as in `every 2 days from 2026-01-05 at 9:00`",
        ),
        ("on|every|of", "write the days first, as in `every monday at 9:00`"),
        ("until|except|but|to|through|-|or", "the list of times goes on with `,` and `and` only"),
        ("a.m.|a.m|p.m.|p.m", "write `am` and `pm` without dots, as in `9 am`"),
        ZONE,
    ],
    examples: &["every day at 9:00, 12:00 and 17:00"],
};

pub(super) const MONTH: Place = Place {
    allowed: "`on the`",
    words: &["on"],
    advice: &[("at|from", "say on which day, as in `every month on the first day at 9:00`")],
    examples: &["every month on the first monday at 9:00"],
};

pub(super) const ORDINAL: Place = Place {
    allowed: "`first` to `fifth`, `last`, or `1st` to `31st`",
    words: &ORDINALS,
    advice: &[
        (
            "sixth|seventh|eighth|ninth|tenth|fifteenth|twentieth|thirtieth",
            "write larger numbers in digits, as in `15th`",
        ),
        (
            "day|weekday|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
            "say which one, as in `on the last friday of every month at 17:00`",
        ),
        ("middle|end|start|beginning", "write `first day`, `15th` or `last day`"),
        ("penultimate|second-last", "days counted from the last are written as cron: `0 9 L-1 * *`"),
    ],
    examples: &["on the 15th of every month at 12:00", "on the last friday of every month at 17:00"],
};

const NOUNS: [&str; 9] =
    ["day", "weekday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(super) const NOUN: Place = Place {
    allowed: "`day`, `weekday`, or `monday` to `sunday`",
    words: &NOUNS,
    advice: &[
        ("weekend|week", "name the day, as in `on the first saturday of every month at 9:00`"),
        ("at|of", "say which day, as in `on the last day of every month at 9:00`"),
        WORKDAY,
    ],
    examples: &["on the last friday of every month at 17:00", "on the first monday of every month at 9:00"],
};

/// Behind a number that may be a day of the month already, in `every month on the 15th`.
pub(super) const NOUN_OR_AT: Place = Place {
    allowed: "`at`, `day`, `weekday`, or `monday` to `sunday`",
    advice: &[
        ("weekend|week", "name the day, as in `every month on the first saturday at 9:00`"),
        ("of", "leave out `of every month`, as in `every month on the 15th at 12:00`"),
        WORKDAY,
    ],
    examples: &["every month on the 15th at 12:00", "every month on the first monday at 9:00"],
    ..NOUN
};

/// The same in `on the 15th`.
pub(super) const NOUN_OR_OF: Place = Place {
    allowed: "`of every month`, `day`, `weekday`, or `monday` to `sunday`",
    advice: &[
        ("weekend|week", "name the day, as in `on the first saturday of every month at 9:00`"),
        ("at", "write `on the 15th of every month at 12:00`"),
        WORKDAY,
    ],
    examples: &["on the 15th of every month at 12:00", "on the first monday of every month at 9:00"],
    ..NOUN
};

pub(super) const AFTER_NOUN: Place = Place {
    allowed: "`at`",
    words: &["at"],
    advice: &[
        (
            ",|and",
            "list the numbers and not the days, as in `on the first and third monday of every month at 9:00`",
        ),
        (
            "of",
            "leave out `of` and what follows, as in `every month on the first monday at 9:00`; single months are written as cron: `0 9 * JUN MON#1`",
        ),
        ZONE,
    ],
    examples: &["every month on the first monday at 9:00", "on the 15th of every month at 12:00"],
};

pub(super) const OF_EVERY_MONTH: Place = Place {
    allowed: "`of every month`",
    words: &["of", "every", "month"],
    advice: &[
        (
            ",|and",
            "list the numbers and not the days, as in `on the first and third monday of every month at 9:00`",
        ),
        ("at", "write `on the 15th of every month at 12:00`"),
        ("each|the|a", "write `of every month`"),
        YEARLY,
    ],
    examples: &["on the 15th of every month at 12:00"],
};
