//! Making jobs known: new ones, unchanged ones, edited ones, and those of other programs.

use cron_runtime::core::policy::{CatchUpRule, Overlap};
use cron_runtime::core::run::SkipReason;

use crate::jobs::{at, job, ms};
use crate::world::{Desk, JudgeRequest, Origin, Synced, World, block, missed, name, program};

cases!(registering:
    a_new_jobs_first_tick_is_after_its_registration,
    an_unchanged_redeploy_keeps_the_pending_tick,
    syncing_twice_changes_nothing,
    an_edit_is_never_retroactive_and_records_the_pending_ticks_as_missed,
    an_edit_of_a_paused_job_records_the_pending_ticks_as_paused,
    two_edits_at_one_instant_leave_the_later_one,
    an_edit_after_the_clock_went_back_keeps_the_mark,
    another_spelling_of_the_same_schedule_is_no_edit,
    a_change_of_policies_is_no_edit_and_takes_effect,
    a_change_of_words_is_no_edit_and_is_shown,
    a_job_that_loses_its_schedule_and_gets_one_again_is_judged_for_the_time_it_had_one,
    a_removed_job_stays_and_is_not_judged,
    a_job_that_comes_back_catches_up,
    a_job_of_another_process_is_judged_only_there,
    a_process_that_contains_no_job_judges_nothing,
    an_instant_that_was_past_at_the_first_registration_runs_by_catch_up,
    an_instant_that_was_past_is_missed_where_catch_up_does_not_choose_it,
    an_instant_to_come_runs_once,
    once_counts_from_the_first_registration_and_fires_once,
    names_of_all_kinds_are_kept,
    an_instant_between_two_milliseconds_loses_and_repeats_no_tick,
);

pub(crate) fn a_new_jobs_first_tick_is_after_its_registration(world: &World) {
    let process = world.join(0);
    let synced = process.sync(10, &[job("a").every("10s")]);
    assert_eq!(synced, Synced { new: vec![name("a")], ..Synced::default() });
    let info = process.info("a");
    assert_eq!((info.registered, info.mark, info.due), (at(10), at(10), Some(at(20))));

    // The tick at the very instant of the registration is not one of its ticks.
    assert_eq!(process.judge(19).next, Some(at(20)));
    assert!(process.ran("a").is_empty());
    assert_eq!(process.starts(20).nominal, at(20));
    assert_eq!(process.skipped("a"), []);
}

pub(crate) fn an_unchanged_redeploy_keeps_the_pending_tick(world: &World) {
    world.start(13, &[job("a").every("10s")]).leaves(14);
    let process = world.join(25);
    assert_eq!(process.sync(25, &[job("a").every("10s")]), Synced::default());
    assert_eq!(process.info("a").registered, at(13));
    assert_eq!(process.starts(25).nominal, at(20));
}

pub(crate) fn syncing_twice_changes_nothing(world: &World) {
    let process = world.start(13, &[job("a").every("10s"), job("b")]);
    let before = process.all_jobs();
    assert_eq!(process.sync(17, &[job("a").every("10s"), job("b")]), Synced::default());
    assert_eq!(process.all_jobs(), before);
}

pub(crate) fn an_edit_is_never_retroactive_and_records_the_pending_ticks_as_missed(world: &World) {
    world.start(0, &[job("a").every("10s")]).leaves(5);
    let process = world.join(35);
    let synced = process.sync(35, &[job("a").every("4s")]);
    assert_eq!(synced, Synced { edited: vec![name("a")], ..Synced::default() });
    assert_eq!(process.skipped("a"), [missed(10, 30, 3)]);
    let info = process.info("a");
    assert_eq!((info.registered, info.mark, info.due), (at(0), at(35), Some(at(36))));
    process.starts_nothing(35);
    assert_eq!(process.starts(36).nominal, at(36));
}

pub(crate) fn an_edit_of_a_paused_job_records_the_pending_ticks_as_paused(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.pause("a", 5, "eve", "stocktaking").expect("pauses");
    process.sync(35, &[job("a").every("20s")]);
    let mut before = block(SkipReason::Paused, 10, 30, 3);
    before.note = "by eve: stocktaking".to_owned();
    assert_eq!(process.skipped("a"), [before.clone()]);
    assert_eq!(process.info("a").due, None);
    process.starts_nothing(40);

    process.resume("a", 65).expect("resumes");
    let mut after = block(SkipReason::Paused, 40, 60, 2);
    after.note = before.note.clone();
    assert_eq!(process.skipped("a"), [before, after]);
    assert_eq!(process.starts(80).nominal, at(80));
}

