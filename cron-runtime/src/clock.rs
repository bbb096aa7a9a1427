//! The only file that reads time.
//!
//! The wall clock decides when a tick is due; the monotonic clock measures leases, timeouts and shutdown.
#![expect(clippy::disallowed_methods, reason = "this is the one place that may read the clocks")]

#[cfg(feature = "testing")]
mod simulated;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

#[cfg(feature = "testing")]
pub(crate) use simulated::{SimulatedClock, TrueTime, jump, sleep, sleep_until};

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: DateTime<Utc>,
    /// The monotonic clock, since an arbitrary origin of this process.
    pub monotonic: Duration,
}

/// A source of time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Reads both clocks.
    fn moment(&self) -> Moment;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose monotonic origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn moment(&self) -> Moment {
        Moment { wall: SystemTime::now().into(), monotonic: self.origin.elapsed() }
    }
}
