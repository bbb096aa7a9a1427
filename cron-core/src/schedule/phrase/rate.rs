//! Rates: all day, in a window of the day, on some days of the week.

use chrono_tz::Tz;

use super::days::{every_days, on_days, on_text};
use super::places;
use super::time::{list, time, written};
use super::words::{Words, Wrong};
use crate::schedule::Schedule;
use crate::schedule::cron::CronSchedule;
use crate::schedule::interval::Interval;
use crate::schedule::stride::WHOLE_WEEK;

const DAY: u32 = 86_400;

/// The most times of a day that a hint lists.
const MOST_LISTED: usize = 12;

/// A rate that the clock shows.
#[derive(Clone, Copy)]
enum Clock {
    Seconds(u32),
    Minutes(u32),
    Hours(u32),
}

/// The clock's rate of so many seconds, if it divides the next larger unit.
fn by_clock(seconds: u32) -> Option<Clock> {
    let divides = |unit: u32, size: u32| {
        let number = seconds / unit;
        (seconds.is_multiple_of(unit) && number < size && size.is_multiple_of(number)).then_some(number)
    };
    let minutes = || divides(60, 60).map(Clock::Minutes);
    let hours = || divides(3_600, 24).map(Clock::Hours);
    divides(1, 60).map(Clock::Seconds).or_else(minutes).or_else(hours)
}

/// What follows a unit that a rate counts: by the clock where the clock can show it, else on the grid of intervals.
pub(super) fn rate(words: &mut Words<'_>, seconds: u32, zone: Tz) -> Result<Schedule, Wrong> {
    if words.is("between") {
        return window(words, seconds, zone);
    }
    let mark = words.mark();
    let days = if words.take("on") { on_days(words)? } else { WHOLE_WEEK };
    words.end(if days == WHOLE_WEEK { &places::RATE_END } else { &places::AFTER_WINDOW })?;
    let of_week = field(days);
    let expression = match by_clock(seconds) {
        Some(Clock::Seconds(step)) => format!("*/{step} * * * * {of_week}"),
        Some(Clock::Minutes(step)) => format!("*/{step} * * * {of_week}"),
        Some(Clock::Hours(step)) => format!("0 */{step} * * {of_week}"),
        None if days == WHOLE_WEEK => return Ok(Schedule::Interval(Interval::of_seconds(seconds))),
        None => return Err(no_clock(words, mark)),
    };
    Ok(CronSchedule::parse(&expression, zone).map(Schedule::Cron)?)
}

/// The field of the day of week.
fn field(days: u8) -> String {
    if days == WHOLE_WEEK {
        return "*".to_owned();
    }
    let days = (0..7).filter(|day| days >> day & 1 != 0).map(|day| day.to_string());
    days.collect::<Vec<_>>().join(",")
}

fn no_clock(words: &Words<'_>, mark: usize) -> Wrong {
    let help = "days and windows go with a rate that divides the minute, the hour or the day";
    words.refuse_from(mark, "needs a rate that the clock shows", help.to_owned())
}

/// A window of the day, in seconds of the day.
struct Window {
    first: u32,
    /// Not included; later than `first`, and beyond the end of the day for a window over midnight.
    end: u32,
    step: u32,
    days: u8,
}

impl Window {
    /// The times in it, counted from a second on.
    fn times(&self, from: u32) -> Vec<u32> {
        (from..self.end).step_by(self.step as usize).collect()
    }

    /// The first time by the clock.
    fn by_clock(&self) -> u32 {
        self.first.next_multiple_of(self.step)
    }

    /// Its times as one phrase, if there are few.
    fn listed(&self, from: u32) -> Option<String> {
        let times = self.times(from);
        let is_short = times.len() <= MOST_LISTED && self.end <= DAY;
        (is_short && !times.is_empty()).then(|| self.at(&times))
    }

    fn at(&self, times: &[u32]) -> String {
        format!("every {} at {}", every_days(self.days), list(times))
    }
}

/// `between TIME and TIME [on DAYS]`: times by the clock, the end not included.
fn window(words: &mut Words<'_>, step: u32, zone: Tz) -> Result<Schedule, Wrong> {
    let mark = words.mark();
    words.skip(1);
    let first = time(words)?;
    words.expect(&["and"], &places::WINDOW_AND)?;
    let end = time(words)?;
    let (rate, between) = (words.before(mark), words.since(mark));
    let days = if words.take("on") { on_days(words)? } else { WHOLE_WEEK };
    words.end(if days == WHOLE_WEEK { &places::AFTER_WINDOW_TIMES } else { &places::AFTER_WINDOW })?;
    if first == end {
        let help =
            format!("a window ends at another time than it begins; `{rate}{}` is all day", on_text(days));
        return Err(words.refuse_from(mark, "is no window", help));
    }
    let end = if end < first { end + DAY } else { end };
    let window = Window { first, end, step, days };
    let Some(clock) = by_clock(step) else { return Err(uncounted(words, mark, &window)) };
    if window.first != window.by_clock() {
        return Err(two_counts(words, mark, &window, rate));
    }
    if window.times(first).len() < 2 {
        let last = window.first + step;
        let help = format!(
            "write `{}` without the end, or `{}` with a run at {}",
            window.at(&[first]),
            window.at(&[first, last % DAY]),
            written(last)
        );
        let is_end = last == end && last < DAY;
        let help = if is_end { help } else { format!("write `{}`", window.at(&[first])) };
        return Err(words.refuse_from(mark, "has one time of this rate", help));
    }
    if end > DAY && days != WHOLE_WEEK {
        return Err(over_midnight(words, mark, &window, (rate, between)));
    }
    match expression(&window, clock) {
        Some(expression) => Ok(CronSchedule::parse_any_length(&expression, zone).map(Schedule::Cron)?),
        None => Err(in_parts(words, mark, &window, rate)),
    }
}

