//! What `#[job]` costs while compiling: a thousand functions in one crate with the attribute, and without; and, as a limit, with the least that
//! registers a function at link time, written by hand.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::figure::{Figure, Goal, Line};
use crate::place::{folder, median};

const FUNCTIONS: usize = 1_000;

/// How often each crate is compiled.
const TURNS: usize = 3;

/// All of it.
pub fn measure() -> anyhow::Result<Vec<Line>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let runtime = root.join("cron-runtime").canonicalize().context("find cron-runtime")?;
    let place = folder()?.join("compile");
    write(&place, &runtime, &root)?;
    // What both depend on, and once for itself.
    build(&place, "with-jobs")?;
    build(&place, "without-jobs")?;
    build(&place, "by-hand")?;
    let (mut with, mut without, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        with.push(build(&place, "with-jobs")?);
        without.push(build(&place, "without-jobs")?);
        by_hand.push(build(&place, "by-hand")?);
    }
    let raw = json!({ "with": with, "without": without, "by hand": by_hand, "functions": FUNCTIONS });
    let without = median(without);
    let [each, least] =
        [with, by_hand].map(|took| Figure::seconds((median(took) - without) / FUNCTIONS as f64));
    let line = || Line::new("compile time of each #[job], debug build of a crate with 1,000", each);
    Ok(vec![
        line().goal(Goal::AtMost(0.002)).raw(raw)?,
        line().beside("inventory::submit! and Box::pin alone", least),
    ])
}

/// The least: the name of a function and what calls it.
const BY_HAND: &str = "
pub struct Entry(pub &'static str, pub fn() -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>);
inventory::collect!(Entry);
";

/// A workspace with these crates.
fn write(place: &Path, runtime: &Path, root: &Path) -> anyhow::Result<()> {
    let dependency = format!("cron-runtime = {{ path = {runtime:?}, default-features = false }}");
    std::fs::create_dir_all(place)?;
    std::fs::write(
        place.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"with-jobs\", \"without-jobs\", \"by-hand\"]\n",
    )?;
    // The versions that are known here, so that nothing is fetched.
    std::fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock")).context("copy the lockfile")?;
    for (name, attribute, head) in [
        ("with-jobs", "#[job(cron = \"*/5 * * * *\")]\n", ""),
        ("without-jobs", "", ""),
        ("by-hand", "", BY_HAND),
    ] {
        let mut text = format!("#![allow(unused_imports)]\nuse cron_runtime::prelude::*;\n{head}");
        for number in 0..FUNCTIONS {
            write!(
                text,
                "\n{attribute}pub async fn job_{number:04}() {{\n    println!(\"{number}\");\n}}\n"
            )?;
            if !head.is_empty() {
                writeln!(
                    text,
                    "inventory::submit! {{ Entry(\"job_{number:04}\", || Box::pin(job_{number:04}())) }}"
                )?;
            }
        }
        let folder = place.join(name);
        std::fs::create_dir_all(folder.join("src"))?;
        std::fs::write(folder.join("src/lib.rs"), text)?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n{dependency}\ninventory = \"0.3\"\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest)?;
    }
    Ok(())
}

/// Compiles one crate anew; gives the seconds.
fn build(place: &Path, name: &str) -> anyhow::Result<f64> {
    // What is newer than its build is compiled again.
    let file = std::fs::File::options().append(true).open(place.join(name).join("src/lib.rs"))?;
    file.set_modified(std::time::SystemTime::now()).context("touch a file")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(place).args(["build", "--quiet", "--offline", "-p", name]);
    cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", place.join("target"));
    let clock = Instant::now();
    let status = cargo.status().context("start cargo")?;
    let took = clock.elapsed().as_secs_f64();
    ensure!(status.success(), "the crate {name} does not compile: {status}");
    Ok(took)
}
