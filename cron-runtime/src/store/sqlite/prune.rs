//! Letting go of what the retention of jobs does not keep.

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::policy::{Beyond, EndedRun, Retention, beyond, ended_at};
use cron_core::run::{JobId, RunId};
use rusqlite::{OptionalExtension, Row, Rows, params};

use super::super::{MAX_PRUNED_JOBS, MAX_PRUNED_RUNS, MAX_PRUNED_TOGETHER, Pruned, StoreError};
use super::db::Db;
use super::known::Entry;
use super::marks::Mark;
use super::rows::{ACTIVE, Columns, DEAD, failed, from_int, from_us, to_int, to_ms};

/// At most this many blocks of skipped ticks of one job are looked at, or removed, at once.
pub(super) const BLOCKS: usize = 10_000;

/// Finished runs that are no dead letters. (No lists: SQLite builds a table of each. The words of dead letters are those between `d` and
/// `r`.)
const DONE: &str = "(state = 'succeeded' OR state = 'cancelled' OR (dismissed_ms IS NOT NULL AND state > 'd' AND state < 'r'))";

/// The columns of [`ended_runs`].
const ENDED: &str = "SELECT id, nominal_ms, ended_ms, started_ms, duration_us FROM runs";

/// Runs of ticks after the beginning of the record, in the order of their instants: `job_id`, and where the record begins.
fn ticks() -> String {
    format!(
        "{ENDED} INDEXED BY runs_key WHERE job_id = ?1 AND nominal_ms > ?2 AND lane = 0 AND {DONE} \
         ORDER BY nominal_ms, lane"
    )
}

/// Runs beside the ticks, in the order of their numbers: `job_id`.
fn beside() -> String {
    format!("{ENDED} INDEXED BY runs_beside WHERE job_id = ?1 AND lane > 0 AND {DONE} ORDER BY id")
}

/// With those of ticks before the beginning of the record: they were dead letters or active when it moved. `job_id`, and where it begins.
fn beside_and_earlier() -> String {
    format!(
        "{ENDED} INDEXED BY runs_beside WHERE job_id = ?1 AND lane > 0 AND {DONE} UNION ALL \
         {ENDED} INDEXED BY runs_key WHERE job_id = ?1 AND nominal_ms <= ?2 AND lane = 0 AND {DONE} ORDER BY id"
    )
}

/// Dead letters, in the order of their numbers: `job_id`. The few are found by their own index, not among all runs of the job.
fn dead() -> String {
    format!("{ENDED} INDEXED BY runs_dead WHERE job_id = ?1 AND {DEAD} ORDER BY id")
}

fn ended_runs(rows: &mut Rows<'_>) -> impl Iterator<Item = Result<EndedRun, StoreError>> {
    let read = |row: &Row<'_>| {
        let mut row = Columns::of(row);
        let (run, nominal) = (RunId(row.u64("id")?), row.instant("nominal_ms")?);
        let (ended, started) = (row.instant_or_null("ended_ms")?, row.instant_or_null("started_ms")?);
        let duration = row.get::<Option<i64>>("duration_us")?.map(from_us);
        Ok(EndedRun { run, nominal, ended: ended_at(ended, started, duration, nominal) })
    };
    std::iter::from_fn(move || rows.next().map_err(failed).transpose().map(|row| row.and_then(read)))
}

/// What of the record decides about the rest.
#[derive(Debug, Default)]
struct Record {
    /// Verdicts up to here may be gone.
    begins: Option<i64>,
    /// Runs of ticks up to there are on record.
    has_earlier: bool,
    dead: u64,
}

/// The finished runs of a job that are not kept any longer.
struct Surplus {
    done: Beyond,
    dead: Beyond,
}

impl Surplus {
    fn len(&self) -> usize {
        [&self.done.ticks, &self.done.beside, &self.dead.beside].map(Vec::len).into_iter().sum()
    }
}

