//! What to say about a word that may mean several things, or what no phrase says: the choices, in the words and times
//! that were written, or what the other language is called.

use chrono_tz::Tz;

use super::cursor::{Cursor, day_of};
use super::read;
use super::vocabulary::{MONTHS, month as month_of, number};
use crate::schedule::cron::time_fields;

pub(super) fn nothing(_: &Cursor<'_>) -> Option<String> {
    None
}

pub(super) fn start(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    let times = c.times();
    match word.as_str() {
        "at" | "noon" | "midnight" => {
            let times = if word == "at" { times } else { word };
            Some(format!("say on which days, for example `every day at {times}`"))
        }
        "before" | "after" | "between" => Some(a_window(c)),
        "hourly" | "minutely" => None,
        "tomorrow" | "today" | "once" | "next" | "in" => {
            Some("a single run is written with the option `at`, or with `once` for a delay".to_owned())
        }
        _ if month_of(&word).is_some() => date_of_year(c),
        _ => None,
    }
}

/// A window in which work may start, as Renovate has them: no schedule, as nothing says when in it.
fn a_window(c: &Cursor<'_>) -> String {
    let time = |word: &str| {
        let text = format!("every day at {word}");
        (!word.is_empty() && read(&text, Tz::UTC).is_ok()).then(|| word.to_owned())
    };
    // `5am` and `5 am`.
    let written = time(&c.ahead(1)).or_else(|| time(&format!("{} {}", c.ahead(1), c.ahead(2))));
    let days = c.words.iter().find_map(|word| match word.to_ascii_lowercase().as_str() {
        "weekday" | "weekdays" => Some(" on weekdays".to_owned()),
        "weekend" | "weekends" => Some(" on weekends".to_owned()),
        word => day_of(word).map(|day| format!(" on {day}")),
    });
    let days = days.unwrap_or_default();
    let window = match (c.word().as_str(), written) {
        ("before", Some(time)) => format!("between midnight and {time}"),
        ("after", Some(time)) => format!("between {time} and midnight"),
        ("between", _) => {
            let end = c.find(c.at, &["on", "every", "each"]).unwrap_or(c.words.len());
            c.part(c.at, end)
        }
        _ => "between 9:00 and 17:00".to_owned(),
    };
    let example = [format!("every 15 minutes {window}{days}"), format!("every 15 minutes {window}")]
        .into_iter()
        .find(|example| read(example, Tz::UTC).is_ok())
        .unwrap_or_else(|| "every 15 minutes between 9:00 and 17:00".to_owned());
    format!(
        "a schedule is the times at which work starts, and no window in which it may; say how often, for example `{example}`"
    )
}

/// A date of the year, behind `on` or alone: each year, or once.
pub(super) fn date_of_year(c: &Cursor<'_>) -> Option<String> {
    let at = c.words.iter().position(|word| month_of(word).is_some())?;
    let month = MONTHS[month_of(c.words[at])?];
    let day = [c.words.get(at + 1), at.checked_sub(1).and_then(|at| c.words.get(at))];
    let digits = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
    let day = day.into_iter().flatten().map(|word| digits(word)).find(|day| day.parse::<u32>().is_ok())?;
    let phrase = format!("every year on {month} {day} at {}", c.times());
    let has_times = c.own_times().is_some();
    read(&phrase, Tz::UTC).ok()?;
    let write = if has_times { "write" } else { "write for example" };
    Some(format!("{write} `{phrase}`; a single run is written with the option `at`"))
}

pub(super) fn every(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "other" => Some(every_second(c, 2)),
        "fortnight" => {
            let day = c.own_day().unwrap_or("monday");
            Some(first_date(&format!("every 2 weeks on {day}"), c))
        }
        "millisecond" | "milliseconds" | "ms" => {
            Some("the shortest unit is the second; the option `every` goes below it".to_owned())
        }
        "morning" | "afternoon" | "evening" | "night" | "mornings" | "evenings" | "nights" | "afternoons" => {
            Some(of_day("every day", c))
        }
        _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            Some("numbers are whole, from 1 to 99999; a smaller unit says a fraction".to_owned())
        }
        _ => None,
    }
}

/// A part of the day, which its time says.
fn of_day(days: &str, c: &Cursor<'_>) -> String {
    format!(
        "the time says it, on a clock of 24 hours or with `am` and `pm`; write for example `{days} at {}`",
        c.times()
    )
}

/// The date on which a stride begins, which nobody can know but its author.
fn first_date(before: &str, c: &Cursor<'_>) -> String {
    format!("say on which day it begins, for example `{before} from {} at {}`", a_date(before), c.times())
}

