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
mod tests;
