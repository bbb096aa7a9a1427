//! `daily`, `hourly` and `weekly`: the same masks as cron, written as times; always fixed-time.

use std::collections::BTreeSet;

use chrono_tz::Tz;

use super::CronSchedule;
use super::fields::{ALL_HOURS, Field};
use super::part::Part;
use crate::schedule::error::{MAX_LENGTH, ScheduleError, ScheduleErrorKind as Kind};

/// Monday to Friday.
const WEEKDAYS: &str = "MON-FRI";
/// Saturday and Sunday.
const WEEKENDS: &str = "SAT,SUN";

impl CronSchedule {
    /// `14:30`, `14:30:15`, or several times that share their minutes: `09:00,17:00`.
    pub(in crate::schedule) fn daily(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let mut schedule = Self::every_second(zone);
        schedule.read_times(whole(text)?, Kind::TimeOfDay, time_of_day)?;
        schedule.settle_search();
        Ok(schedule)
    }

    /// `:30`, `:30:15`, or several: `:00,:30`.
    pub(in crate::schedule) fn hourly(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let mut schedule = Self::every_second(zone);
        schedule.read_times(whole(text)?, Kind::TimeOfHour, |item| {
            time_of_day(&format!("0{}", item.strip_prefix(':').map(|_| item)?))
        })?;
        schedule.hours = ALL_HOURS;
        schedule.settle_search();
        Ok(schedule)
    }

    /// `MON,FRI 10:00`, `weekdays 10:00`, `weekends 10:00`.
    pub(in crate::schedule) fn weekly(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let all = whole(text)?;
        let Some(blank) = all.text().find([' ', '\t']) else {
            return Err(all.error(Kind::DaysAndTime));
        };
        let days = Part { end: all.start + blank, ..all };
        let skipped = all.text()[blank..].len() - all.text()[blank..].trim_start_matches([' ', '\t']).len();
        let times = Part { start: days.end + skipped, ..all };
        let mut schedule = Self::every_second(zone);
        let group = [("weekdays", WEEKDAYS), ("weekends", WEEKENDS)]
            .into_iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(days.text()));
        match group {
            Some((_, days)) => schedule.read_weekdays(whole(days)?).map(|_| ())?,
            None if days.text().contains(['#', '+', '*', '?', '/', ':', 'L']) => {
                return Err(days.error(Kind::DaysAndTime));
            }
            None => schedule.read_weekdays(days).map(|_| ())?,
        }
        schedule.settle_days(false);
        schedule.read_times(times, Kind::TimeOfDay, time_of_day)?;
        schedule.settle_search();
        Ok(schedule)
    }

    /// Reads a list of times into the masks, if masks can express exactly these times.
    fn read_times(
        &mut self,
        part: Part<'_>,
        kind: Kind,
        time: impl Fn(&str) -> Option<(u32, u32, u32)>,
    ) -> Result<(), ScheduleError> {
        (self.hours, self.minutes, self.seconds) = (0, 0, 0);
        let mut times = Vec::new();
        for item in part.items() {
            let trimmed = item.text().trim_matches([' ', '\t']);
            let found = time(trimmed).ok_or_else(|| item.error(kind.clone()))?;
            self.hours |= 1 << found.0;
            self.minutes |= 1 << found.1;
            self.seconds |= 1 << found.2;
            times.push(found);
        }
        times.sort_unstable();
        times.dedup();
        let combinations = self.hours.count_ones() * self.minutes.count_ones() * self.seconds.count_ones();
        if combinations as usize == times.len() { Ok(()) } else { Err(part.error(Kind::NotAGrid)) }
    }
}

/// The text without blanks around it, as a part of the day-of-week field (the only one that is read as a field).
fn whole(text: &str) -> Result<Part<'_>, ScheduleError> {
    let refuse = |kind| Err(ScheduleError::new(kind, text, 0..text.len()));
    if text.len() > MAX_LENGTH {
        return refuse(Kind::TooLong { bytes: text.len() });
    }
    let blank = [' ', '\t'];
    let start = text.len() - text.trim_start_matches(blank).len();
    let end = text.trim_end_matches(blank).len();
    if start >= end {
        return refuse(Kind::Empty);
    }
    Ok(Part { whole: text, field: Field::DayOfWeek, start, end })
}

/// `H:MM`, `HH:MM` or either with `:SS`.
pub(in crate::schedule) fn time_of_day(text: &str) -> Option<(u32, u32, u32)> {
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>, most: u32| {
        let number = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| text.parse::<u32>().ok()).flatten().filter(|number| *number <= most)
    };
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
    Some((digits(hour, 1..=2, 23)?, digits(minute, 2..=2, 59)?, digits(second, 2..=2, 59)?))
}

/// The fields of second (unless it is 0), minute and hour that select exactly these seconds of a day, if any do.
pub(in crate::schedule) fn time_fields(times: &[u32]) -> Option<String> {
    let values = |part: fn(u32) -> u32| times.iter().map(|time| part(*time)).collect::<BTreeSet<u32>>();
    let (hours, minutes, seconds) =
        (values(|time| time / 3_600), values(|time| time / 60 % 60), values(|time| time % 60));
    let list = |values: &BTreeSet<u32>| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let second = if seconds.iter().eq([&0]) { String::new() } else { list(&seconds) + " " };
    let grid = hours.len() * minutes.len() * seconds.len() == times.iter().collect::<BTreeSet<_>>().len();
    grid.then(|| format!("{second}{} {}", list(&minutes), list(&hours)))
}

/// The days of `MON-WED,FRI`, Sunday as bit 0.
pub(in crate::schedule) fn weekday_mask(text: &str) -> Option<u8> {
    if text.contains(['#', '+', '*', '?', 'L']) {
        return None;
    }
    let mut schedule = CronSchedule::every_second(Tz::UTC);
    schedule.read_weekdays(whole(text).ok()?).ok()?;
    Some(schedule.plain_weekdays() as u8)
}
