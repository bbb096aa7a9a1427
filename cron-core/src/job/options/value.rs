//! What was said of a job: options and their values, not yet judged.

use std::fmt;
use std::time::Duration;

use super::{Key, Kind};
use crate::duration::format_duration;
use crate::policy::{Backoff, CatchUpRule, Overlap};
use crate::schedule::{CalendarRule, DstGap};

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// For [`Kind::Text`] and [`Kind::Duration`].
    Text(String),
    /// For [`Kind::Count`]. A number beyond 64 bits is the largest one; no option allows either.
    Count(u64),
    /// For [`Kind::Switch`].
    Switch(bool),
    /// Already refused by the caller. The option counts as given, so that one mistake does not bring a second one with it.
    Refused,
}

impl Value {
    /// A text from outside, such as a command line, as the option `key` takes it.
    ///
    /// What is no number, `true` or `false` where one is wanted stays a text, which [`check`](super::check) refuses in its own
    /// words.
    #[must_use]
    pub fn read(key: Key, text: &str) -> Self {
        let read = match key.kind() {
            Kind::Text | Kind::Duration => None,
            Kind::Count => text.parse().ok().map(Self::Count),
            Kind::Switch => text.parse().ok().map(Self::Switch),
        };
        read.unwrap_or_else(|| Self::Text(text.to_owned()))
    }

    /// Whether an option of this kind takes it.
    #[must_use]
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Text(_) => matches!(kind, Kind::Text | Kind::Duration),
            Self::Count(_) => kind == Kind::Count,
            Self::Switch(_) => kind == Kind::Switch,
            Self::Refused => true,
        }
    }
}

impl fmt::Display for Value {
    /// The value as it is written in code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Count(number) => number.fmt(f),
            Self::Switch(switch) => switch.fmt(f),
            Self::Refused => f.write_str("..."),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Count(number.into())
    }
}

impl From<bool> for Value {
    fn from(switch: bool) -> Self {
        Self::Switch(switch)
    }
}

impl From<Duration> for Value {
    /// In whole milliseconds; parts of one are cut off.
    fn from(duration: Duration) -> Self {
        Self::Text(format_duration(duration))
    }
}

macro_rules! words {
    ($($word:ident)+) => {
        $(impl From<$word> for Value {
            fn from(word: $word) -> Self {
                Self::Text(word.as_str().to_owned())
            }
        })+
    };
}
words!(Backoff CalendarRule CatchUpRule DstGap Overlap);

/// The options of one job, in the order in which they were given, none twice.
///
/// # Examples
///
/// ```
/// use cron_core::job::options::{Key, Options, plan};
/// use cron_core::schedule::Calendars;
/// use std::time::Duration;
///
/// let mut options = Options::default();
/// options.set(Key::Cron, "0 9 * * *").set(Key::Timeout, Duration::from_secs(90)).set(Key::QueueDepth, 3);
/// let error = plan("remind-42", &options, &Calendars::default()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "job `remind-42`: `queue_depth` needs `overlap = \"queue\"`: it says how many ticks wait\n\
///      the default is `overlap = \"skip\"`"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(Key, Value)>);

impl Options {
    /// Gives an option a value, in place of the one that it had.
    pub fn set(&mut self, key: Key, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        match self.0.iter_mut().find(|(given, _)| *given == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
        self
    }

    /// The value of an option, if it was given.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Value> {
        self.0.iter().find(|(given, _)| *given == key).map(|(_, value)| value)
    }

    /// The value of an option that was given as a text.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            Value::Count(_) | Value::Switch(_) | Value::Refused => None,
        }
    }

    /// The options that say when the job runs. More than one is a mistake.
    pub fn schedules(&self) -> impl Iterator<Item = Key> {
        self.iter().map(|(key, _)| key).filter(|key| key.is_schedule())
    }

    /// All options in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_at_the_first_place() {
        let mut options = Options::default();
        options.set(Key::Every, "30s").set(Key::Retries, 3).set(Key::Every, "1m");
        let given: Vec<_> = options.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        assert_eq!(given, ["every = \"1m\"", "retries = 3"]);
        assert_eq!(options.schedules().collect::<Vec<_>>(), [Key::Every]);
    }

    #[test]
    fn texts_become_what_their_option_takes() {
        assert_eq!(Value::read(Key::Retries, "3"), Value::Count(3));
        assert_eq!(Value::read(Key::RunOnStart, "true"), Value::Switch(true));
        assert_eq!(Value::read(Key::Every, "30s"), Value::from("30s"));
        assert_eq!(Value::read(Key::Retries, "three"), Value::from("three"));
        assert!(!Value::from("three").fits(Kind::Count));
        assert!(Value::from(Duration::from_secs(90)).fits(Kind::Duration));
        assert_eq!(Value::from(Overlap::Queue), Value::from("queue"));
    }
}
