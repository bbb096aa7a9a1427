//! Real lives of the program `busy`, with the shim between it and the system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use cron_tests::App;

use crate::log::{self, Record};

/// What a program has found, and what it has done.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Where it is kept: `before/` as the program found it, `log` as the shim has written it, and the directory in which it was.
    home: PathBuf,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Asked to end, and it does.
    Asked,
    /// Killed.
    Killed,
}

impl Recording {
    /// Lives one after the other in `home`, where `before/` may hold files already.
    pub(crate) fn make(home: &Path, lives: &[End]) -> Self {
        let recording = Self::kept(home);
        let directory = recording.directory();
        for folder in [&recording.before(), &directory] {
            std::fs::create_dir_all(folder).expect("a directory");
        }
        for (path, data) in recording.found() {
            std::fs::write(path, data).expect("a file");
        }
        let shim = compile(home);
        let (log, witness, database) =
            (home.join("log"), directory.join("witness"), directory.join("jobs.db"));
        for end in lives {
            let environment = [
                ("LD_PRELOAD", shim.as_os_str()),
                ("POWER_DIRECTORY", directory.as_os_str()),
                ("POWER_LOG", log.as_os_str()),
                ("WITNESS", witness.as_os_str()),
            ];
            let mut app = App::start(env!("CARGO_BIN_EXE_app-busy"), &database, &environment);
            app.says("started");
            app.says("at work");
            match end {
                End::Asked => assert!(app.terminate().success()),
                End::Killed => app.kill(),
            }
        }
        recording
    }

    /// One that was kept.
    pub(crate) fn kept(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    pub(crate) fn before(&self) -> PathBuf {
        self.home.join("before")
    }

    /// The directory in which the program worked.
    pub(crate) fn directory(&self) -> PathBuf {
        self.home.join("files")
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The files that the program found.
    pub(crate) fn found(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = std::fs::read_dir(self.before()).expect("a directory");
        files
            .map(|file| {
                let file = file.expect("an entry");
                (self.directory().join(file.file_name()), std::fs::read(file.path()).expect("it is read"))
            })
            .collect()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        log::read(&std::fs::read(self.home.join("log")).expect("the shim has written"))
    }
}

fn compile(home: &Path) -> PathBuf {
    let shim = home.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("power/shim.c");
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&shim, &source])
        .output()
        .expect("there is a compiler of C");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    shim
}
