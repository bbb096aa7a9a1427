//! A clock that stands before the marks by 3 hours at most: what runs at intervals goes on beside its ticks, the rest waits.

use std::time::Duration;

use cron_runtime::core::run::StateWord;

use crate::jobs::{Job, at, job, second};
use crate::world::{Command, Desk, MarksAhead, Next, Origin, Process, RunInfo, World, name, plans, trigger};

cases!(beside:
    a_mark_up_to_three_hours_ahead_is_waited_for,
    an_interval_goes_on_at_once_and_a_fixed_time_waits,
    an_instant_has_one_run_over_restarts_and_processes,
    a_clock_that_falls_once_more_begins_anew,
    a_clock_that_jumps_over_the_mark_leaves_nothing_behind,
    the_overlap_policy_decides,
    a_run_that_waits_for_the_slot_has_the_older_one_asked_to_stop,
    a_delay_goes_on_from_the_end_of_its_runs,
    a_pause_stops_it_and_a_resumption_begins_it,
    an_edit_while_the_clock_is_behind_goes_on_with_the_new_schedule,
    what_a_run_says_of_the_next_one_is_kept,
    a_dynamic_job_goes_on_too,
    what_is_told_counts_what_would_run,
);

const HOUR: i64 = 3_600;

/// Starts a process whose clock is 2 hours ahead: each job has run then. The clock is set right at second 5.
fn set_right(world: &World, jobs: &[Job]) -> (Process, Option<MarksAhead>) {
    let process = world.start(0, jobs);
    for claimed in process.judge(2 * HOUR).claimed {
        process.succeed(claimed.claim, 2 * HOUR);
    }
    let rewinds = process.set_back(at(5)).expect("sets back");
    assert!(rewinds.is_empty(), "no mark was moved: {rewinds:?}");
    (process, rewinds.ahead)
}

/// Judges, and expects one run beside the ticks, which ends at once.
fn goes_on(process: &Process, job: &str, second: i64) {
    let claimed = process.starts(second);
    assert_eq!(
        (claimed.plan.name.as_str(), claimed.origin, claimed.nominal),
        (job, Origin::Clock, at(second))
    );
    assert!(!claimed.is_late);
    process.succeed(claimed.claim, second);
}

fn of_clock(process: &Process, job: &str) -> Vec<RunInfo> {
    let mut runs = process.all_runs();
    runs.retain(|run| run.job.as_str() == job && run.origin == Origin::Clock);
    runs.reverse();
    runs
}

fn instants(process: &Process, job: &str) -> Vec<i64> {
    of_clock(process, job).iter().map(|run| second(run.nominal)).collect()
}

pub(crate) fn a_mark_up_to_three_hours_ahead_is_waited_for(world: &World) {
    let process = world.start(0, &[job("a").cron("0 8-17 * * *")]);
    process.succeed(process.starts(3 * HOUR).claim, 3 * HOUR);
    assert_eq!(process.set_back(at(0)).expect("sets back").back, []);
    process.starts_nothing(HOUR);
    process.starts_nothing(3 * HOUR);
    assert_eq!(process.starts(4 * HOUR).nominal, at(4 * HOUR));
}

pub(crate) fn an_interval_goes_on_at_once_and_a_fixed_time_waits(world: &World) {
    let jobs =
        [job("beat").every("30m"), job("like").cron("15 * * * *"), job("report").cron("0,30 8-17 * * *")];
    let (process, ahead) = set_right(world, &jobs);
    let named = vec![name("report")];
    assert_eq!(ahead, Some(MarksAhead { until: at(2 * HOUR), waiting: 1, named, goes_on: 2 }));
    let verdicts = |job: &str| {
        let audit = process.audit(job).expect("readable").expect("known");
        (audit.is_sound(), audit.ticks, audit.ran, audit.skipped())
    };
    let before = ["beat", "like", "report"].map(verdicts);
    assert_eq!(before[0], (true, 4, 1, 3));
    let info = process.info("beat");
    assert_eq!((info.mark, info.due, info.beside), (at(2 * HOUR), Some(at(1_800)), Some(at(5))));
    process.starts_nothing(899);
    goes_on(&process, "like", 900);
    goes_on(&process, "beat", 1_800);
    goes_on(&process, "beat", HOUR);
    goes_on(&process, "like", HOUR + 900);
    goes_on(&process, "beat", HOUR + 1_800);
    // The instant of the mark itself is one of them.
    goes_on(&process, "beat", 2 * HOUR);
    assert_eq!(["beat", "like", "report"].map(verdicts), before, "no verdict has changed");
    assert_eq!(process.info("beat").beside, None);
    // `like` ran at 1:15 under the clock that was ahead: from there on its ticks run.
    let tick = process.starts(2 * HOUR + 900);
    assert_eq!((tick.plan.name.as_str(), tick.origin), ("like", Origin::Tick));
    process.succeed(tick.claim, 2 * HOUR + 901);
    let ticks = process.judge(2 * HOUR + 1_800).claimed;
    assert_eq!(ticks.iter().map(|tick| tick.origin).collect::<Vec<_>>(), [Origin::Tick; 2]);
    assert_eq!(process.ran("report"), [2 * HOUR, 2 * HOUR + 1_800]);
    assert_eq!(instants(&process, "beat"), [1_800, HOUR, HOUR + 1_800, 2 * HOUR]);
    assert_eq!(of_clock(&process, "report"), []);
}

