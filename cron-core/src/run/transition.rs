//! THE state machine. No other code chooses the state of a run.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{AttemptEnd, AttemptResult, Failure, FailureKind, RunEvent, RunId, RunState, Stage, StateWord};
use crate::policy::{Overlap, Retry};

/// Where a run stands and what it has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The state.
    pub state: RunState,
    /// Attempts used: failed, timed out, panicked, lost. An interrupted one is not counted, unless it has ended its run.
    pub attempts_used: u32,
    /// How often its process vanished beneath it.
    pub crashes: u32,
}

impl Progress {
    /// A run that nobody has started; without `wake` it waits for the slot of its job.
    #[must_use]
    pub const fn scheduled(wake: Option<DateTime<Utc>>) -> Self {
        Self { state: RunState::Scheduled { wake }, attempts_used: 0, crashes: 0 }
    }

    /// The number of the attempt in progress, or of the next one, counted from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self.state {
            // The overdue attempt is used already but still the one in progress.
            RunState::Running { stage: Stage::Overdue } => self.attempts_used,
            RunState::Running { stage: Stage::InTime | Stage::Completed }
            | RunState::Scheduled { .. }
            | RunState::Waiting { .. }
            | RunState::Succeeded
            | RunState::Failed
            | RunState::Discarded
            | RunState::Cancelled
            | RunState::Quarantined => self.attempts_used.saturating_add(1),
        }
    }
}

/// What the state machine must know to decide about a retry.
#[derive(Clone, Copy, Debug)]
pub struct RetryContext {
    /// The run; its number seeds the jitter.
    pub run: RunId,
    /// The job's retry policy.
    pub retry: Retry,
    /// The job's overlap policy.
    pub overlap: Overlap,
    /// The job's next tick after the event, if it has one.
    pub next_tick: Option<DateTime<Utc>>,
    /// Whether the job is in quarantine: a run of it that is lost is put aside for a person.
    pub is_quarantined: bool,
}

/// An entry for the audit of attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// How the attempt ended.
    pub result: AttemptResult,
    /// Error text, empty where there is none.
    pub message: String,
}

/// What an event made of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where the run stands now.
    pub progress: Progress,
    /// What to note about the attempt; `None` while it goes on.
    pub record: Option<AttemptRecord>,
    /// A retry was due but would have fallen at or after the next tick, so it gave way to that tick.
    pub gave_way: bool,
}

/// An event that cannot happen to a run in its state. Stores report it; nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {from} cannot take this event: {event}")]
pub struct IllegalTransition {
    /// The state of the run.
    pub from: StateWord,
    /// What was to happen.
    pub event: RunEvent,
}

