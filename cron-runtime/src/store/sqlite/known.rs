//! Jobs as they were read, kept for as long as nobody has declared something else.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::Plan;
use cron_core::policy::Jitter;
use cron_core::run::JobId;
use cron_core::schedule::Schedule;

use super::by_id::ById;

/// A job as the judge and the state machine need it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) plan: Arc<Plan>,
    /// The schedule in force, where its anchor makes it another one than that of the plan.
    anchored: Option<Box<Schedule>>,
    /// What the file had of it, and in which [age](Known) of the declarations that was looked up.
    written: Cell<Written>,
    seen: Cell<u64>,
}

impl Entry {
    /// `since` is the instant from which the schedule of the plan is in force.
    pub(super) fn new(plan: Plan, since: DateTime<Utc>) -> Self {
        let anchored = plan.schedule.as_ref().map(|schedule| schedule.anchored(since));
        let anchored = anchored.filter(|anchored| Some(anchored) != plan.schedule.as_ref()).map(Box::new);
        let (written, seen) = (Cell::default(), Cell::default());
        Self { plan: Arc::new(plan), anchored, written, seen }
    }

    /// The schedule in force, anchored.
    pub(super) fn schedule(&self) -> Option<&Schedule> {
        self.anchored.as_deref().or(self.plan.schedule.as_ref())
    }

    pub(super) fn jitter(&self) -> Jitter {
        self.plan.jitter()
    }
}

/// Tells whether the file still has the same plan and the same beginning of its schedule. The text itself would be half of what is kept
/// of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written(u64);

impl Written {
    /// `handler` is the plan of the job from which this one has policies.
    pub(super) fn new(plan: &str, handler: Option<&str>, since: i64) -> Self {
        let mut hasher = DefaultHasher::new();
        (plan, handler, since).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The jobs that were read.
#[derive(Debug, Default)]
pub(super) struct Known {
    jobs: ById<JobId, Rc<Entry>>,
    /// Rises whenever declarations may have changed behind the back of who reads here.
    age: u64,
}

impl Known {
    /// Nothing is believed any more before it was held against the file.
    pub(super) fn doubt(&mut self) {
        self.age += 1;
    }

    /// A job that needs not be read.
    pub(super) fn newest(&self, id: JobId) -> Option<Rc<Entry>> {
        self.jobs.get(id).filter(|entry| entry.seen.get() == self.age).cloned()
    }

    /// A job as it was read before, whether that holds or not.
    pub(super) fn any(&self, id: JobId) -> Option<Rc<Entry>> {
        self.jobs.get(id).cloned()
    }

    /// A job of which the file has this, if it is the same as before.
    pub(super) fn unchanged(&self, id: JobId, written: Written) -> Option<Rc<Entry>> {
        let entry = self.jobs.get(id).filter(|entry| entry.written.get() == written)?;
        entry.seen.set(self.age);
        Some(Rc::clone(entry))
    }

    /// A job that was read or is being written.
    pub(super) fn insert(&mut self, id: JobId, entry: &Rc<Entry>, written: Written) {
        entry.written.set(written);
        entry.seen.set(self.age);
        self.jobs.insert(id, Rc::clone(entry));
    }

    pub(super) fn remove(&mut self, id: JobId) {
        self.jobs.remove(id);
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(JobId) -> bool) {
        self.jobs.retain(is_kept);
    }
}
