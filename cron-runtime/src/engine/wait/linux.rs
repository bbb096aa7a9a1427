//! Linux: one `poll` over a timer, a doorbell and an event counter.
//!
//! The timer runs on the wall clock and is cancelled when that clock is set or the machine wakes from sleep, so a step is
//! noticed at once.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::Until;

/// Where nothing is due the timer still watches for a clock that is set: 2200-01-01, beyond every schedule.
const NEVER: i64 = 7_258_118_400;

/// The engine's end.
#[derive(Debug)]
pub(crate) struct Waiter {
    timer: TimerFd,
    doorbell: Option<Inotify>,
    bell: Arc<Bell>,
}

/// The end for the other threads of this process.
#[derive(Clone, Debug)]
pub(crate) struct Waker {
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Bell {
    counter: EventFd,
    /// Set by the first ring and cleared when the engine is up, so that ten thousand results cost one system call.
    rung: AtomicBool,
}

impl Waiter {
    /// `doorbell` is a file whose modification wakes the engine.
    pub(crate) fn new(doorbell: Option<&Path>) -> io::Result<(Self, Waker)> {
        let timer =
            TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        let counter = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let bell = Arc::new(Bell { counter, rung: AtomicBool::new(false) });
        let doorbell = match doorbell {
            None => None,
            Some(path) => {
                let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
                watch.add_watch(path, AddWatchFlags::IN_MODIFY)?;
                Some(watch)
            }
        };
        Ok((Self { timer, doorbell, bell: Arc::clone(&bell) }, Waker { bell }))
    }

    /// Sleeps until `until`, or until something wakes it. Says whether the doorbell rang.
    pub(crate) fn wait(&mut self, until: Until) -> io::Result<bool> {
        let at = until.wall.map_or_else(
            || TimeSpec::new(NEVER, 0),
            |wall| TimeSpec::new(wall.timestamp(), i64::from(wall.timestamp_subsec_nanos())),
        );
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        match self.timer.set(Expiration::OneShot(at), flags) {
            Ok(()) => {}
            // The clock was set since the last wait: look again at once.
            Err(Errno::ECANCELED) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let timeout = match until.within {
            None => PollTimeout::NONE,
            // Rounded up, so that the engine does not wake a hair too early and spin.
            Some(span) => PollTimeout::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(PollTimeout::MAX),
        };
        let mut sources = vec![
            PollFd::new(self.timer.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.bell.counter.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(doorbell) = &self.doorbell {
            sources.push(PollFd::new(doorbell.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut sources, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        drop(sources);
        Ok(self.clear())
    }

    /// Empties what has rung. Whatever rings from here on wakes the next wait.
    fn clear(&mut self) -> bool {
        // Each of these is non-blocking, and an error means that it had not rung.
        let _ = self.bell.counter.read();
        // After the counter, never before it: a ring between the two would be swallowed with its flag left up, and every
        // later ring would count as one that is still to be heard. A ring that finds the flag up here was sent before
        // the engine looks at its inbox.
        self.bell.rung.store(false, Ordering::SeqCst);
        let mut rang = false;
        if let Some(doorbell) = &self.doorbell {
            while doorbell.read_events().is_ok_and(|events| !events.is_empty()) {
                rang = true;
            }
        }
        rang
    }
}

impl Waker {
    /// Wakes the engine, now or as soon as it would sleep.
    pub(crate) fn ring(&self) {
        if !self.bell.rung.swap(true, Ordering::SeqCst) {
            // It fails only where the counter is full, and then it has rung.
            let _ = self.bell.counter.write(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_ring_before_the_wait_is_not_lost() {
        let (mut waiter, waker) = Waiter::new(None).expect("a waiter");
        waker.ring();
        waker.ring();
        waiter.wait(Until::default()).expect("it wakes at once, or this test hangs");
        let short = Until { within: Some(Duration::from_millis(1)), wall: None };
        waiter.wait(short).expect("the ring is used up, the span wakes it");
    }

    #[test]
    fn a_past_instant_wakes_at_once_and_a_touched_file_rings() {
        let (mut waiter, _waker) = Waiter::new(None).expect("a waiter");
        let past = Until { wall: chrono::DateTime::from_timestamp(1, 0), within: None };
        waiter.wait(past).expect("it wakes at once, or this test hangs");

        let file = std::env::temp_dir().join(format!("cron-doorbell-{}", std::process::id()));
        std::fs::write(&file, b"").expect("a file");
        let (mut waiter, _waker) = Waiter::new(Some(&file)).expect("a waiter");
        std::fs::write(&file, b"!").expect("a ring");
        assert!(waiter.wait(Until::default()).expect("the doorbell wakes it, or this test hangs"));
        std::fs::remove_file(&file).expect("it is there");
    }
}
