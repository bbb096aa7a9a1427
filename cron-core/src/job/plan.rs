//! What the judge, the state machine and the engine need to know of a job.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobName, JobSpec, Label, OwnPolicies, Problem};
use crate::policy::{CatchUp, Jitter, Overlap, Priority, Retention, Retry, Slots};
use crate::schedule::{Calendars, Schedule};

/// A job ready for use: every text checked and parsed. Stores keep it beside the job, so that other processes
/// can read and steer jobs that they do not contain.
///
/// As text it names only what differs from the defaults, so these are part of how it is kept: whoever changes one has to write the plans
/// that lack it anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The name.
    pub name: JobName,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub description: Box<str>,
    /// When it runs; `None` for a handler that runs by hand only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What happens when a tick is due while an older run is active.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overlap: Overlap,
    /// What happens to ticks that nobody was there for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retry: Retry,
    /// The bounds of the overlap policy.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slots: Slots,
    /// How long one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// The longest delay of a tick beyond its nominal instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Duration>,
    /// Whether the job runs once at its first registration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub run_on_start: bool,
    /// The group that it is steered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Label>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "<[Label]>::is_empty")]
    pub tags: Box<[Label]>,
    /// Which of several runs that are due together starts first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: Priority,
    /// How long its record is kept.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retention: Retention,
    /// The name that it had before: its history comes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<JobName>,
    /// For a dynamic job the job whose function it calls; `None` for a declared job, which calls its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<JobName>,
    /// The policies that a dynamic job has of its own, while the others are those of its handler; `None` where all are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnPolicies>,
    /// What a dynamic job hands to its function: JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Arc<str>>,
    /// Whether a dynamic job goes away with its record once it has no tick left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub temporary: bool,
    /// Where it is declared, for people.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub source: Box<str>,
}

/// Whether nothing was said, and so nothing has to be kept: for most jobs a hundred bytes are left of five hundred.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Plan {
    /// Checks and parses a declaration.
    ///
    /// # Errors
    ///
    /// A [`Problem`] for a name or a schedule that does not parse, which comes from code that bypassed the macro, and for
    /// a calendar that is known by its name only.
    pub fn from_spec(spec: &JobSpec) -> Result<Self, Problem> {
        Self::with_calendars(spec, &Calendars::default())
    }

    /// Checks and parses a declaration whose schedule may name one of these calendars.
    ///
    /// # Errors
    ///
    /// As [`from_spec`](Self::from_spec), and for a calendar that leaves the schedule no tick, which only the program knows.
    pub fn with_calendars(spec: &JobSpec, calendars: &Calendars) -> Result<Self, Problem> {
        let named = |error| Problem::Name { error, declared: spec.source };
        let name: JobName = spec.name.parse().map_err(named)?;
        let schedule = match spec.schedule {
            None => None,
            Some(text) => {
                Some(Schedule::read(text, calendars).and_then(Schedule::refuse_never).map_err(|error| {
                    Problem::Schedule { name: name.clone(), error, declared: spec.source }
                })?)
            }
        };
        Ok(Self {
            name,
            description: spec.description.into(),
            schedule,
            overlap: spec.overlap,
            catch_up: spec.catch_up,
            retry: spec.retry,
            slots: spec.slots,
            timeout: spec.timeout,
            jitter: spec.jitter,
            run_on_start: spec.run_on_start,
            group: spec.group.map(|group| Label::parse("group", group)).transpose().map_err(named)?,
            tags: spec
                .tags
                .iter()
                .map(|tag| Label::parse("tag", tag))
                .collect::<Result<_, _>>()
                .map_err(named)?,
            priority: spec.priority,
            retention: spec.retention,
            was: spec.was.map(str::parse).transpose().map_err(named)?,
            handler: None,
            own: None,
            args: None,
            temporary: false,
            source: format!("{}:{}", spec.source.file, spec.source.line).into(),
        })
    }

    /// A handler without a schedule, with the default of every policy.
    pub(super) fn bare(name: JobName) -> Self {
        Self {
            name,
            description: Box::default(),
            schedule: None,
            overlap: Overlap::DEFAULT,
            catch_up: CatchUp::DEFAULT,
            retry: Retry::DEFAULT,
            slots: Slots::DEFAULT,
            timeout: None,
            jitter: None,
            run_on_start: false,
            group: None,
            tags: Box::default(),
            priority: Priority::DEFAULT,
            retention: Retention::DEFAULT,
            was: None,
            handler: None,
            own: None,
            args: None,
            temporary: false,
            source: Box::default(),
        }
    }

    /// The job whose function it calls.
    #[must_use]
    pub fn handler(&self) -> &JobName {
        self.handler.as_ref().unwrap_or(&self.name)
    }

    /// The jitter of its ticks.
    #[must_use]
    pub fn jitter(&self) -> Jitter {
        Jitter::new(self.jitter, &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = r#"{"name":"bare"}"#;
    /// What a plan that says nothing means, in every file that was ever written.
    const FULL: &str = r#"{"name":"bare","description":"","schedule":null,"overlap":"skip",
        "catch_up":{"rule":"latest","limit":100,"window":null,"grace":null},
        "retry":{"retries":0,"backoff":"exponential","delay":{"secs":10,"nanos":0},"max_delay":{"secs":3600,"nanos":0},"past_next":false},
        "slots":{"queue_depth":1,"cancel_grace":{"secs":10,"nanos":0},"max_running":null},
        "timeout":null,"jitter":null,"run_on_start":false,"group":null,"tags":[],"priority":50,
        "retention":{"runs":10000,"age":{"secs":2592000,"nanos":0},"dead":1000,"dead_age":{"secs":7776000,"nanos":0}},
        "was":null,"handler":null,"own":null,"args":null,"temporary":false,"source":""}"#;

    fn read(text: &str) -> Plan {
        serde_json::from_str(text).expect("a plan")
    }

    fn written(plan: &Plan) -> String {
        serde_json::to_string(plan).expect("a text")
    }

    #[test]
    fn a_plan_is_kept_without_what_it_does_not_say() {
        assert_eq!(written(&read(BARE)), BARE);
        // As it was written once, and as it means for ever.
        assert_eq!(read(FULL), read(BARE));
        assert_eq!(written(&read(FULL)), BARE);
    }

    #[test]
    fn what_a_plan_says_is_kept() {
        let said: serde_json::Value = serde_json::json!({
            "name": "told", "description": "Tells.", "schedule": "every(30s)", "overlap": "queue",
            "catch_up": { "rule": "all", "limit": 7, "window": { "secs": 60, "nanos": 0 }, "grace": null },
            "retry": { "retries": 3, "backoff": "linear", "delay": { "secs": 1, "nanos": 0 },
                "max_delay": { "secs": 9, "nanos": 0 }, "past_next": true },
            "slots": { "queue_depth": 4, "cancel_grace": { "secs": 2, "nanos": 0 }, "max_running": 5 },
            "timeout": { "secs": 30, "nanos": 0 }, "jitter": { "secs": 3, "nanos": 0 }, "run_on_start": true,
            "group": "team", "tags": ["one", "two"], "priority": 90,
            "retention": { "runs": 5, "age": { "secs": 6, "nanos": 0 }, "dead": 7, "dead_age": { "secs": 8, "nanos": 0 } },
            "was": "silent", "handler": "teller", "own": ["timeout"], "args": "[1]", "temporary": true, "source": "main.rs:7",
        });
        let plan = read(&said.to_string());
        let kept: serde_json::Value = serde_json::from_str(&written(&plan)).expect("JSON");
        assert_eq!(kept, said);
        assert_eq!(read(&written(&plan)), plan);
    }
}
