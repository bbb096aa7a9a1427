//! What a program does to its own tables in the scheduler's file before its jobs run.

use std::error::Error as StdError;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::Path;

use rusqlite::Connection;

use crate::error::Error;
use crate::store::{Store, sqlite};

/// What a program does to its tables.
type Work = Box<dyn FnOnce(&mut Connection) -> Result<(), Box<dyn StdError + Send + Sync>> + Send>;

/// All that a program does to its tables, in the order in which it said so.
#[derive(Default)]
pub(crate) struct Prepare(Vec<Work>);

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepare({})", self.0.len())
    }
}

impl Prepare {
    pub(crate) fn push<E>(&mut self, work: impl FnOnce(&mut Connection) -> Result<(), E> + Send + 'static)
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.0.push(Box::new(|connection| work(connection).map_err(Into::into)));
    }

    /// Does it on the file of `store`, while no other process does the same.
    pub(crate) fn run(self, store: &dyn Store) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let file = store.file().ok_or(Error::NothingToPrepare)?;
        let failed = |source: Box<dyn StdError + Send + Sync>| Error::Prepare { file: file.clone(), source };
        // Freed when it is closed, and by the system when this process is gone.
        let _alone = alone(&sqlite::signal_file(&file)).map_err(|error| failed(error.into()))?;
        let mut connection = sqlite::connect(&file).map_err(|error| failed(error.into()))?;
        self.0.into_iter().try_for_each(|work| work(&mut connection)).map_err(failed)
    }
}

/// Waits until no other start has this lock. It is one on the whole file, and not one of those that tell who is alive.
fn alone(signal: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(signal)?;
    file.lock()?;
    Ok(file)
}