pub(crate) fn an_instant_has_one_run_over_restarts_and_processes(world: &World) {
    let jobs = [job("beat").every("10m")];
    let (process, _) = set_right(world, &jobs);
    let other = world.start(6, &jobs);
    assert_eq!(other.set_back(at(6)).expect("sets back").ahead.expect("they are ahead").goes_on, 1);
    assert_eq!(process.info("beat").beside, Some(at(5)));
    goes_on(&process, "beat", 600);
    other.starts_nothing(600);
    // It starts at the very moment, and a hair before the others.
    let third = world.start(600, &jobs);
    assert_eq!(third.set_back(at(600)).expect("sets back").ahead.expect("they are ahead").goes_on, 1);
    third.starts_nothing(600);
    third.set_back(at(598)).expect("sets back");
    third.starts_nothing(600);
    // Nobody is there for a while: the newest instant has its run if that is on time, and those before it have none.
    let claimed = third.starts(1_830);
    assert_eq!((claimed.nominal, claimed.origin), (at(1_800), Origin::Clock));
    third.succeed(claimed.claim, 1_831);
    process.starts_nothing(1_831);
    third.starts_nothing(2_500);
    assert_eq!(instants(&process, "beat"), [600, 1_800]);
    goes_on(&process, "beat", 3_000);
}

pub(crate) fn a_clock_that_falls_once_more_begins_anew(world: &World) {
    let (process, _) = set_right(world, &[job("beat").every("10m")]);
    goes_on(&process, "beat", 600);
    goes_on(&process, "beat", 1_200);
    process.set_back(at(300)).expect("sets back");
    // These instants come again by the present clock, and the job is not to be silent until then.
    goes_on(&process, "beat", 600);
}

pub(crate) fn a_clock_that_jumps_over_the_mark_leaves_nothing_behind(world: &World) {
    let (process, _) = set_right(world, &[job("beat").every("10m")]);
    goes_on(&process, "beat", 600);
    let rewinds = process.set_back(at(2 * HOUR + 1_300)).expect("looks");
    assert_eq!((rewinds.is_empty(), rewinds.ahead), (true, None));
    // Ordinary catch-up.
    let claimed = process.starts(2 * HOUR + 1_300);
    assert_eq!((claimed.origin, claimed.nominal), (Origin::Tick, at(2 * HOUR + 1_200)));
    process.succeed(claimed.claim, 2 * HOUR + 1_301);
    assert_eq!((process.info("beat").beside, instants(&process, "beat")), (None, vec![600]));
}

pub(crate) fn the_overlap_policy_decides(world: &World) {
    let jobs = [
        job("skips").every("10m"),
        job("queues").every("10m").queue(1),
        job("allows").every("10m").allow().max_running(2),
    ];
    let (process, _) = set_right(world, &jobs);
    for job in ["skips", "queues", "allows"] {
        process.triggered(job, 10);
    }
    let held = process.judge(10).claimed;
    assert_eq!(held.len(), 3);
    let skipped = process.skipped("skips");
    let beside = process.starts(600);
    assert_eq!((beside.plan.name.as_str(), beside.origin), ("allows", Origin::Clock));
    process.starts_nothing(1_200);
    assert_eq!(process.skipped("skips"), skipped, "no verdict comes of it");
    // One waits, and there is no room for a second one.
    assert_eq!(process.info("queues").parked, 1);
    for claimed in held {
        process.succeed(claimed.claim, 1_300);
    }
    let waited = process.starts(1_300);
    assert_eq!((waited.plan.name.as_str(), waited.origin), ("queues", Origin::Clock));
    assert_eq!(waited.nominal, at(600));
    process.succeed(waited.claim, 1_301);
    assert_eq!(instants(&process, "queues"), [600]);
    assert_eq!(of_clock(&process, "skips"), []);
    assert_eq!(process.judge(1_800).claimed.len(), 3);
}

pub(crate) fn a_run_that_waits_for_the_slot_has_the_older_one_asked_to_stop(world: &World) {
    let (process, _) = set_right(world, &[job("a").every("10m").cancel(20)]);
    process.triggered("a", 10);
    let held = process.starts(10);
    process.starts_nothing(600);
    let judged = process.judge(600);
    assert_eq!(judged.asked.iter().map(|(claim, _)| *claim).collect::<Vec<_>>(), [held.claim]);
    // What is released within a judgement starts with the next one.
    process.starts_nothing(620);
    let claimed = process.starts(620);
    assert_eq!((claimed.origin, claimed.nominal), (Origin::Clock, at(600)));
    assert_eq!(process.state(held.claim.run), StateWord::Cancelled);
}

