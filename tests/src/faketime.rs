//! Clocks of real processes that are wrong: the library `libfaketime` stands between a program and the clocks of the system.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// How the clock of a program differs from that of the system, as it is at the moment. It can be set while the program runs.
#[derive(Debug)]
pub struct Faketime {
    library: PathBuf,
    /// What the library reads at each look at the clock.
    file: PathBuf,
}

impl Faketime {
    /// A clock that is right. `scratch` is a folder for files of the build, `file` is where its difference is written.
    ///
    /// # Panics
    ///
    /// If the library is not there, and cannot be had from Debian's packages.
    #[must_use]
    pub fn new(scratch: &Path, file: PathBuf) -> Self {
        static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
        let library = LIBRARY.get_or_init(|| library(scratch)).clone();
        let clock = Self { library, file };
        clock.set("+0");
        clock
    }

    /// Sets it: `-3d` is three days behind the clock of the system.
    ///
    /// # Panics
    ///
    /// If its file cannot be written.
    pub fn set(&self, difference: &str) {
        // Renamed, since the library may read at any moment.
        let new = self.file.with_extension("new");
        std::fs::write(&new, difference)
            .and_then(|()| std::fs::rename(&new, &self.file))
            .expect("it is written");
    }

    /// What makes a program have this clock.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", self.library.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            // Spans are measured as ever.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// That of the system, or else the one of Debian's package, which is unpacked into the scratch folder: for that nobody need be root.
fn library(scratch: &Path) -> PathBuf {
    let unpacked = scratch.join("libfaketime");
    let found = || find(Path::new("/usr/lib")).or_else(|| find(&unpacked.join("usr/lib")));
    found().unwrap_or_else(|| {
        let got = fetch(scratch, &unpacked);
        found().unwrap_or_else(|| {
            let why = got.err().unwrap_or_else(|| "the package does not hold it".to_owned());
            panic!(
                "this test needs libfaketime, which is not on this system (package `libfaketime` of Debian), and it could not be had by itself: {why}"
            )
        })
    })
}

/// In the folder of an architecture.
fn find(libraries: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(libraries).ok()?;
    let mut paths = folders.flatten().map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    paths.find(|path| path.exists())
}

fn fetch(scratch: &Path, unpacked: &Path) -> Result<(), String> {
    let folder = scratch.join(format!("libfaketime-{}", std::process::id()));
    // Lists of its own, as a fresh machine has none.
    let (lists, cache) = (folder.join("lists"), folder.join("cache"));
    for needed in [lists.join("partial"), cache.join("archives/partial")] {
        std::fs::create_dir_all(needed).map_err(|error| error.to_string())?;
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(&folder).arg("-qq").args(arguments);
        done(command)
    };
    if apt(&["download", "libfaketime"]).is_err() {
        let own =
            [format!("Dir::State::lists={}", lists.display()), format!("Dir::Cache={}", cache.display())];
        apt(&["-o", &own[0], "-o", &own[1], "update"])?;
        apt(&["-o", &own[0], "-o", &own[1], "download", "libfaketime"])?;
    }
    let files = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    let mut packages =
        files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|it| it == "deb"));
    let package = packages.next().ok_or("apt-get has downloaded nothing")?;
    let mut unpack = Command::new("dpkg");
    unpack.arg("-x").arg(package).arg(unpacked);
    done(unpack)?;
    std::fs::remove_dir_all(folder).map_err(|error| error.to_string())
}

fn done(mut command: Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr).trim()))
}
