//! English, from the completed rule: what `DTSTART` says is told like what the rule says.

use chrono::DateTime;

use super::RruleSchedule;
use super::rule::{By, Day, End, Frequency, Rule};
use crate::schedule::cron::{MONTHS, joined, list};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// As many times of a day are listed; more are told by their hours and minutes.
const MOST_TIMES: usize = 6;

impl RruleSchedule {
    /// The schedule in one sentence: `Every 2 weeks on Monday and Friday at 09:00, Europe/London, 10 times`.
    pub(in crate::schedule) fn describe(&self) -> String {
        let definition = &self.0.definition;
        let rule = match definition.start {
            Some(start) => definition.rule.completed(start),
            None => definition.rule.clone(),
        };
        let mut words = vec![every(&rule)];
        words.extend(months_and_days(&rule));
        words.extend(times(&rule));
        let mut parts = vec![words.join(" "), definition.zone.name().to_owned()];
        if definition.start.is_none() {
            parts.push("from the first registration on".to_owned());
        }
        let time = |second: i64| {
            DateTime::from_timestamp(second, 0).map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string())
        };
        match rule.end {
            End::Never => {}
            End::Count(1) => parts.push("once".to_owned()),
            End::Count(count) => parts.push(format!("{count} times")),
            End::UntilLocal(second) => parts.extend(time(second).map(|time| format!("until {time}"))),
            End::UntilInstant(second) => parts.extend(time(second).map(|time| format!("until {time} UTC"))),
        }
        let dates = |count: usize| if count == 1 { "1 date".to_owned() } else { format!("{count} dates") };
        if !definition.added.is_empty() {
            parts.push(format!("and on {} more", dates(definition.added.len())));
        }
        if !definition.removed.is_empty() {
            parts.push(format!("except {}", dates(definition.removed.len())));
        }
        parts.join(", ")
    }
}

fn every(rule: &Rule) -> String {
    let unit = match rule.frequency {
        Frequency::Yearly => "year",
        Frequency::Monthly => "month",
        Frequency::Weekly => "week",
        Frequency::Daily => "day",
        Frequency::Hourly => "hour",
    };
    match rule.interval {
        1 => format!("Every {unit}"),
        interval => format!("Every {interval} {unit}s"),
    }
}

/// `in January on day 13 if it is Friday`, each only where the rule says so.
fn months_and_days(rule: &Rule) -> Vec<String> {
    let mut words = Vec::new();
    let months = rule.by(By::Month);
    let name = |month: u32| MONTHS[(month - 1) as usize % 12].to_owned();
    let plain: Vec<u32> = numbers(months);
    let month_days = rule.by(By::MonthDay);
    let is_date = rule.frequency == Frequency::Yearly
        && rule.days.is_empty()
        && rule.by(By::YearDay).is_empty()
        && rule.by(By::WeekNo).is_empty()
        && rule.by(By::SetPos).is_empty();
    if let ([month], [day], true) = (plain.as_slice(), month_days, is_date)
        && *day > 0
    {
        return vec![format!("on {day} {}", name(*month))];
    }
    if !plain.is_empty() {
        words.push(format!("in {}", list(&plain, name)));
    }
    if !rule.by(By::WeekNo).is_empty() {
        words.push(format!("in {}", counted("week", rule.by(By::WeekNo))));
    }
    let mut days = Vec::new();
    if !rule.by(By::YearDay).is_empty() {
        days.push(format!("{} of the year", counted("day", rule.by(By::YearDay))));
    }
    if !month_days.is_empty() {
        let of = if rule.frequency >= Frequency::Daily { " of the month" } else { "" };
        days.push(format!("{}{of}", counted("day", month_days)));
    }
    if !rule.days.is_empty() {
        let is_in_year = rule.frequency == Frequency::Yearly && months.is_empty();
        days.push(weekdays(&rule.days, if is_in_year { " of the year" } else { "" }));
    }
    if !days.is_empty() {
        words.push(format!("on {}{}", chosen(rule), days.join(" if it is ")));
    }
    words
}

/// `the last of `, or nothing.
fn chosen(rule: &Rule) -> String {
    match rule.by(By::SetPos) {
        [] => String::new(),
        positions => {
            let names: Vec<String> = positions.iter().map(|n| ordinal(*n)).collect();
            format!("the {} of ", joined(&names))
        }
    }
}

