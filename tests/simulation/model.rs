//! What a store has to know, from what it was told and what it has answered: the second set of books.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cron_runtime::core::job::Plan;
use cron_runtime::core::policy::Overlap;
use cron_runtime::core::run::{AttemptEnd, Epoch, RunEvent, RunId, RunState, StateWord};
use cron_runtime::store::{Claim, Claimed, Settled, Settlement};

/// For how long after it was sent a renewal is trusted by its owner.
pub(crate) const TRUST: TimeDelta = TimeDelta::seconds(25);

/// A suspect starts no sooner after another one, less what clocks and stores may differ by.
const PROBATION: TimeDelta = TimeDelta::seconds(50);

/// A job takes its process down no more often in a row.
const MOST_DEATHS: u32 = 6;

/// Why an attempt is in progress no longer, as far as the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// Its owner has said so.
    Settled,
    /// Its process was found gone. `early`: under a clock that was ahead, its owner could still trust the lease.
    Lost { early: bool },
    /// A person, or the overlap policy, has ended its run.
    Ended,
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) job: String,
    instance: u32,
    /// When it was claimed, in true time.
    began: DateTime<Utc>,
    /// When its lease was last prolonged, in true time.
    pub(crate) renewed: DateTime<Utc>,
    /// Until when, by the clock of its owner.
    lease: DateTime<Utc>,
    /// Whether its owner got the answer.
    is_known: bool,
    is_called: bool,
    pub(crate) closed: Option<(DateTime<Utc>, Close)>,
}

/// A run as the answers tell it.
#[derive(Clone, Debug)]
struct Run {
    job: String,
    state: StateWord,
    /// It may start beside others, whatever the policy says.
    is_forced: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) attempts: BTreeMap<Claim, Attempt>,
    /// Those in progress.
    open: BTreeMap<RunId, Claim>,
    /// Those that were started and have not ended.
    runs: BTreeMap<RunId, Run>,
    epochs: BTreeMap<String, Epoch>,
    /// Runs that a person has had tried again, and how often.
    pub(crate) revived: BTreeMap<RunId, u32>,
    forced: BTreeSet<RunId>,
    /// Instances whose engine is there.
    pub(crate) alive: BTreeSet<u32>,
    /// Those of them that were asked to shut down.
    pub(crate) leaving: BTreeSet<u32>,
    /// Instances whose process is gone altogether. One whose engine has ended may still be there, with its lock.
    pub(crate) gone: BTreeSet<u32>,
    /// Those of which the store knows that they took leave.
    pub(crate) has_left: BTreeSet<u32>,
    /// The latest instant that the record knew when a run was claimed, or was told to have ended: its age counts from no earlier one.
    known: BTreeMap<RunId, DateTime<Utc>>,
    /// Jobs whose mark was set back since the last check, and ever.
    pub(crate) set_back: BTreeSet<String>,
    pub(crate) ever_set_back: BTreeSet<String>,
    /// How many attempts of the group `crew` may be in progress at once.
    pub(crate) crew: Option<u32>,
    crews: BTreeSet<String>,
    /// The processes that died while a job was in progress, since a run of it has ended in a living one.
    deaths: BTreeMap<String, BTreeSet<u32>>,
    /// Jobs of which nothing may start.
    in_quarantine: BTreeSet<String>,
    /// How often jobs have taken a process down since nothing was held against them.
    taken_down: BTreeMap<String, u32>,
    /// Whether all clocks go right, and nothing but deaths goes wrong.
    pub(crate) clocks_are_right: bool,
    pub(crate) is_calm: bool,
}

type Checked = Result<(), String>;

fn sound(is_so: bool, what: impl FnOnce() -> String) -> Checked {
    if is_so { Ok(()) } else { Err(what()) }
}

impl Model {
    /// Whether a claim is the one under which its run is in progress.
    fn is_held(&self, claim: Claim) -> bool {
        self.held(claim.run) == Some(claim)
    }

    fn held(&self, run: RunId) -> Option<Claim> {
        self.open.get(&run).copied()
    }

