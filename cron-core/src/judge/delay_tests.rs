use super::tests::{HELD, after_finish, at, docket, every, judged, missed, overlapping, run, skip};
use super::*;
use crate::policy::{CatchUpRule, Slots};

#[test]
fn a_delay_runs_its_one_tick_however_late_and_then_waits_for_the_end() {
    let schedule = after_finish("10s");
    for rule in [CatchUpRule::Latest, CatchUpRule::All] {
        let docket = docket(&schedule, rule, 0);
        assert_eq!(judge(&docket, at(9)), judged(vec![], 0, Some(10)));
        let runs = judged(vec![run(10)], 10, None);
        assert_eq!(judge(&docket, at(10)), runs);
        assert_eq!(judge(&docket, at(99_999)), runs);
        let held = Docket { active: &HELD, ..docket };
        assert_eq!(judge(&held, at(99_999)), judged(vec![overlapping(10)], 10, None));
        assert_eq!(judge(&Docket { overlap: Overlap::Allow, ..held }, at(99_999)), runs);
        let bounded = |most| {
            let slots = Slots { max_running: Some(most), ..held.slots };
            Docket { overlap: Overlap::Allow, slots, ..held }
        };
        assert_eq!(judge(&bounded(HELD.len() as u32), at(10)), judged(vec![overlapping(10)], 10, None));
        assert_eq!(judge(&bounded(HELD.len() as u32 + 1), at(10)), runs);
        for overlap in [Overlap::Queue, Overlap::Cancel] {
            assert_eq!(judge(&Docket { overlap, ..held }, at(99_999)), judged(vec![], 0, None));
        }
    }
    let after_end = |schedule: &Schedule, ended| after_end(schedule, Place::at(at(10)), at(ended)).mark;
    assert_eq!(after_end(&schedule, 17), at(17));
    assert_eq!(after_end(&schedule, 3), at(10));
    assert_eq!(after_end(&every("10s"), 17), at(10));
    assert_eq!(next_tick(&schedule, at(17), false), Some(at(27)));
    assert_eq!(next_tick(&schedule, at(17), true), None);
}

#[test]
fn a_delay_lets_its_one_tick_go_beyond_grace_and_window() {
    let schedule = after_finish("10s");
    let none = docket(&schedule, CatchUpRule::None, 0);
    assert_eq!(judge(&none, at(15)).verdicts, [run(10)]);
    let gone = judged(vec![missed(10, 10, 1)], 99, Some(109));
    assert_eq!(judge(&none, at(99)), gone);
    let mut bounded = docket(&schedule, CatchUpRule::All, 0);
    bounded.catch_up.window = Some(Duration::from_secs(80));
    assert_eq!(judge(&bounded, at(90)).verdicts, [run(10)]);
    assert_eq!(judge(&bounded, at(99)), gone);
    assert_eq!(judge(&Docket { active: &HELD, ..bounded }, at(99)), Judgement { due: None, ..gone });
}

#[test]
fn a_delay_is_closed_with_one_tick_at_most() {
    let schedule = after_finish("10s");
    let closed = |paused: Option<i64>, is_active, now| {
        let skips = close(&schedule, Place::at(at(0)), &[], paused.map(at), is_active, at(now));
        skips.into_iter().map(Verdict::Skip).collect::<Vec<_>>()
    };
    assert_eq!(closed(None, false, 9), []);
    assert_eq!(closed(None, false, 99), [missed(10, 10, 1)]);
    assert_eq!(closed(Some(10), false, 99), [missed(10, 10, 1)]);
    assert_eq!(closed(Some(5), false, 99), [skip(SkipReason::Paused, 10, 10, 1, None)]);
    assert_eq!(closed(Some(5), true, 99), []);
}
