//! Dead letters: runs that ended badly and wait for a person.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::Admission;
use cron_core::run::{RunEvent, RunId, RunState};

use super::super::super::{CommandError, Done, StoreError};
use super::super::book::Book;

impl Book {
    pub(super) fn retry(
        &mut self,
        run: RunId,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        self.check_run(run)?;
        let (job, state) = (self.runs[&run].job.clone(), self.runs[&run].progress.state);
        if !(state.word().is_dead() || state == RunState::Cancelled) {
            return Err(CommandError::NotRetriable { run, job, state: state.word() });
        }
        let parked = match self.admitted(&job, force, now)? {
            Admission::Start => false,
            Admission::Wait(_) => true,
            Admission::Refuse(holder) => return Err(CommandError::Held { job, holder }),
        };
        self.revive(run, parked, now)?;
        Ok(Done::Retried { runs: vec![run] })
    }

    pub(super) fn retry_all(
        &mut self,
        job: Option<&JobName>,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let runs = self.dead_letters(job)?;
        for run in &runs {
            let job = self.runs[run].job.clone();
            let parked = !matches!(self.admitted(&job, false, now)?, Admission::Start);
            self.revive(*run, parked, now)?;
        }
        Ok(Done::Retried { runs })
    }

    pub(super) fn dismiss(&mut self, run: RunId, now: DateTime<Utc>) -> Result<Done, CommandError> {
        self.check_run(run)?;
        let found = &self.runs[&run];
        if !found.progress.state.word().is_dead() {
            let (job, state) = (found.job.clone(), found.progress.state.word());
            return Err(CommandError::NotDead { run, job, state });
        }
        let count = u64::from(found.rare.dismissed.is_none());
        if let Some(run) = self.runs.get_mut(&run) {
            run.rare.dismissed.get_or_insert(now);
        }
        self.runs.file(run);
        Ok(Done::Dismissed { count })
    }

    pub(super) fn dismiss_all(
        &mut self,
        job: Option<&JobName>,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let runs = self.dead_letters(job)?;
        for id in &runs {
            if let Some(run) = self.runs.get_mut(id) {
                run.rare.dismissed = Some(now);
            }
            self.runs.file(*id);
        }
        Ok(Done::Dismissed { count: runs.len() as u64 })
    }

    /// The dead letters of a job, or of all, oldest first.
    fn dead_letters(&self, job: Option<&JobName>) -> Result<Vec<RunId>, CommandError> {
        if let Some(job) = job {
            self.check_job(job)?;
        }
        let dead = self.runs.iter().filter(|(_, run)| run.is_dead());
        let wanted = dead.filter(|(_, run)| job.is_none_or(|job| run.job == *job));
        Ok(wanted.map(|(id, _)| id).collect())
    }

    fn revive(&mut self, id: RunId, parked: bool, now: DateTime<Utc>) -> Result<(), StoreError> {
        let run = self.apply_to_waiting(id, RunEvent::Revive { at: now, parked })?;
        run.rare.error.clear();
        run.rare.error_of = None;
        (run.rare.dismissed, run.rare.asked, run.rare.how_far, run.rare.ended) = (None, None, None, None);
        self.runs.file(id);
        Ok(())
    }
}
