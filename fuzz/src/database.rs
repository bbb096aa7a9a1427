//! Database files that no version of this library has written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cron_runtime::store::sqlite::SqliteStore;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::scheduler;

/// Jobs of all kinds, runs in all states, and the rest; written by version 2.
const OLD: &[u8] = include_bytes!("../../tests/data/databases/v2.db");

/// A column, and the statement that changes it in one row.
struct Column {
    read: String,
    write: String,
    rows: i64,
}

/// What every input begins with.
struct Template {
    directory: TempDir,
    bytes: Vec<u8>,
    columns: Vec<Column>,
}

impl Template {
    fn get() -> &'static Self {
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        TEMPLATE.get_or_init(Self::make)
    }

    fn make() -> Self {
        let directory = TempDir::new().expect("a directory");
        let path = directory.path().join("template.db");
        fs::write(&path, OLD).expect("writable");
        drop(SqliteStore::open(&path).expect("a file of our own"));
        let bytes = fs::read(&path).expect("readable");
        let columns = columns(&Connection::open(&path).expect("a database"));
        assert!(columns.len() > 50);
        Self { directory, bytes, columns }
    }

    /// A file with this content, and nothing of the input before beside it.
    fn file(&self, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join("jobs.db");
        for beside in ["-wal", "-shm", "-journal", "-signal"] {
            let _ = fs::remove_file(self.directory.path().join(format!("jobs.db{beside}")));
        }
        fs::write(&path, content).expect("writable");
        path
    }
}

fn columns(connection: &Connection) -> Vec<Column> {
    let text = |sql: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).expect("a query");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("texts")
    };
    let tables = "FROM pragma_table_list t, pragma_table_info(t.name) c \
                  WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let keys = text(&format!(
        "SELECT t.name, group_concat(c.name) {tables} AND c.pk > 0 GROUP BY t.name ORDER BY t.name"
    ));
    let mut all = Vec::new();
    for (table, column) in text(&format!("SELECT t.name, c.name {tables} ORDER BY t.name, c.cid")) {
        let key = keys.iter().find(|(of, _)| *of == table).map_or("rowid", |(_, key)| key.as_str());
        let rows = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
        let one = format!("({key}) IN (SELECT {key} FROM {table} LIMIT 1 OFFSET ?1)");
        all.push(Column {
            read: format!("SELECT {column} FROM {table} WHERE {one}"),
            write: format!("UPDATE OR REPLACE {table} SET {column} = ?2 WHERE {one}"),
            rows: rows.expect("a count"),
        });
    }
    all
}

/// Values in the columns of some rows.
pub fn rows(bytes: &[u8]) {
    let template = Template::get();
    let path = template.file(&template.bytes);
    // What the schema refuses stays as it was.
    let _ = damage(template, &path, &mut Unstructured::new(bytes));
    scheduler::works_on(&path);
}

fn damage(template: &Template, path: &Path, input: &mut Unstructured<'_>) -> Result<()> {
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON;")
        .expect("settings");
    for _ in 0..input.int_in_range(1..=3)? {
        let column = input.choose(&template.columns)?;
        let row = input.int_in_range(0..=(column.rows - 1).max(0))?;
        let was = connection.query_row(&column.read, [row], |row| row.get(0)).unwrap_or(Value::Null);
        let value = value(was, input)?;
        let _ = connection.execute(&column.write, rusqlite::params![row, value]);
    }
    Ok(())
}

/// Another value: of any type, near to what was there, or at an end of its range.
fn value(was: Value, input: &mut Unstructured<'_>) -> Result<Value> {
    const ENDS: [i64; 8] =
        [0, -1, 1, i64::MIN, i64::MAX, u32::MAX as i64 + 1, 8_210_266_876_799_999, -8_334_601_228_800_001];
    Ok(match input.int_in_range(0..=6)? {
        0 => Value::Null,
        1 => Value::Integer(*input.choose(&ENDS)?),
        2 => Value::Integer(input.arbitrary()?),
        3 => Value::Real(input.arbitrary()?),
        4 => Value::Text(input.arbitrary()?),
        5 => Value::Blob(input.arbitrary()?),
        _ => match was {
            Value::Text(text) => Value::Text(splice(&text, input)?),
            Value::Integer(number) => {
                Value::Integer(number.wrapping_add(i64::from(input.arbitrary::<i32>()?)))
            }
            other => other,
        },
    })
}

/// A text of which a part is another one.
fn splice(text: &str, input: &mut Unstructured<'_>) -> Result<String> {
    let start = input.int_in_range(0..=text.len())?;
    let end = start + input.int_in_range(0..=(text.len() - start).min(40))?;
    let (start, end) = (text.floor_char_boundary(start), text.floor_char_boundary(end));
    let with: &str = input.arbitrary()?;
    Ok(format!("{}{with}{}", &text[..start], &text[end.max(start)..]))
}

/// Bytes of the file itself, and its length.
pub fn file(bytes: &[u8]) {
    let template = Template::get();
    let mut content = template.bytes.clone();
    let mut input = Unstructured::new(bytes);
    let _ = flip(&mut content, &mut input);
    scheduler::works_on(&template.file(&content));
}

fn flip(content: &mut Vec<u8>, input: &mut Unstructured<'_>) -> Result<()> {
    if input.ratio(1, 16)? {
        let length = input.int_in_range(0..=content.len())?;
        content.truncate(length);
    }
    while !input.is_empty() && !content.is_empty() {
        let at = input.int_in_range(0..=content.len() - 1)?;
        let with: [u8; 2] = input.arbitrary()?;
        content[at] = with[0];
        if with[1] & 1 == 1 && at + 1 < content.len() {
            content[at + 1] = with[1];
        }
    }
    Ok(())
}
