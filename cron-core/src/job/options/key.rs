//! The one list of options: what the attribute, the builder, the tables of the documentation and the errors know of them.

use std::fmt;

use crate::suggest;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that is a [duration](crate::duration).
    Duration,
    /// A whole number.
    Count,
    /// `true` or `false`.
    Switch,
}

impl Kind {
    /// The word for it in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Duration => "duration",
            Self::Count => "number",
            Self::Switch => "bool",
        }
    }

    /// What to give, as errors say it.
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Text | Self::Duration => "a text",
            Self::Count => "a whole number",
            Self::Switch => "`true` or `false`",
        }
    }
}

/// Where options are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In `#[job(...)]`, read while the program is compiled.
    Attribute,
    /// In the builder of a dynamic job, read while the program runs.
    Builder,
}

/// Declares the options: one list gives the keys, their names, their kinds, examples, defaults and meanings.
macro_rules! options {
    ($($key:ident $name:literal: $kind:ident, $example:literal, $default:literal, $meaning:literal;)+) => {
        /// The options of a job.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Key {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $key,)+
        }

        impl Key {
            /// Every option, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$key,)+];

            /// The option as the user writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$key => $name,)+ }
            }

            /// What it takes.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$key => Kind::$kind,)+ }
            }

            /// How it looks with a value.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$key => concat!($name, " = ", $example),)+ }
            }

            /// What holds without it, in Markdown; empty where nothing does.
            #[must_use]
            pub const fn default_text(self) -> &'static str {
                match self { $(Self::$key => $default,)+ }
            }

            /// What it means, in Markdown: a sentence without its full stop.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$key => $meaning,)+ }
            }
        }
    };
}

