//! The owner thread: one connection that writes, fed by a queue, one commit for all that has queued up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::StoreError;
use super::busy::{Patience, wait_for_others};
use super::checkpoints::Checkpoints;
use super::db::Db;
use super::holders;
use super::migrations::{self, Tables};
use super::opened::Opened;
use super::rows::failed;
use super::signal::Signal;
use crate::crash_points::{Point, pass};

/// At most this many requests share one commit.
const GROUP: usize = 256;

/// More statements than there are.
const STATEMENTS: usize = 256;

/// What one process keeps for itself: the names of its declared jobs, and whether it executes them; the jobs that it judges; those of them that a newer program
/// has declared in words it does not know.
pub(super) const OF_THIS_PROCESS: &str = "
CREATE TEMP TABLE program (name TEXT PRIMARY KEY, executed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TEMP TABLE linked (job_id INTEGER PRIMARY KEY) STRICT;
CREATE TEMP TABLE left_out (job_id INTEGER PRIMARY KEY) STRICT;";

const READ_ONLY: &str = "it is read-only for this user; make the file and its directory writable";

/// Does the work of a request, or learns that no transaction could begin, and gives back what tells the caller once the
/// commit has happened or failed.
type Work = Box<dyn FnOnce(Result<&mut Db<'_>, StoreError>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), StoreError>)>;

struct Request {
    work: Work,
    synchronous: Synchronous,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Synchronous {
    /// The disk: a power cut takes nothing of it back.
    Full,
    /// Nothing: it is on disk with the next commit that waits. Requests of this kind have transactions of their own.
    Normal,
}

impl Synchronous {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// The way to the owner thread.
#[derive(Debug)]
pub(super) struct Writer {
    // Taken at the end, so that the thread sees the queue close; the lock is held for that and for a clone.
    queue: Mutex<Option<Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        path: &Path,
        opened: Opened,
        patience: Patience,
        signal: Arc<Signal>,
    ) -> Result<Self, StoreError> {
        let mut checkpoints = Checkpoints::start(&connection, path)?;
        wait_for_others(&mut connection, patience).map_err(failed)?;
        let (queue, requests) = channel();
        let (ready, is_ready) = sync_channel(1);
        // What is prepared borrows the connection, so both live on that thread alone.
        let own = move || {
            match Db::new(&connection, opened, patience, signal) {
                Ok(db) => {
                    let _ = ready.send(Ok(()));
                    serve(db, &requests, &mut checkpoints);
                }
                // Who waits for it waits still: it has just started this thread.
                Err(error) => drop(ready.send(Err(error))),
            }
            if let Err((_, error)) = connection.close() {
                tracing::error!(%error, "the database could not be closed");
            }
            checkpoints.close();
        };
        let thread = std::thread::Builder::new()
            .name("cron-sqlite".to_owned())
            .spawn(own)
            .map_err(|error| StoreError::Backend(Box::new(error)))?;
        is_ready.recv().map_err(|_| StoreError::Closed)??;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Has `work` done on the owner thread. What it gives back waits for the commit.
    pub(super) fn send<R, E>(
        &self,
        synchronous: Synchronous,
        work: impl FnOnce(&mut Db<'_>) -> Result<R, E> + Send + 'static,
    ) -> impl FnOnce() -> Result<R, E> + Send + 'static
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, wait) = sync_channel(1);
        let work: Work = Box::new(move |db| {
            let result = db.map_err(E::from).and_then(|db| savepoint(db, work));
            Box::new(move |commit: Result<(), StoreError>| {
                // What was refused was taken back already, whatever became of the others.
                let result = result.and_then(|done| commit.map(|()| done).map_err(E::from));
                // A caller that no longer waits does not want to know.
                let _ = answer.send(result);
            })
        });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A request that finds no thread is dropped, and with it the answer.
        drop(queue.map(|queue| queue.send(Request { work, synchronous })));
        move || wait.recv().map_err(|_| StoreError::Closed)?
    }

    /// Lets the thread finish what is queued and waits for it.
    pub(super) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread that owns the database ended in a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Each request is atomic by itself, so that one that fails takes nothing of its neighbours with it.
fn savepoint<R, E: From<StoreError>>(
    db: &mut Db<'_>,
    work: impl FnOnce(&mut Db<'_>) -> Result<R, E>,
) -> Result<R, E> {
    db.begin_request()?;
    // A panic here would be a defect of this library. It takes one request with it, not the scheduler.
    let worked = catch_unwind(AssertUnwindSafe(|| work(db)));
    let worked = worked.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<&str>().map(ToString::to_string);
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(StoreError::Backend(format!("a defect of the store, please report it: {what}").into()).into())
    });
    match worked {
        Ok(result) => {
            db.end_request()?;
            Ok(result)
        }
        Err(error) => {
            db.undo_request()?;
            Err(error)
        }
    }
}

fn serve(mut db: Db<'_>, requests: &Receiver<Request>, checkpoints: &mut Checkpoints) {
    let mut put_off = None;
    while let Some(first) = put_off.take().or_else(|| requests.recv().ok()) {
        if let Err(error) = db.begin(first.synchronous) {
            (first.work)(Err(error))(Ok(()));
            continue;
        }
        let mut replies = vec![(first.work)(Ok(&mut db))];
        if db.was_taken_back() {
            tell(replies, Ok(()));
            continue;
        }
        // A full disk makes SQLite roll the whole transaction back by itself; then nobody's work is there any more.
        while !db.connection.is_autocommit()
            && first.synchronous == Synchronous::Full
            && replies.len() < GROUP
            && let Ok(next) = requests.try_recv()
        {
            if next.synchronous != first.synchronous {
                put_off = Some(next);
                break;
            }
            replies.push((next.work)(Ok(&mut db)));
        }
        let committed = db.execute("COMMIT");
        if committed.is_err() {
            // Without this the next BEGIN would fail for good.
            db.undo();
        }
        if db.owner.is_none() && std::mem::take(&mut db.has_left) {
            pass(Point::LeaveUnfolded);
            checkpoints.fold(db.connection);
        }
        let is_committed = committed.is_ok();
        tell(replies, committed);
        if is_committed {
            checkpoints.after_commit(db.connection);
        }
    }
}

fn tell(replies: Vec<Reply>, result: Result<(), StoreError>) {
    let shared = result.map_err(Arc::new);
    for reply in replies {
        reply(
            shared
                .as_ref()
                .copied()
                .map_err(|error| StoreError::Backend(Box::new(Shared(Arc::clone(error))))),
        );
    }
}

/// One failed commit is the answer to several requests.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Shared(Arc<StoreError>);

/// What a file is opened for writing for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A scheduler; the file is made if it is not there.
    Create,
    /// A scheduler, on a file that is there.
    Serve,
    /// Commands of a person.
    Steer,
}

impl Purpose {
    /// How long its transactions wait for others.
    pub(super) const fn patience(self) -> Patience {
        match self {
            Self::Create | Self::Serve => Patience::Request,
            Self::Steer => Patience::Person,
        }
    }
}

/// Opens the file for writing.
pub(super) fn open_writer(path: &Path, purpose: Purpose, tables: Tables) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if purpose == Purpose::Create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let mut connection = open(path, flags)?;
    let prepare = |connection: &mut Connection| -> Result<(), StoreError> {
        let found = migrations::check(connection, path, tables)?;
        if purpose == Purpose::Steer {
            // Before anything is written: programs of the older version may be at work on the file.
            is_present(found.unwrap_or(migrations::Found::Empty), path)?;
        }
        // SQLite opens what it may not write for reading, and lets even `BEGIN IMMEDIATE` pass.
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(failed)? {
            return Err(StoreError::Open {
                path: path.to_owned(),
                reason: READ_ONLY.to_owned(),
                source: None,
            });
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", Synchronous::Full.word()).map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", "OFF").map_err(failed)?;
        connection.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
        connection.pragma_update(None, "cache_size", -65_536).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        pass(Point::OpenPrepared);
        migrations::migrate(connection, path, tables)?;
        connection.execute_batch(OF_THIS_PROCESS).map_err(failed)
    };
    prepare(&mut connection).map_err(|error| plain_words(error, path))?;
    Ok(connection)
}

/// Opens an existing file for reading only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| plain_words(failed(error), path))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    migrations::inspect(&connection, path).map_err(|error| plain_words(error, path))?;
    Ok(connection)
}

