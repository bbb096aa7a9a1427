//! The name under which a program knows `cron_runtime`, where its `Cargo.toml` gives it another one.

use std::fs;
use std::path::Path;

/// The package, with either separator.
const PACKAGE: [&str; 2] = ["cron-runtime", "cron_runtime"];

/// How a crate knows `cron_runtime`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dependency {
    /// Under its own name, or nothing can be told: then the compiler says that there is no such crate.
    ItsOwn,
    /// Under this one, as an identifier.
    Renamed(String),
    /// Not as a dependency of its own: no manifest names it.
    Absent,
}

/// What the manifest of the crate that is compiled says.
pub(super) fn dependency() -> Dependency {
    let read = |directory: &Path| fs::read_to_string(directory.join("Cargo.toml")).ok();
    let Some(directory) = std::env::var_os("CARGO_MANIFEST_DIR") else { return Dependency::ItsOwn };
    let directory = Path::new(&directory);
    let Some(manifest) = read(directory) else { return Dependency::ItsOwn };
    of_manifests(&manifest, directory.ancestors().skip(1).filter_map(read))
}

/// Of a manifest, and of those in the folders above it.
fn of_manifests(manifest: &str, above: impl Iterator<Item = String>) -> Dependency {
    let mut is_named = is_named(manifest);
    match alias(manifest) {
        Found::ItsOwn => return Dependency::ItsOwn,
        Found::Alias(name) => return Dependency::Renamed(name),
        Found::Nothing => {}
        // The workspace says what these are.
        Found::OfWorkspace(names) => {
            for root in above {
                if let Some(name) = names.iter().find(|name| is_alias_of_workspace(&root, name)) {
                    return Dependency::Renamed(identifier(name));
                }
                is_named |= self::is_named(&root);
            }
        }
    }
    // Where its name stands anywhere, this reader of manifests may have missed what cargo has not.
    if is_named { Dependency::ItsOwn } else { Dependency::Absent }
}

fn is_named(manifest: &str) -> bool {
    PACKAGE.iter().any(|package| manifest.contains(package))
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// It is there under its own name.
    ItsOwn,
    /// It is there under this one.
    Alias(String),
    /// It may be one of these, which a workspace declares.
    OfWorkspace(Vec<String>),
    Nothing,
}

/// A dependency as a manifest has it: its key, and the rest of what is said of it.
fn dependencies(manifest: &str) -> Vec<(String, String)> {
    let (mut all, mut table, mut single) = (Vec::new(), false, None::<String>);
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
            table = header.ends_with("dependencies");
            // `[dependencies.jobs]`: what follows is said of one.
            let of_one = header.rsplit_once('.').filter(|(table, _)| table.ends_with("dependencies"));
            single = of_one.map(|(_, key)| unquoted(key).to_owned());
            if let Some(key) = &single {
                all.push((key.clone(), String::new()));
            }
        } else if let Some((key, value)) = line.split_once('=') {
            if single.is_some() {
                if let Some((_, said)) = all.last_mut() {
                    said.push_str(&format!("{line},"));
                }
            } else if table {
                // `jobs.workspace = true` says the same as `jobs = { workspace = true }`.
                let (key, inner) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
                all.push((unquoted(key).to_owned(), format!("{inner}={value}")));
            }
        }
    }
    all
}

fn alias(manifest: &str) -> Found {
    let all = dependencies(manifest);
    if all.iter().any(|(key, said)| PACKAGE.contains(&key.as_str()) && package(said).is_none()) {
        return Found::ItsOwn;
    }
    if let Some((key, _)) = all.iter().find(|(_, said)| is_ours(said)) {
        return Found::Alias(identifier(key));
    }
    let of_workspace = |said: &str| said.replace(' ', "").contains("workspace=true");
    let names: Vec<_> = all.into_iter().filter(|(_, said)| of_workspace(said)).map(|(key, _)| key).collect();
    if names.is_empty() { Found::Nothing } else { Found::OfWorkspace(names) }
}

fn is_alias_of_workspace(root: &str, name: &str) -> bool {
    dependencies(root).iter().any(|(key, said)| key == name && is_ours(said))
}

fn is_ours(said: &str) -> bool {
    package(said).is_some_and(|package| PACKAGE.contains(&package))
}

/// What stands behind `package =`.
fn package(said: &str) -> Option<&str> {
    // A path or a name may contain the word too.
    said.match_indices("package").find_map(|(start, word)| {
        let behind = said.get(start + word.len()..)?.trim_start().strip_prefix('=')?;
        behind.trim_start().split(['"', '\'']).nth(1)
    })
}

fn unquoted(key: &str) -> &str {
    key.trim().trim_matches(['"', '\''])
}

fn identifier(key: &str) -> String {
    key.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Found {
        alias(text)
    }

    #[test]
    fn each_way_to_rename_a_dependency_is_known() {
        for text in [
            "[dependencies]\nmy-jobs = { package = \"cron-runtime\", version = \"1\" }",
            "[dev-dependencies]\nserde = \"1\"\nmy-jobs = { version = \"1\", package='cron_runtime' }",
            "[dependencies]\nmy-jobs = { path = \"../package\", package = \"cron-runtime\" }",
            "[dependencies.my-jobs]\nversion = \"1\"\npackage = \"cron-runtime\"\n",
            "[target.'cfg(unix)'.dependencies]\n\"my-jobs\" = { package = \"cron-runtime\" }",
        ] {
            assert_eq!(of(text), Found::Alias("my_jobs".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_dependency_of_its_own_name_is_left_alone() {
        for text in [
            "[dependencies]\ncron-runtime = \"1\"",
            "[dependencies.cron-runtime]\nversion = \"1\"",
            "[dependencies]\ncron-runtime.workspace = true",
        ] {
            assert_eq!(of(text), Found::ItsOwn, "{text}");
        }
        assert_eq!(of("[package]\nname = \"jobs\"\npackage = \"cron-runtime\""), Found::Nothing);
        assert_eq!(
            of("[dependencies]\nserde = \"1\"\n# jobs = { package = \"cron-runtime\" }"),
            Found::Nothing
        );
    }

    #[test]
    fn a_crate_that_has_it_from_another_one_is_told_apart() {
        let of = |manifest: &str, root: &str| of_manifests(manifest, std::iter::once(root.to_owned()));
        let root = "[workspace.dependencies]\njobs = { package = \"cron-runtime\", path = \"x\" }";
        assert_eq!(of("[dependencies]\nfacade = \"1\"", root), Dependency::Absent);
        assert_eq!(of("[dependencies]\nfacade.workspace = true", "[workspace]"), Dependency::Absent);
        // What is in the folder above may be of its workspace.
        assert_eq!(of("[dependencies]\nfacade.workspace = true", root), Dependency::ItsOwn);
        assert_eq!(of("[dependencies]\njobs.workspace = true", root), Dependency::Renamed("jobs".to_owned()));
        assert_eq!(of("[package]\nname = \"cron-runtime\"", ""), Dependency::ItsOwn);
    }

    #[test]
    fn the_workspace_is_asked_for_what_it_declares() {
        for text in ["[dependencies]\njobs.workspace = true", "[dependencies]\njobs = { workspace = true }"] {
            assert_eq!(of(text), Found::OfWorkspace(vec!["jobs".to_owned()]), "{text}");
        }
        let root =
            "[workspace.dependencies]\njobs = { package = \"cron-runtime\", path = \"x\" }\nserde = \"1\"";
        assert!(is_alias_of_workspace(root, "jobs") && !is_alias_of_workspace(root, "serde"));
    }
}
