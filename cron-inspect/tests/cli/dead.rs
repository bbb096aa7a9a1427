//! `dead-letters`, `retry` and `dismiss`

use chrono::TimeDelta;
use cron_core::job::JobSpec;
use cron_runtime::store::{Command, Trigger};
use serde_json::{Value, json};

use crate::fixture::{Fixture, MONDAY, at, failed, name, plan};

/// Runs 1 and 2 of mail and 3 of pay have failed.
fn fixture() -> Fixture {
    let (fixture, crank) = Fixture::with(vec![plan(JobSpec::new("mail")), plan(JobSpec::new("pay"))]);
    for (number, job) in ["mail", "mail", "pay"].into_iter().enumerate() {
        let now = at(MONDAY) + TimeDelta::seconds(10 * number as i64);
        let args = Some("{ \"to\":\n \"ana\", \"id\": 12345678901234567890123 }".to_owned());
        crank.command(Command::Trigger(Trigger { job: name(job), args, force: false }), now);
        for claimed in crank.judge(now) {
            crank.end(&claimed, now, 100, failed("no route\ncaused by: timed out"));
        }
    }
    fixture
}

fn ids(found: &Value) -> Vec<u64> {
    found["runs"].as_array().expect("runs").iter().map(|run| run["id"].as_u64().expect("a number")).collect()
}

#[test]
fn they_are_listed_with_arguments_and_error() {
    let fixture = fixture();
    let text = fixture.inspect(&["dead-letters"]).good();
    let line = text.lines().find(|line| line.contains("pay")).expect("a line");
    assert!(line.contains(r#"{"to":"ana","id":12345678901234567890123}"#), "{line}");
    assert!(line.ends_with("no route …"), "{line}");
    let found = fixture.inspect(&["dead-letters", "--json"]).good();
    assert!(found.contains(r#""args":{"to":"ana","id":12345678901234567890123}"#), "{found}");
    assert_eq!(ids(&fixture.json(&["dead-letters"])), [3, 2, 1]);
    assert_eq!(ids(&fixture.json(&["dead-letters", "--job", "mail"])), [2, 1]);
    let page = fixture.json(&["dead-letters", "-n", "2"]);
    assert_eq!((ids(&page), &page["next_before"]), (vec![3, 2], &json!(2)));
    assert_eq!(ids(&fixture.json(&["dead-letters", "--before", "2"])), [1]);
    let text = fixture.inspect(&["dead-letters", "--job", "mail", "-n", "1"]).good();
    assert!(text.ends_with("older ones: inspect dead-letters --job mail --before 2\n"), "{text}");
    let text = fixture.inspect(&["run", "1"]).good();
    assert!(text.contains(r#"  Arguments  {"to":"ana","id":12345678901234567890123}"#), "{text}");
}

#[test]
fn a_retry_starts_from_the_first_attempt() {
    let fixture = fixture();
    let text = fixture.inspect(&["retry", "1"]).good();
    assert_eq!(text, "retried run 1; all attempts are there again\n");
    let run = fixture.json(&["run", "1"]);
    assert_eq!((&run["run"]["state"], &run["run"]["attempts_used"]), (&json!("scheduled"), &json!(0)));
    let refused = fixture.inspect(&["retry", "2"]).bad();
    assert!(refused.contains("run 1 is active and holds its slot"), "{refused}");
    assert_eq!(fixture.json(&["retry", "2", "--force"]), json!({ "retried": [2] }));
    let refused = fixture.inspect(&["retry", "2"]).bad();
    assert!(refused.contains("run 2 of job `mail` is scheduled; only failed"), "{refused}");
}

#[test]
fn all_are_retried_or_those_of_a_job() {
    let fixture = fixture();
    assert_eq!(fixture.json(&["retry", "--all", "--job", "pay"]), json!({ "retried": [3] }));
    assert_eq!(fixture.json(&["retry", "--all"]), json!({ "retried": [1, 2] }));
    assert_eq!(ids(&fixture.json(&["dead-letters"])), [0; 0]);
    for args in [
        &["retry"][..],
        &["retry", "1", "--all"],
        &["retry", "1", "--job", "mail"],
        &["retry", "--all", "--force"],
    ] {
        assert_eq!(fixture.inspect(args).code, Some(2), "{args:?}");
    }
}

#[test]
fn what_is_dismissed_is_off_the_list_and_in_the_record() {
    let fixture = fixture();
    assert_eq!(fixture.inspect(&["dismiss", "2"]).good(), "dismissed run 2; it stays in the record\n");
    assert_eq!(ids(&fixture.json(&["dead-letters"])), [3, 1]);
    assert!(fixture.json(&["run", "2"])["run"]["dismissed"].is_string());
    assert!(fixture.inspect(&["run", "2"]).good().contains("  Dismissed  "));
    assert_eq!(fixture.json(&["dismiss", "--all", "--job", "mail"]), json!({ "dismissed": 1 }));
    let text = fixture.inspect(&["dismiss", "--all"]).good();
    assert_eq!(text, "dismissed 1 dead letter; it stays in the record\n");
    let error = fixture.inspect(&["dismiss", "99"]).bad();
    assert_eq!(error, "error: there is no run 99; it may have been pruned\n");
}
