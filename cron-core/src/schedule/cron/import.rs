//! Schedules of the crate `cron`, by what they mean.

use chrono_tz::Tz;
use cron::TimeUnitSpec;

use super::fields::{EACH_WEEK, Years};
use super::{CronSchedule, INTERVAL_LIKE};
use crate::schedule::{Schedule, ScheduleError, zone};

impl Schedule {
    /// A schedule of the crate `cron` 0.17, in an IANA zone; with the feature `cron`.
    ///
    /// That crate names the zone with each search, so the schedule itself has none. What is kept is told at
    /// `From<&cron::Schedule>`; in a zone, changes of the clock follow our own rule.
    ///
    /// # Errors
    /// If there is no such zone.
    ///
    /// # Examples
    /// ```
    /// use cron_core::schedule::Schedule;
    ///
    /// let theirs: cron::Schedule = "0 30 9 * * 2-6".parse().unwrap();
    /// let ours = Schedule::from_cron(&theirs, "Europe/London")?;
    /// assert_eq!(ours.to_string(), "cron(30 9 * * MON-FRI) Europe/London");
    /// # Ok::<(), cron_core::schedule::ScheduleError>(())
    /// ```
    pub fn from_cron(schedule: &cron::Schedule, zone: &str) -> Result<Self, ScheduleError> {
        Ok(Self::Cron(imported(schedule, zone::parse(zone)?)))
    }
}

/// A schedule of the crate `cron` 0.17, in UTC; with the feature `cron`.
///
/// Each of them can be expressed, so this cannot fail. What counts is the meaning, not the text: that crate counts the
/// days of the week from 1 for Sunday, and wants both day fields to match, which is `+` here. Where it has every year it
/// stops in 2100, and the schedule goes on. A second, minute or hour that was written with `*` in front stays
/// interval-like.
///
/// # Examples
/// ```
/// use cron_core::schedule::Schedule;
///
/// let theirs: cron::Schedule = "0 0 12 13 * 6".parse().unwrap();
/// assert_eq!(Schedule::from(&theirs).to_string(), "cron(0 12 13 * +FRI) UTC");
/// ```
impl From<&cron::Schedule> for Schedule {
    fn from(schedule: &cron::Schedule) -> Self {
        Self::Cron(imported(schedule, Tz::UTC))
    }
}

fn imported(theirs: &cron::Schedule, zone: Tz) -> CronSchedule {
    let mut ours = CronSchedule::every_second(zone);
    ours.seconds = mask(theirs.seconds(), 0);
    ours.minutes = mask(theirs.minutes(), 0);
    ours.hours = mask(theirs.hours(), 0) as u32;
    ours.days = mask(theirs.days_of_month(), 1) as u32;
    ours.months = mask(theirs.months(), 1) as u16;
    // 1 is Sunday there, and bit 0 here.
    ours.weekdays = mask(theirs.days_of_week(), 1) * EACH_WEEK;
    if !theirs.years().is_all() {
        let mut years = Years::NONE;
        theirs.years().iter().for_each(|year| years.insert(year));
        ours.years = Some(Box::new(years));
    }
    let masks = [ours.seconds, ours.minutes, ours.hours.into()];
    if stars(theirs.source()).into_iter().zip(masks).any(|(is_star, mask)| is_star && mask.count_ones() > 1) {
        ours.flags = INTERVAL_LIKE;
    }
    ours.settle_days(false);
    ours.settle_search();
    ours
}

/// The values of a field as bits, the value `zero` as bit 0.
fn mask(field: &impl TimeUnitSpec, zero: u32) -> u64 {
    field.iter().fold(0, |mask, value| mask | 1 << (value - zero))
}

/// Which of the first three fields begin with `*`.
///
/// The sets of values do not tell: `*/30` and `0,30` are one set. The text has been accepted by that crate, which
/// allows blanks around numbers and names, and none between fields that need none.
fn stars(source: &str) -> [bool; 3] {
    let source = source.trim_start();
    if source.starts_with('@') {
        return [false, false, source.starts_with("@hourly")];
    }
    let mut rest = source;
    [(); 3].map(|()| {
        let star = rest.starts_with('*');
        rest = after_field(rest);
        star
    })
}

/// What follows the field at the front of the text.
fn after_field(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = match rest.strip_prefix(['*', '?']) {
            Some(behind) => behind,
            None => rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim_start(),
        };
        // A range, a step or a list goes on; anything else is the next field.
        match rest.strip_prefix(['-', '/', ',']) {
            Some(behind) => rest = behind.trim_start(),
            None => return rest.trim_start(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_are_found_in_any_spacing() {
        for (source, star) in [
            ("0 30 9 * * *", false),
            ("0 */30 9 * * *", true),
            ("******", true),
            ("0 0 9,10 , 11 * * *", false),
            ("0 0 9 - 11 * * *", false),
            ("0 0 9-11 / 2 * * *", false),
            ("0 0 */2 * * *", true),
            ("0,30 1 2***", false),
            (" @hourly", true),
            ("@daily", false),
        ] {
            assert!(source.parse::<cron::Schedule>().is_ok(), "{source}");
            assert_eq!(stars(source).contains(&true), star, "{source}");
        }
    }
}
