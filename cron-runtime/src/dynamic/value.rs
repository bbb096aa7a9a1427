//! What options of dynamic jobs take: texts as in the attribute, or values of the types that code has.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use cron_core::job::options::Value;
use cron_core::policy::{Backoff, CatchUpRule, Overlap};
use cron_core::schedule::{CalendarRule, DstGap};

/// A text, or a word as its enum: `"queue"`, `Overlap::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOption(pub(super) Value);

/// A span of time: `"1h 30m"`, a [`Duration`] or a [`TimeDelta`], in whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationOption(pub(super) Value);

/// A point in time: `"2026-12-25T00:00:00Z"`, a `DateTime` of any zone, a [`SystemTime`], or a local one in the `timezone` of the job:
/// `"2026-12-25T00:00:00"`, a [`NaiveDateTime`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstantOption(pub(super) Value);

macro_rules! from {
    ($($option:ident: $($given:ty)+;)+) => {
        $($(impl From<$given> for $option {
            fn from(given: $given) -> Self {
                Self(Value::from(given))
            }
        })+)+
    };
}

from! {
    TextOption: &str String Overlap CatchUpRule Backoff CalendarRule DstGap;
    DurationOption: &str String Duration;
    InstantOption: &str String;
}

impl From<&String> for TextOption {
    fn from(text: &String) -> Self {
        Self(Value::from(text.as_str()))
    }
}

impl From<TimeDelta> for DurationOption {
    fn from(delta: TimeDelta) -> Self {
        match delta.to_std() {
            Ok(span) => Self::from(span),
            // A negative one is refused in the words of the check, which shows what was given.
            Err(_) => Self(Value::Text(format!("{}ms", delta.num_milliseconds()))),
        }
    }
}

impl<Tz: TimeZone> From<DateTime<Tz>> for InstantOption {
    fn from(at: DateTime<Tz>) -> Self {
        Self(Value::Text(at.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)))
    }
}

impl From<SystemTime> for InstantOption {
    fn from(at: SystemTime) -> Self {
        Self::from(DateTime::<Utc>::from(at))
    }
}

impl From<NaiveDateTime> for InstantOption {
    fn from(local: NaiveDateTime) -> Self {
        Self(Value::Text(local.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_attribute_takes_them() {
        let text = |value: Value| value.to_string();
        assert_eq!(text(DurationOption::from(Duration::from_millis(90_500)).0), "\"1m 30s 500ms\"");
        assert_eq!(text(DurationOption::from(TimeDelta::hours(2)).0), "\"2h\"");
        assert_eq!(text(DurationOption::from(TimeDelta::seconds(-1)).0), "\"-1000ms\"");
        assert_eq!(text(TextOption::from(Overlap::Queue).0), "\"queue\"");
        let at: DateTime<Utc> = "2026-12-25T01:02:03.004Z".parse().expect("an instant");
        assert_eq!(text(InstantOption::from(at).0), "\"2026-12-25T01:02:03.004Z\"");
        let of_zone = at.with_timezone(&chrono::FixedOffset::east_opt(3_600).expect("an hour"));
        for same in [
            InstantOption::from(of_zone),
            InstantOption::from(at.fixed_offset()),
            SystemTime::from(at).into(),
        ] {
            assert_eq!(same, InstantOption::from(at));
        }
        assert_eq!(text(InstantOption::from(at.naive_utc()).0), "\"2026-12-25T01:02:03.004\"");
    }
}
