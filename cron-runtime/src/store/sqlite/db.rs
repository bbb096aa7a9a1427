//! What the owner thread holds: the connection, this incarnation, and the jobs that it has read.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use cron_core::job::JobName;
use cron_core::run::{JobId, OwnerId, RunId};
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params, params};

use super::super::StoreError;
use super::at_hand::AtHand;
use super::busy::Patience;
use super::by_id::ById;
use super::connection::Synchronous;
use super::holders;
use super::known::{Entry, Known, Written};
use super::marks::Deferred;
use super::opened::Opened;
use super::ranks::Ranks;
use super::rows::{ACTIVE, Columns, failed, from_int, from_ms, read_name, read_plan, read_plan_on, to_int};
use super::signal::Signal;
use super::statements::Statements;
use super::ticks::Ticks;
use super::{clock_left, suspects};

#[derive(Debug)]
pub(super) struct Db<'c> {
    pub(super) connection: &'c Connection,
    pub(super) statements: Statements<'c>,
    opened: Opened,
    patience: Patience,
    pub(super) signal: Arc<Signal>,
    pub(super) owner: Option<OwnerId>,
    /// The program of this process, by its number in the file.
    pub(super) build: Option<i64>,
    /// Took leave in the transaction that is about to be committed.
    pub(super) has_left: bool,
    /// Another process has to know of what was written.
    pub(super) rings: Cell<bool>,
    /// A judgement is being carried out: what it frees is given away at its end.
    pub(super) is_judging: Cell<bool>,
    /// The name of the job at which the last call to prune ended.
    pub(super) pruned_until: RefCell<Option<String>>,
    /// Up to which skipped ticks of a job neighbours were folded.
    pub(super) folded: RefCell<ById<JobId, i64>>,
    /// How often a clock has changed skips on record, when that was looked up.
    rewinds: Option<i64>,
    /// The jobs that were read. Written while a verb runs, on the one thread that has this.
    known: RefCell<Known>,
    /// Another number than before once another process has written to the file.
    data: Option<i64>,
    /// How often declarations have changed, as the file said when the jobs were linked.
    declarations: Option<i64>,
    /// The transaction has linked jobs anew.
    has_relinked: bool,
    /// Where the transaction stands.
    stage: Stage,
    /// A declaration was put into `known` that a rollback takes back.
    has_edited: Cell<bool>,
    /// The number of the next run, once it was looked up for this request.
    next_run: Cell<Option<u64>>,
    /// The newest run in the file has the number before that of the next one to be written, so that SQLite would give it the same.
    pub(super) counts_on: Cell<bool>,
    /// The newest job is still there, so that SQLite gives the next one a number that none had before; once it was looked up for this
    /// request.
    pub(super) counts_jobs_on: Cell<Option<bool>>,
    pub(super) at_hand: AtHand,
    pub(super) deferred: Deferred,
    pub(super) ticks: Ticks,
    /// Jobs that may have taken their process down.
    pub(super) known_suspects: suspects::Known,
    /// Whether there may be jobs that one of their runs has asked to remove.
    pub(super) may_have_removals: Cell<bool>,
    /// Jobs with which a clock has left something.
    pub(super) known_left: clock_left::Known,
    /// How important jobs are.
    pub(super) ranks: Cell<Ranks>,
    /// The request is one after which what is at hand still holds.
    keeps: Cell<bool>,
    /// What the next commit waits for.
    synchronous: Synchronous,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked for yet. What fails here takes the whole transaction back.
    Begun,
    /// A request was done. What fails from here on is taken back alone.
    Shared,
    /// The first request failed; there is no transaction any more.
    TakenBack,
}

