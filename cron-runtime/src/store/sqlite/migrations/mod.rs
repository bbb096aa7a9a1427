//! The schema and its versions. A migration that has been released is never changed; a new one is added.

mod backup;

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::super::StoreError;
use super::busy::{Patience, wait_for_others};
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
    include_str!("0008_runs_keep_what_they_have.sql"),
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

/// Whose tables a file may have in which there are none of this scheduler's yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tables {
    /// Nobody's.
    Ours,
    /// An application's, which has asked for it.
    AlsoOthers,
}

/// Reads what the file says of itself; changes nothing.
pub(super) fn inspect(connection: &Connection, path: &Path) -> Result<Found, StoreError> {
    // One statement sees one moment: another process may be making the schema right now.
    let header = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema), \
                  EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'cron_schema') \
                  FROM pragma_application_id, pragma_user_version";
    let (application, mut version, tables, says_so): (i64, i64, i64, bool) = connection
        .query_row(header, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .map_err(failed)?;
    if says_so {
        // Since version 7 the header may be the application's.
        version =
            connection.query_row("SELECT version FROM cron_schema", [], |row| row.get(0)).map_err(failed)?;
    }
    if says_so || application == i64::from(APPLICATION_ID) {
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

/// As [`inspect`] for a program that wants to work on the file. `None` for one that has only tables of an application's, and names that
/// leave room for ours.
pub(super) fn check(
    connection: &Connection,
    path: &Path,
    tables: Tables,
) -> Result<Option<Found>, StoreError> {
    match inspect(connection, path) {
        Err(StoreError::Foreign { .. }) if tables == Tables::AlsoOthers => {
            refuse_clashes(connection, path)?;
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// Tables and the like of an application that have names of ours, now or on the way to the present schema.
fn refuse_clashes(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let names = |connection: &Connection| -> rusqlite::Result<Vec<(String, String)>> {
        let sql = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC, name";
        connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let ours = || -> rusqlite::Result<HashSet<String>> {
        let schema = Connection::open_in_memory()?;
        let mut all = HashSet::new();
        for migration in MIGRATIONS {
            schema.execute_batch(migration)?;
            all.extend(names(&schema)?.into_iter().map(|(_, name)| name.to_ascii_lowercase()));
        }
        Ok(all)
    };
    let ours = ours().map_err(failed)?;
    let theirs = names(connection).map_err(failed)?.into_iter();
    let clashes = theirs.filter(|(_, name)| ours.contains(&name.to_ascii_lowercase()));
    let clashes: Vec<_> = clashes.map(|(kind, name)| format!("{kind} `{name}`")).collect();
    if clashes.is_empty() { Ok(()) } else { Err(StoreError::Clash { path: path.to_owned(), names: clashes }) }
}

/// Brings the file to [`VERSION`] in one transaction, so that it has the old version or the new one and nothing between. A copy
/// of an old file is kept before.
pub(super) fn migrate(connection: &mut Connection, path: &Path, tables: Tables) -> Result<(), StoreError> {
    if check(connection, path, tables)? == Some(Found::Version(VERSION)) {
        return Ok(());
    }
    wait_for_others(connection, Patience::Migration).map_err(failed)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Looked at again inside the transaction: another process may have migrated the file meanwhile.
    let found = check(&transaction, path, tables)?;
    let done = match found {
        None | Some(Found::Empty) => 0,
        Some(Found::Version(version)) => version,
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
    transaction.execute("UPDATE cron_schema SET version = ?1", [VERSION]).map_err(failed)?;
    if found == Some(Found::Empty) || has_our_header(&transaction, done)? {
        // For older versions of this program, which read no table.
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    }
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

/// Whether the numbers in the header are as this scheduler has written them, and not the application's.
fn has_our_header(connection: &Connection, version: u32) -> Result<bool, StoreError> {
    let sql =
        "SELECT application_id = ?1 AND user_version = ?2 FROM pragma_application_id, pragma_user_version";
    connection.query_row(sql, (APPLICATION_ID, version), |row| row.get(0)).map_err(failed)
}
