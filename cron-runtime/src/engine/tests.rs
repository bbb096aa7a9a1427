//! The engine cranked by hand: steps at moments of the test's choice.

mod batches;
mod clocks;
mod faults;
mod leases;
mod retention;
mod texts;
mod threads;
mod vanishing;
mod watching;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use cron_core::job::Plan;
use cron_core::job::options::{Key, Options, plan};
use cron_core::run::{Origin, RunId, RunState, StateWord};
use cron_core::schedule::Calendars;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver as Told;

use super::*;
use crate::config::Database;
use crate::extract::{Context, ExtractError, FromRun, Link, Needs, Run, States};
use crate::hooks::{Hooks, On};
use crate::outcome::{AsyncCall, BlockingCall, Outcome};
use crate::scheduler::Stores;
use crate::store::{Command, Program, Reaped, RunQuery, Trigger};

/// A clock that stands where it was put.
#[derive(Debug)]
struct Hand(Mutex<Moment>);

impl Clock for Hand {
    fn moment(&self) -> Moment {
        *self.0.lock().expect("no test panics under it")
    }
}

/// An engine, its store, and what it tells.
struct Bench {
    engine: Engine,
    clock: Arc<Hand>,
    stores: Stores,
    told: Told<Event>,
    _runtime: Runtime,
    _waiter: Waiter,
}

const START: &str = "2026-06-01T12:00:00Z";

impl Bench {
    fn new(workers: usize, jobs: Vec<(Plan, Handler)>) -> Self {
        Self::with_hooks(workers, jobs, Hooks::default())
    }

    fn with_hooks(workers: usize, jobs: Vec<(Plan, Handler)>, hooks: Hooks) -> Self {
        Self::with_store(workers, jobs, hooks, |store, _| store)
    }

