//! The JSON of every command: the names here are an interface that scripts rely on. Instants are RFC 3339 in UTC,
//! durations whole milliseconds.

mod args;
mod error;
mod job;
mod run;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::{Serialize, Serializer};

use super::text::steers;

pub(crate) use args::{Arguments, one_line};
pub(crate) use error::Failed;
pub(crate) use job::{Group, Hold, Job, Pause};
pub(crate) use run::{Attempt, Line, Run, Skip};

/// One object, on one line for programs and on several for people.
pub(crate) fn print(value: &impl Serialize, is_terminal: bool) -> Result<String, serde_json::Error> {
    let text = if is_terminal { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Only strings hold such characters; the ones below are escaped already, and newlines are layout.
        if steers(c) && c > '\u{7e}' {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

/// An instant as it is written: milliseconds only where there are any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.trunc_subsecs(3).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        serializer.serialize_str(&text)
    }
}

pub(crate) fn instants(ticks: &[DateTime<Utc>]) -> Vec<Instant> {
    ticks.iter().copied().map(Instant).collect()
}

/// Empty text is no text.
pub(crate) fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_only_where_they_say_something() {
        let write = |text: &str| {
            let at: DateTime<Utc> = text.parse().expect("an instant");
            serde_json::to_string(&Instant(at)).expect("text")
        };
        assert_eq!(write("2026-01-01T09:00:00Z"), "\"2026-01-01T09:00:00Z\"");
        assert_eq!(write("2026-01-01T09:00:00.250Z"), "\"2026-01-01T09:00:00.250Z\"");
        assert_eq!(write("2026-01-01T09:00:00.000123Z"), "\"2026-01-01T09:00:00Z\"");
    }

    #[test]
    fn json_steers_no_terminal_and_keeps_its_meaning() {
        let text = "a\u{1b}[2J\u{9b}1m\u{7f}\u{202e}\u{e0041}é";
        let json = print(&text, false).expect("text");
        assert!(json.trim_end().chars().all(|c| !steers(c)), "{json:?}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("a string"), text);
    }
}
