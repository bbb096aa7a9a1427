//! What reaches a terminal, a pipe that closes, and a reader who wants no colours.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use cron_core::job::JobSpec;

use crate::fixture::{Fixture, MONDAY, at, failed, plan};

#[test]
fn colours_are_for_those_who_want_them() {
    let fixture = Fixture::new();
    let colours = |args: &[&str], variables: &[(&str, &str)]| {
        let output = fixture.command(args).envs(variables.iter().copied()).output().expect("the binary runs");
        (String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8_lossy(&output.stderr))
            .contains('\u{1b}')
    };
    assert!(!colours(&["list"], &[]));
    assert!(colours(&["list", "--color", "always"], &[]));
    assert!(colours(&["list"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colours(&["list"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colours(&["list", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colours(&["list", "--color", "always", "--json"], &[]));
    assert!(colours(&["show", "nope", "--color", "always"], &[]));
    assert!(!colours(&["show", "nope"], &[]));
}

#[test]
fn lines_fit_the_width() {
    let fixture = Fixture::new();
    for width in [80, 100, 120] {
        for args in [
            &["list"][..],
            &["show", "morning_report"],
            &["show", "heartbeat"],
            &["runs"],
            &["run", "4"],
            &["next"],
            &["verify", "--all"],
            &["explain", "morning_report"],
            &["explain", "heartbeat", "--outage", "3h"],
            &["dead-letters"],
            &["check", "*/7 2 31 * MON", "--zone", "America/New_York"],
        ] {
            let output =
                fixture.command(args).env("COLUMNS", width.to_string()).output().expect("the binary runs");
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            for line in text.lines().filter(|line| !line.contains(" in /")) {
                assert!(line.chars().count() <= width, "{args:?} at {width}: {line:?}");
            }
        }
    }
}

/// In a terminal of 80 columns a name goes on in the next line, behind a sign that joins its words.
#[test]
fn names_are_not_cut_inside_a_word() {
    const LONG: &str = "warehouse/synchronise_inventory-of.european:subsidiaries";
    let every = JobSpec {
        schedule: Some("every(10s)"),
        group: Some("subsidiaries-of-the-european-group"),
        ..JobSpec::new(LONG)
    };
    let (fixture, crank) = Fixture::with(vec![plan(every)]);
    for claimed in crank.judge(at(MONDAY) + chrono::TimeDelta::seconds(10)) {
        crank.end(
            &claimed,
            at(MONDAY),
            10,
            failed("the host of the warehouse could not be resolved, three times"),
        );
    }
    for args in [&["list"][..], &["runs"], &["next"], &["verify", "--all"], &["dead-letters"], &["groups"]] {
        let output = fixture.command(args).env("COLUMNS", "80").output().expect("the binary runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let whole = if args == ["groups"] { "subsidiaries-of-the-european-group" } else { LONG };
        for word in whole.split(['/', '_', '-', '.', ':']) {
            assert!(text.contains(word), "{args:?}: {word} is missing in:\n{text}");
        }
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let fixture = Fixture::new();
    let mut child = fixture
        .command(&["next", "--expr", "* * * * * *", "-n", "10000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut first = String::new();
    // Much more is written than a pipe holds, so the writer is stopped by the end of its reader.
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    let output = child.wait_with_output().expect("it ended");
    assert_eq!(first, "Every second, UTC\n");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