/// A date that is on the first of the days that a phrase names.
fn a_date(text: &str) -> &'static str {
    const WEEK: [&str; 7] =
        ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10", "2026-01-11"];
    let dates = WEEK.into_iter();
    let fits = |date: &&str| read(&format!("{text} from {date} at 9:00"), Tz::UTC).is_ok();
    dates.clone().find(fits).unwrap_or(WEEK[0])
}

/// `every other day`, `every second monday`: each second one, from a date on.
fn every_second(c: &Cursor<'_>, number: u32) -> String {
    match c.ahead(1).as_str() {
        "week" if c.own_day().is_some() => {
            let on = c.own_day().unwrap_or_default();
            first_date(&format!("every {number} weeks on {on}"), c)
        }
        "week" => first_date(&format!("every {number} weeks"), c),
        "month" => {
            "months in steps are counted from January, for example `every 2 months on the first day at 9:00`"
                .replace("9:00", &c.times())
        }
        day if day_of(day).is_some() => {
            first_date(&format!("every {number} weeks on {}", day_of(day).unwrap_or_default()), c)
        }
        _ => first_date(&format!("every {number} days"), c),
    }
}

pub(super) fn unit(c: &Cursor<'_>) -> Option<String> {
    let (word, count) = (c.word(), c.behind(1));
    match word.as_str() {
        "ms" | "millisecond" | "milliseconds" => {
            Some(format!("the shortest unit is the second; the option `every = \"{count}ms\"` goes below it"))
        }
        "year" | "years" => Some(
            "a rule of several years is written as `rrule`, with `FREQ=YEARLY` and `INTERVAL`".to_owned(),
        ),
        "," | "." => Some("numbers are whole and without a comma".to_owned()),
        "weekday" | "weekdays" | "weekend" | "weekends" | "workdays" => Some(format!(
            "days are counted with those of weekends; {}",
            first_date(&format!("every {count} days"), c)
        )),
        _ => day_of(&word).map(|day| first_date(&format!("every {count} weeks on {day}"), c)),
    }
}

pub(super) fn rate_end(c: &Cursor<'_>) -> Option<String> {
    let (word, rate) = (c.word(), c.part(0, c.at));
    match word.as_str() {
        "from" | "between" => from_to(c, &rate),
        "at" | "past" => at_minute(c),
        "until" | "till" | "before" | "after" | "starting" | "during" | "except" | "of" | "for" => Some(
            format!("a rate has a window and days, for example `{rate} between 9:00 and 17:00 on weekdays`"),
        )
        .filter(|_| read(&format!("{rate} between 9:00 and 17:00"), Tz::UTC).is_ok()),
        _ => zone(c),
    }
}

/// `every 2 hours at :30`, which is cron.
fn at_minute(c: &Cursor<'_>) -> Option<String> {
    let minute = c
        .ahead(1)
        .strip_prefix(':')
        .and_then(|minute| minute.parse::<u32>().ok())
        .filter(|minute| *minute < 60);
    let hours = c
        .behind(2)
        .parse::<u32>()
        .ok()
        .filter(|hours| c.behind(1).starts_with("h") && (1..24).contains(hours) && 24 % hours == 0);
    Some(match (minute, hours) {
        (Some(minute), Some(hours)) => format!("write `cron = \"{minute} */{hours} * * *\"`"),
        _ => "a rate has no time; a minute of each hour is written for example `hourly at :30`".to_owned(),
    })
}

/// `from A to B`, which elsewhere has B as its last time.
fn from_to(c: &Cursor<'_>, rate: &str) -> Option<String> {
    let to = c.find(c.at, &["to", "until", "till", "-", "and"])?;
    let (first, rest) = (c.part(c.at + 1, to), c.part(to + 1, c.words.len()));
    let phrase = format!("{rate} between {first} and {rest}");
    read(&phrase, Tz::UTC).ok()?;
    let on = c.find(to, &["on"]).unwrap_or(c.words.len());
    let end = c.part(to + 1, on);
    Some(format!("write `{phrase}`, which has no run at {end}; one at {end} is a schedule of its own"))
}

pub(super) fn after_window(c: &Cursor<'_>) -> Option<String> {
    if c.word() == "at" {
        // `every 2 hours on monday at 9:00`, say: a rate or a time.
        return Some(
            "a rate has no times; days with times are written for example `every monday at 9:00`"
                .replace("9:00", &c.times())
                .replace("monday", c.own_day().unwrap_or("monday")),
        );
    }
    zone(c)
}