pub(crate) fn a_delay_goes_on_from_the_end_of_its_runs(world: &World) {
    let (process, ahead) = set_right(world, &[job("poll").after_finish("10m")]);
    assert_eq!(ahead.map(|ahead| (ahead.waiting, ahead.goes_on)), Some((0, 1)));
    let first = process.starts(605);
    assert_eq!((first.origin, first.nominal), (Origin::Clock, at(605)));
    assert_eq!(process.succeed(first.claim, 700), Some(at(1_300)));
    process.starts_nothing(1_299);
    let second = process.starts(1_300);
    process.succeed(second.claim, 2 * HOUR - 100);
    process.starts_nothing(2 * HOUR + 599);
    // The last end under the clock that was ahead.
    let tick = process.starts(2 * HOUR + 600);
    assert_eq!((tick.origin, process.info("poll").beside), (Origin::Tick, None));
    assert_eq!(instants(&process, "poll"), [605, 1_300]);
}

pub(crate) fn a_pause_stops_it_and_a_resumption_begins_it(world: &World) {
    let (process, _) = set_right(world, &[job("beat").every("10m"), job("report").cron("0,30 8-17 * * *")]);
    process.pause("beat", 10, "eve", "").expect("pauses");
    process.pause("report", 10, "eve", "").expect("pauses");
    process.starts_nothing(600);
    assert_eq!(process.set_back(at(700)).expect("looks").ahead, None, "both would not run in any case");
    process.starts_nothing(1_200);
    process.resume("beat", 1_210).expect("resumes");
    process.resume("report", 1_210).expect("resumes");
    let due = |job| process.info(job).due;
    assert_eq!((due("beat"), due("report")), (Some(at(1_800)), Some(at(2 * HOUR + 1_800))));
    goes_on(&process, "beat", 1_800);
}

pub(crate) fn an_edit_while_the_clock_is_behind_goes_on_with_the_new_schedule(world: &World) {
    let (process, _) = set_right(world, &[job("a").every("10m"), job("b").every("10m")]);
    goes_on_both(&process, 600);
    process.sync(700, &[job("a").every("1m"), job("b").cron("0,30 8-17 * * *")]);
    let due = |job| process.info(job).due;
    assert_eq!((due("a"), due("b")), (Some(at(720)), Some(at(2 * HOUR + 1_800))));
    goes_on(&process, "a", 720);
}

fn goes_on_both(process: &Process, second: i64) {
    let claimed = process.judge(second).claimed;
    assert_eq!(claimed.iter().map(|claimed| claimed.origin).collect::<Vec<_>>(), [Origin::Clock; 2]);
    for claimed in claimed {
        process.succeed(claimed.claim, second);
    }
}

pub(crate) fn what_a_run_says_of_the_next_one_is_kept(world: &World) {
    let (process, _) = set_right(world, &[job("beat").every("10m")]);
    let claimed = process.starts(600);
    process.says(claimed.claim, 610, Next::After(Duration::from_secs(900)));
    process.starts_nothing(1_200);
    let extra = process.starts(1_510);
    assert_eq!((extra.origin, extra.nominal), (Origin::Next, at(1_510)));
    process.succeed(extra.claim, 1_511);
    goes_on(&process, "beat", 1_800);
}

pub(crate) fn a_dynamic_job_goes_on_too(world: &World) {
    let process = world.start(0, &[job("handler")]);
    process.does(Command::Upsert { plans: plans(&[job("order").on("handler").every("10m")]) }, 0);
    process.succeed(process.starts(2 * HOUR).claim, 2 * HOUR);
    process.set_back(at(5)).expect("looks");
    goes_on(&process, "order", 600);
    process.command(trigger("order"), at(700)).expect("triggers");
    let by_hand = process.starts(700);
    assert_eq!(by_hand.origin, Origin::Manual);
    process.fail(by_hand.claim, 701, "no");
    assert_eq!(process.state(by_hand.claim.run), StateWord::Failed);
    goes_on(&process, "order", 1_200);
}

pub(crate) fn what_is_told_counts_what_would_run(world: &World) {
    // By hand, a single instant, and a time of the day, 10:00, which is that of the clock that was ahead.
    let jobs = [job("a"), job("b").at(at(2 * HOUR - 1)), job("c").cron("0 10 * * *")];
    let (process, ahead) = set_right(world, &jobs);
    let named = vec![name("b"), name("c")];
    assert_eq!(ahead, Some(MarksAhead { until: at(2 * HOUR), waiting: 2, named, goes_on: 0 }));
    // Ten seconds are no matter.
    assert_eq!(process.set_back(at(2 * HOUR - 11)).expect("looks").ahead.map(|ahead| ahead.waiting), Some(1));
    assert_eq!(process.set_back(at(2 * HOUR - 10)).expect("looks").ahead, None);
}
