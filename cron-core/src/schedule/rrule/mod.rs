//! Recurrence rules of RFC 5545, behind the feature `rrule`.
//!
//! A rule is read and kept as written, and evaluated in naive local time; what happens when the clock changes is
//! then the one rule of [`zone`](super::zone). A rule of `FREQ=HOURLY` without `BYHOUR` counts hours, so it is
//! interval-like; all others name times of day, so they are fixed-time.

mod describe;
mod foreign;
mod lint;
mod mistake;
mod parse;
mod part;
mod plan;
mod rule;
mod times;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

pub use mistake::RruleMistake;

use super::error::{ScheduleError, ScheduleErrorKind};
use super::zone::{self, Calendar, HORIZON, Walk};
use parse::Definition;
use plan::Plan;
use rule::{End, Stamp};

/// The times of a recurrence rule (RFC 5545) in a zone.
///
/// Two are equal if they say the same, whatever the order of their parts and lists. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct RruleSchedule(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    definition: Definition,
    /// Derived from the definition; `None` without a start.
    plan: Option<Plan>,
    /// `RDATE` without what `EXDATE` takes away.
    added: Box<[i64]>,
}

impl RruleSchedule {
    pub(super) fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let definition = parse::parse(text, zone::parse(zone)?)?;
        // Also for a rule without a start: what the crate refuses is refused now, not at the first registration.
        if Plan::new(&definition.rule, definition.start.unwrap_or(0)).is_none() {
            let kind = ScheduleErrorKind::Rrule(RruleMistake::Unsupported);
            return Err(ScheduleError::new(kind, text, 0..text.len()));
        }
        Ok(Self::new(definition))
    }

    fn new(definition: Definition) -> Self {
        let plan = definition.start.and_then(|start| Plan::new(&definition.rule, start));
        let is_kept = |second: &&i64| definition.removed.binary_search(second).is_err();
        let added = definition.added.iter().filter(is_kept).copied().collect();
        Self(Arc::new(Inner { definition, plan, added }))
    }

    /// The zone in whose local time the rule is read.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.0.definition.zone
    }

    /// `DTSTART` in local time; `None` if the rule starts when the job is registered for the first time.
    #[must_use]
    pub fn start(&self) -> Option<NaiveDateTime> {
        self.0.definition.start.and_then(|start| Some(DateTime::from_timestamp(start, 0)?.naive_utc()))
    }

    /// Whether the rule runs at an interval through clock changes: `FREQ=HOURLY` without `BYHOUR`.
    #[must_use]
    pub fn is_interval_like(&self) -> bool {
        self.0.definition.rule.is_interval_like()
    }

    /// The rule with a start: the local time of the registration, cut to a whole second.
    ///
    /// The registration itself is never a tick. If the rule has a time there, `COUNT` grows by one, so that as many
    /// ticks follow as it says. A rule that was over by then starts at its end, and that time is taken away: no tick
    /// is left, and the text of the schedule stays one that can be read.
    pub(super) fn anchored(&self, registered: DateTime<Utc>) -> Self {
        if self.0.definition.start.is_some() {
            return self.clone();
        }
        let registration = self.local(registered.timestamp()).unwrap_or(0).clamp(0, HORIZON - 1);
        let end = match self.0.definition.rule.end {
            End::UntilLocal(last) => Some(last).filter(|last| *last < registration),
            End::UntilInstant(last) if last < registered.timestamp() => self.local(last),
            End::UntilInstant(_) | End::Never | End::Count(_) => None,
        };
        let start = end.map_or(registration, |end| end.clamp(0, registration));
        let mut definition = Definition { start: Some(start), ..self.0.definition.clone() };
        if end.is_some() {
            definition.rule.end = End::UntilLocal(start);
            definition.remove(start);
        }
        if let End::Count(count) = definition.rule.end
            && Plan::new(&definition.rule, start).is_some_and(|plan| plan.has_start())
        {
            definition.rule.end = End::Count(count.saturating_add(1));
        }
        Self::new(definition)
    }

    /// The local time of an instant, both in seconds.
    fn local(&self, second: i64) -> Option<i64> {
        let instant = DateTime::from_timestamp(second, 0)?;
        Some(instant.with_timezone(&self.zone()).naive_local().and_utc().timestamp())
    }

    /// Whether there is any tick, or would be one for some registration.
    pub(super) fn has_any_tick(&self) -> bool {
        if self.0.plan.is_some() {
            return self.at_or_after(0).is_some();
        }
        let mut definition = self.0.definition.clone();
        (definition.start, definition.rule.interval) = (Some(0), 1);
        let is_open = |end| matches!(end, End::Never | End::Count(_));
        definition.rule.end = if is_open(definition.rule.end) { End::Never } else { definition.rule.end };
        Self::new(definition).at_or_after(0).is_some()
    }

    fn walk(&self) -> Walk {
        if self.is_interval_like() { Walk::IntervalLike } else { Walk::FixedTime }
    }

    /// The last instant of a rule whose `UNTIL` is one. `RDATE` is not bound by it.
    fn until(&self) -> Option<i64> {
        match self.0.definition.rule.end {
            End::UntilInstant(until) => Some(until),
            _ => None,
        }
    }

    /// The first tick at or after an instant in seconds.
    pub(super) fn at_or_after(&self, instant: i64) -> Option<i64> {
        let table = zone::table(self.zone());
        let ruled = zone::next(table, self.walk(), &Ruled(&self.0), instant);
        let ruled = ruled.filter(|tick| self.until().is_none_or(|until| *tick <= until));
        if self.0.added.is_empty() {
            return ruled;
        }
        let added = zone::next(table, Walk::FixedTime, &Added(&self.0), instant);
        ruled.into_iter().chain(added).min()
    }

    /// The last tick at or before an instant in seconds.
    pub(super) fn at_or_before(&self, instant: i64) -> Option<i64> {
        let table = zone::table(self.zone());
        let end = self.until().map_or(instant, |until| instant.min(until));
        let ruled = zone::prev(table, self.walk(), &Ruled(&self.0), end);
        if self.0.added.is_empty() {
            return ruled;
        }
        let added = zone::prev(table, Walk::FixedTime, &Added(&self.0), instant);
        ruled.into_iter().chain(added).max()
    }

    /// The number of ticks in `first..=last`, instants in seconds.
    pub(super) fn count(&self, first: i64, last: i64) -> u64 {
        let table = zone::table(self.zone());
        let end = self.until().map_or(last, |until| last.min(until));
        let ruled = zone::count(table, self.walk(), &Ruled(&self.0), first, end);
        // The dates of RDATE that are no ticks already; there are some 500 at most.
        let mut added = 0;
        let mut from = first;
        while let Some(tick) = zone::next(table, Walk::FixedTime, &Added(&self.0), from) {
            if tick > last {
                break;
            }
            let at_tick = zone::next(table, self.walk(), &Ruled(&self.0), tick);
            added += u64::from(tick > end || at_tick != Some(tick));
            from = tick + 1;
        }
        ruled + added
    }

    /// The text between the parentheses of the canonical form.
    pub(super) fn text(&self) -> String {
        let Definition { start, rule, removed, added, .. } = &self.0.definition;
        let list =
            |dates: &[i64]| dates.iter().map(|date| Stamp(*date).to_string()).collect::<Vec<_>>().join(",");
        let mut lines = Vec::new();
        lines.extend(start.map(|start| format!("DTSTART:{}", Stamp(start))));
        lines.push(rule.to_string());
        if !added.is_empty() {
            lines.push(format!("RDATE:{}", list(added)));
        }
        if !removed.is_empty() {
            lines.push(format!("EXDATE:{}", list(removed)));
        }
        // Lines have no blanks, so a blank can stand for the line break.
        lines.join(" ")
    }
}

