//! Instants and durations as people say them.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use cron_core::run::RunId;

/// How fine the time of day is written. Instants below each other are written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precision {
    Minutes,
    Seconds,
    Millis,
}

impl Precision {
    /// As fine as the finest of these needs.
    pub(crate) fn of(instants: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        let needed = |at: DateTime<Utc>| match (at.timestamp().rem_euclid(60), at.timestamp_subsec_millis()) {
            (0, 0) => Self::Minutes,
            (_, 0) => Self::Seconds,
            _ => Self::Millis,
        };
        instants.into_iter().map(needed).max().unwrap_or(Self::Minutes)
    }

    const fn format(self) -> &'static str {
        match self {
            Self::Minutes => "%H:%M",
            Self::Seconds => "%H:%M:%S",
            Self::Millis => "%H:%M:%S%.3f",
        }
    }
}

/// `2026-01-05 09:00 GMT`, with seconds and milliseconds only where there are any.
pub(crate) fn stamp(at: DateTime<Utc>, zone: Tz) -> String {
    stamp_to(Precision::of([at]), at, zone)
}

pub(crate) fn stamp_to(precision: Precision, at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format(&format!("%Y-%m-%d {} %Z", precision.format())).to_string()
}

/// The same with the day of the week in front.
pub(crate) fn long_stamp(at: DateTime<Utc>, zone: Tz) -> String {
    long_stamp_to(Precision::of([at]), at, zone)
}

pub(crate) fn long_stamp_to(precision: Precision, at: DateTime<Utc>, zone: Tz) -> String {
    format!("{} {}", at.with_timezone(&zone).format("%a"), stamp_to(precision, at, zone))
}

/// The same with the distance to UTC in place of the name of the clock: `Mon 2026-01-05 09:00 +00:00`.
pub(crate) fn offset_stamp_to(precision: Precision, at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format(&format!("%a %Y-%m-%d {} %:z", precision.format())).to_string()
}

/// To whole seconds: for what a clock measured, where more is noise.
pub(crate) fn measured_stamp(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// To the millisecond: for what follows each other quickly.
pub(crate) fn exact_stamp(at: DateTime<Utc>, zone: Tz) -> String {
    stamp_to(Precision::Millis, at, zone)
}

/// As short as it is clear today: `09:00 GMT`, `Mon 09:00 GMT`, `2026-01-05 09:00 GMT`.
pub(crate) fn short_stamp(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let (local, today) = (at.with_timezone(&zone), now.with_timezone(&zone).date_naive());
    let days = (local.date_naive() - today).num_days().abs();
    let clock = Precision::of([at]).format();
    match days {
        0 => local.format(&format!("{clock} %Z")).to_string(),
        1..=6 => local.format(&format!("%a {clock} %Z")).to_string(),
        _ => stamp(at, zone),
    }
}

/// The time of day alone: `09:00`.
pub(crate) fn time_of_day(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format(Precision::of([at]).format()).to_string()
}

/// `in 3 min`, `2 s ago`, `now`.
pub(crate) fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    distance(at, now, span)
}

/// The same with one unit, for tables.
pub(crate) fn roughly(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    distance(at, now, rough_span)
}

fn distance(at: DateTime<Utc>, now: DateTime<Utc>, span: impl Fn(TimeDelta) -> String) -> String {
    let distance = at.round_subsecs(0) - now.round_subsecs(0);
    match distance.num_seconds() {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(distance)),
        _ => format!("{} ago", span(-distance)),
    }
}

/// In the largest unit of which there are two.
pub(crate) fn rough_span(distance: TimeDelta) -> String {
    let seconds = distance.num_seconds().abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        172_800..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} years", seconds / 31_536_000),
    }
}

/// A distance between two instants, to the two units that matter.
pub(crate) fn span(distance: TimeDelta) -> String {
    let seconds = distance.num_seconds().abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => two(hours, "h", minutes % 60, "min"),
        86_400..864_000 => two(days, "d", hours % 24, "h"),
        864_000..63_072_000 => format!("{days} d"),
        _ => format!("{} years", days / 365),
    }
}

