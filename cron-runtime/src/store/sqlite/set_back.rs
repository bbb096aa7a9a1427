//! Marks when the clock was set by hours: [`rewind`] says what becomes of a record, here it is read and written.

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::JobName;
use cron_core::judge::{
    Block, Kept, Place, Rewind, Rewound, Waits, begin_beside, begins_anew, gap_before, is_ahead, is_astray,
    rewind, rewound_place, take_up, wake_set_back,
};
use cron_core::run::JobId;
use rusqlite::params;

use super::super::{MarksAhead, Rewinds, SkipInfo, StoreError};
use super::db::Db;
use super::known::Entry;
use super::ledger::{SKIP, skip_info};
use super::marks::Mark;
use super::rows::{ACTIVE, Columns, failed, read_name, to_int, to_ms};

/// A tick that has a run.
pub(super) struct Ran {
    pub(super) tick: DateTime<Utc>,
    run: i64,
    is_tick: bool,
}

impl Db<'_> {
    pub(super) fn set_back(&mut self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        let mut rewinds = Rewinds::default();
        let astray = "SELECT job_id, mark_ms, name FROM marks JOIN jobs ON jobs.id = job_id \
                      WHERE mark_ms > ?1 ORDER BY name";
        let jumped = "SELECT job_id, mark_ms, name FROM rewinds JOIN marks USING (job_id) JOIN jobs ON jobs.id = job_id \
                      WHERE suspended_ms <= ?1 ORDER BY name";
        let mut ahead = Vec::new();
        for (job, name, at) in self.readable_marks(astray, now)? {
            if is_astray(at, now) {
                self.set_one_back(job, now)?;
                rewinds.back.push((name, at));
            } else if is_ahead(at, now) {
                ahead.push((job, name));
            }
        }
        for (job, name, at) in self.readable_marks(jumped, now)? {
            self.take_up(job)?;
            rewinds.taken_up.push((name, at));
        }
        self.wait_in_time(rewinds.back.iter().map(|(_, mark)| *mark).max(), now)?;
        self.void_holds(now)?;
        for (job, name) in ahead {
            let (mut mark, entry) = (self.mark(job)?, self.entry(job)?);
            let what = cron_core::judge::ahead(entry.schedule(), mark.place, self.pause(job)?.is_some(), now);
            if let Some(what) = what {
                MarksAhead::add(&mut rewinds.ahead, &name, mark.place.mark, what);
            }
            mark.place.beside = begin_beside(entry.schedule(), mark.place, now);
            if mark.place.beside.is_some() {
                self.rearm(&mut mark, &entry)?;
                self.write_mark(&mark)?;
            }
        }
        Ok(rewinds)
    }

    /// Waits that were told under the wrong clock end as soon as under the right one. Leases stay: their owner may live, with another clock.
    fn wait_in_time(&self, wrong: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, wake_ms, ifnull(started_ms, nominal_ms) AS since_ms, \
             duration_us IS NOT NULL AS is_measured, state = 'scheduled' AS is_scheduled FROM runs \
             INDEXED BY runs_active WHERE {ACTIVE} AND wake_ms > ?1"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        let mut wakes = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (run, wake) = (row.u64("id")?, row.instant("wake_ms")?);
            let (since, is_measured) = (row.instant("since_ms")?, row.get("is_measured")?);
            let waits = Waits { wake, is_scheduled: row.get("is_scheduled")?, since, is_measured };
            wakes.extend(wake_set_back(waits, wrong, now).map(|wake| (run, wake)));
        }
        drop(rows);
        for (run, wake) in wakes {
            self.run("UPDATE runs SET wake_ms = ?2 WHERE id = ?1", params![to_int(run), to_ms(wake)])?;
        }
        Ok(())
    }

    /// What runs of a time that has not come said about the next one; not where it was counted from their end, under the right clock.
    fn void_holds(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "SELECT marks.job_id, hold_ms FROM marks JOIN runs ON runs.id = hold_by \
                   WHERE hold_ms > ?1 AND started_ms > ?1 AND hold_ms >= started_ms ORDER BY marks.job_id";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        let mut void = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (job, until) = (JobId(row.u64("job_id")?), row.instant("hold_ms")?);
            void.extend(is_astray(until, now).then_some(job));
        }
        drop(rows);
        drop(statement);
        for job in void {
            let entry = match self.entry_or_known(job) {
                Ok(entry) => entry,
                // Declared by a newer program in words that this one does not know.
                Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. }) => continue,
                Err(error) => return Err(error),
            };
            let mut mark = self.mark(job)?;
            mark.place.hold = None;
            self.rearm(&mut mark, &entry)?;
            self.write_mark(&mark)?;
        }
        Ok(())
    }

    /// Where jobs stand. One that was declared by a newer program in words that this one does not know is left to that one.
    fn readable_marks(
        &self,
        sql: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobId, JobName, DateTime<Utc>)>, StoreError> {
        let mut found = Vec::new();
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_ms(now)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (job, mark) = (JobId(row.u64("job_id")?), row.instant("mark_ms")?);
            found.push((job, read_name(&row.get::<String>("name")?)?, mark));
        }
        drop(rows);
        drop(statement);
        let mut readable = Vec::new();
        for (job, name, mark) in found {
            if !matches!(self.entry(job), Err(StoreError::Corrupt { .. } | StoreError::UnknownWords { .. })) {
                readable.push((job, name, mark));
            }
        }
        Ok(readable)
    }

    fn set_one_back(&self, job: JobId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut mark = self.mark(job)?;
        let segments = self.old_segments(job)?;
        let ran = self.ran_after(job, now)?;
        let newest = segments.last().map(|segment| segment.since);
        // What is suspended was decided, too.
        let blocks = self.blocks_after(job, now)?.into_iter().chain(self.suspended(job)?);
        let newest_verdict = ran.iter().map(|ran| ran.tick).chain(blocks.map(|block| block.skip.last)).max();
        self.begin_at(job, now, newest.is_some_and(|since| begins_anew(since, newest_verdict, now)))?;
        let entry = self.entry_or_known(job)?;
        let edited = newest.filter(|since| *since > now);
        self.replace(&mark, &entry, now, edited, &segments, &ran)?;
        self.folded.borrow_mut().remove(job);
        let gap = self.gap(job)?.and_then(|gap| gap_before(gap, now));
        let (first, last) = (gap.map(|gap| to_ms(gap.first)), gap.map(|gap| to_ms(gap.last)));
        let sql = "UPDATE marks SET pruned_ms = min(pruned_ms, ?2) WHERE job_id = ?1";
        self.run(sql, [to_int(job.0), to_ms(now)])?;
        let sql = "INSERT INTO rewinds (job_id, earliest_ms) VALUES (?1, ?2) ON CONFLICT (job_id) DO UPDATE \
                   SET earliest_ms = min(ifnull(earliest_ms, ?2), ?2), gap_first_ms = ?3, gap_last_ms = ?4";
        self.run(sql, params![to_int(job.0), to_ms(now), first, last])?;
        mark.place = rewound_place(mark.place, now);
        self.rearm(&mut mark, &entry)?;
        self.write_mark(&mark)
    }

    fn gap(&self, job: JobId) -> Result<Option<Kept>, StoreError> {
        let mut statement =
            self.statement("SELECT gap_first_ms, gap_last_ms FROM rewinds WHERE job_id = ?1")?;
        let mut rows = statement.query([to_int(job.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        let mut row = Columns::of(row);
        let gap = row.instant_or_null("gap_first_ms")?.zip(row.instant_or_null("gap_last_ms")?);
        Ok(gap.map(|(first, last)| Kept { first, last }))
    }

    /// The schedule was edited while skips are suspended: those were decided under another one.
    pub(super) fn refit(&self, mark: &Mark, entry: &Entry) -> Result<(), StoreError> {
        let Place { mark: now, suspended: Some(until), .. } = mark.place else { return Ok(()) };
        let (segments, ran) = (self.old_segments(mark.job)?, self.ran_after(mark.job, now)?);
        self.replace(mark, entry, now, Some(until), &segments, &ran)
    }

    fn replace(
        &self,
        mark: &Mark,
        entry: &Entry,
        now: DateTime<Utc>,
        edited: Option<DateTime<Utc>>,
        segments: &[Segment],
        ran: &[Ran],
    ) -> Result<(), StoreError> {
        let (job, number) = (mark.job, to_int(mark.job.0));
        let sql = "SELECT min(registered_ms, ifnull(earliest_ms, registered_ms)), pruned_ms FROM jobs \
                   JOIN marks ON marks.job_id = id LEFT JOIN rewinds ON rewinds.job_id = id WHERE id = ?1";
        let gap = self.gap(job)?;
        let (begins, pruned) = {
            let mut statement = self.statement(sql)?;
            let mut rows = statement.query([number]).map_err(failed)?;
            let Some(row) = rows.next().map_err(failed)? else { return Ok(()) };
            let mut row = Columns::of(row);
            let begins = row.instant("registered_ms")?;
            let pruned = row.instant_or_null("pruned_ms")?;
            (begins, pruned)
        };
        let ticks: Vec<_> = ran.iter().map(|ran| ran.tick).collect();
        let rewound = rewind(Rewind {
            segments,
            schedule: entry.schedule(),
            begins,
            pruned,
            gap,
            edited,
            mark: mark.place.mark,
            now,
            ran: &ticks,
            skips: self.blocks_after(job, now)?,
            suspended: self.suspended(job)?,
        });
        let sql = "UPDATE runs SET lane = ?2 WHERE id = ?1";
        for ran in ran {
            let is_tick = rewound.ran.binary_search(&ran.tick).is_ok();
            if is_tick != ran.is_tick {
                self.run(sql, params![ran.run, if is_tick { 0 } else { ran.run }])?;
            }
        }
        self.run("DELETE FROM skips WHERE job_id = ?1 AND last_ms > ?2", params![number, to_ms(now)])?;
        self.write_rewound(job, &rewound)
    }

    /// The clock has jumped over what is suspended.
    fn take_up(&self, job: JobId) -> Result<(), StoreError> {
        let mut mark = self.mark(job)?;
        let Some(until) = mark.place.suspended else { return Ok(()) };
        let entry = self.entry_or_known(job)?;
        let kept = self.kept(&mark, None)?;
        let counts = take_up(entry.schedule(), mark.place.mark, until, &kept, self.suspended(job)?);
        self.write_rewound(job, &counts)?;
        self.folded.borrow_mut().remove(job);
        mark.place = Place { hold: mark.place.hold, ..Place::at(mark.place.mark.max(until)) };
        self.rearm(&mut mark, &entry)?;
        self.write_mark(&mark)
    }

    /// Puts blocks in the place of all that is suspended.
    fn write_rewound(&self, job: JobId, rewound: &Rewound) -> Result<(), StoreError> {
        let number = to_int(job.0);
        self.run("DELETE FROM suspended WHERE job_id = ?1 AND taken_back = 0", [number])?;
        for Block { skip, note } in &rewound.skips {
            self.write_skip(job, skip, note)?;
        }
        let suspended = rewound.suspended.iter().map(|block| (block, false));
        let sql = "INSERT INTO suspended (job_id, first_ms, last_ms, count, reason, holder, note, taken_back) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        for (Block { skip, note }, is_taken_back) in
            rewound.taken_back.iter().map(|block| (block, true)).chain(suspended)
        {
            let holder = skip.holder.map(|run| to_int(run.0));
            let note = (!note.is_empty()).then_some(note);
            let (first, last, count) = (to_ms(skip.first), to_ms(skip.last), to_int(skip.count));
            let values =
                params![number, first, last, count, skip.reason.as_str(), holder, note, is_taken_back];
            self.run(sql, values)?;
        }
        Ok(())
    }

    /// What keeps its verdict after the mark and begins at `until` or before.
    pub(super) fn kept(&self, mark: &Mark, until: Option<DateTime<Utc>>) -> Result<Vec<Kept>, StoreError> {
        if mark.place.suspended.is_none() {
            return Ok(Vec::new());
        }
        let sql = "SELECT nominal_ms, nominal_ms FROM runs \
                   WHERE job_id = ?1 AND lane = 0 AND nominal_ms > ?2 AND nominal_ms <= ?3 \
                   UNION ALL SELECT first_ms, last_ms FROM skips WHERE job_id = ?1 AND last_ms > ?2 AND first_ms <= ?3 \
                   ORDER BY 1";
        let until = until.map_or(i64::MAX, to_ms);
        let mut statement = self.statement(sql)?;
        let values = params![to_int(mark.job.0), to_ms(mark.place.mark), until];
        let mut rows = statement.query(values).map_err(failed)?;
        let mut kept = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            kept.push(Kept { first: row.instant("first_ms")?, last: row.instant("last_ms")? });
        }
        Ok(kept)
    }

    /// The ticks after an instant that have a run, in the order of time: also such as were no ticks for a while.
    pub(super) fn ran_after(&self, job: JobId, now: DateTime<Utc>) -> Result<Vec<Ran>, StoreError> {
        let sql = "SELECT nominal_ms, id, lane FROM runs WHERE job_id = ?1 AND nominal_ms > ?2 AND origin = 'tick' \
                   ORDER BY nominal_ms, lane";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![to_int(job.0), to_ms(now)]).map_err(failed)?;
        let mut ran: Vec<Ran> = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let (tick, run, lane): (_, i64, i64) =
                (row.instant("nominal_ms")?, row.get("id")?, row.get("lane")?);
            if ran.last().is_none_or(|last| last.tick < tick) {
                ran.push(Ran { tick, run, is_tick: lane == 0 });
            }
        }
        Ok(ran)
    }

    /// The blocks of skipped ticks that reach beyond an instant, oldest first.
    fn blocks_after(&self, job: JobId, now: DateTime<Utc>) -> Result<Vec<Block>, StoreError> {
        self.blocks(&format!("{SKIP} WHERE job_id = ?1 AND last_ms > ?2 ORDER BY first_ms"), job, now)
    }

    fn suspended(&self, job: JobId) -> Result<Vec<Block>, StoreError> {
        let sql = "SELECT first_ms, last_ms, count, reason, holder, note FROM suspended \
                   WHERE job_id = ?1 AND taken_back = 0 AND last_ms > ?2 ORDER BY first_ms";
        self.blocks(sql, job, DateTime::<Utc>::MIN_UTC)
    }

    fn blocks(&self, sql: &str, job: JobId, after: DateTime<Utc>) -> Result<Vec<Block>, StoreError> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![to_int(job.0), to_ms(after)]).map_err(failed)?;
        let mut blocks = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            blocks.push(SkipInfo::into_block(skip_info(&mut Columns::of(row))?));
        }
        Ok(blocks)
    }

    /// Which schedule was in force when. One in words that this version does not know is none.
    fn old_segments(&self, job: JobId) -> Result<Vec<Segment>, StoreError> {
        let sql = "SELECT since_ms, schedule FROM segments WHERE job_id = ?1 ORDER BY since_ms";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_int(job.0)]).map_err(failed)?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            let since = row.instant("since_ms")?;
            let schedule = row.get::<Option<String>>("schedule")?.and_then(|text| text.parse().ok());
            segments.push(Segment { since, schedule });
        }
        Ok(segments)
    }

    /// The newest schedule is in force from `now` on; those between never were. `anew`: what counts from its beginning counts from there.
    fn begin_at(&self, job: JobId, now: DateTime<Utc>, anew: bool) -> Result<(), StoreError> {
        let (number, at) = (to_int(job.0), to_ms(now));
        let newest = "(SELECT max(since_ms) FROM segments WHERE job_id = ?1)";
        let sql =
            format!("DELETE FROM segments WHERE job_id = ?1 AND since_ms >= ?2 AND since_ms < {newest}");
        self.run(&sql, params![number, at])?;
        let sql = "UPDATE segments SET since_ms = ?2 WHERE job_id = ?1 AND since_ms > ?2";
        self.run(sql, params![number, at])?;
        if !anew {
            return Ok(());
        }
        self.run("UPDATE jobs SET since_ms = ?2 WHERE id = ?1 AND since_ms > ?2", params![number, at])?;
        self.unknow(job);
        // One whose words this program does not know was left out before.
        let schedule = self.entry(job)?.schedule().map(ToString::to_string);
        let sql = "UPDATE segments SET schedule = ?3 WHERE job_id = ?1 AND since_ms = ?2";
        self.run(sql, params![number, at, schedule])?;
        Ok(())
    }
}
