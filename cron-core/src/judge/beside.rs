//! A clock that stands before the high-water mark, by 3 hours at most.
//!
//! Ticks up to the mark have their verdicts, so nothing runs until the clock has passed it. For a job that runs at intervals that is a
//! silence which nobody wants: it goes on at once, with runs *beside* the ticks, one for each instant of the present clock up to the mark.
//! They change no verdict. [`Place::beside`] says up to where the instants are decided; it is `None` for all jobs as long as the clock is
//! right, and nothing here is asked.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Admission, Docket, Judgement, Place, Ticks, Verdict, admit, choose, is_astray, is_late, line};
use super::{judge_schedule, next_due};
use crate::policy::Overlap;
use crate::schedule::Schedule;

/// A mark that lies further ahead of the clock than this was written under another one. Up to here it may be that of a judgement which
/// came first: a request says what the clock showed when it was sent, and may have had to wait for the store.
const AHEAD: TimeDelta = TimeDelta::seconds(10);

/// What a mark that lies ahead of the clock means for the runs of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// It waits: its ticks up to the mark have their verdicts.
    Waits,
    /// It goes on, with runs beside the ticks.
    GoesOn,
}

/// Whether a mark lies so far ahead of the clock that this one was set back, or is behind: but not by hours, see
/// [`is_astray`].
#[must_use]
pub fn is_ahead(mark: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    mark.signed_duration_since(now) > AHEAD && !is_astray(mark, now)
}

/// What becomes of a job whose mark lies ahead of the clock; `None` where it does not, and where the job would not run before the mark
/// in any case: by its schedule, because it is paused, or by what a run has said about the next one.
#[must_use]
pub fn ahead(schedule: Option<&Schedule>, place: Place, paused: bool, now: DateTime<Utc>) -> Option<Ahead> {
    if !is_ahead(place.mark, now) || paused || place.hold.is_some() {
        return None;
    }
    let schedule = schedule?;
    schedule.next_after(now).filter(|instant| *instant <= place.mark)?;
    Some(if schedule.goes_on() { Ahead::GoesOn } else { Ahead::Waits })
}

/// Up to where the instants of the present clock are decided: [`Place::beside`], after the clock was set, or was seen for the first time, or
/// the job was edited or resumed.
#[must_use]
pub fn begin_beside(schedule: Option<&Schedule>, place: Place, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !is_ahead(place.mark, now) || !schedule.is_some_and(Schedule::goes_on) {
        return place.beside;
    }
    let now = whole(now);
    // What is decided already stays so, over restarts and in other processes; unless the clock was set back once more.
    Some(place.beside.filter(|beside| *beside <= now + AHEAD).unwrap_or(now))
}

/// Stores keep milliseconds.
fn whole(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}

/// The next instant that gets a run beside the ticks. That of a delay is not known while a run is active.
pub(super) fn next_instant(schedule: &Schedule, place: Place, is_active: bool) -> Option<DateTime<Utc>> {
    let beside = place.beside?;
    if schedule.is_delay() && is_active {
        return None;
    }
    schedule.next_after(beside).filter(|instant| *instant <= place.mark)
}

