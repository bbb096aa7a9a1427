//! Ticks that start at once are put off until something else is asked of the file, and written many at a time: a statement for each would
//! take as long to begin and end as it does to write.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use cron_core::run::{Epoch, JobId, RunId};
use rusqlite::params;

use super::super::StoreError;
use super::claim::Start;
use super::db::Db;
use super::rows::{failed, to_int, to_ms};

/// So many are written by one statement.
pub(super) const TOGETHER: usize = 64;

/// Runs that were started and are not in the file yet.
#[derive(Debug, Default)]
pub(super) struct Ticks(RefCell<Vec<(Start, [i64; 4])>>);

impl Ticks {
    /// They are not to be written any more.
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

/// The columns of a tick that is started at once, without its `id`.
pub(super) const COLUMNS: &str = "job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, epoch, \
                                  owner, lease_ms, started_ms, build";

/// Their values: `owner`, `lease_ms`, `started_ms` and `build`, which are the same for all that are written by one statement, then for each
/// `job_id`, `nominal_ms` and `epoch`.
pub(super) fn values(index: usize) -> String {
    let [job, tick, epoch] = [5, 6, 7].map(|place| place + 3 * index);
    format!("?{job}, ?{tick}, 0, 'tick', 'running', 0, 0, 0, ?{epoch}, ?1, ?2, ?3, ?4")
}

impl Db<'_> {
    pub(super) fn start_tick(&self, run: RunId, job: JobId, tick: DateTime<Utc>, epoch: Epoch, start: Start) {
        let [run, job, epoch] = [run.0, job.0, epoch.0].map(to_int);
        self.ticks.0.borrow_mut().push((start, [run, job, to_ms(tick), epoch]));
    }

    /// Writes what was put off. [`Db::statement`] does it, so whoever asks the file for something finds it there.
    pub(super) fn write_ticks(&self) -> Result<(), StoreError> {
        if self.ticks.0.borrow().is_empty() {
            return Ok(());
        }
        let ticks = self.ticks.0.take();
        for together in ticks.chunk_by(|one, next| one.0 == next.0).flat_map(|alike| alike.chunks(TOGETHER)) {
            self.write_together(together)?;
        }
        Ok(())
    }

    fn write_together(&self, ticks: &[(Start, [i64; 4])]) -> Result<(), StoreError> {
        let (first, others) = if self.counts_on.get() { ticks.split_at(0) } else { ticks.split_at(1) };
        self.write_each(first)?;
        if others.len() < TOGETHER {
            return self.write_each(others);
        }
        let (Some((Start { owner, lease, now, build }, _)), Some((_, [newest, ..]))) =
            (others.first(), others.last())
        else {
            return Ok(());
        };
        let values = others.iter().flat_map(|(_, [_, values @ ..])| values);
        let mut statement = self.statements.start_ticks.borrow_mut();
        for (place, value) in (1..).zip([owner, lease, now]) {
            statement.raw_bind_parameter(place, value).map_err(failed)?;
        }
        statement.raw_bind_parameter(4, build).map_err(failed)?;
        for (place, value) in (5..).zip(values) {
            statement.raw_bind_parameter(place, value).map_err(failed)?;
        }
        statement.raw_execute().map_err(failed)?;
        let given = self.connection.last_insert_rowid();
        if given == *newest {
            Ok(())
        } else {
            Err(StoreError::Corrupt { what: format!("run {newest} was written as run {given}") })
        }
    }

    fn write_each(&self, ticks: &[(Start, [i64; 4])]) -> Result<(), StoreError> {
        let mut statement = self.statements.start_tick.borrow_mut();
        for (Start { owner, lease, now, build }, [run, job, tick, epoch]) in ticks {
            statement.execute(params![owner, lease, now, build, job, tick, epoch, run]).map_err(failed)?;
            self.counts_on.set(true);
        }
        Ok(())
    }
}
