//! The bell in every interleaving of its steps, and with every value that the memory model lets a thread read.
//!
//! `loom` plays them. The bell is the one of the product, from the same file; only its atomics are the model's.

#[path = "bell.rs"]
#[allow(clippy::duplicate_mod, reason = "the same file, with other atomics beside it")]
mod bell;

mod sync {
    pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
}

use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

use bell::{Bell, Counter};
use sync::{AtomicBool, Ordering};

/// What the kernel does with an `eventfd`: each call is one step, and sees what was done before the calls before it.
#[derive(Debug)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether a wait on it returns at once.
    fn is_up(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Counter for Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    fn clear(&self) {
        self.0.swap(0, Ordering::AcqRel);
    }
}

/// A bell, right or wrong.
trait Rings: Send + Sync + 'static {
    fn new() -> Self;
    fn ring(&self);
    fn clear(&self);
    fn is_up(&self) -> bool;
}

impl Rings for Bell<Count> {
    fn new() -> Self {
        Self::new(Count::new())
    }

    fn ring(&self) {
        self.ring();
    }

    fn clear(&self) {
        self.clear();
    }

    fn is_up(&self) -> bool {
        self.counter().is_up()
    }
}

/// Two threads send a message each and ring, while the engine, if it is woken, clears the bell and then reads what was sent. Once all is
/// quiet, an engine that sleeps must have read everything, and the next ring must wake it.
fn play<B: Rings>() {
    loom::model(|| {
        let bell = Arc::new(B::new());
        // No order of its own: the bell alone must make the engine see what was sent.
        let inbox = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let senders: Vec<_> = (0..2)
            .map(|sender| {
                let (bell, inbox) = (Arc::clone(&bell), Arc::clone(&inbox));
                thread::spawn(move || {
                    inbox[sender].store(true, Ordering::Relaxed);
                    bell.ring();
                })
            })
            .collect();
        let mut read = [false; 2];
        if bell.is_up() {
            bell.clear();
            read = [0, 1].map(|sender: usize| inbox[sender].load(Ordering::Relaxed));
        }
        senders.into_iter().for_each(|sender| sender.join().expect("it only sends"));
        if bell.is_up() {
            bell.clear();
        } else {
            assert_eq!(read, [true; 2], "a message lies there and the engine sleeps");
        }
        bell.ring();
        assert!(bell.is_up(), "a ring was swallowed");
    });
}

#[test]
fn no_ring_is_lost_and_none_is_swallowed() {
    play::<Bell<Count>>();
}

/// Clears the flag, then the counter.
struct FlagFirst {
    count: Count,
    rung: AtomicBool,
}

impl Rings for FlagFirst {
    fn new() -> Self {
        Self { count: Count::new(), rung: AtomicBool::new(false) }
    }

    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.count.add();
        }
    }

    fn clear(&self) {
        self.rung.swap(false, Ordering::AcqRel);
        self.count.clear();
    }

    fn is_up(&self) -> bool {
        self.count.is_up()
    }
}

#[test]
#[should_panic(expected = "a ring was swallowed")]
fn the_model_finds_a_flag_that_is_cleared_before_the_counter() {
    play::<FlagFirst>();
}

/// Clears the flag without reading it.
struct Blind(FlagFirst);

impl Rings for Blind {
    fn new() -> Self {
        Self(FlagFirst::new())
    }

    fn ring(&self) {
        self.0.ring();
    }

    fn clear(&self) {
        self.0.count.clear();
        self.0.rung.store(false, Ordering::Release);
    }

    fn is_up(&self) -> bool {
        self.0.is_up()
    }
}

#[test]
#[should_panic(expected = "a message lies there and the engine sleeps")]
fn the_model_finds_a_flag_that_is_cleared_without_being_read() {
    play::<Blind>();
}
