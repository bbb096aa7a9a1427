//! Zones, and the only place that knows what happens when the clock changes (`docs/semantics.md` §2.2).
//!
//! A zone is a list of spans of constant offset. Local seconds are seconds since 1970-01-01T00:00:00 on the clock
//! of the zone, so `local = instant + offset` within a span. [`next`] and [`prev`] turn a search over local seconds
//! into one over instants; everything about gaps and repeated hours is in [`Walk`].
//!
//! `chrono-tz` answers "which offset at this instant" by a binary search (22 to 45 ns) and does not tell how long
//! the offset lasts. The spans are therefore read from it once per zone and process, with the first schedule of the
//! zone (about a millisecond), and kept with an index by time that finds a span in 2 to 3 ns.

use std::sync::OnceLock;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::calendar::DaySet;
use super::error::{ScheduleError, ScheduleErrorKind};
use super::month::{join, split};
use super::windows_zones;
use crate::suggest;

/// 2200-01-01T00:00:00: the first second after the calendar, local for cron and UTC for intervals.
pub(super) const HORIZON: i64 = 7_258_118_400;

/// A jump over more than this drops the skipped runs: the day did not exist, it was not cut short.
const LONGEST_GAP: i64 = 3 * 3_600;

/// Spans are looked for in steps of this many seconds. In tzdata 2025b no two changes since 1970 are nearer than
/// 166 hours, and a test compares every zone with `chrono-tz`.
const STRIDE: i64 = 2 * 86_400;

/// The index by time has one entry for each 2^22 seconds (48 days), so that few entries see a change.
const BUCKET_BITS: u32 = 22;

const DAY: i64 = 86_400;

/// Stands for "nothing matches from here on" in a search: later than the end of every span on its own clock, so
/// that the search still looks at the spans behind it, whose clock may show earlier times again.
const BEYOND: i64 = i64::MAX / 2 + DAY;

/// A stretch of time with one offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The first instant of the span.
    from: i64,
    /// The first instant after the span.
    until: i64,
    /// Local time minus UTC.
    offset: i64,
    /// The first local second that belongs to the span, by [`Walk`].
    first_local: [i64; 3],
}

/// All spans of a zone from 1970 to the horizon.
#[derive(Debug)]
pub(super) struct ZoneTable {
    spans: Box<[Span]>,
    /// For each 2^22 seconds since 1970 the span at their start.
    index: Box<[u16]>,
}

static TABLES: [OnceLock<ZoneTable>; TZ_VARIANTS.len()] = [const { OnceLock::new() }; TZ_VARIANTS.len()];

/// The spans of a zone, read on first use.
pub(super) fn table(zone: Tz) -> &'static ZoneTable {
    TABLES[zone as usize].get_or_init(|| ZoneTable::read(zone))
}

/// The zone with this IANA name. Its spans are read here, so that no search has to.
pub(super) fn parse(name: &str) -> Result<Tz, ScheduleError> {
    // What comes out of a file or a variable often has a line break behind it.
    let zone = name.parse().or_else(|_| name.trim().parse()).map_err(|_unknown: chrono_tz::ParseError| {
        let name = name.trim();
        let nearest = windows_zones::iana(name)
            .or_else(|| of_city(name))
            .or_else(|| suggest::nearest(name, TZ_VARIANTS.iter().map(|zone| zone.name())));
        ScheduleError::new(ScheduleErrorKind::UnknownZone { nearest }, name, 0..name.len())
    })?;
    table(zone);
    Ok(zone)
}

/// The zone that is named after a city, for who has left out the continent.
fn of_city(city: &str) -> Option<&'static str> {
    const CONTINENTS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    // Also behind what is no continent, as in `Germany/Berlin`.
    let city = city.rsplit('/').next().unwrap_or(city).replace(' ', "_");
    let is_of_city = |name: &&str| {
        name.split_once('/').is_some_and(|(continent, _)| CONTINENTS.contains(&continent))
            && name.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city))
    };
    TZ_VARIANTS.iter().map(|zone| zone.name()).find(is_of_city)
}