pub(crate) fn two_edits_at_one_instant_leave_the_later_one(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.sync(15, &[job("a").every("7s")]);
    process.sync(15, &[job("a").every("20s")]);
    assert_eq!(process.skipped("a"), [missed(10, 10, 1)]);
    assert_eq!(process.starts(25).nominal, at(20));
}

pub(crate) fn an_edit_after_the_clock_went_back_keeps_the_mark(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    process.starts(60);
    process.sync(20, &[job("a").every("20s").allow()]);
    let info = process.info("a");
    // Until the clock has come to the mark it runs beside its ticks.
    assert_eq!((info.mark, info.due), (at(60), Some(at(40))));
    for (second, origin) in [(40, Origin::Clock), (60, Origin::Clock), (80, Origin::Tick)] {
        let claimed = process.starts(second);
        assert_eq!((claimed.nominal, claimed.origin), (at(second), origin));
    }
}

pub(crate) fn another_spelling_of_the_same_schedule_is_no_edit(world: &World) {
    let jobs = |interval: &str, weekday: &str| {
        [job("interval").every(interval), job("weekday").cron(&format!("0 9 * * {weekday}"))]
    };
    world.start(13, &jobs("60s", "MON-WED")).leaves(14);
    let process = world.join(70);
    assert_eq!(process.sync(70, &jobs("1m", "1,2,3")), Synced::default());
    assert_eq!(process.starts(70).nominal, at(60));
}

pub(crate) fn a_change_of_policies_is_no_edit_and_takes_effect(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.starts(10);
    let policies = job("a").every("10s").allow().catch_up(CatchUpRule::None).retries(3).retry_past_next();
    assert_eq!(process.sync(25, std::slice::from_ref(&policies)), Synced::default());
    assert_eq!(process.info("a").plan, *policies.plan());
    // The pending tick at 20 is judged by the new rules: 3 s late is on time, and the active run does not hold the slot.
    let claimed = process.starts(23);
    assert_eq!(claimed.nominal, at(20));
    assert!(process.fail(claimed.claim, 24, "no").is_active());
    process.starts(37);
    assert_eq!(process.ran("a"), [10, 20]);
    assert_eq!(process.skipped("a"), [missed(30, 30, 1)]);
    assert_eq!(process.info("a").plan.overlap, Overlap::Allow);
}

pub(crate) fn a_change_of_words_is_no_edit_and_is_shown(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let described = job("a").every("10s").described("Counts the sheep 🐑.");
    assert_eq!(process.sync(15, &[described]), Synced::default());
    assert_eq!(&*process.info("a").plan.description, "Counts the sheep 🐑.");
    assert_eq!(process.starts(15).nominal, at(10));
}

pub(crate) fn a_job_that_loses_its_schedule_and_gets_one_again_is_judged_for_the_time_it_had_one(
    world: &World,
) {
    let process = world.start(0, &[job("a").every("10s")]);
    assert_eq!(process.sync(25, &[job("a")]).edited, [name("a")]);
    assert_eq!(process.info("a").due, None);
    process.starts_nothing(100);
    process.triggered("a", 101);
    let manual = process.starts(101);
    process.succeed(manual.claim, 102);

    assert_eq!(process.sync(205, &[job("a").every("20s")]).edited, [name("a")]);
    assert_eq!(process.starts(220).nominal, at(220));
    assert_eq!(process.skipped("a"), [missed(10, 20, 2)]);
}

pub(crate) fn a_removed_job_stays_and_is_not_judged(world: &World) {
    world.start(0, &[job("a").every("10s"), job("b").every("10s")]).leaves(5);
    let process = world.join(6);
    let synced = process.sync(6, &[job("a").every("10s")]);
    assert_eq!(synced, Synced { not_linked: vec![name("b")], ..Synced::default() });
    assert_eq!(process.starts(10).job().as_str(), "a");
    assert!(process.info("a").linked);
    let removed = process.info("b");
    assert!(!removed.linked);
    assert_eq!((removed.mark, removed.due), (at(0), Some(at(10))));
}

pub(crate) fn a_job_that_comes_back_catches_up(world: &World) {
    let both = [job("a").every("10s"), job("b").every("10s")];
    world.start(0, &both).leaves(5);
    world.start(6, &both[..1]).leaves(7);
    let process = world.start(50, &both);
    assert!(process.info("b").linked);
    assert_eq!(process.judge(55).claimed.len(), 2);
    assert_eq!(process.ran("b"), [50]);
    assert_eq!(process.skipped("b"), [missed(10, 40, 4)]);
}

