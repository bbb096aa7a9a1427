//! The copy of a file that is kept before its schema changes.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::super::StoreError;
use super::VERSION;

/// So many copies of one version with different contents are kept: each is left by an upgrade that did not come to its end, with
/// the older program at work in between.
const MOST: u32 = 20;

type Reason = Box<dyn Error + Send + Sync>;

/// Copies the file, which has this schema version, to `jobs.db.v2.bak` beside it. What lies there already and differs stays, and the
/// copy gets a number. The caller holds the right to write, so that nobody else changes the file or makes the same copy.
pub(super) fn keep(path: &Path, version: u32) -> Result<PathBuf, StoreError> {
    // Beside the file itself where the path is a link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // A name of its own until it is whole: a crash leaves nothing that looks like a backup.
    let part = beside(&path, &format!(".v{version}.bak.part"));
    let kept = remove(&part).map_err(Reason::from);
    let kept = kept.and_then(|()| {
        let kept = copy(&path, &part).and_then(|()| put(&part, &path, version));
        if kept.is_err() {
            // It may have filled the disk. The reason is in the error that is told.
            let _ = remove(&part);
        }
        kept
    });
    kept.map_err(|source| StoreError::Open {
        reason: format!(
            "its schema has version {version}, and before it is brought to version {VERSION} a copy is kept beside it, \
             which cannot be written: {}; free as much room as the database takes, make {} writable, or copy the \
             database to a place that has both, and start again. The database was not changed",
            in_words(source.as_ref()),
            part.parent().unwrap_or(&part).display(),
        ),
        path,
        source: Some(source),
    })
}

fn in_words(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Copies page by page what is committed; on the disk when this returns.
fn copy(path: &Path, part: &Path) -> Result<(), Reason> {
    create(path, part)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(path, flags)?;
    let mut target = Connection::open_with_flags(part, flags)?;
    // A copy that is cut off is never used, so it needs no journal to be mended by.
    target.pragma_update(None, "journal_mode", "OFF")?;
    match Backup::new(&source, &mut target)?.step(-1)? {
        StepResult::Done => {}
        // A `StepResult` may grow.
        _ => return Err("the copy ended early: somebody else holds the file".into()),
    }
    target.close().map_err(|(_, error)| error)?;
    File::open(part)?.sync_all()?;
    Ok(())
}

/// Creates the file of the copy, for nobody who may not use the database.
#[cfg(unix)]
fn create(path: &Path, part: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

    let of_database = fs::metadata(path)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    // The group of the copy is that of the process, which may be another one.
    let same_group = file.metadata()?.gid() == of_database.gid();
    let allowed = if same_group { 0o666 } else { 0o600 };
    file.set_permissions(fs::Permissions::from_mode(of_database.permissions().mode() & allowed))
}

/// Creates the file of the copy. The directory says who may use it, as for the database.
#[cfg(not(unix))]
fn create(_path: &Path, part: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(part).map(drop)
}

/// Gives the whole copy its name, the first one that is free; or leaves it to the equal one that is there.
fn put(part: &Path, path: &Path, version: u32) -> Result<PathBuf, Reason> {
    for number in 1..=MOST {
        let ending = if number == 1 { String::new() } else { format!(".{number}") };
        let kept = beside(path, &format!(".v{version}.bak{ending}"));
        if fs::symlink_metadata(&kept).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            fs::rename(part, &kept)?;
            sync_directory(&kept)?;
            return Ok(kept);
        }
        if is_same(part, &kept)? {
            remove(part)?;
            return Ok(kept);
        }
    }
    Err(format!("there are {MOST} copies with other contents already; move those away that nobody needs")
        .into())
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one).bytes(), BufReader::new(other).bytes());
    loop {
        match (one.next().transpose()?, other.next().transpose()?) {
            (None, None) => return Ok(true),
            (one, other) if one != other => return Ok(false),
            _ => {}
        }
    }
}

/// The new name is on the disk too.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}
