//! What happens when a tick is due while an older run of the same job is active.

use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::words::word_enum! {
    /// The overlap policy of a job (semantics §4).
    ///
    /// A run is active while it runs **and** while it waits for a retry.
    "overlap",
    pub enum Overlap {
        /// The tick is recorded as `skipped(overlap)` and names the run that held the slot. The default.
        Skip = "skip",
        /// The tick waits for the slot: [`Slots::queue_depth`] ticks wait, oldest first; where more would wait, the oldest
        /// is recorded as `skipped(superseded)`.
        Queue = "queue",
        /// The older run is asked to stop, has [`Slots::cancel_grace`] to do so, is fenced, and the tick starts.
        Cancel = "cancel",
        /// The tick starts beside the active runs, up to [`Slots::max_running`] of them.
        Allow = "allow",
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Overlap {
    /// `skip`.
    pub const DEFAULT: Self = Self::Skip;
}

/// The bounds of the overlap policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slots {
    /// How many ticks wait under [`Overlap::Queue`].
    pub queue_depth: u32,
    /// How long a run that was asked to stop may take, before it is cut off and fenced.
    pub cancel_grace: Duration,
    /// How many runs may be active under [`Overlap::Allow`]; `None` is no bound.
    pub max_running: Option<u32>,
}

impl Slots {
    /// The largest accepted [`Slots::queue_depth`] and [`Slots::max_running`].
    pub const MAX: u32 = 10_000;

    /// One waits, 10 s to stop, no bound.
    pub const DEFAULT: Self =
        Self { queue_depth: 1, cancel_grace: Duration::from_secs(10), max_running: None };
}

impl Default for Slots {
    fn default() -> Self {
        Self::DEFAULT
    }
}
