//! When the store was wrong about itself: what was done although it was reported as failed. And what is kept of problems.

use cron_runtime::ProblemKind;
use cron_runtime::core::run::{AttemptResult, Stage};
use cron_runtime::store::{MAX_PROBLEMS, Sighting};

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Claim, Command, Desk, LogLine, Note, Process, RunEvent, RunState, Settled, Settlement,
    StateWord, World, failure, settlement,
};

cases!(troubles:
    an_attempt_that_its_process_does_not_have_is_given_back,
    what_is_given_back_uses_no_attempt_and_is_no_crash,
    attempts_of_others_are_not_given_back,
    what_was_to_stop_is_not_started_again,
    only_one_that_has_joined_gives_back,
    a_result_that_comes_twice_is_written_once,
    a_result_that_comes_twice_after_a_new_attempt_has_begun_changes_nothing,
    an_overrun_that_comes_twice_is_recorded_once,
    an_end_in_the_instant_of_the_overrun_is_written,
    a_late_result_of_a_lost_attempt_is_fenced_as_before,
    problems_are_kept_one_for_each_kind_and_job,
    old_problems_make_room_for_new_ones,
    problems_of_a_job_go_and_move_with_it,
);

fn taken(process: &Process, held: &[Claim], second: i64) -> Vec<u64> {
    let taken = process.take_back(held.to_vec(), at(second)).expect("takes back");
    taken.into_iter().map(|(_, run)| run.0).collect()
}

pub(crate) fn an_attempt_that_its_process_does_not_have_is_given_back(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    let claims: Vec<_> = process.judge(10).claimed.iter().map(|claimed| claimed.claim).collect();
    let [known, orphan] = claims[..] else { panic!("{claims:?}") };
    assert_eq!(taken(&process, &[known], 11), [orphan.run.0]);
    assert_eq!(process.state(orphan.run), StateWord::Scheduled);
    assert_eq!(taken(&process, &[known], 11), [0; 0], "once");
    let again = process.starts(12);
    assert_eq!((again.claim.run, again.nominal, again.attempt), (orphan.run, at(10), 1));
    assert!(again.claim.epoch > orphan.epoch);
    assert_eq!(process.end(orphan, 13, AttemptEnd::Succeeded), Settled::Fenced);
    process.succeed(known, 13);
    process.succeed(again.claim, 13);
}

pub(crate) fn what_is_given_back_uses_no_attempt_and_is_no_crash(world: &World) {
    let process = world.start(0, &[job("a").every("1000s")]);
    let run = process.triggered("a", 1);
    for second in 2..6 {
        assert_eq!(process.starts(second).claim.run, run);
        // Also where its lease has expired meanwhile.
        assert_eq!(taken(&process, &[], second + 100), [run.0]);
        assert_eq!(process.reaps(second + 100), []);
        assert_eq!(process.run_info(run).state.word(), StateWord::Scheduled);
        process.starts(second + 100);
        assert_eq!(taken(&process, &[], second), [run.0]);
    }
    let info = process.run_info(run);
    assert_eq!((info.attempts_used, info.crashes), (0, 0));
    assert!(process.attempts(run).iter().all(|attempt| attempt.result == AttemptResult::Interrupted));
    assert_eq!(process.info("a").active, 1, "it holds its slot");
}

pub(crate) fn attempts_of_others_are_not_given_back(world: &World) {
    let jobs = [job("a").every("10s")];
    let (first, second) = (world.start(0, &jobs), world.start(1, &jobs));
    let claim = first.starts(10).claim;
    assert_eq!(taken(&second, &[], 11), [0; 0]);
    // The run, under an epoch that is no longer its own, is none that is in progress.
    assert_eq!(
        taken(&first, &[Claim { epoch: cron_runtime::core::run::Epoch(0), ..claim }], 11),
        [claim.run.0]
    );
}

pub(crate) fn what_was_to_stop_is_not_started_again(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let run = process.starts(10).claim.run;
    process.cancels(run, false, 11);
    assert_eq!(taken(&process, &[], 12), [run.0]);
    assert_eq!(process.state(run), StateWord::Cancelled);
    process.starts_nothing(13);
}

