//! Which program an attempt was started by, and what its run was given.

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_core::policy::Retry;
use cron_core::run::AttemptEnd;
use serde_json::json;

use crate::fixture::{Fixture, MONDAY, at, failed, plan};

#[test]
fn a_run_names_the_programs_of_its_attempts() {
    let retry = Retry { retries: 3, ..Retry::DEFAULT };
    let plans = || vec![plan(JobSpec { retry, ..JobSpec::new("work") })];
    let (fixture, mut crank) = Fixture::with(plans());
    let second = |seconds| at(MONDAY) + TimeDelta::seconds(seconds);
    crank.replace(&fixture.database, "shop 1.4.1", plans(), second(1));
    crank.trigger("work", second(2));
    let first = crank.judge(second(3)).pop().expect("an attempt");
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.contains("\n  Program  shop 1.4.1\n") && !text.contains("PROGRAM"), "{text}");
    crank.end(&first, second(3), 10, failed("no flour"));
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(!text.contains("PROGRAM"), "one program has no column: {text}");
    crank.replace(&fixture.database, "shop 1.4.2", plans(), second(4));
    let again = crank.judge(second(60)).pop().expect("another attempt");
    crank.end(&again, second(60), 10, AttemptEnd::Succeeded);
    let run = fixture.json(&["run", "1"]);
    assert_eq!(run["run"]["program"], json!("shop 1.4.2"));
    assert_eq!(run["attempts"][0]["program"], json!("shop 1.4.1"));
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.contains("\n  Program  shop 1.4.2\n"), "{text}");
    let row = |of: &str| text.lines().find(|line| line.contains(of)).expect("a row").to_owned();
    assert!(row("EPOCH").contains("PROGRAM"), "{text}");
    assert!(row("no flour").contains("shop 1.4.1"), "{text}");
    assert!(
        text.lines().any(|line| line.trim_start().starts_with('2') && line.contains("shop 1.4.2")),
        "{text}"
    );
    // Nobody has said it where a program has no name.
    let (fixture, crank) = Fixture::with(plans());
    crank.trigger("work", second(2));
    crank.judge(second(3));
    assert_eq!(fixture.json(&["run", "1"])["run"]["program"], json!(null));
    assert!(!fixture.inspect(&["run", "1"]).good().contains("Program"));
}
