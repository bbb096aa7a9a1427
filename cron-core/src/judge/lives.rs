//! Jobs that live through random histories.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::tests::{HELD, after_finish, at, docket, every, running};
use super::*;
use crate::audit::{Recorded, Segment, Suspended, audit};
use crate::policy::CatchUpRule;

/// A job that lives through a random history: what a store does with the judgements, without any store.
#[derive(Debug)]
struct Life<'a> {
    docket: Docket<'a>,
    active: Vec<Active>,
    newest: u64,
    last_verdict: DateTime<Utc>,
    recorded: Vec<Recorded>,
    now: i64,
}

impl Life<'_> {
    fn judge(&mut self) -> Result<(), TestCaseError> {
        let schedule = self.docket.schedule.expect("a schedule");
        let active = self.active.clone();
        let docket = Docket { active: &active, ..self.docket };
        let (before, now) = (docket.place, at(self.now));
        let judgement = judge(&docket, now);
        prop_assert!(judgement.place.mark >= before.mark && judgement.place.mark <= now.max(before.mark));
        if let Some(queued) = judgement.place.queued {
            let waiting = schedule.count_between(judgement.place.mark, queued);
            prop_assert!(waiting >= 1 && waiting <= u64::from(docket.slots.queue_depth), "{} wait", waiting);
        }
        prop_assert!(judgement.ask.is_empty() || docket.overlap == Overlap::Cancel);
        self.active.retain(|active| !judgement.evict.contains(&active.run));
        for active in &mut self.active {
            if judgement.ask.contains(&active.run) {
                active.asked = Some(now);
            }
        }
        for verdict in judgement.verdicts {
            self.record(verdict, schedule)?;
        }
        let most = match docket.overlap {
            Overlap::Allow => docket.slots.max_running.map_or(usize::MAX, |most| most as usize),
            Overlap::Skip | Overlap::Queue | Overlap::Cancel => 1,
        };
        prop_assert!(self.active.len() <= most, "{} are active", self.active.len());
        self.docket.place = judgement.place;
        let counted: u64 = self.recorded.iter().map(|verdict| verdict.count).sum();
        prop_assert_eq!(counted, schedule.count_between(at(0), self.docket.place.mark));
        // Whoever waits for nothing but time is told when to come.
        if self.active.is_empty() && !docket.paused {
            prop_assert!(judgement.due.is_some());
        }
        Ok(())
    }

    fn record(&mut self, verdict: Verdict, schedule: &Schedule) -> Result<(), TestCaseError> {
        let (first, last, count, skipped) = match verdict {
            Verdict::Run { tick } => {
                self.newest += 1;
                self.active.push(running(self.newest));
                (tick, tick, 1, None)
            }
            Verdict::Skip(skip) => (skip.first, skip.last, skip.count, Some(skip.reason)),
            Verdict::Clock { .. } => return Err(TestCaseError::fail("the clock is right")),
            Verdict::Extra { nominal } => {
                self.newest += 1;
                self.active.push(running(self.newest));
                prop_assert!(!schedule.matches(nominal) || nominal <= self.last_verdict);
                return Ok(());
            }
        };
        prop_assert!(first > self.last_verdict && last >= first && count >= 1);
        prop_assert_eq!(schedule.next_after(self.last_verdict), Some(first));
        self.last_verdict = last;
        self.recorded.push(Recorded { first, last, count, skipped });
        Ok(())
    }

    /// The oldest run ends, and perhaps says when the next one is to be.
    fn end(&mut self, next: Option<Next>) {
        if self.active.is_empty() {
            return;
        }
        let ended = self.active.remove(0);
        if let Some(next) = next {
            self.docket.place.hold = hold_after(next, ended.run, at(self.now));
        }
    }
}

