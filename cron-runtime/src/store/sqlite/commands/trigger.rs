//! Runs that people ask for.

use chrono::{DateTime, Utc};
use cron_core::job::Label;
use cron_core::judge::{Admission, admit};
use cron_core::policy::Overlap;
use cron_core::run::{JobId, RunId};

use super::super::super::{CommandError, Done, StoreError, Trigger};
use super::super::claim::NewRun;
use super::super::db::Db;
use super::super::known::Entry;
use super::super::marks::Mark;

impl Db<'_> {
    pub(super) fn trigger(&self, trigger: Trigger, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let Trigger { job, args, force } = trigger;
        let id = self.named(&job)?;
        match self.trigger_one(id, args.as_deref(), force, now)? {
            Ok((run, waits_for)) => Ok(Done::Triggered { run, waits_for }),
            Err(holder) => Err(CommandError::Held { job, holder }),
        }
    }

    pub(super) fn trigger_group(&self, group: &Label, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let (mut triggered, mut held) = (Vec::new(), Vec::new());
        for (id, job) in self.jobs_in(group)? {
            match self.trigger_one(id, None, false, now)? {
                Ok((run, _)) => triggered.push((job, run)),
                Err(holder) => held.push((job, holder)),
            }
        }
        Ok(Done::TriggeredGroup { triggered, held })
    }

    /// The run, and the one whose slot it waits for; or the run that holds the job.
    fn trigger_one(
        &self,
        id: JobId,
        args: Option<&str>,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Result<(RunId, Option<RunId>), RunId>, StoreError> {
        let (entry, mut mark) = (self.entry(id)?, self.mark(id)?);
        let waits_for = match self.admitted(&mut mark, &entry, force, now)? {
            Admission::Start => None,
            Admission::Wait(holder) => Some(holder),
            Admission::Refuse(holder) => return Ok(Err(holder)),
        };
        let wake = waits_for.is_none().then_some(now);
        let run = self.insert_run(&NewRun { wake, args, ..NewRun::at(now) }, &mut mark)?;
        self.write_mark(&mark)?;
        Ok(Ok((run, waits_for)))
    }

    /// Whether a run that somebody asks for may start. Under `overlap = "cancel"` the job is judged next, to make room for it.
    pub(super) fn admitted(
        &self,
        mark: &mut Mark,
        entry: &Entry,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Admission, StoreError> {
        let (overlap, slots) = (entry.plan.overlap, entry.plan.slots);
        let admission = admit(overlap, slots, &self.active(mark)?, self.parked(mark)?, force);
        if matches!(admission, Admission::Wait(_)) && overlap == Overlap::Cancel {
            mark.due = Some(now);
        }
        Ok(admission)
    }
}
