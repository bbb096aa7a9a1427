//! `docs/state_machine.md` is what the code says: it is made from `transition`, `judge` and `admit`, and this test fails when
//! it is stale. `UPDATE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::judge::{Active, Admission, Docket, Judgement, Place, Verdict, admit, judge};
use cron_core::policy::{CatchUp, Jitter, Overlap, Retry, Slots};
use cron_core::run::{
    AttemptEnd, Failure, FailureKind, Origin, Progress, RetryContext, RunEvent, RunId, RunState, Stage,
    StateWord, Transition, transition,
};
use cron_core::schedule::Schedule;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/state_machine.md");

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn states() -> Vec<(&'static str, RunState)> {
    let states = vec![
        ("scheduled", RunState::Scheduled { wake: Some(at(0)) }),
        ("scheduled, waits for its slot", RunState::Scheduled { wake: None }),
        ("running", RunState::Running { stage: Stage::InTime }),
        ("running, overdue", RunState::Running { stage: Stage::Overdue }),
        ("running, completed", RunState::Running { stage: Stage::Completed }),
        ("waiting", RunState::Waiting { wake: at(0) }),
        ("succeeded", RunState::Succeeded),
        ("failed", RunState::Failed),
        ("discarded", RunState::Discarded),
        ("cancelled", RunState::Cancelled),
        ("quarantined", RunState::Quarantined),
    ];
    let words: std::collections::BTreeSet<_> = states.iter().map(|(_, state)| state.word()).collect();
    assert_eq!(words.len(), StateWord::ALL.len(), "a state is missing here");
    states
}

fn events() -> Vec<(String, RunEvent)> {
    let mut events = vec![("an instance starts it".to_owned(), RunEvent::Start)];
    events.push(("its slot is free".to_owned(), RunEvent::Release { at: at(0) }));
    events.push((
        "its function completes it in a transaction of its own (`run.complete_in`)".to_owned(),
        RunEvent::Complete { at: at(0) },
    ));
    let mut ended =
        |what: &str, end| events.push((format!("its attempt {what}"), RunEvent::Ended { at: at(0), end }));
    ended("succeeds", AttemptEnd::Succeeded);
    for kind in FailureKind::ALL {
        let failure = Failure { kind: *kind, message: String::new(), retry_after: None };
        ended(&format!("fails (`{kind}`)"), AttemptEnd::Failed(failure));
    }
    ended("returns a permanent error", AttemptEnd::Discarded { message: String::new() });
    ended("stops because it was asked to", AttemptEnd::Cancelled { why: String::new() });
    ended("is cut off by a shutdown", AttemptEnd::Interrupted { was_called: true });
    ended("is given back, its function was never called", AttemptEnd::Interrupted { was_called: false });
    ended("loses its process", AttemptEnd::Lost);
    events.push((
        "its attempt outlives its timeout and cannot be dropped".to_owned(),
        RunEvent::Overrun { at: at(0) },
    ));
    let why = String::new();
    events.push((
        "somebody cancels it, or `overlap = \"cancel\"` takes its slot".to_owned(),
        RunEvent::Cancel { at: at(0), why },
    ));
    events.push(("a person has it tried again".to_owned(), RunEvent::Revive { at: at(0), parked: false }));
    events
}

/// What may be different beside state and event, in words.
fn conditions() -> Vec<(&'static str, u32, u32, bool, Option<i64>)> {
    // Retries, attempts used before, whether its job is in quarantine, the next tick.
    vec![
        ("a retry is left", 1, 0, false, None),
        ("no retry is left", 1, 1, false, None),
        ("its retry would fall at or after the next tick under `skip`", 1, 0, false, Some(1)),
        ("its job is in quarantine since then", 1, 0, true, None),
        ("its job has no retries", 0, 0, false, None),
    ]
}

fn outcome(moved: &Transition, before: Progress) -> String {
    let state = match moved.progress.state {
        RunState::Running { stage: Stage::Overdue } => "running, overdue".to_owned(),
        RunState::Running { stage: Stage::Completed } => "running, completed".to_owned(),
        state => state.word().to_string(),
    };
    let mut text = format!("**{state}**");
    if let Some(record) = &moved.record {
        _ = write!(text, ", attempt `{}`", record.result);
    }
    let used = moved.progress.attempts_used.checked_sub(before.attempts_used);
    match used {
        Some(0) => {}
        Some(more) => _ = write!(text, ", uses {more}"),
        None => text.push_str(", all attempts again"),
    }
    if moved.gave_way {
        text.push_str(", gives way");
    }
    text
}