    /// An engine that sees the store through something else.
    fn with_store(
        workers: usize,
        jobs: Vec<(Plan, Handler)>,
        hooks: Hooks,
        wrap: impl FnOnce(Arc<dyn Store>, &Arc<Hand>) -> Arc<dyn Store>,
    ) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).build().expect("a runtime");
        let stores = Stores::open(&Database::Memory, false).expect("it opens");
        let moment = Moment { wall: START.parse().expect("an instant"), monotonic: Duration::ZERO };
        let clock = Arc::new(Hand(Mutex::new(moment)));
        let owner = stores.store.join(moment.wall).expect("it joins");
        let plans = jobs.iter().map(|(plan, _)| plan.clone()).collect();
        stores
            .store
            .sync(&Program { plans, groups: Vec::new(), ..Program::default() }, moment.wall)
            .expect("it is told");
        let (waiter, waker) = Waiter::new(None).expect("a waiter");
        let (inbox, messages) = Inbox::new(std::task::Waker::from(Arc::new(waker)));
        let events = Events::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let told = events.subscribe();
        let (shutting_down, is_shutting_down) = watch::channel(false);
        let handle = runtime.handle().clone();
        let engine = Engine::new(Parts {
            store: wrap(Arc::clone(&stores.store), &clock),
            owner,
            handlers: Arc::new(jobs.into_iter().map(|(plan, handler)| (plan.name, handler)).collect()),
            executor: Executor {
                runtime: handle.clone(),
                threads: Threads::Own(Pool::new(handle.clone())),
                states: Arc::new(States::default()),
                link: Arc::new(Link {
                    file: stores.store.file().map(Arc::from),
                    is_unrecorded: false,
                    inbox: inbox.clone(),
                    events: events.clone(),
                    clock: Arc::clone(&clock) as Arc<dyn Clock>,
                    shutting_down: is_shutting_down,
                }),
            },
            hooks: Caller::new(hooks, handle, Arc::clone(&stores.ledger), events.clone(), inbox),
            inbox: messages,
            events,
            shutting_down,
            workers,
            reaped: Reaped::default(),
            went_back: None,
        });
        Self { engine, clock, stores, told, _runtime: runtime, _waiter: waiter }
    }

    /// Moves both clocks and steps until nothing is left to do at once.
    fn step(&mut self, wall: TimeDelta, monotonic: Duration) -> Until {
        {
            let mut moment = self.clock.0.lock().expect("no test panics under it");
            moment.wall += wall;
            moment.monotonic += monotonic;
        }
        loop {
            let until = self.engine.step(self.clock.moment());
            if until != Until::NOW {
                return until;
            }
        }
    }

    fn pass(&mut self, span: Duration) -> Until {
        self.step(TimeDelta::from_std(span).expect("a short one"), span)
    }

    /// Steps without a move of the clocks until an event is told for which `pick` gives something.
    fn wait<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        for _ in 0..10_000 {
            while let Ok(event) = self.told.try_recv() {
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
            self.step(TimeDelta::zero(), Duration::ZERO);
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("waited for {what}");
    }

    fn trigger(&mut self, job: &str) -> RunId {
        let trigger = Trigger { job: job.parse().expect("a name"), args: None, force: false };
        let done = self.stores.store.command(Command::Trigger(trigger), self.clock.moment().wall);
        self.engine.look = true;
        match done.expect("it is free") {
            crate::store::Done::Triggered { run, .. } => run,
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, run: RunId) -> StateWord {
        self.stores.ledger.run(run).expect("it is read").expect("it is there").0.state.word()
    }
}

fn job(name: &str, options: &[(Key, &str)], handler: Handler) -> (Plan, Handler) {
    let mut given = Options::default();
    for (key, value) in options {
        given.set(*key, cron_core::job::options::Value::read(*key, value));
    }
    (plan(name, &given, &Calendars::default()).expect("it is right"), handler)
}

fn needs_nothing(_: &mut Needs) {}

const NOTHING: Handler = Handler::blocking(nothing, needs_nothing);
fn nothing(_: &Context) -> Result<BlockingCall, ExtractError> {
    Ok(Box::new(|| Outcome::Succeeded(None)))
}

/// Does not hear that it is asked to stop.
const DEAF: Handler = Handler::asynchronous(deaf, needs_nothing);
fn deaf(_: &Context) -> Result<AsyncCall, ExtractError> {
    Ok(Box::pin(std::future::pending()))
}

const WELL_BEHAVED: Handler = Handler::asynchronous(well_behaved, needs_nothing);
fn well_behaved(context: &Context) -> Result<AsyncCall, ExtractError> {
    let run = Run::from_run(context)?;
    Ok(Box::pin(async move {
        run.cancelled().await;
        Outcome::Succeeded(None)
    }))
}

const FAILING: Handler = Handler::blocking(failing, needs_nothing);
fn failing(_: &Context) -> Result<BlockingCall, ExtractError> {
    Ok(Box::new(|| Outcome::Failed { message: "no flour".to_owned(), retry_after: None }))
}

static BEGUN: AtomicBool = AtomicBool::new(false);
static RELEASE: AtomicBool = AtomicBool::new(false);

/// A function on a thread that looks at nothing but a flag of the test.
const BLOCKED: Handler = Handler::blocking(blocked, needs_nothing);
fn blocked(_: &Context) -> Result<BlockingCall, ExtractError> {
    Ok(Box::new(|| {
        BEGUN.store(true, Ordering::SeqCst);
        while !RELEASE.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Outcome::Failed { message: "late".to_owned(), retry_after: None }
    }))
}

static RELEASE_TOO: AtomicBool = AtomicBool::new(false);

/// The same for another test.
const BLOCKED_TOO: Handler = Handler::blocking(blocked_too, needs_nothing);
fn blocked_too(_: &Context) -> Result<BlockingCall, ExtractError> {
    Ok(Box::new(|| {
        while !RELEASE_TOO.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Outcome::Failed { message: "late".to_owned(), retry_after: None }
    }))
}

const TALKATIVE: Handler = Handler::asynchronous(talkative, needs_nothing);
fn talkative(context: &Context) -> Result<AsyncCall, ExtractError> {
    let run = Run::from_run(context)?;
    Ok(Box::pin(async move {
        run.progress(0.25, "begun");
        run.log("a line");
        run.cancelled().await;
        Outcome::Succeeded(None)
    }))
}

fn cancel(bench: &mut Bench, run: RunId) {
    let what = crate::store::Cancel::Run(run);
    let command = Command::Cancel { what, force: false, by: "ops".to_owned(), note: "test".to_owned() };
    bench.stores.store.command(command, bench.clock.moment().wall).expect("it is active");
    bench.engine.look = true;
}

fn ended(run: RunId) -> impl Fn(&Event) -> Option<(StateWord, String)> {
    move |event| match event {
        Event::Ended { run: ended, state, error, .. } if *ended == run => Some((state.word(), error.clone())),
        _ => None,
    }
}

#[test]
fn an_attempt_that_is_asked_to_stop_may_end_by_itself_and_is_dropped_after_its_grace() {
    let jobs = vec![
        job("deaf", &[(Key::CancelGrace, "5s")], DEAF),
        job("well", &[(Key::Retries, "3")], WELL_BEHAVED),
    ];
    let mut bench = Bench::new(10, jobs);
    let (deaf, well) = (bench.trigger("deaf"), bench.trigger("well"));
    bench.pass(Duration::from_millis(1));
    cancel(&mut bench, deaf);
    cancel(&mut bench, well);
    let asked = bench.wait("the question", |event| match event {
        Event::Asked { run, why, .. } if *run == deaf => Some(why.clone()),
        _ => None,
    });
    assert_eq!(asked, "cancelled by ops: test");
    assert_eq!(bench.wait("its own end", ended(well)), (StateWord::Succeeded, String::new()));
    assert_eq!(bench.state(deaf), StateWord::Running, "it has time");
    assert_eq!(bench.pass(Duration::from_millis(4_900)).within, Some(Duration::from_millis(100)));
    bench.pass(Duration::from_millis(100));
    let end = bench.wait("its end", ended(deaf));
    assert_eq!(end, (StateWord::Cancelled, "cancelled by ops: test".to_owned()));
}

#[test]
fn a_thread_that_does_not_stop_keeps_its_slot_and_is_reported() {
    let mut bench = Bench::new(10, vec![job("blocked", &[(Key::CancelGrace, "5s")], BLOCKED)]);
    let run = bench.trigger("blocked");
    bench.pass(Duration::from_millis(1));
    // One that is asked before it has a thread is not called at all.
    let begins = (0..10_000).any(|_| {
        std::thread::park_timeout(Duration::from_millis(1));
        BEGUN.load(Ordering::SeqCst)
    });
    assert!(begins, "its function has no thread");
    cancel(&mut bench, run);
    bench.pass(Duration::from_millis(1));
    bench.pass(Duration::from_secs(6));
    let problem = bench.wait("the report", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::Stuck => Some(problem.what.clone()),
        _ => None,
    });
    assert!(problem.contains("job `blocked`") && problem.contains("stuck"), "{problem}");
    assert_eq!(bench.state(run), StateWord::Running);
    RELEASE.store(true, Ordering::SeqCst);
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Cancelled, "its error is not tried again");
}

