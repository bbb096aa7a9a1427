//! A declarative job framework: annotate a function, and no tick is lost.

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
mod registration;
mod scheduler;
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
pub use engine::{Change, Event, Problem, ShutdownReport};
pub use error::{Error, MissingState};
pub use extract::{Args, Run, State};
pub use hooks::{Finished, HookReturn, Late};
pub use outcome::JobError;
/// The crate of the transactions in which a run may be completed.
#[cfg(feature = "sqlite")]
pub use rusqlite;
pub use scheduler::{Cancelled, Scheduled, Scheduler, Triggered, TriggeredGroup, Upserted};
pub use start::{Start, start};
#[cfg(feature = "sqlite")]
pub use store::sqlite::CompleteError;
pub use target::IntoTarget;

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