/// Judges a job whose instants are decided up to `beside`.
pub(super) fn judge(
    docket: &Docket<'_>,
    ticks: Ticks<'_>,
    beside: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Judgement {
    let (schedule, mark) = (ticks.schedule, docket.place.mark);
    let first = ticks.next_after(mark).map(|tick| docket.jitter.start_of(schedule, tick));
    // Where what stands after the mark keeps its verdict, the clock comes beyond the mark before the next tick that wants one.
    let is_beyond =
        || !schedule.is_delay() && newest_instant(docket, ticks, now).is_some_and(|one| one > mark);
    if first.is_some_and(|start| start <= now) || is_beyond() {
        // The clock has passed the mark.
        let passed = Docket { place: Place { beside: None, ..docket.place }, ..*docket };
        return judge_schedule(&passed, ticks, now);
    }
    let mut judgement = line::without_ticks(docket, now, None);
    let mut is_active = !docket.active.is_empty();
    let mut decided = beside;
    if let Some(instant) = started(docket, ticks, beside, now) {
        // A delay counts from the end of its run, or else from now on.
        decided = if schedule.is_delay() { whole(now) } else { instant };
        let verdict = run(docket, schedule, instant, now);
        if let Some(Verdict::Clock { waits, .. }) = verdict {
            is_active = true;
            // Then it is judged once more, as for anybody who asks for a run, and the older one is asked to stop.
            judgement.due = judgement.due.or((waits && docket.overlap == Overlap::Cancel).then_some(now));
        }
        judgement.verdicts.extend(verdict);
    }
    let place = Place { beside: Some(decided), ..docket.place };
    let goes_on = schedule.next_after(decided).is_some_and(|next| next <= mark);
    judgement.place = Place { beside: place.beside.filter(|_| goes_on), ..place };
    let due = next_due(Some(schedule), docket.jitter, judgement.place, is_active);
    judgement.due = judgement.due.into_iter().chain(due).min();
    judgement
}

/// The newest instant after `beside` and up to the mark whose start has come. The others before it are not caught up: their ticks have
/// verdicts.
fn started(
    docket: &Docket<'_>,
    ticks: Ticks<'_>,
    beside: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let schedule = ticks.schedule;
    let newest = if schedule.is_delay() {
        let next = next_instant(schedule, docket.place, !docket.active.is_empty());
        next.filter(|instant| docket.jitter.start_of(schedule, *instant) <= now)
    } else {
        newest_instant(docket, ticks, now)
    };
    newest.filter(|instant| beside < *instant && *instant <= docket.place.mark)
}

/// The newest instant of the present clock whose start has come, whatever verdict its tick has.
fn newest_instant(docket: &Docket<'_>, ticks: Ticks<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    choose::newest_started(docket, Ticks { schedule: ticks.schedule, kept: &[] }, now)
}

/// The run of an instant, if it is not too late for it and the overlap policy has room.
fn run(
    docket: &Docket<'_>,
    schedule: &Schedule,
    instant: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Verdict> {
    if is_late(docket.catch_up, schedule, docket.jitter, instant, now) {
        return None;
    }
    let run = |waits| Some(Verdict::Clock { nominal: instant, waits });
    match admit(docket.overlap, docket.slots, docket.active, docket.waiting, false) {
        Admission::Start => run(false),
        Admission::Wait(_) => run(true),
        Admission::Refuse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{HELD, after_finish, at, docket, every, running};
    use super::super::{Active, after_end, hold_after, judge};
    use super::*;
    use crate::judge::{Hold, Kept, Next};
    use crate::policy::{CatchUpRule, Jitter, Slots};
    use crate::run::{Origin, RunId};

    const HOUR: i64 = 3_600;

    fn clock(second: i64) -> Verdict {
        Verdict::Clock { nominal: at(second), waits: false }
    }

    /// A job whose clock was set back from `mark` to `now`.
    fn behind(schedule: &Schedule, mark: i64, now: i64) -> Docket<'_> {
        let docket = docket(schedule, CatchUpRule::Latest, mark);
        let beside = begin_beside(Some(schedule), docket.place, at(now));
        Docket { place: Place { beside, ..docket.place }, ..docket }
    }

    fn due(docket: &Docket<'_>) -> Option<DateTime<Utc>> {
        next_due(docket.schedule, docket.jitter, docket.place, !docket.active.is_empty())
    }

    fn cron(text: &str) -> Schedule {
        Schedule::cron(text, "UTC").expect("a schedule")
    }

    #[test]
    fn only_what_runs_at_intervals_goes_on_and_only_while_the_clock_is_behind() {
        // The hour before and the hour after: 2027-01-15T08:00:00Z is second 0.
        let meaning = |schedule: &Schedule, mark, now| {
            let place = Place::at(at(mark));
            let begins = begin_beside(Some(schedule), place, at(now));
            (ahead(Some(schedule), place, false, at(now)), begins.map(|at| at.timestamp() - 1_800_000_000))
        };
        let (goes_on, waits) = (Some(Ahead::GoesOn), Some(Ahead::Waits));
        assert_eq!(meaning(&every("30m"), 2 * HOUR, 5), (goes_on, Some(5)));
        assert_eq!(meaning(&after_finish("30m"), 2 * HOUR, 5), (goes_on, Some(5)));
        assert_eq!(meaning(&cron("*/15 * * * *"), 2 * HOUR, 5), (goes_on, Some(5)));
        assert_eq!(meaning(&cron("0 9 * * *"), 2 * HOUR, 5), (waits, None));
        assert_eq!(meaning(&cron("0,30 9-17 * * *"), 2 * HOUR, 5), (waits, None));
        // It would not run before the mark in any case.
        assert_eq!(meaning(&cron("0 11 * * *"), 2 * HOUR, 5), (None, None));
        // Not at all, not enough, and by hours.
        assert_eq!(meaning(&every("30m"), 5, 5), (None, None));
        assert_eq!(meaning(&every("1s"), 15, 5), (None, None));
        assert_eq!(meaning(&every("1s"), 16, 5), (goes_on, Some(5)));
        assert_eq!(meaning(&every("30m"), 3 * HOUR + 5, 5), (goes_on, Some(5)));
        assert_eq!(meaning(&every("30m"), 3 * HOUR + 6, 5), (None, None));
        let (schedule, place) = (every("30m"), Place::at(at(2 * HOUR)));
        assert_eq!(ahead(Some(&schedule), place, true, at(5)), None, "paused");
        let hold = Some(Hold { until: None, by: RunId(1) });
        assert_eq!(ahead(Some(&schedule), Place { hold, ..place }, false, at(5)), None, "it has said never");
        assert_eq!(ahead(None, place, false, at(5)), None);
        assert_eq!(begin_beside(None, place, at(5)), None);
    }

    #[test]
    fn what_is_decided_stays_so_unless_the_clock_falls_once_more() {
        let schedule = every("10s");
        let begins = |beside: i64, now| {
            let place = Place { beside: Some(at(beside)), ..Place::at(at(HOUR)) };
            begin_beside(Some(&schedule), place, at(now))
        };
        assert_eq!(begins(100, 103), Some(at(100)), "another process, or a restart");
        assert_eq!(begins(110, 103), Some(at(110)), "a hair earlier");
        assert_eq!(begins(900, 103), Some(at(103)), "the clock was set back once more");
    }

    #[test]
    fn each_instant_up_to_the_mark_has_a_run_beside_it_and_then_come_the_ticks() {
        let schedule = every("10m");
        let mut docket = behind(&schedule, HOUR, 10);
        for instant in (600..=HOUR).step_by(600) {
            assert_eq!(due(&docket), Some(at(instant)));
            let judged = judge(&docket, at(instant) + TimeDelta::milliseconds(3));
            assert_eq!(judged.verdicts, [clock(instant)]);
            assert_eq!((judged.place.mark, judged.due), (at(HOUR), Some(at(instant + 600))));
            docket.place = judged.place;
            // Once only.
            let again = judge(&docket, at(instant) + TimeDelta::milliseconds(4));
            assert_eq!((again.verdicts.len(), again.due), (0, Some(at(instant + 600))));
        }
        assert_eq!(docket.place, Place::at(at(HOUR)));
        let judged = judge(&docket, at(HOUR + 600));
        assert_eq!(judged.verdicts, [Verdict::Run { tick: at(HOUR + 600) }]);
    }

    #[test]
    fn instants_that_nobody_was_there_for_are_not_caught_up() {
        let schedule = every("1m");
        let docket = behind(&schedule, HOUR, 10);
        // The newest is on time, those before it are not made up for.
        let judged = judge(&docket, at(601));
        assert_eq!((judged.verdicts, judged.due), (vec![clock(600)], Some(at(660))));
        let late = judge(&docket, at(640));
        assert_eq!((late.verdicts, late.due, late.place.beside), (vec![], Some(at(660)), Some(at(600))));
        // A step ahead over the mark: the ticks after it are judged as ever.
        let passed = judge(&docket, at(HOUR + 60));
        assert_eq!(passed.verdicts, [Verdict::Run { tick: at(HOUR + 60) }]);
        assert_eq!(passed.place, Place::at(at(HOUR + 60)));
        let between = judge(&docket, at(HOUR + 59));
        assert_eq!((between.verdicts, between.place), (vec![], Place::at(at(HOUR))));
        assert_eq!(between.due, Some(at(HOUR + 60)));
    }

    #[test]
    fn a_clock_beyond_the_mark_ends_it_also_where_what_follows_keeps_its_verdict() {
        let schedule = every("1m");
        let kept = [Kept { first: at(HOUR + 60), last: at(2 * HOUR) }];
        let behind = behind(&schedule, HOUR, 10);
        let place = Place { suspended: Some(at(2 * HOUR)), ..behind.place };
        let docket = Docket { place, kept: &kept, ..behind };
        let now = at(HOUR + 90);
        let judged = judge(&docket, now);
        assert_eq!((judged.verdicts, judged.place.beside), (vec![], None));
        assert!(judged.due.is_some_and(|due| due > now), "{:?}", judged.due);
    }

    #[test]
    fn the_overlap_policy_decides_as_about_a_run_that_somebody_asks_for() {
        let schedule = every("1m");
        let judged = |overlap, most, waiting, active: &[Active]| {
            let slots = Slots { max_running: most, ..Slots::DEFAULT };
            let docket = Docket { overlap, slots, waiting, active, ..behind(&schedule, HOUR, 10) };
            let judged = judge(&docket, at(60));
            assert_eq!((judged.place.mark, judged.place.beside), (at(HOUR), Some(at(60))), "{overlap}");
            (judged.verdicts, judged.due)
        };
        let (next, none) = (Some(at(120)), Vec::new);
        let waits = || vec![Verdict::Clock { nominal: at(60), waits: true }];
        assert_eq!(judged(Overlap::Skip, None, 0, &HELD), (none(), next));
        assert_eq!(judged(Overlap::Allow, None, 0, &HELD), (vec![clock(60)], next));
        assert_eq!(judged(Overlap::Allow, Some(1), 0, &HELD), (none(), next));
        assert_eq!(judged(Overlap::Queue, None, 0, &HELD), (waits(), next));
        assert_eq!(judged(Overlap::Queue, None, 1, &HELD), (none(), next));
        // Judged once more, it has the older one asked to stop.
        assert_eq!(judged(Overlap::Cancel, None, 0, &HELD), (waits(), Some(at(60))));
        assert_eq!(judged(Overlap::Cancel, None, 1, &HELD).0, none());
        let backfill = [Active { origin: Origin::Backfill, ..running(4) }];
        assert_eq!(judged(Overlap::Skip, None, 0, &backfill), (waits(), next));
    }

    #[test]
    fn a_delay_goes_on_from_the_end_of_each_run() {
        let schedule = after_finish("1m");
        let mut docket = behind(&schedule, HOUR, 10);
        assert_eq!(due(&docket), Some(at(70)));
        let judged = judge(&docket, at(70));
        assert_eq!((judged.verdicts, judged.due), (vec![clock(70)], None));
        docket = Docket { place: judged.place, active: &HELD, ..docket };
        assert_eq!(due(&docket), None);
        docket = Docket { place: after_end(&schedule, docket.place, at(85)), active: &[], ..docket };
        assert_eq!((docket.place.mark, due(&docket)), (at(HOUR), Some(at(145))));
        // One that would come after the mark gives way to the tick.
        docket.place = after_end(&schedule, docket.place, at(HOUR - 30));
        assert_eq!(due(&docket), Some(at(HOUR + 60)));
        let judged = judge(&docket, at(HOUR + 60));
        assert_eq!(judged.verdicts, [Verdict::Run { tick: at(HOUR + 60) }]);
        assert_eq!(judged.place, Place::at(at(HOUR + 60)));
    }

    #[test]
    fn what_a_run_says_comes_before_instants_and_pauses_stop_them() {
        let schedule = every("1m");
        let docket = behind(&schedule, HOUR, 10);
        let hold = hold_after(Next::After(std::time::Duration::from_secs(150)), RunId(9), at(65));
        let held = Docket { place: Place { hold, ..docket.place }, ..docket };
        assert_eq!(judge(&held, at(180)).verdicts, []);
        let judged = judge(&held, at(215));
        assert_eq!(judged.verdicts, [Verdict::Extra { nominal: at(215) }]);
        assert_eq!((judged.place.mark, judged.due), (at(HOUR), Some(at(240))));
        let paused = judge(&Docket { paused: true, ..docket }, at(60));
        assert_eq!((paused.verdicts, paused.due), (vec![], None));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// However the clock goes on from there: no verdict changes, each instant has one run at most, and none is left out where somebody is
        /// there in time and nothing holds the slot.
        #[test]
        fn a_clock_that_is_behind_changes_no_verdict(
            period in 1i64..900,
            mark in 0i64..3 * HOUR,
            jitter in prop::option::of(1u64..120),
            overlap in prop::sample::select(Overlap::ALL),
            steps in prop::collection::vec((0i64..700, any::<bool>(), any::<bool>()), 1..60),
        ) {
            let schedule = every(&format!("{period}s"));
            let jitter = Jitter::new(jitter.map(std::time::Duration::from_secs), &"job".parse().expect("a name"));
            let mark = schedule.prev_before(at(mark)).expect("a tick").timestamp() - 1_800_000_000;
            let mut docket = Docket { overlap, jitter, ..behind(&schedule, mark, 0) };
            let begins = docket.place.beside;
            prop_assert_eq!(begins.is_some(), mark > 10);
            let (mut now, mut seen) = (at(0), Vec::new());
            let (mut decided, mut expected) = (at(0), Vec::new());
            for (forward, to_due, is_held) in steps {
                let before = docket.place;
                let due = due(&docket).expect("an interval goes on");
                now = if to_due { now.max(due) } else { now + TimeDelta::seconds(forward) };
                docket.active = if is_held { &HELD } else { &[] };
                let judged = judge(&docket, now);
                if before.beside.is_some() && now < at(mark) {
                    prop_assert_eq!(judged.place.mark, before.mark);
                }
                for verdict in &judged.verdicts {
                    match *verdict {
                        Verdict::Clock { nominal, waits } => {
                            prop_assert!(begins.is_some() && nominal > decided && nominal <= at(mark));
                            prop_assert!(nominal <= now && schedule.matches(nominal) && waits <= is_held);
                            decided = nominal;
                            seen.push(nominal);
                        }
                        Verdict::Run { tick } => prop_assert!(tick > at(mark)),
                        Verdict::Skip(skip) => prop_assert!(skip.first > at(mark)),
                        Verdict::Extra { .. } => prop_assert!(false, "nobody has asked for it"),
                    }
                }
                let is_open = begins.is_some() && schedule.matches(due) && due <= at(mark);
                if jitter == Jitter::NONE && is_open && now == due && due > before.beside.unwrap_or(at(mark)) && !is_held {
                    expected.push(due);
                }
                docket.place = judged.place;
                prop_assert!(judged.due.is_some_and(|due| due > now) || is_held);
            }
            prop_assert!(expected.iter().all(|instant| seen.contains(instant)), "{:?} of {:?}", seen, expected);
        }
    }
}