#[test]
fn an_attempt_whose_run_was_ended_by_force_is_told_and_stopped() {
    let mut bench = Bench::new(10, vec![job("deaf", &[], DEAF)]);
    let run = bench.trigger("deaf");
    bench.pass(Duration::from_millis(1));
    let what = crate::store::Cancel::Run(run);
    let command = Command::Cancel { what, force: true, by: "ops".to_owned(), note: String::new() };
    bench.stores.store.command(command, bench.clock.moment().wall).expect("it is active");
    // The next renewal of its lease finds that it is gone.
    bench.pass(Duration::from_secs(10));
    let lost = bench.wait("the loss", |event| match event {
        Event::LeaseLost { run, .. } => Some(*run),
        _ => None,
    });
    assert_eq!(lost, run);
    let fenced = bench.wait("its late result", |event| match event {
        Event::Fenced { run, .. } => Some(*run),
        _ => None,
    });
    assert_eq!((fenced, bench.state(run)), (run, StateWord::Cancelled));
}

#[test]
fn what_a_run_says_is_written_at_most_once_a_second() {
    let mut bench = Bench::new(10, vec![job("talkative", &[], TALKATIVE)]);
    let run = bench.trigger("talkative");
    bench.pass(Duration::from_millis(1));
    bench.wait("the line", |event| matches!(event, Event::Log { .. }).then_some(()));
    let read = |bench: &Bench| {
        let (info, _) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
        let lines = bench.stores.ledger.log(run).expect("it is read");
        (info.progress.map(|progress| progress.fraction), lines.len())
    };
    // The first word may have been written before the second came; by the end of the second both are.
    bench.pass(Duration::from_secs(1));
    assert_eq!(read(&bench), (Some(0.25), 1));
}

