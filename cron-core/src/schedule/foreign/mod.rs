//! Texts of other languages at the door of cron expressions: what they are, and what says the same here.
//!
//! Nothing of this is read before the parser has refused a text, so it costs nothing where a text is right. Whatever is
//! told to write says what the author meant; where a text can be read in two ways both are named, and neither is told.

mod celery;
mod characters;
mod fields;
mod hashed;
mod line;
mod marks;
mod words;
mod zones;

use chrono_tz::Tz;

use super::Schedule;
use super::cron::CronSchedule;
use super::dialect::Dialect;
use super::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind as Kind};

/// What was recognised: what the text is, and what to write.
pub(super) struct Found {
    /// To be read after the text: `is written for AWS`.
    what: &'static str,
    help: String,
    /// The part of the text that shows it, if it is not the whole.
    span: Option<std::ops::Range<usize>>,
}

impl Found {
    /// Another text for the same option.
    fn cron(what: &'static str, expression: &str) -> Self {
        Self { what, help: format!("write `{}`", one_line(expression)), span: None }
    }

    /// Other options, with their values.
    fn options(what: &'static str, options: &[(&str, &str)]) -> Self {
        let written: Vec<String> =
            options.iter().map(|(key, value)| format!("{key} = {}", quoted(value))).collect();
        Self { what, help: format!("write `{}`", written.join(", ")), span: None }
    }

    /// Nothing that could be written in its place; what is said leads on all the same.
    fn told(what: &'static str, help: impl Into<String>) -> Self {
        Self { what, help: help.into(), span: None }
    }

    fn at(mut self, span: std::ops::Range<usize>) -> Self {
        self.span = Some(span);
        self
    }
}

/// Blanks of any kind as spaces: an error is one line. A backtick would end what is told to write.
fn one_line(text: &str) -> String {
    let shown = |c: char| match c {
        '`' => '\'',
        c if c.is_whitespace() || c.is_control() => ' ',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// A value between quotes, as in the attribute and in a file.
fn quoted(value: &str) -> String {
    format!("\"{}\"", one_line(value).replace('\\', "\\\\").replace('"', "\\\""))
}

/// The error for a text that the parser of cron expressions has refused.
#[cold]
pub(super) fn explain(text: &str, zone: Tz, error: ScheduleError) -> ScheduleError {
    if text.len() > MAX_LENGTH || matches!(error.kind(), Kind::Reboot | Kind::Empty) {
        return error;
    }
    let Some(Found { what, help, span }) = recognise(text, zone, &error) else { return error };
    let start = text.len() - text.trim_start().len();
    let span = span.unwrap_or(start..text.trim_end().len().max(start));
    ScheduleError::new(Kind::Foreign { what, help }, text, span)
}

fn recognise(text: &str, zone: Tz, error: &ScheduleError) -> Option<Found> {
    let bare = text.trim();
    line::command(text)
        .or_else(|| characters::stray(text))
        .or_else(|| words::of(bare, zone))
        .or_else(|| zones::named(bare))
        .or_else(|| celery::crontab(bare))
        .or_else(|| hashed::spread(bare))
        .or_else(|| marks::of(bare))
        .or_else(|| fields::counted(bare, zone, error))
}

/// Whether our own parser takes it.
fn is_cron(text: &str, zone: Tz) -> bool {
    CronSchedule::parse(text, zone).is_ok()
}

/// The text as its dialect reads it, in our words; nothing where it is none of that dialect.
fn translated(what: &'static str, text: &str, dialect: Dialect, zone: Tz) -> Option<Found> {
    let translated = Schedule::from_dialect(text, dialect, zone.name()).ok()?;
    let (key, value) = translated.option();
    let mut options = vec![(key, value)];
    if translated.zone() != zone.name() {
        options.push(("timezone", translated.zone()));
    }
    options.extend(translated.phase().map(|phase| ("phase", phase)));
    options.extend(translated.jitter().map(|jitter| ("jitter", jitter)));
    Some(match options.as_slice() {
        [("cron", expression)] => Found::cron(what, expression),
        options => Found::options(what, options),
    })
}
