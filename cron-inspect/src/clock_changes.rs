//! The next changes of a zone's clock, and what a schedule does there. The answers are read off the evaluator, not worked
//! out a second time.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use cron_core::schedule::{DstGap, Schedule};

use crate::view::time::{count, span, time_of_day};

/// How far ahead a change is looked for. A zone without one by then has given up changing its clock.
const HORIZON: TimeDelta = TimeDelta::days(5 * 366);

/// No two changes of a zone are nearer to each other than several days.
const STRIDE: TimeDelta = TimeDelta::days(2);

/// A start or an end as far as this from a change leaves whole days around it.
const NEAR: TimeDelta = TimeDelta::days(2);

/// A change of the clock of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockChange {
    /// The first instant of the new time.
    pub(crate) at: DateTime<Utc>,
    /// How far the clock is put forward; below zero for back.
    pub(crate) shift: TimeDelta,
    zone: Tz,
}

/// What a schedule does at a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// One word for programs.
    pub(crate) word: &'static str,
    /// A sentence for people.
    pub(crate) text: String,
    /// How many of the schedule's local times are skipped or repeated.
    pub(crate) times: u64,
}

/// The changes after an instant, up to [`HORIZON`].
pub(crate) fn changes_after(zone: Tz, after: DateTime<Utc>) -> impl Iterator<Item = ClockChange> {
    let steps = i32::try_from(HORIZON.num_seconds() / STRIDE.num_seconds()).unwrap_or(0);
    (0..steps).filter_map(move |step| {
        let (from, to) =
            (after.checked_add_signed(STRIDE * step)?, after.checked_add_signed(STRIDE * (step + 1))?);
        let (old, new) = (offset(zone, from), offset(zone, to));
        if old == new {
            return None;
        }
        let (mut low, mut high) = (from.timestamp(), to.timestamp());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let at = DateTime::from_timestamp(middle, 0)?;
            if offset(zone, at) == old { low = middle } else { high = middle }
        }
        Some(ClockChange { at: DateTime::from_timestamp(high, 0)?, shift: new - old, zone })
    })
}

/// Local time minus UTC.
fn offset(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    TimeDelta::seconds(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc().into())
}

impl ClockChange {
    /// What the clock would show at the change if it went on as before, and what it shows: `02:00 EST`, `03:00 EDT`.
    pub(crate) fn clocks(&self) -> (String, String) {
        let before = (self.at - TimeDelta::milliseconds(1)).with_timezone(&self.zone);
        let after = self.at.with_timezone(&self.zone);
        let old = self.old_local().format("%H:%M");
        (format!("{old} {}", before.format("%Z")), after.format("%H:%M %Z").to_string())
    }

    /// The same with the day of each, the second one's only where it is another: at midnight a clock may go back to
    /// the day before.
    pub(crate) fn days_and_clocks(&self) -> (String, String) {
        const DAY: &str = "%a %Y-%m-%d";
        let (from, to) = self.clocks();
        let (old, new) = (self.old_local().date(), self.at.with_timezone(&self.zone).date_naive());
        let to = if old == new { to } else { format!("{} {to}", new.format(DAY)) };
        (format!("{} {from}", old.format(DAY)), to)
    }

    /// The local time of the change on the clock that ends there.
    fn old_local(&self) -> NaiveDateTime {
        self.at.naive_utc() + offset(self.zone, self.at) - self.shift
    }

    /// `forward 1 h`, `back 30 min`.
    pub(crate) fn direction(&self) -> String {
        let way = if self.shift > TimeDelta::zero() { "forward" } else { "back" };
        format!("{way} {}", span(self.shift))
    }

