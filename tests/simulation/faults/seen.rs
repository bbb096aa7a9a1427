//! What the books learn of an answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::run::{Origin, RunId};
use cron_runtime::core::schedule::Schedule;
use cron_runtime::store::{
    Claimed, Command, Done, JobInfo, JobQuery, JudgeRequest, Judged, Rewinds, Settled, Settlement, Target,
};

use super::Desk;

fn sound(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(what()) }
}

/// When a process judged last, and how often since at that instant without anything to show for it.
#[derive(Debug, Default)]
pub(super) struct InVain(Mutex<(DateTime<Utc>, u32)>);

impl Desk {
    pub(super) fn saw_settled(&self, told: &[Settlement], settled: &[Settled]) -> Result<(), String> {
        let now = self.history.now();
        let model = &mut self.history.records().model;
        told.iter().for_each(|told| model.knows(told.claim.run, told.at));
        told.iter().zip(settled).try_for_each(|(told, settled)| model.settled(told, settled, now))
    }

    /// What is due now is judged, and is not due again at the same instant: an engine would do nothing else any more.
    ///
    /// # Panics
    ///
    /// If it is: time does not go on, so that nobody would ask whether the world has broken the contract.
    fn saw_progress(&self, judged: &Judged, now: DateTime<Utc>) {
        let is_in_vain = judged.claimed.is_empty()
            && judged.skipped.is_empty()
            && judged.evicted.is_empty()
            && !judged.more
            && judged.next.is_some_and(|next| next <= now);
        let mut in_vain = self.in_vain.0.lock().expect("nobody panics with it");
        let before = if in_vain.0 == now { in_vain.1 } else { 0 };
        *in_vain = (now, if is_in_vain { before + 1 } else { 0 });
        assert!(in_vain.1 < 100, "judged again and again at {now}, next {:?}", judged.next);
    }

    pub(super) fn saw_both(
        &self,
        told: &[Settlement],
        settled: &[Settled],
        (judged, request): (&Judged, JudgeRequest),
    ) -> Result<(), String> {
        self.saw_settled(told, settled)?;
        self.saw_judged(judged, request)
    }

    pub(super) fn saw_judged(&self, judged: &Judged, request: JudgeRequest) -> Result<(), String> {
        let lease_until = request.lease_until;
        self.saw_progress(judged, request.now);
        let now = self.history.now();
        for claimed in judged.claimed.iter().filter(|claimed| claimed.origin == Origin::Clock) {
            self.saw_beside(claimed)?;
        }
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

    /// A run beside the ticks stands for an instant whose tick has its verdict.
    fn saw_beside(&self, claimed: &Claimed) -> Result<(), String> {
        let job = self.inner.job(claimed.plan.name.as_str()).expect("readable").expect("a known job");
        let instant = claimed.nominal;
        let schedule = job.plan.schedule.as_ref().map(|schedule| schedule.anchored(job.since));
        // Its job may have been edited since it was told to wait, or its mark set back by hours.
        let is_one = job.since != job.registered
            || schedule.is_some_and(|one| one.goes_on() && (one.is_delay() || one.matches(instant)));
        let is_before = instant <= job.mark
            || self.history.records().model.ever_set_back.contains(claimed.plan.name.as_str());
        sound(is_one && is_before, || format!("a run beside the ticks at {instant}, and the job is {job:?}"))
    }

    /// A process has looked at its clock: no job that runs at intervals is silent from now on, and what is told is so.
    pub(super) fn saw_set_back(
        &self,
        now: DateTime<Utc>,
        rewinds: &Rewinds,
        ever_set_back: &BTreeSet<String>,
    ) -> Result<(), String> {
        let (mut waiting, mut goes_on, mut until) = (0, 0, None);
        let jobs = self.inner.jobs(&JobQuery::default()).expect("readable");
        // Nothing tells from when on such a schedule counts once its job was set back.
        let is_unknown = |job: &JobInfo| {
            ever_set_back.contains(job.plan.name.as_str())
                && job.plan.schedule.as_ref().is_some_and(Schedule::needs_registration)
        };
        let knows_all = !jobs.iter().any(is_unknown);
        for job in jobs {
            let by = job.mark - now;
            let is_free = job.paused.is_none() && job.hold.is_none();
            let schedule = job.plan.schedule.as_ref().map(|schedule| schedule.anchored(job.since));
            let Some(schedule) = schedule.filter(|_| is_free) else { continue };
            // Nearly the same mark as that of the clock is no matter.
            if by <= TimeDelta::seconds(10) || by > TimeDelta::hours(3) {
                continue;
            }
            let Some(next) = schedule.next_after(now).filter(|next| *next <= job.mark) else { continue };
            until = until.max(Some(job.mark));
            let (interval, fixed) = (u64::from(schedule.goes_on()), u64::from(!schedule.goes_on()));
            (goes_on, waiting) = (goes_on + interval, waiting + fixed);
            let is_held = schedule.is_delay() && job.active > 0;
            if interval == 0 || is_held {
                continue;
            }
            // Another process may have come a few seconds further.
            let next = schedule.next_after(now + TimeDelta::seconds(11)).unwrap_or(next).max(next);
            // How long the start of a tick is put off depends on its instant, and that of a delay is not on a grid.
            let put_off = || TimeDelta::from_std(job.plan.jitter.unwrap_or_default()).expect("a short span");
            let latest = match schedule.is_delay() {
                true => next + put_off(),
                false => job.plan.jitter().start_of(&schedule, next),
            };
            sound(job.due.is_some_and(|due| due <= latest) || next > job.mark, || {
                format!("at {now} `{}` is silent: {job:?}", job.plan.name)
            })?;
        }
        let told = rewinds.ahead.as_ref().map(|ahead| (ahead.waiting, ahead.goes_on, ahead.until));
        sound(!knows_all || told == until.map(|until| (waiting, goes_on, until)), || {
            format!(
                "at {now} {waiting} jobs wait and {goes_on} go on up to {until:?}, and it is told {:?}",
                rewinds.ahead
            )
        })
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
