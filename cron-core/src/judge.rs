//! The judge: which verdict each due tick gets. Pure, and the only place where a verdict is chosen.
//!
//! A store calls [`judge`] inside the transaction that writes the verdicts, the new high-water mark and the new
//! runs; a tick therefore has either no verdict and lies after the mark, or exactly one and lies at or before it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::policy::{CatchUp, CatchUpRule, Overlap};
use crate::run::{RunId, SkipReason};
use crate::schedule::Schedule;

/// What the judge must know of a job.
#[derive(Clone, Copy, Debug)]
pub struct Docket<'a> {
    /// The schedule, anchored at the job's registration (see [`Schedule::anchored`]).
    pub schedule: &'a Schedule,
    /// The catch-up policy.
    pub catch_up: CatchUp,
    /// The overlap policy.
    pub overlap: Overlap,
    /// The high-water mark: every tick up to it has a verdict.
    pub mark: DateTime<Utc>,
    /// Whether the job is paused. Its ticks get their verdict when it is resumed.
    pub paused: bool,
    /// The oldest active run of the job, if there is one.
    pub holder: Option<RunId>,
}

/// A decision about one tick, or about a contiguous block of skipped ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tick runs.
    Run {
        /// Its nominal instant.
        tick: DateTime<Utc>,
    },
    /// The ticks are skipped.
    Skip(Skip),
}

/// A contiguous block of skipped ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many, at least 1.
    pub count: u64,
    /// Why.
    pub reason: SkipReason,
    /// For [`SkipReason::Overlap`]: the run that held the slot, or `None` for the run of this same judgement.
    pub holder: Option<RunId>,
}

/// The verdicts of one call, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Verdicts for ticks after the old mark and up to the new one.
    pub verdicts: Vec<Verdict>,
    /// The new high-water mark, never before the old one.
    pub mark: DateTime<Utc>,
    /// When to judge this job again: an instant (perhaps already past), or `None` until something else happens to
    /// the job: it is resumed, its active run ends, its schedule is edited.
    pub due: Option<DateTime<Utc>>,
}

/// Whether a run that was asked for by hand may start, and if not, which run holds the slot.
#[must_use]
pub fn admit(overlap: Overlap, holder: Option<RunId>) -> Option<RunId> {
    match overlap {
        Overlap::Skip | Overlap::Queue | Overlap::Cancel => holder,
        Overlap::Allow => None,
    }
}

/// Judges all ticks of a job that are due at `now`.
#[must_use]
pub fn judge(docket: &Docket<'_>, now: DateTime<Utc>) -> Judgement {
    if docket.paused {
        return Judgement { verdicts: Vec::new(), mark: docket.mark, due: None };
    }
    let first = docket.schedule.next_after(docket.mark);
    let Some(first) = first.filter(|first| *first <= now) else {
        return Judgement { verdicts: Vec::new(), mark: docket.mark, due: first };
    };
    if let Schedule::Delay(_) = docket.schedule {
        return delayed(docket, first, now);
    }
    let newest = newest_due(docket.schedule, now).unwrap_or(first);
    match docket.catch_up.rule {
        CatchUpRule::Latest => latest(docket, first, newest, now),
        CatchUpRule::None => on_time_only(docket, first, newest, now),
        CatchUpRule::All => all(docket, first, newest, now),
    }
}

/// The next tick after the mark of a job, if it is known: that of a delay is not while a run is active.
#[must_use]
pub fn next_tick(schedule: &Schedule, mark: DateTime<Utc>, is_active: bool) -> Option<DateTime<Utc>> {
    match schedule {
        Schedule::Delay(_) if is_active => None,
        _ => schedule.next_after(mark),
    }
}

/// The high-water mark of a job whose last active run ended at `ended`.
///
/// A delay counts from there: no tick lies between the old mark and the new one. All other schedules have no part in it.
#[must_use]
pub fn mark_after_end(schedule: &Schedule, mark: DateTime<Utc>, ended: DateTime<Utc>) -> DateTime<Utc> {
    match schedule {
        Schedule::Delay(_) => mark.max(ended),
        _ => mark,
    }
}

/// The range of ticks from the mark to `now` as skipped for `reason`, with the new mark.
fn skip_until(
    schedule: &Schedule,
    mark: DateTime<Utc>,
    now: DateTime<Utc>,
    reason: SkipReason,
) -> Option<Skip> {
    let first = schedule.next_after(mark).filter(|first| *first <= now)?;
    let last = newest_due(schedule, now)?;
    Some(Skip { first, last, count: schedule.count_between(mark, now), reason, holder: None })
}

