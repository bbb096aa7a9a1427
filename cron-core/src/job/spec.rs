//! What `#[job(...)]` says of a job, in a form that a `const` can hold.

use std::fmt;
use std::time::Duration;

use crate::policy::{CatchUp, Overlap, Priority, Retention, Retry, Slots};

/// Where a job is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The file as the compiler names it.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The module path.
    pub module: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (in {})", self.file, self.line, self.module)
    }
}

/// The declaration of a job: name, schedule and policies.
///
/// The macro writes it as a `const`; [`Plan::from_spec`](super::Plan::from_spec) makes it ready for use.
///
/// ```
/// use cron_core::{job::JobSpec, policy::Overlap};
/// const SPEC: JobSpec = JobSpec { schedule: Some("every(30s)"), overlap: Overlap::Allow, ..JobSpec::new("ping") };
/// assert_eq!(SPEC.name, "ping");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// The name.
    pub name: &'static str,
    /// The doc comment of the function.
    pub description: &'static str,
    /// The schedule in the stable text form of [`Schedule`](crate::schedule::Schedule); `None` for a handler only.
    pub schedule: Option<&'static str>,
    /// What happens when a tick is due while an older run is active.
    pub overlap: Overlap,
    /// What happens to ticks that nobody was there for.
    pub catch_up: CatchUp,
    /// How often and when a failed run is tried again.
    pub retry: Retry,
    /// The bounds of the overlap policy.
    pub slots: Slots,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// The longest delay of a tick beyond its nominal instant.
    pub jitter: Option<Duration>,
    /// Whether the job runs once at its first registration.
    pub run_on_start: bool,
    /// The group that it is steered with.
    pub group: Option<&'static str>,
    /// Words to find it by.
    pub tags: &'static [&'static str],
    /// Which of several runs that are due together starts first.
    pub priority: Priority,
    /// How long its record is kept.
    pub retention: Retention,
    /// The name that it had before: its history comes along.
    pub was: Option<&'static str>,
    /// Where it is declared.
    pub source: Source,
}

impl JobSpec {
    /// A handler without a schedule, with the default of every policy.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            description: "",
            schedule: None,
            overlap: Overlap::DEFAULT,
            catch_up: CatchUp::DEFAULT,
            retry: Retry::DEFAULT,
            slots: Slots::DEFAULT,
            timeout: None,
            jitter: None,
            run_on_start: false,
            group: None,
            tags: &[],
            priority: Priority::DEFAULT,
            retention: Retention::DEFAULT,
            was: None,
            source: Source { file: "", line: 0, module: "" },
        }
    }
}
