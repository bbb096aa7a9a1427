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

/// What is told of marks ahead of the clock, and whether that is over.
fn ahead(event: &Event) -> Option<(String, bool)> {
    match event {
        Event::Problem(problem) if problem.kind == ProblemKind::MarksAhead => {
            Some((problem.to_string(), problem.is_over))
        }
        _ => None,
    }
}

#[test]
fn a_clock_that_was_two_hours_ahead_is_told_once_and_intervals_go_on() {
    let jobs = [
        job("beat", &[(Key::Every, "30m")], NOTHING),
        job("like", &[(Key::Cron, "15 * * * *")], NOTHING),
        job("report", &[(Key::Cron, "0,30 9-17 * * *")], NOTHING),
        job("nightly", &[(Key::Daily, "03:00")], NOTHING),
    ];
    let mut bench = Bench::new(10, jobs.into());
    bench.step(TimeDelta::zero(), Duration::ZERO);
    bench.step(TimeDelta::hours(2), Duration::from_secs(1));
    let started = |event: &Event| match event {
        Event::Started { job, run, origin, nominal, .. } => {
            Some((job.to_string(), *run, *origin, nominal.to_rfc3339()[11..16].to_owned()))
        }
        _ => None,
    };
    let ends = std::cell::Cell::new(0);
    bench.wait("the ends of three runs under the clock that is ahead", |event| {
        ends.set(ends.get() + i32::from(matches!(event, Event::Ended { .. })));
        (ends.get() == 3).then_some(())
    });
    bench.step(TimeDelta::hours(-2), Duration::from_secs(1));
    let (what, is_over) = bench.wait("the report", ahead);
    assert!(!is_over);
    for part in [
        "the clock is behind, or was ahead, by 2h",
        "up to 2026-06-01 14:00:00 UTC",
        "1 job waits until then: `report`",
        "2 jobs that run at intervals go on at once",
    ] {
        assert!(what.contains(part), "{part} in {what}");
    }
    let ticks = |bench: &Bench| {
        let audits =
            ["beat", "like", "report"].map(|job| bench.stores.ledger.audit(job).expect("it is read"));
        audits.map(|audit| audit.map(|audit| (audit.is_sound(), audit.ticks, audit.ran)))
    };
    let before = ticks(&bench);
    let next = |bench: &mut Bench| {
        let until = bench.step(TimeDelta::zero(), Duration::ZERO);
        let sleep = until.wall.expect("something is due") - bench.clock.moment().wall;
        bench.pass(sleep.to_std().expect("it is to come"));
        let (job, run, origin, at) = bench.wait("a run", started);
        bench.wait("its end", ended(run));
        (job, origin, at)
    };
    let clock = |job: &str, at: &str| (job.to_owned(), Origin::Clock, at.to_owned());
    for (job, at) in
        [("like", "12:15"), ("beat", "12:30"), ("beat", "13:00"), ("like", "13:15"), ("beat", "13:30")]
    {
        assert_eq!(next(&mut bench), clock(job, at));
    }
    // Now the clock comes to the mark of `beat`, and all is over.
    assert_eq!(next(&mut bench), clock("beat", "14:00"));
    assert_eq!(ticks(&bench), before, "no verdict has changed");
    let tick = |job: &str, at: &str| (job.to_owned(), Origin::Tick, at.to_owned());
    assert_eq!(next(&mut bench), tick("like", "14:15"));
    let problems = bench.engine.events.board().list();
    let told: Vec<_> = problems.iter().filter(|problem| problem.kind == ProblemKind::MarksAhead).collect();
    assert_eq!(told.iter().map(|problem| (problem.count, problem.is_over)).collect::<Vec<_>>(), [(1, true)]);
    assert!(ticks(&bench).iter().flatten().all(|(is_sound, ..)| *is_sound));
}

#[test]
fn a_clock_that_jumps_on_has_the_report_end_at_once() {
    let mut bench = Bench::new(10, vec![job("report", &[(Key::Cron, "0,30 9-17 * * *")], NOTHING)]);
    bench.step(TimeDelta::zero(), Duration::ZERO);
    bench.step(TimeDelta::hours(2), Duration::from_secs(1));
    bench.step(TimeDelta::hours(-2), Duration::from_secs(1));
    assert!(!bench.wait("the report", ahead).1);
    bench.step(TimeDelta::hours(3), Duration::from_secs(1));
    let (what, is_over) = bench.wait("its end", ahead);
    assert!(is_over && what.starts_with("over after"), "{what}");
}
