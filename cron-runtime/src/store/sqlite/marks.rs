//! Where a job stands: its row in `marks` is read once, changed in memory and written once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cron_core::judge::{Active, Hold, Place, next_due};
use cron_core::policy::Overlap;
use cron_core::run::{Epoch, JobId, RunId, SkipReason, StateWord};
use rusqlite::{OptionalExtension, params};

use super::super::{PauseInfo, StoreError};
use super::clock_left::Left;
use super::db::Db;
use super::known::Entry;
use super::rows::{ACTIVE, Columns, PARKED, failed, from_int, to_int, to_ms};

/// Where a job stands. It is handed on many times for each run: up to 128 bytes are moved without a call for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) job: JobId,
    pub(super) place: Place,
    pub(super) due: Option<DateTime<Utc>>,
    pub(super) epoch: Epoch,
    /// Runs that hold a slot.
    pub(super) active: u32,
    /// Runs that wait for the slot.
    pub(super) parked: u32,
    /// All runs on record.
    pub(super) recorded: u32,
    /// The due instant as the file has it.
    written: Millis,
}

/// An instant as a column has it, or [`NEVER`](Self::NEVER) for `NULL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Millis(i64);

impl Millis {
    const NEVER: Self = Self(i64::MIN);

    fn of(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::NEVER, |at| Self(to_ms(at)))
    }
}

const _: () = assert!(size_of::<Mark>() <= 128);

/// The columns of a [`Mark`].
pub(super) const MARK: &str = "marks.job_id, mark_ms, due_ms, queued_ms, hold_ms, hold_by, marks.epoch, \
                               active, parked, recorded";

impl Mark {
    /// A job that nobody has known before.
    pub(super) fn new(job: JobId, mark: DateTime<Utc>) -> Self {
        Self {
            job,
            place: Place::at(mark),
            due: None,
            epoch: Epoch(0),
            active: 0,
            parked: 0,
            recorded: 0,
            written: Millis::NEVER,
        }
    }

    /// From the columns behind the first. What a clock has left with the job is in another row.
    fn read(job: JobId, row: &mut Columns<'_>, left: Left) -> Result<Self, StoreError> {
        let mark = row.instant("mark_ms")?;
        let due = row.instant_or_null("due_ms")?;
        let (queued, hold) = place(row)?;
        let epoch = Epoch(row.u64("epoch")?);
        let (active, parked, recorded) = (row.u32("active")?, row.u32("parked")?, row.u32("recorded")?);
        Ok(Self {
            job,
            place: Place { mark, queued, hold, suspended: left.suspended, beside: left.beside },
            due,
            epoch,
            active,
            parked,
            recorded,
            written: Millis::of(due),
        })
    }

    /// As it is read after it was written.
    pub(super) fn as_written(&self) -> Self {
        Self { written: Millis::of(self.due), ..self.clone() }
    }

    pub(super) fn is_active(&self) -> bool {
        self.active > 0
    }

    /// Takes the next fencing token.
    pub(super) fn next_epoch(&mut self) -> Epoch {
        self.epoch = Epoch(self.epoch.0.saturating_add(1));
        self.epoch
    }
}

/// Rows of `marks` that are written at the end of a request, because it will probably change them once more. Until then they are newer
/// than the file.
#[derive(Debug, Default)]
pub(super) struct Deferred(RefCell<Option<BTreeMap<JobId, Mark>>>);

impl Deferred {
    pub(super) fn begin(&self) {
        *self.0.borrow_mut() = Some(BTreeMap::new());
    }

    /// Gives what is to be written.
    pub(super) fn end(&self) -> impl Iterator<Item = Mark> + use<> {
        self.0.take().unwrap_or_default().into_values()
    }

