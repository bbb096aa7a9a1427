//! Keeps the leases of the attempts in progress, and stops those that cannot be trusted any more.

use std::time::Duration;

use chrono::TimeDelta;
use cron_core::problem::ProblemKind;

use super::Engine;
use super::events::Event;
use super::outage::Verb;
use super::running::Stop;
use super::settler::Pending;
use crate::clock::Moment;
use crate::store::Claim;

/// How long a lease lasts, in the store's time.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Between two renewals.
const RENEW: Duration = Duration::from_secs(10);
/// How long after the request a renewal is trusted here: less than the lease, so that the attempt is stopped before anybody
/// else may take it.
pub(super) const TRUST: Duration = Duration::from_secs(25);
/// A renewal that comes later than this after the one before is told: it was close.
const CLOSE: Duration = Duration::from_secs(15);

/// When leases were renewed and are to be renewed, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    renewed: Duration,
    due: Option<Duration>,
}

impl Keeper {
    /// An attempt was claimed: its lease will want renewal.
    pub(super) fn claimed(&mut self, now: Moment) {
        self.due.get_or_insert(now.monotonic.saturating_add(RENEW));
    }

    /// Whatever is running is renewed in this step.
    pub(super) fn renew_now(&mut self, now: Moment) {
        if let Some(due) = &mut self.due {
            *due = (*due).min(now.monotonic);
        }
    }

    /// Nothing is in progress: the next attempt says when its lease wants renewal.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.due
    }
}

impl Engine {
    /// Renews what is due. Nothing is written while nothing runs.
    pub(super) fn keep_leases(&mut self, now: Moment) {
        if self.keeper.due.is_none_or(|due| due > now.monotonic) {
            return;
        }
        if self.attempts.is_empty() && self.pending.is_empty() {
            self.keeper.rest();
            return self.nothing_in_progress();
        }
        self.stop_untrusted(now);
        self.probe(now);
        self.keeper.due = Some(now.monotonic.saturating_add(RENEW));
        let claims = self.claims();
        match self.ask_store(Verb::Renew, |store| store.renew(claims, now.wall + LEASE)) {
            Ok(fenced) => {
                self.tell_close(now);
                self.keeper.renewed = now.monotonic;
                for claim in fenced {
                    // It may have been settled in this same step.
                    self.fence(claim);
                }
            }
            Err(error) => {
                self.keeper.due = Some(now.monotonic.saturating_add(Duration::from_secs(1)));
                self.store_error(Verb::Renew, &error);
                // The call may have taken its time.
                self.stop_untrusted(self.executor.link.clock.moment());
            }
        }
    }

    /// What is running, and what has ended and waits for the store.
    fn claims(&self) -> Vec<Claim> {
        let mut claims = self.attempts.claims();
        claims.extend(self.pending.iter().map(Pending::claim));
        claims
    }

    /// Tells if the leases that were just renewed had been close to their end.
    fn tell_close(&self, now: Moment) {
        let renewed = self.keeper.renewed;
        let age = |claimed: Moment| now.monotonic.saturating_sub(claimed.monotonic.max(renewed));
        let oldest = self.attempts.iter().map(|running| age(running.claimed)).max().unwrap_or_default();
        if oldest > CLOSE {
            let what = format!(
                "leases were renewed {:.1} s after the last time; after {} s their attempts are stopped",
                oldest.as_secs_f64(),
                TRUST.as_secs()
            );
            self.events.problem(ProblemKind::LeaseMargin, None, what);
        }
    }

    fn stop_untrusted(&mut self, now: Moment) {
        let renewed = self.keeper.renewed;
        let is_untrusted =
            |claimed: Moment| claimed.monotonic.max(renewed).saturating_add(TRUST) <= now.monotonic;
        let untrusted = self.attempts.iter().filter(|running| is_untrusted(running.claimed));
        let untrusted: Vec<_> = untrusted.map(|running| running.attempt.claim).collect();
        untrusted.into_iter().for_each(|claim| self.fence(claim));
    }

    /// Stops an attempt that is no longer this process's.
    pub(super) fn fence(&mut self, claim: Claim) {
        let Some(running) = self.attempts.get(claim) else { return };
        if running.counts() && running.stop != Some(Stop::Fenced) {
            let job = running.attempt.plan.name.clone();
            tracing::warn!(job = %job, run = claim.run.0, "stopped: the attempt is no longer this process's");
            self.events.tell(|| Event::LeaseLost { job, run: claim.run });
        }
        self.attempts.stop(claim, Stop::Fenced);
    }
}
