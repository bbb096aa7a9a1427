//! What listens to `tracing` panics: around a function that is one failed attempt, in the engine's thread the end of the scheduler, which
//! says so.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use cron_runtime::core::run::{AttemptResult, RunId, RunState, StateWord};
use cron_runtime::prelude::*;
use cron_runtime::{EndCause, Error, Event, ProblemKind, Scheduler};
use cron_tests::{start_in, wait_for};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// Panics where the name of a job says so.
#[derive(Debug, Default)]
struct Hostile {
    spans: Mutex<HashMap<u64, String>>,
    next: AtomicU64,
}

/// The field `job`.
#[derive(Debug, Default)]
struct OfJob(String);

impl Visit for OfJob {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "job" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Hostile {
    fn strikes(&self, id: &Id, place: &str) {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = spans.get(&id.into_u64()).is_some_and(|job| job.ends_with(place));
        drop(spans);
        assert!(!strikes, "a layer panics at {place}");
    }
}

impl Subscriber for Hostile {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut of = OfJob::default();
        attributes.record(&mut of);
        assert!(!of.0.ends_with("new"), "a layer panics at new");
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).insert(id, of.0);
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut of = OfJob::default();
        event.record(&mut of);
        let is_engine = std::thread::current().name() == Some("cron-engine");
        assert!(!(is_engine && of.0 == "ends_the_engine"), "a layer panics in the engine");
        // That a job has panicked is said on its own thread.
        let is_about_a_panic = *event.metadata().level() == tracing::Level::WARN && !is_engine;
        assert!(!(is_about_a_panic && of.0.ends_with("event")), "a layer panics at event");
    }

    fn enter(&self, id: &Id) {
        self.strikes(id, "enter");
    }

    fn exit(&self, id: &Id) {
        self.strikes(id, "exit");
    }

    fn try_close(&self, id: Id) -> bool {
        self.strikes(&id, "close");
        true
    }
}

/// Panics once more when what it has panicked with is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

macro_rules! quiet {
    ($($name:ident $asynchronous:ident)*) => {$(
        #[job]
        fn $name() {}

        #[job]
        async fn $asynchronous() {}
    )*};
}

quiet! { at_new async_at_new at_enter async_at_enter at_exit async_at_exit at_close async_at_close fine async_fine }

#[job]
fn at_event() {
    panic!("no bread");
}

#[job]
async fn async_at_event() {
    panic!("no bread");
}

#[job]
fn panics_with_a_bomb() {
    std::panic::panic_any(Bomb);
}

#[job]
async fn panics_with_a_bomb_async() {
    std::panic::panic_any(Bomb);
}

#[job]
fn ends_the_engine() -> Result<(), &'static str> {
    Err("no flour")
}

async fn end_of(scheduler: &Scheduler, job: &str) -> (RunId, RunState, String) {
    let mut events = scheduler.events();
    let run = scheduler.trigger(job).await.expect("it is there");
    wait_for(&mut events, job, |event| match event {
        Event::Ended { run: ended, state, error, .. } if ended == run => Some((run, state, error)),
        _ => None,
    })
    .await
}

fn listen() {
    static SET: std::sync::Once = std::sync::Once::new();
    SET.call_once(|| tracing::subscriber::set_global_default(Hostile::default()).expect("it is the first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_around_a_function_is_one_failed_attempt() {
    listen();
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let around = ["new", "enter", "exit", "close", "event"];
    for job in around.iter().flat_map(|place| [format!("at_{place}"), format!("async_at_{place}")]) {
        let (run, state, error) = end_of(&scheduler, &job).await;
        assert_eq!(state.word(), StateWord::Failed, "{job}: {error}");
        assert!(
            error.contains("outside its function") && error.contains("a layer panics at"),
            "{job}: {error}"
        );
        let (_, attempts) = scheduler.run(run).await.expect("it is read").expect("it is there");
        let results: Vec<_> = attempts.iter().map(|attempt| attempt.result).collect();
        assert_eq!(results, [AttemptResult::Panicked], "{job}");
    }
    for job in ["panics_with_a_bomb", "panics_with_a_bomb_async"] {
        let (_, state, error) = end_of(&scheduler, job).await;
        assert_eq!(
            (state.word(), error.contains("panicked at")),
            (StateWord::Failed, true),
            "{job}: {error}"
        );
    }
    // Nobody else is touched, and the scheduler goes on.
    for job in ["fine", "async_fine"] {
        let (_, state, error) = end_of(&scheduler, job).await;
        assert_eq!(state, RunState::Succeeded, "{job}: {error}");
    }
    assert_eq!(scheduler.problems(), []);
    let ended = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.until_signal().await }
    });
    scheduler.shutdown().await.expect("it ends");
    ended.await.expect("no panic").expect("it was asked to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_the_engine_is_told_and_no_command_answers_as_if_all_were_well() {
    listen();
    let directory = tempfile::tempdir().expect("a directory");
    let scheduler = start_in(directory.path()).await;
    let mut events = scheduler.events();
    let (told, ended) = tokio::join!(
        async {
            scheduler.trigger("ends_the_engine").await.expect("it lives");
            let told = wait_for(&mut events, "its problem", |event| match event {
                Event::Problem(problem) if problem.kind == ProblemKind::EngineFailed => Some(problem),
                _ => None,
            });
            let told = told.await;
            wait_for(&mut events, "its end", |event| (event == Event::Stopped).then_some(())).await;
            told
        },
        scheduler.until_signal(),
    );
    assert!(told.what.contains("a layer panics in the engine"), "{}", told.what);
    let Err(Error::EndedByItself(EndCause::Panicked { what })) = ended else { panic!("{ended:?}") };
    assert!(what.contains("layers.rs"), "{what}");
    assert_eq!(scheduler.problems()[0].kind, ProblemKind::EngineFailed);
    assert!(matches!(scheduler.list().await, Err(Error::Stopped)));
    assert!(matches!(scheduler.trigger("fine").await, Err(Error::Stopped)));
    assert!(matches!(scheduler.pause("fine", "test", "").await, Err(Error::Stopped)));
    assert!(matches!(scheduler.shutdown().await, Err(Error::Stopped)));
    assert!(matches!(scheduler.until_signal().await, Err(Error::EndedByItself(_))));
}
