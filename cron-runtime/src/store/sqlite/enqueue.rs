//! Scheduling dynamic jobs within a transaction of the user's on the same file: they are there if its rows are.
//!
//! What is written is what [`Command::Upsert`](super::super::Command::Upsert) and [`Command::RunOnce`](super::super::Command::RunOnce) write,
//! by the same code on the connection of the user's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::Plan;
use rusqlite::Transaction;

use super::super::{CommandError, Done, StoreError};
use super::complete::{Elsewhere, check_file, other_file};
use super::connection::OF_THIS_PROCESS;
use super::db::Db;
use super::migrations::{self, Found};
use super::opened::Opened;
use super::signal::Signal;

/// Why a job was not scheduled in a transaction. The transaction goes on and holds nothing of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The scheduler keeps its record in memory, where no transaction can be part of it.
    #[error(
        "the scheduler runs on `memory:`, and a transaction cannot be part of that; give it a file \
         (`.database(\"jobs.db\")`) and keep the table in the same one"
    )]
    NoFile,
    /// The transaction is on another file than the record of the scheduler, so the two cannot commit as one.
    #[error("{}; nothing was scheduled", other_file(.file, .given.as_deref(), .attached.as_deref()))]
    OtherFile {
        /// The file of the scheduler.
        file: PathBuf,
        /// The main file of the connection; `None` for one in memory.
        given: Option<PathBuf>,
        /// The name under which the file of the scheduler is attached to the connection, if it is.
        attached: Option<String>,
    },
    /// The transaction is over: a statement, or SQLite after an error, has ended it before.
    #[error("the transaction was over before the job could be scheduled in it; nothing was scheduled")]
    NoTransaction,
    /// A newer program has brought the file to its version meanwhile.
    #[error(
        "{} has another schema version by now, so nothing was scheduled; restart this program in the newer version",
        .file.display()
    )]
    OtherSchema {
        /// The file of the scheduler.
        file: PathBuf,
    },
    /// A temporary table of the connection has the name of one of the scheduler's, and hides it.
    #[error(
        "the temporary table `{table}` of this connection hides one of the scheduler's; drop it, or name it otherwise"
    )]
    Hidden {
        /// Its name.
        table: String,
    },
    /// The database refused or failed, such as while another process writes.
    #[error("the database failed: {source}; nothing was scheduled")]
    Database {
        /// What SQLite says.
        #[from]
        source: rusqlite::Error,
    },
}

/// Adds or edits dynamic jobs in a transaction on the `file` of a store: all of them or none.
///
/// # Errors
///
/// The outer one where the transaction does not fit, the inner one where the jobs are refused. The transaction holds nothing of them then.
pub fn enqueue(
    transaction: &Transaction<'_>,
    file: Option<&Path>,
    plans: &[Plan],
    now: DateTime<Utc>,
) -> Result<Result<Done, CommandError>, EnqueueError> {
    within(transaction, file, |db| db.upsert(plans, now))
}

/// Adds a dynamic job that runs once, in a transaction on the `file` of a store. `again`: also where a job of this name has had its run.
///
/// # Errors
///
/// As [`enqueue`].
pub fn enqueue_once(
    transaction: &Transaction<'_>,
    file: Option<&Path>,
    plan: Plan,
    again: bool,
    now: DateTime<Utc>,
) -> Result<Result<Done, CommandError>, EnqueueError> {
    within(transaction, file, |db| db.run_once(plan, again, now))
}

fn within(
    transaction: &Transaction<'_>,
    file: Option<&Path>,
    write: impl FnOnce(&Db<'_>) -> Result<Done, CommandError>,
) -> Result<Result<Done, CommandError>, EnqueueError> {
    let file = file.ok_or(EnqueueError::NoFile)?;
    if let Some(Elsewhere { given, attached }) = check_file(transaction, file)? {
        return Err(EnqueueError::OtherFile { file: file.to_owned(), given, attached });
    }
    if transaction.is_autocommit() {
        return Err(EnqueueError::NoTransaction);
    }
    transaction.execute_batch("SAVEPOINT cron_enqueue")?;
    let done = written(transaction, file, write);
    if !matches!(done, Ok(Ok(_))) && !transaction.is_autocommit() {
        transaction.execute_batch("ROLLBACK TO cron_enqueue")?;
    }
    if !transaction.is_autocommit() {
        transaction.execute_batch("RELEASE cron_enqueue")?;
    }
    done
}

fn written(
    transaction: &Transaction<'_>,
    file: &Path,
    write: impl FnOnce(&Db<'_>) -> Result<Done, CommandError>,
) -> Result<Result<Done, CommandError>, EnqueueError> {
    // It writes before it reads: a transaction that has seen an older moment is refused by SQLite at once, and not by luck only.
    transaction.execute("UPDATE main.counters SET newest_program = newest_program", [])?;
    if !matches!(migrations::inspect(transaction, file), Ok(Found::Version(migrations::VERSION))) {
        return Err(EnqueueError::OtherSchema { file: file.to_owned() });
    }
    if let Some(table) = hidden(transaction)? {
        return Err(EnqueueError::Hidden { table });
    }
    // For the time of this call: nothing is linked on this connection.
    transaction.execute_batch(OF_THIS_PROCESS)?;
    let done = Signal::open(file)
        .map_err(|error| StoreError::Backend(Box::new(error)))
        .and_then(|signal| {
            let ((), opened) = Opened::while_opening(file, || Ok(()))?;
            Db::new(transaction, opened, super::busy::Patience::Person, Arc::new(signal))
        })
        .map_err(CommandError::from)
        .and_then(|db| write(&db));
    if done.is_ok() {
        transaction
            .execute_batch("DROP TABLE temp.program; DROP TABLE temp.linked; DROP TABLE temp.left_out;")?;
    }
    Ok(done)
}

/// A temporary table that has the name of one of ours: SQLite would take it for ours.
fn hidden(transaction: &Transaction<'_>) -> Result<Option<String>, rusqlite::Error> {
    let sql = "SELECT name FROM temp.sqlite_schema WHERE type IN ('table', 'view') \
               AND (name IN (SELECT name FROM main.sqlite_schema) OR name IN ('program', 'linked', 'left_out')) LIMIT 1";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}
