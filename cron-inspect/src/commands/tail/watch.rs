//! Whether the database may have changed, without reading it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What a file is known by: when it was written, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// The database and the log of SQLite beside it: a commit writes to one of them.
#[derive(Debug)]
pub(super) struct Watch {
    files: [PathBuf; 2],
    last: [Stamp; 2],
    is_fresh: bool,
}

impl Watch {
    pub(super) fn new(database: &Path) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let files = [database.to_owned(), PathBuf::from(log)];
        let last = files.each_ref().map(|file| stamp(file));
        Self { files, last, is_fresh: true }
    }

    /// Whether a file was written since the last call but one. Two commits may have one and the same time, so that the second
    /// one shows only by looking once more.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = self.files.each_ref().map(|file| stamp(file));
        let is_new = now != self.last;
        self.last = now;
        std::mem::replace(&mut self.is_fresh, is_new) || is_new
    }
}

fn stamp(file: &Path) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_looked_at_twice_and_then_forgotten() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let file = directory.path().join("jobs.db");
        std::fs::write(&file, "a").expect("written");
        let mut watch = Watch::new(&file);
        assert_eq!([watch.has_changed(), watch.has_changed()], [true, false]);
        std::fs::write(directory.path().join("jobs.db-wal"), "ab").expect("written");
        assert_eq!([watch.has_changed(), watch.has_changed(), watch.has_changed()], [true, true, false]);
    }
}
