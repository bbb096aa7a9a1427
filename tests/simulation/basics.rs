//! The simulated world itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::StateWord;
use cron_runtime::prelude::*;
use cron_runtime::store::memory::MemoryStore;
use cron_runtime::store::{Cancel, Command, Ledger, RunQuery, Store};
use cron_runtime::testing::{Boot, InstanceId, World};

/// How often a function was called.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<AtomicU64>);

impl Calls {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[job(every = "1m")]
fn each_minute(State(calls): State<Calls>) {
    calls.add();
}

#[job(every = "1h", retries = 3)]
async fn slow(State(calls): State<Calls>) {
    tokio::time::sleep(Duration::from_secs(600)).await;
    calls.add();
}

fn start() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().expect("an instant")
}

fn boot(world: &mut World, store: &MemoryStore, job: &str, calls: &Calls) -> InstanceId {
    let process = Arc::new(store.another_process());
    let boot = Boot {
        start: cron_runtime::start().state(calls.clone()),
        jobs: Some(vec![job.to_owned()]),
        store: Arc::clone(&process) as _,
        ledger: process,
        offset: TimeDelta::zero(),
        drift: 0,
    };
    world.boot(boot).expect("it starts")
}

#[test]
fn a_day_of_minutes_passes() {
    let (mut world, store, calls) = (World::new(start()), MemoryStore::new(), Calls::default());
    boot(&mut world, &store, "each_minute", &calls);
    world.advance(Duration::from_secs(24 * 3600));
    assert_eq!(calls.number(), 24 * 60);
    assert_eq!(world.now(), start() + TimeDelta::days(1));
}

#[test]
fn what_a_crash_cuts_off_is_tried_again_by_the_next_instance() {
    let (mut world, store, calls) = (World::new(start()), MemoryStore::new(), Calls::default());
    let first = boot(&mut world, &store, "slow", &calls);
    world.advance(Duration::from_secs(3600 + 300));
    world.crash(first);
    world.advance(Duration::from_secs(3600));
    assert_eq!(calls.number(), 0, "its process is gone");
    boot(&mut world, &store, "slow", &calls);
    world.advance(Duration::from_secs(1800));
    assert_eq!(calls.number(), 1);
    let runs = store.runs(&RunQuery::default()).expect("they are read");
    assert!(runs.iter().any(|run| run.state.word() == StateWord::Succeeded), "{runs:?}");
    assert!(store.audit("slow").expect("it is read").expect("it is there").is_sound());
}

#[test]
fn a_call_of_a_handle_is_answered_while_the_world_goes_on() {
    let (mut world, store, calls) = (World::new(start()), MemoryStore::new(), Calls::default());
    let id = boot(&mut world, &store, "slow", &calls);
    let scheduler = world.scheduler(id).expect("it lives").clone();
    let mut events = scheduler.events();
    let run = world.block_on(scheduler.trigger("slow")).expect("its slot is free");
    let state = world.block_on(async {
        loop {
            if let Some((_, state)) =
                events.recv().await.expect("it goes on").finished().filter(|(id, _)| *id == run)
            {
                return state;
            }
        }
    });
    assert_eq!((state, calls.number()), (StateWord::Succeeded, 1));
    assert_eq!(world.now(), start() + TimeDelta::seconds(600));
    let report = world.block_on(scheduler.shutdown()).expect("it ends");
    assert!(report.interrupted.is_empty());
}

#[test]
fn a_run_that_is_ended_by_force_stops_at_once_also_while_its_process_shuts_down() {
    let (mut world, store, calls) = (World::new(start()), MemoryStore::new(), Calls::default());
    let id = boot(&mut world, &store, "slow", &calls);
    world.advance(Duration::from_secs(3600 + 2));
    let scheduler = world.scheduler(id).expect("it lives").clone();
    let shutdown = world.runtime().spawn(async move { scheduler.shutdown().await });
    world.advance(Duration::from_secs(1));
    let run = store.runs(&RunQuery::default()).expect("they are read")[0].id;
    let (by, note) = ("eve".to_owned(), String::new());
    let command = Command::Cancel { what: Cancel::Run(run), force: true, by, note };
    store.another_process().command(command, world.now()).expect("it is active");
    world.bells().ring();
    let before = world.now();
    let report = world.block_on(shutdown).expect("it is not cut off").expect("it ends");
    assert!(report.interrupted.is_empty(), "{report:?}");
    // Not at the next renewal of its lease, and not after the grace.
    assert_eq!((world.now(), calls.number()), (before, 0));
}
