//! What `#[job]` says to a user who made a mistake, and what it accepts.
//!
//! `ui/pass/` is compiled into this test, so that clippy sees it too. Each file in the other folders is compiled by
//! itself and must fail with exactly the text beside it; `TRYBUILD=overwrite cargo test -p cron-tests --test ui`
//! writes those texts anew, for a person to read.

#[path = "ui/pass/attributes.rs"]
mod attributes;
#[path = "ui/pass/options.rs"]
mod options;
#[path = "ui/pass/outcomes.rs"]
mod outcomes;
#[path = "ui/pass/places.rs"]
mod places;
#[path = "ui/pass/renamed.rs"]
mod renamed;
#[path = "ui/pass/strict.rs"]
mod strict;

use std::process::Command;

/// The compiler whose words are in `ui/types/`.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn mistakes_are_explained() {
    // One instance and no passing case: then all files are compiled by a single call of cargo.
    let cases = trybuild::TestCases::new();
    for theme in ["schedule", "zone", "options", "policies", "function"] {
        cases.compile_fail(format!("ui/{theme}/*.rs"));
    }
    // The compiler finds wrong types by itself and says so in words that change from release to release.
    if compiler_version().starts_with(COMPILER) {
        cases.compile_fail("ui/types/*.rs");
    } else {
        eprintln!(
            "ui/types is left out: it expects the words of {COMPILER}x, this is {}",
            compiler_version()
        );
    }
}

fn compiler_version() -> String {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output().expect("cargo has just used it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
