//! English, from the masks: every spelling of a schedule reads the same.

use super::fields::{ALL_DAYS, ALL_HOURS, ALL_MONTHS, ALL_SIXTY, ALL_WEEKDAYS, LAST_WEEK};
use super::print::{step, step_to_end, values};
use super::{CronSchedule, DstGap, EITHER_DAY};

pub(in crate::schedule) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(in crate::schedule) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// As many times of a day are listed; more are told by their fields.
const MOST_TIMES: usize = 6;

impl CronSchedule {
    /// The schedule in one sentence: `At 09:00, Monday to Friday, Europe/London`.
    pub(in crate::schedule) fn describe(&self) -> String {
        let (time, days) = (self.describe_time(), self.describe_days());
        let mut parts = vec![time];
        if days.is_none() && parts[0].starts_with("At") && !self.is_interval_like() && self.hours != ALL_HOURS
        {
            parts.push("every day".to_owned());
        }
        parts.extend(days);
        if self.months != ALL_MONTHS {
            let names = |month: u32| MONTHS[(month - 1) as usize % 12].to_owned();
            parts.push(format!("in {}", list(&values(self.months.into(), 1), names)));
        }
        if let Some(years) = &self.years {
            let years: Vec<u32> = years.iter().collect();
            parts.push(match (step(&years), years.len()) {
                (Some(step), 4..) => {
                    format!("every {step} years from {} to {}", years[0], years[years.len() - 1])
                }
                _ => format!("in {}", list(&years, |year| year.to_string())),
            });
        }
        parts.push(self.zone.name().to_owned());
        if self.dst_gap() == DstGap::Skip {
            parts.push("not after a gap of the clock".to_owned());
        }
        parts.join(", ")
    }

    fn describe_time(&self) -> String {
        let hours = values(self.hours.into(), 0);
        let minutes = values(self.minutes, 0);
        let seconds = values(self.seconds, 0);
        let fixed = !self.is_interval_like();
        if fixed && hours.len() * minutes.len() * seconds.len() <= MOST_TIMES {
            return format!("At {}", times(&hours, &minutes, &seconds));
        }
        // The smallest unit that has more than one value, or that is not zero, leads the sentence.
        let unit = |values: &[u32], mask: u64, full: u64, name: &str| {
            if mask == full {
                Some(format!("every {name}"))
            } else {
                let end = u32::BITS * 2 - full.leading_zeros() - 1;
                let step = step_to_end(values, 0, end)?;
                // A step that does not divide the field is a list, or it would promise too much.
                let even = (end + 1).is_multiple_of(step);
                let from = if even { String::new() } else { format!(" from {name} 0") };
                (even || values.len() > MOST_TIMES).then(|| format!("every {step} {name}s{from}"))
            }
        };
        let mut parts = Vec::new();
        let second = unit(&seconds, self.seconds, ALL_SIXTY, "second");
        let minute = unit(&minutes, self.minutes, ALL_SIXTY, "minute");
        let hour = unit(&hours, self.hours.into(), ALL_HOURS.into(), "hour");
        let on_the_minute = self.seconds == 1;
        if !on_the_minute {
            parts.push(second.clone().unwrap_or_else(|| format!("at {}", plural("second", &seconds))));
        }
        let on_the_hour = on_the_minute && self.minutes == 1;
        // A larger unit says something only if the smaller one does not run through all of it.
        let seconds_run = second.is_some() && self.minutes == ALL_SIXTY;
        if !on_the_hour && !seconds_run {
            parts.push(minute.clone().unwrap_or_else(|| format!("at {}", plural("minute", &minutes))));
        }
        let minutes_run = minute.is_some() || seconds_run;
        if !(minutes_run && self.hours == ALL_HOURS) {
            let run = hours.len() as u32 == hours[hours.len() - 1] - hours[0] + 1 && self.hours != ALL_HOURS;
            parts.push(match (hour, run) {
                (Some(hour), _) => hour,
                (None, true) if on_the_hour && hours.len() > 1 => {
                    format!("every hour from {:02}:00 to {:02}:00", hours[0], hours[hours.len() - 1])
                }
                (None, _) if on_the_hour => format!("at {}", times(&hours, &minutes, &seconds)),
                (None, true) => format!("from {:02}:00 to {:02}:59", hours[0], hours[hours.len() - 1]),
                (None, false) => format!("in {}", plural("hour", &hours)),
            });
        }
        if fixed && self.hours == ALL_HOURS {
            // The same times as an interval-like schedule, with another rule for clock changes.
            parts.push("by the clock".to_owned());
        }
        capital(parts.join(", "))
    }

