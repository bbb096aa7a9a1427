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
    /// Its declaration cannot be read, so nothing is known of it: when it is due stays as it is on record.
    pub(super) is_damaged: bool,
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
        Self { plan: Arc::new(plan), anchored, is_damaged: false, written, seen }
    }

    /// A job whose declaration cannot be read.
    pub(super) fn damaged(plan: Plan) -> Self {
        Self { is_damaged: true, ..Self::new(plan, DateTime::UNIX_EPOCH) }
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

    #[cfg(test)]
    pub(super) fn number(&self) -> usize {
        self.jobs.number()
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(JobId) -> bool) {
        self.jobs.retain(is_kept);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use cron_core::job::options::{Key, Options, Value, plan};
    use cron_core::run::{AttemptEnd, RunEvent};
    use cron_core::schedule::Calendars;

    use super::super::SqliteStore;
    use super::super::connection::Synchronous;
    use super::*;
    use crate::store::{Command, JudgeRequest, Note, Program, Settlement, Store};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn declared(name: &str, options: &[(Key, &str)]) -> Plan {
        let mut given = Options::default();
        for (key, value) in options {
            given.set(*key, Value::read(*key, value));
        }
        plan(name, &given, &Calendars::default()).expect("it is right")
    }

    fn number_known(store: &SqliteStore) -> usize {
        store.writer.send(Synchronous::Normal, |db| Ok::<_, crate::store::StoreError>(db.number_known()))()
            .expect("it is counted")
    }

    #[test]
    fn single_runs_that_have_ended_are_not_kept_in_memory() {
        const MANY: usize = 100;
        let directory = tempfile::tempdir().expect("a directory");
        let store = SqliteStore::open(directory.path().join("jobs.db")).expect("it opens");
        let owner = store.join(at(0)).expect("joins");
        let handler = declared("remind", &[]);
        let program = Program { plans: vec![handler.clone()], ..Program::default() };
        store.sync(&program, at(0)).expect("syncs");
        let single = |number: usize| {
            let mut single = declared(&format!("r-{number}"), &[(Key::Once, "10s")]);
            (single.handler, single.temporary) = (Some(handler.name.clone()), true);
            single
        };
        let plans = (0..MANY).map(single).collect();
        store.command(Command::Upsert { plans }, at(1)).expect("known");
        assert_eq!(number_known(&store), MANY + 1, "they are to come");
        let lease_until = at(60);
        let request = JudgeRequest { now: at(12), limit: 1_000, room: 1_000, lease_until, owner };
        let claimed = store.judge(request).expect("judges").claimed;
        assert_eq!((claimed.len(), number_known(&store)), (MANY, MANY + 1));
        let settlement = |claimed: crate::store::Claimed| Settlement {
            claim: claimed.claim,
            started: at(12),
            duration: Duration::from_secs(1),
            event: RunEvent::Ended { at: at(13), end: AttemptEnd::Succeeded },
            next: None,
            note: Note::default(),
            at: at(13),
        };
        store.settle(claimed.into_iter().map(settlement).collect()).expect("settles");
        assert_eq!(number_known(&store), 1, "the handler");
        // A pass of pruning looks at each of them.
        let now = at(13) + TimeDelta::minutes(10);
        store.prune(now, 500).expect("prunes");
        assert_eq!(number_known(&store), 1);
    }
}
