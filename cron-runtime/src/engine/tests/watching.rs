//! What the engine notices of the user's runtime, without looking while nothing runs.

use super::*;

fn of_kind(kind: ProblemKind, is_over: bool) -> impl Fn(&Event) -> Option<crate::Problem> {
    move |event| match event {
        Event::Problem(problem) if problem.kind == kind && problem.is_over == is_over => {
            Some(problem.clone())
        }
        _ => None,
    }
}

#[test]
fn runs_that_wait_for_a_worker_for_longer_than_their_period_are_told() {
    let mut bench = Bench::new(1, vec![job("long", &[], WELL_BEHAVED), job("lone", &[], NOTHING)]);
    let long = bench.trigger("long");
    bench.pass(Duration::from_millis(1));
    let lone = bench.trigger("lone");
    for _ in 0..12 {
        bench.pass(Duration::from_secs(5));
    }
    let is_told = |bench: &Bench| {
        bench.engine.events.board().list().iter().any(|problem| problem.kind == ProblemKind::WorkersBusy)
    };
    assert!(!is_told(&bench), "a minute is not over");
    bench.pass(Duration::from_secs(5));
    let busy = bench.wait("the report", of_kind(ProblemKind::WorkersBusy, false));
    assert!(busy.what.contains("job `lone` for 1m") && busy.what.contains("1 of 1 workers"), "{}", busy.what);
    cancel(&mut bench, long);
    // It is over as soon as the run is started.
    bench.wait("the end of the problem", of_kind(ProblemKind::WorkersBusy, true));
    assert_eq!(bench.wait("its end", ended(lone)).0, StateWord::Succeeded);
}

#[test]
fn an_engine_with_nothing_to_start_asks_nobody_who_waits() {
    let mut bench = Bench::new(1, vec![job("long", &[], WELL_BEHAVED)]);
    bench.trigger("long");
    bench.pass(Duration::from_secs(6));
    assert_eq!(bench.engine.vigil.queue, None);
}

static MAY_END: AtomicBool = AtomicBool::new(false);
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// An async function that never awaits.
const SELFISH: Handler = Handler::asynchronous(selfish, needs_nothing);
fn selfish(_: &Context) -> Result<AsyncCall, ExtractError> {
    Ok(Box::pin(async {
        HAS_BEGUN.store(true, Ordering::SeqCst);
        while !MAY_END.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Outcome::Succeeded(None)
    }))
}

/// Lets functions go on, also where the test fails: their runtime waits for them.
struct LetGo(&'static AtomicBool);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_runtime_that_runs_no_task_is_told_with_the_job_that_does_not_let_go() {
    let mut bench = Bench::new(10, vec![job("selfish", &[], SELFISH), job("deaf", &[], DEAF)]);
    let let_go = LetGo(&MAY_END);
    let selfish = bench.trigger("selfish");
    bench.pass(Duration::from_millis(1));
    while !HAS_BEGUN.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    bench.trigger("deaf");
    let until = bench.pass(Duration::from_millis(998));
    assert_eq!(until.within, Some(Duration::from_millis(2)), "an answer is waited for");
    assert_eq!(bench.engine.events.board().list(), []);
    bench.pass(Duration::from_millis(2));
    let blocked = bench.wait("the report", of_kind(ProblemKind::RuntimeBlocked, false));
    assert!(blocked.what.contains("job `selfish`") && !blocked.what.contains("`deaf`"), "{}", blocked.what);
    drop(let_go);
    let over = bench.wait("its end", of_kind(ProblemKind::RuntimeBlocked, true));
    assert_eq!(over.since, blocked.since);
    // Its end may have been told before that.
    while bench.state(selfish) == StateWord::Running {
        bench.step(TimeDelta::zero(), Duration::ZERO);
        std::thread::yield_now();
    }
    assert_eq!(bench.state(selfish), StateWord::Succeeded);
}

static REFUSED: AtomicBool = AtomicBool::new(true);

#[test]
fn a_function_without_a_thread_is_told_and_comes_again_when_one_can_be_had() {
    let mut bench = Bench::new(10, vec![job("sync", &[], NOTHING), job("well", &[], WELL_BEHAVED)]);
    let runtime = bench.engine.executor.runtime.clone();
    bench.engine.executor.threads = Threads::Own(Pool::with(runtime, |thread| {
        if REFUSED.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::WouldBlock.into());
        }
        std::thread::Builder::new().spawn(thread).map(drop)
    }));
    let (run, other) = (bench.trigger("sync"), bench.trigger("well"));
    bench.pass(Duration::from_millis(1));
    let told = bench.wait("the report", of_kind(ProblemKind::PoolExhausted, false));
    assert!(told.what.contains("job `sync`") && told.what.contains("comes again in 1 s"), "{}", told.what);
    assert_eq!(bench.state(other), StateWord::Running, "an async one needs none");
    for used in 0..2 {
        let (info, attempts) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
        assert_eq!((info.state.word(), info.attempts_used), (StateWord::Scheduled, 0));
        assert_eq!(attempts.len(), used + 1);
        bench.pass(Duration::from_secs(1));
    }
    REFUSED.store(false, Ordering::SeqCst);
    bench.pass(Duration::from_secs(10));
    // Each attempt that was given back has been told as well.
    bench.wait("its end", |event| ended(run)(event).filter(|(state, _)| *state == StateWord::Succeeded));
    let info = bench.stores.ledger.run(run).expect("it is read").expect("it is there").0;
    assert_eq!(info.attempts_used, 0);
    let list = bench.engine.events.board().list();
    assert!(list[0].is_over, "{list:?}");
}

#[test]
fn a_late_wake_is_told_unless_a_clock_explains_it() {
    let bench = Bench::new(10, vec![]);
    let at = |wall: i64, monotonic: u64| {
        let start: DateTime<Utc> = START.parse().expect("an instant");
        Moment { wall: start + TimeDelta::milliseconds(wall), monotonic: Duration::from_millis(monotonic) }
    };
    let in_ten = Until { wall: Some(at(10_000, 0).wall), within: Some(Duration::from_secs(60)) };
    let late = |until, now| {
        bench.engine.notice_late(until, at(0, 0), now);
        bench.engine.events.board().list().into_iter().map(|problem| problem.count).sum::<u64>()
    };
    assert_eq!(late(in_ten, at(11_000, 11_000)), 0, "a second is nothing");
    assert_eq!(late(Until::default(), at(99_000, 99_000)), 0, "nothing was due");
    assert_eq!(late(in_ten, at(3_000_000, 10_050)), 0, "the machine slept, or the clock was set ahead");
    assert_eq!(late(in_ten, at(5_000, 15_000)), 0, "the clock was set back");
    assert_eq!(late(in_ten, at(12_500, 12_500)), 1);
    let list = bench.engine.events.board().list();
    assert_eq!(list[0].kind, ProblemKind::LateLoop);
    assert!(list[0].what.contains("2.5 s late"), "{}", list[0].what);
}
