//! The five fields of a crontab, or a nickname, as a schedule of ours.

use crate::schedule::{Dialect, Schedule, ScheduleError};

/// A schedule, and the text of ours that says it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) schedule: Schedule,
    pub(super) cron: String,
}

/// Reads the schedule of a line. `text` has exactly five fields without `~`, or is a nickname.
pub(super) fn read(text: &str, zone: &str) -> Result<Read, ScheduleError> {
    let translated = Schedule::from_dialect(text, Dialect::Crontab, zone)?;
    if !translated.schedule().has_any_tick() {
        return Err(Schedule::never(text));
    }
    // Five fields and nicknames are fields of a calendar in ours.
    let (_, cron) = translated.option();
    Ok(Read { schedule: translated.schedule().clone(), cron: cron.to_owned() })
}
