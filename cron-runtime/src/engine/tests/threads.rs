//! Functions that wait for a thread.

use super::*;
use crate::engine::threads::Work;
use crate::engine::vigil::Pulse;
use crate::store::Claimed;

/// What waits for a thread.
static WAITING: Mutex<Vec<Work>> = Mutex::new(Vec::new());

/// Threads of which none is free.
fn none_is_free(_: &Executor, _: &Claimed, _: &Pulse, work: Work) {
    WAITING.lock().expect("no test panics under it").push(work);
}

#[test]
fn a_function_that_is_asked_to_stop_before_it_has_a_thread_ends_no_scheduler() {
    let mut bench = Bench::new(10, vec![job("sync", &[], NOTHING), job("deaf", &[], DEAF)]);
    bench.engine.executor.threads = Threads::Elsewhere(none_is_free);
    let run = bench.trigger("sync");
    bench.pass(Duration::from_millis(1));
    cancel(&mut bench, run);
    bench.pass(Duration::from_millis(1));
    let waiting = std::mem::take(&mut *WAITING.lock().expect("no test panics under it"));
    assert_eq!(waiting.len(), 1);
    waiting.into_iter().for_each(|work| work());
    let (state, _) = bench.wait("its end", ended(run));
    assert_eq!(state, StateWord::Cancelled);
    // It goes on with its work.
    let next = bench.trigger("deaf");
    bench.pass(Duration::from_millis(1));
    assert_eq!((bench.state(next), bench.engine.is_done()), (StateWord::Running, false));
}
