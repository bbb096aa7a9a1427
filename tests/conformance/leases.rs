//! Leases: who is trusted to be alive, and what becomes of the attempts of those who are not.

use cron_runtime::core::run::{AttemptResult, RunState};

use crate::jobs::{at, job, ms};
use crate::world::{Desk, StoreError, World, program};

cases!(leases:
    a_living_lease_is_not_reaped,
    a_lease_counts_to_its_last_millisecond,
    an_expired_lease_is_reaped_and_its_slot_is_free,
    a_renewed_lease_lives_longer,
    a_renewal_may_shorten_a_lease,
    the_instant_to_look_again_is_one_at_which_there_is_something_to_see,
    own_attempts_are_not_reaped_while_their_lease_lasts,
    an_own_lease_that_expired_is_reaped_like_any_other,
    an_attempt_of_a_process_that_left_is_reaped_at_once,
    an_attempt_that_waits_is_nobodys_and_is_not_reaped,
    a_lease_of_another_process_is_not_ones_own_to_renew,
    a_reaped_attempt_is_told_with_what_became_of_its_run,
    a_retry_of_a_lost_attempt_gives_way_to_the_next_tick,
    a_process_that_left_writes_nothing_more,
    a_process_that_came_back_is_another_one,
    one_that_never_joined_may_reap,
);

pub(crate) fn a_living_lease_is_not_reaped(world: &World) {
    let first = world.start(0, &[job("a").every("10s")]);
    let second = world.start(1, &[job("a").every("10s")]);
    let claimed = first.starts(10);
    assert_eq!(second.reaps(39), []);
    first.succeed(claimed.claim, 39);
}

pub(crate) fn a_lease_counts_to_its_last_millisecond(world: &World) {
    let first = world.start(0, &[job("a").every("60s")]);
    let second = world.join(1);
    let claimed = first.starts(60);
    assert_eq!(second.reaps(90), []);
    let reaped = second.reap(at(90) + ms(1)).expect("reaps");
    assert_eq!(reaped.lost.len(), 1);
    assert_eq!(reaped.lost[0].1, claimed.claim.run);
}

pub(crate) fn an_expired_lease_is_reaped_and_its_slot_is_free(world: &World) {
    let jobs = [job("a").every("10s")];
    let first = world.start(0, &jobs);
    let second = world.start(1, &jobs);
    let run = first.starts(10).claim.run;
    second.starts_nothing(40);
    assert_eq!(second.reaps(41), [run]);
    assert_eq!(second.reaps(41), []);
    assert_eq!(second.info("a").active, 0);
    assert_eq!(second.run_info(run).state, RunState::Failed);
    assert_eq!(second.attempts(run)[0].result, AttemptResult::Lost);
    assert_eq!(second.starts(50).nominal, at(50));
}

pub(crate) fn a_renewed_lease_lives_longer(world: &World) {
    let first = world.start(0, &[job("a").every("60s")]);
    let second = world.join(1);
    let claim = first.starts(60).claim;
    assert_eq!(first.renew(vec![claim], at(120)).expect("renews"), []);
    assert_eq!(second.reaps(120), []);
    assert_eq!(second.reaps(121), [claim.run]);
}

pub(crate) fn a_renewal_may_shorten_a_lease(world: &World) {
    // The wall clock of the owner went back; its lease must not outlive it by that step.
    let first = world.start(0, &[job("a").every("60s")]);
    let second = world.join(1);
    let claim = first.starts(60).claim;
    first.renew(vec![claim], at(70)).expect("renews");
    assert_eq!(second.reaps(71), [claim.run]);
}

pub(crate) fn the_instant_to_look_again_is_one_at_which_there_is_something_to_see(world: &World) {
    let first = world.start(0, &[job("a").every("60s")]);
    let second = world.join(1);
    let claim = first.starts(60).claim;
    let mut now = at(61);
    for _ in 0..10 {
        let reaped = second.reap(now).expect("reaps");
        if let [(_, run, _)] = reaped.lost[..] {
            assert_eq!((run, now), (claim.run, at(90) + ms(1)));
            return;
        }
        let next = reaped.next.expect("another process holds a lease");
        assert!(next > now, "{next} is no later than {now}: the engine would turn in circles");
        assert!(next <= at(90) + ms(1), "the end of the lease would be overlooked until {next}");
        now = next;
    }
    panic!("the lease was never seen to expire");
}

