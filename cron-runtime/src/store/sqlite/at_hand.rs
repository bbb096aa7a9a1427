//! Attempts in progress as this process has just written them, so that their ends need not read them again; and jobs that are idle,
//! which the file learns with their next judgement.
//!
//! What is kept holds as long as nobody else writes to the file and nothing is taken back: SQLite says when another connection has
//! written (`data_version`), and whatever is not a judgement, an end, a note or a renewal lets go of all of it. Nothing is believed
//! because of it: the write of each end still names run, epoch and state, and must change one row.

use std::cell::RefCell;
use std::rc::Rc;

use cron_core::run::{Epoch, JobId, RunId};

use super::by_id::ById;
use super::known::Entry;
use super::marks::Mark;
use super::settle::Held;

#[derive(Debug, Default)]
pub(super) struct AtHand {
    /// Attempts that nobody has asked to stop.
    attempts: RefCell<ById<RunId, Attempt>>,
    /// Where the jobs of these stand.
    marks: RefCell<ById<JobId, Mark>>,
    /// Jobs without an active run, where the file says that they may have one: a bit for each, 64 in a word.
    idle: RefCell<ById<u64, u64>>,
}

#[derive(Debug)]
struct Attempt {
    held: Held,
    job: JobId,
    entry: Rc<Entry>,
}

/// The word of a job and its bit there.
fn bit(job: JobId) -> (u64, u64) {
    (job.0 / 64, 1 << (job.0 % 64))
}

impl AtHand {
    pub(super) fn clear(&self) {
        self.attempts.borrow_mut().clear();
        self.marks.borrow_mut().clear();
        self.idle.borrow_mut().clear();
    }

    /// An attempt was started.
    pub(super) fn began(&self, held: Held, job: JobId, entry: &Rc<Entry>) {
        let run = held.run;
        self.attempts.borrow_mut().insert(run, Attempt { held, job, entry: Rc::clone(entry) });
    }

    /// Something is written about a run.
    pub(super) fn forget(&self, run: RunId) {
        self.attempts.borrow_mut().remove(run);
    }

    /// The last run of a job has ended, and nothing else is to be written of the job.
    pub(super) fn became_idle(&self, job: JobId) {
        self.marks.borrow_mut().remove(job);
        let (word, bit) = bit(job);
        let mut idle = self.idle.borrow_mut();
        let bits = idle.get(word).copied().unwrap_or_default();
        idle.insert(word, bits | bit);
    }

    /// Whether a job is known to be idle, whatever the file says.
    pub(super) fn is_idle(&self, job: JobId) -> bool {
        let (word, bit) = bit(job);
        self.idle.borrow().get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Where a job stands was written: it is kept while attempts are in progress.
    pub(super) fn wrote(&self, mark: &Mark) {
        let (word, bit) = bit(mark.job);
        if let Some(bits) = self.idle.borrow_mut().get_mut(word) {
            *bits &= !bit;
        }
        if mark.is_active() {
            self.marks.borrow_mut().insert(mark.job, mark.as_written());
        } else {
            self.marks.borrow_mut().remove(mark.job);
        }
    }

    /// Where a job stands is written in another way.
    pub(super) fn forget_mark(&self, job: JobId) {
        self.marks.borrow_mut().remove(job);
    }

    /// The attempt of a run, if it is the one of `epoch`, with its job and where that stands.
    pub(super) fn take(&self, run: RunId, epoch: Epoch) -> Option<(Held, Mark, Rc<Entry>)> {
        let Attempt { held, job, entry } = self.attempts.borrow_mut().remove(run)?;
        let mark = self.marks.borrow().get(job)?.clone();
        (held.epoch == epoch).then_some((held, mark, entry))
    }
}
