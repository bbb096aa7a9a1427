//! Between rows and types: the door where words of the file become enums.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::{JobName, Plan};
use cron_core::run::{Progress, RunState, Stage, StateWord};
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{ErrorCode, Row};

use super::super::types::Given;
use super::super::{PauseInfo, StoreError};

/// An error of the library that this program can do nothing about.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::TooBig) {
        return StoreError::Refused { what: error.to_string() };
    }
    StoreError::Backend(Box::new(error))
}

pub(super) fn to_ms(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

pub(super) fn from_ms(column: &str, ms: i64) -> Result<DateTime<Utc>, StoreError> {
    let outside = || corrupt(column, format_args!("the instant {ms} is outside the calendar"));
    DateTime::from_timestamp_millis(ms).ok_or_else(outside)
}

pub(super) fn to_us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn from_us(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}

/// Identities and counters are never negative and fit: SQLite counts rows in 63 bits.
pub(super) fn to_int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn from_int(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| {
        corrupt("id, job_id, run_id or epoch", format_args!("the number {number} is below zero"))
    })
}

fn corrupt(column: &str, wrong: impl Display) -> StoreError {
    StoreError::Corrupt { what: format!("column {column}: {wrong}") }
}

/// The columns that tell rows apart.
const KEYS: [&str; 6] = ["id", "name", "job_id", "run_id", "first_ms", "seq"];

/// Reads the columns of a row in the order of its query, which is cheaper than by name. The names are for errors.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    fn place(&mut self) -> usize {
        let place = self.next;
        self.next += 1;
        place
    }

    /// An error that names the column, and the row by what the query has read of its key.
    fn corrupt(&self, column: &str, wrong: impl Display) -> StoreError {
        let mut names: Vec<&str> = Vec::new();
        // A vector in some versions of the library, an iterator in others.
        names.extend(self.row.as_ref().column_names());
        let value = |key: &&str| {
            let place = names.iter().position(|name| name == key)?;
            let value = match self.row.get_ref(place).ok()? {
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Text(text) => format!("`{}`", String::from_utf8_lossy(text)),
                ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => return None,
            };
            Some(format!("{key} {value}"))
        };
        let keys: Vec<_> = KEYS.iter().filter_map(value).collect();
        if keys.is_empty() {
            return corrupt(column, wrong);
        }
        corrupt(column, format_args!("{wrong} (in the row with {})", keys.join(", ")))
    }

    pub(super) fn get<T: FromSql>(&mut self, column: &str) -> Result<T, StoreError> {
        let place = self.place();
        self.row.get(place).map_err(|error| self.corrupt(column, error))
    }

    /// A text, also one that is damaged so far that it is no UTF-8.
    pub(super) fn text(&mut self, column: &str) -> Result<String, StoreError> {
        let place = self.place();
        let bytes = self.row.get_ref(place).and_then(|value| Ok(value.as_bytes()?));
        let bytes = bytes.map_err(|error| self.corrupt(column, error))?;
        Ok(str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned))
    }

    pub(super) fn u64(&mut self, column: &str) -> Result<u64, StoreError> {
        let number: i64 = self.get(column)?;
        u64::try_from(number).map_err(|_| self.below_zero(column, number))
    }

    pub(super) fn u64_or_null(&mut self, column: &str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = self.get(column)?;
        number.map(|number| u64::try_from(number).map_err(|_| self.below_zero(column, number))).transpose()
    }

    fn below_zero(&self, column: &str, number: i64) -> StoreError {
        self.corrupt(column, format_args!("the number {number} is below zero"))
    }

    pub(super) fn u32(&mut self, column: &str) -> Result<u32, StoreError> {
        let number: i64 = self.get(column)?;
        u32::try_from(number).map_err(|_| self.corrupt(column, format_args!("{number} is no count")))
    }

    pub(super) fn instant(&mut self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        let ms = self.get(column)?;
        self.instant_of(column, ms)
    }

    pub(super) fn instant_or_null(&mut self, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get::<Option<i64>>(column)?.map(|ms| self.instant_of(column, ms)).transpose()
    }

    fn instant_of(&self, column: &str, ms: i64) -> Result<DateTime<Utc>, StoreError> {
        let outside = || self.corrupt(column, format_args!("the instant {ms} is outside the calendar"));
        DateTime::from_timestamp_millis(ms).ok_or_else(outside)
    }

    /// A word of the semantics; an unknown one is an error that names the column.
    pub(super) fn word<T>(&mut self, column: &str) -> Result<T, StoreError>
    where
        T: FromStr<Err = cron_core::UnknownWord>,
    {
        let place = self.place();
        let text = self.row.get_ref(place).and_then(|value| Ok(value.as_str()?));
        let text = text.map_err(|error| self.corrupt(column, error))?;
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    /// Where a run stands: [`PROGRESS`].
    pub(super) fn progress(&mut self) -> Result<Progress, StoreError> {
        let word = self.word::<StateWord>("state")?;
        let overdue = self.get::<i64>("overdue")? != 0;
        let completed: bool = self.get("completed_ms")?;
        let wake = self.instant_or_null("wake_ms")?;
        let missing = || self.corrupt("wake_ms", "a run that is waiting has no instant to wake");
        let state = match word {
            StateWord::Scheduled => RunState::Scheduled { wake },
            StateWord::Running => RunState::Running { stage: stage(overdue, completed)? },
            StateWord::Waiting => RunState::Waiting { wake: wake.ok_or_else(missing)? },
            StateWord::Succeeded => RunState::Succeeded,
            StateWord::Failed => RunState::Failed,
            StateWord::Discarded => RunState::Discarded,
            StateWord::Cancelled => RunState::Cancelled,
            StateWord::Quarantined => RunState::Quarantined,
        };
        Ok(Progress { state, attempts_used: self.u32("attempts_used")?, crashes: self.u32("crashes")? })
    }

    /// Since when, by whom and why something is paused; three columns.
    pub(super) fn pause(&mut self) -> Result<Option<PauseInfo>, StoreError> {
        let at = self.instant_or_null("paused_ms")?;
        let by: Option<String> = self.get("paused_by")?;
        let note: Option<String> = self.get("paused_note")?;
        Ok(at.map(|at| PauseInfo { at, by: by.unwrap_or_default(), note: note.unwrap_or_default() }))
    }
}

