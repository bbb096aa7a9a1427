//! The reference store: plain maps under one lock. It defines what the verbs mean; nothing survives the process.

mod book;
mod commands;
mod judge;
mod ledger;
mod problems;
mod prune;
mod runs;
mod set_back;
mod settle;
mod slots;
mod suspects;
mod sync;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{OwnerId, RunId};

use super::{
    Answer, Claim, Command, CommandError, Done, JudgeRequest, Judged, Note, Program, Pruned, Reaped, Rewinds,
    Settled, Settlement, Sighting, Store, StoreError, Synced, WaitingRun,
};
use book::{Book, Desk};

/// A store in memory.
///
/// A value of this type stands for one process; [`MemoryStore::another_process`] gives a second one on the same books.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // Each verb is one critical section, which is what makes it atomic here. A channel to an owning thread would
    // add a thread and change nothing.
    book: Arc<Mutex<Book>>,
    desk: Mutex<Desk>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A second process on the same books: it has its own incarnation and its own jobs.
    #[must_use]
    pub fn another_process(&self) -> Self {
        Self { book: Arc::clone(&self.book), desk: Mutex::default() }
    }

    /// What `Run::complete_in` means in the books, without a transaction of the user's that it could be part of: for the suite that
    /// holds all stores to the same meaning. Says whether the attempt was completed.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing has happened.
    #[doc(hidden)]
    pub fn complete(&self, claim: Claim, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.book().complete(claim, now)
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // A panic inside a verb would be a defect of this file; the books stay readable for the tests that find it.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that did not take leave is dead.
impl Drop for MemoryStore {
    fn drop(&mut self) {
        let owner = self.desk().owner.take();
        self.book().dead.extend(owner);
    }
}

impl Store for MemoryStore {
    fn join(&self, _now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        let owner = self.book().new_owner();
        self.desk().owner = Some(owner);
        Ok(owner)
    }

    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        let mut desk = self.desk();
        desk.owner.ok_or(StoreError::Closed)?;
        self.book().sync(&mut desk, program, now)
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        let desk = self.desk();
        if desk.owner != Some(request.owner) {
            return Err(StoreError::Closed);
        }
        self.book().whole(|book| book.judge(&desk, request))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        let desk = self.desk();
        self.book().whole(|book| book.settle(&desk, settlements))
    }

    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        let owner = self.desk().owner.ok_or(StoreError::Closed)?;
        self.book().note(owner, notes)
    }

    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        let owner = self.desk().owner.ok_or(StoreError::Closed)?;
        Ok(self.book().renew(owner, claims, until))
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        let owner = self.desk().owner;
        self.book().whole(|book| book.reap(owner, now))
    }

    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError> {
        let owner = self.desk().owner.ok_or(StoreError::Closed)?;
        self.book().whole(|book| book.take_back(owner, &held, now))
    }

    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        let desk = self.desk();
        Ok(self.book().waiting(&desk, now))
    }

    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError> {
        let owner = self.desk().owner.ok_or(StoreError::Closed)?;
        self.book().note_problems(owner, sightings);
        Ok(())
    }

    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        self.book().set_back(now)
    }

    fn prune(&self, now: DateTime<Utc>, limit: usize) -> Result<Pruned, StoreError> {
        let mut desk = self.desk();
        Ok(self.book().prune(&mut desk, now, limit))
    }

    fn prune_jobs(&self, jobs: Vec<JobName>, now: DateTime<Utc>) -> Answer<Pruned> {
        let pruned = self.book().prune_jobs(&jobs, now);
        Box::new(move || Ok(pruned))
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        self.book().whole(|book| book.command(command, now))
    }

    fn leave(&self, _now: DateTime<Utc>) -> Result<(), StoreError> {
        let owner = self.desk().owner.take();
        self.book().gone(owner);
        Ok(())
    }

    fn doorbell(&self) -> Option<PathBuf> {
        None
    }

    fn file(&self) -> Option<PathBuf> {
        None
    }
}
