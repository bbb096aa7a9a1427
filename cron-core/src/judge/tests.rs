use chrono::TimeDelta;

use super::*;
use crate::policy::CatchUpRule;

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
}

pub(super) fn every(period: &str) -> Schedule {
    Schedule::every(period, None).expect("a period")
}

pub(super) fn after_finish(period: &str) -> Schedule {
    Schedule::every_after_finish(period).expect("a period")
}

pub(super) fn docket(schedule: &Schedule, rule: CatchUpRule, mark: i64) -> Docket<'_> {
    Docket {
        schedule: Some(schedule),
        catch_up: CatchUp { rule, ..CatchUp::DEFAULT },
        overlap: Overlap::Skip,
        slots: Slots::DEFAULT,
        jitter: Jitter::NONE,
        place: Place::at(at(mark)),
        paused: false,
        active: &[],
        waiting: 0,
        kept: &[],
    }
}

/// A run of a tick that a process has in progress.
pub(super) const fn running(run: u64) -> Active {
    Active { run: RunId(run), origin: Origin::Tick, is_running: true, asked: None }
}

pub(super) const HELD: [Active; 1] = [running(4)];

pub(super) fn run(tick: i64) -> Verdict {
    Verdict::Run { tick: at(tick) }
}

pub(super) fn skip(reason: SkipReason, first: i64, last: i64, count: u64, holder: Option<u64>) -> Verdict {
    Verdict::Skip(Skip { first: at(first), last: at(last), count, reason, holder: holder.map(RunId) })
}

pub(super) fn missed(first: i64, last: i64, count: u64) -> Verdict {
    skip(SkipReason::Missed, first, last, count, None)
}

fn superseded(first: i64, last: i64, count: u64) -> Verdict {
    skip(SkipReason::Superseded, first, last, count, None)
}

pub(super) fn overlapping(tick: i64) -> Verdict {
    skip(SkipReason::Overlap, tick, tick, 1, Some(4))
}

pub(super) fn judged(verdicts: Vec<Verdict>, mark: i64, due: Option<i64>) -> Judgement {
    Judgement::of(verdicts, at(mark), due.map(at))
}

#[test]
fn nothing_is_due_before_the_next_tick() {
    let schedule = every("10s");
    assert_eq!(judge(&docket(&schedule, CatchUpRule::Latest, 0), at(9)), judged(vec![], 0, Some(10)));
}

#[test]
fn latest_runs_the_newest_with_its_own_time_and_folds_the_rest() {
    let schedule = every("10s");
    let want = judged(vec![missed(10, 40, 4), run(50)], 50, Some(60));
    assert_eq!(judge(&docket(&schedule, CatchUpRule::Latest, 0), at(57)), want);
}

#[test]
fn a_tick_is_due_from_its_very_instant_and_not_a_hair_before() {
    let schedule = every("10s");
    let docket = docket(&schedule, CatchUpRule::Latest, 0);
    assert_eq!(judge(&docket, at(20) - TimeDelta::microseconds(1)).verdicts, [run(10)]);
    assert_eq!(judge(&docket, at(10)).verdicts, [run(10)]);
}

#[test]
fn none_runs_what_is_within_grace_only() {
    let schedule = every("10s");
    let on_time = judge(&docket(&schedule, CatchUpRule::None, 0), at(35));
    assert_eq!(on_time.verdicts, [missed(10, 20, 2), run(30)]);
    assert_eq!(
        judge(&docket(&schedule, CatchUpRule::None, 0), at(36)),
        judged(vec![missed(10, 30, 3)], 30, Some(40))
    );
}

#[test]
fn all_runs_one_at_a_time_and_waits_for_the_active_run_under_every_policy() {
    let schedule = every("10s");
    for overlap in Overlap::ALL {
        let free = Docket { overlap: *overlap, ..docket(&schedule, CatchUpRule::All, 0) };
        assert_eq!(judge(&free, at(39)), judged(vec![run(10)], 10, Some(20)), "{overlap}");
        let held = Docket { place: Place::at(at(10)), active: &HELD, ..free };
        let want = match overlap {
            Overlap::Skip | Overlap::Queue => judged(vec![], 10, None),
            // A run that hangs must not hold the backlog up for ever.
            Overlap::Cancel => Judgement { ask: vec![RunId(4)], ..judged(vec![], 10, Some(49)) },
            Overlap::Allow => judged(vec![run(20)], 20, Some(30)),
        };
        assert_eq!(judge(&held, at(39)), want, "{overlap}");
        assert_eq!(judge(&Docket { active: &[], ..held }, at(39)).verdicts, [run(20)], "{overlap}");
    }
}