fn transitions() -> String {
    let mut out = String::from("| State | Event | Becomes |\n|---|---|---|\n");
    for (name, state) in states() {
        for (event_name, event) in events() {
            let mut outcomes: Vec<(String, &str)> = Vec::new();
            for (condition, retries, used_before, is_quarantined, next) in conditions() {
                // An overdue attempt is used already, and so are those of a run that has ended.
                let is_used =
                    state.word().is_dead() || matches!(state, RunState::Running { stage: Stage::Overdue });
                let attempts_used = used_before + u32::from(is_used);
                let progress = Progress { state, attempts_used, crashes: 0 };
                let context = RetryContext {
                    run: RunId(1),
                    retry: Retry { retries, ..Retry::DEFAULT },
                    overlap: Overlap::Skip,
                    next_tick: next.map(at),
                    is_quarantined,
                };
                if let Ok(moved) = transition(progress, event.clone(), &context) {
                    let outcome = outcome(&moved, progress);
                    // A condition is worth a word where it makes a difference.
                    if outcomes.iter().all(|(before, _)| *before != outcome) {
                        outcomes.push((outcome, condition));
                    }
                }
            }
            let told: Vec<_> = outcomes
                .iter()
                .enumerate()
                .map(
                    |(index, (outcome, when))| {
                        if index == 0 { outcome.clone() } else { format!("{outcome}, if {when}") }
                    },
                )
                .collect();
            if !told.is_empty() {
                _ = writeln!(out, "| {name} | {event_name} | {} |", told.join("<br>"));
            }
        }
    }
    out
}

fn holders() -> Vec<(&'static str, Vec<Active>)> {
    let running = Active { run: RunId(1), origin: Origin::Tick, is_running: true, asked: None };
    vec![
        ("nobody", vec![]),
        ("a running attempt", vec![running]),
        (
            "an attempt that was asked to stop, within `cancel_grace`",
            vec![Active { asked: Some(at(8)), ..running }],
        ),
        (
            "an attempt that was asked to stop, `cancel_grace` over",
            vec![Active { asked: Some(at(-90)), ..running }],
        ),
        ("a run that is scheduled or waits for its retry", vec![Active { is_running: false, ..running }]),
        ("a run of a backfill", vec![Active { origin: Origin::Backfill, ..running }]),
        ("two running attempts", vec![running, Active { run: RunId(2), ..running }]),
    ]
}

fn tick(judgement: &Judgement) -> String {
    let mut parts = Vec::new();
    if !judgement.evict.is_empty() {
        parts.push("the old run ends as `cancelled`, its late result is fenced");
    }
    if !judgement.ask.is_empty() {
        parts.push("the old run is asked to stop");
    }
    match judgement.verdicts.as_slice() {
        [] => parts.push("the tick waits"),
        [Verdict::Run { .. }] => parts.push("the tick runs"),
        [Verdict::Skip(_)] => parts.push("`skipped(overlap)`"),
        other => panic!("{other:?}"),
    }
    parts.join("; ")
}

fn request(admission: Admission) -> &'static str {
    match admission {
        Admission::Start => "starts",
        Admission::Wait(_) => "waits for the slot",
        Admission::Refuse(_) => "refused, names the holder",
    }
}

fn overlaps() -> String {
    let schedule = Schedule::every("10s", None).unwrap();
    let mut out = String::from(
        "| Policy | The slot is held by | A tick is due | A run is asked for |\n|---|---|---|---|\n",
    );
    let two = Slots { max_running: Some(2), cancel_grace: Duration::from_secs(10), ..Slots::DEFAULT };
    for overlap in Overlap::ALL {
        let slots = if *overlap == Overlap::Allow { two } else { Slots::DEFAULT };
        for (who, active) in holders() {
            let docket = Docket {
                schedule: Some(&schedule),
                catch_up: CatchUp::DEFAULT,
                overlap: *overlap,
                slots,
                jitter: Jitter::NONE,
                place: Place::at(at(0)),
                paused: false,
                active: &active,
                waiting: 0,
                kept: &[],
            };
            let due = tick(&judge(&docket, at(10)));
            let asked = request(admit(*overlap, slots, &active, 0, false));
            let name = if *overlap == Overlap::Allow {
                "`allow`, `max_running = 2`".to_owned()
            } else {
                format!("`{overlap}`")
            };
            _ = writeln!(out, "| {name} | {who} | {due} | {asked} |");
        }
    }
    out
}

fn page() -> String {
    format!(
        "# The state machine\n\n\
         Made from the code by `UPDATE_DOCS=1 cargo test -p cron-core --test state_machine`; the same test fails when this page is\n\
         stale. The words are those of [semantics](semantics.md).\n\n\
         ## What becomes of a run\n\n\
         Every pair of a state and an event that is not listed cannot happen: a store that meets one reports it and writes nothing.\n\
         With `retries = 1`, while a retry is left, unless another condition is named:\n\n{}\n\
         A result that comes under an older epoch than that of its run meets no state at all: it is `fenced`, kept with the run, and\n\
         changes nothing.\n\n\
         ## What becomes of a tick, and of a run that somebody asks for\n\n\
         With `catch_up = \"latest\"`, one tick due, and nothing waiting. `force` starts a run whatever this table\n\
         says. Under `cancel`, a run that waits for the slot has the holder asked to stop or ended, as a tick does; runs of a backfill are waited for.\n\
         An instant of a clock that is up to 3 h behind goes by the last column, and what is refused there has no run.\n\n{}",
        transitions(),
        overlaps()
    )
}

#[test]
fn the_page_is_what_the_code_says() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/state_machine.md is stale; run `UPDATE_DOCS=1 cargo test -p cron-core --test state_machine`"
    );
}