pub(crate) fn only_one_that_has_joined_gives_back(world: &World) {
    world.start(0, &[job("a").every("10s")]).starts(10);
    assert!(world.open().take_back(Vec::new(), at(11)).is_err());
    assert!(world.open().note_problems(Vec::new()).is_err());
}

/// The same end once more, as an engine writes it that was told that the first time has failed.
fn twice(process: &Process, settlement: &Settlement) -> [Settled; 2] {
    [(); 2].map(|()| process.settle(vec![settlement.clone()]).expect("settles").remove(0))
}

pub(crate) fn a_result_that_comes_twice_is_written_once(world: &World) {
    let jobs =
        [job("a").every("100s"), job("b").every("100s"), job("c").every("100s").retries(1).retry_past_next()];
    let process = world.start(0, &jobs);
    let claimed = process.judge(100).claimed;
    let ends = [AttemptEnd::Succeeded, failure("no"), failure("not yet")];
    let states = [StateWord::Succeeded, StateWord::Failed, StateWord::Waiting];
    for ((claimed, end), state) in claimed.into_iter().zip(ends).zip(states) {
        let event = RunEvent::Ended { at: at(101), end };
        let line = LogLine { at: at(101), attempt: 1, text: "done".to_owned() };
        let note = Note { progress: None, lines: vec![line], ..Note::default() };
        let settlement = Settlement { note, ..settlement(claimed.claim, 101, event) };
        for answer in twice(&process, &settlement) {
            let Settled::Moved { state: moved, .. } = answer else { panic!("{state}: {answer:?}") };
            assert_eq!(moved.word(), state);
        }
        let run = claimed.claim.run;
        assert_eq!(process.log(run).expect("readable").len(), 1);
        assert_eq!(process.attempts(run).len(), usize::from(state != StateWord::Succeeded));
        assert_eq!(process.run_info(run).attempts_used, u32::from(state != StateWord::Succeeded));
    }
}

pub(crate) fn a_result_that_comes_twice_after_a_new_attempt_has_begun_changes_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("1000s").retries(1)]);
    process.triggered("a", 1);
    let first = process.starts(1).claim;
    let settlement = settlement(first, 2, RunEvent::Ended { at: at(2), end: failure("no") });
    process.settle(vec![settlement.clone()]).expect("settles");
    let second = process.starts(600);
    assert_eq!((second.claim.run, second.attempt), (first.run, 2));
    let again = process.settle(vec![settlement]).expect("settles");
    let running = RunState::Running { stage: Stage::InTime };
    assert_eq!(again, [Settled::Moved { state: running, gave_way: false, due: None }]);
    assert_eq!(process.attempts(first.run).len(), 1);
    process.succeed(second.claim, 601);
}

pub(crate) fn an_overrun_that_comes_twice_is_recorded_once(world: &World) {
    let process = world.start(0, &[job("a").every("100s")]);
    let claim = process.starts(100).claim;
    let overrun = settlement(claim, 101, RunEvent::Overrun { at: at(101) });
    let stuck =
        Settled::Moved { state: RunState::Running { stage: Stage::Overdue }, gave_way: false, due: None };
    assert_eq!(twice(&process, &overrun), [stuck.clone(), stuck]);
    let end = settlement(claim, 102, RunEvent::Ended { at: at(102), end: AttemptEnd::Succeeded });
    // With the overrun in one batch, as they are written after an outage.
    for _ in 0..2 {
        let both = process.settle(vec![overrun.clone(), end.clone()]).expect("settles");
        assert!(!both.contains(&Settled::Fenced), "{both:?}");
    }
    assert_eq!(process.run_info(claim.run).state, RunState::Failed);
    let recorded: Vec<_> = process.attempts(claim.run).into_iter().map(|attempt| attempt.result).collect();
    assert_eq!((recorded, process.run_info(claim.run).attempts_used), (vec![AttemptResult::TimedOut], 1));
}