impl ZoneTable {
    fn read(zone: Tz) -> Self {
        let offset_at = |second: i64| {
            DateTime::from_timestamp(second, 0).map_or(0, |time| {
                i64::from(zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc())
            })
        };
        let (mut at, mut offset) = (-STRIDE, offset_at(-STRIDE));
        let begin = i64::MIN / 2;
        let mut spans =
            vec![Span { from: begin, until: i64::MAX / 2, offset, first_local: [begin + offset; 3] }];
        while zone != Tz::UTC && at < HORIZON + STRIDE {
            let next = at + STRIDE;
            if offset_at(next) == offset {
                at = next;
                continue;
            }
            // The change is in (low, high].
            let (mut low, mut high) = (at, next);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if offset_at(middle) == offset { low = middle } else { high = middle }
            }
            (at, offset) = (high, offset_at(high));
            let covered = spans.iter_mut().fold(i64::MIN, |covered, span| {
                span.until = span.until.min(high);
                covered.max(span.until + span.offset)
            });
            let first = high + offset;
            // Fixed-time schedules go on where earlier spans have ended: behind the repeated hour, or inside the
            // gap, unless the jump is one over the date line.
            let fixed_time = if first - covered > LONGEST_GAP { first } else { covered };
            let first_local = [first, fixed_time, first.max(covered)];
            spans.push(Span { from: high, until: i64::MAX / 2, offset, first_local });
        }
        let starts = (0..=HORIZON >> BUCKET_BITS).map(|bucket| bucket << BUCKET_BITS);
        let before = |start: i64| spans.partition_point(|span| span.until <= start) as u16;
        // Instants before 1970 share the first bucket.
        let index = starts.map(|start| if start == 0 { 0 } else { before(start) }).collect();
        Self { spans: spans.into(), index }
    }

    /// The position of the span that contains an instant.
    #[inline(always)]
    fn position(&self, instant: i64) -> usize {
        let bucket = (instant.max(0) >> BUCKET_BITS) as usize;
        let mut at = usize::from(self.index[bucket.min(self.index.len() - 1)]);
        // Most buckets hold no change, the others one, at a time that no branch predictor knows.
        at += usize::from(self.spans[at].until <= instant);
        while self.spans[at].until <= instant {
            at += 1;
        }
        at
    }

    /// The instant at which a fixed-time schedule runs for this local second, and whether the clock shows that
    /// local second then (it does not after a gap). `None` if the day did not exist.
    pub(super) fn instant_of(&self, local: i64) -> Option<(i64, bool)> {
        let span =
            self.spans[self.position(local - DAY)..].iter().find(|span| local < span.until + span.offset)?;
        let instant = (local - span.offset).max(span.from);
        (local >= Walk::FixedTime.first_local(span)).then_some((instant, instant + span.offset == local))
    }

    /// Local time minus UTC, in seconds, at an instant.
    pub(super) fn offset_at(&self, instant: i64) -> i64 {
        self.spans[self.position(instant)].offset
    }

    /// The days, counted from 1970-01-01, that the zone left out when it moved over the date line.
    pub(super) fn left_out_days(&self) -> Vec<u32> {
        let jump = |pair: &[Span]| {
            let (skipped, first) = (pair[0].until + pair[0].offset, pair[1].from + pair[1].offset);
            if first - skipped > LONGEST_GAP { (skipped + DAY - 1) / DAY..first / DAY } else { 0..0 }
        };
        self.spans.windows(2).flat_map(jump).filter_map(|day| u32::try_from(day).ok()).collect()
    }

    /// The local seconds that each gap skips, as `(first, first after)`, for changes within the given instants.
    pub(super) fn gaps(&self, within: std::ops::Range<i64>) -> impl Iterator<Item = (i64, i64)> + '_ {
        let changes = self.spans.windows(2).filter(move |pair| within.contains(&pair[1].from));
        changes.filter_map(|pair| {
            let (skipped, first) = (pair[0].until + pair[0].offset, pair[1].from + pair[1].offset);
            (skipped < first && first - skipped <= LONGEST_GAP).then_some((skipped, first))
        })
    }
}

/// The stretches of time in which the clock of a zone shows one of these dates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretches<'a> {
    pub(super) table: &'a ZoneTable,
    pub(super) days: &'a DaySet,
}

impl Stretches<'_> {
    /// The first stretch that ends after an instant, cut off in front of it: its first second and the first after it.
    pub(super) fn at_or_after(&self, second: i64) -> Option<(i64, i64)> {
        // Dates may come again where the clock goes back, so each span is looked at by itself.
        self.table.spans[self.table.position(second)..].iter().find_map(|span| {
            let from = second.max(span.from);
            let local = (from + span.offset).max(0);
            let day = self.days.at_or_after(split(local.min(HORIZON)).0)?;
            let from = from.max(join(day, 0) - span.offset);
            let until = span.until.min(join(self.days.end_of_run(day), 0) - span.offset);
            (from < span.until).then_some((from, until))
        })
    }

    /// The last stretch that begins at or before an instant, cut off behind it.
    pub(super) fn at_or_before(&self, second: i64) -> Option<(i64, i64)> {
        self.table.spans[..=self.table.position(second)].iter().rev().find_map(|span| {
            let last = second.min(span.until - 1);
            let local = (last + span.offset).min(HORIZON - 1);
            let day = self.days.at_or_before(split((local >= 0).then_some(local)?).0)?;
            let from = span.from.max(join(self.days.start_of_run(day), 0) - span.offset);
            let until = (last + 1).min(join(day + 1, 0) - span.offset);
            (span.from < until).then_some((from, until))
        })
    }
}

