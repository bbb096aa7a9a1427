//! The file from outside: permissions and the disk that it lies on.

use std::path::Path;

use super::{Check, Finding};

/// Less room than this is an error: a scheduler is about to stop.
#[cfg(unix)]
const NONE: u64 = 16 * MIB;
/// Less room than this is a warning.
#[cfg(unix)]
const LITTLE: u64 = 256 * MIB;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..MIB => format!("{} KiB", bytes / 1_024),
        MIB..GIB => format!("{:.1} MiB", bytes as f64 / MIB as f64),
        _ => format!("{:.1} GiB", bytes as f64 / GIB as f64),
    }
}

pub(super) fn checks(path: &Path) -> Vec<Check> {
    let bytes = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(0);
    let seen = format!("{}, {}", path.display(), size(bytes));
    let mut checks = vec![Check::new("file", seen, permissions(path))];
    checks.extend(disk(path));
    checks
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn permissions(path: &Path) -> Vec<Finding> {
    use nix::unistd::{AccessFlags, access};
    let mut findings = Vec::new();
    if access(path, AccessFlags::R_OK | AccessFlags::W_OK).is_err() {
        let message = format!("{} is not readable and writable for this user", path.display());
        findings.push(Finding::error(
            message,
            "give the user of the scheduler both permissions, or look as that user",
        ));
    }
    let directory = directory(path);
    if access(directory, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        let message = format!("the directory {} is not writable for this user", directory.display());
        findings.push(Finding::error(
            message,
            "SQLite keeps files beside the database: make the directory writable",
        ));
    }
    findings
}

#[cfg(not(unix))]
fn permissions(path: &Path) -> Vec<Finding> {
    let is_readonly = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly());
    let finding = || Finding::error(format!("{} is read-only", path.display()), "make it writable");
    is_readonly.then(finding).into_iter().collect()
}

#[cfg(unix)]
fn disk(path: &Path) -> Vec<Check> {
    use nix::sys::statvfs::statvfs;
    let Ok(disk) = statvfs(directory(path)) else { return Vec::new() };
    #[allow(clippy::unnecessary_cast, reason = "the types of these differ between systems")]
    let free = (disk.blocks_available() as u64).saturating_mul(disk.fragment_size() as u64);
    let seen = format!("{} free", size(free));
    let advice = "make room: a scheduler that cannot write starts nothing";
    let findings = match free {
        0..NONE => vec![Finding::error(format!("the disk is full, or nearly: {seen}"), advice)],
        NONE..LITTLE => vec![Finding::warning(format!("little room is left: {seen}"), advice)],
        _ => Vec::new(),
    };
    vec![Check::new("disk", seen, findings)]
}

#[cfg(not(unix))]
fn disk(_path: &Path) -> Vec<Check> {
    Vec::new()
}
