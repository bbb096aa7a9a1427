//! Attempts in progress as this process has just written them, so that their ends need not read them again.
//!
//! What is kept holds as long as nobody else writes to the file and nothing is taken back: SQLite says when another connection has
//! written (`data_version`), and whatever is not a judgement, an end, a note or a renewal lets go of all of it. Nothing is believed
//! because of it: the write of each end still names run, epoch and state, and must change one row.

use std::cell::RefCell;

use cron_core::run::{Epoch, JobId, RunId};

use super::db::ById;
use super::marks::Mark;
use super::settle::Held;

#[derive(Debug, Default)]
pub(super) struct AtHand {
    /// Attempts that nobody has asked to stop.
    attempts: RefCell<ById<RunId, (Held, JobId)>>,
    /// Where the jobs of these stand.
    marks: RefCell<ById<JobId, Mark>>,
}

impl AtHand {
    pub(super) fn clear(&self) {
        self.attempts.borrow_mut().clear();
        self.marks.borrow_mut().clear();
    }

    /// An attempt was started.
    pub(super) fn began(&self, held: Held, job: JobId) {
        self.attempts.borrow_mut().insert(held.run, (held, job));
    }

    /// Something is written about a run.
    pub(super) fn forget(&self, run: RunId) {
        self.attempts.borrow_mut().remove(&run);
    }

    /// Where a job stands was written: it is kept while attempts are in progress.
    pub(super) fn wrote(&self, mark: &Mark) {
        if mark.is_active() {
            self.marks.borrow_mut().insert(mark.job, mark.as_written());
        } else {
            self.marks.borrow_mut().remove(&mark.job);
        }
    }

    /// Where a job stands is written in another way.
    pub(super) fn forget_mark(&self, job: JobId) {
        self.marks.borrow_mut().remove(&job);
    }

    /// The attempt of a run, if it is the one of `epoch`, with where its job stands.
    pub(super) fn take(&self, run: RunId, epoch: Epoch) -> Option<(Held, Mark)> {
        let (held, job) = self.attempts.borrow_mut().remove(&run)?;
        let mark = self.marks.borrow().get(&job)?.clone();
        (held.epoch == epoch).then_some((held, mark))
    }
}
