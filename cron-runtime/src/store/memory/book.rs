//! What the memory store keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::{JobName, Label, Plan};
use cron_core::judge::{Active, Block, Kept, Place, Skip, close, is_gap, next_due, take_back};
use cron_core::policy::{Overlap, ended_at};
use cron_core::run::{Epoch, JobId, Origin, OwnerId, Progress, RunId, SkipReason};
use cron_core::schedule::Schedule;
use cron_core::suspect::Suspects;

use super::super::types::Given;
use super::super::{
    AttemptInfo, Executes, LogLine, PauseInfo, ProblemInfo, Progress as HowFar, SkipInfo, StoreError,
};
use super::runs::{Line, Runs};

/// The common books of all processes.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(super) jobs: BTreeMap<JobName, Job>,
    pub(super) runs: Runs,
    pub(super) groups: BTreeMap<Label, Group>,
    pub(super) owners: u64,
    /// How many programs there were, and the one of the newest process once it has said what it contains.
    pub(super) programs: u64,
    pub(super) program: Option<u64>,
    /// What each process contains.
    pub(super) programs_of: BTreeMap<OwnerId, u64>,
    /// What each process executes, where it is not all that it contains.
    pub(super) executed_by: BTreeMap<OwnerId, Executes>,
    /// The programs that have started attempts, each build by itself.
    pub(super) builds: Vec<String>,
    /// The numbers of the newest job and the newest run, also of those that were removed: no number comes twice.
    pub(super) newest_job: u64,
    pub(super) newest_run: u64,
    /// A judgement is being carried out: what it frees is given away at its end.
    pub(super) is_judging: bool,
    pub(super) problems: Vec<ProblemInfo>,
    /// Incarnations that took leave: their attempts are lost at once.
    pub(super) gone: BTreeSet<OwnerId>,
    /// Those that ended without that, which is noticed when their leases expire.
    pub(super) dead: BTreeSet<OwnerId>,
    /// Dynamic jobs that a run of theirs has asked to remove.
    pub(super) removals: BTreeMap<JobName, RunId>,
    /// Jobs that may have taken their process down.
    pub(super) suspects: Suspects<JobId>,
}

/// What one process keeps for itself.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(super) owner: Option<OwnerId>,
    /// The declared jobs of its program.
    pub(super) declared: BTreeSet<JobName>,
    /// Which of them this process executes.
    pub(super) executes: Executes,
    /// Its program, by its place among [`Book::builds`].
    pub(super) build: u32,
    /// Where the last call to prune ended.
    pub(super) pruned_until: Option<JobName>,
}

/// What is known of a group beside its jobs.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) max_running: Option<u32>,
    pub(super) paused: Option<PauseInfo>,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) plan: Arc<Plan>,
    pub(super) registered: DateTime<Utc>,
    pub(super) segments: Vec<Segment>,
    pub(super) place: Place,
    pub(super) due: Option<DateTime<Utc>>,
    pub(super) epoch: Epoch,
    pub(super) paused: Option<PauseInfo>,
    /// The newest program that declared it.
    pub(super) program: u64,
    pub(super) skips: Vec<SkipInfo>,
    /// The runs that execute ticks, one for each.
    pub(super) ticks: Line,
    /// Verdicts up to here were pruned.
    pub(super) pruned: Option<DateTime<Utc>>,
    /// Skips that wait for what the clock does, and those that were judged anew.
    pub(super) suspended: Vec<Block>,
    pub(super) taken_back: Vec<Block>,
    /// The newest long stretch of skipped ticks, remembered when it is pruned.
    pub(super) gap: Option<Kept>,
    /// The earliest instant to which its mark was set back.
    pub(super) earliest: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) job: JobName,
    pub(super) nominal: DateTime<Utc>,
    pub(super) origin: Origin,
    pub(super) progress: Progress,
    pub(super) epoch: Epoch,
    pub(super) owner: Option<OwnerId>,
    pub(super) lease: Option<DateTime<Utc>>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) duration: Option<std::time::Duration>,
    /// The program of its newest attempt: its place among [`Book::builds`], counted from 1; 0 for none.
    pub(super) build: u32,
    /// It executes no tick that has its verdict by it.
    pub(super) is_beside: bool,
    pub(super) rare: Rare,
}

/// What few runs have, and those that do not have no memory for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Rare(Option<Box<Rarities>>);

#[derive(Clone, Debug)]
pub(super) struct Rarities {
    /// What its attempts do not have: why it was cancelled while none was in progress.
    pub(super) error: String,
    /// Otherwise which of its attempts has it.
    pub(super) error_of: Option<usize>,
    pub(super) attempts: Vec<AttemptInfo>,
    pub(super) args: Given,
    /// When the work of its attempt was completed in a transaction.
    pub(super) completed: Option<DateTime<Utc>>,
    /// When it was asked to stop, by whom and why.
    pub(super) asked: Option<(DateTime<Utc>, String)>,
    pub(super) how_far: Option<HowFar>,
    pub(super) log: Vec<LogLine>,
    pub(super) dismissed: Option<DateTime<Utc>>,
    /// When it ended, where nobody measured its last attempt.
    pub(super) ended: Option<DateTime<Utc>>,
    /// How many runs of its backfill may be active at once.
    pub(super) concurrency: u32,
}