#[test]
fn all_is_bounded_by_its_limit_and_window() {
    let schedule = every("10s");
    let mut docket = docket(&schedule, CatchUpRule::All, 0);
    docket.catch_up.limit = 2;
    assert_eq!(judge(&docket, at(100)).verdicts, [missed(10, 80, 8), run(90)]);
    docket.catch_up.window = Some(Duration::from_secs(3));
    assert_eq!(judge(&docket, at(104)).verdicts, [missed(10, 100, 10)]);
}

/// Who holds the slot, and what each policy does about it.
type Row<'a> = (&'a str, &'a [Active], [(Overlap, Judgement); 4]);

#[test]
fn every_policy_meets_every_kind_of_holder() {
    use Overlap::{Allow, Cancel, Queue, Skip};
    let schedule = every("10s");
    let asked = |second| Active { asked: Some(at(second)), ..running(4) };
    let idle = Active { is_running: false, ..running(4) };
    let backfill = Active { origin: Origin::Backfill, ..running(4) };
    let waits = |ask: &[u64], evict: &[u64], due| Judgement {
        ask: ask.iter().copied().map(RunId).collect(),
        evict: evict.iter().copied().map(RunId).collect(),
        place: Place { queued: Some(at(10)), ..Place::at(at(0)) },
        ..judged(vec![], 0, Some(due))
    };
    let starts = judged(vec![run(10)], 10, Some(20));
    let skips = judged(vec![overlapping(10)], 10, Some(20));
    let evicts = Judgement { evict: vec![RunId(4)], ..starts.clone() };
    // The tick at 10 is judged at 12; a run that is asked to stop has 10 s, so one asked at 12 has until 22.
    let table: [Row<'_>; 6] = [
        (
            "nobody",
            &[],
            [
                (Skip, starts.clone()),
                (Queue, starts.clone()),
                (Cancel, starts.clone()),
                (Allow, starts.clone()),
            ],
        ),
        (
            "a running attempt",
            &HELD,
            [
                (Skip, skips.clone()),
                (Queue, waits(&[], &[], 20)),
                (Cancel, waits(&[4], &[], 20)),
                (Allow, starts.clone()),
            ],
        ),
        (
            "an attempt that was asked to stop and has time",
            &[asked(5)],
            [
                (Skip, skips.clone()),
                (Queue, waits(&[], &[], 20)),
                (Cancel, waits(&[], &[], 15)),
                (Allow, starts.clone()),
            ],
        ),
        (
            "an attempt that was asked to stop and had its time",
            &[asked(2)],
            [
                (Skip, skips.clone()),
                (Queue, waits(&[], &[], 20)),
                (Cancel, evicts.clone()),
                (Allow, starts.clone()),
            ],
        ),
        (
            "a run that waits for its retry, or has not started",
            &[idle],
            [(Skip, skips), (Queue, waits(&[], &[], 20)), (Cancel, evicts), (Allow, starts.clone())],
        ),
        (
            "a backfill",
            &[backfill],
            [
                (Skip, waits(&[], &[], 20)),
                (Queue, waits(&[], &[], 20)),
                (Cancel, waits(&[], &[], 20)),
                (Allow, starts),
            ],
        ),
    ];
    for (who, active, row) in &table {
        for (overlap, want) in row {
            let docket = Docket { overlap: *overlap, active, ..docket(&schedule, CatchUpRule::Latest, 0) };
            assert_eq!(judge(&docket, at(12)), *want, "{overlap}, held by {who}");
        }
    }
}