pub(crate) fn own_attempts_are_not_reaped_while_their_lease_lasts(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    assert_eq!(process.reaps(40), []);
    process.succeed(claimed.claim, 40);
}

pub(crate) fn an_own_lease_that_expired_is_reaped_like_any_other(world: &World) {
    // After a suspended machine nobody can tell who else has taken it meanwhile.
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    assert_eq!(process.reaps(41), [claimed.claim.run]);
}

pub(crate) fn an_attempt_of_a_process_that_left_is_reaped_at_once(world: &World) {
    let first = world.start(0, &[job("a").every("10s")]);
    let second = world.start(1, &[job("a").every("10s")]);
    let claimed = first.starts(10);
    assert_eq!(second.reaps(11), []);
    first.leave(at(12)).expect("takes leave");
    assert_eq!(second.reaps(12), [claimed.claim.run]);
}

pub(crate) fn an_attempt_that_waits_is_nobodys_and_is_not_reaped(world: &World) {
    let first = world.start(0, &[job("a").retries(1), job("b")]);
    first.triggered("a", 1);
    let claimed = first.starts(1);
    first.fail(claimed.claim, 2, "no");
    first.triggered("b", 3);
    first.leaves(4);
    let second = world.join(5);
    assert_eq!(second.reaps(1_000), []);
    assert_eq!(second.run_info(claimed.claim.run).attempts_used, 1);
}

pub(crate) fn a_lease_of_another_process_is_not_ones_own_to_renew(world: &World) {
    let first = world.start(0, &[job("a").every("60s")]);
    let second = world.join(1);
    let claim = first.starts(60).claim;
    assert_eq!(second.renew(vec![claim], at(900)).expect("renews"), [claim]);
    assert_eq!(second.reaps(91), [claim.run]);
}

pub(crate) fn a_reaped_attempt_is_told_with_what_became_of_its_run(world: &World) {
    let process =
        world.start(0, &[job("a").every("10s"), job("b").every("10s").retries(1).retry_past_next()]);
    let runs: Vec<_> = process.judge(10).claimed.into_iter().map(|claimed| claimed.claim.run).collect();
    let lost = process.reap(at(41)).expect("reaps").lost;
    assert_eq!(lost.len(), 2);
    for (index, (job, run, state)) in lost.into_iter().enumerate() {
        assert_eq!((job.as_str(), run), (["a", "b"][index], runs[index]));
        assert_eq!(state, process.run_info(run).state);
        assert_eq!(state.is_active(), index == 1);
    }
}

pub(crate) fn a_retry_of_a_lost_attempt_gives_way_to_the_next_tick(world: &World) {
    let process = world.start(0, &[job("a").every("50s").retries(5)]);
    let tick = process.judge(0).next.expect("a tick");
    let second = crate::jobs::second(tick);
    let run = process.starts(second).claim.run;
    assert_eq!(process.reaps(second + 45), [run]);
    assert_eq!(process.run_info(run).state, RunState::Failed);
}

pub(crate) fn a_process_that_left_writes_nothing_more(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.leave(at(5)).expect("takes leave");
    process.leave(at(6)).expect("taking leave twice is no mistake");
    let judged = process.store().judge(process.request(10, 100));
    assert!(matches!(judged, Err(StoreError::Closed)), "{judged:?}");
    let synced = process.store().sync(&program(&[]), at(10));
    assert!(matches!(synced, Err(StoreError::Closed)), "{synced:?}");
    let renewed = process.renew(Vec::new(), at(10));
    assert!(matches!(renewed, Err(StoreError::Closed)), "{renewed:?}");
    assert_eq!(process.info("a").mark, at(0));
}

pub(crate) fn a_process_that_came_back_is_another_one(world: &World) {
    let jobs = [job("a").every("10s")];
    let first = world.start(0, &jobs);
    let owner = first.owner;
    let claimed = first.starts(10);
    first.leaves(11);
    let second = world.start(12, &jobs);
    assert_ne!(second.owner, owner);
    assert_eq!(second.reaps(12), [claimed.claim.run]);
}

pub(crate) fn one_that_never_joined_may_reap(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let run = process.starts(10).claim.run;
    let observer = world.open();
    assert_eq!(observer.reap(at(40)).expect("reaps").lost, []);
    assert_eq!(observer.reap(at(41)).expect("reaps").lost.len(), 1);
    assert_eq!(observer.run_info(run).state, RunState::Failed);
}
