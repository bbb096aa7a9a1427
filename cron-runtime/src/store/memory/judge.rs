//! Judging and claiming.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Label};
use cron_core::judge::{Docket, Judgement, Verdict, has_waited_long, is_late, judge};
use cron_core::run::{Epoch, Origin, RetryContext, RunEvent, RunId, RunState, SkipReason, transition};

use super::super::types::note_handler;
use super::super::{Claim, Claimed, JudgeRequest, Judged, MAX_WAITING, StoreError, WaitingRun};
use super::book::{Book, Desk, Job};
use super::sync::is_linked;

/// Why a run is ended under `overlap = "cancel"`.
const REPLACED: &str = "overlap = \"cancel\": a newer run takes the slot";

/// One judgement in the making.
pub(super) struct Session {
    pub(super) request: JudgeRequest,
    /// The program that starts what is claimed.
    build: u32,
    pub(super) judged: Judged,
    /// Groups that were found to have no room.
    full: BTreeSet<Label>,
    /// When the next run of a suspect may start.
    suspects: Option<DateTime<Utc>>,
}

impl Book {
    pub(super) fn judge(&mut self, desk: &Desk, request: JudgeRequest) -> Result<Judged, StoreError> {
        let (judged, build) = (Judged::default(), desk.build);
        let mut session = Session { request, build, judged, full: BTreeSet::new(), suspects: None };
        let mut looked_at = 0;
        for run in self.waking(desk, request.now) {
            let group = self.known(&self.runs[&run].job)?.plan.group.as_ref();
            // What finds its group full is passed over: it must not stand in the way of the others.
            if group.is_some_and(|group| session.full.contains(group)) {
                session.judged.crowded = true;
                continue;
            }
            if looked_at == request.limit {
                session.judged.more = true;
                break;
            }
            if session.judged.claimed.len() >= request.room {
                session.judged.crowded = true;
                break;
            }
            looked_at += usize::from(self.start_if_room(run, &mut session)?);
        }
        let due = self.due(desk, request.now);
        let room = request.limit - looked_at;
        for name in due.iter().take(room) {
            self.judge_job(name, &mut session)?;
        }
        session.judged.more |= due.len() > room;
        session.suspects = self.start_suspects(desk, &mut session)?;
        session.judged.asked = self.asked(&request);
        session.judged.next = self.next(desk, &session);
        Ok(session.judged)
    }

    /// The attempts of this process that are to stop.
    fn asked(&self, request: &JudgeRequest) -> Vec<(Claim, String)> {
        let mine = self.runs.active().filter(|(_, run)| {
            run.owner == Some(request.owner) && matches!(run.progress.state, RunState::Running { .. })
        });
        mine.filter_map(|(id, run)| {
            let (_, why) = run.rare.asked.as_ref()?;
            Some((Claim { run: id, epoch: run.epoch }, why.clone()))
        })
        .collect()
    }

    /// Runs of linked jobs whose time to start has come: the most important first, of these the longest waiting.
    fn waking(&self, desk: &Desk, now: DateTime<Utc>) -> Vec<RunId> {
        let mut waking = Vec::new();
        for (id, run) in self.runs.active() {
            let Some(wake) = run.progress.state.wake().filter(|wake| *wake <= now) else { continue };
            // Those have their turn after the others.
            if self.is_suspect(&run.job) {
                continue;
            }
            if let Some(job) = self.jobs.get(&run.job).filter(|job| is_linked(desk, job)) {
                waking.push((Reverse(job.plan.priority), wake, id));
            }
        }
        waking.sort_unstable();
        waking.into_iter().map(|(.., id)| id).collect()
    }

    /// Of those the ones that have waited for too long, the longest waiting first.
    pub(super) fn waiting(&self, desk: &Desk, now: DateTime<Utc>) -> Vec<WaitingRun> {
        let waiting = self.waking(desk, now).into_iter().filter_map(|id| {
            let run = self.runs.get(&id)?;
            Some(WaitingRun { job: run.job.clone(), run: id, since: run.progress.state.wake()? })
        });
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_by_key(|waiting| (waiting.since, waiting.run));
        waiting.truncate(MAX_WAITING);
        waiting.retain(|WaitingRun { job, since, .. }| {
            has_waited_long(self.jobs.get(job).and_then(Job::schedule), *since, now)
        });
        waiting
    }

