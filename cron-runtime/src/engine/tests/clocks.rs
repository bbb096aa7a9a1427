//! Clocks that are set by hours under a living engine.

use super::*;

#[test]
fn a_clock_that_was_hours_ahead_is_reported_and_its_marks_are_set_back() {
    let mut bench = Bench::new(10, vec![job("often", &[(Key::Every, "1h")], NOTHING)]);
    bench.step(TimeDelta::zero(), Duration::ZERO);
    // Somebody sets the clock ten hours ahead, notices, and sets it right.
    bench.step(TimeDelta::hours(10), Duration::from_secs(1));
    let run = bench.wait("a run under the wrong clock", |event| match event {
        Event::Started { run, .. } => Some(*run),
        _ => None,
    });
    bench.wait("its end", ended(run));
    bench.step(TimeDelta::hours(-10), Duration::from_secs(1));
    let problem = bench.wait("the report", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::MarksSetBack => Some(problem.what.clone()),
        _ => None,
    });
    assert!(problem.contains("`often`") && problem.contains("3 hours"), "{problem}");
    assert!(problem.contains("behind, or was ahead"), "{problem}");
    let job = bench.stores.ledger.job("often").expect("it is read").expect("it is there");
    assert!(job.mark <= bench.clock.moment().wall, "{}", job.mark);
    assert_eq!(job.due, Some("2026-06-01T13:00:00Z".parse().expect("an instant")));
}

#[test]
fn a_clock_that_was_hours_behind_is_reported_when_it_jumps_and_nothing_runs_twice() {
    let mut bench = Bench::new(10, vec![job("often", &[(Key::Every, "1h")], NOTHING)]);
    bench.step(TimeDelta::zero(), Duration::ZERO);
    bench.step(TimeDelta::hours(10), Duration::from_secs(1));
    let started = |event: &Event| match event {
        Event::Started { run, .. } => Some(*run),
        _ => None,
    };
    let run = bench.wait("a run", started);
    bench.wait("its end", ended(run));
    let told = |event: &Event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::MarksSetBack => Some(problem.what.clone()),
        _ => None,
    };
    bench.step(TimeDelta::hours(-10), Duration::from_secs(1));
    bench.wait("the report of the step back", told);
    // The network's time arrives: it was right before.
    bench.step(TimeDelta::hours(10), Duration::from_secs(1));
    let what = bench.wait("the report of the jump", told);
    assert!(what.starts_with("the clock was behind") && what.contains("`often`"), "{what}");
    bench.step(TimeDelta::hours(1), Duration::from_secs(1));
    let next = bench.wait("the next run", started);
    let tick = |run| bench.stores.ledger.run(run).expect("it is read").expect("it is there").0.nominal;
    assert_eq!(tick(next) - tick(run), TimeDelta::hours(1), "the tick that ran keeps its run");
}
