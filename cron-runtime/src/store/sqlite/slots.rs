//! What happens when a slot of a job becomes free.

use chrono::{DateTime, Utc};
use cron_core::judge::{Active, after_end, backfill_room, room};
use cron_core::run::{Origin, Progress, RunEvent, RunId};
use rusqlite::params;

use super::super::StoreError;
use super::claim::step;
use super::db::Db;
use super::known::Entry;
use super::marks::Mark;
use super::rows::{Columns, PARKED, PROGRESS, failed, state_columns, to_int};

/// A run that waits for the slot of its job.
struct Parked {
    run: RunId,
    progress: Progress,
    concurrency: u32,
}

impl Db<'_> {
    /// A run of a job holds its slot no longer. What waited for that is due again or released; gives the instant at which somebody
    /// has to look, if there is one.
    pub(super) fn free(
        &self,
        mark: &mut Mark,
        entry: &Entry,
        at: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let before = mark.due;
        if let Some(schedule) = entry.schedule().filter(|_| !mark.is_active()) {
            mark.place = after_end(schedule, mark.place, at);
        }
        self.rearm(mark, entry)?;
        let wake = self.release(mark, entry, at)?.then_some(at);
        Ok(mark.due.filter(|_| mark.due != before).into_iter().chain(wake).min())
    }

    /// Lets runs that wait for the slot of a job start while there is room: first those that people asked for; a backfill only
    /// where no tick wants the slot. Says whether there were any.
    pub(super) fn release(
        &self,
        mark: &mut Mark,
        entry: &Entry,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if mark.parked == 0 {
            return Ok(false);
        }
        let (overlap, slots) = (entry.plan.overlap, entry.plan.slots);
        let mut active = self.active(mark)?;
        let mut any = false;
        // Those that are no backfill have no batch, and NULL comes first.
        while let Some(parked) = self.first_parked(mark, "batch IS NULL")? {
            if room(overlap, slots, active.len()) == 0 {
                return Ok(any);
            }
            active.push(self.wake(&parked, Origin::Manual, mark, entry, at)?);
            any = true;
        }
        let is_wanted = mark.due.is_some_and(|due| due <= at);
        while !is_wanted
            && let Some(parked) = self.first_parked(mark, "batch IS NOT NULL")?
            && backfill_room(overlap, slots, &active, parked.concurrency) > 0
        {
            active.push(self.wake(&parked, Origin::Backfill, mark, entry, at)?);
            any = true;
        }
        Ok(any)
    }

    /// The oldest run that waits for the slot. Numbers of batches rise with those of their runs.
    fn first_parked(&self, mark: &Mark, which: &str) -> Result<Option<Parked>, StoreError> {
        let sql = format!(
            "SELECT id, {PROGRESS}, (SELECT concurrency FROM backfills WHERE backfills.id = batch) FROM runs \
             WHERE job_id = ?1 AND {PARKED} AND {which} ORDER BY batch, id LIMIT 1"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(mark.job.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        let (run, progress) = (RunId(row.u64("id")?), row.progress()?);
        let concurrency = row.u64_or_null("concurrency")?;
        let concurrency = concurrency.and_then(|most| u32::try_from(most).ok()).unwrap_or(1);
        Ok(Some(Parked { run, progress, concurrency }))
    }

    fn wake(
        &self,
        parked: &Parked,
        origin: Origin,
        mark: &mut Mark,
        entry: &Entry,
        at: DateTime<Utc>,
    ) -> Result<Active, StoreError> {
        let moved = step(parked.run, entry, parked.progress, RunEvent::Release { at })?;
        let state = moved.progress.state;
        let (_, wake) = state_columns(&state);
        let sql = format!("UPDATE runs SET state = ?2, wake_ms = ?3 WHERE id = ?1 AND {PARKED}");
        if !self.changed(&sql, params![to_int(parked.run.0), state.word().as_str(), wake])? {
            let what = format!("run {} changed within a transaction", parked.run);
            return Err(StoreError::Corrupt { what });
        }
        mark.parked = mark.parked.saturating_sub(1);
        mark.active += 1;
        Ok(Active { run: parked.run, origin, is_running: false, asked: None })
    }
}
