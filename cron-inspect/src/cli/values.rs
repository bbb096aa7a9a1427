//! Texts of the command line that become values at the door.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use cron_core::UnknownWord;
use cron_core::duration::parse_duration;
use cron_core::schedule::Dialect;

use super::when::When;

pub(super) fn limit() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=10_000)
}

/// A dialect by its word; help and errors list all of them.
pub(super) fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::WORDS)
        .try_map(|word| word.parse::<Dialect>().map_err(|error: UnknownWord| error))
}

pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(instant.to_utc()),
        Err(error) => Err(format!(
            "{error}; write `2026-01-01T00:00:00Z`, or with an offset `2026-01-01T00:00:00+01:00`"
        )),
    }
}

/// The number of a run. Whoever writes the name of a job there is told what to write.
pub(super) fn run(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        let starts_as_name = text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        match starts_as_name && text.contains(|c: char| !c.is_ascii_digit()) {
            true => format!("a run is a number; `inspect runs {text}` lists those of a job of this name"),
            false => "a run is a number, as `inspect runs` lists them".to_owned(),
        }
    })
}

pub(super) fn when(text: &str) -> Result<When, String> {
    When::read(text)
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// `key=value`, cut at the first sign.
pub(super) fn option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
        None => Err("there is no `=`; write for example `cron=0 9 * * *` or `retries=3`".to_owned()),
    }
}
