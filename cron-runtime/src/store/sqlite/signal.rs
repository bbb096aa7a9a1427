//! The file beside the database: a doorbell between processes, and locks that tell who is alive.
//!
//! Ringing is writing to the file; listeners learn of it from the operating system, so nobody polls. Each incarnation
//! locks the byte at its own number, and the operating system frees it when the process is gone, however it went.
//!
//! A lock belongs to an open file, not to a name. Somebody may delete the file while schedulers run, and those that start
//! later open another one, in which nobody older holds a lock. So an incarnation records in which file it has locked its byte, and
//! only that file tells whether it is dead. The number of a file is given anew only when nobody has it open any more: then
//! whoever held a lock in it is gone.
//!
//! The file is closed on exec: a child that outlives its parent does not keep the parent's lock. One that is forked and
//! executes nothing shares the open file and the lock in it; until it ends its parent counts as alive, and what the parent
//! had in progress is taken over when the leases expire. The same holds for the moment in which a child begins to execute
//! another program: Linux wakes the parent before it closes the child's files, so a parent that dies in it is found dead at
//! the next look.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cron_core::run::OwnerId;

#[derive(Debug)]
pub(super) struct Signal {
    path: PathBuf,
    database: PathBuf,
    /// All files that this process has found under the name; the last one is the one that it uses. Older ones stay open: what others
    /// have read of this process may still name its lock in one of them.
    ///
    /// The lock guards the list between the owner thread, which keeps the locks, and whoever rings; it is held for one write.
    files: Mutex<Vec<Opened>>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    id: String,
}

/// A start of a scheduler, as the file beside the database remembers the newest one: a database that was put back from a backup does not
/// know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Starter {
    pub(super) owner: OwnerId,
    /// Random: numbers come again in a file that was put back.
    pub(super) token: String,
    /// It has taken leave.
    pub(super) has_left: bool,
}

/// Where the newest start stands: behind the byte that rings, before the locks.
const NEWEST: u64 = 16;
/// No line about it is longer.
const LONGEST: usize = 96;

impl Starter {
    fn write(&self) -> String {
        let Self { owner, token, has_left } = self;
        format!("{} {token} {}\n", owner.0, if *has_left { "left" } else { "here" })
    }

    /// `None` where nothing is written, or nothing that is understood: then nothing is known.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.lines().next()?.split(' ');
        let owner = OwnerId(words.next()?.parse().ok()?);
        let token = words.next().filter(|token| !token.is_empty())?.to_owned();
        let has_left = match words.next()? {
            "left" => true,
            "here" => false,
            _ => return None,
        };
        Some(Self { owner, token, has_left })
    }
}

impl Signal {
    /// The name of the file: that of the database with `-signal` behind it, as SQLite names its own.
    pub(super) fn beside(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push("-signal");
        PathBuf::from(name)
    }

    /// Opens the file beside a database; makes it, where it is not there.
    pub(super) fn open(database: &Path) -> io::Result<Self> {
        let path = Self::beside(database);
        let files = Mutex::new(vec![Opened::at(&path, database)?]);
        Ok(Self { path, database: database.to_owned(), files })
    }

