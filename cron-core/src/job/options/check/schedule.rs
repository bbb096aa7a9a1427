//! When the job runs: at most one schedule, and only options that belong to it.

use std::time::Duration;

use super::{Check, Key, bounds, calendar, explain};
use crate::UnknownWord;
use crate::duration::format_duration;
use crate::schedule::{DstGap, Schedule, ScheduleError, ScheduleErrorKind};

/// The one word that `after` takes.
pub(super) const FINISH: &str = "finish";

/// The schedule in its canonical form. `None` where none is declared, and where one is declared badly.
pub(super) fn check(check: &mut Check<'_>) -> Option<String> {
    let mut schedules = check.options.schedules();
    let Some(first) = schedules.next() else {
        needs_schedule(check);
        return None;
    };
    for more in schedules {
        let text = format!(
            "a job has one schedule, and this one has `{first}` and `{more}`\n\
             keep one of them, or write a second job that calls the same code"
        );
        check.wrong_name(more, text);
    }
    belongs(check, first);
    let zone = zone(check, first);
    let Some(schedule) = parse(check, first, zone.unwrap_or("UTC")) else {
        check.word::<DstGap>(Key::DstGap);
        calendar::check_alone(check);
        bounds::check(check, first, None, zone.unwrap_or("UTC"));
        return None;
    };
    zone_without_effect(check, first, &schedule);
    let schedule = with_dst_gap(check, first, schedule);
    // UTC is what the core takes for no choice; here it is known to be one.
    if first == Key::Rrule
        && let Some(own) = schedule.zone()
        && check.has(Key::Timezone)
        && zone.is_some_and(|zone| zone != own.name())
    {
        let text = format!("`TZID` is {own}, and `timezone` another zone\nwrite the zone once");
        check.wrong_value(Key::Timezone, text);
    }
    // Without a good zone the schedule has been read in another one, so nothing more can be said.
    let zone = zone?;
    match bounds::check(check, first, Some(&schedule), zone) {
        Some(bounds) => calendar::check(check, schedule, &bounds),
        None => {
            calendar::check_alone(check);
            None
        }
    }
}

/// `timezone`, `phase`, `after` and the like say something about a schedule, so there must be one.
fn needs_schedule(check: &mut Check<'_>) {
    check.word::<DstGap>(Key::DstGap);
    calendar::check_alone(check);
    for key in [Key::Calendar, Key::Timezone, Key::DstGap, Key::Phase, Key::After, Key::Start, Key::End] {
        if check.has(key) {
            let with_every = matches!(key, Key::Phase | Key::After);
            let example = if with_every { Key::Every } else { Key::Cron }.example();
            check.wrong_name(key, format!("`{key}` needs a schedule\nadd one, as in `{example}`"));
        }
    }
}

/// Refuses what has no meaning for this kind of schedule.
fn belongs(check: &mut Check<'_>, schedule: Key) {
    if check.has(Key::Phase) && schedule != Key::Every {
        let text = format!("`phase` moves the grid of `every`, and `{schedule}` has no grid\nremove it");
        check.wrong_name(Key::Phase, text);
    }
    if check.has(Key::After) && schedule != Key::Every {
        let text = format!(
            "`after` says from where the period of `every` counts, and `{schedule}` has no period\nremove it"
        );
        check.wrong_name(Key::After, text);
    }
    if check.has(Key::Phase) && check.has(Key::After) && schedule == Key::Every {
        let after = check.written(Key::After);
        let text = format!(
            "`phase` moves the grid of `every`, and with `{after}` there is no grid\nremove one of them"
        );
        check.wrong_name(Key::Phase, text);
    }
    if check.has(Key::Timezone) {
        let why = match schedule {
            // The dates of a calendar are those of a zone, and so are bounds without an offset.
            Key::Every if check.has(Key::Calendar) || bounds::are_local(check) => return,
            Key::Every if check.has(Key::After) => {
                "its period is counted from the end of the last run, in every zone the same"
            }
            Key::Every => "its ticks are counted from 1970-01-01T00:00:00Z, in every zone the same",
            Key::Once => "its delay is counted from the first registration, in every zone the same",
            _ => return,
        };
        let text = format!(
            "`timezone` has no effect with `{schedule}`: {why}\nremove it, or write a `cron` or `daily` schedule"
        );
        check.wrong_name(Key::Timezone, text);
    }
}

/// Refuses a zone in which nothing is read.
fn zone_without_effect(check: &mut Check<'_>, key: Key, schedule: &Schedule) {
    if !check.has(Key::Timezone) || check.has(Key::Calendar) || bounds::are_local(check) {
        return;
    }
    if let Schedule::At(at) = schedule
        && at.zone().is_none()
    {
        let text = "`timezone` has no effect on a time that has an offset already\nremove it, or write the local time";
        check.wrong_name(Key::Timezone, text);
    }
    if let (Schedule::Interval(_), Key::Schedule) = (schedule, key) {
        let text = "`timezone` has no effect on this rate: no clock shows it, so it is counted from \
                    1970-01-01T00:00:00Z, in every zone the same\n\
                    remove it, or write a rate that divides the minute, the hour or the day";
        check.wrong_name(Key::Timezone, text);
    }
}

