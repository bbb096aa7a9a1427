//! The file beside the database: a doorbell between processes, and locks that tell who is alive.
//!
//! Ringing is writing to the file; listeners learn of it from the operating system, so nobody polls. Each incarnation
//! locks the byte at its own number, and the operating system frees it when the process is gone, however it went.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use cron_core::run::OwnerId;

#[derive(Debug)]
pub(super) struct Signal {
    path: PathBuf,
    file: File,
}

impl Signal {
    /// The name of the file: that of the database with `-signal` behind it, as SQLite names its own.
    pub(super) fn beside(database: &Path) -> PathBuf {
        let mut name = database.as_os_str().to_owned();
        name.push("-signal");
        PathBuf::from(name)
    }

    pub(super) fn open(path: PathBuf) -> std::io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        Ok(Self { path, file })
    }

    /// For somebody who only looks: creates nothing. `None` where there is no such file, or no permission to read it.
    pub(super) fn probe(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        Some(Self { path: path.to_owned(), file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Wakes every scheduler on this database.
    pub(super) fn ring(&self) {
        let mut file = &self.file;
        let rung = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(b"!"));
        if let Err(error) = rung {
            tracing::warn!(path = %self.path.display(), %error, "cannot ring the doorbell of other processes");
        }
    }

    /// Marks `owner` as alive until this process ends. Where there are no such locks, leases alone tell.
    #[cfg(target_os = "linux")]
    pub(super) fn lock(&self, owner: OwnerId) -> std::io::Result<()> {
        use nix::fcntl::{FcntlArg, fcntl};
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&byte(owner)))?;
        Ok(())
    }

    /// Whether the operating system knows that `owner`, of this same boot of this machine, is gone.
    #[cfg(target_os = "linux")]
    pub(super) fn is_dead(&self, owner: OwnerId) -> bool {
        use nix::fcntl::{FcntlArg, fcntl};
        let mut probe = byte(owner);
        let asked = fcntl(&self.file, FcntlArg::F_OFD_GETLK(&mut probe));
        asked.is_ok() && i32::from(probe.l_type) == nix::libc::F_UNLCK
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn lock(&self, _owner: OwnerId) -> std::io::Result<()> {
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_dead(&self, _owner: OwnerId) -> bool {
        false
    }
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