    /// For somebody who only looks: creates nothing. `None` where there is no such file, or no permission to read it.
    pub(super) fn probe(database: &Path) -> Option<Self> {
        let path = Self::beside(database);
        let file = File::open(&path).ok()?;
        let id = identity_of(&file.metadata().ok()?);
        Some(Self { path, database: database.to_owned(), files: Mutex::new(vec![Opened { file, id }]) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Wakes every scheduler on this database.
    pub(super) fn ring(&self) {
        let rung = self.use_file(|opened| {
            let mut file = &opened.file;
            file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(b"!"))
        });
        if let Err(error) = rung {
            tracing::warn!(path = %self.path.display(), %error, "cannot ring the doorbell of other processes");
        }
    }

    /// The newest start that has been remembered here.
    pub(super) fn newest(&self) -> Option<Starter> {
        let read = self.use_file(|opened| {
            let mut file = &opened.file;
            file.seek(SeekFrom::Start(NEWEST))?;
            let mut line = String::new();
            file.take(LONGEST as u64).read_to_string(&mut line)?;
            Ok(line)
        });
        read.ok().and_then(|line| Starter::read(&line))
    }

    /// Remembers a start that has been committed.
    pub(super) fn remember(&self, starter: &Starter) {
        // Longer than any other, so that nothing is left of the one before.
        let line = format!("{:<LONGEST$}", starter.write());
        let written = self.use_file(|opened| {
            let mut file = &opened.file;
            file.seek(SeekFrom::Start(NEWEST)).and_then(|_| file.write_all(line.as_bytes()))
        });
        if let Err(error) = written {
            let path = self.path.display();
            tracing::debug!(%path, %error, "a backup that is put back may not be noticed: this start is not remembered");
        }
    }

    /// Remembers that the newest start has taken leave, unless another one is the newest by now.
    pub(super) fn remember_end(&self, starter: &Starter) {
        if self.newest().is_some_and(|newest| newest.token == starter.token) {
            self.remember(starter);
        }
    }

    /// Marks `owner` as alive until this process ends. Says in which file, so that others can look there; nothing where there
    /// are no such locks and leases alone tell.
    pub(super) fn lock(&self, owner: OwnerId) -> io::Result<Option<String>> {
        self.use_file(|opened| Ok(opened.lock(owner)?.then(|| opened.id.clone())))
    }

    /// Whether the file `id` is one of those that this process has open.
    pub(super) fn has(&self, id: &str) -> bool {
        self.files().iter().any(|opened| opened.id == id)
    }

    /// Whether the operating system knows that `owner`, who holds its lock in the file `id` of this same boot of this
    /// machine, is gone.
    pub(super) fn is_dead(&self, owner: OwnerId, id: &str) -> bool {
        self.files().iter().find(|opened| opened.id == id).is_some_and(|opened| opened.is_free(owner))
    }

    /// Does something with the file that bears the name now.
    fn use_file<R>(&self, work: impl FnOnce(&Opened) -> io::Result<R>) -> io::Result<R> {
        let mut files = self.files();
        let is_there =
            files.last().is_some_and(|opened| identity(&self.path).is_ok_and(|id| id == opened.id));
        if !is_there {
            files.push(Opened::at(&self.path, &self.database)?);
        }
        work(files.last().ok_or(io::ErrorKind::NotFound)?)
    }

    fn files(&self) -> MutexGuard<'_, Vec<Opened>> {
        // Whatever happens under the lock, the list is whole.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    fn at(path: &Path, database: &Path) -> io::Result<Self> {
        // The standard library sets close-on-exec.
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = options.clone().create_new(true).open(path);
                match made {
                    Ok(file) => {
                        take_after(&file, database);
                        file
                    }
                    // Another process was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path)?,
                    Err(error) => return Err(error),
                }
            }
            opened => opened?,
        };
        let id = identity_of(&file.metadata()?);
        Ok(Self { file, id })
    }

    /// Locks the byte of `owner`, if this system has such locks.
    #[cfg(target_os = "linux")]
    fn lock(&self, owner: OwnerId) -> io::Result<bool> {
        use nix::fcntl::{FcntlArg, fcntl};
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&byte(owner)))?;
        Ok(true)
    }

    #[cfg(target_os = "linux")]
    fn is_free(&self, owner: OwnerId) -> bool {
        use nix::fcntl::{FcntlArg, fcntl};
        let mut probe = byte(owner);
        let asked = fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut probe));
        asked.is_ok() && i32::from(probe.l_type) == nix::libc::F_UNLCK
    }

    #[cfg(not(target_os = "linux"))]
    fn lock(&self, _owner: OwnerId) -> io::Result<bool> {
        Ok(false)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_free(&self, _owner: OwnerId) -> bool {
        false
    }
}

/// Gives a new file the mode and the owner of the database, as SQLite does with its log: what root makes must not lock out the service that
/// the database belongs to. Only root may give a file away; for all others it is their own already, or that of their group.
#[cfg(unix)]
fn take_after(file: &File, database: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (Ok(of), Ok(own)) = (std::fs::metadata(database), file.metadata()) else { return };
    if (own.uid(), own.gid()) != (of.uid(), of.gid())
        && let Err(error) = fchown(file, Some(of.uid()), Some(of.gid()))
    {
        tracing::debug!(database = %database.display(), %error, "the file for signals has another owner than the database");
    }
    // After the owner: a change of that may take permissions away.
    let mode = of.permissions().mode() & 0o777;
    if own.permissions().mode() & 0o777 != mode
        && let Err(error) = file.set_permissions(PermissionsExt::from_mode(mode))
    {
        tracing::debug!(database = %database.display(), %error, "the file for signals has another mode than the database");
    }
}

#[cfg(not(unix))]
fn take_after(_file: &File, _database: &Path) {}

fn identity(path: &Path) -> io::Result<String> {
    std::fs::metadata(path).map(|metadata| identity_of(&metadata))
}

/// What tells a file from all others that are open on this boot of this machine.
#[cfg(unix)]
fn identity_of(metadata: &std::fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{}:{}", metadata.dev(), metadata.ino())
}

/// Elsewhere a file that is open cannot be deleted, or cannot be told from its successor.
#[cfg(not(unix))]
fn identity_of(_metadata: &std::fs::Metadata) -> String {
    String::new()
}

/// The lock of an incarnation: one byte, far behind what is written.
#[cfg(target_os = "linux")]
fn byte(owner: OwnerId) -> nix::libc::flock {
    use nix::libc;
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: super::rows::to_int(owner.0).saturating_add(1 << 20),
        l_len: 1,
        l_pid: 0,
    }
}

/// What tells this boot of this machine from others; empty where the system does not say.
pub(super) fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
