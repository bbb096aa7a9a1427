//! Which file was opened, and whether its path still leads to it.
//!
//! SQLite goes on to write to a file that was deleted or replaced, where nobody will ever read it. So each transaction begins with a look
//! at the path, and the engine looks once more before it calls the functions of what was claimed.

use std::io;
use std::path::{Path, PathBuf};

use super::super::{FileNow, StoreError};

/// A path that leads to another file each time that it is opened is given up after so many times.
const TRIES: usize = 5;

/// The file behind the connections of this process.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// As it was given, but for the working directory: a link that leads elsewhere by now leads to another file.
    path: PathBuf,
    id: FileId,
}

impl Opened {
    /// Opens the file, and knows which one it was: the path leads to it before and after.
    pub(super) fn while_opening<T>(
        path: &Path,
        mut open: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<(T, Self), StoreError> {
        let refused = |reason: String| StoreError::Open { path: path.to_owned(), reason, source: None };
        let absolute = std::path::absolute(path).map_err(|error| refused(error.to_string()))?;
        for _ in 0..TRIES {
            let before = FileId::at(&absolute).ok();
            let opened = open()?;
            let id = FileId::at(&absolute).map_err(|error| refused(error.to_string()))?;
            // One that was not there was made by this open, or by somebody else just before it.
            if before.is_none_or(|before| before == id) && id.is_open_here() {
                return Ok((opened, Self { path: absolute, id }));
            }
        }
        Err(refused("another file took its place each time that it was opened".to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path leads to the file that was opened: one question to the system.
    ///
    /// # Errors
    ///
    /// [`StoreError::FileGone`].
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let now = match FileId::at(&self.path) {
            Ok(id) if id == self.id => return Ok(()),
            Ok(_) => FileNow::Another,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileNow::Missing,
            Err(error) => FileNow::Unreadable { reason: error.to_string() },
        };
        Err(StoreError::FileGone { path: self.path.clone(), now })
    }
}

/// What tells a file from all others that are open on this machine.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

#[cfg(unix)]
impl FileId {
    fn at(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }

    /// Whether this process has it open. A file that was made and replaced in one moment is found out by this alone. Where the system does
    /// not say, the two looks at the path have to do.
    fn is_open_here(self) -> bool {
        let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return true };
        descriptors.flatten().any(|entry| Self::at(&entry.path()).is_ok_and(|id| id == self))
    }
}

/// Elsewhere a file that is open cannot be deleted or replaced, or cannot be told from its successor: nothing is compared.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId;

#[cfg(not(unix))]
impl FileId {
    fn at(_path: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    fn is_open_here(self) -> bool {
        true
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("jobs.db");
        std::fs::write(&path, b"one").expect("a file");
        (folder, path)
    }

    fn now(opened: &Opened) -> Option<FileNow> {
        match opened.check() {
            Ok(()) => None,
            Err(StoreError::FileGone { now, .. }) => Some(now),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_file_is_missed_and_known_again_and_told_from_another() {
        let (folder, path) = place();
        let elsewhere = folder.path().join("elsewhere");
        let open = || Ok(File::open(&path).expect("it is there"));
        let (_file, opened) = Opened::while_opening(&path, open).expect("it opens");
        assert_eq!(now(&opened), None);
        std::fs::rename(&path, &elsewhere).expect("it moves");
        assert_eq!(now(&opened), Some(FileNow::Missing));
        std::fs::write(&path, b"one").expect("another file");
        assert_eq!(now(&opened), Some(FileNow::Another));
        std::fs::rename(&elsewhere, &path).expect("it moves");
        assert_eq!(now(&opened), None);
    }

    #[test]
    fn a_link_that_leads_elsewhere_leads_to_another_file() {
        let (folder, path) = place();
        let (link, other) = (folder.path().join("link"), folder.path().join("other"));
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let open = || Ok(File::open(&link).expect("it is there"));
        let (_file, opened) = Opened::while_opening(&link, open).expect("it opens");
        assert_eq!(now(&opened), None);
        std::fs::write(&other, b"two").expect("another file");
        std::fs::remove_file(&link).and_then(|()| std::os::unix::fs::symlink(&other, &link)).expect("a link");
        assert_eq!(now(&opened), Some(FileNow::Another));
    }

    #[test]
    fn a_file_that_is_replaced_while_it_is_opened_is_opened_again() {
        let (folder, path) = place();
        let fresh = |number: u32| {
            let file = folder.path().join(format!("fresh-{number}"));
            std::fs::write(&file, b"two").and_then(|()| std::fs::rename(file, &path)).expect("replaced");
        };
        let mut times = 0;
        let open = || {
            let file = File::open(&path).expect("it is there");
            times += 1;
            if times < 3 {
                fresh(times);
            }
            Ok(file)
        };
        let (file, opened) = Opened::while_opening(&path, open).expect("it opens at last");
        assert_eq!(now(&opened), None);
        assert!(times == 3 && file.metadata().is_ok_and(|metadata| metadata.len() == 3));

        // A new file that is replaced before anybody can look at it.
        std::fs::remove_file(&path).expect("it is there");
        let mut is_first = true;
        let open = || {
            let file =
                File::options().write(true).create(true).truncate(false).open(&path).expect("it opens");
            if std::mem::take(&mut is_first) {
                fresh(9);
            }
            Ok(file)
        };
        let (file, opened) = Opened::while_opening(&path, open).expect("it opens at last");
        assert_eq!(now(&opened), None);
        assert!(file.metadata().is_ok_and(|metadata| metadata.len() == 3), "the one that took its place");

        let mut number = 20;
        let open = || {
            let file = File::open(&path).expect("it is there");
            number += 1;
            fresh(number);
            Ok(file)
        };
        let error = Opened::while_opening(&path, open).expect_err("never the same");
        assert!(error.to_string().contains("each time"), "{error}");
    }
}