static NONE: Rarities = Rarities {
    error: String::new(),
    error_of: None,
    attempts: Vec::new(),
    args: Given::OfJob,
    completed: None,
    asked: None,
    how_far: None,
    log: Vec::new(),
    dismissed: None,
    ended: None,
    concurrency: 1,
};

impl Rarities {
    /// What went wrong in the newest failed attempt; empty where nothing did.
    pub(super) fn error(&self) -> &str {
        let of_attempt = || self.attempts.get(self.error_of?).map(|attempt| attempt.message.as_str());
        if self.error.is_empty() { of_attempt().unwrap_or_default() } else { &self.error }
    }
}

impl Rare {
    /// What there is; unlike a write to a field this makes nothing.
    pub(super) fn present(&mut self) -> Option<&mut Rarities> {
        self.0.as_deref_mut()
    }
}

impl Deref for Rare {
    type Target = Rarities;

    fn deref(&self) -> &Rarities {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Rare {
    fn deref_mut(&mut self) -> &mut Rarities {
        self.0.get_or_insert_with(|| Box::new(NONE.clone()))
    }
}

impl Run {
    pub(super) fn holds_slot(&self) -> bool {
        self.progress.state.holds_slot()
    }

    pub(super) fn is_parked(&self) -> bool {
        self.progress.state.is_active() && !self.holds_slot()
    }

    /// When it ended, if it has.
    pub(super) fn ended(&self) -> DateTime<Utc> {
        ended_at(self.rare.ended, self.started, self.duration, self.nominal)
    }

    /// A dead letter that nobody has dismissed.
    pub(super) fn is_dead(&self) -> bool {
        self.progress.state.word().is_dead() && self.rare.dismissed.is_none()
    }
}

impl Job {
    /// The schedule in force, anchored.
    pub(super) fn schedule(&self) -> Option<&Schedule> {
        self.segments.last().and_then(|segment| segment.schedule.as_ref())
    }

    /// Since when the schedule is in force.
    pub(super) fn since(&self) -> DateTime<Utc> {
        self.segments.last().map_or(self.registered, |segment| segment.since)
    }

    /// Gives all ticks up to `now` their verdict and moves the mark there. Returns how many of them were of the pause.
    pub(super) fn close_until(
        &mut self,
        now: DateTime<Utc>,
        pause: Option<&PauseInfo>,
        is_active: bool,
    ) -> u64 {
        let at = pause.map(|pause| pause.at);
        let skips = self
            .schedule()
            .map(|schedule| close(schedule, self.place, &self.kept(Some(now)), at, is_active, now))
            .unwrap_or_default();
        let note = pause.map(PauseInfo::reason).unwrap_or_default();
        let mut of_the_pause = 0;
        for skip in skips {
            let is_paused = skip.reason == SkipReason::Paused;
            of_the_pause += if is_paused { skip.count } else { 0 };
            self.record(skip, if is_paused { &note } else { "" });
        }
        let hold = self.place.hold.filter(|hold| hold.until.is_none_or(|until| until > now));
        let suspended = self.place.suspended.filter(|until| *until > now);
        self.take_place(Place { hold, suspended, ..Place::at(self.place.mark.max(now)) });
        of_the_pause
    }

    /// Where it stands from now on. Where nothing is suspended any more, the clock has passed through all that was.
    pub(super) fn take_place(&mut self, place: Place) {
        let is_passed = self.place.suspended.is_some() && place.suspended.is_none();
        self.place = place;
        if is_passed {
            let suspended = std::mem::take(&mut self.suspended);
            self.taken_back.extend(take_back(suspended).taken_back);
        }
    }

    /// What keeps its verdict after the mark and begins at `until` or before.
    pub(super) fn kept(&self, until: Option<DateTime<Utc>>) -> Vec<Kept> {
        if self.place.suspended.is_none() {
            return Vec::new();
        }
        let mark = self.place.mark;
        let ran = self.ticks.iter().map(|(tick, _)| Kept { first: tick, last: tick });
        let skipped = self.skips.iter().map(|skip| Kept { first: skip.first, last: skip.last });
        let is_near = |kept: &Kept| kept.last > mark && until.is_none_or(|until| kept.first <= until);
        let mut kept: Vec<_> = ran.chain(skipped).filter(is_near).collect();
        kept.sort_by_key(|kept| kept.first);
        kept
    }

    pub(super) fn record(&mut self, skip: Skip, note: &str) {
        if is_gap(&skip, note) {
            self.gap = Some(Kept { first: skip.first, last: skip.last });
        }
        let Skip { first, last, count, reason, holder } = skip;
        let is_before = self.skips.last().is_some_and(|newest| newest.first > first);
        self.skips.push(SkipInfo { first, last, count, reason, holder, note: note.to_owned() });
        if is_before {
            // Blocks that stand since a clock was set back lie after it.
            self.skips.sort_by_key(|skip| skip.first);
        }
    }
}

impl Book {
    pub(super) fn new_owner(&mut self) -> OwnerId {
        self.owners += 1;
        self.program = None;
        OwnerId(self.owners)
    }

    pub(super) fn gone(&mut self, owner: Option<OwnerId>) {
        self.gone.extend(owner);
    }

    pub(super) fn is_suspect(&self, job: &JobName) -> bool {
        !self.suspects.is_empty() && self.jobs.get(job).is_some_and(|job| self.suspects.get(job.id).is_some())
    }

    pub(super) fn known(&self, name: &JobName) -> Result<&Job, StoreError> {
        self.jobs.get(name).ok_or_else(|| missing(name))
    }

    pub(super) fn known_mut(&mut self, name: &JobName) -> Result<&mut Job, StoreError> {
        self.jobs.get_mut(name).ok_or_else(|| missing(name))
    }

    /// The pause that counts: its own or that of its group, whichever began earlier.
    pub(super) fn pause<'a>(&'a self, job: &'a Job) -> Option<&'a PauseInfo> {
        let of_group = job.plan.group.as_ref().and_then(|group| self.groups.get(group)?.paused.as_ref());
        match (&job.paused, of_group) {
            (Some(own), Some(of_group)) if of_group.at < own.at => Some(of_group),
            (Some(own), _) => Some(own),
            (None, of_group) => of_group,
        }
    }

    /// The place of a program among those that have started attempts. One without a name has none.
    pub(super) fn build_named(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        let place = self.builds.iter().position(|known| known == name).unwrap_or_else(|| {
            self.builds.push(name.to_owned());
            self.builds.len() - 1
        });
        u32::try_from(place + 1).expect("fewer programs than that fit into memory")
    }

    /// The name of a program.
    pub(super) fn program(&self, build: u32) -> Option<String> {
        self.builds.get((build as usize).checked_sub(1)?).cloned()
    }

    /// The runs of a job, oldest first.
    pub(super) fn runs_of<'a>(&'a self, job: &'a JobName) -> impl Iterator<Item = (RunId, &'a Run)> {
        self.runs.iter().filter(move |(_, run)| run.job == *job)
    }

    /// The runs of a job whose state is not final, oldest first.
    pub(super) fn active_of(&self, job: &JobName) -> impl Iterator<Item = (RunId, &Run)> {
        self.runs.active_of(job)
    }

    /// The runs that hold a slot of a job, oldest first.
    pub(super) fn active(&self, job: &JobName) -> Vec<Active> {
        let holders = self.active_of(job).filter(|(_, run)| run.holds_slot());
        let active = holders.map(|(id, run)| Active {
            run: id,
            origin: run.origin,
            is_running: matches!(run.progress.state, cron_core::run::RunState::Running { .. }),
            asked: run.rare.asked.as_ref().map(|(at, _)| *at),
        });
        active.collect()
    }

    /// The runs that wait for the slot of a job, oldest first: of backfills, or others.
    pub(super) fn parked(&self, job: &JobName, of_backfill: bool) -> Vec<RunId> {
        let parked = self.active_of(job).filter(|(_, run)| run.is_parked());
        let wanted = parked.filter(|(_, run)| (run.origin == Origin::Backfill) == of_backfill);
        wanted.map(|(id, _)| id).collect()
    }

    /// When to judge a job, as far as its place and its schedule tell.
    pub(super) fn rearm(&mut self, name: &JobName) -> Result<Option<DateTime<Utc>>, StoreError> {
        let is_active = !self.active(name).is_empty();
        let job = self.known(name)?;
        let due = match self.pause(job) {
            Some(_) => None,
            None => next_due(job.schedule(), job.plan.jitter(), job.place, is_active),
        };
        // A run that wants the slot of another one has it judged, also while the ticks are paused.
        let wants = is_active && job.plan.overlap == Overlap::Cancel;
        let wanted = self.parked(name, false).first().map(|run| self.runs[run].nominal);
        let due = due.into_iter().chain(wanted.filter(|_| wants)).min();
        self.known_mut(name)?.due = due;
        Ok(due)
    }

    pub(super) fn new_run(
        &mut self,
        job: &JobName,
        nominal: DateTime<Utc>,
        origin: Origin,
        wake: Option<DateTime<Utc>>,
    ) -> RunId {
        self.newest_run += 1;
        let id = RunId(self.newest_run);
        let run = Run {
            job: job.clone(),
            nominal,
            origin,
            progress: Progress::scheduled(wake),
            epoch: Epoch(0),
            owner: None,
            lease: None,
            started: None,
            duration: None,
            build: 0,
            is_beside: origin != Origin::Tick,
            rare: Rare::default(),
        };
        self.runs.add(id, run);
        id
    }
}

pub(super) fn missing(name: &JobName) -> StoreError {
    StoreError::Corrupt { what: format!("there is no job `{name}`") }
}
