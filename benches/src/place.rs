//! Where files of a bench lie, and other programs that it starts.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// Where results and files go: `target/bench`, on a real disk. A directory for temporary files may lie in memory, where a commit costs
/// nothing.
pub fn folder() -> anyhow::Result<PathBuf> {
    let folder = match std::env::var_os("BENCH_FOLDER") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench"),
    };
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    folder.canonicalize().with_context(|| format!("find {}", folder.display()))
}

/// A folder that goes away with what is in it.
pub fn scratch() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("files-").tempdir_in(folder()?)?)
}

/// A process that measures one thing and says what it has found as JSON, in the last line of what it prints.
#[derive(Debug)]
pub struct Measuring {
    child: Child,
    what: String,
}

impl Measuring {
    /// This program, as a process of its own, so that nothing of one figure is in another one.
    pub fn child(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        Self::start(&program, &[&["child"], arguments].concat())
    }

    /// A program beside this one.
    pub fn beside(program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let path = std::env::current_exe().context("find this program")?.with_file_name(program);
        if !path.exists() {
            bail!("{} is not there; `benches/run` builds it", path.display());
        }
        Self::start(&path, arguments)
    }

    fn start(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let what = format!("{} {}", program.display(), arguments.join(" "));
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().with_context(|| format!("start {what}"))?;
        Ok(Self { child, what })
    }

    /// Waits for what it has to say.
    pub fn result(self) -> anyhow::Result<Value> {
        let output = self.child.wait_with_output().with_context(|| format!("wait for {}", self.what))?;
        if !output.status.success() {
            bail!("{} ended with {}", self.what, output.status);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().with_context(|| format!("{} has said nothing", self.what))?;
        serde_json::from_str(last).with_context(|| format!("{} has said: {last}", self.what))
    }
}

/// A number that a process has said.
pub fn number(value: &Value, name: &str) -> anyhow::Result<f64> {
    value[name].as_f64().with_context(|| format!("no number `{name}` in {value}"))
}

/// What one file takes on the disk, with what SQLite keeps beside it.
pub fn size(database: &Path) -> u64 {
    let length = |suffix: &str| {
        let path = format!("{}{suffix}", database.display());
        std::fs::metadata(path).map_or(0, |metadata| metadata.len())
    };
    length("") + length("-wal")
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        return f64::NAN;
    }
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}