    /// What the schedule does here.
    pub(crate) fn effect(&self, schedule: &Schedule) -> Effect {
        let effect = |word, times, text| Effect { word, text, times };
        if let Schedule::Bounded(bounded) = schedule
            && (bounded.end().is_some_and(|end| end < self.at - NEAR)
                || bounded.start().is_some_and(|start| start > self.at + NEAR))
        {
            return effect("untouched", 0, "is not between its start and its end".to_owned());
        }
        let schedule = schedule.without_bounds();
        let Some(calendar) = without_zone(schedule) else {
            return effect("untouched", 0, "does not follow this clock".to_owned());
        };
        let is_forward = self.shift > TimeDelta::zero();
        let old = self.old_local();
        // The local times that the clock skips, or shows twice.
        let from = if is_forward { old } else { old + self.shift }.and_utc();
        let to = from + self.shift.abs();
        let moment = TimeDelta::milliseconds(1);
        let times = calendar.count_between(from - moment, to - moment);
        let Some((first, last)) = calendar.next_after(from - moment).zip(calendar.prev_before(to)) else {
            return effect("untouched", 0, String::new());
        };
        let clock = |at| time_of_day(at, Tz::UTC);
        let (which, comes, does) = match times {
            0 => {
                let what = if is_forward { "skipped" } else { "repeated" };
                return effect("untouched", 0, format!("runs at none of the {what} local times"));
            }
            1 => (clock(first), "comes", "does"),
            _ => (format!("{} to {} ({})", clock(first), clock(last), count(times, "time")), "come", "do"),
        };
        let landing = self.clocks().1;
        match (is_forward, walk(schedule)) {
            (true, Walk::Interval) => {
                let text = self.around(schedule).map_or_else(
                    || format!("{which} {does} not exist that day: goes on afterwards"),
                    |around| format!("goes on with the new clock: {around}"),
                );
                effect("goes_on", times, text)
            }
            (true, Walk::Fixed(DstGap::RunAfter)) if schedule.matches(self.at) => {
                let text = format!("{which} {does} not exist that day: runs once, at {landing}");
                effect("runs_after_gap", times, text)
            }
            (true, Walk::Fixed(_)) => {
                effect("left_out", times, format!("{which} {does} not exist that day: does not run then"))
            }
            (false, Walk::Interval) => {
                let ticks = schedule
                    .count_between(self.at - self.shift.abs() - moment, self.at + self.shift.abs() - moment);
                let text =
                    format!("runs in both passes of the repeated time, {} in all", count(ticks, "tick"));
                effect("both_passes", times, text)
            }
            (false, Walk::Fixed(_)) => {
                let each = if times == 1 { "once" } else { "once each" };
                let text = format!("{which} {comes} twice: runs {each}, the first time");
                effect("first_pass", times, text)
            }
        }
    }

    /// The last tick before the change and the first one from it on, as the clock shows them, if both are on that day.
    fn around(&self, schedule: &Schedule) -> Option<String> {
        let before = schedule.prev_before(self.at)?.with_timezone(&self.zone);
        let after = schedule.next_after(self.at - TimeDelta::milliseconds(1))?.with_timezone(&self.zone);
        let clock = |at: DateTime<Tz>| format!("{} {}", time_of_day(at.to_utc(), self.zone), at.format("%Z"));
        let is_one_day = before.date_naive() == after.date_naive();
        is_one_day.then(|| format!("{}, then {}", clock(before), clock(after)))
    }
}

/// How a schedule passes a change.
enum Walk {
    /// Follows the clock as it is.
    Interval,
    /// Runs at each local time once.
    Fixed(DstGap),
}

fn walk(schedule: &Schedule) -> Walk {
    match schedule.without_calendar() {
        schedule if schedule.is_interval_like() => Walk::Interval,
        Schedule::Cron(cron) => Walk::Fixed(cron.dst_gap()),
        Schedule::Stride(stride) => Walk::Fixed(stride.dst_gap()),
        _ => Walk::Fixed(DstGap::RunAfter),
    }
}

