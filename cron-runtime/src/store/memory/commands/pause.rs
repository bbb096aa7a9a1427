//! Pausing and resuming jobs and groups.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::judge::begin_beside;

use super::super::super::{CommandError, Done, PauseInfo, StoreError, Target};
use super::super::book::Book;

impl Book {
    pub(super) fn pause_target(
        &mut self,
        target: Target,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<Done, CommandError> {
        let jobs = self.jobs_of(&target)?;
        if let Some(since) = self.own_pause(&target) {
            return Err(CommandError::PausedAlready { since: since.clone(), target });
        }
        *self.pause_of(&target)? = Some(PauseInfo { at: now, by, note });
        let in_progress = self.runs.active().filter(|(_, run)| jobs.contains(&run.job)).count() as u64;
        for job in jobs {
            self.rearm(&job)?;
        }
        Ok(Done::Paused { in_progress })
    }

    pub(super) fn resume(&mut self, target: Target, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let jobs = self.jobs_of(&target)?;
        if self.own_pause(&target).is_none() {
            return Err(CommandError::NotPaused { target });
        }
        let mut skipped = 0;
        for job in &jobs {
            skipped += self.close(job, now)?;
        }
        *self.pause_of(&target)? = None;
        if let Target::Job(job) = &target {
            let id = self.known(job)?.id;
            self.suspects.release(id);
        }
        let mut next = None;
        for job in &jobs {
            let known = self.known_mut(job)?;
            known.place.beside = begin_beside(known.schedule(), known.place, now);
            next = self.rearm(job)?.into_iter().chain(next).min();
        }
        Ok(Done::Resumed { skipped, next })
    }

    /// Gives the ticks of the pause that counts their verdict.
    fn close(&mut self, name: &JobName, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let is_active = !self.active(name).is_empty();
        let pause = self.pause(self.known(name)?).cloned();
        Ok(self.known_mut(name)?.close_until(now, pause.as_ref(), is_active))
    }

    fn own_pause(&self, target: &Target) -> Option<&PauseInfo> {
        match target {
            Target::Job(job) => self.jobs.get(job)?.paused.as_ref(),
            Target::Group(group) => self.groups.get(group)?.paused.as_ref(),
        }
    }

    fn pause_of(&mut self, target: &Target) -> Result<&mut Option<PauseInfo>, StoreError> {
        Ok(match target {
            Target::Job(job) => &mut self.known_mut(job)?.paused,
            Target::Group(group) => &mut self.groups.entry(group.clone()).or_default().paused,
        })
    }
}
