//! Letting go of what the retention of jobs does not keep.

use chrono::{DateTime, TimeDelta, Utc};
use cron_core::audit::Segment;
use cron_core::job::JobName;
use cron_core::policy::Retention;
use cron_core::run::JobId;
use cron_core::schedule::Schedule;
use rusqlite::{OptionalExtension, params};

use super::super::{MAX_PRUNED_JOBS, MAX_PRUNED_RUNS, MAX_PRUNED_TOGETHER, Pruned, SkipInfo, StoreError};
use super::db::Db;
use super::known::Entry;
use super::ledger::{SKIP, segments, skip_info};
use super::marks::Mark;
use super::rows::{ACTIVE, Columns, DEAD, PARKED, failed, from_int, to_int, to_ms};

/// At most this many blocks of skipped ticks of one job are looked at, or removed, at once.
const BLOCKS: usize = 10_000;

/// Finished runs that are no dead letters. (No lists: SQLite builds a table of each. The words of dead letters are those between `d` and
/// `r`.)
const DONE: &str = "(state = 'succeeded' OR state = 'cancelled' OR (dismissed_ms IS NOT NULL AND state > 'd' AND state < 'r'))";

/// A run that is beyond the retention of its job.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Surplus {
    nominal: i64,
    run: i64,
    is_tick: bool,
    is_dead: bool,
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
            Err(StoreError::Corrupt { .. }) => return Ok(()),
            entry => entry?,
        };
        let mut mark = self.mark(job)?;
        if self.is_over(&mark, &entry, now)? {
            self.forget(job)?;
            pruned.jobs += 1;
            return Ok(());
        }
        let mut surplus = self.surplus(&mark, &entry.plan.retention, now, room)?;
        pruned.more |= surplus.len() > room;
        surplus.truncate(room);
        if pruned.runs == 0 && !surplus.is_empty() {
            self.keep_numbers()?;
        }
        let removed = self.remove_runs(job, &surplus)?;
        mark.recorded = mark.recorded.saturating_sub(removed);
        pruned.runs += removed;
        let until = surplus.iter().filter(|run| run.is_tick).map(|run| run.nominal).max();
        let until = self.begin_record(&mark, until, before(now, entry.plan.retention.age), removed > 0)?;
        let removed = until.map_or(Ok(0), |until| self.remove_skips(job, until))?;
        pruned.more |= removed >= BLOCKS as u64;
        pruned.skips += removed;
        pruned.skips += self.fold_skips(job, entry.plan.name.as_str())?;
        Ok(())
    }

    /// A temporary job that has done its work, and whose record nobody needs any more.
    fn is_over(&self, mark: &Mark, entry: &Entry, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let is_idle = mark.due.is_none() && mark.place.hold.is_none() && mark.active == 0 && mark.parked == 0;
        if !entry.plan.temporary || !is_idle || self.pause(mark.job)?.is_some() {
            return Ok(false);
        }
        let sql = format!(
            "SELECT registered_ms < ?2 AND NOT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND nominal_ms >= ?2) \
             AND NOT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND {DEAD}) \
             AND NOT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND {ACTIVE}) \
             AND NOT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND {PARKED}) FROM jobs WHERE id = ?1"
        );
        let oldest = before(now, entry.plan.retention.age);
        let mut statement = self.statement(&sql)?;
        statement.query_row(params![to_int(mark.job.0), oldest], |row| row.get(0)).map_err(failed)
    }

    /// The finished runs of a job beyond its retention, the oldest first: one more than there is `room` for, if there are.
    fn surplus(
        &self,
        mark: &Mark,
        keep: &Retention,
        now: DateTime<Utc>,
        room: usize,
    ) -> Result<Vec<Surplus>, StoreError> {
        let job = to_int(mark.job.0);
        let sql = format!("SELECT count(*) FROM runs WHERE job_id = ?1 AND {DEAD}");
        let dead: i64 = self.statement(&sql)?.query_row([job], |row| row.get(0)).map_err(failed)?;
        let dead = from_int(dead)?;
        // All others on record are done. So nobody has to count them.
        let done = mark.recorded.saturating_sub(mark.active + mark.parked + dead);
        let many = done.saturating_sub(u64::from(keep.runs));
        let mut surplus = self.oldest_runs(job, false, many, before(now, keep.age), room)?;
        if dead > 0 {
            let many = dead.saturating_sub(u64::from(keep.dead));
            surplus.extend(self.oldest_runs(job, true, many, before(now, keep.dead_age), room)?);
            surplus.sort_unstable();
        }
        Ok(surplus)
    }

    /// The oldest runs of a kind: `many` of them whatever their age, and those from before `oldest`; one more than there is `room` for, if
    /// there are.
    fn oldest_runs(
        &self,
        job: i64,
        is_dead: bool,
        many: u64,
        oldest: i64,
        room: usize,
    ) -> Result<Vec<Surplus>, StoreError> {
        // The few that are dead are found by their own index, not among all runs of the job.
        let (which, by) = if is_dead {
            (DEAD, "INDEXED BY runs_dead WHERE job_id = ?1 AND")
        } else {
            (DONE, "INDEXED BY runs_key WHERE job_id = ?1 AND")
        };
        let order = if is_dead { "nominal_ms, id" } else { "nominal_ms, lane" };
        let mut statement =
            self.statement(&format!("SELECT nominal_ms, id, lane FROM runs {by} {which} ORDER BY {order}"))?;
        let mut rows = statement.query([job]).map_err(failed)?;
        let mut found: Vec<Surplus> = Vec::new();
        // Runs of one instant come by their lanes and go by their numbers, so the last instant is read to its end.
        let mut last = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (nominal, run) = (row.get("nominal_ms")?, row.get("id")?);
            let is_surplus = nominal < oldest || (found.len() as u64) < many;
            if last != Some(nominal) && (!is_surplus || found.len() > room) {
                break;
            }
            last = Some(nominal);
            found.push(Surplus { nominal, run, is_tick: row.get::<i64>("lane")? == 0, is_dead });
        }
        found.sort_unstable();
        let old = found.partition_point(|run| run.nominal < oldest);
        found.truncate(old.max(usize::try_from(many).unwrap_or(usize::MAX)).min(room.saturating_add(1)));
        Ok(found)
    }

    /// Removes runs with what is kept beside them. Gives how many.
    fn remove_runs(&self, job: JobId, surplus: &[Surplus]) -> Result<u64, StoreError> {
        let ids = || surplus.iter().map(|run| run.run);
        let (Some(lowest), Some(highest)) = (ids().min(), ids().max()) else { return Ok(0) };
        // Most runs have nothing beside them.
        for table in ["attempts", "run_log"] {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE run_id >= ?1 AND run_id <= ?2)");
            if self.statement(&sql)?.query_row([lowest, highest], |row| row.get(0)).map_err(failed)? {
                let mut delete = self.statement(&format!("DELETE FROM {table} WHERE run_id = ?1"))?;
                ids().try_for_each(|run| delete.execute([run]).map(drop).map_err(failed))?;
            }
        }
        // Whatever is done before the last instant is among them, and goes at once.
        let last = surplus.iter().filter(|run| !run.is_dead).map(|run| run.nominal).max();
        let sql =
            format!("DELETE FROM runs INDEXED BY runs_key WHERE job_id = ?1 AND nominal_ms < ?2 AND {DONE}");
        let mut removed = last.map_or(Ok(0), |last| self.run(&sql, params![to_int(job.0), last]))?;
        let mut delete = self.statement("DELETE FROM runs WHERE id = ?1")?;
        for run in surplus.iter().filter(|run| run.is_dead || Some(run.nominal) == last) {
            removed += delete.execute([run.run]).map_err(failed)?;
        }
        Ok(removed as u64)
    }

    /// Moves the beginning of the record, and gives it. A dead letter keeps its row beyond it; it is the verdicts that begin there.
    fn begin_record(
        &self,
        mark: &Mark,
        until: Option<i64>,
        oldest: i64,
        has_removed: bool,
    ) -> Result<Option<i64>, StoreError> {
        let job = to_int(mark.job.0);
        let sql = "SELECT pruned_ms, \
                   (SELECT max(last_ms) FROM skips WHERE job_id = ?1 AND first_ms < ?2 AND last_ms < ?2) \
                   FROM marks WHERE job_id = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (before, too_old): (Option<i64>, Option<i64>) =
            self.statement(sql)?.query_row(params![job, oldest], read).map_err(failed)?;
        let until = until.max(too_old).max(before);
        if has_removed || until != before {
            let sql = "UPDATE marks SET recorded = ?2, pruned_ms = ?3 WHERE job_id = ?1";
            self.run(sql, params![job, to_int(mark.recorded), until])?;
            self.at_hand.wrote(mark);
        }
        if until != before {
            let in_force = "(SELECT max(since_ms) FROM segments WHERE job_id = ?1 AND since_ms <= ?2)";
            let sql = format!("DELETE FROM segments WHERE job_id = ?1 AND since_ms < {in_force}");
            self.run(&sql, params![job, until])?;
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

    /// Neighbours with the same reason become one range. Gives how many rows are gone.
    fn fold_skips(&self, job: JobId, name: &str) -> Result<u64, StoreError> {
        let from = self.folded.borrow().get(job).copied().unwrap_or(i64::MIN);
        if self.skips_from(job, from, 2)?.len() < 2 {
            return Ok(0);
        }
        let segments = match segments(self.connection, name, job) {
            Ok(segments) => segments,
            // A schedule that it once had is in words that this version does not know: its blocks stay as they are.
            Err(StoreError::Corrupt { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        let is_delayed = |one: &Segment| one.schedule.as_ref().is_some_and(Schedule::is_delay);
        if segments.iter().any(is_delayed) {
            return Ok(0);
        }
        let mut skips = self.skips_from(job, from, BLOCKS)?.into_iter();
        let Some(mut range) = skips.next() else { return Ok(0) };
        let (mut gone, mut folded) = (0, 0);
        for next in skips {
            let is_whole = !segments.iter().any(|one| range.first <= one.since && one.since < next.first);
            if is_whole && is_alike(&range, &next) && !self.has_run_between(job, &range, &next)? {
                (range.last, range.count) = (next.last, range.count + next.count);
                folded += 1;
            } else {
                self.write_folded(job, &range, folded)?;
                (gone, folded, range) = (gone + folded, 0, next);
            }
        }
        self.write_folded(job, &range, folded)?;
        self.folded.borrow_mut().insert(job, to_ms(range.first));
        Ok(gone + folded)
    }

    /// The blocks of skipped ticks that begin at `from` or later, oldest first.
    fn skips_from(&self, job: JobId, from: i64, limit: usize) -> Result<Vec<SkipInfo>, StoreError> {
        let sql = format!("{SKIP} WHERE job_id = ?1 AND first_ms >= ?2 ORDER BY first_ms LIMIT ?3");
        let mut statement = self.statement(&sql)?;
        let limit = to_int(limit as u64);
        let mut rows = statement.query(params![to_int(job.0), from, limit]).map_err(failed)?;
        let mut skips = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            skips.push(skip_info(&mut Columns::of(row))?);
        }
        Ok(skips)
    }

    fn has_run_between(&self, job: JobId, one: &SkipInfo, next: &SkipInfo) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND nominal_ms > ?2 AND nominal_ms < ?3 \
                   AND lane = 0)";
        let values = params![to_int(job.0), to_ms(one.last), to_ms(next.first)];
        self.statement(sql)?.query_row(values, |row| row.get(0)).map_err(failed)
    }

    /// Writes a range that stands for itself and `folded` rows after it.
    fn write_folded(&self, job: JobId, range: &SkipInfo, folded: u64) -> Result<(), StoreError> {
        if folded == 0 {
            return Ok(());
        }
        let (job, first, last) = (to_int(job.0), to_ms(range.first), to_ms(range.last));
        let sql = "DELETE FROM skips WHERE job_id = ?1 AND first_ms > ?2 AND first_ms <= ?3";
        self.run(sql, params![job, first, last])?;
        let sql = "UPDATE skips SET last_ms = ?3, count = ?4 WHERE job_id = ?1 AND first_ms = ?2";
        self.run(sql, params![job, first, last, to_int(range.count)])?;
        Ok(())
    }

    /// Incarnations that have ended and that nothing refers to.
    fn prune_incarnations(&self) -> Result<(), StoreError> {
        let sql = format!(
            "DELETE FROM incarnations WHERE ended_ms IS NOT NULL AND id < (SELECT max(id) FROM incarnations) \
             AND id NOT IN (SELECT owner FROM runs INDEXED BY runs_active WHERE {ACTIVE} AND owner IS NOT NULL)"
        );
        self.run(&sql, []).map(|_| ())
    }
}

fn is_alike(one: &SkipInfo, next: &SkipInfo) -> bool {
    (one.reason, one.holder, &one.note) == (next.reason, next.holder, &next.note)
}

/// The instant before which a record is older than `age`.
fn before(now: DateTime<Utc>, age: std::time::Duration) -> i64 {
    let age = TimeDelta::from_std(age).ok();
    to_ms(age.and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC))
}
