//! When the job runs: at most one schedule, and only options that belong to it.

use std::time::Duration;

use cron_core::UnknownWord;
use cron_core::duration::format_duration;
use cron_core::schedule::{Schedule, ScheduleError, ScheduleErrorKind};

use super::{calendar, duration, explain, is_schedule};
use crate::args::{Args, Entry, Key};
use crate::mistakes::Mistakes;

/// The schedule in its canonical form. `None` where none is declared, and where one is declared badly.
pub(super) fn check(args: &Args, mistakes: &mut Mistakes) -> Option<String> {
    let mut schedules = args.entries().iter().filter(|entry| is_schedule(entry.key));
    let Some(first) = schedules.next() else {
        needs_schedule(args, mistakes);
        return None;
    };
    for more in schedules {
        let (this, other) = (more.key.name(), first.key.name());
        mistakes.add(
            &more.at_key,
            format!(
                "a job has one schedule, and this one has `{other}` and `{this}`\n\
                 keep one of them, or write a second job that calls the same code"
            ),
        );
    }
    belongs(args, first, mistakes);
    let zone = zone(args, first, mistakes);
    let Some(schedule) = parse(args, first, zone.unwrap_or("UTC"), mistakes) else {
        calendar::check_alone(args, mistakes);
        return None;
    };
    if let (Schedule::At(at), Some(entry)) = (&schedule, args.get(Key::Timezone))
        && at.zone().is_none()
        && args.get(Key::Calendar).is_none()
    {
        let text = "`timezone` has no effect on a time that has an offset already\nremove it, or write the local time";
        mistakes.add(&entry.at_key, text);
    }
    if let (Schedule::Interval(_), Key::Schedule, Some(entry)) =
        (&schedule, first.key, args.get(Key::Timezone))
        && args.get(Key::Calendar).is_none()
    {
        let text = "`timezone` has no effect on this rate: no clock shows it, so it is counted from \
                    1970-01-01T00:00:00Z, in every zone the same\n\
                    remove it, or write a rate that divides the minute, the hour or the day";
        mistakes.add(&entry.at_key, text);
    }
    // UTC is what the core takes for no choice; here it is known to be one.
    if first.key == Key::Rrule
        && let (Some(own), Some(entry)) = (schedule.zone(), args.get(Key::Timezone))
        && zone.is_some_and(|zone| zone != own.name())
    {
        let text = format!("`TZID` is {own}, and `timezone` another zone\nwrite the zone once");
        mistakes.add(&entry.at_value, text);
    }
    // Without a good zone the schedule has been read in another one, so nothing more can be said.
    zone.and_then(|_good| calendar::check(args, &schedule, mistakes))
}

/// `timezone`, `phase` and `after` say something about a schedule, so there must be one.
fn needs_schedule(args: &Args, mistakes: &mut Mistakes) {
    calendar::check_alone(args, mistakes);
    for key in [Key::Calendar, Key::Timezone, Key::Phase, Key::After] {
        if let Some(entry) = args.get(key) {
            let with_every = matches!(key, Key::Phase | Key::After);
            let example = if with_every { Key::Every } else { Key::Cron }.example();
            mistakes
                .add(&entry.at_key, format!("`{}` needs a schedule\nadd one, as in `{example}`", key.name()));
        }
    }
}

/// Refuses what has no meaning for this kind of schedule.
fn belongs(args: &Args, schedule: &Entry, mistakes: &mut Mistakes) {
    let kind = schedule.key.name();
    if let Some(phase) = args.get(Key::Phase).filter(|_| schedule.key != Key::Every) {
        mistakes.add(
            &phase.at_key,
            format!("`phase` moves the grid of `every`, and `{kind}` has no grid\nremove it"),
        );
    }
    if let Some(after) = args.get(Key::After).filter(|_| schedule.key != Key::Every) {
        mistakes.add(
            &after.at_key,
            format!(
                "`after` says from where the period of `every` counts, and `{kind}` has no period\nremove it"
            ),
        );
    }
    if let (Some(phase), Some(after), Key::Every) = (args.get(Key::Phase), args.get(Key::After), schedule.key)
    {
        let text = format!(
            "`phase` moves the grid of `every`, and with `after = {}` there is no grid\nremove one of them",
            after.at_value
        );
        mistakes.add(&phase.at_key, text);
    }
    if let Some(zone) = args.get(Key::Timezone) {
        let why = match schedule.key {
            // The dates of a calendar are those of a zone.
            Key::Every if args.get(Key::Calendar).is_some() => return,
            Key::Every if args.get(Key::After).is_some() => {
                "its period is counted from the end of the last run, in every zone the same"
            }
            Key::Every => "its ticks are counted from 1970-01-01T00:00:00Z, in every zone the same",
            Key::Once => "its delay is counted from the first registration, in every zone the same",
            _ => return,
        };
        mistakes.add(
            &zone.at_key,
            format!("`timezone` has no effect with `{kind}`: {why}\nremove it, or write a `cron` or `daily` schedule"),
        );
    }
}

