//! An engine whose store fails: before it has done what was asked, or after.

use std::path::PathBuf;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use cron_core::run::AttemptResult;

use super::*;
use crate::store::{
    Answer, Claim, CommandError, Done, FileNow, JudgeRequest, Judged, Note, Pruned, Reaped, Rewinds, Settled,
    Settlement, Sighting, StoreError, Synced, WaitingRun,
};

/// What happens to calls of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing is done.
    Refused,
    /// All is done, and an error comes back: the connection broke after the commit.
    Applied,
    /// Of several results that come together one cannot be written, and alone none can: the store is busy.
    Damaged,
    /// All is done, and the clocks have gone on.
    Slow(Duration),
    /// What has words of a function in it is refused for its content, now and for ever.
    Picky,
}

/// A store that fails as it is told.
#[derive(Debug)]
struct Faulty {
    store: Arc<dyn Store>,
    clock: Arc<Hand>,
    faults: Arc<Mutex<HashMap<&'static str, Fault>>>,
    renewals: Arc<Mutex<Vec<DateTime<Utc>>>>,
    settled: Arc<Mutex<Vec<usize>>>,
    gone: Arc<Mutex<Option<FileNow>>>,
}

impl Faulty {
    fn pass<T>(
        &self,
        verb: &'static str,
        call: impl FnOnce(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fault = self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(verb).copied();
        let failure = || Err(StoreError::Backend("no space left on device".into()));
        match fault {
            None | Some(Fault::Picky) => call(self.store.as_ref()),
            Some(Fault::Refused | Fault::Damaged) => failure(),
            Some(Fault::Applied) => {
                call(self.store.as_ref())?;
                failure()
            }
            Some(Fault::Slow(span)) => {
                let mut moment = self.clock.0.lock().expect("no test panics under it");
                moment.monotonic += span;
                moment.wall += span;
                drop(moment);
                call(self.store.as_ref())
            }
        }
    }
}

impl Store for Faulty {
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        self.store.join(now)
    }
    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        self.store.sync(program, now)
    }
    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        self.pass("judge", |store| store.judge(request))
    }
    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.settled.lock().expect("no test panics under it").push(settlements.len());
        let fault = self.faults.lock().expect("no test panics under it").get("settle").copied();
        if fault == Some(Fault::Damaged) && settlements.len() > 1 {
            return Err(StoreError::Corrupt { what: "a row".to_owned() });
        }
        let has_words = |settlement: &Settlement| {
            !settlement.note.is_empty() || format!("{:?}", settlement.event).contains("no flour")
        };
        if fault == Some(Fault::Picky) && settlements.iter().any(has_words) {
            return Err(too_long());
        }
        self.pass("settle", |store| store.settle(settlements))
    }
    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        let fault = self.faults.lock().expect("no test panics under it").get("note").copied();
        if fault == Some(Fault::Picky) {
            return Err(too_long());
        }
        self.pass("note", |store| store.note(notes))
    }
    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        self.pass("renew", |store| {
            self.renewals.lock().expect("no test panics under it").push(until);
            store.renew(claims, until)
        })
    }
    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        self.pass("reap", |store| store.reap(now))
    }
    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError> {
        self.pass("take_back", |store| store.take_back(held, now))
    }
    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        self.store.waiting(now)
    }
    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError> {
        self.pass("note_problems", |store| store.note_problems(sightings))
    }
    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        self.pass("set_back", |store| store.set_back(now))
    }
    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        self.pass("prune", |store| store.prune(now, limit))
    }
    fn prune_jobs(&self, jobs: Vec<JobName>, now: DateTime<Utc>) -> Answer<Pruned> {
        let pruned = self.pass("prune", |store| store.prune_jobs(jobs, now)());
        Box::new(move || pruned)
    }
    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        self.store.command(command, now)
    }
    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.pass("leave", |store| store.leave(now))
    }
    fn still_there(&self) -> Result<(), StoreError> {
        match self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(now) => Err(StoreError::FileGone { path: "jobs.db".into(), now }),
            None => Ok(()),
        }
    }
    fn doorbell(&self) -> Option<PathBuf> {
        self.store.doorbell()
    }
    fn file(&self) -> Option<PathBuf> {
        self.store.file()
    }
}

fn too_long() -> StoreError {
    StoreError::Refused { what: "string or blob too big".to_owned() }
}