    fn due(&self, desk: &Desk, now: DateTime<Utc>) -> Vec<JobName> {
        let linked = self.jobs.values().filter(|job| is_linked(desk, job));
        let mut due: Vec<_> = linked
            .filter_map(|job| Some((job.due?, Reverse(job.plan.priority), job.id, &job.plan.name)))
            .collect();
        due.retain(|(due, ..)| *due <= now);
        due.sort_unstable();
        due.into_iter().map(|(.., name)| name.clone()).collect()
    }

    /// The next instant at which a linked job or a waiting run is due.
    fn next(&self, desk: &Desk, session: &Session) -> Option<DateTime<Utc>> {
        let jobs = self.jobs.values().filter(|job| is_linked(desk, job)).filter_map(|job| job.due);
        let runs = self
            .runs
            .active()
            .filter(|(_, run)| self.jobs.get(&run.job).is_some_and(|job| is_linked(desk, job)))
            .filter(|(_, run)| !self.is_suspect(&run.job));
        let (crowded, now) = (session.judged.crowded, session.request.now);
        let wakes = runs.filter_map(|(_, run)| run.progress.state.wake());
        jobs.chain(wakes.filter(|wake| !crowded || *wake > now)).chain(session.suspects).min()
    }

    fn judge_job(&mut self, name: &JobName, session: &mut Session) -> Result<(), StoreError> {
        let now = session.request.now;
        let active = self.active(name);
        let waiting = self.parked(name, false).len();
        let job = self.known(name)?;
        let plan = Arc::clone(&job.plan);
        let kept = job.kept(Some(now));
        let docket = Docket {
            schedule: job.schedule(),
            catch_up: plan.catch_up,
            overlap: plan.overlap,
            slots: plan.slots,
            jitter: plan.jitter(),
            place: job.place,
            paused: self.pause(job).is_some(),
            active: &active,
            waiting,
            kept: &kept,
        };
        let Judgement { evict, ask, verdicts, place, due } = judge(&docket, now);
        let job = self.known_mut(name)?;
        job.take_place(place);
        job.due = due;
        self.is_judging = true;
        let evicted = evict.into_iter().try_for_each(|run| self.evict(run, session));
        self.is_judging = false;
        evicted?;
        for run in ask {
            if let Some(run) = self.runs.get_mut(&run) {
                run.rare.asked = Some((now, REPLACED.to_owned()));
            }
        }
        let mut newest = None;
        for verdict in verdicts {
            match verdict {
                Verdict::Run { tick } => newest = Some(self.run_tick(name, tick, session)?),
                Verdict::Extra { nominal } => {
                    let run = self.new_run(name, nominal, Origin::Next, Some(nominal));
                    self.start_if_room(run, session)?;
                }
                Verdict::Clock { nominal, waits } => {
                    let run = self.new_run(name, nominal, Origin::Clock, (!waits).then_some(nominal));
                    if !waits {
                        self.start_if_room(run, session)?;
                    }
                }
                Verdict::Skip(mut skip) => {
                    if skip.reason == SkipReason::Overlap {
                        skip.holder = skip.holder.or(newest);
                    }
                    let job = self.known_mut(name)?;
                    job.record(skip, "");
                    note_handler(&mut session.judged.handlers, &job.plan);
                    session.judged.skipped.push((name.clone(), skip));
                }
            }
        }
        self.release(name, now)?;
        Ok(())
    }

    /// Ends a run so that another one can have its slot. What its function returns counts for nothing from now on.
    fn evict(&mut self, id: RunId, session: &mut Session) -> Result<(), StoreError> {
        let run = &self.runs[&id];
        let (job, claim) = (run.job.clone(), Claim { run: id, epoch: run.epoch });
        let event = RunEvent::Cancel { at: session.request.now, why: REPLACED.to_owned() };
        let (moved, _) = self.apply(id, event, session.request.now, None, None)?;
        note_handler(&mut session.judged.handlers, &self.known(&job)?.plan);
        session.judged.evicted.push((job, claim, moved.progress.state));
        Ok(())
    }

