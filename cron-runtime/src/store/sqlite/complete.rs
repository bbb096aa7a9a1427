//! Completing an attempt within a transaction of the user's on the same file.
//!
//! One statement marks the attempt as completed, and only while it is the one in force. It commits with the user's effects or not at
//! all, so both are there or neither is; and every later event finds a run that has succeeded.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cron_core::run::RunId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::super::Claim;
use super::busy::{Patience, wait_for_others};
use super::rows::{to_int, to_ms};

/// Why an attempt was not completed. Nothing of its transaction was kept: it was rolled back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// The attempt is not the one in force any more: it timed out, its run was ended or is somebody else's by now. Stop working.
    #[error(
        "run {run} is not this attempt's any more (it timed out, or its run was ended or given to another attempt); \
         nothing was completed, its transaction was rolled back"
    )]
    Fenced {
        /// The run.
        run: RunId,
    },
    /// The attempt was completed before, with what that transaction did. There is one completion for each run.
    #[error(
        "run {run} was completed before; this second transaction was rolled back. Do all of the work in one"
    )]
    AlreadyCompleted {
        /// The run.
        run: RunId,
    },
    /// The scheduler keeps its record in memory, where no transaction can be part of it.
    #[error(
        "the scheduler runs on `memory:`, and a transaction cannot be part of that; give it a file \
         (`.database(\"jobs.db\")`) and keep the table in the same one"
    )]
    NoFile,
    /// The transaction is on another file than the record of the scheduler, so the two cannot commit as one.
    #[error("{}. It was rolled back", other_file(.file, .given.as_deref(), .attached.as_deref()))]
    OtherFile {
        /// The file of the scheduler.
        file: PathBuf,
        /// The main file of the connection; `None` for one in memory.
        given: Option<PathBuf>,
        /// The name under which the file of the scheduler is attached to the connection, if it is.
        attached: Option<String>,
    },
    /// The transaction is over: a statement, or SQLite after an error, has ended it before.
    #[error("the transaction was over before the run could be completed in it; nothing was completed")]
    NoTransaction,
    /// The database refused or failed, such as while another process writes. Another attempt may succeed.
    #[error("the database failed: {source}; nothing was completed")]
    Database {
        /// What SQLite says.
        #[from]
        source: rusqlite::Error,
    },
}

pub(super) fn other_file(file: &Path, given: Option<&Path>, attached: Option<&str>) -> String {
    let file = file.display();
    let given = given.map_or_else(|| "a database in memory".to_owned(), |given| given.display().to_string());
    let hint = match attached {
        Some(name) => format!(
            "that is attached as `{name}`, but SQLite commits each file for itself; open the connection on it and attach the others"
        ),
        None => "open the connection on that file, or use `run.transaction`".to_owned(),
    };
    format!("the transaction is on {given}, and the record of the scheduler in {file}: {hint}")
}

