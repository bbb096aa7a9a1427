//! What people and programs ask for.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::job::{JobName, Label, Plan};
use cron_core::judge::Exhausted;
use cron_core::policy::{BackfillOrder, BeforeRecord, Only, Overlap, choose};
use cron_core::run::{RunId, StateWord};
use cron_core::schedule::Schedule;
use cron_core::text::{MAX_TEXT, fit};
use serde::Serialize;

use super::PauseInfo;
use crate::store::StoreError;

/// A job, or all jobs of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One job.
    Job(JobName),
    /// Every job of a group, also those that come into it later.
    Group(Label),
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The job.
    pub job: JobName,
    /// What its function is given instead of what the job says: JSON.
    pub args: Option<String>,
    /// Whether it starts whatever the overlap policy says.
    pub force: bool,
}

/// What to cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// One run.
    Run(RunId),
    /// Every active run of a job or of a group.
    All(Target),
}

/// A backfill over a range of ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfill {
    /// The job.
    pub job: JobName,
    /// The first instant of the range.
    pub from: DateTime<Utc>,
    /// The last instant of the range, at most now.
    pub until: DateTime<Utc>,
    /// In which order.
    pub order: BackfillOrder,
    /// Which of its ticks.
    pub only: Only,
    /// How many run at once, within the overlap policy of the job.
    pub concurrency: u32,
}

impl Backfill {
    /// A range with more ticks than this is refused.
    pub const MAX_TICKS: u64 = 10_000;
}

impl Backfill {
    /// The schedule of the job, if this range of it can be run again.
    pub(crate) fn check<'a>(
        &self,
        plan: &Plan,
        schedule: Option<&'a Schedule>,
        now: DateTime<Utc>,
    ) -> Result<&'a Schedule, CommandError> {
        let job = || self.job.clone();
        let bad = |why: String| Err(CommandError::BadRange { job: job(), why });
        let no_ticks = |why| CommandError::NoTicks { job: job(), why };
        let schedule = schedule.ok_or_else(|| no_ticks("it has no schedule; trigger it instead"))?;
        if schedule.is_delay() {
            return Err(no_ticks("its ticks depend on when its runs ended; trigger it instead"));
        }
        if self.from > self.until {
            return bad(format!("the range begins at {} and ends before, at {}", self.from, self.until));
        }
        if self.until > now {
            return bad(format!(
                "the range ends at {}, and it is {now}: only the past can be run again",
                self.until
            ));
        }
        match (plan.overlap, self.concurrency) {
            (_, 0) => bad("the concurrency is 0; at least 1 run has to be allowed".to_owned()),
            (Overlap::Allow, _) | (_, 1) => Ok(schedule),
            (Overlap::Skip | Overlap::Queue | Overlap::Cancel, more) => bad(format!(
                "the concurrency is {more}, and `overlap = \"{}\"` allows one run at a time; leave it out, or declare the job with `overlap = \"allow\"`",
                plan.overlap
            )),
        }
    }

    /// All ticks of the range, oldest first.
    pub(crate) fn ticks(&self, schedule: &Schedule) -> Result<Vec<DateTime<Utc>>, CommandError> {
        let before = self.from.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(self.from);
        let count = schedule.count_between(before, self.until);
        if count > Self::MAX_TICKS {
            let why = format!(
                "the range holds {count} ticks, and one backfill runs {} at most; take a shorter one",
                Self::MAX_TICKS
            );
            return Err(CommandError::BadRange { job: self.job.clone(), why });
        }
        Ok(schedule.between(before, self.until).collect())
    }

    /// What of the `ticks` of its range it would run. The record of the job begins at `pruned`, and has runs in these `states`.
    pub(crate) fn choose(
        &self,
        ticks: Vec<DateTime<Utc>>,
        pruned: Option<DateTime<Utc>>,
        states: &HashMap<DateTime<Utc>, Vec<StateWord>>,
    ) -> Result<BackfillPlan, CommandError> {
        let number = ticks.len() as u64;
        let states = |tick| states.get(&tick).map(Vec::as_slice).unwrap_or_default();
        match choose(self.only, self.order, ticks, pruned, states) {
            Ok(chosen) => Ok(BackfillPlan { ticks: number, chosen }),
            Err(BeforeRecord { ticks, begins }) => {
                Err(CommandError::BeforeRecord { job: self.job.clone(), ticks, begins })
            }
        }
    }
}

/// What a backfill would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackfillPlan {
    /// Ticks of the schedule in the range.
    pub ticks: u64,
    /// Those that it would run, in its order.
    pub chosen: Vec<DateTime<Utc>>,
}