/// How a schedule passes a change of the clock. The order is that of [`Span::first_local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// Follows the clock of each span: skipped local times are skipped, repeated ones repeat.
    IntervalLike,
    /// Sees each local time once: skipped ones at the end of the gap, repeated ones the first time.
    FixedTime,
    /// As fixed-time, but skipped local times are dropped.
    FixedTimeSkippingGaps,
}

impl Walk {
    /// The first local second that belongs to a span under this rule. Smaller than the local time of `from` only
    /// for a fixed-time walk after a gap; those local seconds happen at `from`.
    #[inline(always)]
    fn first_local(self, span: &Span) -> i64 {
        span.first_local[self as usize]
    }
}

/// The local calendar of a schedule: which local seconds match, with no zone in it.
pub(super) trait Calendar {
    /// The first matching local second at or after `local`, up to the horizon.
    fn at_or_after(&self, local: i64) -> Option<i64>;
    /// The last matching local second at or before `local`, from 1970 on.
    fn at_or_before(&self, local: i64) -> Option<i64>;
    /// The number of matching local seconds in `first..=last`.
    fn count(&self, first: i64, last: i64) -> u64;
}

/// The first tick at or after an instant (seconds).
#[inline(always)]
pub(super) fn next(table: &ZoneTable, walk: Walk, calendar: &impl Calendar, start: i64) -> Option<i64> {
    if let [only] = &*table.spans {
        // UTC, and zones that have never changed: nothing to look up, nothing to pass.
        return calendar.at_or_after(start + only.offset).map(|local| local - only.offset);
    }
    let at = table.position(start);
    let span = &table.spans[at];
    let first = walk.first_local(span);
    // Within a span the clock simply runs; only its very first second may also stand for a gap before it.
    let searched = if start == span.from { first } else { first.max(start + span.offset) };
    let found = calendar.at_or_after(searched).unwrap_or(BEYOND);
    let instant = (found - span.offset).max(span.from);
    if instant < span.until {
        Some(instant)
    } else {
        next_in_later_span(table, walk, calendar, at, searched, found)
    }
}

/// Goes on after the span `at`, where the search from the local second `searched` has found `found`.
#[cold]
fn next_in_later_span(
    table: &ZoneTable,
    walk: Walk,
    calendar: &impl Calendar,
    mut at: usize,
    mut searched: i64,
    mut found: i64,
) -> Option<i64> {
    loop {
        at += 1;
        let mut span = table.spans.get(at)?;
        let mut first = walk.first_local(span);
        if first >= searched && span.until + span.offset <= found {
            // Nothing matches before `found`, so go straight to the span that can show it. A local time is never
            // more than a day away from UTC.
            at = at.max(table.position((found - DAY).min(HORIZON)));
            span = &table.spans[at];
            first = walk.first_local(span);
        }
        if first < searched || first > found {
            searched = first;
            found = calendar.at_or_after(first).unwrap_or(BEYOND);
        }
        let instant = (found - span.offset).max(span.from);
        if instant < span.until {
            return Some(instant);
        }
    }
}

/// The last tick at or before an instant (seconds).
pub(super) fn prev(table: &ZoneTable, walk: Walk, calendar: &impl Calendar, end: i64) -> Option<i64> {
    let mut at = table.position(end);
    let mut span = &table.spans[at];
    let mut searched = end + span.offset;
    // Nothing so early on this clock, but an earlier span may show later times: its end comes again after it.
    let mut found = calendar.at_or_before(searched).unwrap_or(i64::MIN);
    loop {
        if found >= walk.first_local(span) {
            return Some((found - span.offset).max(span.from));
        }
        at = at.checked_sub(1)?;
        span = &table.spans[at];
        let mut last = span.until - 1 + span.offset;
        if last <= searched && walk.first_local(span) > found {
            at = at.min(table.position(found.saturating_add(DAY)));
            span = &table.spans[at];
            last = span.until - 1 + span.offset;
        }
        if last > searched || last < found {
            searched = last;
            found = calendar.at_or_before(last).unwrap_or(i64::MIN);
        }
    }
}

