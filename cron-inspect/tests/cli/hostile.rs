//! Whatever jobs and people write, no command lets it steer the terminal, and JSON keeps it as it is.

use cron_core::job::JobSpec;
use cron_core::policy::Overlap;
use cron_runtime::store::{Command, LogLine, Note, Progress, Trigger};

use crate::fixture::{Fixture, MONDAY, NASTY, at, failed, name, plan};

/// Letters of any alphabet are in names, but nothing that steers.
const JOB: &str = "Überprüfung/日本語";

fn fixture() -> Fixture {
    let spec = JobSpec {
        schedule: Some("cron(0 * * * *) UTC"),
        overlap: Overlap::Allow,
        group: Some("gruppe"),
        ..JobSpec::new(JOB)
    };
    let (fixture, crank) = Fixture::with(vec![plan(spec)]);
    let now = at(MONDAY);
    let args = Some(serde_json::to_string(NASTY).expect("text") + " ");
    for _ in 0..2 {
        crank.command(Command::Trigger(Trigger { job: name(JOB), args: args.clone(), force: false }), now);
    }
    let claimed = crank.judge(now);
    let line = LogLine { at: now, attempt: 1, text: NASTY.to_owned() };
    for claimed in &claimed {
        let progress = Some(Progress { fraction: 0.999, message: NASTY.to_owned() });
        crank.note(claimed, Note { progress, lines: vec![line.clone()], ..Note::default() });
    }
    crank.end(&claimed[0], now, 5, failed(NASTY));
    let note = "\u{9b}31mnote\u{202e}";
    fixture.inspect(&["cancel", "2", "--by", "\u{1b}[2Jeve", "--note", note]).good();
    fixture.inspect(&["pause", "--group", "gruppe", "--by", "\u{1b}[2Jeve", "--note", note]).good();
    fixture
}

#[test]
fn nothing_steers_the_terminal() {
    let fixture = fixture();
    for args in [
        &["list"][..],
        &["list", "--group", "gruppe"],
        &["show", JOB],
        &["explain", JOB],
        &["runs"],
        &["run", "1"],
        &["run", "2"],
        &["log", "1"],
        &["dead-letters"],
        &["groups"],
        &["next", JOB],
        &["tail", "--for", "1ms"],
    ] {
        for extra in [&[][..], &["--json"]] {
            let out = fixture.inspect(&[args, extra].concat()).good();
            let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!out.contains(steers), "{args:?} {extra:?}: {out:?}");
        }
    }
    assert_eq!(fixture.json(&["log", "1"])["lines"][0]["text"], NASTY);
    assert_eq!(fixture.json(&["run", "1"])["run"]["args"], NASTY);
    assert_eq!(fixture.json(&["run", "2"])["run"]["progress"]["message"], NASTY);
    assert!(fixture.inspect(&["run", "2"]).good().contains("running (asked to stop)"));
    assert!(fixture.inspect(&["log", "1"]).good().contains(r"\u{1b}[31mboom"));
}

#[test]
fn refusals_do_not_steer_either() {
    let fixture = fixture();
    let before = fixture.contents();
    let nasty = "\u{1b}[2J\u{202e}x";
    for args in [
        &["cancel", "--job", nasty][..],
        &["cancel", "--group", nasty],
        &["trigger", JOB, "--args", nasty],
        &["trigger", "--group", nasty],
        &["schedule", nasty, "--handler", JOB],
        &["schedule", "x", "--handler", nasty],
        &["schedule", "x", "--handler", JOB, "--set", "\u{1b}[2J=x"],
        &["schedule", "x", "--handler", JOB, "--set", "cron=\u{1b}[2J * * * *"],
        &["remove", nasty],
        &["list", "--group", nasty],
        &["explain", nasty],
        &["pause", "--group", "gruppe"],
    ] {
        let error = fixture.inspect(args).bad();
        let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!error.contains(steers), "{args:?}: {error:?}");
    }
    assert_eq!(fixture.contents(), before);
}
