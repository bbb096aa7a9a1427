//! The catch-up rule: which of the ticks that have come since still run.

use chrono::{DateTime, Utc};

use super::{Docket, Ticks, age, grace};
use crate::policy::{CatchUp, CatchUpRule};

/// What the catch-up rule makes of the ticks from `first` to the newest one whose start has come.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Those that run, oldest first.
    pub(super) ticks: Vec<DateTime<Utc>>,
    /// The last one before them that was missed.
    pub(super) missed: Option<DateTime<Utc>>,
    /// The newest of all.
    pub(super) newest: DateTime<Utc>,
    /// They are a backlog of `catch_up = "all"`: they run one at a time, whatever the overlap policy says.
    pub(super) is_backlog: bool,
}

/// The newest tick whose start has come. A jittered start never passes the next tick, so at most one waits for its own.
#[inline]
pub(super) fn newest_started(
    docket: &Docket<'_>,
    ticks: Ticks<'_>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let newest = ticks.newest(now)?;
    if docket.jitter.start_of(ticks.schedule, newest) <= now {
        Some(newest)
    } else {
        ticks.prev_before(newest)
    }
}

/// Chooses among the ticks from `first` on; `None` if the start of none of them has come.
pub(super) fn choose(
    docket: &Docket<'_>,
    all: Ticks<'_>,
    first: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Chosen> {
    let newest = newest_started(docket, all, now).filter(|newest| *newest >= first)?;
    let catch_up = docket.catch_up;
    let late_by = |tick: DateTime<Utc>| age(now, docket.jitter.start_of(all.schedule, tick));
    let in_window = |tick: &DateTime<Utc>| catch_up.window.is_none_or(|window| late_by(*tick) <= window);
    let on_time = |tick: &DateTime<Utc>| late_by(*tick) <= grace(catch_up, all.schedule, *tick);
    let before = |tick: &DateTime<Utc>| match *tick > first {
        true => all.prev_before(*tick).filter(|before| *before >= first),
        false => None,
    };
    let newest_first = std::iter::successors(Some(newest), before).take_while(in_window);
    let mut ticks: Vec<_> = match catch_up.rule {
        CatchUpRule::Latest => newest_first.take(1).collect(),
        CatchUpRule::None => newest_first.take_while(on_time).take(CatchUp::MAX_LIMIT as usize).collect(),
        CatchUpRule::All => newest_first.take(catch_up.limit.clamp(1, CatchUp::MAX_LIMIT) as usize).collect(),
    };
    ticks.reverse();
    let missed = match ticks.first() {
        None => Some(newest),
        Some(oldest) => before(oldest),
    };
    let is_backlog =
        catch_up.rule == CatchUpRule::All && ticks.first().is_some_and(|oldest| !on_time(oldest));
    Some(Chosen { ticks, missed, newest, is_backlog })
}
