//! A file of the first version of this library.

use std::path::Path;
use std::time::SystemTime;

use cron_runtime::chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

const FIRST: &str = include_str!("../../cron-runtime/src/store/sqlite/migrations/0001_foundation.sql");

/// A file as version 1 has left it behind ten seconds ago: one run has succeeded and one is in progress.
pub(crate) fn write(database: &Path, witness: &Path) {
    let start =
        (DateTime::<Utc>::from(SystemTime::now()) - TimeDelta::seconds(10)).timestamp_millis() / 150 * 150;
    let plan = r#"{"name":"insistent","schedule":"every(150ms)","overlap":"skip","catch_up":{"rule":"latest","limit":100,
        "window":null,"grace":null},"retry":{"retries":5,"backoff":"exponential","delay":{"secs":0,"nanos":20000000},
        "max_delay":{"secs":3600,"nanos":0},"past_next":true},"timeout":null}"#;
    let connection = Connection::open(database).expect("it opens");
    let rows = format!(
        "PRAGMA journal_mode = WAL; BEGIN; {FIRST}
         PRAGMA application_id = 0x63726f6e; PRAGMA user_version = 1;
         INSERT INTO incarnations VALUES (1, 'one', 'a boot', {start}, {start} + 300);
         INSERT INTO jobs VALUES (1, 'insistent', '{plan}', 0, {start}, {start}, 1, NULL, NULL, NULL);
         INSERT INTO marks VALUES (1, {start} + 300, {start} + 450, 2, 1);
         INSERT INTO segments VALUES (1, {start}, 'every(150ms)');
         INSERT INTO runs VALUES
             (1, 1, {start} + 150, 0, 'tick', 'succeeded', 0, 1, 0, 1, NULL, NULL, NULL, {start} + 150, 5, NULL),
             (2, 1, {start} + 300, 0, 'tick', 'running', 0, 0, 0, 2, 1, {start} + 30300, NULL, {start} + 300, NULL, NULL);
         COMMIT;"
    );
    connection.execute_batch(&rows).expect("a file of version 1");
    let seen = format!("call insistent 1 {} 1 1\ncall insistent 2 {} 1 2\n", start + 150, start + 300);
    std::fs::write(witness, seen).expect("it is written");
}
