//! Every overlap policy × everything that can hold a slot × everything that can happen next, held against what the core says.

use cron_runtime::core::judge::{Active, Admission, Docket, Place, Verdict, admit, judge as decide};
use cron_runtime::core::policy::Jitter;
use cron_runtime::core::run::FailureKind;

use crate::jobs::{Job, at, job};
use crate::world::{
    AttemptEnd, Claim, Command, CommandError, Desk, Done, Failure, Origin, Process, RunEvent, RunId,
    RunState, Settled, StateWord, Trigger, World, name, trigger,
};

cases!(table:
    a_tick_meets_every_holder_under_every_policy,
    a_request_meets_every_holder_under_every_policy,
    a_dead_letter_that_is_retried_meets_every_holder_under_every_policy,
    every_end_of_an_attempt_meets_every_state,
);

/// What may hold the slot of a job when the tick at 100 is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    Running,
    Overdue,
    AskedWithTime,
    AskedWithoutTime,
    WaitingForItsRetry,
    Interrupted,
    Backfill,
}

const HOLDERS: [Holder; 8] = [
    Holder::Nobody,
    Holder::Running,
    Holder::Overdue,
    Holder::AskedWithTime,
    Holder::AskedWithoutTime,
    Holder::WaitingForItsRetry,
    Holder::Interrupted,
    Holder::Backfill,
];

fn policies() -> Vec<Job> {
    let base = || job("a").every("100s").retries(2).retry_past_next();
    let base = || base().retry_after(std::time::Duration::from_secs(500));
    vec![base(), base().queue(1), base().cancel(10), base().allow(), base().allow().max_running(1)]
}

/// A job whose slot is held so at second 100, and the run that holds it.
fn held(world: &World, policy: &Job, holder: Holder) -> (Process, Option<Claim>) {
    let process = world.start(0, std::slice::from_ref(policy));
    if holder == Holder::Nobody {
        return (process, None);
    }
    if holder == Holder::Backfill {
        let backfill = crate::world::Backfill {
            job: name("a"),
            from: at(0),
            until: at(0),
            order: cron_runtime::core::policy::BackfillOrder::Oldest,
            only: cron_runtime::core::policy::Only::All,
            concurrency: 1,
        };
        process.does(Command::Backfill(backfill), 90);
    } else {
        process.triggered("a", 90);
    }
    let claim = process.starts(90).claim;
    match holder {
        Holder::Nobody | Holder::Running | Holder::Backfill => {}
        Holder::Overdue => _ = process.event(claim, 91, RunEvent::Overrun { at: at(91) }),
        Holder::AskedWithTime => _ = process.cancels(claim.run, false, 95),
        Holder::AskedWithoutTime => _ = process.cancels(claim.run, false, 90),
        Holder::WaitingForItsRetry => _ = process.fail(claim, 91, "no"),
        // To be started again, and nobody has done so yet.
        Holder::Interrupted => _ = process.end(claim, 200, AttemptEnd::Interrupted { was_called: true }),
    }
    (process, Some(claim))
}

/// The holder as the core is told of it.
fn active(process: &Process, claim: Option<Claim>) -> Vec<Active> {
    let run = claim.map(|claim| process.run_info(claim.run));
    let active = run.map(|run| Active {
        run: run.id,
        origin: run.origin,
        is_running: matches!(run.state, RunState::Running { .. }),
        asked: run
            .asked
            .map(|_| if process.info("a").mark == at(0) { asked_at(process, run.id) } else { at(0) }),
    });
    active.into_iter().collect()
}

/// The ledger tells why a run was asked to stop and not when; the cases know.
fn asked_at(process: &Process, run: RunId) -> chrono::DateTime<chrono::Utc> {
    let started = process.run_info(run).started.expect("it runs");
    if &*process.info("a").plan.description == "with time" {
        started + chrono::TimeDelta::seconds(5)
    } else {
        started
    }
}

fn named(policy: &Job, holder: Holder) -> Job {
    policy.clone().described(if holder == Holder::AskedWithTime { "with time" } else { "" })
}

pub(crate) fn a_tick_meets_every_holder_under_every_policy(world: &World) {
    for policy in policies() {
        for holder in HOLDERS {
            let books = world.another();
            let (process, claim) = held(&books, &named(&policy, holder), holder);
            let plan = policy.plan();
            let active = active(&process, claim);
            let docket = Docket {
                schedule: plan.schedule.as_ref(),
                catch_up: plan.catch_up,
                overlap: plan.overlap,
                slots: plan.slots,
                jitter: Jitter::NONE,
                place: Place::at(at(0)),
                paused: false,
                active: &active,
                waiting: 0,
                kept: &[],
            };
            let want = decide(&docket, at(100));
            let got = process.judge(100);
            let context = format!("{:?}, {holder:?}: {want:?}\n{got:?}", plan.overlap);
            let started = got.claimed.iter().filter(|claimed| claimed.origin == Origin::Tick).count();
            let runs = want.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Run { .. })).count();
            assert_eq!(started, runs, "{context}");
            let skips = want.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Skip(_))).count();
            assert_eq!(got.skipped.len(), skips, "{context}");
            let evicted: Vec<_> = got.evicted.iter().map(|(_, claim, _)| claim.run).collect();
            assert_eq!(evicted, want.evict, "{context}");
            let info = process.info("a");
            assert_eq!((info.mark, info.queued), (want.place.mark, want.place.queued), "{context}");
            if let Some(claim) = claim {
                let is_asked = process.run_info(claim.run).asked.is_some();
                let was_asked = active[0].asked.is_some() && want.evict.is_empty();
                assert_eq!(is_asked, was_asked || want.ask.contains(&claim.run), "{context}");
                if !evicted.is_empty() {
                    assert_eq!(process.state(claim.run), StateWord::Cancelled, "{context}");
                    let late = process.end(claim, 101, AttemptEnd::Succeeded);
                    assert_eq!(late, Settled::Fenced, "{context}");
                }
            }
        }
    }
}