impl PartialEq for RruleSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.0.definition == other.0.definition
    }
}

impl Eq for RruleSchedule {}

impl Hash for RruleSchedule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.definition.hash(state);
    }
}

impl fmt::Display for RruleSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rrule({}) {}", self.text(), self.zone())
    }
}

/// The local times of the rule without those that `EXDATE` takes away.
struct Ruled<'a>(&'a Inner);

impl Ruled<'_> {
    fn is_removed(&self, local: i64) -> bool {
        self.0.definition.removed.binary_search(&local).is_ok()
    }
}

impl Calendar for Ruled<'_> {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let plan = self.0.plan.as_ref()?;
        let mut found = plan.at_or_after(local)?;
        while self.is_removed(found) {
            found = plan.at_or_after(found + 1)?;
        }
        Some(found)
    }

    fn at_or_before(&self, local: i64) -> Option<i64> {
        let plan = self.0.plan.as_ref()?;
        let mut found = plan.at_or_before(local)?;
        while self.is_removed(found) {
            found = plan.at_or_before(found - 1)?;
        }
        Some(found)
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let Some(plan) = &self.0.plan else { return 0 };
        let removed = &self.0.definition.removed;
        let removed = removed.iter().filter(|date| (first..=last).contains(*date));
        let taken = removed.filter(|date| plan.at_or_after(**date) == Some(**date)).count() as u64;
        plan.count(first, last) - taken
    }
}

/// The local times of `RDATE`, which are fixed times under any rule.
struct Added<'a>(&'a Inner);

impl Calendar for Added<'_> {
    fn at_or_after(&self, local: i64) -> Option<i64> {
        let dates = &self.0.added;
        dates.get(dates.partition_point(|date| *date < local)).copied()
    }

    fn at_or_before(&self, local: i64) -> Option<i64> {
        let dates = &self.0.added;
        dates.get(dates.partition_point(|date| *date <= local).checked_sub(1)?).copied()
    }

    fn count(&self, first: i64, last: i64) -> u64 {
        let until = |end: i64| self.0.added.partition_point(|date| *date < end);
        until(last + 1).saturating_sub(until(first)) as u64
    }
}
