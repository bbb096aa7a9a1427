//! `groups`, and what is done with a whole group.

use cron_core::job::JobSpec;
use serde_json::json;

use crate::fixture::{Fixture, plan};

fn fixture() -> Fixture {
    let job =
        |name, group| plan(JobSpec { schedule: Some("every(1h)"), group: Some(group), ..JobSpec::new(name) });
    let plans = vec![job("close", "billing"), job("invoice", "billing"), job("load", "etl")];
    Fixture::with_groups(plans, &[("etl", 3)]).0
}

#[test]
fn groups_are_listed() {
    let fixture = fixture();
    let want = json!({ "groups": [
        { "name": "billing", "jobs": 2, "active_runs": 0, "max_running": null, "paused": null },
        { "name": "etl", "jobs": 1, "active_runs": 0, "max_running": 3, "paused": null },
    ] });
    assert_eq!(fixture.json(&["groups"]), want);
    fixture.inspect(&["pause", "--group", "billing", "--by", "ana", "--note", "month end"]).good();
    let text = fixture.inspect(&["groups"]).good();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "GROUP    JOBS  ACTIVE  AT MOST    PAUSED");
    assert!(
        lines[1].starts_with("billing     2       0") && lines[1].ends_with("by ana: month end"),
        "{text}"
    );
    assert_eq!(lines[2], "etl         1       0  3 running");
}

#[test]
fn a_group_is_paused_and_resumed() {
    let fixture = fixture();
    let text = fixture.inspect(&["pause", "--group", "billing", "--by", "ana"]).good();
    let want = "paused group billing by ana; the ticks of its jobs are skipped(paused) until it is resumed\n";
    assert_eq!(text, want);
    assert_eq!(fixture.json(&["show", "close"])["job"]["paused"]["by"], "ana");
    let error = fixture.inspect(&["pause", "--group", "billing"]).bad();
    assert!(error.starts_with("error: group `billing` is paused already, since "), "{error}");
    let resumed = fixture.json(&["resume", "--group", "billing"]);
    assert_eq!(resumed["group"], "billing");
    assert!(resumed["skipped"].is_u64() && resumed["next_tick"].is_string(), "{resumed}");
    let error = fixture.inspect(&["resume", "--group", "billing"]).bad();
    assert_eq!(error, "error: group `billing` is not paused\n");
    let error = fixture.inspect(&["pause", "--group", "biling"]).bad();
    assert_eq!(error, "error: no job is in a group `biling`, did you mean `billing`?\n");
}

#[test]
fn a_group_is_triggered_each_job_under_its_policy() {
    let fixture = fixture();
    fixture.inspect(&["trigger", "invoice"]).good();
    let want = json!({
        "group": "billing",
        "triggered": [{ "job": "close", "run": 2, "waits_for": null }],
        "held": [{ "job": "invoice", "held_by": 1 }],
    });
    assert_eq!(fixture.json(&["trigger", "--group", "billing"]), want);
    let text = fixture.inspect(&["trigger", "--group", "etl"]).good();
    assert_eq!(text, "triggered group etl: 1 of 1 jobs\n  load: run 3\n");
    let text = fixture.inspect(&["trigger", "--group", "etl"]).good();
    assert!(text.contains("load: not triggered, run 3 is active and holds its slot"), "{text}");
    for args in
        [&["trigger"][..], &["trigger", "load", "--group", "etl"], &["trigger", "--group", "etl", "--force"]]
    {
        assert_eq!(fixture.inspect(args).code, Some(2), "{args:?}");
    }
}
