//! What surfaces read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Label, Plan};
use cron_core::judge::{Ahead, Block, Hold};
use cron_core::run::{AttemptResult, Epoch, JobId, Origin, RunId, RunState, SkipReason};
use cron_core::suspect::Suspect;
use serde::Serialize;

use super::Progress;

/// A job as surfaces show it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobInfo {
    /// Its number in this store.
    pub id: JobId,
    /// Its schedule and policies.
    pub plan: Plan,
    /// When this store first saw it.
    pub registered: DateTime<Utc>,
    /// Since when its schedule is in force: what delays, and rules without a start, count from.
    pub since: DateTime<Utc>,
    /// The high-water mark: every tick up to it has a verdict.
    pub mark: DateTime<Utc>,
    /// The next tick that waits for its verdict. `None` while paused, where the schedule ends, and where there is none.
    pub due: Option<DateTime<Utc>>,
    /// Up to here ticks after the mark wait for the slot of the job.
    pub queued: Option<DateTime<Utc>>,
    /// What a run said about the next one.
    pub hold: Option<Hold>,
    /// Its clock was set back: up to here, where the mark was before, ticks that have a run keep it, and skips are suspended.
    pub suspended: Option<DateTime<Utc>>,
    /// The clock stands before the mark, and the job goes on with runs beside the ticks: the instants up to here are decided.
    pub beside: Option<DateTime<Utc>>,
    /// Since when and by whom it is paused: itself, or else its group.
    pub paused: Option<PauseInfo>,
    /// How many of its runs hold a slot.
    pub active: u64,
    /// How many of its runs wait for the slot.
    pub parked: u64,
    /// Whether the newest process that joined this store executes it, or one that lives, as far as the store tells.
    pub linked: bool,
    /// What is held against it, if its process died while it was in progress.
    pub suspect: Option<Suspect>,
    /// The run that has asked for its removal: it is removed once its runs have ended, and has no ticks until then.
    pub removal: Option<RunId>,
    /// Its newest run.
    pub last_run: Option<RunInfo>,
}

/// Since when, by whom and why a job is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseInfo {
    /// Since when.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why; empty where nobody said.
    pub note: String,
}

impl PauseInfo {
    /// Who and why in one line, as it is kept with the ticks that were skipped.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.note.as_str() {
            "" => format!("by {}", self.by),
            note => format!("by {}: {note}", self.by),
        }
    }
}

/// A run as surfaces show it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Its number in this store.
    pub id: RunId,
    /// The job.
    pub job: JobName,
    /// The nominal instant: the tick, or the instant a manual run was asked for.
    pub nominal: DateTime<Utc>,
    /// Why it exists.
    pub origin: Origin,
    /// Where it stands.
    pub state: RunState,
    /// Attempts used so far.
    pub attempts_used: u32,
    /// How often its process vanished beneath it.
    pub crashes: u32,
    /// The fencing token of its newest attempt; 0 before the first.
    pub epoch: Epoch,
    /// When its newest attempt was started.
    pub started: Option<DateTime<Utc>>,
    /// How long its newest attempt took.
    pub duration: Option<Duration>,
    /// What went wrong in its newest failed attempt; empty where nothing did.
    pub error: String,
    /// When the work of its attempt was completed in a transaction of its function's (`Run::complete_in`); it succeeds, whatever
    /// else happens.
    pub completed: Option<DateTime<Utc>>,
    /// What its function is given: JSON. Its own, or what its job had when the run was made.
    pub args: Option<String>,
    /// How far it has come.
    pub progress: Option<Progress>,
    /// Who asked it to stop, and why.
    pub asked: Option<String>,
    /// When a person dismissed it as a dead letter.
    pub dismissed: Option<DateTime<Utc>>,
    /// The program that started its newest attempt, where that is known.
    pub program: Option<String>,
}

/// An attempt that ended without a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptInfo {
    /// Its number, counted from 1. An interrupted attempt has the number of the one that follows it.
    pub attempt: u32,
    /// Its fencing token.
    pub epoch: Epoch,
    /// How it ended.
    pub result: AttemptResult,
    /// When it was started, where that is known.
    pub started: Option<DateTime<Utc>>,
    /// How long it took, where that is known.
    pub duration: Option<Duration>,
    /// What went wrong.
    pub message: String,
    /// The program that started it, where that is known.
    pub program: Option<String>,
}

/// A block of skipped ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkipInfo {
    /// The first tick.
    pub first: DateTime<Utc>,
    /// The last tick.
    pub last: DateTime<Utc>,
    /// How many.
    pub count: u64,
    /// Why.
    pub reason: SkipReason,
    /// The run that held the slot, for `overlap`.
    pub holder: Option<RunId>,
    /// Who paused it and why, for `paused`.
    pub note: String,
}