/// Opens an existing file for a process that only reads, perhaps because it may do no more.
///
/// In WAL mode SQLite wants a `-shm` file beside the database even for reading. Where it may not create one and nobody
/// else has, no process has the file open, and it is read as it lies there.
pub(super) fn open_reader_alone(path: &Path) -> Result<Connection, StoreError> {
    let connection = match open_reader(path) {
        Err(StoreError::Open { source: Some(source), .. }) if is_cannot_open(source.as_ref()) => {
            open_as_it_lies(path)?
        }
        opened => opened?,
    };
    is_present(migrations::inspect(&connection, path)?, path)?;
    Ok(connection)
}

/// Whether the file has the schema of this program.
fn is_present(found: migrations::Found, path: &Path) -> Result<(), StoreError> {
    match found {
        migrations::Found::Version(migrations::VERSION) => Ok(()),
        migrations::Found::Empty => Err(unread(path, "it is empty; no scheduler has used it yet")),
        migrations::Found::Version(version) => Err(unread(
            path,
            &format!(
                "it has schema version {version} and this program reads {}; start the application once, which \
                 brings it up to date",
                migrations::VERSION
            ),
        )),
    }
}

fn open_as_it_lies(path: &Path) -> Result<Connection, StoreError> {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    if std::fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0) {
        return Err(unread(
            path,
            "its newest changes are in the `-wal` file beside it, which cannot be read without writing there; \
             make the directory writable, or copy both files to one that is",
        ));
    }
    let name: String =
        path.as_os_str().as_encoded_bytes().iter().map(|byte| format!("%{byte:02X}")).collect();
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)
        .map_err(|error| plain_words(failed(error), path))?;
    migrations::inspect(&connection, path).map_err(|error| plain_words(error, path))?;
    Ok(connection)
}

