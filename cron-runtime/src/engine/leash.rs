//! What the engine and the function of an attempt share while it is in progress.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use super::vigil::Pulse;
use crate::extract::Notebook;

/// Between the engine, which may ask an attempt to stop, and its function, which notes what it has to say.
#[derive(Debug)]
pub(crate) struct Leash {
    is_asked: AtomicBool,
    /// It never has a permit and is closed when nobody need wait any more: a flag to wait for, much smaller than a channel.
    over: Semaphore,
    /// What the function says of itself.
    pub(crate) notebook: Notebook,
    /// Whether it has a thread.
    pub(crate) pulse: Pulse,
}

impl Leash {
    pub(crate) fn new() -> Self {
        let (notebook, pulse) = (Notebook::default(), Pulse::default());
        Self { is_asked: AtomicBool::new(false), over: Semaphore::new(0), notebook, pulse }
    }

    /// Asks the function to stop.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Ordering::Release);
        self.over.close();
    }

    /// The attempt is at its end: who still waits to be asked need not wait for ever.
    pub(crate) fn let_go(&self) {
        self.over.close();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Acquire)
    }

    /// Waits until the function is asked to stop or its attempt is at its end.
    pub(crate) async fn asked(&self) {
        // The only answer: it is closed.
        let _ = self.over.acquire().await;
    }
}