/// Skipped ticks that lay after the clock when it was set back by hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspendedInfo {
    /// The block as it was recorded.
    pub skip: SkipInfo,
    /// Whether its ticks were judged anew. Else those after the mark wait for what the clock does: they count again if it jumps beyond them.
    pub is_taken_back: bool,
}

impl SuspendedInfo {
    pub(crate) fn of(block: Block, is_taken_back: bool) -> Self {
        Self { skip: SkipInfo::of(block), is_taken_back }
    }
}

impl SkipInfo {
    pub(crate) fn of(block: Block) -> Self {
        let Block { skip, note } = block;
        Self {
            first: skip.first,
            last: skip.last,
            count: skip.count,
            reason: skip.reason,
            holder: skip.holder,
            note,
        }
    }

    pub(crate) fn into_block(self) -> Block {
        let Self { first, last, count, reason, holder, note } = self;
        Block { skip: cron_core::judge::Skip { first, last, count, reason, holder }, note }
    }
}

/// What a clock that was set, or is seen for the first time, means for jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewinds {
    /// Jobs whose marks were set back to the clock, each with its mark before.
    pub back: Vec<(JobName, DateTime<Utc>)>,
    /// Jobs of which the clock has jumped to what was suspended or beyond: what was recorded there counts again. Each with its mark before.
    pub taken_up: Vec<(JobName, DateTime<Utc>)>,
    /// Marks that lie ahead of the clock, by 3 hours at most.
    pub ahead: Option<MarksAhead>,
}

/// Marks that lie ahead of the clock, by 3 hours at most. Nothing is moved for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarksAhead {
    /// The latest of them: from then on all jobs run again.
    pub until: DateTime<Utc>,
    /// How many jobs wait.
    pub waiting: u64,
    /// The first few of these, in the order of their names.
    pub named: Vec<JobName>,
    /// How many jobs go on with runs beside the ticks.
    pub goes_on: u64,
}

impl MarksAhead {
    /// So many jobs are named.
    const NAMED: usize = 5;

    /// One more job.
    pub(crate) fn add(ahead: &mut Option<Self>, job: &JobName, mark: DateTime<Utc>, what: Ahead) {
        let all = ahead.get_or_insert(Self { until: mark, waiting: 0, named: Vec::new(), goes_on: 0 });
        all.until = all.until.max(mark);
        match what {
            Ahead::GoesOn => all.goes_on += 1,
            Ahead::Waits => {
                all.waiting += 1;
                all.named.extend((all.named.len() < Self::NAMED).then(|| job.clone()));
            }
        }
    }
}

impl Rewinds {
    /// Whether no mark was moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.back.is_empty() && self.taken_up.is_empty()
    }
}

/// A part of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most.
    pub limit: usize,
}

/// Which jobs to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobQuery {
    /// Of this group only.
    pub group: Option<String>,
    /// With this tag only.
    pub tag: Option<String>,
    /// Whose function is that of this job only: the job itself, and the dynamic jobs on it.
    pub handler: Option<String>,
    /// Declared ones only, or dynamic ones only.
    pub kind: Option<JobKind>,
    /// Without the dynamic jobs on these: a page of everything else beside many jobs on one function.
    pub without: Vec<JobName>,
    /// After this name only: the last one of the page before.
    pub after: Option<String>,
    /// How many at most.
    pub page: Page,
}

impl Default for JobQuery {
    fn default() -> Self {
        Self {
            group: None,
            tag: None,
            handler: None,
            kind: None,
            without: Vec::new(),
            after: None,
            page: Page { limit: usize::MAX },
        }
    }
}

/// Where a job comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// A program declares it.
    Declared,
    /// It was made while a program ran.
    Dynamic,
}

/// The dynamic jobs on one function, taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerInfo {
    /// The declared job whose function they call.
    pub handler: JobName,
    /// How many there are.
    pub jobs: u64,
    /// How many of them are paused, by themselves or by their group.
    pub paused: u64,
    /// When the first of those that are not paused is due.
    pub due: Option<DateTime<Utc>>,
}

/// Which runs to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunQuery {
    /// Of this job only.
    pub job: Option<String>,
    /// Older than this run only: the last one of the page before.
    pub before: Option<RunId>,
    /// In which states.
    pub filter: RunFilter,
    /// How many at most.
    pub page: Page,
}

/// In which states runs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunFilter {
    /// In all.
    #[default]
    All,
    /// Active ones.
    Active,
    /// Dead letters: failed, discarded and quarantined runs that nobody has dismissed.
    Dead,
}

impl Default for RunQuery {
    fn default() -> Self {
        Self { job: None, before: None, filter: RunFilter::All, page: Page { limit: 50 } }
    }
}

/// A group as surfaces show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub name: Label,
    /// How many jobs are in it.
    pub jobs: u64,
    /// How many of its runs hold a slot.
    pub active: u64,
    /// How many attempts of its jobs may be in progress at once.
    pub max_running: Option<u32>,
    /// Since when and by whom it is paused.
    pub paused: Option<PauseInfo>,
}