    /// The days, or `None` if they are not restricted.
    fn describe_days(&self) -> Option<String> {
        let days = (self.days != ALL_DAYS).then(|| self.describe_days_of_month());
        let weekdays = (self.weekdays != ALL_WEEKDAYS).then(|| self.describe_weekdays());
        match (days, weekdays) {
            (Some(days), Some(weekdays)) if self.flags & EITHER_DAY != 0 => {
                Some(format!("{days} or {weekdays}"))
            }
            (Some(days), Some(weekdays)) => Some(format!("{days} if it is {weekdays}")),
            (days, weekdays) => days.or(weekdays),
        }
    }

    fn describe_days_of_month(&self) -> String {
        match self.workday {
            0 => {}
            32 => return "on the last day of the month that is Monday to Friday".to_owned(),
            day => return format!("on the day from Monday to Friday nearest to day {day} of the month"),
        }
        let mut parts = Vec::new();
        if self.days != 0 {
            parts.push(plural("day", &values(self.days.into(), 1)));
        }
        for back in values(self.days_from_last.into(), 0).iter().copied() {
            parts.push(match back {
                0 => "the last day".to_owned(),
                1 => "the last day but one".to_owned(),
                _ => format!("the last day but {back}"),
            });
        }
        format!("on {} of the month", joined(&parts))
    }

    fn describe_weekdays(&self) -> String {
        let plain = self.plain_weekdays();
        let days: Vec<u32> = (1..=7).filter(|day| plain >> (day % 7) & 1 != 0).collect();
        let name = |day: u32| WEEKDAYS[day as usize % 7];
        let mut parts = Vec::new();
        if !days.is_empty() {
            parts.push(list(&days, |day| name(day).to_owned()));
        }
        for day in (1..=7).filter(|day| plain >> (day % 7) & 1 == 0) {
            for week in (0..5).filter(|week| self.weekdays >> (week * 7 + day % 7) & 1 != 0) {
                parts.push(format!("the {} {} of the month", ORDINALS[week as usize], name(day)));
            }
            if self.weekdays >> (LAST_WEEK + day % 7) & 1 != 0 {
                parts.push(format!("the last {} of the month", name(day)));
            }
        }
        joined(&parts)
    }
}

/// All combinations, in order: `09:00 and 17:00`. Seconds only if there are any.
fn times(hours: &[u32], minutes: &[u32], seconds: &[u32]) -> String {
    let mut texts = Vec::new();
    for hour in hours {
        for minute in minutes {
            texts.extend(seconds.iter().map(|second| match seconds {
                [0] => format!("{hour:02}:{minute:02}"),
                _ => format!("{hour:02}:{minute:02}:{second:02}"),
            }));
        }
    }
    joined(&texts)
}

/// `minute 5`, `minutes 5, 20 and 35`.
fn plural(unit: &str, values: &[u32]) -> String {
    let s = if values.len() == 1 { "" } else { "s" };
    format!("{unit}{s} {}", list(values, |value| value.to_string()))
}

/// Values with runs of three and more as `a to b`.
pub(in crate::schedule) fn list(values: &[u32], name: impl Fn(u32) -> String) -> String {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < values.len() {
        let run = values[at..].windows(2).take_while(|pair| pair[1] == pair[0] + 1).count();
        if run >= 2 {
            parts.push(format!("{} to {}", name(values[at]), name(values[at + run])));
            at += run + 1;
        } else {
            parts.push(name(values[at]));
            at += 1;
        }
    }
    joined(&parts)
}

/// `a`, `a and b`, `a, b and c`.
pub(in crate::schedule) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn capital(text: String) -> String {
    let mut rest = text.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}
