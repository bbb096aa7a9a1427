//! What the engine and the function of an attempt share while it is in progress.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, watch};

use super::events::Events;
use super::inbox::Inbox;
use super::vigil::Pulse;
use crate::clock::Clock;
use crate::extract::Notebook;

/// What every call reaches of its scheduler; one for all of them.
#[derive(Debug)]
pub(crate) struct Link {
    /// The file in which a function may complete its run, if the store has one.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "no other store has a file"))]
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) inbox: Inbox,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutting_down: watch::Receiver<bool>,
}

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
