//! Cancelling runs.

use chrono::{DateTime, Utc};
use cron_core::run::{RunEvent, RunId, RunState};

use super::super::super::{Cancel, CommandError, Done, PauseInfo, StoreError};
use super::super::book::Book;

impl Book {
    pub(super) fn cancel(
        &mut self,
        what: &Cancel,
        force: bool,
        by: &str,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let runs: Vec<RunId> = match what {
            Cancel::Run(run) => {
                self.check_run(*run)?;
                let found = &self.runs[run];
                if !found.progress.state.is_active() {
                    let (job, state) = (found.job.clone(), found.progress.state.word());
                    return Err(CommandError::Ended { run: *run, job, state });
                }
                vec![*run]
            }
            Cancel::All(target) => {
                let jobs = self.jobs_of(target)?;
                self.runs.active().filter(|(_, run)| jobs.contains(&run.job)).map(|(id, _)| id).collect()
            }
        };
        let reason = PauseInfo { at: now, by: by.to_owned(), note: note.to_owned() }.reason();
        let why = format!("cancelled {reason}");
        let (mut ended, mut asked) = (Vec::new(), Vec::new());
        for run in runs {
            if self.cancel_one(run, force, &why, now)? {
                ended.push(run);
            } else {
                asked.push(run);
            }
        }
        Ok(Done::Cancelled { ended, asked })
    }

    /// Ends a run, or asks its attempt to stop. Says whether it has ended.
    fn cancel_one(
        &mut self,
        id: RunId,
        force: bool,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let missing = || StoreError::Corrupt { what: format!("there is no run {id}") };
        let run = self.runs.get_mut(&id).ok_or_else(missing)?;
        if matches!(run.progress.state, RunState::Running { .. }) && !force {
            run.rare.asked.get_or_insert_with(|| (now, why.to_owned()));
            return Ok(false);
        }
        let event = RunEvent::Cancel { at: now, why: why.to_owned() };
        let (moved, _) = self.apply(id, event, now, None, None)?;
        if let Some(run) = self.runs.get_mut(&id)
            && moved.progress.state == RunState::Cancelled
            && moved.record.is_none()
        {
            why.clone_into(&mut run.rare.error);
        }
        Ok(true)
    }
}
