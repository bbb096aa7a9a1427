//! Real processes that die at every place that has a name, one after the other, and what is on record afterwards.
//!
//! `CRON_CRASH_ONLY=judge.committed` plays one point alone.

mod bases;
mod life;
mod old;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cron_runtime::crash_points::{Point, VARIABLE};
use cron_runtime::store::sqlite::{SqliteLedger, SqliteStore};
use cron_runtime::store::{JobQuery, Ledger};
use cron_tests::quarantine;
use cron_tests::witness::{Record, Seen, read};
use nix::sys::signal::Signal;

use bases::{Base, Bases, migrations};
use life::{Files, Life};

/// As many programs as this run beside each other. They mostly wait.
const AT_ONCE: usize = 8;

/// What makes the program reach the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nudge {
    /// Its own work.
    None,
    /// It is asked to end.
    Ask,
    /// It is asked to end, and again while a function does not return.
    AskTwice,
}

/// A death and what comes before it.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    point: Point,
    passage: u64,
    base: Base,
    nudge: Nudge,
}

/// Where each point is reached, and how often. Without a `_` arm: a new point has to say it too.
fn plan(point: Point) -> Vec<(Base, Vec<u64>, Nudge)> {
    use Base::{Astray, Fresh, Lived, Old};
    match point {
        Point::OpenPrepared
        | Point::OpenSignal
        | Point::JoinWritten
        | Point::JoinCommitted
        | Point::SyncWritten
        | Point::SyncCommitted => {
            vec![(Fresh, vec![1], Nudge::None), (Lived, vec![1], Nudge::None)]
        }
        Point::MigrateBegun => {
            let (all, from_first) = (1..=migrations(), 1..migrations());
            vec![(Fresh, all.collect(), Nudge::None), (Old, from_first.collect(), Nudge::None)]
        }
        Point::MigrateWritten | Point::MigrateCommitted => {
            vec![(Fresh, vec![1], Nudge::None), (Old, vec![1], Nudge::None)]
        }
        Point::ReapWritten | Point::ReapCommitted => vec![(Lived, vec![1, 3], Nudge::None)],
        Point::SetBackWritten | Point::SetBackCommitted => {
            vec![(Lived, vec![1], Nudge::None), (Astray, vec![1], Nudge::None)]
        }
        Point::JudgeWritten
        | Point::JudgeCommitted
        | Point::CallNext
        | Point::CallMade
        | Point::CallReturned
        | Point::SettleNext
        | Point::SettleWritten
        | Point::SettleCommitted
        | Point::SettleTold => vec![
            (Lived, vec![1, 2, 7], Nudge::None),
            (Fresh, vec![4], Nudge::None),
            (Old, vec![1], Nudge::None),
        ],
        Point::NoteWritten
        | Point::NoteCommitted
        | Point::RenewWritten
        | Point::RenewCommitted
        | Point::PruneWritten
        | Point::PruneCommitted => vec![(Lived, vec![1, 2], Nudge::None)],
        Point::CommandWritten | Point::CommandCommitted => {
            vec![(Fresh, vec![1, 2, 3], Nudge::None), (Lived, vec![4], Nudge::None)]
        }
        Point::ReleaseNext => vec![(Lived, vec![1], Nudge::AskTwice)],
        Point::LeaveNext | Point::LeaveWritten | Point::LeaveUnfolded | Point::LeaveCommitted => {
            vec![(Lived, vec![1], Nudge::Ask), (Fresh, vec![1], Nudge::AskTwice)]
        }
    }
}

fn scenarios() -> Vec<Scenario> {
    let only = std::env::var("CRON_CRASH_ONLY").ok();
    let chosen = Point::ALL.iter().copied().filter(|point| only.as_ref().is_none_or(|o| o == point.name()));
    let scenarios: Vec<_> = chosen
        .flat_map(|point| {
            plan(point).into_iter().flat_map(move |(base, passages, nudge)| {
                passages.into_iter().map(move |passage| Scenario { point, passage, base, nudge })
            })
        })
        .collect();
    assert!(!scenarios.is_empty(), "no point is named {only:?}");
    scenarios
}