/// What a person or a program may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run a job now, under its overlap policy.
    Trigger(Trigger),
    /// Run every job of a group now, each under its overlap policy.
    TriggerGroup {
        /// The group.
        group: Label,
    },
    /// Stop judging; the ticks are recorded as `skipped(paused)`.
    Pause {
        /// What.
        target: Target,
        /// Who asks.
        by: String,
        /// Why.
        note: String,
    },
    /// Judge again, from now on.
    Resume {
        /// What was paused.
        target: Target,
    },
    /// End active runs. One in progress is asked to stop, and cut off after the `cancel_grace` of its job.
    Cancel {
        /// What.
        what: Cancel,
        /// End it at once, whatever its function does; its late result is refused.
        force: bool,
        /// Who asks.
        by: String,
        /// Why.
        note: String,
    },
    /// Try runs that ended badly again, with all their attempts.
    Retry {
        /// The run.
        run: RunId,
        /// Whether it starts whatever the overlap policy says.
        force: bool,
    },
    /// Try all dead letters again, of one job or of all. Those that cannot start wait for the slot of their job.
    RetryAll {
        /// Of this job only.
        job: Option<JobName>,
    },
    /// Take a dead letter off the list. Its run stays in the record as it is.
    Dismiss {
        /// The run.
        run: RunId,
    },
    /// Take all dead letters off the list, of one job or of all.
    DismissAll {
        /// Of this job only.
        job: Option<JobName>,
    },
    /// Run ticks of the past.
    Backfill(Backfill),
    /// Add dynamic jobs, or edit those that exist. What has not changed keeps its pending tick.
    Upsert {
        /// The jobs. Each names its handler.
        plans: Vec<Plan>,
    },
    /// Run the function of a handler once, at the one instant of the schedule of this dynamic job.
    RunOnce {
        /// The job. It names its handler.
        plan: Box<Plan>,
        /// Also where a job of this name has had its run.
        again: bool,
    },
    /// Remove jobs with their records: dynamic ones, and declared ones that the newest program does not contain. Without active
    /// runs only.
    Remove {
        /// The jobs.
        jobs: Vec<JobName>,
    },
}

impl Command {
    /// The same, with the reason that runs keep as it is kept.
    pub(crate) fn fitted(self) -> Self {
        match self {
            Self::Cancel { what, force, by, note } => {
                Self::Cancel { what, force, by: fit(by, MAX_TEXT), note: fit(note, MAX_TEXT) }
            }
            other @ (Self::Trigger(_)
            | Self::TriggerGroup { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Retry { .. }
            | Self::RetryAll { .. }
            | Self::Dismiss { .. }
            | Self::DismissAll { .. }
            | Self::Backfill(_)
            | Self::Upsert { .. }
            | Self::RunOnce { .. }
            | Self::Remove { .. }) => other,
        }
    }
}

/// A command that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A run starts as soon as it can.
    Triggered {
        /// The run.
        run: RunId,
        /// The run that holds the slot it waits for.
        waits_for: Option<RunId>,
    },
    /// Each job of a group was asked for.
    TriggeredGroup {
        /// The runs that start.
        triggered: Vec<(JobName, RunId)>,
        /// The jobs that were held, and by which run.
        held: Vec<(JobName, RunId)>,
    },
    /// It is paused.
    Paused {
        /// How many runs go on: those that run, wait for their next attempt, or were asked for. A pause is for ticks.
        in_progress: u64,
    },
    /// It is judged again.
    Resumed {
        /// How many ticks of the time of the pause were recorded as `skipped(paused)`.
        skipped: u64,
        /// The next tick; for a group the first one of its jobs.
        next: Option<DateTime<Utc>>,
    },
    /// Runs were cancelled.
    Cancelled {
        /// Those that have ended: as `cancelled`, or as `succeeded` where the work of their attempt was completed in a transaction.
        ended: Vec<RunId>,
        /// Those that were asked to stop.
        asked: Vec<RunId>,
    },
    /// Runs are tried again.
    Retried {
        /// The runs.
        runs: Vec<RunId>,
    },
    /// Dead letters were taken off the list.
    Dismissed {
        /// How many.
        count: u64,
    },
    /// A backfill was recorded.
    Backfilled {
        /// Its runs, in its order.
        runs: Vec<RunId>,
    },
    /// Dynamic jobs were written.
    Upserted {
        /// Those that are new.
        new: Vec<JobName>,
        /// Those whose schedule has changed.
        edited: Vec<JobName>,
    },
    /// Jobs were removed.
    Removed {
        /// How many.
        count: u64,
    },
}

