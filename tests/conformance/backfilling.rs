//! Ticks of the past, run on purpose.

use cron_runtime::core::policy::{BackfillOrder, Only};

use crate::jobs::{at, job, second};
use crate::world::{
    AttemptEnd, Backfill, Command, CommandError, Desk, Done, Origin, Process, StateWord, World, name,
};

cases!(backfilling:
    missing_ticks_run_oldest_first_one_at_a_time,
    a_dry_run_names_what_would_run_and_changes_nothing,
    the_newest_come_first_where_that_is_asked_for,
    only_what_failed_runs_again,
    ticks_of_the_schedule_come_first_and_none_is_lost,
    a_job_whose_runs_may_overlap_runs_as_many_as_asked_for,
    what_cannot_be_backfilled_is_refused_in_words,
    a_backfill_run_changes_no_verdict,
);

fn backfill(from: i64, until: i64) -> Backfill {
    Backfill {
        job: name("a"),
        from: at(from),
        until: at(until),
        order: BackfillOrder::Oldest,
        only: Only::Missing,
        concurrency: 1,
    }
}

fn chosen(process: &Process, backfill: &Backfill, now: i64) -> Vec<i64> {
    let plan = process.plan_backfill(backfill, at(now)).expect("it can be done");
    plan.chosen.into_iter().map(second).collect()
}

fn backfilled(process: &Process, backfill: &Backfill, now: i64) -> usize {
    match process.does(Command::Backfill(backfill.clone()), now) {
        Done::Backfilled { runs } => runs.len(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn missing_ticks_run_oldest_first_one_at_a_time(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.succeed(process.starts(45).claim, 46);
    // 40 has run, 10 to 30 were missed, and before the registration there is no record at all.
    assert_eq!(backfilled(&process, &backfill(-15, 40), 46), 5);
    assert_eq!((process.info("a").active, process.info("a").parked), (1, 4));
    for tick in [-10, 0, 10, 20] {
        let claimed = process.starts(47);
        assert_eq!((second(claimed.nominal), claimed.origin), (tick, Origin::Backfill));
        process.starts_nothing(47);
        process.succeed(claimed.claim, 47);
    }
    assert_eq!(process.info("a").parked, 0);
}

pub(crate) fn a_dry_run_names_what_would_run_and_changes_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.starts(45);
    let before = process.all_runs();
    assert_eq!(chosen(&process, &backfill(0, 45), 46), [0, 10, 20, 30]);
    assert_eq!(process.plan_backfill(&backfill(0, 45), at(46)).expect("planned").ticks, 5);
    assert_eq!(process.all_runs(), before);
}

pub(crate) fn the_newest_come_first_where_that_is_asked_for(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.succeed(process.starts(45).claim, 46);
    let newest = Backfill { order: BackfillOrder::Newest, only: Only::All, ..backfill(20, 40) };
    assert_eq!(chosen(&process, &newest, 46), [40, 30, 20]);
    backfilled(&process, &newest, 46);
    assert_eq!(second(process.starts(46).nominal), 40);
}

pub(crate) fn only_what_failed_runs_again(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    for (tick, end) in
        [(10, AttemptEnd::Succeeded), (20, crate::world::failure("no")), (30, AttemptEnd::Succeeded)]
    {
        let claimed = process.starts(tick);
        process.end(claimed.claim, tick + 1, end);
    }
    let failed = Backfill { only: Only::Failed, ..backfill(0, 30) };
    assert_eq!(chosen(&process, &failed, 32), [20]);
    backfilled(&process, &failed, 32);
    process.succeed(process.starts(32).claim, 33);
    // Its newest run is a good one now.
    assert_eq!(chosen(&process, &failed, 34), Vec::<i64>::new());
    // A run that was cancelled did not happen.
    let missing = backfill(-10, 30);
    backfilled(&process, &missing, 34);
    for run in process.all_runs().into_iter().filter(|run| run.state.is_active()) {
        process.cancels(run.id, false, 35);
    }
    assert_eq!(chosen(&process, &missing, 36), [-10, 0]);
}

pub(crate) fn ticks_of_the_schedule_come_first_and_none_is_lost(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    backfilled(&process, &backfill(-40, 0), 5);
    let first = process.starts(5);
    process.starts_nothing(10);
    process.succeed(first.claim, 12);
    // The tick at 10 waited for the run of the backfill instead of being skipped, and goes before the next one.
    let tick = process.starts(12);
    assert_eq!((second(tick.nominal), tick.origin), (10, Origin::Tick));
    process.succeed(tick.claim, 13);
    assert_eq!(process.starts(13).origin, Origin::Backfill);
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn a_job_whose_runs_may_overlap_runs_as_many_as_asked_for(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow().max_running(3)]);
    backfilled(&process, &Backfill { concurrency: 2, ..backfill(-90, 0) }, 5);
    let claimed = process.judge(5).claimed;
    assert_eq!(claimed.len(), 2);
    process.succeed(claimed[0].claim, 6);
    assert_eq!(process.judge(6).claimed.len(), 1);
    assert_eq!(process.starts(10).origin, Origin::Tick);
}

pub(crate) fn what_cannot_be_backfilled_is_refused_in_words(world: &World) {
    let jobs =
        [job("a").every("10s"), job("by_hand"), job("delay").after_finish("10s"), job("ms").every("1ms")];
    let process = world.start(0, &jobs);
    let refusal = |backfill: &Backfill| {
        let planned = process.plan_backfill(backfill, at(50)).expect_err("refused").to_string();
        let refused = process.command(Command::Backfill(backfill.clone()), at(50)).expect_err("refused");
        assert_eq!(planned, refused.to_string());
        planned
    };
    assert!(refusal(&backfill(20, 10)).contains("ends before"));
    assert!(refusal(&backfill(20, 60)).contains("only the past"));
    assert!(refusal(&Backfill { concurrency: 0, ..backfill(0, 10) }).contains("at least 1"));
    assert!(refusal(&Backfill { concurrency: 2, ..backfill(0, 10) }).contains("overlap = \"skip\""));
    assert!(refusal(&Backfill { job: name("by_hand"), ..backfill(0, 10) }).contains("it has no schedule"));
    assert!(refusal(&Backfill { job: name("delay"), ..backfill(0, 10) }).contains("depend on when its runs"));
    let always = Backfill { from: chrono::DateTime::<chrono::Utc>::MIN_UTC, ..backfill(0, 10) };
    assert!(refusal(&always).contains("10000 at most"));
    assert!(refusal(&Backfill { job: name("ms"), ..backfill(0, 40) }).contains("10000 at most"));
    assert!(matches!(
        process.plan_backfill(&Backfill { job: name("delai"), ..backfill(0, 10) }, at(50)),
        Err(CommandError::UnknownJob { near: Some(near), .. }) if near == "delay"
    ));
}

pub(crate) fn a_backfill_run_changes_no_verdict(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.succeed(process.starts(45).claim, 46);
    let before = process.audit("a").expect("readable");
    backfilled(&process, &backfill(0, 40), 46);
    let claimed = process.starts(46);
    process.succeed(claimed.claim, 47);
    assert_eq!(process.state(claimed.claim.run), StateWord::Succeeded);
    assert_eq!(process.audit("a").expect("readable"), before);
}