fn is_cannot_open(source: &(dyn std::error::Error + 'static)) -> bool {
    let code = source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly))
}

fn unread(path: &Path, reason: &str) -> StoreError {
    StoreError::Open { path: path.to_owned(), reason: reason.to_owned(), source: None }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| plain_words(failed(error), path))?;
    wait_for_others(&mut connection, Patience::Person).map_err(failed)?;
    // Beside partial indexes, SQLite else prepares some statements anew with each value that is bound to them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
    Ok(connection)
}

/// Says what to do where the library only says what happened.
fn plain_words(error: StoreError, path: &Path) -> StoreError {
    use rusqlite::ErrorCode;
    let StoreError::Backend(source) = error else { return error };
    let code = source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    let reason = match code {
        Some(ErrorCode::NotADatabase) => return StoreError::NotADatabase { path: path.to_owned() },
        Some(ErrorCode::CannotOpen) => cannot_open(path),
        _ if path.is_dir() => cannot_open(path),
        Some(ErrorCode::ReadOnly) => READ_ONLY.to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return StoreError::Locked {
                path: path.to_owned(),
                seconds: Patience::Person.span().as_secs(),
                holder: holders::likely(path),
            };
        }
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged; restore a backup, or move it away".to_owned(),
        _ => source.to_string(),
    };
    StoreError::Open { path: path.to_owned(), reason, source: Some(source) }
}

fn cannot_open(path: &Path) -> String {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match directory {
        Some(directory) if !directory.is_dir() => {
            format!("the directory {} does not exist; create it first", directory.display())
        }
        _ if path.is_dir() => "it is a directory; name a file in it".to_owned(),
        _ => "the file or its directory is not readable and writable for this user".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has a request say under which level it is carried out.
    fn ask(writer: &Writer, synchronous: Synchronous) -> impl FnOnce() -> Result<i64, StoreError> {
        writer.send(synchronous, |db| {
            // Prepared anew: the level is read when a statement is prepared.
            db.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).map_err(failed)
        })
    }

    #[test]
    fn what_may_be_lost_shares_no_transaction_with_what_may_not() {
        use Synchronous::{Full, Normal};
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("jobs.db");
        let open = || open_writer(&path, Purpose::Create, Tables::Ours);
        let (connection, opened) = Opened::while_opening(&path, open).expect("it opens");
        let signal = Signal::open(&path).expect("it opens");
        let writer =
            Writer::start(connection, &path, opened, Patience::Request, Arc::new(signal)).expect("it starts");
        // The thread is held, so that the others queue up behind each other.
        let (go, held) = channel::<()>();
        let first = writer.send(Full, move |_| -> Result<(), StoreError> {
            let _ = held.recv();
            Ok(())
        });
        let asked = [Full, Normal, Full, Full, Normal, Normal, Full].map(|one| (one, ask(&writer, one)));
        drop(go);
        first().expect("it commits");
        for (number, (one, answer)) in asked.into_iter().enumerate() {
            let level = match one {
                Full => 2,
                Normal => 1,
            };
            assert_eq!(answer().expect("it commits"), level, "request {number}: {one:?}");
        }
    }
}
