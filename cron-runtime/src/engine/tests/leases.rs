//! Leases in the hands of the engine: renewed in time, and not trusted when they are not.

use std::path::PathBuf;

use super::*;
use crate::store::{
    Claim, CommandError, Done, JudgeRequest, Judged, Note, Pruned, Reaped, Settled, Settlement, StoreError,
    Synced,
};

/// A store that does not answer when leases are to be renewed, while the test says so. Counts what it is asked.
#[derive(Debug)]
struct Shaky {
    store: Arc<dyn Store>,
    is_down: AtomicBool,
    renewals: Mutex<Vec<DateTime<Utc>>>,
}

impl Store for Shaky {
    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Backend("the disk is gone".into()));
        }
        self.renewals.lock().expect("no test panics under it").push(until);
        self.store.renew(claims, until)
    }

    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        self.store.join(now)
    }

    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        self.store.sync(program, now)
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        self.store.judge(request)
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.store.settle(settlements)
    }

    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        self.store.note(notes)
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        self.store.reap(now)
    }

    fn set_back(&self, now: DateTime<Utc>) -> Result<Vec<(JobName, DateTime<Utc>)>, StoreError> {
        self.store.set_back(now)
    }

    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        self.store.prune(now, limit)
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        self.store.command(command, now)
    }

    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.leave(now)
    }

    fn doorbell(&self) -> Option<PathBuf> {
        self.store.doorbell()
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// A bench with one attempt in progress that hears nothing, and its store.
fn bench() -> (Bench, RunId, Arc<Shaky>) {
    let mut bench = Bench::new(10, vec![job("deaf", &[], DEAF)]);
    let store = Arc::clone(&bench.stores.store);
    let shaky = Arc::new(Shaky { store, is_down: AtomicBool::new(false), renewals: Mutex::default() });
    bench.engine.store = Arc::clone(&shaky) as Arc<dyn Store>;
    let run = bench.trigger("deaf");
    bench.step(TimeDelta::zero(), Duration::ZERO);
    assert_eq!(bench.state(run), StateWord::Running);
    (bench, run, shaky)
}

fn is_untrusted(bench: &mut Bench) -> bool {
    std::iter::from_fn(|| bench.told.try_recv().ok()).any(|event| matches!(event, Event::LeaseLost { .. }))
}

#[test]
fn leases_are_renewed_each_ten_seconds_for_thirty() {
    let (mut bench, run, shaky) = bench();
    for _ in 0..35 {
        bench.pass(SECOND);
    }
    let start: DateTime<Utc> = START.parse().expect("an instant");
    let renewals: Vec<_> = {
        let renewals = shaky.renewals.lock().expect("no test panics under it");
        renewals.iter().map(|until| (*until - start).num_seconds()).collect()
    };
    assert_eq!(renewals, [40, 50, 60]);
    assert_eq!(bench.state(run), StateWord::Running);
    assert!(!is_untrusted(&mut bench));
}

#[test]
fn an_attempt_whose_lease_cannot_be_renewed_is_stopped_before_the_lease_ends() {
    let (mut bench, run, shaky) = bench();
    // One renewal comes through, ten seconds after the start: a lease until 40 s, and trust until 35 s.
    for _ in 0..10 {
        bench.pass(SECOND);
    }
    shaky.is_down.store(true, Ordering::SeqCst);
    for second in 11..35 {
        bench.pass(SECOND);
        assert!(!is_untrusted(&mut bench), "given up after {second} s");
    }
    bench.pass(SECOND);
    let error = bench.wait("its end", ended(run));
    assert_eq!(error, (StateWord::Failed, "stopped: its lease could not be renewed in time".to_owned()));
    // Until then nobody else may have taken it.
    let start: DateTime<Utc> = START.parse().expect("an instant");
    assert!(bench.clock.moment().wall < start + TimeDelta::seconds(40));
}

#[test]
fn a_wall_clock_that_stands_still_does_not_prolong_the_trust() {
    let (mut bench, run, shaky) = bench();
    shaky.is_down.store(true, Ordering::SeqCst);
    for _ in 0..24 {
        bench.step(TimeDelta::zero(), SECOND);
        assert!(!is_untrusted(&mut bench));
    }
    bench.step(TimeDelta::zero(), SECOND);
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Failed);
}
