//! While the store fails: nothing is claimed, results wait, and everything goes on by itself when the store is back.

use std::collections::BTreeSet;
use std::time::Duration;

use cron_core::problem::ProblemKind;

use super::Engine;
use super::shutdown::{Ended, Stage};
use crate::clock::Moment;
use crate::store::{FileNow, Store, StoreError};

/// While the store fails it is tried again after this long.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A call to the store that takes longer is told.
const SLOW: Duration = Duration::from_secs(1);

/// While anything runs the engine looks so often whether the file of the store is still there.
const LOOK: Duration = Duration::from_secs(5);

/// What the engine asks of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Judge,
    Hear,
    Settle,
    Note,
    Renew,
    Reap,
    TakeBack,
    SetBack,
}

impl Verb {
    const fn failure(self) -> &'static str {
        match self {
            Self::Judge => "ticks could not be judged, nothing was started",
            Self::Hear => "who asked for what could not be read",
            Self::Settle => "results could not be written, they are kept",
            Self::Note => "what runs say of themselves could not be written, it is kept",
            Self::Renew => "leases could not be renewed",
            Self::Reap => "the runs of other processes could not be read",
            Self::TakeBack => "runs that were never started could not be given back",
            Self::SetBack => "high-water marks could not be set back",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Judge | Self::Hear => "judging",
            Self::Settle => "writing results",
            Self::Note => "writing what runs say of themselves",
            Self::Renew => "renewing leases",
            Self::Reap => "looking after other processes",
            Self::TakeBack => "giving runs back",
            Self::SetBack => "setting marks back",
        }
    }
}

/// How the store is.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// The store is asked for nothing before this moment of the monotonic clock.
    pub(super) rests_until: Option<Duration>,
    /// What has failed and not been done since. Some verbs have nothing to write and succeed on a full disk all the same.
    failing: BTreeSet<Verb>,
    /// A claim was reported as failed, so that runs may be on record as this process's that nobody executes.
    is_in_doubt: bool,
    /// When to look whether the file of the store is still there, while anything runs.
    look_at: Option<Duration>,
}

impl Engine {
    /// Asks the store, and takes the time.
    pub(super) fn ask_store<T>(
        &mut self,
        verb: Verb,
        ask: impl FnOnce(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let asked = self.executor.link.clock.moment().monotonic;
        let answer = ask(self.store.as_ref());
        if answer.is_ok() {
            self.answered(verb, asked);
        }
        answer
    }

    /// The store has done what it was asked for at `asked`, on the monotonic clock.
    pub(super) fn answered(&mut self, verb: Verb, asked: Duration) {
        let took = self.executor.link.clock.moment().monotonic.saturating_sub(asked);
        if took > SLOW {
            let what = format!("the store took {:.1} s for {}", took.as_secs_f64(), verb.name());
            self.events.problem(ProblemKind::SlowCommit, None, what);
        }
        if self.outage.failing.is_empty() {
            return;
        }
        self.outage.failing.remove(&verb);
        if verb == Verb::Settle {
            // What these had to write went with the results, or is not asked for any more.
            self.outage.failing.retain(|verb| !matches!(verb, Verb::Note | Verb::Renew | Verb::Hear));
        }
        if self.outage.failing.is_empty() {
            self.events.over(ProblemKind::StoreFailing, None);
        }
    }

    /// What was to be written about attempts in progress is not to be written any more.
    pub(super) fn nothing_in_progress(&mut self) {
        if self.outage.failing.iter().any(|verb| !matches!(verb, Verb::Note | Verb::Renew | Verb::Hear)) {
            return;
        }
        if !std::mem::take(&mut self.outage.failing).is_empty() {
            self.events.over(ProblemKind::StoreFailing, None);
        }
    }

    /// Whether runs may be on record as this process's that nobody executes.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.outage.is_in_doubt
    }

    /// Whether it has failed, and nothing has shown since that this is over.
    pub(super) fn store_fails(&self) -> bool {
        !self.outage.failing.is_empty()
    }