fn next() -> impl Strategy<Value = Option<Next>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(Next::Scheduled)),
        1 => (0u64..120).prop_map(|seconds| Some(Next::After(Duration::from_secs(seconds)))),
        1 => (0i64..3_000).prop_map(|second| Some(Next::At(at(second)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tick_up_to_the_mark_has_exactly_one_verdict(
        (period, jitter) in (1i64..90, prop::option::of(1u64..120)),
        rule in prop::sample::select(CatchUpRule::ALL),
        overlap in prop::sample::select(Overlap::ALL),
        (depth, most, patience) in (1u32..4, prop::option::of(1u32..4), 1u64..60),
        limit in 1u32..8,
        window in prop::option::of(1u64..600),
        grace in prop::option::of(1u64..200),
        steps in prop::collection::vec((0i64..400, 0u8..8, next()), 1..30),
    ) {
        let schedule = every(&format!("{period}s"));
        let mut docket = docket(&schedule, rule, 0);
        docket.overlap = overlap;
        docket.slots =
            Slots { queue_depth: if overlap == Overlap::Queue { depth } else { 1 }, max_running: most, cancel_grace: Duration::from_secs(patience) };
        docket.jitter = Jitter::new(jitter.map(Duration::from_secs), &"job".parse().expect("a name"));
        docket.catch_up = CatchUp {
            rule, limit, window: window.map(Duration::from_secs), grace: grace.map(Duration::from_secs),
        };
        let mut life =
            Life { docket, active: vec![], newest: 0, last_verdict: at(0), recorded: vec![], now: 0 };
        for (forward, what, next) in steps {
            life.now += if what % 2 == 0 { forward } else { forward % period };
            match what {
                0..=2 => life.judge()?,
                3..=5 => { life.end(next); life.judge()? }
                6 => { life.docket.paused = !life.docket.paused; life.judge()? }
                _ => { life.now += period; life.judge()?; life.judge()? }
            }
        }
        (life.docket.paused, life.now) = (false, life.now + 3_000);
        // Everything that waits comes to its end.
        for _ in 0..64 {
            life.end(None);
            life.judge()?;
        }
        prop_assert!(life.docket.place.queued.is_none());
        let segment = Segment { since: at(0), schedule: Some(schedule.clone()) };
        let audit = audit(&[segment], life.docket.place.mark, &Suspended::default(), life.recorded);
        prop_assert!(audit.is_sound(), "{:?}", audit);
    }

    #[test]
    fn verdicts_of_a_delay_are_a_period_apart_at_least(
        period in 1i64..90,
        rule in prop::sample::select(CatchUpRule::ALL),
        overlap in prop::sample::select(Overlap::ALL),
        window in prop::option::of(1u64..600),
        steps in prop::collection::vec((0i64..400, any::<bool>(), 0u8..4), 1..20),
    ) {
        let schedule = after_finish(&format!("{period}s"));
        let mut docket = docket(&schedule, rule, 0);
        docket.overlap = overlap;
        docket.catch_up.window = window.map(Duration::from_secs);
        let (mut now, mut last, mut recorded) = (0, at(0), Vec::new());
        for (forward, ends, manual) in steps {
            now += forward;
            let judgement = judge(&docket, at(now));
            let mark = judgement.place.mark;
            prop_assert!(mark >= docket.place.mark && mark <= at(now).max(docket.place.mark));
            prop_assert!(judgement.verdicts.len() <= 1);
            docket.place = judgement.place;
            for verdict in judgement.verdicts {
                let (tick, skipped) = match verdict {
                    Verdict::Run { tick } => { docket.active = &HELD; (tick, None) }
                    Verdict::Skip(skip) => { prop_assert_eq!(skip.count, 1); (skip.first, Some(skip.reason)) }
                    Verdict::Extra { nominal } | Verdict::Clock { nominal, .. } => {
                        return Err(TestCaseError::fail(nominal.to_string()));
                    }
                };
                prop_assert!(tick - last >= TimeDelta::seconds(period) && tick <= mark);
                last = tick;
                recorded.push(Recorded { first: tick, last: tick, count: 1, skipped });
            }
            if docket.active.is_empty() {
                prop_assert!(judgement.due.is_none_or(|due| due > at(now)));
                prop_assert_eq!(judgement.due, next_tick(&schedule, mark, false));
                docket.active = if manual == 0 { &HELD } else { &[] };
            } else if ends {
                docket.active = &[];
                docket.place = after_end(&schedule, docket.place, at(now));
                prop_assert!(docket.place.mark >= at(now));
            }
        }
        let segment = Segment { since: at(0), schedule: Some(schedule.clone()) };
        let (count, audit) = (recorded.len() as u64, audit(&[segment], docket.place.mark, &Suspended::default(), recorded));
        prop_assert!(audit.is_sound() && audit.ticks == count, "{:?}", audit);
    }
}
