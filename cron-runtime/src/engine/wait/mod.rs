//! How the engine sleeps: until an instant of the wall clock, a span of the monotonic one, a call from a thread of this
//! process, the doorbell of another process, or a clock that was set. It never polls, where the system
//! tells all of these.

#[cfg(target_os = "linux")]
mod bell;
#[cfg(target_os = "linux")]
mod linux;
mod looked;
#[cfg(test)]
mod model;
#[cfg(not(target_os = "linux"))]
mod portable;

use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

/// The atomics of the bell. A model puts others in their place.
#[cfg(target_os = "linux")]
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, Ordering};
}

use chrono::{DateTime, Utc};

#[cfg(target_os = "linux")]
pub(crate) use linux::{Waiter, Waker};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Waiter, Waker};

/// When the engine wants to be woken at the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Until {
    /// At this instant of the wall clock.
    pub(crate) wall: Option<DateTime<Utc>>,
    /// After this span of the monotonic clock.
    pub(crate) within: Option<Duration>,
}

impl Wake for Waker {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl Until {
    /// Not at all: there is more to do.
    pub(crate) const NOW: Self = Self { wall: None, within: Some(Duration::ZERO) };
}