pub(crate) fn a_request_meets_every_holder_under_every_policy(world: &World) {
    for policy in policies() {
        for holder in HOLDERS {
            for force in [false, true] {
                let books = world.another();
                let (process, claim) = held(&books, &named(&policy, holder), holder);
                let plan = policy.plan();
                let want = admit(plan.overlap, plan.slots, &active(&process, claim), 0, force);
                let command = Command::Trigger(Trigger { job: name("a"), args: None, force });
                let got = process.command(command, at(99));
                let context = format!("{:?}, {holder:?}, force {force}: {got:?}", plan.overlap);
                match want {
                    Admission::Start => {
                        let Ok(Done::Triggered { run, waits_for: None }) = got else { panic!("{context}") };
                        assert_eq!(process.run_info(run).state, RunState::Scheduled { wake: Some(at(99)) });
                    }
                    Admission::Wait(by) => {
                        let Ok(Done::Triggered { run, waits_for: Some(holder) }) = got else {
                            panic!("{context}")
                        };
                        assert_eq!(holder, by, "{context}");
                        assert_eq!(
                            process.run_info(run).state,
                            RunState::Scheduled { wake: None },
                            "{context}"
                        );
                    }
                    Admission::Refuse(by) => {
                        let Err(CommandError::Held { holder, .. }) = got else { panic!("{context}") };
                        assert_eq!(holder, by, "{context}");
                    }
                }
            }
        }
    }
}

pub(crate) fn a_dead_letter_that_is_retried_meets_every_holder_under_every_policy(world: &World) {
    for policy in policies() {
        for holder in HOLDERS {
            let books = world.another();
            let dead = {
                let process = books.start(0, &[named(&policy, holder)]);
                let run = process.triggered("a", 1);
                let claimed = process.starts(1);
                process.end(claimed.claim, 2, AttemptEnd::Discarded { message: "never".to_owned() });
                process.leaves(3);
                run
            };
            let (process, claim) = held(&books, &named(&policy, holder), holder);
            let plan = policy.plan();
            let want = admit(plan.overlap, plan.slots, &active(&process, claim), 0, false);
            let got = process.command(Command::Retry { run: dead, force: false }, at(99));
            let context = format!("{:?}, {holder:?}: {got:?}", plan.overlap);
            let state = process.run_info(dead).state;
            match want {
                Admission::Start => {
                    assert_eq!(state, RunState::Scheduled { wake: Some(at(99)) }, "{context}")
                }
                Admission::Wait(_) => assert_eq!(state, RunState::Scheduled { wake: None }, "{context}"),
                Admission::Refuse(_) => assert_eq!(state, RunState::Discarded, "{context}"),
            }
        }
    }
}

fn ends() -> Vec<(AttemptEnd, [StateWord; 2])> {
    use StateWord::{Cancelled, Discarded, Failed, Scheduled, Succeeded, Waiting};
    let failed = |kind| AttemptEnd::Failed(Failure { kind, message: "no".to_owned(), retry_after: None });
    // With a retry left, and without.
    vec![
        (AttemptEnd::Succeeded, [Succeeded, Succeeded]),
        (failed(FailureKind::Errored), [Waiting, Failed]),
        (failed(FailureKind::Panicked), [Waiting, Failed]),
        (failed(FailureKind::TimedOut), [Waiting, Failed]),
        (AttemptEnd::Discarded { message: "never".to_owned() }, [Discarded, Discarded]),
        (AttemptEnd::Interrupted { was_called: true }, [Scheduled, Failed]),
        (AttemptEnd::Interrupted { was_called: false }, [Scheduled, Scheduled]),
        (AttemptEnd::Cancelled { why: "asked".to_owned() }, [Cancelled, Cancelled]),
        (AttemptEnd::Lost, [Waiting, Failed]),
    ]
}

pub(crate) fn every_end_of_an_attempt_meets_every_state(world: &World) {
    for (end, want) in ends() {
        for (retries, want) in [(1, want[0]), (0, want[1])] {
            let books = world.another();
            let process = books.start(0, &[job("a").retries(retries).retry_past_next(), job("b")]);
            process.does(trigger("a"), 1);
            let claim = process.starts(1).claim;
            let settled = process.end(claim, 2, end.clone());
            assert!(
                matches!(settled, Settled::Moved { state, .. } if state.word() == want),
                "{end:?}: {settled:?}"
            );
            assert_eq!(process.state(claim.run), want, "{end:?}");
            // Once it has ended, nothing that comes later counts.
            for (late, _) in ends() {
                let settled = process.end(claim, 3, late);
                assert_eq!(settled, Settled::Fenced, "{end:?}");
            }
            assert_eq!(process.state(claim.run), want, "{end:?}");
        }
    }
}