    fn run_tick(
        &mut self,
        name: &JobName,
        tick: DateTime<Utc>,
        session: &mut Session,
    ) -> Result<RunId, StoreError> {
        let run = self.new_run(name, tick, Origin::Tick, Some(tick));
        let ticks = &mut self.known_mut(name)?.ticks;
        if ticks.at(tick).is_some() {
            return Err(StoreError::Corrupt { what: format!("the tick {tick} of `{name}` ran already") });
        }
        ticks.set((tick, run), true);
        self.start_if_room(run, session)?;
        Ok(run)
    }

    /// Starts a run if nothing is held against its job, a worker is free and its group has room; otherwise it stays scheduled. Says
    /// whether it started.
    fn start_if_room(&mut self, id: RunId, session: &mut Session) -> Result<bool, StoreError> {
        if self.is_suspect(&self.runs[&id].job) { Ok(false) } else { self.start(id, session) }
    }

    /// The same whatever is held against its job.
    pub(super) fn start(&mut self, id: RunId, session: &mut Session) -> Result<bool, StoreError> {
        if session.judged.claimed.len() >= session.request.room {
            session.judged.crowded = true;
            return Ok(false);
        }
        let group = self.known(&self.runs[&id].job)?.plan.group.clone();
        let room = group.as_ref().and_then(|group| self.room_of(group));
        if room.is_some_and(|room| room <= 1) {
            session.full.extend(group);
        }
        if room == Some(0) {
            session.judged.crowded = true;
            return Ok(false);
        }
        let claimed = self.claim(id, session)?;
        session.judged.claimed.push(claimed);
        Ok(true)
    }

    /// How many more attempts of a group may be in progress; `None` is no bound.
    fn room_of(&self, group: &Label) -> Option<usize> {
        let limit = self.groups.get(group)?.max_running?;
        let in_group =
            |name: &JobName| self.jobs.get(name).is_some_and(|job| job.plan.group.as_ref() == Some(group));
        let running = self
            .runs
            .active()
            .filter(|(_, run)| matches!(run.progress.state, RunState::Running { .. }) && in_group(&run.job));
        Some((limit as usize).saturating_sub(running.count()))
    }

    /// Starts an attempt of a run under the next epoch of its job.
    fn claim(&mut self, id: RunId, session: &Session) -> Result<Claimed, StoreError> {
        let Session { request, build, .. } = session;
        let missing = || StoreError::Corrupt { what: format!("run {id} has no job") };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        let job = self.jobs.get_mut(&run.job).ok_or_else(missing)?;
        let context = RetryContext {
            run: id,
            retry: job.plan.retry,
            overlap: job.plan.overlap,
            next_tick: None,
            is_quarantined: false,
        };
        let moved = transition(run.progress, RunEvent::Start, &context)
            .map_err(|illegal| StoreError::Illegal { run: id.0, illegal })?;
        let is_first = job.schedule().filter(|_| run.origin == Origin::Tick && run.epoch == Epoch(0));
        let is_late = is_first.is_some_and(|schedule| {
            is_late(job.plan.catch_up, schedule, job.plan.jitter(), run.nominal, request.now)
        });
        job.epoch = Epoch(job.epoch.0 + 1);
        // It was not final before, and is not now.
        run.progress = moved.progress;
        run.epoch = job.epoch;
        run.owner = Some(request.owner);
        run.lease = Some(request.lease_until);
        run.build = *build;
        run.started = Some(request.now);
        run.duration = None;
        if let Some(rare) = run.rare.present() {
            rare.how_far = None;
        }
        Ok(Claimed {
            claim: Claim { run: id, epoch: run.epoch },
            plan: Arc::clone(&job.plan),
            nominal: run.nominal,
            origin: run.origin,
            attempt: run.progress.attempt(),
            args: run.rare.args.of(&job.plan),
            is_late,
        })
    }
}