/// A bench and the way to make its store fail.
#[derive(Default)]
pub(super) struct Faults {
    faults: Arc<Mutex<HashMap<&'static str, Fault>>>,
    /// Until when leases were renewed, call by call.
    pub(super) renewals: Arc<Mutex<Vec<DateTime<Utc>>>>,
    /// How many results came with each call.
    settled: Arc<Mutex<Vec<usize>>>,
    /// What has become of the file, as it is seen between a claim and its calls.
    pub(super) gone: Arc<Mutex<Option<FileNow>>>,
}

impl Faults {
    pub(super) fn bench(workers: usize, jobs: Vec<(Plan, Handler)>) -> (Bench, Self) {
        let all = Self::default();
        let (faults, renewals) = (Arc::clone(&all.faults), Arc::clone(&all.renewals));
        let (settled, gone) = (Arc::clone(&all.settled), Arc::clone(&all.gone));
        let bench = Bench::with_store(workers, jobs, Hooks::default(), |store, clock| {
            Arc::new(Faulty { store, clock: Arc::clone(clock), faults, renewals, settled, gone })
        });
        (bench, all)
    }

    pub(super) fn set(&self, verbs: &[&'static str], fault: Fault) {
        self.faults.lock().expect("no test panics under it").extend(verbs.iter().map(|verb| (*verb, fault)));
    }

    pub(super) fn heal(&self) {
        self.faults.lock().expect("no test panics under it").clear();
    }
}

pub(super) const ALL: &[&str] =
    &["judge", "settle", "note", "renew", "reap", "take_back", "note_problems", "set_back", "prune"];

pub(super) fn told(bench: &mut Bench) -> Vec<Event> {
    std::iter::from_fn(|| bench.told.try_recv().ok()).collect()
}

pub(super) fn problems(events: &[Event], kind: ProblemKind) -> Vec<crate::Problem> {
    let told = events.iter().filter_map(|event| match event {
        Event::Problem(problem) => Some(problem.clone()),
        _ => None,
    });
    told.filter(|problem| problem.kind == kind).collect()
}

pub(super) fn attempts(bench: &Bench, run: RunId) -> Vec<AttemptResult> {
    let (_, attempts) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    attempts.into_iter().map(|attempt| attempt.result).collect()
}

pub(super) fn assert_sound(bench: &Bench, job: &str) {
    let audit = bench.stores.ledger.audit(job).expect("it is read").expect("it is there");
    assert!(audit.is_sound(), "{audit:?}");
}

#[test]
fn a_claim_that_was_reported_as_failed_is_given_back_and_uses_no_attempt() {
    let (mut bench, faults) = Faults::bench(10, vec![job("lone", &[], NOTHING)]);
    faults.set(&["judge"], Fault::Applied);
    let run = bench.trigger("lone");
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.state(run), StateWord::Running, "it is on record");
    assert!(bench.engine.attempts.is_empty(), "and was not started");
    // Long enough for its lease to expire: it must not count as lost either.
    faults.set(&["judge", "reap", "take_back"], Fault::Refused);
    for _ in 0..40 {
        bench.pass(Duration::from_secs(1));
    }
    faults.heal();
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.wait("its end", ended(run)), (StateWord::Succeeded, String::new()));
    assert_eq!(attempts(&bench, run), [AttemptResult::Interrupted]);
    let (info, _) = bench.stores.ledger.run(run).expect("it is read").expect("it is there");
    assert_eq!((info.attempts_used, info.crashes), (0, 0));
    let orphaned = bench.engine.events.board().list();
    let orphaned = orphaned.iter().find(|problem| problem.kind == ProblemKind::Orphaned).expect("it is told");
    assert_eq!(orphaned.job.as_ref().map(JobName::as_str), Some("lone"));
    assert_sound(&bench, "lone");
}

#[test]
fn a_claim_in_doubt_is_not_taken_from_attempts_in_progress() {
    let jobs = vec![job("long", &[], WELL_BEHAVED), job("lone", &[], NOTHING)];
    let (mut bench, faults) = Faults::bench(10, jobs);
    let long = bench.trigger("long");
    bench.pass(Duration::from_millis(1));
    faults.set(&["judge"], Fault::Applied);
    let lone = bench.trigger("lone");
    bench.pass(Duration::from_millis(1));
    faults.heal();
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.wait("its end", ended(lone)).0, StateWord::Succeeded);
    assert_eq!((bench.state(long), attempts(&bench, long)), (StateWord::Running, vec![]));
    cancel(&mut bench, long);
    assert_eq!(bench.wait("its end", ended(long)).0, StateWord::Succeeded);
}

