//! Jobs that may have taken their process down, as the file has them: nearly always none, so they are kept in memory until another
//! process has written to the file.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{JobId, OwnerId};
use cron_core::suspect::{Death, PAUSED_BY, Suspect, Suspects, Vanished, held_until};
use rusqlite::params;

use super::super::{JudgeRequest, StoreError};
use super::claim::Waking;
use super::db::Db;
use super::judge::Session;
use super::rows::{ACTIVE, Columns, failed, to_int, to_ms};

/// The suspects of the file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// There are none. Each run asks for that several times.
    are_none: Cell<bool>,
    /// `None` where they have to be read.
    all: RefCell<Option<Suspects<JobId>>>,
}

impl Known {
    /// Nothing is believed any more.
    pub(super) fn doubt(&self) {
        self.set(None);
    }

    /// The file has none.
    pub(super) fn are_none(&self) {
        self.set(Some(Suspects::default()));
    }

    fn set(&self, all: Option<Suspects<JobId>>) {
        self.are_none.set(all.as_ref().is_some_and(Suspects::is_empty));
        *self.all.borrow_mut() = all;
    }
}

impl Db<'_> {
    /// Looks something up among the suspects, or changes them.
    fn suspects<R>(&self, look: impl FnOnce(&mut Suspects<JobId>) -> R) -> Result<R, StoreError> {
        if let Some(mut suspects) = self.known_suspects.all.take() {
            let answer = look(&mut suspects);
            self.known_suspects.set(Some(suspects));
            return Ok(answer);
        }
        let mut statement = self.statement("SELECT job_id, deaths, last_ms, is_quarantined FROM suspects")?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let job = JobId(row.u64("job_id")?);
            found.push((job, suspect(&mut row)?));
        }
        let mut suspects = Suspects::new(found);
        let answer = look(&mut suspects);
        self.known_suspects.set(Some(suspects));
        Ok(answer)
    }

    #[inline]
    pub(super) fn has_suspects(&self) -> Result<bool, StoreError> {
        if self.known_suspects.are_none.get() {
            return Ok(false);
        }
        self.suspects(|suspects| !suspects.is_empty())
    }

    pub(super) fn is_suspect(&self, job: JobId) -> Result<bool, StoreError> {
        Ok(self.has_suspects()? && self.suspects(|suspects| suspects.get(job).is_some())?)
    }

    pub(super) fn is_quarantined(&self, job: JobId) -> Result<bool, StoreError> {
        Ok(self.has_suspects()? && self.suspects(|suspects| suspects.is_quarantined(job))?)
    }

    /// A run of a job has ended while its process lived.
    pub(super) fn clear_suspect(&self, job: JobId) -> Result<(), StoreError> {
        if self.has_suspects()? && self.suspects(|suspects| suspects.clear(job))? {
            self.delete_suspect(job)?;
        }
        Ok(())
    }

    /// A person lets a job run again, or it is gone.
    pub(super) fn release_suspect(&self, job: JobId) -> Result<(), StoreError> {
        if self.suspects(|suspects| suspects.release(job))? {
            self.delete_suspect(job)?;
        }
        Ok(())
    }

    fn delete_suspect(&self, job: JobId) -> Result<(), StoreError> {
        self.run("DELETE FROM suspects WHERE job_id = ?1", [to_int(job.0)]).map(|_| ())
    }

    /// Counts the deaths of the processes that had these attempts in progress, and puts in quarantine who is to be there. Gives those with
    /// the number of their deaths.
    pub(super) fn count_deaths(
        &self,
        lost: impl IntoIterator<Item = (OwnerId, JobId, Option<DateTime<Utc>>)>,
        vanished: &HashMap<OwnerId, Vanished>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobName, u32)>, StoreError> {
        let mut deaths: BTreeMap<OwnerId, Vec<(JobId, DateTime<Utc>)>> = BTreeMap::new();
        for (owner, job, started) in lost {
            // Of whom nothing is known it is not known either that anything else was the cause.
            if vanished.get(&owner).is_none_or(|vanished| vanished.is_death()) {
                deaths.entry(owner).or_default().push((job, started.unwrap_or(now)));
            }
        }
        let mut quarantined = Vec::new();
        for in_progress in deaths.into_values() {
            let Death { suspects, quarantined: newly } = self.suspects(|known| known.count(in_progress))?;
            for (job, Suspect { deaths, started, is_quarantined }) in &suspects {
                let sql = "INSERT OR REPLACE INTO suspects (job_id, deaths, last_ms, is_quarantined) \
                           VALUES (?1, ?2, ?3, ?4)";
                self.run(sql, params![to_int(job.0), deaths, to_ms(*started), is_quarantined])?;
            }
            if let Some((job, suspect)) = newly.and_then(|job| Some((job, suspects.get(&job)?))) {
                // A person's pause is older, and is ended by the same command.
                let sql = "UPDATE jobs SET paused_ms = ?2, paused_by = ?3, paused_note = ?4 \
                           WHERE id = ?1 AND paused_ms IS NULL";
                self.run(sql, params![to_int(job.0), to_ms(now), PAUSED_BY, suspect.reason()])?;
                quarantined.push((self.name_of(job)?, suspect.deaths));
            }
        }
        Ok(quarantined)
    }

    /// Starts the first of the suspects' runs whose time has come, unless one is in progress here that has not lived for long enough. Gives
    /// when to look again.
    pub(super) fn start_suspects(&self, session: &mut Session) -> Result<Option<DateTime<Utc>>, StoreError> {
        if !self.has_suspects()? {
            return Ok(None);
        }
        let JudgeRequest { now, owner, .. } = session.request;
        let mut held = held_until(self.suspects_in_progress(owner)?, now);
        let mut waiting = self.suspects_waiting()?;
        let upcoming = waiting.iter().map(|(_, waking)| waking.wake).filter(|wake| *wake > now).min();
        waiting.retain(|(_, waking)| waking.wake <= now);
        waiting.sort_by_key(|(suspect, waking)| (suspect.order(), waking.wake, waking.run));
        let mut left = waiting.len();
        for (_, waking) in waiting.iter().take_while(|_| held.is_none()) {
            let Some(entry) = self.readable(waking.job, &mut session.judged)? else { continue };
            if self.start_if_room(waking, &entry, session)? {
                left -= 1;
                held = held_until([now], now);
                break;
            }
        }
        // The end of the one in progress is when to look, and at the latest the instant at which it lets the next one start.
        session.judged.crowded |= left > 0;
        Ok(held.filter(|_| left > 0).into_iter().chain(upcoming).min())
    }

    /// When the attempts of suspects that a process has in progress were started.
    fn suspects_in_progress(&self, owner: OwnerId) -> Result<Vec<DateTime<Utc>>, StoreError> {
        let sql = format!(
            "SELECT started_ms FROM suspects CROSS JOIN runs INDEXED BY runs_active ON runs.job_id = suspects.job_id \
             WHERE {ACTIVE} AND owner = ?1 AND state = 'running'"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(owner.0)]).map_err(failed)?;
        let mut started = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            started.extend(Columns::of(row).instant_or_null("started_ms")?);
        }
        Ok(started)
    }

    /// The runs of suspects of this program that are not in quarantine and want to start, now or later.
    fn suspects_waiting(&self) -> Result<Vec<(Suspect, Waking)>, StoreError> {
        let sql = format!(
            "SELECT deaths, last_ms, is_quarantined, {} \
             FROM suspects CROSS JOIN temp.linked ON linked.job_id = suspects.job_id \
             CROSS JOIN runs INDEXED BY runs_active ON runs.job_id = suspects.job_id \
             WHERE is_quarantined = 0 AND {ACTIVE} AND wake_ms IS NOT NULL",
            Waking::COLUMNS
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut waiting = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            waiting.push((suspect(&mut row)?, Waking::read(&mut row)?));
        }
        Ok(waiting)
    }
}

/// What is held against a job: `deaths`, `last_ms`, `is_quarantined`.
fn suspect(row: &mut Columns<'_>) -> Result<Suspect, StoreError> {
    Ok(Suspect {
        deaths: row.u32("deaths")?,
        started: row.instant("last_ms")?,
        is_quarantined: row.get("is_quarantined")?,
    })
}

/// The same of a job that may not be one.
pub(super) fn suspect_or_null(row: &mut Columns<'_>) -> Result<Option<Suspect>, StoreError> {
    let deaths = row.u64_or_null("deaths")?;
    let started = row.instant_or_null("last_ms")?;
    let is_quarantined: Option<bool> = row.get("is_quarantined")?;
    Ok(deaths.zip(started).map(|(deaths, started)| Suspect {
        deaths: u32::try_from(deaths).unwrap_or(u32::MAX),
        started,
        is_quarantined: is_quarantined.unwrap_or_default(),
    }))
}
