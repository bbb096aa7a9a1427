//! Instants as people write them: with an offset, or by the clock of a zone that is known only once the job is.

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The words for what can be written.
const FORMS: &str = "write an instant such as `2026-01-01T00:00:00Z` or `2026-01-01T00:00:00+01:00`, a local time of \
                     the job's zone such as `2026-01-01T09:30`, or a day such as `2026-01-01`";

/// An instant, or what the clock of a zone shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
    /// A whole day of the zone.
    Day(NaiveDate),
}

impl When {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        const LOCAL: [&str; 4] =
            ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let text = text.trim();
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Instant(instant.to_utc()));
        }
        let local = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        local.map(Self::Local).or_else(|| day().map(Self::Day)).ok_or_else(|| FORMS.to_owned())
    }

    /// The instant at which a range begins that begins with this.
    pub(crate) fn first(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Local(local) => instants(zone, local).0,
            Self::Day(day) => instants(zone, day.and_time(NaiveTime::MIN)).0,
        }
    }

    /// The last instant of a range that ends with this. A day that is not over yet is taken up to now.
    pub(crate) fn last(self, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Instant(instant) => instant,
            Self::Local(local) => instants(zone, local).1,
            Self::Day(day) => {
                let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
                let end = instants(zone, next.and_time(NaiveTime::MIN)).0 - TimeDelta::milliseconds(1);
                if self.first(zone) <= now { end.min(now) } else { end }
            }
        }
    }
}

/// The first and the last instant at which the clock of a zone shows a local time: two where it shows that twice. A time
/// that it skips stands for the instant of the skip.
fn instants(zone: Tz, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => (at.to_utc(), at.to_utc()),
        LocalResult::Ambiguous(one, other) => (one.min(other).to_utc(), one.max(other).to_utc()),
        LocalResult::None => {
            let at = skip(zone, local);
            (at, at)
        }
    }
}

/// The instant at which the clock jumps over a local time. No zone is farther from UTC than this, and no two changes of a
/// clock are as near to each other as twice as much, so that within it the clock only goes forward.
fn skip(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    const FARTHEST: i64 = 26 * 3_600;
    let shows = |second: i64| {
        let at = DateTime::from_timestamp(second, 0).unwrap_or_default();
        at.with_timezone(&zone).naive_local()
    };
    let middle = local.and_utc().timestamp();
    let (mut low, mut high) = (middle - FARTHEST, middle + FARTHEST);
    while high - low > 1 {
        let half = low + (high - low) / 2;
        if shows(half) < local { low = half } else { high = half }
    }
    DateTime::from_timestamp(high, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn range(text: &str, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let when = When::read(text).expect("it can be read");
        (when.first(zone), when.last(zone, at("2030-01-01T00:00:00Z")))
    }

    #[test]
    fn local_times_are_those_of_the_zone() {
        let london = Tz::Europe__London;
        for (text, zone, first, last) in [
            ("2026-07-01T09:00:00Z", london, "2026-07-01T09:00:00Z", "2026-07-01T09:00:00Z"),
            ("2026-07-01T09:00:00+05:00", london, "2026-07-01T04:00:00Z", "2026-07-01T04:00:00Z"),
            ("2026-07-01T09:00", london, "2026-07-01T08:00:00Z", "2026-07-01T08:00:00Z"),
            (" 2026-07-01 09:00:30.5 ", london, "2026-07-01T08:00:30.5Z", "2026-07-01T08:00:30.5Z"),
            ("2026-07-01", london, "2026-06-30T23:00:00Z", "2026-07-01T22:59:59.999Z"),
            // The clock shows 01:30 twice: the range is the wider one.
            ("2026-10-25T01:30", london, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            // It never shows 01:30, and goes from 01:00 to 02:00 at this instant.
            ("2026-03-29T01:30", london, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            // Days of 23 and of 25 hours, and one that begins at 01:00.
            ("2026-03-29", london, "2026-03-29T00:00:00Z", "2026-03-29T22:59:59.999Z"),
            ("2026-10-25", london, "2026-10-24T23:00:00Z", "2026-10-25T23:59:59.999Z"),
            ("2026-04-24", Tz::Africa__Cairo, "2026-04-23T22:00:00Z", "2026-04-24T20:59:59.999Z"),
            ("2026-10-29", Tz::Africa__Cairo, "2026-10-28T21:00:00Z", "2026-10-29T21:59:59.999Z"),
            ("2026-10-30", Tz::Africa__Cairo, "2026-10-29T22:00:00Z", "2026-10-30T21:59:59.999Z"),
        ] {
            assert_eq!(range(text, zone), (at(first), at(last)), "{text} in {zone}");
        }
    }

    #[test]
    fn a_day_that_is_not_over_is_taken_up_to_now() {
        let last = |text: &str, now| When::read(text).expect("a day").last(Tz::UTC, at(now));
        assert_eq!(last("2026-01-05", "2026-01-05T09:00:00Z"), at("2026-01-05T09:00:00Z"));
        assert_eq!(last("2026-01-06", "2026-01-05T09:00:00Z"), at("2026-01-06T23:59:59.999Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused_with_what_to_write() {
        for text in ["", "tomorrow", "2026-13-01", "2026-01-01T25:00", "01.02.2026", "2026-01-01T09"] {
            let error = When::read(text).expect_err(text);
            assert!(error.contains("2026-01-01T09:30"), "{error}");
        }
    }
}
