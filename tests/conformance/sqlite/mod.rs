//! What only a file can do: be of the wrong kind, be damaged, be shared with a process that dies.

mod arguments;
mod backups;
mod completing;
mod crowds;
mod deaths;
mod enqueueing;
mod everything;
mod kept;
mod opening;
mod rows;
mod unwritten;
mod upgrading;
mod words;

use std::path::Path;

use rusqlite::Connection;

/// The file as any other program sees it.
fn raw(path: &Path) -> Connection {
    Connection::open(path).expect("a database")
}

/// Changes rows behind the back of the store. Gives how many.
fn tamper(path: &Path, sql: &str) -> usize {
    raw(path).execute(sql, []).expect("a change that the schema allows")
}
