//! Tests of jobs, in simulated time: feature `testing`, meant for `[dev-dependencies]`.
//!
//! - [`Simulation`] is a program with a scheduler on a machine of its own: a year of its life passes in a moment, with outages,
//!   failures and clocks that are set, and a test asks the record what happened.
//! - [`invoke`] calls the function of one job as the scheduler would, and gives what it said.
//! - [`World`] is what both stand on: any number of schedulers in one time, driven by hand.
//!
//! `docs/testing-your-jobs.md` tells it step by step.

mod builder;
mod error;
mod expect;
mod faults;
mod invoke;
mod jobs;
mod place;
mod record;
mod simulation;
mod when;
mod world;

pub use builder::SimulationBuilder;
pub use error::SimulationError;
pub use expect::{Ran, Skipped};
pub use faults::Fault;
pub use invoke::{Invoke, InvokeError, Invoked, Said, invoke};
pub use jobs::JobSet;
pub use record::{RunRecord, TickRecord, TickVerdict};
pub use simulation::Simulation;
pub use when::{Span, SpanError, When};
pub use world::{Bells, Boot, InstanceId, Lag, World};

/// The page for newcomers, so that its code is tested.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing-your-jobs.md")]
mod page {}
