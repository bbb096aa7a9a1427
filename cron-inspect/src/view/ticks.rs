//! Ticks to come, in the zone and in UTC.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::style;
use super::table::{Column, Table};
use super::text::Text;
use super::time::{self, Precision};
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
