//! Between rows and types: the door where words of the file become enums.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cron_core::job::Plan;
use cron_core::run::{Progress, RunState, StateWord};
use rusqlite::Row;
use rusqlite::types::FromSql;

use super::super::StoreError;

/// An error of the library that this program can do nothing about.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}

pub(super) fn to_ms(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

pub(super) fn from_ms(ms: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(ms)
        .ok_or_else(|| StoreError::Corrupt { what: format!("the instant {ms} is outside the calendar") })
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
    u64::try_from(number)
        .map_err(|_| StoreError::Corrupt { what: format!("the number {number} is below zero") })
}

/// Reads a column by its name.
pub(super) fn get<T: FromSql>(row: &Row<'_>, column: &str) -> Result<T, StoreError> {
    row.get(column).map_err(|error| corrupt(column, error))
}

fn corrupt(column: &str, wrong: impl Display) -> StoreError {
    StoreError::Corrupt { what: format!("column {column}: {wrong}") }
}

pub(super) fn get_u64(row: &Row<'_>, column: &str) -> Result<u64, StoreError> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|_| corrupt(column, format_args!("the number {number} is below zero")))
}

pub(super) fn get_u32(row: &Row<'_>, column: &str) -> Result<u32, StoreError> {
    let number: i64 = get(row, column)?;
    u32::try_from(number).map_err(|_| corrupt(column, format_args!("{number} is no count")))
}

pub(super) fn get_instant(row: &Row<'_>, column: &str) -> Result<DateTime<Utc>, StoreError> {
    instant(column, get(row, column)?)
}

pub(super) fn get_instant_or_null(row: &Row<'_>, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    get::<Option<i64>>(row, column)?.map(|ms| instant(column, ms)).transpose()
}

fn instant(column: &str, ms: i64) -> Result<DateTime<Utc>, StoreError> {
    let outside = || corrupt(column, format_args!("the instant {ms} is outside the calendar"));
    DateTime::from_timestamp_millis(ms).ok_or_else(outside)
}

/// Reads a word of the semantics; an unknown one is an error that names the column.
pub(super) fn get_word<T>(row: &Row<'_>, column: &str) -> Result<T, StoreError>
where
    T: FromStr<Err = cron_core::UnknownWord>,
{
    let text =
        row.get_ref(column).and_then(|value| Ok(value.as_str()?)).map_err(|error| corrupt(column, error))?;
    text.parse().map_err(|error| corrupt(column, error))
}

/// Where a run stands, from the columns `state`, `overdue`, `wake_ms`, `attempts_used`, `crashes`.
pub(super) fn progress(row: &Row<'_>) -> Result<Progress, StoreError> {
    let wake = || {
        get_instant_or_null(row, "wake_ms")?.ok_or_else(|| StoreError::Corrupt {
            what: "a run that is scheduled or waiting has no instant to wake".to_owned(),
        })
    };
    let state = match get_word::<StateWord>(row, "state")? {
        StateWord::Scheduled => RunState::Scheduled { wake: wake()? },
        StateWord::Running => RunState::Running { overdue: get::<i64>(row, "overdue")? != 0 },
        StateWord::Waiting => RunState::Waiting { wake: wake()? },
        StateWord::Succeeded => RunState::Succeeded,
        StateWord::Failed => RunState::Failed,
        StateWord::Discarded => RunState::Discarded,
        StateWord::Cancelled => RunState::Cancelled,
        StateWord::Quarantined => RunState::Quarantined,
    };
    Ok(Progress { state, attempts_used: get_u32(row, "attempts_used")?, crashes: get_u32(row, "crashes")? })
}

/// The columns of a state: `overdue` and `wake_ms`.
pub(super) fn state_columns(state: &RunState) -> (bool, Option<i64>) {
    match state {
        RunState::Scheduled { wake } | RunState::Waiting { wake } => (false, Some(to_ms(*wake))),
        RunState::Running { overdue } => (*overdue, None),
        RunState::Succeeded
        | RunState::Failed
        | RunState::Discarded
        | RunState::Cancelled
        | RunState::Quarantined => (false, None),
    }
}

pub(super) fn read_plan(name: &str, json: &str) -> Result<Plan, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Corrupt { what: format!("the plan of job `{name}`: {error}") })
}

pub(super) fn write_plan(plan: &Plan) -> Result<String, StoreError> {
    serde_json::to_string(plan).map_err(|error| StoreError::Backend(Box::new(error)))
}
