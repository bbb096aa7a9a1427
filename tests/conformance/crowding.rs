//! More that is due than may run: workers, groups with a bound, priorities.

use crate::jobs::{at, job};
use crate::world::{
    AttemptEnd, Desk, GroupLimit, JudgeRequest, Judged, Process, Program, StateWord, World, name, plans,
};

cases!(crowding:
    runs_that_wait_for_longer_than_their_period_are_named,
    what_finds_no_worker_is_recorded_and_starts_later,
    what_was_cut_off_is_before_every_later_tick_and_after_what_waited,
    the_more_important_job_is_first_among_those_due_together,
    the_more_important_run_is_first_among_those_that_wait,
    a_group_runs_no_more_than_its_bound_in_all_processes_together,
    a_batch_full_of_runs_that_cannot_start_keeps_no_tick_from_its_verdict,
    a_full_group_stands_in_nobodys_way,
    another_process_takes_what_finds_no_worker_here,
);

fn judge(process: &Process, second: i64, room: usize) -> Judged {
    process.store().judge(JudgeRequest { room, ..process.request(second, 100) }).expect("judges")
}

fn names(judged: &Judged) -> Vec<&str> {
    judged.claimed.iter().map(|claimed| claimed.job().as_str()).collect()
}

pub(crate) fn what_finds_no_worker_is_recorded_and_starts_later(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    let judged = judge(&process, 10, 1);
    assert_eq!((names(&judged), judged.crowded, judged.more), (vec!["a"], true, false));
    // Both ticks have their verdict; what waits for a worker is no reason to come again before the next tick.
    assert_eq!((process.info("b").mark, judged.next), (at(10), Some(at(20))));
    let waiting = process.all_runs()[0].clone();
    assert_eq!((waiting.state.word(), waiting.nominal), (StateWord::Scheduled, at(10)));
    assert_eq!(names(&judge(&process, 11, 0)), Vec::<&str>::new());
    let judged = judge(&process, 12, 5);
    assert_eq!((names(&judged), judged.crowded), (vec!["b"], false));
    assert_eq!(judged.claimed[0].claim.run, waiting.id);
}

pub(crate) fn what_was_cut_off_is_before_every_later_tick_and_after_what_waited(world: &World) {
    let jobs = [job("a").retries(1), job("b").every("10s"), job("c").every("20s")];
    let process = world.start(0, &jobs);
    process.triggered("a", 5);
    let cut_off = process.starts(5).claim;
    assert!(names(&judge(&process, 10, 0)).is_empty());
    process.end(cut_off, 15, AttemptEnd::Interrupted { was_called: true });
    process.leaves(15);
    let process = world.start(20, &jobs);
    assert!(names(&judge(&process, 20, 0)).is_empty());
    for (second, wanted) in [(21, "b"), (23, "a"), (25, "c")] {
        let judged = judge(&process, second, 1);
        assert_eq!(names(&judged), [wanted]);
        process.succeed(judged.claimed[0].claim, second + 1);
    }
}

pub(crate) fn the_more_important_job_is_first_among_those_due_together(world: &World) {
    let jobs =
        [job("a").every("10s").priority(10), job("b").every("10s"), job("c").every("10s").priority(90)];
    let process = world.start(0, &jobs);
    assert_eq!(names(&judge(&process, 10, 9)), ["c", "b", "a"]);
}

pub(crate) fn the_more_important_run_is_first_among_those_that_wait(world: &World) {
    let process = world.start(0, &[job("a").priority(10), job("b"), job("c").priority(90)]);
    for (index, job) in ["a", "b", "c"].into_iter().enumerate() {
        process.triggered(job, 1 + index as i64);
    }
    let judged = judge(&process, 5, 2);
    assert_eq!((names(&judged), judged.crowded), (vec!["c", "b"], true));
}

pub(crate) fn a_group_runs_no_more_than_its_bound_in_all_processes_together(world: &World) {
    let jobs: Vec<_> = ["a", "b", "c"].iter().map(|name| job(name).every("10s").group("mail")).collect();
    let limit = GroupLimit { group: "mail".parse().expect("a name"), max_running: 2 };
    let program = Program { plans: plans(&jobs), groups: vec![limit], ..Program::default() };
    let [one, two] = [world.join(0), world.join(0)];
    for process in [&one, &two] {
        process.store().sync(&program, at(0)).expect("syncs");
    }
    let first = judge(&one, 10, 9);
    assert_eq!((names(&first), first.crowded), (vec!["a", "b"], true));
    assert_eq!(names(&judge(&two, 11, 9)), Vec::<&str>::new());
    one.succeed(first.claimed[0].claim, 12);
    assert_eq!(names(&judge(&two, 12, 9)), ["c"]);
    let group = one.groups().expect("readable").remove(0);
    assert_eq!((group.name.as_str(), group.jobs, group.active, group.max_running), ("mail", 3, 2, Some(2)));
}

pub(crate) fn a_batch_full_of_runs_that_cannot_start_keeps_no_tick_from_its_verdict(world: &World) {
    let process = world.start(0, &[job("a"), job("b"), job("z").every("10s")]);
    process.triggered("a", 1);
    process.triggered("b", 1);
    let request = JudgeRequest { room: 0, ..process.request(10, 2) };
    process.store().judge(request).expect("judges");
    assert_eq!(process.info("z").mark, at(10));
}

pub(crate) fn a_full_group_stands_in_nobodys_way(world: &World) {
    let process = world.join(0);
    let jobs: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|name| job(name).group("mail")).chain([job("z")]).collect();
    let groups = vec![GroupLimit { group: "mail".parse().expect("a name"), max_running: 1 }];
    process
        .store()
        .sync(&Program { plans: plans(&jobs), groups, ..Program::default() }, at(0))
        .expect("syncs");
    ["a", "b", "c", "d", "z"].iter().for_each(|job| _ = process.triggered(job, 1));
    let request = JudgeRequest { room: 9, ..process.request(2, 2) };
    let judged = process.store().judge(request).expect("judges");
    assert_eq!((names(&judged), judged.crowded), (vec!["a", "z"], true));
}

pub(crate) fn another_process_takes_what_finds_no_worker_here(world: &World) {
    let jobs = [job("a").every("10s")];
    let (one, two) = (world.start(0, &jobs), world.start(0, &jobs));
    assert_eq!(judge(&one, 10, 0).claimed, []);
    let claimed = judge(&two, 10, 1).claimed;
    assert_eq!((claimed[0].job(), claimed[0].nominal), (&name("a"), at(10)));
}

pub(crate) fn runs_that_wait_for_longer_than_their_period_are_named(world: &World) {
    let jobs = [job("a").every("10s"), job("b").every("1h"), job("c")];
    let process = world.start(0, &jobs);
    let by_hand = process.triggered("c", 5);
    // No worker is free for any of them, now or later.
    judge(&process, 10, 0);
    let waiting = |second: i64| {
        let waiting = process.store().waiting(at(second)).expect("readable");
        waiting.into_iter().map(|one| (one.job.to_string(), one.since)).collect::<Vec<_>>()
    };
    let (a, c) = (("a".to_owned(), at(10)), ("c".to_owned(), at(5)));
    assert_eq!(waiting(20), vec![]);
    assert_eq!(waiting(21), vec![a.clone()]);
    assert_eq!(waiting(66), vec![c, a.clone()]);
    process.cancels(by_hand, true, 67);
    assert_eq!(waiting(68), vec![a]);
    judge(&process, 69, 9);
    assert_eq!(waiting(100), vec![]);
}