/// Applies `event` to a run.
///
/// # Errors
///
/// [`IllegalTransition`] if the event cannot happen in this state.
pub fn transition(
    progress: Progress,
    event: RunEvent,
    context: &RetryContext,
) -> Result<Transition, IllegalTransition> {
    use RunState::{Cancelled, Discarded, Failed, Quarantined, Running, Scheduled, Succeeded, Waiting};
    use Stage::{Completed, InTime, Overdue};
    match (progress.state, event) {
        (Scheduled { wake: Some(_) } | Waiting { .. }, RunEvent::Start) => {
            Ok(moved(Progress { state: Running { stage: InTime }, ..progress }, None))
        }
        (Scheduled { wake: None }, RunEvent::Release { at }) => {
            Ok(moved(Progress { state: Scheduled { wake: Some(at) }, ..progress }, None))
        }
        (Scheduled { .. } | Waiting { .. } | Running { stage: Overdue }, RunEvent::Cancel { .. }) => {
            Ok(moved(Progress { state: Cancelled, ..progress }, None))
        }
        (Running { stage: InTime }, RunEvent::Cancel { why, .. }) => {
            Ok(moved(Progress { state: Cancelled, ..progress }, Some((AttemptResult::Cancelled, why))))
        }
        (Running { stage: InTime }, RunEvent::Overrun { .. }) => {
            let used = progress.attempts_used.saturating_add(1);
            let after = Progress { state: Running { stage: Overdue }, attempts_used: used, ..progress };
            let message = "outlived its timeout and has not returned".to_owned();
            Ok(moved(after, Some((AttemptResult::TimedOut, message))))
        }
        (Running { stage: InTime }, RunEvent::Complete { .. }) => {
            Ok(moved(Progress { state: Running { stage: Completed }, ..progress }, None))
        }
        (Running { stage: InTime }, RunEvent::Ended { at, end }) => Ok(ended(progress, at, end, context)),
        (Running { stage: Overdue }, RunEvent::Ended { at, end }) => {
            Ok(ended_late(progress, at, &end, context))
        }
        // The slot is taken until the function returns, but nothing is left for which it could be too late.
        (Running { stage: Completed }, RunEvent::Overrun { .. }) => Ok(moved(progress, None)),
        (Running { stage: Completed }, RunEvent::Ended { .. } | RunEvent::Cancel { .. }) => {
            let record = (AttemptResult::Succeeded, String::new());
            Ok(moved(Progress { state: Succeeded, ..progress }, Some(record)))
        }
        (Failed | Discarded | Quarantined | Cancelled, RunEvent::Revive { at, parked }) => {
            let wake = (!parked).then_some(at);
            Ok(moved(Progress::scheduled(wake), None))
        }
        (
            from @ Scheduled { wake: None },
            event @ (RunEvent::Start
            | RunEvent::Overrun { .. }
            | RunEvent::Complete { .. }
            | RunEvent::Ended { .. }
            | RunEvent::Revive { .. }),
        )
        | (
            from @ (Scheduled { wake: Some(_) } | Waiting { .. }),
            event @ (RunEvent::Overrun { .. }
            | RunEvent::Complete { .. }
            | RunEvent::Ended { .. }
            | RunEvent::Release { .. }
            | RunEvent::Revive { .. }),
        )
        | (
            from @ Running { .. },
            event @ (RunEvent::Start | RunEvent::Release { .. } | RunEvent::Revive { .. }),
        )
        | (
            from @ Running { stage: Overdue },
            event @ (RunEvent::Overrun { .. } | RunEvent::Complete { .. }),
        )
        | (from @ Running { stage: Completed }, event @ RunEvent::Complete { .. })
        | (
            from @ (Failed | Discarded | Cancelled | Quarantined),
            event @ (RunEvent::Start
            | RunEvent::Overrun { .. }
            | RunEvent::Complete { .. }
            | RunEvent::Ended { .. }
            | RunEvent::Release { .. }
            | RunEvent::Cancel { .. }),
        )
        | (
            from @ Succeeded,
            event @ (RunEvent::Start
            | RunEvent::Overrun { .. }
            | RunEvent::Complete { .. }
            | RunEvent::Ended { .. }
            | RunEvent::Release { .. }
            | RunEvent::Revive { .. }
            | RunEvent::Cancel { .. }),
        ) => Err(IllegalTransition { from: from.word(), event }),
    }
}

fn moved(progress: Progress, record: Option<(AttemptResult, String)>) -> Transition {
    let record = record.map(|(result, message)| AttemptRecord { result, message });
    Transition { progress, record, gave_way: false }
}

/// What is said of a run without retries that was called and cut off.
#[must_use]
pub fn cut_off(run: RunId) -> String {
    format!(
        "cut off by the end of its scheduler after its function was called; without retries it does not start again by \
         itself: `inspect retry {run}` runs it once more"
    )
}

