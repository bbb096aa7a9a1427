//! A declarative job framework: annotate a function, and no tick is lost.
//!
//! ```no_run
//! use cron_runtime::prelude::*;
//!
//! #[derive(Clone)]
//! struct Mailer;
//!
//! /// Mails the morning report.
//! #[job(cron = "0 9 * * MON-FRI", timezone = "Europe/London", retries = 3, timeout = "5m")]
//! async fn morning_report(State(mailer): State<Mailer>, run: Run) -> anyhow::Result<()> {
//!     let _ = (mailer, run.tick());
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), cron_runtime::Error> {
//!     cron_runtime::start().state(Mailer).await?.until_signal().await
//! }
//! ```
//!
//! [`job`](macro@job) has all options, [`start()`] the way to a running [`Scheduler`], [`extract`] what a function may take, and [`JobError`] what it may
//! say with an error. Jobs that are made while the program runs are [`JobRequest`]s.
//!
//! # Features
//!
//! | Feature | |
//! |---|---|
//! | `sqlite` (default) | jobs, verdicts and history in one SQLite file; without it they are in memory alone |
//! | `rrule` | schedules that are recurrence rules of RFC 5545 |
//! | `cron` | schedules of the crate `cron` become ours |
//! | `testing` | `cron_runtime::testing`: simulated time for tests |
//! | `metrics` | numbers for the crate `metrics`, as below |
//!
//! # Metrics
//!
//! | Name | Kind | Labels | Meaning |
//! |---|---|---|---|
//! | `cron_build_info` | gauge | `version`, `program` | 1, for `absent()` |
//! | `cron_runs_total` | counter | `job_name`, `state` | runs that came to their end |
//! | `cron_attempts_total` | counter | `job_name`, `result` | attempts of this process that ended |
//! | `cron_skipped_ticks_total` | counter | `job_name`, `reason` | ticks that were skipped |
//! | `cron_lateness_seconds` | histogram | `job_name` | from the nominal instant of a tick to the start of its first attempt |
//! | `cron_duration_seconds` | histogram | `job_name` | how long attempts took |
//! | `cron_workers` | gauge | | how many attempts may be in progress in this process |
//! | `cron_workers_busy` | gauge | | how many are |
//! | `cron_runs_waiting` | gauge | `for` | runs that wait, for `retry`: for their next attempt after one in this process |
//! | `cron_next_due_timestamp_seconds` | gauge | | when this process judges next; 0 if nothing is due |
//! | `cron_last_judged_timestamp_seconds` | gauge | | when it has judged last: its age tells of an engine that hangs |
//! | `cron_labels_folded_total` | counter | | values that went to `job_name="_other"` |
//!
//! `job_name` is the declared job whose function runs. Dynamic jobs count under it and have no series of their own, however many
//! come and go. The first 1,000 declared jobs of a scheduler have series of their own, the rest of them is `_other`. The module
//! [`metrics`] has the buckets of the histograms for the exporter.

mod boot;
pub mod clock;
pub mod config;
#[doc(hidden)]
pub mod crash_points;
pub mod dynamic;
mod engine;
mod error;
pub mod extract;
mod hooks;
mod measure;
mod outcome;
pub mod prelude;
#[cfg(feature = "sqlite")]
mod prepare;
mod program;
mod registration;
mod scheduler;
mod select;
mod start;
pub mod store;
mod target;
#[cfg(feature = "testing")]
pub mod testing;

use std::fmt;
use std::marker::PhantomData;

/// The crate of dates and instants in this interface.
pub use chrono;
pub use cron_core as core;
pub use cron_core::judge::Next;
pub use cron_core::problem::ProblemKind;
pub use cron_core::schedule::{Calendar, Dates};
pub use cron_macros::job;

pub use dynamic::JobRequest;
pub use engine::{Change, EndCause, Event, Problem, ShutdownReport};
pub use error::{Error, MissingState};
pub use extract::{Args, Run, State};
pub use hooks::{Finished, HookReturn, Late};
pub use measure::metrics;
pub use outcome::{JobError, JobErrorSource};
/// The crate of the transactions in which a run may be completed.
#[cfg(feature = "sqlite")]
pub use rusqlite;
#[cfg(feature = "sqlite")]
pub use scheduler::Enqueued;
pub use scheduler::{Cancelled, Paused, Scheduled, Scheduler, Signal, Triggered, TriggeredGroup, Upserted};
pub use select::{Select, SelectError};
pub use start::{Start, start};
#[cfg(feature = "sqlite")]
pub use store::sqlite::{CompleteError, EnqueueError};
pub use target::{IntoTarget, IntoTrigger};

/// The typed handle of a job: `morning_report::JOB`. `A` is what its function takes as `Args<A>`; `()` where it takes none.
pub struct Job<A = ()> {
    name: &'static str,
    /// Takes arguments and holds none.
    args: PhantomData<fn(A)>,
}

impl<A> Job<A> {
    /// For the macro, which has checked the name.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, args: PhantomData }
    }

    /// The name of the job.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

// Written out, because derived ones would ask the same of `A`.
impl<A> Clone for Job<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Job<A> {}

impl<A> fmt::Debug for Job<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish()
    }
}

impl<A> PartialEq for Job<A> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<A> Eq for Job<A> {}

impl<A> From<Job<A>> for String {
    fn from(job: Job<A>) -> Self {
        job.name.to_owned()
    }
}

impl<A> fmt::Display for Job<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// What the expansion of `#[job]` names. Not a public interface.
#[doc(hidden)]
pub mod __private {
    pub use cron_core::job::{JobSpec, Source};
    pub use cron_core::policy::{Backoff, CatchUp, CatchUpRule, Overlap, Priority, Retention, Retry, Slots};

    pub use crate::Job;
    pub use crate::extract::{Context, ExtractError, FromRun, Needs};
    pub use crate::outcome::{
        AsyncCall, BlockingCall, JobReturn, Outcome, Said, ViaBox, ViaDisplay, ViaError, ViaNothing,
        ViaSharedBox, returning_nothing,
    };
    pub use crate::registration::{Handler, Registration, submit};
}