/// What the ticks from the mark to `now` are recorded as when a job is edited or resumed: those of the pause, if there is one,
/// as paused, the others as missed. `paused` is since when it is paused, `is_active` whether it has an active run.
pub fn close(
    schedule: &Schedule,
    mark: DateTime<Utc>,
    paused: Option<DateTime<Utc>>,
    is_active: bool,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Skip> {
    let pause = paused.unwrap_or(now).min(now);
    let (before, since) = match schedule {
        Schedule::Delay(_) => {
            let tick = next_tick(schedule, mark, is_active).filter(|tick| *tick <= now);
            let skipped = tick
                .map(|tick| one(tick, if tick <= pause { SkipReason::Missed } else { SkipReason::Paused }));
            (skipped, None)
        }
        _ => (
            skip_until(schedule, mark, pause, SkipReason::Missed),
            skip_until(schedule, mark.max(pause), now, SkipReason::Paused),
        ),
    };
    before.into_iter().chain(since)
}

/// Where the record of a job begins: the high-water mark at its first registration.
///
/// The first tick is the first one after the registration, so a first deploy is never a miss. Only a single instant that
/// was past already (`at = ...`) lies after the mark, so that the catch-up rule decides about it instead of silence.
#[must_use]
pub fn first_mark(schedule: Option<&Schedule>, registered: DateTime<Utc>) -> DateTime<Utc> {
    let single = schedule.filter(|schedule| schedule.is_single());
    let only = single.and_then(|schedule| schedule.prev_before(registered + TimeDelta::milliseconds(1)));
    only.map_or(registered, |tick| tick - TimeDelta::milliseconds(1))
}

/// How late a tick may start and still count as on time.
#[must_use]
pub fn grace(catch_up: CatchUp, schedule: &Schedule, tick: DateTime<Utc>) -> Duration {
    const CAP: Duration = Duration::from_secs(60);
    catch_up.grace.unwrap_or_else(|| match schedule.next_after(tick) {
        Some(next) => CAP.min((next - tick).to_std().unwrap_or_default() / 2),
        None => CAP,
    })
}

/// The newest tick at or before `now`. Found backwards, so an outage of two weeks costs the same as one of a minute.
///
/// Ticks lie on whole milliseconds; `now` may lie between two of them.
fn newest_due(schedule: &Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let whole = DateTime::from_timestamp_millis(now.timestamp_millis())?;
    schedule.prev_before(whole + TimeDelta::milliseconds(1))
}

fn age(now: DateTime<Utc>, tick: DateTime<Utc>) -> Duration {
    (now - tick).to_std().unwrap_or_default()
}

fn in_window(catch_up: CatchUp, tick: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    catch_up.window.is_none_or(|window| age(now, tick) <= window)
}

/// A single skipped tick.
fn one(tick: DateTime<Utc>, reason: SkipReason) -> Skip {
    Skip { first: tick, last: tick, count: 1, reason, holder: None }
}

/// The one tick of a delay that is due. How late it is matters to `grace` and `window` only: no other tick came after it.
fn delayed(docket: &Docket<'_>, tick: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
    let CatchUp { rule, .. } = docket.catch_up;
    let too_late =
        rule == CatchUpRule::None && age(now, tick) > grace(docket.catch_up, docket.schedule, tick);
    if too_late || !in_window(docket.catch_up, tick, now) {
        let verdicts = vec![Verdict::Skip(one(tick, SkipReason::Missed))];
        let due = next_tick(docket.schedule, now, docket.holder.is_some());
        return Judgement { verdicts, mark: now, due };
    }
    let verdict = match docket.holder {
        Some(_) if docket.overlap == Overlap::Skip => {
            Verdict::Skip(Skip { holder: docket.holder, ..one(tick, SkipReason::Overlap) })
        }
        _ => Verdict::Run { tick },
    };
    // The end of the run, this one or the holder, makes the next tick.
    Judgement { verdicts: vec![verdict], mark: tick, due: None }
}

fn latest(docket: &Docket<'_>, first: DateTime<Utc>, newest: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
    let chosen = in_window(docket.catch_up, newest, now).then_some(newest);
    conclude(docket, first, newest, chosen.into_iter().collect())
}

fn on_time_only(
    docket: &Docket<'_>,
    first: DateTime<Utc>,
    newest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Judgement {
    let on_time = |tick: &DateTime<Utc>| {
        in_window(docket.catch_up, *tick, now)
            && age(now, *tick) <= grace(docket.catch_up, docket.schedule, *tick)
    };
    let chosen =
        newest_first(docket.schedule, first, newest).take_while(on_time).take(CatchUp::MAX_LIMIT as usize);
    conclude(docket, first, newest, chosen.collect())
}

/// One tick at a time: the oldest chosen one starts when no run is active; the others wait behind the mark.
fn all(docket: &Docket<'_>, first: DateTime<Utc>, newest: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
    let chosen: Vec<_> = newest_first(docket.schedule, first, newest)
        .take_while(|tick| in_window(docket.catch_up, *tick, now))
        .take(docket.catch_up.limit.clamp(1, CatchUp::MAX_LIMIT) as usize)
        .collect();
    let Some(&oldest) = chosen.last() else { return conclude(docket, first, newest, chosen) };
    let late = age(now, oldest) > grace(docket.catch_up, docket.schedule, oldest);
    if late && docket.holder.is_some() {
        let dropped = missed_before(docket.schedule, docket.mark, first, oldest);
        let mark = dropped.map_or(docket.mark, |skip| skip.last);
        return Judgement { verdicts: dropped.into_iter().map(Verdict::Skip).collect(), mark, due: None };
    }
    conclude(docket, first, oldest, vec![oldest])
}

fn newest_first(
    schedule: &Schedule,
    first: DateTime<Utc>,
    newest: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> + '_ {
    std::iter::successors(Some(newest), |tick| schedule.prev_before(*tick))
        .take_while(move |tick| *tick >= first)
}

/// The ticks from `first` up to but not including `kept`, as one missed range.
fn missed_before(
    schedule: &Schedule,
    mark: DateTime<Utc>,
    first: DateTime<Utc>,
    kept: DateTime<Utc>,
) -> Option<Skip> {
    let last = schedule.prev_before(kept).filter(|last| *last >= first)?;
    let count = schedule.count_between(mark, last);
    Some(Skip { first, last, count, reason: SkipReason::Missed, holder: None })
}

/// Writes the verdicts for all ticks from `first` to `last`: `chosen` (newest first) under the overlap rule, the ones
/// before them missed.
fn conclude(
    docket: &Docket<'_>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    chosen: Vec<DateTime<Utc>>,
) -> Judgement {
    let mut verdicts = Vec::with_capacity(chosen.len() + 1);
    match chosen.last() {
        Some(&oldest) => {
            verdicts.extend(missed_before(docket.schedule, docket.mark, first, oldest).map(Verdict::Skip));
        }
        None => {
            let count = docket.schedule.count_between(docket.mark, last);
            let skip = Skip { first, last, count, reason: SkipReason::Missed, holder: None };
            verdicts.push(Verdict::Skip(skip));
        }
    }
    let mut held = docket.holder.is_some();
    for tick in chosen.into_iter().rev() {
        if held && docket.overlap == Overlap::Skip {
            let reason = SkipReason::Overlap;
            verdicts.push(Verdict::Skip(Skip {
                first: tick,
                last: tick,
                count: 1,
                reason,
                holder: docket.holder,
            }));
        } else {
            verdicts.push(Verdict::Run { tick });
            held = true;
        }
    }
    Judgement { verdicts, mark: last, due: docket.schedule.next_after(last) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Recorded, Segment, audit};
    use proptest::prelude::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn every(period: &str) -> Schedule {
        Schedule::every(period, None).expect("a period")
    }

    fn after_finish(period: &str) -> Schedule {
        Schedule::every_after_finish(period).expect("a period")
    }

    fn docket(schedule: &Schedule, rule: CatchUpRule, mark: i64) -> Docket<'_> {
        Docket {
            schedule,
            catch_up: CatchUp { rule, ..CatchUp::DEFAULT },
            overlap: Overlap::Skip,
            mark: at(mark),
            paused: false,
            holder: None,
        }
    }

    fn missed(first: i64, last: i64, count: u64) -> Verdict {
        let reason = SkipReason::Missed;
        Verdict::Skip(Skip { first: at(first), last: at(last), count, reason, holder: None })
    }

    #[test]
    fn nothing_is_due_before_the_next_tick() {
        let schedule = every("10s");
        let judged = judge(&docket(&schedule, CatchUpRule::Latest, 0), at(9));
        assert_eq!(judged, Judgement { verdicts: vec![], mark: at(0), due: Some(at(10)) });
    }

    #[test]
    fn latest_runs_the_newest_with_its_own_time_and_folds_the_rest() {
        let schedule = every("10s");
        let judged = judge(&docket(&schedule, CatchUpRule::Latest, 0), at(57));
        assert_eq!(judged.verdicts, [missed(10, 40, 4), Verdict::Run { tick: at(50) }]);
        assert_eq!((judged.mark, judged.due), (at(50), Some(at(60))));
    }

    #[test]
    fn a_tick_a_hair_in_the_future_is_not_due() {
        let schedule = every("10s");
        let judged = judge(&docket(&schedule, CatchUpRule::Latest, 0), at(20) - TimeDelta::microseconds(1));
        assert_eq!(judged.verdicts, [Verdict::Run { tick: at(10) }]);
    }

    #[test]
    fn a_tick_at_this_very_instant_is_due() {
        let schedule = every("10s");
        let judged = judge(&docket(&schedule, CatchUpRule::Latest, 0), at(10));
        assert_eq!(judged.verdicts, [Verdict::Run { tick: at(10) }]);
    }

    #[test]
    fn none_runs_what_is_within_grace_only() {
        let schedule = every("10s");
        let on_time = judge(&docket(&schedule, CatchUpRule::None, 0), at(35));
        assert_eq!(on_time.verdicts, [missed(10, 20, 2), Verdict::Run { tick: at(30) }]);
        let late = judge(&docket(&schedule, CatchUpRule::None, 0), at(36));
        assert_eq!(late.verdicts, [missed(10, 30, 3)]);
        assert_eq!(late.mark, at(30));
    }

    #[test]
    fn all_runs_one_at_a_time_and_waits_for_the_active_run() {
        let schedule = every("10s");
        let free = docket(&schedule, CatchUpRule::All, 0);
        let judged = judge(&free, at(39));
        assert_eq!(judged.verdicts, [Verdict::Run { tick: at(10) }]);
        assert_eq!((judged.mark, judged.due), (at(10), Some(at(20))));

        let held = Docket { mark: at(10), holder: Some(RunId(1)), ..free };
        let waiting = judge(&held, at(39));
        assert_eq!(waiting, Judgement { verdicts: vec![], mark: at(10), due: None });
        let again = judge(&Docket { holder: None, ..held }, at(39));
        assert_eq!(again.verdicts, [Verdict::Run { tick: at(20) }]);
    }

    #[test]
    fn all_is_bounded_by_its_limit_and_window() {
        let schedule = every("10s");
        let mut docket = docket(&schedule, CatchUpRule::All, 0);
        docket.catch_up.limit = 2;
        assert_eq!(judge(&docket, at(100)).verdicts, [missed(10, 80, 8), Verdict::Run { tick: at(90) }]);
        docket.catch_up.window = Some(Duration::from_secs(3));
        assert_eq!(judge(&docket, at(104)).verdicts, [missed(10, 100, 10)]);
    }

    #[test]
    fn an_active_run_holds_the_slot_under_skip_and_not_under_allow() {
        let schedule = every("10s");
        let held = Docket { holder: Some(RunId(4)), ..docket(&schedule, CatchUpRule::Latest, 0) };
        let skip = Skip {
            first: at(10),
            last: at(10),
            count: 1,
            reason: SkipReason::Overlap,
            holder: Some(RunId(4)),
        };
        assert_eq!(judge(&held, at(12)).verdicts, [Verdict::Skip(skip)]);
        let allow = Docket { overlap: Overlap::Allow, ..held };
        assert_eq!(judge(&allow, at(12)).verdicts, [Verdict::Run { tick: at(10) }]);
        assert_eq!(admit(Overlap::Skip, held.holder), held.holder);
        assert_eq!(admit(Overlap::Allow, held.holder), None);
    }

    #[test]
    fn a_paused_job_is_not_judged() {
        let schedule = every("10s");
        let paused = Docket { paused: true, ..docket(&schedule, CatchUpRule::Latest, 0) };
        assert_eq!(judge(&paused, at(99)), Judgement { verdicts: vec![], mark: at(0), due: None });
        let missed = close(&schedule, at(0), None, false, at(99))
            .map(|skip| (skip.reason, skip.first, skip.last, skip.count));
        assert_eq!(missed.collect::<Vec<_>>(), [(SkipReason::Missed, at(10), at(90), 9)]);
        let skips = close(&schedule, at(0), Some(at(35)), false, at(99))
            .map(|skip| (skip.reason, skip.last, skip.count));
        let want = [(SkipReason::Missed, at(30), 3), (SkipReason::Paused, at(90), 6)];
        assert_eq!(skips.collect::<Vec<_>>(), want);
    }

    #[test]
    fn a_clock_that_went_back_judges_nothing_twice() {
        let schedule = every("10s");
        let judged = judge(&docket(&schedule, CatchUpRule::Latest, 100), at(50));
        assert_eq!(judged, Judgement { verdicts: vec![], mark: at(100), due: Some(at(110)) });
    }

    #[test]
    fn a_delay_runs_its_one_tick_however_late_and_then_waits_for_the_end() {
        let schedule = after_finish("10s");
        for rule in [CatchUpRule::Latest, CatchUpRule::All] {
            let docket = docket(&schedule, rule, 0);
            let early = Judgement { verdicts: vec![], mark: at(0), due: Some(at(10)) };
            assert_eq!(judge(&docket, at(9)), early);
            let runs = Judgement { verdicts: vec![Verdict::Run { tick: at(10) }], mark: at(10), due: None };
            assert_eq!(judge(&docket, at(10)), runs);
            assert_eq!(judge(&docket, at(99_999)), runs);
            let held = Docket { holder: Some(RunId(4)), ..docket };
            let skip = Skip { holder: Some(RunId(4)), ..one(at(10), SkipReason::Overlap) };
            let skips = Judgement { verdicts: vec![Verdict::Skip(skip)], mark: at(10), due: None };
            assert_eq!(judge(&held, at(99_999)), skips);
            assert_eq!(judge(&Docket { overlap: Overlap::Allow, ..held }, at(99_999)), runs);
        }
        assert_eq!(mark_after_end(&schedule, at(10), at(17)), at(17));
        assert_eq!(mark_after_end(&schedule, at(10), at(3)), at(10));
        assert_eq!(mark_after_end(&every("10s"), at(10), at(17)), at(10));
        assert_eq!(next_tick(&schedule, at(17), false), Some(at(27)));
        assert_eq!(next_tick(&schedule, at(17), true), None);
    }

    #[test]
    fn a_delay_lets_its_one_tick_go_beyond_grace_and_window() {
        let schedule = after_finish("10s");
        let none = docket(&schedule, CatchUpRule::None, 0);
        assert_eq!(judge(&none, at(15)).verdicts, [Verdict::Run { tick: at(10) }]);
        let gone = Judgement { verdicts: vec![missed(10, 10, 1)], mark: at(99), due: Some(at(109)) };
        assert_eq!(judge(&none, at(99)), gone);
        let mut bounded = docket(&schedule, CatchUpRule::All, 0);
        bounded.catch_up.window = Some(Duration::from_secs(80));
        assert_eq!(judge(&bounded, at(90)).verdicts, [Verdict::Run { tick: at(10) }]);
        assert_eq!(judge(&bounded, at(99)), gone);
        assert_eq!(
            judge(&Docket { holder: Some(RunId(1)), ..bounded }, at(99)),
            Judgement { due: None, ..gone }
        );
    }

    #[test]
    fn a_delay_is_closed_with_one_tick_at_most() {
        let schedule = after_finish("10s");
        let closed = |paused: Option<i64>, is_active, now| {
            let skips = close(&schedule, at(0), paused.map(at), is_active, at(now));
            skips.map(|skip| (skip.reason, skip.first, skip.last, skip.count)).collect::<Vec<_>>()
        };
        assert_eq!(closed(None, false, 9), []);
        assert_eq!(closed(None, false, 99), [(SkipReason::Missed, at(10), at(10), 1)]);
        assert_eq!(closed(Some(10), false, 99), [(SkipReason::Missed, at(10), at(10), 1)]);
        assert_eq!(closed(Some(5), false, 99), [(SkipReason::Paused, at(10), at(10), 1)]);
        assert_eq!(closed(Some(5), true, 99), []);
    }

    proptest! {
        #[test]
        fn verdicts_of_a_delay_are_a_period_apart_at_least(
            period in 1i64..90,
            rule in proptest::sample::select(CatchUpRule::ALL),
            overlap in proptest::sample::select(Overlap::ALL),
            window in proptest::option::of(1u64..600),
            steps in proptest::collection::vec((0i64..400, any::<bool>(), 0u8..4), 1..20),
        ) {
            let schedule = after_finish(&format!("{period}s"));
            let mut docket = docket(&schedule, rule, 0);
            docket.overlap = overlap;
            docket.catch_up.window = window.map(Duration::from_secs);
            let (mut now, mut last, mut recorded) = (0, at(0), Vec::new());
            for (forward, ends, manual) in steps {
                now += forward;
                let judged = judge(&docket, at(now));
                prop_assert!(judged.mark >= docket.mark && judged.mark <= at(now).max(docket.mark));
                prop_assert!(judged.verdicts.len() <= 1);
                docket.mark = judged.mark;
                for verdict in judged.verdicts {
                    let (tick, skipped) = match verdict {
                        Verdict::Run { tick } => { docket.holder = Some(RunId(1)); (tick, None) }
                        Verdict::Skip(skip) => { prop_assert_eq!(skip.count, 1); (skip.first, Some(skip.reason)) }
                    };
                    prop_assert!(tick - last >= TimeDelta::seconds(period) && tick <= docket.mark);
                    last = tick;
                    recorded.push(Recorded { first: tick, last: tick, count: 1, skipped });
                }
                if docket.holder.is_none() {
                    prop_assert!(judged.due.is_none_or(|due| due > at(now)));
                    prop_assert_eq!(judged.due, next_tick(&schedule, docket.mark, false));
                    docket.holder = (manual == 0).then_some(RunId(2));
                } else if ends {
                    docket.holder = None;
                    docket.mark = mark_after_end(&schedule, docket.mark, at(now));
                    prop_assert!(docket.mark >= at(now));
                }
            }
            let segment = Segment { since: at(0), schedule: Some(schedule.clone()) };
            let (count, audit) = (recorded.len() as u64, audit(&[segment], docket.mark, recorded));
            prop_assert!(audit.is_sound() && audit.ticks == count, "{:?}", audit);
        }

        #[test]
        fn every_tick_up_to_the_mark_has_exactly_one_verdict(
            period in 1u64..90,
            rule in proptest::sample::select(CatchUpRule::ALL),
            overlap in proptest::sample::select(Overlap::ALL),
            limit in 1u32..8,
            window in proptest::option::of(1u64..600),
            grace in proptest::option::of(1u64..200),
            steps in proptest::collection::vec((0i64..400, any::<bool>(), any::<bool>()), 1..12),
        ) {
            let schedule = every(&format!("{period}s"));
            let mut docket = docket(&schedule, rule, 0);
            docket.overlap = overlap;
            docket.catch_up = CatchUp {
                rule, limit, window: window.map(Duration::from_secs), grace: grace.map(Duration::from_secs),
            };
            let (mut now, mut counted, mut last_verdict) = (0, 0u64, at(0));
            for (forward, busy, paused) in steps {
                now += forward;
                docket.holder = busy.then_some(RunId(1));
                docket.paused = paused;
                let judged = judge(&docket, at(now));
                prop_assert!(judged.mark >= docket.mark);
                prop_assert!(judged.mark <= at(now).max(docket.mark));
                let mut runs = 0;
                for verdict in &judged.verdicts {
                    let (first, last, count) = match verdict {
                        Verdict::Run { tick } => { runs += 1; (*tick, *tick, 1) }
                        Verdict::Skip(skip) => (skip.first, skip.last, skip.count),
                    };
                    prop_assert!(first > last_verdict && last >= first && count >= 1);
                    prop_assert_eq!(schedule.next_after(last_verdict), Some(first));
                    counted += count;
                    last_verdict = last;
                }
                if overlap == Overlap::Skip {
                    prop_assert!(runs <= usize::from(!busy));
                }
                docket.mark = judged.mark;
                prop_assert_eq!(counted, schedule.count_between(at(0), docket.mark));
                prop_assert_eq!(judged.verdicts.is_empty() || last_verdict == docket.mark, true);
            }
        }
    }
}
