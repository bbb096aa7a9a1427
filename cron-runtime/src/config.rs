//! Where the database is: one rule for applications and for the inspect binary.

use std::fmt;
use std::path::PathBuf;

/// The environment variable that names the database.
pub const DATABASE_VARIABLE: &str = "CRON_DATABASE_URL";

/// The database where nothing else is said: a file in the working directory.
pub const DEFAULT_DATABASE: &str = "cron.db";

/// A place to keep jobs, verdicts and runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// In memory, gone with the process: for tests.
    Memory,
}

/// A text that names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Nothing was given.
    #[error(
        "the name of the database is empty; give a file such as `jobs.db`, `sqlite:jobs.db`, or `memory:`"
    )]
    Empty,
    /// The environment variable is not UTF-8.
    #[error("the environment variable CRON_DATABASE_URL is not UTF-8")]
    NotUnicode,
    /// Options behind the path of a URL.
    #[error("`sqlite:` takes a path and no options such as `{query}`; write `sqlite:{path}`")]
    Options {
        /// The path.
        path: String,
        /// What stands behind it.
        query: String,
    },
    /// A scheme that this version does not know.
    #[error("`{scheme}` databases are not known here (allowed: a file path, `sqlite:PATH`, `memory:`)")]
    UnknownScheme {
        /// The scheme. The rest of the text is left out, for it may hold a password.
        scheme: String,
    },
}

impl Database {
    /// Reads a path, `sqlite:PATH`, `sqlite://PATH` or `memory:`. Blanks and line breaks around it are no part of it.
    ///
    /// # Errors
    ///
    /// A [`DatabaseError`] for an empty text and for other schemes.
    ///
    /// ```
    /// use cron_runtime::config::Database;
    /// assert_eq!(Database::parse("sqlite:jobs.db"), Database::parse("jobs.db"));
    /// assert!(Database::parse("mysql://host/db").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, DatabaseError> {
        // What comes out of a file often has a line break behind it, which would make a stray file of another name.
        let text = text.trim();
        if text.is_empty() {
            return Err(DatabaseError::Empty);
        }
        // SQLite's own name for it; as a path it would be a stray file.
        let text = text.strip_prefix("sqlite:").filter(|rest| *rest == ":memory:").unwrap_or(text);
        if text == ":memory:" {
            return Ok(Self::Memory);
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::Sqlite(PathBuf::from(text)));
        };
        match scheme {
            "memory" if rest.is_empty() => Ok(Self::Memory),
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err(DatabaseError::Empty);
                }
                if let Some((path, query)) = path.split_once(['?', '#']) {
                    // Other libraries have options here; as a path it would be a stray file.
                    let (path, query) = (path.to_owned(), query.to_owned());
                    return Err(DatabaseError::Options { path, query });
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            _ => Err(DatabaseError::UnknownScheme { scheme: scheme.to_owned() }),
        }
    }

    /// The database that was named, or else the one of `CRON_DATABASE_URL`, or else `cron.db` in the working directory.
    ///
    /// # Errors
    ///
    /// A [`DatabaseError`] if the name that counts names no database.
    pub fn resolve(named: Option<&str>) -> Result<Self, DatabaseError> {
        match named {
            Some(text) => Self::parse(text),
            None => match std::env::var(DATABASE_VARIABLE) {
                Ok(text) if !text.is_empty() => Self::parse(&text),
                Ok(_) | Err(std::env::VarError::NotPresent) => Self::parse(DEFAULT_DATABASE),
                Err(std::env::VarError::NotUnicode(_)) => Err(DatabaseError::NotUnicode),
            },
        }
    }
}

/// One letter is a drive, not a scheme.
fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'))
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_are_told_apart() {
        let sqlite = |path: &str| Ok(Database::Sqlite(PathBuf::from(path)));
        for (text, want) in [
            ("jobs.db", sqlite("jobs.db")),
            ("/var/lib/jobs.db", sqlite("/var/lib/jobs.db")),
            ("C:\\jobs.db", sqlite("C:\\jobs.db")),
            ("sqlite:jobs.db", sqlite("jobs.db")),
            (" jobs.db\r\n", sqlite("jobs.db")),
            ("\tsqlite:my jobs.db\n", sqlite("my jobs.db")),
            (" memory:\n", Ok(Database::Memory)),
            (" \n", Err(DatabaseError::Empty)),
            ("sqlite:///var/lib/jobs.db", sqlite("/var/lib/jobs.db")),
            ("memory:", Ok(Database::Memory)),
            (":memory:", Ok(Database::Memory)),
            ("sqlite::memory:", Ok(Database::Memory)),
            ("", Err(DatabaseError::Empty)),
            ("sqlite:", Err(DatabaseError::Empty)),
        ] {
            assert_eq!(Database::parse(text), want, "{text}");
        }
    }

    #[test]
    fn options_of_other_libraries_are_refused() {
        let error = Database::parse("sqlite://jobs.db?mode=rwc").expect_err("no options").to_string();
        assert!(error.contains("`mode=rwc`") && error.ends_with("write `sqlite:jobs.db`"), "{error}");
    }

    #[test]
    fn an_unknown_scheme_is_refused_without_its_password() {
        let error = Database::parse("mysql://root:secret@host/db").expect_err("no such store");
        assert!(error.to_string().contains("mysql") && !error.to_string().contains("secret"), "{error}");
    }
}
