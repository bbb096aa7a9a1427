//! What goes into a store's verbs and what comes out of them.

mod command;
mod problem;
mod read;
mod work;

pub use command::{Backfill, BackfillPlan, Cancel, Command, CommandError, Done, Target, Trigger};
pub use problem::{MAX_PROBLEMS, ProblemInfo, Sighting};
pub use read::{
    AttemptInfo, GroupInfo, HandlerInfo, JobInfo, JobKind, JobQuery, MarksAhead, Page, PauseInfo, Rewinds,
    RunFilter, RunInfo, RunQuery, SkipInfo, SuspendedInfo,
};
pub use work::{
    Claim, Claimed, Executes, GroupLimit, JudgeRequest, Judged, LogLine, MAX_LOG_LINES, MAX_PRUNED_RUNS,
    Note, Program, Progress, Pruned, Reaped, Settled, Settlement, Synced, WaitingRun,
};
pub(crate) use work::{Given, MAX_PRUNED_JOBS, MAX_PRUNED_TOGETHER, MAX_WAITING, note_handler, stopped};