/// The masks of a window, if one set of them holds it.
fn expression(window: &Window, clock: Clock) -> Option<String> {
    let of_week = field(window.days);
    let hours = |first: u32, end: u32| {
        let hours: Vec<String> = (first..end).map(|hour| (hour % 24).to_string()).collect();
        hours.join(",")
    };
    if let Clock::Hours(_) = clock {
        let hours: Vec<String> =
            window.times(window.first).iter().map(|time| (time / 3_600 % 24).to_string()).collect();
        return Some(format!("0 {} * * {of_week}", hours.join(",")));
    }
    // The rest of the window has no time of its own.
    let end = window.end.next_multiple_of(window.step);
    let (first, last) = (window.first / 3_600, end.div_ceil(3_600));
    let minutes = if window.first.is_multiple_of(3_600) && end.is_multiple_of(3_600) {
        None
    } else if last - first == 1 {
        Some((window.first % 3_600 / 60, (end - 1) % 3_600 / 60))
    } else {
        return None;
    };
    let hours = hours(first, last);
    match (clock, minutes) {
        (Clock::Seconds(step), None) => Some(format!("*/{step} * {hours} * * {of_week}")),
        (Clock::Seconds(step), Some((from, to))) => {
            let whole = window.first.is_multiple_of(60) && end.is_multiple_of(60);
            whole.then(|| format!("*/{step} {from}-{to} {hours} * * {of_week}"))
        }
        (Clock::Minutes(step), None) => Some(format!("*/{step} {hours} * * {of_week}")),
        (Clock::Minutes(step), Some((from, to))) => Some(format!("{from}-{to}/{step} {hours} * * {of_week}")),
        (Clock::Hours(_), _) => None,
    }
}

/// A rate that the clock does not show, so that it would have to be counted from the start of the window.
fn uncounted(words: &Words<'_>, mark: usize, window: &Window) -> Wrong {
    let help = match window.listed(window.first) {
        Some(listed) => format!("write `{listed}` to count from {} each day", written(window.first)),
        None => "windows go with a rate that divides the minute, the hour or the day".to_owned(),
    };
    words.refuse_from(mark, "needs a rate that the clock shows", help)
}

/// A window that begins at no time of its rate.
fn two_counts(words: &Words<'_>, mark: usize, window: &Window, rate: &str) -> Wrong {
    let by_clock = window.by_clock();
    let why = "begins at no time of the rate";
    if by_clock >= window.end {
        let help = window
            .listed(window.first)
            .map_or("begin at a time of the rate".to_owned(), |listed| format!("write `{listed}`"));
        return words.refuse_from(mark, why, help);
    }
    if !by_clock.is_multiple_of(60) || !window.end.is_multiple_of(60) {
        let help = "a window of seconds begins and ends at whole minutes";
        return words.refuse_from(mark, why, help.to_owned());
    }
    let clock = match window.listed(by_clock) {
        Some(listed) => format!("write `{listed}` for times by the clock"),
        None => {
            let (first, end) = (written(by_clock), written(window.end));
            format!("write `{rate} between {first} and {end}{}` for times by the clock", on_text(window.days))
        }
    };
    let counted = match window.listed(window.first) {
        Some(listed) => format!("or `{listed}` for times counted from {}", written(window.first)),
        None => format!("times counted from {} are more than one schedule", written(window.first)),
    };
    let between = if counted.starts_with("or") { ", " } else { "; " };
    words.refuse_from(mark, why, format!("{clock}{between}{counted}"))
}

/// A window over midnight, on days that may be those on which it begins, or each day by itself.
fn over_midnight(words: &Words<'_>, mark: usize, window: &Window, (rate, between): (&str, &str)) -> Wrong {
    let next = (window.days << 1 | window.days >> 6) & WHOLE_WEEK;
    let (first, end) = (written(window.first), written(window.end));
    let evening = format!("`{rate} between {first} and midnight{}`", on_text(window.days));
    let morning = |days: u8| format!("`{rate} between midnight and {end}{}`", on_text(days));
    let help = format!(
        "use two schedules: {evening}, and {} for the nights that begin on these days or {} for the hours of these days; `{between}` alone is every day",
        morning(next),
        morning(window.days),
    );
    words.refuse_from(mark, "goes over midnight, and the days may be those on which it begins or not", help)
}

/// A window that is not one of whole hours, as the windows that together are the same.
fn in_parts(words: &Words<'_>, mark: usize, window: &Window, rate: &str) -> Wrong {
    let (first, end) = (window.first, window.end);
    let hours = (first.next_multiple_of(3_600), end / 3_600 * 3_600);
    let ends = [(first, hours.0), hours, (hours.1, end)];
    let parts: Vec<String> = ends
        .into_iter()
        .filter(|(first, end)| first < end)
        .map(|(first, end)| {
            let part = Window { first, end, ..*window };
            let on = on_text(window.days);
            match part.times(first).as_slice() {
                [time] => format!("`{}`", part.at(&[*time])),
                _ => format!("`{rate} between {} and {}{on}`", written(first), written(end)),
            }
        })
        .collect();
    let help = match parts.split_last() {
        Some((last, others)) if first.is_multiple_of(60) && end.is_multiple_of(60) => {
            format!("use one schedule for each part: {} and {last}", others.join(", "))
        }
        _ => "a window begins and ends at whole hours, or at whole minutes within an hour".to_owned(),
    };
    words.refuse_from(mark, "is not a window of whole hours, nor within one hour", help)
}