#[test]
fn whatever_the_moment_of_death_the_record_keeps_the_contract() {
    let scenarios = scenarios();
    let bases = Bases::make();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Err(failure) = play(*scenario, &bases) else { continue };
                    failures.lock().expect("nobody panics here").push(format!("{scenario:?}: {failure}"));
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics here");
    assert!(failures.is_empty(), "of {} scenarios:\n{}", scenarios.len(), failures.join("\n"));
    println!("{} deaths at {} points", scenarios.len(), Point::ALL.len());
}

/// Dies, at the first passage twice over, so that a recovery dies too; then recovers, ends, and is looked at.
fn play(scenario: Scenario, bases: &Bases) -> Result<(), String> {
    let files = Files::new();
    bases.copy(scenario.base, &files)?;
    // Migrations that are committed are not done again.
    let deaths = if scenario.passage == 1 && scenario.point != Point::MigrateCommitted { 2 } else { 1 };
    for _ in 0..deaths {
        die(scenario, &files)?;
    }
    let seen_before = seen(&files.witness()).len();
    let mut life = Life::begin(&files, &[]);
    life.says("started").map_err(|heard| format!("it did not start: {heard}"))?;
    release(&files)?;
    life.says("at work").map_err(|heard| format!("it did not recover: {heard}"))?;
    life.signal(Signal::SIGTERM);
    let end = life.end().map_err(|heard| format!("it did not end: {heard}"))?;
    if !end.status.success() {
        return Err(format!("it ended with {}: {}", end.status, end.heard));
    }
    look(&files, seen_before, scenario.nudge == Nudge::AskTwice)
}

/// A job whose process died in three of its runs in a row is in quarantine, and a person lets it go on.
fn release(files: &Files) -> Result<(), String> {
    let ledger = SqliteLedger::open(files.database()).map_err(|error| error.to_string())?;
    let jobs = ledger.jobs(&JobQuery::default()).map_err(|error| error.to_string())?;
    let jobs: Vec<&str> = jobs.iter().map(|job| job.plan.name.as_str()).collect();
    let wrong = quarantine::release(&files.database(), &jobs);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn die(Scenario { point, passage, nudge, .. }: Scenario, files: &Files) -> Result<(), String> {
    let aim = format!("{}/{passage}", point.name());
    let mut life = match nudge {
        Nudge::None | Nudge::Ask => Life::begin(files, &[(VARIABLE, &aim)]),
        Nudge::AskTwice => Life::begin(files, &[(VARIABLE, &aim), ("STUBBORN", "1")]),
    };
    if nudge != Nudge::None {
        life.says("at work").map_err(|heard| format!("before it was asked to end: {heard}"))?;
        life.signal(Signal::SIGTERM);
    }
    if nudge == Nudge::AskTwice {
        life.says("shutting down").map_err(|heard| format!("it did not hear: {heard}"))?;
        life.signal(Signal::SIGTERM);
    }
    let end = life.end().map_err(|heard| format!("the point was not passed: {heard}"))?;
    if end.died_of() != Some(Signal::SIGABRT) || !end.heard.contains(&format!("dies at {aim}")) {
        return Err(format!("it did not die there, but ended with {}: {}", end.status, end.heard));
    }
    Ok(())
}

fn seen(witness: &Path) -> Vec<Seen> {
    // A program that died before its first call has written none.
    read(&std::fs::read_to_string(witness).unwrap_or_default())
}

/// Holds what is on record against what was seen.
fn look(files: &Files, seen_before: usize, cut_off: bool) -> Result<(), String> {
    let seen = seen(&files.witness());
    if seen.len() < seen_before + 12 {
        return Err(format!("only {} lines after the deaths: this shows nothing", seen.len() - seen_before));
    }
    let store = SqliteStore::open_existing(files.database()).map_err(|error| error.to_string())?;
    let broken = Record::of(&store).broken(&seen, cut_off);
    if broken.is_empty() { Ok(()) } else { Err(broken.join("; ")) }
}

#[test]
fn a_point_that_does_not_exist_is_refused() {
    let files = Files::new();
    for aim in ["judge.comitted/1", "judge.committed", "judge.committed/0"] {
        let end = Life::begin(&files, &[(VARIABLE, aim)]).end().expect("it ends");
        assert!(!end.status.success(), "{aim}");
        assert!(
            end.heard.contains("it takes a point and a passage, such as judge.committed/3"),
            "{}",
            end.heard
        );
    }
}
