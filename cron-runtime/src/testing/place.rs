//! Where a simulation keeps its record: nothing is removed from it.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::job::JobName;
use cron_core::run::{OwnerId, RunId};

use crate::store::memory::MemoryStore;
use crate::store::{
    Answer, Claim, Command, CommandError, Done, JudgeRequest, Judged, Ledger, Note, Program, Pruned, Reaped,
    Rewinds, Settled, Settlement, Sighting, Store, StoreError, Synced, WaitingRun,
};

/// A store and the reads of it.
pub(super) type Opened = (Arc<dyn Store>, Arc<dyn Ledger>);

/// What outlives the processes of a simulation.
#[derive(Debug)]
pub(super) enum Place {
    /// Books, and the desk of the process that works on them.
    Memory {
        /// The books.
        books: MemoryStore,
        /// The newest process.
        process: Option<Arc<MemoryStore>>,
    },
    /// A file.
    #[cfg(feature = "sqlite")]
    File(PathBuf),
}

impl Place {
    pub(super) fn of(file: Option<PathBuf>) -> Result<Self, StoreError> {
        match file {
            None => Ok(Self::Memory { books: MemoryStore::new(), process: None }),
            #[cfg(feature = "sqlite")]
            Some(path) => Ok(Self::File(path)),
            #[cfg(not(feature = "sqlite"))]
            Some(path) => Err(StoreError::Open {
                path,
                reason: "this test was built without the feature `sqlite`".to_owned(),
                source: None,
            }),
        }
    }

    /// The store as a new process sees it.
    pub(super) fn open(&mut self) -> Result<Opened, StoreError> {
        match self {
            Self::Memory { books, process } => {
                let store = Arc::new(books.another_process());
                *process = Some(Arc::clone(&store));
                Ok((Keeping::of(Arc::clone(&store) as _), store))
            }
            #[cfg(feature = "sqlite")]
            Self::File(path) => {
                let store = Arc::new(crate::store::sqlite::SqliteStore::open(path.as_path())?);
                Ok((Keeping::of(Arc::clone(&store) as _), store))
            }
        }
    }

    /// Reads, whether or not a process lives.
    pub(super) fn ledger(&self) -> Result<Arc<dyn Ledger>, StoreError> {
        match self {
            Self::Memory { books, .. } => Ok(Arc::new(books.another_process())),
            #[cfg(feature = "sqlite")]
            Self::File(path) => Ok(Arc::new(crate::store::sqlite::SqliteLedger::open(path)?)),
        }
    }

    /// The process is gone. On a file the system's locks say so; where there are none, it is said here.
    pub(super) fn gone(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        match self {
            Self::Memory { process, .. } => match process.take() {
                Some(process) => process.leave(now),
                None => Ok(()),
            },
            #[cfg(feature = "sqlite")]
            Self::File(_) => Ok(()),
        }
    }
}

/// A store from which nothing is pruned, so that a test sees all that happened.
#[derive(Debug)]
struct Keeping {
    store: Arc<dyn Store>,
}

impl Keeping {
    fn of(store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Self { store })
    }
}

impl Store for Keeping {
    fn join(&self, now: DateTime<Utc>) -> Result<OwnerId, StoreError> {
        self.store.join(now)
    }

    fn sync(&self, program: &Program, now: DateTime<Utc>) -> Result<Synced, StoreError> {
        self.store.sync(program, now)
    }

    fn judge(&self, request: JudgeRequest) -> Result<Judged, StoreError> {
        self.store.judge(request)
    }

    fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.store.settle(settlements)
    }

    fn settle_and_judge(
        &self,
        settlements: Vec<Settlement>,
        request: JudgeRequest,
    ) -> Answer<(Vec<Settled>, Judged)> {
        self.store.settle_and_judge(settlements, request)
    }

    fn note(&self, notes: Vec<(Claim, Note)>) -> Result<Vec<Claim>, StoreError> {
        self.store.note(notes)
    }

    fn renew(&self, claims: Vec<Claim>, until: DateTime<Utc>) -> Result<Vec<Claim>, StoreError> {
        self.store.renew(claims, until)
    }

    fn reap(&self, now: DateTime<Utc>) -> Result<Reaped, StoreError> {
        self.store.reap(now)
    }

    fn take_back(&self, held: Vec<Claim>, now: DateTime<Utc>) -> Result<Vec<(JobName, RunId)>, StoreError> {
        self.store.take_back(held, now)
    }

    fn waiting(&self, now: DateTime<Utc>) -> Result<Vec<WaitingRun>, StoreError> {
        self.store.waiting(now)
    }

    fn note_problems(&self, sightings: Vec<Sighting>) -> Result<(), StoreError> {
        self.store.note_problems(sightings)
    }

    fn set_back(&self, now: DateTime<Utc>) -> Result<Rewinds, StoreError> {
        self.store.set_back(now)
    }

    fn prune(&self, _now: DateTime<Utc>, _limit: usize) -> Result<Pruned, StoreError> {
        Ok(Pruned::default())
    }

    fn prune_jobs(&self, _jobs: Vec<JobName>, _now: DateTime<Utc>) -> Answer<Pruned> {
        Box::new(|| Ok(Pruned::default()))
    }

    fn command(&self, command: Command, now: DateTime<Utc>) -> Result<Done, CommandError> {
        self.store.command(command, now)
    }

    fn leave(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.leave(now)
    }

    fn ring(&self) {
        self.store.ring();
    }

    fn doorbell(&self) -> Option<PathBuf> {
        self.store.doorbell()
    }

    fn file(&self) -> Option<PathBuf> {
        self.store.file()
    }
}
