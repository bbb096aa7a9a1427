//! The bell between the threads of a process: whoever has a message for the engine rings, and a thousand rings that nobody has
//! heard yet cost one system call.
//!
//! The order of its few steps is everything, so this file is also compiled against a model of atomics, in which every
//! interleaving is played: see `model.rs`.

use super::sync::{AtomicBool, Ordering};

/// What the engine can sleep on.
pub(crate) trait Counter {
    /// Makes it wake the engine until it is cleared.
    fn add(&self);

    /// Sets it to zero.
    fn clear(&self);
}

#[derive(Debug)]
pub(crate) struct Bell<C> {
    counter: C,
    /// Set by the first ring and cleared when the engine is up.
    rung: AtomicBool,
}

impl<C: Counter> Bell<C> {
    pub(crate) fn new(counter: C) -> Self {
        Self { counter, rung: AtomicBool::new(false) }
    }

    pub(crate) fn counter(&self) -> &C {
        &self.counter
    }

    /// Wakes the engine, now or as soon as it would sleep. What was sent before the ring is seen by the engine after its next
    /// [`clear`](Self::clear).
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.counter.add();
        }
    }

    /// The engine is up. Whatever rings from here on wakes its next wait.
    pub(crate) fn clear(&self) {
        self.counter.clear();
        // After the counter, never before it: a ring between the two would be swallowed with its flag left up, and every
        // later ring would count as one that is still to be heard.
        //
        // A swap, not a store: a ring that finds the flag up here relies on the engine seeing what was sent before it,
        // and only a step that reads the flag makes it see that.
        self.rung.swap(false, Ordering::AcqRel);
    }
}
