//! Judging and claiming, in one transaction.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::judge::{Docket, Verdict, judge};
use cron_core::run::{Epoch, JobId, Origin, Progress, RetryContext, RunEvent, RunId, SkipReason, transition};
use rusqlite::params;

use super::super::{Claim, Claimed, JudgeRequest, Judged, StoreError};
use super::db::{Db, Entry};
use super::rows::{
    failed, from_int, from_ms, get, get_instant, get_u64, get_word, progress, state_columns, to_int, to_ms,
};

/// A run that wants to start.
struct Waking {
    run: RunId,
    job: JobId,
    nominal: DateTime<Utc>,
    origin: Origin,
    progress: Progress,
}

impl Db {
    pub(super) fn judge(&mut self, request: JudgeRequest) -> Result<Judged, StoreError> {
        if self.owner != Some(request.owner) {
            return Err(StoreError::Closed);
        }
        let mut judged = Judged::default();
        // One more than allowed is read, to know whether there is more.
        let mut waking = self.waking(&request)?;
        let room = request.limit.saturating_sub(waking.len());
        let mut due = self.due(request.now, room)?;
        judged.more = waking.len() + due.len() > request.limit;
        waking.truncate(request.limit);
        due.truncate(room);
        for run in waking {
            let Some(entry) = self.readable(run.job, &mut judged)? else { continue };
            judged.claimed.push(self.start(&run, &entry, &request)?);
        }
        for (job, mark, active) in due {
            self.judge_job(job, mark, active > 0, &request, &mut judged)?;
        }
        judged.next = self.next()?;
        Ok(judged)
    }