/// Marks an attempt as completed at `now` in a transaction on the `file` of a store: what
/// [`Run::complete_in`](crate::Run::complete_in) does for the attempt of a function.
///
/// # Errors
///
/// A [`CompleteError`]; the transaction has been rolled back then, so that who ignores the error cannot commit it.
pub fn complete_in(
    transaction: &Transaction<'_>,
    file: Option<&Path>,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<(), CompleteError> {
    let completed = complete(transaction, file, claim, now);
    if completed.is_err() && !transaction.is_autocommit() {
        transaction.execute_batch("ROLLBACK")?;
    }
    completed
}

fn complete(
    transaction: &Transaction<'_>,
    file: Option<&Path>,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<(), CompleteError> {
    fits(transaction, file)?;
    let (run, epoch) = (to_int(claim.run.0), to_int(claim.epoch.0));
    // It writes before it reads: a transaction that has seen an older moment is refused by SQLite, and so never by luck only.
    let sql = "UPDATE runs SET completed_ms = ?3 WHERE id = ?1 AND epoch = ?2 AND state = 'running' \
               AND overdue = 0 AND completed_ms IS NULL";
    if transaction.execute(sql, params![run, epoch, to_ms(now)])? == 1 {
        return Ok(());
    }
    let sql = "SELECT completed_ms IS NOT NULL FROM runs WHERE id = ?1 AND epoch = ?2";
    let before: Option<bool> =
        transaction.query_row(sql, params![run, epoch], |row| row.get(0)).optional()?;
    Err(match before {
        Some(true) => CompleteError::AlreadyCompleted { run: claim.run },
        Some(false) | None => CompleteError::Fenced { run: claim.run },
    })
}

/// The job of the run is to be removed once its runs have ended: that is on record if the transaction is.
pub(crate) fn remove_job_in(transaction: &Transaction<'_>, run: RunId) -> Result<(), CompleteError> {
    let sql = "INSERT OR IGNORE INTO main.removals (job_id, run_id) SELECT job_id, runs.id FROM main.runs \
               JOIN main.jobs ON jobs.id = job_id WHERE runs.id = ?1 AND jobs.handler IS NOT NULL";
    transaction.execute(sql, [to_int(run.0)])?;
    Ok(())
}

/// Whether a transaction is one on the `file` of a store.
pub(crate) fn fits(transaction: &Transaction<'_>, file: Option<&Path>) -> Result<(), CompleteError> {
    let file = file.ok_or(CompleteError::NoFile)?;
    if let Some(Elsewhere { given, attached }) = check_file(transaction, file)? {
        return Err(CompleteError::OtherFile { file: file.to_owned(), given, attached });
    }
    // Outside a transaction the statement would commit by itself, without the effects that it is to vouch for.
    if transaction.is_autocommit() { Err(CompleteError::NoTransaction) } else { Ok(()) }
}

/// Does `work` in a transaction on a connection of its own and completes the attempt with it, if there is one on record.
pub(crate) fn transaction<T, E: From<CompleteError>>(
    file: Option<&Path>,
    claim: Option<Claim>,
    now: impl FnOnce() -> DateTime<Utc>,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let path = file.ok_or(CompleteError::NoFile)?;
    let mut connection = connect(path).map_err(CompleteError::from)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(CompleteError::from)?;
    // First, for nobody else can write now: an attempt that is not in force any more does no work at all.
    if let Some(claim) = claim {
        complete_in(&transaction, file, claim, now())?;
    }
    let done = work(&transaction)?;
    transaction.commit().map_err(CompleteError::from)?;
    Ok(done)
}

/// Each transaction has a connection of its own: nothing that one leaves behind (a temporary table, an attached file, a pragma)
/// meets the next, and two functions never wait for each other before they have to.
pub(crate) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    wait_for_others(&mut connection, Patience::Person)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}

/// A connection that is on another file.
pub(super) struct Elsewhere {
    /// Its main file; `None` for one in memory.
    pub(super) given: Option<PathBuf>,
    /// The name under which the file of the store is attached to it.
    pub(super) attached: Option<String>,
}

/// Whether the main file of the connection is that of the store; `None` if it is.
pub(super) fn check_file(connection: &Connection, file: &Path) -> rusqlite::Result<Option<Elsewhere>> {
    let mut given = None;
    let mut attached = None;
    let mut statement = connection.prepare("SELECT name, file FROM pragma_database_list")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let ValueRef::Text(path) = row.get_ref(1)? else { continue };
        let Some(path) = read_path(path) else { continue };
        let is_ours = path == file || path.canonicalize().is_ok_and(|path| path == file);
        match (name.as_str(), is_ours) {
            ("main", true) => return Ok(None),
            ("main", false) => given = Some(path),
            (_, true) => attached = Some(name),
            (_, false) => {}
        }
    }
    Ok(Some(Elsewhere { given, attached }))
}

/// A path as SQLite keeps it; an empty one is a database without a file.
fn read_path(bytes: &[u8]) -> Option<PathBuf> {
    if bytes.is_empty() {
        return None;
    }
    #[cfg(unix)]
    let path = {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    };
    #[cfg(not(unix))]
    let path = PathBuf::from(std::str::from_utf8(bytes).ok()?);
    Some(path)
}
