//! Who holds the lock to write, as far as the system tells. Best effort: in a container the holder may be outside of what can be seen.

use std::path::Path;
use std::time::Duration;

/// The byte that SQLite locks in the `-shm` file for as long as somebody writes to the log (`UNIX_SHM_BASE` and `WAL_WRITE_LOCK`).
#[cfg(target_os = "linux")]
const WRITE_BYTE: u64 = 120;
/// From here on SQLite locks bytes of the database itself, where no log is kept.
#[cfg(target_os = "linux")]
const PENDING_BYTE: u64 = 0x4000_0000;

/// Who holds the lock to write at this moment, in words: `process 4711 (import)`.
#[cfg(target_os = "linux")]
pub(super) fn writer(database: &Path) -> Option<String> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let shm = inode(&beside(database, "-shm"));
    let file = inode(database);
    let held = locks.lines().filter_map(Lock::read).find(|lock| {
        lock.is_writing
            && (Some(lock.inode) == shm && lock.first <= WRITE_BYTE && WRITE_BYTE <= lock.last
                || Some(lock.inode) == file && lock.first >= PENDING_BYTE)
    })?;
    Some(name(held.process))
}

/// Elsewhere the system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn writer(_database: &Path) -> Option<String> {
    None
}

/// So often, and at this distance, is looked who writes all the time.
const LOOKS: usize = 20;
const BETWEEN: Duration = Duration::from_millis(10);

/// Who holds the lock to write nearly all the time. Others hold it for a moment, and have it again later.
pub(super) fn steady_writer(database: &Path) -> Option<String> {
    let mut seen = Vec::new();
    for look in 0..LOOKS {
        seen.extend(writer(database));
        // Nobody writes, as it mostly is.
        if seen.len() * 2 < look {
            return None;
        }
        std::thread::park_timeout(BETWEEN);
    }
    seen.sort();
    let most = seen.chunk_by(|one, next| one == next).max_by_key(|alike| alike.len())?;
    (most.len() * 4 >= LOOKS * 3).then(|| most[0].clone())
}

/// For somebody who has waited in vain: who holds the lock now, or else who has the file open.
pub(super) fn likely(database: &Path) -> Option<String> {
    writer(database).or_else(|| {
        let open = open_in(database);
        (!open.is_empty()).then(|| format!("one of those that have the file open: {}", open.join(", ")))
    })
}

/// Whoever has the file open, but for this process.
#[cfg(target_os = "linux")]
fn open_in(database: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let (Some(file), Ok(processes)) = (identity(database), std::fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let number = |entry: &std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let others = processes.flatten().filter_map(|entry| Some((number(&entry)?, entry.path())));
    let has_it = |process: &Path| {
        let descriptors = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        descriptors.into_iter().any(|entry| identity(&entry.path()) == Some(file))
    };
    let others = others.filter(|(number, process)| *number != std::process::id() && has_it(process));
    others.map(|(number, _)| name(number)).collect()
}

#[cfg(not(target_os = "linux"))]
fn open_in(_database: &Path) -> Vec<String> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn name(process: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let name = match name.trim() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    let whose = if process == std::process::id() { "this process itself, " } else { "" };
    format!("{whose}process {process}{name}")
}

#[cfg(target_os = "linux")]
fn beside(database: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(target_os = "linux")]
fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| found.ino()).ok()
}

/// A line of `/proc/locks`: `7: POSIX  ADVISORY  WRITE 4711 fe:00:131090 120 120`.
///
/// The device is not compared: some file systems show another one there than `stat` does.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
struct Lock {
    is_writing: bool,
    process: u32,
    inode: u64,
    first: u64,
    last: u64,
}

#[cfg(target_os = "linux")]
impl Lock {
    /// `None` for those who wait (`->`), for locks of another kind, and for whoever is outside of this container.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX" | "OFDLCK", _, kind, process, place, first, last] = words[..] else { return None };
        Some(Self {
            is_writing: kind == "WRITE",
            process: process.parse().ok().filter(|process| *process > 0)?,
            inode: place.rsplit(':').next()?.parse().ok()?,
            first: first.parse().ok()?,
            last: if last == "EOF" { u64::MAX } else { last.parse().ok()? },
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_locks_is_read_and_one_who_waits_holds_nothing() {
        let lock = Lock::read("7: POSIX  ADVISORY  WRITE 4711 fe:00:131090 120 120");
        let wanted = Lock { is_writing: true, process: 4711, inode: 131_090, first: 120, last: 120 };
        assert_eq!(lock, Some(wanted));
        assert_eq!(Lock::read("7: -> POSIX  ADVISORY  WRITE 4711 fe:00:131090 120 120"), None);
        assert_eq!(Lock::read("7: FLOCK  ADVISORY  WRITE 4711 fe:00:131090 0 EOF"), None);
        assert_eq!(Lock::read("7: POSIX  ADVISORY  WRITE 0 fe:00:131090 120 120"), None, "it cannot be seen");
        assert_eq!(Lock::read("nonsense"), None);
        let all = Lock::read("8: POSIX  ADVISORY  READ 9 fe:00:131090 0 EOF").expect("a lock");
        assert!(!all.is_writing && all.last == u64::MAX);
    }

    #[test]
    fn who_writes_is_named_and_nobody_is_named_for_a_file_that_is_free() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file.db");
        let connection = rusqlite::Connection::open(&path).expect("it opens");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
        connection.execute_batch("CREATE TABLE rows (row INTEGER)").expect("a table");
        assert_eq!((writer(&path), steady_writer(&path)), (None, None));
        connection.execute_batch("BEGIN IMMEDIATE").expect("it is free");
        if let Ok(locks) = std::fs::read_to_string("/proc/locks")
            && locks.contains(&format!(" {} ", std::process::id()))
        {
            let named = writer(&path).expect("it is named");
            assert!(named.contains(&format!("process {}", std::process::id())), "{named}");
            assert_eq!(steady_writer(&path).as_ref(), Some(&named));
            assert_eq!(likely(&path), Some(named));
        }
        connection.execute_batch("COMMIT").expect("it ends");
        assert_eq!(writer(&path), None);
        assert_eq!(open_in(&path), Vec::<String>::new(), "nobody else");
    }
}
