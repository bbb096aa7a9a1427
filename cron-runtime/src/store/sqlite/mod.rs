//! The store in one SQLite file (WAL, `synchronous=FULL`): what is committed survives a power cut. Only pruning may have to be done again.

mod at_hand;
mod busy;
mod by_id;
mod checkpoints;
mod checkup;
mod claim;
mod clock_left;
mod commands;
mod complete;
mod connection;
mod db;
mod declare;
mod enqueue;
mod fold;
mod holders;
mod judge;
mod known;
mod lease;
mod ledger;
mod marks;
mod migrations;
mod note;
mod opened;
mod problems;
mod prune;
mod ranks;
mod removals;
mod rows;
mod set_back;
mod settle;
mod signal;
mod slots;
mod statements;
mod suspects;
mod sync;
mod ticks;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{OwnerId, RunId};
use rusqlite::Connection;

use super::{
    Answer, Claim, Command, CommandError, Done, FileNow, JudgeRequest, Judged, Note, Program, Pruned, Reaped,
    Rewinds, Settled, Settlement, Sighting, Store, StoreError, Synced, WaitingRun,
};
pub use checkup::{AttemptInProgress, Checkup, Incarnation, Life, Overdue, Unreadable};
pub use complete::{CompleteError, complete_in};
pub(crate) use complete::{connect, fits, remove_job_in, transaction};
use connection::{Purpose, Synchronous, Writer, open_reader, open_reader_alone, open_writer};
use db::Db;
pub use enqueue::{EnqueueError, enqueue, enqueue_once};
use migrations::Tables;
use opened::Opened;
use signal::{Signal, Starter};

use crate::crash_points::{Point, pass};

/// A store in a SQLite file. Several processes on one machine may share the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    ledger: SqliteLedger,
    signal: Arc<Signal>,
    /// Who has joined through this, and what was found then. Written once for each join, read at the start and at the end.
    joined: Mutex<Option<Joined>>,
}

/// A start of a scheduler on this file.
#[derive(Debug)]
struct Joined {
    starter: Starter,
    /// Why the record is known to be older than what has run here before.
    went_back: Option<String>,
}

/// The reads of a SQLite file alone: for programs that look and change nothing.
#[derive(Debug)]
pub struct SqliteLedger {
    path: PathBuf,
    opened: Opened,
    // One connection for all reads of this process: reads are short, and a pool would keep more files open.
    reader: Mutex<Connection>,
}

impl SqliteLedger {
    /// Opens an existing file for reading. Creates nothing, migrates nothing, and does with the permission to read.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] that says what stands in the way: no such file, the permissions, a file that is no database or
    /// another program's, another version of the schema.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        found(path)?;
        let (reader, opened) = Opened::while_opening(path, || open_reader_alone(path))?;
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, opened, reader: Mutex::new(reader) })
    }

    fn read<R, E: From<StoreError>>(&self, read: impl FnOnce(&Connection) -> Result<R, E>) -> Result<R, E> {
        // A record that nobody adds to any more is not shown as the one that is.
        self.opened.check()?;
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // All queries of one read see the same moment.
        let snapshot = reader.transaction().map_err(rows::failed)?;
        read(&snapshot)
    }
}

/// The file for signals between the processes on a database.
pub(crate) fn signal_file(database: &Path) -> PathBuf {
    Signal::beside(database)
}

fn found(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    Err(StoreError::Open { path: path.to_owned(), reason: "there is no such file".to_owned(), source: None })
}

