//! What goes into a store's verbs and what comes out of them.

mod command;
mod engine;
mod read;

pub use command::{Backfill, BackfillPlan, Cancel, Command, CommandError, Done, Target, Trigger};
pub use engine::{
    Claim, Claimed, GroupLimit, JudgeRequest, Judged, LogLine, MAX_LOG_LINES, Note, Program, Progress,
    Pruned, Reaped, Settled, Settlement, Synced,
};
pub use read::{
    AttemptInfo, GroupInfo, JobInfo, JobQuery, Page, PauseInfo, RunFilter, RunInfo, RunQuery, SkipInfo,
};
