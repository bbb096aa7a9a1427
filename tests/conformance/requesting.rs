//! Requests after which a job runs once, or never: no answer is a success of which nothing comes.

use cron_runtime::core::policy::CatchUpRule;
use cron_runtime::core::schedule::Schedule;

use crate::dynamic::{upsert, upserted};
use crate::jobs::{Job, at, job, ms};
use crate::world::{Command, Desk, Process, World};

cases!(requesting:
    a_single_run_is_moved_while_it_is_still_to_come,
    a_name_that_has_had_its_run_is_refused_unless_it_is_asked_for_again,
    a_past_instant_is_a_late_tick_of_a_new_job_and_refused_of_an_old_one,
    a_schedule_that_is_over_is_refused,
    what_never_runs_is_refused_with_all_that_is_asked_for_beside_it,
    a_single_run_from_before_the_clock_was_set_back_is_over,
);

fn once(job: &Job, again: bool) -> Command {
    Command::RunOnce { plan: Box::new(job.plan().clone()), again }
}

pub(crate) fn a_single_run_is_moved_while_it_is_still_to_come(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let single = |second| job("r").on("remind").at(at(second)).temporary();
    process.does(once(&single(60), false), 5);
    process.does(once(&single(60), false), 6);
    assert_eq!(process.info("r").due, Some(at(60)));
    process.does(once(&single(40), false), 7);
    assert_eq!(process.info("r").due, Some(at(40)));
    // An edit is never retroactive, and whoever asks for a run at once gets it.
    process.does(once(&single(3), false), 8);
    process.starts_nothing(8);
    let claimed = process.starts(9);
    assert_eq!(claimed.nominal, at(8) + ms(1));
    // In progress it is the one that was asked for, and another instant would be another run.
    process.does(once(&job("r").on("remind").at(claimed.nominal).temporary(), false), 10);
    let refused = process.command(once(&single(90), false), at(10)).expect_err("refused").to_string();
    assert!(refused.contains("its run 1 is running"), "{refused}");
    process.succeed(claimed.claim, 11);
    process.starts_nothing(200);
}

pub(crate) fn a_name_that_has_had_its_run_is_refused_unless_it_is_asked_for_again(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let single = |second| job("r").on("remind").at(at(second)).temporary();
    process.does(once(&single(10), false), 5);
    let run = process.starts(10).claim;
    process.succeed(run, 11);
    let before = process.info("r");
    for second in [10, 12, 60] {
        let refused = process.command(once(&single(second), false), at(20)).expect_err("refused").to_string();
        let words = "job `r` runs once, and its run 1 has ended: succeeded; ask for one more with `.again()`";
        assert!(refused.starts_with(words), "{refused}");
    }
    assert_eq!(process.info("r"), before);
    process.does(once(&single(10), true), 20);
    assert_eq!(process.succeed(process.starts(21).claim, 22), None);
    process.does(once(&single(60), true), 23);
    assert_eq!(process.starts(60).nominal, at(60));
    // A tick that was skipped is a run that never was, and never will be.
    let strict = job("s").on("remind").at(at(100)).catch_up(CatchUpRule::None).grace(5);
    process.does(once(&strict, false), 61);
    process.starts_nothing(150);
    let refused = process.command(once(&strict, false), at(151)).expect_err("refused").to_string();
    assert!(refused.contains("its tick was skipped"), "{refused}");
    // A job that repeats becomes one that runs once.
    upserted(&process, &[job("t").on("remind").every("1h")], 160);
    process.does(once(&job("t").on("remind").at(at(150)), false), 161);
    assert_eq!(process.starts(162).nominal, at(161) + ms(1));
}

/// The words of a refusal.
fn refusal(process: &Process, command: Command, second: i64) -> String {
    process.command(command, at(second)).expect_err("refused").to_string()
}

