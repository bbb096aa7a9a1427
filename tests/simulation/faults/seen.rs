//! What the books learn of an answer.

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::RunId;
use cron_runtime::store::{Claimed, Command, Done, Judged, Settled, Settlement, Target};

use super::Desk;

impl Desk {
    pub(super) fn saw_settled(&self, told: &[Settlement], settled: &[Settled]) -> Result<(), String> {
        let now = self.history.now();
        let model = &mut self.history.records().model;
        told.iter().for_each(|told| model.knows(told.claim.run, told.at));
        told.iter().zip(settled).try_for_each(|(told, settled)| model.settled(told, settled, now))
    }

    pub(super) fn saw_judged(&self, judged: &Judged, lease_until: DateTime<Utc>) -> Result<(), String> {
        let now = self.history.now();
        let known: Vec<_> =
            judged.claimed.iter().map(|claimed| self.known(claimed, lease_until, now)).collect();
        let model = &mut self.history.records().model;
        known.into_iter().for_each(|(run, at)| model.knows(run, at));
        judged.evicted.iter().for_each(|(_, claim, _)| model.ended(claim.run, now));
        let mut claimed = judged.claimed.iter();
        claimed.try_for_each(|claimed| model.claimed(self.instance, claimed, lease_until, now))
    }

    /// The latest instant that the record of a job knows when one of its runs is claimed: by the clock of who claims it, or by its mark.
    fn known(&self, claimed: &Claimed, wall: DateTime<Utc>, now: DateTime<Utc>) -> (RunId, DateTime<Utc>) {
        let run = claimed.claim.run;
        if now - wall < TimeDelta::hours(3) {
            return (run, wall);
        }
        let job = self.inner.job(claimed.plan.name.as_str()).expect("readable").expect("a known job");
        (run, wall.max(job.mark).max(job.suspended.unwrap_or(job.mark)))
    }

    pub(super) fn saw_done(&self, asked: &Command, done: &Done) {
        let now = self.history.now();
        let model = &mut self.history.records().model;
        match (asked, done) {
            (Command::Trigger(trigger), Done::Triggered { run, .. }) if trigger.force => model.forced(*run),
            (Command::Cancel { .. }, Done::Cancelled { ended, .. }) => {
                ended.iter().for_each(|run| model.ended(*run, now));
            }
            (Command::Resume { target: Target::Job(job) }, Done::Resumed { .. }) => {
                model.resumed(job.as_str());
            }
            (Command::Retry { .. }, Done::Retried { runs }) => {
                runs.iter().for_each(|run| model.revived(*run));
            }
            _ => {}
        }
    }

    /// A judgement may have asked attempts of others to stop.
    pub(super) fn ring_if_asked(&self, before: &[(RunId, bool)]) {
        if self.doorbell.is_of_memory() && before != self.asked_of_others() {
            self.doorbell.ring();
        }
    }

    /// Which attempts of other processes were asked to stop, or ended: a store with a doorbell rings when that changes.
    pub(super) fn asked_of_others(&self) -> Vec<(RunId, bool)> {
        if !self.doorbell.is_of_memory() {
            return Vec::new();
        }
        let runs: Vec<_> = self.history.records().model.of_others(self.instance).collect();
        let asked =
            |run: RunId| self.inner.run(run).ok().flatten().is_some_and(|(run, _)| run.asked.is_some());
        runs.into_iter().map(|run| (run, asked(run))).collect()
    }
}