#[test]
fn every_policy_answers_every_request() {
    use Overlap::{Allow, Cancel, Queue, Skip};
    let (start, wait, refuse) = (Admission::Start, Admission::Wait(RunId(4)), Admission::Refuse(RunId(4)));
    let backfill = Active { origin: Origin::Backfill, ..running(4) };
    // By: nobody, a run, a run with another request waiting, a backfill.
    for (overlap, want) in [
        (Skip, [start, refuse, refuse, wait]),
        (Queue, [start, wait, refuse, wait]),
        (Cancel, [start, wait, refuse, wait]),
        (Allow, [start, start, start, start]),
    ] {
        let ask = |active: &[Active], waiting, force| admit(overlap, Slots::DEFAULT, active, waiting, force);
        let got =
            [ask(&[], 0, false), ask(&HELD, 0, false), ask(&HELD, 1, false), ask(&[backfill], 0, false)];
        assert_eq!(got, want, "{overlap}");
        assert_eq!(ask(&HELD, 1, true), start, "{overlap}, forced");
    }
    let two = Slots { max_running: Some(2), queue_depth: 3, ..Slots::DEFAULT };
    assert_eq!(admit(Allow, two, &[running(4)], 0, false), start);
    assert_eq!(admit(Allow, two, &[running(4), running(5)], 0, false), refuse);
    assert_eq!(admit(Queue, two, &HELD, 2, false), wait);
    assert_eq!(admit(Queue, two, &HELD, 3, false), refuse);
    assert_eq!(backfill_room(Allow, two, &[backfill], 9), 1);
    assert_eq!(backfill_room(Allow, Slots::DEFAULT, &[backfill, running(9)], 2), 1);
    assert_eq!(backfill_room(Skip, Slots::DEFAULT, &[], 9), 1);
    assert_eq!(backfill_room(Skip, Slots::DEFAULT, &HELD, 9), 0);
}

#[test]
fn a_queue_keeps_the_newest_and_starts_the_oldest() {
    let schedule = every("10s");
    let mut docket = Docket {
        overlap: Overlap::Queue,
        slots: Slots { queue_depth: 2, ..Slots::DEFAULT },
        active: &HELD,
        ..docket(&schedule, CatchUpRule::Latest, 0)
    };
    for (now, mark, verdicts) in [
        (10, 0, vec![]),
        (20, 0, vec![]),
        (30, 10, vec![superseded(10, 10, 1)]),
        (40, 20, vec![superseded(20, 20, 1)]),
    ] {
        let judgement = judge(&docket, at(now));
        assert_eq!(judgement.verdicts, verdicts, "at {now}");
        assert_eq!(judgement.place, Place { queued: Some(at(now)), ..Place::at(at(mark)) });
        assert_eq!(judgement.due, Some(at(now + 10)));
        docket.place = judgement.place;
    }
    // The slot is free: the oldest waiting tick starts, and the other one goes on waiting behind it.
    docket.active = &[];
    assert_eq!(next_due(docket.schedule, Jitter::NONE, docket.place, false), Some(at(30)));
    let judgement = judge(&docket, at(42));
    assert_eq!(judgement.verdicts, [run(30)]);
    assert_eq!(judgement.place, Place { queued: Some(at(40)), ..Place::at(at(30)) });
    // An outage: what the catch-up rule chooses replaces what waited before it.
    docket.place = judgement.place;
    let judgement = judge(&docket, at(99));
    assert_eq!(judgement.verdicts, [superseded(40, 40, 1), missed(50, 80, 4), run(90)]);
    // Where it chooses nothing, what waited before is what runs.
    docket.catch_up.rule = CatchUpRule::None;
    assert_eq!(judge(&docket, at(99)).verdicts, [run(40)]);
}