pub(super) fn weekend(c: &Cursor<'_>) -> Option<String> {
    if c.words.first().is_some_and(|word| !word.eq_ignore_ascii_case("every")) || c.at > 2 {
        return None;
    }
    let times = c.times();
    let both = format!("`every weekend day at {times}` for Saturday and Sunday");
    let one = format!("or one of the days, for example `every saturday at {times}`");
    let has_times = c.own_times().is_some();
    Some(if has_times { format!("write {both}, {one}") } else { format!("write for example {both}, {one}") })
}

pub(super) fn after_days(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "before" | "after" | "between" => Some(a_window(c)),
        "except" | "but" => Some(format!(
            "name the days that are left, for example `every monday to friday at {}`",
            c.times()
        )),
        "morning" | "afternoon" | "evening" | "night" => Some(of_day(&c.part(0, c.at), c)),
        "in" if c.ahead(1) == "the" => Some(of_day(&c.part(0, c.at), c)),
        _ => zone(c),
    }
}

pub(super) fn after_day_name(c: &Cursor<'_>) -> Option<String> {
    let day = c.own_day().unwrap_or("monday");
    match c.word().as_str() {
        "of" => Some(format!("say which one, for example `first {day} of the month at {}`", c.times())),
        "or" => Some("a schedule does not choose between days; with `and` it is both".to_owned()),
        "until" | "till" => {
            Some(format!("`to` includes the last day, for example `every {day} to sunday at {}`", c.times()))
        }
        _ => after_days(c),
    }
}

pub(super) fn weeks(c: &Cursor<'_>) -> Option<String> {
    let (weeks, times) = (c.part(0, c.at), c.times());
    let example = format!("{weeks} on monday at {times}");
    if read(&example, Tz::UTC).is_ok() {
        return Some(format!("say on which day, for example `{example}`"));
    }
    Some(first_date(&format!("{weeks} on monday"), c))
}

pub(super) fn from(c: &Cursor<'_>) -> Option<String> {
    (c.word() == "at").then(|| first_date(&c.part(0, c.at), c))
}

pub(super) fn date(c: &Cursor<'_>) -> Option<String> {
    let date = a_date(&c.part(0, c.at.saturating_sub(1)));
    (!c.word().is_empty()).then(|| format!("write the date as year, month and day, for example `{date}`"))
}

pub(super) fn time(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if word.is_empty() && ["and", ","].contains(&c.behind(1).as_str()) {
        let example = format!("{} 17:00", c.part(0, c.at));
        return read(&example, Tz::UTC).is_ok().then(|| format!("write for example `{example}`"));
    }
    if let Some(hour) = number(&word).filter(|hour| (1..=12).contains(hour)) {
        return Some(format!("write `{hour}:00`, `{hour}am` or `{hour}pm`"));
    }
    let vague = ["half", "quarter", "morning", "evening", "night", "sunrise", "sunset", "dawn", "dusk"];
    vague.contains(&word.as_str()).then(|| "write the time in digits, for example `9:00`".to_owned())
}

pub(super) fn after_time(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "on" | "every" | "each" | "of" => {
            Some(format!("the days stand before the times, for example `every monday at {}`", c.times()))
        }
        "until" | "except" | "but" | "to" | "through" | "-" | "or" => {
            Some("the list of times goes on with `,` and `and` only".to_owned())
        }
        _ => zone(c),
    }
}

/// A zone in the phrase, which has its place beside it.
pub(super) fn zone(c: &Cursor<'_>) -> Option<String> {
    const OTHERS: [&str; 8] = ["est", "pst", "cet", "bst", "cst", "mst", "local", "timezone"];
    let is_in = c.word() == "in";
    let name = c.words.get(c.at + usize::from(is_in)).copied().unwrap_or_default();
    let is_utc = ["utc", "gmt", "z"].contains(&name.to_ascii_lowercase().as_str());
    let name = if is_utc { "UTC" } else { name };
    let phrase = c.put(1 + usize::from(is_in), "");
    let is_zone = is_utc || name.contains('/') && name.parse::<Tz>().is_ok();
    if is_zone && read(&phrase, Tz::UTC).is_ok() {
        return Some(format!(
            "the zone stands beside the phrase: write `{phrase}` and `timezone = \"{name}\"`"
        ));
    }
    (is_zone || is_in || OTHERS.contains(&c.word().as_str())).then(|| {
        "the phrase has no zone in it: the zone is given beside it, as `timezone` in `#[job]` and `--zone` in `inspect`".to_owned()
    })
}

