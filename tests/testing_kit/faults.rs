//! What a test has happen to functions.

use cron_runtime::core::run::StateWord;
use cron_runtime::testing::Simulation;

use super::{Calls, fetch, said_by, sync};

fn simulation(calls: &Calls) -> Simulation {
    Simulation::of((fetch::JOB, sync::JOB)).state(calls.clone()).start()
}

#[test]
fn attempts_fail_as_often_as_was_said_and_are_not_called() {
    let calls = Calls::default();
    let mut sim = simulation(&calls);
    sim.fail(fetch::JOB).with("no route to host").times(2);
    sim.run_until("2026-01-01T01:30");
    let runs = sim.runs(fetch::JOB);
    assert_eq!((runs.len(), runs[0].attempts, runs[0].state), (1, 3, StateWord::Succeeded));
    let started = runs[0].started_at.expect("it was");
    assert_eq!(started, runs[0].tick);
    assert!(runs[0].finished_at.expect("it has") > started, "two delays lie between: {runs:?}");
    assert_eq!(calls.number(), 1 + 9, "the others are those of sync");
}

#[test]
fn rules_follow_one_another_and_end_when_they_are_used_up() {
    let calls = Calls::default();
    let mut sim = simulation(&calls);
    sim.fail(sync::JOB).once();
    sim.discard(sync::JOB).with("gone for good").once();
    sim.panic(sync::JOB).with("boom").once();
    sim.fail(sync::JOB).times(0);
    sim.run_for("1h");
    let ends: Vec<_> = sim.runs(sync::JOB).into_iter().map(|run| (run.state, run.error)).collect();
    let expected = [
        (StateWord::Failed, "simulated"),
        (StateWord::Discarded, "gone for good"),
        (StateWord::Failed, "panicked: boom"),
        (StateWord::Succeeded, ""),
        (StateWord::Succeeded, ""),
        (StateWord::Succeeded, ""),
    ];
    assert_eq!(ends, expected.map(|(state, error)| (state, error.to_owned())));
    sim.ran(sync::JOB).failed().times(3);
    sim.ran(sync::JOB).ended(StateWord::Discarded).once();
}

#[test]
fn a_rule_may_be_about_one_attempt_and_last_until_it_is_taken_back() {
    let mut sim = simulation(&Calls::default());
    sim.fail(fetch::JOB).on_attempt(1).always();
    sim.run_for("3h");
    assert!(sim.runs(fetch::JOB).iter().take(2).all(|run| run.attempts == 2), "{:?}", sim.runs(fetch::JOB));
    sim.heal(fetch::JOB);
    sim.run_for("2h");
    let last = sim.runs(fetch::JOB).pop().expect("there is one");
    assert_eq!((last.attempts, last.state), (1, StateWord::Succeeded));
}

#[test]
fn attempts_take_time_and_meet_timeouts_and_overlap() {
    let calls = Calls::default();
    let mut sim = simulation(&calls);
    sim.take(sync::JOB, "25m").once();
    sim.run_until("2026-01-01T00:40");
    assert_eq!(calls.number(), 2, "once late, once in time");
    sim.ran(sync::JOB).at(["2026-01-01T00:10", "2026-01-01T00:40"]);
    sim.skipped(sync::JOB).overlap().at(["2026-01-01T00:20", "2026-01-01T00:30"]);
    let first = &sim.runs(sync::JOB)[0];
    let took = first.finished_at.expect("it has ended") - first.started_at.expect("it was started");
    assert_eq!(took.num_minutes(), 25);
    // Longer than its timeout: the async function is dropped, and the second attempt finds nothing in its way.
    sim.take(fetch::JOB, "30m").once();
    sim.run_until("2026-01-01T01:30");
    let run = &sim.runs(fetch::JOB)[0];
    assert_eq!((run.attempts, run.state), (2, StateWord::Succeeded), "{run:?}");
    // It may take its time and fail then.
    sim.take(fetch::JOB, "5m").once();
    sim.fail(fetch::JOB).once();
    sim.run_until("2026-01-01T02:05");
    assert_eq!(sim.runs(fetch::JOB)[1].state, StateWord::Waiting);
}

#[test]
fn a_fault_for_a_job_that_is_not_there_is_refused() {
    let sim = simulation(&Calls::default());
    let said = said_by(|| sim.fail("fech").once());
    assert_eq!(said, "no job of this simulation is named `fech`: did you mean `fetch`?");
    let said = said_by(|| sim.take(fetch::JOB, "a while").once());
    assert!(said.contains("`a while` is no span"), "{said}");
}
