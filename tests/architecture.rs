//! What ARCHITECTURE.md says always holds, as far as a program can see it in the text of the code.

use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below a folder, with its path from the root and its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).expect("it is read")));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// The lines of code: neither empty nor a comment, and not those of the unit tests at the end.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("\n#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..tests].lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"))
}

fn nobody_says(folder: &str, words: &[&str], but: &[&str]) {
    for (name, text) in files(folder) {
        if but.iter().any(|allowed| name.ends_with(allowed)) {
            continue;
        }
        for line in code(&text) {
            for word in words {
                assert!(!line.contains(word), "{name} says `{word}`: {line}");
            }
        }
    }
}

#[test]
fn the_core_is_pure() {
    let words = [
        "std::fs",
        "std::env::",
        "std::net",
        "std::thread",
        "tokio",
        "rusqlite",
        "inventory",
        "SystemTime",
        "Instant::now",
        "Mutex",
        "async ",
    ];
    nobody_says("cron-core/src", &words, &[]);
}

#[test]
fn only_the_clock_reads_time() {
    let words = ["Instant::now", "SystemTime::now", "Utc::now", "Local::now", "thread::sleep", "time::sleep"];
    nobody_says("cron-runtime/src", &words, &["clock.rs", "clock/simulated.rs"]);
    nobody_says("cron-inspect/src", &words, &[]);
}

#[test]
fn only_the_registration_names_inventory() {
    nobody_says("cron-runtime/src", &["inventory"], &["registration.rs"]);
    nobody_says("cron-macros/src", &["inventory"], &[]);
}

#[test]
fn one_file_opens_the_door_to_metrics() {
    nobody_says("cron-runtime/src", &["metrics::", "feature = \"metrics\""], &["measure.rs"]);
}

#[test]
fn one_file_opens_the_door_to_crash_points() {
    nobody_says("cron-runtime/src", &["feature = \"crash-points\""], &["crash_points.rs"]);
    for folder in ["cron-core/src", "cron-macros/src", "cron-inspect/src"] {
        nobody_says(folder, &["crash-points", "crash_points"], &[]);
    }
}

#[test]
fn stores_do_not_know_the_engine_and_the_engine_no_backend() {
    nobody_says("cron-runtime/src/store", &["engine"], &[]);
    nobody_says("cron-runtime/src/engine", &["sqlite", "Sqlite", "memory::", "MemoryStore", "rusqlite"], &[]);
}

#[test]
fn only_the_state_machine_chooses_a_state() {
    for state in ["RunState::Succeeded", "RunState::Failed", "RunState::Discarded", "RunState::Quarantined"] {
        // To match on a state is to read it; `state: RunState::...` and `= RunState::...;` would choose one.
        let chosen = [format!("state: {state}"), format!("= {state};")];
        let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
        nobody_says("cron-runtime/src", &chosen, &[]);
    }
}

#[test]
fn no_text_of_debug_reaches_a_record_or_a_person() {
    for folder in
        ["cron-runtime/src/store", "cron-runtime/src/extract", "cron-runtime/src/outcome", "cron-inspect/src"]
    {
        nobody_says(folder, &["{:?}", ":?}", ":#?}"], &[]);
    }
}

#[test]
fn files_are_small() {
    for folder in [
        "cron-core/src",
        "cron-macros/src",
        "cron-runtime/src",
        "cron-inspect/src",
        "examples",
        "fuzz/src",
        "tests",
    ] {
        for (name, text) in files(folder) {
            let lines = code(&text).count();
            assert!(lines <= MOST_LINES, "{name} has {lines} lines of code");
        }
    }
}

#[test]
fn what_the_docs_link_to_is_there() {
    let mut pages = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        pages.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    let mut links = 0;
    for page in pages {
        let path = root().join(&page);
        let text = std::fs::read_to_string(&path).expect("it is read");
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default().split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let found = path.parent().expect("a folder").join(target);
            assert!(found.exists(), "{page} links to {target}, which is not there");
            links += 1;
        }
    }
    assert!(links > 50, "only {links} links were found");
}