#[test]
fn cancel_starts_the_newest_only_once_the_old_run_is_out() {
    let schedule = every("10s");
    let mut docket =
        Docket { overlap: Overlap::Cancel, active: &HELD, ..docket(&schedule, CatchUpRule::Latest, 0) };
    docket.slots.cancel_grace = Duration::from_secs(15);
    let first = judge(&docket, at(10));
    assert_eq!((first.ask, first.due), (vec![RunId(4)], Some(at(20))));
    docket.place = first.place;
    let asked = [Active { asked: Some(at(10)), ..running(4) }];
    docket.active = &asked;
    let second = judge(&docket, at(20));
    assert_eq!((second.ask, second.evict), (vec![], vec![]));
    assert_eq!((second.verdicts, second.due), (vec![superseded(10, 10, 1)], Some(at(25))));
    docket.place = second.place;
    let third = judge(&docket, at(25));
    assert_eq!((third.evict, third.verdicts), (vec![RunId(4)], vec![run(20)]));
    assert_eq!((third.place, third.due), (Place::at(at(20)), Some(at(30))));
    // So does an instant that a run asked for, and a delay whose own tick has to wait.
    let said = Place { hold: hold_after(Next::At(at(35)), RunId(4), at(21)), ..Place::at(at(20)) };
    let held = Docket { active: &HELD, place: said, ..docket };
    let asks = judge(&held, at(35));
    assert_eq!((asks.ask, asks.due, asks.place), (vec![RunId(4)], Some(at(50)), said));
    let had_time = [Active { asked: Some(at(35)), ..running(4) }];
    let evicts = judge(&Docket { active: &had_time, ..held }, at(50));
    assert_eq!(
        (evicts.evict, evicts.verdicts.last()),
        (vec![RunId(4)], Some(&Verdict::Extra { nominal: at(35) }))
    );
    let never = Place { hold: hold_after(Next::Never, RunId(4), at(21)), ..Place::at(at(20)) };
    let wanted = judge(&Docket { waiting: 1, place: never, ..held }, at(31));
    assert_eq!((wanted.ask, wanted.due), (vec![RunId(4)], Some(at(46))));
    let delay = after_finish("10s");
    let wanted =
        judge(&Docket { schedule: Some(&delay), waiting: 1, place: Place::at(at(0)), ..held }, at(31));
    assert_eq!((wanted.ask, wanted.due), (vec![RunId(4)], Some(at(46))));
    // A run that a person asked for makes room for itself in the same way, also between ticks.
    docket = Docket { active: &HELD, waiting: 1, place: Place::at(at(30)), ..docket };
    let wanted = judge(&docket, at(31));
    assert_eq!((wanted.ask, wanted.due), (vec![RunId(4)], Some(at(40))));
    // It has the slot before a tick that came later, which asks for it at once.
    let had_time = [Active { asked: Some(at(31)), ..running(4) }];
    let both = judge(&Docket { active: &had_time, ..docket }, at(46));
    assert_eq!((both.evict, both.verdicts, both.due), (vec![RunId(4)], vec![], Some(at(46))));
    assert_eq!(both.place.queued, Some(at(40)));
}

#[test]
fn allow_is_bounded_by_the_number_that_may_run() {
    let schedule = every("10s");
    let mut docket =
        Docket { overlap: Overlap::Allow, active: &HELD, ..docket(&schedule, CatchUpRule::Latest, 0) };
    docket.slots.max_running = Some(1);
    assert_eq!(judge(&docket, at(10)).verdicts, [overlapping(10)]);
    docket.slots.max_running = Some(2);
    assert_eq!(judge(&docket, at(10)).verdicts, [run(10)]);
}

#[test]
fn jitter_delays_the_start_and_keeps_the_instant() {
    let schedule = every("10s");
    let jitter = Jitter::new(Some(Duration::from_secs(8)), &"report".parse().expect("a name"));
    let docket = Docket { jitter, ..docket(&schedule, CatchUpRule::Latest, 0) };
    for tick in [10, 20, 30, 40] {
        let start = jitter.start_of(&schedule, at(tick));
        let docket = Docket { place: Place::at(at(tick - 10)), ..docket };
        assert_eq!(
            judge(&docket, start - TimeDelta::milliseconds(1)),
            judged(vec![], tick - 10, None).due_at(start)
        );
        assert_eq!(judge(&docket, start).verdicts, [run(tick)]);
    }
    // After an outage the newest tick whose start has come is the one that runs.
    let now = jitter.start_of(&schedule, at(50)) - TimeDelta::milliseconds(1);
    assert_eq!(judge(&docket, now).verdicts, [missed(10, 30, 3), run(40)]);
}

impl Judgement {
    fn due_at(self, due: DateTime<Utc>) -> Self {
        Self { due: Some(due), ..self }
    }
}