/// The attempt in progress has ended.
fn ended(progress: Progress, at: DateTime<Utc>, end: AttemptEnd, context: &RetryContext) -> Transition {
    let used = progress.attempts_used.saturating_add(1);
    match end {
        AttemptEnd::Succeeded => moved(
            Progress { state: RunState::Succeeded, ..progress },
            Some((AttemptResult::Succeeded, String::new())),
        ),
        AttemptEnd::Discarded { message } => moved(
            Progress { state: RunState::Discarded, attempts_used: used, ..progress },
            Some((AttemptResult::Discarded, message)),
        ),
        // At most once: nobody knows how far it has come, so only a person may have it called again.
        AttemptEnd::Interrupted { was_called: true } if context.retry.retries == 0 => moved(
            Progress { state: RunState::Failed, attempts_used: used, ..progress },
            Some((AttemptResult::Interrupted, cut_off(context.run))),
        ),
        AttemptEnd::Interrupted { .. } => moved(
            Progress { state: RunState::Scheduled { wake: Some(at) }, ..progress },
            Some((AttemptResult::Interrupted, String::new())),
        ),
        AttemptEnd::Cancelled { why } => {
            moved(Progress { state: RunState::Cancelled, ..progress }, Some((AttemptResult::Cancelled, why)))
        }
        AttemptEnd::Failed(Failure { kind, message, retry_after }) => {
            let result = match kind {
                FailureKind::Errored => AttemptResult::Errored,
                FailureKind::Panicked => AttemptResult::Panicked,
                FailureKind::TimedOut => AttemptResult::TimedOut,
            };
            let after = Progress { attempts_used: used, ..progress };
            try_again(after, at, Some((result, message)), retry_after, context)
        }
        AttemptEnd::Lost => {
            let crashes = progress.crashes.saturating_add(1);
            let message = "its process vanished while the function ran".to_owned();
            let after = Progress { attempts_used: used, crashes, ..progress };
            after_loss(after, at, Some((AttemptResult::Lost, message)), context)
        }
    }
}

/// An attempt that was recorded as timed out has come back. Its result does not count any more; only its slot is free.
fn ended_late(progress: Progress, at: DateTime<Utc>, end: &AttemptEnd, context: &RetryContext) -> Transition {
    match end {
        AttemptEnd::Succeeded
        | AttemptEnd::Failed(_)
        | AttemptEnd::Discarded { .. }
        | AttemptEnd::Interrupted { .. } => try_again(progress, at, None, None, context),
        AttemptEnd::Cancelled { .. } => moved(Progress { state: RunState::Cancelled, ..progress }, None),
        AttemptEnd::Lost => {
            let crashes = progress.crashes.saturating_add(1);
            after_loss(Progress { crashes, ..progress }, at, None, context)
        }
    }
}

/// The process of the attempt is gone.
fn after_loss(
    progress: Progress,
    at: DateTime<Utc>,
    record: Option<(AttemptResult, String)>,
    context: &RetryContext,
) -> Transition {
    if context.is_quarantined {
        return moved(Progress { state: RunState::Quarantined, ..progress }, record);
    }
    try_again(progress, at, record, None, context)
}

/// Decides between the next attempt and the end.
fn try_again(
    progress: Progress,
    at: DateTime<Utc>,
    record: Option<(AttemptResult, String)>,
    retry_after: Option<Duration>,
    context: &RetryContext,
) -> Transition {
    if progress.attempts_used > context.retry.retries {
        return moved(Progress { state: RunState::Failed, ..progress }, record);
    }
    let delay = retry_after.unwrap_or_else(|| context.retry.delay_after(context.run, progress.attempts_used));
    let wake = TimeDelta::from_std(delay).ok().and_then(|delay| at.checked_add_signed(delay));
    let wake = wake.unwrap_or(DateTime::<Utc>::MAX_UTC);
    let yields = context.overlap == Overlap::Skip && !context.retry.past_next;
    if yields && context.next_tick.is_some_and(|next| wake >= next) {
        let failed = moved(Progress { state: RunState::Failed, ..progress }, record);
        return Transition { gave_way: true, ..failed };
    }
    moved(Progress { state: RunState::Waiting { wake }, ..progress }, record)
}

#[cfg(test)]
mod tests {
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
            kind.prop_map(|kind| AttemptEnd::Failed(Failure {
                kind,
                message: String::new(),
                retry_after: None
            })),
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
}
