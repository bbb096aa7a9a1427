//! What reaches a terminal, a pipe that closes, and a reader who wants no colours.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::fixture::Fixture;

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
            &["verify"],
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
