//! How a job gets from its function to the scheduler: an item that the linker collects.
//!
//! The only file that names `inventory`.

use std::fmt;

use cron_core::job::JobSpec;

use crate::extract::{Context, ExtractError, Needs};
use crate::outcome::{AsyncCall, BlockingCall};

#[doc(hidden)]
pub use inventory::submit;

/// Extracts the parameters of an async function and calls it.
pub(crate) type MakeAsync = fn(&Context) -> Result<AsyncCall, ExtractError>;
/// Extracts the parameters of another function and makes it ready to be called.
pub(crate) type MakeBlocking = fn(&Context) -> Result<BlockingCall, ExtractError>;

/// Where a function runs, and how it is called there.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// On the user's runtime.
    Async(MakeAsync),
    /// On a thread of the scheduler.
    Blocking(MakeBlocking),
}

/// What the macro knows about a function beside its declaration: how to call it and what it needs.
#[derive(Clone, Copy)]
pub struct Handler {
    pub(crate) way: Way,
    pub(crate) needs: fn(&mut Needs),
}

impl Handler {
    /// An async function: `make` extracts its parameters and calls it; `needs` names what the extractors need.
    #[must_use]
    pub const fn asynchronous(make: MakeAsync, needs: fn(&mut Needs)) -> Self {
        Self { way: Way::Async(make), needs }
    }

    /// A function that is not async: `make` extracts its parameters; `needs` names what the extractors need.
    #[must_use]
    pub const fn blocking(make: MakeBlocking, needs: fn(&mut Needs)) -> Self {
        Self { way: Way::Blocking(make), needs }
    }
}

impl Handler {
    /// Whether its function is not async and needs a thread.
    pub(crate) fn needs_a_thread(&self) -> bool {
        match self.way {
            Way::Blocking(_) => true,
            Way::Async(_) => false,
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

/// One job as the linker sees it.
#[derive(Debug)]
pub struct Registration {
    pub(crate) spec: JobSpec,
    pub(crate) handler: Handler,
}

impl Registration {
    /// Pairs a declaration with its function.
    #[must_use]
    pub const fn new(spec: JobSpec, handler: Handler) -> Self {
        Self { spec, handler }
    }
}

inventory::collect!(Registration);

/// Every job linked into this program, in no particular order.
pub(crate) fn linked() -> impl Iterator<Item = (JobSpec, Handler)> {
    inventory::iter::<Registration>().map(|registration| (registration.spec, registration.handler))
}