pub(super) fn month(c: &Cursor<'_>) -> Option<String> {
    let (months, times) = (c.part(0, c.at), c.times());
    let which = match c.own_day() {
        Some(day) => format!("first {day}"),
        None => "first day".to_owned(),
    };
    Some(format!("say on which day, for example `{months} on the {which} at {times}`"))
}

pub(super) fn the(c: &Cursor<'_>) -> Option<String> {
    let before = c.part(0, c.at);
    day_of(&c.word())
        .map(|day| format!("say which one, for example `{before} the first {day} at {}`", c.times()))
}

pub(super) fn year(c: &Cursor<'_>) -> Option<String> {
    Some(format!("say on which date, for example `every year on january 1 at {}`", c.times()))
}

pub(super) fn after_date(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "and" | "," => Some("a phrase has one date of the year; use one schedule for each".to_owned()),
        _ => zone(c),
    }
}

pub(super) fn ordinal(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    match word.as_str() {
        "penultimate" | "second-last" => {
            let times = super::time::times(&mut super::words::Words::new(&c.times())).ok()?;
            let fields = time_fields(&times)?;
            Some(format!("days counted from the last are written as cron: `cron = \"{fields} L-1 * *\"`"))
                .filter(|_| c.ahead(1) == "day" && c.own_times().is_some())
                .or_else(|| {
                    Some(
                        "days counted from the last are written as cron, with `L-1` for the day of the month"
                            .to_owned(),
                    )
                })
        }
        "middle" | "end" | "start" | "beginning" => {
            Some("name the day: `first day`, `last day` or one by its number, such as `15th`".to_owned())
        }
        _ => day_of(&word)
            .map(|day| format!("say which one, from `first {day}` to `fifth {day}` or `last {day}`")),
    }
}

pub(super) fn noun(c: &Cursor<'_>) -> Option<String> {
    let which = c.behind(1);
    match c.word().as_str() {
        "weekend" | "week" | "weekends" => {
            Some(format!("name the day, `{which} saturday` or `{which} sunday`"))
        }
        _ => None,
    }
}

/// `every third monday`: that of the month, or each third one.
pub(super) fn every_of(c: &Cursor<'_>) -> Option<String> {
    let which = c.words.get(1)?.to_ascii_lowercase();
    let digits: String = which.chars().take_while(char::is_ascii_digit).collect();
    let place = super::vocabulary::ORDINALS.iter().take(5).position(|ordinal| *ordinal == which);
    let number = digits.parse::<u32>().ok().or(place.map(|place| place as u32 + 1))?;
    let days = c.part(1, c.at);
    let times = c.times();
    let write = if c.own_times().is_some() { "write" } else { "write for example" };
    let noun = c.words.get(2)?.to_ascii_lowercase();
    if number < 2 || c.at != 3 {
        return None;
    }
    let step = match day_of(&noun) {
        Some(day) => format!("every {number} weeks on {day}"),
        None if noun == "day" => format!("every {number} days"),
        None => return None,
    };
    let date = a_date(&step);
    Some(format!(
        "{write} `{days} of the month at {times}`, or with the date on which it begins, for example `{step} from {date} at {times}`"
    ))
}

pub(super) fn of_the_month(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "," | "and" => Some(
            "list the numbers and not the days, for example `first and third monday of the month`".to_owned(),
        ),
        _ => None,
    }
}

pub(super) fn the_month(c: &Cursor<'_>) -> Option<String> {
    let word = c.word();
    if let Some(month) = month_of(&word) {
        let first = usize::from(
            c.words
                .first()
                .is_some_and(|word| word.eq_ignore_ascii_case("on") || word.eq_ignore_ascii_case("every")),
        );
        let the = usize::from(c.words.get(first).is_some_and(|word| word.eq_ignore_ascii_case("the")));
        let days = c.part(first + the, c.at);
        let phrase = format!("every year on the {days} {} at {}", MONTHS[month], c.times());
        read(&phrase, Tz::UTC).ok()?;
        let write = if c.own_times().is_some() { "write" } else { "write for example" };
        return Some(format!("{write} `{phrase}`; a single run is written with the option `at`"));
    }
    (word == "year").then(|| {
        "a day of the year has its month, for example `every year on december 31 at 9:00`"
            .replace("9:00", &c.times())
    })
}

pub(super) fn after_noun(c: &Cursor<'_>) -> Option<String> {
    match c.word().as_str() {
        "," | "and" => {
            Some("list the numbers and not the days, for example `first and third monday`".to_owned())
        }
        _ => zone(c),
    }
}
