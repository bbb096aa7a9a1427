//! A run: its identity, its states, and the one state machine that moves it.

mod event;
mod id;
mod state;
mod transition;

pub use event::{AttemptEnd, Failure, FailureKind, RunEvent};
pub use id::{Epoch, JobId, OwnerId, RunId};
pub use state::{AttemptResult, Origin, RunState, SkipReason, Stage, StateWord};
pub use transition::{
    AttemptRecord, IllegalTransition, Progress, RetryContext, Transition, cut_off, transition,
};