#[test]
fn without_a_free_worker_runs_are_on_record_and_start_when_an_attempt_ends() {
    let jobs = vec![
        job("low", &[(Key::Priority, "10")], NOTHING),
        job("high", &[(Key::Priority, "90")], NOTHING),
        job("first", &[], WELL_BEHAVED),
    ];
    let mut bench = Bench::new(1, jobs);
    let first = bench.trigger("first");
    bench.pass(Duration::from_millis(1));
    let (low, high) = (bench.trigger("low"), bench.trigger("high"));
    let until = bench.pass(Duration::from_millis(1));
    assert_ne!(until, Until::NOW, "it does not spin while there is no room");
    assert_eq!((bench.state(low), bench.state(high)), (StateWord::Scheduled, StateWord::Scheduled));
    cancel(&mut bench, first);
    let mut started = Vec::new();
    while started.len() < 2 {
        started.push(bench.wait("a start", |event| match event {
            Event::Started { run, .. } if *run != first => Some(*run),
            _ => None,
        }));
    }
    assert_eq!(started, [high, low]);
}

#[test]
fn an_attempt_that_began_under_a_wrong_clock_is_tried_again_in_the_right_time() {
    let mut bench = Bench::new(10, vec![job("tired", &[(Key::Retries, "1")], BLOCKED_TOO)]);
    bench.step(TimeDelta::hours(10), Duration::from_secs(1));
    let run = bench.trigger("tired");
    bench.wait("its start", |event| matches!(event, Event::Started { .. }).then_some(()));
    // The clock is set right while it is at work.
    bench.step(TimeDelta::hours(-10), Duration::from_secs(1));
    RELEASE_TOO.store(true, Ordering::SeqCst);
    bench.wait("its end", ended(run));
    let (info, _) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    let wake = info.state.wake().expect("it is tried again");
    assert!(wake - bench.clock.moment().wall <= TimeDelta::seconds(12), "{wake}");
}

#[test]
fn the_record_is_pruned_when_nothing_else_is_to_be_done_and_never_without_need() {
    let keeps_one = job("keeps_one", &[(Key::KeepRuns, "1")], NOTHING);
    let mut bench = Bench::new(10, vec![keeps_one]);
    for _ in 0..3 {
        let run = bench.trigger("keeps_one");
        bench.wait("its end", ended(run));
    }
    let runs = |bench: &Bench| bench.stores.ledger.runs(&RunQuery::default()).expect("they are read").len();
    bench.pass(Duration::from_secs(59));
    assert_eq!(runs(&bench), 3);
    bench.pass(Duration::from_secs(1));
    assert_eq!(runs(&bench), 1);
    let until = bench.pass(Duration::from_secs(40));
    assert_eq!(until, Until::default(), "nothing has ended since, so nothing wakes it");
}

#[test]
fn a_run_whose_process_is_gone_is_told_to_hooks_from_the_record() {
    let (sender, told) = std::sync::mpsc::channel();
    let mut hooks = Hooks::default();
    hooks.finished(On::Failure, Some("failing".to_owned()), move |finished| {
        let sent = sender.send(finished);
        async move { sent.map_err(|_| "nobody listens") }
    });
    let mut bench = Bench::with_hooks(10, vec![job("failing", &[], FAILING)], hooks);
    let run = bench.trigger("failing");
    let (state, _) = bench.wait("its end", ended(run));
    let patience = Duration::from_secs(60);
    let by_result = told.recv_timeout(patience).expect("it is told");
    // What another process would find of it, and tell its own hooks.
    let (info, _) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    bench.engine.hooks.on_record(run, info.state, by_result.at);
    assert_eq!(told.recv_timeout(patience).expect("it is told"), by_result);
    assert_eq!((by_result.state, by_result.error.as_str(), by_result.attempts), (state, "no flour", 1));
}

#[test]
fn a_run_that_has_succeeded_without_a_result_is_told_to_hooks_from_the_record() {
    let (sender, told) = std::sync::mpsc::channel();
    let mut hooks = Hooks::default();
    hooks.finished(On::Success, None, move |finished| {
        let sent = sender.send(finished);
        async move { sent.map_err(|_| "nobody listens") }
    });
    let mut bench = Bench::with_hooks(10, vec![job("good", &[], NOTHING)], hooks);
    let run = bench.trigger("good");
    bench.wait("its end", ended(run));
    let patience = Duration::from_secs(60);
    let by_result = told.recv_timeout(patience).expect("it is told");
    // As where its attempt was completed and its process then vanished.
    let (info, _) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    bench.engine.hooks.on_record(run, info.state, by_result.at);
    assert_eq!(told.recv_timeout(patience).expect("it is told"), by_result);
    assert_eq!((by_result.error.as_str(), by_result.attempts), ("", 1));
}