impl<'c> Db<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        opened: Opened,
        patience: Patience,
        signal: Arc<Signal>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            statements: Statements::prepare(connection)?,
            opened,
            patience,
            signal,
            owner: None,
            build: None,
            has_left: false,
            rings: Cell::new(false),
            is_judging: Cell::new(false),
            pruned_until: RefCell::default(),
            folded: RefCell::default(),
            rewinds: None,
            known: RefCell::default(),
            data: None,
            declarations: None,
            has_relinked: false,
            stage: Stage::Begun,
            has_edited: Cell::new(false),
            next_run: Cell::new(None),
            counts_on: Cell::new(false),
            counts_jobs_on: Cell::new(None),
            at_hand: AtHand::default(),
            deferred: Deferred::default(),
            ticks: Ticks::default(),
            known_suspects: suspects::Known::default(),
            may_have_removals: Cell::new(true),
            known_left: clock_left::Known::default(),
            ranks: Cell::new(Ranks::Unknown),
            keeps: Cell::new(false),
            synchronous: Synchronous::Full,
        })
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&mut self, synchronous: Synchronous) -> Result<(), StoreError> {
        if self.synchronous != synchronous {
            // SQLite changes it between transactions only, and when the statement is prepared: one that is kept would do nothing.
            self.connection.pragma_update(None, "synchronous", synchronous.word()).map_err(failed)?;
            self.synchronous = synchronous;
        }
        self.statement("BEGIN IMMEDIATE")?.execute([]).map_err(|error| self.not_begun(error))?;
        self.next_run.set(None);
        self.is_judging.set(false);
        (self.stage, self.has_relinked) = (Stage::Begun, false);
        // After the lock, for which it may have waited: what begins from here on is written at once.
        self.opened.check().and_then(|()| self.look_around()).inspect_err(|_| {
            // Without this the next BEGIN would fail for good. If it fails too there is nothing to roll back.
            let _ = self.execute("ROLLBACK");
        })
    }

    /// Others have kept the lock for longer than is waited: who does is looked up before it is gone.
    fn not_begun(&self, error: rusqlite::Error) -> StoreError {
        if !matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            return failed(error);
        }
        StoreError::Locked {
            path: self.opened.path().to_owned(),
            seconds: self.patience.span().as_secs(),
            holder: holders::likely(self.opened.path()),
        }
    }

    /// Learns what other processes have declared meanwhile.
    fn look_around(&mut self) -> Result<(), StoreError> {
        let number = |db: &Self, sql| -> Result<i64, StoreError> {
            db.statement(sql)?.query_row([], |row| row.get(0)).map_err(failed)
        };
        let data = number(self, "PRAGMA data_version")?;
        if self.data == Some(data) {
            return Ok(());
        }
        self.at_hand.clear();
        let sql = "SELECT declarations, rewinds, EXISTS (SELECT 1 FROM suspects), EXISTS (SELECT 1 FROM removals), \
                   EXISTS (SELECT 1 FROM rewinds WHERE suspended_ms IS NOT NULL OR beside_ms IS NOT NULL) FROM counters";
        let (declarations, rewinds, has_suspects, has_removals, has_left_some) = self
            .statement(sql)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .map_err(failed)?;
        self.may_have_removals.set(has_removals);
        if has_suspects {
            self.known_suspects.doubt();
        } else {
            self.known_suspects.are_none();
        }
        if self.rewinds != Some(rewinds) {
            self.rewinds = Some(rewinds);
            self.folded.get_mut().clear();
        }
        if has_left_some {
            self.known_left.doubt();
        } else {
            self.known_left.are_none();
        }
        if self.declarations != Some(declarations) {
            self.declarations = Some(declarations);
            self.known.get_mut().doubt();
            self.ranks.set(Ranks::Unknown);
            self.has_relinked = true;
            if let Err(error) = self.relink() {
                self.declarations = None;
                return Err(error);
            }
        }
        self.data = Some(data);
        Ok(())
    }

    /// Begins a part of the transaction that can be taken back alone.
    ///
    /// The first one needs no savepoint: there is nothing beside it that would have to stay. Most transactions have no other, and under
    /// a savepoint statements that write many rows become slower with each page that was written before.
    pub(super) fn begin_request(&self) -> Result<(), StoreError> {
        self.has_edited.set(false);
        self.keeps.set(false);
        // The one before may have removed the newest run, or the newest job.
        self.next_run.set(None);
        self.counts_jobs_on.set(None);
        // What a request that failed has put off is not to be written.
        drop(self.deferred.end());
        self.ticks.clear();
        match self.stage {
            Stage::Begun | Stage::TakenBack => Ok(()),
            Stage::Shared => self.execute("SAVEPOINT request"),
        }
    }

    /// The request writes nothing that [`AtHand`] does not learn of.
    pub(super) fn keeps_at_hand(&self) {
        self.keeps.set(true);
    }

    pub(super) fn end_request(&mut self) -> Result<(), StoreError> {
        self.remove_what_has_ended()?;
        if !self.keeps.get() {
            self.at_hand.clear();
        }
        match std::mem::replace(&mut self.stage, Stage::Shared) {
            Stage::Begun | Stage::TakenBack => Ok(()),
            Stage::Shared => self.execute("RELEASE request"),
        }
    }

    /// Takes a request back.
    pub(super) fn undo_request(&mut self) -> Result<(), StoreError> {
        self.next_run.set(None);
        self.ranks.set(Ranks::Unknown);
        self.may_have_removals.set(true);
        self.known_suspects.doubt();
        self.known_left.doubt();
        self.folded.get_mut().clear();
        self.at_hand.clear();
        self.ticks.clear();
        if self.has_edited.get() {
            self.known.get_mut().doubt();
        }
        match self.stage {
            Stage::Begun | Stage::TakenBack => {
                self.stage = Stage::TakenBack;
                if self.has_relinked {
                    (self.data, self.declarations) = (None, None);
                }
                // A full disk has SQLite do it by itself.
                if self.connection.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK") }
            }
            Stage::Shared => {
                self.execute("ROLLBACK TO request")?;
                self.execute("RELEASE request")
            }
        }
    }

    /// Whether the first request has failed, and the transaction with it.
    pub(super) fn was_taken_back(&self) -> bool {
        self.stage == Stage::TakenBack
    }

    /// Takes the whole transaction back.
    pub(super) fn undo(&mut self) {
        self.data = None;
        self.may_have_removals.set(true);
        self.ranks.set(Ranks::Unknown);
        self.known_suspects.doubt();
        self.known_left.doubt();
        self.folded.get_mut().clear();
        self.at_hand.clear();
        self.ticks.clear();
        self.declarations = None;
        self.known.get_mut().doubt();
        // SQLite may have done it already; then there is nothing to roll back.
        let _ = self.execute("ROLLBACK");
    }

    pub(super) fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.write_ticks()?;
        self.connection.prepare_cached(sql).map_err(failed)
    }

    /// Runs a statement without parameters.
    pub(super) fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.statement(sql)?.execute([]).map_err(failed)?;
        Ok(())
    }

    /// Runs a statement; gives how many rows it has changed.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.statement(sql)?.execute(params).map_err(failed)
    }

    /// Runs a statement that must change exactly one row; says whether it did.
    pub(super) fn changed(&self, sql: &str, params: impl Params) -> Result<bool, StoreError> {
        Ok(self.run(sql, params)? == 1)
    }

    /// A job as it is declared now: by this program, or by a newer one that works on the same file.
    pub(super) fn entry(&self, id: JobId) -> Result<Rc<Entry>, StoreError> {
        let mut known = self.known.borrow_mut();
        if let Some(entry) = known.newest(id) {
            return Ok(entry);
        }
        let sql = "SELECT name, plan, since_ms, CASE WHEN handler IS NOT NULL THEN \
                   (SELECT plan FROM jobs AS declared WHERE declared.name = jobs.handler AND declared.handler IS NULL) END \
                   FROM jobs WHERE id = ?1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([to_int(id.0)]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else {
            return Err(StoreError::Corrupt { what: format!("there is no job number {id}") });
        };
        let mut row = Columns::of(row);
        let (name, plan): (String, String) = (row.get("name")?, row.get("plan")?);
        let (since, handler): (i64, Option<String>) = (row.get("since_ms")?, row.get("plan")?);
        let written = Written::new(&plan, handler.as_deref(), since);
        if let Some(entry) = known.unchanged(id, written) {
            return Ok(entry);
        }
        let plan = read_plan_on(&name, &plan, handler.as_deref())?;
        let entry = Rc::new(Entry::new(plan, from_ms("since_ms", since)?));
        known.insert(id, &entry, written);
        Ok(entry)
    }

    /// As [`Db::entry`]; a job of this program that a newer one has declared in words which this one does not know counts as this one
    /// knows it, so that a result never waits for a declaration.
    pub(super) fn entry_or_known(&self, id: JobId) -> Result<Rc<Entry>, StoreError> {
        match self.entry(id) {
            Err(StoreError::UnknownWords { what }) => {
                self.known.borrow().any(id).ok_or(StoreError::UnknownWords { what })
            }
            // Nobody will ever read it, and no attempt may stay in progress for that.
            Err(StoreError::Corrupt { .. }) => {
                let known = self.known.borrow().any(id);
                known.map_or_else(|| self.damaged(id), Ok)
            }
            other => other,
        }
    }

    /// A job whose declaration is damaged: it has its name, and nothing else.
    fn damaged(&self, id: JobId) -> Result<Rc<Entry>, StoreError> {
        let name = self.name_or_number(id)?;
        let bare = serde_json::json!({ "name": name.as_str() }).to_string();
        Ok(Rc::new(Entry::damaged(read_plan(name.as_str(), &bare)?)))
    }

    /// The name of a job, or its number where the name is damaged too.
    pub(super) fn name_or_number(&self, id: JobId) -> Result<JobName, StoreError> {
        match self.name_of(id) {
            Err(_) => read_name(&format!("number-{id}")),
            name => name,
        }
    }

    /// Keeps a job at hand that is being written.
    pub(super) fn know(&self, id: JobId, entry: &Rc<Entry>, written: Written) {
        self.has_edited.set(true);
        self.known.borrow_mut().insert(id, entry, written);
    }

    /// What is known of jobs is held against the file before it is used.
    pub(super) fn doubt(&self) {
        self.known.borrow_mut().doubt();
    }

    /// Whether a job that is kept at hand is a dynamic one.
    pub(super) fn is_dynamic(&self, id: JobId) -> bool {
        self.known.borrow().any(id).is_some_and(|entry| entry.plan.handler.is_some())
    }

    /// How many jobs are kept at hand.
    #[cfg(test)]
    pub(super) fn number_known(&self) -> usize {
        self.known.borrow().number()
    }

    /// Reads a job anew when it is needed.
    pub(super) fn unknow(&self, id: JobId) {
        self.known.borrow_mut().remove(id);
    }

    /// There is no job in the file.
    pub(super) fn know_none(&mut self) {
        self.known.get_mut().retain(|_| false);
    }

    /// Links what this program contains: its declared jobs, and the dynamic jobs on them.
    pub(super) fn relink(&self) -> Result<(), StoreError> {
        self.execute("DELETE FROM temp.linked")?;
        self.execute(
            "INSERT INTO temp.linked SELECT id FROM (\
             SELECT id FROM temp.program CROSS JOIN jobs USING (name) WHERE executed AND handler IS NULL \
             UNION ALL SELECT id FROM temp.program CROSS JOIN jobs ON handler = program.name WHERE executed) \
             WHERE id NOT IN (SELECT job_id FROM temp.left_out)",
        )?;
        // What is left out is kept, and what has another name by now: attempts in progress are settled as this program knows their jobs.
        let sql = format!(
            "SELECT job_id FROM temp.linked UNION ALL SELECT job_id FROM temp.left_out \
             UNION ALL SELECT job_id FROM runs INDEXED BY runs_active WHERE {ACTIVE} AND owner = ?1"
        );
        let mut statement = self.statement(&sql)?;
        let mine: Result<HashSet<i64>, _> = statement
            .query_map([self.owner.map(|owner| to_int(owner.0))], |row| row.get(0))
            .map_err(failed)?
            .collect();
        let mine = mine.map_err(failed)?;
        self.known.borrow_mut().retain(|id| mine.contains(&to_int(id.0)));
        Ok(())
    }

    /// Links all jobs of a file that this program has just filled.
    pub(super) fn link_all(&self) -> Result<(), StoreError> {
        self.execute("DELETE FROM temp.linked")?;
        self.execute("INSERT INTO temp.linked SELECT id FROM jobs")
    }

    /// Links a dynamic job if its function is in this program, and only then.
    pub(super) fn relink_one(&self, id: JobId, handler: &JobName) -> Result<(), StoreError> {
        self.run("DELETE FROM temp.left_out WHERE job_id = ?1", [to_int(id.0)])?;
        self.run("DELETE FROM temp.linked WHERE job_id = ?1", [to_int(id.0)])?;
        let sql = "INSERT INTO temp.linked SELECT ?1 FROM temp.program WHERE name = ?2 AND executed";
        self.run(sql, params![to_int(id.0), handler.as_str()])?;
        Ok(())
    }

    /// The same for dynamic jobs that are new: this one and those after it, for no number comes twice. Some may have been edited since.
    pub(super) fn link_new(&self, first: JobId) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO temp.linked SELECT id FROM jobs NOT INDEXED WHERE id >= ?1 AND handler IN (SELECT name FROM temp.program WHERE executed)";
        self.run(sql, [to_int(first.0)])?;
        Ok(())
    }

    /// Judges a job no longer: it is the newer program's, until this one starts again.
    pub(super) fn leave_out(&self, id: JobId) -> Result<(), StoreError> {
        self.run("DELETE FROM temp.linked WHERE job_id = ?1", [to_int(id.0)])?;
        self.run("INSERT OR IGNORE INTO temp.left_out VALUES (?1)", [to_int(id.0)])?;
        Ok(())
    }

    /// The number of a job by its name.
    pub(super) fn job_id(&self, name: &JobName) -> Result<Option<JobId>, StoreError> {
        let mut statement = self.statement("SELECT id FROM jobs WHERE name = ?1")?;
        let id: Option<i64> =
            statement.query_row([name.as_str()], |row| row.get(0)).optional().map_err(failed)?;
        id.map(|id| from_int(id).map(JobId)).transpose()
    }

    /// The number for the next run. No number comes twice, also after the newest run was removed.
    pub(super) fn next_run_id(&self) -> Result<RunId, StoreError> {
        let next = match self.next_run.get() {
            Some(next) => next,
            None => {
                let sql = "SELECT ifnull(max(id), 0) + 1, (SELECT removed_run FROM counters) + 1 FROM runs";
                let numbers = self.statement(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
                let (behind_newest, behind_removed): (i64, i64) = numbers.map_err(failed)?;
                self.counts_on.set(behind_newest >= behind_removed);
                from_int(behind_newest.max(behind_removed))?
            }
        };
        self.next_run.set(Some(next + 1));
        Ok(RunId(next))
    }
}
