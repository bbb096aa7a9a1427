//! What attempts say of themselves: progress and log lines.

use cron_runtime::store::MAX_LOG_LINES;

use crate::jobs::{at, job};
use crate::world::{AttemptEnd, Desk, LogLine, Note, Progress, RunEvent, Settlement, World, settlement};

cases!(noting:
    progress_and_lines_are_kept_with_the_run,
    what_a_result_brings_along_is_kept_too,
    the_log_keeps_the_newest_lines,
    a_late_note_changes_nothing,
);

fn progress(fraction: f64) -> Option<Progress> {
    Some(Progress { fraction, message: "rendering".to_owned() })
}

fn line(second: i64, text: &str) -> LogLine {
    LogLine { at: at(second), attempt: 1, text: text.to_owned() }
}

pub(crate) fn progress_and_lines_are_kept_with_the_run(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claim = process.starts(10).claim;
    for (second, fraction) in [(11, 0.25), (12, 0.5)] {
        let note =
            Note { progress: progress(fraction), lines: vec![line(second, "step")], ..Note::default() };
        assert_eq!(process.note(vec![(claim, note)]).expect("notes"), []);
    }
    let lines_only = Note { progress: None, lines: vec![line(13, "two\nlines")], ..Note::default() };
    process.note(vec![(claim, lines_only)]).expect("notes");
    assert_eq!(process.run_info(claim.run).progress, progress(0.5));
    let want = [line(11, "step"), line(12, "step"), line(13, "two\nlines")];
    assert_eq!(process.log(claim.run).expect("readable"), want);
    assert_eq!(process.log(crate::world::RunId(99)).expect("readable"), []);
}

pub(crate) fn what_a_result_brings_along_is_kept_too(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claim = process.starts(10).claim;
    let event = RunEvent::Ended { at: at(11), end: AttemptEnd::Succeeded };
    let note = Note { progress: progress(1.0), lines: vec![line(11, "done")], ..Note::default() };
    process.settle(vec![Settlement { note, ..settlement(claim, 11, event) }]).expect("settles");
    assert_eq!(process.run_info(claim.run).progress, progress(1.0));
    assert_eq!(process.log(claim.run).expect("readable"), [line(11, "done")]);
}

pub(crate) fn the_log_keeps_the_newest_lines(world: &World) {
    let process = world.start(0, &[job("a").every("10s")]);
    let claim = process.starts(10).claim;
    for batch in 0..3 {
        let lines = (0..MAX_LOG_LINES / 2).map(|n| line(11, &format!("{batch} {n}"))).collect();
        process.note(vec![(claim, Note { progress: None, lines, ..Note::default() })]).expect("notes");
    }
    let log = process.log(claim.run).expect("readable");
    assert_eq!((log.len(), log[0].text.as_str()), (MAX_LOG_LINES, "1 0"));
}

pub(crate) fn a_late_note_changes_nothing(world: &World) {
    let process = world.start(0, &[job("a").every("10s").retries(1)]);
    let claim = process.starts(10).claim;
    process.fail(claim, 11, "no");
    let note = Note { progress: progress(0.5), lines: vec![line(12, "late")], ..Note::default() };
    assert_eq!(process.note(vec![(claim, note)]).expect("notes"), [claim]);
    assert_eq!(
        (process.run_info(claim.run).progress, process.log(claim.run).expect("readable")),
        (None, vec![])
    );
}
