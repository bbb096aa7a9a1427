//! The store in one SQLite file (WAL, `synchronous=FULL`): what is committed survives a power cut.

mod commands;
mod connection;
mod db;
mod judge;
mod lease;
mod ledger;
mod migrations;
mod rows;
mod settle;
mod signal;
mod sync;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use cron_core::job::Plan;
use cron_core::run::OwnerId;
use rusqlite::Connection;

use super::{
    Claim, Command, CommandError, Done, JudgeRequest, Judged, Reaped, Settled, Settlement, Store, StoreError,
    Synced,
};
use connection::{Writer, open_reader, open_writer};
use db::Db;
use signal::Signal;

/// A store in a SQLite file. Several processes on one machine may share the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    // One connection for all reads of this process: reads are short, and a pool would keep more files open.
    reader: Mutex<Connection>,
    signal: Arc<Signal>,
}

impl SqliteStore {
    /// Opens the file; creates it, and brings an older schema to the present one.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] that says what stands in the way: the directory, the permissions, a file that is no database or
    /// another program's, a newer schema. Nothing is changed then.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), true)
    }

    /// Opens the file only if it is there already.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`], and if there is no such file.
    pub fn open_existing(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        if !path.exists() {
            let reason = "there is no such file".to_owned();
            return Err(StoreError::Open { path, reason, source: None });
        }
        Self::open_with(path, false)
    }

    fn open_with(path: PathBuf, create: bool) -> Result<Self, StoreError> {
        // A link and its target must lead to the same file beside the database.
        let connection = open_writer(&path, create)?;
        let path = path.canonicalize().unwrap_or(path);
        let signal = Signal::open(Signal::beside(&path)).map_err(|error| StoreError::Open {
            path: Signal::beside(&path),
            reason: format!("the file for signals between processes: {error}"),
            source: Some(Box::new(error)),
        })?;
        let signal = Arc::new(signal);
        let reader = Mutex::new(open_reader(&path)?);
        let writer = Writer::start(Db::new(connection, Arc::clone(&signal)))?;
        Ok(Self { path, writer, reader, signal })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read<R>(&self, read: impl FnOnce(&Connection) -> Result<R, StoreError>) -> Result<R, StoreError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // All queries of one read see the same moment.
        let snapshot = reader.transaction().map_err(rows::failed)?;
        read(&snapshot)
    }
}

impl Store for SqliteStore {
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        let owner = self.writer.call(move |db| db.join(now))?;
        // The others must know that there is one more whose end they may have to notice.
        self.signal.ring();
        Ok(owner)
    }

    fn sync(&self, plans: &[Plan], now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let plans = plans.to_vec();
        self.writer.call(move |db| db.sync(&plans, now))
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        self.writer.call(move |db| db.judge(request))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.writer.call(move |db| db.settle(settlements))
    }

    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        self.writer.call(move |db| db.renew(claims, until))
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        self.writer.call(move |db| db.reap(now))
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        let done = self.writer.call(move |db| db.command(command, now))?;
        self.signal.ring();
        Ok(done)
    }

    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer.call(move |db| db.leave(now))
    }

    fn doorbell(&self) -> Option<PathBuf> {
        Some(self.signal.path().to_owned())
    }
}