pub(crate) fn an_end_in_the_instant_of_the_overrun_is_written(world: &World) {
    let process = world.start(0, &[job("a").every("100s")]);
    let claim = process.starts(100).claim;
    let overrun = settlement(claim, 101, RunEvent::Overrun { at: at(101) });
    let end = settlement(claim, 101, RunEvent::Ended { at: at(101), end: AttemptEnd::Succeeded });
    process.settle(vec![overrun, end]).expect("settles");
    assert_eq!(process.run_info(claim.run).state, RunState::Failed);
}

pub(crate) fn a_late_result_of_a_lost_attempt_is_fenced_as_before(world: &World) {
    let process = world.start(0, &[job("a").every("100s")]);
    let claim = process.starts(100).claim;
    assert_eq!(process.reaps(131), [claim.run]);
    for _ in 0..2 {
        assert_eq!(process.end(claim, 132, AttemptEnd::Succeeded), Settled::Fenced);
    }
}

fn sighting(kind: ProblemKind, about: Option<&str>, first: i64, last: i64, count: u64) -> Sighting {
    let job = about.map(|name| name.parse().expect("a name"));
    Sighting { kind, job, first: at(first), last: at(last), count, what: format!("seen at {last}") }
}

pub(crate) fn problems_are_kept_one_for_each_kind_and_job(world: &World) {
    let (first, second) = (world.join(0), world.join(0));
    let stuck = |about, from, until, count| sighting(ProblemKind::Stuck, Some(about), from, until, count);
    let slow = sighting(ProblemKind::SlowCommit, None, 5, 5, 1);
    first.note_problems(vec![stuck("a", 1, 3, 2), stuck("b", 2, 2, 1), slow]).expect("notes");
    second.note_problems(vec![stuck("a", 4, 8, 3)]).expect("notes");
    // One that comes late does not make the newest one older.
    first.note_problems(vec![stuck("a", 0, 6, 1)]).expect("notes");
    let kept = first.problems(at(0)).expect("readable");
    let short = |problem: &cron_runtime::store::ProblemInfo| {
        let job = problem.job.as_ref().map(ToString::to_string).unwrap_or_default();
        let spans = (crate::jobs::second(problem.first), crate::jobs::second(problem.last), problem.count);
        (problem.kind.as_str(), job, spans, problem.owner, problem.what.clone())
    };
    let known: Vec<_> = kept.iter().map(short).collect();
    let want = [
        ("stuck", "a".to_owned(), (0, 8, 6), second.owner, "seen at 8".to_owned()),
        ("slow_commit", String::new(), (5, 5, 1), first.owner, "seen at 5".to_owned()),
        ("stuck", "b".to_owned(), (2, 2, 1), first.owner, "seen at 2".to_owned()),
    ];
    assert_eq!(known, want);
    assert_eq!(first.problems(at(5)).expect("readable"), kept[..2]);
}

pub(crate) fn old_problems_make_room_for_new_ones(world: &World) {
    let process = world.join(0);
    let seen = |number: usize| {
        let second = i64::try_from(number).expect("a small one");
        sighting(ProblemKind::HookFailed, Some(&format!("job{number}")), second, second, 1)
    };
    process.note_problems((0..MAX_PROBLEMS).map(seen).collect()).expect("notes");
    process.note_problems((MAX_PROBLEMS..MAX_PROBLEMS + 5).map(seen).collect()).expect("notes");
    let kept = process.problems(at(0)).expect("readable");
    assert_eq!(kept.len(), MAX_PROBLEMS);
    assert_eq!(crate::jobs::second(kept[MAX_PROBLEMS - 1].last), 5);
}

pub(crate) fn problems_of_a_job_go_and_move_with_it(world: &World) {
    let process = world.start(0, &[job("old").every("10s"), job("gone").every("10s")]);
    let stuck = |about| sighting(ProblemKind::Stuck, Some(about), 1, 1, 1);
    process.note_problems(vec![stuck("old"), stuck("gone")]).expect("notes");
    process.leaves(2);
    let next = world.start(3, &[job("new").every("10s").was("old")]);
    next.does(Command::Remove { jobs: vec!["gone".parse().expect("a name")] }, 4);
    let kept = next.problems(at(0)).expect("readable");
    let names: Vec<_> = kept.into_iter().filter_map(|problem| problem.job).collect();
    assert_eq!(names, ["new".parse().expect("a name")]);
}
