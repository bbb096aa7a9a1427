use super::*;
use proptest::prelude::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
}

fn context(retries: u32) -> RetryContext {
    RetryContext {
        run: RunId(1),
        retry: Retry { retries, ..Retry::DEFAULT },
        overlap: Overlap::Skip,
        next_tick: None,
        is_quarantined: false,
    }
}

fn running(used: u32) -> Progress {
    Progress { state: RunState::Running { stage: Stage::InTime }, attempts_used: used, crashes: 0 }
}

fn failure() -> AttemptEnd {
    AttemptEnd::Failed(Failure { kind: FailureKind::Errored, message: "no".into(), retry_after: None })
}

fn ended(progress: Progress, end: AttemptEnd, context: &RetryContext) -> Transition {
    transition(progress, RunEvent::Ended { at: at(0), end }, context).expect("legal")
}

#[test]
fn three_retries_are_four_attempts() {
    let mut progress = Progress::scheduled(Some(at(0)));
    for attempt in 1..=4 {
        assert_eq!(progress.attempt(), attempt);
        progress = transition(progress, RunEvent::Start, &context(3)).expect("legal").progress;
        progress = ended(progress, failure(), &context(3)).progress;
        assert_eq!(progress.state.is_active(), attempt < 4);
    }
    assert_eq!(progress.state, RunState::Failed);
    assert_eq!(progress.attempts_used, 4);
}

#[test]
fn an_interrupted_attempt_is_not_used() {
    // Also the last one that is allowed.
    for (was_called, retries) in [(true, 1), (false, 1), (false, 0)] {
        let after = ended(running(retries), AttemptEnd::Interrupted { was_called }, &context(retries));
        assert_eq!(after.progress.state, RunState::Scheduled { wake: Some(at(0)) });
        assert_eq!(after.progress.attempts_used, retries);
    }
}

#[test]
fn a_function_without_retries_that_was_called_and_cut_off_is_not_called_again() {
    let after = ended(running(0), AttemptEnd::Interrupted { was_called: true }, &context(0));
    assert_eq!((after.progress.state, after.progress.attempts_used), (RunState::Failed, 1));
    let record = after.record.expect("it is on record");
    assert_eq!(record.result, AttemptResult::Interrupted);
    assert!(record.message.contains("`inspect retry 1`"), "{}", record.message);
}

#[test]
fn a_lost_attempt_is_used_and_that_of_a_job_in_quarantine_is_put_aside() {
    let lost = ended(running(0), AttemptEnd::Lost, &context(0)).progress;
    assert_eq!((lost.state, lost.attempts_used, lost.crashes), (RunState::Failed, 1, 1));
    let often = Progress { crashes: 8, ..running(2) };
    assert_eq!(ended(often, AttemptEnd::Lost, &context(9)).progress.state.word(), StateWord::Waiting);
    for retries in [0, 9] {
        let quarantined = RetryContext { is_quarantined: true, ..context(retries) };
        let after = ended(running(0), AttemptEnd::Lost, &quarantined);
        assert_eq!(after.progress.state, RunState::Quarantined);
        assert_eq!(after.record.expect("a record").result, AttemptResult::Lost);
        assert_ne!(ended(running(0), failure(), &quarantined).progress.state, RunState::Quarantined);
    }
}

#[test]
fn a_retry_gives_way_to_the_next_tick_under_skip_only() {
    let next = RetryContext { next_tick: Some(at(8)), ..context(3) };
    let after = ended(running(0), failure(), &next);
    assert!(after.gave_way);
    assert_eq!(after.progress.state, RunState::Failed);

    let allow = RetryContext { overlap: Overlap::Allow, ..next };
    assert_eq!(ended(running(0), failure(), &allow).progress.state.word(), StateWord::Waiting);
    let past = RetryContext { retry: Retry { past_next: true, ..next.retry }, ..next };
    assert_eq!(ended(running(0), failure(), &past).progress.state.word(), StateWord::Waiting);
}

#[test]
fn a_late_result_of_an_overdue_attempt_changes_nothing_but_the_slot() {
    let overdue = transition(running(0), RunEvent::Overrun { at: at(0) }, &context(0)).expect("legal");
    assert_eq!(overdue.progress.state, RunState::Running { stage: Stage::Overdue });
    assert_eq!((overdue.progress.attempts_used, overdue.progress.attempt()), (1, 1));
    let back = ended(overdue.progress, AttemptEnd::Succeeded, &context(0));
    assert_eq!(back.progress.state, RunState::Failed);
    assert_eq!(back.progress.attempts_used, 1);
    assert!(back.record.is_none());
}

#[test]
fn whatever_happens_to_a_completed_attempt_its_run_succeeds() {
    let completed = transition(running(1), RunEvent::Complete { at: at(0) }, &context(1)).expect("legal");
    assert_eq!(completed.progress.state, RunState::Running { stage: Stage::Completed });
    assert_eq!((completed.progress.attempt(), completed.record), (2, None));
    let stuck = transition(completed.progress, RunEvent::Overrun { at: at(0) }, &context(1));
    assert_eq!(stuck, Ok(moved(completed.progress, None)));
    let again = transition(completed.progress, RunEvent::Complete { at: at(0) }, &context(1));
    assert!(again.is_err(), "{again:?}");
}

