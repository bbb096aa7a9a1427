//! Which of several runs that are due together starts first.

use serde::{Deserialize, Serialize};

/// The priority of a job: 0 to 100, higher first. It orders runs that are due together and runs that wait for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub u8);

impl Priority {
    /// The largest accepted priority.
    pub const MAX: u8 = 100;

    /// 50.
    pub const DEFAULT: Self = Self(50);
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}
