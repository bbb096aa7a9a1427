//! What a program finds when it starts.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use crate::life::{Files, Life};
use crate::old;

/// What a program finds when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Nothing.
    Fresh,
    /// A file of the first version, with a run in progress of a process that is gone.
    Old,
    /// What a killed process has left behind.
    Lived,
    /// The same, with a mark that a wrong clock has put five hours ahead.
    Astray,
}

/// How many versions of the schema there are.
pub(crate) fn migrations() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cron-runtime/src/store/sqlite/migrations");
    let files = std::fs::read_dir(folder).expect("a folder");
    let names = files.map(|file| file.expect("an entry").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".sql")).count() as u64
}

/// The files, made once and copied for each death.
#[derive(Debug)]
pub(crate) struct Bases {
    fresh: Files,
    old: Files,
    lived: Files,
    astray: Files,
}

impl Bases {
    pub(crate) fn make() -> Self {
        let bases =
            Self { fresh: Files::new(), old: Files::new(), lived: Files::new(), astray: Files::new() };
        old::write(&bases.old.database(), &bases.old.witness());
        let mut life = Life::begin(&bases.lived, &[]);
        life.says("at work").expect("it works");
        // Killed.
        drop(life);
        copy(&bases.lived, &bases.astray).expect("it is copied");
        put_ahead(&bases.astray);
        bases
    }

    pub(crate) fn copy(&self, base: Base, to: &Files) -> Result<(), String> {
        let from = match base {
            Base::Fresh => &self.fresh,
            Base::Old => &self.old,
            Base::Lived => &self.lived,
            Base::Astray => &self.astray,
        };
        copy(from, to).map_err(|error| error.to_string())
    }
}

fn copy(from: &Files, to: &Files) -> std::io::Result<()> {
    let folder = |files: &Files| files.witness().parent().expect("a folder").to_owned();
    for entry in std::fs::read_dir(folder(from))? {
        let entry = entry?;
        std::fs::copy(entry.path(), folder(to).join(entry.file_name()))?;
    }
    move_locks(to)
}

/// A lock lies in one file and in none of its copies. What a copy says of the dead is that their locks lay in it: as if they had
/// died beside it.
fn move_locks(files: &Files) -> std::io::Result<()> {
    let mut signal = files.database().into_os_string();
    signal.push("-signal");
    let Ok(found) = std::fs::metadata(signal) else { return Ok(()) };
    let file = format!("{}:{}", found.dev(), found.ino());
    let write = || -> rusqlite::Result<()> {
        let connection = Connection::open(files.database())?;
        // What a killed process leaves behind is not tidied up.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.execute("UPDATE incarnations SET locked_in = ?1 WHERE locked_in IS NOT NULL", [file])?;
        Ok(())
    };
    write().map_err(std::io::Error::other)
}

/// Puts the mark of `plain` five hours ahead, with the verdicts that it claims.
fn put_ahead(files: &Files) {
    let connection = Connection::open(files.database()).expect("it opens");
    let sql = "SELECT jobs.id, mark_ms FROM marks JOIN jobs ON jobs.id = job_id WHERE name = 'plain'";
    let (job, mark): (i64, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("it is there");
    let ticks = 5 * 36_000;
    let first = mark / 100 * 100 + 100;
    let last = first + 100 * (ticks - 1);
    connection
        .execute(
            "INSERT INTO skips VALUES (?1, ?2, ?3, ?4, 'missed', NULL, NULL)",
            params![job, first, last, ticks],
        )
        .and_then(|_| {
            let sql = "UPDATE marks SET mark_ms = ?2, due_ms = ?2 + 100 WHERE job_id = ?1";
            connection.execute(sql, params![job, last])
        })
        .expect("it is written");
}
