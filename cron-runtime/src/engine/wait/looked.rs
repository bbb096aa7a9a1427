//! A doorbell that is looked at, where the system does not tell that a file was touched.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// A file that is looked at.
#[derive(Debug)]
pub(super) struct Looked {
    path: PathBuf,
    last: Option<SystemTime>,
    /// A ring was seen. One right behind it may bear the same time: the clock of a file system goes in steps.
    may_ring_again: bool,
}

impl Looked {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), last: touched(path), may_ring_again: true }
    }

    /// Whether somebody has rung, or may have, since the last look.
    pub(super) fn has_rung(&mut self) -> bool {
        let now = touched(&self.path);
        let is_new = std::mem::replace(&mut self.last, now) != now;
        std::mem::replace(&mut self.may_ring_again, is_new) || is_new
    }
}

fn touched(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ring_is_seen_and_one_right_behind_it_is_not_missed() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("bell");
        std::fs::write(&path, b"").expect("a file");
        let mut looked = Looked::new(&path);
        assert!(looked.has_rung(), "somebody may have rung just as it was opened");
        assert!(!looked.has_rung());
        let file = std::fs::File::options().write(true).open(&path).expect("it is there");
        let later = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_modified(later(5)).expect("a ring");
        assert!(looked.has_rung());
        // A second ring in the same step of the clock leaves no trace.
        assert!(looked.has_rung());
        assert!(!looked.has_rung());
        std::fs::remove_file(&path).expect("it is there");
        assert!(looked.has_rung() && looked.has_rung() && !looked.has_rung(), "a file that was deleted");
    }
}