    /// Puts off the write of a mark, if that is possible: the file finds jobs by their due instants.
    fn put(&self, mark: &Mark) -> bool {
        let mut all = self.0.borrow_mut();
        let Some(all) = all.as_mut() else { return false };
        let is_found_alike = Millis::of(mark.due) == mark.written;
        if is_found_alike {
            all.insert(mark.job, mark.clone());
        } else {
            all.remove(&mark.job);
        }
        is_found_alike
    }

    pub(super) fn take(&self, job: JobId) -> Option<Mark> {
        self.0.borrow_mut().as_mut()?.remove(&job)
    }

    /// What is to be written of a job.
    fn get(&self, job: JobId) -> Option<Mark> {
        self.0.borrow().as_ref()?.get(&job).cloned()
    }
}

/// What waits behind the mark, and what a run said about the next one: `queued_ms`, `hold_ms`, `hold_by`.
pub(super) fn place(row: &mut Columns<'_>) -> Result<(Option<DateTime<Utc>>, Option<Hold>), StoreError> {
    let queued = row.instant_or_null("queued_ms")?;
    let until = row.instant_or_null("hold_ms")?;
    let by = row.u64_or_null("hold_by")?;
    Ok((queued, by.map(|by| Hold { until, by: RunId(by) })))
}