/// `day 1`, `days 1 and 15`, `day 1 and the last day`.
fn counted(unit: &str, values: &[i16]) -> String {
    let plain = numbers(values);
    let mut parts = Vec::new();
    if !plain.is_empty() {
        let s = if plain.len() == 1 { "" } else { "s" };
        parts.push(format!("{unit}{s} {}", list(&plain, |n| n.to_string())));
    }
    parts.extend(values.iter().filter(|n| **n < 0).map(|n| format!("the {} {unit}", ordinal(*n))));
    joined(&parts)
}

fn weekdays(days: &[Day], of: &str) -> String {
    let name = |weekday: u32| WEEKDAYS[weekday as usize % 7].to_owned();
    let plain: Vec<u32> = days.iter().filter(|day| day.number == 0).map(|day| day.weekday.into()).collect();
    let mut parts = Vec::new();
    if !plain.is_empty() {
        parts.push(list(&plain, name));
    }
    let numbered = days.iter().filter(|day| day.number != 0);
    parts.extend(numbered.map(|day| format!("the {} {}{of}", ordinal(day.number), name(day.weekday.into()))));
    joined(&parts)
}

/// `first`, `20th`, `last`, `second to last`.
fn ordinal(number: i16) -> String {
    match (number, number.unsigned_abs()) {
        (-1, _) => "last".to_owned(),
        (..0, n) => format!("{} to last", ordinal(i16::try_from(n).unwrap_or(i16::MAX))),
        (_, n @ 1..=5) => ORDINALS[usize::from(n) - 1].to_owned(),
        (_, n) => {
            let ending = match (n % 100, n % 10) {
                (11..=13, _) => "th",
                (_, 1) => "st",
                (_, 2) => "nd",
                (_, 3) => "rd",
                _ => "th",
            };
            format!("{n}{ending}")
        }
    }
}

/// `at 09:00 and 17:00`; nothing where the time comes from a start that is not known yet.
fn times(rule: &Rule) -> Option<String> {
    let (hours, minutes, seconds) = (rule.by(By::Hour), rule.by(By::Minute), rule.by(By::Second));
    // Without days to choose from, the positions choose from the times.
    let all = rule.days.is_empty() && [By::MonthDay, By::YearDay].iter().all(|by| rule.by(*by).is_empty());
    let chosen = if all { chosen(rule) } else { String::new() };
    let plural = |unit: &str, values: &[i16]| counted(unit, values);
    if rule.frequency == Frequency::Hourly || minutes.is_empty() || seconds.is_empty() {
        let mut parts = Vec::new();
        if !seconds.is_empty() && seconds != [0] {
            parts.push(plural("second", seconds));
        }
        if !minutes.is_empty() && (minutes != [0] || !parts.is_empty()) {
            parts.push(plural("minute", minutes));
        }
        let mut text = Vec::new();
        if !parts.is_empty() {
            text.push(format!("at {chosen}{}", parts.join(" of ")));
        }
        if !hours.is_empty() {
            text.push(format!("in {}", plural("hour", hours)));
        }
        return (!text.is_empty()).then(|| text.join(" "));
    }
    if hours.is_empty() {
        return None;
    }
    if hours.len() * minutes.len() * seconds.len() > MOST_TIMES {
        let seconds =
            if seconds == [0] { String::new() } else { format!("{} of ", plural("second", seconds)) };
        return Some(format!(
            "at {chosen}{seconds}{} of {}",
            plural("minute", minutes),
            plural("hour", hours)
        ));
    }
    let mut texts = Vec::new();
    for hour in hours {
        for minute in minutes {
            texts.extend(seconds.iter().map(|second| match seconds {
                [0] => format!("{hour:02}:{minute:02}"),
                _ => format!("{hour:02}:{minute:02}:{second:02}"),
            }));
        }
    }
    Some(format!("at {chosen}{}", joined(&texts)))
}

/// Those that do not count from the end.
fn numbers(values: &[i16]) -> Vec<u32> {
    values.iter().filter_map(|n| u32::try_from(*n).ok()).collect()
}