/// The same local times on a clock that never changes; `None` for a schedule that has no local times.
fn without_zone(schedule: &Schedule) -> Option<Schedule> {
    schedule.zone()?;
    let text = schedule.to_string();
    let end = text.rfind(')')?;
    format!("{} UTC", &text[..=end]).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn new_york(expression: &str) -> Vec<Effect> {
        let schedule = Schedule::cron(expression, "America/New_York").expect("a schedule");
        let changes = changes_after(Tz::America__New_York, at("2025-01-01T00:00:00Z")).take(2);
        changes.map(|change| change.effect(&schedule)).collect()
    }

    #[test]
    fn changes_are_found() {
        let found: Vec<_> =
            changes_after(Tz::America__New_York, at("2025-01-01T00:00:00Z")).take(2).collect();
        assert_eq!(found[0].at, at("2025-03-09T07:00:00Z"));
        assert_eq!(found[0].clocks(), ("02:00 EST".to_owned(), "03:00 EDT".to_owned()));
        assert_eq!(found[0].direction(), "forward 1 h");
        assert_eq!(found[1].at, at("2025-11-02T06:00:00Z"));
        assert_eq!(found[1].clocks(), ("02:00 EDT".to_owned(), "01:00 EST".to_owned()));
        let howe: Vec<_> =
            changes_after(Tz::Australia__Lord_Howe, at("2025-01-01T00:00:00Z")).take(1).collect();
        assert_eq!(howe[0].direction(), "back 30 min");
        assert_eq!(changes_after(Tz::UTC, at("2025-01-01T00:00:00Z")).count(), 0);
    }

    /// The day is that of the time that is shown beside it: midnight belongs to the day that it begins.
    #[test]
    fn a_change_at_midnight_is_of_the_day_that_begins() {
        for (zone, after, want) in [
            (Tz::Africa__Cairo, "2026-01-01T00:00:00Z", ("Fri 2026-04-24 00:00 EET", "01:00 EEST")),
            (
                Tz::Africa__Cairo,
                "2026-06-01T00:00:00Z",
                ("Fri 2026-10-30 00:00 EEST", "Thu 2026-10-29 23:00 EET"),
            ),
            (Tz::America__Sao_Paulo, "2018-06-01T00:00:00Z", ("Sun 2018-11-04 00:00 -03", "01:00 -02")),
            (
                Tz::America__Sao_Paulo,
                "2018-12-01T00:00:00Z",
                ("Sun 2019-02-17 00:00 -02", "Sat 2019-02-16 23:00 -03"),
            ),
            (Tz::America__New_York, "2025-01-01T00:00:00Z", ("Sun 2025-03-09 02:00 EST", "03:00 EDT")),
        ] {
            let change = changes_after(zone, at(after)).next().expect("a change");
            let (from, to) = change.days_and_clocks();
            assert_eq!((from.as_str(), to.as_str()), want, "{zone} after {after}");
        }
    }

    #[test]
    fn effects_are_those_of_the_evaluator() {
        for (expression, forward, back) in [
            (
                "0 9 * * *",
                "runs at none of the skipped local times",
                "runs at none of the repeated local times",
            ),
            (
                "30 2 * * *",
                "02:30 does not exist that day: runs once, at 03:00 EDT",
                "runs at none of the repeated local times",
            ),
            (
                "30 1 * * *",
                "runs at none of the skipped local times",
                "01:30 comes twice: runs once, the first time",
            ),
            (
                "0,30 1,2 * * *",
                "02:00 to 02:30 (2 times) do not exist that day: runs once, at 03:00 EDT",
                "01:00 to 01:30 (2 times) come twice: runs once each, the first time",
            ),
            (
                "*/15 * * * *",
                "goes on with the new clock: 01:45 EST, then 03:00 EDT",
                "runs in both passes of the repeated time, 8 ticks in all",
            ),
            (
                "*/30 1,2 * * *",
                "02:00 to 02:30 (2 times) do not exist that day: goes on afterwards",
                "runs in both passes of the repeated time, 4 ticks in all",
            ),
        ] {
            let texts: Vec<_> = new_york(expression).into_iter().map(|effect| effect.text).collect();
            assert_eq!(texts, [forward, back], "{expression}");
        }
    }

    #[test]
    fn a_jump_over_the_date_line_drops_the_day() {
        let schedule = Schedule::cron("0 12 * * *", "Pacific/Apia").expect("a schedule");
        let change = changes_after(Tz::Pacific__Apia, at("2011-12-01T00:00:00Z")).next().expect("a change");
        assert_eq!(change.direction(), "forward 1 d");
        assert_eq!(change.effect(&schedule).text, "12:00 does not exist that day: does not run then");
    }

    #[test]
    fn single_ticks_and_intervals_are_told_too() {
        let change =
            changes_after(Tz::America__New_York, at("2025-01-01T00:00:00Z")).next().expect("a change");
        let once = Schedule::at("2025-03-09T02:30:00", "America/New_York").expect("a schedule");
        assert_eq!(change.effect(&once).word, "runs_after_gap");
        let other = Schedule::at("2025-05-09T02:30:00", "America/New_York").expect("a schedule");
        assert_eq!(change.effect(&other).word, "untouched");
        let every = Schedule::every("10m", None).expect("a schedule");
        assert_eq!(change.effect(&every).word, "untouched");
        let stride = Schedule::phrase("every 2 weeks on sunday from 2025-03-09 at 2:30", "America/New_York")
            .expect("a schedule");
        assert_eq!(change.effect(&stride).text, "02:30 does not exist that day: runs once, at 03:00 EDT");
    }
}
