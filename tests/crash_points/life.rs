//! A life of the program `busy`, from its start to whatever end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How long a test waits for something that ought to happen within a second or two.
const PATIENCE: Duration = Duration::from_secs(40);

/// A directory with a database and a witness.
#[derive(Debug)]
pub(crate) struct Files {
    directory: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        // What a process has written survives its death in memory too, and there it costs nothing.
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { directory: directory.expect("a directory") }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("jobs.db")
    }

    pub(crate) fn witness(&self) -> PathBuf {
        self.directory.path().join("witness")
    }
}

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Life {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

/// How a life ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    /// Everything that it said.
    pub(crate) heard: String,
}

impl End {
    pub(crate) fn died_of(&self) -> Option<Signal> {
        self.status.signal().and_then(|signal| Signal::try_from(signal).ok())
    }
}

impl Life {
    pub(crate) fn begin(files: &Files, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_app-busy"))
            .env("CRON_DATABASE_URL", files.database())
            .env("WITNESS", files.witness())
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = channel();
        forward(child.stdout.take().expect("it is piped"), sender.clone());
        forward(child.stderr.take().expect("it is piped"), sender);
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits for a line; gives what was said instead where it does not come.
    pub(crate) fn says(&mut self, line: &str) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        while let Ok(said) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            let is_it = said == line;
            self.heard.push(said);
            if is_it {
                return Ok(());
            }
        }
        Err(format!("it did not say `{line}`, but {:?}", self.heard))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // One that has died meanwhile says so at its end.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// Waits for the end; gives what was said where it does not come.
    pub(crate) fn end(mut self) -> Result<End, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(said) => self.heard.push(said),
                // Both its outputs are closed.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err(format!("it lives, and said {:?}", self.heard)),
            }
        }
        let status = self.child.wait().expect("it can be waited for");
        Ok(End { status, heard: self.heard.join("\n") })
    }
}

fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}

impl Drop for Life {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