pub(crate) fn a_past_instant_is_a_late_tick_of_a_new_job_and_refused_of_an_old_one(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let single = |name: &str, second| job(name).on("remind").at(at(second));
    assert_eq!(upserted(&process, &[single("r", 3)], 10), (1, 0));
    let late = process.starts(10);
    assert_eq!(late.nominal, at(3));
    process.succeed(late.claim, 11);
    // An edit to what lies behind the mark would never be judged.
    upserted(&process, &[job("s").on("remind").every("10s"), job("p").on("remind").every("1h")], 12);
    process.succeed(process.starts(20).claim, 21);
    process.pause("p", 22, "Ada", "").expect("pauses");
    for (name, second, now, decided) in [("s", 18, 25, 25), ("s", 19, 18, 20), ("p", 3, 25, 25)] {
        let before = process.info(name);
        let refused = refusal(&process, upsert(&[single(name, second)]), now);
        let words = format!(
            "job `{name}` would never run: {} is past, and everything up to {} has its verdict; give an instant after that",
            at(second),
            at(decided)
        );
        assert!(refused.starts_with(&words), "{refused}");
        assert_eq!(process.info(name), before);
    }
    // The same again is no edit, and its run is on record.
    assert_eq!(upserted(&process, &[single("r", 3)], 26), (0, 0));
    // What repeats becomes an instant that has had its run: that run stands for it.
    assert_eq!(upserted(&process, &[single("s", 20)], 27), (0, 1));
    process.starts_nothing(1_000);
    assert_eq!(process.ran("s"), [20]);
}

pub(crate) fn a_schedule_that_is_over_is_refused(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let until = |second: i64| {
        let end = at(second).to_rfc3339();
        let schedule = Schedule::every("10s", None).and_then(|every| every.within(None, Some(&end), "UTC"));
        Some(schedule.expect("a schedule"))
    };
    let over = |second| job("r").on("remind").scheduled(until(second));
    let refused = refusal(&process, upsert(&[over(50)]), 100);
    let ended = format!("its schedule ended at {}, and has no instant after {}", at(50), at(100));
    assert!(refused.starts_with(&format!("job `r` would never run: {ended}; ")), "{refused}");
    assert!(process.job("r").expect("readable").is_none());
    // The next tick would be at 110.
    assert!(refusal(&process, upsert(&[over(109)]), 105).contains(&format!("(the last one is {})", at(100))));
    // A run at the registration is one.
    assert_eq!(upserted(&process, &[over(50).run_on_start()], 106), (1, 0));
    process.succeed(process.starts(106).claim, 107);
    let ended = refusal(&process, upsert(&[over(60).run_on_start()]), 108);
    assert!(ended.contains(&format!("ended at {}", at(60))), "{ended}");
    let by_start = job("r").on("remind").run_on_start();
    assert!(refusal(&process, upsert(&[by_start]), 108).contains("is a run at the first registration"));
    // The same schedule again is no edit: its policies change.
    assert_eq!(upserted(&process, &[over(50).run_on_start().retries(3)], 109), (0, 0));
    assert_eq!(process.info("r").plan.retry.retries, 3);
    assert_eq!(upserted(&process, &[over(120)], 110), (0, 1));
    assert_eq!(process.starts(120).nominal, at(120));
    // A program that has been there for long starts all the same.
    process.leaves(121);
    let process = world.start(500, &[job("remind"), job("declared").scheduled(until(200))]);
    assert_eq!(process.info("declared").due, None);
}

pub(crate) fn what_never_runs_is_refused_with_all_that_is_asked_for_beside_it(world: &World) {
    let process = world.start(0, &[job("remind")]);
    let late = |name: &str| job(name).on("remind").at(at(3));
    upserted(&process, &[job("r").on("remind").every("1h")], 5);
    let before = process.all_jobs();
    let requests = [
        vec![late("new"), late("r")],
        // The second request of one name edits what the first one makes.
        vec![job("s").on("remind").every("10s"), late("s")],
        vec![job("new").on("remind").every("10s"), late("t").was("r")],
    ];
    for requests in requests {
        assert!(refusal(&process, upsert(&requests), 10).contains("would never run"));
        assert_eq!(process.all_jobs(), before);
    }
}

pub(crate) fn a_single_run_from_before_the_clock_was_set_back_is_over(world: &World) {
    const HOUR: i64 = 3_600;
    let process = world.start(0, &[job("remind")]);
    let single = |second| job("r").on("remind").at(at(second)).temporary();
    process.does(once(&single(10 * HOUR), false), 5);
    process.succeed(process.starts(10 * HOUR).claim, 10 * HOUR + 1);
    process.set_back(at(2 * HOUR)).expect("sets back");
    for second in [10 * HOUR, 12 * HOUR] {
        let refused = refusal(&process, once(&single(second), false), 2 * HOUR + 1);
        assert!(refused.contains("its run 1 has ended: succeeded"), "{refused}");
    }
    // That tick never runs again, so one more run at its instant is one beside it.
    process.does(once(&single(10 * HOUR), true), 2 * HOUR + 2);
    process.starts_nothing(10 * HOUR);
    assert_eq!(process.starts(10 * HOUR + 1).nominal, at(10 * HOUR) + ms(1));
}
