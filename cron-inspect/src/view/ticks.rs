//! Ticks to come, in the zone and in UTC.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::style;
use super::table::{Column, Table};
use super::text::Text;
use super::time::{self, Precision};
use crate::commands::Upcoming;
use crate::context::Screen;

/// How far away each tick is, its local time, and UTC where that is another one.
pub(crate) fn ticks(ticks: &[DateTime<Utc>], zone: Tz, screen: &Screen) -> Table {
    let mut table = Table::new([Column::new(""), Column::new(""), Column::new("").optional(1)]).indented();
    let precision = Precision::of(ticks.iter().copied());
    for tick in ticks {
        let utc = if zone == Tz::UTC { String::new() } else { time::stamp_to(precision, *tick, Tz::UTC) };
        table.row([
            Text::plain(time::relative(*tick, screen.now)),
            Text::plain(time::long_stamp_to(precision, *tick, zone)),
            Text::styled(style::DIM, utc),
        ]);
    }
    table
}

/// The same for a job, with the start where it is another one, and whose word it is.
pub(crate) fn upcoming(found: &[Upcoming], zone: Tz, screen: &Screen) -> Table {
    let mut table = Table::new([
        Column::new(""),
        Column::new(""),
        Column::new("").optional(2),
        Column::new("").optional(1),
    ])
    .indented();
    let precision = Precision::of(found.iter().map(|next| next.tick));
    for next in found {
        let utc = if zone == Tz::UTC { String::new() } else { time::stamp_to(precision, next.tick, Tz::UTC) };
        table.row([
            Text::plain(time::relative(next.tick, screen.now)),
            Text::plain(time::long_stamp_to(precision, next.tick, zone)),
            Text::styled(style::DIM, utc),
            start(next, zone),
        ]);
    }
    table
}

/// When a tick starts, if not at its own instant, and the run whose word it is.
pub(crate) fn start(next: &Upcoming, zone: Tz) -> Text {
    match next.by {
        Some(run) => Text::styled(style::WARNING, format!("by the word of run {run}")),
        None if next.start == next.tick => Text::new(),
        None => Text::styled(style::DIM, format!("starts {}", time::time_of_day(next.start, zone))),
    }
}