/// The number of ticks in `first..=last` (instants in seconds).
pub(super) fn count(table: &ZoneTable, walk: Walk, calendar: &impl Calendar, first: i64, last: i64) -> u64 {
    if first > last {
        return 0;
    }
    let spans = &table.spans[table.position(first)..=table.position(last)];
    let in_span = |span: &Span| {
        let end = last.min(span.until - 1) + span.offset;
        let mut start = first.max(span.from) + span.offset;
        let mut folded = 0;
        if first <= span.from && walk.first_local(span) < start {
            // All runs of the gap and a regular one at its end are one tick.
            folded =
                u64::from(calendar.at_or_after(walk.first_local(span)).is_some_and(|local| local <= start));
            start += 1;
        }
        folded + calendar.count(start.max(walk.first_local(span)), end)
    };
    spans.iter().map(in_span).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;

    /// A text out of a file or a variable often ends with a line break; nobody sees it, and it means nothing.
    #[test]
    fn blanks_and_line_breaks_around_a_text_mean_nothing() -> Result<(), ScheduleError> {
        let around = |text: &str| format!(" \r\n\t{text}\n ");
        let (zone, spaced) = ("Europe/London", around("Europe/London"));
        let nine = Schedule::cron("0 9 * * *", zone)?;
        assert_eq!(Schedule::cron(&around("0 9 * * *"), &spaced)?, nine);
        assert_eq!(Schedule::cron(&around("@daily"), &spaced)?, Schedule::cron("@daily", zone)?);
        assert_eq!(Schedule::daily(&around("09:00"), &spaced)?, nine);
        assert_eq!(Schedule::hourly(&around(":30"), &spaced)?, Schedule::hourly(":30", zone)?);
        assert_eq!(Schedule::weekly(&around("MON 10:00"), &spaced)?, Schedule::weekly("MON 10:00", zone)?);
        assert_eq!(Schedule::phrase(&around("every day at 9:00"), &spaced)?, nine);
        let noon = "2026-07-01T12:00:00";
        assert_eq!(Schedule::at(&around(noon), &spaced)?, Schedule::at(noon, zone)?);
        assert_eq!(
            Schedule::every(&around("1h 30m"), Some(&around("5m")))?,
            Schedule::every("90m", Some("5m"))?
        );
        assert_eq!(Schedule::once(&around("1h"))?, Schedule::once("1h")?);
        // What is wrong is shown without them.
        let error = Schedule::cron(&around("0 9 * * FIR"), &spaced).expect_err("no day");
        assert_eq!(error.diagram(), "0 9 * * FIR\n        ^^^");
        let error = Schedule::cron("0 9 * * *", &around("Europe/Londn")).expect_err("no zone");
        assert!(error.to_string().contains("`Europe/Londn`"), "{error}");
        Ok(())
    }

    /// The instant of each change and the offset after it.
    fn changes(zone: Tz) -> impl Iterator<Item = (i64, i64)> {
        table(zone).spans.iter().skip(1).map(|span| (span.from, span.offset))
    }

    #[test]
    fn spans_agree_with_chrono_tz_in_every_zone() {
        for &zone in &TZ_VARIANTS {
            let mut at = 0;
            while at < HORIZON {
                let time = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
                let theirs = i64::from(zone.offset_from_utc_datetime(&time).fix().local_minus_utc());
                let span = table(zone).spans[table(zone).position(at)];
                assert!(span.from <= at && at < span.until);
                assert_eq!(span.offset, theirs, "{zone} at {time}");
                // A prime number of seconds, about 19 hours: another grid than that of the table.
                at += 69_997;
            }
        }
    }

    #[test]
    fn no_two_changes_are_nearer_than_the_stride_can_see() {
        for &zone in &TZ_VARIANTS {
            let all: Vec<_> = changes(zone).map(|(from, _)| from).collect();
            assert!(all.windows(2).all(|pair| pair[1] - pair[0] > 3 * STRIDE), "{zone}");
        }
    }

    #[test]
    fn names_are_suggested() {
        assert_eq!(parse("Europe/London"), Ok(Tz::Europe__London));
        let error = parse("Europe/Londn").unwrap_err();
        assert_eq!(error.kind(), &ScheduleErrorKind::UnknownZone { nearest: Some("Europe/London") });
        for (city, zone) in
            [("Berlin", "Europe/Berlin"), ("new york", "America/New_York"), ("tokyo", "Asia/Tokyo")]
        {
            let help = parse(city).unwrap_err().help();
            assert_eq!(help, Some(format!("write `{zone}`")));
        }
        assert_eq!(parse("utc").unwrap_err().help().as_deref(), Some("write `UTC`"));
    }
}
