//! What becomes of a run when its attempt ends. Stores ask here, and so does whoever foretells what they will do.

use chrono::{DateTime, Utc};

use super::{Hold, next_tick};
use crate::policy::{Overlap, Retry};
use crate::run::{
    IllegalTransition, Origin, Progress, RetryContext, RunEvent, RunId, Transition, transition,
};
use crate::schedule::Schedule;

/// A run to which something happens, with what its job says about a retry.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The run.
    pub run: RunId,
    /// Why it exists.
    pub origin: Origin,
    /// Where it stands.
    pub progress: Progress,
    /// The job's retry policy.
    pub retry: Retry,
    /// The job's overlap policy.
    pub overlap: Overlap,
    /// The job's schedule, anchored.
    pub schedule: Option<&'a Schedule>,
    /// When the job runs next, as a run has said.
    pub hold: Option<Hold>,
    /// Whether its ticks are paused. It counts only where [`may_give_way`] says so.
    pub is_paused: bool,
    /// Whether the job is in quarantine, since before or by the death of this attempt's process. It counts only for a lost attempt.
    pub is_quarantined: bool,
}

/// Whether a retry may give way to a tick at all. For most ends it cannot, and a store need not look up whether the job is paused.
#[must_use]
pub fn may_give_way(retry: Retry, overlap: Overlap, origin: Origin) -> bool {
    retry.retries > 0 && !retry.past_next && overlap == Overlap::Skip && origin != Origin::Backfill
}

impl Ending<'_> {
    /// Applies `event` at `at`.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] if the event cannot happen to the run.
    pub fn after(&self, event: RunEvent, at: DateTime<Utc>) -> Result<Transition, IllegalTransition> {
        let Self { run, retry, overlap, is_quarantined, .. } = *self;
        let context = RetryContext { run, retry, overlap, next_tick: self.next_start(at), is_quarantined };
        transition(self.progress, event, &context)
    }

    /// Ends the attempt in progress, whose process is gone. `asked` says why it was to stop, if it was.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] if no attempt is in progress.
    pub fn lost(&self, asked: Option<&str>, at: DateTime<Utc>) -> Result<Transition, IllegalTransition> {
        self.after(RunEvent::lost(asked, at), at)
    }

    /// The tick that a retry may have to give way to: one that will be judged, and that is no other business than the run's own.
    fn next_start(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_paused || !may_give_way(self.retry, self.overlap, self.origin) {
            return None;
        }
        match self.hold {
            Some(hold) => hold.until,
            // While the run is active, a fixed delay has no next tick.
            None => next_tick(self.schedule?, at, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunState, Stage, StateWord};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn ending(schedule: &Schedule) -> Ending<'_> {
        let state = RunState::Running { stage: Stage::InTime };
        Ending {
            run: RunId(1),
            origin: Origin::Tick,
            progress: Progress { state, attempts_used: 0, crashes: 0 },
            retry: Retry { retries: 3, ..Retry::DEFAULT },
            overlap: Overlap::Skip,
            schedule: Some(schedule),
            hold: None,
            is_paused: false,
            is_quarantined: false,
        }
    }

    fn lost(ending: &Ending<'_>) -> StateWord {
        ending.lost(None, at(1)).expect("an attempt is in progress").progress.state.word()
    }

    #[test]
    fn only_a_tick_that_will_be_judged_takes_the_place_of_a_retry() {
        let every = Schedule::every("2s", None).expect("a schedule");
        let ending = ending(&every);
        assert_eq!(lost(&ending), StateWord::Failed);
        assert_eq!(lost(&Ending { is_paused: true, ..ending }), StateWord::Waiting);
        assert_eq!(lost(&Ending { origin: Origin::Backfill, ..ending }), StateWord::Waiting);
        assert_eq!(lost(&Ending { overlap: Overlap::Queue, ..ending }), StateWord::Waiting);
        let past_next = Retry { past_next: true, ..ending.retry };
        assert_eq!(lost(&Ending { retry: past_next, ..ending }), StateWord::Waiting);
        let never = Some(Hold { until: None, by: RunId(1) });
        assert_eq!(lost(&Ending { hold: never, ..ending }), StateWord::Waiting);
        let soon = Some(Hold { until: Some(at(2)), by: RunId(1) });
        assert_eq!(lost(&Ending { hold: soon, ..ending }), StateWord::Failed);
    }

    #[test]
    fn a_fixed_delay_has_no_tick_that_could_take_the_place_of_a_retry() {
        let delay = Schedule::every_after_finish("2s").expect("a schedule");
        assert_eq!(lost(&ending(&delay)), StateWord::Waiting);
    }

    #[test]
    fn an_attempt_that_was_to_stop_has_stopped() {
        let every = Schedule::every("2s", None).expect("a schedule");
        let moved = ending(&every).lost(Some("enough"), at(1)).expect("an attempt is in progress");
        assert_eq!(moved.progress.state, RunState::Cancelled);
        assert_eq!(moved.record.expect("a record").message, "enough");
    }
}
