//! Other systems: a condition with a timeout. They do not tell when a clock is set or a file is touched, so the wall clock is
//! read again each minute and the doorbell is looked at five times a second.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use super::Until;
use super::looked::{LOOK, Looked};
use crate::clock::{Clock, SystemClock};

/// Between two readings of the wall clock.
const READ: Duration = Duration::from_secs(60);

/// The engine's end.
#[derive(Debug)]
pub(crate) struct Waiter {
    clock: SystemClock,
    calls: Receiver<()>,
    doorbell: Option<Looked>,
}

/// The end for the other threads of this process.
#[derive(Clone, Debug)]
pub(crate) struct Waker {
    calls: SyncSender<()>,
}

impl Waiter {
    /// `doorbell` is a file whose modification wakes the engine.
    pub(crate) fn new(doorbell: Option<&Path>) -> io::Result<(Self, Waker)> {
        let (sender, calls) = sync_channel(1);
        let doorbell = doorbell.map(Looked::new);
        Ok((Self { clock: SystemClock::new(), calls, doorbell }, Waker { calls: sender }))
    }

    /// Sleeps until `until`, or until something wakes it. Says whether the doorbell rang.
    pub(crate) fn wait(&mut self, until: Until) -> io::Result<bool> {
        let begun = self.clock.moment();
        let wall = until.wall.map(|wall| (wall - begun.wall).to_std().unwrap_or_default());
        let mut left = wall.into_iter().chain(until.within).fold(READ, Duration::min);
        loop {
            let nap = if self.doorbell.is_some() { left.min(LOOK) } else { left };
            match self.calls.recv_timeout(nap) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(self.has_rung()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            left = left.saturating_sub(nap);
            let rang = self.has_rung();
            if rang || left.is_zero() {
                return Ok(rang);
            }
        }
    }

    fn has_rung(&mut self) -> bool {
        self.doorbell.as_mut().is_some_and(Looked::has_rung)
    }

    /// Here it is looked at always; there is nothing to be told.
    pub(crate) fn unwatched(&self) -> Option<String> {
        None
    }
}

impl Waker {
    /// Wakes the engine, now or as soon as it would sleep.
    pub(crate) fn ring(&self) {
        match self.calls.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }
}