#[test]
fn what_a_run_says_overrides_the_ticks_until_then() {
    let schedule = every("10s");
    let hold = |next| hold_after(next, RunId(7), at(12));
    assert_eq!(hold(Next::Scheduled), None);
    let until = |next| hold(next).map(|hold| hold.until);
    assert_eq!(until(Next::Never), Some(None));
    assert_eq!(until(Next::After(Duration::from_secs(33))), Some(Some(at(45))));
    assert_eq!(until(Next::After(Duration::MAX)), Some(None));
    assert_eq!(until(Next::At(at(5))), Some(Some(at(12))));

    let mut docket = docket(&schedule, CatchUpRule::Latest, 10);
    docket.place.hold = hold(Next::At(at(45)));
    let taken = |first, last, count| skip(SkipReason::Superseded, first, last, count, Some(7));
    assert_eq!(judge(&docket, at(44)).due, Some(at(45)));
    let extra = Verdict::Extra { nominal: at(45) };
    assert_eq!(judge(&docket, at(45)), judged(vec![taken(20, 40, 3), extra], 45, Some(50)));
    assert_eq!(judge(&Docket { active: &HELD, ..docket }, at(45)).due, None);
    // An instant that is a tick is that tick; one before the next tick takes none away.
    docket.place.hold = hold(Next::At(at(40)));
    assert_eq!(judge(&docket, at(45)), judged(vec![taken(20, 30, 2), run(40)], 40, Some(50)));
    docket.place.hold = hold(Next::After(Duration::from_secs(1)));
    let extra = Verdict::Extra { nominal: at(13) };
    assert_eq!(judge(&docket, at(15)), judged(vec![extra], 13, Some(20)));
    // Never is until somebody says otherwise.
    docket.place.hold = hold(Next::Never);
    assert_eq!(judge(&docket, at(9_999)).due, None);
    let closed = close(&schedule, docket.place, &[], None, false, at(45));
    assert_eq!(closed.into_iter().map(Verdict::Skip).collect::<Vec<_>>(), [taken(20, 40, 3)]);
    // The instant itself is not taken by the run that asked for it.
    docket.place.hold = hold(Next::At(at(40)));
    let closed = close(&schedule, docket.place, &[], Some(at(15)), false, at(65));
    let paused = skip(SkipReason::Paused, 40, 60, 3, None);
    assert_eq!(closed.into_iter().map(Verdict::Skip).collect::<Vec<_>>(), [taken(20, 30, 2), paused]);
    // A handler has no ticks, and still runs when it says so.
    docket.schedule = None;
    docket.place.hold = hold(Next::After(Duration::from_secs(1)));
    assert_eq!(judge(&docket, at(15)), judged(vec![extra], 13, None));
    assert_eq!(judge(&Docket { place: Place::at(at(0)), ..docket }, at(15)), judged(vec![], 0, None));
}

#[test]
fn a_paused_job_is_not_judged() {
    let schedule = every("10s");
    let paused = Docket { paused: true, ..docket(&schedule, CatchUpRule::Latest, 0) };
    assert_eq!(judge(&paused, at(99)), judged(vec![], 0, None));
    let closed = |place, pause: Option<i64>| {
        let skips = close(&schedule, place, &[], pause.map(at), false, at(99));
        skips.into_iter().map(|skip| (skip.reason, skip.last, skip.count)).collect::<Vec<_>>()
    };
    assert_eq!(closed(Place::at(at(0)), None), [(SkipReason::Missed, at(90), 9)]);
    let want = [(SkipReason::Missed, at(30), 3), (SkipReason::Paused, at(90), 6)];
    assert_eq!(closed(Place::at(at(0)), Some(35)), want);
    let queued = Place { queued: Some(at(20)), ..Place::at(at(0)) };
    assert_eq!(closed(queued, Some(35))[0], (SkipReason::Superseded, at(20), 2));
}

#[test]
fn a_clock_that_went_back_judges_nothing_twice() {
    let schedule = every("10s");
    assert_eq!(judge(&docket(&schedule, CatchUpRule::Latest, 100), at(50)), judged(vec![], 100, Some(110)));
    assert!(!is_astray(at(3 * 3_600), at(0)));
    assert!(is_astray(at(3 * 3_600 + 1), at(0)));
}

#[test]
fn a_line_without_end_ends_in_the_record() {
    let schedule = every("1s");
    let most = i64::from(Slots::MAX);
    let place = |mark, queued| Place { queued: Some(queued), ..Place::at(mark) };
    let docket = Docket {
        overlap: Overlap::Queue,
        active: &HELD,
        place: place(at(0), at(most + 20)),
        ..docket(&schedule, CatchUpRule::Latest, 0)
    };
    let judgement = judge(&docket, at(most + 20));
    assert_eq!(judgement.verdicts, [superseded(1, 20, 20), superseded(21, most + 19, most as u64 - 1)]);
    assert_eq!(judgement.place, place(at(most + 19), at(most + 20)));

    // From one end of the calendar to the other, which is more than there is time for.
    let whole = Docket { place: place(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), ..docket };
    let judgement = judge(&whole, at(0));
    assert_eq!(judgement.verdicts.len(), 2);
}