#[test]
fn a_result_that_was_written_although_that_was_reported_as_failed_is_told_once_and_not_as_fenced() {
    let jobs = vec![
        job("good", &[], NOTHING),
        job("bad", &[], FAILING),
        job("again", &[(Key::Retries, "1"), (Key::RetryDelay, "1h")], FAILING),
    ];
    let (mut bench, faults) = Faults::bench(10, jobs);
    faults.set(&["settle"], Fault::Applied);
    let runs = ["good", "bad", "again"].map(|job| bench.trigger(job));
    bench.wait("all have ended and wait for the store", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::StoreFailing => Some(()),
        _ => None,
    });
    while bench.engine.pending.len() < 3 {
        bench.step(TimeDelta::zero(), Duration::ZERO);
    }
    // They are written by now, or by the next try.
    bench.pass(Duration::from_secs(2));
    faults.heal();
    bench.pass(Duration::from_secs(2));
    let events = told(&mut bench);
    for (run, state) in runs.into_iter().zip([StateWord::Succeeded, StateWord::Failed, StateWord::Waiting]) {
        let ends = events.iter().filter_map(ended(run)).map(|(state, _)| state).collect::<Vec<_>>();
        assert_eq!(ends, [state]);
        assert_eq!(bench.state(run), state);
        let noted = if state == StateWord::Succeeded { vec![] } else { vec![AttemptResult::Errored] };
        assert_eq!(attempts(&bench, run), noted);
    }
    assert!(!events.iter().any(|event| matches!(event, Event::Fenced { .. })), "{events:?}");
}

static LET_GO: AtomicBool = AtomicBool::new(false);

const HANGS: Handler = Handler::blocking(hangs, needs_nothing);
fn hangs(_: &Context) -> Result<BlockingCall, ExtractError> {
    Ok(Box::new(|| {
        while !LET_GO.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Outcome::Succeeded(None)
    }))
}

#[test]
fn an_overrun_that_was_written_although_that_was_reported_as_failed_is_no_dropped_result() {
    let (mut bench, faults) = Faults::bench(10, vec![job("hangs", &[(Key::Timeout, "5s")], HANGS)]);
    let run = bench.trigger("hangs");
    bench.pass(Duration::from_millis(1));
    faults.set(&["settle"], Fault::Applied);
    bench.pass(Duration::from_secs(5));
    bench.pass(Duration::from_millis(500));
    LET_GO.store(true, Ordering::SeqCst);
    while bench.engine.pending.len() < 2 {
        bench.step(TimeDelta::zero(), Duration::ZERO);
        std::thread::yield_now();
    }
    // The second try finds the first of the two written, and writes the other.
    bench.pass(Duration::from_secs(2));
    faults.heal();
    bench.pass(Duration::from_secs(2));
    let events = told(&mut bench);
    assert_eq!((bench.state(run), attempts(&bench, run)), (StateWord::Failed, vec![AttemptResult::TimedOut]));
    assert!(problems(&events, ProblemKind::ResultDropped).is_empty(), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::Fenced { .. })), "{events:?}");
    let stuck: Vec<_> =
        problems(&events, ProblemKind::Stuck).into_iter().map(|stuck| stuck.is_over).collect();
    assert_eq!(stuck, [false, true]);
}

