//! What the running program is called, and which build of it runs.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use cron_core::text::fit;

/// At most so many bytes of it are kept.
const MOST: usize = 200;

/// The name of the program's file.
pub(crate) fn file_name() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// How the attempts of this process name its program: with the version that it says it is, or else with the date of its file, which tells one
/// build from another.
pub(crate) fn name(version: Option<&str>) -> String {
    let file = file_name();
    let date = || std::env::current_exe().ok().as_deref().and_then(date_of);
    let name = match version {
        Some(version) => format!("{file} {version}"),
        None => date().map_or(file.clone(), |date| format!("{file} of {date}")),
    };
    fit(name.trim().to_owned(), MOST)
}

fn date_of(path: &Path) -> Option<String> {
    let written = std::fs::metadata(path).and_then(|found| found.modified()).ok()?;
    Some(DateTime::<Utc>::from(written).to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_known_by_its_version_or_by_the_date_of_its_file() {
        let file = file_name();
        assert_eq!(name(Some("1.4.2")), format!("{file} 1.4.2"));
        let dated = name(None);
        let date = dated.strip_prefix(&format!("{file} of ")).expect("the name of the file, and a date");
        assert!(DateTime::parse_from_rfc3339(date).is_ok(), "{dated}");
        assert!(name(Some(&"x".repeat(1_000))).len() < 300);
    }
}