fn stage(overdue: bool, completed: bool) -> Result<Stage, StoreError> {
    match (overdue, completed) {
        (false, false) => Ok(Stage::InTime),
        (true, false) => Ok(Stage::Overdue),
        (false, true) => Ok(Stage::Completed),
        (true, true) => Err(corrupt("completed_ms", "an attempt that is overdue cannot be completed")),
    }
}

/// The columns of [`Columns::progress`].
pub(super) const PROGRESS: &str = "state, overdue, completed_ms IS NOT NULL, wake_ms, attempts_used, crashes";

/// Runs that hold a slot of their job, in the words of the index.
pub(super) const ACTIVE: &str = "(wake_ms IS NOT NULL OR lease_ms IS NOT NULL)";

/// Runs that wait for the slot of their job, in the words of the index.
pub(super) const PARKED: &str = "lease_ms IS NULL AND wake_ms IS NULL AND state = 'scheduled'";

/// Dead letters, in the words of the index: their states are the words between `d` and `r`.
pub(super) const DEAD: &str = "state < 'r' AND state > 'd' AND dismissed_ms IS NULL";

/// The columns of a state: `overdue` and `wake_ms`. What is completed was written by a transaction of the user's, and stays.
pub(super) fn state_columns(state: &RunState) -> (bool, Option<i64>) {
    let overdue = matches!(state, RunState::Running { stage: Stage::Overdue });
    (overdue, state.wake().map(to_ms))
}

pub(super) fn read_name(name: &str) -> Result<JobName, StoreError> {
    name.parse().map_err(|error| corrupt("name", error))
}

pub(super) fn read_plan(name: &str, json: &str) -> Result<Plan, StoreError> {
    serde_json::from_str(json).map_err(|error| unreadable_plan(name, json, &error))
}

/// A declaration that names a job is whole: whoever wrote it has words that this program does not know. Anything else is damaged.
fn unreadable_plan(name: &str, json: &str, error: &serde_json::Error) -> StoreError {
    let plan: Option<serde_json::Value> = serde_json::from_str(json).ok();
    match plan.is_some_and(|plan| plan.get("name").is_some_and(serde_json::Value::is_string)) {
        true => StoreError::UnknownWords {
            what: format!("the plan of job `{name}` is in words that this program does not know: {error}"),
        },
        false => StoreError::Corrupt { what: format!("the plan of job `{name}`: {error}") },
    }
}

/// A plan with what it has from that of its handler.
pub(super) fn read_plan_on(name: &str, json: &str, handler: Option<&str>) -> Result<Plan, StoreError> {
    let mut plan = read_plan(name, json)?;
    if plan.own.is_some() {
        let handler = handler.map(|handler| read_plan(plan.handler().as_str(), handler)).transpose()?;
        plan.inherit(handler.as_ref());
    }
    Ok(plan)
}

/// The arguments of a run as its row has them.
pub(super) fn given(args: Option<String>) -> Given {
    match args {
        None => Given::OfJob,
        Some(none) if none.is_empty() => Given::Own(None),
        Some(args) => Given::Own(Some(args.into())),
    }
}

/// The arguments in the text of a plan, also where that is in words that this program does not know. `None` where it is damaged.
pub(super) fn args_in(plan: &str) -> Option<Option<String>> {
    let plan: serde_json::Value = serde_json::from_str(plan).ok()?;
    Some(plan.get("args").and_then(serde_json::Value::as_str).map(str::to_owned))
}

pub(super) fn write_plan(plan: &Plan) -> Result<String, StoreError> {
    serde_json::to_string(plan).map_err(|error| StoreError::Backend(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_the_file_is_refused_and_not_a_failure_of_the_file() {
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        let far_too_long = "SELECT zeroblob(1100000000)";
        let error = connection.query_row(far_too_long, [], |_| Ok(())).expect_err("it has a limit");
        assert!(matches!(failed(error), StoreError::Refused { .. }));
        let missing = connection.query_row("SELECT 1 FROM nothing", [], |_| Ok(())).expect_err("no table");
        assert!(matches!(failed(missing), StoreError::Backend(_)));
    }

    #[test]
    fn the_words_of_dead_letters_are_those_that_the_index_has() {
        assert!(DEAD.starts_with("state < 'r' AND state > 'd'"));
        for word in StateWord::ALL {
            let text = word.as_str();
            assert_eq!(word.is_dead(), text < "r" && text > "d", "{text}");
        }
    }
}
