//! The calendar of a schedule: a name, which is looked up when the program runs, or dates, which are checked here.

use super::bounds::Bounds;
use super::schedule::explain_schedule;
use super::{Check, Key};
use crate::schedule::{CalendarRule, Calendars, Dates, Schedule, ScheduleError, ScheduleErrorKind};

/// What the option says: where the dates are.
enum Given {
    /// In a calendar that the program registers under this name.
    Name(String),
    /// In the option itself.
    List(Dates),
}

/// The schedule in its canonical form, within its bounds and with its calendar. `None` where the calendar is wrong.
pub(super) fn check(check: &mut Check<'_>, schedule: Schedule, bounds: &Bounds<'_>) -> Option<String> {
    // The zone of all other schedules is in the schedule already.
    let zone = check.text(Key::Timezone).filter(|_| schedule.zone().is_none());
    // The bounds hold for the ticks that the calendar has moved, so that it must be known before they can leave none.
    let refuse = |check: &mut Check<'_>, error: ScheduleError| {
        let key = if matches!(error.kind(), ScheduleErrorKind::Bounds(_)) { bounds.key() } else { None };
        check.wrong_value(key.unwrap_or(Key::Calendar), explain_schedule(&error));
    };
    let schedule = match bounds.within(schedule) {
        Ok(schedule) => schedule,
        Err(error) => {
            refuse(check, error);
            check_alone(check);
            return None;
        }
    };
    if !check.has(Key::Calendar) {
        check_alone(check);
        let text = schedule.refuse_never().map(|schedule| schedule.to_string());
        return text.map_err(|error| refuse(check, error)).ok();
    }
    let (given, rule) = (given(check), rule(check));
    let (given, rule) = (given?, rule?);
    let text = match given {
        Given::Name(name) => schedule.calendar_reference(rule, &name, zone),
        Given::List(dates) => with(schedule, rule, dates, zone),
    };
    text.map_err(|error| refuse(check, error)).ok()
}

fn with(
    schedule: Schedule,
    rule: CalendarRule,
    dates: Dates,
    zone: Option<&str>,
) -> Result<String, ScheduleError> {
    let schedule = match zone {
        Some(zone) => schedule.with_calendar_in(rule, dates, zone),
        None => schedule.with_calendar(rule, dates),
    };
    schedule.and_then(Schedule::refuse_never).map(|schedule| schedule.to_string())
}

/// What can be said of the options where there is no schedule, or none that can be read.
pub(super) fn check_alone(check: &mut Check<'_>) {
    given(check);
    rule(check);
}

fn rule(check: &mut Check<'_>) -> Option<CalendarRule> {
    if check.has(Key::CalendarRule) && !check.has(Key::Calendar) {
        let example = Key::Calendar.example();
        let text = format!("`calendar_rule` needs `calendar`\nadd one, as in `{example}`");
        check.wrong_name(Key::CalendarRule, text);
    }
    check.word_or(Key::CalendarRule, CalendarRule::DEFAULT)
}

fn given(check: &mut Check<'_>) -> Option<Given> {
    let text = check.text(Key::Calendar)?;
    // Names begin with a letter, dates with a digit.
    let given = if text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        Dates::parse(text).map(Given::List)
    } else {
        Calendars::check_name(text).map(|()| Given::Name(text.to_owned()))
    };
    given.map_err(|error| check.wrong_value(Key::Calendar, explain_schedule(&error))).ok()
}