/// How long something took.
pub(crate) fn took(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 => "<1 ms".to_owned(),
        1..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        60_000..3_600_000 => two(minutes(ms), "min", (ms / 1_000 % 60) as i64, "s"),
        _ => two(minutes(ms) / 60, "h", minutes(ms) % 60, "min"),
    }
}

fn minutes(ms: u128) -> i64 {
    i64::try_from(ms / 60_000).unwrap_or(i64::MAX)
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

/// `1 tick`, `2 ticks`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// `40 %`
pub(crate) fn percent(fraction: f64) -> String {
    // What is not quite done is not 100 %.
    format!("{:.0} %", (fraction * 100.0).floor())
}

/// `run 1`, `runs 1, 2 and 5`: numbers in a sentence, of many the first ones.
pub(crate) fn numbered(what: &str, numbers: &[RunId]) -> String {
    const SHOWN: usize = 10;
    match numbers {
        [] => format!("no {what}s"),
        [one] => format!("{what} {one}"),
        [first @ .., last] if numbers.len() <= SHOWN => {
            let first: Vec<_> = first.iter().map(ToString::to_string).collect();
            format!("{what}s {} and {last}", first.join(", "))
        }
        many => {
            let first: Vec<_> = many.iter().take(SHOWN).map(ToString::to_string).collect();
            format!("{what}s {} and {} more", first.join(", "), many.len() - SHOWN)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn stamps_are_in_the_zone_and_no_longer_than_needed() {
        let zone = Tz::Europe__London;
        assert_eq!(stamp(at("2026-07-01T08:00:00Z"), zone), "2026-07-01 09:00 BST");
        assert_eq!(stamp(at("2026-01-05T09:00:10.250Z"), Tz::UTC), "2026-01-05 09:00:10.250 UTC");
        assert_eq!(long_stamp(at("2026-01-05T09:00:00Z"), zone), "Mon 2026-01-05 09:00 GMT");
        let now = at("2026-01-05T23:30:00Z");
        assert_eq!(short_stamp(at("2026-01-05T09:00:00Z"), zone, now), "09:00 GMT");
        assert_eq!(short_stamp(at("2026-01-06T09:00:10Z"), zone, now), "Tue 09:00:10 GMT");
        assert_eq!(short_stamp(at("2026-01-12T09:00:00Z"), zone, now), "2026-01-12 09:00 GMT");
        assert_eq!(stamp(at("2026-01-05T09:00:00Z"), Tz::America__Sao_Paulo), "2026-01-05 06:00 -03");
    }

    #[test]
    fn distances_have_at_most_two_units() {
        let now = at("2026-01-05T09:00:00.400Z");
        for (text, want) in [
            ("2026-01-05T09:00:00Z", "now"),
            ("2026-01-05T08:59:58Z", "2 s ago"),
            ("2026-01-05T09:03:30Z", "in 3 min"),
            ("2026-01-05T11:00:00Z", "in 2 h"),
            ("2026-01-05T10:59:00Z", "in 1 h 59 min"),
            ("2026-01-08T12:00:00Z", "in 3 d 3 h"),
            ("2026-03-05T09:00:00Z", "in 59 d"),
            ("2016-01-05T09:00:00Z", "10 years ago"),
        ] {
            assert_eq!(relative(at(text), now), want, "{text}");
        }
        assert_eq!(roughly(at("2026-01-05T10:59:00Z"), now), "in 119 min");
        assert_eq!(roughly(at("2026-01-03T08:59:00Z"), now), "2 d ago");
    }

    #[test]
    fn durations_keep_what_matters() {
        for (us, want) in [
            (350, "<1 ms"),
            (12_000, "12 ms"),
            (1_234_000, "1.2 s"),
            (185_000_000, "3 min 5 s"),
            (7_500_000_000, "2 h 5 min"),
        ] {
            assert_eq!(took(Duration::from_micros(us)), want);
        }
    }
}