impl Db<'_> {
    /// Goes on behind the job at which the call before ended, so that a busy one does not keep the others from their turn.
    pub(super) fn prune(&mut self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let after = self.pruned_until.take().unwrap_or_default();
        if after.is_empty() && !self.has_surplus()? {
            // However many jobs there are.
            self.prune_incarnations()?;
            return Ok(pruned);
        }
        let sql = "SELECT id, name FROM jobs WHERE name > ?1 ORDER BY name LIMIT ?2";
        let jobs: Vec<(i64, String)> = {
            let mut statement = self.statement(sql)?;
            let limit = to_int(MAX_PRUNED_JOBS as u64).saturating_add(1);
            let rows = statement.query_map(params![after, limit], |row| Ok((row.get(0)?, row.get(1)?)));
            let jobs: Result<_, _> = rows.map_err(failed)?.collect();
            jobs.map_err(failed)?
        };
        for (index, (job, name)) in jobs.into_iter().enumerate() {
            let done = usize::try_from(pruned.runs + pruned.skips + pruned.jobs).unwrap_or(usize::MAX);
            if done >= limit || index == MAX_PRUNED_JOBS {
                pruned.more = true;
                return Ok(pruned);
            }
            self.prune_job(JobId(from_int(job)?), now, limit - done, &mut pruned)?;
            self.pruned_until.replace(Some(name));
        }
        self.pruned_until.take();
        self.prune_incarnations()?;
        Ok(pruned)
    }

    pub(super) fn prune_jobs(&mut self, names: &[JobName], now: DateTime<Utc>) -> Result<Pruned, StoreError> {
        // Nothing of attempts in progress is removed.
        self.keeps_at_hand();
        let mut pruned = Pruned::default();
        for name in names {
            if pruned.runs + pruned.skips >= MAX_PRUNED_TOGETHER {
                pruned.more = true;
                break;
            }
            if let Some(job) = self.job_id(name)? {
                self.prune_job(job, now, MAX_PRUNED_RUNS, &mut pruned)?;
            }
        }
        Ok(pruned)
    }

    /// Whether there may be something to let go of: something on record, or a dynamic job that has had its time.
    fn has_surplus(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM skips) \
                   OR EXISTS (SELECT 1 FROM marks CROSS JOIN jobs ON id = job_id WHERE due_ms IS NULL AND handler IS NOT NULL)";
        self.statement(sql)?.query_row([], |row| row.get(0)).map_err(failed)
    }

    fn prune_job(
        &self,
        job: JobId,
        now: DateTime<Utc>,
        room: usize,
        pruned: &mut Pruned,
    ) -> Result<(), StoreError> {
        // A job that a newer program has declared in words that this one does not know is left to that one.
        let entry = match self.entry(job) {
            Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => return Ok(()),
            entry => entry?,
        };
        let mut mark = self.mark(job)?;
        let keep = retention(&mark, &entry);
        let record = self.record(&mark)?;
        let surplus = self.surplus(&mark, &entry, &record, now, room)?;
        if self.is_over(&mark, &entry, &surplus, now)? {
            self.forget(job)?;
            pruned.jobs += 1;
            return Ok(());
        }
        pruned.more |= surplus.done.more || surplus.dead.more;
        if pruned.runs == 0 && surplus.len() > 0 {
            self.keep_numbers()?;
        }
        let (removed, until) = self.remove_runs(job, &record, &surplus)?;
        mark.recorded = mark.recorded.saturating_sub(u32::try_from(removed).unwrap_or(u32::MAX));
        pruned.runs += removed;
        // Skipped ticks between those that are kept stay with them.
        let oldest = surplus.done.next_tick.map_or(keep.oldest(now), |tick| tick.min(keep.oldest(now)));
        let until = self.begin_record(&mark, until, to_ms(oldest), removed > 0)?;
        let removed = until.map_or(Ok(0), |until| self.remove_skips(job, until))?;
        pruned.more |= removed >= BLOCKS as u64;
        pruned.skips += removed;
        pruned.skips += self.fold_skips(&mark, entry.plan.name.as_str())?;
        self.let_go(&mark);
        Ok(())
    }

    /// Where the record of a job begins, and how many dead letters are on it.
    fn record(&self, mark: &Mark) -> Result<Record, StoreError> {
        let sql = format!(
            "SELECT pruned_ms, (SELECT count(*) FROM runs WHERE job_id = ?1 AND {DEAD}), \
             EXISTS (SELECT 1 FROM runs INDEXED BY runs_key WHERE job_id = ?1 AND nominal_ms <= pruned_ms AND lane = 0) \
             FROM marks WHERE job_id = ?1"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(mark.job.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(Record::default()) };
        let mut row = Columns::of(row);
        Ok(Record {
            begins: row.get("pruned_ms")?,
            dead: row.u64("dead")?,
            has_earlier: row.get("has_earlier")?,
        })
    }

    /// A temporary job that has done its work, and whose record nobody needs any more.
    fn is_over(
        &self,
        mark: &Mark,
        entry: &Entry,
        surplus: &Surplus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let is_idle = mark.place.suspended.is_none()
            && mark.due.is_none()
            && mark.place.hold.is_none()
            && mark.active == 0
            && mark.parked == 0;
        let is_kept = surplus.len() as u64 != u64::from(mark.recorded);
        if !entry.plan.temporary || !is_idle || is_kept || self.pause(mark.job)?.is_some() {
            return Ok(false);
        }
        let sql = "SELECT registered_ms < ?2 AND NOT EXISTS (SELECT 1 FROM skips WHERE job_id = ?1 AND last_ms >= ?2) \
                   FROM jobs WHERE id = ?1";
        let oldest = to_ms(entry.plan.retention.oldest(now));
        let mut statement = self.statement(sql)?;
        statement.query_row(params![to_int(mark.job.0), oldest], |row| row.get(0)).map_err(failed)
    }

    /// The finished runs of a job that are not kept any longer, `room` at most.
    fn surplus(
        &self,
        mark: &Mark,
        entry: &Entry,
        record: &Record,
        now: DateTime<Utc>,
        room: usize,
    ) -> Result<Surplus, StoreError> {
        let (job, keep) = (to_int(mark.job.0), retention(mark, entry));
        let [done_ahead, dead_ahead] = self.ended_after(mark)?;
        let last = mark.place.suspended.map_or(DateTime::<Utc>::MAX_UTC, |_| mark.place.mark);
        let is_near =
            |run: &Result<EndedRun, StoreError>| run.as_ref().map_or(true, |run| run.nominal <= last);
        // All others on record are done. So nobody has to count them.
        let in_progress = u64::from(mark.active) + u64::from(mark.parked);
        let done = u64::from(mark.recorded).saturating_sub(in_progress + record.dead + done_ahead);
        let begins = record.begins.unwrap_or(i64::MIN);
        let beside = if record.has_earlier { beside_and_earlier() } else { beside() };
        let mut beside = self.statement(&beside)?;
        let beside = if record.has_earlier { beside.query([job, begins]) } else { beside.query([job]) };
        let mut beside = beside.map_err(failed)?;
        let done = if self.has_ticks(mark.job, entry)? {
            let mut ticks = self.statement(&ticks())?;
            let mut ticks = ticks.query([job, begins]).map_err(failed)?;
            beyond(
                ended_runs(&mut ticks).take_while(is_near),
                ended_runs(&mut beside),
                keep.of_done(done, now),
                room,
            )?
        } else {
            beyond([], ended_runs(&mut beside), keep.of_done(done, now), room)?
        };
        let mut surplus = Surplus { done, dead: Beyond::default() };
        if record.dead > 0 {
            let room = room.saturating_sub(surplus.len());
            let mut dead = self.statement(&dead())?;
            let mut dead = dead.query([job]).map_err(failed)?;
            let number = record.dead.saturating_sub(dead_ahead);
            surplus.dead =
                beyond([], ended_runs(&mut dead).filter(is_near), keep.of_dead(number, now), room)?;
        }
        Ok(surplus)
    }

    /// How many runs after the mark are done, and how many of them are dead letters: those that keep their ticks after a clock was set back.
    fn ended_after(&self, mark: &Mark) -> Result<[u64; 2], StoreError> {
        if mark.place.suspended.is_none() {
            return Ok([0, 0]);
        }
        let sql = format!(
            "SELECT ifnull(sum({DONE}), 0), ifnull(sum({DEAD}), 0) FROM runs WHERE job_id = ?1 AND nominal_ms > ?2"
        );
        let mut statement = self.statement(&sql)?;
        let values = params![to_int(mark.job.0), to_ms(mark.place.mark)];
        let ended: [i64; 2] =
            statement.query_row(values, |row| Ok([row.get(0)?, row.get(1)?])).map_err(failed)?;
        Ok([from_int(ended[0])?, from_int(ended[1])?])
    }

    /// Whether a job may have ticks on record. To find that out from its runs takes a look at each where all of them are beside ticks.
    fn has_ticks(&self, job: JobId, entry: &Entry) -> Result<bool, StoreError> {
        if entry.schedule().is_some() {
            return Ok(true);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM segments WHERE job_id = ?1 AND schedule IS NOT NULL)";
        self.statement(sql)?.query_row([to_int(job.0)], |row| row.get(0)).map_err(failed)
    }

    /// Removes runs with what is kept beside them. Gives how many, and the last tick of which nothing is on record any more.
    fn remove_runs(
        &self,
        job: JobId,
        record: &Record,
        surplus: &Surplus,
    ) -> Result<(u64, Option<i64>), StoreError> {
        let Surplus { done: Beyond { ticks, beside, .. }, dead } = surplus;
        let all = || ticks.iter().chain(beside).chain(&dead.beside);
        let ids = || all().map(|run| to_int(run.run.0));
        let (Some(lowest), Some(highest)) = (ids().min(), ids().max()) else { return Ok((0, None)) };
        // Most runs have nothing beside them.
        for table in ["attempts", "run_log"] {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE run_id >= ?1 AND run_id <= ?2)");
            if self.statement(&sql)?.query_row([lowest, highest], |row| row.get(0)).map_err(failed)? {
                let mut delete = self.statement(&format!("DELETE FROM {table} WHERE run_id = ?1"))?;
                ids().try_for_each(|run| delete.execute([run]).map(drop).map_err(failed))?;
            }
        }
        // What is done before the last of them is among them, and goes at once.
        let (job, begins) = (to_int(job.0), record.begins.unwrap_or(i64::MIN));
        let mut removed = 0;
        let mut until = ticks.last().map(|tick| to_ms(tick.nominal));
        if let Some(last) = until {
            let sql = format!(
                "DELETE FROM runs INDEXED BY runs_key \
                 WHERE job_id = ?1 AND nominal_ms > ?2 AND nominal_ms <= ?3 AND lane = 0 AND {DONE}"
            );
            removed += self.run(&sql, [job, begins, last])?;
        }
        if let Some(last) = beside.last().map(|run| to_int(run.run.0)) {
            let sql = format!(
                "DELETE FROM runs INDEXED BY runs_beside WHERE job_id = ?1 AND lane > 0 AND id <= ?2 AND {DONE}"
            );
            removed += self.run(&sql, [job, last])?;
            if record.has_earlier {
                let sql = format!(
                    "DELETE FROM runs INDEXED BY runs_key \
                     WHERE job_id = ?1 AND nominal_ms <= ?2 AND lane = 0 AND id <= ?3 AND {DONE}"
                );
                removed += self.run(&sql, [job, begins, last])?;
            }
        }
        if !dead.beside.is_empty() {
            let sql = "DELETE FROM runs WHERE id = ?1 RETURNING iif(lane = 0, nominal_ms, NULL)";
            let mut delete = self.statement(sql)?;
            for run in &dead.beside {
                let tick: Option<i64> =
                    delete.query_row([to_int(run.run.0)], |row| row.get(0)).map_err(failed)?;
                until = until.max(tick);
                removed += 1;
            }
        }
        Ok((removed as u64, until))
    }

    /// Moves the beginning of the record, and gives it. What is dead or active keeps its row beyond it; it is the verdicts that begin there.
    fn begin_record(
        &self,
        mark: &Mark,
        until: Option<i64>,
        oldest: i64,
        has_removed: bool,
    ) -> Result<Option<i64>, StoreError> {
        let job = to_int(mark.job.0);
        let sql = "SELECT pruned_ms, \
                   (SELECT max(last_ms) FROM skips WHERE job_id = ?1 AND first_ms < ?2 AND last_ms < ?2), \
                   EXISTS (SELECT 1 FROM suspended WHERE job_id = ?1) FROM marks WHERE job_id = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (before, too_old, has_suspended): (Option<i64>, Option<i64>, bool) =
            self.statement(sql)?.query_row(params![job, oldest], read).map_err(failed)?;
        let until = until.max(too_old).max(before);
        if has_removed || until != before {
            let sql = "UPDATE marks SET recorded = ?2, pruned_ms = ?3 WHERE job_id = ?1";
            self.run(sql, params![job, mark.recorded, until])?;
            self.at_hand.wrote(mark);
        }
        if until != before {
            let in_force = "(SELECT max(since_ms) FROM segments WHERE job_id = ?1 AND since_ms <= ?2)";
            let sql = format!("DELETE FROM segments WHERE job_id = ?1 AND since_ms < {in_force}");
            self.run(&sql, params![job, until])?;
            if has_suspended {
                let sql = "DELETE FROM suspended WHERE job_id = ?1 AND last_ms <= ?2 AND taken_back = 1";
                self.run(sql, params![job, until])?;
            }
        }
        Ok(until)
    }

    /// Removes blocks of skipped ticks, each as a whole. Gives how many.
    fn remove_skips(&self, job: JobId, until: i64) -> Result<u64, StoreError> {
        let job = to_int(job.0);
        let gone = "FROM skips WHERE job_id = ?1 AND first_ms <= ?2 AND last_ms <= ?2";
        let sql = format!("SELECT first_ms {gone} ORDER BY first_ms LIMIT 1 OFFSET ?3");
        let nth = |place: u64| -> Result<Option<i64>, StoreError> {
            let mut statement = self.statement(&sql)?;
            let values = params![job, until, to_int(place)];
            statement.query_row(values, |row| row.get(0)).optional().map_err(failed)
        };
        if nth(0)?.is_none() {
            return Ok(0);
        }
        let last = nth(BLOCKS as u64 - 1)?.unwrap_or(until);
        let removed = self.run(&format!("DELETE {gone} AND first_ms <= ?3"), params![job, until, last])?;
        Ok(removed as u64)
    }

    /// Incarnations that have ended and that nothing refers to.
    fn prune_incarnations(&self) -> Result<(), StoreError> {
        let sql = format!(
            "DELETE FROM incarnations WHERE ended_ms IS NOT NULL AND id > 0 AND id < (SELECT max(id) FROM incarnations) \
             AND id NOT IN (SELECT owner FROM runs INDEXED BY runs_active WHERE {ACTIVE} AND owner IS NOT NULL)"
        );
        self.run(&sql, []).map(|_| ())
    }
}

/// While skips are suspended the clock may be wrong: nothing is too old.
fn retention(mark: &Mark, entry: &Entry) -> Retention {
    match mark.place.suspended {
        Some(_) => entry.plan.retention.of_any_age(),
        None => entry.plan.retention,
    }
}