/// The schedule with its rule for what the clock skips. Refuses the option where there is nothing to choose, and where
/// it leaves no tick.
fn with_dst_gap(check: &mut Check<'_>, key: Key, schedule: Schedule) -> Schedule {
    if !check.has(Key::DstGap) {
        return schedule;
    }
    let gap = check.word(Key::DstGap).unwrap_or_default();
    let why = match &schedule {
        Schedule::Cron(cron) if cron.is_interval_like() => {
            "it has a field of the time that begins with `*`, so it goes on with the new clock after a gap"
        }
        Schedule::Cron(_) | Schedule::Stride(_) => "",
        Schedule::Interval(_) | Schedule::Delay(_) | Schedule::Once(_) => "it follows no clock",
        Schedule::At(at) if at.zone().is_none() => "it has an offset, so no clock skips it",
        Schedule::At(_) => "its one run is never dropped",
        #[cfg(feature = "rrule")]
        Schedule::Rrule(_) => "its runs in a gap always happen after it",
        // Calendar and bounds are added later.
        Schedule::Calendared(_) | Schedule::Bounded(_) => "",
    };
    if !why.is_empty() {
        check.wrong_name(Key::DstGap, format!("`dst_gap` has no effect with this `{key}`: {why}\nremove it"));
        return schedule;
    }
    let chosen = schedule.clone().with_dst_gap(gap);
    if !chosen.has_any_tick() {
        let text = format!(
            "with `dst_gap = \"{}\"` it never happens: the clock skips each of its local times\n\
             remove it, or write a time that the clock shows",
            gap.as_str()
        );
        check.wrong_value(Key::DstGap, text);
        return schedule;
    }
    chosen
}

/// The zone to read the schedule in; `None` where the user names one that does not exist.
fn zone<'a>(check: &mut Check<'a>, schedule: Key) -> Option<&'a str> {
    let counted = schedule == Key::Every && !check.has(Key::Calendar) && !bounds::are_local(check);
    if counted || schedule == Key::Once || !check.has(Key::Timezone) {
        return Some("UTC");
    }
    let name = check.text(Key::Timezone)?;
    // A schedule that is right in any zone, so that only the zone can be wrong.
    match Schedule::daily("00:00", name) {
        Ok(_zone_exists) => Some(name),
        Err(error) => {
            check.wrong_value(Key::Timezone, explain_schedule(&error));
            None
        }
    }
}

fn parse(check: &mut Check<'_>, key: Key, zone: &str) -> Option<Schedule> {
    let text = check.text(key)?;
    let parsed = match key {
        Key::Every => return every(check, text),
        Key::Daily => Schedule::daily(text, zone),
        Key::Hourly => Schedule::hourly(text, zone),
        Key::Weekly => Schedule::weekly(text, zone),
        Key::At => Schedule::at(text, zone),
        Key::Once => Schedule::once(text),
        Key::Schedule => Schedule::phrase(text, zone),
        Key::Rrule => Schedule::rrule(text, zone),
        // The others are no schedules.
        _ => Schedule::cron(text, zone),
    };
    let schedule = parsed
        .and_then(|schedule| if schedule.has_any_tick() { Ok(schedule) } else { Err(Schedule::never(text)) });
    schedule
        .map_err(|error| {
            let error = match (key, error.kind()) {
                (Key::Rrule, ScheduleErrorKind::Never) => {
                    let help =
                        "write days that its months have, and times after `DTSTART` and before `UNTIL`";
                    explain(&error.to_string(), &error.diagram(), Some(help.to_owned()))
                }
                _ => explain_schedule(&error),
            };
            check.wrong_value(key, error);
        })
        .ok()
}

/// Period and phase apart, so that each mistake is at its own text.
fn every(check: &mut Check<'_>, text: &str) -> Option<Schedule> {
    let period = check.duration(Key::Every);
    let phase = check.duration(Key::Phase);
    if check.has(Key::After) {
        let known = is_finish(check) && period.is_some() && !check.has(Key::Phase);
        return if known { Schedule::every_after_finish(text).ok() } else { None };
    }
    let period = period?;
    if let Some(phase) = phase
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
        let text = format!("the phase is not shorter than the period, which is {period}\n{instead}");
        check.wrong_value(Key::Phase, text);
        return None;
    }
    if check.has(Key::Phase) && phase.is_none() {
        return None;
    }
    Schedule::every(text, check.text(Key::Phase))
        .map_err(|error| check.wrong_value(Key::Every, explain_schedule(&error)))
        .ok()
}

/// Whether `after` has the one word that it can have.
fn is_finish(check: &mut Check<'_>) -> bool {
    let Some(given) = check.text(Key::After) else { return false };
    if given != FINISH {
        let (what, given) = (Key::After.name(), given.to_owned());
        check.wrong_value(Key::After, UnknownWord { what, given, allowed: &[FINISH] });
    }
    given == FINISH
}

pub(in crate::job::options) fn explain_schedule(error: &ScheduleError) -> String {
    let help = error.help().or_else(|| match error.kind() {
        ScheduleErrorKind::Never => Some(
            "write a day that one of its months and years has, or `L` for the last day of a month".to_owned(),
        ),
        ScheduleErrorKind::Duration(_) => Some(format!("write for example `{}`", Key::Once.example())),
        _ => None,
    });
    explain(&error.to_string(), &error.diagram(), help)
}