impl Db<'_> {
    pub(super) fn mark(&self, job: JobId) -> Result<Mark, StoreError> {
        let mut statement = self.statement(&format!("SELECT {MARK} FROM marks WHERE job_id = ?1"))?;
        let mut rows = statement.query([to_int(job.0)]).map_err(failed)?;
        match rows.next().map_err(failed)? {
            Some(row) => self.read_mark(&mut Columns::of(row)),
            None => Err(no_mark(job)),
        }
    }

    /// The mark of a row, or the newer one that is to be written. What the file has in `active` is a bound: of the end of a run that
    /// moves nothing else it learns with the next judgement of the job. The runs themselves tell how many there are.
    pub(super) fn read_mark(&self, row: &mut Columns<'_>) -> Result<Mark, StoreError> {
        let job = JobId(row.u64("job_id")?);
        if let Some(newer) = self.deferred.get(job) {
            return Ok(newer);
        }
        let mut mark = Mark::read(job, row, self.left_by_clock(job)?)?;
        if mark.active > 0 {
            mark.active = if self.at_hand.is_idle(job) { 0 } else { self.count_active(job)? };
        }
        Ok(mark)
    }

    fn count_active(&self, job: JobId) -> Result<u32, StoreError> {
        let sql = format!("SELECT count(*) FROM runs WHERE job_id = ?1 AND {ACTIVE}");
        self.statement(&sql)?.query_row([to_int(job.0)], |row| row.get(0)).map_err(failed)
    }

    /// Writes where a job stands after the end of a run, unless its next judgement can do that.
    pub(super) fn write_end(&self, before: &Mark, mark: &Mark) -> Result<(), StoreError> {
        let is_only_idle = mark.active == 0 && *before == Mark { active: before.active, ..mark.clone() };
        if is_only_idle && self.deferred.get(mark.job).is_none() {
            self.at_hand.became_idle(mark.job);
            self.let_go(mark);
            return Ok(());
        }
        self.write_mark(mark)
    }

    /// A dynamic job that has nothing to come and nothing in progress is read anew when somebody asks for it: of those that have ended there
    /// may be very many.
    pub(super) fn let_go(&self, mark: &Mark) {
        let has_ended = mark.due.is_none() && mark.active == 0 && mark.parked == 0;
        if has_ended && self.is_dynamic(mark.job) {
            self.unknow(mark.job);
        }
    }

    /// The row of a job that has none.
    pub(super) fn add_mark(&self, mark: &Mark, rank: i64) -> Result<(), StoreError> {
        let (active, parked, recorded) = (mark.active, mark.parked, mark.recorded);
        let (job, at, due) = (to_int(mark.job.0), to_ms(mark.place.mark), mark.due.map(to_ms));
        let values = params![job, at, due, to_int(mark.epoch.0), active, parked, recorded, rank];
        self.statements.add_mark.borrow_mut().execute(values).map_err(failed)?;
        self.notice_rank(rank);
        Ok(())
    }

    pub(super) fn write_mark(&self, mark: &Mark) -> Result<(), StoreError> {
        if self.deferred.put(mark) {
            self.at_hand.wrote(mark);
            self.let_go(mark);
            return Ok(());
        }
        self.write_mark_now(mark)
    }

    pub(super) fn write_mark_now(&self, mark: &Mark) -> Result<(), StoreError> {
        let Place { mark: at, queued, hold, suspended, beside } = mark.place;
        let (job, at, queued) = (to_int(mark.job.0), to_ms(at), queued.map(to_ms));
        let until = hold.and_then(|hold| hold.until).map(to_ms);
        let by = hold.map(|hold| to_int(hold.by.0));
        let epoch = to_int(mark.epoch.0);
        let (active, parked, recorded) = (mark.active, mark.parked, mark.recorded);
        let due = mark.due.map(to_ms);
        let is_plain = queued.is_none() && by.is_none() && parked == 0;
        let written = if Millis::of(mark.due) == mark.written {
            // Most ends of runs do not move the due instant; then its index is left alone.
            let values = params![job, at, queued, until, by, epoch, active, parked, recorded];
            self.statements.write_mark.borrow_mut().execute(values)
        } else if is_plain {
            let values = params![job, at, epoch, active, recorded, due];
            self.statements.advance_mark.borrow_mut().execute(values)
        } else {
            let values = params![job, at, queued, until, by, epoch, active, parked, recorded, due];
            self.statements.write_mark_and_due.borrow_mut().execute(values)
        };
        if written.map_err(failed)? != 1 {
            return Err(no_mark(mark.job));
        }
        let left = Left { suspended, beside };
        if left != self.left_by_clock(mark.job)? {
            self.write_left(mark.job, left)?;
        }
        self.at_hand.wrote(mark);
        self.let_go(mark);
        Ok(())
    }

    /// The pause that counts: that of the job or of its group, whichever began earlier.
    pub(super) fn pause(&self, job: JobId) -> Result<Option<PauseInfo>, StoreError> {
        let mut statement = self.statement(
            "SELECT jobs.paused_ms, jobs.paused_by, jobs.paused_note, \
             groups.paused_ms, groups.paused_by, groups.paused_note \
             FROM jobs LEFT JOIN groups ON groups.name = grp WHERE jobs.id = ?1",
        )?;
        let mut rows = statement.query([to_int(job.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
        pause_that_counts(&mut Columns::of(row))
    }

    /// When to judge a job, as far as its place and its schedule tell.
    pub(super) fn rearm(&self, mark: &mut Mark, entry: &Entry) -> Result<(), StoreError> {
        if entry.is_damaged {
            return Ok(());
        }
        // A job that is paused has no due instant, but where somebody wants the slot of what is to be cancelled.
        let may_be_paused = mark.due.is_none() || entry.plan.overlap == Overlap::Cancel;
        let is_paused = may_be_paused && self.pause(mark.job)?.is_some();
        mark.due = if is_paused { None } else { entry.due(mark) };
        if entry.plan.overlap == Overlap::Cancel && mark.is_active() && mark.parked > 0 {
            // A run that wants the slot of another one has it judged, also while the ticks are paused.
            mark.due = mark.due.into_iter().chain(self.wanted(mark)?).min();
        }
        Ok(())
    }

    /// For when the oldest run that waits for the slot was asked for.
    fn wanted(&self, mark: &Mark) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = format!(
            "SELECT nominal_ms FROM runs WHERE job_id = ?1 AND {PARKED} AND batch IS NULL ORDER BY id LIMIT 1"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(mark.job.0)]).map_err(failed)?;
        rows.next().map_err(failed)?.map(|row| Columns::of(row).instant("nominal_ms")).transpose()
    }

    /// The runs that hold a slot of a job, oldest first.
    pub(super) fn active(&self, mark: &Mark) -> Result<Vec<Active>, StoreError> {
        if !mark.is_active() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, origin, state, asked_ms FROM runs WHERE job_id = ?1 AND {ACTIVE} ORDER BY id"
        );
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([to_int(mark.job.0)]).map_err(failed)?;
        let mut active = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut row = Columns::of(row);
            active.push(Active {
                run: RunId(row.u64("id")?),
                origin: row.word("origin")?,
                is_running: row.word::<StateWord>("state")? == StateWord::Running,
                asked: row.instant_or_null("asked_ms")?,
            });
        }
        Ok(active)
    }

    /// How many runs that are no backfill wait for the slot of a job.
    pub(super) fn parked(&self, mark: &Mark) -> Result<usize, StoreError> {
        if mark.parked == 0 {
            return Ok(0);
        }
        let sql = format!("SELECT count(*) FROM runs WHERE job_id = ?1 AND {PARKED} AND batch IS NULL");
        let mut statement = self.statement(&sql)?;
        let count: i64 = statement.query_row([to_int(mark.job.0)], |row| row.get(0)).map_err(failed)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Gives all ticks up to `now` their verdict and moves the mark there. Returns how many of them were of the pause.
    pub(super) fn close_until(
        &self,
        mark: &mut Mark,
        entry: &Entry,
        pause: Option<&PauseInfo>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let at = pause.map(|pause| pause.at);
        let kept = self.kept(mark, Some(now))?;
        let close =
            |schedule| cron_core::judge::close(schedule, mark.place, &kept, at, mark.is_active(), now);
        let skips = entry.schedule().map(close).unwrap_or_default();
        let note = pause.map(PauseInfo::reason).unwrap_or_default();
        let mut of_the_pause = 0;
        for skip in skips {
            let is_paused = skip.reason == SkipReason::Paused;
            of_the_pause += if is_paused { skip.count } else { 0 };
            self.write_skip(mark.job, &skip, if is_paused { &note } else { "" })?;
        }
        let hold = mark.place.hold.filter(|hold| hold.until.is_none_or(|until| until > now));
        let suspended = mark.place.suspended.filter(|until| *until > now);
        mark.place = Place { hold, suspended, ..Place::at(mark.place.mark.max(now)) };
        Ok(of_the_pause)
    }

    /// The oldest run of a job that is active or waits for the slot.
    pub(super) fn busy(&self, job: JobId) -> Result<Option<RunId>, StoreError> {
        let sql = format!(
            "SELECT min(id) FROM (SELECT id FROM runs WHERE job_id = ?1 AND {ACTIVE} \
             UNION ALL SELECT id FROM runs WHERE job_id = ?1 AND {PARKED})"
        );
        let mut statement = self.statement(&sql)?;
        let id: Option<Option<i64>> =
            statement.query_row([to_int(job.0)], |row| row.get(0)).optional().map_err(failed)?;
        id.flatten().map(|id| from_int(id).map(RunId)).transpose()
    }
}

impl Entry {
    /// When to judge the job, which is not paused.
    pub(super) fn due(&self, mark: &Mark) -> Option<DateTime<Utc>> {
        next_due(self.schedule(), self.jitter(), mark.place, mark.is_active())
    }
}

/// Of the pause of a job and that of its group the one that began earlier; six columns.
pub(super) fn pause_that_counts(row: &mut Columns<'_>) -> Result<Option<PauseInfo>, StoreError> {
    let (own, of_group) = (row.pause()?, row.pause()?);
    Ok(own.into_iter().chain(of_group).min_by_key(|pause| pause.at))
}

fn no_mark(job: JobId) -> StoreError {
    StoreError::Corrupt { what: format!("job number {job} has no high-water mark") }
}
