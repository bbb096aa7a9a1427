//! What this process has used, as the kernel counts it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// What was used up to a moment.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Voluntary context switches of each thread but the first, which measures.
    switches: BTreeMap<u64, u64>,
    /// Processor time in nanoseconds, of the same threads.
    processor: BTreeMap<u64, u64>,
    /// Bytes that were given to `write` and the like.
    written: u64,
}

/// The difference of two moments.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Voluntary context switches; a thread that has ended counts as one.
    pub switches: u64,
    /// Processor time in seconds.
    pub processor: f64,
    /// Bytes.
    pub written: u64,
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// The number behind a name in a file of `/proc`.
fn field(text: &str, name: &str) -> anyhow::Result<u64> {
    let line =
        text.lines().find(|line| line.starts_with(name)).with_context(|| format!("no line `{name}`"))?;
    let value = line.split_whitespace().nth(1).with_context(|| format!("no value in `{line}`"))?;
    value.parse().with_context(|| format!("no number in `{line}`"))
}

impl Usage {
    /// Up to now.
    pub fn now() -> anyhow::Result<Self> {
        let (mut switches, mut processor) = (BTreeMap::new(), BTreeMap::new());
        for entry in std::fs::read_dir("/proc/self/task").context("list threads")? {
            let folder = entry?.path();
            let status = read(&folder.join("status"))?;
            let thread = field(&status, "Pid:")?;
            if thread == u64::from(std::process::id()) {
                continue;
            }
            switches.insert(thread, field(&status, "voluntary_ctxt_switches:")?);
            // Nanoseconds, where `stat` has hundredths of a second.
            let schedstat = read(&folder.join("schedstat"))?;
            let nanoseconds = schedstat.split_whitespace().next().context("an empty schedstat")?;
            processor.insert(thread, nanoseconds.parse().context("no number in schedstat")?);
        }
        Ok(Self { switches, processor, written: written()? })
    }

    /// Since an earlier moment.
    pub fn since(&self, before: &Self) -> Used {
        let grown = |now: &BTreeMap<u64, u64>, before: &BTreeMap<u64, u64>| -> u64 {
            now.iter().map(|(thread, now)| now - before.get(thread).unwrap_or(&0)).sum()
        };
        let ended = before.switches.keys().filter(|thread| !self.switches.contains_key(thread)).count();
        Used {
            switches: grown(&self.switches, &before.switches) + ended as u64,
            processor: grown(&self.processor, &before.processor) as f64 / 1e9,
            written: self.written - before.written,
        }
    }
}

/// Processor time of this process up to now in seconds, also of threads that have ended; the kernel counts it in hundredths.
pub fn processor() -> anyhow::Result<f64> {
    let stat = read(Path::new("/proc/self/stat"))?;
    // The name of the program, which may contain anything, ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks = |place: usize| -> anyhow::Result<f64> {
        let field = fields.split_whitespace().nth(place).context("stat is short")?;
        field.parse().with_context(|| format!("no number in stat: {field}"))
    };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// What this process has written to files up to now, in bytes, also where no disk has seen it yet.
pub fn written() -> anyhow::Result<u64> {
    field(&read(Path::new("/proc/self/io"))?, "wchar:")
}

/// The memory of this process that is in use, in bytes.
pub fn resident() -> anyhow::Result<u64> {
    Ok(field(&read(Path::new("/proc/self/status"))?, "VmRSS:")? * 1024)
}