/// A command that was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No such job.
    #[error("no job is named `{job}`{}", did_you_mean(.near.as_deref()))]
    UnknownJob {
        /// The name that was given.
        job: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// No such group: no job is in it.
    #[error("no job is in a group `{group}`{}", did_you_mean(.near.as_deref()))]
    UnknownGroup {
        /// The name that was given.
        group: String,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// No such run, or one that was pruned.
    #[error("there is no run {run}; it may have been pruned")]
    UnknownRun {
        /// The number that was given.
        run: RunId,
    },
    /// An active run holds the slot.
    #[error(
        "job `{job}`: run {holder} is active and holds its slot; wait for it, cancel it, or force the run to start beside it"
    )]
    Held {
        /// The job.
        job: JobName,
        /// The run that holds the slot.
        holder: RunId,
    },
    /// It is paused already.
    #[error("{} is paused already, since {} {}", what(.target), .since.at, .since.reason())]
    PausedAlready {
        /// What.
        target: Target,
        /// Since when and by whom.
        since: PauseInfo,
    },
    /// It is not paused.
    #[error("{} is not paused", what(.target))]
    NotPaused {
        /// What.
        target: Target,
    },
    /// It has ended, so it cannot be cancelled.
    #[error("run {run} of job `{job}` is {state} already")]
    Ended {
        /// The run.
        run: RunId,
        /// The job.
        job: JobName,
        /// How it ended.
        state: StateWord,
    },
    /// It did not end badly, so it cannot be retried.
    #[error(
        "run {run} of job `{job}` is {state}; only failed, discarded, quarantined and cancelled runs are retried"
    )]
    NotRetriable {
        /// The run.
        run: RunId,
        /// The job.
        job: JobName,
        /// Where it stands.
        state: StateWord,
    },
    /// It is no dead letter, so it cannot be dismissed.
    #[error(
        "run {run} of job `{job}` is {state}; only dead letters, which are failed, discarded and quarantined runs, are dismissed"
    )]
    NotDead {
        /// The run.
        run: RunId,
        /// The job.
        job: JobName,
        /// Where it stands.
        state: StateWord,
    },
    /// The job has no schedule, or one whose ticks depend on its runs: there are no ticks to run again.
    #[error("job `{job}` has no ticks that could be run again: {why}")]
    NoTicks {
        /// The job.
        job: JobName,
        /// Why.
        why: &'static str,
    },
    /// The range of a backfill is no range, or holds too much.
    #[error("job `{job}`: {why}")]
    BadRange {
        /// The job.
        job: JobName,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// Ticks that a backfill is to run where they are missing may have run: they are from before the record of the job.
    #[error(
        "job `{job}`: its record begins after {begins}, and whether ticks before that have run is not on it ({ticks} of this range); let the range begin later, or run all of it, whether it has run or not, with `--only all`"
    )]
    BeforeRecord {
        /// The job.
        job: JobName,
        /// How many.
        ticks: u64,
        /// The record begins after this instant.
        begins: DateTime<Utc>,
    },
    /// A dynamic job has the name of a declared one, or the other way round.
    #[error("`{job}` is declared in a program with `#[job]`; give the dynamic job another name")]
    Declared {
        /// The job.
        job: JobName,
    },
    /// The handler of a dynamic job is unknown.
    #[error("job `{job}`: no declared job is named `{handler}`, whose function it is to call{}", did_you_mean(.near.as_deref()))]
    UnknownHandler {
        /// The dynamic job.
        job: JobName,
        /// The handler that was given.
        handler: JobName,
        /// The nearest name that exists.
        near: Option<String>,
    },
    /// A job that runs once has had its run, or its tick was skipped.
    #[error("job `{job}` runs once, and {}; ask for one more with `.again()`, or give it another name", over(.last))]
    Over {
        /// The job.
        job: JobName,
        /// Its run and where that stands; `None` where its tick was skipped.
        last: Option<(RunId, StateWord)>,
    },
    /// Nothing would ever come of the request for a dynamic job.
    #[error("job `{job}` would never run: {why}")]
    NeverRuns {
        /// The job.
        job: JobName,
        /// Why, and what to do.
        why: Exhausted,
    },
    /// The job is part of the newest program, or of another one that runs.
    #[error("job `{job}` is part of a running program; take its `#[job]` away, or pause it")]
    Linked {
        /// The job.
        job: JobName,
    },
    /// The job has active runs.
    #[error("job `{job}` has active runs, such as run {holder}; cancel them first")]
    Busy {
        /// The job.
        job: JobName,
        /// One of them.
        holder: RunId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError {
    /// Whether what the command named is not there, so that another name is the way out.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::UnknownJob { .. }
            | Self::UnknownGroup { .. }
            | Self::UnknownRun { .. }
            | Self::UnknownHandler { .. } => true,
            Self::Held { .. }
            | Self::PausedAlready { .. }
            | Self::NotPaused { .. }
            | Self::Ended { .. }
            | Self::NotRetriable { .. }
            | Self::NotDead { .. }
            | Self::NoTicks { .. }
            | Self::BadRange { .. }
            | Self::BeforeRecord { .. }
            | Self::Declared { .. }
            | Self::Linked { .. }
            | Self::Busy { .. }
            | Self::Over { .. }
            | Self::NeverRuns { .. }
            | Self::Store(_) => false,
        }
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

fn over(last: &Option<(RunId, StateWord)>) -> String {
    match last {
        Some((run, state)) if state.is_active() => format!("its run {run} is {state}"),
        Some((run, state)) => format!("its run {run} has ended: {state}"),
        None => "its tick was skipped".to_owned(),
    }
}

fn what(target: &Target) -> String {
    match target {
        Target::Job(job) => format!("job `{job}`"),
        Target::Group(group) => format!("group `{group}`"),
    }
}
