//! Files that earlier versions of this library have written themselves, in `tests/data/databases/`, each with what its version said
//! of it.

use std::fs;
use std::path::{Path, PathBuf};

use cron_runtime::core::policy::Priority;
use cron_runtime::store::Ledger;
use rusqlite::Connection;

use super::{everything, raw};
use crate::jobs::{at, job};
use crate::world::{Command, Desk, Process, SqliteBooks, assert_sound, plans};

/// The versions of which a file is kept.
const VERSIONS: [u32; 7] = [1, 2, 3, 4, 5, 6, 7];

/// The tables are those of this version since then.
const SAME_TABLES: u32 = 8;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/databases").join(name)
}

/// Books that an earlier version has left behind.
pub(super) fn kept(version: u32) -> SqliteBooks {
    let books = SqliteBooks::new();
    let bytes = fs::read(data(&format!("v{version}.db"))).expect("a file of that version");
    fs::write(books.path(), bytes).expect("writable");
    books
}

fn said(version: u32) -> String {
    fs::read_to_string(data(&format!("v{version}.txt"))).expect("what that version said")
}

/// The first line that differs, which a person can read.
#[track_caller]
fn assert_same(version: u32, told: &str) {
    let said = said(version);
    for (number, (said, told)) in said.lines().zip(told.lines()).enumerate() {
        assert_eq!(told, said, "version {version}, line {}", number + 1);
    }
    assert_eq!(told.lines().count(), said.lines().count(), "version {version}: lines");
}

#[test]
fn a_file_of_each_version_says_what_it_said() {
    for version in VERSIONS {
        let books = kept(version);
        let number: u32 =
            raw(&books.path()).pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number");
        assert_eq!(number, version, "the file that is kept");
        let store = books.store();
        assert_same(version, &everything::tell(&store));
        assert_sound(&store);
        drop(store);
        // And once more, without an upgrade.
        assert_same(version, &everything::tell(&books.store()));
    }
}

#[test]
fn a_file_of_each_version_goes_on() {
    for version in VERSIONS {
        let books = kept(version);
        let process = Process::join(Box::new(books.store()), 450);
        let program = match version {
            1 => everything::first_program(),
            _ => everything::program(),
        };
        let synced = process.store().sync(&program, at(450)).expect("syncs");
        assert_eq!(
            (&synced.new[..], &synced.edited[..]),
            (&[][..], &[][..]),
            "version {version}: all is known"
        );
        // The process that wrote the file is gone, and its attempts with it.
        assert!(!process.reaps(450).is_empty(), "version {version}");
        let before = process.info("tick").mark;
        let mut ended = 0;
        for second in (450..600).step_by(5) {
            for claimed in process.judge(second).claimed {
                process.succeed(claimed.claim, second + 1);
                ended += 1;
            }
        }
        assert!(ended > 30, "version {version}: {ended} runs");
        assert!(process.info("tick").mark > before);
        assert_sound(process.store());
        process.leaves(600);
        assert_sound(&books.store());
    }
}

/// Its dynamic jobs had the defaults of what they did not set, and go on with them, whatever their handler says.
#[test]
fn dynamic_jobs_of_an_earlier_version_keep_their_policies() {
    let books = kept(6);
    let before = books.store().job("remind-1").expect("readable").expect("a dynamic job").plan;
    let process = Process::join(Box::new(books.store()), 450);
    let mut program = everything::program();
    for plan in program.plans.iter_mut().filter(|plan| plan.name.as_str() == "handler") {
        plan.retry.retries = 20;
        plan.priority = Priority(90);
    }
    process.store().sync(&program, at(450)).expect("syncs");
    let plan = process.info("remind-1").plan;
    assert_eq!((plan.retry.retries, plan.priority, plan.inherited().count()), (0, Priority::DEFAULT, 0));
    assert_eq!(plan, before);
    // One that is scheduled now is another matter.
    let new = job("remind-9").on("handler").every("1m").with_own(&[]);
    process.does(Command::Upsert { plans: plans(&[new]) }, 451);
    assert_eq!(process.info("remind-9").plan.retry.retries, 20);
}

/// What a schema means: tables with their columns, indexes with theirs and their conditions, triggers.
fn schema(connection: &Connection) -> Vec<String> {
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    };
    let mut all = rows(
        "SELECT 'table ' || t.name || ' strict ' || t.strict || ' rowid ' || (1 - t.wr) || ' column ' || c.name || ' ' || c.type
                || ' not null ' || c.\"notnull\" || ' default ' || ifnull(c.dflt_value, '-') || ' key ' || c.pk
         FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'",
    );
    all.extend(rows(
        "SELECT 'foreign key of ' || t.name || ': ' || f.\"from\" || ' to ' || f.\"table\" || ' ' || ifnull(f.\"to\", '-')
         FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main'",
    ));
    all.extend(rows(
        "SELECT 'index ' || i.name || ' on ' || t.name || ' unique ' || i.\"unique\" || ' ' || c.seqno || ' ' || ifnull(c.name, '-')
         FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c WHERE t.schema = 'main'",
    ));
    // Conditions and triggers have no form but their text.
    let texts = rows("SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL");
    all.extend(texts.iter().map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" ")));
    all.sort();
    all
}

#[test]
fn a_file_of_each_version_gets_the_schema_of_a_new_one() {
    let new = SqliteBooks::new();
    drop(new.store());
    let wanted = schema(&raw(&new.path()));
    assert!(wanted.len() > 100, "{wanted:#?}");
    for version in VERSIONS {
        let books = kept(version);
        let has_its_own = schema(&raw(&books.path())) != wanted;
        assert_eq!(has_its_own, version < SAME_TABLES, "version {version} has a schema of its own");
        drop(books.store());
        assert_eq!(schema(&raw(&books.path())), wanted, "version {version}");
        let check: String =
            raw(&books.path()).query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a word");
        assert_eq!(check, "ok", "version {version}");
    }
}

/// Writes the file of this version, for those that come after it: see the README beside the files.
#[test]
#[ignore = "writes into the directory that KEEP_DATABASE_IN names"]
fn keep_a_file_of_this_version() {
    let directory =
        PathBuf::from(std::env::var_os("KEEP_DATABASE_IN").expect("KEEP_DATABASE_IN names a directory"));
    let books = SqliteBooks::new();
    everything::write(&books.path());
    let version: u32 =
        raw(&books.path()).pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number");
    fs::write(directory.join(format!("v{version}.txt")), everything::tell(&books.store())).expect("writable");
    // The last one to close the file has written the log back into it.
    assert!(!books.directory().join("jobs.db-wal").exists());
    fs::copy(books.path(), directory.join(format!("v{version}.db"))).expect("writable");
}
