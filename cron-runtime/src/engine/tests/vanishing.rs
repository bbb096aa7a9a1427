//! An engine whose file is not the one any more that was opened.

use cron_core::run::AttemptResult;

use super::faults::{ALL, Fault, Faults, assert_sound, attempts, problems, told};
use super::*;
use crate::store::FileNow;

fn set(faults: &Faults, now: Option<FileNow>) {
    *faults.gone.lock().expect("no test panics under it") = now;
}

#[test]
fn no_function_is_called_for_a_claim_whose_file_is_gone_and_it_is_called_when_the_file_is_back() {
    let (mut bench, faults) = Faults::bench(10, vec![job("lone", &[], NOTHING)]);
    set(&faults, Some(FileNow::Missing));
    let run = bench.trigger("lone");
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.state(run), StateWord::Running, "the claim was written, and then the file was gone");
    assert!(bench.engine.attempts.is_empty());
    // As the store does while the file is gone.
    faults.set(ALL, Fault::Refused);
    for _ in 0..40 {
        bench.pass(Duration::from_secs(1));
    }
    let events = told(&mut bench);
    assert!(!events.iter().any(|event| matches!(event, Event::Started { .. })), "{events:?}");
    let failing = problems(&events, ProblemKind::StoreFailing);
    assert!(failing[0].what.contains("jobs.db is gone"), "{failing:?}");
    set(&faults, None);
    faults.heal();
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Succeeded);
    assert_eq!(
        attempts(&bench, run),
        [AttemptResult::Interrupted],
        "given back once, and no attempt is used"
    );
    assert!(!bench.engine.store_fails());
    assert_eq!(bench.engine.ended(), Ended::Asked);
    assert_sound(&bench, "lone");
}

#[test]
fn while_something_runs_the_file_is_looked_at_each_five_seconds_and_not_otherwise() {
    let (mut bench, faults) = Faults::bench(10, vec![job("long", &[], WELL_BEHAVED)]);
    let until = bench.pass(Duration::from_millis(1));
    assert!(until.within.is_none_or(|span| span > Duration::from_secs(30)), "nothing runs: {until:?}");
    let run = bench.trigger("long");
    let until = bench.pass(Duration::from_millis(1));
    assert!(until.within.is_some_and(|span| span <= Duration::from_secs(5)), "{until:?}");
    bench.pass(Duration::from_secs(5));
    set(&faults, Some(FileNow::Unreadable { reason: "stale handle".to_owned() }));
    bench.pass(Duration::from_secs(5));
    let failing = problems(&told(&mut bench), ProblemKind::StoreFailing);
    assert!(failing.iter().any(|problem| problem.what.contains("stale handle")), "{failing:?}");
    set(&faults, None);
    bench.pass(Duration::from_secs(2));
    let events = told(&mut bench);
    assert!(problems(&events, ProblemKind::StoreFailing).iter().any(|problem| problem.is_over), "{events:?}");
    assert_eq!(bench.state(run), StateWord::Running, "it goes on");
}

#[test]
fn another_file_in_its_place_ends_the_scheduler() {
    let (mut bench, faults) = Faults::bench(10, vec![job("long", &[], DEAF), job("lone", &[], NOTHING)]);
    bench.trigger("long");
    bench.pass(Duration::from_millis(1));
    set(&faults, Some(FileNow::Another));
    bench.trigger("lone");
    faults.set(&["settle", "renew", "leave"], Fault::Refused);
    for _ in 0..10 {
        bench.pass(Duration::from_secs(1));
    }
    assert!(bench.engine.is_done());
    let ended = Ended::FileGone { path: "jobs.db".into(), now: FileNow::Another };
    assert_eq!(bench.engine.ended(), ended);
    let events = told(&mut bench);
    assert_eq!(problems(&events, ProblemKind::FileReplaced).len(), 1, "{events:?}");
    let started = events.iter().filter(|event| matches!(event, Event::Started { .. })).count();
    assert_eq!(started, 1, "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::LeaseLost { .. })), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Stopped)), "{events:?}");
}
