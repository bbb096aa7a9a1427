//! Jobs that may have taken their process down.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{JobId, OwnerId, RunId, RunState};
use cron_core::suspect::{PAUSED_BY, Vanished, held_until};

use super::super::{PauseInfo, StoreError};
use super::book::{Book, Desk};
use super::judge::Session;
use super::sync::is_linked;

impl Book {
    /// Counts the deaths of the processes that had these runs in progress, and puts in quarantine who is to be there. Gives those with
    /// the number of their deaths.
    pub(super) fn count_deaths(
        &mut self,
        lost: &[RunId],
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, u32)>, StoreError> {
        let mut deaths: BTreeMap<OwnerId, Vec<(JobId, DateTime<Utc>)>> = BTreeMap::new();
        for id in lost {
            let run = &self.runs[id];
            if let Some(owner) = run.owner.filter(|owner| self.vanished(*owner).is_death()) {
                let job = self.known(&run.job)?.id;
                deaths.entry(owner).or_default().push((job, run.started.unwrap_or(now)));
            }
        }
        let mut quarantined = Vec::new();
        for in_progress in deaths.into_values() {
            let death = self.suspects.count(in_progress);
            let found = death.quarantined.and_then(|job| Some((job, death.suspects.get(&job)?)));
            let Some((id, suspect)) = found else { continue };
            if let Some(job) = self.jobs.values_mut().find(|job| job.id == id) {
                let (by, note) = (PAUSED_BY.to_owned(), suspect.reason());
                // A person's pause is older, and is ended by the same command.
                job.paused.get_or_insert(PauseInfo { at: now, by, note });
                quarantined.push((job.plan.name.clone(), suspect.deaths));
            }
        }
        Ok(quarantined)
    }

    /// What is known of a process whose attempt is lost.
    pub(super) fn vanished(&self, owner: OwnerId) -> Vanished {
        if self.gone.contains(&owner) {
            Vanished::Left
        } else if self.dead.contains(&owner) {
            Vanished::Died
        } else {
            Vanished::Lives
        }
    }

    /// Starts the first of the suspects' runs whose time has come, unless one is in progress here that has not lived for long enough. Gives
    /// when to look again.
    pub(super) fn start_suspects(
        &mut self,
        desk: &Desk,
        session: &mut Session,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        if self.suspects.is_empty() {
            return Ok(None);
        }
        let (now, owner) = (session.request.now, session.request.owner);
        let (mut waiting, mut in_progress, mut upcoming) = (Vec::new(), Vec::new(), None);
        for (id, run) in self.runs.active() {
            let Some(job) = self.jobs.get(&run.job) else { continue };
            let Some(suspect) = self.suspects.get(job.id) else { continue };
            if matches!(run.progress.state, RunState::Running { .. }) && run.owner == Some(owner) {
                in_progress.extend(run.started);
            }
            match run.progress.state.wake().filter(|_| is_linked(desk, job) && !suspect.is_quarantined) {
                Some(wake) if wake <= now => waiting.push((suspect.order(), wake, id)),
                wake => upcoming = upcoming.into_iter().chain(wake).min(),
            }
        }
        let mut held = held_until(in_progress, now);
        waiting.sort_unstable();
        let mut left = waiting.len();
        for (.., run) in waiting {
            if held.is_some() {
                break;
            }
            if self.start(run, session)? {
                left -= 1;
                held = held_until([now], now);
            }
        }
        // The end of the one in progress is when to look, and at the latest the instant at which it lets the next one start.
        session.judged.crowded |= left > 0;
        Ok(held.filter(|_| left > 0).into_iter().chain(upcoming).min())
    }
}