#[test]
fn while_the_store_fails_nothing_is_claimed_results_are_kept_and_bounded_and_it_recovers_alone() {
    const WORKERS: usize = 4;
    let names: Vec<String> = (0..20).map(|number| format!("job{number}")).collect();
    let jobs: Vec<_> = names.iter().map(|name| job(name, &[(Key::Every, "1s")], NOTHING)).collect();
    let (mut bench, faults) = Faults::bench(WORKERS, jobs);
    let started = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::Started { .. })).count();
    // Claims are made, and from then on nothing can be written.
    faults.set(&["settle", "note", "renew", "note_problems", "prune"], Fault::Refused);
    bench.pass(Duration::from_secs(1));
    faults.set(ALL, Fault::Refused);
    let mut events = told(&mut bench);
    let before = started(&events);
    assert!((1..=WORKERS).contains(&before), "{before}");
    let mut most = 0;
    for _ in 0..100 {
        let until = bench.pass(Duration::from_secs(1));
        assert_ne!(until, Until::NOW, "it does not spin");
        most = most.max(bench.engine.pending.len() + bench.engine.attempts.len());
        events.extend(told(&mut bench));
    }
    assert_eq!(most, before, "what is kept are the results of the attempts that were in progress");
    assert_eq!(started(&events), before, "nothing starts without a record");
    let begun = problems(&events, ProblemKind::StoreFailing);
    let seconds: Vec<_> = begun.iter().map(|problem| (problem.at - begun[0].at).num_seconds()).collect();
    assert_eq!(seconds.len(), 3, "told when it begins and at growing intervals: {seconds:?}");
    assert!(begun.iter().all(|problem| !problem.is_over && problem.since == begun[0].since));
    let lasting = bench.engine.events.board().list();
    assert_eq!((lasting[0].kind, lasting[0].is_over), (ProblemKind::StoreFailing, false));

    faults.heal();
    bench.pass(Duration::from_secs(1));
    bench.wait("the end of the outage", |event| match event {
        Event::Problem(problem) if problem.kind == ProblemKind::StoreFailing => problem.is_over.then_some(()),
        _ => None,
    });
    for _ in 0..3 {
        bench.wait("new starts", |event| matches!(event, Event::Started { .. }).then_some(()));
    }
    for name in &names {
        assert_sound(&bench, name);
    }
    // The outage is on record too, once.
    bench.pass(Duration::from_secs(2));
    let recorded = bench.stores.ledger.problems(START.parse().expect("an instant")).expect("they are read");
    let outage: Vec<_> = recorded.iter().filter(|known| known.kind == ProblemKind::StoreFailing).collect();
    assert_eq!(outage.len(), 1);
    assert!(outage[0].what.starts_with("over after 1m 4"), "{}", outage[0].what);
}

#[test]
fn a_busy_store_is_asked_once_where_results_are_written_one_by_one() {
    let names = ["one", "two", "three"];
    let (mut bench, faults) = Faults::bench(10, names.map(|name| job(name, &[], NOTHING)).into());
    faults.set(&["settle"], Fault::Refused);
    let runs = names.map(|name| bench.trigger(name));
    while bench.engine.pending.len() < runs.len() {
        // Each second it tries again.
        bench.pass(Duration::from_secs(1));
        std::thread::park_timeout(Duration::from_millis(1));
    }
    faults.set(&["settle"], Fault::Damaged);
    faults.settled.lock().expect("no test panics under it").clear();
    bench.pass(Duration::from_secs(1));
    // Each call of a busy store takes seconds.
    assert_eq!(*faults.settled.lock().expect("no test panics under it"), [3, 1]);
    assert_eq!(bench.engine.pending.len(), 3, "nothing is lost");
    faults.heal();
    bench.pass(Duration::from_secs(1));
    assert!(runs.iter().all(|run| bench.state(*run) == StateWord::Succeeded));
}

#[test]
fn a_slow_call_is_told_and_no_failure() {
    let (mut bench, faults) = Faults::bench(10, vec![job("lone", &[], NOTHING)]);
    faults.set(&["judge"], Fault::Slow(Duration::from_millis(1_500)));
    let run = bench.trigger("lone");
    let slow = bench.wait("the report", |event| match event {
        Event::Problem(problem) => Some(problem.clone()),
        _ => None,
    });
    assert_eq!(
        (slow.kind, slow.what.as_str()),
        (ProblemKind::SlowCommit, "the store took 1.5 s for judging")
    );
    faults.heal();
    assert_eq!(bench.wait("its end", ended(run)).0, StateWord::Succeeded);
}

#[test]
fn problems_are_put_on_record_soon_and_after_that_nothing_wakes_the_engine() {
    let (mut bench, faults) = Faults::bench(10, vec![job("lone", &[], NOTHING)]);
    bench.pass(Duration::from_secs(61));
    assert_eq!(bench.pass(Duration::from_secs(1)), Until::default(), "nothing is wrong, nothing is due");
    let recorded = |bench: &Bench| {
        let since = START.parse().expect("an instant");
        bench.stores.ledger.problems(since).expect("they are read")
    };
    faults.set(&["note_problems"], Fault::Refused);
    bench.step(TimeDelta::hours(1), Duration::from_secs(1));
    assert_eq!(recorded(&bench), []);
    faults.heal();
    let until = bench.pass(Duration::from_secs(1));
    assert_eq!(until.within, Some(Duration::from_secs(59)), "it does not insist");
    bench.pass(Duration::from_secs(59));
    let known = recorded(&bench);
    assert_eq!((known.len(), known[0].kind, known[0].count), (1, ProblemKind::ClockStep, 1));
    assert_eq!(bench.pass(Duration::from_secs(1)), Until::default());
}