    /// Tells that the store has failed.
    pub(super) fn store_error(&mut self, verb: Verb, error: &StoreError) {
        self.outage.failing.insert(verb);
        self.outage.is_in_doubt |= verb == Verb::Judge;
        self.events.problem(ProblemKind::StoreFailing, None, format!("{}: {error}", verb.failure()));
        if let StoreError::FileGone { path, now: now @ FileNow::Another } = error {
            self.end_by_itself(Ended::FileGone { path: path.clone(), now: now.clone() });
        }
    }

    /// Others work on the file that is there now, and nothing of what runs here is on record in it. A new start opens that file as any other
    /// does; going on would need just that, with all that a program does before its start.
    fn end_by_itself(&mut self, why: Ended) {
        let is_first = matches!(self.shutdown.ended, Ended::Asked);
        self.shutdown.ended = why;
        if !is_first {
            return;
        }
        let what = format!("{}: the scheduler ends", self.shutdown.ended);
        self.events.problem(ProblemKind::FileReplaced, None, what);
        self.shutting_down.send_replace(true);
        for claim in self.attempts.all() {
            self.fence(claim);
        }
        let deadline = self.executor.link.clock.moment().monotonic;
        self.shutdown.is_over_by(deadline);
        match self.shutdown.stage {
            Stage::Open | Stage::Draining { .. } => self.shutdown.stage = Stage::Draining { deadline },
            Stage::Cancelling { .. } | Stage::Done => {}
        }
    }

    /// Told once, at the first step: who wants to be told listens by then.
    pub(super) fn tell_went_back(&mut self) {
        let Some(why) = self.went_back.take() else { return };
        let what = format!(
            "the record is older than what has run here before: {why}. A backup was put back, or another file; what has run since then \
             is not on record and is caught up again"
        );
        self.events.problem(ProblemKind::StoreWentBack, None, what);
    }

    /// When to look whether the file is still there.
    pub(super) fn look_deadline(&self) -> Option<Duration> {
        self.outage.look_at.filter(|_| !self.attempts.is_empty())
    }

    /// Looks whether the file is still there, while anything runs: nothing else may ask the store for something before a lease wants renewal.
    pub(super) fn look_at_file(&mut self, now: Moment) {
        if self.attempts.is_empty() {
            self.outage.look_at = None;
            return;
        }
        let look_at = *self.outage.look_at.get_or_insert(now.monotonic.saturating_add(LOOK));
        if look_at > now.monotonic || self.store_rests(now) {
            return;
        }
        self.outage.look_at = Some(now.monotonic.saturating_add(LOOK));
        if let Err(error) = self.store.still_there() {
            self.store_failed(Verb::Judge, &error, now);
        }
    }

    /// The same, and lets it rest.
    pub(super) fn store_failed(&mut self, verb: Verb, error: &StoreError, now: Moment) {
        self.outage.rests_until = Some(now.monotonic.saturating_add(TRY_AGAIN));
        self.look = true;
        self.store_error(verb, error);
    }

    pub(super) fn store_rests(&self, now: Moment) -> bool {
        self.outage.rests_until.is_some_and(|until| until > now.monotonic)
    }

    /// Gives back what is on record as claimed by this process although it was told that the claim had failed: before it is reaped as
    /// lost, which would use an attempt of a function that was never called.
    pub(super) fn take_back(&mut self, now: Moment) {
        // What the store has in hand may be a claim.
        if !self.outage.is_in_doubt || self.store_rests(now) || self.asked.is_some() {
            return;
        }
        let mut held = self.attempts.all();
        held.extend(self.pending.iter().map(super::settler::Pending::claim));
        match self.ask_store(Verb::TakeBack, |store| store.take_back(held, now.wall)) {
            Ok(taken) => {
                self.outage.is_in_doubt = false;
                self.look |= !taken.is_empty();
                // The same transaction may have taken the slot from an attempt in progress here.
                self.keeper.renew_now(now);
                self.keep_leases(now);
                for (job, run) in taken {
                    let what = format!(
                        "job `{job}`, run {run}: on record as started although the store had said that its claim failed; \
                         its function was not called, and it starts again"
                    );
                    self.events.problem(ProblemKind::Orphaned, Some(&job), what);
                }
            }
            Err(error) => self.store_failed(Verb::TakeBack, &error, now),
        }
    }
}
