//! More jobs at one instant than one transaction judges.

use std::collections::BTreeMap;

use super::*;
use crate::store::Page;

/// More than one transaction judges, and no more events than are kept for a listener in one step.
const JOBS: usize = 2_000;

#[test]
fn each_of_many_jobs_that_are_due_together_is_called_once_and_its_result_written() {
    let jobs =
        (0..JOBS).map(|number| job(&format!("job-{number}"), &[(Key::Every, "1m")], NOTHING)).collect();
    let mut bench = Bench::new(2 * JOBS, jobs);
    for round in 1..=2 {
        {
            let mut moment = bench.clock.0.lock().expect("no test panics under it");
            moment.wall += TimeDelta::minutes(1);
            moment.monotonic += Duration::from_secs(60);
        }
        let (mut started, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..10_000 {
            while let Ok(event) = bench.told.try_recv() {
                match event {
                    Event::Started { run, .. } => *started.entry(run).or_insert(0) += 1,
                    Event::Ended { run, .. } => *ended.entry(run).or_insert(0) += 1,
                    other => panic!("{other:?}"),
                }
            }
            if ended.len() == JOBS {
                break;
            }
            // One at a time: the events of all would be more than are kept for a listener.
            bench.engine.step(bench.clock.moment());
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(ended.len(), JOBS, "round {round}");
        assert!(ended.values().all(|times| *times == 1), "each is told once");
        assert_eq!(started, ended, "what has ended was called once");
        let query = RunQuery { page: Page { limit: 3 * JOBS }, ..RunQuery::default() };
        let runs = bench.stores.ledger.runs(&query).expect("they are read");
        assert_eq!(runs.len(), round * JOBS);
        assert!(runs.iter().all(|run| run.state == RunState::Succeeded), "all are on record");
    }
}

#[test]
fn what_the_store_has_in_hand_when_a_shutdown_begins_is_started_and_ends_like_the_others() {
    /// More than two steps judge.
    const MORE: usize = 16_000;
    let jobs = (0..MORE).map(|number| job(&format!("job-{number}"), &[(Key::Every, "1m")], DEAF)).collect();
    let mut bench = Bench::new(2 * MORE, jobs);
    let mut moment = bench.clock.moment();
    moment.wall += TimeDelta::minutes(1);
    *bench.clock.0.lock().expect("no test panics under it") = moment;
    assert_eq!(bench.engine.step(moment), Until::NOW);
    let started = bench.engine.attempts.len();
    assert!(bench.engine.asked.is_some() && started < MORE, "{started} have started");
    let (reply, report) = tokio::sync::oneshot::channel();
    bench.engine.shutdown.begin(Duration::from_secs(1), moment.monotonic, reply);
    bench.step(TimeDelta::zero(), Duration::ZERO);
    assert!(bench.engine.asked.is_none());
    let claimed = bench.engine.attempts.len();
    assert!(started < claimed && claimed < MORE, "{claimed} have started, and nothing else is judged");
    for _ in 0..10_000 {
        if bench.engine.is_done() {
            break;
        }
        bench.pass(Duration::from_secs(1));
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let report = report.blocking_recv().expect("it is done");
    assert_eq!(report.interrupted.len() + report.failed.len(), claimed);
    let query = RunQuery { page: Page { limit: 2 * MORE }, ..RunQuery::default() };
    let runs = bench.stores.ledger.runs(&query).expect("they are read");
    assert_eq!(runs.len(), claimed);
    assert!(runs.iter().all(|run| run.state.word() != StateWord::Running), "no attempt is in progress");
}

#[test]
fn what_is_asked_for_while_the_store_has_a_batch_in_hand_is_not_forgotten() {
    /// A little more than a step judges, so that the store has the last batch in hand when the next one begins.
    const MORE: usize = 8_000;
    let mut jobs: Vec<_> =
        (0..MORE).map(|number| job(&format!("job-{number}"), &[(Key::Every, "1d")], DEAF)).collect();
    jobs.push(job("by_hand", &[], NOTHING));
    let mut bench = Bench::new(2 * MORE, jobs);
    let mut moment = bench.clock.moment();
    moment.wall += TimeDelta::days(1);
    *bench.clock.0.lock().expect("no test panics under it") = moment;
    assert_eq!(bench.engine.step(moment), Until::NOW);
    assert!(bench.engine.asked.is_some(), "the store has a batch in hand");
    let run = bench.trigger("by_hand");
    bench.step(TimeDelta::zero(), Duration::ZERO);
    assert!(bench.engine.asked.is_none() && !bench.engine.look, "it rests");
    assert_ne!(bench.state(run), StateWord::Scheduled, "nothing else would have woken it");
}

#[test]
fn a_shutdown_without_a_grace_cuts_off_what_the_store_has_in_hand_as_well() {
    const MORE: usize = 16_000;
    let jobs = (0..MORE).map(|number| job(&format!("job-{number}"), &[(Key::Every, "1m")], DEAF)).collect();
    let mut bench = Bench::new(2 * MORE, jobs);
    let mut moment = bench.clock.moment();
    moment.wall += TimeDelta::minutes(1);
    *bench.clock.0.lock().expect("no test panics under it") = moment;
    assert_eq!(bench.engine.step(moment), Until::NOW);
    assert!(bench.engine.asked.is_some());
    // What has started until now has ended.
    bench.engine.attempts.drain();
    let (reply, _report) = tokio::sync::oneshot::channel();
    bench.engine.shutdown.begin(Duration::ZERO, moment.monotonic, reply);
    let until = bench.step(TimeDelta::zero(), Duration::ZERO);
    assert!(!bench.engine.attempts.is_empty(), "the batch in hand was started");
    assert!(bench.engine.attempts.iter().all(|running| running.stop.is_some()), "and told to stop at once");
    assert!(until.within.is_some_and(|within| within <= Duration::from_secs(3)), "{until:?}");
}