/// The zone to read the schedule in; `None` where the user names one that does not exist.
fn zone<'a>(args: &'a Args, schedule: &Entry, mistakes: &mut Mistakes) -> Option<&'a str> {
    let counted = schedule.key == Key::Every && args.get(Key::Calendar).is_none();
    if counted || schedule.key == Key::Once {
        return Some("UTC");
    }
    let Some(entry) = args.get(Key::Timezone) else { return Some("UTC") };
    let name = entry.text()?;
    // A schedule that is right in any zone, so that only the zone can be wrong.
    match Schedule::daily("00:00", name) {
        Ok(_zone_exists) => Some(name),
        Err(error) => {
            mistakes.add(&entry.at_value, explain_schedule(&error));
            None
        }
    }
}

fn parse(args: &Args, entry: &Entry, zone: &str, mistakes: &mut Mistakes) -> Option<Schedule> {
    let text = entry.text()?;
    let parsed = match entry.key {
        Key::Every => return every(args, entry, text, mistakes),
        Key::Daily => Schedule::daily(text, zone),
        Key::Hourly => Schedule::hourly(text, zone),
        Key::Weekly => Schedule::weekly(text, zone),
        Key::At => Schedule::at(text, zone),
        Key::Once => Schedule::once(text),
        Key::Schedule => Schedule::phrase(text, zone),
        Key::Rrule => Schedule::rrule(text, zone),
        _ => Schedule::cron(text, zone),
    };
    let schedule = parsed
        .and_then(|schedule| if schedule.has_any_tick() { Ok(schedule) } else { Err(Schedule::never(text)) });
    schedule
        .map_err(|error| {
            let error = match (entry.key, error.kind()) {
                (Key::Rrule, ScheduleErrorKind::Never) => {
                    let help =
                        "write days that its months have, and times after `DTSTART` and before `UNTIL`";
                    explain(&error.to_string(), &error.diagram(), Some(help.to_owned()))
                }
                _ => explain_schedule(&error),
            };
            mistakes.add(&entry.at_value, error);
        })
        .ok()
}

/// Period and phase apart, so that each mistake is at its own text.
fn every(args: &Args, entry: &Entry, text: &str, mistakes: &mut Mistakes) -> Option<Schedule> {
    let period = duration(args, Key::Every, mistakes);
    let phase = duration(args, Key::Phase, mistakes);
    if let Some(after) = args.get(Key::After) {
        let known = is_finish(after, mistakes) && period.is_some() && args.get(Key::Phase).is_none();
        return if known { Schedule::every_after_finish(text).ok() } else { None };
    }
    let (period, of_phase) = (period?, args.get(Key::Phase));
    if let (Some(entry), Some(phase)) = (of_phase, phase)
        && phase >= period
    {
        let rest =
            Duration::from_nanos(u64::try_from(phase.as_nanos() % period.as_nanos()).unwrap_or_default());
        let instead = if rest.is_zero() {
            "remove it: the ticks are the same without it".to_owned()
        } else {
            format!("write `phase = \"{}\"`, which gives the same ticks", format_duration(rest))
        };
        let period = format_duration(period);
        mistakes.add(
            &entry.at_value,
            format!("the phase is not shorter than the period, which is {period}\n{instead}"),
        );
        return None;
    }
    let phase = of_phase.map(|entry| entry.text().filter(|_| phase.is_some()).ok_or(())).transpose().ok()?;
    Schedule::every(text, phase).map_err(|error| mistakes.add(&entry.at_value, explain_schedule(&error))).ok()
}

/// Whether `after` has the one word that it can have.
fn is_finish(entry: &Entry, mistakes: &mut Mistakes) -> bool {
    const FINISH: &str = "finish";
    let Some(given) = entry.text() else { return false };
    if given != FINISH {
        let (what, given) = (Key::After.name(), given.to_owned());
        mistakes.add(&entry.at_value, UnknownWord { what, given, allowed: &[FINISH] });
    }
    entry.text() == Some(FINISH)
}

pub(super) fn explain_schedule(error: &ScheduleError) -> String {
    let help = error.help().or_else(|| match error.kind() {
        ScheduleErrorKind::Never => Some(
            "write a day that one of its months and years has, or `L` for the last day of a month".to_owned(),
        ),
        ScheduleErrorKind::Duration(_) => Some(format!("write for example `{}`", Key::Once.example())),
        _ => None,
    });
    explain(&error.to_string(), &error.diagram(), help)
}
