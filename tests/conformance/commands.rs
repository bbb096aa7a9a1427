//! What people and programs ask for: trigger, pause, resume.

use cron_runtime::core::run::{RunState, SkipReason};

use crate::jobs::{at, job};
use crate::world::{
    CommandError, Desk, Done, Origin, PauseInfo, Target, World, block, name, overlap, pause, resume, trigger,
};

cases!(commands:
    the_reason_of_a_cancellation_is_kept_within_bounds,
    a_trigger_makes_a_run_that_the_next_judgement_starts,
    a_trigger_of_a_job_whose_slot_is_taken_is_refused_and_names_the_holder,
    a_trigger_beside_active_runs_is_done_where_runs_may_overlap,
    a_trigger_while_a_retry_waits_is_refused,
    a_trigger_of_a_job_that_no_program_contains_waits_for_one,
    a_paused_job_is_not_judged_and_says_who_and_why,
    a_pause_says_how_many_runs_go_on_to_their_next_attempts,
    pausing_twice_is_refused_and_says_since_when,
    resuming_records_the_ticks_of_the_pause_as_one_range_with_its_reason,
    resuming_within_a_period_records_nothing,
    resuming_what_is_not_paused_is_refused,
    a_pause_survives_a_restart_and_a_redeploy,
    a_job_without_a_schedule_can_be_paused_and_resumed,
    resuming_after_the_clock_went_back_keeps_the_mark,
    an_active_run_goes_on_through_a_pause,
    an_end_within_a_pause_does_not_arm_the_job,
    an_unknown_job_is_refused_with_the_nearest_name,
    commands_of_another_process_are_seen_by_the_next_judgement,
    a_refused_command_changes_nothing,
    notes_of_all_kinds_are_kept_to_the_letter,
);

pub(crate) fn a_trigger_makes_a_run_that_the_next_judgement_starts(world: &World) {
    let process = world.start(0, &[job("a")]);
    let run = process.triggered("a", 5);
    assert_eq!(process.run_info(run).state, RunState::Scheduled { wake: Some(at(5)) });
    assert_eq!(process.info("a").active, 1);
    assert_eq!(process.starts(5).claim.run, run);
}

pub(crate) fn a_trigger_of_a_job_whose_slot_is_taken_is_refused_and_names_the_holder(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    match process.trigger("a", 11) {
        Err(CommandError::Held { job, holder }) => {
            assert_eq!((job.as_str(), holder), ("a", claimed.claim.run));
        }
        other => panic!("{other:?}"),
    }
    process.succeed(claimed.claim, 12);
    let run = process.triggered("a", 13);
    // Not even a run that nobody has started yet leaves the slot free.
    assert!(matches!(process.trigger("a", 14), Err(CommandError::Held { holder, .. }) if holder == run));
}

pub(crate) fn a_trigger_beside_active_runs_is_done_where_runs_may_overlap(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    process.starts(10);
    // Several within one millisecond, at the very instant of a tick that ran.
    for _ in 0..3 {
        process.triggered("a", 10);
    }
    assert_eq!(process.judge(10).claimed.len(), 3);
    assert_eq!(process.info("a").active, 4);
}

pub(crate) fn a_trigger_while_a_retry_waits_is_refused(world: &World) {
    let process = world.start(0, &[job("a").retries(1)]);
    let run = process.triggered("a", 0);
    process.fail(process.starts(0).claim, 1, "no");
    assert!(matches!(process.trigger("a", 2), Err(CommandError::Held { holder, .. }) if holder == run));
}

pub(crate) fn a_trigger_of_a_job_that_no_program_contains_waits_for_one(world: &World) {
    world.start(0, &[job("a")]).leaves(1);
    let other = world.start(2, &[]);
    let run = other.triggered("a", 3);
    assert_eq!(other.judge(4), Default::default());
    assert_eq!(world.start(5, &[job("a")]).starts(5).claim.run, run);
}

pub(crate) fn a_paused_job_is_not_judged_and_says_who_and_why(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    assert_eq!(process.pause("a", 5, "eve", "stocktaking").expect("pauses"), Done::Paused { in_progress: 0 });
    let pause = PauseInfo { at: at(5), by: "eve".to_owned(), note: "stocktaking".to_owned() };
    let info = process.info("a");
    assert_eq!((info.paused, info.due), (Some(pause), None));
    let judged = process.judge(35);
    assert_eq!(judged.claimed.len(), 1);
    assert_eq!(judged.claimed[0].job().as_str(), "b");
    assert_eq!(process.info("a").mark, at(0));
}