const STAGES: [Stage; 3] = [Stage::InTime, Stage::Overdue, Stage::Completed];

fn any_progress() -> impl Strategy<Value = Progress> {
    let state = prop_oneof![
        any::<bool>().prop_map(|parked| RunState::Scheduled { wake: (!parked).then(|| at(0)) }),
        prop::sample::select(&STAGES[..]).prop_map(|stage| RunState::Running { stage }),
        Just(RunState::Waiting { wake: at(0) }),
        Just(RunState::Succeeded),
        Just(RunState::Failed),
        Just(RunState::Discarded),
        Just(RunState::Cancelled),
        Just(RunState::Quarantined),
    ];
    (state, 0u32..5, 0u32..3).prop_map(|(state, attempts_used, crashes)| Progress {
        state,
        attempts_used,
        crashes,
    })
}

fn any_event() -> impl Strategy<Value = RunEvent> {
    let kind = proptest::sample::select(FailureKind::ALL);
    let end = prop_oneof![
        Just(AttemptEnd::Succeeded),
        kind.prop_map(|kind| AttemptEnd::Failed(Failure { kind, message: String::new(), retry_after: None })),
        Just(AttemptEnd::Discarded { message: String::new() }),
        any::<bool>().prop_map(|was_called| AttemptEnd::Interrupted { was_called }),
        Just(AttemptEnd::Cancelled { why: String::new() }),
        Just(AttemptEnd::Lost),
    ];
    prop_oneof![
        Just(RunEvent::Start),
        Just(RunEvent::Overrun { at: at(0) }),
        Just(RunEvent::Complete { at: at(0) }),
        end.prop_map(|end| RunEvent::Ended { at: at(0), end }),
        Just(RunEvent::Cancel { at: at(0), why: String::new() }),
        Just(RunEvent::Release { at: at(0) }),
        any::<bool>().prop_map(|parked| RunEvent::Revive { at: at(0), parked }),
    ]
}

proptest! {
    #[test]
    fn final_states_stay_final_and_counters_never_fall(
        progress in any_progress(), event in any_event(), retries in 0u32..5,
    ) {
        let is_revival = matches!(event, RunEvent::Revive { .. });
        match transition(progress, event, &context(retries)) {
            Ok(after) if is_revival => {
                prop_assert!(!progress.state.is_active());
                prop_assert_eq!((after.progress.attempts_used, after.progress.crashes), (0, 0));
            }
            Ok(after) => {
                prop_assert!(progress.state.is_active());
                prop_assert!(after.progress.attempts_used >= progress.attempts_used);
                prop_assert!(after.progress.attempts_used <= progress.attempts_used + 1);
                prop_assert!(after.progress.crashes >= progress.crashes);
                if after.progress.state.word() == StateWord::Waiting {
                    prop_assert!(after.progress.attempts_used <= retries);
                }
            }
            Err(illegal) => prop_assert_eq!(illegal.from, progress.state.word()),
        }
    }

    #[test]
    fn a_completed_attempt_leads_to_success_and_nowhere_else(
        events in prop::collection::vec(any_event(), 1..20),
        used in 0u32..5, crashes in 0u32..3, retries in 0u32..5, next in prop::option::of(-9i64..9),
    ) {
        let state = RunState::Running { stage: Stage::Completed };
        let before = Progress { state, attempts_used: used, crashes };
        let context = RetryContext { next_tick: next.map(at), ..context(retries) };
        let mut progress = before;
        for event in events {
            let ends = matches!(event, RunEvent::Ended { .. } | RunEvent::Cancel { .. });
            let was_active = progress.state.is_active();
            if let Ok(after) = transition(progress, event, &context) {
                prop_assert!(was_active, "a run that has succeeded stays so");
                prop_assert!(!after.gave_way);
                let succeeded = AttemptRecord { result: AttemptResult::Succeeded, message: String::new() };
                prop_assert_eq!(after.record, ends.then_some(succeeded));
                progress = after.progress;
            } else {
                prop_assert!(!(was_active && ends), "no end may be refused");
            }
            let succeeded = !was_active || ends;
            prop_assert_eq!(progress.state, if succeeded { RunState::Succeeded } else { state });
            // No attempt is used, and a process that vanished later did no harm.
            prop_assert_eq!((progress.attempts_used, progress.crashes), (used, crashes));
        }
    }

    #[test]
    fn only_a_running_attempt_whose_result_still_counts_can_be_completed(progress in any_progress()) {
        let completed = transition(progress, RunEvent::Complete { at: at(0) }, &context(0));
        let can = progress.state == RunState::Running { stage: Stage::InTime };
        prop_assert_eq!(completed.is_ok(), can);
    }
}
