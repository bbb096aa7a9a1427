//! The schema and its versions. A migration that has been released is never changed; a new one is added.

mod backup;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::super::StoreError;
use super::rows::failed;
use crate::crash_points::{Point, pass};

/// Marks the file as this scheduler's, in the header field that SQLite keeps for that (`"cron"` in ASCII).
const APPLICATION_ID: i32 = 0x6372_6f6e;

const MIGRATIONS: &[&str] = &[
    include_str!("0001_foundation.sql"),
    include_str!("0002_execution.sql"),
    include_str!("0003_safety.sql"),
    include_str!("0004_lighter_runs.sql"),
    include_str!("0005_programs.sql"),
    include_str!("0006_lighter_plans.sql"),
    include_str!("0007_after_a_fault.sql"),
];

/// The newest schema version that this program knows.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// What the header of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No table at all.
    Empty,
    /// This scheduler's schema in this version.
    Version(u32),
}

/// Reads the header of the file; changes nothing.
pub(super) fn inspect(connection: &Connection, path: &Path) -> Result<Found, StoreError> {
    // One statement sees one moment: another process may be making the schema right now.
    let header = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
                  FROM pragma_application_id, pragma_user_version";
    let (application, version, tables): (i64, i64, i64) = connection
        .query_row(header, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(failed)?;
    if application == i64::from(APPLICATION_ID) {
        let found = u32::try_from(version).unwrap_or(u32::MAX);
        if found > VERSION {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION });
        }
        return Ok(Found::Version(found));
    }
    if tables > 0 || application != 0 {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    Ok(Found::Empty)
}

/// How long a process waits for another one that is bringing the file up to date: it writes a copy of all of it.
const BUSY: Duration = Duration::from_secs(300);

/// Brings the file to [`VERSION`] in one transaction, so that it has the old version or the new one and nothing between. A copy
/// of an old file is kept before.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if inspect(connection, path)? == Found::Version(VERSION) {
        return Ok(());
    }
    connection.busy_timeout(BUSY).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Looked at again inside the transaction: another process may have migrated the file meanwhile.
    let done = match inspect(&transaction, path)? {
        Found::Empty => 0,
        Found::Version(version) => version,
    };
    let missing = MIGRATIONS.get(done as usize..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    let kept = if done > 0 { Some(backup::keep(path, done)?) } else { None };
    for migration in missing {
        pass(Point::MigrateBegun);
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    pass(Point::MigrateWritten);
    transaction.commit().map_err(failed)?;
    pass(Point::MigrateCommitted);
    if let Some(kept) = kept {
        let (database, backup) = (path.display(), kept.display());
        tracing::info!(
            %database, from = done, to = VERSION, %backup,
            "the database has been brought up to date; the backup is the file as it was before"
        );
    }
    Ok(())
}