pub(crate) fn a_pause_says_how_many_runs_go_on_to_their_next_attempts(world: &World) {
    let process = world.start(0, &[job("a").retries(1).queue(1), job("b").every("10s")]);
    let run = process.triggered("a", 0);
    let claim = process.starts(0).claim;
    process.trigger("a", 0).expect("it waits for the slot");
    assert!(matches!(process.fail(claim, 1, "no"), RunState::Waiting { .. }));
    // One waits for its next attempt, and one for the slot.
    assert_eq!(process.pause("a", 2, "eve", "").expect("pauses"), Done::Paused { in_progress: 2 });
    assert_eq!(process.pause("b", 2, "eve", "").expect("pauses"), Done::Paused { in_progress: 0 });
    let again = process.starts(100);
    assert_eq!((again.claim.run, again.attempt), (run, 2));
    process.succeed(again.claim, 101);
    assert_ne!(process.starts(102).claim.run, run);
}

pub(crate) fn pausing_twice_is_refused_and_says_since_when(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.pause("a", 5, "eve", "stocktaking").expect("pauses");
    match process.pause("a", 7, "adam", "") {
        Err(CommandError::PausedAlready { target, since }) => {
            assert_eq!((target, since.at, since.by.as_str()), (Target::Job(name("a")), at(5), "eve"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(process.info("a").paused.expect("paused").by, "eve");
}

pub(crate) fn resuming_records_the_ticks_of_the_pause_as_one_range_with_its_reason(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.pause("a", 5, "eve", "stocktaking").expect("pauses");
    let done = process.resume("a", 45).expect("resumes");
    assert_eq!(done, Done::Resumed { skipped: 4, next: Some(at(50)) });
    let mut range = block(SkipReason::Paused, 10, 40, 4);
    range.note = "by eve: stocktaking".to_owned();
    assert_eq!(process.skipped("a"), [range]);
    let info = process.info("a");
    assert_eq!((info.paused, info.mark, info.due), (None, at(45), Some(at(50))));
    // They are not replayed.
    process.starts_nothing(49);
    assert_eq!(process.starts(50).nominal, at(50));
}

pub(crate) fn resuming_within_a_period_records_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.pause("a", 2, "eve", "").expect("pauses");
    let done = process.resume("a", 7).expect("resumes");
    assert_eq!(done, Done::Resumed { skipped: 0, next: Some(at(10)) });
    assert_eq!(process.skipped("a"), []);
    assert_eq!(process.starts(10).nominal, at(10));
}

pub(crate) fn resuming_what_is_not_paused_is_refused(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    assert!(
        matches!(process.resume("a", 5), Err(CommandError::NotPaused { target: Target::Job(job) }) if job.as_str() == "a")
    );
    process.pause("a", 6, "eve", "").expect("pauses");
    process.resume("a", 7).expect("resumes");
    assert!(matches!(process.resume("a", 8), Err(CommandError::NotPaused { .. })));
}

pub(crate) fn a_pause_survives_a_restart_and_a_redeploy(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    process.pause("a", 5, "eve", "").expect("pauses");
    process.leaves(6);
    let next = world.start(20, &[job("a").every("10s").described("now with words").retries(2)]);
    next.starts_nothing(35);
    assert_eq!(next.info("a").due, None);
    let mut range = block(SkipReason::Paused, 10, 40, 4);
    range.note = "by eve".to_owned();
    next.resume("a", 40).expect("resumes");
    assert_eq!(next.skipped("a"), [range]);
}

pub(crate) fn a_job_without_a_schedule_can_be_paused_and_resumed(world: &World) {
    let process = world.start(0, &[job("a")]);
    process.pause("a", 5, "eve", "").expect("pauses");
    let done = process.resume("a", 45).expect("resumes");
    assert_eq!(done, Done::Resumed { skipped: 0, next: None });
}

pub(crate) fn resuming_after_the_clock_went_back_keeps_the_mark(world: &World) {
    let process = world.start(0, &[job("a").every("10s").allow()]);
    process.starts(60);
    process.pause("a", 61, "eve", "").expect("pauses");
    let done = process.resume("a", 20).expect("resumes");
    // Until the clock has come to the mark it runs beside its ticks.
    assert_eq!(done, Done::Resumed { skipped: 0, next: Some(at(30)) });
    assert_eq!(process.info("a").mark, at(60));
    assert_eq!((process.starts(60).origin, process.starts(70).origin), (Origin::Clock, Origin::Tick));
}

pub(crate) fn an_active_run_goes_on_through_a_pause(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    process.pause("a", 11, "eve", "").expect("pauses");
    assert_eq!(process.renew(vec![claimed.claim], at(60)).expect("renews"), []);
    process.resume("a", 25).expect("resumes");
    process.starts_nothing(30);
    assert_eq!(process.skipped("a")[1..], [overlap(30, claimed.claim.run)]);
    process.succeed(claimed.claim, 31);
}

pub(crate) fn an_end_within_a_pause_does_not_arm_the_job(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claimed = process.starts(10);
    process.pause("a", 11, "eve", "").expect("pauses");
    process.succeed(claimed.claim, 12);
    assert_eq!(process.info("a").due, None);
    process.starts_nothing(30);
}

pub(crate) fn an_unknown_job_is_refused_with_the_nearest_name(world: &World) {
    let process = world.start(0, &[job("morning_report"), job("heartbeat")]);
    for command in [trigger("morning_reprot"), pause("morning_reprot", "eve", ""), resume("morning_reprot")] {
        match process.command(command, at(1)) {
            Err(error @ CommandError::UnknownJob { .. }) => {
                let text = error.to_string();
                assert_eq!(text, "no job is named `morning_reprot`, did you mean `morning_report`?");
            }
            other => panic!("{other:?}"),
        }
    }
    let far = process.trigger("zzz", 1).expect_err("no such job").to_string();
    assert_eq!(far, "no job is named `zzz`");
    assert!(world.open().trigger("heartbeat", 1).is_ok());
}

pub(crate) fn commands_of_another_process_are_seen_by_the_next_judgement(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    process.judge(1);
    let person = world.open();
    person.pause("b", 2, "eve", "").expect("pauses");
    let run = person.triggered("a", 3);
    assert_eq!(process.starts(3).claim.run, run);
    let judged = process.judge(15);
    assert_eq!(judged.claimed, []);
    assert_eq!(process.skipped("a"), [overlap(10, run)]);
    person.resume("b", 25).expect("resumes");
    assert_eq!(process.starts(30).job().as_str(), "b");
}

pub(crate) fn a_refused_command_changes_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s"), job("b").every("10s")]);
    process.judge(10);
    process.pause("b", 11, "eve", "").expect("pauses");
    let before = (process.all_jobs(), process.all_runs());
    process.trigger("a", 12).expect_err("held");
    process.resume("a", 12).expect_err("not paused");
    process.pause("b", 12, "adam", "mine").expect_err("paused already");
    process.trigger("c", 12).expect_err("unknown");
    assert_eq!((process.all_jobs(), process.all_runs()), before);
}

pub(crate) fn notes_of_all_kinds_are_kept_to_the_letter(world: &World) {
    let long = "n".repeat(1_024 * 1_024);
    let notes = ["'; DROP TABLE jobs; --", "🐑\0 \u{202e}", "two\nlines", &long];
    let process = world.start(0, &[job("a").every("10s")]);
    for (index, note) in notes.into_iter().enumerate() {
        let second = index as i64 * 100;
        process.pause("a", second, "éve\0", note).expect("pauses");
        let pause = process.info("a").paused.expect("paused");
        assert!(pause.by == "éve\0" && pause.note == note, "{:.60}", pause.note);
        process.resume("a", second + 100).expect("resumes");
        let skipped = process.skipped("a");
        assert!(skipped[index].note == format!("by éve\0: {note}"), "{:.60}", skipped[index].note);
    }
}

pub(crate) fn the_reason_of_a_cancellation_is_kept_within_bounds(world: &World) {
    let process = world.start(0, &[job("a"), job("b")]);
    let what = |run| crate::world::Cancel::Run(run);
    let cancel = |run, second: i64| {
        let (by, note) = ("e\0ve".to_owned(), "y".repeat(100_000));
        process.does(crate::world::Command::Cancel { what: what(run), force: second > 5, by, note }, second)
    };
    let waiting = process.triggered("b", 1);
    cancel(waiting, 2);
    let running = process.triggered("a", 3);
    process.starts(3);
    cancel(running, 4);
    let asked = process.run_info(running).asked.expect("it was asked");
    cancel(running, 6);
    for kept in [process.run_info(waiting).error, asked, process.run_info(running).error] {
        assert!(kept.contains("e␀ve") && kept.ends_with("yyy") && kept.len() < 9_000, "{}", kept.len());
    }
}
