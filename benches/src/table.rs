//! The one table, and the file with everything that was measured.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::figure::{Beside, Figure, Goal, Line};

/// What one scenario has measured.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The name by which it is asked for.
    pub scenario: &'static str,
    /// How long it took.
    pub took_seconds: f64,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

const HEAD: [&str; 6] = ["measure", "ours", "peer or limit", "ratio", "goal", "holds"];

/// Prints the table: for people, and as Markdown for the page about performance.
pub fn print(sections: &[Section]) {
    let rows: Vec<[String; 6]> = sections.iter().flat_map(|section| &section.lines).map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let print = |cells: [&str; 6]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!(" {cell:<width$} "));
        println!("|{}|", cells.collect::<Vec<_>>().join("|"));
    };
    print(HEAD);
    let rules = widths.map(|width| "-".repeat(width));
    print(rules.each_ref().map(String::as_str));
    for row in &rows {
        print(row.each_ref().map(String::as_str));
    }
    println!("\nratio: how many times better ours is; below 1 it is worse");
}

fn row(line: &Line) -> [String; 6] {
    let beside = match &line.beside {
        Beside::Nothing => String::new(),
        Beside::Other { who, figure } => format!("{} {who}", figure.text()),
        Beside::Cannot(what) => what.clone(),
    };
    let goal = match line.goal {
        None => String::new(),
        Some(Goal::AtMost(most)) => format!("at most {}", Figure { value: most, ..line.ours }.text()),
        Some(Goal::TimesAsGood(times)) => format!("at least {times}"),
    };
    let holds = match line.holds() {
        None => "",
        Some(true) => "yes",
        Some(false) => "NO",
    };
    let ratio = line.ratio().map_or_else(String::new, ratio_text);
    [line.measure.clone(), line.ours.text(), beside, ratio, goal, holds.to_owned()]
}

fn ratio_text(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}") } else { format!("{ratio:.2}") }
}

/// What the figures were measured on and with.
#[derive(Debug, Serialize)]
struct Machine {
    processors: usize,
    model: String,
    kernel: String,
    memory_kib: String,
}

impl Machine {
    fn read() -> Self {
        let first = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        Self {
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            model: first("/proc/cpuinfo", "model name"),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            memory_kib: first("/proc/meminfo", "MemTotal"),
        }
    }
}

/// Writes everything that was measured.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, sections: &[Section]) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Results<'a> {
        machine: Machine,
        at: String,
        sections: &'a [Section],
    }
    let results = Results { machine: Machine::read(), at: chrono::Utc::now().to_rfc3339(), sections };
    std::fs::write(path, serde_json::to_vec_pretty(&results)?)
        .with_context(|| format!("write {}", path.display()))
}
