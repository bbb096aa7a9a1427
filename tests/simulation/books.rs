//! The stores of a world, and how its processes hear of each other.

use std::path::PathBuf;
use std::sync::Arc;

use cron_runtime::store::memory::MemoryStore;
use cron_runtime::store::sqlite::SqliteStore;
use cron_runtime::store::{Ledger, Store, StoreError};
use cron_runtime::testing::Bells;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tempfile::TempDir;

/// A store with both its halves.
pub(crate) trait Both: Store + Ledger {}
impl<T: Store + Ledger> Both for T {}

/// Where the jobs of a world are kept.
#[derive(Debug)]
pub(crate) enum Books {
    Memory(MemoryStore),
    File { directory: TempDir, watch: Arc<Inotify> },
}

/// The bells of a world as a store rings them.
#[derive(Clone, Debug)]
pub(crate) struct Doorbell {
    bells: Bells,
    /// Tells when the file beside the database was touched; a store in memory has none.
    watch: Option<Arc<Inotify>>,
}

impl Books {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(MemoryStore::new())
    }

    /// In a directory that goes away by itself: many commits, and what is tested is not the disk.
    pub(crate) fn on_file() -> Self {
        let directory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a directory");
        let watch = Arc::new(Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("a watch"));
        // The first process makes the file that is watched.
        let path = directory.path().join("jobs.db");
        let store = SqliteStore::open(path).expect("a file of our own opens");
        let signal = store.doorbell().expect("a file has a doorbell");
        watch.add_watch(&signal, AddWatchFlags::IN_MODIFY).expect("it is watched");
        Self::File { directory, watch }
    }

    fn path(directory: &TempDir) -> PathBuf {
        directory.path().join("jobs.db")
    }

    /// One more process.
    pub(crate) fn open(&self) -> Result<Arc<dyn Both>, StoreError> {
        Ok(match self {
            Self::Memory(store) => Arc::new(store.another_process()),
            Self::File { directory, .. } => Arc::new(SqliteStore::open(Self::path(directory))?),
        })
    }

    pub(crate) fn doorbell(&self, bells: Bells) -> Doorbell {
        let watch = match self {
            Self::Memory(_) => None,
            Self::File { watch, .. } => Some(Arc::clone(watch)),
        };
        Doorbell { bells, watch }
    }
}

impl Doorbell {
    pub(crate) fn is_of_memory(&self) -> bool {
        self.watch.is_none()
    }

    /// The store of a memory world cannot ring by itself.
    pub(crate) fn ring(&self) {
        if self.is_of_memory() {
            self.bells.ring();
        }
    }

    /// Passes on what was rung at the file.
    pub(crate) fn listen(&self) {
        let Some(watch) = &self.watch else { return };
        if watch.read_events().is_ok_and(|events| !events.is_empty()) {
            self.bells.ring();
        }
    }
}