    /// Runs of linked jobs whose time to start has come, the longest waiting first.
    fn waking(&self, request: &JudgeRequest) -> Result<Vec<Waking>, StoreError> {
        let mut statement = self.statement(
            "SELECT id, runs.job_id, nominal_ms, origin, state, overdue, wake_ms, attempts_used, crashes \
             FROM runs JOIN temp.linked USING (job_id) WHERE wake_ms <= ?1 ORDER BY wake_ms, id LIMIT ?2",
        )?;
        let limit = to_int(request.limit as u64).saturating_add(1);
        let mut rows = statement.query(params![to_ms(request.now), limit]).map_err(failed)?;
        let mut waking = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            waking.push(Waking {
                run: RunId(get_u64(row, "id")?),
                job: JobId(get_u64(row, "job_id")?),
                nominal: get_instant(row, "nominal_ms")?,
                origin: get_word(row, "origin")?,
                progress: progress(row)?,
            });
        }
        Ok(waking)
    }

    fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<(JobId, DateTime<Utc>, i64)>, StoreError> {
        let mut statement = self.statement(
            "SELECT job_id, mark_ms, active FROM marks JOIN temp.linked USING (job_id) \
             WHERE due_ms <= ?1 ORDER BY due_ms, job_id LIMIT ?2",
        )?;
        let limit = to_int(limit as u64).saturating_add(1);
        let mut rows = statement.query(params![to_ms(now), limit]).map_err(failed)?;
        let mut due = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let job = JobId(get_u64(row, "job_id")?);
            due.push((job, get_instant(row, "mark_ms")?, get(row, "active")?));
        }
        Ok(due)
    }

    /// The next instant at which a linked job or a waiting run is due.
    fn next(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let least = |sql: &str| -> Result<Option<i64>, StoreError> {
            let mut statement = self.statement(sql)?;
            let mut rows = statement.query([]).map_err(failed)?;
            match rows.next().map_err(failed)? {
                Some(row) => row.get(0).map_err(failed),
                None => Ok(None),
            }
        };
        let job = least(
            "SELECT due_ms FROM marks JOIN temp.linked USING (job_id) WHERE due_ms IS NOT NULL \
             ORDER BY due_ms LIMIT 1",
        )?;
        let run = least(
            "SELECT wake_ms FROM runs JOIN temp.linked USING (job_id) WHERE wake_ms IS NOT NULL \
             ORDER BY wake_ms LIMIT 1",
        )?;
        job.into_iter().chain(run).min().map(from_ms).transpose()
    }

    /// The job, unless a newer program has declared it in words that this one does not know.
    fn readable(&self, job: JobId, judged: &mut Judged) -> Result<Option<Arc<Entry>>, StoreError> {
        match self.entry(job) {
            Ok(entry) => Ok(Some(entry)),
            Err(StoreError::Corrupt { what }) => {
                self.leave_out(job)?;
                judged.left_out.push((self.entry_or_known(job)?.plan.name.clone(), what));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn judge_job(
        &self,
        job: JobId,
        mark: DateTime<Utc>,
        is_active: bool,
        request: &JudgeRequest,
        judged: &mut Judged,
    ) -> Result<(), StoreError> {
        let Some(entry) = self.readable(job, judged)? else { return Ok(()) };
        let Some(schedule) = &entry.schedule else { return self.write_mark(job, mark, None) };
        let holder = if is_active { self.holder(job)? } else { None };
        let docket = Docket {
            schedule,
            catch_up: entry.plan.catch_up,
            overlap: entry.plan.overlap,
            mark,
            // A paused job has no due instant, so it does not come here.
            paused: false,
            holder,
        };
        let judgement = judge(&docket, request.now);
        let mut latest_run = None;
        for verdict in judgement.verdicts {
            match verdict {
                Verdict::Run { tick } => {
                    let claimed = self.run_tick(job, &entry, tick, request)?;
                    latest_run = Some(claimed.claim.run);
                    judged.claimed.push(claimed);
                }
                Verdict::Skip(mut skip) => {
                    if skip.reason == SkipReason::Overlap {
                        skip.holder = skip.holder.or(latest_run);
                    }
                    self.write_skip(job, &skip, "")?;
                    judged.skipped.push((entry.plan.name.clone(), skip));
                }
            }
        }
        self.write_mark(job, judgement.mark, judgement.due)
    }

    /// Records a new run of a tick as running.
    fn run_tick(
        &self,
        job: JobId,
        entry: &Entry,
        tick: DateTime<Utc>,
        request: &JudgeRequest,
    ) -> Result<Claimed, StoreError> {
        let run = self.next_run_id()?;
        let epoch = self.next_epoch(job, 1)?;
        let moved = begin(run, entry, Progress::scheduled(tick))?;
        let (overdue, _) = state_columns(&moved.state);
        let sql = "INSERT INTO runs (id, job_id, nominal_ms, lane, origin, state, overdue, attempts_used, crashes, \
                   epoch, owner, lease_ms, started_ms) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, 0, 0, ?7, ?8, ?9, ?10)";
        let values = params![
            to_int(run.0),
            to_int(job.0),
            to_ms(tick),
            Origin::Tick.as_str(),
            moved.state.word().as_str(),
            overdue,
            to_int(epoch.0),
            to_int(request.owner.0),
            to_ms(request.lease_until),
            to_ms(request.now),
        ];
        self.statement(sql)?.execute(values).map_err(failed)?;
        Ok(Claimed {
            claim: Claim { run, epoch },
            job: entry.plan.name.clone(),
            nominal: tick,
            origin: Origin::Tick,
            attempt: moved.attempt(),
        })
    }

    /// Records the next attempt of an existing run as running.
    fn start(&self, waking: &Waking, entry: &Entry, request: &JudgeRequest) -> Result<Claimed, StoreError> {
        let epoch = self.next_epoch(waking.job, 0)?;
        let moved = begin(waking.run, entry, waking.progress)?;
        let (overdue, wake) = state_columns(&moved.state);
        let sql = "UPDATE runs SET state = ?2, overdue = ?3, wake_ms = ?4, epoch = ?5, owner = ?6, lease_ms = ?7, \
                   started_ms = ?8, duration_us = NULL WHERE id = ?1 AND wake_ms IS NOT NULL";
        let values = params![
            to_int(waking.run.0),
            moved.state.word().as_str(),
            overdue,
            wake,
            to_int(epoch.0),
            to_int(request.owner.0),
            to_ms(request.lease_until),
            to_ms(request.now),
        ];
        if !self.changed(sql, values)? {
            return Err(StoreError::Corrupt {
                what: format!("run {} changed within a transaction", waking.run),
            });
        }
        Ok(Claimed {
            claim: Claim { run: waking.run, epoch },
            job: entry.plan.name.clone(),
            nominal: waking.nominal,
            origin: waking.origin,
            attempt: moved.attempt(),
        })
    }

    /// Takes the next fencing token of a job and counts `more` active runs.
    fn next_epoch(&self, job: JobId, more: i64) -> Result<Epoch, StoreError> {
        let mut statement = self.statement(
            "UPDATE marks SET epoch = epoch + 1, active = active + ?2 WHERE job_id = ?1 RETURNING epoch",
        )?;
        let epoch: i64 =
            statement.query_row(params![to_int(job.0), more], |row| row.get(0)).map_err(failed)?;
        from_int(epoch).map(Epoch)
    }
}

fn begin(run: RunId, entry: &Entry, progress: Progress) -> Result<Progress, StoreError> {
    let context = RetryContext { run, retry: entry.plan.retry, overlap: entry.plan.overlap, next_tick: None };
    transition(progress, RunEvent::Start, &context)
        .map(|moved| moved.progress)
        .map_err(|illegal| StoreError::Illegal { run: run.0, illegal })
}