options! {
    Cron "cron": Text, r#""0 9 * * MON-FRI""#, "",
        "five fields (minute, hour, day of month, month, day of week), six (seconds first) or seven (year last), or a nickname such as `@daily`";
    Every "every": Duration, r#""30s""#, "",
        "a fixed rate on a grid counted from 1970-01-01T00:00:00Z: the same instants on every instance and after every restart";
    Daily "daily": Text, r#""14:30""#, "",
        "a time of day, or several";
    Hourly "hourly": Text, r#"":30""#, "",
        "a time within the hour, or several";
    Weekly "weekly": Text, r#""MON,FRI 10:00""#, "",
        "days and a time; `weekdays` and `weekends` are days too";
    At "at": Text, r#""2026-12-25T00:00:00""#, "",
        "one date and time, with an offset or in `timezone`";
    Once "once": Duration, r#""60s""#, "",
        "one run, this long after the job is registered for the first time";
    Schedule "schedule": Text, r#""every weekday at 9:00""#, "",
        "a phrase in plain English: rates, days and times, days of the month, every N weeks from a date; the whole grammar is in `docs/schedules.md`";
    Rrule "rrule": Text, r#""DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO""#, "",
        "a recurrence rule of RFC 5545, which starts with the first registration where it has no `DTSTART`; needs the feature `rrule` of `cron-runtime`";
    Phase "phase": Duration, r#""5s""#, "none",
        "moves the grid of `every`; shorter than the period";
    After "after": Text, r#""finish""#, "none",
        "`every` counts from the end of the last run, in place of the grid; the end counts over a restart";
    Timezone "timezone": Text, r#""Europe/London""#, "`\"UTC\"`",
        "the IANA zone in which schedules, dates of a `calendar`, `start` and `end` are read; never the zone of the server";
    DstGap "dst_gap": Text, r#""skip""#, "`\"run_after\"`",
        "a run at a fixed local time that the clock skips: `\"run_after\"`: it happens at the first moment after the gap; `\"skip\"`: it does not happen";
    Calendar "calendar": Text, r#""uk_holidays""#, "none",
        "dates that matter to the job: the name of a calendar that the program gives to `start().calendar(name, ...)`, or a list such as `\"2026-12-25, 2026-12-26\"`";
    CalendarRule "calendar_rule": Text, r#""next_workday""#, "`\"skip\"`",
        "`\"skip\"`: no ticks on these dates; `\"only\"`: no others; `\"next_workday\"`, `\"previous_workday\"`: ticks on these dates and on weekends move to that day, at the same local time (not with `every`)";
    Start "start": Text, r#""2026-09-01T00:00:00""#, "none",
        "no tick before this date and time, with an offset or in `timezone`";
    End "end": Text, r#""2027-06-30T23:59:59""#, "none",
        "no tick after this date and time, with an offset or in `timezone`";
    Jitter "jitter": Duration, r#""30s""#, "none",
        "each tick starts up to this much later, by a hash of job and tick, and before the next one; its nominal time stays";
    RunOnStart "run_on_start": Switch, "true", "`false`",
        "`true`: one run more when the job is registered for the first time";
    Name "name": Text, r#""billing.close_month""#, "the name of the function",
        "the identity of the job, under which its history is kept: 1 to 128 letters, digits or `_ - . : /`; libraries should prefix theirs";
    Was "was": Text, r#""close_month""#, "none",
        "the name that the job had before: its history comes along";
    Group "group": Text, r#""billing""#, "none",
        "jobs of one group are paused, resumed, triggered and cancelled together";
    Tags "tags": Text, r#""nightly, slow""#, "none",
        "words to find the job by, at most 16";
    Priority "priority": Count, "80", "`50`",
        "which of several runs that are due together starts first: 0 to 100, the highest first";
    Overlap "overlap": Text, r#""queue""#, "`\"skip\"`",
        "what happens to a tick that finds an older run active, which includes waiting for a retry: `\"skip\"`: it is recorded as skipped; `\"queue\"`: it waits; `\"cancel\"`: the older run is asked to stop; `\"allow\"`: it runs beside";
    QueueDepth "queue_depth": Count, "3", "`1`",
        "how many ticks wait under `overlap = \"queue\"`, 1 to 10000, oldest first; beyond it the oldest is recorded as superseded";
    CancelGrace "cancel_grace": Duration, r#""30s""#, "`\"10s\"`",
        "how long a run that was asked to stop, by `overlap = \"cancel\"` or by a person, may take before it is cut off";
    MaxRunning "max_running": Count, "4", "none",
        "how many runs are active at once under `overlap = \"allow\"`: 1 to 10000";
    CatchUp "catch_up": Text, r#""all""#, "`\"latest\"`",
        "of the ticks that nobody was there for, `\"latest\"`: the newest runs; `\"all\"`: all run, oldest first, one at a time; `\"none\"`: none runs";
    CatchUpLimit "catch_up_limit": Count, "10", "`100`",
        "how many missed ticks `catch_up = \"all\"` runs at most, the newest ones: 1 to 10000";
    CatchUpWindow "catch_up_window": Duration, r#""24h""#, "none",
        "ticks older than this never run";
    Grace "grace": Duration, r#""30s""#, "the smaller of 60 s and half the period",
        "how late a tick may start under `catch_up = \"none\"`";
    Timeout "timeout": Duration, r#""5m""#, "none",
        "how long one attempt may take";
    Retries "retries": Count, "3", "`0`",
        "attempts after the first one that an error, a panic, a timeout or a vanished process ends, 0 to 1000; `0` runs a tick at most once, more at least once";
    Backoff "backoff": Text, r#""linear""#, "`\"exponential\"`",
        "how the delay grows from retry to retry: `\"exponential\"`, `\"linear\"` or `\"fixed\"`";
    RetryDelay "retry_delay": Duration, r#""10s""#, "`\"10s\"`",
        "the delay before the first retry, ± 20 %";
    RetryMaxDelay "retry_max_delay": Duration, r#""1h""#, "`\"1h\"`",
        "no delay is longer than this, before the ± 20 %";
    RetryPastNext "retry_past_next": Switch, "true", "`false`",
        "`true`: a retry still happens when the next tick is due before it; otherwise, under `overlap = \"skip\"`, it gives way to that tick";
    KeepRuns "keep_runs": Count, "500", "`10000`",
        "how many finished runs are kept, 1 to 100000000";
    KeepFor "keep_for": Duration, r#""7d""#, "`\"30d\"`",
        "for how long finished runs and skipped ticks are kept";
    KeepDead "keep_dead": Count, "100", "`1000`",
        "how many dead letters are kept, 1 to 100000000: runs that failed for good and wait for a person";
    KeepDeadFor "keep_dead_for": Duration, r#""14d""#, "`\"90d\"`",
        "for how long dead letters are kept";
    Crate "crate": Text, r#""my_crate::cron_runtime""#, "`\"::cron_runtime\"`",
        "the path to `cron_runtime` where another crate re-exports it (a dependency that is renamed in `Cargo.toml` is found without); in the attribute only";
}

/// Names that people try, and the option they mean.
const MEANT: [(&str, Key); 44] = [
    ("attempts", Key::Retries),
    ("catchup", Key::CatchUp),
    ("concurrency", Key::Overlap),
    ("dead_letters", Key::KeepDead),
    ("delay", Key::RetryDelay),
    ("depth", Key::QueueDepth),
    ("ends", Key::End),
    ("from", Key::Start),
    ("holidays", Key::Calendar),
    ("history", Key::KeepRuns),
    ("id", Key::Name),
    ("immediate", Key::RunOnStart),
    ("interval", Key::Every),
    ("labels", Key::Tags),
    ("max_attempts", Key::Retries),
    ("max_concurrency", Key::MaxRunning),
    ("max_instances", Key::MaxRunning),
    ("max_parallel", Key::MaxRunning),
    ("max_retries", Key::Retries),
    ("misfire", Key::CatchUp),
    ("not_after", Key::End),
    ("not_before", Key::Start),
    ("offset", Key::Phase),
    ("old_name", Key::Was),
    ("on_overlap", Key::Overlap),
    ("on_start", Key::RunOnStart),
    ("phrase", Key::Schedule),
    ("previously", Key::Was),
    ("queue", Key::QueueDepth),
    ("recurrence", Key::Rrule),
    ("renamed_from", Key::Was),
    ("retention", Key::KeepFor),
    ("retry", Key::Retries),
    ("rule", Key::CalendarRule),
    ("run", Key::Schedule),
    ("run_at_start", Key::RunOnStart),
    ("splay", Key::Jitter),
    ("when", Key::Schedule),
    ("time_zone", Key::Timezone),
    ("title", Key::Name),
    ("tz", Key::Timezone),
    ("until", Key::End),
    ("weight", Key::Priority),
    ("zone", Key::Timezone),
];