impl SqliteStore {
    /// Opens the file; creates it, and brings an older schema to the present one.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] that says what stands in the way: the directory, the permissions, a file that is no database or
    /// another program's, a newer schema. Nothing is changed then.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), Purpose::Create, Tables::Ours)
    }

    /// As [`SqliteStore::open`], also a file in which an application has tables of its own.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`], and [`StoreError::Clash`] if a table of the application's has the name of one of the scheduler's.
    pub fn open_beside_own_tables(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), Purpose::Create, Tables::AlsoOthers)
    }

    /// Opens the file only if it is there already.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`], and if there is no such file.
    pub fn open_existing(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        found(&path)?;
        Self::open_with(path, Purpose::Serve, Tables::Ours)
    }

    /// Opens an existing file for commands of a person: brings no older schema to the present one, as only the start of a scheduler does, and
    /// waits longer for whoever writes.
    ///
    /// # Errors
    ///
    /// As [`SqliteLedger::open`].
    pub fn open_to_steer(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        found(&path)?;
        Self::open_with(path, Purpose::Steer, Tables::Ours)
    }

    fn open_with(path: PathBuf, purpose: Purpose, tables: Tables) -> Result<Self, StoreError> {
        // A link and its target must lead to the same file beside the database.
        let (connection, opened) = Opened::while_opening(&path, || open_writer(&path, purpose, tables))?;
        let path = path.canonicalize().unwrap_or(path);
        let signal = Signal::open(&path).map_err(|error| StoreError::Open {
            path: Signal::beside(&path),
            reason: format!("the file for signals between processes: {error}"),
            source: Some(Box::new(error)),
        })?;
        pass(Point::OpenSignal);
        let signal = Arc::new(signal);
        let reader = Mutex::new(open_reader(&path)?);
        let ledger = SqliteLedger { path: path.clone(), opened: opened.clone(), reader };
        let patience = purpose.patience();
        let writer = Writer::start(connection, &path, opened.clone(), patience, Arc::clone(&signal))?;
        // The connections that came after the first one are on the same file.
        opened.check()?;
        Ok(Self { path, writer, ledger, signal, joined: Mutex::default() })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn joined(&self) -> MutexGuard<'_, Option<Joined>> {
        // Whatever happens under the lock, it is whole.
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `work` done in a transaction and waits for the commit. The points lie before and after it.
    fn transact<R, E>(
        &self,
        [written, committed]: [Point; 2],
        work: impl FnOnce(&mut Db<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let done = self.writer.send(Synchronous::Full, move |db| work(db).inspect(|_| pass(written)))()?;
        pass(committed);
        Ok(done)
    }
}

impl Store for SqliteStore {
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        let (starter, went_back) = self.transact([Point::JoinWritten, Point::JoinCommitted], move |db| {
            let starter = db.join(now)?;
            let went_back = db.went_back(&starter)?;
            Ok::<_, StoreError>((starter, went_back))
        })?;
        let owner = starter.owner;
        self.signal.remember(&starter);
        *self.joined() = Some(Joined { starter, went_back });
        // The others must know that there is one more whose end they may have to notice.
        self.signal.ring();
        Ok(owner)
    }

    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let program = program.clone();
        let synced =
            self.transact([Point::SyncWritten, Point::SyncCommitted], move |db| db.sync(&program, now))?;
        // Others judge some of these jobs too, and an edit may have brought a tick forward.
        self.signal.ring();
        Ok(synced)
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        let (judged, rings) = self.transact([Point::JudgeWritten, Point::JudgeCommitted], move |db| {
            db.rings.set(false);
            db.judge(request).map(|judged| (judged, db.rings.get()))
        })?;
        if rings {
            // An attempt of another process is to stop, or has lost its run.
            self.signal.ring();
        }
        Ok(judged)
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.transact([Point::SettleWritten, Point::SettleCommitted], move |db| db.settle(settlements))
    }

    fn settle_and_judge(
        &self,
        settlements: Vec<Settlement>,
        request: JudgeRequest,
    ) -> Answer<(Vec<Settled>, Judged)> {
        let signal = Arc::clone(&self.signal);
        let done = self.writer.send(Synchronous::Full, move |db| {
            db.rings.set(false);
            db.settle_and_judge(settlements, request).map(|done| (done, db.rings.get()))
        });
        Box::new(move || {
            let (done, rings) = done()?;
            pass(Point::SettleCommitted);
            pass(Point::JudgeCommitted);
            if rings {
                signal.ring();
            }
            Ok(done)
        })
    }

    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        self.transact([Point::NoteWritten, Point::NoteCommitted], move |db| db.note(notes))
    }

    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        self.transact([Point::RenewWritten, Point::RenewCommitted], move |db| db.renew(claims, until))
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        let reaped = self.transact([Point::ReapWritten, Point::ReapCommitted], move |db| db.reap(now))?;
        if !reaped.lost.is_empty() {
            // What was lost may be due again for a process that contains the function.
            self.signal.ring();
        }
        Ok(reaped)
    }

    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError> {
        let taken = self.writer.send(Synchronous::Full, move |db| db.take_back(&held, now))()?;
        if !taken.is_empty() {
            // Whoever has a free worker may start them.
            self.signal.ring();
        }
        Ok(taken)
    }

    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        self.writer.send(Synchronous::Full, move |db| db.waiting(now))()
    }

    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError> {
        self.writer.send(Synchronous::Full, move |db| db.note_problems(&sightings))()
    }

    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        let set_back =
            self.transact([Point::SetBackWritten, Point::SetBackCommitted], move |db| db.set_back(now))?;
        if !set_back.is_empty() {
            self.signal.ring();
        }
        Ok(set_back)
    }

    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        self.transact([Point::PruneWritten, Point::PruneCommitted], move |db| db.prune(now, limit))
    }

    fn prune_jobs(&self, jobs: Vec<JobName>, now: DateTime<Utc>) -> Answer<Pruned> {
        let work = move |db: &mut Db<'_>| db.prune_jobs(&jobs, now).inspect(|_| pass(Point::PruneWritten));
        let done = self.writer.send(Synchronous::Normal, work);
        Box::new(move || done().inspect(|_| pass(Point::PruneCommitted)))
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let done = self
            .transact([Point::CommandWritten, Point::CommandCommitted], move |db| db.command(command, now))?;
        self.signal.ring();
        Ok(done)
    }

    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let left = self.transact([Point::LeaveWritten, Point::LeaveCommitted], move |db| db.leave(now));
        // A file that stands in the place of the one that was left does not know of it, and the next start is to tell.
        let is_over = matches!(left, Ok(()) | Err(StoreError::FileGone { now: FileNow::Another, .. }));
        if let Some(joined) = self.joined().as_mut().filter(|_| is_over) {
            joined.starter.has_left = true;
            self.signal.remember_end(&joined.starter);
        }
        left?;
        // What was interrupted here starts first elsewhere.
        self.signal.ring();
        Ok(())
    }

    fn still_there(&self) -> Result<(), StoreError> {
        self.ledger.opened.check()
    }

    fn went_back(&self) -> Option<String> {
        self.joined().as_ref()?.went_back.clone()
    }

    fn ring(&self) {
        self.signal.ring();
    }

    fn doorbell(&self) -> Option<PathBuf> {
        Some(self.signal.path().to_owned())
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.path.clone())
    }
}
