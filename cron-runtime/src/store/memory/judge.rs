//! Judging and claiming.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::{Docket, Verdict, judge};
use cron_core::run::{Epoch, Origin, RetryContext, RunEvent, RunId, RunState, transition};

use super::super::{Claim, Claimed, JudgeRequest, Judged, StoreError};
use super::book::{Book, Desk};

impl Book {
    pub(super) fn judge(&mut self, desk: &Desk, request: JudgeRequest) -> Result<Judged, StoreError> {
        let mut judged = Judged::default();
        let waking = self.waking(desk, request.now);
        let due = self.due(desk, request.now);
        judged.more = waking.len() + due.len() > request.limit;
        for run in waking.iter().take(request.limit) {
            judged.claimed.push(self.claim(*run, &request)?);
        }
        for name in due.iter().take(request.limit.saturating_sub(waking.len())) {
            self.judge_job(name, &request, &mut judged)?;
        }
        judged.next = self.next(desk);
        Ok(judged)
    }

    /// Runs of linked jobs whose time to start has come, the longest waiting first.
    fn waking(&self, desk: &Desk, now: DateTime<Utc>) -> Vec<RunId> {
        let mut waking: Vec<_> = self
            .runs
            .iter()
            .filter(|(_, run)| desk.linked.contains(&run.job))
            .filter_map(|(id, run)| wake(&run.progress.state).map(|wake| (wake, *id)))
            .filter(|(wake, _)| *wake <= now)
            .collect();
        waking.sort_unstable();
        waking.into_iter().map(|(_, id)| id).collect()
    }

    fn due(&self, desk: &Desk, now: DateTime<Utc>) -> Vec<JobName> {
        let linked = self.jobs.iter().filter(|(name, _)| desk.linked.contains(*name));
        let mut due: Vec<_> = linked.filter_map(|(name, job)| Some((job.due?, job.id, name))).collect();
        due.retain(|(due, ..)| *due <= now);
        due.sort_unstable();
        due.into_iter().map(|(.., name)| name.clone()).collect()
    }

    /// The next instant at which a linked job or a waiting run is due.
    fn next(&self, desk: &Desk) -> Option<DateTime<Utc>> {
        let jobs =
            self.jobs.iter().filter(|(name, _)| desk.linked.contains(*name)).filter_map(|(_, job)| job.due);
        let runs = self.runs.values().filter(|run| desk.linked.contains(&run.job));
        jobs.chain(runs.filter_map(|run| wake(&run.progress.state))).min()
    }

    fn judge_job(
        &mut self,
        name: &JobName,
        request: &JudgeRequest,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        let holder = self.holder(name);
        let Some(job) = self.jobs.get_mut(name) else { return Ok(()) };
        let Some(schedule) = job.schedule() else { return Ok(()) };
        let docket = Docket {
            schedule,
            catch_up: job.plan.catch_up,
            overlap: job.plan.overlap,
            mark: job.mark,
            paused: job.paused.is_some(),
            holder,
        };
        let judgement = judge(&docket, request.now);
        job.mark = judgement.mark;
        job.due = judgement.due;
        let mut latest_run = None;
        for verdict in judgement.verdicts {
            match verdict {
                Verdict::Run { tick } => {
                    let run = self.new_run(name, tick, Origin::Tick);
                    latest_run = Some(run);
                    if let Some(job) = self.jobs.get_mut(name)
                        && job.ticks.insert(tick, run).is_some()
                    {
                        return Err(StoreError::Corrupt {
                            what: format!("the tick {tick} of `{name}` ran already"),
                        });
                    }
                    judged.claimed.push(self.claim(run, request)?);
                }
                Verdict::Skip(mut skip) => {
                    if skip.reason == cron_core::run::SkipReason::Overlap {
                        skip.holder = skip.holder.or(latest_run);
                    }
                    if let Some(job) = self.jobs.get_mut(name) {
                        job.record(skip, "");
                    }
                    judged.skipped.push((name.clone(), skip));
                }
            }
        }
        Ok(())
    }

    /// Starts an attempt of a run under the next epoch of its job.
    fn claim(&mut self, id: RunId, request: &JudgeRequest) -> Result<Claimed, StoreError> {
        let missing = || StoreError::Corrupt { what: format!("run {id} has no job") };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        let job = self.jobs.get_mut(&run.job).ok_or_else(missing)?;
        let context =
            RetryContext { run: id, retry: job.plan.retry, overlap: job.plan.overlap, next_tick: None };
        let moved = transition(run.progress, RunEvent::Start, &context)
            .map_err(|illegal| StoreError::Illegal { run: id.0, illegal })?;
        job.epoch = Epoch(job.epoch.0 + 1);
        run.progress = moved.progress;
        run.epoch = job.epoch;
        run.owner = Some(request.owner);
        run.lease = Some(request.lease_until);
        run.started = Some(request.now);
        run.duration = None;
        Ok(Claimed {
            claim: Claim { run: id, epoch: run.epoch },
            job: run.job.clone(),
            nominal: run.nominal,
            origin: run.origin,
            attempt: run.progress.attempt(),
        })
    }
}

/// When a run that nobody is working on wants to start.
fn wake(state: &RunState) -> Option<DateTime<Utc>> {
    match state {
        RunState::Scheduled { wake } | RunState::Waiting { wake } => Some(*wake),
        RunState::Running { .. }
        | RunState::Succeeded
        | RunState::Failed
        | RunState::Discarded
        | RunState::Cancelled
        | RunState::Quarantined => None,
    }
}