impl Key {
    /// The option of this name.
    ///
    /// # Errors
    ///
    /// An [`UnknownOption`] that says which one was probably meant.
    ///
    /// # Examples
    ///
    /// ```
    /// use cron_core::job::options::{Key, Place};
    ///
    /// assert_eq!(Key::read("queue_depth", Place::Builder), Ok(Key::QueueDepth));
    /// let error = Key::read("retires", Place::Builder).unwrap_err();
    /// assert!(error.to_string().starts_with("unknown option `retires`, did you mean `retries`?"));
    /// ```
    pub fn read(name: &str, place: Place) -> Result<Self, UnknownOption> {
        Self::all_in(place)
            .find(|key| key.name() == name)
            .ok_or_else(|| UnknownOption { given: name.to_owned(), place })
    }

    /// The options that have a meaning in this place.
    pub fn all_in(place: Place) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |key| match place {
            Place::Attribute => true,
            Place::Builder => *key != Self::Crate,
        })
    }

    /// Whether it says when the job runs.
    #[must_use]
    pub const fn is_schedule(self) -> bool {
        use Key::{At, Cron, Daily, Every, Hourly, Once, Rrule, Schedule, Weekly};
        matches!(self, Cron | Every | Daily | Hourly | Weekly | At | Once | Schedule | Rrule)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no option has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOption {
    /// The name that was given.
    pub given: String,
    /// Where.
    pub place: Place,
}

impl UnknownOption {
    /// The option that was probably meant.
    #[must_use]
    pub fn nearest(&self) -> Option<Key> {
        let meant = MEANT.iter().find(|(tried, _)| *tried == self.given).map(|(_, key)| *key);
        meant.or_else(|| {
            let near = suggest::nearest(&self.given, Key::all_in(self.place).map(Key::name))?;
            Key::read(near, self.place).ok()
        })
    }
}

impl fmt::Display for UnknownOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown option `{}`", self.given)?;
        if let Some(key) = self.nearest() {
            write!(f, ", did you mean `{key}`?")?;
        }
        write!(f, "\nallowed:")?;
        let names: Vec<_> = Key::all_in(self.place).map(Key::name).collect();
        names.chunks(9).try_for_each(|line| write!(f, "\n  {}", line.join(", ")))
    }
}

impl std::error::Error for UnknownOption {}

/// The table of all options in Markdown, as the documentation shows it.
#[must_use]
pub fn table() -> String {
    let mut table = String::from("| Option | Type | Default | Meaning |\n|---|---|---|---|\n");
    for key in Key::ALL {
        let (example, kind, meaning) = (key.example(), key.kind().as_str(), key.meaning());
        let default = match key.default_text() {
            "" => String::new(),
            text => format!("{text} "),
        };
        table.push_str(&format!("| `{example}` | {kind} | {default}| {meaning} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_used_once() {
        for (index, key) in Key::ALL.iter().enumerate() {
            assert_eq!(Key::read(key.name(), Place::Attribute), Ok(*key));
            assert!(!Key::ALL[..index].iter().any(|other| other.name() == key.name()), "{key}");
            assert!(!MEANT.iter().any(|(tried, _)| *tried == key.name()), "{key} needs no synonym");
        }
        for (index, (tried, _)) in MEANT.iter().enumerate() {
            assert!(!MEANT[..index].iter().any(|(other, _)| other == tried), "{tried} is listed twice");
        }
    }

    #[test]
    fn an_unknown_name_is_explained() {
        let nearest = |given: &str, place| UnknownOption { given: given.to_owned(), place }.nearest();
        assert_eq!(nearest("retires", Place::Attribute), Some(Key::Retries));
        assert_eq!(nearest("until", Place::Builder), Some(Key::End));
        assert_eq!(nearest("retry", Place::Attribute), Some(Key::Retries));
        assert_eq!(nearest("max_concurrency", Place::Builder), Some(Key::MaxRunning));
        assert_eq!(nearest("banana", Place::Builder), None);
        assert_eq!(nearest("crates", Place::Attribute), Some(Key::Crate));
        assert_eq!(nearest("crates", Place::Builder), None);
        let text = Key::read("crate", Place::Builder).unwrap_err().to_string();
        assert!(text.starts_with("unknown option `crate`\nallowed:\n  cron, every, "), "{text}");
        assert!(!text.ends_with("crate"), "{text}");
    }

    #[test]
    fn each_row_of_the_table_has_four_cells() {
        for row in table().lines() {
            assert_eq!(row.matches('|').count(), 5, "{row}");
        }
    }
}
