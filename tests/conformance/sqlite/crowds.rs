//! Many at once: threads on one store, whose requests share commits, and stores on one file, which wait for each other.

use std::collections::BTreeSet;

use cron_runtime::core::run::{AttemptEnd, RunEvent};
use cron_runtime::store::sqlite::SqliteLedger;
use cron_runtime::store::{JobQuery, Ledger};

use crate::jobs::{Job, at, job};
use crate::world::{CommandError, Desk, Done, Process, Settled, World, play_on_file, settlement};

const ROUNDS: i64 = 40;

fn jobs() -> Vec<Job> {
    ["a", "b", "c", "d", "e"].map(|name| job(name).every("1s").retries(1)).to_vec()
}

/// What an engine does, and what people do meanwhile. Gives the epochs it has seen.
fn hammer(process: &Process, lane: i64) -> Vec<(String, u64)> {
    let names = ["a", "b", "c", "d", "e"];
    let mut epochs = Vec::new();
    for round in 1..=ROUNDS {
        for claimed in process.judge_few(round, 3).claimed {
            epochs.push((claimed.job().to_string(), claimed.claim.epoch.0));
            assert_eq!(process.renew(vec![claimed.claim], at(round + 60)).expect("renews"), []);
            let end = if round % 3 == 0 { crate::world::failure("no") } else { AttemptEnd::Succeeded };
            assert_ne!(process.end(claimed.claim, round, end), Settled::Fenced);
        }
        let name = names[(round + lane).unsigned_abs() as usize % names.len()];
        match process.trigger(name, round) {
            Ok(Done::Triggered { .. }) | Err(CommandError::Held { .. }) => {}
            other => panic!("{other:?}"),
        }
        // Others may be far ahead; a lease is not expired for those who are behind.
        assert_eq!(process.reaps(0), []);
        assert_eq!(process.jobs(&JobQuery::default()).expect("readable").len(), names.len());
        let audit = process.audit(name).expect("readable").expect("known");
        assert!(audit.is_sound(), "{audit:#?}");
    }
    epochs
}

fn all_hammer(processes: &[&Process]) {
    let epochs = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..).zip(processes).map(|(lane, process)| scope.spawn(move || hammer(process, lane))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    let distinct: BTreeSet<_> = epochs.iter().collect();
    assert_eq!(distinct.len(), epochs.len(), "an epoch was given twice");
    assert!(epochs.len() as i64 > ROUNDS, "{} attempts", epochs.len());
}

#[test]
fn threads_on_one_store_all_succeed() {
    play_on_file(|world: &World, _| {
        let process = world.start(0, &jobs());
        all_hammer(&[&process; 4]);
    });
}

#[test]
fn two_stores_on_one_file_all_succeed() {
    play_on_file(|world: &World, _| {
        let (first, second) = (world.start(0, &jobs()), world.start(0, &jobs()));
        all_hammer(&[&first, &second, &first, &second]);
    });
}

#[test]
fn many_stores_open_one_new_file_at_once() {
    play_on_file(|world: &World, _| {
        // The fixture is not to be shared between threads, its path is.
        let path =
            world.open().doorbell().expect("a file").to_string_lossy().replace("jobs.db-signal", "new.db");
        let owners = std::thread::scope(|scope| {
            let open = || {
                let store = cron_runtime::store::sqlite::SqliteStore::open(&path).expect("opens");
                let process = Process::join(Box::new(store), 0);
                process.sync(0, &jobs());
                process.owner
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<BTreeSet<_>>()
        });
        assert_eq!(owners.len(), 6);
        assert_eq!(
            SqliteLedger::open(&path).expect("opens").jobs(&JobQuery::default()).expect("readable").len(),
            jobs().len()
        );
    });
}

#[test]
fn a_request_that_fails_takes_nothing_of_its_neighbours_with_it() {
    play_on_file(|world: &World, _| {
        let process = world.start(0, &jobs());
        let claims: Vec<_> = process.judge(1).claimed.into_iter().map(|claimed| claimed.claim).collect();
        let (victim, others) = claims.split_first().expect("claims");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..200 {
                    let wrong = settlement(*victim, 2, RunEvent::Start);
                    process.settle(vec![wrong]).expect_err("a running run cannot be started");
                }
            });
            for claim in others {
                let process = &process;
                scope.spawn(move || {
                    for round in 2..50 {
                        assert_eq!(process.renew(vec![*claim], at(round + 60)).expect("renews"), []);
                    }
                    process.succeed(*claim, 50);
                });
            }
        });
        process.succeed(*victim, 51);
    });
}