pub(crate) fn a_job_of_another_process_is_judged_only_there(world: &World) {
    let first = world.start(0, &[job("a").every("10s")]);
    let second = world.join(1);
    let synced = second.sync(1, &[job("b").every("10s")]);
    assert_eq!(synced.not_linked, [name("a")]);
    assert_eq!(first.starts(10).job().as_str(), "a");
    first.starts_nothing(15);
    assert_eq!(second.starts(15).job().as_str(), "b");

    // Nor is a run of it claimed elsewhere.
    let claimed = first.judge(16).claimed;
    assert_eq!(claimed, []);
}

pub(crate) fn a_process_that_contains_no_job_judges_nothing(world: &World) {
    let busy = world.start(0, &[job("a").every("10s")]);
    let unsynced = world.join(1);
    assert_eq!(unsynced.judge(10), Default::default());
    let empty = world.join(2);
    assert_eq!(empty.sync(2, &[]).not_linked, [name("a")]);
    assert_eq!(empty.judge(10), Default::default());
    busy.starts(10);
}

pub(crate) fn an_instant_that_was_past_at_the_first_registration_runs_by_catch_up(world: &World) {
    let past = [job("a").at(at(-3_600))];
    let process = world.start(0, &past);
    let claimed = process.starts(0);
    assert_eq!(claimed.nominal, at(-3_600));
    process.succeed(claimed.claim, 1);
    process.leaves(2);
    let again = world.start(10, &past);
    assert_eq!(again.judge(10), Default::default());
    assert_eq!(again.ran("a"), [-3_600]);
}

pub(crate) fn an_instant_that_was_past_is_missed_where_catch_up_does_not_choose_it(world: &World) {
    let none = job("none").at(at(-3_600)).catch_up(CatchUpRule::None);
    let old = job("old").at(at(-3_600)).window(60);
    let process = world.start(0, &[none, old]);
    process.starts_nothing(0);
    assert_eq!(process.skipped("none"), [missed(-3_600, -3_600, 1)]);
    assert_eq!(process.skipped("old"), [missed(-3_600, -3_600, 1)]);
}

pub(crate) fn an_instant_to_come_runs_once(world: &World) {
    let process = world.start(0, &[job("a").at(at(30) + ms(250))]);
    assert_eq!(process.judge(30).next, Some(at(30) + ms(250)));
    let claimed = process.starts(31);
    assert_eq!(claimed.nominal, at(30) + ms(250));
    process.succeed(claimed.claim, 32);
    assert_eq!(process.judge(3_600), Default::default());
}

pub(crate) fn once_counts_from_the_first_registration_and_fires_once(world: &World) {
    let jobs = [job("a").once("60s")];
    world.start(7, &jobs).leaves(8);
    let process = world.start(30, &jobs);
    assert_eq!(process.info("a").due, Some(at(67)));
    process.starts_nothing(66);
    let claimed = process.starts(70);
    assert_eq!(claimed.nominal, at(67));
    process.succeed(claimed.claim, 71);
    process.leaves(72);
    let again = world.start(80, &jobs);
    assert_eq!(again.judge(1_000), Default::default());
    assert_eq!(again.ran("a"), [67]);
}

pub(crate) fn names_of_all_kinds_are_kept(world: &World) {
    let long = "x".repeat(128);
    let names = ["7days", "_", "a.b-c:d/e", "Ünïcode-名前", &long];
    let jobs = names.map(|name| job(name).every("10s"));
    let process = world.start(0, &jobs);
    assert_eq!(process.judge(10).claimed.len(), names.len());
    for name in names {
        assert_eq!(process.ran(name), [10], "{name}");
    }
    let mut sorted = names.map(str::to_owned);
    sorted.sort();
    let listed: Vec<_> = process.all_jobs().iter().map(|job| job.plan.name.to_string()).collect();
    assert_eq!(listed, sorted);
}

pub(crate) fn an_instant_between_two_milliseconds_loses_and_repeats_no_tick(world: &World) {
    // Clocks tell nanoseconds, ticks lie on milliseconds, and a store may keep no more than those.
    let hair = chrono::TimeDelta::nanoseconds(300_000);
    let process = world.join(0);
    let jobs = |period: &str| program(&[job("a").every(period).allow()]);
    process.store().sync(&jobs("10s"), at(10) + hair).expect("syncs");
    assert_eq!(process.info("a").due, Some(at(20)));
    for (now, ran) in [(at(20) - hair, 0), (at(20) + hair, 1), (at(20) + hair, 0), (at(30), 1)] {
        let request = JudgeRequest { now, ..process.request(20, 100) };
        assert_eq!(process.store().judge(request).expect("judges").claimed.len(), ran, "at {now}");
    }
    process.store().sync(&jobs("20s"), at(40) + hair).expect("syncs");
    assert_eq!(process.skipped("a"), [missed(40, 40, 1)]);
    assert_eq!(process.starts(65).nominal, at(60));
    assert_eq!(process.ran("a"), [20, 30, 60]);
}
