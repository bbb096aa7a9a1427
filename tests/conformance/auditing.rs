//! Long stories, and their sums.

use cron_runtime::core::audit::Audit;
use cron_runtime::core::policy::CatchUpRule;

use crate::jobs::{at, job};
use crate::world::{AttemptEnd, Desk, World, failure};

cases!(auditing:
    the_audit_tells_the_sums_of_a_life,
    an_audit_of_a_job_that_never_ran_is_empty,
    manual_runs_are_no_ticks,
    ticks_of_all_schedules_a_job_has_had_are_counted,
    a_mark_on_an_edit_is_counted_on_one_side_only,
);

pub(crate) fn the_audit_tells_the_sums_of_a_life(world: &World) {
    let jobs = [job("a").every("10s").retries(1)];
    let process = world.start(0, &jobs);
    let claimed = process.starts(10);
    process.judge(25);
    process.succeed(claimed.claim, 26);
    process.pause("a", 31, "eve", "").expect("pauses");
    process.resume("a", 55).expect("resumes");
    process.leaves(56);
    let process = world.start(95, &jobs);
    let claimed = process.starts(95);
    assert_eq!(claimed.nominal, at(90));
    process.end(claimed.claim, 96, failure("no"));
    let want = Audit {
        skipped_superseded: 0,
        skipped_clock: 0,
        ticks: 9,
        ran: 2,
        skipped_overlap: 1,
        // The tick at 30 was due before the pause at 31; four more fell into the time between the two processes.
        skipped_missed: 4,
        skipped_paused: 2,
        ahead: 0,
        suspended: 0,
        taken_back: 0,
        breaches: Vec::new(),
    };
    assert_eq!(process.audit("a").expect("readable"), Some(want));
}

pub(crate) fn an_audit_of_a_job_that_never_ran_is_empty(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b")]);
    for job in ["a", "b"] {
        assert_eq!(process.audit(job).expect("readable"), Some(Audit::default()));
    }
}

pub(crate) fn manual_runs_are_no_ticks(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    for _ in 0..3 {
        process.triggered("a", 10);
    }
    assert_eq!(process.judge(10).claimed.len(), 4);
    let audit = process.audit("a").expect("readable").expect("known");
    assert_eq!((audit.ticks, audit.ran), (1, 1));
}

pub(crate) fn ticks_of_all_schedules_a_job_has_had_are_counted(world: &World) {
    let process = world.start(0, &[job("a").every("10s").catch_up(CatchUpRule::All)]);
    let mut now = 0;
    let mut ran = 0;
    for period in ["10s", "1m", "7s", "1h", "500ms", "3s"] {
        process.sync(now, &[job("a").every(period).catch_up(CatchUpRule::All)]);
        for _ in 0..40 {
            now += 3;
            for claimed in process.judge(now).claimed {
                process.end(claimed.claim, now, AttemptEnd::Succeeded);
                ran += 1;
            }
        }
    }
    let audit = process.audit("a").expect("readable").expect("known");
    assert!(audit.is_sound(), "{audit:#?}");
    assert_eq!(audit.ran, ran);
    assert!(audit.ticks > 300, "{audit:?}");
}

pub(crate) fn a_mark_on_an_edit_is_counted_on_one_side_only(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    process.starts(20);
    // A tick of both schedules, judged under the old one at the very instant of the edit.
    process.sync(20, &[job("a").every("20s").allow()]);
    assert_eq!(process.starts(40).nominal, at(40));
    // And one that is pending: the old schedule owns it.
    process.sync(60, &[job("a").every("30s").allow()]);
    assert_eq!(process.starts(90).nominal, at(90));
    let audit = process.audit("a").expect("readable").expect("known");
    assert_eq!((audit.ticks, audit.ran, audit.skipped_missed), (5, 3, 2));
}
