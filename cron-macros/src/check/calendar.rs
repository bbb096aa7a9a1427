//! The calendar of a schedule: a name, which `start()` looks up, or dates, which are checked here.

use cron_core::schedule::{CalendarRule, Calendars, Dates, Schedule, ScheduleError};

use super::schedule::explain_schedule;
use super::word;
use crate::args::{Args, Entry, Key};
use crate::mistakes::Mistakes;

/// What the option says: where the dates are.
enum Given {
    /// In a calendar that the program registers under this name.
    Name(String),
    /// In the attribute itself.
    List(Dates),
}

/// The schedule in its canonical form, with its calendar if it has one. `None` where the calendar is wrong.
pub(super) fn check(args: &Args, schedule: &Schedule, mistakes: &mut Mistakes) -> Option<String> {
    let Some(entry) = args.get(Key::Calendar) else {
        check_alone(args, mistakes);
        return Some(schedule.to_string());
    };
    let (given, rule) = (given(entry, mistakes), rule(args, mistakes));
    let (given, rule) = (given?, rule?);
    // The zone of all other schedules is in the schedule already.
    let zone = args.get(Key::Timezone).and_then(Entry::text).filter(|_| schedule.zone().is_none());
    let text = match given {
        Given::Name(name) => schedule.calendar_reference(rule, &name, zone),
        Given::List(dates) => with(schedule.clone(), rule, dates, zone),
    };
    text.map_err(|error| mistakes.add(&entry.at_value, explain_schedule(&error))).ok()
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
pub(super) fn check_alone(args: &Args, mistakes: &mut Mistakes) {
    if let Some(entry) = args.get(Key::Calendar) {
        given(entry, mistakes);
    }
    rule(args, mistakes);
}

fn rule(args: &Args, mistakes: &mut Mistakes) -> Option<CalendarRule> {
    let Some(entry) = args.get(Key::CalendarRule) else { return Some(CalendarRule::DEFAULT) };
    if args.get(Key::Calendar).is_none() {
        let example = Key::Calendar.example();
        mistakes.add(&entry.at_key, format!("`calendar_rule` needs `calendar`\nadd one, as in `{example}`"));
    }
    word(entry, mistakes)
}

fn given(entry: &Entry, mistakes: &mut Mistakes) -> Option<Given> {
    let text = entry.text()?;
    // Names begin with a letter, dates with a digit.
    let given = if text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        Dates::parse(text).map(Given::List)
    } else {
        Calendars::check_name(text).map(|()| Given::Name(text.to_owned()))
    };
    given.map_err(|error| mistakes.add(&entry.at_value, explain_schedule(&error))).ok()
}