    /// What the record knew of the time when a run was claimed, or was told to have ended.
    pub(crate) fn knows(&mut self, run: RunId, at: DateTime<Utc>) {
        let known = self.known.entry(run).or_insert(at);
        *known = at.max(*known);
    }

    /// Whether a run that has ended may be older than `age` by the record.
    pub(crate) fn may_be_old(&self, run: RunId, age: Duration, now: DateTime<Utc>) -> bool {
        let known = self.known.get(&run).copied();
        known.is_some_and(|known| (now - known).to_std().is_ok_and(|passed| passed >= age))
    }

    pub(crate) fn claimed(
        &mut self,
        instance: u32,
        claimed: &Claimed,
        lease: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Checked {
        let claim = claimed.claim;
        let job = claimed.plan.name.to_string();
        let newest = self.epochs.insert(job.clone(), claim.epoch);
        sound(newest < Some(claim.epoch), || format!("{claim:?} of `{job}` came after epoch {newest:?}"))?;
        let held = self.held(claim.run);
        sound(held.is_none(), || format!("{claim:?} was given away while {held:?} is in progress"))?;
        if claimed.plan.group.as_ref().is_some_and(|group| group.as_str() == "crew") {
            self.crews.insert(job.clone());
        }
        self.may_start(instance, claim, &job, now)?;
        let is_forced = self.forced.contains(&claim.run);
        self.runs.insert(claim.run, Run { job: job.clone(), state: StateWord::Running, is_forced });
        let attempt = Attempt {
            job,
            instance,
            began: now,
            renewed: now,
            lease,
            is_known: false,
            is_called: false,
            closed: None,
        };
        self.attempts.insert(claim, attempt);
        self.open.insert(claim.run, claim);
        self.has_room(claim, &claimed.plan)
    }

    /// Whether nothing is held against a job that forbids this start.
    fn may_start(&self, instance: u32, claim: Claim, job: &str, now: DateTime<Utc>) -> Checked {
        sound(!self.in_quarantine.contains(job), || format!("{claim:?} of `{job}`, which is in quarantine"))?;
        let is_suspect = |job: &str| self.deaths.get(job).is_some_and(|deaths| !deaths.is_empty());
        if !self.clocks_are_right || !is_suspect(job) {
            return Ok(());
        }
        let beside = self.open.values().map(|claim| &self.attempts[claim]).find(|other| {
            let is_new = other.began > now - PROBATION;
            other.instance == instance && is_new && is_suspect(&other.job)
        });
        sound(beside.is_none(), || format!("i{instance} starts the suspect `{job}` beside {beside:?}"))
    }

    /// A store says that a job is in quarantine from now on.
    pub(crate) fn quarantined(&mut self, job: &str, deaths: u32) -> Checked {
        let known = self.deaths.get(job).map_or(0, BTreeSet::len);
        self.in_quarantine.insert(job.to_owned());
        sound(known >= 3 && deaths >= 3, || {
            format!("`{job}` is in quarantine after {deaths} deaths, and it was {known}")
        })
    }

    /// A person has had a job run again.
    pub(crate) fn resumed(&mut self, job: &str) {
        self.in_quarantine.remove(job);
        self.clear(job);
    }

    fn clear(&mut self, job: &str) {
        if !self.in_quarantine.contains(job) {
            self.deaths.remove(job);
            self.taken_down.remove(job);
        }
    }

    /// A function has taken its process down.
    pub(crate) fn taken_down(&mut self, job: &str) {
        *self.taken_down.entry(job.to_owned()).or_default() += 1;
    }

    /// Where nothing but deaths goes wrong, few of them are enough: three for the job itself, and as many as other suspects may have.
    pub(crate) fn was_stopped_in_time(&self) -> Checked {
        let too_often = self.taken_down.iter().find(|(_, times)| self.is_calm && **times > MOST_DEATHS);
        sound(too_often.is_none(), || {
            format!("a job has taken its process down again and again: {too_often:?}")
        })
    }

    /// Whether no more runs are active than the policies allow.
    fn has_room(&self, claim: Claim, plan: &Plan) -> Checked {
        let holds = |run: &&Run| matches!(run.state, StateWord::Running | StateWord::Waiting);
        let active = || self.runs.values().filter(holds);
        let job = plan.name.as_str();
        let of_job = active().filter(|run| run.job == job && !run.is_forced).count();
        let most = match plan.overlap {
            Overlap::Skip | Overlap::Queue | Overlap::Cancel => 1,
            Overlap::Allow => plan.slots.max_running.map_or(usize::MAX, |most| most as usize),
        };
        sound(of_job <= most, || format!("{claim:?}: {of_job} runs of `{job}` are active, not {most}"))?;
        let Some(most) = self.crew.filter(|_| self.crews.contains(job)) else { return Ok(()) };
        let running = active().filter(|run| run.state == StateWord::Running);
        let of_crew = running.filter(|run| self.crews.contains(&run.job)).count();
        sound(of_crew <= most as usize, || format!("{claim:?}: {of_crew} attempts of the crew, not {most}"))
    }

    /// The answer of a judgement has reached its engine.
    pub(crate) fn told(&mut self, claimed: &[Claimed]) {
        for claimed in claimed {
            if let Some(attempt) = self.attempts.get_mut(&claimed.claim) {
                attempt.is_known = true;
            }
        }
    }

    pub(crate) fn called(&mut self, instance: u32, job: &str, claim: Claim, now: DateTime<Utc>) -> Checked {
        sound(self.alive.contains(&instance), || format!("i{instance} is gone and calls {claim:?}"))?;
        let Some(attempt) = self.attempts.get_mut(&claim) else {
            return Err(format!("a call of `{job}` without a verdict: {claim:?}"));
        };
        let is_its = attempt.is_known && attempt.instance == instance && attempt.job == job;
        sound(is_its, || format!("i{instance} calls {claim:?}, which is not its: {attempt:?}"))?;
        let is_again = std::mem::replace(&mut attempt.is_called, true);
        sound(!is_again, || format!("a second call for {claim:?}"))?;
        let is_over = attempt.closed.filter(|(at, _)| *at < now);
        sound(is_over.is_none(), || format!("a call for {claim:?}, which is over: {attempt:?}"))
    }

    pub(crate) fn settled(
        &mut self,
        settlement: &Settlement,
        settled: &Settled,
        now: DateTime<Utc>,
    ) -> Checked {
        let claim = settlement.claim;
        let is_held = self.is_held(claim);
        match settled {
            Settled::Fenced => {
                sound(!is_held, || format!("the result of {claim:?} was refused, and it is in progress"))
            }
            // The same result once more: the call before was reported as failed, and was not.
            Settled::Moved { .. } if self.was_settled(claim) => Ok(()),
            Settled::Moved { state, .. } => {
                sound(is_held, || format!("a late result of {claim:?} was taken: {settlement:?}"))?;
                let ends_well =
                    matches!(settlement.event, RunEvent::Ended { end: AttemptEnd::Succeeded, .. });
                sound(*state != RunState::Succeeded || ends_well, || {
                    format!("{claim:?} succeeded: {settlement:?}")
                })?;
                if let RunEvent::Ended { end: AttemptEnd::Interrupted { was_called }, .. } = settlement.event
                {
                    let is_called = self.attempts[&claim].is_called;
                    sound(was_called == is_called, || {
                        format!("{settlement:?}, and whether {claim:?} was called is {is_called}")
                    })?;
                }
                if !matches!(state, RunState::Running { .. }) {
                    let never_called = AttemptEnd::Interrupted { was_called: false };
                    let has_shown =
                        !matches!(&settlement.event, RunEvent::Ended { end, .. } if *end == never_called);
                    let job = self.attempts.get(&claim).map(|attempt| attempt.job.clone());
                    if let Some(job) = job.filter(|_| has_shown) {
                        self.clear(&job);
                    }
                    self.close(claim, *state, Close::Settled, now);
                }
                Ok(())
            }
        }
    }

    fn was_settled(&self, claim: Claim) -> bool {
        let closed = self.attempts.get(&claim).and_then(|attempt| attempt.closed);
        matches!(closed, Some((_, Close::Settled)))
    }

    /// A process has found an attempt of its own on record that it was told was not claimed.
    pub(crate) fn given_back(&mut self, run: RunId, state: RunState, now: DateTime<Utc>) -> Checked {
        let Some(claim) = self.held(run) else {
            return Err(format!("run {run} was given back and not in progress"));
        };
        let is_called = self.attempts[&claim].is_called;
        sound(!is_called, || format!("{claim:?} was given back although its function was called"))?;
        self.close(claim, state, Close::Settled, now);
        Ok(())
    }

    fn close(&mut self, claim: Claim, state: RunState, close: Close, now: DateTime<Utc>) {
        if let Some(attempt) = self.attempts.get_mut(&claim) {
            attempt.closed = Some((now, close));
        }
        self.open.remove(&claim.run);
        self.stands(claim.run, state.word());
    }

    fn stands(&mut self, run: RunId, state: StateWord) {
        if !state.is_active() {
            self.runs.remove(&run);
        } else if let Some(run) = self.runs.get_mut(&run) {
            run.state = state;
        }
    }

    pub(crate) fn renewed(
        &mut self,
        instance: u32,
        claims: &[Claim],
        fenced: &[Claim],
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Checked {
        for claim in claims {
            let is_fenced = fenced.contains(claim);
            let held = self
                .attempts
                .get_mut(claim)
                .filter(|attempt| attempt.closed.is_none() && attempt.instance == instance);
            sound(is_fenced == held.is_none(), || {
                format!("{claim:?} of i{instance}: fenced is {is_fenced}")
            })?;
            if let Some(attempt) = held {
                (attempt.lease, attempt.renewed) = (until, now);
            }
        }
        Ok(())
    }

    /// Who has an attempt of this run in progress, since when it was renewed, and whether its engine knows of it.
    pub(crate) fn holder(&self, run: RunId) -> Option<(u32, DateTime<Utc>, bool)> {
        let attempt = self.attempts.get(&self.held(run)?)?;
        self.alive.contains(&attempt.instance).then_some((
            attempt.instance,
            attempt.renewed,
            attempt.is_known,
        ))
    }

    /// Takes leave, which nobody does who was not asked to.
    pub(crate) fn leaves(&mut self, instance: u32) -> Checked {
        self.alive.remove(&instance);
        sound(self.leaving.contains(&instance), || format!("i{instance} leaves, and was not asked to"))
    }

    /// Somebody whose clock shows `wall` has found an attempt lost.
    pub(crate) fn lost(
        &mut self,
        run: RunId,
        state: RunState,
        wall: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Checked {
        let Some(claim) = self.held(run) else {
            return Err(format!("run {run} was lost and not in progress"));
        };
        let attempt = &self.attempts[&claim];
        let is_there = self.alive.contains(&attempt.instance);
        sound(!is_there || attempt.lease < wall, || format!("at {wall} {claim:?} was taken: {attempt:?}"))?;
        let early = is_there && now < attempt.renewed + TRUST;
        if self.gone.contains(&attempt.instance) && !self.has_left.contains(&attempt.instance) {
            let (job, instance) = (attempt.job.clone(), attempt.instance);
            self.deaths.entry(job).or_default().insert(instance);
        }
        self.close(claim, state, Close::Lost { early }, now);
        Ok(())
    }

    /// A person, or the overlap policy, has ended a run.
    pub(crate) fn ended(&mut self, run: RunId, now: DateTime<Utc>) {
        if let Some(claim) = self.held(run) {
            self.close(claim, RunState::Cancelled, Close::Ended, now);
        }
        self.stands(run, StateWord::Cancelled);
    }

    pub(crate) fn forced(&mut self, run: RunId) {
        self.forced.insert(run);
    }

    pub(crate) fn revived(&mut self, run: RunId) {
        *self.revived.entry(run).or_default() += 1;
    }

    pub(crate) fn is_forced(&self, run: RunId) -> bool {
        self.forced.contains(&run)
    }

    /// The runs that other instances than this one have in progress.
    pub(crate) fn of_others(&self, instance: u32) -> impl Iterator<Item = RunId> {
        let open = self.open.iter().filter(move |(_, claim)| self.attempts[claim].instance != instance);
        open.map(|(run, _)| *run)
    }
}
