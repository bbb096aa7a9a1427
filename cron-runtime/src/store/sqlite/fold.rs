//! Blocks of skipped ticks that become one.

use cron_core::audit::Segment;
use cron_core::run::JobId;
use cron_core::schedule::Schedule;
use rusqlite::params;

use super::super::{SkipInfo, StoreError};
use super::db::Db;
use super::ledger::{SKIP, segments, skip_info};
use super::marks::Mark;
use super::prune::BLOCKS;
use super::rows::{Columns, failed, to_int, to_ms};

impl Db<'_> {
    /// Neighbours with the same reason become one range. Gives how many rows are gone.
    pub(super) fn fold_skips(&self, mark: &Mark, name: &str) -> Result<u64, StoreError> {
        let job = mark.job;
        let from = self.folded.borrow().get(job).copied().unwrap_or(i64::MIN);
        if self.skips_from(job, from, 2)?.len() < 2 {
            return Ok(0);
        }
        let segments = match segments(self.connection, name, job) {
            Ok(segments) => segments,
            // A schedule that it once had is in words that this version does not know: its blocks stay as they are.
            Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        let is_delayed = |one: &Segment| one.schedule.as_ref().is_some_and(Schedule::is_delay);
        if segments.iter().any(is_delayed) {
            return Ok(0);
        }
        let mut skips = self.skips_from(job, from, BLOCKS)?.into_iter();
        let Some(mut range) = skips.next() else { return Ok(0) };
        let (mut gone, mut folded) = (0, 0);
        // Between blocks after the mark there are verdicts to come.
        let mut done = None;
        let is_passed = |range: &SkipInfo| (range.last <= mark.place.mark).then(|| to_ms(range.first));
        for next in skips {
            // After the mark there are ticks between blocks that have no verdict.
            let is_whole = next.last <= mark.place.mark
                && !segments.iter().any(|one| range.first <= one.since && one.since < next.first);
            if is_whole && is_alike(&range, &next) && !self.has_run_between(job, &range, &next)? {
                (range.last, range.count) = (next.last, range.count + next.count);
                folded += 1;
            } else {
                self.write_folded(job, &range, folded)?;
                done = is_passed(&range).or(done);
                (gone, folded, range) = (gone + folded, 0, next);
            }
        }
        self.write_folded(job, &range, folded)?;
        if let Some(done) = is_passed(&range).or(done) {
            self.folded.borrow_mut().insert(job, done);
        }
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
}

fn is_alike(one: &SkipInfo, next: &SkipInfo) -> bool {
    (one.reason, one.holder, &one.note) == (next.reason, next.holder, &next.note)
}
