//! Leases in the hands of the engine: renewed in time, and not trusted when they are not.

use cron_core::run::AttemptResult;

use super::faults::{Fault, Faults, problems, told};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A bench with one attempt in progress that hears nothing, and its store.
fn bench() -> (Bench, RunId, Faults) {
    let (mut bench, faults) = Faults::bench(10, vec![job("deaf", &[], DEAF)]);
    let run = bench.trigger("deaf");
    bench.step(TimeDelta::zero(), Duration::ZERO);
    assert_eq!(bench.state(run), StateWord::Running);
    (bench, run, faults)
}

fn is_untrusted(bench: &mut Bench) -> bool {
    std::iter::from_fn(|| bench.told.try_recv().ok()).any(|event| matches!(event, Event::LeaseLost { .. }))
}

#[test]
fn leases_are_renewed_each_ten_seconds_for_thirty() {
    let (mut bench, run, store) = bench();
    for _ in 0..35 {
        bench.pass(SECOND);
    }
    let start: DateTime<Utc> = START.parse().expect("an instant");
    let renewals: Vec<_> = {
        let renewals = store.renewals.lock().expect("no test panics under it");
        renewals.iter().map(|until| (*until - start).num_seconds()).collect()
    };
    assert_eq!(renewals, [40, 50, 60]);
    assert_eq!(bench.state(run), StateWord::Running);
    assert!(!is_untrusted(&mut bench));
}

#[test]
fn an_attempt_whose_lease_cannot_be_renewed_is_stopped_before_the_lease_ends() {
    let (mut bench, run, store) = bench();
    // One renewal comes through, ten seconds after the start: a lease until 40 s, and trust until 35 s.
    for _ in 0..10 {
        bench.pass(SECOND);
    }
    store.set(&["renew"], Fault::Refused);
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
    let (mut bench, run, store) = bench();
    store.set(&["renew"], Fault::Refused);
    for _ in 0..24 {
        bench.step(TimeDelta::zero(), SECOND);
        assert!(!is_untrusted(&mut bench));
    }
    bench.step(TimeDelta::zero(), SECOND);
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Failed);
}

#[test]
fn what_was_claimed_longer_ago_than_a_lease_is_trusted_is_not_called_and_starts_anew() {
    let (mut bench, store) = Faults::bench(10, vec![job("brief", &[], NOTHING)]);
    let run = bench.trigger("brief");
    store.set(&["judge"], Fault::Slow(Duration::from_secs(26)));
    bench.engine.step(bench.clock.moment());
    let called =
        std::iter::from_fn(|| bench.told.try_recv().ok()).any(|event| matches!(event, Event::Started { .. }));
    assert!(!called, "its lease may have been over");
    store.heal();
    let ended = ended(run);
    bench.wait("its end", |event| ended(event).filter(|(state, _)| *state == StateWord::Succeeded));
    let attempts = bench.stores.ledger.run(run).expect("it is read").expect("it is there").1;
    assert_eq!(
        attempts.iter().map(|attempt| attempt.result).collect::<Vec<_>>(),
        [AttemptResult::Interrupted]
    );
}

#[test]
fn a_renewal_close_to_the_end_of_trust_is_told() {
    let (mut bench, faults) = Faults::bench(10, vec![job("long", &[], WELL_BEHAVED)]);
    let run = bench.trigger("long");
    bench.pass(Duration::from_millis(1));
    faults.set(&["renew"], Fault::Refused);
    for _ in 0..17 {
        bench.pass(Duration::from_secs(1));
    }
    faults.heal();
    bench.pass(Duration::from_secs(1));
    let events = told(&mut bench);
    let margin = problems(&events, ProblemKind::LeaseMargin);
    assert_eq!(margin.len(), 1);
    assert!(margin[0].what.contains("18.0 s"), "{}", margin[0].what);
    assert!(!events.iter().any(|event| matches!(event, Event::LeaseLost { .. })), "it was in time");
    let outage: Vec<_> =
        problems(&events, ProblemKind::StoreFailing).iter().map(|told| told.is_over).collect();
    assert_eq!(outage, [false, true]);
    cancel(&mut bench, run);
    bench.wait("its end", ended(run));
}
