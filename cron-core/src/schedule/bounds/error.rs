//! What is wrong with the start and the end of a schedule.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::duration::Excerpt;
use crate::schedule::once::stamp;

/// What is wrong with `start` and `end`. The text and the wrong part are those of the
/// [`ScheduleError`](super::super::ScheduleError) around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BoundsError {
    /// The start is after the end.
    Backward {
        /// The start as it was written.
        start: Box<str>,
        /// The end as it was written.
        end: Box<str>,
        /// The instant of the start.
        start_at: DateTime<Utc>,
        /// The instant of the end.
        end_at: DateTime<Utc>,
    },
    /// A schedule of a single tick has nothing that could begin or end.
    Single,
    /// A schedule has one start and one end.
    Second,
    /// In stored text the bounds stand in front of the calendar.
    UnderCalendar,
    /// The schedule has no tick from the start to the end.
    NothingLeft {
        /// The bounds in words.
        bounds: Box<str>,
    },
    /// The stored text of bounds is damaged.
    Damaged,
}

impl BoundsError {
    /// What to write instead, if that can be told.
    pub(in crate::schedule) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Backward { .. } => "write the earlier of the two as `start`",
            Self::Single => "leave out `start` and `end`",
            Self::Second => "give `start` and `end` together, once",
            Self::UnderCalendar => "write `within(...) calendar(...)`, and behind it the schedule",
            Self::NothingLeft { .. } => "move `start` or `end` so that a tick is between them",
            Self::Damaged => {
                "write `2026-01-01T00:00:00Z..2026-12-31T00:00:00Z`, or leave out one of the two instants"
            }
        };
        Some(help.to_owned())
    }

    /// Says what is wrong with `part` of the text.
    pub(in crate::schedule) fn say(&self, part: &Excerpt<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backward { start, end, start_at, end_at } => {
                let instant = |at: &DateTime<Utc>| stamp(at.timestamp_millis(), ' ');
                write!(
                    f,
                    "`start`, `{}`, is after `end`, `{}` (in UTC {} and {})",
                    Excerpt(start),
                    Excerpt(end),
                    instant(start_at),
                    instant(end_at)
                )
            }
            Self::Single => write!(f, "`{part}` takes no `start` and `end`, it has one tick already"),
            Self::Second => write!(f, "`{part}` has `start` or `end` already"),
            Self::UnderCalendar => write!(f, "`{part}` has its bounds behind the calendar"),
            Self::NothingLeft { bounds } => write!(f, "`{part}` never happens: it has no tick {bounds}"),
            Self::Damaged => write!(f, "`{part}` is not the text of a start and an end"),
        }
    }
}
