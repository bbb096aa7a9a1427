//! How a job gets from its function to the scheduler: an item that the linker collects.
//!
//! The only file that names `inventory`.

use std::fmt;

use cron_core::job::JobSpec;

use crate::extract::{Context, ExtractError, Needs};
use crate::outcome::Invocation;

#[doc(hidden)]
pub use inventory::submit;

/// What the macro knows about a function beside its declaration: how to call it and what it needs.
#[derive(Clone, Copy)]
pub struct Handler {
    pub(crate) call: fn(&Context) -> Result<Invocation, ExtractError>,
    pub(crate) needs: fn(&mut Needs),
}

impl Handler {
    /// `call` extracts the parameters and makes the function ready to run; `needs` names what the extractors need.
    #[must_use]
    pub const fn new(call: fn(&Context) -> Result<Invocation, ExtractError>, needs: fn(&mut Needs)) -> Self {
        Self { call, needs }
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
