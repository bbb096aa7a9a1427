//! Threads on which functions run that are not async. No runtime waits for them: a function that does not return keeps neither a
//! runtime from its end nor `main`.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

#[cfg(any(test, feature = "testing"))]
use super::executor::Executor;
#[cfg(any(test, feature = "testing"))]
use super::vigil::Pulse;
#[cfg(any(test, feature = "testing"))]
use crate::store::Claimed;

/// A thread that has had nothing to do for this long ends.
const IDLE: Duration = Duration::from_secs(10);

/// A function that is not async, ready to be called.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Begins a thread.
type Spawn = fn(Work) -> io::Result<()>;

/// Where functions run that are not async.
#[derive(Debug)]
pub(crate) enum Threads {
    /// On threads of the scheduler's own.
    Own(Pool),
    /// Wherever this has them called: tests have no time for threads.
    #[cfg(any(test, feature = "testing"))]
    Elsewhere(fn(&Executor, &Claimed, &Pulse, Work)),
}

impl Threads {
    /// Sees to it that the next function has a thread.
    ///
    /// # Errors
    ///
    /// What the system says that refuses one.
    pub(super) fn reserve(&self) -> io::Result<()> {
        match self {
            Self::Own(pool) => pool.reserve(),
            #[cfg(any(test, feature = "testing"))]
            Self::Elsewhere(_) => Ok(()),
        }
    }
}

/// Threads that wait for work, each as long as it has had some lately. There are never more than attempts in progress and functions
/// that have outlived theirs: the workers of the scheduler are their bound.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    spawn: Spawn,
}

/// Between the engine, which gives work, and the threads, which take it.
struct Shared {
    // A queue with a condition: a channel has one receiver, and these are as many as there is work.
    state: Mutex<State>,
    given: Condvar,
    /// Functions find it as the current one, as in its own blocking pool.
    runtime: Handle,
}

#[derive(Default)]
struct State {
    work: VecDeque<Work>,
    /// Threads that wait, or are about to, and are not promised to any work.
    free: usize,
    is_closed: bool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("free", &self.shared.state().free).finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self::with(runtime, |thread| {
            std::thread::Builder::new().name("cron-function".to_owned()).spawn(thread).map(drop)
        })
    }

    pub(super) fn with(runtime: Handle, spawn: Spawn) -> Self {
        let shared = Shared { state: Mutex::default(), given: Condvar::new(), runtime };
        Self { shared: Arc::new(shared), spawn }
    }

    /// Promises a thread to the next work.
    fn reserve(&self) -> io::Result<()> {
        {
            let mut state = self.shared.state();
            if let Some(left) = state.free.checked_sub(1) {
                state.free = left;
                return Ok(());
            }
        }
        let shared = Arc::clone(&self.shared);
        (self.spawn)(Box::new(move || shared.serve()))
    }

    /// Has work done on the thread that was promised.
    pub(super) fn give(&self, work: Work) {
        self.shared.state().work.push_back(work);
        self.shared.given.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.given.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does as long as it lives.
    fn serve(&self) {
        let _context = self.runtime.enter();
        while let Some(work) = self.next() {
            // It reports its end itself. What still panics is of no use to anybody, and the thread is.
            let _ = catch_unwind(AssertUnwindSafe(work));
            self.state().free += 1;
        }
    }

    /// Waits for work. Gives none when there has been none for long.
    fn next(&self) -> Option<Work> {
        let mut state = self.state();
        loop {
            if let Some(work) = state.work.pop_front() {
                return Some(work);
            }
            if state.is_closed {
                return None;
            }
            let (waited, timeout) =
                self.given.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = waited;
            // One that is promised stays.
            if timeout.timed_out() && state.work.is_empty() && state.free > 0 {
                state.free -= 1;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    }

    #[test]
    fn a_thread_is_used_again_and_knows_the_runtime() {
        let runtime = runtime();
        let pool = Pool::new(runtime.handle().clone());
        let (sender, receiver) = channel();
        let mut threads = HashSet::new();
        for _ in 0..3 {
            pool.reserve().expect("a thread");
            let sender = sender.clone();
            pool.give(Box::new(move || {
                let answer = Handle::current().block_on(async { 7 });
                sender.send((std::thread::current().id(), answer)).expect("somebody listens");
            }));
            let (thread, answer) = receiver.recv().expect("it is called");
            assert_eq!(answer, 7);
            threads.insert(thread);
            while pool.shared.state().free == 0 {
                std::thread::yield_now();
            }
        }
        assert_eq!(threads.len(), 1);
    }

    #[test]
    fn work_that_does_not_return_keeps_neither_the_next_nor_a_runtime() {
        let runtime = runtime();
        let pool = Pool::new(runtime.handle().clone());
        let (release, hold) = channel::<()>();
        pool.reserve().expect("a thread");
        pool.give(Box::new(move || assert!(hold.recv().is_err(), "nobody sends anything")));
        let (sender, receiver) = channel();
        pool.reserve().expect("another thread");
        pool.give(Box::new(move || sender.send(()).expect("somebody listens")));
        receiver.recv().expect("it is called beside it");
        drop(runtime);
        drop(release);
    }

    #[test]
    fn work_that_panics_leaves_its_thread_to_the_next() {
        let runtime = runtime();
        let pool = Pool::new(runtime.handle().clone());
        pool.reserve().expect("a thread");
        pool.give(Box::new(|| panic!("no bread")));
        while pool.shared.state().free == 0 {
            std::thread::yield_now();
        }
    }

    static NONE_LEFT: AtomicBool = AtomicBool::new(false);

    #[test]
    fn a_thread_that_is_refused_is_an_error_and_nothing_is_promised() {
        let runtime = runtime();
        let pool = Pool::with(runtime.handle().clone(), |thread| {
            if NONE_LEFT.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            std::thread::Builder::new().spawn(thread).map(drop)
        });
        NONE_LEFT.store(true, Ordering::SeqCst);
        pool.reserve().expect_err("none is left");
        NONE_LEFT.store(false, Ordering::SeqCst);
        let (sender, receiver) = channel();
        pool.reserve().expect("a thread");
        pool.give(Box::new(move || sender.send(()).expect("somebody listens")));
        receiver.recv().expect("it is called");
        while pool.shared.state().free == 0 {
            std::thread::yield_now();
        }
        NONE_LEFT.store(true, Ordering::SeqCst);
        pool.reserve().expect("one is idle");
    }
}
